/* SPDX-License-Identifier: BSD-2-Clause */
/* inport: see inet.h; the ports that sockets have, and the tables by them. */
#include <arpa/inet.h>

#include "rumpkern/klog.h"
#include "rumpnet/conn.h"
#include "rumpnet/ifnet.h"
#include "rumpnet/inet.h"
#include "rumpnet/sockopt.h"

#define PORT_SUPER 1024 /* below: for the superuser only */
#define TIMEWAIT   60   /* s */

/* so_reuse, pu_waitno */
#define NO_ADDR 1 /* without SO_REUSEADDR */
#define NO_PORT 2 /* without SO_REUSEPORT */

static const struct in6_addr no_addr;

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

static uint8_t
reuse_of(const struct socket *so)
{
	return (sock_opt(so, SO_REUSEADDR) ? 0 : NO_ADDR) |
	    (sock_opt(so, SO_REUSEPORT) ? 0 : NO_PORT);
}

static uint32_t
seconds(void)
{
	return (uint32_t)(rumpuser_monotonic() / 1000000000);
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

	if (KREAD(pu->pu_until) <= seconds() ||
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
	uint8_t no = 0, mine = reuse_of(so);

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

/* And one of many? */
static bool
port_idle(struct socktab *tb, const struct socket *so,
    const struct in6_addr *addr, uint16_t port)
{
	if (tb == &net()->ns_bound[IN_TCP] && !port_shared(so, NULL, port))
		return false;
	return bound_free(tb, so, addr, port);
}

/* The tables that a socket's port is looked up in. */
static void
lock_ports(struct socktab *tb)
{
	kmutex_enter(&tb->tb_lock);
	if (tb == &net()->ns_bound[IN_TCP])
		kmutex_enter(&net()->ns_conns.tb_lock);
}

static void
unlock_ports(struct socktab *tb)
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

/* tb_lock held: a free port, in network order; 0: none. */
static uint16_t
pick_port(struct socktab *tb, const struct socket *so,
    const struct in6_addr *addr)
{
	uint32_t n = PORT_LAST - PORT_FIRST + 1, start, i;
	uint16_t port;

	rumpuser_random(&start, sizeof(start));
	for (i = 0; i < n; i++) {
		port = htons(PORT_FIRST + (start + i) % n);
		if (!in_use(tb, port) && port_idle(tb, so, addr, port))
			return port;
	}
	return 0;
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
	    ((KREAD(so->so_state) & (SS_BOUND | SS_CONNECTED)) ||
		KREAD(so->so_local.in_port) != 0))
		return EINVAL;
	error = check_address(so, in);
	if (error != 0)
		return error;
	if (port != 0 && ntohs(port) < PORT_SUPER && so->so_cred.uid != 0)
		return EACCES;
	lock_ports(tb);
	kmutex_enter(&so->so_lock);
	if (proto == IN_TCP)
		cn = sock_lockconn(so);
	if ((so->so_state & (SS_BOUND | SS_CLOSED)) ||
	    so->so_local.in_port != 0)
		error = EINVAL;
	else if (port == 0)
		error = (port = pick_port(tb, so, &in->in_addr)) == 0 ?
		    EADDRINUSE :
		    0;
	else if (!port_free(tb, so, &in->in_addr, port))
		error = EADDRINUSE;
	if (error == 0) {
		KSET(so->so_local.in_port, port);
		KSTORE(so->so_val[SV_PORTGIVEN], in->in_port != 0);
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
	if (error == EADDRINUSE &&
	    !(so->so_state & (SS_BOUND | SS_CONNECTED))) {
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
	unlock_ports(tb);
	return error;
}

int
in_maylisten(struct socket *so)
{
	struct socktab *tb = &net()->ns_bound[IN_TCP];
	bool may;

	lock_ports(tb);
	may = port_free(tb, so, &so->so_local.in_addr, so->so_local.in_port);
	unlock_ports(tb);
	return may ? 0 : EADDRINUSE;
}

uint32_t
in_hash(const struct inname *a, const struct inname *b)
{
	const uint32_t *x = a->in_addr.s6_addr32, *y = b->in_addr.s6_addr32;
	uint32_t h = (uint32_t)a->in_port << 16 | b->in_port;
	int i;

	for (i = 0; i < 4; i++)
		h = (h ^ x[i] ^ (y[i] << 7 | y[i] >> 25)) * 0x9e3779b1;
	return h ^ h >> 15;
}

/* ns_conns locked: is there a connection with these ends? */
static bool
conn_exists(const struct inname *local, const struct inname *peer)
{
	const struct socket *s =
	    net()->ns_conns.tb_bucket[in_hash(local, peer) % TAB_BUCKETS];

	for (; s != NULL; s = s->so_tabnext)
		if (inname_same(&s->so_local, local) &&
		    inname_same(&s->so_peer, peer))
			return true;
	return false;
}

static void
set_name(struct inname *to, const struct inname *from)
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

/* Both tables locked: a port for this connection, from the given address. */
static int
local_port(struct socket *so, struct inname *local, const struct inname *to)
{
	uint32_t n = PORT_LAST - PORT_FIRST + 1, start, i;

	if (so->so_local.in_port != 0) {
		local->in_port = so->so_local.in_port;
		return conn_exists(local, to) ? EADDRNOTAVAIL : 0;
	}
	local->in_port = pick_port(&net()->ns_bound[IN_TCP], so,
	    &local->in_addr);
	if (local->in_port != 0)
		return 0;
	/* All are in use: but not all with that other end. */
	rumpuser_random(&start, sizeof(start));
	for (i = 0; i < n; i++) {
		local->in_port = htons(PORT_FIRST + (start + i) % n);
		if (port_idle(&net()->ns_bound[IN_TCP], so, &local->in_addr,
			local->in_port) &&
		    !conn_exists(local, to))
			return 0;
	}
	return EADDRNOTAVAIL;
}

/* Logged: a connection has, or leaves, its local port. */
static void
count_port(struct socket *so, bool add)
{
	struct portuse *pu = &net()->ns_ports[so->so_local.in_port];
	uint8_t no = add ? reuse_of(so) : so->so_reuse;
	uint32_t n = add ? 1 : -1U;

	KSET(pu->pu_users, pu->pu_users + n);
	if (no & NO_ADDR)
		KSET(pu->pu_noaddr, pu->pu_noaddr + n);
	if (no & NO_PORT)
		KSET(pu->pu_noport, pu->pu_noport + n);
	KSET(so->so_reuse, no);
}

static void
enter_conn(struct socket *so, const struct inname *local,
    const struct inname *peer)
{
	struct net_state *ns = net();

	set_name(&so->so_local, local);
	set_name(&so->so_peer, peer);
	socktab_add(&ns->ns_conns, in_hash(local, peer), so);
	count_port(so, true);
}

void
in_timewait(const struct socket *so)
{
	struct portuse *pu = &net()->ns_ports[so->so_local.in_port];
	struct kmutex *lock = &net()->ns_conns.tb_lock;
	uint32_t now = seconds();
	bool more;

	kmutex_enter(lock);
	more = KREAD(pu->pu_until) > now;
	KSTORE(pu->pu_waitno, (more ? pu->pu_waitno : 0) | reuse_of(so));
	/* Of several addresses: at any. */
	if (!more)
		pu->pu_waitaddr = so->so_local.in_addr;
	else if (memcmp(&pu->pu_waitaddr, &so->so_local.in_addr, 16) != 0)
		pu->pu_waitaddr = no_addr;
	KSTORE(pu->pu_until, now + TIMEWAIT);
	kmutex_exit(lock);
}

int
in_connect(struct socket *client, struct socket *server,
    const struct inname *to)
{
	struct net_state *ns = net();
	struct inname local = { .in_port = 0 };
	int error;

	kmutex_enter(&ns->ns_bound[IN_TCP].tb_lock);
	kmutex_enter(&ns->ns_conns.tb_lock);
	local.in_addr = client->so_local.in_addr;
	if (in_isany(&local.in_addr))
		local.in_addr = in_sourcevia(client, to);
	local.in_scope = to->in_scope;
	error = local_port(client, &local, to);
	kmutex_enter(&client->so_lock);
	if (error == 0) {
		socktab_remove(client);
		enter_conn(client, &local, to);
		if (server != client)
			enter_conn(server, to, &local);
		klog_commit();
	}
	kmutex_exit(&client->so_lock);
	kmutex_exit(&ns->ns_conns.tb_lock);
	kmutex_exit(&ns->ns_bound[IN_TCP].tb_lock);
	return error;
}

/* Logged: as bind left it. */
static void
forget_names(struct socket *so)
{
	struct inname local = so->so_local, none = { .in_port = 0 };
	uint32_t state = so->so_state & ~SS_CONNECTED;

	if (!(state & SS_BOUND))
		local = none;
	if (so->so_family == AF_INET)
		none.in_addr = in_any4();
	if (!(state & SS_BOUND) || (state & SS_ANYADDR))
		local.in_addr = none.in_addr;
	set_name(&so->so_local, &local);
	set_name(&so->so_peer, &none);
}

void
in_unconnect(struct socket *so)
{
	struct net_state *ns = net();
	struct socktab *tb = &ns->ns_bound[IN_TCP];

	kmutex_enter(&tb->tb_lock);
	kmutex_enter(&ns->ns_conns.tb_lock);
	kmutex_enter(&so->so_lock);
	if (so->so_tab == &ns->ns_conns) {
		socktab_remove(so);
		count_port(so, false);
		forget_names(so);
		if (so->so_state & SS_BOUND)
			socktab_add(tb, ntohs(so->so_local.in_port), so);
		klog_commit();
	}
	kmutex_exit(&so->so_lock);
	kmutex_exit(&ns->ns_conns.tb_lock);
	kmutex_exit(&tb->tb_lock);
}

void
in_setpeer(struct socket *so, enum inproto proto, const struct inname *to)
{
	struct socktab *tb = &net()->ns_bound[proto];
	struct inname local;

	kmutex_enter(&tb->tb_lock);
	kmutex_enter(&so->so_lock);
	local = so->so_local;
	/* It keeps the one of its first connect(). */
	if (in_isany(&local.in_addr))
		local.in_addr = in_sourcevia(so, to);
	if (in_islinklocal(&local.in_addr))
		local.in_scope = to->in_scope;
	set_name(&so->so_local, &local);
	set_name(&so->so_peer, to);
	KSET(so->so_state, so->so_state | SS_CONNECTED);
	klog_commit();
	kmutex_exit(&so->so_lock);
	kmutex_exit(&tb->tb_lock);
}

/* Locks held: a port that the program has not asked for goes. */
static void
drop_port(struct socket *so)
{
	if (!(so->so_state & SS_BOUND) || KREAD(so->so_val[SV_PORTGIVEN]) != 0)
		return;
	socktab_remove(so);
	KSET(so->so_local.in_port, 0);
	KSET(so->so_state, so->so_state & ~(SS_BOUND | SS_ANYADDR));
	klog_commit();
}

void
in_dropport(struct socket *so, enum inproto proto)
{
	struct socktab *tb = &net()->ns_bound[proto];
	struct conn *cn = NULL;

	kmutex_enter(&tb->tb_lock);
	kmutex_enter(&so->so_lock);
	if (proto == IN_TCP)
		cn = sock_lockconn(so);
	drop_port(so);
	if (cn != NULL)
		kmutex_exit(&cn->cn_lock);
	kmutex_exit(&so->so_lock);
	kmutex_exit(&tb->tb_lock);
}

void
in_disconnect(struct socket *so, enum inproto proto)
{
	struct socktab *tb = &net()->ns_bound[proto];

	kmutex_enter(&tb->tb_lock);
	kmutex_enter(&so->so_lock);
	if (so->so_state & SS_CONNECTED) {
		if (!(so->so_state & SS_BOUND))
			socktab_remove(so);
		forget_names(so);
		KSET(so->so_state, so->so_state & ~SS_CONNECTED);
		klog_commit();
	}
	if (proto == IN_UDP)
		drop_port(so);
	kmutex_exit(&so->so_lock);
	kmutex_exit(&tb->tb_lock);
}

/* The table may change until its lock is held. */
void
in_unbind(struct socket *so)
{
	struct net_state *ns = net();
	struct socktab *tb;

	while ((tb = KREAD(so->so_tab)) != NULL) {
		kmutex_enter(&tb->tb_lock);
		if (so->so_tab == tb) {
			socktab_remove(so);
			if (tb == &ns->ns_conns)
				count_port(so, false);
			klog_commit();
		}
		kmutex_exit(&tb->tb_lock);
	}
}
