/* SPDX-License-Identifier: BSD-2-Clause */
/* rtfind: see route.h; which way to an address, and from which one. */
#include "rumpkern/klog.h"
#include "rumpnet/inet.h"
#include "rumpnet/route.h"
#include "rumpnet/sockopt.h"

uint32_t
in_mask4(unsigned plen)
{
	uint32_t m = plen == 0 ? 0 : ~0U << (32 - plen);

	return __builtin_bswap32(m);
}

bool
in_prefix(const struct in6_addr *a, const struct in6_addr *b, unsigned bits)
{
	unsigned n = bits / 8;

	if (memcmp(a, b, n) != 0)
		return false;
	return bits % 8 == 0 ||
	    ((a->s6_addr[n] ^ b->s6_addr[n]) & 0xff00 >> bits % 8 & 0xff) == 0;
}

bool
ifaddr_contains(const struct ifaddr *ia, const struct in6_addr *a)
{
	if (in_isv4(a) != (ia->ia_family == AF_INET))
		return false;
	return in_prefix(a, &ia->ia_peer,
	    ia->ia_plen + (ia->ia_family == AF_INET ? 96U : 0));
}

struct netif *
ifnet_byaddr(const struct in6_addr *a, struct ifaddr **iap)
{
	struct netif *nif;
	struct ifaddr *ia;

	for (nif = ifnet_first(); nif != NULL; nif = nif->if_next)
		for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next)
			if (memcmp(&ia->ia_local, a, 16) == 0) {
				if (iap != NULL)
					*iap = ia;
				return nif;
			}
	return NULL;
}

bool
ifaddr_get(uint32_t n, int family, struct ifaddr *copy, struct netif *of)
{
	struct ifaddr *ia = NULL;
	struct netif *nif;

	kmutex_enter(&net()->ns_iflock);
	for (nif = ifnet_first(); nif != NULL; nif = nif->if_next) {
		for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next)
			if (ia->ia_family == family && n-- == 0)
				break;
		if (ia != NULL) {
			*copy = *ia;
			*of = *nif;
			break;
		}
	}
	kmutex_exit(&net()->ns_iflock);
	return ia != NULL;
}

/* --- Which route ---------------------------------------------------------- */

static bool
is_linklocal(const struct in6_addr *a)
{
	return a->s6_addr[0] == 0xfe && (a->s6_addr[1] & 0xc0) == 0x80;
}

int
in_scope(const struct in6_addr *a)
{
	if (in_isloopback(a))
		return RT_SCOPE_HOST;
	if (is_linklocal(a))
		return RT_SCOPE_LINK;
	if (a->s6_addr[0] == 0xfe && (a->s6_addr[1] & 0xc0) == 0xc0)
		return RT_SCOPE_SITE;
	return RT_SCOPE_UNIVERSE;
}

/* The best of a table. */
static const struct route *
best(const struct in6_addr *to, uint32_t table, uint32_t oif)
{
	bool v4 = in_isv4(to);
	const struct route *rt = route_first(v4 ? AF_INET : AF_INET6);
	const struct route *b = NULL;

	for (; rt != NULL; rt = rt->rt_next) {
		if (rt->rt_table != table ||
		    !in_prefix(to, &rt->rt_dst, rt->rt_plen + (v4 ? 96U : 0)))
			continue;
		/* IPv6 asks of its own addresses only that they are there. */
		if (oif != 0 && rt->rt_oif != oif && rt->rt_oif != 0 &&
		    (v4 || table != RT_TABLE_LOCAL))
			continue;
		if (b == NULL || rt->rt_plen > b->rt_plen ||
		    (rt->rt_plen == b->rt_plen && rt->rt_metric < b->rt_metric))
			b = rt;
	}
	return b;
}

/* --- Which source --------------------------------------------------------- */

/* How many bits have they in common? */
static int
common(const struct in6_addr *a, const struct in6_addr *b)
{
	int i, n = 0;

	for (i = 0; i < 16 && a->s6_addr[i] == b->s6_addr[i]; i++)
		n += 8;
	if (i < 16)
		n += __builtin_clz(a->s6_addr[i] ^ b->s6_addr[i]) - 24;
	return n;
}

/* The scope of an IPv6 address: as in multicast ones. */
static int
scope6(const struct in6_addr *a)
{
	struct in6_addr loop = in_loopback(false);

	if (a->s6_addr[0] == 0xff)
		return a->s6_addr[1] & 0xf;
	if (is_linklocal(a) || memcmp(a, &loop, 16) == 0)
		return 2;
	return 14;
}

/* How good is it as a source to there?  -1: not at all. */
static int
goodness(const struct ifaddr *ia, const struct netif *nif,
    const struct in6_addr *to, uint32_t oif)
{
	int want, have, n;

	if (!(nif->if_flags & IFF_UP) ||
	    (ia->ia_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
		return -1;
	want = scope6(to);
	have = scope6(&ia->ia_local);
	if (want <= 2 && nif->if_index != oif)
		return -1;
	/* As wide as it must be, then as narrow as it can. */
	n = have < want ? have : 512 - have;
	n = n * 2 + !(ia->ia_flags & IFA_F_DEPRECATED);
	n = n * 2 + (nif->if_index == oif);
	return n * 256 + common(&ia->ia_local, to);
}

static void
source6(const struct in6_addr *to, uint32_t oif, struct in6_addr *src)
{
	const struct netif *nif;
	const struct ifaddr *ia;
	int g, most = -1;

	for (nif = ifnet_first(); nif != NULL; nif = nif->if_next)
		for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next) {
			if (ia->ia_family != AF_INET6)
				continue;
			g = goodness(ia, nif, to, oif);
			if (g > most) {
				most = g;
				*src = ia->ia_local;
			}
		}
}

/* The first address of an interface that fits the scope, best with the gateway
 * on its net. */
static bool
source4_of(const struct netif *nif, const struct in6_addr *gw, int scope,
    struct in6_addr *src)
{
	const struct ifaddr *ia;
	bool found = false;

	for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next) {
		if (ia->ia_family != AF_INET ||
		    (ia->ia_flags & IFA_F_SECONDARY) || ia->ia_scope > scope)
			continue;
		if (in_isany(gw) || ifaddr_contains(ia, gw)) {
			*src = ia->ia_local;
			return true;
		}
		if (!found)
			*src = ia->ia_local;
		found = true;
	}
	return found;
}

static void
source4(const struct in6_addr *gw, uint32_t oif, int scope,
    struct in6_addr *src)
{
	const struct netif *nif = ifnet_byindex(oif);

	if (nif != NULL && source4_of(nif, gw, scope, src))
		return;
	for (nif = ifnet_first(); nif != NULL; nif = nif->if_next)
		if ((nif->if_flags & IFF_UP) &&
		    source4_of(nif, gw, kmin(scope, RT_SCOPE_LINK), src))
			return;
}

static int
error_of(int type)
{
	switch (type) {
	case RTN_UNREACHABLE:
		return EHOSTUNREACH;
	case RTN_PROHIBIT:
		return EACCES;
	case RTN_BLACKHOLE:
		return EINVAL;
	default:
		return 0;
	}
}

/* The route is known: from where? */
static void
choose_source(const struct in6_addr *to, const struct in6_addr *from,
    struct rtanswer *ra)
{
	const struct route *rt = &ra->ra_route;

	if (from != NULL && !in_isany(from))
		ra->ra_src = *from;
	else if (!in_isany(&rt->rt_prefsrc))
		ra->ra_src = rt->rt_prefsrc;
	else if (rt->rt_type == RTN_LOCAL)
		ra->ra_src = *to;
	else if (in_isv4(to))
		source4(&rt->rt_gateway, rt->rt_oif, rt->rt_scope, &ra->ra_src);
	else
		source6(to, rt->rt_oif, &ra->ra_src);
}

/* To all of a net that has no name, or to many: by the route, to no gateway. */
static void
to_many(const struct in6_addr *to, struct rtanswer *ra)
{
	if (!in_isv4(to))
		return;
	if (mcast_isgroup(to))
		ra->ra_route.rt_type = RTN_MULTICAST;
	else if (in_isall(to) && ra->ra_route.rt_type != RTN_LOCAL)
		ra->ra_route.rt_type = RTN_BROADCAST;
	else
		return;
	ra->ra_route.rt_gateway = in_any4();
}

/* From an interface without a route: what is to be there is its neighbour. */
static int
on_link(const struct in6_addr *to, uint32_t oif, const struct in6_addr *from,
    struct rtanswer *ra)
{
	struct route *rt = &ra->ra_route;

	if (oif == 0 || !in_isv4(to))
		return ENETUNREACH;
	rt->rt_family = AF_INET;
	rt->rt_type = RTN_UNICAST;
	rt->rt_scope = RT_SCOPE_LINK;
	rt->rt_oif = oif;
	rt->rt_gateway = rt->rt_prefsrc = in_any4();
	choose_source(to, from, ra);
	to_many(to, ra);
	return 0;
}

int
route_find(const struct in6_addr *to, uint32_t oif, const struct in6_addr *from,
    struct rtanswer *ra)
{
	static const uint32_t tables[] = { RT_TABLE_LOCAL, RT_TABLE_MAIN,
		RT_TABLE_DEFAULT };
	const struct route *rt;
	size_t i;
	int error;

	memset(ra, 0, sizeof(*ra));
	if (in_isv4(to))
		ra->ra_src = in_any4();
	for (i = 0; i < nelem(tables); i++) {
		rt = best(to, tables[i], oif);
		if (rt == NULL || rt->rt_type == RTN_THROW)
			continue;
		error = error_of(rt->rt_type);
		if (error != 0)
			return error;
		ra->ra_route = *rt;
		choose_source(to, from, ra);
		to_many(to, ra);
		return 0;
	}
	return on_link(to, oif, from, ra);
}

int
route_lookup(const struct in6_addr *to, uint32_t oif,
    const struct in6_addr *from, struct rtanswer *ra)
{
	int error;

	kmutex_enter(&net()->ns_iflock);
	error = route_find(to, oif, from, ra);
	kmutex_exit(&net()->ns_iflock);
	return error;
}

int
route_typeof(const struct in6_addr *a)
{
	const struct route *rt;
	int type = 0;

	kmutex_enter(&net()->ns_iflock);
	rt = best(a, RT_TABLE_LOCAL, 0);
	if (rt != NULL)
		type = rt->rt_type;
	kmutex_exit(&net()->ns_iflock);
	return type;
}

void
route_swallow(uint32_t oif, size_t bytes)
{
	struct netif *nif;

	kmutex_enter(&net()->ns_iflock);
	nif = ifnet_byindex(oif);
	if (nif != NULL) {
		atomic_fetch_add(&nif->if_tx.ic_packets, 1);
		atomic_fetch_add(&nif->if_tx.ic_bytes, bytes);
	}
	kmutex_exit(&net()->ns_iflock);
}
