/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * icmp: packets of IP, as raw sockets send and hear them, and the kernel's
 * answers to those of ICMP.
 *
 * A packet goes at once to each raw socket of its protocol, and one of ICMP to
 * the kernel itself, whose answer goes the same way and to a ping socket.
 * TCP and UDP here are no packets: a raw socket of theirs hears what raw
 * sockets send, and nothing else does.
 */
#ifndef RUMPNET_ICMP_H
#define RUMPNET_ICMP_H

#include "rumpnet/dgram.h"

struct ippacket {
	struct packet *ip_pk; /* in hand */
	uint32_t ip_hlen;     /* of the header in front; IPv6: may be 0 */
	uint8_t ip_proto;
};

static inline const uint8_t *
ip_payload(const struct ippacket *ip)
{
	return (const uint8_t *)ip->ip_pk->pk_data + ip->ip_hlen;
}

static inline uint32_t
ip_paylen(const struct ippacket *ip)
{
	return ip->ip_pk->pk_len - ip->ip_hlen;
}

/* The sum that ICMP, IP and others complement; of IPv6's with the names. */
uint16_t ip_sum(const void *, size_t len, uint32_t sum);
uint16_t ip6_sum(const struct ippacket *);
/* Room for a payload behind a header: as the socket's kind wants it. In hand. */
int ip_alloc(struct ippacket *, const struct inname *from,
    const struct inname *to, size_t paylen);
/* What ip_alloc() left open in the header of IPv4. */
void ip_header(struct ippacket *, bool df);
/* A copy of it without its first bytes; in hand.  NULL: the arena is full. */
struct packet *ip_part(const struct ippacket *, uint32_t skip);
/*
 * What a socket sends, by an interface (0: any): it goes to those here that
 * are to have it, or away.  It leaves the hand.
 */
void ip_output(const struct socket *, struct ippacket *, uint32_t oif);
/* To all that are to have it; it leaves the hand. */
void ip_input(struct ippacket *);

/*
 * A datagram found nobody at its port: raw sockets hear so.  A table of a
 * lower address may be locked.
 */
void icmp_unreach(const struct packet *udp);

/* To the raw sockets (the ping socket) that want it. */
void raw_input(const struct ippacket *);
void ping_input(const struct ippacket *);

/* A fresh raw socket: from now on it hears. */
void raw_attach(struct socket *);

/* What a sender says: where to (*to), from where, with what. */
struct inctl;
int dgram_prepare(struct socket *, const struct sockmsg *, struct inname *to,
    struct inname *from, struct inctl *);

#endif
