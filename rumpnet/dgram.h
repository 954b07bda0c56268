/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dgram: what sockets of UDP, ICMP and raw ones have in common: messages lie
 * in so_rq, under so_lock, and the tables' locks keep receivers there.
 */
#ifndef RUMPNET_DGRAM_H
#define RUMPNET_DGRAM_H

#include "rumpnet/inet.h"
#include "rumpnet/packet.h"
#include "rumpnet/sockq.h"

/* Where to, as the program says: any family that the socket can reach. */
int dgram_target(struct socket *, const struct netname *, struct inname *to);
/* Datagrams go there and come from nowhere else; AF_UNSPEC: the end of that. */
int dgram_connect(struct socket *, enum inproto, const struct netname *,
    int (*autobind)(struct socket *));
/* One of the socket's two names, which may change meanwhile. */
struct inname dgram_name(struct socket *, const struct inname *which);
/* Does it leave by an interface (oif, or any) that leads to nobody? */
bool dgram_isaway(const struct socket *, struct inname *to, uint32_t oif);
/* The table's lock held: a packet in hand, which leaves it. */
void dgram_enqueue(struct socket *, struct packet *);

int dgram_recv(struct lwp *, struct socket *, struct sockmsg *);
int dgram_shutdown(struct socket *, int how);
int dgram_getname(struct socket *, bool peer, struct netname *);
/* Of the next datagram. */
uint64_t dgram_pending(struct socket *, bool out);
void dgram_close(struct socket *);

#endif
