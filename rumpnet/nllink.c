/* SPDX-License-Identifier: BSD-2-Clause */
/* nllink: RTM_*LINK: interfaces told of, made, changed and removed. */
#include <linux/if_arp.h>

#include "rumpnet/nlroute.h"

#define GSO_SIZE 65536
#define GSO_SEGS 65535
#define TSO_SIZE 524280
#define MACLEN   6
#define HDR      sizeof(struct ifinfomsg)

static const uint8_t least[IFLA_MAX + 1] = {
	[IFLA_MTU] = 4,
	[IFLA_TXQLEN] = 4,
	[IFLA_GROUP] = 4,
	[IFLA_EXT_MASK] = 4,
	[IFLA_MASTER] = 4,
	[IFLA_ADDRESS] = MACLEN,
};

/* --- Told ----------------------------------------------------------------- */

static void
put_stats(struct nlreq *nr, const struct netif *nif)
{
	struct rtnl_link_stats64 st;
	uint32_t old[sizeof(struct rtnl_link_stats) / 4];
	const uint64_t *w = (const void *)&st;
	size_t i;

	memset(&st, 0, sizeof(st));
	st.rx_packets = atomic_load(&nif->if_rx.ic_packets);
	st.rx_bytes = atomic_load(&nif->if_rx.ic_bytes);
	st.rx_dropped = atomic_load(&nif->if_rx.ic_dropped);
	st.tx_packets = atomic_load(&nif->if_tx.ic_packets);
	st.tx_bytes = atomic_load(&nif->if_tx.ic_bytes);
	st.tx_dropped = atomic_load(&nif->if_tx.ic_dropped);
	nl_put(nr, IFLA_STATS64, &st, sizeof(st));
	for (i = 0; i < nelem(old); i++)
		old[i] = (uint32_t)w[i];
	nl_put(nr, IFLA_STATS, old, sizeof(old));
}

/* What IPv6 has to say of an interface: how it makes addresses. */
static void
put_family(struct nlreq *nr)
{
	uint32_t at = nl_open(nr, IFLA_AF_SPEC);
	uint32_t in = nl_open(nr, AF_INET);

	nl_close(nr, in);
	in = nl_open(nr, AF_INET6);
	nl_put32(nr, IFLA_INET6_FLAGS, 0);
	nl_put8(nr, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_EUI64);
	nl_close(nr, in);
	nl_close(nr, at);
}

static void
put_hardware(struct nlreq *nr, const struct netif *nif)
{
	struct rtnl_link_ifmap map = { .mem_start = 0 };
	uint8_t brd[MACLEN];
	uint32_t at;

	memset(brd, nif->if_kind == IF_LOOPBACK ? 0 : 0xff, MACLEN);
	nl_put(nr, IFLA_MAP, &map, sizeof(map));
	nl_put(nr, IFLA_ADDRESS, nif->if_mac, MACLEN);
	nl_put(nr, IFLA_BROADCAST, brd, MACLEN);
	if (nif->if_kind != IF_DUMMY)
		return;
	at = nl_open(nr, IFLA_LINKINFO);
	nl_puts(nr, IFLA_INFO_KIND, "dummy");
	nl_close(nr, at);
}

static const char *
qdisc(const struct netif *nif)
{
	return nif->if_wasup ? "noqueue" : "noop";
}

static void
put_link(struct nlreq *nr, const struct netif *nif, int type, int flags,
    uint32_t change, uint32_t mask)
{
	struct ifinfomsg *im = nl_begin(nr, type, flags, HDR);

	im->ifi_type = nif->if_kind == IF_LOOPBACK ? ARPHRD_LOOPBACK :
						     ARPHRD_ETHER;
	im->ifi_index = (int)nif->if_index;
	im->ifi_flags = ifnet_flags(nif);
	im->ifi_change = change;
	nl_puts(nr, IFLA_IFNAME, nif->if_name);
	nl_put32(nr, IFLA_TXQLEN, nif->if_txqlen);
	nl_put8(nr, IFLA_OPERSTATE, ifnet_operstate(nif));
	nl_put8(nr, IFLA_LINKMODE, 0);
	nl_put32(nr, IFLA_MTU, nif->if_mtu);
	nl_put32(nr, IFLA_MIN_MTU, 0);
	nl_put32(nr, IFLA_MAX_MTU, 0);
	nl_put32(nr, IFLA_GROUP, nif->if_group);
	nl_put32(nr, IFLA_PROMISCUITY, 0);
	nl_put32(nr, IFLA_ALLMULTI, 0);
	nl_put32(nr, IFLA_NUM_TX_QUEUES, 1);
	nl_put32(nr, IFLA_NUM_RX_QUEUES, 1);
	nl_put32(nr, IFLA_GSO_MAX_SEGS, GSO_SEGS);
	nl_put32(nr, IFLA_GSO_MAX_SIZE, GSO_SIZE);
	nl_put32(nr, IFLA_GRO_MAX_SIZE, GSO_SIZE);
	nl_put32(nr, IFLA_TSO_MAX_SIZE, TSO_SIZE);
	nl_put32(nr, IFLA_TSO_MAX_SEGS, GSO_SEGS);
	nl_put8(nr, IFLA_CARRIER, 1);
	nl_put32(nr, IFLA_CARRIER_CHANGES, 0);
	nl_put8(nr, IFLA_PROTO_DOWN, 0);
	put_hardware(nr, nif);
	nl_puts(nr, IFLA_QDISC, qdisc(nif));
	if (!(mask & RTEXT_FILTER_SKIP_STATS))
		put_stats(nr, nif);
	put_family(nr);
	nl_end(nr);
}

/* What a request of AF_INET6 is told. */
static void
put_link6(struct nlreq *nr, const struct netif *nif)
{
	struct ifinfomsg *im = nl_begin(nr, RTM_NEWLINK, NLM_F_MULTI, HDR);
	uint32_t at;

	im->ifi_family = AF_INET6;
	im->ifi_type = nif->if_kind == IF_LOOPBACK ? ARPHRD_LOOPBACK :
						     ARPHRD_ETHER;
	im->ifi_index = (int)nif->if_index;
	im->ifi_flags = ifnet_flags(nif);
	nl_puts(nr, IFLA_IFNAME, nif->if_name);
	nl_put(nr, IFLA_ADDRESS, nif->if_mac, MACLEN);
	nl_put32(nr, IFLA_MTU, nif->if_mtu);
	nl_put8(nr, IFLA_OPERSTATE, ifnet_operstate(nif));
	at = nl_open(nr, IFLA_PROTINFO | NLA_F_NESTED);
	nl_put32(nr, IFLA_INET6_FLAGS, 0);
	nl_put8(nr, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_EUI64);
	nl_close(nr, at);
	nl_end(nr);
}

void
ifnet_tell(const struct netif *nif, int type, const struct nlreq *by)
{
	struct nlreq news;

	if (!nl_news(&news, RTNLGRP_LINK, by))
		return;
	put_link(&news, nif, type, 0, type == RTM_NEWLINK ? 0 : ~0U, 0);
	nl_newsend(&news);
}

/* A name longer than there can be. */
static int
check_names(struct nlreq *nr, const struct nlattr **tab)
{
	const struct nlattr *na = tab[IFLA_IFNAME];

	if (na != NULL && nl_len(na) > 0 &&
	    nl_len(na) - (((const char *)nl_data(na))[nl_len(na) - 1] == '\0') >
		IFNAMSIZ - 1)
		return nl_fail(nr, ERANGE, "Attribute failed policy validation",
		    na);
	return 0;
}

static int
get_attrs(struct nlreq *nr, const struct nlattr **tab)
{
	int error = nl_attrs(nr, HDR, tab, IFLA_MAX, least);

	return error == 0 ? check_names(nr, tab) : error;
}

/* Which interface does a request name?  NULL: none; what: why. */
static struct netif *
named(const struct ifinfomsg *im, const struct nlattr **tab, int *error)
{
	const struct nlattr *na = tab[IFLA_IFNAME] != NULL ?
	    tab[IFLA_IFNAME] :
	    tab[IFLA_ALT_IFNAME];
	char name[IFNAMSIZ];
	struct netif *nif;

	*error = 0;
	if (im->ifi_index > 0)
		nif = ifnet_byindex((uint32_t)im->ifi_index);
	else if (na != NULL) {
		nl_name(na, name);
		nif = ifnet_byname(name);
	} else {
		*error = EINVAL;
		return NULL;
	}
	if (nif == NULL)
		*error = ENODEV;
	return nif;
}

/* A filter by kind: of those there are. */
static bool
is_kind(const struct netif *nif, const struct nlattr *info, struct nlreq *nr)
{
	const struct nlattr *in[IFLA_INFO_KIND + 1];
	static const uint8_t none[IFLA_INFO_KIND + 1];
	char kind[IFNAMSIZ];

	if (info == NULL ||
	    nl_nested(nr, info, in, IFLA_INFO_KIND, none) != 0 ||
	    in[IFLA_INFO_KIND] == NULL)
		return true;
	nl_name(in[IFLA_INFO_KIND], kind);
	return nif->if_kind == IF_DUMMY && strcmp(kind, "dummy") == 0;
}

int
nl_getlink(struct nlreq *nr)
{
	const struct ifinfomsg *im = nl_body(nr, HDR);
	const struct nlattr *tab[IFLA_MAX + 1];
	struct netif *nif;
	uint32_t mask = 0;
	int error = 0;

	/* Some old programs ask for a dump with struct rtgenmsg alone. */
	memset(tab, 0, sizeof(tab));
	if (im != NULL)
		error = get_attrs(nr, tab);
	else if (!nl_isdump(nr))
		error = EINVAL;
	if (error != 0)
		return error;
	if (tab[IFLA_EXT_MASK] != NULL)
		mask = nl_u32(tab[IFLA_EXT_MASK]);
	if (!nl_isdump(nr)) {
		nif = named(im, tab, &error);
		if (error == 0)
			put_link(nr, nif, RTM_NEWLINK, 0, 0, mask);
		return error;
	}
	if (tab[IFLA_MASTER] != NULL && nl_u32(tab[IFLA_MASTER]) != 0)
		return nl_done(nr);
	/* Bridges there are none. */
	if (im != NULL && im->ifi_family == AF_BRIDGE)
		return nl_done(nr);
	for (nif = ifnet_first(); nif != NULL; nif = nif->if_next)
		if (im != NULL && im->ifi_family == AF_INET6)
			put_link6(nr, nif);
		else if (is_kind(nif, tab[IFLA_LINKINFO], nr))
			put_link(nr, nif, RTM_NEWLINK, NLM_F_MULTI, 0, mask);
	return nl_done(nr);
}

/* --- Changed -------------------------------------------------------------- */

/* Wishes that no interface here can grant. */
static int
refuse(struct nlreq *nr, const struct nlattr **tab)
{
	static const uint16_t cannot[] = { IFLA_NET_NS_PID, IFLA_NET_NS_FD,
		IFLA_VF_PORTS, IFLA_PORT_SELF, IFLA_VFINFO_LIST, IFLA_IFALIAS,
		IFLA_XDP, IFLA_PROTO_DOWN, IFLA_LINK, IFLA_PROP_LIST };
	size_t i;

	for (i = 0; i < nelem(cannot); i++)
		if (tab[cannot[i]] != NULL)
			return nl_fail(nr, EOPNOTSUPP, "Not supported here",
			    tab[cannot[i]]);
	if (tab[IFLA_MASTER] != NULL && nl_u32(tab[IFLA_MASTER]) != 0)
		return EINVAL;
	return 0;
}

static int
change_words(struct netif *nif, const struct nlattr **tab)
{
	char name[IFNAMSIZ];
	int error = 0;

	if (tab[IFLA_ADDRESS] != NULL)
		error = ifnet_setmac(nif, nl_data(tab[IFLA_ADDRESS]));
	if (error == 0 && tab[IFLA_MTU] != NULL)
		error = ifnet_setmtu(nif, nl_u32(tab[IFLA_MTU]));
	if (error != 0)
		return error;
	if (tab[IFLA_GROUP] != NULL)
		ifnet_setword(&nif->if_group, nl_u32(tab[IFLA_GROUP]));
	if (tab[IFLA_TXQLEN] != NULL)
		ifnet_setword(&nif->if_txqlen, nl_u32(tab[IFLA_TXQLEN]));
	if (tab[IFLA_IFNAME] != NULL) {
		nl_name(tab[IFLA_IFNAME], name);
		if (name[0] != '\0')
			error = ifnet_rename(nif, name);
	}
	return error;
}

static int
change(struct nlreq *nr, struct netif *nif, const struct ifinfomsg *im,
    const struct nlattr **tab)
{
	uint32_t flags = im->ifi_flags;
	int error;

	error = refuse(nr, tab);
	if (error == 0)
		error = change_words(nif, tab);
	if (error != 0)
		return error;
	if (im->ifi_flags != 0 || im->ifi_change != 0) {
		if (im->ifi_change != 0)
			flags = (flags & im->ifi_change) |
			    (nif->if_flags & ~im->ifi_change);
		error = ifnet_setflags(nif, flags, nr);
	}
	if (tab[IFLA_IFNAME] != NULL || tab[IFLA_MTU] != NULL ||
	    tab[IFLA_ADDRESS] != NULL || tab[IFLA_TXQLEN] != NULL)
		ifnet_tell(nif, RTM_NEWLINK, nr);
	return error;
}

int
nl_setlink(struct nlreq *nr)
{
	const struct ifinfomsg *im = nl_body(nr, HDR);
	const struct nlattr *tab[IFLA_MAX + 1];
	struct netif *nif;
	int error;

	error = get_attrs(nr, tab);
	if (error != 0)
		return error;
	nif = named(im, tab, &error);
	return error != 0 ? error : change(nr, nif, im, tab);
}

/* The kind of interface that is asked for. */
static int
create(struct nlreq *nr, const struct ifinfomsg *im, const struct nlattr **tab)
{
	static const uint8_t none[IFLA_INFO_MAX + 1];
	const struct nlattr *info[IFLA_INFO_MAX + 1];
	char kind[IFNAMSIZ] = "", name[IFNAMSIZ] = "";
	const uint8_t *mac = NULL;
	struct netif *nif;
	int error;

	if (tab[IFLA_LINKINFO] != NULL) {
		error = nl_nested(nr, tab[IFLA_LINKINFO], info, IFLA_INFO_MAX,
		    none);
		if (error != 0)
			return error;
		if (info[IFLA_INFO_KIND] != NULL)
			nl_name(info[IFLA_INFO_KIND], kind);
	}
	if (strcmp(kind, "dummy") != 0)
		return nl_fail(nr, EOPNOTSUPP, "Unknown device type", NULL);
	error = refuse(nr, tab);
	if (error != 0)
		return error;
	if (tab[IFLA_IFNAME] != NULL)
		nl_name(tab[IFLA_IFNAME], name);
	if (tab[IFLA_ADDRESS] != NULL) {
		mac = nl_data(tab[IFLA_ADDRESS]);
		if (mac[0] & 1)
			return EADDRNOTAVAIL;
	}
	error = ifnet_create(name, IF_DUMMY,
	    im->ifi_index > 0 ? (uint32_t)im->ifi_index : 0, mac, nr, &nif);
	if (error != 0)
		return error;
	tab[IFLA_IFNAME] = tab[IFLA_ADDRESS] = NULL;
	return change(nr, nif, im, tab);
}

int
nl_newlink(struct nlreq *nr)
{
	const struct ifinfomsg *im = nl_body(nr, HDR);
	const struct nlattr *tab[IFLA_MAX + 1];
	int error, flags = nr->nr_hdr->nlmsg_flags;
	struct netif *nif;

	error = get_attrs(nr, tab);
	if (error != 0)
		return error;
	nif = named(im, tab, &error);
	if (nif != NULL) {
		if (flags & NLM_F_EXCL)
			return EEXIST;
		if (flags & NLM_F_REPLACE)
			return EOPNOTSUPP;
		return change(nr, nif, im, tab);
	}
	if (!(flags & NLM_F_CREATE))
		return ENODEV;
	return create(nr, im, tab);
}

int
nl_dellink(struct nlreq *nr)
{
	const struct ifinfomsg *im = nl_body(nr, HDR);
	const struct nlattr *tab[IFLA_MAX + 1];
	struct netif *nif;
	int error;

	error = get_attrs(nr, tab);
	if (error != 0)
		return error;
	nif = named(im, tab, &error);
	return error != 0 ? error : ifnet_destroy(nif, nr);
}
