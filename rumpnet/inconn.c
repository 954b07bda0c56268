/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inconn: see inet.h; the names of both ends of connections, and what becomes
 * of them and of their ports when connections end.
 */
#include <arpa/inet.h>

#include "rumpkern/klog.h"
#include "rumpnet/conn.h"
#include "rumpnet/inport.h"
#include "rumpnet/sockopt.h"

#define TIMEWAIT 60 /* s */

static const struct in6_addr no_addr;

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

/* Both tables locked: a port for this connection, from the given address. */
static int
local_port(struct socket *so, struct inname *local, const struct inname *to)
{
	uint32_t n = PORT_LAST - PORT_FIRST + 1, start, i;

	if (so->so_local.in_port != 0) {
		local->in_port = so->so_local.in_port;
		return conn_exists(local, to) ? EADDRNOTAVAIL : 0;
	}
	local->in_port = inport_pick(&net()->ns_bound[IN_TCP], so,
	    &local->in_addr);
	if (local->in_port != 0)
		return 0;
	/* All are in use: but not all with that other end. */
	rumpuser_random(&start, sizeof(start));
	for (i = 0; i < n; i++) {
		local->in_port = htons(PORT_FIRST + (start + i) % n);
		if (inport_idle(&net()->ns_bound[IN_TCP], so, &local->in_addr,
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
	uint8_t no = add ? inport_reuse(so) : so->so_reuse;
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

	inname_set(&so->so_local, local);
	inname_set(&so->so_peer, peer);
	socktab_add(&ns->ns_conns, in_hash(local, peer), so);
	count_port(so, true);
}

/* ns_conns locked. */
static void
wait_port(const struct socket *so)
{
	struct portuse *pu = &net()->ns_ports[so->so_local.in_port];
	uint32_t now = inport_now();
	bool more = KREAD(pu->pu_until) > now;

	KSTORE(pu->pu_waits, (more ? pu->pu_waits : 0) + 1);
	KSTORE(pu->pu_waitno, (more ? pu->pu_waitno : 0) | inport_reuse(so));
	/* Of several addresses: at any. */
	if (!more)
		pu->pu_waitaddr = so->so_local.in_addr;
	else if (memcmp(&pu->pu_waitaddr, &so->so_local.in_addr, 16) != 0)
		pu->pu_waitaddr = no_addr;
	KSTORE(pu->pu_until, now + TIMEWAIT);
}

void
in_timewait(const struct socket *so)
{
	struct socktab *tb = &net()->ns_conns;

	kmutex_enter(&tb->tb_lock);
	if (so->so_tab == tb)
		wait_port(so);
	kmutex_exit(&tb->tb_lock);
}

void
in_unwait(const struct socket *so)
{
	struct socktab *tb = &net()->ns_conns;
	uint16_t port = KREAD(so->so_peer.in_port);
	struct portuse *pu = &net()->ns_ports[port];

	kmutex_enter(&tb->tb_lock);
	if (KREAD(pu->pu_until) > inport_now() && pu->pu_waits != 0) {
		KSTORE(pu->pu_waits, pu->pu_waits - 1);
		if (pu->pu_waits == 0)
			KSTORE(pu->pu_until, 0);
	}
	kmutex_exit(&tb->tb_lock);
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

/* Logged: the port is others' now; a TCP socket still tells it. */
static void
lose_port(struct socket *so)
{
	if (so->so_local.in_port == 0)
		return;
	if (so->so_kind == SOCK_TCP)
		KSET(so->so_lost, so->so_local.in_port);
	KSET(so->so_local.in_port, 0);
}

/* Logged: as bind left it, which so_lock keeps as it is. */
static void
forget_names(struct socket *so)
{
	struct inname local, none = { .in_port = 0 };
	uint32_t state = KREAD(so->so_state);

	if (so->so_family == AF_INET)
		none.in_addr = in_any4();
	if (!(state & SS_BOUND))
		lose_port(so);
	local = so->so_local;
	if (KREAD(so->so_val[SV_ADDRGIVEN]) == 0 &&
	    (!(state & SS_BOUND) || (state & SS_ANYADDR))) {
		local = none;
		local.in_port = so->so_local.in_port;
	}
	inname_set(&so->so_local, &local);
	inname_set(&so->so_peer, &none);
}

/* Logged: so_lock and its connection's are held, and both tables. */
static void
leave_conns(struct socket *so)
{
	socktab_remove(so);
	count_port(so, false);
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
		leave_conns(so);
		if (KREAD(so->so_state) & SS_BOUND)
			socktab_add(tb, ntohs(so->so_local.in_port), so);
	}
	forget_names(so);
	klog_commit();
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
	inname_set(&so->so_local, &local);
	inname_set(&so->so_peer, to);
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
	if (so->so_tab != NULL)
		socktab_remove(so);
	lose_port(so);
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

/* Both tables locked: the connection of a socket in ns_conns is over. */
static void
end_conn(struct socket *so, uint8_t first)
{
	struct socktab *tb = &net()->ns_bound[IN_TCP];
	struct conn *cn;

	if (so->so_side + 1 == first)
		wait_port(so);
	kmutex_enter(&so->so_lock);
	cn = sock_lockconn(so);
	leave_conns(so);
	if ((so->so_state & SS_BOUND) && KREAD(so->so_val[SV_PORTGIVEN]) != 0)
		socktab_add(tb, ntohs(so->so_local.in_port), so);
	else {
		lose_port(so);
		KSET(so->so_state, so->so_state & ~(SS_BOUND | SS_ANYADDR));
	}
	klog_commit();
	kmutex_exit(&cn->cn_lock);
	kmutex_exit(&so->so_lock);
}

/* ns_conns locked: the other end of its connection. */
static struct socket *
find_mate(const struct socket *so)
{
	uint32_t hash = in_hash(&so->so_peer, &so->so_local);
	struct socket *s = net()->ns_conns.tb_bucket[hash % TAB_BUCKETS];

	while (s != NULL && (s == so || s->so_conn != so->so_conn))
		s = s->so_tabnext;
	return s;
}

void
in_over(struct socket *so, uint8_t first)
{
	struct socktab *tb = &net()->ns_bound[IN_TCP];
	struct socktab *conns = &net()->ns_conns;
	struct socket *mate;

	kmutex_enter(&tb->tb_lock);
	kmutex_enter(&conns->tb_lock);
	if (so->so_tab == conns) {
		mate = find_mate(so);
		if (mate != NULL)
			end_conn(mate, first);
		end_conn(so, first);
	}
	kmutex_exit(&conns->tb_lock);
	kmutex_exit(&tb->tb_lock);
}

void
in_refused(struct socket *so, const struct inname *to)
{
	struct socktab *tb = &net()->ns_bound[IN_TCP];
	struct inname local;
	struct conn *cn;

	inport_lock(tb);
	kmutex_enter(&so->so_lock);
	cn = sock_lockconn(so);
	drop_port(so);
	local = so->so_local;
	if (in_isany(&local.in_addr))
		local.in_addr = in_sourcevia(so, to);
	if (local.in_port == 0)
		KSET(so->so_lost, inport_pick(tb, so, &local.in_addr));
	inname_set(&so->so_local, &local);
	inname_set(&so->so_peer, to);
	klog_commit();
	kmutex_exit(&cn->cn_lock);
	kmutex_exit(&so->so_lock);
	inport_unlock(tb);
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
