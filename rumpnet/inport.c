/* SPDX-License-Identifier: BSD-2-Clause */
/* inport: see inet.h; the ports that sockets have, and the tables by them. */
#include <arpa/inet.h>

#include "rumpkern/klog.h"
#include "rumpnet/conn.h"
#include "rumpnet/ifnet.h"
#include "rumpnet/inport.h"
#include "rumpnet/sockopt.h"

#define PORT_SUPER 1024 /* below: for the superuser only */

static const struct in6_addr no_addr;
static const struct inname no_name;

/* Could a packet be for both of these local addresses? */
static bool
overlap(const struct socket *a, const struct in6_addr *aa,
    const struct socket *b, const struct in6_addr *ba)
{
	bool any_a = in_isany(aa) && !in_isv4(aa);
	bool any_b = in_isany(ba) && !in_isv4(ba);
	int if_a = KREAD(a->so_val[SV_BOUNDIF]);
	int if_b = KREAD(b->so_val[SV_BOUNDIF]);

	if (if_a != 0 && if_b != 0 && if_a != if_b)
		return false;
	/* :: takes IPv4 as well unless the socket is for IPv6 only. */
	if (any_a && !in_isv4(ba))
		return true;
	if (any_b && !in_isv4(aa))
		return true;
	if (any_a)
		return !KREAD(a->so_v6only);
	if (any_b)
		return !KREAD(b->so_v6only);
	if (in_isv4(aa) != in_isv4(ba))
		return false;
	return in_isany(aa) || in_isany(ba) || memcmp(aa, ba, 16) == 0;
}

static bool
may_share(const struct socket *a, const struct socket *b)
{
	if (sock_opt(a, SO_REUSEPORT) && sock_opt(b, SO_REUSEPORT) &&
	    a->so_cred.uid == b->so_cred.uid)
		return true;
	return sock_opt(a, SO_REUSEADDR) && sock_opt(b, SO_REUSEADDR) &&
	    !(KREAD(b->so_state) & SS_LISTENS);
}

uint8_t
inport_reuse(const struct socket *so)
{
	return (sock_opt(so, SO_REUSEADDR) ? 0 : NO_ADDR) |
	    (sock_opt(so, SO_REUSEPORT) ? 0 : NO_PORT);
}

/* ns_conns locked: has a connection the port at this address? */
static bool
live_there(const struct socket *so, const struct in6_addr *addr, uint16_t port,
    uint8_t mine)
{
	const struct socket *s;
	uint32_t i;

	for (i = 0; i < TAB_BUCKETS; i++)
		for (s = net()->ns_conns.tb_bucket[i]; s != NULL;
		     s = s->so_tabnext)
			if (s->so_local.in_port == port && s != so &&
			    !(~(s->so_reuse | mine) & (NO_ADDR | NO_PORT)) &&
			    overlap(so, addr, s, &s->so_local.in_addr))
				return true;
	return false;
}

/* Had one the port there, not long ago? */
static bool
waits_there(const struct portuse *pu, const struct in6_addr *addr, uint8_t mine)
{

	if (KREAD(pu->pu_until) <= inport_now() ||
	    (~(KREAD(pu->pu_waitno) | mine) & (NO_ADDR | NO_PORT)))
		return false;
	return in_isany(addr) || in_isany(&pu->pu_waitaddr) ||
	    memcmp(addr, &pu->pu_waitaddr, 16) == 0;
}

/*
 * ns_conns locked: do connections, there or ended lately, leave the port to
 * this socket?  addr: at that address; NULL: at any.
 */
static bool
port_shared(const struct socket *so, const struct in6_addr *addr, uint16_t port)
{
	const struct portuse *pu = &net()->ns_ports[port];
	uint8_t no = 0, mine = inport_reuse(so);

	if (KREAD(pu->pu_users) == 0 && KREAD(pu->pu_until) == 0)
		return true;
	if (waits_there(pu, addr != NULL ? addr : &no_addr, mine))
		return false;
	if (KREAD(pu->pu_users) == 0)
		return true;
	if (KREAD(pu->pu_noaddr) != 0)
		no |= NO_ADDR;
	if (KREAD(pu->pu_noport) != 0)
		no |= NO_PORT;
	return (~(no | mine) & (NO_ADDR | NO_PORT)) ||
	    (addr != NULL && !live_there(so, addr, port, mine));
}

/* tb_lock held: do those that are bound leave it the port? */
static bool
bound_free(struct socktab *tb, const struct socket *so,
    const struct in6_addr *addr, uint16_t port)
{
	const struct socket *s;

	s = tb->tb_bucket[ntohs(port) % TAB_BUCKETS];
	for (; s != NULL; s = s->so_tabnext)
		if (s->so_local.in_port == port && s != so &&
		    overlap(so, addr, s, &s->so_local.in_addr) &&
		    !may_share(so, s))
			return false;
	return true;
}

/* tb_lock held, of TCP ns_conns too: may the socket have this very port? */
static bool
port_free(struct socktab *tb, const struct socket *so,
    const struct in6_addr *addr, uint16_t port)
{
	if (tb == &net()->ns_bound[IN_TCP] && !port_shared(so, addr, port))
		return false;
	return bound_free(tb, so, addr, port);
}

bool
inport_idle(struct socktab *tb, const struct socket *so,
    const struct in6_addr *addr, uint16_t port)
{
	if (tb == &net()->ns_bound[IN_TCP] && !port_shared(so, NULL, port))
		return false;
	return bound_free(tb, so, addr, port);
}

void
inport_lock(struct socktab *tb)
{
	kmutex_enter(&tb->tb_lock);
	if (tb == &net()->ns_bound[IN_TCP])
		kmutex_enter(&net()->ns_conns.tb_lock);
}

void
inport_unlock(struct socktab *tb)
{
	if (tb == &net()->ns_bound[IN_TCP])
		kmutex_exit(&net()->ns_conns.tb_lock);
	kmutex_exit(&tb->tb_lock);
}

/* Has any connection this port? */
static bool
in_use(const struct socktab *tb, uint16_t port)
{
	return tb == &net()->ns_bound[IN_TCP] &&
	    KREAD(net()->ns_ports[port].pu_users) != 0;
}

uint16_t
inport_pick(struct socktab *tb, const struct socket *so,
    const struct in6_addr *addr)
{
	uint32_t n = PORT_LAST - PORT_FIRST + 1, start, i;
	uint16_t port;

	rumpuser_random(&start, sizeof(start));
	for (i = 0; i < n; i++) {
		port = htons(PORT_FIRST + (start + i) % n);
		if (!in_use(tb, port) && inport_idle(tb, so, addr, port))
			return port;
	}
	return 0;
}

void
inname_set(struct inname *to, const struct inname *from)
{
	const uint64_t *f = (const void *)from;
	uint64_t *t = (void *)to;
	size_t i;

	_Static_assert(sizeof(*to) % 8 == 0, "whole words");
	for (i = 0; i < sizeof(*to) / 8; i++) {
		klog_save(&t[i], 8);
		KSTORE(t[i], f[i]);
	}
}

/* Of one interface: which is to be told. */
static int
check_linklocal(const struct socket *so, const struct inname *in)
{
	uint32_t index = in->in_scope != 0 ?
	    in->in_scope :
	    (uint32_t)KREAD(so->so_val[SV_BOUNDIF]);

	if (index == 0)
		return EINVAL;
	if (!ifnet_exists(index))
		return ENODEV;
	return mcast_isgroup(&in->in_addr) || ifaddr_ison(index, &in->in_addr) ?
	    0 :
	    EADDRNOTAVAIL;
}

/* May a socket have it? */
static int
check_address(const struct socket *so, const struct inname *in)
{
	const struct in6_addr *a = &in->in_addr;

	if (KREAD(so->so_v6only) && in_isv4(a))
		return EINVAL;
	if (!in_isv4(a) && in_islinklocal(a)) {
		return check_linklocal(so, in);
	}
	if (in_isany(a) || in_islocal(a) || in_isbroadcast(a) ||
	    mcast_isgroup(a) || KREAD(so->so_val[SV_FREEBIND]))
		return 0;
	return EADDRNOTAVAIL;
}

int
in_bind(struct socket *so, enum inproto proto, const struct inname *in)
{
	struct socktab *tb = &net()->ns_bound[proto];
	uint16_t port = in->in_port;
	struct conn *cn = NULL;
	int error = 0;

	/* Of IPv6, whether it has one comes before whether that one is. */
	if (so->so_family == AF_INET6 &&
	    ((KREAD(so->so_state) & SS_BOUND) ||
		KREAD(so->so_local.in_port) != 0))
		return EINVAL;
	error = check_address(so, in);
	if (error != 0)
		return error;
	if (port != 0 && ntohs(port) < PORT_SUPER && so->so_cred.uid != 0)
		return EACCES;
	inport_lock(tb);
	kmutex_enter(&so->so_lock);
	if (proto == IN_TCP)
		cn = sock_lockconn(so);
	if ((so->so_state & (SS_BOUND | SS_CLOSED)) ||
	    so->so_local.in_port != 0)
		error = EINVAL;
	else if (port == 0)
		error = (port = inport_pick(tb, so, &in->in_addr)) == 0 ?
		    EADDRINUSE :
		    0;
	else if (!port_free(tb, so, &in->in_addr, port))
		error = EADDRINUSE;
	if (error == 0) {
		KSET(so->so_local.in_port, port);
		KSET(so->so_lost, 0);
		inname_set(&so->so_peer, &no_name);
		KSTORE(so->so_val[SV_PORTGIVEN], in->in_port != 0);
		/* To IPv6, any address of IPv4 is one. */
		if (!in_isany(&in->in_addr) ||
		    (so->so_family == AF_INET6 && in_isv4(&in->in_addr)))
			KSTORE(so->so_val[SV_ADDRGIVEN], 1);
		klog_save(&so->so_local.in_addr.s6_addr[0], 8);
		klog_save(&so->so_local.in_addr.s6_addr[8], 8);
		so->so_local.in_addr = in->in_addr;
		KSET(so->so_state,
		    so->so_state | SS_BOUND |
			(in_isany(&in->in_addr) ? SS_ANYADDR : 0));
		socktab_add(tb, ntohs(port), so);
		klog_commit();
		/* One address of IPv6 is none of IPv4. */
		if (!in_isv4(&in->in_addr) && !in_isany(&in->in_addr))
			KSTORE(so->so_v6only, 1);
		if (!in_isv4(&in->in_addr) && in_islinklocal(&in->in_addr) &&
		    in->in_scope != 0)
			KSTORE(so->so_val[SV_BOUNDIF], (int)in->in_scope);
	}
	/* An address that it had kept without a port goes with the try. */
	if (error == EADDRINUSE && !(so->so_state & SS_BOUND)) {
		klog_save(&so->so_local.in_addr.s6_addr[0], 8);
		klog_save(&so->so_local.in_addr.s6_addr[8], 8);
		memset(&so->so_local.in_addr, 0, sizeof(struct in6_addr));
		if (so->so_family == AF_INET)
			so->so_local.in_addr = in_any4();
		klog_commit();
	}
	if (cn != NULL)
		kmutex_exit(&cn->cn_lock);
	kmutex_exit(&so->so_lock);
	inport_unlock(tb);
	return error;
}

int
in_maylisten(struct socket *so)
{
	struct socktab *tb = &net()->ns_bound[IN_TCP];
	bool may;

	inport_lock(tb);
	may = port_free(tb, so, &so->so_local.in_addr, so->so_local.in_port);
	inport_unlock(tb);
	return may ? 0 : EADDRINUSE;
}
