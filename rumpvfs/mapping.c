/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapping: see mapping.h.
 */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/mapping.h"
#include "rumpvfs/vnode.h"

int
mapping_add(struct host *h, const struct mapping *from)
{
	struct mapping *m = kmem_alloc(sizeof(*m));

	if (m == NULL)
		return ENOMEM;
	*m = *from;
	kmutex_enter(&h->h_maplock);
	m->mp_next = h->h_maps;
	KSET(h->h_maps, m);
	khand_drop(m);
	khand_drop(m->mp_vnode);
	klog_commit();
	kmutex_exit(&h->h_maplock);
	return 0;
}

/* The record that addr is in the middle of. */
static struct mapping *
across(const struct host *h, uint64_t addr)
{
	struct mapping *m;

	for (m = h->h_maps; m != NULL; m = m->mp_next)
		if (m->mp_addr < addr && addr - m->mp_addr < m->mp_len)
			return m;
	return NULL;
}

/*
 * Let no record lie across addr: what is above it becomes one of its own.  If
 * there is no memory for that, the record stays whole and lasts longer.
 */
static void
split(struct host *h, uint64_t addr)
{
	struct mapping *m, *upper;
	struct vnode *vp;
	uint64_t n;

	kmutex_enter(&h->h_maplock);
	m = across(h, addr);
	if (likely(m == NULL)) {
		kmutex_exit(&h->h_maplock);
		return;
	}
	vp = m->mp_vnode;
	vnode_map_hold(vp);
	upper = kmem_alloc(sizeof(*upper));
	if (upper == NULL) {
		kmutex_exit(&h->h_maplock);
		khand_release(vp);
		return;
	}
	n = addr - m->mp_addr;
	*upper = *m;
	upper->mp_addr += n;
	upper->mp_off += n;
	upper->mp_len -= n;
	KSET(m->mp_len, n);
	KSET(m->mp_next, upper);
	khand_drop(upper);
	khand_drop(upper->mp_vnode);
	klog_commit();
	kmutex_exit(&h->h_maplock);
}

static inline bool
inside(const struct mapping *m, uint64_t addr, uint64_t len)
{

	return m->mp_addr >= addr && m->mp_len <= len &&
	    m->mp_addr - addr <= len - m->mp_len;
}

/* Take one record inside the range off the list, into the hand. */
static struct mapping *
take(struct host *h, uint64_t addr, uint64_t len)
{
	struct mapping **mp, *m;

	kmutex_enter(&h->h_maplock);
	for (mp = &h->h_maps; (m = *mp) != NULL; mp = &m->mp_next)
		if (inside(m, addr, len))
			break;
	if (m != NULL) {
		KSET(*mp, m->mp_next);
		khand_add(KHAND_MAPPING, m->mp_vnode);
		khand_add(KHAND_MEM, m);
	}
	klog_commit();
	kmutex_exit(&h->h_maplock);
	return m;
}

void
mapping_remove(struct host *h, uint64_t addr, uint64_t len)
{
	uint32_t mark = khand_mark();

	if (h->h_maps == NULL)
		return;
	if (addr != 0 || len != UINT64_MAX) {
		split(h, addr);
		split(h, addr + len);
	}
	while (h->h_maps != NULL && take(h, addr, len) != NULL)
		khand_release_to(mark);
}

const struct mapping *
mapping_at(const struct host *h, uint64_t addr)
{
	const struct mapping *m;

	KASSERT(kmutex_owned(&h->h_maplock));
	for (m = h->h_maps; m != NULL; m = m->mp_next)
		if (addr - m->mp_addr < m->mp_len)
			return m;
	return NULL;
}

bool
mapping_find(struct host *h, uint64_t addr, uint64_t end, struct mapping *copy)
{
	const struct mapping *m, *first = NULL;

	kmutex_enter(&h->h_maplock);
	for (m = h->h_maps; m != NULL; m = m->mp_next)
		if (m->mp_addr < end && m->mp_addr + m->mp_len > addr &&
		    (first == NULL || m->mp_addr < first->mp_addr))
			first = m;
	if (first != NULL)
		*copy = *first;
	kmutex_exit(&h->h_maplock);
	return first != NULL;
}

void
mapping_protect(struct host *h, uint64_t addr, uint64_t len, uint32_t prot)
{
	struct mapping *m;

	split(h, addr);
	split(h, addr + len);
	kmutex_enter(&h->h_maplock);
	for (m = h->h_maps; m != NULL; m = m->mp_next) {
		if (!inside(m, addr, len))
			continue;
		KSET(m->mp_prot, prot);
		klog_commit();
	}
	kmutex_exit(&h->h_maplock);
}

int
mapping_copy(struct host *from, struct host *to)
{
	struct mapping *m, *copy = NULL;
	struct vnode *vp = NULL;

	if (likely(from->h_maps == NULL))
		return 0;
	/* Other threads of ours may unmap; nobody else knows of the child. */
	kmutex_enter(&from->h_maplock);
	for (m = from->h_maps; m != NULL; m = m->mp_next) {
		vp = m->mp_vnode;
		vnode_map_hold(vp);
		copy = kmem_alloc(sizeof(*copy));
		if (copy == NULL)
			break;
		*copy = *m;
		copy->mp_next = to->h_maps;
		KSET(to->h_maps, copy);
		khand_drop(copy);
		khand_drop(vp);
		klog_commit();
	}
	kmutex_exit(&from->h_maplock);
	if (m == NULL)
		return 0;
	khand_release(vp);
	return ENOMEM;
}
