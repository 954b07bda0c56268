/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * route: the kernel's routes, of both families; locking as in ifnet.h.
 *
 * Tables local, main and default are asked in this order, as Linux's rules say
 * that nobody has changed.  What Linux adds by itself is here too: who has an
 * address has its routes (ifaddr.c).
 */
#ifndef RUMPNET_ROUTE_H
#define RUMPNET_ROUTE_H

#include "rumpnet/ifnet.h"

struct route {
	struct route *rt_next;
	struct in6_addr rt_dst;
	struct in6_addr rt_gateway; /* any: none */
	struct in6_addr rt_prefsrc; /* any: none */
	uint32_t rt_table;
	uint32_t rt_metric;
	uint32_t rt_oif; /* 0: none */
	uint8_t rt_family;
	uint8_t rt_plen;
	uint8_t rt_type;  /* RTN_* */
	uint8_t rt_scope; /* RT_SCOPE_*; IPv4 */
	uint8_t rt_proto; /* RTPROT_* */
	uint8_t rt_tos;
	uint8_t rt_pref;        /* ICMPV6_ROUTER_PREF_*; IPv6 */
	uint32_t rt_flags;      /* RTNH_F_* */
	uint32_t rt_hasmetrics; /* 1 << RTAX_* */
	uint32_t rt_metrics[RTAX_MAX + 1];
};

/* What a look-up says. */
struct rtanswer {
	struct route ra_route;
	struct in6_addr ra_src; /* any: none can be had */
};

/* Of a family, in the order of dumps. */
struct route *route_first(int family);
/* A copy of the n-th of a family; no lock is held. */
bool route_get(uint32_t n, int family, struct route *);
/* May the model be in the table twice?  NLM_F_*: EEXIST, ENOENT, ENOBUFS. */
int route_add(const struct route *model, int flags, const struct nlreq *by);
/* The first that the model fits; what is 0 in it fits all.  ESRCH. */
int route_remove(const struct route *model, const struct nlreq *by);
/* All that a filter wants. */
void route_flush(int family, bool (*fn)(const struct route *, const void *),
    const void *arg);
/* Logged, ns_iflock held: so many routes of lo's; is lo as usual? */
void route_recount(uint32_t n);
int route_check(void);

/*
 * How to there, from an interface (0: any) and from an address (NULL, any:
 * any)?  ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL.  A lock is held.
 */
int route_find(const struct in6_addr *to, uint32_t oif,
    const struct in6_addr *from, struct rtanswer *);
/* The same, without a lock. */
int route_lookup(const struct in6_addr *to, uint32_t oif,
    const struct in6_addr *from, struct rtanswer *);
/* Under no lock: RTN_LOCAL, RTN_BROADCAST ... of the table local; 0: none. */
int route_typeof(const struct in6_addr *);
/* Something for an address that is not here leaves by that interface. */
void route_swallow(uint32_t oif, size_t bytes);

/* nlrt.c */
void route_tell(const struct route *, int type, int flags,
    const struct nlreq *by);

#endif
