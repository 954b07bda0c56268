/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page: the page allocator.
 *
 * Overview
 *	A buddy system over the pool.  Blocks of 2^order pages (order 0 to
 *	PAGE_MAXORDER) lie on a free list per order; what was never used lies
 *	above ps_brk and is taken a largest block at a time.  Page descriptors
 *	are an array beside the pool, zeroed by the host: zero is PAGE_INNER.
 *
 * States of a page (pg_use)
 *	INNER	no head: belongs to the block whose head is below it, or was
 *		never used
 *	FREE	head of a free block of pg_order
 *	RUN	head of an allocated block of pg_order (SLAB: one of kmem's)
 *	DATA	one page of file data, allocated and freed by itself
 *
 * Cold
 *	The head of a free block says whether the host has never given it
 *	memory.  Halves inherit it; a merged block is cold if both were.
 *
 * Locking
 *	All of it is guarded by ps_lock, a leaf.
 */
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/page.h"

/* Free memory beyond this many largest blocks goes back to the host. */
#define KEEP_BLOCKS 256
/* The first pages of a file lie apart; more come from a block of this size. */
#define GROW_PAGES 16
/* The last pages, for page_alloc_last(): a share of all, up to so many. */
#define LAST_SHARE 64
#define LAST_MOST  256u

struct page_state {
	struct kmutex ps_lock;
	uint32_t ps_npages;
	uint32_t ps_brk;                     /* first page never used */
	uint64_t ps_nfree;                   /* pages on the free lists */
	uint32_t ps_list[PAGE_MAXORDER + 1]; /* page numbers, 0: none */
	uint32_t ps_count[PAGE_MAXORDER + 1];
};

static inline struct page *
page_array(void)
{

	return (struct page *)(ARENA_BASE + ARENA->a_map.am_pages);
}

static inline uint32_t
page_number(const struct page *pg)
{

	return pg - page_array();
}

struct page *
page_of(const void *p)
{
	uint64_t off = (uintptr_t)p - ARENA_BASE - ARENA->a_map.am_pool;

	return &page_array()[off >> KPAGE_SHIFT];
}

void *
page_addr(const struct page *pg)
{

	return (void *)(ARENA_BASE + ARENA->a_map.am_pool +
	    ((uint64_t)page_number(pg) << KPAGE_SHIFT));
}

static void
list_insert(struct page_state *ps, struct page *pg, unsigned order)
{
	uint32_t n = page_number(pg), head = ps->ps_list[order];

	KSET(pg->pg_use, PAGE_FREE);
	KSET(pg->pg_order, order);
	KSET(pg->pg_next, head);
	KSET(pg->pg_prev, 0);
	if (head != 0)
		KSET(page_array()[head].pg_prev, n);
	KSET(ps->ps_list[order], n);
	KSET(ps->ps_count[order], ps->ps_count[order] + 1);
}

static void
list_remove(struct page_state *ps, struct page *pg)
{
	unsigned order = pg->pg_order;

	KASSERT(pg->pg_use == PAGE_FREE);
	if (pg->pg_prev != 0)
		KSET(page_array()[pg->pg_prev].pg_next, pg->pg_next);
	else
		KSET(ps->ps_list[order], pg->pg_next);
	if (pg->pg_next != 0)
		KSET(page_array()[pg->pg_next].pg_prev, pg->pg_prev);
	KSET(ps->ps_count[order], ps->ps_count[order] - 1);
	KSET(pg->pg_use, PAGE_INNER);
}

/* Take a largest block from what was never used. */
static struct page *
take_fresh(struct page_state *ps)
{
	uint32_t n = ps->ps_brk;
	struct page *pg = &page_array()[n];

	if (ps->ps_npages - n < 1u << PAGE_MAXORDER)
		return NULL;
	KSET(ps->ps_nfree, ps->ps_nfree + (1u << PAGE_MAXORDER));
	KSET(ps->ps_brk, n + (1u << PAGE_MAXORDER));
	KSET(pg->pg_flags, PAGE_COLD);
	KSET(pg->pg_order, PAGE_MAXORDER);
	return pg;
}

/* Logged: a block of the order, off the lists; NULL: there is none. */
static struct page *
block_take(struct page_state *ps, unsigned order)
{
	struct page *pg = NULL, *half;
	unsigned o;

	for (o = order; o <= PAGE_MAXORDER && pg == NULL; o++) {
		if (ps->ps_list[o] != 0) {
			pg = &page_array()[ps->ps_list[o]];
			list_remove(ps, pg);
		}
	}
	if (pg == NULL && (pg = take_fresh(ps)) == NULL)
		return NULL;
	for (o = pg->pg_order; o > order; o--) {
		half = pg + (1u << (o - 1));
		KSET(half->pg_flags, pg->pg_flags);
		list_insert(ps, half, o - 1);
	}
	KSET(pg->pg_order, order);
	KSET(ps->ps_nfree, ps->ps_nfree - (1u << order));
	return pg;
}

/* Logged: put a block back, merging it with its free buddies. */
static void
block_give(struct page_state *ps, struct page *pg, unsigned order, bool cold)
{
	struct page *buddy;

	KSET(ps->ps_nfree, ps->ps_nfree + (1u << order));
	KSET(pg->pg_use, PAGE_INNER);
	for (; order < PAGE_MAXORDER; order++) {
		buddy = &page_array()[page_number(pg) ^ (1u << order)];
		if (buddy->pg_use != PAGE_FREE || buddy->pg_order != order)
			break;
		list_remove(ps, buddy);
		cold = cold && (buddy->pg_flags & PAGE_COLD);
		if (buddy < pg)
			pg = buddy;
	}
	KSET(pg->pg_flags, cold ? PAGE_COLD : 0);
	list_insert(ps, pg, order);
}

static void *
run_alloc(unsigned order, uint64_t keep)
{
	struct page_state *ps = ARENA->a_page;
	struct page *pg = NULL;
	void *p = NULL;

	KASSERT(klog_empty());
	kmutex_enter(&ps->ps_lock);
	if (page_nfree() >= keep + (1u << order))
		pg = block_take(ps, order);
	if (pg != NULL) {
		p = page_addr(pg);
		KSET(pg->pg_use, PAGE_RUN);
		KSET(pg->pg_flags, 0);
		khand_add(KHAND_PAGES, p);
	}
	klog_commit();
	kmutex_exit(&ps->ps_lock);
	return p;
}

void *
page_alloc(unsigned order)
{

	return run_alloc(order,
	    kmin(ARENA->a_page->ps_npages / LAST_SHARE, LAST_MOST));
}

void *
page_alloc_last(unsigned order)
{

	return run_alloc(order, 0);
}

static unsigned
order_for(size_t n)
{

	return n <= 1 ? 0 : 64 - __builtin_clzl(n - 1);
}

/*
 * Logged: the free block that begins at an address, whole.  The page before it
 * is in use, so no free block begins earlier and holds it.
 */
static struct page *
block_at(struct page_state *ps, const void *goal)
{
	struct page *pg = page_of(goal);
	uint32_t n = page_number(pg);

	if (n < ps->ps_brk) {
		if (pg->pg_use != PAGE_FREE)
			return NULL;
		list_remove(ps, pg);
	} else if (n != ps->ps_brk || ps->ps_list[PAGE_MAXORDER] != 0 ||
	    take_fresh(ps) == NULL) {
		return NULL;
	}
	KSET(ps->ps_nfree, ps->ps_nfree - (1u << pg->pg_order));
	return pg;
}

/* Logged: up to n free pages from an address on, of a few blocks. */
static struct page *
run_at(struct page_state *ps, const char *goal, size_t n, size_t *have)
{
	struct page *first = NULL, *pg;
	int i;

	*have = 0;
	for (i = 0; i < 8 && *have < n; i++) {
		pg = block_at(ps, goal + (*have << KPAGE_SHIFT));
		if (pg == NULL)
			break;
		if (first == NULL) {
			first = pg;
		} else if ((first->pg_flags ^ pg->pg_flags) & PAGE_COLD) {
			block_give(ps, pg, pg->pg_order,
			    pg->pg_flags & PAGE_COLD);
			break;
		}
		*have += (size_t)1 << pg->pg_order;
	}
	return first;
}

/* Logged: a block for n pages, or the largest there is. */
static struct page *
run_anywhere(struct page_state *ps, size_t n, size_t *have)
{
	struct page *pg = NULL;
	unsigned order = order_for(n);

	for (; pg == NULL; order--) {
		pg = block_take(ps, order);
		*have = (size_t)1 << order;
		if (order == 0)
			break;
	}
	return pg;
}

/* Logged: give back the end of a run, in largest aligned parts. */
static void
trim_run(struct page_state *ps, struct page *pg, size_t have, size_t n)
{
	uint32_t from = page_number(pg) + n, end = page_number(pg) + have;
	bool cold = pg->pg_flags & PAGE_COLD;
	unsigned o;

	while (end > from) {
		o = kmin(__builtin_ctz(end), PAGE_MAXORDER);
		while (1u << o > end - from)
			o--;
		end -= 1u << o;
		block_give(ps, &page_array()[end], o, cold);
	}
}

size_t
page_data_alloc(size_t n, const void *goal, void **first, bool *cold)
{
	struct page_state *ps = ARENA->a_page;
	struct page *pg = NULL;
	size_t have, i;

	KASSERT(klog_empty() && n >= 1 && n <= 1u << PAGE_MAXORDER);
	kmutex_enter(&ps->ps_lock);
	/* A file that grows gets a block with room behind. */
	if (goal != NULL && (pg = run_at(ps, goal, n, &have)) == NULL)
		pg = run_anywhere(ps, kmax(n, (size_t)GROW_PAGES), &have);
	else if (goal == NULL)
		pg = run_anywhere(ps, n, &have);
	if (pg == NULL) {
		n = 0;
		goto out;
	}
	n = kmin(n, have);
	*cold = pg->pg_flags & PAGE_COLD;
	trim_run(ps, pg, have, n);
	for (i = 0; i < n; i++)
		KSET(pg[i].pg_use, PAGE_DATA);
	*first = page_addr(pg);
	khand_add(KHAND_PAGES, PAGE_HAND(*first, n));
out:
	klog_commit();
	kmutex_exit(&ps->ps_lock);
	return n;
}

/*
 * Too much free memory: hand one largest block back to the host.  It is
 * allocated while that happens, so that no lock is held.
 */
static void
give_to_host(struct page_state *ps)
{
	struct page *pg;
	void *p = page_alloc(PAGE_MAXORDER);
	bool cold;

	if (p == NULL)
		return;
	cold = rumpuser_arena_discard(page_offset(p),
		   KPAGE_SIZE << PAGE_MAXORDER) == 0;
	pg = page_of(p);
	kmutex_enter(&ps->ps_lock);
	block_give(ps, pg, PAGE_MAXORDER, cold);
	khand_drop(p);
	klog_commit();
	kmutex_exit(&ps->ps_lock);
}

/* Free the last pages of a data run in hand, a largest aligned part. */
static size_t
free_data_part(struct page_state *ps, void *first, size_t n)
{
	struct page *pg = page_of(first);
	uint32_t end = page_number(pg) + n;
	unsigned o = 0;
	size_t i, part;

	while (o < PAGE_MAXORDER && (end & ((2u << o) - 1)) == 0 &&
	    (2u << o) <= n)
		o++;
	part = (size_t)1 << o;
	kmutex_enter(&ps->ps_lock);
	pg += n - part;
	for (i = 0; i < part; i++) {
		KASSERT(pg[i].pg_use == PAGE_DATA);
		KSET(pg[i].pg_use, PAGE_INNER);
	}
	block_give(ps, pg, o, false);
	if (part == n)
		khand_drop(PAGE_HAND(first, n));
	else
		khand_rename(PAGE_HAND(first, n), PAGE_HAND(first, n - part));
	klog_commit();
	kmutex_exit(&ps->ps_lock);
	return n - part;
}

void
page_free(void *hand)
{
	struct page_state *ps = ARENA->a_page;
	void *p = (void *)((uintptr_t)hand & ~KPAGE_MASK);
	struct page *pg = page_of(p);
	size_t n = ((uintptr_t)hand & KPAGE_MASK) + 1;

	KASSERT(klog_empty());
	if (pg->pg_use == PAGE_DATA) {
		while (n > 0)
			n = free_data_part(ps, p, n);
	} else {
		KASSERT(pg->pg_use == PAGE_RUN || pg->pg_use == PAGE_SLAB);
		kmutex_enter(&ps->ps_lock);
		block_give(ps, pg, pg->pg_order, false);
		khand_drop(hand);
		klog_commit();
		kmutex_exit(&ps->ps_lock);
	}
	if (KREAD(ps->ps_count[PAGE_MAXORDER]) > KEEP_BLOCKS &&
	    (KREAD(page_array()[KREAD(ps->ps_list[PAGE_MAXORDER])].pg_flags) &
		PAGE_COLD) == 0)
		give_to_host(ps);
}

uint64_t
page_total(void)
{

	return ARENA->a_page->ps_npages - (1u << PAGE_MAXORDER);
}

uint64_t
page_nfree(void)
{
	struct page_state *ps = ARENA->a_page;
	uint64_t fresh;

	/* In this order: what take_fresh() moves is seen at least once. */
	fresh = ps->ps_npages - KREAD(ps->ps_brk);
	return fresh + KREAD(ps->ps_nfree);
}

uint32_t
page_brk(void)
{

	return KREAD(ARENA->a_page->ps_brk);
}

void
page_boot(void)
{
	struct page_state *ps = arena_bootmem(sizeof(*ps));

	kmutex_init(&ps->ps_lock, KRANK_PAGE);
	ps->ps_npages = ARENA->a_map.am_npages & ~((1u << PAGE_MAXORDER) - 1);
	/* Page number 0 means none: the first block is never used. */
	ps->ps_brk = 1u << PAGE_MAXORDER;
	ARENA->a_page = ps;
}

static int
check_list(struct page_state *ps, unsigned order, uint64_t *nfree)
{
	uint32_t n, prev = 0, count = 0;
	struct page *pg;
	int bad = 0;

	for (n = ps->ps_list[order]; n != 0; prev = n, n = pg->pg_next) {
		pg = &page_array()[n];
		if (n >= ps->ps_brk || pg->pg_use != PAGE_FREE ||
		    pg->pg_order != order || pg->pg_prev != prev ||
		    (n & ((1u << order) - 1)) != 0) {
			kprintf("page %u: broken on free list %u\n", n, order);
			return bad + 1;
		}
		count++;
	}
	if (count != ps->ps_count[order]) {
		kprintf("page: free list %u has %u, counted %u\n", order,
		    ps->ps_count[order], count);
		bad++;
	}
	*nfree += (uint64_t)count << order;
	return bad;
}

int
page_check(void)
{
	struct page_state *ps = ARENA->a_page;
	uint64_t nfree = 0;
	uint32_t n;
	unsigned o;
	int bad = 0;

	kmutex_enter(&ps->ps_lock);
	for (o = 0; o <= PAGE_MAXORDER; o++)
		bad += check_list(ps, o, &nfree);
	if (nfree != ps->ps_nfree) {
		kprintf("page: %lu free, counted %lu\n", ps->ps_nfree, nfree);
		bad++;
	}
	/* Every page belongs to just one block. */
	for (n = 1u << PAGE_MAXORDER; bad == 0 && n < ps->ps_brk;) {
		struct page *pg = &page_array()[n];

		switch (pg->pg_use) {
		case PAGE_DATA:
			n++;
			break;
		case PAGE_FREE:
		case PAGE_RUN:
		case PAGE_SLAB:
			n += 1u << pg->pg_order;
			break;
		default:
			kprintf("page %u: in no block\n", n);
			bad++;
			break;
		}
	}
	kmutex_exit(&ps->ps_lock);
	return bad;
}
