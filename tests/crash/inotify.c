/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process dies at each point of a call on an instance of inotify, or of one
 * that an instance is told of: watches and queues are whole, and what happens
 * from then on is told.
 */
#include <sys/inotify.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/crash/crash.h"
#include "tests/crash/shared.h"

/* Of pid 1: all processes of the test share them. */
static int in, other, wdir, wfile, fd;

static void
put_file(const char *name)
{
	int f = rump_sys_open(name, O_WRONLY | O_CREAT, 0644);

	MUST(f);
	MUST(rump_sys_write(f, "x", 1));
	MUST(rump_sys_close(f));
}

static int
watch(int set, const char *name)
{
	int wd = rump_sys_inotify_add_watch(set, name, IN_ALL_EVENTS);

	MUST(wd);
	return wd;
}

/* /w with a file f, which is open, a directory d, and watches of all. */
static void
set_up(void)
{
	static int grown;

	/* The index of / grows by its names: not any more from then on. */
	for (; grown < 4200; grown++) {
		MUST(rump_sys_mkdir("/w", 0755));
		MUST(rump_sys_rmdir("/w"));
	}
	MUST(rump_sys_mkdir("/w", 0755));
	MUST(rump_sys_mkdir("/w/d", 0755));
	put_file("/w/f");
	put_file("/w/g");
	in = rump_sys_inotify_init1(IN_NONBLOCK);
	MUST(in);
	other = rump_sys_inotify_init1(IN_NONBLOCK);
	MUST(other);
	wdir = watch(in, "/w");
	wfile = watch(in, "/w/f");
	watch(other, "/w/f");
	watch(other, "/w/d");
	fd = rump_sys_open("/w/f", O_RDWR);
	MUST(fd);
}

static void
tear_down(void)
{
	static const char *const files[] = { "/w/f", "/w/g", "/w/h", "/w/d/f",
		"/w/d/g", "/w/d/d" };
	size_t i;

	/* The dead one's descriptors are pid 1's. */
	for (i = 1; i < 4; i++)
		rump_sys_close(fd + i);
	rump_sys_close(fd);
	rump_sys_close(in);
	rump_sys_close(other);
	for (i = 0; i < nelem(files); i++)
		if (rump_sys_unlink(files[i]) != 0)
			rump_sys_rmdir(files[i]);
	rump_sys_rmdir("/w/d");
	MUST(rump_sys_rmdir("/w"));
}

/* --- What dies ---------------------------------------------------------------- */

static void
do_add(void)
{
	watch(in, "/w/g");
	watch(other, "/w");
	watch(in, "/w");
}

static void
do_rm(void)
{
	MUST(rump_sys_inotify_rm_watch(in, wfile));
	MUST(rump_sys_inotify_rm_watch(in, wdir));
}

static void
do_events(void)
{
	char c;

	MUST(rump_sys_pread64(fd, &c, 1, 0));
	MUST(rump_sys_write(fd, "y", 1));
	MUST(rump_sys_fchmod(fd, 0600));
	put_file("/w/h");
}

static void
do_oneshot(void)
{
	MUST(rump_sys_inotify_add_watch(in, "/w/f", IN_ONESHOT | IN_ATTRIB));
	MUST(rump_sys_fchmod(fd, 0600));
}

static void
do_names(void)
{
	MUST(rump_sys_mkdir("/w/d/d", 0755));
	MUST(rump_sys_link("/w/g", "/w/d/g"));
	MUST(rump_sys_rename("/w/f", "/w/d/f"));
	MUST(rump_sys_rename("/w/d/f", "/w/g"));
	MUST(rump_sys_rmdir("/w/d/d"));
}

/* The open file keeps its name; what is not open goes with its watch. */
static void
do_unlink(void)
{
	watch(in, "/w/g");
	MUST(rump_sys_unlink("/w/f"));
	MUST(rump_sys_unlink("/w/g"));
	MUST(rump_sys_rmdir("/w/d"));
}

static void
do_unlinked(void)
{
	MUST(rump_sys_unlink("/w/f"));
	MUST(rump_sys_write(fd, "y", 1));
	MUST(rump_sys_close(fd));
}

/* Another file gets the name of one that is open. */
static void
do_replace(void)
{
	MUST(rump_sys_rename("/w/g", "/w/f"));
	MUST(rump_sys_close(fd));
}

static void
do_read(void)
{
	char buf[64];

	do_events();
	MUST(rump_sys_read(in, buf, sizeof(buf)));
	while (rump_sys_read(in, buf, sizeof(buf)) > 0)
		continue;
}

static void
do_close(void)
{
	do_events();
	MUST(rump_sys_close(in));
}

/* Signals of a directory; nobody waits for them. */
static void
do_signals(void)
{
	int d = rump_sys_open("/w", O_RDONLY);

	MUST(d);
	MUST(rump_sys_fcntl(d, F_NOTIFY, DN_CREATE | DN_RENAME));
	MUST(rump_sys_fcntl(d, F_NOTIFY, DN_CREATE | DN_MODIFY));
	MUST(rump_sys_rename("/w/g", "/w/h"));
	MUST(rump_sys_mkdir("/w/d/d", 0755));
	MUST(rump_sys_fcntl(d, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	MUST(rump_sys_rename("/w/h", "/w/g"));
	MUST(rump_sys_close(d));
}

static void
do_init(void)
{
	MUST(rump_sys_inotify_init1(IN_NONBLOCK));
}

/* --- Are they whole? ---------------------------------------------------------- */

/* How many events of this kind there are in the queue; all are taken. */
static int
events(int set, uint32_t mask)
{
	char buf[4096] __attribute__((aligned(8)));
	struct inotify_event *ev;
	ssize_t len, at;
	int n = 0;

	while ((len = rump_sys_read(set, buf, sizeof(buf))) > 0) {
		for (at = 0; at < len; at += sizeof(*ev) + ev->len) {
			ev = (struct inotify_event *)(buf + at);
			n += (ev->mask & mask) != 0;
		}
	}
	return n;
}

/* A new watch, or what is left of the old, tells once. */
static bool
tells(void)
{
	if (rump_sys_inotify_add_watch(in, "/w", IN_CREATE) < 0)
		return errno == EBADF; /* closed */
	events(in, 0);
	MUST(rump_sys_mkdir("/w/new", 0755));
	MUST(rump_sys_rmdir("/w/new"));
	if (events(in, IN_CREATE) == 1)
		return true;
	tap_diag("a name was not told of once");
	return false;
}

static const struct sharedcall calls[] = {
	{ "adding watches", do_add },
	{ "removing watches", do_rm },
	{ "events of a file", do_events },
	{ "a watch for once", do_oneshot },
	{ "events of names", do_names },
	{ "removal of what is watched", do_unlink },
	{ "a file without a name", do_unlinked },
	{ "a name that is taken over", do_replace },
	{ "reading", do_read },
	{ "closing", do_close },
	{ "signals of a directory", do_signals },
	{ "making", do_init },
	{ NULL, NULL },
};

static const struct shared shared = {
	.sh_setup = set_up,
	.sh_teardown = tear_down,
	.sh_whole = tells,
	.sh_calls = calls,
	.sh_first = do_names,
};

int
main(int argc, char **argv)
{

	signal(SIGIO, SIG_IGN); /* do_signals()' watches outlive who dies */
	return shared_main(&shared, argc, argv);
}
