/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that make, move, use and remove files which others watch, and close
 * the instances; then processes that do so and are killed.
 */
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/stress/stress.h"
#include "tests/stress/swarm.h"

static const char *
file(struct worker *wk)
{
	static const char *const names[] = { "a", "b", "c", "d/a", "d/b", "e/a",
		"e/b" };

	return names[rnd(wk, 7)];
}

/* Directories do not come into others: their tree would grow for ever. */
static const char *
dir(struct worker *wk)
{
	return rnd(wk, 2) == 0 ? "d" : "e";
}

static const char *
name(struct worker *wk)
{
	return rnd(wk, 3) != 0 ? file(wk) : rnd(wk, 2) == 0 ? dir(wk) : ".";
}

static long
on_names(struct worker *wk)
{
	switch (rnd(wk, 10)) {
	case 0:
	case 1:
		return rump_sys_mkdir(dir(wk), 0755);
	case 2:
		return rump_sys_rmdir(dir(wk));
	case 3:
	case 4:
		return rump_sys_unlink(name(wk));
	case 5:
		return rump_sys_link(file(wk), file(wk));
	case 6:
		return rump_sys_renameat2(AT_FDCWD, file(wk), AT_FDCWD,
		    file(wk), 2 /* RENAME_EXCHANGE */);
	case 7:
		return rump_sys_chmod(name(wk), 0755);
	case 8:
		return rump_sys_rename(dir(wk), dir(wk));
	default:
		return rump_sys_rename(file(wk), file(wk));
	}
}

static long
on_watches(struct worker *wk)
{
	static const uint32_t masks[] = { IN_ALL_EVENTS, IN_CREATE | IN_DELETE,
		IN_ALL_EVENTS | IN_ONESHOT, IN_MODIFY | IN_MASK_ADD,
		IN_ALL_EVENTS | IN_EXCL_UNLINK };

	switch (rnd(wk, 6)) {
	case 0:
		place(wk, rump_sys_inotify_init1(IN_NONBLOCK));
		return 0;
	case 1:
		return rump_sys_inotify_rm_watch(any(wk), 1 + rnd(wk, 20));
	default:
		return rump_sys_inotify_add_watch(any(wk), name(wk),
		    masks[rnd(wk, 5)]);
	}
}

static long
call(struct worker *wk)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLET };
	char buf[600];

	errno = 0;
	switch (rnd(wk, 12)) {
	case 0:
	case 1:
		place(wk, rump_sys_open(name(wk), O_RDWR | O_CREAT, 0644));
		return 0;
	case 2:
		return rump_sys_close(any(wk));
	case 3:
	case 4:
	case 5:
		return on_names(wk);
	case 6:
	case 7:
		return on_watches(wk);
	case 8:
		return rump_sys_write(any(wk), "text", 4);
	case 9:
		place(wk, rump_sys_epoll_create1(0));
		return rump_sys_epoll_ctl(any(wk), EPOLL_CTL_ADD, any(wk), &ev);
	case 10:
		return rump_sys_epoll_wait(any(wk), &ev, 1, 0);
	default:
		return rump_sys_read(any(wk), buf, sizeof(buf));
	}
}

static const int errnos[] = { EAGAIN, EBADF, EBUSY, EEXIST, EINTR, EINVAL,
	EISDIR, ELOOP, EMFILE, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EXDEV, 0 };

static const struct swarm swarm = {
	.sw_call = call,
	.sw_errnos = errnos,
	.sw_nfds = 40,
	.sw_procs = 4,
	.sw_threads = 3,
	.sw_kills = 300,
	.sw_seconds = 5,
};

/* The directory where stress_clean() removes everything is the current one. */
static bool
clean(void)
{
	return rump_sys_chdir("/") == 0 && stress_clean() &&
	    rump_sys_chdir("/stress") == 0;
}

int
main(void)
{
	bool ok = true;

	printf("1..4\n");
	swarm_boot();
	ok &= rump_sys_chdir("/stress") == 0;
	ok &= tap_ok(swarm_run(&swarm), "files that change while watched");
	ok &= tap_ok(clean(), "nothing is left of them");
	ok &= tap_ok(swarm_kill(&swarm), "processes that die with watches");
	ok &= tap_ok(clean(), "nothing is left of the dead");
	return !ok;
}
