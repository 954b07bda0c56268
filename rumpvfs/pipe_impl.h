/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe_impl: what the files of the pipe share: room, publication, wakes.
 */
#ifndef RUMPVFS_PIPE_IMPL_H
#define RUMPVFS_PIPE_IMPL_H

#include <poll.h>

#include "rumpvfs/pipe.h"

#include "rumpkern/klog.h"

/* All with pp_lock held. */

/* Make the ring hold n more bytes, at most pp_cap in all.  0, ENOMEM. */
int pipe_grow(struct pipe *, uint64_t n);
/* Give the ring this size, which holds the content.  0, ENOMEM. */
int pipe_resize(struct pipe *, uint64_t size);
/*
 * Logged: a file's end goes; the reference is in hand again.  Whoever waits
 * is to be woken after the commit.
 */
void pipe_detach(struct pipe *, struct file *);
/* An end came or went: whoever waits looks again. */
void pipe_wake_all(struct pipe *);
/* fo_close */
void pipe_close(struct file *);

static inline uint64_t
pipe_room(const struct pipe *p)
{
	return p->pp_cap - (p->pp_head - p->pp_tail);
}

/* Is there room as poll and sleeping writers see it? */
static inline bool
pipe_writable(const struct pipe *p)
{
	return pipe_room(p) >= PIPE_ATOMIC &&
	    (likely(p->pp_npkts == 0) || p->pp_npkts < p->pp_cap / PIPE_ATOMIC);
}

/* Publish: one store, after the bytes are there. */
static inline void
pipe_sethead(struct pipe *p, uint64_t head)
{
	kbarrier();
	*(volatile uint64_t *)&p->pp_head = head;
	kbarrier();
	klog_point();
}

static inline void
pipe_settail(struct pipe *p, uint64_t tail)
{
	kbarrier();
	*(volatile uint64_t *)&p->pp_tail = tail;
	kbarrier();
	klog_point();
}

/* There is data: wake one reader, and all that poll. */
static inline void
pipe_wake_readers(struct pipe *p)
{
	if (p->pp_rwait.wq_head != NULL)
		kwakeup_one(&p->pp_rwait);
	if (unlikely(p->pp_poll.wq_head != NULL))
		kwakeup_events(&p->pp_poll, POLLIN | POLLRDNORM);
}

static inline void
pipe_wake_writers(struct pipe *p)
{
	if (p->pp_wwait.wq_head != NULL)
		kwakeup_one(&p->pp_wwait);
	if (unlikely(p->pp_poll.wq_head != NULL))
		kwakeup_events(&p->pp_poll, POLLOUT | POLLWRNORM);
}

#endif
