/* SPDX-License-Identifier: BSD-2-Clause */
/* nlroute: NETLINK_ROUTE's requests; each is called with ns_rtnl held. */
#ifndef RUMPNET_NLROUTE_H
#define RUMPNET_NLROUTE_H

#include "rumpnet/netlink.h"
#include "rumpnet/route.h"

/* nllink.c */
nl_handler nl_getlink, nl_newlink, nl_setlink, nl_dellink;
/* nladdr.c */
nl_handler nl_getaddr, nl_newaddr, nl_deladdr;
/* nlrt.c, nlrtget.c */
nl_handler nl_getroute, nl_newroute, nl_delroute;
/* Checks a route as a program gave it, and adds it; nr: NULL if by ioctl. */
int route_request(struct nlreq *nr, struct route *, int flags);
int route_unrequest(struct nlreq *nr, struct route *);
void route_put(struct nlreq *, const struct route *, int type, int flags);
int nl_findroute(struct nlreq *);
/* nlmisc.c */
nl_handler nl_getrule, nl_getneigh, nl_getlabel, nl_getqdisc, nl_getconf;

/* An address of a family in an attribute, as ::ffff:a.b.c.d if of IPv4. */
struct in6_addr nl_addr(const struct nlattr *, int family);
void nl_putaddr(struct nlreq *, int type, const struct in6_addr *, int family);
/* A name in an attribute, cut off at IFNAMSIZ. */
void nl_name(const struct nlattr *, char name[IFNAMSIZ]);

#endif
