/* SPDX-License-Identifier: BSD-2-Clause */
/* nlrtget: RTM_GETROUTE for one address: ip route get. */
#include "lwproc/proc.h"
#include "rumpnet/inet.h"
#include "rumpnet/nlroute.h"
#include "rumpnet/sockopt.h"

#define HDR            sizeof(struct rtmsg)
#define RTCF_MULTICAST 0x20000000U
#define RTCF_BROADCAST 0x10000000U
#define RTCF_LOCAL     0x80000000U

struct query {
	struct in6_addr qu_to, qu_from;
	bool qu_hasfrom;
	uint32_t qu_oif;
	int qu_family;
	uint32_t qu_flags;
};

static int
get_query(struct nlreq *nr, struct query *qu)
{
	static const uint8_t four[RTA_MAX +
	    1] = { [RTA_DST] = 4, [RTA_SRC] = 4, [RTA_OIF] = 4, [RTA_IIF] = 4 };
	static const uint8_t six[RTA_MAX + 1] = { [RTA_DST] = 16,
		[RTA_SRC] = 16,
		[RTA_OIF] = 4,
		[RTA_IIF] = 4 };
	const struct rtmsg *rm = nl_body(nr, HDR);
	const struct nlattr *tab[RTA_MAX + 1];
	bool v4;
	int error;

	memset(qu, 0, sizeof(*qu));
	if (rm == NULL)
		return EINVAL;
	if (rm->rtm_family != AF_INET && rm->rtm_family != AF_INET6)
		return EOPNOTSUPP;
	v4 = rm->rtm_family == AF_INET;
	error = nl_attrs(nr, HDR, tab, RTA_MAX, v4 ? four : six);
	if (error != 0)
		return error;
	if (tab[RTA_IIF] != NULL && nl_u32(tab[RTA_IIF]) != 0)
		return nl_fail(nr, EOPNOTSUPP, "Not supported here",
		    tab[RTA_IIF]);
	qu->qu_family = rm->rtm_family;
	qu->qu_flags = rm->rtm_flags;
	if (v4)
		qu->qu_to = qu->qu_from = in_any4();
	if (tab[RTA_DST] != NULL)
		qu->qu_to = nl_addr(tab[RTA_DST], qu->qu_family);
	if (tab[RTA_SRC] != NULL) {
		qu->qu_from = nl_addr(tab[RTA_SRC], qu->qu_family);
		qu->qu_hasfrom = !in_isany(&qu->qu_from);
	}
	if (tab[RTA_OIF] != NULL)
		qu->qu_oif = nl_u32(tab[RTA_OIF]);
	if (qu->qu_oif != 0 && ifnet_byindex(qu->qu_oif) == NULL)
		return ENODEV;
	if (v4 && qu->qu_hasfrom && ifnet_byaddr(&qu->qu_from, NULL) == NULL &&
	    !in_isloopback(&qu->qu_from))
		return ENETUNREACH;
	return 0;
}

static uint32_t
flags4(const struct query *qu, int type, uint32_t oif)
{
	uint32_t f = RTM_F_CLONED;

	if (mcast_isgroup(&qu->qu_to))
		f |= RTCF_MULTICAST;
	if (type == RTN_LOCAL || oif == LO_INDEX)
		f |= RTCF_LOCAL;
	if (type == RTN_BROADCAST)
		f |= RTCF_BROADCAST | RTCF_LOCAL;
	return f;
}

/* As Linux, where tables local and main are one as long as there are no rules. */
static void
tell4(struct nlreq *nr, const struct query *qu, const struct rtanswer *ra)
{
	const struct route *rt = &ra->ra_route;
	struct rtmsg *rm = nl_begin(nr, RTM_NEWROUTE, 0, HDR);
	struct rta_cacheinfo ci = { .rta_expires = 0 };
	int type = rt->rt_type;

	rm->rtm_family = AF_INET;
	rm->rtm_dst_len = 32;
	rm->rtm_src_len = qu->qu_hasfrom ? 32 : 0;
	rm->rtm_table = RT_TABLE_MAIN;
	rm->rtm_type = (uint8_t)type;
	rm->rtm_flags = flags4(qu, type, rt->rt_oif);
	nl_putaddr(nr, RTA_DST, &qu->qu_to, AF_INET);
	nl_put32(nr, RTA_TABLE, RT_TABLE_MAIN);
	if (qu->qu_hasfrom)
		nl_putaddr(nr, RTA_SRC, &qu->qu_from, AF_INET);
	nl_put32(nr, RTA_OIF, type == RTN_LOCAL ? LO_INDEX : rt->rt_oif);
	if (!qu->qu_hasfrom)
		nl_putaddr(nr, RTA_PREFSRC, &ra->ra_src, AF_INET);
	if (!in_isany(&rt->rt_gateway))
		nl_putaddr(nr, RTA_GATEWAY, &rt->rt_gateway, AF_INET);
	nl_put32(nr, RTA_UID, nr->nr_lwp->l_proc->p_cred.cr_euid);
	nl_put(nr, RTA_CACHEINFO, &ci, sizeof(ci));
	nl_end(nr);
}

static void
tell6(struct nlreq *nr, const struct query *qu, const struct rtanswer *ra)
{
	const struct route *rt = &ra->ra_route;
	struct rtmsg *rm = nl_begin(nr, RTM_NEWROUTE, 0, HDR);
	struct rta_cacheinfo ci = { .rta_expires = 0 };

	rm->rtm_family = AF_INET6;
	rm->rtm_dst_len = 128;
	rm->rtm_src_len = 128;
	rm->rtm_table = rt->rt_table < 256 ? (uint8_t)rt->rt_table :
					     RT_TABLE_COMPAT;
	rm->rtm_protocol = rt->rt_proto;
	rm->rtm_type = rt->rt_type;
	nl_put32(nr, RTA_TABLE, rt->rt_table);
	nl_putaddr(nr, RTA_DST, &qu->qu_to, AF_INET6);
	nl_putaddr(nr, RTA_SRC, &qu->qu_from, AF_INET6);
	nl_putaddr(nr, RTA_PREFSRC, &ra->ra_src, AF_INET6);
	nl_put32(nr, RTA_PRIORITY, rt->rt_metric);
	if (!in_isany(&rt->rt_gateway))
		nl_putaddr(nr, RTA_GATEWAY, &rt->rt_gateway, AF_INET6);
	nl_put32(nr, RTA_OIF, rt->rt_type == RTN_LOCAL ? LO_INDEX : rt->rt_oif);
	nl_put(nr, RTA_CACHEINFO, &ci, sizeof(ci));
	nl_put8(nr, RTA_PREF, rt->rt_pref);
	nl_end(nr);
}

int
nl_findroute(struct nlreq *nr)
{
	struct rtanswer ra;
	struct in6_addr to;
	struct query qu;
	int error;

	error = get_query(nr, &qu);
	if (error != 0)
		return error;
	/* To nowhere in particular is to ourselves. */
	to = qu.qu_to;
	if (qu.qu_family == AF_INET && in_isany(&to))
		to = in_loopback(true);
	error = route_find(&to, qu.qu_oif, &qu.qu_from, &ra);
	if (error != 0)
		return error;
	if (qu.qu_family == AF_INET && ra.ra_route.rt_table == RT_TABLE_LOCAL)
		ra.ra_route.rt_table = RT_TABLE_MAIN;
	if (qu.qu_flags & RTM_F_FIB_MATCH)
		route_put(nr, &ra.ra_route, RTM_NEWROUTE, 0);
	else if (qu.qu_family == AF_INET)
		tell4(nr, &qu, &ra);
	else
		tell6(nr, &qu, &ra);
	return 0;
}
