/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors: dup and close and their kin, pipe2, flock.
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/file.h>

#include "rumpvfs/flock.h"
#include "rumpvfs/pipe.h"

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "syscalls/sysargs.h"

#define LOCK_MAND_ 32

int
sys_close(struct lwp *l, const struct sys_close_args *a, long *retval)
{
	(void)retval;
	return fd_close(l, a->fd);
}

int
sys_close_range(struct lwp *l, const struct sys_close_range_args *a,
    long *retval)
{
	uint64_t fd, end;

	(void)retval;
	if ((a->flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) ||
	    a->first > a->last)
		return EINVAL;
	end = kmin((uint64_t)a->last + 1,
	    (uint64_t) * (volatile uint32_t *)&l->l_proc->p_fd->fd_last);
	for (fd = a->first; fd < end; fd++) {
		if (a->flags & CLOSE_RANGE_CLOEXEC)
			fd_set_cloexec(l, fd, true);
		else
			fd_close(l, fd);
	}
	return 0;
}

int
sys_dup(struct lwp *l, const struct sys_dup_args *a, long *retval)
{
	struct file *f = fd_getfile(l, a->oldfd, 0);
	int error, fd;

	if (f == NULL)
		return EBADF;
	error = file_hold(f);
	if (error != 0)
		goto out;
	error = fd_install(l, f, 0, false, &fd);
	if (error != 0)
		file_rele(f);
	else
		*retval = fd;
out:
	fd_done(l, f, 0);
	return error;
}

/* The file of oldfd at newfd, which is another number. */
static int
dup_at(struct lwp *l, int oldfd, int newfd, bool cloexec, long *retval)
{
	struct file *f;
	int error;

	if ((uint32_t)newfd >= l->l_proc->p_nofile)
		return EBADF;
	f = fd_getfile(l, oldfd, 0);
	if (f == NULL)
		return EBADF;
	error = file_hold(f);
	if (error != 0)
		goto out;
	error = fd_install_at(l, f, newfd, cloexec);
	if (error != 0)
		file_rele(f);
	else
		*retval = newfd;
out:
	fd_done(l, f, 0);
	return error;
}

int
sys_dup2(struct lwp *l, const struct sys_dup2_args *a, long *retval)
{
	if (a->oldfd == a->newfd) {
		if (fd_get_cloexec(l, a->oldfd) < 0)
			return EBADF;
		*retval = a->newfd;
		return 0;
	}
	return dup_at(l, a->oldfd, a->newfd, false, retval);
}

int
sys_dup3(struct lwp *l, const struct sys_dup3_args *a, long *retval)
{
	if ((a->flags & ~O_CLOEXEC) || a->oldfd == a->newfd)
		return EINVAL;
	return dup_at(l, a->oldfd, a->newfd, a->flags != 0, retval);
}

/* Close a descriptor of a call that fails. */
static void
undo_install(struct lwp *l, int fd)
{
	fd_close(l, fd);
	if (rumpuser_process.ru_fd_unreserve != NULL)
		rumpuser_process.ru_fd_unreserve(fd);
}

int
sys_pipe2(struct lwp *l, const struct sys_pipe2_args *a, long *retval)
{
	bool cloexec = (a->flags & O_CLOEXEC) != 0;
	struct file *ends[2];
	int fds[2], error;

	(void)retval;
	if (a->flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return EINVAL;
	/* Is the memory there?  It stays as it is if the call fails. */
	if (copyin(a->pipefd, fds, sizeof(fds)) != 0 ||
	    copyout(fds, a->pipefd, sizeof(fds)) != 0)
		return EFAULT;
	error = pipe_files(l, a->flags, ends);
	if (error != 0)
		return error;
	error = fd_install(l, ends[0], 0, cloexec, &fds[0]);
	if (error != 0) {
		file_rele(ends[1]);
		file_rele(ends[0]);
		return error;
	}
	error = fd_install(l, ends[1], 0, cloexec, &fds[1]);
	if (error != 0) {
		file_rele(ends[1]);
		undo_install(l, fds[0]);
		return error;
	}
	if (copyout(fds, a->pipefd, sizeof(fds)) != 0) {
		undo_install(l, fds[0]);
		undo_install(l, fds[1]);
		return EFAULT;
	}
	return 0;
}

int
sys_flock(struct lwp *l, const struct sys_flock_args *a, long *retval)
{
	int op = a->operation & ~LOCK_NB, error;
	struct file *f;

	(void)retval;
	/* As Linux since 5.16: mandatory share modes do nothing. */
	if (op & LOCK_MAND_)
		return 0;
	if (op != LOCK_SH && op != LOCK_EX && op != LOCK_UN)
		return EINVAL;
	f = fd_getfile(l, a->fd, 0);
	if (f == NULL)
		return EBADF;
	if (f->f_mode & FMODE_PATH)
		error = EBADF;
	else
		error = flock_flock(l, f, a->operation);
	fd_done(l, f, 0);
	return error;
}
