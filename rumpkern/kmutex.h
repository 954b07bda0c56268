/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kmutex: ranked locks that survive the death of their owner.
 *
 * The word holds the owner's cpu index, or 0, and a bit for waiters.  A cpu
 * notes a lock in c_locks before it tries for it and drops the note after it
 * let go, so a dead cpu's locks are those noted whose word names it.
 *
 * A thread may take a lock only of a rank above all those it holds; of the
 * same rank only at a higher address (debug builds check).  Epoll sets are the
 * exception: their order is that of their nesting, which has no circles.
 */
#ifndef RUMPKERN_KMUTEX_H
#define RUMPKERN_KMUTEX_H

#include "rumpkern/kern.h"

/* The one order, outermost first. */
enum krank {
	KRANK_REAP = 1, /* one reaper at a time */
	KRANK_HOSTS,    /* the tables of hosts and cpus */
	KRANK_MAPS,     /* the mappings of a host */
	KRANK_PROCS,    /* the process table and tree */
	KRANK_FILEPOS,  /* a shared file's offset, over a whole call */
	KRANK_FS,       /* a file system's names */
	KRANK_FD,       /* a descriptor table */
	KRANK_EPNEST,   /* which epoll sets are in which */
	KRANK_EPOLL,    /* an epoll set; of two the outer one first */
	KRANK_EPFILE,   /* the epoll items of a file */
	KRANK_RTNL,     /* interfaces, addresses, routes: who changes them */
	KRANK_SOCKTAB,  /* tables of addresses */
	KRANK_SOCK,     /* a socket */
	KRANK_RIGHTS,   /* files in messages */
	KRANK_STORE,    /* the host's queue of descriptors in messages */
	KRANK_TRANSIT,  /* files in messages of the host's */
	KRANK_FILE,     /* an open file */
	KRANK_PROC,     /* one process: credentials, cwd */
	KRANK_VNODE,    /* a vnode: attributes, data */
	KRANK_FLOCK,    /* file locks */
	KRANK_PIPE,     /* a pipe */
	KRANK_RECV,     /* the reading end of a stream */
	KRANK_SEND,     /* the writing end of a stream */
	KRANK_CONN,     /* a connection of two sockets */
	KRANK_NETIF,    /* the same: while a word is changed */
	KRANK_EVENT,    /* an eventfd or timerfd */
	KRANK_NOTIFY,   /* the watches and queues of inotify */
	KRANK_EPREADY,  /* what is ready in a set; the inner one first */
	KRANK_SLEEP,    /* a cpu's sleep */
	KRANK_SLAB,     /* an object cache */
	KRANK_PAGE,     /* the page allocator */
	KRANK_MAX
};

struct kmutex {
	_Atomic uint32_t m_word;
	uint32_t m_rank; /* enum krank */
};

#define KMUTEX_WAITERS 0x80000000u

void kmutex_init(struct kmutex *, enum krank);
void kmutex_enter(struct kmutex *);
bool kmutex_tryenter(struct kmutex *);
/*
 * After many of these in vain: the owner may be dead, or stopped.  Any locks
 * but this one may be held.
 */
void kmutex_prod(struct kmutex *);
void kmutex_exit(struct kmutex *);
bool kmutex_owned(const struct kmutex *);

#endif
