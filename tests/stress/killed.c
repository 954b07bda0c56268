/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes at work on the same names, killed at any moment and replaced by
 * new ones; the kernel stays whole and keeps nothing of them.
 *
 * usage: killed [SECONDS]
 */
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lwproc/proc.h"
#include "rump/rump.h"
#include "tests/stress/stress.h"

#define PROCS   4
#define SECONDS 15
#define ROUND   40 /* kills between two checks */

static pid_t child[PROCS];
static uint64_t seed = 88172645463325252u;

static uint64_t
rnd(void)
{

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static pid_t
start(void)
{
	uint64_t s = rnd();
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid != 0)
		return pid;
	if (lwproc_attach() != 0)
		_exit(1);
	if (rump_pub_lwproc_rfork(RUMP_RFCFDG) != 0)
		_exit(1);
	while (stress_work(s++, 1000))
		continue;
	_exit(1);
}

/* false: it had ended by itself. */
static bool
kill_one(int i)
{
	int status;

	kill(child[i], SIGKILL);
	if (waitpid(child[i], &status, 0) != child[i])
		return false;
	child[i] = 0;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

/* A while of killing, with everyone dead at the end. */
static bool
one_round(void)
{
	struct timespec ts = { 0, 0 };
	bool ok = true;
	int i, n;

	for (n = 0; n < ROUND && ok; n++) {
		for (i = 0; i < PROCS; i++)
			if (child[i] == 0)
				child[i] = start();
		ts.tv_nsec = rnd() % 20000000;
		nanosleep(&ts, NULL);
		ok = kill_one(rnd() % PROCS);
		if (rnd() % 2)
			reap_all();
	}
	for (i = 0; i < PROCS; i++)
		if (child[i] != 0)
			ok = kill_one(i) && ok;
	return ok;
}

int
main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : SECONDS);
	bool ran = true, clean = true;
	int rounds = 0;

	printf("1..2\n");
	stress_boot();
	while (ran && clean && time(NULL) < end) {
		ran = one_round();
		clean = stress_clean();
		rounds++;
	}
	printf("# %d kills\n", rounds * (ROUND + PROCS - 1));
	ran = tap_ok(ran, "no process fails, or stops, for another's death");
	return !(tap_ok(clean, "nothing is left of the dead") && ran);
}
