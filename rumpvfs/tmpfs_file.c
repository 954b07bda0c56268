/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs_file: what read, write, poll ... do on an open vnode.  Devices have
 * their own functions; a directory is read by getdents64 only.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "rumpkern/klog.h"
#include "rumpvfs/dev.h"
#include "rumpvfs/dnotify.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/filerw.h"
#include "rumpvfs/flock.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/tmpfs_data.h"
#include "rumpvfs/tmpfs_file.h"

static inline bool
is_dev(const struct vnode *vp)
{

	return vp->v_type == VCHR || vp->v_type == VBLK;
}

static int
file_read(struct file *f, struct uio *uio)
{
	struct vnode *vp = f->f_data;
	int error;

	if (unlikely(vp->v_type != VREG)) {
		if (is_dev(vp))
			return dev_fileops.fo_read(f, uio);
		return vp->v_type == VDIR &&
			uio->uio_offset + uio->uio_resid <= INT64_MAX ?
		    EISDIR :
		    EINVAL;
	}
	error = tmpfs_read(vp, uio);
	/* A read that faults is one. */
	if (likely((error == 0 || error == EFAULT) &&
		!(f->f_flags & O_NOATIME)))
		vnode_accessed(vp);
	return error;
}

static int
file_write(struct file *f, struct uio *uio)
{
	struct vnode *vp = f->f_data;
	bool append;

	if (unlikely(vp->v_type != VREG)) {
		if (is_dev(vp))
			return dev_fileops.fo_write(f, uio);
		return vp->v_type == VDIR ? EISDIR : EINVAL;
	}
	append = (f->f_flags & O_APPEND) && !(uio->uio_flags & RWF_NOAPPEND);
	return tmpfs_write(vp, uio, append || (uio->uio_flags & RWF_APPEND));
}

/* The ioctls that Linux's tmpfs answers. */
static int
reg_ioctl(struct file *f, unsigned long cmd, void *uarg)
{
	struct vnode *vp = f->f_data;
	int64_t bytes;
	int n = 0;

	switch (cmd) {
	case FIONREAD:
		n = *(volatile uint64_t *)&vp->v_size - f->f_offset;
		break;
	case FIBMAP:
		return EINVAL;
	case FIOQSIZE:
		kmutex_enter(&vp->v_lock);
		bytes = tmpfs_npages(vp) << KPAGE_SHIFT;
		kmutex_exit(&vp->v_lock);
		return copyout(&bytes, uarg, sizeof(bytes));
	default:
		return ENOTTY;
	}
	return copyout(&n, uarg, sizeof(n));
}

static int
file_ioctl(struct file *f, unsigned long cmd, void *uarg, long *ret)
{
	struct vnode *vp = f->f_data;
	struct cred store;
	int n;

	switch (cmd) {
	case FIGETBSZ:
		n = KPAGE_SIZE;
		return copyout(&n, uarg, sizeof(n));
	}
	if (is_dev(vp))
		return dev_fileops.fo_ioctl == NULL ?
		    ENOTTY :
		    dev_fileops.fo_ioctl(f, cmd, uarg, ret);
	n = fileattr_ioctl(vp, lwp_cred(curlwp(), &store), cmd, uarg);
	if (n >= 0)
		return n;
	return vp->v_type == VREG ? reg_ioctl(f, cmd, uarg) : ENOTTY;
}

/* A file is always ready: nothing to wait for. */
static int
file_poll(struct file *f, int events, struct waitent *ent)
{

	if (is_dev(f->f_data) && dev_fileops.fo_poll != NULL)
		return dev_fileops.fo_poll(f, events, ent);
	return events & (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM);
}

static int
file_stat(struct file *f, struct stat *st)
{

	vnode_stat(f->f_vnode, st);
	return 0;
}

/* May be entered again by the reaper: each step is a commit. */
static void
file_close(struct file *f)
{
	struct vnode *vp = f->f_vnode;

	if (vp == NULL)
		return;
	if (KREAD(vp->v_locks) != NULL)
		flock_fileclose(f);
	dnotify_fdclose(NULL, f);
	inotify_closed(f);
	KSET(f->f_vnode, NULL);
	KSET(f->f_data, NULL);
	khand_add(KHAND_VNODE, vp);
	klog_commit();
	vnode_rele(vp);
}

const struct fileops vnode_fileops = {
	.fo_read = file_read,
	.fo_write = file_write,
	.fo_ioctl = file_ioctl,
	.fo_poll = file_poll,
	.fo_stat = file_stat,
	.fo_close = file_close,
};
