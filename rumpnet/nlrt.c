/* SPDX-License-Identifier: BSD-2-Clause */
/* nlrt: RTM_*ROUTE: routes told of, added and removed. */
#include "rumpnet/inet.h"
#include "rumpnet/nlroute.h"

#define HDR     sizeof(struct rtmsg)
#define METRIC6 1024 /* of a route that a program adds */

static const uint8_t least4[RTA_MAX + 1] = {
	[RTA_DST] = 4,
	[RTA_SRC] = 4,
	[RTA_GATEWAY] = 4,
	[RTA_PREFSRC] = 4,
	[RTA_OIF] = 4,
	[RTA_PRIORITY] = 4,
	[RTA_TABLE] = 4,
};
static const uint8_t least6[RTA_MAX + 1] = {
	[RTA_DST] = 0,
	[RTA_SRC] = 0,
	[RTA_GATEWAY] = 16,
	[RTA_PREFSRC] = 16,
	[RTA_OIF] = 4,
	[RTA_PRIORITY] = 4,
	[RTA_TABLE] = 4,
	[RTA_PREF] = 1,
};

/* --- Told ----------------------------------------------------------------- */

static void
put_metrics(struct nlreq *nr, const struct route *rt)
{
	uint32_t at, i;

	if (rt->rt_hasmetrics == 0)
		return;
	at = nl_open(nr, RTA_METRICS);
	for (i = 1; i <= RTAX_MAX; i++)
		if (rt->rt_hasmetrics >> i & 1)
			nl_put32(nr, (int)i, rt->rt_metrics[i]);
	nl_close(nr, at);
}

static void
put_way(struct nlreq *nr, const struct route *rt)
{
	if (!in_isany(&rt->rt_gateway))
		nl_putaddr(nr, RTA_GATEWAY, &rt->rt_gateway, rt->rt_family);
	if (rt->rt_oif != 0)
		nl_put32(nr, RTA_OIF, rt->rt_oif);
}

void
route_put(struct nlreq *nr, const struct route *rt, int type, int flags)
{
	struct rtmsg *rm = nl_begin(nr, type, flags, HDR);
	bool v4 = rt->rt_family == AF_INET;
	struct rta_cacheinfo ci = { .rta_expires = 0 };

	rm->rtm_family = rt->rt_family;
	rm->rtm_dst_len = rt->rt_plen;
	rm->rtm_tos = rt->rt_tos;
	rm->rtm_table = rt->rt_table < 256 ? (uint8_t)rt->rt_table :
					     RT_TABLE_COMPAT;
	rm->rtm_protocol = rt->rt_proto;
	rm->rtm_scope = rt->rt_scope;
	rm->rtm_type = rt->rt_type;
	rm->rtm_flags = rt->rt_flags;
	nl_put32(nr, RTA_TABLE, rt->rt_table);
	if (rt->rt_plen != 0)
		nl_putaddr(nr, RTA_DST, &rt->rt_dst, rt->rt_family);
	if (rt->rt_metric != 0 || !v4)
		nl_put32(nr, RTA_PRIORITY, rt->rt_metric);
	if (!in_isany(&rt->rt_prefsrc))
		nl_putaddr(nr, RTA_PREFSRC, &rt->rt_prefsrc, rt->rt_family);
	put_metrics(nr, rt);
	put_way(nr, rt);
	if (!v4) {
		nl_put(nr, RTA_CACHEINFO, &ci, sizeof(ci));
		nl_put8(nr, RTA_PREF, rt->rt_pref);
	}
	nl_end(nr);
}

void
route_tell(const struct route *rt, int type, int flags, const struct nlreq *by)
{
	struct nlreq news;

	if (!nl_news(&news,
		rt->rt_family == AF_INET ? RTNLGRP_IPV4_ROUTE :
					   RTNLGRP_IPV6_ROUTE,
		by))
		return;
	route_put(&news, rt, type, flags);
	nl_newsend(&news);
}

static bool
has_table(uint32_t table, int family)
{
	const struct route *rt = route_first(family);

	while (rt != NULL && rt->rt_table != table)
		rt = rt->rt_next;
	return rt != NULL || table == RT_TABLE_MAIN || table == RT_TABLE_LOCAL;
}

/* What a strict request wants of them; 0 wants all. */
struct filter {
	uint32_t fi_table, fi_oif;
	uint8_t fi_proto, fi_type;
	bool fi_any; /* there is a filter */
};

static int
get_filter(struct nlreq *nr, const struct rtmsg *rm, struct filter *fi)
{
	const struct nlattr *tab[RTA_MAX + 1];
	static const uint8_t
	    least[RTA_MAX + 1] = { [RTA_TABLE] = 4, [RTA_OIF] = 4 };
	int error;

	memset(fi, 0, sizeof(*fi));
	if (!nl_opt(nr->nr_so, NETLINK_GET_STRICT_CHK))
		return 0;
	if (rm == NULL)
		return nl_fail(nr, EINVAL,
		    "Invalid header for FIB dump request", NULL);
	if (rm->rtm_dst_len != 0 || rm->rtm_src_len != 0 || rm->rtm_tos != 0 ||
	    rm->rtm_scope != 0)
		return nl_fail(nr, EINVAL,
		    "Invalid values in header for FIB dump request", NULL);
	error = nl_attrs(nr, HDR, tab, RTA_MAX, least);
	if (error != 0)
		return error;
	fi->fi_proto = rm->rtm_protocol;
	fi->fi_type = rm->rtm_type;
	fi->fi_table = rm->rtm_table;
	if (tab[RTA_TABLE] != NULL)
		fi->fi_table = nl_u32(tab[RTA_TABLE]);
	if (tab[RTA_OIF] != NULL) {
		fi->fi_oif = nl_u32(tab[RTA_OIF]);
		if (ifnet_byindex(fi->fi_oif) == NULL)
			return ENODEV;
	}
	fi->fi_any = fi->fi_proto != 0 || fi->fi_type != 0 ||
	    fi->fi_table != 0 || fi->fi_oif != 0;
	return 0;
}

static void
dump_family(struct nlreq *nr, int family, const struct filter *fi)
{
	int flags = NLM_F_MULTI | (fi->fi_any ? NLM_F_DUMP_FILTERED : 0);
	const struct route *rt;

	for (rt = route_first(family); rt != NULL; rt = rt->rt_next)
		if ((fi->fi_table == 0 || rt->rt_table == fi->fi_table) &&
		    (fi->fi_oif == 0 || rt->rt_oif == fi->fi_oif) &&
		    (fi->fi_proto == 0 || rt->rt_proto == fi->fi_proto) &&
		    (fi->fi_type == 0 || rt->rt_type == fi->fi_type))
			route_put(nr, rt, RTM_NEWROUTE, flags);
}

int
nl_getroute(struct nlreq *nr)
{
	const struct rtgenmsg *gm = nl_body(nr, sizeof(*gm));
	const struct rtmsg *rm = nl_body(nr, HDR);
	int family = gm->rtgen_family, error;
	struct filter fi;

	if (!nl_isdump(nr))
		return nl_findroute(nr);
	error = get_filter(nr, rm, &fi);
	if (error != 0)
		return error;
	/* Clones, which the cache had, are no more. */
	if (rm != NULL && (rm->rtm_flags & RTM_F_CLONED))
		return nl_done(nr);
	if (fi.fi_table != 0 && family != AF_UNSPEC &&
	    !has_table(fi.fi_table, family))
		return nl_fail(nr, ENOENT,
		    family == AF_INET ? "ipv4: FIB table does not exist" :
					"ipv6: FIB table does not exist",
		    NULL);
	if (family != AF_INET6)
		dump_family(nr, AF_INET, &fi);
	if (family != AF_INET)
		dump_family(nr, AF_INET6, &fi);
	return nl_done(nr);
}

/* --- Changed -------------------------------------------------------------- */

/* An address of IPv6 may be given in as many bytes as its prefix has. */
static int
read_dst(struct nlreq *nr, const struct rtmsg *rm, const struct nlattr *na,
    struct route *rt)
{
	unsigned most = rm->rtm_family == AF_INET ? 32 : 128;

	if (rm->rtm_dst_len > most)
		return nl_fail(nr, EINVAL, "Invalid prefix length", NULL);
	rt->rt_plen = rm->rtm_dst_len;
	if (rm->rtm_family == AF_INET)
		rt->rt_dst = na != NULL ? nl_addr(na, AF_INET) : in_any4();
	else if (na != NULL) {
		if (nl_len(na) < (rm->rtm_dst_len + 7U) / 8)
			return EINVAL;
		memcpy(&rt->rt_dst, nl_data(na),
		    kmin(nl_len(na), (uint32_t)16));
	}
	return 0;
}

/* The bits behind the prefix: IPv4 wants none, IPv6 forgets them. */
static int
cut_dst(struct nlreq *nr, struct route *rt)
{
	bool v4 = rt->rt_family == AF_INET;
	unsigned i, bits = rt->rt_plen + (v4 ? 96U : 0);
	uint8_t mask;

	for (i = 0; i < 16; i++) {
		mask = bits >= 8 ? 0xff : (uint8_t)(0xff00 >> bits);
		bits -= kmin(bits, 8U);
		if (v4 && (rt->rt_dst.s6_addr[i] & ~mask) != 0)
			return nl_fail(nr, EINVAL,
			    "Invalid prefix for given prefix length", NULL);
		rt->rt_dst.s6_addr[i] &= mask;
	}
	return 0;
}

static int
read_metrics(struct nlreq *nr, const struct nlattr *na, struct route *rt)
{
	static const uint8_t none[RTAX_MAX + 1];
	const struct nlattr *tab[RTAX_MAX + 1];
	int error, i;

	if (na == NULL)
		return 0;
	error = nl_nested(nr, na, tab, RTAX_MAX, none);
	for (i = 1; error == 0 && i <= RTAX_MAX; i++)
		if (tab[i] != NULL) {
			if (nl_len(tab[i]) != 4)
				return nl_fail(nr, EINVAL,
				    "Invalid attribute in metrics", tab[i]);
			rt->rt_metrics[i] = nl_u32(tab[i]);
			rt->rt_hasmetrics |= 1U << i;
		}
	return error;
}

/* A route as a request describes it. */
static int
get_request(struct nlreq *nr, struct route *rt)
{
	const struct rtmsg *rm = nl_body(nr, HDR);
	const struct nlattr *tab[RTA_MAX + 1];
	bool v4;
	int error;

	if (rm == NULL)
		return EINVAL;
	if (rm->rtm_family != AF_INET && rm->rtm_family != AF_INET6)
		return EOPNOTSUPP;
	v4 = rm->rtm_family == AF_INET;
	if (rm->rtm_type > RTN_MAX)
		return nl_fail(nr, EINVAL, "Invalid route type", NULL);
	if (!v4 && rm->rtm_tos != 0)
		return nl_fail(nr, EINVAL,
		    "Invalid dsfield (tos): option not available for IPv6",
		    NULL);
	memset(rt, 0, sizeof(*rt));
	error = nl_attrs(nr, HDR, tab, RTA_MAX, v4 ? least4 : least6);
	if (error == 0)
		error = read_dst(nr, rm, tab[RTA_DST], rt);
	if (error == 0)
		error = read_metrics(nr, tab[RTA_METRICS], rt);
	if (error != 0)
		return error;
	if (tab[RTA_MULTIPATH] != NULL || tab[RTA_ENCAP] != NULL ||
	    tab[RTA_VIA] != NULL || tab[RTA_NH_ID] != NULL ||
	    rm->rtm_src_len != 0)
		return nl_fail(nr, EOPNOTSUPP, "Not supported here", NULL);
	rt->rt_family = rm->rtm_family;
	rt->rt_type = rm->rtm_type;
	rt->rt_scope = v4 ? rm->rtm_scope : 0;
	rt->rt_proto = rm->rtm_protocol;
	rt->rt_tos = v4 ? rm->rtm_tos : 0;
	rt->rt_flags = rm->rtm_flags & RTNH_F_ONLINK;
	rt->rt_table = tab[RTA_TABLE] != NULL ? nl_u32(tab[RTA_TABLE]) :
						rm->rtm_table;
	if (rt->rt_table == 0)
		rt->rt_table = RT_TABLE_MAIN;
	if (v4)
		rt->rt_gateway = rt->rt_prefsrc = in_any4();
	if (tab[RTA_GATEWAY] != NULL)
		rt->rt_gateway = nl_addr(tab[RTA_GATEWAY], rt->rt_family);
	if (tab[RTA_PREFSRC] != NULL)
		rt->rt_prefsrc = nl_addr(tab[RTA_PREFSRC], rt->rt_family);
	if (tab[RTA_OIF] != NULL)
		rt->rt_oif = nl_u32(tab[RTA_OIF]);
	if (tab[RTA_PRIORITY] != NULL)
		rt->rt_metric = nl_u32(tab[RTA_PRIORITY]);
	if (tab[RTA_PREF] != NULL && !v4)
		rt->rt_pref = *(const uint8_t *)nl_data(tab[RTA_PREF]);
	return 0;
}

static bool
leads_nowhere(const struct route *rt)
{
	return rt->rt_type == RTN_BLACKHOLE || rt->rt_type == RTN_UNREACHABLE ||
	    rt->rt_type == RTN_PROHIBIT || rt->rt_type == RTN_THROW;
}

/* The interface is there and up. */
static int
check_device(struct nlreq *nr, uint32_t oif)
{
	const struct netif *nif = ifnet_byindex(oif);

	if (nif == NULL)
		return ENODEV;
	if (!(nif->if_flags & IFF_UP))
		return nl_fail(nr, ENETDOWN, "Nexthop device is not up", NULL);
	return 0;
}

/* Is the gateway a neighbour?  The interface is what leads to it. */
static int
check_gateway(struct nlreq *nr, struct route *rt)
{
	bool v4 = rt->rt_family == AF_INET;
	struct rtanswer ra;
	int error;

	if (v4 && rt->rt_scope >= RT_SCOPE_LINK)
		return nl_fail(nr, EINVAL, "Nexthop has invalid scope", NULL);
	if (!v4 && rt->rt_gateway.s6_addr[0] == 0xfe &&
	    (rt->rt_gateway.s6_addr[1] & 0xc0) == 0x80)
		return rt->rt_oif != 0 ?
		    check_device(nr, rt->rt_oif) :
		    nl_fail(nr, EINVAL, "Egress device not specified", NULL);
	if (rt->rt_flags & RTNH_F_ONLINK)
		return rt->rt_oif == 0 ?
		    nl_fail(nr, ENODEV, "Nexthop device required for onlink",
			NULL) :
		    check_device(nr, rt->rt_oif);
	if (rt->rt_oif != 0) {
		error = check_device(nr, rt->rt_oif);
		if (error != 0)
			return error;
	}
	if (!v4 && ifnet_byaddr(&rt->rt_gateway, NULL) != NULL)
		return nl_fail(nr, EINVAL, "Gateway can not be a local address",
		    NULL);
	error = route_find(&rt->rt_gateway, rt->rt_oif, NULL, &ra);
	if (error == 0 && v4 && ra.ra_route.rt_scope < RT_SCOPE_LINK)
		error = ENETUNREACH;
	if (error == 0 && v4 && ra.ra_route.rt_type != RTN_UNICAST &&
	    ra.ra_route.rt_type != RTN_LOCAL)
		error = EINVAL;
	if (error == 0 && !v4 && !in_isany(&ra.ra_route.rt_gateway))
		error = EHOSTUNREACH;
	if (error != 0)
		return nl_fail(nr, v4 ? error : EHOSTUNREACH,
		    v4 ? "Nexthop has invalid gateway" : NULL, NULL);
	if (rt->rt_oif == 0)
		rt->rt_oif = ra.ra_route.rt_oif;
	return 0;
}

/* The narrowest scope that a type of route has; IPv4. */
static int
scope_of_type(int type)
{
	switch (type) {
	case RTN_UNSPEC:
	case RTN_NAT:
	case RTN_XRESOLVE:
		return RT_SCOPE_NOWHERE;
	case RTN_LOCAL:
		return RT_SCOPE_HOST;
	case RTN_BROADCAST:
	case RTN_ANYCAST:
		return RT_SCOPE_LINK;
	default:
		return RT_SCOPE_UNIVERSE;
	}
}

static int
check_way4(struct nlreq *nr, struct route *rt)
{
	bool gateway = !in_isany(&rt->rt_gateway);

	if (scope_of_type(rt->rt_type) > rt->rt_scope)
		return nl_fail(nr, EINVAL, "Invalid scope", NULL);
	if (leads_nowhere(rt))
		return gateway || rt->rt_oif != 0 ?
		    nl_fail(nr, EINVAL,
			"Gateway, device and multipath can not be specified "
			"for this route type",
			NULL) :
		    0;
	if (rt->rt_scope > RT_SCOPE_HOST)
		return nl_fail(nr, EINVAL, "Invalid scope", NULL);
	if (rt->rt_scope == RT_SCOPE_HOST) {
		if (gateway)
			return nl_fail(nr, EINVAL,
			    "Route with host scope can not have a gateway",
			    NULL);
		return ifnet_byindex(rt->rt_oif) == NULL ? ENODEV : 0;
	}
	return gateway ? check_gateway(nr, rt) : check_device(nr, rt->rt_oif);
}

static int
check_way6(struct nlreq *nr, struct route *rt)
{
	if ((rt->rt_flags & RTNH_F_ONLINK) && rt->rt_oif == 0)
		return nl_fail(nr, ENODEV, "Nexthop device required for onlink",
		    NULL);
	if (rt->rt_type == RTN_UNSPEC)
		rt->rt_type = RTN_UNICAST;
	if (leads_nowhere(rt)) {
		rt->rt_oif = LO_INDEX;
		memset(&rt->rt_gateway, 0, sizeof(rt->rt_gateway));
		return 0;
	}
	if (!in_isany(&rt->rt_gateway))
		return check_gateway(nr, rt);
	return check_device(nr, rt->rt_oif);
}

int
route_request(struct nlreq *nr, struct route *rt, int flags)
{
	int error;

	error = cut_dst(nr, rt);
	if (error == 0)
		error = rt->rt_family == AF_INET ? check_way4(nr, rt) :
						   check_way6(nr, rt);
	if (error != 0)
		return error;
	if (rt->rt_family == AF_INET6 && rt->rt_metric == 0)
		rt->rt_metric = METRIC6;
	if (!in_isany(&rt->rt_prefsrc) &&
	    ifnet_byaddr(&rt->rt_prefsrc, NULL) == NULL)
		return nl_fail(nr, EINVAL, "Invalid prefsrc address", NULL);
	return route_add(rt, flags, nr);
}

int
route_unrequest(struct nlreq *nr, struct route *rt)
{
	int error = cut_dst(nr, rt);

	if (error != 0)
		return error;
	if (rt->rt_family == AF_INET6) {
		rt->rt_scope = RT_SCOPE_NOWHERE;
		rt->rt_type = 0;
	}
	return route_remove(rt, nr);
}

int
nl_newroute(struct nlreq *nr)
{
	struct route rt;
	int error = get_request(nr, &rt);

	return error != 0 ? error :
			    route_request(nr, &rt, nr->nr_hdr->nlmsg_flags);
}

int
nl_delroute(struct nlreq *nr)
{
	struct route rt;
	int error = get_request(nr, &rt);

	return error != 0 ? error : route_unrequest(nr, &rt);
}
