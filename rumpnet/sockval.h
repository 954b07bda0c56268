/* SPDX-License-Identifier: BSD-2-Clause */
/* sockval: the numbers a socket keeps for its options; see sockopt.h. */
#ifndef RUMPNET_SOCKVAL_H
#define RUMPNET_SOCKVAL_H

enum sockval {
	/* SOL_SOCKET */
	SV_PRIORITY,
	SV_MARK,
	SV_BUFSET,    /* SO_SNDBUF, SO_RCVBUF: which were set */
	SV_TIMESTAMP, /* SO_TIMESTAMP ...: which of them */
	SV_BOUNDIF,
	/* IPPROTO_TCP */
	SV_NODELAY,
	SV_CORK, /* of UDP as well */
	SV_MAXSEG,
	SV_KEEPIDLE,
	SV_KEEPINTVL,
	SV_KEEPCNT,
	SV_SYNCNT,
	SV_USERTIMEO,
	SV_NOTSENT,
	SV_THINTIMEO,
	SV_LINGER2,
	SV_QUICKACK,
	SV_FASTOPEN,
	SV_FASTCONNECT,
	SV_DEFER, /* in tries */
	SV_CONGESTION,
	/* IPPROTO_IP */
	SV_TOS,
	SV_TTL,
	SV_RECVTTL,
	SV_RECVTOS,
	SV_PKTINFO,
	SV_RECVERR,
	SV_FREEBIND, /* of IPv6 as well */
	SV_ORIGDST,
	SV_MTUDISC,
	SV_MCTTL,
	SV_MCLOOP,
	SV_MCALL,
	SV_UNICASTIF,
	SV_RETOPTS,
	SV_MCIF,   /* and the interface it means; 0: as routes say */
	SV_MCADDR, /* IP_MULTICAST_IF's address */
	/* IPPROTO_IPV6 */
	SV_6HOPS,
	SV_6MCHOPS,
	SV_6MCLOOP,
	SV_6MCIF,
	SV_6MCALL,
	SV_6TCLASS,
	SV_6MTUDISC,
	SV_6STICKYIF, /* IPV6_PKTINFO's interface */
	SV_6PKTINFO,
	SV_6RECVHOPS,
	SV_6RECVTCLASS,
	SV_6RECVERR,
	SV_6DONTFRAG,
	SV_6ORIGDST,
	SV_6OLDPKTINFO, /* as RFC 2292 had them */
	SV_6OLDHOPS,
	SV_PORTGIVEN, /* the port is one that bind() named */
	SV_ADDRGIVEN, /* and the address, of it or of its listener */
	/* raw sockets */
	SV_HDRINCL,
	SV_RAWSUM, /* IPV6_CHECKSUM and 1; 0: none */
	SV_FILTER, /* ICMP_FILTER, or ICMP6_FILTER and its size */
	SV_FILTERS = 8,
	SV_MAX = SV_FILTER + SV_FILTERS
};

#endif
