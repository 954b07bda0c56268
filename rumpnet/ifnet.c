/* SPDX-License-Identifier: BSD-2-Clause */
/* ifnet: see ifnet.h; the interfaces. */
#include <linux/if_arp.h>

#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/inet.h"
#include "rumpnet/route.h"

#define MTU_ETHER 1500
#define MTU_MIN   68 /* less is too little for IPv4 */
#define TXQLEN    1000
#define NAME_TRY  1000
/* What a program may set. */
#define FLAGS_OWN                                                       \
	(IFF_DEBUG | IFF_NOTRAILERS | IFF_NOARP | IFF_DYNAMIC |         \
	    IFF_MULTICAST | IFF_PORTSEL | IFF_AUTOMEDIA | IFF_PROMISC | \
	    IFF_ALLMULTI | IFF_UP)

struct netif *
ifnet_first(void)
{
	return net()->ns_ifs;
}

struct netif *
ifnet_byindex(uint32_t index)
{
	struct netif *nif = net()->ns_ifs;

	while (nif != NULL && nif->if_index != index)
		nif = nif->if_next;
	return nif;
}

struct netif *
ifnet_byname(const char *name)
{
	struct netif *nif = net()->ns_ifs;

	while (nif != NULL && strcmp(nif->if_name, name) != 0)
		nif = nif->if_next;
	return nif;
}

uint32_t
ifnet_flags(const struct netif *nif)
{
	uint32_t f = nif->if_flags;

	return f & IFF_UP ? f | IFF_RUNNING | IFF_LOWER_UP : f;
}

uint8_t
ifnet_operstate(const struct netif *nif)
{
	return nif->if_flags & IFF_UP ? IF_OPER_UNKNOWN : IF_OPER_DOWN;
}

/* --- Copies --------------------------------------------------------------- */

bool
ifnet_get(uint32_t index, struct netif *copy)
{
	struct netif *nif;

	kmutex_enter(&net()->ns_iflock);
	nif = net()->ns_ifs;
	while (nif != NULL && nif->if_index < index)
		nif = nif->if_next;
	if (nif != NULL)
		*copy = *nif;
	kmutex_exit(&net()->ns_iflock);
	return nif != NULL;
}

uint32_t
ifnet_index(const char *name)
{
	struct netif *nif;
	uint32_t index = 0;

	if (strcmp(name, "lo") == 0 && KREAD(net()->ns_loname) == 0)
		return LO_INDEX;
	kmutex_enter(&net()->ns_iflock);
	nif = ifnet_byname(name);
	if (nif != NULL)
		index = nif->if_index;
	kmutex_exit(&net()->ns_iflock);
	return index;
}

bool
ifnet_exists(uint32_t index)
{
	bool is;

	if (index == LO_INDEX)
		return true;
	kmutex_enter(&net()->ns_iflock);
	is = ifnet_byindex(index) != NULL;
	kmutex_exit(&net()->ns_iflock);
	return is;
}

bool
ifaddr_ison(uint32_t index, const struct in6_addr *a)
{
	const struct ifaddr *ia = NULL;
	const struct netif *nif;

	kmutex_enter(&net()->ns_iflock);
	nif = ifnet_byindex(index);
	if (nif != NULL)
		ia = nif->if_addrs;
	while (ia != NULL && memcmp(&ia->ia_local, a, 16) != 0)
		ia = ia->ia_next;
	kmutex_exit(&net()->ns_iflock);
	return ia != NULL;
}

/* --- Names ---------------------------------------------------------------- */

static bool
valid_name(const char *s)
{
	size_t n = strlen(s);

	if (n == 0 || n >= IFNAMSIZ || strcmp(s, ".") == 0 ||
	    strcmp(s, "..") == 0)
		return false;
	for (; *s != '\0'; s++)
		if (*s == '/' || *s == ':' || (*s >= '\t' && *s <= '\r') ||
		    *s == ' ')
			return false;
	return true;
}

/* The first free one of a pattern with %d in it; a plain name as it is. */
static int
pick_name(const char *pattern, char *name)
{
	const char *p = memchr(pattern, '%', strlen(pattern));
	char head[IFNAMSIZ];
	size_t n;
	int i;

	if (!valid_name(pattern))
		return EINVAL;
	if (p == NULL) {
		memset(name, 0, IFNAMSIZ);
		memcpy(name, pattern, strlen(pattern));
		return ifnet_byname(name) != NULL ? EEXIST : 0;
	}
	if (p[1] != 'd' || memchr(p + 1, '%', strlen(p + 1)) != NULL)
		return EINVAL;
	n = (size_t)(p - pattern);
	memcpy(head, pattern, n);
	head[n] = '\0';
	for (i = 0; i < NAME_TRY; i++) {
		memset(name, 0, IFNAMSIZ);
		kfmt(name, IFNAMSIZ, "%s%d%s", head, i, p + 2);
		if (ifnet_byname(name) == NULL)
			return 0;
	}
	return ENFILE;
}

/* --- Changes -------------------------------------------------------------- */

void
ifnet_setword(uint32_t *word, uint32_t v)
{
	kmutex_enter(&net()->ns_iflock);
	KSET(*word, v);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
}

static void
link_in(struct netif *nif)
{
	struct netif **pp = &net()->ns_ifs;

	while (*pp != NULL && (*pp)->if_index < nif->if_index)
		pp = &(*pp)->if_next;
	kmutex_enter(&net()->ns_iflock);
	nif->if_next = *pp;
	KSET(*pp, nif);
	if (nif->if_index > net()->ns_lastif)
		KSET(net()->ns_lastif, nif->if_index);
	khand_drop(nif);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
}

int
ifnet_create(const char *name, enum ifkind kind, uint32_t index,
    const uint8_t *mac, const struct nlreq *by, struct netif **nifp)
{
	struct netif *nif;
	char picked[IFNAMSIZ];
	int error;

	if (index != 0 && ifnet_byindex(index) != NULL)
		return EBUSY;
	error = pick_name(name[0] != '\0' ? name : "dummy%d", picked);
	if (error != 0)
		return error;
	nif = kmem_alloc(sizeof(*nif));
	if (nif == NULL)
		return ENOBUFS;
	memcpy(nif->if_name, picked, IFNAMSIZ);
	nif->if_index = index != 0 ? index : net()->ns_lastif + 1;
	nif->if_kind = kind;
	nif->if_txqlen = TXQLEN;
	if (kind == IF_LOOPBACK) {
		nif->if_mtu = LO_MTU;
		nif->if_flags = IFF_LOOPBACK;
	} else {
		nif->if_mtu = MTU_ETHER;
		nif->if_flags = IFF_BROADCAST | IFF_NOARP;
		rumpuser_random(nif->if_mac, 6);
		/* Not a group's, and given by nobody. */
		nif->if_mac[0] = (nif->if_mac[0] & 0xfe) | 2;
		if (mac != NULL)
			memcpy(nif->if_mac, mac, 6);
	}
	link_in(nif);
	ifnet_tell(nif, RTM_NEWLINK, by);
	*nifp = nif;
	return 0;
}

static bool
goes_by(const struct route *rt, const void *arg)
{
	return rt->rt_oif == *(const uint32_t *)arg;
}

int
ifnet_destroy(struct netif *nif, const struct nlreq *by)
{
	struct netif **pp = &net()->ns_ifs;
	int error;

	if (nif->if_kind == IF_LOOPBACK)
		return EOPNOTSUPP;
	error = ifnet_setflags(nif, nif->if_flags & ~IFF_UP, by);
	if (error != 0)
		return error;
	while (nif->if_addrs != NULL)
		ifaddr_remove(nif, nif->if_addrs, by);
	route_flush(AF_INET, goes_by, &nif->if_index);
	route_flush(AF_INET6, goes_by, &nif->if_index);
	ifnet_tell(nif, RTM_DELLINK, by);
	while (*pp != nif)
		pp = &(*pp)->if_next;
	kmutex_enter(&net()->ns_iflock);
	KSET(*pp, nif->if_next);
	khand_add(KHAND_MEM, nif);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
	kmem_free(nif);
	return 0;
}

int
ifnet_rename(struct netif *nif, const char *name)
{
	char picked[IFNAMSIZ];
	size_t i;
	uint64_t w;
	int error;

	if (strcmp(name, nif->if_name) == 0)
		return 0;
	error = pick_name(name, picked);
	if (error != 0)
		return error;
	kmutex_enter(&net()->ns_iflock);
	for (i = 0; i < nelem(nif->if_nameword); i++) {
		memcpy(&w, picked + i * 8, 8);
		KSET(nif->if_nameword[i], w);
	}
	if (nif->if_index == LO_INDEX)
		KSET(net()->ns_loname, strcmp(picked, "lo") != 0);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
	ifaddr_rename(nif);
	return 0;
}

static void
set_flags(struct netif *nif, uint32_t flags)
{
	kmutex_enter(&net()->ns_iflock);
	KSET(nif->if_flags, flags);
	route_recount(net()->ns_loroutes);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
}

int
ifnet_setflags(struct netif *nif, uint32_t flags, const struct nlreq *by)
{
	uint32_t old = nif->if_flags, now;
	int error = 0;

	now = (old & ~FLAGS_OWN) | (flags & FLAGS_OWN);
	if (old == now)
		return 0;
	set_flags(nif, now);
	if (now & IFF_UP)
		ifnet_setword(&nif->if_wasup, 1);
	ifnet_tell(nif, RTM_NEWLINK, by);
	if (old & ~now & IFF_UP)
		ifaddr_down(nif, by);
	if (now & ~old & IFF_UP)
		error = ifaddr_up(nif, by);
	return error;
}

int
ifnet_setmtu(struct netif *nif, uint32_t mtu)
{
	if (mtu > INT32_MAX)
		return EINVAL;
	ifnet_setword(&nif->if_mtu, mtu);
	return 0;
}

int
ifnet_setmac(struct netif *nif, const uint8_t *mac)
{
	uint64_t w = 0;

	if (mac[0] & 1 || memcmp(mac, &w, 6) == 0)
		return EADDRNOTAVAIL;
	memcpy(&w, mac, 6);
	kmutex_enter(&net()->ns_iflock);
	KSET(nif->if_macword, w);
	klog_commit();
	kmutex_exit(&net()->ns_iflock);
	return 0;
}

void
ifnet_boot(void)
{
	struct netif *lo;

	kmutex_init(&net()->ns_rtnl, KRANK_RTNL);
	kmutex_init(&net()->ns_iflock, KRANK_NETIF);
	rtnl_enter();
	if (ifnet_create("lo", IF_LOOPBACK, LO_INDEX, NULL, NULL, &lo) != 0 ||
	    ifnet_setflags(lo, lo->if_flags | IFF_UP, NULL) != 0)
		kpanic("no memory for the interface lo");
	rtnl_exit();
}

/* --- Check ---------------------------------------------------------------- */

static int
check_one(const struct netif *nif)
{
	const struct netif *next = nif->if_next, *n;
	const struct ifaddr *ia;
	int faults = 0;

	for (n = next; n != NULL; n = n->if_next)
		faults += strcmp(n->if_name, nif->if_name) == 0;
	faults += next != NULL && next->if_index <= nif->if_index;
	faults += nif->if_index > net()->ns_lastif;
	faults += nif->if_name[IFNAMSIZ - 1] != '\0';
	for (ia = nif->if_addrs; ia != NULL; ia = ia->ia_next) {
		faults += ia->ia_plen > (ia->ia_family == AF_INET ? 32 : 128);
		faults += in_isv4(&ia->ia_local) != (ia->ia_family == AF_INET);
		faults += ia->ia_next != NULL && ia->ia_family == AF_INET6 &&
		    ia->ia_next->ia_family == AF_INET;
	}
	if (faults != 0)
		kprintf("interface %s, index %u: not well formed\n",
		    nif->if_name, nif->if_index);
	return faults;
}

int
ifnet_check(void)
{
	const struct netif *nif;
	int faults = route_check();

	for (nif = net()->ns_ifs; nif != NULL; nif = nif->if_next)
		faults += check_one(nif);
	if (net()->ns_ifs == NULL || net()->ns_ifs->if_index != LO_INDEX) {
		kprintf("there is no interface lo\n");
		faults++;
	}
	return faults;
}
