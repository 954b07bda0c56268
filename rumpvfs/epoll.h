/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll: sets of files, and which of them have news.
 *
 * Theory of operation
 *
 *	An item is a file in a set under one descriptor.  It belongs to both
 *	and goes with whichever goes first; it counts no reference.  Its entry
 *	stays in the file's queue of pollers.  A wake of that queue runs the
 *	entry's hook, which puts the item on the set's ready list and wakes a
 *	sleeper of the set: what an event costs does not depend on how many
 *	items there are.  Whoever waits looks at the items of the ready list
 *	only.  What it finds without events leaves the list, as does what is
 *	edge-triggered and reported; the rest stays.
 *
 *	While an item is looked at news may come.  So its ei_again is cleared
 *	before the look, and set by the hook: an item that has it keeps its
 *	place.  A hook that finds it set has nothing to do, and takes no lock.
 *
 *	An item is linked and on the ready list in one commit, and its entry is
 *	queued by the first look at it: if its maker dies between the two, the
 *	next to wait does that.
 *
 *	Timers have nobody to wake those who wait for them: they are told
 *	by whoever looks (fo_deadline), and a sleeper sleeps no longer than to
 *	the next of its set's.  Such items, and sets, which may have some, come
 *	first in ep_head's list.  One sleeper is enough to see to it: who leaves
 *	such a set wakes another.
 *
 * Sets in sets
 *
 *	A set in another is polled like any file: outer ep_lock, inner ep_lock.
 *	Its news go the other way: inner ep_rlock, outer ep_rlock.  Neither has
 *	circles as long as nobody makes a set its own member; a_epnest, which is
 *	held when sets are put into sets or taken out, keeps it so.
 *
 * Locking
 *	(e)	ep_lock
 *	(r)	ep_rlock
 *	(f)	the file's list: one of epoll_state's, by the file's address
 *	(n)	es_nest as well, if the item's file is a set
 *	(c)	constant
 *
 *	The memory of a set stays one for ever, and its locks are kept:
 *	epoll_forget() locks what may have gone meanwhile.
 */
#ifndef RUMPVFS_EPOLL_H
#define RUMPVFS_EPOLL_H

#include "lwproc/file.h"
#include "rumpkern/kern.h"
#include "rumpkern/kmutex.h"
#include "rumpkern/waitq.h"

struct epoll_event;

#define EPOLL_DEPTH  4 /* sets below the outermost */
#define EPOLL_FLOCKS 64

struct epitem {
	uint64_t ei_link;        /* free-list link when free */
	struct waitent ei_wait;  /* in the queue of the file's pollers */
	struct epoll *ei_set;    /* (c) */
	struct file *ei_file;    /* (c) not counted */
	struct epitem *ei_next;  /* (e,n) of the set */
	struct epitem *ei_prev;  /* (e,n) */
	struct epitem *ei_fnext; /* (f,n) of the file */
	struct epitem *ei_rnext; /* (r) of the ready list */
	struct epitem *ei_rprev; /* (r) */
	uint64_t ei_data;        /* (e) the program's */
	uint32_t ei_events;      /* (e, r) EPOLL*, flags too */
	int32_t ei_fd;           /* (c) */
	uint8_t ei_ready;        /* (r) on the ready list */
	uint8_t ei_again;        /* (r) to set: news since the last look */
};

struct epoll {
	uint64_t ep_link;
	struct kmutex ep_lock;  /* KRANK_EPOLL */
	struct kmutex ep_rlock; /* KRANK_EPREADY */
	/* What is above outlives the set. */
	struct file *ep_file;    /* (c) */
	struct epitem *ep_head;  /* (e,n) timers and sets first */
	struct epitem *ep_tail;  /* (e,n) */
	struct epitem *ep_rhead; /* (r) to change */
	struct epitem *ep_rtail; /* (r) */
	uint32_t ep_count;       /* (e) items */
	uint32_t ep_nsets;       /* (e,n) items that are sets */
	struct waitq ep_wait;    /* (r) those who wait for events */
	struct waitq ep_poll;    /* (r) those who poll the set itself */
	/* The shim's, see hijack/epoll.c. */
	_Atomic uint32_t ep_nhost; /* items in the host's set, at most */
	_Atomic uint32_t ep_nraw;  /* who waits in the host only, at most */
	_Atomic uint32_t ep_mixed; /* had an item here */
	_Atomic uint32_t ep_dual;  /* had one that is in both sets */
};

/* In the arena. */
struct epoll_state {
	struct kmutex es_nest;               /* KRANK_EPNEST */
	struct kmutex es_file[EPOLL_FLOCKS]; /* KRANK_EPFILE */
};

extern const struct fileops epoll_fileops;

/* A new set's file, in hand.  NULL: the arena is full. */
struct file *epoll_file(void);
/* The set of a file: EINVAL. */
int epoll_offile(const struct file *, struct epoll **);

/*
 * epoll_ctl().  Under which descriptor the file is known is part of an item's
 * name.  The caller has both files from fd_getfile().
 */
int epoll_add(struct epoll *, struct file *, int fd,
    const struct epoll_event *);
int epoll_modify(struct epoll *, struct file *, int fd,
    const struct epoll_event *);
int epoll_delete(struct epoll *, struct file *, int fd);

/*
 * Up to max events into the program's memory, without waiting; *n: how many.
 * EFAULT: not even the first could be stored.
 */
int epoll_harvest(struct epoll *, struct epoll_event *uevents, int max, int *n);
/*
 * To wait: harvest nothing; epoll_enter(); unless it says that something is
 * there already, sleep (ksleep_any(), or in the host from ksleep_host_enter()
 * on) until woken or until epoll_deadline(); epoll_leave(); harvest again.
 * When all is done, epoll_pass() wakes another for what is left.
 */
bool epoll_enter(struct epoll *);
void epoll_leave(struct epoll *);
uint64_t epoll_deadline(struct epoll *);
void epoll_pass(struct epoll *);

/* The last reference to a watched file has gone: its items go. */
void epoll_forget(struct file *);
/* WAITHOOK_EPOLL. */
bool epoll_hook(struct waitent *, uint32_t events, bool taken);

/*
 * For an item that is in the host's set as well: what it has as its data there.
 * 0: there is no such item.
 */
uint64_t epoll_token(struct epoll *, struct file *, int fd);
/*
 * An event of the host's with a token becomes one of the item.  False: the item
 * has gone, or is a one-shot that was reported.
 */
bool epoll_untoken(struct epoll *, struct epoll_event *);

void epoll_boot(void);
int epoll_check(struct epoll *);

/* With es_nest held: may set `in' become an item of `ep'? */
bool epoll_maynest(struct epoll *ep, struct epoll *in);

#endif
