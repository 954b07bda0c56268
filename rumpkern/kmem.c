/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kmem: object caches.
 *
 * Overview
 *	A cache carves runs of pages (slabs) into objects of one size.  The
 *	head page's descriptor keeps a slab's state: the free objects, linked
 *	through their first word, how many were never used, how many are out.
 *	Slabs with a free object are on the cache's list.
 *
 * Lifetime
 *	An empty slab of a general cache goes back to the page allocator when
 *	another slab has room; slabs of named caches stay, so that memory of
 *	a named type never becomes another type.
 *
 * Locking
 *	kc_lock guards a cache and its slabs' descriptors.
 */
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"

#define POISON   0x5a
#define SPACIOUS (64UL << 20 >> KPAGE_SHIFT) /* pages: large slabs */

struct kcache_state {
	struct kmutex kc_lock;
	uint32_t kc_size; /* of an object */
	uint32_t kc_keep; /* bytes at its start never zeroed */
	uint16_t kc_perslab;
	uint8_t kc_order;
	uint8_t kc_named;
	uint32_t kc_partial; /* slabs with room, by page number */
	uint64_t kc_live;    /* objects out */
} __attribute__((aligned(64)));

struct kmem_state {
	struct kcache_state km_cache[KC_MAX];
};

static const uint16_t general_size[] = {
	[KC_32] = 32,
	[KC_64] = 64,
	[KC_96] = 96,
	[KC_128] = 128,
	[KC_192] = 192,
	[KC_256] = 256,
	[KC_384] = 384,
	[KC_512] = 512,
	[KC_1024] = 1024,
	[KC_2048] = 2048,
};

static inline struct page *
slab_bynumber(uint32_t n)
{

	return page_of((void *)(ARENA_BASE + ARENA->a_map.am_pool)) + n;
}

static inline uint32_t
slab_number(const struct page *pg)
{

	return pg - slab_bynumber(0);
}

/* The slab of an object: its run is aligned to its size. */
static struct page *
slab_of(const void *obj)
{
	struct page *pg = page_of(obj);
	uint32_t n = slab_number(pg);
	unsigned o;

	for (o = 0; o <= PAGE_MAXORDER; o++) {
		pg = slab_bynumber(n & ~((1u << o) - 1));
		if (pg->pg_use == PAGE_SLAB && pg->pg_order >= o)
			return pg;
		if (pg->pg_use != PAGE_INNER)
			break;
	}
	return NULL;
}

static void
partial_insert(struct kcache_state *kc, struct page *pg)
{
	uint32_t n = slab_number(pg), head = kc->kc_partial;

	KSET(pg->pg_next, head);
	KSET(pg->pg_prev, 0);
	if (head != 0)
		KSET(slab_bynumber(head)->pg_prev, n);
	KSET(kc->kc_partial, n);
}

static void
partial_remove(struct kcache_state *kc, struct page *pg)
{

	if (pg->pg_prev != 0)
		KSET(slab_bynumber(pg->pg_prev)->pg_next, pg->pg_next);
	else
		KSET(kc->kc_partial, pg->pg_next);
	if (pg->pg_next != 0)
		KSET(slab_bynumber(pg->pg_next)->pg_prev, pg->pg_prev);
}

static inline uint32_t
slab_capacity(const struct kcache_state *kc, const struct page *pg)
{

	return likely(pg->pg_order == kc->kc_order) ?
	    kc->kc_perslab :
	    (KPAGE_SIZE << pg->pg_order) / kc->kc_size;
}

/* What the last pages are for; see page.h. */
static bool
is_vital(enum kcache id)
{

	return id <= KC_2048 || id == KC_PROC || id == KC_LWP || id == KC_FDESC;
}

/*
 * The first slab is small: those of all caches are close to each other then,
 * and a process that does little touches few places.
 */
static bool
slab_grow(struct kcache_state *kc, enum kcache id)
{
	void *(*alloc)(unsigned) = is_vital(id) ? page_alloc_last : page_alloc;
	bool first = kc->kc_live == 0 && kc->kc_size <= KPAGE_SIZE / 2;
	unsigned order = first ? 0 : kc->kc_order;
	void *run = alloc(order);
	struct page *pg;

	/* When all is in pieces: a smaller one. */
	while (run == NULL && order > 0 &&
	    KPAGE_SIZE << (order - 1) >= kc->kc_size)
		run = alloc(--order);
	if (run == NULL)
		return false;
	pg = page_of(run);
	KSET(pg->pg_use, PAGE_SLAB);
	KSET(pg->pg_cache, id);
	KSET(pg->pg_inuse, 0);
	KSET(pg->pg_bump, 0);
	KSET(pg->pg_free, 0);
	partial_insert(kc, pg);
	khand_drop(run);
	klog_commit();
	return true;
}

void *
kmem_cache_alloc(enum kcache id)
{
	struct kcache_state *kc = &ARENA->a_kmem->km_cache[id];
	struct page *pg;
	char *obj = NULL;

	KASSERT(klog_empty() && kc->kc_size != 0);
	kmutex_enter(&kc->kc_lock);
	if (unlikely(kc->kc_partial == 0) && !slab_grow(kc, id))
		goto out;
	pg = slab_bynumber(kc->kc_partial);
	if (pg->pg_free != 0) {
		obj = (char *)pg->pg_free;
		KSET(pg->pg_free, *(uint64_t *)obj);
	} else {
		obj = (char *)page_addr(pg) + pg->pg_bump * kc->kc_size;
		/* What is kept begins as zeroes. */
		kzero(obj, kc->kc_keep);
		KSET(pg->pg_bump, pg->pg_bump + 1);
	}
	KSET(pg->pg_inuse, pg->pg_inuse + 1);
	if (pg->pg_inuse == slab_capacity(kc, pg))
		partial_remove(kc, pg);
	KSET(kc->kc_live, kc->kc_live + 1);
	khand_add(KHAND_MEM, obj);
	klog_commit();
out:
	kmutex_exit(&kc->kc_lock);
	if (likely(obj != NULL))
		kzero(obj + kc->kc_keep, kc->kc_size - kc->kc_keep);
	return obj;
}

static void
slab_free(struct page *pg, void *obj)
{
	struct kcache_state *kc = &ARENA->a_kmem->km_cache[pg->pg_cache];
	void *run = NULL;

#if RUMP_DEBUG
	if (kc->kc_size > kc->kc_keep)
		memset((char *)obj + kmax(kc->kc_keep, 8u), POISON,
		    kc->kc_size - kmax(kc->kc_keep, 8u));
#endif
	kmutex_enter(&kc->kc_lock);
	KASSERT(pg->pg_inuse > 0);
	if (pg->pg_inuse == slab_capacity(kc, pg))
		partial_insert(kc, pg);
	KSET(*(uint64_t *)obj, pg->pg_free);
	KSET(pg->pg_free, (uint64_t)(uintptr_t)obj);
	KSET(pg->pg_inuse, pg->pg_inuse - 1);
	KSET(kc->kc_live, kc->kc_live - 1);
	khand_drop(obj);
	if (pg->pg_inuse == 0 && !kc->kc_named &&
	    (pg->pg_next != 0 || pg->pg_prev != 0)) {
		run = page_addr(pg);
		partial_remove(kc, pg);
		KSET(pg->pg_use, PAGE_RUN);
		khand_add(KHAND_PAGES, run);
	}
	klog_commit();
	kmutex_exit(&kc->kc_lock);
	if (run != NULL)
		page_free(run);
}

void *
kmem_alloc(size_t size)
{
	unsigned order = 0;
	enum kcache id;
	void *p;

	for (id = KC_32; id <= KC_2048; id++)
		if (size <= general_size[id])
			return kmem_cache_alloc(id);
	while (KPAGE_SIZE << order < size)
		if (++order > PAGE_MAXORDER)
			return NULL;
	p = page_alloc_last(order);
	if (p != NULL)
		kzero(p, KPAGE_SIZE << order);
	return p;
}

void
kmem_free(void *obj)
{
	struct page *pg = page_of(obj);

	KASSERT(klog_empty());
	if (((uintptr_t)obj & KPAGE_MASK) == 0 && pg->pg_use == PAGE_RUN)
		page_free(obj);
	else
		slab_free(slab_of(obj), obj);
}

size_t
kmem_size(const void *obj)
{
	struct page *pg = page_of(obj);

	if (((uintptr_t)obj & KPAGE_MASK) == 0 && pg->pg_use == PAGE_RUN)
		return KPAGE_SIZE << pg->pg_order;
	return ARENA->a_kmem->km_cache[slab_of(obj)->pg_cache].kc_size;
}

bool
kmem_valid(enum kcache id, const void *obj)
{
	uint64_t off = (uintptr_t)obj - ARENA_BASE - ARENA->a_map.am_pool;
	struct page *pg;

	if (off >> KPAGE_SHIFT >= ARENA->a_map.am_npages)
		return false;
	pg = slab_of(obj);
	if (pg == NULL || pg->pg_cache != id)
		return false;
	off = (uintptr_t)obj - (uintptr_t)page_addr(pg);
	return off % ARENA->a_kmem->km_cache[id].kc_size == 0 &&
	    off / ARENA->a_kmem->km_cache[id].kc_size < KREAD(pg->pg_bump);
}

bool
kmem_cache_hasfree(enum kcache id)
{

	return KREAD(ARENA->a_kmem->km_cache[id].kc_partial) != 0;
}

uint64_t
kmem_cache_count(enum kcache id)
{

	return ARENA->a_kmem->km_cache[id].kc_live;
}

/*
 * Slabs of 64 KiB, so that what belongs together lies together: the host maps
 * 16 pages of the arena at a process's first touch of one.  In a small arena:
 * about 8 objects, wasting under an eighth.
 */
static void
cache_shape(struct kcache_state *kc, size_t size)
{
	size_t bytes;

	kc->kc_size = roundup2(size, 16UL);
	kc->kc_order = 0;
	if (ARENA->a_map.am_npages >= SPACIOUS)
		kc->kc_order = 4;
	for (; kc->kc_order < 4; kc->kc_order++) {
		bytes = KPAGE_SIZE << kc->kc_order;
		if (bytes / kc->kc_size >= 8 &&
		    bytes % kc->kc_size <= bytes / 8)
			break;
	}
	kc->kc_perslab = (KPAGE_SIZE << kc->kc_order) / kc->kc_size;
}

void
kmem_cache_setsize(enum kcache id, size_t size, size_t keep)
{
	struct kcache_state *kc = &ARENA->a_kmem->km_cache[id];

	KASSERT(kc->kc_size == 0);
	cache_shape(kc, size);
	kc->kc_keep = keep;
	kc->kc_named = 1;
}

void
kmem_boot(void)
{
	struct kmem_state *km = arena_bootmem(sizeof(*km));
	int id;

	ARENA->a_kmem = km;
	for (id = 0; id < KC_MAX; id++) {
		kmutex_init(&km->km_cache[id].kc_lock, KRANK_SLAB);
		if (id <= KC_2048)
			cache_shape(&km->km_cache[id], general_size[id]);
	}
}

static int
check_slab(struct kcache_state *kc, enum kcache id, struct page *pg)
{
	uint32_t capacity = slab_capacity(kc, pg);
	uint32_t nfree = capacity - pg->pg_bump;
	uint64_t o;

	for (o = pg->pg_free; o != 0; o = *(uint64_t *)o) {
		if (slab_of((void *)o) != pg || ++nfree > capacity)
			break;
	}
	if (o != 0 || nfree + pg->pg_inuse != capacity) {
		kprintf("kmem: slab %p of cache %d: %u free, %u in use, "
			"%u in all\n",
		    page_addr(pg), (int)id, nfree, pg->pg_inuse, capacity);
		return 1;
	}
	return 0;
}

/* Are the slabs with room just those on the list? */
static int
check_partial(struct kcache_state *kc, enum kcache id, uint32_t room)
{
	uint32_t n, prev = 0, listed = 0;
	struct page *pg;

	for (n = kc->kc_partial; n != 0; prev = n, n = pg->pg_next) {
		pg = slab_bynumber(n);
		if (pg->pg_use != PAGE_SLAB || pg->pg_cache != id ||
		    pg->pg_prev != prev || ++listed > room)
			break;
	}
	if (n != 0 || listed != room) {
		kprintf("kmem: cache %d has %u slabs with room, %u listed\n",
		    (int)id, room, listed);
		return 1;
	}
	return 0;
}

int
kmem_each(enum kcache id, int (*fn)(void *obj, void *arg), void *arg)
{
	uint32_t n, brk = page_brk();
	struct page *pg;
	char *obj;
	size_t i;
	int sum = 0;

	for (n = 0; n < brk; n++) {
		pg = slab_bynumber(n);
		if (pg->pg_use != PAGE_SLAB || pg->pg_cache != id)
			continue;
		obj = page_addr(pg);
		for (i = pg->pg_bump; i > 0; i--, obj += kmem_size(obj))
			sum += fn(obj, arg);
	}
	return sum;
}

static int
without_arg(void *obj, void *arg)
{
	int (**fn)(void *) = arg;

	return (*fn)(obj);
}

int
kmem_visit(enum kcache id, int (*fn)(void *obj))
{
	return kmem_each(id, without_arg, &fn);
}

int
kmem_check(void)
{
	struct kmem_state *km = ARENA->a_kmem;
	uint64_t live[KC_MAX] = { 0 };
	uint32_t room[KC_MAX] = { 0 };
	uint32_t n, used = page_brk();
	struct page *pg;
	int id, bad = 0;

	for (n = 1u << PAGE_MAXORDER; n < used;) {
		pg = slab_bynumber(n);
		if (pg->pg_use == PAGE_SLAB) {
			live[pg->pg_cache] += pg->pg_inuse;
			room[pg->pg_cache] += pg->pg_inuse <
			    slab_capacity(&km->km_cache[pg->pg_cache], pg);
			bad += check_slab(&km->km_cache[pg->pg_cache],
			    pg->pg_cache, pg);
		}
		n += pg->pg_use == PAGE_DATA ? 1 : 1u << pg->pg_order;
	}
	for (id = 0; id < KC_MAX; id++) {
		if (live[id] != km->km_cache[id].kc_live) {
			kprintf("kmem: cache %d has %lu out, counted %lu\n", id,
			    km->km_cache[id].kc_live, live[id]);
			bad++;
		}
		bad += check_partial(&km->km_cache[id], id, room[id]);
	}
	return bad;
}
