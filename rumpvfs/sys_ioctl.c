/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ioctl: what all files know; the rest is the file type's.
 */
#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/fs.h>

#include "lwproc/file.h"
#include "rumpkern/copy.h"
#include "rumpvfs/async.h"
#include "syscalls/sysargs.h"

#define NOT_MINE (-1)

static void
set_flag(struct file *f, uint32_t flag, bool on)
{
	kmutex_enter(&f->f_lock);
	*(volatile uint32_t *)&f->f_flags = on ? f->f_flags | flag :
						 f->f_flags & ~flag;
	kmutex_exit(&f->f_lock);
}

/* FIONBIO, FIOASYNC: a flag by an int. */
static int
ioctl_flag(int fd, struct file *f, uint32_t flag, const void *uarg)
{
	int on, error = 0;

	if (copyin(uarg, &on, sizeof(on)) != 0)
		return EFAULT;
	if (flag == O_ASYNC && f->f_type == FTYPE_VNODE)
		return on ? ENOTTY : 0;
	if (flag == O_ASYNC)
		error = async_set(f, fd, on != 0);
	if (error == 0)
		set_flag(f, flag, on != 0);
	return error;
}

static int
ioctl_all(struct lwp *l, int fd, struct file *f, unsigned long cmd, void *uarg)
{
	int n = KPAGE_SIZE;

	switch (cmd) {
	case FIOCLEX:
		return fd_set_cloexec(l, fd, true);
	case FIONCLEX:
		return fd_set_cloexec(l, fd, false);
	case FIONBIO:
		return ioctl_flag(fd, f, O_NONBLOCK, uarg);
	case FIOASYNC:
		return ioctl_flag(fd, f, O_ASYNC, uarg);
	case FIGETBSZ:
		return copyout(&n, uarg, sizeof(n));
	case FICLONE:
	case FICLONERANGE:
		return EOPNOTSUPP;
	}
	return NOT_MINE;
}

int
sys_ioctl(struct lwp *l, const struct sys_ioctl_args *a, long *retval)
{
	struct file *f = fd_getfile(l, a->fd, 0);
	const struct fileops *ops;
	void *uarg = (void *)a->arg;
	unsigned long cmd = (uint32_t)a->request;
	int error;

	if (f == NULL)
		return EBADF;
	if (f->f_mode & FMODE_PATH) {
		error = EBADF;
		goto out;
	}
	error = ioctl_all(l, a->fd, f, cmd, uarg);
	if (error == NOT_MINE) {
		ops = fileops[f->f_type];
		error = ops->fo_ioctl == NULL ?
		    ENOTTY :
		    ops->fo_ioctl(f, cmd, uarg, retval);
	}
out:
	fd_done(l, f, 0);
	return error;
}
