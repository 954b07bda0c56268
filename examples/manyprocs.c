/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * manyprocs: a hundred processes on one host thread, by turns.  Each has its
 * own descriptors, directory and user; between them the thread switches, which
 * costs a few nanoseconds.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/rump_syscalls.h>

#define PROCS 100
#define TURNS 10

/* A process in a directory of its own, with a log as its descriptor 0. */
static struct lwp *
begin(int number)
{
	char home[32];

	/* Without an lwp bound it becomes a child of pid 1. */
	rump_pub_lwproc_switch(NULL);
	errno = rump_pub_lwproc_rfork(RUMP_RFCFDG);
	if (errno != 0)
		err(1, "rump_pub_lwproc_rfork");
	snprintf(home, sizeof(home), "/home/%d", number);
	if (rump_sys_mkdir(home, 0700) != 0 || rump_sys_chdir(home) != 0 ||
	    rump_sys_chown(".", 1000 + number, 100) != 0 ||
	    rump_sys_setuid(1000 + number) != 0)
		err(1, "%s", home);
	if (rump_sys_open("log", O_RDWR | O_CREAT | O_APPEND, 0600) != 0)
		err(1, "%s/log", home);
	return rump_pub_lwproc_curlwp();
}

/* What the current process does in a turn. */
static void
take_turn(int turn)
{
	char line[64];

	snprintf(line, sizeof(line), "turn %d of user %d\n", turn,
	    (int)rump_sys_getuid());
	if (rump_sys_write(0, line, strlen(line)) < 0)
		err(1, "write");
}

int
main(void)
{
	struct lwp *proc[PROCS];
	long bytes = 0;
	int i, turn;

	errno = rump_init();
	if (errno != 0)
		err(1, "rump_init");
	if (rump_sys_mkdir("/home", 0755) != 0)
		err(1, "/home");
	for (i = 0; i < PROCS; i++)
		proc[i] = begin(i);
	for (turn = 0; turn < TURNS; turn++) {
		for (i = 0; i < PROCS; i++) {
			rump_pub_lwproc_switch(proc[i]);
			take_turn(turn);
		}
	}
	for (i = 0; i < PROCS; i++) {
		rump_pub_lwproc_switch(proc[i]);
		bytes += rump_sys_lseek(0, 0, SEEK_END);
		/* Its last lwp: the process ends and its file is closed. */
		rump_pub_lwproc_releaselwp();
	}
	printf("%d processes, %d turns, %ld bytes\n", PROCS, TURNS, bytes);
	return rump_kern_check() == 0 ? 0 : 1;
}
