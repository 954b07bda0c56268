/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connpkt: what goes along with the bytes of a stream: rights, credentials.
 *
 * A packet without data marks the bytes from counter pk_at to pk_end.  It is
 * linked before st_head tells of the bytes: if the sender dies between the
 * two, the next one finds a mark beyond st_head and makes it empty.  Who has
 * received the first byte takes the rights; who has received the last lets
 * the mark go.
 */
#ifndef RUMPNET_CONNPKT_H
#define RUMPNET_CONNPKT_H

#include "rumpnet/conn.h"
#include "rumpnet/rights.h"

/* A receiver's look at the marks. */
struct marks {
	const struct connwait *mk_cw;
	bool mk_look;          /* it looks: rights_lock() is held */
	bool mk_over;          /* the message ends here */
	bool mk_credset;       /* the message's credentials are known */
	bool mk_none;          /* no bytes are wanted, only what is with them */
	struct packet *mk_pkt; /* for what comes along, in hand */
	struct packet *mk_hit; /* the mark with rights, if we get its bytes */
};

/*
 * st_wlock held, rights_lock() if the packet has rights: the done bytes from
 * head on, not told yet, are its; NULL: nobody's.  EPIPE: nobody receives.
 */
int connpkt_mark(struct conn *, int side, struct packet *, uint64_t head,
    uint64_t done);

/* Before st_rlock: 0 or ENOBUFS. */
int connpkt_begin(struct marks *);
/* st_rlock held: how many of n bytes from tail on are one message? */
uint64_t connpkt_limit(struct conn *, int side, struct marks *, uint64_t tail,
    uint64_t n);
/* st_rlock held: all before `upto' has been received. */
void connpkt_got(struct marks *, uint64_t upto, bool peek);
/* After st_rlock. */
void connpkt_end(struct marks *, struct conn *, int side);

#endif
