/* SPDX-License-Identifier: BSD-2-Clause */
/* inetctl: the control messages of IP and IPv6. */
#ifndef RUMPNET_INETCTL_H
#define RUMPNET_INETCTL_H

#include "rumpnet/packet.h"

/* What a sender says of one message. */
struct inctl {
	struct in6_addr ic_source; /* any: the socket's */
	uint32_t ic_oif;           /* by which interface; 0: any */
	int ic_ttl, ic_tos;
	bool ic_hops; /* ic_ttl is the socket's */
};

/* Begins with the socket's own: EINVAL, EADDRNOTAVAIL, ENODEV. */
int inctl_parse(struct socket *, const struct sockmsg *, bool v4,
    struct inctl *);
/* What the receiver has asked for. */
void inctl_tell(const struct socket *, struct sockmsg *, const struct packet *);

/* SO_TIMESTAMP and its like. */
void inctl_time(const struct socket *, struct sockmsg *, uint64_t now);

#endif
