/* SPDX-License-Identifier: BSD-2-Clause */
/* tree: whole commands on a real tree of files. */
#ifndef BENCH_TREE_H
#define BENCH_TREE_H

#include <stdbool.h>

/*
 * The rows of /usr/include and their results in ms.  One round does all of
 * them, each round in a kernel of its own.
 */
#define TREE_STEPS 6

struct tree_step {
	const char *ts_row;
	double ts_host;
	double ts_rump;
};

/* Fills TREE_STEPS of them.  false: a command failed. */
bool tree_measure(struct tree_step *steps);

#endif
