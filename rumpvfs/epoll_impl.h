/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll_impl: between the files of epoll: items (epoll_item.c), which of them are
 * ready (epoll_ready.c), those who wait (epoll.c), sets in sets (epoll_set.c).
 */
#ifndef RUMPVFS_EPOLL_IMPL_H
#define RUMPVFS_EPOLL_IMPL_H

#include <sys/epoll.h>

#include "rumpkern/arena.h"
#include "rumpvfs/epoll.h"

/* What stays of an item's events when a one-shot has been reported. */
#define EP_FLAGS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)

static inline struct epoll_state *
epoll_state(void)
{
	return ARENA->a_epoll;
}

static inline struct kmutex *
epoll_filelock(const struct file *f)
{
	return &epoll_state()->es_file[((uintptr_t)f >> 6) % EPOLL_FLOCKS];
}

static inline bool
epoll_isset(const struct file *f)
{
	return f->f_type == FTYPE_EPOLL;
}

/* May it become ready without anybody waking it? */
static inline bool
epoll_hasdeadline(const struct file *f)
{
	return fileops[f->f_type]->fo_deadline != NULL;
}

/* The ready list: ep_rlock held, logged. */
void epoll_ready(struct epoll *, struct epitem *);
void epoll_unready(struct epoll *, struct epitem *);
/* What is before `first' goes behind the rest: others' turn comes. */
void epoll_rotate(struct epoll *, struct epitem *first);
/* ep_rlock held: there is news.  True: somebody slept for it. */
bool epoll_announce(struct epoll *);

/*
 * ep_lock held: which of its events an item has now.  The first look queues
 * its entry.
 */
uint32_t epoll_look(struct epitem *);
/*
 * ep_lock held: an item of the ready list was looked at, had events, and these
 * were reported.
 */
void epoll_settle(struct epoll *, struct epitem *, uint32_t events,
    bool reported);

/*
 * ep_lock held: the item goes, in one commit.  The file's lock is let go last:
 * epoll_forget() waits for it, and then the owner of the queue may go.
 */
void epoll_dropitem(struct epoll *, struct epitem *);

#endif
