/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll_item: items come and go.  See epoll.h. */
#include "rumpvfs/async.h"
#include "rumpvfs/epoll_impl.h"

#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"

/* ep_lock held. */
static struct epitem *
find(struct epoll *ep, struct file *f, int fd)
{
	struct kmutex *flock = epoll_filelock(f);
	struct epitem *ei;

	kmutex_enter(flock);
	for (ei = f->f_epoll; ei != NULL; ei = ei->ei_fnext)
		if (ei->ei_set == ep && ei->ei_fd == fd)
			break;
	kmutex_exit(flock);
	return ei;
}

/* Logged: into the set's list. */
static void
set_insert(struct epoll *ep, struct epitem *ei)
{
	bool first = epoll_hasdeadline(ei->ei_file);
	struct epitem *prev = first ? NULL : ep->ep_tail;
	struct epitem *next = first ? ep->ep_head : NULL;

	KSET(ei->ei_prev, prev);
	KSET(ei->ei_next, next);
	if (prev != NULL)
		KSET(prev->ei_next, ei);
	else
		KSET(ep->ep_head, ei);
	if (next != NULL)
		KSET(next->ei_prev, ei);
	else
		KSET(ep->ep_tail, ei);
	KSET(ep->ep_count, ep->ep_count + 1);
	if (epoll_isset(ei->ei_file))
		KSET(ep->ep_nsets, ep->ep_nsets + 1);
}

static void
set_remove(struct epoll *ep, struct epitem *ei)
{
	if (ei->ei_prev != NULL)
		KSET(ei->ei_prev->ei_next, ei->ei_next);
	else
		KSET(ep->ep_head, ei->ei_next);
	if (ei->ei_next != NULL)
		KSET(ei->ei_next->ei_prev, ei->ei_prev);
	else
		KSET(ep->ep_tail, ei->ei_prev);
	KSET(ep->ep_count, ep->ep_count - 1);
	if (epoll_isset(ei->ei_file))
		KSET(ep->ep_nsets, ep->ep_nsets - 1);
}

/* Logged: out of the file's list, which is short. */
static void
file_remove(struct file *f, struct epitem *ei)
{
	struct epitem *at = f->f_epoll;

	if (at == ei) {
		KSET(f->f_epoll, ei->ei_fnext);
		return;
	}
	while (at->ei_fnext != ei)
		at = at->ei_fnext;
	KSET(at->ei_fnext, ei->ei_fnext);
}

void
epoll_dropitem(struct epoll *ep, struct epitem *ei)
{
	struct kmutex *flock = epoll_filelock(ei->ei_file), *wlock = NULL;

	/* Only who holds ep_lock queues it. */
	kmutex_enter(flock);
	if (KREAD(ei->ei_wait.w_queue) != NULL)
		wlock = waitent_lock(&ei->ei_wait);
	kmutex_enter(&ep->ep_rlock);
	waitq_remove(&ei->ei_wait);
	epoll_unready(ep, ei);
	set_remove(ep, ei);
	file_remove(ei->ei_file, ei);
	khand_add(KHAND_MEM, ei);
	klog_commit();
	kmutex_exit(&ep->ep_rlock);
	if (wlock != NULL)
		kmutex_exit(wlock);
	kmutex_exit(flock);
	kmem_free(ei);
}

/*
 * ep_lock held: look at an item that is on the list, and tell of its events
 * unless that was done when it came there.
 */
static void
look_and_tell(struct epoll *ep, struct epitem *ei, bool told)
{
	uint32_t events = epoll_look(ei);
	struct file *f = ei->ei_file;

	epoll_settle(ep, ei, events, false);
	/* A timer's time is news as well to those who sleep. */
	if ((events != 0 && !told) ||
	    (epoll_hasdeadline(f) &&
		fileops[f->f_type]->fo_deadline(f) != KSLEEP_FOREVER)) {
		kmutex_enter(&ep->ep_rlock);
		epoll_announce(ep);
		kmutex_exit(&ep->ep_rlock);
	}
}

static int
item_add(struct epoll *ep, struct file *f, int fd, const struct epoll_event *ev)
{
	struct kmutex *flock = epoll_filelock(f);
	struct epitem *ei = kmem_cache_alloc(KC_EPITEM);

	if (ei == NULL)
		return ENOMEM;
	ei->ei_wait.w_hook = WAITHOOK_EPOLL;
	ei->ei_set = ep;
	ei->ei_file = f;
	ei->ei_fd = fd;
	ei->ei_events = ev->events | EPOLLERR | EPOLLHUP;
	ei->ei_data = ev->data.u64;
	kmutex_enter(flock);
	kmutex_enter(&ep->ep_rlock);
	set_insert(ep, ei);
	__atomic_store_n(&f->f_watched, 1, __ATOMIC_RELEASE);
	ei->ei_fnext = f->f_epoll;
	KSET(f->f_epoll, ei);
	epoll_ready(ep, ei);
	khand_drop(ei);
	klog_commit();
	kmutex_exit(&ep->ep_rlock);
	kmutex_exit(flock);
	look_and_tell(ep, ei, false);
	return 0;
}

/* The lock of sets in sets, if this is about that. */
static void
nest_enter(const struct file *f)
{
	if (epoll_isset(f))
		kmutex_enter(&epoll_state()->es_nest);
}

static void
nest_exit(const struct file *f)
{
	if (epoll_isset(f))
		kmutex_exit(&epoll_state()->es_nest);
}

int
epoll_add(struct epoll *ep, struct file *f, int fd,
    const struct epoll_event *ev)
{
	int error = 0;

	nest_enter(f);
	if (epoll_isset(f) && !epoll_maynest(ep, f->f_data))
		error = ELOOP;
	kmutex_enter(&ep->ep_lock);
	if (error == 0)
		error = find(ep, f, fd) != NULL ? EEXIST :
						  item_add(ep, f, fd, ev);
	kmutex_exit(&ep->ep_lock);
	nest_exit(f);
	return error;
}

int
epoll_modify(struct epoll *ep, struct file *f, int fd,
    const struct epoll_event *ev)
{
	struct epitem *ei;
	bool told;
	int error = 0;

	kmutex_enter(&ep->ep_lock);
	ei = find(ep, f, fd);
	if (ei == NULL)
		error = ENOENT;
	else if (ei->ei_events & EPOLLEXCLUSIVE)
		error = EINVAL;
	if (error == 0) {
		kmutex_enter(&ep->ep_rlock);
		KSET(ei->ei_events, ev->events | EPOLLERR | EPOLLHUP);
		KSET(ei->ei_data, ev->data.u64);
		told = ei->ei_ready;
		if (!told)
			epoll_ready(ep, ei);
		klog_commit();
		kmutex_exit(&ep->ep_rlock);
		look_and_tell(ep, ei, told);
	}
	kmutex_exit(&ep->ep_lock);
	return error;
}

int
epoll_delete(struct epoll *ep, struct file *f, int fd)
{
	struct epitem *ei;

	nest_enter(f);
	kmutex_enter(&ep->ep_lock);
	ei = find(ep, f, fd);
	if (ei != NULL)
		epoll_dropitem(ep, ei);
	kmutex_exit(&ep->ep_lock);
	nest_exit(f);
	return ei != NULL ? 0 : ENOENT;
}

void
epoll_forget(struct file *f)
{
	struct kmutex *flock = epoll_filelock(f);
	struct epitem *ei;
	struct epoll *ep;
	bool same;

	async_forget(f);
	nest_enter(f);
	for (;;) {
		kmutex_enter(flock);
		ei = f->f_epoll;
		ep = ei != NULL ? ei->ei_set : NULL;
		kmutex_exit(flock);
		if (ei == NULL)
			break;
		/* Its set may be closed meanwhile, and even be another's. */
		kmutex_enter(&ep->ep_lock);
		kmutex_enter(flock);
		same = f->f_epoll == ei && ei->ei_set == ep;
		kmutex_exit(flock);
		if (same)
			epoll_dropitem(ep, ei);
		kmutex_exit(&ep->ep_lock);
	}
	nest_exit(f);
}

/* --- Items that are in the host's set too ------------------------------------- */

uint64_t
epoll_token(struct epoll *ep, struct file *f, int fd)
{
	struct epitem *ei;

	kmutex_enter(&ep->ep_lock);
	ei = find(ep, f, fd);
	kmutex_exit(&ep->ep_lock);
	return ei != NULL ? (uintptr_t)ei + 1 : 0;
}

bool
epoll_untoken(struct epoll *ep, struct epoll_event *ev)
{
	struct epitem *ei = (void *)(uintptr_t)(ev->data.u64 - 1);
	bool there = false;
	uint32_t asked;

	kmutex_enter(&ep->ep_lock);
	if (kmem_valid(KC_EPITEM, ei) && ei->ei_set == ep) {
		asked = ei->ei_events & ~EP_FLAGS;
		ev->events &= asked;
		ev->data.u64 = ei->ei_data;
		there = ev->events != 0;
		if (there && (ei->ei_events & EPOLLONESHOT)) {
			kmutex_enter(&ep->ep_rlock);
			KSET(ei->ei_events, ei->ei_events & EP_FLAGS);
			epoll_unready(ep, ei);
			klog_commit();
			kmutex_exit(&ep->ep_rlock);
		}
	}
	kmutex_exit(&ep->ep_lock);
	return there;
}
