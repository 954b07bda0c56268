/* SPDX-License-Identifier: BSD-2-Clause */
/* inet: internet addresses and ports; IPv4's as ::ffff:a.b.c.d. */
#ifndef RUMPNET_INET_H
#define RUMPNET_INET_H

#include "rumpnet/net.h"

/* Linux's range of ports that are given out. */
#define PORT_FIRST 32768
#define PORT_LAST  60999

static inline bool
inname_same(const struct inname *a, const struct inname *b)
{
	return a->in_port == b->in_port &&
	    memcmp(&a->in_addr, &b->in_addr, 16) == 0;
}

/* A program's address to bind or connect to: EINVAL, EAFNOSUPPORT. */
int inname_get(const struct socket *, const struct netname *, struct inname *);
void inname_put(const struct socket *, const struct inname *, struct netname *);
/* The same to send a datagram to: of either family. */
int inname_target(const struct socket *, const struct netname *,
    struct inname *);
bool in_isany(const struct in6_addr *); /* of either family */
bool in_isv4(const struct in6_addr *);
bool in_isall(const struct in6_addr *); /* 255.255.255.255 */
/* Of a net that an interface is in. */
bool in_isbroadcast(const struct in6_addr *);
bool in_isloopback(const struct in6_addr *);
/* Does the address belong to this kernel? */
bool in_islocal(const struct in6_addr *);
/* For tables by both ends of a connection. */
uint32_t in_hash(const struct inname *local, const struct inname *peer);
struct in6_addr in_any4(void);
struct in6_addr in_loopback(bool v4);
/* To nowhere in particular is to ourselves: from that address. */
struct in6_addr in_nowhere(const struct in6_addr *to, const struct in6_addr *);
/* What an unbound socket sends from to there; and one bound to an interface. */
struct in6_addr in_source(const struct in6_addr *to);
struct in6_addr in_sourcevia(const struct socket *, const struct inname *to);
bool in_islinklocal(const struct in6_addr *); /* of IPv6 */
/*
 * Is there a way to that address (by interface oif, unless it is 0)?  0: it is
 * in this kernel; EREMOTE: elsewhere, by an interface that leads to nobody.
 * ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL: there is none.  The name's scope
 * becomes the interface by which what is sent there arrives, or leaves.
 */
int in_reach(const struct socket *, struct inname *to, uint32_t oif);
/* EINVAL: the address is of one interface, and none is named. */
int in_needscope(const struct socket *, const struct inname *to);
/* May a socket receive what came there, as SO_BINDTODEVICE says? */
bool in_hears(const struct socket *, const struct inname *to);

/* Take a local address and port (0: any free one).  0, EADDRINUSE ... */
int in_bind(struct socket *, enum inproto, const struct inname *);
/* May one that has a port listen there?  EADDRINUSE. */
int in_maylisten(struct socket *);
/*
 * Make both ends of a connection known under their two names.  The first takes
 * a free port if it has none.
 */
int in_connect(struct socket *client, struct socket *server,
    const struct inname *to);
/* A connection that did not come about: as it was before in_connect(). */
void in_unconnect(struct socket *);
/* A connection ended here first: its port is not free for some time. */
void in_timewait(const struct socket *);
/* And its other end is reset later: the peer's port need not wait. */
void in_unwait(const struct socket *);
/*
 * The connection of a socket is over: both ends lose their ports, unless
 * bind() named them.  first: 1 + the side that ended it first.
 */
void in_over(struct socket *, uint8_t first);
/* Nobody was there: the port that it tried from is not its own any more. */
void in_refused(struct socket *, const struct inname *to);
/* Of datagrams: where to, and from nowhere else.  And the end of that. */
void in_setpeer(struct socket *, enum inproto, const struct inname *);
/* A port that was chosen for the socket is free again. */
void in_dropport(struct socket *, enum inproto);
void in_disconnect(struct socket *, enum inproto);
/*
 * The table of IN_UDP is locked.  Who receives a datagram?  NULL: nobody.  And
 * one that is for many: the next after that one (NULL: the first).
 */
struct socket *in_receiver(const struct inname *from, const struct inname *to);
struct socket *in_nextreceiver(struct socket *, const struct inname *from,
    const struct inname *to);
/* Out of all tables. */
void in_unbind(struct socket *);
/* Who listens there?  In hand; NULL: nobody. */
struct socket *in_listener(const struct inname *to);

#endif
