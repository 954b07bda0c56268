/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp: streams between internet addresses of one kernel.
 *
 * To connect puts the server's socket into the listener's queue at once.  If
 * that is full the connection is held up (cn_hold): both ends believe that
 * the other has no room, until an accept makes some (tcp_promote()).
 */
#include <netinet/tcp.h>
#include <poll.h>

#include "rumpkern/klog.h"
#include "rumpnet/conn.h"
#include "rumpnet/inet.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/protos.h"
#include "rumpnet/sockopt.h"
#include "rumpnet/sockstream.h"
#include "rumpnet/tcp.h"

#define NSEC    1000000000UL
#define UNUSUAL (MSG_OOB | MSG_ERRQUEUE | MSG_FASTOPEN)

static inline bool
connected(const struct socket *so)
{
	return (KREAD(so->so_state) & SS_CONNECTED) != 0;
}

int
tcp_state(struct socket *so)
{
	uint32_t state = KREAD(so->so_state);

	if (state & SS_LISTENS)
		return TCP_LISTEN;
	if (!(state & SS_CONNECTED))
		return TCP_CLOSE;
	return conntcp_state(so->so_conn, so->so_side);
}

static int
tcp_bind(struct lwp *l, struct socket *so, const struct netname *nn)
{
	struct inname in;
	int error;

	(void)l;
	error = inname_get(so, nn, &in);
	if (error != 0)
		return error;
	return connected(so) ? EINVAL : in_bind(so, IN_TCP, &in);
}

static int
tcp_listen(struct lwp *l, struct socket *so, int backlog)
{
	struct inname any = { .in_port = 0 };
	uint32_t state = KREAD(so->so_state);
	int error = 0;

	(void)l;
	if (state & SS_CONNECTED)
		return EINVAL;
	if (so->so_family == AF_INET)
		any.in_addr = in_any4();
	if (!(state & SS_BOUND))
		error = in_bind(so, IN_TCP, &any);
	else if (!(state & SS_LISTENS))
		error = in_maylisten(so);
	if (error == 0) {
		sockstream_listen(so, backlog);
		tcp_promote(so);
	}
	return error;
}

/* Both locks, the listener's first; conn's memory stays one for ever. */
static bool
lock_second(struct conn *first, struct conn *second)
{
	if (second > first) {
		kmutex_enter(&second->cn_lock);
		return true;
	}
	return kmutex_tryenter(&second->cn_lock);
}

/* Locked both: the connection has room now. */
static void
release(struct socket *ls, struct socket *s, struct conn *cn)
{
	KSET(ls->so_qhold, s->so_qnext);
	klog_commit();
	atomic_store(&cn->cn_hold, 0);
	conn_resize(&cn->cn_in[0], false);
	conn_resize(&cn->cn_in[1], false);
	conn_wake_all(cn);
}

/* How many of the queue are connected. */
static uint32_t
established(const struct socket *ls)
{
	const struct socket *s;
	uint32_t n = 0;

	for (s = ls->so_qhead; s != NULL && s != ls->so_qhold; s = s->so_qnext)
		n++;
	return n;
}

void
tcp_promote(struct socket *ls)
{
	struct conn *lcn = ls->so_conn, *cn;
	struct socket *s;

	for (;;) {
		kmutex_enter(&lcn->cn_lock);
		s = ls->so_qhold;
		if (s == NULL || established(ls) > ls->so_backlog)
			break;
		cn = s->so_conn;
		if (!lock_second(lcn, cn)) {
			kmutex_exit(&lcn->cn_lock);
			kpause();
			continue;
		}
		release(ls, s, cn);
		kmutex_exit(&cn->cn_lock);
		kwakeup_one(&ls->so_qwait);
		kwakeup(&lcn->cn_poll[0]);
		kmutex_exit(&lcn->cn_lock);
	}
	kmutex_exit(&lcn->cn_lock);
}

/* Who gave up before there was room has never been here. */
static int
tcp_accept(struct socket *so, bool nonblock, struct socket **new)
{
	struct conn *cn;
	int error;

	for (;;) {
		error = sockstream_accept(so, nonblock, new);
		if (error != 0)
			return error;
		cn = (*new)->so_conn;
		if (likely(!(KREAD(cn->cn_late))))
			return 0;
		sock_rele(*new);
	}
}

static void
change_state(struct socket *so, uint32_t add, uint32_t drop)
{
	struct conn *cn = sock_lockconn(so);

	KSET(so->so_state, (so->so_state & ~drop) | add);
	klog_commit();
	kmutex_exit(&cn->cn_lock);
}

/* The connection of before is over; the socket gets a fresh one. */
static int
renew(struct socket *so)
{
	struct conn *old = so->so_conn, *cn = conn_create();

	if (cn == NULL)
		return ENOBUFS;
	cn->cn_tcp = 1;
	cn->cn_sock[0] = so;
	for (;;) {
		kmutex_enter(&old->cn_lock);
		if (lock_second(old, cn))
			break;
		kmutex_exit(&old->cn_lock);
		kpause();
	}
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
	KSET(so->so_side, 0);
	KSET(so->so_state,
	    so->so_state &
		~(SS_CONNECTED | SS_CONNECTING | SS_REFUSED | SS_NEW));
	khand_drop(cn);
	klog_commit();
	kmutex_exit(&cn->cn_lock);
	conn_wake_all(old);
	kmutex_exit(&old->cn_lock);
	sockopt_apply(so);
	return 0;
}

/* connect() to nowhere: the socket is as after bind(). */
static int
disconnect(struct socket *so)
{
	uint32_t state = KREAD(so->so_state);

	if (state & SS_LISTENS)
		sockstream_unlisten(so);
	if (state & SS_REFUSED)
		change_state(so, 0, SS_REFUSED | SS_CONNECTING);
	if (!(state & SS_CONNECTED))
		return 0;
	if (tcp_state(so) != TCP_CLOSE && tcp_state(so) != TCP_SYN_SENT)
		atomic_store(&so->so_error, ECONNRESET);
	conn_close(so->so_conn, so->so_side, true);
	in_unconnect(so);
	return renew(so);
}

/* Wait for room at the listener: as long as Linux would repeat its request. */
static int
await(struct socket *so)
{
	uint64_t limit = KREAD(so->so_sndtimeo), ns;
	uint32_t ms = KREAD(so->so_val[SV_USERTIMEO]);
	int error;

	ns = ((2UL << sockopt_int(so, IPPROTO_TCP, TCP_SYNCNT)) - 1) * NSEC;
	if (ms != 0)
		ns = (uint64_t)ms * (NSEC / 1000);
	if (limit != 0)
		ns = limit;
	error = conntcp_await(so->so_conn, so->so_side,
	    rumpuser_monotonic() + ns);
	if (limit != 0 && error != 0)
		return error == ETIMEDOUT ? EINPROGRESS : EINTR;
	if (error == ETIMEDOUT)
		disconnect(so);
	return error;
}

/* A connect() that was begun: how has it gone? */
static int
finish(struct socket *so, bool nonblock)
{
	int error, told;

	if (conntcp_holds(so->so_conn)) {
		if (nonblock)
			return EALREADY;
		error = await(so);
		if (error != 0)
			return error;
	}
	told = atomic_exchange(&so->so_error, 0);
	if (!(KREAD(so->so_state) & SS_REFUSED)) {
		if (!so->so_conn->cn_hold) {
			change_state(so, 0, SS_CONNECTING);
			return 0;
		}
		told = conn_takeerror(so->so_conn, so->so_side);
	}
	error = disconnect(so);
	if (error != 0)
		return error;
	return told != 0 ? told : ECONNABORTED;
}

/* The socket's own address: it meets itself. */
static bool
is_self(const struct socket *so, const struct inname *to)
{
	const struct in6_addr *a = &so->so_local.in_addr;
	struct in6_addr source;

	if (!(KREAD(so->so_state) & SS_BOUND) ||
	    so->so_local.in_port != to->in_port)
		return false;
	source = in_isany(a) ? in_source(&to->in_addr) : *a;
	return memcmp(&source, &to->in_addr, 16) == 0;
}

static int
connect_self(struct socket *so, const struct inname *to)
{
	struct conn *cn = so->so_conn;
	int error;

	cn->cn_self = 1;
	error = in_connect(so, so, to);
	if (error != 0) {
		cn->cn_self = 0;
		return error;
	}
	change_state(so, SS_CONNECTED, 0);
	atomic_store(&cn->cn_open, 1);
	return 0;
}

/* To an address and port where somebody listens. */
static int
connect_to(struct socket *so, struct socket *ls, const struct inname *to)
{
	struct socket *server;
	int error;

	error = sock_spawn(ls, so->so_conn, &server);
	if (error != 0)
		return error;
	server->so_val[SV_PRIORITY] = 0;
	if (unlikely(server->so_val[SV_BUFSET] != 0 || server->so_lowat != 1))
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
	struct inname to;
	int error;

	error = inname_get(so, nn, &to);
	if (error == 0 && nn->nn_sa.sa_family != so->so_family)
		error = EAFNOSUPPORT;
	if (error != 0)
		return error;
	if (so->so_v6only && in_isv4(&to.in_addr))
		return ENETUNREACH;
	/* To nowhere in particular is to ourselves. */
	if (in_isany(&to.in_addr))
		to.in_addr = in_loopback(so->so_family == AF_INET ||
		    in_isv4(&to.in_addr));
	if (!in_islocal(&to.in_addr))
		return ENETUNREACH;
	ls = in_listener(&to);
	if (ls == NULL)
		return is_self(so, &to) ? connect_self(so, &to) : ECONNREFUSED;
	error = connect_to(so, ls, &to);
	sock_rele(ls);
	return error;
}

static int
tcp_connect(struct lwp *l, struct socket *so, const struct netname *nn,
    bool nonblock)
{
	uint32_t state = KREAD(so->so_state);
	int error;

	(void)l;
	if (nn->nn_len < sizeof(sa_family_t))
		return EINVAL;
	if (nn->nn_sa.sa_family == AF_UNSPEC)
		return disconnect(so);
	if (state & SS_CONNECTING)
		return finish(so, nonblock);
	if (state & (SS_CONNECTED | SS_LISTENS))
		return EISCONN;
	error = start(so, nn);
	if (error == ECONNREFUSED && nonblock) {
		atomic_store(&so->so_error, error);
		change_state(so, SS_CONNECTING | SS_REFUSED, 0);
		return EINPROGRESS;
	}
	if (error != 0)
		return error;
	if (nonblock || so->so_conn->cn_hold) {
		change_state(so, SS_CONNECTING, 0);
		error = nonblock ? EINPROGRESS : finish(so, false);
	}
	return error;
}

static int
send_unusual(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct connwait cw = { 0 };
	int error;

	if ((sm->sm_flags & MSG_FASTOPEN) && !connected(so)) {
		if (sm->sm_name == NULL)
			return EINVAL;
		error = tcp_connect(l, so, sm->sm_name,
		    (sm->sm_flags & MSG_DONTWAIT) != 0);
		if (error == EINPROGRESS && !so->so_conn->cn_hold &&
		    !(KREAD(so->so_state) & SS_REFUSED))
			error = 0;
		if (error != 0)
			return error;
		change_state(so, 0, SS_CONNECTING);
	}
	if (!(sm->sm_flags & MSG_OOB))
		return sockstream_send(l, so, sm);
	cw.cw_until = sock_until(sm->sm_flags & MSG_DONTWAIT, so->so_sndtimeo);
	return conntcp_sendoob(so->so_conn, so->so_side, sm->sm_uio, &cw);
}

static int
tcp_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	int error;

	if (unlikely(sm->sm_flags & MSG_FASTOPEN) ||
	    (unlikely(sm->sm_flags & UNUSUAL) && connected(so)))
		return send_unusual(l, so, sm);
	if (unlikely(!connected(so))) {
		error = atomic_exchange(&so->so_error, 0);
		return error != 0 ? error : EPIPE;
	}
	return sockstream_send(l, so, sm);
}

static int
tcp_recv(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	int error;

	if (unlikely(sm->sm_flags & MSG_ERRQUEUE))
		return EAGAIN;
	if (unlikely(!connected(so))) {
		error = atomic_exchange(&so->so_error, 0);
		if (error != 0 || KREAD(so->so_state) & SS_REFUSED)
			return error;
		return sm->sm_flags & MSG_OOB ? EINVAL : ENOTCONN;
	}
	if (unlikely(sm->sm_flags & MSG_OOB)) {
		error = conntcp_recvoob(so->so_conn, so->so_side, sm->sm_uio,
		    (sm->sm_flags & MSG_PEEK) != 0);
		if (error == 0)
			sm->sm_outflags |= MSG_OOB;
		return error;
	}
	error = sockstream_recv(l, so, sm);
	if (unlikely(sockopt_stamp(so) != 0 && sm->sm_ctl != NULL) &&
	    error == 0)
		inctl_time(so, sm, rumpuser_realtime());
	return error;
}

static int
tcp_shutdown(struct socket *so, int how)
{
	switch (tcp_state(so)) {
	case TCP_LISTEN:
		if (how != SHUT_WR)
			sockstream_unlisten(so);
		return 0;
	case TCP_SYN_SENT:
		return disconnect(so);
	case TCP_CLOSE:
		return ENOTCONN;
	default:
		return sockstream_shutdown(so, how);
	}
}

static int
tcp_poll(struct socket *so, struct waitent *ent)
{
	int ev = sockstream_poll(so, ent);

	if (unlikely(atomic_load(&so->so_error) != 0))
		ev |= POLLERR;
	if (unlikely(KREAD(so->so_state) & SS_REFUSED))
		ev |= POLLIN | POLLRDNORM | POLLRDHUP;
	return ev;
}

static int
tcp_getname(struct socket *so, bool peer, struct netname *nn)
{
	uint32_t state = KREAD(so->so_state);
	struct inname in;
	int s = tcp_state(so);

	if (peer && !(state & SS_NEW) &&
	    (s == TCP_CLOSE || s == TCP_SYN_SENT || s == TCP_LISTEN))
		return ENOTCONN;
	if (peer && (state & SS_NEW))
		change_state(so, 0, SS_NEW);
	kmutex_enter(&so->so_lock);
	in = peer ? so->so_peer : so->so_local;
	kmutex_exit(&so->so_lock);
	inname_put(so, &in, nn);
	return 0;
}

static uint64_t
tcp_pending(struct socket *so, bool out)
{
	struct conn *cn = so->so_conn;

	return out ? stream_used(conn_out(cn, so->so_side)) :
		     conntcp_inq(cn, so->so_side);
}

static void
tcp_close(struct socket *so)
{
	struct conn *cn = so->so_conn;

	/* Who made it may have died before it had one. */
	if (cn == NULL)
		return;
	sockstream_close(so);
	if (connected(so) && cn->cn_first == so->so_side + 1 && !cn->cn_hold)
		in_timewait(so);
	in_unbind(so);
	kmutex_enter(&cn->cn_lock);
	if (cn->cn_sock[so->so_side] == so)
		KSET(cn->cn_sock[so->so_side], NULL);
	klog_commit();
	kmutex_exit(&cn->cn_lock);
}

const struct sockops tcp_sockops = {
	.so_bind = tcp_bind,
	.so_connect = tcp_connect,
	.so_listen = tcp_listen,
	.so_accept = tcp_accept,
	.so_send = tcp_send,
	.so_recv = tcp_recv,
	.so_shutdown = tcp_shutdown,
	.so_poll = tcp_poll,
	.so_getname = tcp_getname,
	.so_pending = tcp_pending,
	.so_close = tcp_close,
};
