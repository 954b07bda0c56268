/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of epoll. */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>

#include "rumpvfs/anonfile.h"
#include "rumpvfs/epoll.h"
#include "rumpvfs/polltab.h"
#include "rumpvfs/polltime.h"

#include "rumpkern/copy.h"
#include "syscalls/sysargs.h"

#define MAX_EVENTS (INT32_MAX / (int)sizeof(struct epoll_event))
#define USER_END   0x7ffffffff000UL
/* All that EPOLLEXCLUSIVE goes with. */
#define EXCLUSIVE_OK                                                        \
	(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | \
	    EPOLLEXCLUSIVE)

static int
create(struct lwp *l, bool cloexec, long *retval)
{
	struct file *f = epoll_file();

	return f == NULL ? ENOMEM : anonfile_install(l, f, cloexec, retval);
}

int
sys_epoll_create(struct lwp *l, const struct sys_epoll_create_args *a,
    long *retval)
{
	return a->size <= 0 ? EINVAL : create(l, false, retval);
}

int
sys_epoll_create1(struct lwp *l, const struct sys_epoll_create1_args *a,
    long *retval)
{
	if (a->flags & ~EPOLL_CLOEXEC)
		return EINVAL;
	return create(l, a->flags != 0, retval);
}

/* The checks of Linux, in its order; both files are there. */
static int
ctl(struct file *ef, int op, struct file *f, int fd, struct epoll_event *ev)
{
	struct epoll *ep;
	int error;

	if ((ef->f_mode & FMODE_PATH) || (f->f_mode & FMODE_PATH))
		return EBADF;
	if (!polltab_canwait(f))
		return EPERM;
	/* To keep a machine awake is not ours. */
	ev->events &= ~EPOLLWAKEUP;
	error = epoll_offile(ef, &ep);
	if (error != 0 || ef == f)
		return EINVAL;
	if (ev->events & EPOLLEXCLUSIVE) {
		if (op == EPOLL_CTL_MOD)
			return EINVAL;
		if (op == EPOLL_CTL_ADD &&
		    (f->f_type == FTYPE_EPOLL || (ev->events & ~EXCLUSIVE_OK)))
			return EINVAL;
	}
	switch (op) {
	case EPOLL_CTL_ADD:
		return epoll_add(ep, f, fd, ev);
	case EPOLL_CTL_MOD:
		return epoll_modify(ep, f, fd, ev);
	case EPOLL_CTL_DEL:
		return epoll_delete(ep, f, fd);
	}
	return EINVAL;
}

int
sys_epoll_ctl(struct lwp *l, const struct sys_epoll_ctl_args *a, long *retval)
{
	struct epoll_event ev = { 0 };
	struct file *ef, *f;
	int error = EBADF;

	(void)retval;
	if (a->op != EPOLL_CTL_DEL && copyin(a->event, &ev, sizeof(ev)) != 0)
		return EFAULT;
	ef = fd_getfile(l, a->epfd, 0);
	if (ef == NULL)
		return EBADF;
	f = fd_getfile(l, a->fd, 1);
	if (f != NULL) {
		error = ctl(ef, a->op, f, a->fd, &ev);
		fd_done(l, f, 1);
	}
	fd_done(l, ef, 0);
	return error;
}

/* Sleep until there is something, a timer's time comes, or it is late. */
static int
wait_once(struct epoll *ep, uint64_t until, uint64_t timer,
    const uint64_t *mask)
{
	uint64_t first = kmin(until, timer);
	int error = 0;

	if (epoll_enter(ep)) {
		error = ksleep_masked(first, mask);
		epoll_leave(ep);
	}
	if (error == ETIMEDOUT)
		return 0;
	/* It is never begun again. */
	return error == KERESTART ? EINTR : error;
}

static int
wait_events(struct epoll *ep, struct epoll_event *uevents, int max,
    uint64_t until, const uint64_t *mask, int *n)
{
	uint64_t timer;
	int error;

	for (;;) {
		timer = epoll_deadline(ep);
		error = epoll_harvest(ep, uevents, max, n);
		if (error != 0 || *n != 0 || polltime_late(until))
			break;
		error = wait_once(ep, until, timer, mask);
		if (error == EINTR) {
			/* News that came with the signal go first. */
			(void)epoll_harvest(ep, uevents, max, n);
			if (*n != 0)
				error = 0;
			break;
		}
	}
	epoll_pass(ep);
	return error;
}

static int
epoll_waits(struct lwp *l, int fd, struct epoll_event *uevents, int max,
    uint64_t until, const uint64_t *mask, long *retval)
{
	struct file *f = fd_getfile(l, fd, 0);
	struct epoll *ep;
	int error, n;

	if (f == NULL)
		return EBADF;
	if (f->f_mode & FMODE_PATH)
		error = EBADF;
	else if (max <= 0 || max > MAX_EVENTS)
		error = EINVAL;
	else if ((uintptr_t)uevents >= USER_END)
		error = EFAULT;
	else
		error = epoll_offile(f, &ep);
	if (error == 0) {
		error = wait_events(ep, uevents, max, until, mask, &n);
		if (error == 0)
			*retval = n;
	}
	fd_done(l, f, 0);
	return error;
}

int
sys_epoll_wait(struct lwp *l, const struct sys_epoll_wait_args *a, long *retval)
{
	return epoll_waits(l, a->epfd, a->events, a->maxevents,
	    polltime_ms(a->timeout), NULL, retval);
}

int
sys_epoll_pwait(struct lwp *l, const struct sys_epoll_pwait_args *a,
    long *retval)
{
	uint64_t mask;
	int error;

	error = polltime_mask(a->sigmask, a->sigsetsize, &mask);
	if (error != 0)
		return error;
	return epoll_waits(l, a->epfd, a->events, a->maxevents,
	    polltime_ms(a->timeout), a->sigmask != NULL ? &mask : NULL, retval);
}

int
sys_epoll_pwait2(struct lwp *l, const struct sys_epoll_pwait2_args *a,
    long *retval)
{
	uint64_t mask, until;
	int error;

	error = polltime_in(a->timeout, &until);
	if (error == 0)
		error = polltime_mask(a->sigmask, a->sigsetsize, &mask);
	if (error != 0)
		return error;
	return epoll_waits(l, a->epfd, a->events, a->maxevents, until,
	    a->sigmask != NULL ? &mask : NULL, retval);
}
