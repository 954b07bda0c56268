/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads of one proc that put files into epoll sets, and sets into sets, close
 * what others watch and wait on, and wait; then processes that do so with the
 * same descriptors and are killed.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/stress/stress.h"
#include "tests/stress/swarm.h"

static void
make(struct worker *wk)
{
	struct itimerspec its = { .it_value.tv_nsec = 1 + rnd(wk, 300000),
		.it_interval.tv_nsec = 100000 };
	int p[2], fd;

	switch (rnd(wk, 5)) {
	case 0:
		if (rump_sys_pipe2(p, O_NONBLOCK) == 0) {
			place(wk, p[0]);
			place(wk, p[1]);
		}
		break;
	case 1:
		if (rump_sys_socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			p) == 0) {
			place(wk, p[0]);
			place(wk, p[1]);
		}
		break;
	case 2:
		place(wk, rump_sys_epoll_create1(0));
		break;
	case 3:
		place(wk, rump_sys_eventfd2(0, EFD_NONBLOCK));
		break;
	default:
		fd = rump_sys_timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
		if (fd >= 0)
			rump_sys_timerfd_settime(fd, 0, &its, NULL);
		place(wk, fd);
	}
}

static long
change(struct worker *wk)
{
	static const uint32_t events[] = { EPOLLIN, EPOLLIN | EPOLLOUT,
		EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT,
		EPOLLIN | EPOLLEXCLUSIVE, EPOLLOUT | EPOLLET };
	static const int ops[] = { EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD,
		EPOLL_CTL_DEL };
	struct epoll_event ev = { .events = events[rnd(wk, 6)] };

	return rump_sys_epoll_ctl(any(wk), ops[rnd(wk, 4)], any(wk), &ev);
}

static long
call(struct worker *wk)
{
	struct epoll_event ev[8];
	struct pollfd pf[2] = { { .fd = any(wk), .events = POLLIN },
		{ .fd = any(wk), .events = POLLOUT | POLLIN } };
	uint64_t one = 1;

	errno = 0;
	switch (rnd(wk, 10)) {
	case 0:
		make(wk);
		return 0;
	case 1:
		return rump_sys_close(any(wk));
	case 2:
	case 3:
	case 4:
		return change(wk);
	case 5:
		return rump_sys_epoll_wait(any(wk), ev, 1 + rnd(wk, 8),
		    rnd(wk, 10) == 0);
	case 6:
		return rump_sys_poll(pf, 2, rnd(wk, 10) == 0);
	case 7:
	case 8:
		return rump_sys_write(any(wk), &one, 8);
	default:
		return rump_sys_read(any(wk), &one, 8);
	}
}

static const int errnos[] = { EAGAIN, EBADF, ECONNRESET, EEXIST, EINTR, EINVAL,
	ELOOP, ENOENT, EPERM, EPIPE, 0 };

static const struct swarm swarm = {
	.sw_call = call,
	.sw_errnos = errnos,
	.sw_nfds = 40,
	.sw_procs = 4,
	.sw_threads = 3,
	.sw_kills = 300,
	.sw_seconds = 5,
};

int
main(void)
{
	bool ok = true;

	printf("1..4\n");
	swarm_boot();
	ok &= tap_ok(swarm_run(&swarm), "sets that change while waited on");
	ok &= tap_ok(stress_clean(), "nothing is left of them");
	ok &= tap_ok(swarm_kill(&swarm), "processes that die with sets");
	ok &= tap_ok(stress_clean(), "nothing is left of the dead");
	return !ok;
}
