/* SPDX-License-Identifier: BSD-2-Clause */
/* sockops: random calls on sockets of all kinds, for a swarm. */
#ifndef TESTS_STRESS_SOCKOPS_H
#define TESTS_STRESS_SOCKOPS_H

#include "tests/stress/swarm.h"

#define SOCKS_DIR   "socks" /* where the local ones are bound */
#define SOCKS_NAMES 4

/* A call that makes, names or connects one, or passes data. */
long sock_call(struct worker *);
/* What they may fail with. */
extern const int sock_errnos[];

void sock_names_remove(void);

#endif
