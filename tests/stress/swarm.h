/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * swarm: threads and processes that make random calls on the same descriptors,
 * while each closes and replaces what others use; and processes that are killed
 * at it.
 */
#ifndef TESTS_STRESS_SWARM_H
#define TESTS_STRESS_SWARM_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/* Who makes the calls. */
struct worker {
	const struct swarm *wk_swarm;
	pthread_t wk_td;
	uint64_t wk_seed;
	int wk_pid; /* the proc it works in */
	bool wk_ok;
};

struct swarm {
	/* One random call; -1 and errno. */
	long (*sw_call)(struct worker *);
	/* What it may fail with; 0 at the end. */
	const int *sw_errnos;
	int sw_nfds; /* descriptors everybody fights for */
	int sw_procs, sw_threads, sw_kills;
	double sw_seconds; /* RUMP_STRESS_SECONDS instead, if it is set */
};

uint32_t rnd(struct worker *, uint32_t n);
/* One of the descriptors. */
int any(struct worker *);
/* Put what was made at one of the numbers; what was there is closed. */
void place(struct worker *, int fd);

/* Boot with a table of descriptors that is large enough from the start. */
void swarm_boot(void);
/*
 * Processes with threads in one proc.  False: a call failed oddly.  Under
 * ThreadSanitizer one process: it does not see what another one's threads put
 * in order, and calls it a race.
 */
bool swarm_run(const struct swarm *);
/* Processes with the descriptors of pid 1, killed and replaced. */
bool swarm_kill(const struct swarm *);

#endif
