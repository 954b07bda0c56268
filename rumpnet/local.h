/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * local: sockets of AF_UNIX.
 *
 * Streams and packets in sequence have a connection (conn.h): a stream's bytes
 * are in its rings, and messages with rights or credentials lie in st_pkts
 * beside them; packets are in st_pkts altogether.  Datagrams wait in their
 * receiver's so_rq.
 *
 * Names, who is connected to whom and the queues of datagrams are under one
 * lock, that of ns_local, the table of names: (q) and (t) in sock.h.  A name
 * in the file system is a VSOCK vnode, which the socket keeps referenced; the
 * table leads from it to the socket.
 */
#ifndef RUMPNET_LOCAL_H
#define RUMPNET_LOCAL_H

#include "rumpnet/packet.h"

#define LOCAL_QLEN 10 /* Linux's net.unix.max_dgram_qlen */

/* --- localname.c ---------------------------------------------------------- */

/* What a socket is bound to; NULL: nothing. */
const struct netname *local_name(const struct socket *);
/* Any address but an empty one, for connect and send: EINVAL. */
int local_checkname(const struct netname *);
int local_bind(struct lwp *, struct socket *, const struct netname *);
/*
 * Under the shim: bind to a node that is the host's, of which it knows this
 * number.  Who is told the name finds LOCAL_HOSTED in its family.  Who connects
 * or sends to the node says local_hostname().
 */
#define LOCAL_HOSTED 0x8000U
int local_bindhost(struct socket *, const struct netname *, uint64_t key);
void local_hostname(uint64_t key, struct netname *);
/* Is a socket bound to that node? */
bool local_ishost(uint64_t key);
/* If it has no name and wants credentials: one of the kernel's. */
int local_autobind(struct socket *);
/* Who of the socket's type is bound there?  In hand: ECONNREFUSED ... */
int local_find(struct lwp *, const struct socket *, const struct netname *,
    struct socket **);
/* The last close: out of the table. */
void local_unbind(struct socket *);
/* The same name for a socket that a listener made. */
int local_copyname(struct socket *to, const struct socket *from);
void local_givename(const struct netname *, struct netname *);
int local_getname(struct socket *, bool peer, struct netname *);

/* --- localmsg.c ----------------------------------------------------------- */

/*
 * What a program sends along goes into a packet in hand: EINVAL, EBADF,
 * EPERM, ETOOMANYREFS.
 */
int local_ancillary(struct lwp *, const struct sockmsg *, struct packet *);
/* The sender's credentials, if either of the two wants them. */
void local_addcred(struct lwp *, const struct socket *, const struct socket *,
    struct packet *);
/* The sender's name. */
void local_setname(const struct socket *, struct packet *);
/* When it came, if the receiver, which may be gone, wants to know. */
void local_stamp(const struct socket *, struct packet *);
/* Tell the receiver all but the data. */
void local_tell(struct lwp *, const struct socket *, struct sockmsg *,
    struct packet *);
/* The whole message; the packet in hand goes. */
int local_deliver(struct lwp *, const struct socket *, struct sockmsg *,
    struct packet *);
/* Does a message say where it goes? */
static inline bool
local_isnamed(const struct sockmsg *sm)
{
	return sm->sm_name != NULL && sm->sm_name->nn_len != 0;
}

static inline bool
local_wantscred(const struct socket *so)
{
	return sock_opt(so, SO_PASSCRED);
}

/* ns_local's and rights_lock() are held: nobody receives here any more. */
void local_discard(struct socket *);

/* --- localdgram.c --------------------------------------------------------- */

/*
 * Two that were made as a pair become each other's peer, now that they have
 * files: without, nobody would close them.  References to both are in hand.
 */
void localdgram_pair(struct socket *, struct socket *);

/* --- local.c -------------------------------------------------------------- */

/* A pair: who sees whom. */
void local_pair(struct lwp *, struct socket *, struct socket *);

#endif
