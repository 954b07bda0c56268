/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll_set: how sets come, which may be in which, and their check. */
#include <fcntl.h>

#include "rumpvfs/anonfile.h"
#include "rumpvfs/epoll.h"

#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"

struct file *
epoll_file(void)
{
	struct epoll *ep = kmem_cache_alloc(KC_EPOLL);
	struct file *f;

	if (ep == NULL)
		return NULL;
	if (ep->ep_lock.m_rank == 0) {
		kmutex_init(&ep->ep_lock, KRANK_EPOLL);
		kmutex_init(&ep->ep_rlock, KRANK_EPREADY);
	}
	f = file_alloc(FTYPE_EPOLL, O_RDWR);
	if (f == NULL) {
		kmem_free(ep);
		return NULL;
	}
	ep->ep_file = f;
	KSET(f->f_data, ep);
	khand_drop(ep);
	klog_commit();
	return f;
}

int
epoll_offile(const struct file *f, struct epoll **ep)
{
	if (f->f_type != FTYPE_EPOLL)
		return EINVAL;
	*ep = f->f_data;
	return 0;
}

static inline bool
is_set(const struct epitem *ei)
{
	return ei->ei_file->f_type == FTYPE_EPOLL;
}

/*
 * How many sets deep it is; more than EPOLL_DEPTH: too deep, or `not' is in
 * it.  Sets neither come nor go (es_nest), other items may: hence the lock.
 */
static int
depth_down(struct epoll *ep, const struct epoll * not, int sofar)
{
	const struct epitem *ei;
	int depth = 0, d;

	if (ep == not || sofar > EPOLL_DEPTH)
		return EPOLL_DEPTH + 1;
	kmutex_enter(&ep->ep_lock);
	for (ei = ep->ep_nsets != 0 ? ep->ep_head : NULL; ei != NULL;
	     ei = ei->ei_next) {
		if (fileops[ei->ei_file->f_type]->fo_deadline == NULL)
			break;
		if (!is_set(ei))
			continue;
		d = 1 + depth_down(ei->ei_file->f_data, not, sofar + 1);
		depth = kmax(depth, d);
	}
	kmutex_exit(&ep->ep_lock);
	return depth;
}

/* How many sets it is in. */
static int
depth_up(const struct epoll *ep, int sofar)
{
	const struct epitem *ei;
	int depth = 0, d;

	if (sofar > EPOLL_DEPTH)
		return sofar;
	for (ei = ep->ep_file->f_epoll; ei != NULL; ei = ei->ei_fnext) {
		d = 1 + depth_up(ei->ei_set, sofar + 1);
		depth = kmax(depth, d);
	}
	return depth;
}

bool
epoll_maynest(struct epoll *ep, struct epoll *in)
{
	int depth = depth_down(in, ep, 0);

	return depth <= EPOLL_DEPTH &&
	    depth + 1 + depth_up(ep, 0) <= EPOLL_DEPTH;
}

void
epoll_boot(void)
{
	struct epoll_state *es = arena_bootmem(sizeof(*es));
	int i;

	kmutex_init(&es->es_nest, KRANK_EPNEST);
	for (i = 0; i < EPOLL_FLOCKS; i++)
		kmutex_init(&es->es_file[i], KRANK_EPFILE);
	ARENA->a_epoll = es;
	kmem_cache_setsize(KC_EPOLL, sizeof(struct epoll),
	    offsetof(struct epoll, ep_file));
	kmem_cache_setsize(KC_EPITEM, sizeof(struct epitem), 0);
}

static int
fault(const struct epoll *ep, const char *what)
{
	kprintf("epoll set %p: %s\n", (const void *)ep, what);
	return 1;
}

static int
check_item(const struct epoll *ep, const struct epitem *ei)
{
	const struct epitem *at;

	if (ei->ei_set != ep || !kmem_valid(KC_FILE, ei->ei_file))
		return fault(ep, "an item of another, or of no file");
	for (at = ei->ei_file->f_epoll; at != NULL && at != ei;
	     at = at->ei_fnext)
		continue;
	if (at == NULL)
		return fault(ep, "an item its file does not know");
	if (ei->ei_wait.w_queue == NULL && !ei->ei_ready)
		return fault(ep, "an item that nobody will wake");
	return ei->ei_again && !ei->ei_ready ?
	    fault(ep, "an item with news that is not ready") :
	    0;
}

int
epoll_check(struct epoll *ep)
{
	const struct epitem *ei, *prev = NULL;
	uint32_t n = 0, ready = 0;
	int bad = 0;

	for (ei = ep->ep_head; ei != NULL; prev = ei, ei = ei->ei_next) {
		if (ei->ei_prev != prev)
			return fault(ep, "items are not linked well");
		bad += check_item(ep, ei);
		n++;
		ready += ei->ei_ready;
	}
	if (n != ep->ep_count || prev != ep->ep_tail)
		bad += fault(ep, "items counted wrong");
	prev = NULL;
	for (ei = ep->ep_rhead; ei != NULL; prev = ei, ei = ei->ei_rnext) {
		if (ei->ei_rprev != prev || !ei->ei_ready || ready-- == 0)
			return bad + fault(ep, "the ready list is broken");
	}
	if (ready != 0 || prev != ep->ep_rtail)
		bad += fault(ep, "ready items are not on the list");
	return bad;
}
