/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process dies in each operation, at some points of it, and others that want
 * the same locks and names, and do not wait for anybody to reap, go on within
 * a second.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/crash/crash.h"

#define POINTS 6 /* tried of each operation */
#define SECOND 1000000000L

static long
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SECOND + ts.tv_nsec;
}

/* Goes through every lock of the kernel that others may want. */
static void
want_locks(void)
{
	long start = now();
	int fd, p[2];

	MUST(-rump_pub_lwproc_rfork(RUMP_RFCFDG));
	fd = rump_sys_open(TREE "/waiter", O_CREAT | O_RDWR, 0600);
	MUST(fd);
	MUST(rump_sys_write(fd, "hello", 5));
	MUST(rump_sys_rename(TREE "/waiter", TREE "/waiter2"));
	MUST(rump_sys_unlink(TREE "/waiter2"));
	MUST(rump_sys_close(fd));
	MUST(rump_sys_pipe(p));
	MUST(rump_sys_write(p[1], "x", 1));
	MUST(rump_sys_mkdir(TREE "/wd", 0700));
	MUST(rump_sys_rmdir(TREE "/wd"));
	rump_pub_lwproc_releaselwp();
	if (now() - start > SECOND)
		crash_fail("too slow, in ns", now() - start, __LINE__);
}

static bool
one(const struct crashop *op, uint64_t n)
{
	enum death how;
	bool ok;
	int bad;

	crash_populate();
	how = crash_child(op, n);
	ok = how != BROKE && crash_call(want_locks, 0) == LIVED;
	bad = crash_check();
	crash_depopulate();
	bad += crash_check();
	if (!ok || bad != 0)
		tap_diag("%s: dead at point %lu, %d faults", op->op_name, n,
		    bad);
	return ok && bad == 0;
}

int
main(int argc, char **argv)
{
	const struct crashop *op;
	size_t i, n;
	uint64_t end;
	bool ok;

	crash_boot();
	for (n = 0; crash_op(n) != NULL; n++)
		continue;
	tap_plan(argc < 2 ? n : 1);
	for (i = 0; i < n; i++) {
		op = crash_op(i);
		if (argc > 1 && strcmp(op->op_name, argv[1]) != 0)
			continue;
		ok = true;
		end = crash_points(op);
		for (uint64_t k = 0; k < POINTS && ok; k++)
			ok = one(op, 1 + k * end / POINTS);
		tap_ok(ok, "%s: nobody waits for the dead", op->op_name);
	}
	return tap_done();
}
