/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll_ctl: sets of both kernels are made and changed.  See epoll.c. */
#include <asm/unistd.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "hijack/epoll.h"
#include "hijack/hijack.h"
#include "rumpkern/copy.h"
#include "syscalls/dispatch.h"

#define NOWHERE    8UL /* a program has no memory there */
#define KICK_NS    100000
#define KICK_TRIES 200 /* who has not gone by then is dead */

long
hj_sys_epoll_create(struct hj_frame *hf)
{
	long fd = hj_host(hf->hf_nr, hf->hf_args[0]);
	bool cloexec = hf->hf_nr == __NR_epoll_create1 &&
	    (hf->hf_args[0] & EPOLL_CLOEXEC);
	struct file *f;
	int error;

	if (fd < 0)
		return fd;
	f = epoll_file();
	error = f == NULL ? ENOMEM : fd_install_at(curlwp(), f, fd, cloexec);
	if (error == 0)
		return fd;
	if (f != NULL)
		file_rele(f);
	hj_host(__NR_close, fd);
	return -error;
}

/* Those who sleep for rump items only are to look again. */
static void
wake_sleepers(struct epoll *ep)
{

	kmutex_enter(&ep->ep_rlock);
	kwakeup(&ep->ep_wait);
	kwakeup_events(&ep->ep_poll, POLLIN | POLLRDNORM);
	kmutex_exit(&ep->ep_rlock);
}

/* There is a rump item now: wake those who wait in the host only. */
static void
kick(struct epoll *ep, int epfd)
{
	struct epoll_event ev = { .events = EPOLLIN };
	struct rumpuser_timespec ts = { 0, KICK_NS };
	long fd;
	int i;

	if (atomic_exchange(&ep->ep_mixed, 1) != 0 ||
	    atomic_load(&ep->ep_nraw) == 0)
		return;
	ev.data.u64 = hj_epoll_kickdata(ep);
	fd = hj_host(__NR_eventfd2, 1, EFD_CLOEXEC);
	if (fd < 0)
		return;
	hj_host(__NR_epoll_ctl, epfd, EPOLL_CTL_ADD, fd, &ev);
	for (i = 0; i < KICK_TRIES && atomic_load(&ep->ep_nraw) != 0; i++)
		hj_host(__NR_nanosleep, &ts, NULL);
	/* A child of another thread may have the descriptor too. */
	hj_host(__NR_epoll_ctl, epfd, EPOLL_CTL_DEL, fd, &ev);
	hj_host(__NR_close, fd);
}

/* The host's set, and the count of what is in it. */
static long
host_ctl(struct epoll *ep, const long *a)
{
	long ret;

	/* Counted before it can be waited for. */
	if (a[1] == EPOLL_CTL_ADD)
		atomic_fetch_add(&ep->ep_nhost, 1);
	ret = hj_host(__NR_epoll_ctl, a[0], a[1], a[2], a[3]);
	if ((a[1] == EPOLL_CTL_ADD && ret < 0) ||
	    (a[1] == EPOLL_CTL_DEL && ret == 0))
		atomic_fetch_sub(&ep->ep_nhost, 1);
	else if (a[1] == EPOLL_CTL_ADD && atomic_load(&ep->ep_mixed) != 0)
		wake_sleepers(ep);
	return ret;
}

/* A descriptor with a half in the host goes into both sets. */
static long
dual_ctl(struct epoll *ep, const long *a)
{
	long args[6] = { a[0], a[1], a[2], a[3] };
	struct epoll_event ev;
	struct file *f;

	if (a[1] == EPOLL_CTL_DEL)
		return host_ctl(ep, a);
	if (copyin((void *)a[3], &ev, sizeof(ev)) != 0)
		return -EFAULT;
	f = fd_getfile(curlwp(), a[2], 1);
	if (f == NULL)
		return -EBADF;
	ev.data.u64 = epoll_token(ep, f, a[2]);
	fd_done(curlwp(), f, 1);
	atomic_store(&ep->ep_dual, 1);
	args[3] = (long)&ev;
	return host_ctl(ep, args);
}

static long
ctl(struct epoll *ep, const long *a)
{
	long args[6] = { a[0], EPOLL_CTL_DEL, a[2] }, ret;
	struct file *f;
	bool dual;

	f = fd_getfile(curlwp(), a[2], 1);
	dual = f != NULL &&
	    (f->f_type == FTYPE_EPOLL || f->f_type == FTYPE_INOTIFY);
	if (f != NULL)
		fd_done(curlwp(), f, 1);
	ret = sys_call(RSYS_epoll_ctl, a);
	if (ret != 0)
		return ret;
	if (a[1] == EPOLL_CTL_ADD)
		kick(ep, a[0]);
	if (!dual)
		return 0;
	ret = dual_ctl(ep, a);
	if (ret < 0 && a[1] == EPOLL_CTL_ADD)
		sys_call(RSYS_epoll_ctl, args);
	return ret;
}

long
hj_sys_epoll_ctl(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	struct file *f;
	struct epoll *ep;
	long ret;

	if (hj_fd_ours(a[0]) || hj_fd_ours(a[2]))
		return -EBADF;
	if (!hj_fd_isrump(a[0])) {
		if (hj_host(__NR_fcntl, a[0], F_GETFD) < 0)
			return -EBADF;
		/* Events that cannot be stored stay. */
		if (hj_host(__NR_epoll_wait, a[0], NOWHERE, 1, 0) == -EINVAL)
			return -EINVAL;
		/* A set made where there was no shim. */
		hj_trace_note("epoll_ctl(%d): a rump descriptor in a host's "
			      "set: not supported",
		    (int)a[2]);
		return -EPERM;
	}
	f = fd_getfile(curlwp(), a[0], 0);
	if (f == NULL)
		return -EBADF;
	ep = hj_epoll_set(f);
	if (ep != NULL && !hj_fd_isrump(a[2])) {
		ret = host_ctl(ep, a);
		fd_done(curlwp(), f, 0);
		return ret;
	}
	ret = -file_hold(f);
	fd_done(curlwp(), f, 0);
	if (ret != 0)
		return ret;
	if (ep != NULL)
		ret = ctl(ep, a);
	else if (hj_fd_isrump(a[2]))
		ret = sys_call(RSYS_epoll_ctl, a);
	else
		ret = hj_host(__NR_fcntl, a[2], F_GETFD) < 0 ? -EBADF : -EINVAL;
	file_rele(f);
	return ret;
}
