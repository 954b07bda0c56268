/* SPDX-License-Identifier: BSD-2-Clause */
/* route: see route.h; the lists. */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/inet.h"
#include "rumpnet/route.h"

static struct route **
list(int family)
{
	return family == AF_INET ? &net()->ns_routes4 : &net()->ns_routes6;
}

struct route *
route_first(int family)
{
	return *list(family);
}

bool
route_get(uint32_t n, int family, struct route *copy)
{
	struct route *rt;

	kmutex_enter(&net()->ns_iflock);
	rt = *list(family);
	while (rt != NULL && n-- > 0)
		rt = rt->rt_next;
	if (rt != NULL)
		*copy = *rt;
	kmutex_exit(&net()->ns_iflock);
	return rt != NULL;
}

/* The bits of an address count from the first of its family. */
static unsigned
bits_of(const struct route *rt)
{
	return rt->rt_plen + (rt->rt_family == AF_INET ? 96 : 0);
}

/*
 * The order of dumps.  Tables are in 256 buckets by number; in a table IPv4
 * goes by address, IPv6 from the leaves of a tree of prefixes to its root.
 */
static int
order(const struct route *a, const struct route *b)
{
	unsigned bits = kmin(bits_of(a), bits_of(b));
	int d;

	if (a->rt_table != b->rt_table) {
		d = (int)(a->rt_table & 255) - (int)(b->rt_table & 255);
		return d != 0 ? d : a->rt_table < b->rt_table ? -1 : 1;
	}
	if (a->rt_family == AF_INET || !in_prefix(&a->rt_dst, &b->rt_dst, bits))
		d = memcmp(&a->rt_dst, &b->rt_dst, 16);
	else
		d = 0;
	if (d != 0)
		return d;
	if (a->rt_plen != b->rt_plen)
		return (int)b->rt_plen - (int)a->rt_plen;
	if (a->rt_tos != b->rt_tos)
		return (int)b->rt_tos - (int)a->rt_tos;
	if (a->rt_metric != b->rt_metric)
		return a->rt_metric < b->rt_metric ? -1 : 1;
	return 0;
}

static bool
same_way(const struct route *a, const struct route *b)
{
	return a->rt_type == b->rt_type && a->rt_oif == b->rt_oif &&
	    a->rt_scope == b->rt_scope &&
	    memcmp(&a->rt_gateway, &b->rt_gateway, 16) == 0 &&
	    memcmp(&a->rt_prefsrc, &b->rt_prefsrc, 16) == 0;
}

/* Is it among those of one key (the first of them is given)? */
static struct route *
find_same(struct route *rt, const struct route *model)
{
	for (; rt != NULL && order(rt, model) == 0; rt = rt->rt_next)
		if (same_way(rt, model))
			return rt;
	return NULL;
}

/* Does it make an address local that is not always so? */
static bool
counts(const struct route *rt)
{
	return rt->rt_table == RT_TABLE_LOCAL && !in_isloopback(&rt->rt_dst);
}

/* One of the two that lo has as long as it is as usual? */
static bool
is_usual(const struct route *rt)
{
	return rt->rt_table == RT_TABLE_LOCAL && rt->rt_type == RTN_LOCAL &&
	    rt->rt_oif == LO_INDEX && in_isloopback(&rt->rt_dst) &&
	    rt->rt_plen == (rt->rt_family == AF_INET ? 8 : 128);
}

void
route_recount(uint32_t n)
{
	const struct netif *lo = ifnet_byindex(LO_INDEX);

	KSET(net()->ns_loroutes, n);
	KSET(net()->ns_lostrange, n != 2 || !(lo->if_flags & IFF_UP));
}

/* Logged: how many of those there are. */
static void
count(const struct route *rt, int n)
{
	if (is_usual(rt))
		route_recount(net()->ns_loroutes + (uint32_t)n);
	if (counts(rt))
		KSET(net()->ns_nlocal, net()->ns_nlocal + (uint32_t)n);
}

static void
link_in(struct route **pp, struct route *rt)
{
	kmutex_enter(&net()->ns_iflock);
	rt->rt_next = *pp;
	KSET(*pp, rt);
	count(rt, 1);
	khand_drop(rt);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
}

static void
unlink_at(struct route **pp)
{
	struct route *rt = *pp;

	kmutex_enter(&net()->ns_iflock);
	KSET(*pp, rt->rt_next);
	count(rt, -1);
	khand_add(KHAND_MEM, rt);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
}

/* The new one takes the old one's place at once. */
static void
replace_at(struct route **pp, struct route *rt)
{
	struct route *old = *pp;

	kmutex_enter(&net()->ns_iflock);
	rt->rt_next = old->rt_next;
	KSET(*pp, rt);
	khand_drop(rt);
	khand_add(KHAND_MEM, old);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
	kmem_free(old);
}

int
route_add(const struct route *model, int flags, const struct nlreq *by)
{
	struct route **pp = list(model->rt_family), *rt;
	bool there;

	while (*pp != NULL && order(*pp, model) < 0)
		pp = &(*pp)->rt_next;
	there = *pp != NULL && order(*pp, model) == 0;
	if (there && ((flags & NLM_F_EXCL) || find_same(*pp, model) != NULL) &&
	    !(flags & NLM_F_REPLACE))
		return EEXIST;
	/* IPv6 always took one that does not say NLM_F_CREATE. */
	if (!there && !(flags & NLM_F_CREATE) &&
	    (model->rt_family == AF_INET || (flags & NLM_F_REPLACE)))
		return ENOENT;
	rt = kmem_alloc(sizeof(*rt));
	if (rt == NULL)
		return ENOBUFS;
	*rt = *model;
	if (there && (flags & NLM_F_REPLACE)) {
		replace_at(pp, rt);
		route_tell(rt, RTM_NEWROUTE, NLM_F_REPLACE, by);
		return 0;
	}
	if ((flags & NLM_F_APPEND) || model->rt_family == AF_INET6)
		while (*pp != NULL && order(*pp, model) == 0)
			pp = &(*pp)->rt_next;
	link_in(pp, rt);
	route_tell(rt, RTM_NEWROUTE, 0, by);
	return 0;
}

static bool
is_any(const struct in6_addr *a)
{
	return in_isany(a);
}

/* Does the model fit?  What it leaves open fits. */
static bool
fits(const struct route *rt, const struct route *m)
{
	return rt->rt_table == m->rt_table && rt->rt_plen == m->rt_plen &&
	    memcmp(&rt->rt_dst, &m->rt_dst, 16) == 0 &&
	    (m->rt_metric == 0 || rt->rt_metric == m->rt_metric) &&
	    (m->rt_type == 0 || rt->rt_type == m->rt_type) &&
	    (m->rt_proto == 0 || rt->rt_proto == m->rt_proto) &&
	    (m->rt_tos == 0 || rt->rt_tos == m->rt_tos) &&
	    (m->rt_scope == RT_SCOPE_NOWHERE || rt->rt_scope == m->rt_scope) &&
	    (m->rt_oif == 0 || rt->rt_oif == m->rt_oif) &&
	    (is_any(&m->rt_gateway) ||
		memcmp(&rt->rt_gateway, &m->rt_gateway, 16) == 0) &&
	    (is_any(&m->rt_prefsrc) ||
		memcmp(&rt->rt_prefsrc, &m->rt_prefsrc, 16) == 0);
}

int
route_remove(const struct route *model, const struct nlreq *by)
{
	struct route **pp = list(model->rt_family), *rt;

	while (*pp != NULL && !fits(*pp, model))
		pp = &(*pp)->rt_next;
	rt = *pp;
	if (rt == NULL)
		return ESRCH;
	unlink_at(pp);
	route_tell(rt, RTM_DELROUTE, 0, by);
	kmem_free(rt);
	return 0;
}

void
route_flush(int family, bool (*fn)(const struct route *, const void *),
    const void *arg)
{
	struct route **pp = list(family), *rt;

	while ((rt = *pp) != NULL) {
		if (!fn(rt, arg)) {
			pp = &rt->rt_next;
			continue;
		}
		unlink_at(pp);
		if (family == AF_INET6)
			route_tell(rt, RTM_DELROUTE, 0, NULL);
		kmem_free(rt);
	}
}

static int
check_list(int family)
{
	const struct route *rt;
	int faults = 0;

	for (rt = *list(family); rt != NULL; rt = rt->rt_next) {
		faults += rt->rt_family != family;
		faults += bits_of(rt) > 128;
		faults += rt->rt_next != NULL && order(rt, rt->rt_next) > 0;
		faults += rt->rt_oif != 0 && ifnet_byindex(rt->rt_oif) == NULL;
	}
	if (faults != 0)
		kprintf("routes of family %d: %d faults\n", family, faults);
	return faults;
}

int
route_check(void)
{
	const struct route *rt;
	uint32_t n = 0, usual = 0;
	int i;

	for (i = 0; i < 2; i++)
		for (rt = *list(i ? AF_INET6 : AF_INET); rt != NULL;
		     rt = rt->rt_next) {
			n += counts(rt);
			usual += is_usual(rt);
		}
	if (n != net()->ns_nlocal)
		kprintf("%u routes to local addresses, counted %u\n",
		    net()->ns_nlocal, n);
	return check_list(AF_INET) + check_list(AF_INET6) +
	    (n != net()->ns_nlocal) + (usual != net()->ns_loroutes);
}
