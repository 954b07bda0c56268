/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * radix: a map from 64-bit keys to non-zero words; file pages by index,
 * directory entries by cookie.
 *
 * Changes follow the rules of klog.h: radix_prepare() allocates (the log must
 * be empty), radix_set() and radix_clear() are logged steps.  radix_get() may
 * run beside a change without a lock; nodes that went empty are put in hand
 * by radix_clear() for kmem_free() after the commit.  A reader without the
 * lock must check v_seq afterwards.
 */
#ifndef RUMPVFS_RADIX_H
#define RUMPVFS_RADIX_H

#include "rumpkern/kern.h"

#define RADIX_SHIFT  6
#define RADIX_FANOUT (1 << RADIX_SHIFT)

struct radix_node {
	uint64_t rn_slot[RADIX_FANOUT];
	uint32_t rn_count; /* slots in use */
	uint32_t rn_shift; /* key bits below this node */
};

struct radix {
	uint64_t r_root;   /* height 0: the word of key 0; else a node */
	uint32_t r_height; /* levels of nodes */
	uint32_t r_pad;
};

struct radix_reserve {
	struct radix_node *rr_node[32]; /* 512 keys need no more */
	int rr_n;
};

uint64_t radix_get(const struct radix *, uint64_t key);
/* The first key >= *key that is set: its word, 0 when there is none. */
uint64_t radix_next(const struct radix *, uint64_t *key);
/*
 * Nodes enough to set any key in [key, key+n), n <= 512, in hand.  0 or
 * ENOSPC.
 */
int radix_prepare(const struct radix *, uint64_t key, size_t n,
    struct radix_reserve *);
/* Would this key make the tree higher?  Readers without a lock must know. */
bool radix_grows(const struct radix *, uint64_t key);
/* Logged; takes the nodes it needs from the reserve. */
void radix_set(struct radix *, uint64_t key, uint64_t word,
    struct radix_reserve *);
/* Logged; returns the old word. Empty nodes go in hand. */
uint64_t radix_clear(struct radix *, uint64_t key);
/* After the commit: free what was reserved and not used. */
void radix_unreserve(struct radix_reserve *);
/* For the checker: nodes that do not add up. */
int radix_check(const struct radix *);

#endif
