/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapping: see mapping.h.
 */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/mapping.h"
#include "rumpvfs/vnode.h"

int
mapping_add(struct host *h, struct vnode *vp, uint64_t addr, uint64_t len)
{
	struct mapping *m = kmem_alloc(sizeof(*m));

	if (m == NULL)
		return ENOMEM;
	m->mp_vnode = vp;
	m->mp_addr = addr;
	m->mp_len = len;
	kmutex_enter(&h->h_maplock);
	m->mp_next = h->h_maps;
	KSET(h->h_maps, m);
	khand_drop(m);
	khand_drop(vp);
	klog_commit();
	kmutex_exit(&h->h_maplock);
	return 0;
}

/* Take one record inside the range off the list, into the hand. */
static struct mapping *
take(struct host *h, uint64_t addr, uint64_t len)
{
	struct mapping **mp, *m;

	kmutex_enter(&h->h_maplock);
	for (mp = &h->h_maps; (m = *mp) != NULL; mp = &m->mp_next)
		if (m->mp_addr >= addr && m->mp_len <= len &&
		    m->mp_addr - addr <= len - m->mp_len)
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

	while (h->h_maps != NULL && take(h, addr, len) != NULL)
		khand_release_to(mark);
}

int
mapping_copy(struct host *from, struct host *to)
{
	struct mapping *m;
	int error = 0;

	if (likely(from->h_maps == NULL))
		return 0;
	/* Only our own threads change the list, and we are forking. */
	for (m = from->h_maps; m != NULL && error == 0; m = m->mp_next) {
		vnode_map_hold(m->mp_vnode);
		error = mapping_add(to, m->mp_vnode, m->mp_addr, m->mp_len);
		if (error != 0)
			khand_release(m->mp_vnode);
	}
	return error;
}
