/* SPDX-License-Identifier: BSD-2-Clause */
/* procnet: interfaces, addresses and routes, as Linux has them in /proc/net. */
#include <linux/ipv6_route.h>
#include <linux/route.h>

#include "rumpnet/inet.h"
#include "rumpnet/procnet.h"
#include "rumpnet/route.h"
#include "rumpnet/socklist.h"
#include "rumpnet/sockopt.h"

#define WIDTH_ROUTE 127
#define ESTABLISHED 1 /* netinet/tcp.h does not go with linux/route.h */
#define CLOSE_WAIT  8

static unsigned long
load(const _Atomic uint64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

void
procnet_dev(struct procbuf *pb)
{
	struct netif nif;
	uint32_t i;

	proc_print(pb,
	    "Inter-|   Receive                                                "
	    "|  Transmit\n"
	    " face |bytes    packets errs drop fifo frame compressed multicast"
	    "|bytes    packets errs drop fifo colls carrier compressed\n");
	for (i = 1; ifnet_get(i, &nif); i = nif.if_index + 1) {
		proc_print(pb, "%6s: %7lu %7lu %4lu %4lu %4lu %5lu %10lu %9lu ",
		    nif.if_name, load(&nif.if_rx.ic_bytes),
		    load(&nif.if_rx.ic_packets), 0UL,
		    load(&nif.if_rx.ic_dropped), 0UL, 0UL, 0UL, 0UL);
		proc_print(pb, "%8lu %7lu %4lu %4lu %4lu %5lu %7lu %10lu\n",
		    load(&nif.if_tx.ic_bytes), load(&nif.if_tx.ic_packets), 0UL,
		    load(&nif.if_tx.ic_dropped), 0UL, 0UL, 0UL, 0UL);
	}
}

static const char *
ifname(uint32_t index, struct netif *nif)
{
	if (index == 0 || !ifnet_get(index, nif) || nif->if_index != index)
		return "*";
	return nif->if_name;
}

static bool
rejects(const struct route *rt)
{
	return rt->rt_type == RTN_UNREACHABLE || rt->rt_type == RTN_PROHIBIT ||
	    rt->rt_type == RTN_BLACKHOLE;
}

void
procnet_route(struct procbuf *pb)
{
	struct netif nif;
	struct route rt;
	uint32_t n, flags;

	proc_print(pb,
	    "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask"
	    "\t\tMTU\tWindow\tIRTT");
	proc_endl(pb, WIDTH_ROUTE);
	for (n = 0; route_get(n, AF_INET, &rt); n++) {
		if (rt.rt_table != RT_TABLE_MAIN ||
		    rt.rt_type == RTN_BROADCAST || rt.rt_type == RTN_MULTICAST)
			continue;
		flags = RTF_UP;
		if (!in_isany(&rt.rt_gateway))
			flags |= RTF_GATEWAY;
		if (rt.rt_plen == 32)
			flags |= RTF_HOST;
		if (rejects(&rt) && rt.rt_type != RTN_BLACKHOLE)
			flags |= RTF_REJECT;
		proc_print(pb,
		    "%s\t%08X\t%08X\t%04X\t%d\t%u\t%u\t%08X\t%d\t%u\t%u",
		    ifname(rt.rt_oif, &nif), rt.rt_dst.s6_addr32[3],
		    in_isany(&rt.rt_gateway) ? 0 : rt.rt_gateway.s6_addr32[3],
		    flags, 0, 0, rt.rt_metric, in_mask4(rt.rt_plen), 0, 0, 0);
		proc_endl(pb, WIDTH_ROUTE);
	}
}

static void
put_addr6(struct procbuf *pb, const struct in6_addr *a)
{
	int i;

	for (i = 0; i < 16; i++)
		proc_print(pb, "%02x", a->s6_addr[i]);
}

static void
put_route6(struct procbuf *pb, const struct route *rt)
{
	static const struct in6_addr none;
	uint32_t flags = rejects(rt) ? RTF_REJECT : RTF_UP;
	struct netif nif;

	if (!in_isany(&rt->rt_gateway))
		flags |= RTF_GATEWAY;
	else if (rt->rt_type == RTN_LOCAL || rejects(rt))
		flags |= RTF_NONEXTHOP;
	if (rt->rt_type == RTN_LOCAL)
		flags |= RTF_LOCAL;
	if (rt->rt_plen == 128 && rt->rt_type != RTN_LOCAL)
		flags |= RTF_HOST;
	put_addr6(pb, &rt->rt_dst);
	proc_print(pb, " %02x ", rt->rt_plen);
	put_addr6(pb, &none);
	proc_print(pb, " 00 ");
	put_addr6(pb, &rt->rt_gateway);
	proc_print(pb, " %08x %08x %08x %08x %8s\n", rt->rt_metric,
	    rt->rt_proto == RTPROT_KERNEL ? 2 : 1, 0, flags,
	    ifname(rt->rt_oif, &nif));
}

void
procnet_route6(struct procbuf *pb)
{
	struct route rt,
	    null = { .rt_type = RTN_UNREACHABLE,
		    .rt_metric = UINT32_MAX,
		    .rt_oif = LO_INDEX };
	uint32_t n;

	/* The ends of Linux's two tables. */
	put_route6(pb, &null);
	for (n = 0; route_get(n, AF_INET6, &rt); n++)
		put_route6(pb, &rt);
	put_route6(pb, &null);
}

void
procnet_inet6(struct procbuf *pb)
{
	struct ifaddr ia;
	struct netif nif;
	uint32_t n, scope;

	for (n = 0; ifaddr_get(n, AF_INET6, &ia, &nif); n++) {
		scope = 0;
		if (ia.ia_scope == RT_SCOPE_HOST)
			scope = 0x10;
		else if (ia.ia_scope == RT_SCOPE_LINK)
			scope = 0x20;
		else if (ia.ia_scope == RT_SCOPE_SITE)
			scope = 0x40;
		put_addr6(pb, &ia.ia_local);
		proc_print(pb, " %02x %02x %02x %02x %8s\n", nif.if_index,
		    ia.ia_plen, scope, ia.ia_flags & 0xff, nif.if_name);
	}
}

/* There is nobody else on any wire. */
void
procnet_arp(struct procbuf *pb)
{
	proc_print(pb,
	    "IP address       HW type     Flags       HW address            "
	    "Mask     Device\n");
}

/* Packets are not counted; connections are. */
void
procnet_snmp(struct procbuf *pb)
{
	struct sockiter si = { .si_tab = &net()->ns_conns };
	struct sockinfo sn;
	struct socket *so;
	uint32_t n = 0;

	while ((so = socklist_next(&si)) != NULL) {
		socklist_info(so, &sn);
		n += sn.sn_state == ESTABLISHED || sn.sn_state == CLOSE_WAIT;
		sock_rele(so);
	}
	proc_print(pb, "Ip: Forwarding DefaultTTL\nIp: 2 %d\n", TTL_DEFAULT);
	proc_print(pb,
	    "Tcp: RtoAlgorithm RtoMin RtoMax MaxConn CurrEstab\n"
	    "Tcp: 1 200 120000 -1 %u\n",
	    n);
}

/* Nothing of this is counted. */
void
procnet_netstat(struct procbuf *pb)
{
	proc_print(pb,
	    "TcpExt: SyncookiesSent\nTcpExt: 0\n"
	    "IpExt: InNoRoutes\nIpExt: 0\n");
}

void
procnet_snmp6(struct procbuf *pb)
{
	proc_print(pb, "%-32s\t%lu\n", "Ip6InReceives", 0UL);
}
