/* SPDX-License-Identifier: BSD-2-Clause */
/* child: the programs the benchmark runs, with and without the shim. */
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* How a program is started. */
enum how {
	PLAIN,
	SHIM,
	SHIM_PIPE, /* pipe() makes rump pipes */
	SHIM_SOCK, /* sockets are rump's */
	SHIM_INET  /* all but local ones are */
};

/* A program that answers each line with a line. */
struct child {
	pid_t ch_pid;
	FILE *ch_to;
	FILE *ch_from;
};

/* Find the build directory by this program's own path. */
void child_init(void);
/* A program of the benchmark, by its name in bench/. */
void child_start(struct child *, enum how, const char *prog, const char *arg1,
    const char *arg2);
/* The answer to a line (NULL: ask nothing); false: there is none. */
bool child_ask(struct child *, const char *line, char *answer, size_t size);
/* Let it end; its exit status. */
int child_end(struct child *);

#endif
