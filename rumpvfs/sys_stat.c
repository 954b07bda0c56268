/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that look at files: stat and its kin, access, readlink, statfs.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "lwproc/file.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"
#include "rumpvfs/vnode.h"
#include "rumpvfs/vtarget.h"
#include "syscalls/sysargs.h"

#define TMPFS_MAGIC  0x01021994
#define PIPEFS_MAGIC 0x50495045
#define ST_FLAGS     0x1020 /* ST_VALID | ST_RELATIME */

/* Newer parts of statx(2). */
#define RSTATX_MNT_ID        0x1000u
#define RSTATX_MNT_ID_UNIQUE 0x4000u
#define RSTATX_RESERVED      0x80000000u
#define RATTR_MOUNT_ROOT     0x2000u
/* immutable, append, nodump, automount, mount root, dax */
#define RATTR_MASK 0x203070u

static int
target_stat(const struct vtarget *t, struct stat *st)
{
	const struct fileops *ops;

	if (t->t_vp != NULL) {
		vnode_stat(t->t_vp, st);
		return 0;
	}
	ops = fileops[t->t_file->f_type];
	if (ops == NULL || ops->fo_stat == NULL)
		return EBADF;
	return ops->fo_stat(t->t_file, st);
}

int
sys_fstat(struct lwp *l, const struct sys_fstat_args *a, long *retval)
{
	struct vtarget t;
	struct stat st;
	int error;

	(void)retval;
	error = vtarget_fd(&t, l, a->fd, true);
	if (error != 0)
		return error;
	error = target_stat(&t, &st);
	vtarget_done(&t);
	return error != 0 ? error : copyout(&st, a->buf, sizeof(st));
}

int
sys_newfstatat(struct lwp *l, const struct sys_newfstatat_args *a, long *retval)
{
	struct vtarget t;
	struct stat st;
	int error;

	(void)retval;
	if ((a->flags &
		~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)) &&
	    !vtarget_isfd(a->dirfd, a->path, a->flags))
		return EINVAL;
	error = vtarget_path(&t, l, a->dirfd, a->path, a->flags, 0);
	if (error != 0)
		return error;
	error = target_stat(&t, &st);
	vtarget_done(&t);
	return error != 0 ? error : copyout(&st, a->buf, sizeof(st));
}

static struct statx_timestamp
stamp(const struct timespec *ts)
{

	return (struct statx_timestamp){
		.tv_sec = ts->tv_sec,
		.tv_nsec = ts->tv_nsec,
	};
}

static void
stat_to_statx(const struct stat *st, unsigned mask, struct statx *sx)
{
	const unsigned times = STATX_MTIME | STATX_CTIME;

	memset(sx, 0, sizeof(*sx));
	sx->stx_mask = STATX_BASIC_STATS & ~times;
	sx->stx_blksize = st->st_blksize;
	sx->stx_nlink = st->st_nlink;
	sx->stx_uid = st->st_uid;
	sx->stx_gid = st->st_gid;
	sx->stx_mode = st->st_mode;
	sx->stx_ino = st->st_ino;
	sx->stx_size = st->st_size;
	sx->stx_blocks = st->st_blocks;
	sx->stx_rdev_major = major(st->st_rdev);
	sx->stx_rdev_minor = minor(st->st_rdev);
	sx->stx_dev_major = major(st->st_dev);
	sx->stx_dev_minor = minor(st->st_dev);
	sx->stx_atime = stamp(&st->st_atim);
	/* As Linux: these are told only if one of them was asked for. */
	if (mask & times) {
		sx->stx_mask |= times;
		sx->stx_mtime = stamp(&st->st_mtim);
		sx->stx_ctime = stamp(&st->st_ctim);
	}
}

/* What a vnode tells beyond stat(2). */
static void
statx_vnode(const struct vnode *vp, unsigned mask, struct statx *sx)
{

	if (mask & STATX_BTIME) {
		sx->stx_mask |= STATX_BTIME;
		sx->stx_btime = (struct statx_timestamp){
			.tv_sec = vp->v_btime.vt_sec,
			.tv_nsec = vp->v_btime.vt_nsec,
		};
	}
	sx->stx_attributes_mask = RATTR_MASK;
	/* The numbers are the same. */
	sx->stx_attributes = KREAD(vp->v_attrs) &
	    (STATX_ATTR_APPEND | STATX_ATTR_IMMUTABLE | STATX_ATTR_NODUMP);
	if (vp == vp->v_fs->fs_root)
		sx->stx_attributes |= RATTR_MOUNT_ROOT;
	/* stx_mnt_id, which old headers do not have. */
	sx->stx_mask |= mask & RSTATX_MNT_ID_UNIQUE ? RSTATX_MNT_ID_UNIQUE :
						      RSTATX_MNT_ID;
	*(uint64_t *)((char *)sx + 0x90) = VFS_MOUNTID;
}

int
sys_statx(struct lwp *l, const struct sys_statx_args *a, long *retval)
{
	struct vtarget t;
	struct statx sx;
	struct stat st;
	int error;

	(void)retval;
	if ((a->mask & RSTATX_RESERVED) ||
	    (a->flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    ((a->flags &
		 ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
		     AT_STATX_SYNC_TYPE)) &&
		!vtarget_isfd(a->dirfd, a->path, a->flags)))
		return EINVAL;
	error = vtarget_path(&t, l, a->dirfd, a->path, a->flags, 0);
	if (error != 0)
		return error;
	error = target_stat(&t, &st);
	if (error == 0) {
		stat_to_statx(&st, a->mask, &sx);
		if (t.t_vp != NULL)
			statx_vnode(t.t_vp, a->mask, &sx);
	}
	vtarget_done(&t);
	return error != 0 ? error : copyout(&sx, a->buf, sizeof(sx));
}

static int
target_statfs(struct vtarget *t, struct statfs *ubuf)
{
	struct statfs sf;
	const struct fs *fs;

	memset(&sf, 0, sizeof(sf));
	sf.f_bsize = sf.f_frsize = KPAGE_SIZE;
	sf.f_namelen = 255;
	sf.f_flags = ST_FLAGS;
	if (t->t_vp == NULL) {
		sf.f_type = PIPEFS_MAGIC;
	} else {
		fs = t->t_vp->v_fs;
		sf.f_type = TMPFS_MAGIC;
		sf.f_blocks = page_total();
		sf.f_bfree = sf.f_bavail = vfs_room();
		/* A vnode takes no more than a page. */
		sf.f_files = page_total();
		sf.f_ffree = kmin(sf.f_files - kmem_cache_count(KC_VNODE),
		    sf.f_bfree);
		sf.f_fsid.__val[0] = fs->fs_dev;
	}
	vtarget_done(t);
	return copyout(&sf, ubuf, sizeof(sf));
}

int
sys_statfs(struct lwp *l, const struct sys_statfs_args *a, long *retval)
{
	struct vtarget t;
	int error;

	(void)retval;
	error = vtarget_path(&t, l, AT_FDCWD, a->path, 0, 0);
	return error != 0 ? error : target_statfs(&t, a->buf);
}

int
sys_fstatfs(struct lwp *l, const struct sys_fstatfs_args *a, long *retval)
{
	struct vtarget t;
	int error;

	(void)retval;
	error = vtarget_fd(&t, l, a->fd, true);
	return error != 0 ? error : target_statfs(&t, a->buf);
}

int
sys_faccessat2(struct lwp *l, const struct sys_faccessat2_args *a, long *retval)
{
	struct vtarget t;
	struct cred cr;
	int error;

	(void)retval;
	if ((a->mode & ~7) != 0 ||
	    (a->flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !=
		0)
		return EINVAL;
	if (a->path == NULL)
		return EFAULT;
	error = vtarget_path(&t, l, a->dirfd, a->path, a->flags,
	    a->flags & AT_EACCESS ? 0 : NAMEI_REALID);
	if (error != 0)
		return error;
	if (t.t_vp != NULL && a->mode != 0) {
		cr = *t.t_cred;
		if (!(a->flags & AT_EACCESS)) {
			cr.cr_fsuid = cr.cr_ruid;
			cr.cr_fsgid = cr.cr_rgid;
		}
		error = vnode_access(t.t_vp, &cr, a->mode);
	}
	vtarget_done(&t);
	return error;
}

int
sys_readlinkat(struct lwp *l, const struct sys_readlinkat_args *a, long *retval)
{
	struct vtarget t;
	size_t len;
	int error;

	if ((int)a->bufsiz <= 0)
		return EINVAL;
	if (a->path == NULL)
		return EFAULT;
	error = vtarget_path(&t, l, a->dirfd, a->path,
	    AT_SYMLINK_NOFOLLOW | (a->dirfd != AT_FDCWD ? AT_EMPTY_PATH : 0),
	    0);
	if (error != 0)
		return error;
	if (t.t_vp == NULL || t.t_vp->v_type != VLNK) {
		/* An empty path means a link's own descriptor or nothing. */
		error = t.t_file != NULL ? ENOENT : EINVAL;
	} else {
		len = kmin((size_t)a->bufsiz, (size_t)t.t_vp->v_size);
		error = copyout(t.t_vp->v_symlink.l_target, a->buf, len);
		if (error == 0)
			*retval = len;
		vnode_accessed(t.t_vp);
	}
	vtarget_done(&t);
	return error;
}
