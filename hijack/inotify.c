/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inotify: instances that watch files of both kernels.
 *
 * Theory of operation
 *
 *	An instance is two: the placeholder of the rump one is an instance of
 *	the host's.  So dup, fork, exec and close keep both.  A watch goes to
 *	the kernel its path leads to; rump's are numbered from INOTIFY_SHIMWD on,
 *	the host's from 1, so a number tells its kernel.  in_nhost says whether
 *	the host's half has, or had, watches; without any it is not looked at.
 *
 *	The host's half never blocks.  Which queue is read first takes turns:
 *	between the two there is no order to keep.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "hijack/hijack.h"
#include "lwproc/proc.h"
#include "rumpkern/copy.h"
#include "rumpvfs/inotify.h"
#include "syscalls/dispatch.h"

/* The instance of a file that is one, or NULL. */
static struct inotify *
instance(const struct file *f)
{
	return f != NULL && f->f_type == FTYPE_INOTIFY ? f->f_data : NULL;
}

bool
hj_inotify_hosts(const struct file *f)
{
	const struct inotify *in = instance(f);

	return in != NULL && atomic_load(&in->in_nhost) != 0;
}

long
hj_sys_inotify_init(struct hj_frame *hf)
{
	int flags = hf->hf_nr == __NR_inotify_init ? 0 : hf->hf_args[0];
	long fd = hj_host(__NR_inotify_init1, flags | IN_NONBLOCK);
	struct cred store;
	struct file *f;
	int error;

	if (fd < 0)
		return fd;
	error = inotify_file(lwp_cred(curlwp(), &store)->cr_ruid, true,
	    (flags & IN_NONBLOCK) != 0, &f);
	if (error == 0) {
		error = fd_install_at(curlwp(), f, fd,
		    (flags & IN_CLOEXEC) != 0);
		if (error != 0)
			file_rele(f);
	}
	if (error == 0)
		return fd;
	hj_host(__NR_close, fd);
	return -error;
}

/* --- Watches ---------------------------------------------------------------- */

/* The host's half of a descriptor's instance has a watch now. */
static void
has_host(int fd)
{
	struct file *f = fd_getfile(curlwp(), fd, 0);
	struct inotify *in = instance(f);

	if (in != NULL)
		inotify_hashost(in);
	if (f != NULL)
		fd_done(curlwp(), f, 0);
}

long
hj_inotify_added(int fd, long wd)
{
	if (wd >= 0 && wd < INOTIFY_SHIMWD)
		has_host(fd);
	return wd;
}

long
hj_sys_inotify_rm(struct hj_frame *hf)
{
	struct file *f = fd_getfile(curlwp(), hf->hf_args[0], 0);
	bool both = instance(f) != NULL;

	if (f != NULL)
		fd_done(curlwp(), f, 0);
	if (both && (int)hf->hf_args[1] < INOTIFY_SHIMWD)
		return hj_host(__NR_inotify_rm_watch, hf->hf_args[0],
		    hf->hf_args[1]);
	return sys_call(RSYS_inotify_rm_watch, hf->hf_args);
}

/* --- Reading ---------------------------------------------------------------- */

/* Where a read puts what it finds. */
struct inread {
	int ir_fd;
	char *ir_buf;
	size_t ir_size;
	size_t ir_done;
};

static long
read_rump(struct inread *ir, struct inotify *in)
{
	size_t room = ir->ir_size - ir->ir_done;
	struct kiovec iov;
	struct uio uio;
	int error;

	uio_init(&uio, &iov, ir->ir_buf + ir->ir_done, room, false);
	error = inotify_take(in, &uio);
	ir->ir_done += room - uio.uio_resid;
	return -error;
}

static long
read_host(struct inread *ir)
{
	long n = hj_host(__NR_read, ir->ir_fd, ir->ir_buf + ir->ir_done,
	    ir->ir_size - ir->ir_done);

	if (n > 0)
		ir->ir_done += n;
	return n < 0 ? n : 0;
}

/* What there is now: 0, or why there is nothing. */
static long
read_both(struct inread *ir, struct inotify *in)
{
	bool hostfirst = (hj_thread.ht_turn++ & 1) != 0;
	long error;

	error = hostfirst ? read_host(ir) : read_rump(ir, in);
	if (error == 0 || error == -EAGAIN)
		error = hostfirst ? read_rump(ir, in) : read_host(ir);
	return ir->ir_done != 0 ? 0 : error;
}

/* Of a vector the first piece that has room: where events may go. */
static long
get_buffer(const struct hj_frame *hf, struct inread *ir)
{
	struct kiovec iov;
	long i;

	ir->ir_fd = hf->hf_args[0];
	if (hf->hf_nr == __NR_read) {
		ir->ir_buf = (char *)hf->hf_args[1];
		ir->ir_size = hf->hf_args[2];
		return 0;
	}
	for (i = 0; i < (int)hf->hf_args[2]; i++) {
		if (copyin((const struct kiovec *)hf->hf_args[1] + i, &iov,
			sizeof(iov)) != 0)
			return -EFAULT;
		ir->ir_buf = iov.iov_base;
		ir->ir_size = iov.iov_len;
		if (iov.iov_len != 0)
			break;
	}
	return 0;
}

/* Once; *wait: nothing is there, and the caller is to wait. */
static long
try(struct inread *ir, bool *wait)
{
	struct file *f = fd_getfile(curlwp(), ir->ir_fd, 0);
	struct inotify *in = instance(f);
	long error;

	*wait = false;
	if (f == NULL)
		return -EBADF;
	error = in != NULL ? read_both(ir, in) : -EINVAL;
	if (error == -EAGAIN)
		*wait = !(f->f_flags & O_NONBLOCK);
	fd_done(curlwp(), f, 0);
	return error;
}

long
hj_inotify_read(struct hj_frame *hf)
{
	uint32_t cut = hj_thread.ht_norestart;
	struct inread ir = { 0 };
	bool wait;
	long ret;

	ret = get_buffer(hf, &ir);
	if (ret != 0)
		return ret;
	for (;;) {
		ret = try(&ir, &wait);
		if (!wait)
			return ret != 0 ? ret : (long)ir.ir_done;
		ret = hj_poll_one(ir.ir_fd, POLLIN);
		if (ret == -EINTR && hj_thread.ht_noted != 0)
			return -KERESTART;
		if (ret == -EINTR && hj_thread.ht_norestart == cut)
			continue;
		if (ret < 0)
			return ret;
	}
}

long
hj_inotify_pending(struct hj_frame *hf)
{
	long ret = sys_call(RSYS_ioctl, hf->hf_args);
	struct file *f = fd_getfile(curlwp(), hf->hf_args[0], 0);
	bool both = hj_inotify_hosts(f);
	int n = 0, host = 0;
	int *un = (int *)hf->hf_args[2];

	if (f != NULL)
		fd_done(curlwp(), f, 0);
	if (ret != 0 || !both ||
	    hj_host(__NR_ioctl, hf->hf_args[0], FIONREAD, &host) != 0)
		return ret;
	if (copyin(un, &n, sizeof(n)) != 0)
		return -EFAULT;
	n += host;
	return copyout(&n, un, sizeof(n)) != 0 ? -EFAULT : 0;
}
