/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read, write and their kin; lseek.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "rumpvfs/fileattr.h"
#include "rumpvfs/filerw.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/tmpfs_data.h"
#include "rumpvfs/vnode.h"

#include "rumpkern/copy.h"
#include "syscalls/sysargs.h"

#define RWF_KNOWN                                                     \
	(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND | \
	    RWF_NOAPPEND | RWF_NOSIGNAL)

int
filerw_move(struct lwp *l, struct file *f, struct uio *uio, const uint64_t *at,
    long *done)
{
	const struct fileops *ops = fileops[f->f_type];
	size_t before = uio->uio_resid;
	bool own, lock = false;
	int error;

	own = at == NULL && (f->f_mode & FMODE_SEEK) != 0;
	if (own) {
		lock = !filerw_private(l, f);
		if (lock)
			kmutex_enter(&f->f_poslock);
		uio->uio_offset = KREAD(f->f_offset);
	} else if (at != NULL)
		uio->uio_offset = *at;
	error = uio->uio_write ? ops->fo_write(f, uio) : ops->fo_read(f, uio);
	if (own) {
		if (uio->uio_resid != before)
			filerw_setoffset(f, uio->uio_offset);
		if (lock)
			kmutex_exit(&f->f_poslock);
	}
	if (error != 0 && uio->uio_resid == before)
		return error;
	*done = before - uio->uio_resid;
	return 0;
}

/* May the file be read (written) at all? */
static inline int
check_rw(const struct file *f, bool write)
{
	const struct fileops *ops = fileops[f->f_type];

	if (unlikely(!(f->f_mode & (write ? FMODE_WRITE : FMODE_READ))))
		return EBADF;
	if (unlikely((write ? ops->fo_write : ops->fo_read) == NULL))
		return EINVAL;
	return 0;
}

/* One buffer. */
static inline int
rw_buf(struct lwp *l, int fd, void *buf, size_t count, const uint64_t *at,
    bool write, long *retval)
{
	struct kiovec iov;
	struct uio uio;
	struct file *f;
	int error;

	f = fd_getfile(l, fd, 0);
	if (unlikely(f == NULL))
		return EBADF;
	if (unlikely(at != NULL && !(f->f_mode & (FMODE_SEEK | FMODE_PATH)))) {
		error = ESPIPE;
		goto out;
	}
	error = check_rw(f, write);
	if (unlikely(error != 0))
		goto out;
	if (unlikely(count > RW_COUNTMAX)) {
		if (count > RW_USEREND - (uintptr_t)buf) {
			error = EFAULT;
			goto out;
		}
		count = RW_COUNTMAX;
	}
	if (unlikely((uintptr_t)buf >= RW_USEREND)) {
		error = EFAULT;
		goto out;
	}
	uio_init(&uio, &iov, buf, count, write);
	error = filerw_move(l, f, &uio, at, retval);
	if (likely(error == 0 && *retval > 0))
		inotify_moved(f->f_vnode, write);
out:
	fd_done(l, f, 0);
	return error;
}

/* What RWF_* flags a file can follow; see kiocb_set_rw_flags of Linux. */
static int
check_flags(const struct file *f, int flags)
{
	const struct vnode *vp = f->f_vnode;

	if (flags == 0)
		return 0;
	if (flags & ~RWF_KNOWN)
		return EOPNOTSUPP;
	if ((flags & RWF_APPEND) && (flags & RWF_NOAPPEND))
		return EINVAL;
	if (f->f_type != FTYPE_VNODE || vp == NULL)
		return 0;
	if ((flags & RWF_NOAPPEND) && (f->f_flags & O_APPEND) &&
	    fileattr_appendonly(vp))
		return EPERM;
	if (vp->v_type == VDIR && (flags & ~RWF_HIPRI))
		return EOPNOTSUPP;
	if (vp->v_type == VREG && (flags & RWF_NOWAIT))
		return EOPNOTSUPP;
	return 0;
}

/* A vector of buffers. */
static int
rw_vec(struct lwp *l, int fd, const void *uiov, int cnt, const uint64_t *at,
    int flags, bool write, long *retval)
{
	struct uio uio;
	struct file *f;
	int error;

	f = fd_getfile(l, fd, 0);
	if (f == NULL)
		return EBADF;
	if (at != NULL && !(f->f_mode & (FMODE_SEEK | FMODE_PATH)))
		error = ESPIPE;
	else
		error = check_rw(f, write);
	if (error == 0)
		error = uio_import(&uio, uiov, cnt, write);
	if (error == 0 && uio.uio_resid != 0) {
		uio.uio_flags = flags;
		if ((f->f_mode & FMODE_SEEK) &&
		    (at != NULL ? *at : f->f_offset) + uio.uio_resid >
			INT64_MAX)
			error = EINVAL;
		else
			error = check_flags(f, flags);
		if (error == 0)
			error = filerw_move(l, f, &uio, at, retval);
	}
	/* As the host: a vector was read even when nothing was moved. */
	if (error == 0 && (!write || *retval > 0))
		inotify_moved(f->f_vnode, write);
	fd_done(l, f, 0);
	return error;
}

int
sys_read(struct lwp *l, const struct sys_read_args *a, long *retval)
{
	return rw_buf(l, a->fd, a->buf, a->count, NULL, false, retval);
}

int
sys_write(struct lwp *l, const struct sys_write_args *a, long *retval)
{
	return rw_buf(l, a->fd, (void *)(uintptr_t)a->buf, a->count, NULL, true,
	    retval);
}

int
sys_pread64(struct lwp *l, const struct sys_pread64_args *a, long *retval)
{
	uint64_t at = a->offset;

	if (unlikely((int64_t)at < 0))
		return EINVAL;
	return rw_buf(l, a->fd, a->buf, a->count, &at, false, retval);
}

int
sys_pwrite64(struct lwp *l, const struct sys_pwrite64_args *a, long *retval)
{
	uint64_t at = a->offset;

	if (unlikely((int64_t)at < 0))
		return EINVAL;
	return rw_buf(l, a->fd, (void *)(uintptr_t)a->buf, a->count, &at, true,
	    retval);
}

int
sys_readv(struct lwp *l, const struct sys_readv_args *a, long *retval)
{
	return rw_vec(l, a->fd, a->iov, a->iovcnt, NULL, 0, false, retval);
}

int
sys_writev(struct lwp *l, const struct sys_writev_args *a, long *retval)
{
	return rw_vec(l, a->fd, a->iov, a->iovcnt, NULL, 0, true, retval);
}

int
sys_preadv(struct lwp *l, const struct sys_preadv_args *a, long *retval)
{
	uint64_t at = a->offset;

	if ((int64_t)at < 0)
		return EINVAL;
	return rw_vec(l, a->fd, a->iov, a->iovcnt, &at, 0, false, retval);
}

int
sys_pwritev(struct lwp *l, const struct sys_pwritev_args *a, long *retval)
{
	uint64_t at = a->offset;

	if ((int64_t)at < 0)
		return EINVAL;
	return rw_vec(l, a->fd, a->iov, a->iovcnt, &at, 0, true, retval);
}

int
sys_preadv2(struct lwp *l, const struct sys_preadv2_args *a, long *retval)
{
	uint64_t at = a->offset;

	if ((int64_t)at < -1)
		return EINVAL;
	return rw_vec(l, a->fd, a->iov, a->iovcnt,
	    (int64_t)at == -1 ? NULL : &at, a->flags, false, retval);
}

int
sys_pwritev2(struct lwp *l, const struct sys_pwritev2_args *a, long *retval)
{
	uint64_t at = a->offset;

	if ((int64_t)at < -1)
		return EINVAL;
	return rw_vec(l, a->fd, a->iov, a->iovcnt,
	    (int64_t)at == -1 ? NULL : &at, a->flags, true, retval);
}

/* Where lseek leads in a regular file. */
static int
seek_reg(struct vnode *vp, uint64_t pos, int64_t off, int whence,
    uint64_t *found)
{
	int64_t base = 0;

	switch (whence) {
	case SEEK_DATA:
	case SEEK_HOLE:
		if (off < 0)
			return ENXIO;
		return tmpfs_seek(vp, off, whence == SEEK_HOLE, found);
	case SEEK_CUR:
		base = pos;
		break;
	case SEEK_END:
		base = *(volatile uint64_t *)&vp->v_size;
		break;
	}
	if (__builtin_add_overflow(base, off, &base) || base < 0)
		return EINVAL;
	*found = base;
	return 0;
}

static int
seek(struct file *f, int64_t off, int whence, uint64_t *found)
{
	struct vnode *vp = f->f_vnode;
	int64_t base = 0;

	if (vp == NULL)
		return ESPIPE;
	switch (vp->v_type) {
	case VREG:
		return seek_reg(vp, KREAD(f->f_offset), off, whence, found);
	case VDIR:
		/* A place among the names: there is no end to count from. */
		if (whence == SEEK_CUR)
			base = KREAD(f->f_offset);
		else if (whence != SEEK_SET)
			return EINVAL;
		if (__builtin_add_overflow(base, off, &base) || base < 0)
			return EINVAL;
		*found = base;
		return 0;
	case VCHR:
		/* Our devices have no places: all is at 0. */
		*found = 0;
		return 0;
	}
	return ESPIPE;
}

/* As the host's of these types: there is nowhere to go, but one may. */
static bool
always_at_0(const struct file *f)
{
	return f->f_type == FTYPE_EPOLL || f->f_type == FTYPE_EVENTFD ||
	    f->f_type == FTYPE_TIMERFD || f->f_type == FTYPE_INOTIFY;
}

int
sys_lseek(struct lwp *l, const struct sys_lseek_args *a, long *retval)
{
	struct file *f = fd_getfile(l, a->fd, 0);
	uint64_t found;
	bool lock;
	int error;

	if (f == NULL)
		return EBADF;
	if (f->f_mode & FMODE_PATH)
		error = EBADF;
	else if (a->whence < 0 || a->whence > SEEK_HOLE)
		error = EINVAL;
	else if (!(f->f_mode & FMODE_SEEK))
		error = always_at_0(f) ? 0 : ESPIPE;
	else {
		lock = !filerw_private(l, f);
		if (lock)
			kmutex_enter(&f->f_poslock);
		error = seek(f, a->offset, a->whence, &found);
		if (error == 0)
			filerw_setoffset(f, *retval = found);
		if (lock)
			kmutex_exit(&f->f_poslock);
	}
	fd_done(l, f, 0);
	return error;
}
