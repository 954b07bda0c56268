/* SPDX-License-Identifier: BSD-2-Clause */
/* traceval: a call that is being shown, and the structures it points to. */
#ifndef SYSCALLS_TRACEVAL_H
#define SYSCALLS_TRACEVAL_H

#include "syscalls/sysdef.h"
#include "syscalls/tracebuf.h"

struct trace {
	struct tracebuf t_tb;
	const struct sysdesc *t_desc;
	const long *t_args;
	long t_ret;
	int t_rsys;
	bool t_failed;
};

/* The number that argument i, from 0, has for its length. */
size_t trace_length(const struct trace *, int i);

/* Show argument i as the structure it points to; an address if it cannot. */
void traceval_iovin(struct trace *, int i);
void traceval_iovout(struct trace *, int i);
void traceval_addrin(struct trace *, int i);
void traceval_stat(struct trace *, int i);
void traceval_statx(struct trace *, int i);
void traceval_timespecs(struct trace *, int i);
void traceval_fdpair(struct trace *, int i);
void traceval_pollfds(struct trace *, int i);
void traceval_fdset(struct trace *, int i);
void traceval_argv(struct trace *, int i);
void traceval_lock(struct trace *, int i);

#endif
