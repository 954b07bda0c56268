/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * crash: operations that a process may die in, and what must be true after.
 */
#ifndef TESTS_CRASH_H
#define TESTS_CRASH_H

#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "rumpkern/kmem.h"

#define TREE "/t/x" /* where an operation finds its fixture */

/* What the tree of names may look like after a death in the operation. */
enum outcome {
	OUT_ANY = 0, /* whatever the checker likes */
	OUT_ATOMIC,  /* as before, or as after */
	OUT_SAME     /* as before */
};

struct crashop {
	const char *op_name;
	enum outcome op_outcome;
	void (*op_prepare)(void); /* in the child, not armed yet */
	void (*op_run)(void);     /* in the child, dies somewhere here */
};

extern const struct crashop name_ops[], data_ops[], file_ops[], proc_ops[];

/* Every operation of all tables, in order; NULL after the last. */
const struct crashop *crash_op(size_t i);

/* Say why and end this process with status 2: for what must not fail. */
_Noreturn void crash_fail(const char *what, long value, int line);
#define MUST(e)                                          \
	do {                                             \
		long must_ = (long)(e);                  \
		if (must_ < 0)                           \
			crash_fail(#e, must_, __LINE__); \
	} while (0)

/* Boot a small kernel. */
void crash_boot(void);
/* Make the fixture below TREE; remove all of it. */
void crash_populate(void);
void crash_depopulate(void);
/* What a user can see below TREE, as text; static storage, two of them. */
const char *crash_snapshot(int which);
/* An access control list for a file or, by default, for what is in a directory. */
int crash_setacl(const char *path, const char *name);

/* What is allocated. */
struct counts {
	uint64_t ct_cache[KC_MAX];
	uint64_t ct_pages; /* other than those of slabs */
	uint64_t ct_slabs; /* pages of slabs */
};

void crash_count(struct counts *);
/* False, and what differs is said: something leaked. */
bool crash_same_counts(const struct counts *, const struct counts *);

enum death {
	LIVED = 0,
	DIED,
	BROKE
};

/*
 * Run the operation in a child that dies at its n-th point (0: never).  The
 * child has a proc of its own.  Nothing is reaped yet on return.
 */
enum death crash_child(const struct crashop *, uint64_t n);
/* The same for any function, in a proc of pid 1's descriptors. */
enum death crash_call(void (*fn)(void), uint64_t n);

/* How many points the operation has, and the function after its n-th. */
uint64_t crash_points(const struct crashop *);
uint64_t crash_reap_points(const struct crashop *, uint64_t n,
    void (*fn)(void));

/* Reap and check.  Returns the number of faults. */
int crash_check(void);

/* TAP. */
void tap_plan(int n);
bool tap_ok(bool ok, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void tap_diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int tap_done(void);

#endif
