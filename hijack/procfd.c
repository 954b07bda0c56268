/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * /proc/self/fd/N of a rump descriptor: opening it, reading the link.
 */
#include <fcntl.h>

#include "hijack/hijack.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpvfs/namei.h"
#include "rumpvfs/vnode.h"

/* A pipe has no vnode to open: the same end again. */
static long
same_end(struct lwp *l, int fd, int flags)
{
	struct file *f = fd_getfile(l, fd, 0);
	int error, newfd;

	if (f == NULL)
		return -EBADF;
	if (((flags & O_ACCMODE) != O_WRONLY && !(f->f_mode & FMODE_READ)) ||
	    ((flags & O_ACCMODE) != O_RDONLY && !(f->f_mode & FMODE_WRITE))) {
		fd_done(l, f, 0);
		return -EACCES;
	}
	file_hold(f);
	fd_done(l, f, 0);
	error = fd_install(l, f, 0, flags & O_CLOEXEC, &newfd);
	if (error != 0) {
		file_rele(f);
		return -error;
	}
	return newfd;
}

long
hj_reopen(int fd, int flags)
{
	struct lwp *l = curlwp();
	struct file *f = fd_getfile(l, fd, 0);
	bool vnode;
	long newfd;
	int error;

	if (f == NULL)
		return -EBADF;
	vnode = f->f_vnode != NULL;
	fd_done(l, f, 0);
	if (!vnode)
		return same_end(l, fd, flags);
	error = open_again(l, fd, flags, &newfd);
	return error != 0 ? -error : newfd;
}

long
hj_fd_readlink(int fd, char *ubuf, long size)
{
	struct lwp *l = curlwp();
	struct file *f = fd_getfile(l, fd, 0);
	char *buf = curcpu()->c_hjpath[1];
	size_t len;
	int error = 0;

	if (f == NULL)
		return -EBADF;
	if (size <= 0) {
		error = EINVAL;
	} else if (f->f_vnode == NULL) {
		len = kfmt(buf, KPATH_MAX, "pipe:[%lu]",
		    (unsigned long)(uintptr_t)f->f_data & 0xffffffff);
	} else {
		error = hj_path_name(f->f_vnode, buf, &len);
		if (error == ENOENT) {
			len = kfmt(buf, KPATH_MAX, "/ (deleted)");
			error = 0;
		}
	}
	fd_done(l, f, 0);
	if (error != 0)
		return -error;
	len = kmin(len, (size_t)size);
	return copyout(buf, ubuf, len) != 0 ? -EFAULT : (long)len;
}
