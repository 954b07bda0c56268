/* SPDX-License-Identifier: BSD-2-Clause */
/* The radix tree and its ways to fail. */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/radix.h"
#include "tests/unit/unit.h"

SUITE(radix);

static struct radix *
new_tree(void)
{

	return kmem_alloc(sizeof(struct radix));
}

static void
set(struct radix *r, uint64_t key, uint64_t word)
{
	struct radix_reserve rr;

	EQ(radix_prepare(r, key, 1, &rr), 0);
	radix_set(r, key, word, &rr);
	klog_commit();
	radix_unreserve(&rr);
}

static uint64_t
clear(struct radix *r, uint64_t key)
{
	uint32_t mark = khand_mark();
	uint64_t word = radix_clear(r, key);

	klog_commit();
	khand_release_to(mark);
	return word;
}

Test(radix, finds_what_was_set)
{
	static const uint64_t keys[] = { 0, 1, 63, 64, 4095, 4096, 1ul << 32,
		1ul << 51 };
	struct radix *r = new_tree();
	size_t i;

	for (i = 0; i < nelem(keys); i++) {
		EQ(radix_get(r, keys[i]), 0);
		set(r, keys[i], (i + 1) << 12);
		EQ(radix_check(r), 0);
	}
	for (i = 0; i < nelem(keys); i++)
		EQ(radix_get(r, keys[i]), (i + 1) << 12);
	EQ(radix_get(r, 2), 0);
	EQ(radix_get(r, ~0ul), 0);
	for (i = 0; i < nelem(keys); i++) {
		EQ(clear(r, keys[i]), (i + 1) << 12);
		EQ(radix_check(r), 0);
	}
	kmem_free(r);
}

Test(radix, next_walks_in_order)
{
	struct radix *r = new_tree();
	uint64_t key, n;

	for (n = 1; n < 40; n++)
		set(r, 1ul << n, n << 12);
	for (key = 0, n = 1; radix_next(r, &key) != 0; key++, n++)
		EQ(key, 1ul << n);
	EQ(n, 40);
	for (n = 1; n < 40; n++)
		EQ(clear(r, 1ul << n), n << 12);
	kmem_free(r);
}

Test(radix, an_empty_tree_has_no_nodes)
{
	uint64_t before = kmem_cache_count(KC_RADIX), k;
	struct radix *r = new_tree();

	for (k = 0; k < 1000; k++)
		set(r, k * 97, (k + 1) << 12);
	for (k = 0; k < 1000; k++)
		EQ(clear(r, k * 97), (k + 1) << 12);
	EQ(kmem_cache_count(KC_RADIX), before);
	kmem_free(r);
}

Test(radix, rollback_undoes_set_and_clear)
{
	uint64_t before = kmem_cache_count(KC_RADIX);
	struct radix *r = new_tree();
	struct radix_reserve rr;

	set(r, 5, 0x1000);
	EQ(radix_prepare(r, 1ul << 40, 1, &rr), 0);
	radix_set(r, 1ul << 40, 0x2000, &rr);
	klog_rollback(curcpu());
	EQ(radix_get(r, 1ul << 40), 0);
	EQ(radix_get(r, 5), 0x1000);
	EQ(radix_check(r), 0);
	(void)radix_clear(r, 5);
	klog_rollback(curcpu());
	EQ(radix_get(r, 5), 0x1000);
	EQ(clear(r, 5), 0x1000);
	khand_drop(r);
	klog_commit();
	khand_release_to(0);
	EQ(kmem_cache_count(KC_RADIX), before);
	khand_add(KHAND_MEM, r);
	klog_commit();
	kmem_free(r);
}
