/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nlmisc: what NETLINK_ROUTE tells of things that are always the same here:
 * rules, neighbours, disciplines of queueing, configuration.
 */
#include <linux/fib_rules.h>
#include <linux/netconf.h>
#include <linux/pkt_sched.h>

#include "rumpnet/nlroute.h"

/* Neighbours there are none. */
int
nl_getneigh(struct nlreq *nr)
{
	if (nl_isdump(nr))
		return nl_done(nr);
	return nl_body(nr, sizeof(struct ndmsg)) == NULL ?
	    nl_fail(nr, EINVAL, "Invalid header for neighbor get request",
		NULL) :
	    EINVAL;
}

/* Nor labels of addresses; of IPv6. */
int
nl_getlabel(struct nlreq *nr)
{
	const struct rtgenmsg *gm = nl_body(nr, sizeof(*gm));

	return gm->rtgen_family == AF_INET6 && nl_isdump(nr) ? nl_done(nr) :
							       EOPNOTSUPP;
}

/* --- Rules ---------------------------------------------------------------- */

static void
put_rule(struct nlreq *nr, int family, uint32_t table, uint32_t priority)
{
	struct fib_rule_hdr *rh = nl_begin(nr, RTM_NEWRULE, NLM_F_MULTI,
	    sizeof(*rh));

	rh->family = (uint8_t)family;
	rh->table = (uint8_t)table;
	rh->action = FR_ACT_TO_TBL;
	nl_put32(nr, FRA_TABLE, table);
	nl_put32(nr, FRA_SUPPRESS_PREFIXLEN, ~0U);
	nl_put8(nr, FRA_PROTOCOL, RTPROT_KERNEL);
	if (priority != 0)
		nl_put32(nr, FRA_PRIORITY, priority);
	nl_end(nr);
}

int
nl_getrule(struct nlreq *nr)
{
	const struct rtgenmsg *gm = nl_body(nr, sizeof(*gm));
	int family = gm->rtgen_family;

	if (!nl_isdump(nr))
		return EOPNOTSUPP;
	if (family != AF_UNSPEC && family != AF_INET && family != AF_INET6)
		return EAFNOSUPPORT;
	if (family != AF_INET6) {
		put_rule(nr, AF_INET, RT_TABLE_LOCAL, 0);
		put_rule(nr, AF_INET, RT_TABLE_MAIN, 32766);
		put_rule(nr, AF_INET, RT_TABLE_DEFAULT, 32767);
	}
	if (family != AF_INET) {
		put_rule(nr, AF_INET6, RT_TABLE_LOCAL, 0);
		put_rule(nr, AF_INET6, RT_TABLE_MAIN, 32766);
	}
	return nl_done(nr);
}

/* --- Queues --------------------------------------------------------------- */

int
nl_getqdisc(struct nlreq *nr)
{
	const struct tcmsg *ask = nl_body(nr, sizeof(*ask));
	const struct netif *nif;
	struct tcmsg *tm;

	if (!nl_isdump(nr))
		return EOPNOTSUPP;
	for (nif = ifnet_first(); nif != NULL; nif = nif->if_next) {
		if (!(nif->if_flags & IFF_UP) ||
		    (ask != NULL && ask->tcm_ifindex != 0 &&
			(uint32_t)ask->tcm_ifindex != nif->if_index))
			continue;
		tm = nl_begin(nr, RTM_NEWQDISC, NLM_F_MULTI, sizeof(*tm));
		tm->tcm_ifindex = (int)nif->if_index;
		tm->tcm_parent = TC_H_ROOT;
		tm->tcm_info = 2;
		nl_puts(nr, TCA_KIND, "noqueue");
		nl_end(nr);
	}
	return nl_done(nr);
}

/* --- Configuration -------------------------------------------------------- */

static void
put_conf(struct nlreq *nr, int family, uint32_t index, int flags)
{
	struct netconfmsg *nm = nl_begin(nr, RTM_NEWNETCONF, flags,
	    sizeof(*nm));

	nm->ncm_family = (uint8_t)family;
	nl_put32(nr, NETCONFA_IFINDEX, index);
	nl_put32(nr, NETCONFA_FORWARDING, 0);
	if (family == AF_INET)
		nl_put32(nr, NETCONFA_RP_FILTER, 0);
	nl_put32(nr, NETCONFA_MC_FORWARDING, 0);
	nl_put32(nr, NETCONFA_PROXY_NEIGH, 0);
	nl_put32(nr, NETCONFA_IGNORE_ROUTES_WITH_LINKDOWN, 0);
	nl_end(nr);
}

static void
dump_conf(struct nlreq *nr, int family)
{
	const struct netif *nif;

	for (nif = ifnet_first(); nif != NULL; nif = nif->if_next)
		put_conf(nr, family, nif->if_index, NLM_F_MULTI);
	put_conf(nr, family, (uint32_t)NETCONFA_IFINDEX_ALL, NLM_F_MULTI);
	put_conf(nr, family, (uint32_t)NETCONFA_IFINDEX_DEFAULT, NLM_F_MULTI);
}

int
nl_getconf(struct nlreq *nr)
{
	static const uint8_t least[NETCONFA_MAX + 1] = {
		[NETCONFA_IFINDEX] = 4
	};
	const struct nlattr *tab[NETCONFA_MAX + 1];
	const struct rtgenmsg *gm = nl_body(nr, sizeof(*gm));
	int32_t index;
	int error;

	if (gm->rtgen_family != AF_INET && gm->rtgen_family != AF_INET6)
		return EOPNOTSUPP;
	if (nl_isdump(nr)) {
		dump_conf(nr, gm->rtgen_family);
		return nl_done(nr);
	}
	error = nl_attrs(nr, sizeof(struct netconfmsg), tab, NETCONFA_MAX,
	    least);
	if (error == 0 && tab[NETCONFA_IFINDEX] == NULL)
		error = EINVAL;
	if (error != 0)
		return error;
	index = (int32_t)nl_u32(tab[NETCONFA_IFINDEX]);
	if (index != NETCONFA_IFINDEX_ALL &&
	    index != NETCONFA_IFINDEX_DEFAULT &&
	    ifnet_byindex((uint32_t)index) == NULL)
		return EINVAL;
	put_conf(nr, gm->rtgen_family, (uint32_t)index, 0);
	return 0;
}
