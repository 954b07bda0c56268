/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sock: a socket, and what the families do with one.
 *
 * References: its file, the accept queue it waits in, whoever sends to it just
 * now (in hand as KHAND_SOCK), and a peer that is connected to it.  Tables of
 * addresses do not count: the last close takes it out of them.
 *
 * Locking: (s) so_lock, (c) the connection's lock, (t) the table's lock,
 * (k) constant.  Ranks: tables, then sockets, then connections.
 */
#ifndef RUMPNET_SOCK_H
#define RUMPNET_SOCK_H

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "lwproc/file.h"
#include "rumpkern/copy.h"
#include "rumpkern/kern.h"
#include "rumpkern/kmutex.h"
#include "rumpkern/waitq.h"
#include "rumpnet/sockval.h"

/* One store that is not logged, for those that read it with KREAD(). */
#define KSTORE(lv, v) __atomic_store_n(&(lv), v, __ATOMIC_RELEASE)

struct conn;
struct file;
struct groups;
struct lwp;
struct packet;
struct socket;
struct vnode;

enum sockkind {
	SOCK_NONE = 0,
	SOCK_TCP,
	SOCK_UDP,
	SOCK_PING,
	SOCK_RAWIP,
	SOCK_LOCAL,    /* AF_UNIX stream */
	SOCK_LOCALSEQ, /* AF_UNIX packets in sequence */
	SOCK_LOCALPKT, /* AF_UNIX datagrams */
	SOCK_NETLINK,
	SOCK_KINDS
};

/* An address as programs give it. */
struct netname {
	uint32_t nn_len;
	union {
		struct sockaddr nn_sa;
		struct sockaddr_in nn_in;
		struct sockaddr_in6 nn_in6;
		struct sockaddr_un nn_un;
		char nn_raw[128];
	};
};

/* An internet address: of IPv4 as ::ffff:a.b.c.d. */
struct inname {
	struct in6_addr in_addr;
	uint32_t in_scope;
	uint16_t in_port; /* in network order; 0: none */
};

/* Messages that wait for a receiver; see packet.h. */
struct packetq {
	struct packet *pq_head, *pq_tail;
	uint32_t pq_count;
	uint64_t pq_bytes; /* of data */
	uint64_t pq_room;  /* what they count for */
};

/* so_state */
#define SS_BOUND      0x01U /* not of AF_UNIX */
#define SS_LISTENS    0x02U
#define SS_CONNECTED  0x04U
#define SS_CLOSED     0x08U
#define SS_CONNECTING 0x10U /* connect() has yet to say how it went */
#define SS_REFUSED    0x20U /* and it went wrong */
#define SS_ANYADDR    0x40U /* bound to a port only */
#define SS_NEW        0x80U /* made by a listener, and has not told of it */

struct socket {
	uint64_t so_link;
	struct kmutex so_lock; /* KRANK_SOCK */
	uint32_t so_refs;      /* (s) */
	uint8_t so_kind;       /* (k) enum sockkind */
	uint8_t so_side;       /* (k) of so_conn, whichever that is */
	uint16_t so_family;    /* (k) */
	uint16_t so_type;      /* (k) SOCK_STREAM ... */
	uint16_t so_proto;     /* (k) */
	uint32_t so_state;     /* (s), of a stream (c) */
	struct file *so_file;  /* of it, for who owns it; NULL: none yet */
	/*
	 * Of a stream its connection, to be or made; (k) but for TCP, where
	 * connect() to nowhere sets another (c).  The old one stays as long as
	 * the socket: who is in it may stay there.
	 */
	struct conn *so_conn;

	/* Options: read and written without a lock. */
	uint64_t so_opts; /* 1 << SO_* of those that are on or off */
	uint32_t so_sndbuf, so_rcvbuf, so_lowat;
	uint64_t so_sndtimeo, so_rcvtimeo; /* ns; 0: for ever */
	uint64_t so_giveup; /* TCP: until then connect() may take; ns */
	struct linger so_linger;
	uint8_t so_v6only;
	uint8_t so_reuse;       /* (t) what the port's counts were told */
	int32_t so_val[SV_MAX]; /* see sockopt.h */

	struct groups *so_groups; /* (s) to write: joined; NULL: none */

	struct inname so_local; /* (s) */
	struct inname so_peer;  /* (s) */
	uint16_t so_lost; /* (s) TCP: the port it had, which it still tells */
	struct ucred so_cred; /* (k) who made it; so_peercred: the other */
	struct ucred so_peercred;

	/* (c) of a listening socket: those to be accepted; of those, the next */
	struct socket *so_qhead, *so_qtail, *so_qnext;
	struct socket *so_qhold; /* TCP: the first for which there is no room */
	uint32_t so_qlen, so_backlog;
	struct waitq so_qwait; /* who waits to accept, or to be queued */

	/* Datagrams: (q) so_lock, or of AF_UNIX ns_locallock */
	struct packetq so_rq;     /* (q) received */
	struct packetq so_cork;   /* (s) UDP: one that is not whole; or none */
	struct waitq so_rwait;    /* (q) receivers */
	struct waitq so_wwait;    /* (q) who waits for room here */
	struct waitq so_pollq;    /* (q) pollers */
	_Atomic int32_t so_error; /* told once */
	_Atomic uint8_t so_shut;  /* 1 << SHUT_RD, 1 << SHUT_WR */

	/* AF_UNIX.  Of a connection, the conn has the names. */
	struct netname *so_name;  /* datagrams: set once; NULL: none */
	struct vnode *so_vnode;   /* its node; referenced */
	uint64_t so_hostkey;      /* or the host's; 0: none */
	uint16_t so_mode;         /* fchmod(): what a node gets */
	struct socket *so_dpeer;  /* (q) datagrams: where to; referenced */
	struct socket *so_dfirst; /* (q) those whose so_dpeer is this */
	struct socket *so_dnext, *so_dprev; /* (q) in so_dpeer's list */
	struct socket *so_parent; /* its listener, until it is accepted */
	uint64_t so_gcturn;       /* rights.c's, while it looks */
	int64_t so_gcleft;

	/* AF_NETLINK: its name, where it sends to, the groups it is in. */
	uint32_t so_nlpid;      /* (t) 0: none yet */
	uint32_t so_nlopts;     /* 1 << NETLINK_* */
	uint32_t so_nldst;      /* whom connect() named; 0: the kernel */
	uint32_t so_nldstgroup; /* 0: none */
	uint64_t so_nlgroups;   /* (t) 1 << (RTNLGRP_* - 1) */

	/* (t) */
	struct socket *so_tabnext, *so_tabprev;
	struct socktab *so_tab; /* NULL: in none */
	uint32_t so_bucket;
};

/* A message on its way. */
struct sockmsg {
	struct uio *sm_uio;
	int sm_flags;            /* MSG_* */
	int sm_outflags;         /* of a received one: MSG_TRUNC ... */
	struct netname *sm_name; /* where to, or room for where from; NULL */
	size_t sm_len;           /* of a received datagram: its whole length */
	char *sm_ctl;            /* control data: see control.h */
	size_t sm_ctllen;
};

/* The sizes of buffers, as Linux has them. */
#define SOCKBUF_DEFAULT 212992U
#define SOCKBUF_MAX     (4U << 20) /* net.core.rmem_max */

/* NULL: EOPNOTSUPP.  All are called with a reference and without locks. */
struct sockops {
	int (*so_bind)(struct lwp *, struct socket *, const struct netname *);
	int (*so_connect)(struct lwp *, struct socket *, const struct netname *,
	    bool nonblock);
	int (*so_listen)(struct lwp *, struct socket *, int backlog);
	/* The new one, in hand. */
	int (*so_accept)(struct socket *, bool nonblock, struct socket **);
	int (*so_send)(struct lwp *, struct socket *, struct sockmsg *);
	int (*so_recv)(struct lwp *, struct socket *, struct sockmsg *);
	int (*so_shutdown)(struct socket *, int how);
	int (*so_poll)(struct socket *, struct waitent *);
	/* ENOTCONN if there is none. */
	int (*so_getname)(struct socket *, bool peer, struct netname *);
	/* Bytes to be received (sent). */
	uint64_t (*so_pending)(struct socket *, bool out);
	/* The last close: out of tables and queues; may be begun again. */
	void (*so_close)(struct socket *);
};

extern const struct sockops *const sockops[SOCK_KINDS];

static inline const struct sockops *
sock_ops(const struct socket *so)
{
	return sockops[so->so_kind];
}

/* The options that are a bit: SO_REUSEADDR, SO_KEEPALIVE ... */
static inline bool
sock_opt(const struct socket *so, int opt)
{
	return (KREAD(so->so_opts) >> opt & 1) != 0;
}

/* When a call that waits gives up: 0 at once, ~0 never. */
static inline uint64_t
sock_until(bool nonblock, uint64_t timeo)
{
	if (nonblock)
		return 0;
	return timeo == 0 ? KSLEEP_FOREVER : rumpuser_monotonic() + timeo;
}

/* A fresh one, in hand; streams have their connection. */
int sock_create(struct lwp *, int family, int type, int proto,
    struct socket **);
/*
 * One that a listener makes of the connection of a client, whose other side it
 * gets.  In hand.
 */
int sock_spawn(const struct socket *listener, const struct socket *client,
    struct socket **);
void sock_hold(struct socket *); /* in hand then */
/* A stream's connection, which may be the one before from now on. */
static inline struct conn *
sock_conn(const struct socket *so)
{
	return KREAD(so->so_conn);
}

/* A stream's connection, locked: so_state stays. */
struct conn *sock_lockconn(struct socket *);
void sock_rele(struct socket *); /* in hand */
/* A file for the socket in hand, which it takes over; in hand instead. */
struct file *sock_file(struct socket *, int flags);
/* The socket of a file: ENOTSOCK. */
int sock_offile(const struct file *, struct socket **);
/* The socket of a descriptor; pair with fd_done() on the file. */
int sock_get(struct lwp *, int fd, struct file **, struct socket **);
/* Send, with SIGPIPE where the stream is at its end. */
int sock_send(struct lwp *, struct socket *, struct sockmsg *);
/* Who calls: with effective ids, as SO_PEERCRED, or real, as SCM_CREDENTIALS. */
struct ucred sock_cred(const struct lwp *, bool real);
/* Its address is a number nobody else has while it lives. */
static inline uint64_t
sock_ino(const struct socket *so)
{
	return (uintptr_t)so >> 6 & 0xffffffff;
}

/* Nobody can use it any more: so_close, once. */
void sock_close(struct socket *);

/* Programs' addresses. */
int netname_in(struct netname *, const void *uaddr, uint32_t len);
int netname_out(const struct netname *, void *uaddr, void *ulen);

void sock_boot(void);
int sock_check(void);

extern const struct fileops sock_fileops;

#endif
