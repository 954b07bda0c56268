/* SPDX-License-Identifier: BSD-2-Clause */
/* tree: whole commands on a real tree of files. */
#ifndef BENCH_TREE_H
#define BENCH_TREE_H

#include <stdbool.h>

/*
 * The rows of /usr/include and their results in ms.  One kernel does all
 * rounds; the rows whose names end in _new have one each.
 */
#define TREE_STEPS 7

struct tree_step {
	const char *ts_row;
	double ts_host;
	double ts_rump;
};

/* Fills TREE_STEPS of them.  false: a command failed. */
bool tree_measure(struct tree_step *steps);

#endif
