/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_dir: reading directories, and the current and root directories.
 */
#include <linux/fcntl.h>

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpvfs/dir.h"
#include "rumpvfs/filerw.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/namei.h"
#include "rumpvfs/vnode.h"
#include "syscalls/sysargs.h"

#define MAY_X 1 /* X_OK */

/* --- getdents --------------------------------------------------------------- */

/* What programs get. */
struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off; /* where the next entry is */
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

#define DIRENT_HEAD offsetof(struct linux_dirent64, d_name)
/* The older form has the type in its last byte: as long, then. */
#define DIRENT_LEN(n) roundup2(DIRENT_HEAD + (n) + 1, 8UL)

/* Where entries go. */
struct dirbuf {
	char *db_at;
	const char *db_end;
	bool db_old; /* getdents(): the older form */
};

static const uint8_t dtype[] = {
	[VREG] = 8,
	[VDIR] = 4,
	[VLNK] = 10,
	[VCHR] = 2,
	[VBLK] = 6,
	[VFIFO] = 1,
	[VSOCK] = 12,
};

/* Write an entry; false if it has no room. */
static inline bool
emit(struct dirbuf *db, const struct vnode *vp, uint64_t next, const char *name,
    size_t len)
{
	struct linux_dirent64 *d = (struct linux_dirent64 *)(void *)db->db_at;
	size_t reclen = DIRENT_LEN(len);

	if ((size_t)(db->db_end - db->db_at) < reclen)
		return false;
	/* The last word is zeroes after the name. */
	*(uint64_t *)(void *)(db->db_at + reclen - 8) = 0;
	d->d_ino = vp->v_ino;
	d->d_off = next;
	d->d_reclen = reclen;
	if (unlikely(db->db_old)) {
		memcpy(db->db_at + offsetof(struct linux_dirent64, d_type),
		    name, len);
		db->db_at[reclen - 1] = dtype[vp->v_type];
	} else {
		d->d_type = dtype[vp->v_type];
		memcpy(d->d_name, name, len);
	}
	db->db_at += reclen;
	return true;
}

/*
 * Fill the buffer from *pos on; *pos moves.  False: an entry had no room.
 * Names made after the first was looked for (limit) are not shown, or a
 * program that makes a name for every name it reads would never end.
 */
static bool
fill(struct vnode *dvp, struct dirbuf *db, uint64_t *pos, uint64_t limit)
{
	struct vnode *parent = dvp->v_dir.d_parent;
	uint64_t cookie, w;
	struct dirent *de;

	if (*pos == 0) {
		if (!emit(db, dvp, 1, ".", 1))
			return false;
		*pos = 1;
	}
	if (*pos == 1) {
		if (parent == NULL)
			parent = dvp;
		if (!emit(db, parent, DIR_FIRSTCOOKIE, "..", 2))
			return false;
		*pos = DIR_FIRSTCOOKIE;
	}
	for (cookie = *pos; cookie < limit; *pos = ++cookie) {
		w = radix_next(&dvp->v_dir.d_entries, &cookie);
		if (w == 0 || cookie >= limit)
			break;
		de = (struct dirent *)(uintptr_t)w;
		if (!emit(db, de->de_vp, cookie + 1, de->de_name,
			de->de_namelen))
			return false;
	}
	return true;
}

/* The offset is ours: f_poslock is held or not needed. */
static int
getdents(struct file *f, char *ubuf, size_t count, bool old, long *retval)
{
	struct dirbuf db = { .db_old = old };
	char *bounce = curcpu()->c_bounce;
	struct vnode *dvp = f->f_vnode;
	uint64_t pos = f->f_offset;
	size_t n, done = 0;
	bool full = true, gone;
	int error = 0;

	kmutex_enter(&dvp->v_fs->fs_lock);
	gone = dvp->v_nlink == 0;
	if (gone)
		error = ENOENT;
	if (pos < DIR_FIRSTCOOKIE || f->f_dircookie == 0)
		f->f_dircookie = kmax(dvp->v_dir.d_nextcookie,
		    (uint64_t)DIR_FIRSTCOOKIE);
	while (error == 0 && full) {
		n = kmin(count - done, sizeof(curcpu()->c_bounce));
		db.db_at = bounce;
		db.db_end = bounce + n;
		full = !fill(dvp, &db, &pos, f->f_dircookie);
		n = db.db_at - bounce;
		if (n == 0) {
			if (full && done == 0)
				error = EINVAL;
			break;
		}
		error = copyout(bounce, ubuf + done, n);
		if (error != 0)
			break;
		f->f_offset = pos;
		done += n;
	}
	kmutex_exit(&dvp->v_fs->fs_lock);
	/* One that was tried was read, whatever came of it. */
	if (!gone) {
		inotify_event(dvp, IN_ACCESS | INOTIFY_FILE);
		if (!(f->f_flags & O_NOATIME))
			vnode_accessed(dvp);
	}
	if (done == 0 && error != 0)
		return error;
	*retval = done;
	return 0;
}

static int
do_getdents(struct lwp *l, int fd, void *ubuf, size_t count, bool old,
    long *retval)
{
	struct file *f = fd_getfile(l, fd, 0);
	bool lock;
	int error;

	if (f == NULL)
		return EBADF;
	if (f->f_type == FTYPE_PATH) {
		error = EBADF;
	} else if (f->f_type != FTYPE_VNODE || f->f_vnode->v_type != VDIR) {
		error = ENOTDIR;
	} else {
		lock = !filerw_private(l, f);
		if (lock)
			kmutex_enter(&f->f_poslock);
		/* The host's count is an unsigned int. */
		error = getdents(f, ubuf, (uint32_t)count, old, retval);
		if (lock)
			kmutex_exit(&f->f_poslock);
	}
	fd_done(l, f, 0);
	return error;
}

int
sys_getdents64(struct lwp *l, const struct sys_getdents64_args *a, long *retval)
{

	return do_getdents(l, a->fd, a->dirp, a->count, false, retval);
}

int
sys_getdents(struct lwp *l, const struct sys_getdents_args *a, long *retval)
{

	return do_getdents(l, a->fd, a->dirp, a->count, true, retval);
}

/* --- Current and root directory ------------------------------------------- */

/*
 * Make vp the directory in *slot, which is p_cdir or p_rdir; the one before
 * comes in hand.  fs_lock is held: with it held look-ups read both.
 */
static void
setdir(struct proc *p, struct vnode **slot, struct vnode *vp)
{

	kmutex_enter(&p->p_lock);
	kmutex_enter(&vp->v_lock);
	KSET(vp->v_usecount, vp->v_usecount + 1);
	if (*slot != NULL)
		khand_add(KHAND_VNODE, *slot);
	KSET(*slot, vp);
	if (slot == &p->p_cdir && (p->p_flags & PROC_HOSTCWD))
		KSET(p->p_flags, p->p_flags & ~PROC_HOSTCWD);
	klog_commit();
	kmutex_exit(&vp->v_lock);
	kmutex_exit(&p->p_lock);
}

/* The directory of this name becomes the current one or the root. */
static int
change(struct lwp *l, const char *path, struct vnode **slot)
{
	uint32_t mark = khand_mark();
	struct nameidata nd;
	int error;

	error = namei_lookup(&nd, l, AT_FDCWD, path,
	    NAMEI_FOLLOW | NAMEI_DIRECTORY);
	if (error != 0)
		return error;
	error = vnode_access(nd.nd_vp, &nd.nd_cred, MAY_X);
	if (error == 0 && slot == &l->l_proc->p_rdir &&
	    !cred_issuper(&nd.nd_cred))
		error = EPERM;
	if (error == 0)
		setdir(l->l_proc, slot, nd.nd_vp);
	namei_done(&nd);
	khand_release_to(mark);
	return error;
}

int
sys_chdir(struct lwp *l, const struct sys_chdir_args *a, long *retval)
{

	(void)retval;
	return change(l, a->path, &l->l_proc->p_cdir);
}

int
sys_chroot(struct lwp *l, const struct sys_chroot_args *a, long *retval)
{

	(void)retval;
	return change(l, a->path, &l->l_proc->p_rdir);
}

int
sys_fchdir(struct lwp *l, const struct sys_fchdir_args *a, long *retval)
{
	struct file *f = fd_getfile(l, a->fd, 0);
	uint32_t mark = khand_mark();
	struct cred store;
	struct vnode *vp;
	int error;

	(void)retval;
	if (f == NULL)
		return EBADF;
	vp = f->f_vnode;
	if (vp == NULL || vp->v_type != VDIR) {
		fd_done(l, f, 0);
		return ENOTDIR;
	}
	error = vnode_access(vp, lwp_cred(l, &store), MAY_X);
	if (error == 0) {
		kmutex_enter(&vp->v_fs->fs_lock);
		setdir(l->l_proc, &l->l_proc->p_cdir, vp);
		kmutex_exit(&vp->v_fs->fs_lock);
	}
	khand_release_to(mark);
	fd_done(l, f, 0);
	return error;
}

int
sys_getcwd(struct lwp *l, const struct sys_getcwd_args *a, long *retval)
{
	char *buf = curcpu()->c_path[0];
	size_t len;
	int error;

	error = namei_path(l, NULL, buf, sizeof(curcpu()->c_path[0]), &len);
	if (error != 0)
		return error == ERANGE ? ENAMETOOLONG : error;
	if (len > a->size)
		return ERANGE;
	error = copyout(buf, a->buf, len);
	if (error == 0)
		*retval = len;
	return error;
}
