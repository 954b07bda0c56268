/* SPDX-License-Identifier: BSD-2-Clause */
/* net: the network's state, of which the arena has one. */
#ifndef RUMPNET_NET_H
#define RUMPNET_NET_H

#include "rumpkern/arena.h"
#include "rumpnet/sock.h"

#define LO_INDEX    1 /* of the interface lo */
#define TAB_BUCKETS 4096

/* Sockets by address. */
struct socktab {
	struct kmutex tb_lock; /* KRANK_SOCKTAB */
	struct socket *tb_bucket[TAB_BUCKETS];
};

enum inproto {
	IN_TCP,
	IN_UDP,
	IN_PING, /* by identifier */
	IN_RAW,  /* by protocol */
	IN_PROTOS
};

struct netif;
struct rights;
struct route;

/* Who uses a port besides those that are bound to it. */
struct portuse {
	uint32_t pu_users;  /* connections */
	uint32_t pu_noaddr; /* of those without SO_REUSEADDR */
	uint32_t pu_noport; /* and without SO_REUSEPORT */
	/* Until then (s, monotonic) ended connections have it; and of these. */
	uint32_t pu_until, pu_waitno;
	uint32_t pu_waits; /* how many */
	struct in6_addr pu_waitaddr;
};

struct net_state {
	/* By port, those that may be found by it; by both ends, connections. */
	struct socktab ns_bound[IN_PROTOS];
	struct socktab ns_conns;

	struct socktab ns_netlink; /* AF_NETLINK: by protocol */

	/* Interfaces and routes: see ifnet.h. */
	struct kmutex ns_rtnl;   /* KRANK_RTNL */
	struct kmutex ns_iflock; /* KRANK_NETIF */
	struct netif *ns_ifs;
	struct route *ns_routes4, *ns_routes6;
	uint32_t ns_lastif;    /* the highest index there ever was */
	uint32_t ns_nlocal;    /* routes to local addresses, but for loopback */
	uint64_t ns_expires;   /* when an address gets old first; 0: never */
	uint32_t ns_loroutes;  /* to 127.0.0.0/8 and ::1, by lo */
	uint32_t ns_lostrange; /* not both of them, or lo is not up */
	uint32_t ns_loname;    /* lo has another name */

	/* AF_UNIX: by name or node; see local.h. */
	struct socktab ns_local;
	uint32_t ns_autoname;        /* under its lock: the next to try */
	struct kmutex ns_rightslock; /* KRANK_RIGHTS; guards the rest */
	struct rights *ns_rights;
	uint64_t ns_ninflight; /* files in them */
	uint64_t ns_gcturn;
	uint64_t ns_gcnext;     /* so many of them: look again; a hint */
	struct packet *ns_dead; /* packets that nobody will receive */

	/* The local ports of connections; under ns_conns' lock. */
	struct portuse ns_ports[65536];
};

static inline struct net_state *
net(void)
{
	return ARENA->a_net;
}

/* tb_lock held; logged. */
void socktab_add(struct socktab *, uint32_t bucket, struct socket *);
void socktab_remove(struct socket *);

void net_boot(void);
int net_check(void);

#endif
