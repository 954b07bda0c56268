/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rights: files that travel in messages between local sockets.
 *
 * Each has a reference in its message.  A socket may so hold itself alive: it
 * lies in a queue that only it, or one that lies in it, could read.  Whenever
 * a local socket closes, rights_collect() looks for such among the sockets
 * that travel: those to which nothing leads but the queues of their like.
 *
 * Messages that nobody will receive are not freed where they are found: to
 * free one may close a socket, whose queue holds messages, and so on without
 * end.  They go to one list, and whoever is not in the midst of freeing them
 * frees them one after the other.
 *
 * Locking: (g) ns_rightslock, KRANK_RIGHTS.  Messages with rights are linked
 * into a queue and taken out of one with the lock held besides the queue's,
 * so that a look at all of them sees each in one place.
 */
#ifndef RUMPNET_RIGHTS_H
#define RUMPNET_RIGHTS_H

#include "rumpnet/packet.h"

#define RIGHTS_MAX 253 /* files in a message */

struct file;

struct rights {
	struct rights *rt_next, *rt_prev; /* (g) of all there are */
	struct socket *rt_holder; /* (g) in whose queue; NULL: in none */
	bool rt_done;             /* (g) rights_collect() has been here */
	uint32_t rt_n;            /* (g) */
	struct file *rt_file[];   /* (g) NULL: taken already */
};

void rights_lock(void);
void rights_unlock(void);

/* Room for n files in a packet in hand that has none: ETOOMANYREFS, ENOBUFS. */
int rights_reserve(struct lwp *, struct packet *, size_t n);
/* The files of n descriptors more: EBADF; some may be in it then. */
int rights_import(struct lwp *, struct packet *, const int *fds, size_t n);
/*
 * Descriptors for the receiver of a packet in hand: MSG_CTRUNC in sm_outflags
 * if not all could be given.  The packet keeps what was not.
 */
void rights_export(struct lwp *, struct packet *, struct sockmsg *);
/* The same files for a copy; the lock is held. */
int rights_dup(struct packet *, const struct packet *from);
/* Logged, lock held: the packet enters or leaves a socket's queue. */
void rights_enter(struct packet *, struct socket *);
void rights_leave(struct packet *);
/* Drop them all; the packet is in hand, no lock held. */
void rights_free(struct packet *);

/*
 * A queue whose receiver is gone gives its packets to the list.  Its lock and
 * rights_lock() are held; commits.
 */
void rights_discard(struct packetq *);
/* Look for what holds itself alive, and free what is on the list. */
void rights_collect(void);

#endif
