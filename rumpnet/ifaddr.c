/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifaddr: the addresses of interfaces, and the routes that Linux adds for
 * them: to the address itself, to its net, to its net's broadcast address.
 */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/inet.h"
#include "rumpnet/route.h"

#define METRIC6 256 /* of routes to nets */
#define AUTO    (NLM_F_CREATE | NLM_F_APPEND)
#define ROUTES  4 /* of an address, at most */

/* --- An address's routes -------------------------------------------------- */

static struct in6_addr
masked(const struct in6_addr *a, unsigned plen, bool v4)
{
	struct in6_addr r = *a;
	unsigned i, bits = plen + (v4 ? 96U : 0);

	for (i = 0; i < 16; i++) {
		if (bits >= 8)
			bits -= 8;
		else {
			r.s6_addr[i] &= 0xff00 >> bits & 0xff;
			bits = 0;
		}
	}
	return r;
}

static struct route *
model(struct route *rt, const struct netif *nif, int family, int type,
    const struct in6_addr *dst, unsigned plen)
{
	memset(rt, 0, sizeof(*rt));
	rt->rt_family = (uint8_t)family;
	rt->rt_type = (uint8_t)type;
	rt->rt_table = type == RTN_UNICAST ? RT_TABLE_MAIN : RT_TABLE_LOCAL;
	rt->rt_proto = RTPROT_KERNEL;
	rt->rt_oif = nif->if_index;
	rt->rt_dst = *dst;
	rt->rt_plen = (uint8_t)plen;
	if (family == AF_INET) {
		rt->rt_gateway = in_any4();
		rt->rt_prefsrc = in_any4();
		rt->rt_scope = type == RTN_LOCAL ? RT_SCOPE_HOST :
						   RT_SCOPE_LINK;
	}
	return rt;
}

/* The one whose net a secondary address is in. */
static const struct ifaddr *
primary(const struct netif *nif, const struct ifaddr *of)
{
	const struct ifaddr *ia;

	if (!(of->ia_flags & IFA_F_SECONDARY))
		return of;
	for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next)
		if (ia->ia_family == AF_INET && ia->ia_plen == of->ia_plen &&
		    !(ia->ia_flags & IFA_F_SECONDARY) &&
		    ifaddr_contains(ia, &of->ia_peer))
			return ia;
	return of;
}

static int
routes4(const struct netif *nif, const struct ifaddr *ia, struct route *rt)
{
	const struct ifaddr *prim = primary(nif, ia);
	struct in6_addr net_ = masked(&ia->ia_peer, ia->ia_plen, true);
	struct in6_addr brd = net_;
	uint32_t host = ~in_mask4(ia->ia_plen), w;
	int i, n = 0;

	memcpy(&w, &brd.s6_addr[12], 4);
	w |= host;
	memcpy(&brd.s6_addr[12], &w, 4);
	model(&rt[n++], nif, AF_INET, RTN_LOCAL, &ia->ia_local, 32);
	if (nif->if_flags & IFF_UP) {
		if (!in_isany(&ia->ia_brd) && !in_isall(&ia->ia_brd))
			model(&rt[n++], nif, AF_INET, RTN_BROADCAST,
			    &ia->ia_brd, 32);
		if (net_.s6_addr[12] != 0 &&
		    !(ia->ia_flags & IFA_F_SECONDARY) &&
		    (ia->ia_plen < 32 ||
			memcmp(&net_, &ia->ia_local, 16) != 0)) {
			if (!(ia->ia_flags & IFA_F_NOPREFIXROUTE)) {
				model(&rt[n], nif, AF_INET,
				    nif->if_flags & IFF_LOOPBACK ? RTN_LOCAL :
								   RTN_UNICAST,
				    &net_, ia->ia_plen);
				rt[n++].rt_metric = ia->ia_metric;
			}
			if (ia->ia_plen < 31)
				model(&rt[n++], nif, AF_INET, RTN_BROADCAST,
				    &brd, 32);
		}
	}
	for (i = 0; i < n; i++)
		rt[i].rt_prefsrc = prim->ia_local;
	return n;
}

static int
routes6(const struct netif *nif, const struct ifaddr *ia, struct route *rt)
{
	struct in6_addr net_ = masked(&ia->ia_peer, ia->ia_plen, false);
	int n = 0;

	model(&rt[n++], nif, AF_INET6, RTN_LOCAL, &ia->ia_local, 128);
	if ((nif->if_flags & IFF_UP) && !(ia->ia_flags & IFA_F_NOPREFIXROUTE) &&
	    !(nif->if_flags & IFF_LOOPBACK && in_isloopback(&ia->ia_local))) {
		model(&rt[n], nif, AF_INET6, RTN_UNICAST, &net_, ia->ia_plen);
		rt[n++].rt_metric = ia->ia_metric != 0 ? ia->ia_metric :
							 METRIC6;
	}
	return n;
}

/* The routes an address has, as its interface is now. */
static int
routes_of(const struct netif *nif, const struct ifaddr *ia, struct route *rt)
{
	return ia->ia_family == AF_INET ? routes4(nif, ia, rt) :
					  routes6(nif, ia, rt);
}

static int
add_routes(const struct netif *nif, const struct ifaddr *ia,
    const struct nlreq *by)
{
	struct route rt[ROUTES];
	int i, error, n = routes_of(nif, ia, rt);

	for (i = 0; i < n; i++) {
		error = route_add(&rt[i], AUTO, by);
		if (error != 0 && error != EEXIST)
			return error;
	}
	return 0;
}

/* Does another address of the interface want the same route? */
static bool
shared(const struct netif *nif, const struct ifaddr *but,
    const struct route *want)
{
	const struct ifaddr *ia;
	struct route rt[ROUTES];
	int i, n;

	for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next) {
		if (ia == but || ia->ia_family != but->ia_family)
			continue;
		n = routes_of(nif, ia, rt);
		for (i = 0; i < n; i++)
			if (rt[i].rt_plen == want->rt_plen &&
			    rt[i].rt_type == want->rt_type &&
			    memcmp(&rt[i].rt_dst, &want->rt_dst, 16) == 0 &&
			    memcmp(&rt[i].rt_prefsrc, &want->rt_prefsrc, 16) ==
				0)
				return true;
	}
	return false;
}

static void
remove_routes(const struct netif *nif, const struct ifaddr *ia,
    const struct nlreq *by)
{
	struct route rt[ROUTES];
	int i, n = routes_of(nif, ia, rt);

	for (i = 0; i < n; i++)
		if (!shared(nif, ia, &rt[i]))
			(void)route_remove(&rt[i], by);
}

/* --- Lists ---------------------------------------------------------------- */

/* Where Linux has it: of IPv4 after its like, of IPv6 before. */
static struct ifaddr **
place(struct netif *nif, const struct ifaddr *new)
{
	struct ifaddr **pp = &nif->if_addrs, **at;

	if (new->ia_family == AF_INET6) {
		while (*pp != NULL &&
		    ((*pp)->ia_family == AF_INET ||
			(*pp)->ia_scope < new->ia_scope))
			pp = &(*pp)->ia_next;
		return pp;
	}
	at = pp;
	for (; *pp != NULL && (*pp)->ia_family == AF_INET; pp = &(*pp)->ia_next)
		if ((new->ia_flags &IFA_F_SECONDARY) ||
		    (!((*pp)->ia_flags & IFA_F_SECONDARY) &&
			new->ia_scope <= (*pp)->ia_scope))
			at = &(*pp)->ia_next;
	return at;
}

/* EEXIST; EINVAL: of another scope than the net it is in. */
static int
look4(const struct netif *nif, struct ifaddr *new)
{
	const struct ifaddr *ia;

	new->ia_flags &= ~(uint32_t)IFA_F_SECONDARY;
	for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next) {
		if (ia->ia_family != AF_INET || ia->ia_plen != new->ia_plen ||
		    !ifaddr_contains(ia, &new->ia_peer))
			continue;
		if (memcmp(&ia->ia_local, &new->ia_local, 16) == 0)
			return EEXIST;
		if (ia->ia_scope != new->ia_scope)
			return EINVAL;
		new->ia_flags |= IFA_F_SECONDARY;
	}
	return 0;
}

static int
look6(const struct netif *nif, const struct ifaddr *new)
{
	const struct ifaddr *ia;

	for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next)
		if (memcmp(&ia->ia_local, &new->ia_local, 16) == 0)
			return EEXIST;
	return 0;
}

int
ifaddr_add(struct netif *nif, struct ifaddr *new, const struct nlreq *by)
{
	struct ifaddr *ia, **pp;
	int error;

	error = new->ia_family == AF_INET ? look4(nif, new) : look6(nif, new);
	if (error != 0)
		return error;
	ia = kmem_alloc(sizeof(*ia));
	if (ia == NULL)
		return ENOBUFS;
	*ia = *new;
	ia->ia_made = ia->ia_changed = rumpuser_monotonic();
	pp = place(nif, ia);
	kmutex_enter(&net()->ns_iflock);
	ia->ia_next = *pp;
	KSET(*pp, ia);
	khand_drop(ia);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
	ifaddr_ages(ia);
	ifaddr_tell(nif, ia, RTM_NEWADDR, by);
	return add_routes(nif, ia, by);
}

static bool
sent_from(const struct route *rt, const void *arg)
{
	return memcmp(&rt->rt_prefsrc, arg, 16) == 0;
}

static bool
is_of(const struct route *rt, const void *arg)
{
	return rt->rt_oif == *(const uint32_t *)arg;
}

static bool
has_family(const struct netif *nif, int family)
{
	const struct ifaddr *ia = nif->if_addrs;

	while (ia != NULL && ia->ia_family != family)
		ia = ia->ia_next;
	return ia != NULL;
}

static void
remove_one(struct netif *nif, struct ifaddr *ia, const struct nlreq *by)
{
	struct ifaddr **pp = &nif->if_addrs;
	bool v4 = ia->ia_family == AF_INET;

	if (v4)
		ifaddr_tell(nif, ia, RTM_DELADDR, by);
	remove_routes(nif, ia, by);
	while (*pp != ia)
		pp = &(*pp)->ia_next;
	kmutex_enter(&net()->ns_iflock);
	KSET(*pp, ia->ia_next);
	khand_add(KHAND_MEM, ia);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
	if (!v4)
		ifaddr_tell(nif, ia, RTM_DELADDR, by);
	/* Routes from an address that is gone; from nowhere at all. */
	if (v4 && ifnet_byaddr(&ia->ia_local, NULL) == NULL)
		route_flush(AF_INET, sent_from, &ia->ia_local);
	if (v4 && !has_family(nif, AF_INET))
		route_flush(AF_INET, is_of, &nif->if_index);
	kmem_free(ia);
}

/* With a primary address its secondary ones go. */
void
ifaddr_remove(struct netif *nif, struct ifaddr *ia, const struct nlreq *by)
{
	struct ifaddr *s, *next;

	if (ia->ia_family == AF_INET && !(ia->ia_flags & IFA_F_SECONDARY))
		for (s = ia->ia_next; s != NULL; s = next) {
			next = s->ia_next;
			if (s->ia_family == AF_INET &&
			    (s->ia_flags & IFA_F_SECONDARY) &&
			    s->ia_plen == ia->ia_plen &&
			    ifaddr_contains(ia, &s->ia_peer))
				remove_one(nif, s, by);
		}
	remove_one(nif, ia, by);
}

static void
set_label(struct ifaddr *ia, const char *label)
{
	uint64_t w;
	size_t i;

	kmutex_enter(&net()->ns_iflock);
	for (i = 0; i < IFNAMSIZ / 8; i++) {
		memcpy(&w, label + i * 8, 8);
		KSET(ia->ia_labelword[i], w);
	}
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
}

/* The first has the interface's name, the others what was behind a colon. */
void
ifaddr_rename(struct netif *nif)
{
	char label[IFNAMSIZ], number[IFNAMSIZ];
	struct ifaddr *ia;
	size_t n, m;
	char *tail;
	int i = 0;

	for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next) {
		if (ia->ia_family != AF_INET)
			continue;
		memcpy(label, nif->if_name, IFNAMSIZ);
		if (i++ != 0) {
			tail = memchr(ia->ia_label, ':', IFNAMSIZ);
			if (tail == NULL) {
				kfmt(number, sizeof(number), ":%d", i);
				tail = number;
			}
			n = strlen(label);
			m = strlen(tail);
			n = kmin(n, IFNAMSIZ - 1 - m);
			memcpy(label + n, tail, m + 1);
		}
		set_label(ia, label);
		ifaddr_tell(nif, ia, RTM_NEWADDR, NULL);
	}
}

/* --- Age ------------------------------------------------------------------ */

#define NSEC 1000000000UL

static uint64_t
old_at(const struct ifaddr *ia, uint32_t life)
{
	return life == LIFE_EVER ? 0 : ia->ia_changed + life * NSEC;
}

/* The sooner, where 0 is never. */
static uint64_t
sooner(uint64_t a, uint64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static void
set_expires(uint64_t when)
{
	kmutex_enter(&net()->ns_iflock);
	KSET(net()->ns_expires, when);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
}

void
ifaddr_ages(const struct ifaddr *ia)
{
	uint64_t when = old_at(ia, ia->ia_valid);

	if (!(ia->ia_flags & IFA_F_DEPRECATED))
		when = sooner(when, old_at(ia, ia->ia_preferred));
	set_expires(sooner(net()->ns_expires, when));
}

/* Nothing runs when an address gets too old: who looks next removes it. */
void
ifaddr_expire(void)
{
	uint64_t now = rumpuser_monotonic(), at;
	struct ifaddr *ia, *next;
	struct netif *nif;

	if (now < net()->ns_expires)
		return;
	set_expires(0);
	for (nif = ifnet_first(); nif != NULL; nif = nif->if_next)
		for (ia = nif->if_addrs; ia != NULL; ia = next) {
			next = ia->ia_next;
			at = old_at(ia, ia->ia_valid);
			if (at != 0 && at <= now) {
				ifaddr_remove(nif, ia, NULL);
				/* Others may have gone with it. */
				next = nif->if_addrs;
				continue;
			}
			at = old_at(ia, ia->ia_preferred);
			if (at != 0 && at <= now)
				ifnet_setword(&ia->ia_flags,
				    ia->ia_flags | IFA_F_DEPRECATED);
			ifaddr_ages(ia);
		}
}

/* --- Up and down ---------------------------------------------------------- */

static void
fresh(struct ifaddr *ia, int family, unsigned plen, int scope)
{
	memset(ia, 0, sizeof(*ia));
	ia->ia_family = (uint8_t)family;
	ia->ia_plen = (uint8_t)plen;
	ia->ia_scope = (uint8_t)scope;
	ia->ia_flags = IFA_F_PERMANENT;
	ia->ia_valid = ia->ia_preferred = LIFE_EVER;
	if (family == AF_INET)
		ia->ia_brd = in_any4();
}

/* fe80:: with the hardware's address in it. */
static struct in6_addr
link_local(const struct netif *nif)
{
	struct in6_addr a = { .s6_addr = { 0xfe, 0x80 } };

	memcpy(&a.s6_addr[8], nif->if_mac, 3);
	a.s6_addr[8] ^= 2;
	a.s6_addr[11] = 0xff;
	a.s6_addr[12] = 0xfe;
	memcpy(&a.s6_addr[13], nif->if_mac + 3, 3);
	return a;
}

/* What an interface has by itself when it is up. */
static int
add_own(struct netif *nif, const struct nlreq *by)
{
	static const struct in6_addr mc = { .s6_addr = { 0xff } };
	struct route rt;
	struct ifaddr ia;
	int error = 0;

	if (nif->if_kind == IF_LOOPBACK && !has_family(nif, AF_INET)) {
		fresh(&ia, AF_INET, 8, RT_SCOPE_HOST);
		ia.ia_local = ia.ia_peer = in_loopback(true);
		memcpy(ia.ia_label, nif->if_name, IFNAMSIZ);
		error = ifaddr_add(nif, &ia, by);
	}
	if (nif->if_kind == IF_LOOPBACK) {
		fresh(&ia, AF_INET6, 128, RT_SCOPE_HOST);
		ia.ia_local = in_loopback(false);
		ia.ia_proto = IFAPROT_KERNEL_LO;
	} else {
		fresh(&ia, AF_INET6, 64, RT_SCOPE_LINK);
		ia.ia_local = link_local(nif);
		ia.ia_proto = IFAPROT_KERNEL_LL;
		model(&rt, nif, AF_INET6, RTN_MULTICAST, &mc, 8);
		rt.rt_metric = METRIC6;
		if (error == 0)
			error = route_add(&rt, AUTO, by);
	}
	ia.ia_peer = ia.ia_local;
	if (error == 0 || error == EEXIST)
		error = ifaddr_add(nif, &ia, by);
	return error == EEXIST ? 0 : error;
}

int
ifaddr_up(struct netif *nif, const struct nlreq *by)
{
	struct ifaddr *ia;
	int error = 0;

	for (ia = nif->if_addrs; ia != NULL && error == 0; ia = ia->ia_next)
		error = add_routes(nif, ia, by);
	return error == 0 ? add_own(nif, by) : error;
}

/* What leads anywhere by this interface but to its own IPv4 addresses. */
static bool
dies(const struct route *rt, const void *arg)
{
	return rt->rt_oif == *(const uint32_t *)arg &&
	    (rt->rt_family == AF_INET6 || rt->rt_scope != RT_SCOPE_HOST);
}

void
ifaddr_down(struct netif *nif, const struct nlreq *by)
{
	struct ifaddr *ia, *next;

	for (ia = nif->if_addrs; ia != NULL; ia = next) {
		next = ia->ia_next;
		if (ia->ia_family == AF_INET6)
			remove_one(nif, ia, by);
	}
	route_flush(AF_INET6, dies, &nif->if_index);
	route_flush(AF_INET, dies, &nif->if_index);
}
