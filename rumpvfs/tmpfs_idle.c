/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs_idle: pages that a file has for the sake of its mappings.
 *
 * On Linux a hole gets a page when somebody touches it through a mapping.  Here
 * it gets one when it is mapped, as a fault costs a signal; but a page for which
 * the host has no memory.  Which of them were touched since, and so are data
 * that stat() and SEEK_HOLE tell of, the host knows: by the memory it has given
 * them.
 */
#include "rumpvfs/tmpfs_page.h"

#define RUN 256 /* pages looked at in one call */

/*
 * Pages from *key on that lie together, with this flag (0: any): how many; 0:
 * there is none.
 */
static size_t
next_run(const struct vnode *vp, uint64_t *key, uint64_t to, uint64_t flag,
    uint64_t *addr)
{
	uint64_t word;
	size_t n;

	for (;; ++*key) {
		word = radix_next(&vp->v_pages, key);
		if (word == 0 || *key >= to)
			return 0;
		if ((word & flag) == flag)
			break;
	}
	*addr = word & ~PAGE_FLAGS;
	for (n = 1; n < RUN && *key + n < to; n++) {
		word = radix_get(&vp->v_pages, *key + n);
		if (word == 0 || (word & flag) != flag ||
		    (word & ~PAGE_FLAGS) != *addr + n * KPAGE_SIZE)
			break;
	}
	return n;
}

/* The host's memory goes; whoever has the pages mapped sees zeroes. */
void
tmpfs_idle_discard(uint64_t addr, size_t n)
{

	if (rumpuser_arena_discard(addr - ARENA_BASE, n << KPAGE_SHIFT) < 0)
		memset((void *)(uintptr_t)addr, 0, n << KPAGE_SHIFT);
}

void
tmpfs_idle_look_slow(struct vnode *vp, uint64_t from, uint64_t to)
{
	uint64_t key = from, addr, word;
	uint8_t touched[RUN];
	size_t i, n, used, more;

	KASSERT(kmutex_owned(&vp->v_lock) && klog_empty());
	to = kmin(to, pages_for(vp->v_size));
	while (vp->v_nidle > 0 &&
	    (n = next_run(vp, &key, to, PAGE_IDLE, &addr)) != 0) {
		rumpuser_arena_touched((void *)(uintptr_t)addr,
		    addr - ARENA_BASE, n, touched);
		for (i = used = more = 0; i < n; i++) {
			if (!touched[i])
				continue;
			word = radix_get(&vp->v_pages, key + i);
			more += !pageword_counts(word);
			radix_set(&vp->v_pages, key + i, addr + i * KPAGE_SIZE,
			    NULL);
			used++;
		}
		if (used > 0) {
			KSET(vp->v_npages, vp->v_npages + more);
			KSET(vp->v_nidle, vp->v_nidle - used);
			klog_commit();
		}
		key += n;
	}
}

void
tmpfs_idle_use(struct vnode *vp, uint64_t index, uint64_t word)
{

	if (index >= pages_for(vp->v_size))
		tmpfs_idle_discard(word & ~PAGE_FLAGS, 1);
	radix_set(&vp->v_pages, index, word & ~PAGE_FLAGS, NULL);
	KSET(vp->v_npages, vp->v_npages + !pageword_counts(word));
	KSET(vp->v_nidle, vp->v_nidle - 1);
	klog_commit();
}

void
tmpfs_idle_keep(struct vnode *vp, uint64_t index, uint64_t word)
{

	KASSERT((word & PAGE_FLAGS) == PAGE_IDLE);
	radix_set(&vp->v_pages, index, word | PAGE_UNWRITTEN, NULL);
	KSET(vp->v_npages, vp->v_npages + 1);
	klog_commit();
}

void
tmpfs_idle_map(struct vnode *vp, uint64_t index, uint64_t end)
{
	uint64_t key = index, addr, word;
	size_t i, n;

	KASSERT(kmutex_owned(&vp->v_lock) && klog_empty());
	n = next_run(vp, &key, end, PAGE_UNWRITTEN, &addr);
	/* What is in those that are not idle means nothing. */
	for (i = 0; i < n; i++) {
		word = radix_get(&vp->v_pages, key + i);
		if (word & PAGE_IDLE)
			break;
		radix_set(&vp->v_pages, key + i, word | PAGE_IDLE, NULL);
	}
	if (i == 0)
		return;
	tmpfs_idle_discard(addr, i);
	KSET(vp->v_nidle, vp->v_nidle + i);
	KSET(vp->v_flags, vp->v_flags | VNODE_EXTRA);
	klog_commit();
}

void
tmpfs_idle_wipe(struct vnode *vp, uint64_t from, uint64_t to)
{
	uint64_t key = from, addr, word;
	size_t i, n, more, less;

	KASSERT(kmutex_owned(&vp->v_lock) && klog_empty());
	while ((n = next_run(vp, &key, to, 0, &addr)) != 0) {
		tmpfs_idle_discard(addr, n);
		for (i = more = less = 0; i < n; i++) {
			word = radix_get(&vp->v_pages, key + i);
			more += (word & PAGE_IDLE) == 0;
			less += pageword_counts(word);
			radix_set(&vp->v_pages, key + i,
			    (word & ~PAGE_FLAGS) | PAGE_IDLE, NULL);
		}
		KSET(vp->v_npages, vp->v_npages - less);
		KSET(vp->v_nidle, vp->v_nidle + more);
		KSET(vp->v_flags, vp->v_flags | VNODE_EXTRA);
		klog_commit();
		key += n;
	}
}

void
tmpfs_idle_zero(struct vnode *vp, uint64_t from, uint64_t to)
{
	uint64_t key = from, addr;
	size_t n;

	for (; (n = next_run(vp, &key, to, 0, &addr)) != 0; key += n)
		tmpfs_idle_discard(addr, n);
}

uint64_t
tmpfs_npages(struct vnode *vp)
{

	tmpfs_idle_look(vp, 0, UINT64_MAX);
	return vp->v_npages;
}
