/* SPDX-License-Identifier: BSD-2-Clause */
/* inreach: see inet.h; how a socket gets to an address. */
#include "rumpnet/inet.h"
#include "rumpnet/route.h"
#include "rumpnet/sockopt.h"

bool
in_islinklocal(const struct in6_addr *a)
{
	return (a->s6_addr[0] == 0xfe && (a->s6_addr[1] & 0xc0) == 0x80) ||
	    (a->s6_addr[0] == 0xff && (a->s6_addr[1] & 0xf) == 2);
}

/* Loopback addresses are here, and nothing is to be looked up for that. */
static inline bool
is_usual(void)
{
	return KREAD(net()->ns_lostrange) == 0;
}

/* Is lo up? */
static bool
is_up(void)
{
	struct netif lo;

	return ifnet_get(LO_INDEX, &lo) && (lo.if_flags & IFF_UP);
}

/* The interface a socket sends by; 0: any. */
static uint32_t
bound_to(const struct socket *so, const struct in6_addr *to)
{
	int index = KREAD(so->so_val[SV_BOUNDIF]);

	if (unlikely(!in_isv4(to)) && index == 0)
		index = KREAD(so->so_val[SV_6STICKYIF]);
	return (uint32_t)index;
}

int
in_reach(const struct socket *so, struct inname *to, uint32_t oif)
{
	const struct in6_addr *a = &to->in_addr;
	struct rtanswer ra;
	int error;

	if (oif == 0)
		oif = bound_to(so, a);
	if (likely(in_isloopback(a) && oif == 0 && is_usual())) {
		to->in_scope = LO_INDEX;
		return 0;
	}
	if (!in_isv4(a) && in_islinklocal(a) && to->in_scope != 0) {
		if (oif != 0 && oif != to->in_scope)
			return EINVAL;
		oif = to->in_scope;
	}
	error = route_lookup(a, oif, NULL, &ra);
	if (error != 0)
		return error;
	/* By way of lo, in any case. */
	if (ra.ra_route.rt_type == RTN_LOCAL && !is_usual() && !is_up())
		return EREMOTE;
	/* It comes by the interface that has it, if not by the one named. */
	to->in_scope = oif != 0 && in_isv4(a) ? oif : ra.ra_route.rt_oif;
	if (ra.ra_route.rt_type == RTN_LOCAL ||
	    ra.ra_route.rt_type == RTN_BROADCAST ||
	    ra.ra_route.rt_type == RTN_MULTICAST)
		return 0;
	/* What is sent by lo comes back. */
	return to->in_scope == LO_INDEX && in_islocal(a) ? 0 : EREMOTE;
}

/* The address that IP_MULTICAST_IF has named. */
static struct in6_addr
group_source(const struct socket *so)
{
	int32_t v = KREAD(so->so_val[SV_MCADDR]);
	struct in6_addr a = in_any4();

	memcpy(&a.s6_addr[12], &v, 4);
	return a;
}

struct in6_addr
in_sourcevia(const struct socket *so, const struct inname *to)
{
	uint32_t oif = bound_to(so, &to->in_addr);
	struct rtanswer ra;

	if (likely(in_isloopback(&to->in_addr) && oif == 0 && is_usual()))
		return in_loopback(in_isv4(&to->in_addr));
	if (mcast_isgroup(&to->in_addr)) {
		if (in_isv4(&to->in_addr) && KREAD(so->so_val[SV_MCADDR]) != 0)
			return group_source(so);
		oif = to->in_scope;
	}
	if (oif == 0 && !in_isv4(&to->in_addr) && in_islinklocal(&to->in_addr))
		oif = to->in_scope;
	if (route_lookup(&to->in_addr, oif, NULL, &ra) != 0)
		return in_loopback(in_isv4(&to->in_addr));
	/* By an interface that was named, and has no address for it. */
	if (oif != 0 && in_isv4(&to->in_addr) && in_isany(&ra.ra_src) &&
	    !mcast_isgroup(&to->in_addr) && !in_islocal(&to->in_addr))
		return in_any4();
	return in_isany(&ra.ra_src) ? in_loopback(in_isv4(&to->in_addr)) :
				      ra.ra_src;
}

struct in6_addr
in_source(const struct in6_addr *to)
{
	struct rtanswer ra;

	if (likely(in_isloopback(to)) || route_lookup(to, 0, NULL, &ra) != 0 ||
	    in_isany(&ra.ra_src))
		return in_loopback(in_isv4(to));
	return ra.ra_src;
}

int
in_needscope(const struct socket *so, const struct inname *to)
{
	return !in_isv4(&to->in_addr) && in_islinklocal(&to->in_addr) &&
		to->in_scope == 0 && bound_to(so, &to->in_addr) == 0 ?
	    EINVAL :
	    0;
}

bool
in_hears(const struct socket *so, const struct inname *to)
{
	int index = KREAD(so->so_val[SV_BOUNDIF]);

	return likely(index == 0) || (uint32_t)index == to->in_scope;
}
