/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll_ready: items become ready, and are looked at.  See epoll.h. */
#include <poll.h>

#include "rumpvfs/epoll_impl.h"

#include "rumpkern/klog.h"

void
epoll_ready(struct epoll *ep, struct epitem *ei)
{
	KSET(ei->ei_rnext, NULL);
	KSET(ei->ei_rprev, ep->ep_rtail);
	if (ep->ep_rtail != NULL)
		KSET(ep->ep_rtail->ei_rnext, ei);
	else
		KSET(ep->ep_rhead, ei);
	KSET(ep->ep_rtail, ei);
	KSET(ei->ei_ready, 1);
}

void
epoll_unready(struct epoll *ep, struct epitem *ei)
{
	if (!ei->ei_ready)
		return;
	/* Not logged: an item that is ready is looked at in any case. */
	__atomic_store_n(&ei->ei_again, 0, __ATOMIC_RELEASE);
	if (ei->ei_rprev != NULL)
		KSET(ei->ei_rprev->ei_rnext, ei->ei_rnext);
	else
		KSET(ep->ep_rhead, ei->ei_rnext);
	if (ei->ei_rnext != NULL)
		KSET(ei->ei_rnext->ei_rprev, ei->ei_rprev);
	else
		KSET(ep->ep_rtail, ei->ei_rprev);
	KSET(ei->ei_ready, 0);
}

void
epoll_rotate(struct epoll *ep, struct epitem *first)
{
	struct epitem *last = first->ei_rprev;

	if (last == NULL)
		return;
	KSET(ep->ep_rtail->ei_rnext, ep->ep_rhead);
	KSET(ep->ep_rhead->ei_rprev, ep->ep_rtail);
	KSET(ep->ep_rtail, last);
	KSET(last->ei_rnext, NULL);
	KSET(ep->ep_rhead, first);
	KSET(first->ei_rprev, NULL);
}

bool
epoll_announce(struct epoll *ep)
{
	bool sleeps = ep->ep_wait.wq_head != NULL;

	if (sleeps)
		kwakeup_one(&ep->ep_wait);
	if (unlikely(ep->ep_poll.wq_head != NULL))
		kwakeup_events(&ep->ep_poll, POLLIN | POLLRDNORM);
	return sleeps;
}

/* What a file can have: one end of a pipe is not told of the other's news. */
static inline uint32_t
events_of(const struct file *f)
{
	uint32_t events = ~0U;

	if (!(f->f_mode & FMODE_READ))
		events &= ~(uint32_t)(POLLIN | POLLRDNORM);
	if (!(f->f_mode & FMODE_WRITE))
		events &= ~(uint32_t)(POLLOUT | POLLWRNORM);
	return events;
}

bool
epoll_hook(struct waitent *w, uint32_t events, bool taken)
{
	struct epitem *ei = container_of(w, struct epitem, ei_wait);
	struct epoll *ep = ei->ei_set;
	bool exclusive, woke = false;
	uint32_t asked;

	KASSERT(klog_empty());
	exclusive = (KREAD(ei->ei_events) & EPOLLEXCLUSIVE) != 0;
	if (taken && exclusive)
		return false;
	atomic_thread_fence(memory_order_seq_cst);
	/* A set in others has news for them each time. */
	if (KREAD(ei->ei_again) && KREAD(ep->ep_poll.wq_head) == NULL)
		return exclusive && KREAD(ep->ep_wait.wq_head) != NULL;
	kmutex_enter(&ep->ep_rlock);
	asked = ei->ei_events & ~EP_FLAGS;
	if (asked != 0)
		asked &= events_of(ei->ei_file);
	if ((asked & events) != 0) {
		if (!ei->ei_ready)
			epoll_ready(ep, ei);
		klog_commit();
		__atomic_store_n(&ei->ei_again, 1, __ATOMIC_RELEASE);
		woke = epoll_announce(ep);
	}
	kmutex_exit(&ep->ep_rlock);
	return exclusive && woke;
}

uint32_t
epoll_look(struct epitem *ei)
{
	struct file *f = ei->ei_file;
	uint32_t events = ei->ei_events;
	struct waitent *w;

	__atomic_exchange_n(&ei->ei_again, 0, __ATOMIC_SEQ_CST);
	w = ei->ei_wait.w_queue == NULL ? &ei->ei_wait : NULL;
	return (uint32_t)fileops[f->f_type]->fo_poll(f, events, w) & events &
	    ~EP_FLAGS;
}

void
epoll_settle(struct epoll *ep, struct epitem *ei, uint32_t events,
    bool reported)
{
	bool once = reported && (ei->ei_events & EPOLLONESHOT) != 0;

	if (events != 0 && !once &&
	    !(reported && (ei->ei_events & EPOLLET) != 0))
		return;
	kmutex_enter(&ep->ep_rlock);
	if (once)
		KSET(ei->ei_events, ei->ei_events & EP_FLAGS);
	if (once || !KREAD(ei->ei_again))
		epoll_unready(ep, ei);
	klog_commit();
	kmutex_exit(&ep->ep_rlock);
}
