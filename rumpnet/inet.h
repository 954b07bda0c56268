/* SPDX-License-Identifier: BSD-2-Clause */
/* inet: internet addresses and ports; IPv4's as ::ffff:a.b.c.d. */
#ifndef RUMPNET_INET_H
#define RUMPNET_INET_H

#include "rumpnet/net.h"

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
bool in_isbroadcast(const struct in6_addr *);
/* Does the address belong to this kernel? */
bool in_islocal(const struct in6_addr *);
/* For tables by both ends of a connection. */
uint32_t in_hash(const struct inname *local, const struct inname *peer);
struct in6_addr in_any4(void);
struct in6_addr in_loopback(bool v4);
/* What an unbound socket sends from to there. */
struct in6_addr in_source(const struct in6_addr *to);

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
/* Of datagrams: where to, and from nowhere else.  And the end of that. */
void in_setpeer(struct socket *, enum inproto, const struct inname *);
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
