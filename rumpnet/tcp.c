/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcp: streams between internet addresses of one kernel: their names, data
 * and ends.  How two of them get connected: tcpconnect.c.
 */
#include <netinet/tcp.h>
#include <poll.h>

#include "rumpkern/klog.h"
#include "rumpkern/waitq.h"
#include "rumpnet/conn.h"
#include "rumpnet/control.h"
#include "rumpnet/inet.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/protos.h"
#include "rumpnet/sockopt.h"
#include "rumpnet/sockstream.h"
#include "rumpnet/tcp.h"

#define UNUSUAL (MSG_OOB | MSG_ERRQUEUE | MSG_FASTOPEN)

int
tcp_state(struct socket *so)
{
	uint32_t state = KREAD(so->so_state);

	if (state & SS_LISTENS)
		return TCP_LISTEN;
	if (!(state & SS_CONNECTED))
		return TCP_CLOSE;
	return conntcp_state(sock_conn(so), so->so_side);
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
	return in_bind(so, IN_TCP, &in);
}

/* Another thread may give it names. */
struct inname
tcp_name(struct socket *so, bool peer)
{
	struct inname in;

	kmutex_enter(&so->so_lock);
	in = peer ? so->so_peer : so->so_local;
	kmutex_exit(&so->so_lock);
	return in;
}

static int
tcp_listen(struct lwp *l, struct socket *so, int backlog)
{
	struct inname any = { .in_port = 0 };
	struct in6_addr own = tcp_name(so, false).in_addr;
	uint32_t state = KREAD(so->so_state);
	int error = 0;

	(void)l;
	if (state & (SS_CONNECTED | SS_CONNECTING | SS_REFUSED))
		return EINVAL;
	if (so->so_family == AF_INET)
		any.in_addr = in_any4();
	/* It may have lost its port, but not its address. */
	if (!in_isany(&own))
		any.in_addr = own;
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
		cn = sock_conn(*new);
		if (likely(!(KREAD(cn->cn_late))))
			return 0;
		sock_rele(*new);
	}
}

static int
send_unusual(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct connwait cw = { 0 };
	int error;

	if ((sm->sm_flags & MSG_FASTOPEN) && !tcp_isconnected(so)) {
		if (sm->sm_name == NULL)
			return EINVAL;
		error = tcp_connect(l, so, sm->sm_name,
		    (sm->sm_flags & MSG_DONTWAIT) != 0);
		if (error == EINPROGRESS && !sock_conn(so)->cn_hold &&
		    !(KREAD(so->so_state) & SS_REFUSED))
			error = 0;
		if (error != 0)
			return error;
		tcp_change(so, 0, SS_CONNECTING);
	}
	if (!(sm->sm_flags & MSG_OOB))
		return sockstream_send(l, so, sm);
	cw.cw_until = sock_until(sm->sm_flags & MSG_DONTWAIT,
	    KREAD(so->so_sndtimeo));
	return conntcp_sendoob(sock_conn(so), so->so_side, sm->sm_uio, &cw);
}

static bool
may_send(struct socket *so)
{
	int state = tcp_state(so);

	return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT;
}

static int
send_usual(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct conn *cn = sock_conn(so);
	int error;

	error = unlikely(sm->sm_flags & UNUSUAL) ? send_unusual(l, so, sm) :
						   sockstream_send(l, so, sm);
	/* To send may be what ends it. */
	if (unlikely(atomic_load(&conn_out(cn, so->so_side)->st_eof) != 0))
		tcp_settle(so);
	return error;
}

static int
tcp_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	int error;

	if (unlikely(sm->sm_ctl != NULL) && may_send(so)) {
		error = control_check(sm);
		if (error != 0)
			return error;
	}
	if (unlikely(!tcp_isconnected(so) && !(sm->sm_flags & MSG_FASTOPEN))) {
		error = atomic_exchange(&so->so_error, 0);
		return error != 0 ? error : EPIPE;
	}
	return send_usual(l, so, sm);
}

static int
tcp_recv(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	size_t room = sm->sm_uio->uio_resid;
	int error;

	if (unlikely(sm->sm_flags & MSG_ERRQUEUE))
		return EAGAIN;
	if (unlikely(!tcp_isconnected(so))) {
		if (KREAD(so->so_state) & SS_LISTENS)
			return ENOTCONN;
		if (sm->sm_flags & MSG_OOB)
			return EINVAL;
		error = atomic_exchange(&so->so_error, 0);
		if (error != 0 || KREAD(so->so_state) & SS_REFUSED)
			return error;
		return ENOTCONN;
	}
	if (unlikely(sm->sm_flags & MSG_OOB)) {
		error = conntcp_recvoob(sock_conn(so), so->so_side, sm->sm_uio,
		    (sm->sm_flags & MSG_PEEK) != 0);
		if (error == 0)
			sm->sm_outflags |= room == 0 ? MSG_OOB | MSG_TRUNC :
						       MSG_OOB;
		return error;
	}
	error = sockstream_recv(l, so, sm);
	/* To wait for something and take nothing of it is no failure. */
	if (unlikely(error == EAGAIN) && sm->sm_uio->uio_resid == 0 &&
	    !(sm->sm_flags & MSG_DONTWAIT))
		error = 0;
	if (unlikely(sockopt_stamp(so) != 0 && sm->sm_ctl != NULL) &&
	    error == 0 && sm->sm_uio->uio_resid != room)
		inctl_time(so, sm, rumpuser_realtime());
	return error;
}

static int
tcp_shutdown(struct socket *so, int how)
{
	int error;

	switch (tcp_state(so)) {
	case TCP_LISTEN:
		return how != SHUT_WR ? tcp_disconnect(so) : 0;
	case TCP_SYN_SENT:
		return tcp_disconnect(so);
	case TCP_CLOSE:
		/* How connect() went is not asked any more. */
		if (KREAD(so->so_state) & SS_CONNECTING)
			tcp_change(so, SS_REFUSED, SS_CONNECTING);
		return ENOTCONN;
	default:
		/* That it is connected is known by now. */
		if (KREAD(so->so_state) & SS_CONNECTING)
			tcp_change(so, 0, SS_CONNECTING);
		error = sockstream_shutdown(so, how);
		tcp_settle(so);
		return error;
	}
}

static int
tcp_poll(struct socket *so, struct waitent *ent)
{
	int ev = sockstream_poll(so, ent);

	if (unlikely(atomic_load(&so->so_error) != 0) &&
	    !(KREAD(so->so_state) & SS_LISTENS))
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
		tcp_change(so, 0, SS_NEW);
	in = tcp_name(so, peer);
	if (!peer && in.in_port == 0)
		in.in_port = KREAD(so->so_lost);
	inname_put(so, &in, nn);
	return 0;
}

int
tcp_lastpeer(struct socket *so, struct netname *nn)
{
	struct inname in = tcp_name(so, true);

	if (in.in_port == 0)
		return ENOTCONN;
	inname_put(so, &in, nn);
	return 0;
}

static uint64_t
tcp_pending(struct socket *so, bool out)
{
	struct conn *cn = sock_conn(so);

	return out ? stream_used(conn_out(cn, so->so_side)) :
		     conntcp_inq(cn, so->so_side);
}

static void
tcp_close(struct socket *so)
{
	struct conn *cn = sock_conn(so);

	/* Who made it may have died before it had one. */
	if (cn == NULL)
		return;
	sockstream_close(so);
	if (KREAD(cn->cn_sock[!so->so_side]) != NULL || KREAD(cn->cn_was) != 0)
		tcp_settle(so);
	if (tcp_isconnected(so) && KREAD(cn->cn_first) == so->so_side + 1 &&
	    !cn->cn_hold)
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
