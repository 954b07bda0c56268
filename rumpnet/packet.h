/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * packet: a message that is on its way: a datagram, or what goes with some
 * bytes of a stream.  packetq: those that wait for one receiver.
 *
 * Lifetime: packet_alloc() gives one in hand (KHAND_MSG); packetq_put() links
 * it, packetq_take() takes it out into the hand, packet_free() ends it and
 * whatever it carries.  Who receives takes a packet out under the queue's
 * lock, lets go of the lock, and copies from it then; who peeks does the same
 * with a packet_dup().
 *
 * Locking: the queue's owner says which lock guards it.  A packet in hand is
 * its holder's alone; once linked it is constant.  With rights, see rights.h.
 */
#ifndef RUMPNET_PACKET_H
#define RUMPNET_PACKET_H

#include "rumpnet/sock.h"

struct rights;

struct packet {
	struct packet *pk_next;
	struct rights *pk_rights; /* files; NULL: none */
	char *pk_data;            /* pk_inline, or pages */
	uint32_t pk_len;          /* of the message */
	uint32_t pk_held;         /* of it, here: less in a packet_dup() */
	uint32_t pk_room;         /* what it counts for in a queue */
	bool pk_hascred;
	struct ucred pk_cred;
	uint64_t pk_at, pk_end; /* in a stream: which bytes it goes with */
	uint64_t pk_time;       /* when it came: real time, ns; 0: not noted */
	union {
		struct { /* AF_UNIX */
			uint32_t pk_namelen;
			struct sockaddr_un pk_name; /* where from */
		};
		struct { /* AF_INET, AF_INET6 */
			struct inname pk_from, pk_to;
			uint8_t pk_ttl, pk_tos;
			bool pk_plain;   /* IP_PKTINFO was off when it came */
			uint32_t pk_oif; /* until it is sent: by which */
		};
		struct { /* AF_NETLINK: from, and to which group */
			uint32_t pk_nlpid, pk_nlgroup;
		};
	};
	char pk_inline[];
};

#define PACKET_MAX (1UL << 20) /* bytes of data a packet can have */

/* What n bytes of data count for: what Linux's buffer of them would. */
static inline uint32_t
packet_room(uint64_t n)
{
	uint64_t size = n + 320;

	if (size > KPAGE_SIZE)
		return 256 + (uint32_t)roundup2(size, KPAGE_SIZE);
	return 256 +
	    (size <= 512 ? 512U : 2U << (63 - __builtin_clzl(size - 1)));
}

/* Room for len bytes; in hand.  NULL: the arena is full, or too long. */
struct packet *packet_alloc(size_t len);
/* The next len bytes of the uio, all of them: 0, EFAULT, ENOBUFS.  In hand. */
int packet_create(struct uio *, size_t len, struct packet **);
/* It is in hand, and no lock is held. */
void packet_free(struct packet *);
/*
 * A copy in hand, with at most max bytes of the data; with the same rights
 * (rights_lock() is held if there are any).  NULL: the arena is full.
 */
struct packet *packet_dup(const struct packet *, size_t max);
/*
 * A copy in hand, without rights, with the next len bytes of the uio behind
 * its data: 0, EFAULT, ENOBUFS.
 */
int packet_extend(const struct packet *, struct uio *, size_t len,
    struct packet **);
/*
 * Give the data to the receiver: as much as fits, MSG_TRUNC in sm_outflags if
 * that is not all, sm_len set.  0 or EFAULT.
 */
int packet_deliver(const struct packet *, struct sockmsg *);

/* Under the queue's lock; logged.  The packet leaves (enters) the hand. */
void packetq_put(struct packetq *, struct packet *);
struct packet *packetq_take(struct packetq *); /* NULL: none */
int packetq_check(const struct packetq *);

#endif
