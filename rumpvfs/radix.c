/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * radix: a map from 64-bit keys to words; see radix.h.
 *
 * A tree of height h covers the keys below 64^h.  A reader without a lock may
 * meet a node that was freed and is in use again, so each pointer is checked to
 * lie in the arena before it is followed; v_seq then tells the reader that what
 * it found is void.
 */
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/radix.h"

#define MAX_HEIGHT 11 /* 6 * 11 >= 64 */
#define SLOT_MASK  (RADIX_FANOUT - 1)

static inline unsigned
slot_of(uint64_t key, unsigned level)
{

	return key >> (RADIX_SHIFT * (level - 1)) & SLOT_MASK;
}

/* The height of a tree that has room for a key. */
static unsigned
height_for(uint64_t key)
{
	unsigned h = 0;

	while (key != 0) {
		key >>= RADIX_SHIFT;
		h++;
	}
	return h;
}

static inline bool
covers(unsigned height, uint64_t key)
{

	return height >= MAX_HEIGHT || key >> (RADIX_SHIFT * height) == 0;
}

static inline bool
node_ok(uint64_t word)
{

	return word - ARENA_BASE <
	    ARENA->a_map.am_size - sizeof(struct radix_node);
}

static inline struct radix_node *
node_of(uint64_t word)
{

	return (struct radix_node *)(uintptr_t)word;
}

uint64_t
radix_get(const struct radix *r, uint64_t key)
{
	unsigned level = KREAD(r->r_height);
	uint64_t word = KREAD(r->r_root);

	if (unlikely(!covers(level, key)))
		return 0;
	for (; level > 0; level--) {
		if (unlikely(!node_ok(word)))
			return 0;
		word = KREAD(node_of(word)->rn_slot[slot_of(key, level)]);
	}
	return word;
}

/* The first word at or after *key below a node of this level. */
static uint64_t
next_below(uint64_t word, unsigned level, uint64_t *key)
{
	uint64_t w, span, start;
	unsigned i;

	if (level == 0 || word == 0)
		return word;
	if (!node_ok(word))
		return 0;
	span = 1UL << (RADIX_SHIFT * (level - 1));
	for (i = slot_of(*key, level); i < RADIX_FANOUT; i++) {
		start = *key & ~(span - 1);
		w = next_below(node_of(word)->rn_slot[i], level - 1, key);
		if (w != 0)
			return w;
		*key = start + span; /* the next slot's first */
	}
	return 0;
}

uint64_t
radix_next(const struct radix *r, uint64_t *key)
{
	unsigned height = r->r_height;
	uint64_t k = *key, word;

	if (!covers(height, k))
		return 0;
	word = next_below(r->r_root, height, &k);
	if (word != 0)
		*key = k;
	return word;
}

bool
radix_grows(const struct radix *r, uint64_t key)
{

	return !covers(r->r_height, key);
}

/* Is there a node of this level above the key? */
static bool
have_node(const struct radix *r, uint64_t key, unsigned level)
{
	uint64_t word = r->r_root;
	unsigned l;

	if (r->r_root == 0 || r->r_height < level || !covers(r->r_height, key))
		return false;
	for (l = r->r_height; l > level && word != 0; l--)
		word = node_of(word)->rn_slot[slot_of(key, l)];
	return word != 0;
}

/* How many nodes are missing; a few too many when the tree grows. */
static unsigned
missing(const struct radix *r, uint64_t key, uint64_t last)
{
	unsigned level, height, need = 0, shift;
	uint64_t k;

	height = kmax(height_for(last), (unsigned)r->r_height);
	for (level = 1; level <= height; level++) {
		shift = RADIX_SHIFT * level;
		if (level == MAX_HEIGHT)
			shift = 63;
		for (k = key >> shift; k <= last >> shift; k++)
			if (!have_node(r, k << shift, level))
				need++;
	}
	/* The old root's way down from a new one, if keys have another. */
	if (r->r_root != 0 && height > r->r_height)
		need += height - r->r_height;
	return need;
}

int
radix_prepare(const struct radix *r, uint64_t key, size_t n,
    struct radix_reserve *res)
{
	unsigned need;

	KASSERT(n > 0 && n <= 512);
	res->rr_n = 0;
	/* Most often the leaf is there. */
	if (r->r_height > 0 && n == 1 && have_node(r, key, 1))
		return 0;
	need = missing(r, key, key + n - 1);
	KASSERT(need <= nelem(res->rr_node));
	while (need-- > 0) {
		res->rr_node[res->rr_n] = kmem_cache_alloc(KC_RADIX);
		if (res->rr_node[res->rr_n] == NULL) {
			radix_unreserve(res);
			return ENOSPC;
		}
		res->rr_n++;
	}
	return 0;
}

/* A reserved node, for a place in the tree; it is nowhere linked yet. */
static struct radix_node *
take_node(struct radix_reserve *res, unsigned level)
{
	struct radix_node *rn;

	KASSERT(res->rr_n > 0);
	rn = res->rr_node[--res->rr_n];
	rn->rn_shift = RADIX_SHIFT * (level - 1);
	khand_drop(rn);
	return rn;
}

static void
grow(struct radix *r, uint64_t key, struct radix_reserve *res)
{
	struct radix_node *rn;
	unsigned height = r->r_height, want = height_for(key);

	if (r->r_root == 0) {
		/* radix_set() makes the root as it makes any node. */
		KSET(r->r_height, want);
		return;
	}
	while (height < want) {
		rn = take_node(res, ++height);
		/* Who met it before it was freed may still look at it. */
		__atomic_store_n(&rn->rn_slot[0], r->r_root, __ATOMIC_RELAXED);
		rn->rn_count = 1;
		atomic_thread_fence(memory_order_release);
		KSET(r->r_root, (uint64_t)(uintptr_t)rn);
		KSET(r->r_height, height);
	}
}

void
radix_set(struct radix *r, uint64_t key, uint64_t word,
    struct radix_reserve *res)
{
	struct radix_node *rn, *up = NULL;
	uint64_t *slot = &r->r_root;
	unsigned level;

	if (!covers(r->r_height, key))
		grow(r, key, res);
	for (level = r->r_height; level > 0; level--) {
		if (*slot == 0) {
			rn = take_node(res, level);
			atomic_thread_fence(memory_order_release);
			if (up != NULL)
				KSET(up->rn_count, up->rn_count + 1);
			KSET(*slot, (uint64_t)(uintptr_t)rn);
		}
		up = node_of(*slot);
		slot = &up->rn_slot[slot_of(key, level)];
	}
	if (*slot == 0 && up != NULL)
		KSET(up->rn_count, up->rn_count + 1);
	atomic_thread_fence(memory_order_release);
	KSET(*slot, word);
}

uint64_t
radix_clear(struct radix *r, uint64_t key)
{
	struct radix_node *path[MAX_HEIGHT + 1];
	uint64_t *slot = &r->r_root, word;
	unsigned level;

	if (!covers(r->r_height, key))
		return 0;
	for (level = r->r_height; level > 0; level--) {
		if (*slot == 0)
			return 0;
		path[level] = node_of(*slot);
		slot = &path[level]->rn_slot[slot_of(key, level)];
	}
	word = *slot;
	if (word == 0)
		return 0;
	KSET(*slot, 0);
	for (level = 1; level <= r->r_height; level++) {
		KSET(path[level]->rn_count, path[level]->rn_count - 1);
		if (path[level]->rn_count != 0)
			return word;
		/* It went empty: its slot above goes too. */
		if (level == r->r_height)
			slot = &r->r_root;
		else
			slot = &path[level + 1]
				    ->rn_slot[slot_of(key, level + 1)];
		KSET(*slot, 0);
		khand_add(KHAND_MEM, path[level]);
	}
	if (r->r_height != 0)
		KSET(r->r_height, 0);
	return word;
}

void
radix_unreserve(struct radix_reserve *res)
{

	while (res->rr_n > 0)
		kmem_free(res->rr_node[--res->rr_n]);
}

static int
check_node(const struct radix_node *rn, unsigned level)
{
	unsigned i, used = 0;
	int bad = 0;

	if (!kmem_valid(KC_RADIX, rn)) {
		kprintf("check: radix: %p is no node", (const void *)rn);
		return 1;
	}
	for (i = 0; i < RADIX_FANOUT; i++) {
		if (rn->rn_slot[i] == 0)
			continue;
		used++;
		if (level > 1)
			bad += check_node(node_of(rn->rn_slot[i]), level - 1);
	}
	if (used != rn->rn_count || used == 0) {
		kprintf("check: radix: node %p counts %u, has %u",
		    (const void *)rn, rn->rn_count, used);
		bad++;
	}
	return bad;
}

int
radix_check(const struct radix *r)
{

	if (r->r_root == 0 || r->r_height == 0)
		return r->r_root == 0 && r->r_height != 0;
	return check_node(node_of(r->r_root), r->r_height);
}
