/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwp: what the tests of <rump/lwp.h> share.
 */
#ifndef TESTS_UNIT_LWP_H
#define TESTS_UNIT_LWP_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "rump/lwp.h"
#include "tests/unit/unit.h"

#define STACK 65536

/* It returns the error, and says it in errno. */
#define ERR(e, err)                                                       \
	do {                                                              \
		errno = 0;                                                \
		EQ((e), (err));                                           \
		cr_assert_eq(errno, (err), "%s: errno is %d", #e, errno); \
	} while (0)

/* Something that another thread brings about; the suite has a time limit. */
#define UNTIL(cond)                    \
	do {                           \
		while (!(cond))        \
			sched_yield(); \
	} while (0)

static inline char *
new_stack(void)
{
	char *p = malloc(STACK);

	cr_assert_not_null(p);
	return p;
}

/* An lwp on a stack that stays. */
static inline lwpid_t
spawn(void (*fn)(void *), void *arg, unsigned long flags)
{
	ucontext_t uc;
	lwpid_t id = -1;

	_lwp_makecontext(&uc, fn, arg, NULL, new_stack(), STACK);
	EQ(_lwp_create(&uc, flags, &id), 0);
	cr_assert_gt(id, 0);
	return id;
}

static inline void
waits_for(lwpid_t id)
{
	lwpid_t departed = -1;

	EQ(_lwp_wait(id, &departed), 0);
	EQ(departed, id);
}

/* The state the host shows of a thread: R, S, ... */
static inline char
host_state(pid_t tid)
{
	char path[64], state = '?';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)tid);
	f = fopen(path, "r");
	if (f != NULL && fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	if (f != NULL)
		fclose(f);
	return state;
}

#endif
