/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockq: the messages that wait in a socket's so_rq, where so_lock guards that
 * queue: who sends puts them there, who receives sleeps for them.
 */
#ifndef RUMPNET_SOCKQ_H
#define RUMPNET_SOCKQ_H

#include "rumpnet/packet.h"

/* Would SO_RCVBUF let one more in? */
static inline bool
sockq_hasroom(const struct socket *so)
{
	return KREAD(so->so_rq.pq_room) <= KREAD(so->so_rcvbuf);
}

/*
 * A packet in hand, which leaves it: queued, and who waits is told; or freed if
 * there is no room (force: there is) or the socket is closed.  False: freed.
 */
bool sockq_put(struct socket *, struct packet *, bool force);
/* What the next call is told; who waits looks again. */
void sockq_error(struct socket *, int error);
/*
 * The next message in hand, or with MSG_PEEK a copy of it with up to room
 * bytes; waits as flags and SO_RCVTIMEO say.  NULL and 0: the end (SHUT_RD).
 */
int sockq_take(struct socket *, int flags, size_t room, struct packet **);
/* POLLIN, POLLERR, POLLHUP ...; queues ent unless it is NULL. */
int sockq_poll(struct socket *, struct waitent *ent);
/* The length of the next message; 0: none. */
uint64_t sockq_pending(struct socket *);
/* Throws all messages away; may be begun again. */
void sockq_drain(struct socket *);

#endif
