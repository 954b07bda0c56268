/* SPDX-License-Identifier: BSD-2-Clause */
/* mcast: the multicast groups a socket has joined. */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/inet.h"
#include "rumpnet/route.h"
#include "rumpnet/sockopt.h"

#define GROUPS_MAX 20 /* Linux's net.ipv4.igmp_max_memberships */

struct groups {
	uint32_t gr_n;
	struct group {
		struct in6_addr g_addr;
		uint32_t g_ifindex;
	} gr_group[GROUPS_MAX];
};

bool
mcast_isgroup(const struct in6_addr *a)
{
	return in_isv4(a) ? (a->s6_addr[12] & 0xf0) == 0xe0 :
			    a->s6_addr[0] == 0xff;
}

/* so_lock held; -1: it is not a member. */
static int
find(const struct groups *gr, const struct in6_addr *a, uint32_t ifindex)
{
	uint32_t i;

	for (i = 0; gr != NULL && i < KREAD(gr->gr_n); i++)
		if (memcmp(&gr->gr_group[i].g_addr, a, 16) == 0 &&
		    gr->gr_group[i].g_ifindex == ifindex)
			return (int)i;
	return -1;
}

bool
mcast_member(const struct socket *so, const struct in6_addr *a,
    uint32_t ifindex)
{
	return find(KREAD(so->so_groups), a, ifindex) >= 0;
}

uint32_t
mcast_interface(const struct socket *so, const struct inname *to)
{
	bool v4 = in_isv4(&to->in_addr);
	int index = KREAD(so->so_val[v4 ? SV_MCIF : SV_6MCIF]);
	struct rtanswer ra;

	if (!v4 && to->in_scope != 0)
		return to->in_scope;
	if (index == 0)
		index = KREAD(so->so_val[SV_BOUNDIF]);
	if (index != 0)
		return (uint32_t)index;
	if (route_lookup(&to->in_addr, 0, NULL, &ra) == 0 &&
	    ra.ra_route.rt_oif != 0)
		return ra.ra_route.rt_oif;
	return LO_INDEX;
}

/* The table of the socket's groups. */
static int
need_groups(struct socket *so)
{
	struct groups *gr;

	if (KREAD(so->so_groups) != NULL)
		return 0;
	gr = kmem_alloc(sizeof(*gr));
	if (gr == NULL)
		return ENOBUFS;
	kmutex_enter(&so->so_lock);
	if (so->so_groups != NULL) {
		kmutex_exit(&so->so_lock);
		kmem_free(gr);
		return 0;
	}
	KSET(so->so_groups, gr);
	khand_drop(gr);
	klog_commit();
	kmutex_exit(&so->so_lock);
	return 0;
}

int
mcast_join(struct socket *so, const struct in6_addr *a, uint32_t ifindex)
{
	struct groups *gr;
	int error;

	error = need_groups(so);
	if (error != 0)
		return error;
	kmutex_enter(&so->so_lock);
	gr = so->so_groups;
	if (find(gr, a, ifindex) >= 0)
		error = EADDRINUSE;
	else if (gr->gr_n == GROUPS_MAX)
		error = ENOBUFS;
	else {
		/* Not counted yet: needs no log. */
		gr->gr_group[gr->gr_n].g_addr = *a;
		gr->gr_group[gr->gr_n].g_ifindex = ifindex;
		KSET(gr->gr_n, gr->gr_n + 1);
		klog_commit();
	}
	kmutex_exit(&so->so_lock);
	return error;
}

int
mcast_leave(struct socket *so, const struct in6_addr *a, uint32_t ifindex)
{
	struct groups *gr;
	struct group *g, *last;
	size_t i;
	int at;

	kmutex_enter(&so->so_lock);
	gr = so->so_groups;
	at = find(gr, a, ifindex);
	if (at >= 0) {
		g = &gr->gr_group[at];
		last = &gr->gr_group[gr->gr_n - 1];
		for (i = 0; i < sizeof(*g) / 4; i++)
			KSET(((uint32_t *)g)[i], ((uint32_t *)last)[i]);
		KSET(gr->gr_n, gr->gr_n - 1);
		klog_commit();
	}
	kmutex_exit(&so->so_lock);
	return at >= 0 ? 0 : EADDRNOTAVAIL;
}
