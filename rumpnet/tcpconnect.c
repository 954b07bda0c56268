/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcpconnect: connect(2) of TCP: to a listener, to itself, and to nowhere.
 *
 * To connect puts the server's socket into the listener's queue at once.  If
 * that is full the connection is held up; see tcphold.c.
 */
#include <netinet/tcp.h>

#include "rumpkern/klog.h"
#include "rumpkern/waitq.h"
#include "rumpnet/conn.h"
#include "rumpnet/inet.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/protos.h"
#include "rumpnet/sockopt.h"
#include "rumpnet/sockstream.h"
#include "rumpnet/tcp.h"

#define PATIENCE 10000 /* looks at a queue that gets empty */

void
tcp_change(struct socket *so, uint32_t add, uint32_t drop)
{
	struct conn *cn = sock_lockconn(so);

	KSET(so->so_state, (so->so_state & ~drop) | add);
	klog_commit();
	kmutex_exit(&cn->cn_lock);
}

/*
 * Both locks, once those are gone that still wait to accept: their queue gets
 * another lock.  (One that is dead may stay.)
 */
static void
lock_to_renew(struct socket *so, struct conn *old, struct conn *cn)
{
	int i;

	for (i = 0;; i++) {
		kmutex_enter(&old->cn_lock);
		if ((so->so_qwait.wq_head == NULL || i > PATIENCE) &&
		    tcp_lock_second(old, cn))
			return;
		kwakeup(&so->so_qwait);
		kmutex_exit(&old->cn_lock);
		rumpuser_yield();
	}
}

/* The connection of before is over; the socket gets a fresh one. */
static int
renew(struct socket *so)
{
	struct conn *old = sock_conn(so), *cn = conn_create();

	if (cn == NULL)
		return ENOBUFS;
	cn->cn_tcp = 1;
	cn->cn_sock[so->so_side] = so;
	lock_to_renew(so, old, cn);
	/* Another thread was faster. */
	if (so->so_conn != old) {
		kmutex_exit(&cn->cn_lock);
		kmutex_exit(&old->cn_lock);
		conn_rele(cn);
		return 0;
	}
	KSET(cn->cn_old, old);
	KSET(old->cn_sock[so->so_side], NULL);
	KSET(so->so_conn, cn);
	KSET(so->so_state,
	    so->so_state &
		~(SS_CONNECTED | SS_CONNECTING | SS_REFUSED | SS_NEW));
	khand_drop(cn);
	klog_commit();
	waitq_move(&old->cn_poll[so->so_side], &cn->cn_poll[so->so_side],
	    &cn->cn_lock);
	kwakeup(&cn->cn_poll[so->so_side]);
	atomic_store(&cn->cn_in[so->so_side].st_want, WANT_DATA);
	kmutex_exit(&cn->cn_lock);
	conn_wake_all(old);
	kmutex_exit(&old->cn_lock);
	sockopt_apply(so);
	return 0;
}

void
tcp_settle(struct socket *so)
{
	struct conn *cn = sock_conn(so);

	if (!tcp_isconnected(so) || tcp_state(so) != TCP_CLOSE)
		return;
	if (KREAD(cn->cn_first) == CONN_RESET &&
	    KREAD(cn->cn_was) == 1 + !so->so_side &&
	    KREAD(cn->cn_sock[!so->so_side]) == NULL &&
	    KREAD(so->so_tab) == &net()->ns_conns)
		in_unwait(so);
	in_over(so, KREAD(cn->cn_first));
}

int
tcp_disconnect(struct socket *so)
{
	uint32_t state = KREAD(so->so_state);
	bool over = tcp_state(so) == TCP_CLOSE;
	int told;

	if (state & SS_LISTENS)
		sockstream_unlisten(so);
	if (state & SS_REFUSED)
		tcp_change(so, 0, SS_REFUSED | SS_CONNECTING);
	if (!(state & SS_CONNECTED)) {
		if (state & SS_LISTENS)
			in_dropport(so, IN_TCP);
		in_unconnect(so);
		return 0;
	}
	/* What nobody was told of the old one stays to be told. */
	told = conn_takeerror(sock_conn(so), so->so_side);
	if (!over && tcp_state(so) != TCP_SYN_SENT)
		told = ECONNRESET;
	if (told != 0)
		atomic_store(&so->so_error, told);
	conn_close(sock_conn(so), so->so_side, true);
	tcp_settle(so);
	in_unconnect(so);
	if (!over)
		in_dropport(so, IN_TCP);
	return renew(so);
}

/* A connect() that was begun: how has it gone? */
static int
finish(struct socket *so, bool nonblock)
{
	struct conn *cn = sock_conn(so);
	int error, told;

	if (conntcp_holds(cn)) {
		if (nonblock)
			return EALREADY;
		error = tcphold_await(so);
		if (error != 0)
			return error;
	}
	told = atomic_exchange(&so->so_error, 0);
	if (!(KREAD(so->so_state) & SS_REFUSED)) {
		if (!cn->cn_hold && tcp_state(so) != TCP_CLOSE) {
			tcp_change(so, 0, SS_CONNECTING);
			return 0;
		}
		told = conn_takeerror(cn, so->so_side);
	}
	error = tcp_disconnect(so);
	if (error != 0)
		return error;
	return told != 0 ? told : ECONNABORTED;
}

/* The socket's own address: it meets itself. */
static bool
is_self(struct socket *so, const struct inname *to)
{
	struct inname own = tcp_name(so, false);
	struct in6_addr source;

	if (!(KREAD(so->so_state) & SS_BOUND) || own.in_port != to->in_port)
		return false;
	source = in_isany(&own.in_addr) ? in_sourcevia(so, to) : own.in_addr;
	return memcmp(&source, &to->in_addr, 16) == 0;
}

static int
connect_self(struct socket *so, const struct inname *to)
{
	struct conn *cn = sock_conn(so);
	int error;

	cn->cn_self = 1;
	error = in_connect(so, so, to);
	if (error != 0) {
		cn->cn_self = 0;
		return error;
	}
	tcp_change(so, SS_CONNECTED, 0);
	atomic_store(&cn->cn_open, 1);
	return 0;
}

/*
 * To an address that is not here: nobody hears of it.  It is as if there were
 * no room at a listener, for ever.
 */
static int
connect_away(struct socket *so, const struct inname *to)
{
	struct conn *cn;
	int error;

	error = in_connect(so, so, to);
	if (error != 0)
		return error;
	cn = sock_lockconn(so);
	atomic_store(&cn->cn_hold, 1 + so->so_side);
	conn_resize(&cn->cn_in[0], true);
	conn_resize(&cn->cn_in[1], true);
	KSET(so->so_state, so->so_state | SS_CONNECTED);
	klog_commit();
	atomic_store(&cn->cn_open, 1);
	kmutex_exit(&cn->cn_lock);
	return 0;
}

/*
 * What a server's socket has of its own: to groups it sends the way, and with
 * the TTL, that its client's packets come.
 */
static void
adopt(struct socket *server, const struct socket *client,
    const struct inname *to)
{
	int32_t *v = server->so_val;

	v[SV_PRIORITY] = 0;
	v[SV_PORTGIVEN] = 0;
	v[SV_6MCIF] = (int32_t)to->in_scope;
	if (in_isv4(&to->in_addr)) {
		v[SV_MCTTL] = KREAD(client->so_val[SV_TTL]) + TTL_DEFAULT - 1;
		v[SV_6MCHOPS] = v[SV_MCTTL];
	} else
		v[SV_6MCHOPS] = KREAD(client->so_val[SV_6HOPS]) + TTL_DEFAULT -
		    1;
}

/* To an address and port where somebody listens. */
static int
connect_to(struct socket *so, struct socket *ls, const struct inname *to)
{
	struct socket *server;
	int error;

	error = sock_spawn(ls, so, &server);
	if (error != 0)
		return error;
	adopt(server, so, to);
	if (unlikely(server->so_val[SV_BUFSET] != 0 ||
		KREAD(server->so_lowat) != 1))
		sockopt_apply(server);
	error = in_connect(so, server, to);
	if (error == 0)
		error = sockstream_meet(so, ls, server, 0);
	if (error != 0) {
		in_unbind(server);
		in_unconnect(so);
		sock_rele(server);
	}
	return error;
}

/* Who is there?  ENETUNREACH; ECONNREFUSED: nobody. */
static int
start(struct socket *so, const struct netname *nn)
{
	struct socket *ls;
	struct inname own, to;
	int error;

	error = inname_get(so, nn, &to);
	if (error == 0 && nn->nn_sa.sa_family != so->so_family)
		error = EAFNOSUPPORT;
	if (error != 0)
		return error;
	if (KREAD(so->so_v6only) && in_isv4(&to.in_addr))
		return ENETUNREACH;
	own = tcp_name(so, false);
	if (in_isany(&to.in_addr))
		to.in_addr = in_nowhere(&to.in_addr, &own.in_addr);
	if (mcast_isgroup(&to.in_addr) || in_isbroadcast(&to.in_addr))
		return ENETUNREACH;
	error = in_needscope(so, &to);
	if (error == 0)
		error = in_reach(so, &to, 0);
	if ((error == 0 || error == EREMOTE) && !in_isv4(&to.in_addr) &&
	    in_isv4(&own.in_addr))
		return EAFNOSUPPORT;
	if (error != 0)
		return error == EREMOTE ? connect_away(so, &to) : error;
	ls = in_listener(&to);
	if (ls == NULL && is_self(so, &to))
		return connect_self(so, &to);
	if (ls == NULL) {
		in_refused(so, &to);
		return ECONNREFUSED;
	}
	error = connect_to(so, ls, &to);
	sock_rele(ls);
	return error;
}

int
tcp_connect(struct lwp *l, struct socket *so, const struct netname *nn,
    bool nonblock)
{
	uint32_t state = KREAD(so->so_state);
	int error;

	(void)l;
	if (nn->nn_len < sizeof(sa_family_t))
		return EINVAL;
	if (nn->nn_sa.sa_family == AF_UNSPEC)
		return tcp_disconnect(so);
	if (state & SS_CONNECTING)
		return finish(so, nonblock);
	if (state & SS_REFUSED)
		return EINVAL;
	if (state & (SS_CONNECTED | SS_LISTENS))
		return EISCONN;
	error = start(so, nn);
	/* What a connection of before had to say is old. */
	if (error == 0 || error == ECONNREFUSED)
		atomic_store(&so->so_error, 0);
	if (error == ECONNREFUSED && nonblock) {
		atomic_store(&so->so_error, error);
		tcp_change(so, SS_CONNECTING | SS_REFUSED, 0);
		return EINPROGRESS;
	}
	if (error == ECONNREFUSED)
		in_unconnect(so);
	if (error != 0)
		return error;
	if (nonblock || sock_conn(so)->cn_hold) {
		if (conntcp_holds(sock_conn(so)))
			tcphold_begin(so);
		tcp_change(so, SS_CONNECTING, 0);
		error = nonblock ? EINPROGRESS : finish(so, false);
	}
	return error;
}
