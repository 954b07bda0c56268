/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of netfuzz that wait for readiness, and what else may be ready. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "netfuzz.h"
#include "netfuzz_ops.h"

static short
poll_events(uint32_t bits)
{
	return (short)(bits & 1 ? bits & 0x7ff : POLLIN | POLLOUT);
}

/* Every descriptor, with events by the bits. */
long
op_poll(struct side *s, const struct op *o)
{
	struct timespec ts = { 0, 0 };
	struct pollfd pfd[NSLOT];
	long r;

	for (int i = 0; i < NSLOT; i++) {
		pfd[i].fd = A(1) >> i & 1 ? s->fd[i] : i % 3 - 1;
		if (pfd[i].fd >= 0 && !(A(1) >> i & 1))
			pfd[i].fd = 9999;
		pfd[i].events = poll_events(A(0) >> i);
		pfd[i].revents = 0x77;
	}
	switch (A(2) & 7) {
	case 0:
		r = CALL(s, __NR_ppoll, pfd, NSLOT, &ts, NULL, 8);
		break;
	case 1:
		ts.tv_nsec = 1000000000;
		return CALL(s, __NR_ppoll, pfd, NSLOT, &ts, NULL, 8);
	case 2:
		return CALL(s, __NR_poll, bad_pointer, 3, 0);
	case 3:
		r = CALL(s, __NR_poll, pfd, NSLOT, 1);
		break;
	default:
		r = CALL(s, __NR_poll, pfd, NSLOT, 0);
	}
	for (int i = 0; i < NSLOT; i++)
		put(s, " %x", (unsigned)(unsigned short)pfd[i].revents);
	return r;
}

long
op_select(struct side *s, const struct op *o)
{
	struct timespec ts = { 0, A(2) == 1 ? -1 : A(2) == 2 ? 1000000 : 0 };
	struct timeval tv = { 0, A(2) == 1 ? -1 : A(2) == 2 ? 1000 : 0 };
	fd_set sets[3];
	int n = 0;
	long r;

	for (int k = 0; k < 3; k++) {
		FD_ZERO(&sets[k]);
		for (int i = 0; i < NSLOT; i++)
			if (s->fd[i] != -1 && s->fd[i] < FD_SETSIZE &&
			    (A(0) >> (i + k * 8) & 1)) {
				FD_SET(s->fd[i], &sets[k]);
				if (s->fd[i] >= n)
					n = s->fd[i] + 1;
			}
	}
	if (A(2) & 8)
		r = CALL(s, __NR_pselect6, n, &sets[0], &sets[1], &sets[2], &ts,
		    NULL);
	else
		r = CALL(s, __NR_select, n, &sets[0],
		    A(2) & 4 ? NULL : &sets[1], &sets[2], &tv);
	for (int i = 0; i < NSLOT && r != -1; i++)
		if (s->fd[i] != -1 && s->fd[i] < FD_SETSIZE)
			put(s, " %d%d%d", FD_ISSET(s->fd[i], &sets[0]) != 0,
			    FD_ISSET(s->fd[i], &sets[1]) != 0,
			    FD_ISSET(s->fd[i], &sets[2]) != 0);
	return r;
}

long
op_epoll_create(struct side *s, const struct op *o)
{
	static const int flags[] = { 0, 0, EPOLL_CLOEXEC, EPOLL_CLOEXEC };

	return into_slot(s, A(1),
	    (int)CALL(s, __NR_epoll_create1, A(0) == 15 ? 1 : flags[A(0) & 3]));
}

/* Asked of the host, for both sides: is what a slot has an epoll set? */
static bool
is_set(struct side *s, uint32_t slot)
{
	static bool known[NSLOT];
	char link[64], name[64] = "";

	if (s->index == 0) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", s->fd[slot]);
		CALL(s, __NR_readlink, link, name, sizeof(name) - 1);
		known[slot] = strstr(name, "eventpoll") != NULL;
	}
	return known[slot];
}

static int
a_set(struct side *s, uint32_t slot)
{
	int fd = -1;

	for (uint32_t i = 0; i < NSLOT; i++)
		if (is_set(s, (slot + i) % NSLOT))
			fd = s->fd[(slot + i) % NSLOT];
	return fd;
}

long
op_epoll_ctl(struct side *s, const struct op *o)
{
	static const int ctls[] = { EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_ADD,
		EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_MOD, EPOLL_CTL_DEL,
		EPOLL_CTL_ADD };
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT };
	int ep = FD(0);

	/* Sets are few: they are looked for. */
	if (A(3) & 1)
		ep = a_set(s, A(0) % NSLOT);
	else if (!is_set(s, A(0) % NSLOT))
		return skipped(s);
	if (A(3) & 2)
		ev.events = A(3) >> 8 & 0x3fff;
	/* The host's sets wake each other with EPOLLIN alone. */
	if (ev.events & (EPOLLIN | EPOLLRDNORM))
		ev.events |= EPOLLIN | EPOLLRDNORM;
	/* No edges: rump may make one of any wake. */
	if (A(3) & 4)
		ev.events |= EPOLLONESHOT;
	if ((A(3) & 0xf8) == 0xf8)
		ev.events |= EPOLLEXCLUSIVE;
	ev.data.u64 = A(1);
	return CALL(s, __NR_epoll_ctl, ep, A(2) == 15 ? 9 : ctls[A(2) & 7],
	    FD(1), A(2) == 14 ? bad_pointer : &ev);
}

/* Events come in an order that nothing says. */
static void
put_events(struct side *s, struct epoll_event *ev, long n)
{
	for (uint64_t data = 0; data < NSLOT + 4; data++)
		for (long i = 0; i < n; i++)
			if (ev[i].data.u64 == data)
				put(s, " fd%d:%x", (int)data,
				    ev[i].events & ~(EPOLLERR | EPOLLPRI));
}

long
op_epoll_wait(struct side *s, const struct op *o)
{
	struct epoll_event ev[64];
	struct timespec ts = { 0, 0 };
	int max = A(1) == 15 ? 0 : 64, tries = A(1) & 1 ? NSLOT : 1;
	long r = -1;

	/* The first one that is a set, or whatever the descriptor is. */
	for (int i = 0; i < tries && r == -1; i++) {
		int fd = tries == 1 ? FD(0) : s->fd[i];

		memset(ev, 0, sizeof(ev));
		if (A(1) & 4)
			r = CALL(s, __NR_epoll_pwait2, fd, ev, max, &ts, NULL,
			    8);
		else
			r = CALL(s, __NR_epoll_wait, fd,
			    A(1) == 10 ? bad_pointer : ev, max, 0);
	}
	put_events(s, ev, r);
	return r;
}

long
op_eventfd(struct side *s, const struct op *o)
{
	return into_slot(s, A(2),
	    (int)CALL(s, __NR_eventfd2, A(0) & 3,
		EFD_NONBLOCK | (A(1) & 1 ? EFD_SEMAPHORE : 0) |
		    (A(1) == 15 ? 0x100 : 0)));
}

/* One that has expired, or never will. */
long
op_timerfd(struct side *s, const struct op *o)
{
	struct itimerspec it = { .it_value = { 0, 1 } };
	int fd = (int)CALL(s, __NR_timerfd_create,
	    A(0) == 15 ? 99 : CLOCK_MONOTONIC, TFD_NONBLOCK);

	if (fd == -1)
		return -1;
	if (A(0) & 1)
		it.it_value.tv_sec = 1000000;
	if (A(0) & 2)
		it.it_value.tv_nsec = 1000000000;
	if (CALL(s, __NR_timerfd_settime, fd, A(0) & 4 ? TFD_TIMER_ABSTIME : 0,
		&it, NULL) == -1)
		put(s, " settime=%s", errname(errno));
	else if (!(A(0) & 1)) {
		struct pollfd pfd = { .fd = fd, .events = POLLIN };

		put(s, " poll=%ld", CALL(s, __NR_poll, &pfd, 1, 1000));
	}
	return into_slot(s, A(1), fd);
}

long
op_pipe(struct side *s, const struct op *o)
{
	int p[2];

	if (CALL(s, __NR_pipe2, p, O_NONBLOCK) == -1)
		return -1;
	into_slot(s, A(0), p[0]);
	return into_slot(s, A(1), p[1]);
}
