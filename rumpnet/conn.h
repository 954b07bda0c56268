/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conn: a connection of two sockets, which is two rings in memory.  What one
 * side sends is copied into the other side's ring, and from there out: there
 * is nothing between.
 *
 * A ring has one writer and one reader at a time, each under a lock of its
 * own, so that both copy at once.  What they have to tell each other (an end,
 * an error, that somebody sleeps) is guarded by cn_lock.  Whoever is about to
 * sleep says so in st_want before it looks a last time, under cn_lock; whoever
 * publishes looks at st_want afterwards.
 *
 * Locking: (r) st_rlock, (w) st_wlock, (c) cn_lock, (k) constant.
 */
#ifndef RUMPNET_CONN_H
#define RUMPNET_CONN_H

#include <stdatomic.h>

#include "rumpkern/copy.h"
#include "rumpkern/kern.h"
#include "rumpkern/kmutex.h"
#include "rumpkern/waitq.h"
#include "rumpnet/packet.h"

#define CONN_CAP (256UL << 10) /* bytes in flight, by default */

/* st_want */
#define WANT_DATA 1U /* the reading side sleeps or polls */
#define WANT_ROOM 2U /* the writing side does */

/* st_eof */
#define EOF_SENT  1U /* nothing more will be sent */
#define EOF_QUIET 2U /* the reader of a TCP stream waits for no more */
#define EOF_FIN   4U /* TCP: it was ended in order */

#define CONN_RESET 0xff /* cn_first: nobody ended it in order */

/* st_oob: the byte's position, the byte, and what became of it */
#define OOB_UNREAD 1UL
#define OOB_READ   2UL
#define OOB_BYTE   2
#define OOB_SHIFT  10

static inline uint64_t
oob_make(uint64_t at, uint8_t byte)
{
	return at << OOB_SHIFT | (uint64_t)byte << OOB_BYTE | OOB_UNREAD;
}

/* One direction: the ring of what a side receives. */
struct stream {
	struct kmutex st_rlock; /* KRANK_RECV */
	struct kmutex st_wlock; /* KRANK_SEND */
	char *st_ring;          /* (r) and (w) to change */
	uint64_t st_size;       /* of the ring; a power of two, or 0 */
	uint64_t st_cap;        /* (c) most it holds */
	_Atomic uint32_t st_want;
	_Atomic uint8_t st_eof;  /* (c) EOF_* */
	_Atomic uint8_t st_shut; /* (c) nothing more will be received */
	struct waitq st_rwait;   /* (c) */
	struct waitq st_wwait;   /* (c) */
	/* AF_UNIX: packets, or what goes with a stream's bytes; see local.h. */
	struct packetq st_pkts; /* (c) */
	uint32_t st_snd,
	    st_rcv;      /* (c) what SO_SNDBUF, SO_RCVBUF add to st_cap */
	uint32_t st_low; /* (c) SO_RCVLOWAT less one */
	_Atomic uint64_t st_oob; /* TCP: its urgent byte; 0: none */
	_Atomic uint64_t st_head __attribute__((aligned(64))); /* (w) sent */
	_Atomic uint64_t st_tail
	    __attribute__((aligned(64))); /* (r) received */
};

struct conn {
	uint64_t cn_link;
	struct kmutex cn_lock;       /* KRANK_CONN */
	uint32_t cn_refs;            /* (c) sockets */
	_Atomic int32_t cn_error[2]; /* what a side is told once */
	_Atomic uint8_t cn_open;     /* (c) both sides are there */
	uint8_t cn_tcp;              /* (k) */
	uint8_t cn_self;             /* (k) of one socket with itself */
	uint8_t cn_first;            /* (c) 1 + the side that ended it first */
	uint8_t cn_was;              /* (c) cn_first, until it was CONN_RESET */
	uint8_t cn_closed; /* (c) 1 << side: it has told why, if it closes */
	/* (c) 1 + the side that connects: waits for room at its listener */
	_Atomic uint8_t cn_hold;
	uint8_t cn_late;          /* (c) and the client did not wait */
	_Atomic uint8_t cn_defer; /* its listener is told when data comes */
	struct conn *cn_old;      /* (k) the socket's one before; referenced */
	struct waitq cn_poll[2];  /* (c) pollers of a side */
	struct netname *cn_name[2]; /* AF_UNIX: set once; NULL: none */
	struct socket *cn_sock[2];  /* (c) until they close */
	struct stream cn_in[2];     /* what each side receives */
};

/* How a transfer waits. */
struct connwait {
	uint64_t cw_until; /* monotonic; 0: not at all */
	uint64_t cw_least; /* received at least, if it waits */
	bool cw_peek;
	bool cw_cred; /* bytes with other credentials are another message */
	struct packet **cw_pkt; /* what came along, in hand; NULL: nothing */
};

static inline uint64_t
stream_used(const struct stream *st)
{
	return atomic_load_explicit(&st->st_head, memory_order_acquire) -
	    atomic_load_explicit(&st->st_tail, memory_order_acquire);
}

static inline uint64_t
stream_room(const struct stream *st)
{
	uint64_t used = stream_used(st), cap = KREAD(st->st_cap);

	return used < cap ? cap - used : 0;
}

/* Room as poll and sleeping writers see it. */
static inline bool
stream_writable(const struct stream *st)
{
	uint64_t room = stream_room(st);

	return room != 0 && room * 3 >= KREAD(st->st_cap);
}

/* What a side sends into. */
static inline struct stream *
conn_out(struct conn *cn, int side)
{
	return &cn->cn_in[side ^ !cn->cn_self];
}

/* A fresh one, in hand (KHAND_CONN), of one side.  NULL: the arena is full. */
struct conn *conn_create(void);
/* The reference in hand goes. */
void conn_rele(struct conn *);

/*
 * Send the uio.  0, EPIPE, EAGAIN, KERESTART or the side's error; uio_resid
 * tells how much is left.
 */
int conn_send(struct conn *, int side, struct uio *, const struct connwait *);
/*
 * The same for some of it, and what goes along with that: a packet without
 * data, which leaves the hand if that worked.
 */
int conn_sendwith(struct conn *, int side, struct uio *,
    const struct connwait *, struct packet *);
/* TCP: one byte, which is urgent. */
int conn_sendurgent(struct conn *, int side, struct uio *,
    const struct connwait *);
/* Receive; uio_resid unchanged and 0: the end. */
int conn_recv(struct conn *, int side, struct uio *, const struct connwait *);
/* Throw up to n received bytes away, waiting for the first as conn_recv(). */
int conn_discard(struct conn *, int side, uint64_t n, const struct connwait *,
    uint64_t *done);
/* cn_lock held, nothing logged after it.  SHUT_RD, SHUT_WR, SHUT_RDWR. */
void conn_shutdown(struct conn *, int side, int how);
/* A side's socket is gone; unread data resets the other side. */
void conn_close(struct conn *, int side, bool reset);
/* Events of a connected side; queues ent. */
int conn_poll(struct conn *, int side, struct waitent *ent);
/* cn_lock held: everybody looks again. */
void conn_wake_all(struct conn *);
/* A side's socket wants to send and to receive so much. */
void conn_setbuf(struct conn *, int side, uint32_t snd, uint32_t rcv);
void conn_setlowat(struct conn *, int side, uint32_t lowat);
int conn_takeerror(struct conn *, int side);
void conn_count(struct conn *, int side, uint64_t *sent, uint64_t *received);
/* cn_lock held: packets have come to (been taken by) that side. */
void conn_wake_packets(struct conn *, int side, bool come);
/* cn_lock held: the cap after st_snd and st_rcv; none while it is held up. */
void conn_resize(struct stream *, bool hold);
int conn_check(struct conn *);
void conn_boot(void);

/* --- conntcp.c: what only TCP has ------------------------------------------- */

/* Has the peer said that it neither sends nor receives any more? */
bool conntcp_refuses(struct conn *, int side);
/*
 * st_wlock held: the first bytes to such a peer, or one gone, go nowhere.  An
 * urgent one among them it hears of.
 */
int conntcp_sendlate(struct conn *, int side, struct uio *);
/*
 * st_rlock held, used bytes are there, n are wanted: how many may be received
 * in one go, and from where, because of an urgent byte; *over: and then it
 * stops.
 */
uint64_t conntcp_limit(struct conn *, int side, uint64_t *tail, uint64_t used,
    uint64_t n, bool peek, bool *over);
/* st_rlock held: it has received up to there. */
void conntcp_passed(struct stream *, uint64_t tail);
/* Is the next byte the urgent one, which is not read with the others? */
bool conntcp_atmark(struct conn *, int side);
/* Another urgent byte comes: one that a side is just about to pass is gone. */
void conntcp_droplast(struct conn *, int side);
/* The last byte of the uio is urgent. */
int conntcp_sendoob(struct conn *, int side, struct uio *,
    const struct connwait *);
int conntcp_recvoob(struct conn *, int side, struct uio *, bool peek);
/* TCP_ESTABLISHED ... */
/* May be received up to the urgent byte; is that the next? */
uint64_t conntcp_inq(struct conn *, int side);
bool conntcp_mark(struct conn *, int side);
int conntcp_state(struct conn *, int side);
/* Wait until there was room at the listener: ETIMEDOUT, KERESTART. */
int conntcp_await(struct conn *, int side, uint64_t until);

/* No locks: the listener of one it was not told of is told (tcpdefer.c). */
void tcpdefer_end(struct conn *);

/* cn_lock held: nobody ends it in order any more. */
static inline void
conntcp_setreset(struct conn *cn)
{
	if (cn->cn_first == CONN_RESET)
		return;
	__atomic_store_n(&cn->cn_was, cn->cn_first, __ATOMIC_RELEASE);
	__atomic_store_n(&cn->cn_first, CONN_RESET, __ATOMIC_RELEASE);
}

/* Is it held up, and may come about? */
static inline bool
conntcp_holds(const struct conn *cn)
{
	return cn->cn_hold && KREAD(cn->cn_first) != CONN_RESET;
}

#endif
