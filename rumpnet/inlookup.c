/* SPDX-License-Identifier: BSD-2-Clause */
/* inlookup: see inet.h; the sockets that are found by an address. */
#include <arpa/inet.h>

#include "rumpnet/inet.h"
#include "rumpnet/sockopt.h"

/* How well does a listener fit?  0: not at all. */
static int
fit(const struct socket *so, const struct inname *to)
{
	const struct in6_addr *a = &so->so_local.in_addr;

	if (so->so_local.in_port != to->in_port ||
	    !(KREAD(so->so_state) & SS_LISTENS) || !in_hears(so, to))
		return 0;
	if (memcmp(a, &to->in_addr, 16) == 0)
		return 3;
	if (in_isv4(a))
		return in_isany(a) && in_isv4(&to->in_addr) ? 2 : 0;
	if (!in_isany(a))
		return 0;
	return !in_isv4(&to->in_addr) || !KREAD(so->so_v6only) ? 1 : 0;
}

struct socket *
in_listener(const struct inname *to)
{
	struct socktab *tb = &net()->ns_bound[IN_TCP];
	struct socket *so, *best = NULL;
	uint32_t n = 0, pick;
	int how = 0, f;

	kmutex_enter(&tb->tb_lock);
	so = tb->tb_bucket[ntohs(to->in_port) % TAB_BUCKETS];
	for (; so != NULL; so = so->so_tabnext) {
		f = fit(so, to);
		if (f == 0 || f < how)
			continue;
		n = f > how ? 1 : n + 1;
		how = f;
		/* Those that share a port get an equal part each. */
		rumpuser_random(&pick, sizeof(pick));
		if (n == 1 || pick % n == 0)
			best = so;
	}
	if (best != NULL)
		sock_hold(best);
	kmutex_exit(&tb->tb_lock);
	return best;
}

/* How well does a datagram fit?  0: not at all. */
static int
fit_datagram(const struct socket *so, const struct inname *from,
    const struct inname *to)
{
	const struct in6_addr *a = &so->so_local.in_addr;
	bool v4 = in_isv4(&to->in_addr);
	int how;

	if (so->so_local.in_port != to->in_port || !in_hears(so, to))
		return 0;
	if (memcmp(a, &to->in_addr, 16) == 0)
		how = 3;
	else if (!in_isany(a))
		return 0;
	else if (in_isv4(a))
		how = v4 ? 2 : 0;
	else
		how = !v4 || !KREAD(so->so_v6only) ? 1 : 0;
	if (how != 0 && (KREAD(so->so_state) & SS_CONNECTED))
		return inname_same(&so->so_peer, from) ? how + 4 : 0;
	return how;
}

struct socket *
in_receiver(const struct inname *from, const struct inname *to)
{
	struct socktab *tb = &net()->ns_bound[IN_UDP];
	struct socket *so, *best = NULL;
	uint32_t n = 0, pick = in_hash(from, to);
	int how = 0, f;

	so = tb->tb_bucket[ntohs(to->in_port) % TAB_BUCKETS];
	for (; so != NULL; so = so->so_tabnext) {
		f = fit_datagram(so, from, to);
		if (f == 0 || f < how)
			continue;
		if (f > how) {
			best = so;
			how = f;
			n = 1;
		} else if (sock_opt(so, SO_REUSEPORT) &&
		    sock_opt(best, SO_REUSEPORT)) {
			/* A part of the senders each. */
			n++;
			pick = pick * 0x9e3779b1 + n;
			if ((pick >> 8) % n == 0)
				best = so;
		}
	}
	return best;
}

/* Has anybody joined it who has that port? */
static bool
joined(const struct inname *to)
{
	const struct socket *so =
	    net()->ns_bound[IN_UDP].tb_bucket[ntohs(to->in_port) % TAB_BUCKETS];

	for (; so != NULL; so = so->so_tabnext)
		if (mcast_member(so, &to->in_addr, to->in_scope))
			return true;
	return false;
}

struct socket *
in_nextreceiver(struct socket *so, const struct inname *from,
    const struct inname *to)
{
	bool v4 = in_isv4(&to->in_addr);

	if (so == NULL)
		so = net()
			 ->ns_bound[IN_UDP]
			 .tb_bucket[ntohs(to->in_port) % TAB_BUCKETS];
	else
		so = so->so_tabnext;
	for (; so != NULL; so = so->so_tabnext) {
		if (fit_datagram(so, from, to) == 0)
			continue;
		if (!mcast_isgroup(&to->in_addr) ||
		    mcast_member(so, &to->in_addr, to->in_scope))
			return so;
		if (sockopt_int(so, v4 ? IPPROTO_IP : IPPROTO_IPV6,
			v4 ? IP_MULTICAST_ALL : IPV6_MULTICAST_ALL) &&
		    joined(to))
			return so;
	}
	return NULL;
}
