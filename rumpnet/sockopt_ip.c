/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockopt: those of IPPROTO_IP and IPPROTO_IPV6 that are not a number kept and
 * no more.
 */
#include <linux/pkt_sched.h>
#include <netinet/in.h>

#ifndef IP_PROTOCOL
#define IP_PROTOCOL 52
#endif

#include "rumpnet/ifnet.h"
#include "rumpnet/inet.h"
#include "rumpnet/sockopt.h"

#define MTU_LO   65536
#define ECN_MASK 3

static void
keep(struct socket *so, enum sockval which, int v)
{
	KSTORE(so->so_val[which], v);
}

static struct in6_addr
mapped(uint32_t v4)
{
	struct in6_addr a = in_any4();

	memcpy(&a.s6_addr[12], &v4, sizeof(v4));
	return a;
}

/* Which interface is meant by an index, or an address of it?  0: as routes say. */
static int
find_interface(uint32_t addr, int ifindex, uint32_t *index)
{
	struct in6_addr a = mapped(addr);
	struct netif *nif;

	*index = (uint32_t)ifindex;
	if (ifindex != 0)
		return ifnet_exists((uint32_t)ifindex) ? 0 : ENODEV;
	if (addr == 0)
		return 0;
	kmutex_enter(&net()->ns_iflock);
	nif = ifnet_byaddr(&a, NULL);
	if (nif != NULL)
		*index = nif->if_index;
	else if (in_isloopback(&a))
		*index = LO_INDEX;
	kmutex_exit(&net()->ns_iflock);
	return *index != 0 ? 0 : ENODEV;
}

/* By the routes: to the group. */
static uint32_t
group_interface(const struct socket *so, const struct in6_addr *group,
    uint32_t index)
{
	struct inname to = { .in_addr = *group };

	return index != 0 ? index : mcast_interface(so, &to);
}

static int
membership(struct socket *so, const struct optin *oi, bool join)
{
	struct ip_mreqn mr = { .imr_ifindex = 0 };
	struct in6_addr group;
	uint32_t index;
	uint32_t len = kmin(oi->oi_len, (uint32_t)sizeof(mr));
	int error;

	if (so->so_type == SOCK_STREAM)
		return EPROTO;
	if (len < sizeof(struct ip_mreq))
		return EINVAL;
	len = len < sizeof(mr) ? sizeof(struct ip_mreq) : sizeof(mr);
	if (copyin(oi->oi_uaddr, &mr, len) != 0)
		return EFAULT;
	group = mapped(mr.imr_multiaddr.s_addr);
	if (join && !mcast_isgroup(&group))
		return EINVAL;
	error = find_interface(mr.imr_address.s_addr, mr.imr_ifindex, &index);
	if (error != 0)
		return error;
	index = group_interface(so, &group, index);
	return join ? mcast_join(so, &group, index) :
		      mcast_leave(so, &group, index);
}

static int
multicast_if(struct socket *so, const struct optin *oi)
{
	struct ip_mreqn mr = { .imr_ifindex = 0 };
	uint32_t index;
	int error = 0;

	if (so->so_type == SOCK_STREAM || oi->oi_len < sizeof(struct in_addr))
		return EINVAL;
	if (oi->oi_len >= sizeof(struct ip_mreq)) {
		if (copyin(oi->oi_uaddr, &mr,
			kmin(oi->oi_len, (uint32_t)sizeof(mr))) != 0)
			return EFAULT;
	} else if (copyin(oi->oi_uaddr, &mr.imr_address, 4) != 0)
		return EFAULT;
	if (find_interface(mr.imr_address.s_addr, mr.imr_ifindex, &index) != 0)
		error = EADDRNOTAVAIL;
	if (error == 0)
		keep(so, SV_MCIF, (int)index);
	if (error == 0)
		keep(so, SV_MCADDR, (int)mr.imr_address.s_addr);
	return error;
}

/* Of the delay and throughput that IP_TOS asks for. */
static const uint8_t priorities[] = { TC_PRIO_BESTEFFORT, TC_PRIO_BULK,
	TC_PRIO_INTERACTIVE, TC_PRIO_INTERACTIVE_BULK };

static int
set_tos(struct socket *so, int v)
{
	v &= 0xff;
	if (so->so_type == SOCK_STREAM)
		v = (v & ~ECN_MASK) | (KREAD(so->so_val[SV_TOS]) & ECN_MASK);
	if (v != KREAD(so->so_val[SV_TOS]))
		keep(so, SV_PRIORITY, priorities[v >> 3 & 3]);
	keep(so, SV_TOS, v);
	return 0;
}

static int
unicast_if(struct socket *so, const struct optin *oi)
{
	uint32_t v;

	if (oi->oi_len != sizeof(int))
		return EINVAL;
	v = __builtin_bswap32((uint32_t)oi->oi_int);
	if (v != 0 && !ifnet_exists(v))
		return EADDRNOTAVAIL;
	keep(so, SV_UNICASTIF, oi->oi_int);
	return 0;
}

int
sockopt_setip(struct socket *so, int name, const struct optin *oi)
{
	int v = oi->oi_int;

	switch (name) {
	case IP_TOS:
		return set_tos(so, v);
	case IP_TTL:
		if (oi->oi_len < 1 || (v != -1 && (v < 1 || v > 255)))
			return EINVAL;
		keep(so, SV_TTL, v == -1 ? 0 : v - TTL_DEFAULT);
		return 0;
	case IP_HDRINCL:
		if (so->so_kind != SOCK_RAWIP)
			return ENOPROTOOPT;
		keep(so, SV_HDRINCL, v != 0);
		return 0;
	case IP_ADD_MEMBERSHIP:
		return membership(so, oi, true);
	case IP_DROP_MEMBERSHIP:
		return membership(so, oi, false);
	case IP_MULTICAST_IF:
		return multicast_if(so, oi);
	case IP_MULTICAST_TTL:
		return so->so_type == SOCK_STREAM || oi->oi_len < 1 ?
		    EINVAL :
		    ENOPROTOOPT;
	case IP_MULTICAST_LOOP:
	case IP_MULTICAST_ALL:
	case IP_FREEBIND:
		return oi->oi_len < 1 ? EINVAL : ENOPROTOOPT;
	case IP_UNICAST_IF:
		return unicast_if(so, oi);
	default:
		return ENOPROTOOPT;
	}
}

int
sockopt_getip(struct socket *so, int name, struct optout *oo)
{
	int v;

	switch (name) {
	case IP_TOS:
		v = KREAD(so->so_val[SV_TOS]);
		break;
	case IP_TTL:
		v = KREAD(so->so_val[SV_TTL]) + TTL_DEFAULT;
		break;
	case IP_MULTICAST_IF:
		v = KREAD(so->so_val[SV_MCADDR]);
		break;
	case IP_UNICAST_IF:
		v = KREAD(so->so_val[SV_UNICASTIF]);
		break;
	case IP_MTU:
		if (!(KREAD(so->so_state) & SS_CONNECTED))
			return ENOTCONN;
		v = in_isv4(&so->so_peer.in_addr) ? UINT16_MAX : MTU_LO;
		break;
	case IP_HDRINCL:
		if (so->so_kind != SOCK_RAWIP)
			return ENOPROTOOPT;
		v = KREAD(so->so_val[SV_HDRINCL]);
		break;
	case IP_PROTOCOL:
		/* Linux tells its number: of other sockets, a port. */
		v = so->so_kind == SOCK_RAWIP ?
		    so->so_proto :
		    ntohs(KREAD(so->so_local.in_port));
		break;
	default:
		return ENOPROTOOPT;
	}
	optout_int(oo, v);
	return 0;
}

static int
membership6(struct socket *so, const struct optin *oi, bool join)
{
	struct ipv6_mreq mr;
	uint32_t index;
	bool group;

	if (oi->oi_len < sizeof(mr))
		return EINVAL;
	if (so->so_type == SOCK_STREAM)
		return EPROTO;
	if (copyin(oi->oi_uaddr, &mr, sizeof(mr)) != 0)
		return EFAULT;
	group = mcast_isgroup(&mr.ipv6mr_multiaddr) &&
	    !in_isv4(&mr.ipv6mr_multiaddr);
	if (!group)
		return join ? EINVAL : EADDRNOTAVAIL;
	if (mr.ipv6mr_interface != 0 && !ifnet_exists(mr.ipv6mr_interface))
		return join ? ENODEV : EADDRNOTAVAIL;
	index = group_interface(so, &mr.ipv6mr_multiaddr, mr.ipv6mr_interface);
	return join ? mcast_join(so, &mr.ipv6mr_multiaddr, index) :
		      mcast_leave(so, &mr.ipv6mr_multiaddr, index);
}

static int
set_v6only(struct socket *so, const struct optin *oi)
{
	if (oi->oi_len < sizeof(int) || (KREAD(so->so_state) & SS_BOUND) ||
	    KREAD(so->so_local.in_port) != 0)
		return EINVAL;
	KSTORE(so->so_v6only, oi->oi_int != 0);
	return 0;
}

/* By which interface to send.  The address to send from is bind()'s here. */
static int
sticky(struct socket *so, const struct optin *oi)
{
	struct in6_pktinfo pi = { .ipi6_ifindex = 0 };

	if (oi->oi_len != 0 && oi->oi_len < sizeof(pi))
		return EINVAL;
	if (oi->oi_len != 0 && copyin(oi->oi_uaddr, &pi, sizeof(pi)) != 0)
		return EFAULT;
	if (!in_isany(&pi.ipi6_addr))
		return ENOPROTOOPT;
	if (pi.ipi6_ifindex != 0 && !ifnet_exists(pi.ipi6_ifindex))
		return ENODEV;
	keep(so, SV_6STICKYIF, (int)pi.ipi6_ifindex);
	return 0;
}

int
sockopt_setip6(struct socket *so, int name, const struct optin *oi)
{
	int v = oi->oi_int;

	switch (name) {
	case IPV6_V6ONLY:
		return set_v6only(so, oi);
	case IPV6_HDRINCL:
		if (so->so_kind != SOCK_RAWIP)
			return ENOPROTOOPT;
		if (oi->oi_len < sizeof(int))
			return EINVAL;
		keep(so, SV_HDRINCL, v != 0);
		return 0;
	case IPV6_CHECKSUM:
		return so->so_kind == SOCK_RAWIP ?
		    sockopt_setraw(so, IPPROTO_IPV6, name, oi) :
		    ENOPROTOOPT;
	case IPV6_ADD_MEMBERSHIP:
		return membership6(so, oi, true);
	case IPV6_DROP_MEMBERSHIP:
		return membership6(so, oi, false);
	case IPV6_PKTINFO:
		return sticky(so, oi);
	case IPV6_MULTICAST_IF:
		if (so->so_type == SOCK_STREAM)
			return ENOPROTOOPT;
		if (oi->oi_len < sizeof(int))
			return EINVAL;
		if (v != 0 && !ifnet_exists((uint32_t)v))
			return ENODEV;
		keep(so, SV_6MCIF, v);
		return 0;
	default:
		return ENOPROTOOPT;
	}
}

int
sockopt_getip6(struct socket *so, int name, struct optout *oo)
{
	int v;

	switch (name) {
	case IPV6_V6ONLY:
		v = KREAD(so->so_v6only);
		break;
	case IPV6_HDRINCL:
	case IPV6_CHECKSUM:
		if (so->so_kind != SOCK_RAWIP)
			return ENOPROTOOPT;
		v = name == IPV6_HDRINCL ? KREAD(so->so_val[SV_HDRINCL]) :
					   sockopt_rawsum(so);
		break;
	case IPV6_MULTICAST_IF:
		v = KREAD(so->so_val[SV_6MCIF]);
		break;
	case IPV6_MTU:
		if (!(KREAD(so->so_state) & SS_CONNECTED))
			return ENOTCONN;
		v = MTU_LO;
		break;
	default:
		return ENOPROTOOPT;
	}
	optout_int(oo, v);
	return 0;
}
