/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * polltab: the files a thread waits for in poll.  Each entry holds its file
 * and is queued on it; the table is in its cpu's hand, so that both end with
 * the thread.
 */
#ifndef RUMPVFS_POLLTAB_H
#define RUMPVFS_POLLTAB_H

#include "lwproc/file.h"
#include "rumpkern/waitq.h"

struct pollent {
	struct waitent pe_wait;
	struct file *pe_file; /* referenced; NULL: not in use */
};

struct polltab {
	uint32_t pt_n;
	struct pollent pt_ent[];
};

/* Room for n files, in hand as KHAND_POLLTAB.  NULL: the arena is full. */
struct polltab *polltab_alloc(size_t n);
/* Takes everything off its queues; it must be in hand. */
void polltab_free(struct polltab *);
/*
 * Queue entry i on the file, and tell the events ready by then.  The caller
 * has the file from fd_getfile(), and has called ksleep_prepare().
 */
int polltab_watch(struct polltab *, uint32_t i, struct file *, int events);

/*
 * The events (POLL*) of a descriptor, POLLNVAL if there is none; with a table
 * queued there as entry i.  *timer becomes no later than when the file gets
 * ready with nobody to wake for it.
 */
int polltab_events(struct lwp *, struct polltab *, uint32_t i, int fd,
    int events, uint64_t *timer);
/* Is there anything to wait for?  EPERM of epoll_ctl if not. */
bool polltab_canwait(const struct file *);

#endif
