/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads of one process at work on the same names and descriptors: each with
 * a proc of its own, then all in one, so that they close what others use.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/stress/stress.h"

#define THREADS 6
#ifdef __SANITIZE_THREAD__
#define CALLS 10000
#else
#define CALLS 100000
#endif

struct job {
	pthread_t td;
	int number;
	int pid; /* of the proc to join, or 0 */
	bool ok;
};

static void *
work(void *arg)
{
	struct job *j = arg;
	int error;

	error = j->pid != 0 ? rump_pub_lwproc_newlwp(j->pid) :
			      rump_pub_lwproc_rfork(RUMP_RFCFDG);
	j->ok = error == 0 && stress_work(j->number + 1, CALLS);
	rump_pub_lwproc_releaselwp();
	lwp_detach();
	return NULL;
}

static bool
run(int pid)
{
	struct job job[THREADS];
	bool ok = true;
	int i;

	for (i = 0; i < THREADS; i++) {
		job[i] = (struct job){ .number = i, .pid = pid };
		if (pthread_create(&job[i].td, NULL, work, &job[i]) != 0)
			abort();
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(job[i].td, NULL);
		ok = ok && job[i].ok;
	}
	return ok;
}

int
main(void)
{
	bool ok = true;

	printf("1..4\n");
	stress_boot();
	ok &= tap_ok(run(0), "threads with procs of their own");
	ok &= tap_ok(stress_clean(), "nothing is left of them");
	rump_pub_lwproc_rfork(RUMP_RFCFDG);
	ok &= tap_ok(run(rump_sys_getpid()), "threads of one proc");
	rump_pub_lwproc_releaselwp();
	ok &= tap_ok(stress_clean(), "nothing is left of it");
	return !ok;
}
