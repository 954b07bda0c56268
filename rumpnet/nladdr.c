/* SPDX-License-Identifier: BSD-2-Clause */
/* nladdr: RTM_*ADDR: addresses of interfaces. */
#include "rumpnet/inet.h"
#include "rumpnet/nlroute.h"

#define HDR   sizeof(struct ifaddrmsg)
#define NSEC  1000000000UL
#define CENTI (NSEC / 100)
#define KEPT                                                      \
	(IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | \
	    IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN | IFA_F_OPTIMISTIC)

/* --- Told ----------------------------------------------------------------- */

/* What is left of a time that was given at ia_changed. */
static uint32_t
left(const struct ifaddr *ia, uint32_t life)
{
	uint64_t s = (rumpuser_monotonic() - ia->ia_changed) / NSEC;

	if (life == LIFE_EVER)
		return life;
	return s < life ? (uint32_t)(life - s) : 0;
}

static void
put_life(struct nlreq *nr, const struct ifaddr *ia)
{
	struct ifa_cacheinfo ci = { .ifa_prefered = left(ia, ia->ia_preferred),
		.ifa_valid = left(ia, ia->ia_valid),
		.cstamp = (uint32_t)(ia->ia_made / CENTI),
		.tstamp = (uint32_t)(ia->ia_changed / CENTI) };

	nl_put(nr, IFA_CACHEINFO, &ci, sizeof(ci));
}

static void
put_addr(struct nlreq *nr, const struct netif *nif, const struct ifaddr *ia,
    int type, int flags)
{
	struct ifaddrmsg *am = nl_begin(nr, type, flags, HDR);
	bool v4 = ia->ia_family == AF_INET;
	bool peer = memcmp(&ia->ia_local, &ia->ia_peer, 16) != 0;

	am->ifa_family = ia->ia_family;
	am->ifa_prefixlen = ia->ia_plen;
	am->ifa_flags = (uint8_t)ia->ia_flags;
	am->ifa_scope = ia->ia_scope;
	am->ifa_index = nif->if_index;
	nl_putaddr(nr, IFA_ADDRESS, &ia->ia_peer, ia->ia_family);
	if (v4 || peer)
		nl_putaddr(nr, IFA_LOCAL, &ia->ia_local, ia->ia_family);
	if (v4 && !in_isany(&ia->ia_brd))
		nl_putaddr(nr, IFA_BROADCAST, &ia->ia_brd, AF_INET);
	if (v4 && ia->ia_label[0] != '\0')
		nl_puts(nr, IFA_LABEL, ia->ia_label);
	nl_put32(nr, IFA_FLAGS, ia->ia_flags);
	if (ia->ia_metric != 0)
		nl_put32(nr, IFA_RT_PRIORITY, ia->ia_metric);
	put_life(nr, ia);
	if (ia->ia_proto != 0)
		nl_put8(nr, IFA_PROTO, ia->ia_proto);
	nl_end(nr);
}

void
ifaddr_tell(const struct netif *nif, const struct ifaddr *ia, int type,
    const struct nlreq *by)
{
	struct nlreq news;

	if (!nl_news(&news,
		ia->ia_family == AF_INET ? RTNLGRP_IPV4_IFADDR :
					   RTNLGRP_IPV6_IFADDR,
		by))
		return;
	put_addr(&news, nif, ia, type, 0);
	nl_newsend(&news);
}

static void
dump_family(struct nlreq *nr, int family, uint32_t index)
{
	const struct netif *nif;
	const struct ifaddr *ia;

	for (nif = ifnet_first(); nif != NULL; nif = nif->if_next) {
		if (index != 0 && nif->if_index != index)
			continue;
		for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next)
			if (ia->ia_family == family)
				put_addr(nr, nif, ia, RTM_NEWADDR, NLM_F_MULTI);
	}
}

/* One address of IPv6; Linux has no such request of IPv4. */
static int
get_one(struct nlreq *nr, const struct ifaddrmsg *am)
{
	static const uint8_t
	    least[IFA_MAX + 1] = { [IFA_ADDRESS] = 16, [IFA_LOCAL] = 16 };
	const struct nlattr *tab[IFA_MAX + 1], *na;
	struct netif *nif;
	struct ifaddr *ia;
	struct in6_addr a;
	int error;

	if (am->ifa_family != AF_INET6)
		return EOPNOTSUPP;
	error = nl_attrs(nr, HDR, tab, IFA_MAX, least);
	if (error != 0)
		return error;
	na = tab[IFA_LOCAL] != NULL ? tab[IFA_LOCAL] : tab[IFA_ADDRESS];
	if (na == NULL)
		return EINVAL;
	a = nl_addr(na, AF_INET6);
	nif = ifnet_byaddr(&a, &ia);
	if (nif == NULL ||
	    (am->ifa_index != 0 && am->ifa_index != nif->if_index))
		return EADDRNOTAVAIL;
	put_addr(nr, nif, ia, RTM_NEWADDR, 0);
	return 0;
}

int
nl_getaddr(struct nlreq *nr)
{
	const struct ifaddrmsg *am = nl_body(nr, HDR);
	const struct rtgenmsg *gm = nl_body(nr, sizeof(*gm));
	uint32_t index = 0;

	if (!nl_isdump(nr))
		return am == NULL ? EINVAL : get_one(nr, am);
	if (nl_opt(nr->nr_so, NETLINK_GET_STRICT_CHK)) {
		if (am == NULL)
			return nl_fail(nr, EINVAL,
			    "ipv4: Invalid header for address dump request",
			    NULL);
		index = am->ifa_index;
		if (index != 0 && ifnet_byindex(index) == NULL)
			return ENODEV;
	}
	if (gm->rtgen_family != AF_INET6)
		dump_family(nr, AF_INET, index);
	if (gm->rtgen_family != AF_INET)
		dump_family(nr, AF_INET6, index);
	return nl_done(nr);
}

/* --- Changed -------------------------------------------------------------- */

/* The address and the attributes of a request; the interface it is about. */
static int
get_request(struct nlreq *nr, const struct ifaddrmsg **amp,
    const struct nlattr **tab, struct netif **nif)
{
	static const uint8_t least4[IFA_MAX + 1] = { [IFA_ADDRESS] = 4,
		[IFA_LOCAL] = 4,
		[IFA_BROADCAST] = 4,
		[IFA_FLAGS] = 4,
		[IFA_RT_PRIORITY] = 4,
		[IFA_PROTO] = 1,
		[IFA_CACHEINFO] = sizeof(struct ifa_cacheinfo) };
	static const uint8_t least6[IFA_MAX + 1] = { [IFA_ADDRESS] = 16,
		[IFA_LOCAL] = 16,
		[IFA_FLAGS] = 4,
		[IFA_RT_PRIORITY] = 4,
		[IFA_PROTO] = 1,
		[IFA_CACHEINFO] = sizeof(struct ifa_cacheinfo) };
	const struct ifaddrmsg *am = nl_body(nr, HDR);
	int error;

	if (am == NULL)
		return EINVAL;
	if (am->ifa_family != AF_INET && am->ifa_family != AF_INET6)
		return EOPNOTSUPP;
	error = nl_attrs(nr, HDR, tab, IFA_MAX,
	    am->ifa_family == AF_INET ? least4 : least6);
	if (error != 0)
		return error;
	*amp = am;
	*nif = ifnet_byindex(am->ifa_index);
	return 0;
}

static void
read_addresses(const struct ifaddrmsg *am, const struct nlattr **tab,
    struct ifaddr *ia)
{
	const struct nlattr *local = tab[IFA_LOCAL], *addr = tab[IFA_ADDRESS];

	ia->ia_family = am->ifa_family;
	ia->ia_plen = am->ifa_prefixlen;
	if (local == NULL)
		local = addr;
	if (addr == NULL)
		addr = local;
	ia->ia_local = nl_addr(local, ia->ia_family);
	ia->ia_peer = nl_addr(addr, ia->ia_family);
}

/* 0, or what is wrong with the times. */
static int
read_life(struct nlreq *nr, const struct nlattr *na, struct ifaddr *ia)
{
	struct ifa_cacheinfo ci;

	ia->ia_valid = ia->ia_preferred = LIFE_EVER;
	if (na != NULL) {
		memcpy(&ci, nl_data(na), sizeof(ci));
		if (ci.ifa_valid == 0 || ci.ifa_prefered > ci.ifa_valid)
			return nl_fail(nr, EINVAL, "address lifetime invalid",
			    na);
		ia->ia_valid = ci.ifa_valid;
		ia->ia_preferred = ci.ifa_prefered;
	}
	if (ia->ia_valid == LIFE_EVER)
		ia->ia_flags |= IFA_F_PERMANENT;
	if (ia->ia_preferred == 0)
		ia->ia_flags |= IFA_F_DEPRECATED;
	return 0;
}

static int
check4(struct nlreq *nr, const struct ifaddrmsg *am, const struct nlattr **tab,
    const struct netif *nif)
{
	if (am->ifa_prefixlen > 32)
		return nl_fail(nr, EINVAL, "ipv4: Invalid prefix length", NULL);
	if (tab[IFA_LOCAL] == NULL)
		return nl_fail(nr, EINVAL,
		    "ipv4: Local address is not supplied", NULL);
	if (nif == NULL)
		return nl_fail(nr, ENODEV, "ipv4: Device not found", NULL);
	return 0;
}

static int
check6(struct nlreq *nr, const struct ifaddrmsg *am, const struct ifaddr *ia,
    const struct netif *nif)
{
	if (nif == NULL)
		return nl_fail(nr, ENODEV, "Unable to find the interface",
		    NULL);
	if (ifaddr_ison(nif->if_index, &ia->ia_local))
		return 0;
	if (am->ifa_prefixlen > 128)
		return nl_fail(nr, EINVAL, "ipv6: Invalid prefix length", NULL);
	if (ia->ia_local.s6_addr[0] == 0xff)
		return nl_fail(nr, EINVAL,
		    "ipv6: Cannot assign multicast address without "
		    "\"IFA_F_MCAUTOJOIN\" flag",
		    NULL);
	if (in_isany(&ia->ia_local) ||
	    (in_isloopback(&ia->ia_local) && nif->if_kind != IF_LOOPBACK))
		return nl_fail(nr, EADDRNOTAVAIL, "ipv6: Invalid address",
		    NULL);
	return 0;
}

/* The same again: its times are new. */
static int
again(struct nlreq *nr, struct netif *nif, const struct ifaddr *model)
{
	struct ifaddr *ia = nif->if_addrs;

	while (ia != NULL && memcmp(&ia->ia_local, &model->ia_local, 16) != 0)
		ia = ia->ia_next;
	if (ia == NULL || ia->ia_plen != model->ia_plen)
		return EEXIST;
	ifnet_setword(&ia->ia_valid, model->ia_valid);
	ifnet_setword(&ia->ia_preferred, model->ia_preferred);
	ifnet_setword(&ia->ia_flags,
	    (ia->ia_flags & ~(uint32_t)(IFA_F_PERMANENT | IFA_F_DEPRECATED)) |
		model->ia_flags);
	kmutex_enter(&net()->ns_iflock);
	ia->ia_changed = rumpuser_monotonic();
	kmutex_exit(&net()->ns_iflock);
	ifaddr_ages(ia);
	ifaddr_tell(nif, ia, RTM_NEWADDR, nr);
	return 0;
}

int
nl_newaddr(struct nlreq *nr)
{
	const struct nlattr *tab[IFA_MAX + 1];
	const struct ifaddrmsg *am;
	struct ifaddr ia = { .ia_plen = 0 };
	struct netif *nif;
	int error;

	error = get_request(nr, &am, tab, &nif);
	if (error == 0 && am->ifa_family == AF_INET)
		error = check4(nr, am, tab, nif);
	if (error != 0)
		return error;
	if (tab[IFA_LOCAL] == NULL && tab[IFA_ADDRESS] == NULL)
		return nl_fail(nr, EINVAL, "ipv6: Invalid address", NULL);
	read_addresses(am, tab, &ia);
	ia.ia_flags = (tab[IFA_FLAGS] != NULL ? nl_u32(tab[IFA_FLAGS]) :
						am->ifa_flags) &
	    KEPT;
	ia.ia_scope = am->ifa_scope;
	ia.ia_brd = in_any4();
	if (am->ifa_family == AF_INET6) {
		error = read_life(nr, tab[IFA_CACHEINFO], &ia);
		if (error == 0)
			error = check6(nr, am, &ia, nif);
		ia.ia_scope = (uint8_t)in_scope(&ia.ia_local);
	} else {
		if (tab[IFA_LABEL] != NULL)
			nl_name(tab[IFA_LABEL], ia.ia_label);
		else
			memcpy(ia.ia_label, nif->if_name, IFNAMSIZ);
		if (tab[IFA_BROADCAST] != NULL)
			ia.ia_brd = nl_addr(tab[IFA_BROADCAST], AF_INET);
	}
	if (error == 0 && am->ifa_family == AF_INET)
		error = read_life(nr, tab[IFA_CACHEINFO], &ia);
	if (error != 0)
		return error;
	if (tab[IFA_RT_PRIORITY] != NULL)
		ia.ia_metric = nl_u32(tab[IFA_RT_PRIORITY]);
	if (tab[IFA_PROTO] != NULL)
		ia.ia_proto = *(const uint8_t *)nl_data(tab[IFA_PROTO]);
	error = ifaddr_add(nif, &ia, nr);
	if (error == EEXIST && (nr->nr_hdr->nlmsg_flags & NLM_F_REPLACE))
		error = again(nr, nif, &ia);
	if (error == EEXIST)
		nr->nr_why = ia.ia_family == AF_INET ?
		    "ipv4: Address already assigned" :
		    "ipv6: address already assigned";
	return error;
}

/* Is it the one that is to go? */
static bool
is_meant(const struct ifaddr *ia, const struct ifaddr *want,
    const struct nlattr **tab)
{
	char label[IFNAMSIZ];

	if (ia->ia_family != want->ia_family)
		return false;
	if (tab[IFA_LABEL] != NULL && ia->ia_family == AF_INET) {
		nl_name(tab[IFA_LABEL], label);
		if (strcmp(label, ia->ia_label) != 0)
			return false;
	}
	if (tab[IFA_LOCAL] != NULL || ia->ia_family == AF_INET6)
		if (memcmp(&ia->ia_local, &want->ia_local, 16) != 0)
			return false;
	if (tab[IFA_ADDRESS] == NULL && ia->ia_family == AF_INET)
		return true;
	return ia->ia_plen == want->ia_plen &&
	    ifaddr_contains(ia, &want->ia_peer);
}

int
nl_deladdr(struct nlreq *nr)
{
	const struct nlattr *tab[IFA_MAX + 1];
	struct ifaddr want = { .ia_plen = 0 }, *ia;
	const struct ifaddrmsg *am;
	struct netif *nif;
	int error;

	error = get_request(nr, &am, tab, &nif);
	if (error != 0)
		return error;
	want.ia_family = am->ifa_family;
	if (tab[IFA_LOCAL] != NULL || tab[IFA_ADDRESS] != NULL)
		read_addresses(am, tab, &want);
	else if (am->ifa_family == AF_INET6)
		return EINVAL;
	if (am->ifa_family == AF_INET6 && am->ifa_prefixlen > 128)
		return nl_fail(nr, EINVAL, "ipv6: Invalid prefix length", NULL);
	if (nif == NULL)
		return nl_fail(nr, ENODEV,
		    am->ifa_family == AF_INET ? "ipv4: Device not found" :
						"Unable to find the interface",
		    NULL);
	for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next)
		if (is_meant(ia, &want, tab))
			break;
	if (ia == NULL)
		return nl_fail(nr, EADDRNOTAVAIL,
		    am->ifa_family == AF_INET ? "ipv4: Address not found" :
						"ipv6: address not found",
		    NULL);
	ifaddr_remove(nif, ia, nr);
	return 0;
}
