/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll: items come, go and become ready.  See epoll.h. */
#include <poll.h>
#include <sys/epoll.h>

#include "rumpvfs/anonfile.h"
#include "rumpvfs/epoll.h"

#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"

/* What stays of an item's events when a one-shot has been reported. */
#define EP_FLAGS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)

static inline struct epoll_state *
state(void)
{
	return ARENA->a_epoll;
}

static inline struct kmutex *
file_lock(const struct file *f)
{
	return &state()->es_file[((uintptr_t)f >> 6) % EPOLL_FLOCKS];
}

static inline bool
is_set(const struct file *f)
{
	return f->f_type == FTYPE_EPOLL;
}

/* May it become ready without anybody waking it? */
static inline bool
has_deadline(const struct file *f)
{
	return fileops[f->f_type]->fo_deadline != NULL;
}

/* --- The ready list: ep_rlock held, logged --------------------------------- */

static void
ready_add(struct epoll *ep, struct epitem *ei)
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

static void
ready_remove(struct epoll *ep, struct epitem *ei)
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

/* What is before `first' goes behind the rest: others' turn comes. */
static void
ready_rotate(struct epoll *ep, struct epitem *first)
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

/* ep_rlock held: there is news.  True: somebody slept for it. */
static bool
announce(struct epoll *ep)
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
			ready_add(ep, ei);
		klog_commit();
		__atomic_store_n(&ei->ei_again, 1, __ATOMIC_RELEASE);
		woke = announce(ep);
	}
	kmutex_exit(&ep->ep_rlock);
	return exclusive && woke;
}

/*
 * ep_lock held: which of its events an item has now.  The first look queues
 * its entry.
 */
static uint32_t
look(struct epitem *ei)
{
	struct file *f = ei->ei_file;
	uint32_t events = ei->ei_events;
	struct waitent *w;

	__atomic_exchange_n(&ei->ei_again, 0, __ATOMIC_SEQ_CST);
	w = ei->ei_wait.w_queue == NULL ? &ei->ei_wait : NULL;
	return (uint32_t)fileops[f->f_type]->fo_poll(f, events, w) & events &
	    ~EP_FLAGS;
}

/*
 * ep_lock held: an item of the ready list was looked at, had events, and these
 * were reported.
 */
static void
settle(struct epoll *ep, struct epitem *ei, uint32_t events, bool reported)
{
	bool once = reported && (ei->ei_events & EPOLLONESHOT) != 0;

	if (events != 0 && !once &&
	    !(reported && (ei->ei_events & EPOLLET) != 0))
		return;
	kmutex_enter(&ep->ep_rlock);
	if (once)
		KSET(ei->ei_events, ei->ei_events & EP_FLAGS);
	if (once || !KREAD(ei->ei_again))
		ready_remove(ep, ei);
	klog_commit();
	kmutex_exit(&ep->ep_rlock);
}

/* --- Items ------------------------------------------------------------------ */

/* ep_lock held. */
static struct epitem *
find(struct epoll *ep, struct file *f, int fd)
{
	struct kmutex *flock = file_lock(f);
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
	bool first = has_deadline(ei->ei_file);
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
	if (is_set(ei->ei_file))
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
	if (is_set(ei->ei_file))
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

/*
 * ep_lock held: the item goes, in one commit.  The file's lock is let go last:
 * epoll_forget() waits for it, and then the owner of wlock may go.
 */
static void
item_remove(struct epoll *ep, struct epitem *ei)
{
	struct kmutex *flock = file_lock(ei->ei_file), *wlock = NULL;

	/* Only who holds ep_lock queues it. */
	if (ei->ei_wait.w_queue != NULL)
		wlock = ei->ei_wait.w_lock;
	kmutex_enter(flock);
	if (wlock != NULL)
		kmutex_enter(wlock);
	kmutex_enter(&ep->ep_rlock);
	waitq_remove(&ei->ei_wait);
	ready_remove(ep, ei);
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
	uint32_t events = look(ei);
	struct file *f = ei->ei_file;

	settle(ep, ei, events, false);
	/* A timer's time is news as well to those who sleep. */
	if ((events != 0 && !told) ||
	    (has_deadline(f) &&
		fileops[f->f_type]->fo_deadline(f) != KSLEEP_FOREVER)) {
		kmutex_enter(&ep->ep_rlock);
		announce(ep);
		kmutex_exit(&ep->ep_rlock);
	}
}

static int
item_add(struct epoll *ep, struct file *f, int fd, const struct epoll_event *ev)
{
	struct kmutex *flock = file_lock(f);
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
	ready_add(ep, ei);
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
	if (is_set(f))
		kmutex_enter(&state()->es_nest);
}

static void
nest_exit(const struct file *f)
{
	if (is_set(f))
		kmutex_exit(&state()->es_nest);
}

int
epoll_add(struct epoll *ep, struct file *f, int fd,
    const struct epoll_event *ev)
{
	int error = 0;

	nest_enter(f);
	if (is_set(f) && !epoll_maynest(ep, f->f_data))
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
			ready_add(ep, ei);
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
		item_remove(ep, ei);
	kmutex_exit(&ep->ep_lock);
	nest_exit(f);
	return ei != NULL ? 0 : ENOENT;
}

void
epoll_forget(struct file *f)
{
	struct kmutex *flock = file_lock(f);
	struct epitem *ei;
	struct epoll *ep;
	bool same;

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
			item_remove(ep, ei);
		kmutex_exit(&ep->ep_lock);
	}
	nest_exit(f);
}

/* --- Waiting ------------------------------------------------------------------ */

int
epoll_harvest(struct epoll *ep, struct epoll_event *uevents, int max, int *n)
{
	struct epitem *ei, *next = NULL, *last;
	struct epoll_event ev;
	uint32_t events;
	int error = 0;

	*n = 0;
	kmutex_enter(&ep->ep_lock);
	last = KREAD(ep->ep_rtail);
	for (ei = KREAD(ep->ep_rhead); ei != NULL && last != NULL; ei = next) {
		next = ei != last ? KREAD(ei->ei_rnext) : NULL;
		events = look(ei);
		if (events != 0) {
			ev.events = events;
			ev.data.u64 = ei->ei_data;
			error = copyout(&ev, uevents + *n, sizeof(ev));
			if (error != 0)
				break;
			++*n;
		}
		settle(ep, ei, events, events != 0);
		if (*n == max)
			break;
	}
	if (*n == max && next != NULL) {
		kmutex_enter(&ep->ep_rlock);
		ready_rotate(ep, next);
		klog_commit();
		kmutex_exit(&ep->ep_rlock);
	}
	kmutex_exit(&ep->ep_lock);
	return *n != 0 ? 0 : error;
}

bool
epoll_enter(struct epoll *ep)
{
	bool empty;

	ksleep_prepare();
	kmutex_enter(&ep->ep_rlock);
	empty = ep->ep_rhead == NULL;
	if (empty) {
		waitq_add(&ep->ep_wait, &curcpu()->c_went, &ep->ep_rlock);
		klog_commit();
	}
	kmutex_exit(&ep->ep_rlock);
	return empty;
}

void
epoll_leave(struct epoll *ep)
{
	kmutex_enter(&ep->ep_rlock);
	waitq_remove(&curcpu()->c_went);
	klog_commit();
	kmutex_exit(&ep->ep_rlock);
}

void
epoll_pass(struct epoll *ep)
{
	struct epitem *first;

	if (likely(KREAD(ep->ep_wait.wq_head) == NULL))
		return;
	kmutex_enter(&ep->ep_lock);
	first = ep->ep_head;
	kmutex_enter(&ep->ep_rlock);
	if (ep->ep_rhead != NULL ||
	    (first != NULL && has_deadline(first->ei_file)))
		kwakeup_one(&ep->ep_wait);
	kmutex_exit(&ep->ep_rlock);
	kmutex_exit(&ep->ep_lock);
}

uint64_t
epoll_deadline(struct epoll *ep)
{
	uint64_t first = KSLEEP_FOREVER;
	struct epitem *ei;
	struct file *f;

	if (KREAD(ep->ep_head) == NULL)
		return first;
	kmutex_enter(&ep->ep_lock);
	for (ei = ep->ep_head; ei != NULL; ei = ei->ei_next) {
		f = ei->ei_file;
		if (!has_deadline(f))
			break;
		first = kmin(first, fileops[f->f_type]->fo_deadline(f));
	}
	kmutex_exit(&ep->ep_lock);
	return first;
}

/* --- The set as a file -------------------------------------------------------- */

/* ep_lock held: is any item ready? */
static bool
any_ready(struct epoll *ep)
{
	struct epitem *ei, *next, *last = KREAD(ep->ep_rtail);
	uint32_t events;

	for (ei = KREAD(ep->ep_rhead); ei != NULL && last != NULL; ei = next) {
		next = ei != last ? KREAD(ei->ei_rnext) : NULL;
		events = look(ei);
		settle(ep, ei, events, false);
		if (events != 0)
			return true;
	}
	return false;
}

static int
epoll_poll(struct file *f, int events, struct waitent *ent)
{
	struct epoll *ep = f->f_data;
	bool ready;

	(void)epoll_deadline(ep);
	kmutex_enter(&ep->ep_lock);
	if (ent != NULL) {
		kmutex_enter(&ep->ep_rlock);
		waitq_add(&ep->ep_poll, ent, &ep->ep_rlock);
		klog_commit();
		kmutex_exit(&ep->ep_rlock);
	}
	ready = any_ready(ep);
	kmutex_exit(&ep->ep_lock);
	return ready ? events & (POLLIN | POLLRDNORM) : 0;
}

static uint64_t
file_deadline(struct file *f)
{
	return epoll_deadline(f->f_data);
}

/* The reaper may begin it again. */
static void
epoll_close(struct file *f)
{
	struct epoll *ep = f->f_data;
	bool nests;

	if (ep == NULL)
		return;
	nests = KREAD(ep->ep_nsets) != 0;
	if (nests)
		kmutex_enter(&state()->es_nest);
	kmutex_enter(&ep->ep_lock);
	while (ep->ep_head != NULL)
		item_remove(ep, ep->ep_head);
	kmutex_exit(&ep->ep_lock);
	if (nests)
		kmutex_exit(&state()->es_nest);
	KSET(f->f_data, NULL);
	khand_add(KHAND_MEM, ep);
	klog_commit();
	kmem_free(ep);
}

const struct fileops epoll_fileops = {
	.fo_poll = epoll_poll,
	.fo_deadline = file_deadline,
	.fo_stat = anonfile_stat,
	.fo_close = epoll_close,
};
