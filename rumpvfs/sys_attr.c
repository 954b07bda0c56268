/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls that change attributes and sizes, and those about disks, which have
 * nothing to do.  Who may do what is Linux's rule, from setattr_prepare().
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lwproc/file.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/tmpfs_data.h"
#include "rumpvfs/vtarget.h"
#include "syscalls/sysargs.h"

#define MODE_BITS 07777
#define ID_KEEP   ((uint32_t)-1)
#define FALLOC_SIZED                                         \
	(FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE | \
	    0x80 /* FALLOC_FL_WRITE_ZEROES */)
#define FALLOC_KNOWN                                                  \
	(FALLOC_SIZED | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE | \
	    FALLOC_FL_UNSHARE_RANGE)

static bool
is_owner(const struct vnode *vp, const struct cred *cr)
{

	return cr->cr_fsuid == vp->v_uid || cred_issuper(cr);
}

/* --- Mode --------------------------------------------------------------- */

static int
set_mode(struct vnode *vp, const struct cred *cr, unsigned mode)
{
	int error = 0;

	if (vp == NULL)
		return 0; /* a pipe's: nobody looks at it */
	if (vp->v_type == VLNK)
		return EOPNOTSUPP;
	mode &= MODE_BITS;
	kmutex_enter(&vp->v_lock);
	if (fileattr_fixed(vp) || !is_owner(vp, cr)) {
		error = EPERM;
	} else {
		if (!cred_issuper(cr) && !cred_ingroup(cr, vp->v_gid))
			mode &= ~S_ISGID;
		KSET(vp->v_mode, mode);
		vnode_touch(vp, VTOUCH_CTIME);
		klog_commit();
	}
	kmutex_exit(&vp->v_lock);
	return error;
}

/* --- Owner -------------------------------------------------------------- */

/* The mode after a change of owner. */
static unsigned
chowned_mode(const struct vnode *vp, const struct cred *cr)
{
	unsigned mode = vp->v_mode;

	if (vp->v_type == VDIR)
		return mode;
	mode &= ~S_ISUID;
	if ((mode & S_IXGRP) ||
	    (!cred_issuper(cr) && !cred_ingroup(cr, vp->v_gid)))
		mode &= ~S_ISGID;
	return mode;
}

static int
set_owner(struct vnode *vp, const struct cred *cr, uint32_t uid, uint32_t gid)
{
	unsigned mode;
	int error = 0;

	if (vp == NULL)
		return 0;
	kmutex_enter(&vp->v_lock);
	mode = chowned_mode(vp, cr);
	if (fileattr_fixed(vp) && (uid != ID_KEEP || gid != ID_KEEP))
		error = EPERM;
	else if (cred_issuper(cr))
		error = 0;
	else if (uid != ID_KEEP &&
	    (cr->cr_fsuid != vp->v_uid || uid != vp->v_uid))
		error = EPERM;
	else if (gid != ID_KEEP &&
	    (cr->cr_fsuid != vp->v_uid ||
		(gid != vp->v_gid && !cred_ingroup(cr, gid))))
		error = EPERM;
	else if (mode != vp->v_mode && cr->cr_fsuid != vp->v_uid)
		error = EPERM;
	if (error == 0) {
		if (uid != ID_KEEP)
			KSET(vp->v_uid, uid);
		if (gid != ID_KEEP)
			KSET(vp->v_gid, gid);
		if (mode != vp->v_mode)
			KSET(vp->v_mode, mode);
		vnode_touch(vp, VTOUCH_CTIME);
		klog_commit();
	}
	kmutex_exit(&vp->v_lock);
	return error;
}

/* --- The calls that change either --------------------------------------- */

struct change {
	bool c_owner;
	uint32_t c_mode;
	uint32_t c_uid, c_gid;
};

static int
change(struct vtarget *t, const struct change *c)
{
	const struct fileops *fo = NULL;
	int error;

	if (t->t_vp == NULL && t->t_file != NULL)
		fo = fileops[t->t_file->f_type];
	if (fo != NULL && fo->fo_chmod != NULL && !c->c_owner)
		error = fo->fo_chmod(t->t_file, t->t_cred,
		    c->c_mode & MODE_BITS);
	else if (c->c_owner)
		error = set_owner(t->t_vp, t->t_cred, c->c_uid, c->c_gid);
	else
		error = set_mode(t->t_vp, t->t_cred, c->c_mode);
	if (error == 0 && t->t_vp != NULL &&
	    !(c->c_owner && c->c_uid == ID_KEEP && c->c_gid == ID_KEEP))
		inotify_event(t->t_vp, IN_ATTRIB);
	vtarget_done(t);
	return error;
}

static int
change_fd(struct lwp *l, int fd, const struct change *c)
{
	struct vtarget t;
	int error = vtarget_fd(&t, l, fd, false);

	return error != 0 ? error : change(&t, c);
}

/* The target of a call that takes a path and the two usual flags. */
static int
target_at(struct vtarget *t, struct lwp *l, int dirfd, const char *path,
    int flags)
{

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return EINVAL;
	if (path == NULL)
		return EFAULT; /* no other name for "", as in fstatat() */
	return vtarget_path(t, l, dirfd, path, flags, 0);
}

static int
change_at(struct lwp *l, int dirfd, const char *path, int flags,
    const struct change *c)
{
	struct vtarget t;
	int error = target_at(&t, l, dirfd, path, flags);

	return error != 0 ? error : change(&t, c);
}

int
sys_fchmod(struct lwp *l, const struct sys_fchmod_args *a, long *retval)
{

	(void)retval;
	return change_fd(l, a->fd, &(struct change){ .c_mode = a->mode });
}

int
sys_fchmodat2(struct lwp *l, const struct sys_fchmodat2_args *a, long *retval)
{

	(void)retval;
	return change_at(l, a->dirfd, a->path, a->flags,
	    &(struct change){ .c_mode = a->mode });
}

int
sys_fchown(struct lwp *l, const struct sys_fchown_args *a, long *retval)
{
	struct change c = { true, 0, a->owner, a->group };

	(void)retval;
	return change_fd(l, a->fd, &c);
}

int
sys_fchownat(struct lwp *l, const struct sys_fchownat_args *a, long *retval)
{
	struct change c = { true, 0, a->owner, a->group };

	(void)retval;
	return change_at(l, a->dirfd, a->path, a->flags, &c);
}

/* --- Times -------------------------------------------------------------- */

static bool
nsec_valid(long nsec)
{

	return nsec == UTIME_NOW || nsec == UTIME_OMIT ||
	    (nsec >= 0 && nsec < 1000000000);
}

/* Logged. */
static void
set_time(struct vtime *vt, const struct timespec *ts, const struct vtime *now)
{

	if (ts->tv_nsec == UTIME_OMIT)
		return;
	KSET(vt->vt_sec, ts->tv_nsec == UTIME_NOW ? now->vt_sec : ts->tv_sec);
	KSET(vt->vt_nsec,
	    ts->tv_nsec == UTIME_NOW ? now->vt_nsec :
		ts->tv_sec == INT64_MIN || ts->tv_sec == INT64_MAX ?
				       0 :
				       (uint32_t)ts->tv_nsec);
}

/* A change of both times is one of attributes. */
static uint32_t
time_event(const struct timespec *ts)
{
	if (ts == NULL ||
	    (ts[0].tv_nsec != UTIME_OMIT && ts[1].tv_nsec != UTIME_OMIT))
		return IN_ATTRIB;
	return ts[0].tv_nsec != UTIME_OMIT ? IN_ACCESS : IN_MODIFY;
}

/* ts NULL: both are now. */
static int
set_times(struct vnode *vp, const struct cred *cr, const struct timespec *ts)
{
	static const struct timespec both_now[2] = {
		{ .tv_nsec = UTIME_NOW },
		{ .tv_nsec = UTIME_NOW },
	};

	if (ts != NULL &&
	    (!nsec_valid(ts[0].tv_nsec) || !nsec_valid(ts[1].tv_nsec)))
		return EINVAL;
	if (ts != NULL && ts[0].tv_nsec == UTIME_NOW &&
	    ts[1].tv_nsec == UTIME_NOW)
		ts = NULL;
	if (vp == NULL)
		return 0;
	if (ts != NULL ? fileattr_fixed(vp) : fileattr_immutable(vp))
		return EPERM;
	if (!is_owner(vp, cr)) {
		if (ts != NULL)
			return EPERM;
		if (vnode_access(vp, cr, W_OK) != 0)
			return EACCES;
	}
	if (ts == NULL)
		ts = both_now;
	kmutex_enter(&vp->v_lock);
	vnode_touch(vp, VTOUCH_CTIME);
	set_time(&vp->v_atime, &ts[0], &vp->v_ctime);
	set_time(&vp->v_mtime, &ts[1], &vp->v_ctime);
	klog_commit();
	kmutex_exit(&vp->v_lock);
	return 0;
}

int
sys_utimensat(struct lwp *l, const struct sys_utimensat_args *a, long *retval)
{
	struct timespec ts[2];
	struct vtarget t;
	int error;

	(void)retval;
	if (a->times != NULL) {
		if (copyin(a->times, ts, sizeof(ts)) != 0)
			return EFAULT;
		if (ts[0].tv_nsec == UTIME_OMIT && ts[1].tv_nsec == UTIME_OMIT)
			return 0;
	}
	if (a->path == NULL && a->dirfd != AT_FDCWD) {
		if (a->flags != 0)
			return EINVAL;
		error = vtarget_fd(&t, l, a->dirfd, false);
	} else {
		error = target_at(&t, l, a->dirfd, a->path, a->flags);
	}
	if (error != 0)
		return error;
	error = set_times(t.t_vp, t.t_cred, a->times != NULL ? ts : NULL);
	if (error == 0 && t.t_vp != NULL)
		inotify_event(t.t_vp, time_event(a->times != NULL ? ts : NULL));
	vtarget_done(&t);
	return error;
}

/* --- Size --------------------------------------------------------------- */

int
sys_truncate(struct lwp *l, const struct sys_truncate_args *a, long *retval)
{
	struct vtarget t;
	int error;

	(void)retval;
	if (a->length < 0)
		return EINVAL;
	error = vtarget_path(&t, l, AT_FDCWD, a->path, 0, 0);
	if (error != 0)
		return error;
	if (t.t_vp->v_type != VREG)
		error = t.t_vp->v_type == VDIR ? EISDIR : EINVAL;
	else
		error = vnode_access(t.t_vp, t.t_cred, W_OK);
	if (error == 0 && fileattr_appendonly(t.t_vp))
		error = EPERM;
	if (error == 0)
		error = tmpfs_truncate(t.t_vp, a->length, false);
	if (error == 0)
		inotify_event(t.t_vp, IN_MODIFY);
	vtarget_done(&t);
	return error;
}

int
sys_ftruncate(struct lwp *l, const struct sys_ftruncate_args *a, long *retval)
{
	struct vtarget t;
	int error;

	(void)retval;
	if (a->length < 0)
		return EINVAL;
	error = vtarget_fd(&t, l, a->fd, false);
	if (error != 0)
		return error;
	if (t.t_vp == NULL || t.t_vp->v_type != VREG ||
	    !(t.t_file->f_mode & FMODE_WRITE))
		error = EINVAL;
	else if (fileattr_appendonly(t.t_vp))
		error = EPERM;
	else
		error = tmpfs_truncate(t.t_vp, a->length, true);
	if (error == 0)
		inotify_event(t.t_vp, IN_MODIFY);
	vtarget_done(&t);
	return error;
}

static int
check_fallocate(const struct vtarget *t, int mode, int64_t off, int64_t len)
{
	const struct vnode *vp = t->t_vp;

	int what = mode & ~FALLOC_FL_KEEP_SIZE;

	if (off < 0 || len <= 0)
		return EINVAL;
	/* One thing at a time, and some only with, or without, KEEP_SIZE. */
	if ((what & (what - 1)) != 0 || (what & ~FALLOC_KNOWN) != 0 ||
	    mode == FALLOC_FL_PUNCH_HOLE ||
	    ((what & FALLOC_SIZED) != 0 && mode != what))
		return EOPNOTSUPP;
	if (!(t->t_file->f_mode & FMODE_WRITE))
		return EBADF;
	if (vp != NULL &&
	    (fileattr_immutable(vp) || (what != 0 && fileattr_appendonly(vp))))
		return EPERM;
	if (vp == NULL || vp->v_type == VFIFO)
		return ESPIPE;
	if (vp->v_type != VREG)
		return vp->v_type == VDIR ? EISDIR : ENODEV;
	if (len > INT64_MAX - off)
		return EFBIG;
	/* As tmpfs, and ZERO_RANGE: no COLLAPSE_RANGE and its like. */
	return what != 0 && what != FALLOC_FL_PUNCH_HOLE &&
		what != FALLOC_FL_ZERO_RANGE ?
	    EOPNOTSUPP :
	    0;
}

int
sys_fallocate(struct lwp *l, const struct sys_fallocate_args *a, long *retval)
{
	struct vtarget t;
	int error;

	(void)retval;
	error = vtarget_fd(&t, l, a->fd, false);
	if (error != 0)
		return error;
	error = check_fallocate(&t, a->mode, a->offset, a->len);
	if (error != 0)
		goto out;
	if (a->mode & FALLOC_FL_PUNCH_HOLE)
		error = tmpfs_punch(t.t_vp, a->offset, a->len);
	else if (a->mode & FALLOC_FL_ZERO_RANGE)
		error = tmpfs_zero(t.t_vp, a->offset, a->len,
		    a->mode & FALLOC_FL_KEEP_SIZE);
	else
		error = tmpfs_allocate(t.t_vp, a->offset, a->len,
		    a->mode & FALLOC_FL_KEEP_SIZE);
	if (error == 0)
		inotify_event(t.t_vp, IN_MODIFY | INOTIFY_FILE);
out:
	vtarget_done(&t);
	return error;
}

/* --- What disks want ---------------------------------------------------- */

/* Of the file a descriptor refers to; VNON for those without a vnode. */
static int
fd_type(struct lwp *l, int fd, enum vtype *type, unsigned *mode)
{
	struct vtarget t;
	int error;

	error = vtarget_fd(&t, l, fd, false);
	if (error != 0)
		return error;
	*type = t.t_vp != NULL ? t.t_vp->v_type : VNON;
	*mode = t.t_file->f_mode;
	vtarget_done(&t);
	return 0;
}

static int
fsync_fd(struct lwp *l, int fd)
{
	enum vtype type;
	unsigned mode;
	int error;

	error = fd_type(l, fd, &type, &mode);
	if (error == 0 && type != VREG && type != VDIR)
		error = EINVAL;
	return error;
}

int
sys_fsync(struct lwp *l, const struct sys_fsync_args *a, long *retval)
{

	(void)retval;
	return fsync_fd(l, a->fd);
}

int
sys_fdatasync(struct lwp *l, const struct sys_fdatasync_args *a, long *retval)
{

	(void)retval;
	return fsync_fd(l, a->fd);
}

int
sys_sync(struct lwp *l, const struct sys_sync_args *a, long *retval)
{

	(void)l;
	(void)a;
	(void)retval;
	return 0;
}

int
sys_syncfs(struct lwp *l, const struct sys_syncfs_args *a, long *retval)
{
	enum vtype type;
	unsigned mode;

	(void)retval;
	return fd_type(l, a->fd, &type, &mode);
}

int
sys_sync_file_range(struct lwp *l, const struct sys_sync_file_range_args *a,
    long *retval)
{
	enum vtype type;
	unsigned mode;
	int error;

	(void)retval;
	error = fd_type(l, a->fd, &type, &mode);
	if (error != 0)
		return error;
	if ((a->flags & ~7u) != 0 || a->offset < 0 || a->nbytes < 0 ||
	    a->nbytes > INT64_MAX - a->offset)
		return EINVAL;
	return type == VREG || type == VDIR || type == VBLK ? 0 : ESPIPE;
}

int
sys_fadvise64(struct lwp *l, const struct sys_fadvise64_args *a, long *retval)
{
	enum vtype type;
	unsigned mode;
	int error;

	(void)retval;
	error = fd_type(l, a->fd, &type, &mode);
	if (error != 0)
		return error;
	if (type == VFIFO || type == VNON)
		return ESPIPE;
	return a->len < 0 || a->advice < POSIX_FADV_NORMAL ||
		a->advice > POSIX_FADV_NOREUSE ?
	    EINVAL :
	    0;
}

int
sys_readahead(struct lwp *l, const struct sys_readahead_args *a, long *retval)
{
	enum vtype type;
	unsigned mode;
	int error;

	(void)retval;
	error = fd_type(l, a->fd, &type, &mode);
	if (error != 0)
		return error;
	if (!(mode & FMODE_READ))
		return EBADF;
	return type == VREG ? 0 : EINVAL;
}
