/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * klog: the undo log and what a cpu has in hand.  Any process may be killed
 * at any instruction; these two records keep the kernel whole.
 *
 * Theory of operation
 *
 *	An operation on kernel metadata runs in this order:
 *	1. look: take the locks it needs (they may stay held), find things;
 *	2. allocate all that it will link (kmem_alloc() and friends; each is a
 *	   small operation of its own and leaves the object in hand);
 *	3. change: write every metadata word with KSET() (or klog_save()
 *	   first); link allocated objects and khand_drop() them; unlink old
 *	   ones and khand_add() them;
 *	4. klog_commit();
 *	5. let go of the locks;
 *	6. release what is in hand (kmem_free(), vnode_rele() ...).
 *	If the process dies in 3 the reaper rolls the log back, and it frees
 *	what is in hand in any case.  Never allocate or free with an uncommitted
 *	log (asserted), never let go of a lock before the commit, never change
 *	under a lock that was let go and taken again without a commit between.
 *	A commit may come several times under one lock, whenever the
 *	structures are whole; a long operation (more than KLOG_MAX/2 words) must.
 *
 *	Memory that nobody else can reach yet (a fresh object in hand) is
 *	written without the log.  Bulk data needs none: it is published by
 *	one store.
 *
 *	On an error in step 3 (there should be none) use klog_rollback().
 */
#ifndef RUMPKERN_KLOG_H
#define RUMPKERN_KLOG_H

#include "rumpkern/kern.h"
#include "rumpkern/cpu.h"

/* Save the old value of a 1-, 2-, 4- or 8-byte word of the arena. */
static inline void klog_save(void *addr, size_t size);

/*
 * Set a metadata word, remembering the old value.  It is a release: who reads
 * the word without the lock (an acquire) sees what it leads to.
 */
#define KSET(lv, val)                                             \
	do {                                                      \
		klog_save(&(lv), sizeof(lv));                     \
		__atomic_store_n(&(lv), (val), __ATOMIC_RELEASE); \
		klog_point();                                     \
	} while (0)

void klog_full(void);
void klog_crashpoint(void);

static inline void
klog_point(void)
{
#if RUMP_CRASHTEST
	klog_crashpoint();
#endif
}

static inline void
klog_save(void *addr, size_t size)
{
	struct cpu *c = curcpu();
	uint32_t n = c->c_nlog;
	struct klogent *e = &c->c_log[n];

	if (unlikely(n == KLOG_MAX))
		klog_full();
	/* Addresses have 47 bits: the size goes above them. */
	e->kl_addr = (uint64_t)(uintptr_t)addr | (uint64_t)size << 56;
	switch (size) {
	case 1:
		e->kl_old = *(volatile uint8_t *)addr;
		break;
	case 2:
		e->kl_old = *(volatile uint16_t *)addr;
		break;
	case 4:
		e->kl_old = *(volatile uint32_t *)addr;
		break;
	default:
		e->kl_old = *(volatile uint64_t *)addr;
		break;
	}
	kbarrier();
	*(volatile uint32_t *)&c->c_nlog = n + 1;
	kbarrier();
	klog_point();
}

/* The commit point: what was changed stays. */
static inline void
klog_commit(void)
{
	kbarrier();
	*(volatile uint32_t *)&curcpu()->c_nlog = 0;
	kbarrier();
	klog_point();
}

static inline bool
klog_empty(void)
{
	return curcpu()->c_nlog == 0;
}

/* How many words were saved since the last commit. */
static inline uint32_t
klog_used(void)
{
	return curcpu()->c_nlog;
}

/* Put everything back to the last commit: own cpu, or a dead one's. */
void klog_rollback(struct cpu *);

/*
 * What a cpu has in hand.  Add and drop are logged like any other change, so
 * they take part in the commit.  Dropping says that it is linked now.
 */
void khand_add(enum khand kind, void *obj);
void khand_drop(void *obj);
bool khand_has(const void *obj);
/* Logged: the same object under another address (page runs that shrink). */
void khand_rename(void *obj, void *as);

/*
 * Release an object in hand according to its kind (the ops table below) and
 * take it out of hand.  The log must be empty.
 */
void khand_release(void *obj);
/* All of them, newest first: for error paths and the reaper. */
void khand_release_to(uint32_t mark);
uint32_t khand_mark(void);

/*
 * How to release an object of a kind: called with an empty log and no locks;
 * must end with the object out of hand, in the same commit as its last
 * change.  Defined once, in syscalls/handops.c.
 */
extern void (*const khand_ops[KHAND_MAX])(void *);

#endif
