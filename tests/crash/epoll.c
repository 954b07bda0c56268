/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process dies at each point of a call on an epoll set, or of one that wakes
 * it, and others that share the set find it whole: every item it has reports
 * what happens from then on, once.
 */
#include <sys/epoll.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/crash/crash.h"
#include "tests/crash/shared.h"

#define NPIPES 4

/* Of pid 1: all processes of the test share them. */
static int ep, inner, p[NPIPES][2];

static int
ctl(int set, int op, int fd, int name, uint32_t events)
{
	struct epoll_event ev = { .events = events };

	ev.data.u64 = name;
	return rump_sys_epoll_ctl(set, op, fd, &ev);
}

static void
open_pipe(int i)
{

	MUST(rump_sys_pipe2(p[i], O_NONBLOCK));
}

/* 0 level, 1 edge, 2 one-shot; 3 is in no set; inner is in ep. */
static void
set_up(void)
{
	static const uint32_t how[] = { 0, EPOLLET, EPOLLONESHOT };
	int i;

	ep = rump_sys_epoll_create1(0);
	MUST(ep);
	inner = rump_sys_epoll_create1(0);
	MUST(inner);
	for (i = 0; i < NPIPES; i++)
		open_pipe(i);
	for (i = 0; i < 3; i++)
		MUST(ctl(ep, EPOLL_CTL_ADD, p[i][0], i, EPOLLIN | how[i]));
	MUST(ctl(ep, EPOLL_CTL_ADD, inner, NPIPES, EPOLLIN));
	MUST(ctl(inner, EPOLL_CTL_ADD, p[0][0], 0, EPOLLIN));
}

static void
tear_down(void)
{
	int i;

	rump_sys_close(ep);
	rump_sys_close(inner);
	for (i = 0; i < NPIPES; i++) {
		rump_sys_close(p[i][0]);
		rump_sys_close(p[i][1]);
	}
}

/* --- What dies ---------------------------------------------------------------- */

static void
do_add(void)
{

	MUST(ctl(ep, EPOLL_CTL_ADD, p[3][0], 3, EPOLLIN));
	MUST(ctl(ep, EPOLL_CTL_ADD, p[3][1], 9, EPOLLOUT));
}

static void
do_modify(void)
{

	MUST(ctl(ep, EPOLL_CTL_MOD, p[0][0], 0, EPOLLIN | EPOLLET));
	MUST(ctl(ep, EPOLL_CTL_MOD, p[1][0], 1, EPOLLIN));
}

static void
do_delete(void)
{

	MUST(ctl(ep, EPOLL_CTL_DEL, p[0][0], 0, 0));
	MUST(ctl(ep, EPOLL_CTL_DEL, p[2][0], 0, 0));
}

static void
do_nest(void)
{

	MUST(ctl(ep, EPOLL_CTL_DEL, inner, 0, 0));
	MUST(ctl(ep, EPOLL_CTL_ADD, inner, NPIPES, EPOLLIN));
}

static void
do_wake(void)
{
	int i;

	for (i = 0; i < NPIPES; i++)
		MUST(rump_sys_write(p[i][1], "x", 1));
}

static void
do_wait(void)
{
	struct epoll_event ev[8];
	char c;

	do_wake();
	MUST(rump_sys_epoll_wait(ep, ev, 1, 0));
	MUST(rump_sys_epoll_wait(ep, ev, 8, 0));
	MUST(rump_sys_read(p[0][0], &c, 1));
	MUST(rump_sys_epoll_wait(ep, ev, 8, 0));
	MUST(rump_sys_epoll_wait(inner, ev, 8, 0));
}

static void
do_sleep(void)
{
	struct epoll_event ev;

	if (rump_sys_epoll_wait(ep, &ev, 1, 1) != 0)
		crash_fail("events", 0, __LINE__);
}

static void
do_close(void)
{

	MUST(rump_sys_close(p[0][0]));
	MUST(rump_sys_close(p[0][1]));
}

static void
do_close_inner(void)
{

	MUST(rump_sys_close(inner));
}

static void
do_close_set(void)
{

	MUST(rump_sys_close(ep));
}

/* --- Is the set whole? -------------------------------------------------------- */

static bool
wrong(const char *what, int i)
{

	tap_diag("%s: pipe %d", what, i);
	return false;
}

/* Each item there is reports a write, and no other does. */
static bool
reports(void)
{
	bool in[NPIPES], got[NPIPES + 1] = { false };
	struct epoll_event ev[16];
	int i, n;

	for (i = 0; i < NPIPES; i++) {
		in[i] = ctl(ep, EPOLL_CTL_MOD, p[i][0], i, EPOLLIN | EPOLLET) ==
		    0;
		if (!in[i] && errno != ENOENT && errno != EBADF)
			return wrong("EPOLL_CTL_MOD", i);
		rump_sys_write(p[i][1], "y", 1);
	}
	while ((n = rump_sys_epoll_wait(ep, ev, 16, 0)) > 0) {
		bool news = false;

		for (i = 0; i < n; i++) {
			if (ev[i].data.u64 >= NPIPES)
				continue;
			if (got[ev[i].data.u64])
				return wrong("twice", ev[i].data.u64);
			news = got[ev[i].data.u64] = true;
		}
		if (!news)
			break;
	}
	for (i = 0; n >= 0 && i < NPIPES; i++)
		if (in[i] != got[i])
			return wrong(in[i] ? "not told" : "told", i);
	return true;
}

static const struct sharedcall calls[] = {
	{ "adding", do_add },
	{ "modifying", do_modify },
	{ "deleting", do_delete },
	{ "sets in sets", do_nest },
	{ "events", do_wake },
	{ "waiting for events", do_wait },
	{ "sleeping", do_sleep },
	{ "closing a watched file", do_close },
	{ "closing an inner set", do_close_inner },
	{ "closing a set", do_close_set },
	{ NULL, NULL },
};

static const struct shared shared = {
	.sh_setup = set_up,
	.sh_teardown = tear_down,
	.sh_whole = reports,
	.sh_calls = calls,
	.sh_first = do_sleep,
};

int
main(int argc, char **argv)
{

	return shared_main(&shared, argc, argv);
}
