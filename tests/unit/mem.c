/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages and object caches. */
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"
#include "tests/unit/unit.h"

SUITE(page);
SUITE(kmem);

Test(page, freeing_gives_all_back)
{
	uint64_t before = page_nfree();
	void *run[PAGE_MAXORDER + 1];
	unsigned o;

	for (o = 0; o <= PAGE_MAXORDER; o++) {
		run[o] = page_alloc(o);
		cr_assert_not_null(run[o]);
		EQ((uintptr_t)run[o] % (KPAGE_SIZE << o), 0);
	}
	EQ(page_nfree(), before - (2 << PAGE_MAXORDER) + 1);
	for (o = 0; o <= PAGE_MAXORDER; o++)
		page_free(run[o]);
	EQ(page_nfree(), before);
}

Test(page, runs_do_not_overlap)
{
	char *a[100];
	int i;

	for (i = 0; i < 60; i++) {
		a[i] = page_alloc(i % 4);
		memset(a[i], i, KPAGE_SIZE << i % 4);
	}
	for (i = 0; i < 60; i++) {
		EQ(a[i][0], i);
		EQ(a[i][(KPAGE_SIZE << i % 4) - 1], i);
		page_free(a[i]);
	}
}

Test(page, data_pages_can_be_freed_one_by_one)
{
	uint64_t before = page_nfree();
	void *first;
	bool cold;
	size_t i, n;

	n = page_data_alloc(100, NULL, &first, &cold);
	cr_assert(n >= 1 && n <= 100);
	khand_drop(PAGE_HAND(first, n));
	klog_commit();
	EQ(page_nfree(), before - n);
	for (i = 0; i < n; i++) {
		void *pg = (char *)first + i * KPAGE_SIZE;

		khand_add(KHAND_PAGES, PAGE_HAND(pg, 1));
		klog_commit();
		page_free(PAGE_HAND(pg, 1));
	}
	EQ(page_nfree(), before);
}

Test(page, exhaustion_is_null_and_nothing_is_lost)
{
	uint64_t before = page_nfree();
	void *run, **list = NULL;

	while ((run = page_alloc(0)) != NULL || page_nfree() > 0) {
		if (run == NULL) {
			/* The rest is for processes. */
			cr_assert_leq(page_nfree(), before / 32);
			run = page_alloc_last(0);
			cr_assert_not_null(run);
		}
		khand_drop(run);
		klog_commit();
		*(void **)run = list;
		list = run;
	}
	cr_assert_null(page_alloc_last(0));
	EQ(page_check(), 0);
	while ((run = list) != NULL) {
		list = *(void **)run;
		khand_add(KHAND_PAGES, run);
		klog_commit();
		page_free(run);
	}
	EQ(page_nfree(), before);
	run = page_alloc(PAGE_MAXORDER);
	cr_assert_not_null(run);
	page_free(run);
}

Test(kmem, objects_are_zeroed_and_big_enough)
{
	static const size_t size[] = { 1, 32, 33, 64, 100, 500, 2048, 2049,
		10000, 2 << 20 };
	size_t i, k, round;
	char *p;

	for (round = 0; round < 2; round++) {
		for (i = 0; i < nelem(size); i++) {
			p = kmem_alloc(size[i]);
			cr_assert_not_null(p);
			cr_assert(kmem_size(p) >= size[i]);
			for (k = 0; k < size[i]; k++)
				cr_assert_eq(p[k], 0);
			memset(p, 0xff, size[i]);
			kmem_free(p);
		}
	}
	cr_assert_null(kmem_alloc((2 << 20) + 1));
}

Test(kmem, counts_what_is_out)
{
	uint64_t before = kmem_cache_count(KC_96);
	void *p[40];
	int i;

	for (i = 0; i < 40; i++)
		p[i] = kmem_alloc(96);
	EQ(kmem_cache_count(KC_96), before + 40);
	EQ(kmem_check(), 0);
	for (i = 0; i < 40; i++)
		kmem_free(p[i]);
	EQ(kmem_cache_count(KC_96), before);
}

Test(kmem, an_address_is_valid_only_in_its_cache)
{
	char *f = kmem_cache_alloc(KC_FILE);

	cr_assert(kmem_valid(KC_FILE, f));
	cr_assert(!kmem_valid(KC_FILE, f + 8));
	cr_assert(!kmem_valid(KC_LWP, f));
	cr_assert(!kmem_valid(KC_FILE, &f));
	cr_assert(!kmem_valid(KC_FILE, NULL));
	kmem_free(f);
}

Test(kmem, many_objects_give_their_pages_back)
{
	uint64_t before = page_nfree();
	void *p, **list = NULL;
	int i;

	for (i = 0; i < 10000; i++) {
		p = kmem_alloc(512);
		khand_drop(p);
		klog_commit();
		*(void **)p = list;
		list = p;
	}
	while ((p = list) != NULL) {
		list = *(void **)p;
		khand_add(KHAND_MEM, p);
		klog_commit();
		kmem_free(p);
	}
	/* One empty slab may stay. */
	cr_assert(before - page_nfree() <= 16, "%ld pages",
	    (long)(before - page_nfree()));
}
