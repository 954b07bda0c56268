/* SPDX-License-Identifier: BSD-2-Clause */
/* inetctl: see inetctl.h. */
#include <time.h>

#include <sys/time.h>

#include "rumpnet/control.h"
#include "rumpnet/ifnet.h"
#include "rumpnet/inet.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/sockopt.h"

#define NSEC 1000000000UL

/* A number in a control message: an int, or where Linux takes it a byte. */
static int
number(const struct cmsghdr *c, bool byte, int lo, int hi, int *v)
{
	if (byte && control_len(c) == 1)
		*v = *(const uint8_t *)CMSG_DATA(c);
	else if (control_len(c) != sizeof(int))
		return EINVAL;
	else
		memcpy(v, CMSG_DATA(c), sizeof(int));
	return *v < lo || *v > hi ? EINVAL : 0;
}

static int
source(const struct in6_addr *a, unsigned ifindex, struct inctl *ic)
{
	if (ifindex != 0 && !ifnet_exists(ifindex))
		return ENODEV;
	if (!in_isany(a) && !in_islocal(a))
		return EINVAL;
	ic->ic_source = *a;
	ic->ic_oif = ifindex;
	return 0;
}

static int
parse4(const struct cmsghdr *c, struct inctl *ic)
{
	struct in_pktinfo pi;
	struct in6_addr a;

	switch (c->cmsg_type) {
	case IP_TTL:
		ic->ic_hops = false;
		return number(c, false, 1, 255, &ic->ic_ttl);
	case IP_TOS:
		return number(c, true, 0, 255, &ic->ic_tos);
	case IP_PKTINFO:
		if (control_len(c) != sizeof(pi))
			return EINVAL;
		memcpy(&pi, CMSG_DATA(c), sizeof(pi));
		a = in_any4();
		memcpy(&a.s6_addr[12], &pi.ipi_spec_dst, 4);
		return source(&a, (unsigned)pi.ipi_ifindex, ic);
	default:
		return EINVAL;
	}
}

static int
parse6(const struct cmsghdr *c, struct inctl *ic)
{
	struct in6_pktinfo pi;
	int error, v;

	switch (c->cmsg_type) {
	case IPV6_HOPLIMIT:
		error = number(c, false, -1, 255, &v);
		if (error == 0 && v >= 0) {
			ic->ic_ttl = v;
			ic->ic_hops = false;
		}
		return error;
	case IPV6_TCLASS:
		error = number(c, false, -1, 255, &v);
		if (error == 0 && v >= 0)
			ic->ic_tos = v;
		return error;
	case IPV6_PKTINFO:
		if (control_len(c) < sizeof(pi))
			return EINVAL;
		memcpy(&pi, CMSG_DATA(c), sizeof(pi));
		return source(&pi.ipi6_addr, pi.ipi6_ifindex, ic);
	default:
		return EINVAL;
	}
}

/* From a socket of IPv6 to an address of IPv4. */
static int
parse6of4(const struct cmsghdr *c, struct inctl *ic)
{
	struct in6_pktinfo pi;

	if (c->cmsg_type != IPV6_PKTINFO)
		return 0;
	if (control_len(c) < sizeof(pi))
		return EINVAL;
	memcpy(&pi, CMSG_DATA(c), sizeof(pi));
	return in_isv4(&pi.ipi6_addr) ? parse6(c, ic) : EINVAL;
}

int
inctl_parse(struct socket *so, const struct sockmsg *sm, bool v4,
    struct inctl *ic)
{
	struct cmsghdr *c = NULL;
	int error;

	memset(ic, 0, sizeof(*ic));
	ic->ic_ttl = KREAD(so->so_val[v4 ? SV_TTL : SV_6HOPS]) + TTL_DEFAULT;
	ic->ic_tos = KREAD(so->so_val[v4 ? SV_TOS : SV_6TCLASS]);
	ic->ic_hops = true;
	if (!v4)
		ic->ic_oif = (uint32_t)KREAD(so->so_val[SV_6STICKYIF]);
	if (likely(sm->sm_ctl == NULL))
		return 0;
	while ((error = control_next(sm, &c)) == 0 && c != NULL) {
		if (c->cmsg_level == IPPROTO_IPV6 && v4 &&
		    so->so_family == AF_INET6)
			error = parse6of4(c, ic);
		else if (c->cmsg_level == IPPROTO_IPV6 &&
		    so->so_family == AF_INET6)
			error = parse6(c, ic);
		else if (c->cmsg_level == IPPROTO_IP && v4)
			error = parse4(c, ic);
		else if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type != SCM_RIGHTS &&
		    c->cmsg_type != SCM_CREDENTIALS)
			error = EINVAL;
		if (error != 0)
			break;
	}
	return error;
}

void
inctl_time(const struct socket *so, struct sockmsg *sm, uint64_t now)
{
	int name = sockopt_stamp(so);
	struct timeval tv = { .tv_sec = (time_t)(now / NSEC),
		.tv_usec = (suseconds_t)(now % NSEC / 1000) };
	struct timespec ts = { .tv_sec = (time_t)(now / NSEC),
		.tv_nsec = (long)(now % NSEC) };

	if (name == SO_TIMESTAMP_OLD || name == SO_TIMESTAMP_NEW)
		control_put(sm, SOL_SOCKET, name, &tv, sizeof(tv));
	else
		control_put(sm, SOL_SOCKET, name, &ts, sizeof(ts));
}

static bool
wants(const struct socket *so, enum sockval which)
{
	return KREAD(so->so_val[which]) != 0;
}

static void
tell4(const struct socket *so, struct sockmsg *sm, const struct packet *pk)
{
	struct in_pktinfo pi = { .ipi_ifindex = (int)pk->pk_to.in_scope };
	struct sockaddr_in to = { .sin_family = AF_INET };
	int ttl = pk->pk_ttl;

	if (wants(so, SV_PKTINFO)) {
		if (pk->pk_plain)
			pi.ipi_ifindex = 0;
		memcpy(&pi.ipi_addr, &pk->pk_to.in_addr.s6_addr[12], 4);
		pi.ipi_spec_dst = pi.ipi_addr;
		if (mcast_isgroup(&pk->pk_to.in_addr) ||
		    in_isbroadcast(&pk->pk_to.in_addr))
			memcpy(&pi.ipi_spec_dst,
			    &pk->pk_from.in_addr.s6_addr[12], 4);
		if (pk->pk_plain)
			pi.ipi_spec_dst.s_addr = 0;
		control_put(sm, IPPROTO_IP, IP_PKTINFO, &pi, sizeof(pi));
	}
	if (wants(so, SV_RECVTTL))
		control_put(sm, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	if (wants(so, SV_RECVTOS))
		control_put(sm, IPPROTO_IP, IP_TOS, &pk->pk_tos, 1);
	if (wants(so, SV_ORIGDST)) {
		memcpy(&to.sin_addr, &pk->pk_to.in_addr.s6_addr[12], 4);
		to.sin_port = pk->pk_to.in_port;
		control_put(sm, IPPROTO_IP, IP_RECVORIGDSTADDR, &to,
		    sizeof(to));
	}
}

static void
tell6(const struct socket *so, struct sockmsg *sm, const struct packet *pk)
{
	int ttl = pk->pk_ttl, tos = pk->pk_tos;
	struct netname to;

	if (wants(so, SV_6RECVHOPS))
		control_put(sm, IPPROTO_IPV6, IPV6_HOPLIMIT, &ttl, sizeof(ttl));
	if (wants(so, SV_6RECVTCLASS))
		control_put(sm, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	if (wants(so, SV_6OLDHOPS))
		control_put(sm, IPPROTO_IPV6, IPV6_2292HOPLIMIT, &ttl,
		    sizeof(ttl));
	if (wants(so, SV_6ORIGDST)) {
		inname_put(so, &pk->pk_to, &to);
		control_put(sm, IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, &to.nn_in6,
		    sizeof(to.nn_in6));
	}
}

void
inctl_tell(const struct socket *so, struct sockmsg *sm, const struct packet *pk)
{
	struct in6_pktinfo pi = { .ipi6_ifindex = pk->pk_to.in_scope }, old;

	old = pi;
	if (sockopt_stamp(so) != 0)
		inctl_time(so, sm,
		    pk->pk_time != 0 ? pk->pk_time : rumpuser_realtime());
	if (so->so_family == AF_INET6 && wants(so, SV_6PKTINFO)) {
		pi.ipi6_addr = pk->pk_to.in_addr;
		if (pk->pk_plain && in_isv4(&pi.ipi6_addr))
			pi.ipi6_ifindex = 0;
		control_put(sm, IPPROTO_IPV6, IPV6_PKTINFO, &pi, sizeof(pi));
	}
	if (so->so_family == AF_INET6 && wants(so, SV_6OLDPKTINFO)) {
		old.ipi6_addr = pk->pk_to.in_addr;
		control_put(sm, IPPROTO_IPV6, IPV6_2292PKTINFO, &old,
		    sizeof(old));
	}
	if (in_isv4(&pk->pk_to.in_addr))
		tell4(so, sm, pk);
	else
		tell6(so, sm, pk);
}
