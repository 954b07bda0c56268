/* SPDX-License-Identifier: BSD-2-Clause */
/* ifioctl: those of IPv4's and IPv6's sockets: addresses and routes. */
#include <linux/ipv6.h>
#include <linux/ipv6_route.h>
#include <linux/route.h>
#include <linux/sockios.h>

#include "rumpkern/copy.h"
#include "rumpnet/ifioctl.h"
#include "rumpnet/inet.h"
#include "rumpnet/nlroute.h"

/* --- IPv4 addresses ------------------------------------------------------- */

static struct in6_addr
mapped(uint32_t v4)
{
	struct in6_addr a = in_any4();

	memcpy(&a.s6_addr[12], &v4, 4);
	return a;
}

static uint32_t
v4_of(const struct in6_addr *a)
{
	uint32_t v;

	memcpy(&v, &a->s6_addr[12], 4);
	return v;
}

/* The interface of a name that may be an alias's, and that address of it. */
static struct netif *
find(const char *name, struct ifaddr **ia)
{
	const char *colon = memchr(name, ':', strlen(name));
	char base[IFNAMSIZ] = "";
	struct netif *nif;

	memcpy(base, name,
	    colon != NULL ? (size_t)(colon - name) : strlen(name));
	nif = ifnet_byname(base);
	*ia = nif != NULL ? nif->if_addrs : NULL;
	while (*ia != NULL &&
	    ((*ia)->ia_family != AF_INET || strcmp((*ia)->ia_label, name) != 0))
		*ia = (*ia)->ia_next;
	return nif;
}

/* How long the prefix of an address's class is; -1: it has none. */
static int
class_len(uint32_t addr)
{
	uint8_t first = (uint8_t)addr;

	if (addr == 0 || first >= 240)
		return addr == 0 ? 0 : -1;
	if (first >= 224)
		return 4;
	return first < 128 ? 8 : first < 192 ? 16 : 24;
}

/* -1: not a mask. */
static int
mask_len(uint32_t mask)
{
	uint32_t m = __builtin_bswap32(mask);

	if ((~m & (~m + 1)) != 0)
		return -1;
	return m == 0 ? 0 : __builtin_popcount(m);
}

static int
get4(unsigned long cmd, const struct ifaddr *ia, struct sockaddr_in *sin)
{
	uint32_t v;

	if (cmd == SIOCGIFADDR)
		v = v4_of(&ia->ia_local);
	else if (cmd == SIOCGIFNETMASK)
		v = in_mask4(ia->ia_plen);
	else if (cmd == SIOCGIFDSTADDR)
		v = v4_of(&ia->ia_peer);
	else
		v = v4_of(&ia->ia_brd);
	memset(sin, 0, sizeof(*sin));
	sin->sin_family = AF_INET;
	memcpy(&sin->sin_addr, &v, 4);
	return 0;
}

/* The address goes and comes again in another form. */
static int
exchange(struct netif *nif, struct ifaddr *old, struct ifaddr *new)
{
	if (old != NULL)
		ifaddr_remove(nif, old, NULL);
	return ifaddr_add(nif, new, NULL);
}

static int
set_addr(struct netif *nif, struct ifaddr *ia, const char *label, uint32_t addr)
{
	struct ifaddr new = { .ia_family = AF_INET };
	int len = class_len(addr);

	if (len < 0)
		return EINVAL;
	if (ia != NULL && v4_of(&ia->ia_local) == addr)
		return 0;
	new.ia_local = new.ia_peer = mapped(addr);
	new.ia_plen = (uint8_t)len;
	new.ia_flags = IFA_F_PERMANENT;
	new.ia_valid = new.ia_preferred = LIFE_EVER;
	new.ia_brd = mapped(nif->if_flags & IFF_BROADCAST && len < 31 ?
		addr | ~in_mask4((unsigned)len) :
		0);
	if ((uint8_t)addr == 127)
		new.ia_scope = RT_SCOPE_HOST;
	memcpy(new.ia_label, label, strlen(label));
	return exchange(nif, ia, &new);
}

static int
set_mask(struct netif *nif, struct ifaddr *ia, uint32_t mask)
{
	uint32_t old = in_mask4(ia->ia_plen), addr = v4_of(&ia->ia_local);
	struct ifaddr new = *ia;
	int len = mask_len(mask);

	if (len < 0)
		return EINVAL;
	if (old == mask)
		return 0;
	new.ia_plen = (uint8_t)len;
	if ((nif->if_flags & IFF_BROADCAST) && len < 31 &&
	    v4_of(&ia->ia_brd) == (addr | ~old))
		new.ia_brd = mapped(addr | ~mask);
	return exchange(nif, ia, &new);
}

static int
set4(unsigned long cmd, struct netif *nif, struct ifaddr *ia, const char *label,
    uint32_t v)
{
	struct ifaddr new;

	if (cmd == SIOCSIFADDR)
		return set_addr(nif, ia, label, v);
	if (cmd == SIOCSIFNETMASK)
		return set_mask(nif, ia, v);
	new = *ia;
	if (cmd == SIOCSIFDSTADDR) {
		if (class_len(v) < 0)
			return EINVAL;
		new.ia_peer = mapped(v);
	} else
		new.ia_brd = mapped(v);
	return exchange(nif, ia, &new);
}

static bool
is_set4(unsigned long cmd)
{
	return cmd == SIOCSIFADDR || cmd == SIOCSIFNETMASK ||
	    cmd == SIOCSIFDSTADDR || cmd == SIOCSIFBRDADDR;
}

static bool
is_get4(unsigned long cmd)
{
	return cmd == SIOCGIFADDR || cmd == SIOCGIFNETMASK ||
	    cmd == SIOCGIFDSTADDR || cmd == SIOCGIFBRDADDR;
}

static int
address4(unsigned long cmd, struct ifreq *uarg)
{
	struct sockaddr_in sin;
	struct netif *nif;
	struct ifaddr *ia;
	struct ifreq ifr;
	int error = 0;

	if (copyin(uarg, &ifr, sizeof(ifr)) != 0)
		return EFAULT;
	ifr.ifr_name[IFNAMSIZ - 1] = '\0';
	memcpy(&sin, &ifr.ifr_addr, sizeof(sin));
	if (is_set4(cmd) && !ifioctl_super())
		return EPERM;
	if (is_set4(cmd) && sin.sin_family != AF_INET)
		return EINVAL;
	rtnl_enter();
	nif = find(ifr.ifr_name, &ia);
	if (nif == NULL)
		error = ENODEV;
	else if (ia == NULL && cmd != SIOCSIFADDR)
		error = EADDRNOTAVAIL;
	else if (is_set4(cmd))
		error = set4(cmd, nif, ia, ifr.ifr_name, sin.sin_addr.s_addr);
	else
		error = get4(cmd, ia, &sin);
	rtnl_exit();
	if (error != 0 || is_set4(cmd))
		return error;
	memcpy(&ifr.ifr_addr, &sin, sizeof(sin));
	return copyout(&ifr.ifr_addr, &uarg->ifr_addr, sizeof(ifr.ifr_addr));
}

/* SIOCSIFFLAGS of an alias: down is away. */
static int
alias_flags(struct ifreq *uarg)
{
	struct netif *nif;
	struct ifaddr *ia;
	struct ifreq ifr;
	int error = ENOTTY;

	if (copyin(uarg, &ifr, sizeof(ifr)) != 0)
		return EFAULT;
	ifr.ifr_name[IFNAMSIZ - 1] = '\0';
	if (memchr(ifr.ifr_name, ':', IFNAMSIZ) == NULL)
		return ENOTTY;
	if (!ifioctl_super())
		return EPERM;
	rtnl_enter();
	nif = find(ifr.ifr_name, &ia);
	if (nif == NULL)
		error = ENODEV;
	else if (ia == NULL)
		error = EADDRNOTAVAIL;
	else if (!(ifr.ifr_flags & IFF_UP)) {
		ifaddr_remove(nif, ia, NULL);
		error = 0;
	}
	rtnl_exit();
	return error;
}

/* --- IPv4 routes ---------------------------------------------------------- */

/* The name of the interface it is for, without an alias; "": none. */
static int
device(const struct rtentry *re, char name[IFNAMSIZ])
{
	char *colon;
	size_t n;
	int error;

	name[0] = '\0';
	if (re->rt_dev == NULL)
		return 0;
	error = copyinstr(re->rt_dev, name, IFNAMSIZ, &n);
	if (error != 0)
		return error == ENAMETOOLONG ? ENODEV : error;
	colon = memchr(name, ':', strlen(name));
	if (colon != NULL)
		*colon = '\0';
	return 0;
}

/* EAFNOSUPPORT, EINVAL. */
static int
read_dst4(const struct rtentry *re, struct route *rt)
{
	struct sockaddr_in dst, mask;
	int len = 32;

	memcpy(&dst, &re->rt_dst, sizeof(dst));
	memcpy(&mask, &re->rt_genmask, sizeof(mask));
	if (dst.sin_family != AF_INET)
		return EAFNOSUPPORT;
	if (!(re->rt_flags & RTF_HOST)) {
		if (mask.sin_family != AF_INET &&
		    (mask.sin_addr.s_addr != 0 || mask.sin_family != 0))
			return EAFNOSUPPORT;
		len = mask_len(mask.sin_addr.s_addr);
		if (len < 0 || (dst.sin_addr.s_addr & ~mask.sin_addr.s_addr))
			return EINVAL;
	}
	rt->rt_plen = (uint8_t)len;
	rt->rt_dst = mapped(dst.sin_addr.s_addr);
	return 0;
}

static int
read_route4(const struct rtentry *re, const char *dev, struct route *rt)
{
	const struct netif *nif;
	struct sockaddr_in gw;
	int error;

	memset(rt, 0, sizeof(*rt));
	error = read_dst4(re, rt);
	if (error != 0)
		return error;
	memcpy(&gw, &re->rt_gateway, sizeof(gw));
	rt->rt_family = AF_INET;
	rt->rt_table = RT_TABLE_MAIN;
	rt->rt_proto = RTPROT_BOOT;
	rt->rt_type = RTN_UNICAST;
	rt->rt_scope = RT_SCOPE_NOWHERE;
	rt->rt_gateway = rt->rt_prefsrc = in_any4();
	if (re->rt_metric != 0)
		rt->rt_metric = (uint32_t)re->rt_metric - 1;
	if (re->rt_flags & RTF_REJECT) {
		rt->rt_scope = RT_SCOPE_HOST;
		rt->rt_type = RTN_UNREACHABLE;
		return 0;
	}
	if (dev[0] != '\0') {
		nif = ifnet_byname(dev);
		if (nif == NULL)
			return ENODEV;
		rt->rt_oif = nif->if_index;
	}
	if (gw.sin_family == AF_INET && gw.sin_addr.s_addr != 0) {
		rt->rt_gateway = mapped(gw.sin_addr.s_addr);
		if (re->rt_flags & RTF_GATEWAY)
			rt->rt_scope = RT_SCOPE_UNIVERSE;
	}
	return 0;
}

static int
route4(unsigned long cmd, const void *uarg)
{
	char dev[IFNAMSIZ];
	struct rtentry re;
	struct route rt;
	int error;

	if (!ifioctl_super())
		return EPERM;
	if (copyin(uarg, &re, sizeof(re)) != 0)
		return EFAULT;
	error = device(&re, dev);
	if (error != 0)
		return error;
	rtnl_enter();
	error = read_route4(&re, dev, &rt);
	if (error == 0 && cmd == SIOCDELRT) {
		rt.rt_proto = 0;
		error = route_unrequest(NULL, &rt);
	} else if (error == 0) {
		if ((re.rt_flags & RTF_GATEWAY) && in_isany(&rt.rt_gateway))
			error = EINVAL;
		if (rt.rt_scope == RT_SCOPE_NOWHERE)
			rt.rt_scope = RT_SCOPE_LINK;
		if (error == 0)
			error = route_request(NULL, &rt, NLM_F_CREATE);
	}
	rtnl_exit();
	return error;
}

int
ifioctl_inet(unsigned long cmd, void *uarg)
{
	if (is_get4(cmd) || is_set4(cmd))
		return address4(cmd, uarg);
	switch (cmd) {
	case SIOCSIFFLAGS:
		return alias_flags(uarg);
	case SIOCADDRT:
	case SIOCDELRT:
		return route4(cmd, uarg);
	case SIOCRTMSG:
	case SIOCGIFPFLAGS:
	case SIOCSIFPFLAGS:
		return EINVAL;
	default:
		return ENOTTY;
	}
}

/* --- IPv6 ----------------------------------------------------------------- */

static int
address6(unsigned long cmd, const void *uarg)
{
	struct ifaddr new = { .ia_family = AF_INET6 }, *ia;
	struct in6_ifreq ir;
	struct netif *nif;
	int error = 0;

	if (!ifioctl_super())
		return EPERM;
	if (copyin(uarg, &ir, sizeof(ir)) != 0)
		return EFAULT;
	new.ia_local = new.ia_peer = ir.ifr6_addr;
	new.ia_plen = (uint8_t)ir.ifr6_prefixlen;
	new.ia_flags = IFA_F_PERMANENT;
	new.ia_valid = new.ia_preferred = LIFE_EVER;
	new.ia_scope = (uint8_t)in_scope(&new.ia_local);
	if (ir.ifr6_prefixlen > 128)
		return EINVAL;
	rtnl_enter();
	nif = ifnet_byindex((uint32_t)ir.ifr6_ifindex);
	if (nif == NULL)
		error = ENODEV;
	else if (cmd == SIOCSIFADDR)
		error = ifaddr_add(nif, &new, NULL);
	else {
		ia = nif->if_addrs;
		while (ia != NULL &&
		    (ia->ia_plen != new.ia_plen ||
			memcmp(&ia->ia_local, &new.ia_local, 16) != 0))
			ia = ia->ia_next;
		if (ia == NULL)
			error = EADDRNOTAVAIL;
		else
			ifaddr_remove(nif, ia, NULL);
	}
	rtnl_exit();
	return error;
}

static int
route6(unsigned long cmd, const void *uarg)
{
	struct in6_rtmsg rm;
	struct route rt;
	int error;

	if (!ifioctl_super())
		return EPERM;
	if (copyin(uarg, &rm, sizeof(rm)) != 0)
		return EFAULT;
	if (rm.rtmsg_dst_len > 128 || rm.rtmsg_src_len != 0)
		return EINVAL;
	memset(&rt, 0, sizeof(rt));
	rt.rt_family = AF_INET6;
	rt.rt_table = RT_TABLE_MAIN;
	rt.rt_dst = rm.rtmsg_dst;
	rt.rt_plen = (uint8_t)rm.rtmsg_dst_len;
	rt.rt_metric = rm.rtmsg_metric;
	rt.rt_oif = (uint32_t)rm.rtmsg_ifindex;
	rt.rt_type = rm.rtmsg_flags & RTF_REJECT ? RTN_UNREACHABLE :
						   RTN_UNICAST;
	rt.rt_gateway = rm.rtmsg_gateway;
	rtnl_enter();
	if (cmd == SIOCDELRT)
		error = route_unrequest(NULL, &rt);
	else {
		rt.rt_proto = RTPROT_BOOT;
		error = route_request(NULL, &rt, NLM_F_CREATE);
	}
	rtnl_exit();
	return error;
}

int
ifioctl_inet6(unsigned long cmd, void *uarg)
{
	switch (cmd) {
	case SIOCADDRT:
	case SIOCDELRT:
		return route6(cmd, uarg);
	case SIOCSIFADDR:
	case SIOCDIFADDR:
		return address6(cmd, uarg);
	default:
		return ENOTTY;
	}
}
