/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bell: a thread's death wakes somebody.
 *
 * The host looks through a dying thread's list of robust futexes, and at the
 * one that was being locked or unlocked (rb_pending): if that is 0 its owner
 * may have been about to wake a waiter, and the host does so.  The bell is such
 * a futex for ever.  libc has a list for each of its threads, whose rb_pending
 * is NULL outside of its own operations.
 */
#include <asm/unistd.h>

#include "rumpuser/rumpuser.h"

static struct rumpuser_robust *
own_list(void)
{
	struct rumpuser_robust *rb = NULL;
	size_t size;

	if (rumpuser_syscall(__NR_get_robust_list, 0, (long)&rb, (long)&size, 0,
		0, 0) != 0)
		return NULL;
	return rb;
}

static void *
pending(const struct rumpuser_robust *rb, uint32_t *bell)
{

	return (char *)bell - rb->rb_offset;
}

void
rumpuser_bell_arm(uint32_t *bell, struct rumpuser_robust *rb)
{
	struct rumpuser_robust *own = own_list();

	if (own == NULL) {
		/* Everybody stores the same. */
		__atomic_store_n(&rb->rb_list, &rb->rb_list, __ATOMIC_RELAXED);
		__atomic_store_n(&rb->rb_pending, pending(rb, bell),
		    __ATOMIC_RELAXED);
		rumpuser_syscall(__NR_set_robust_list, (long)rb, sizeof(*rb), 0,
		    0, 0, 0);
	} else if (own->rb_pending == NULL)
		own->rb_pending = pending(own, bell);
}

void
rumpuser_bell_disarm(uint32_t *bell, struct rumpuser_robust *rb)
{
	struct rumpuser_robust *own = own_list();

	if (own == rb)
		rumpuser_syscall(__NR_set_robust_list, 0, sizeof(*own), 0, 0, 0,
		    0);
	else if (own != NULL && own->rb_pending == pending(own, bell))
		own->rb_pending = NULL;
}
