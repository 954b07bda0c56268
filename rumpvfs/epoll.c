/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll: waiting for a set's events, and the set as a file.  See epoll.h. */
#include <poll.h>

#include "rumpvfs/anonfile.h"
#include "rumpvfs/epoll_impl.h"

#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"

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
		events = epoll_look(ei);
		if (events != 0) {
			ev.events = events;
			ev.data.u64 = ei->ei_data;
			error = copyout(&ev, uevents + *n, sizeof(ev));
			if (error != 0)
				break;
			++*n;
		}
		epoll_settle(ep, ei, events, events != 0);
		if (*n == max)
			break;
	}
	if (*n == max && next != NULL) {
		kmutex_enter(&ep->ep_rlock);
		epoll_rotate(ep, next);
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
	    (first != NULL && epoll_hasdeadline(first->ei_file)))
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
		if (!epoll_hasdeadline(f))
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
		events = epoll_look(ei);
		epoll_settle(ep, ei, events, false);
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

static int
epoll_ioctl(struct file *f, unsigned long cmd, void *uarg, long *ret)
{
	(void)f;
	(void)cmd;
	(void)uarg;
	(void)ret;
	return EINVAL; /* as the host's: not ENOTTY */
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
		kmutex_enter(&epoll_state()->es_nest);
	kmutex_enter(&ep->ep_lock);
	while (ep->ep_head != NULL)
		epoll_dropitem(ep, ep->ep_head);
	kmutex_exit(&ep->ep_lock);
	if (nests)
		kmutex_exit(&epoll_state()->es_nest);
	KSET(f->f_data, NULL);
	khand_add(KHAND_MEM, ep);
	klog_commit();
	kmem_free(ep);
}

const struct fileops epoll_fileops = {
	.fo_ioctl = epoll_ioctl,
	.fo_poll = epoll_poll,
	.fo_deadline = file_deadline,
	.fo_stat = anonfile_stat,
	.fo_close = epoll_close,
};
