/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs_page: the pages of a regular file, between tmpfs_data.c, tmpfs_idle.c
 * and tmpfs_size.c.  All but the first function want v_lock.
 */
#ifndef RUMPVFS_TMPFS_PAGE_H
#define RUMPVFS_TMPFS_PAGE_H

#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpvfs/tmpfs_data.h"

/*
 * Does a word lead to bytes?  Not for a hole, nor for an unwritten page, nor for
 * what a reader without the lock may see in a tree that changes.
 */
static inline bool
pageword_data(uint64_t word)
{

	return word - ARENA_BASE < ARENA->a_map.am_size &&
	    (word & KPAGE_MASK) == 0;
}

static inline uint64_t
pages_for(uint64_t size)
{

	return (size + KPAGE_MASK) >> KPAGE_SHIFT;
}

/*
 * A reader without the lock must read again if it met what follows.  v_seq is
 * not logged: after a death in the middle it stays odd, readers take the lock,
 * and who has it knows that nothing is under way.
 */
static inline void
tmpfs_seq_begin(struct vnode *vp)
{
	uint32_t seq;

	seq = atomic_load_explicit(&vp->v_seq, memory_order_relaxed);
	atomic_store_explicit(&vp->v_seq, seq | 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static inline void
tmpfs_seq_end(struct vnode *vp)
{
	uint32_t seq;

	seq = atomic_load_explicit(&vp->v_seq, memory_order_relaxed);
	atomic_store_explicit(&vp->v_seq, (seq | 1) + 1, memory_order_release);
}

static inline void
tmpfs_seq_repair(struct vnode *vp)
{

	if (atomic_load_explicit(&vp->v_seq, memory_order_relaxed) & 1)
		tmpfs_seq_end(vp);
}

/* How many of the n pages from index on are missing before one is there. */
size_t tmpfs_holes(const struct vnode *, uint64_t index, size_t n);

/*
 * Logged: link the first `kept' of the n fresh pages in hand, from index on;
 * the others stay in hand.  After the commit comes tmpfs_linked().
 */
void tmpfs_link(struct vnode *, uint64_t index, void *first, size_t n,
    size_t kept, uint64_t flag, struct radix_reserve *);
void tmpfs_linked(struct vnode *, void *first, size_t n, size_t kept);

/* tmpfs_idle.c; all with an empty log. */
void tmpfs_idle_look_slow(struct vnode *, uint64_t from, uint64_t to);

/*
 * Idle pages among [from, to) that were touched become data.  Not beyond the
 * end of the file: there, what is in them does not matter.
 */
static inline void
tmpfs_idle_look(struct vnode *vp, uint64_t from, uint64_t to)
{

	if (unlikely(vp->v_nidle > 0))
		tmpfs_idle_look_slow(vp, from, to);
}

/* An idle page becomes data, of zeroes if it was beyond the end. */
void tmpfs_idle_use(struct vnode *, uint64_t index, uint64_t word);
/* An idle page for a hole becomes one for an unwritten page. */
void tmpfs_idle_keep(struct vnode *, uint64_t index, uint64_t word);
/* Unwritten pages from index on, before end, become idle for a mapping. */
void tmpfs_idle_map(struct vnode *, uint64_t index, uint64_t end);
/* Pages side by side lose the host's memory: they are zeroes for everybody. */
void tmpfs_idle_discard(uint64_t addr, size_t n);
/*
 * The pages among [from, to) become idle, and zeroes for whoever has them
 * mapped: so that a mapping goes on being one memory with what is written
 * later.
 */
void tmpfs_idle_wipe(struct vnode *, uint64_t from, uint64_t to);
/* They stay what they are, but are zeroes. */
void tmpfs_idle_zero(struct vnode *, uint64_t from, uint64_t to);

void tmpfs_settle_slow(struct vnode *, uint64_t off);

/*
 * Before bytes from off on are written, or the file grows to off: finish a
 * truncation that death cut short, take away what only mappings needed, and
 * zero what lies between the end of the file and off.  The log is empty before and after.
 */
static inline void
tmpfs_settle(struct vnode *vp, uint64_t off)
{

	if (unlikely((vp->v_flags & (VNODE_TRIM | VNODE_SPARE)) != 0 ||
		off > vp->v_size))
		tmpfs_settle_slow(vp, off);
}

#endif
