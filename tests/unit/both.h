/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * both: the same work on the host and on the rump kernel, and whether they say
 * the same.
 */
#ifndef TESTS_BOTH_H
#define TESTS_BOTH_H

#include "tests/unit/unit.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <poll.h>
#include <stdarg.h>

/* Calls of either kernel. */
struct side {
	int (*close)(int);
	ssize_t (*read)(int, void *, size_t);
	ssize_t (*write)(int, const void *, size_t);
	int (*pipe2)(int *, int);
	int (*dup)(int);
	int (*socketpair)(int, int, int, int *);
	int (*open)(const char *, int, ...);
	int (*fcntl)(int, int, ...);
	int (*epoll_create)(int);
	int (*epoll_create1)(int);
	int (*epoll_ctl)(int, int, int, struct epoll_event *);
	int (*epoll_wait)(int, struct epoll_event *, int, int);
	int (*poll)(struct pollfd *, nfds_t, int);
	int (*select)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
	int (*eventfd)(unsigned, int);
	int (*timerfd_create)(int, int);
	int (*timerfd_settime)(int, int, const struct itimerspec *,
	    struct itimerspec *);
	int (*timerfd_gettime)(int, struct itimerspec *);
};

static const struct side sides[2] = {
	{ close, read, write, pipe2, dup, socketpair, open, fcntl, epoll_create,
	    epoll_create1, epoll_ctl, epoll_wait, poll, select, eventfd,
	    timerfd_create, timerfd_settime, timerfd_gettime },
	{ rump_sys_close, rump_sys_read, rump_sys_write, rump_sys_pipe2,
	    rump_sys_dup, rump_sys_socketpair, rump_sys_open, rump_sys_fcntl,
	    rump_sys_epoll_create, rump_sys_epoll_create1, rump_sys_epoll_ctl,
	    rump_sys_epoll_wait, rump_sys_poll, rump_sys_select,
	    rump_sys_eventfd2, rump_sys_timerfd_create,
	    rump_sys_timerfd_settime, rump_sys_timerfd_gettime },
};

static char story[2][20000], *story_at;

/* Add to what this side says. */
static inline void __attribute__((format(printf, 1, 2)))
say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	story_at += vsprintf(story_at, fmt, ap);
	va_end(ap);
}

/* The result of a call, and its errno. */
#define SAY(e)                                               \
	__extension__({                                      \
		errno = 0;                                   \
		long say_ = (long)(e);                       \
		say("%d: %s: %ld %s\n", __LINE__, #e, say_,  \
		    say_ < 0 ? strerrorname_np(errno) : ""); \
		say_;                                        \
	})

/* Both sides do it, and say the same. */
static inline void
both(void (*fn)(const struct side *))
{
	int i;

	for (i = 0; i < 2; i++) {
		story_at = story[i];
		fn(&sides[i]);
	}
	cr_assert_str_eq(story[1], story[0], "rump:\n%s\nhost:\n%s", story[1],
	    story[0]);
}

/* What the set has: data and events, each of one character and a number. */
static inline void
say_events(const struct side *s, int ep, int max, int ms)
{
	struct epoll_event ev[64];
	int i, n = s->epoll_wait(ep, ev, max, ms);

	say("%d events:", n);
	for (i = 0; i < n; i++)
		say(" %c:%x", (int)ev[i].data.u32, ev[i].events);
	say("\n");
}

static inline int
ctl(const struct side *s, int ep, int op, int fd, char name, uint32_t events)
{
	struct epoll_event ev = { .events = events };

	ev.data.u64 = name;
	return s->epoll_ctl(ep, op, fd, &ev);
}

#endif
