/* SPDX-License-Identifier: BSD-2-Clause */
/* local: AF_UNIX streams, and what connections of AF_UNIX share. */
#include "rumpkern/klog.h"
#include "rumpnet/conn.h"
#include "rumpnet/connpkt.h"
#include "rumpnet/control.h"
#include "rumpnet/local.h"
#include "rumpnet/localconn.h"
#include "rumpnet/net.h"
#include "rumpnet/protos.h"
#include "rumpnet/rights.h"
#include "rumpnet/sockstream.h"

void
local_pair(struct lwp *l, struct socket *a, struct socket *b)
{
	a->so_peercred = b->so_peercred = sock_cred(l, false);
	if (a->so_conn == NULL) {
		sock_hold(a);
		sock_hold(b);
	} else
		sockstream_pair(a, b);
}

/* --- Connections ---------------------------------------------------------- */

int
localconn_listen(struct lwp *l, struct socket *so, int backlog)
{
	if (local_name(so) == NULL || (KREAD(so->so_state) & SS_CONNECTED))
		return EINVAL;
	/* Who connects is told who listened. */
	so->so_peercred = sock_cred(l, false);
	sockstream_listen(so, backlog);
	return 0;
}

/* With a listener held. */
static int
connect_to(struct lwp *l, struct socket *so, struct socket *ls, uint64_t until)
{
	struct socket *server;
	int error;

	if (!(KREAD(ls->so_state) & SS_LISTENS))
		return ECONNREFUSED;
	if ((KREAD(so->so_state) & SS_LISTENS) || atomic_load(&so->so_shut))
		return EINVAL;
	error = sock_spawn(ls, so, &server);
	if (error != 0)
		return error;
	error = local_copyname(server, ls);
	if (error == 0) {
		server->so_peercred = sock_cred(l, false);
		so->so_peercred = ls->so_peercred;
		error = sockstream_meet(so, ls, server, until);
	}
	if (error != 0)
		sock_rele(server);
	return error;
}

int
localconn_connect(struct lwp *l, struct socket *so, const struct netname *nn,
    bool nonblock)
{
	uint64_t until = sock_until(nonblock, KREAD(so->so_sndtimeo));
	struct socket *ls;
	int error;

	error = local_checkname(nn);
	if (error == 0)
		error = local_autobind(so);
	if (error == 0)
		error = local_find(l, so, nn, &ls);
	if (error != 0)
		return error;
	if (KREAD(so->so_state) & SS_CONNECTED)
		error = KREAD(ls->so_state) & SS_LISTENS ? EISCONN :
							   ECONNREFUSED;
	else
		error = connect_to(l, so, ls, until);
	sock_rele(ls);
	return error == KERESTART && until != KSLEEP_FOREVER ? EINTR : error;
}

int
localconn_shutdown(struct socket *so, int how)
{
	int error;

	/* One that listened stays of no use for anything else. */
	if ((KREAD(so->so_state) & SS_LISTENS) && how != SHUT_WR)
		atomic_store(&so->so_shut, 1);
	error = sockstream_shutdown(so, how);
	return error == ENOTCONN ? 0 : error;
}

void
localconn_close(struct socket *so)
{
	struct conn *cn = so->so_conn;

	local_unbind(so);
	if (cn == NULL)
		return;
	sockstream_close(so);
	rights_lock();
	kmutex_enter(&cn->cn_lock);
	if (cn->cn_sock[so->so_side] == so)
		KSET(cn->cn_sock[so->so_side], NULL);
	klog_commit();
	rights_discard(&cn->cn_in[so->so_side].st_pkts);
	kmutex_exit(&cn->cn_lock);
	rights_unlock();
	rights_collect();
}

/* --- Streams -------------------------------------------------------------- */

static bool
connected(const struct socket *so)
{
	return (KREAD(so->so_state) & SS_CONNECTED) != 0;
}

/*
 * Does the other side want to know who sends?  It may go meanwhile: its memory
 * is a socket's for ever, and credentials that nobody asked for do no harm.
 */
static bool __attribute__((no_sanitize("thread")))
other_wants(const struct socket *so)
{
	const struct socket *other = KREAD(so->so_conn->cn_sock[!so->so_side]);

	return other != NULL && (KREAD(other->so_opts) >> SO_PASSCRED & 1) != 0;
}

/* What goes along, in hand whatever comes of it; but NULL: ENOBUFS. */
static struct packet *
along(struct lwp *l, struct socket *so, struct sockmsg *sm, bool cred,
    int *error)
{
	struct packet *pk = packet_alloc(0);

	*error = ENOBUFS;
	if (pk == NULL)
		return NULL;
	*error = local_ancillary(l, sm, pk);
	if (*error == 0 && !connected(so))
		*error = ENOTCONN;
	if (*error == 0 && cred && !pk->pk_hascred) {
		pk->pk_hascred = true;
		pk->pk_cred = sock_cred(l, true);
	}
	return pk;
}

static int
send_with(struct lwp *l, struct socket *so, struct sockmsg *sm,
    const struct connwait *cw, bool cred)
{
	struct packet *pk;
	int error;

	pk = along(l, so, sm, cred, &error);
	if (pk == NULL)
		return error;
	if (error == 0 && sm->sm_uio->uio_resid != 0)
		error = conn_sendwith(so->so_conn, so->so_side, sm->sm_uio, cw,
		    pk);
	if (khand_has(pk))
		packet_free(pk);
	return error;
}

/* The message, and then the rest, which has no rights. */
static int
send_all(struct lwp *l, struct socket *so, struct sockmsg *sm,
    const struct connwait *cw, bool cred)
{
	struct sockmsg rest = { .sm_uio = sm->sm_uio };
	int error = send_with(l, so, sm, cw, cred);

	while (error == 0 && cred && sm->sm_uio->uio_resid != 0)
		error = send_with(l, so, &rest, cw, cred);
	if (error == 0 && sm->sm_uio->uio_resid != 0 && connected(so))
		error = conn_send(so->so_conn, so->so_side, sm->sm_uio, cw);
	return error;
}

/*
 * One urgent byte.  It is marked before it is sent: should it not be, or
 * another sender be faster, that one makes the mark empty (connpkt.h).
 */
static int
send_urgent(struct lwp *l, struct socket *so, struct sockmsg *sm,
    const struct connwait *cw, bool cred)
{
	struct conn *cn = so->so_conn;
	struct stream *st = &cn->cn_in[!so->so_side];
	struct packet *pk;
	bool rights;
	int error;

	pk = along(l, so, sm, cred, &error);
	if (pk == NULL)
		return error;
	if (error == 0) {
		rights = pk->pk_rights != NULL;
		if (rights)
			rights_lock();
		kmutex_enter(&st->st_wlock);
		error = connpkt_mark(cn, so->so_side,
		    rights || pk->pk_hascred ? pk : NULL,
		    atomic_load(&st->st_head), 1);
		kmutex_exit(&st->st_wlock);
		if (rights)
			rights_unlock();
	}
	if (khand_has(pk))
		packet_free(pk);
	return error != 0 ? error :
			    conntcp_sendoob(cn, so->so_side, sm->sm_uio, cw);
}

/* Of some bytes the last is urgent. */
static int
send_oob(struct lwp *l, struct socket *so, struct sockmsg *sm,
    const struct connwait *cw, bool cred)
{
	struct sockmsg last = { .sm_uio = sm->sm_uio };
	struct uio *uio = sm->sm_uio;
	int error;

	if (uio->uio_resid == 1)
		return send_urgent(l, so, sm, cw, cred);
	uio->uio_resid--;
	error = send_all(l, so, sm, cw, cred);
	uio->uio_resid++;
	if (error != 0 || uio->uio_resid != 1)
		return error;
	return send_urgent(l, so, &last, cw, cred);
}

/* What is wrong with what goes along is told before anything else. */
static int
check_ancillary(struct lwp *l, const struct sockmsg *sm, int error)
{
	struct packet *pk = packet_alloc(0);
	int first;

	if (pk == NULL)
		return ENOBUFS;
	first = local_ancillary(l, sm, pk);
	packet_free(pk);
	return first != 0 ? first : error;
}

static int
local_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct connwait cw = { 0 };
	size_t len = sm->sm_uio->uio_resid;
	bool cred;
	int error = 0;

	/* Something has to be urgent. */
	if (unlikely(sm->sm_flags & MSG_OOB) && sm->sm_uio->uio_resid == 0)
		error = EOPNOTSUPP;
	else if (unlikely(local_isnamed(sm)))
		error = connected(so) ? EISCONN : EOPNOTSUPP;
	if (unlikely(error != 0))
		return check_ancillary(l, sm, error);
	cw.cw_until = sock_until(sm->sm_flags & MSG_DONTWAIT,
	    KREAD(so->so_sndtimeo));
	cred = local_wantscred(so) || other_wants(so);
	if (unlikely(sm->sm_flags & MSG_OOB))
		return send_oob(l, so, sm, &cw, cred);
	if (unlikely(cred || sm->sm_ctl != NULL)) {
		error = send_all(l, so, sm, &cw, cred);
		if (error != 0 || len != 0)
			return error;
	}
	if (unlikely(!connected(so)))
		return ENOTCONN;
	return conn_send(so->so_conn, so->so_side, sm->sm_uio, &cw);
}

/* The urgent byte, which does not wait. */
static int
recv_oob(struct socket *so, struct sockmsg *sm)
{
	int error;

	error = conntcp_recvoob(so->so_conn, so->so_side, sm->sm_uio,
	    (sm->sm_flags & MSG_PEEK) != 0);
	if (error == 0)
		sm->sm_outflags |= MSG_OOB;
	return error;
}

static int
local_recv(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct connwait cw = { 0 };
	struct ucred none = { 0 };
	struct packet *pk = NULL;
	size_t room = sm->sm_uio->uio_resid;
	int error;

	if (unlikely(!connected(so)))
		return EINVAL;
	if (unlikely(sm->sm_flags & MSG_OOB))
		return recv_oob(so, sm);
	cw.cw_until = sock_until(sm->sm_flags & MSG_DONTWAIT,
	    KREAD(so->so_rcvtimeo));
	cw.cw_least = sm->sm_flags & MSG_WAITALL ? UINT64_MAX :
						   KREAD(so->so_lowat);
	cw.cw_peek = (sm->sm_flags & MSG_PEEK) != 0;
	cw.cw_cred = local_wantscred(so);
	cw.cw_pkt = &pk;
	error = conn_recv(so->so_conn, so->so_side, sm->sm_uio, &cw);
	/* The end has no sender. */
	if (error == 0 && sm->sm_name != NULL &&
	    (sm->sm_uio->uio_resid != room ||
		(room == 0 && sockstream_pending(so, false) != 0))) {
		local_getname(so, true, sm->sm_name);
		if (sm->sm_name->nn_len == sizeof(sa_family_t))
			sm->sm_name->nn_len = 0;
	}
	if (error == 0 && cw.cw_cred && pk == NULL &&
	    sm->sm_uio->uio_resid == room)
		control_put(sm, SOL_SOCKET, SCM_CREDENTIALS, &none,
		    sizeof(none));
	else if (error == 0 && (pk != NULL || cw.cw_cred))
		local_tell(l, so, sm, pk);
	if (pk != NULL)
		packet_free(pk);
	return error;
}

const struct sockops local_sockops = {
	.so_bind = local_bind,
	.so_connect = localconn_connect,
	.so_listen = localconn_listen,
	.so_accept = sockstream_accept,
	.so_send = local_send,
	.so_recv = local_recv,
	.so_shutdown = localconn_shutdown,
	.so_poll = sockstream_poll,
	.so_getname = local_getname,
	.so_pending = sockstream_pending,
	.so_close = localconn_close,
};
