/* SPDX-License-Identifier: BSD-2-Clause */
/* sockstream: see sockstream.h. */
#include <poll.h>

#include "rumpkern/deathwatch.h"
#include "rumpkern/klog.h"
#include "rumpnet/conn.h"
#include "rumpnet/sockstream.h"
#include "rumpnet/tcp.h"

void
sockstream_listen(struct socket *so, int backlog)
{
	struct conn *cn = sock_lockconn(so);

	KSTORE(so->so_backlog,
	    kmin((uint32_t)(backlog < 0 ? SOMAXCONN : backlog), 4096U));
	KSET(so->so_state, so->so_state | SS_LISTENS);
	klog_commit();
	kwakeup(&so->so_qwait);
	kmutex_exit(&cn->cn_lock);
}

/* Its lock held: the first that may be accepted. */
static inline struct socket *
first(struct socket *so)
{
	struct socket *s;
	struct conn *cn;

	for (s = so->so_qhead; s != NULL; s = s->so_qnext) {
		cn = s->so_conn;
		if (cn->cn_hold)
			return NULL;
		if (likely(!atomic_load(&cn->cn_defer)) ||
		    stream_used(&cn->cn_in[s->so_side]) != 0)
			return s;
	}
	return NULL;
}

/* Its lock held: one of the queue into the hand. */
static void
take_off(struct socket *so, struct socket *s)
{
	struct socket *prev = NULL;

	if (unlikely(s != so->so_qhead))
		for (prev = so->so_qhead; prev->so_qnext != s;)
			prev = prev->so_qnext;
	if (prev != NULL)
		KSET(prev->so_qnext, s->so_qnext);
	else
		KSET(so->so_qhead, s->so_qnext);
	if (s->so_qnext == NULL)
		KSET(so->so_qtail, prev);
	if (so->so_qhold == s)
		KSET(so->so_qhold, s->so_qnext);
	KSET(so->so_qlen, so->so_qlen - 1);
	KSET(s->so_parent, NULL);
	khand_add(KHAND_SOCK, s);
	klog_commit();
}

int
sockstream_accept(struct socket *so, bool nonblock, struct socket **new)
{
	uint64_t until = sock_until(nonblock, KREAD(so->so_rcvtimeo));
	struct conn *cn = sock_lockconn(so);
	struct socket *s = NULL;
	bool hold = false;
	int error = 0;

	while (error == 0) {
		if (!(so->so_state & SS_LISTENS))
			error = EINVAL;
		else if ((s = first(so)) != NULL)
			break;
		else if (until == 0)
			error = EAGAIN;
		else
			error = ksleep(&so->so_qwait, &cn->cn_lock, until,
			    KSLEEP_INTR);
		/* Meanwhile it may have been connected, and be so no more. */
		if (unlikely(cn != sock_conn(so))) {
			kmutex_exit(&cn->cn_lock);
			cn = sock_lockconn(so);
		}
	}
	if (error == 0) {
		take_off(so, s);
		/* Those that found the queue full wait there too. */
		kwakeup(&so->so_qwait);
		*new = s;
		hold = so->so_qhold != NULL;
	}
	kmutex_exit(&cn->cn_lock);
	if (unlikely(hold))
		tcp_promote(so);
	if (error == ETIMEDOUT)
		return EAGAIN;
	return error == KERESTART && until != KSLEEP_FOREVER ? EINTR : error;
}

/* Two connections' locks. */
static void
lock_both(struct conn *a, struct conn *b)
{
	kmutex_enter(a < b ? &a->cn_lock : &b->cn_lock);
	kmutex_enter(a < b ? &b->cn_lock : &a->cn_lock);
}

/* Both locked. */
static void
enqueue(struct socket *ls, struct socket *so)
{
	if (ls->so_qtail != NULL)
		KSET(ls->so_qtail->so_qnext, so);
	else
		KSET(ls->so_qhead, so);
	KSET(ls->so_qtail, so);
	KSET(ls->so_qlen, ls->so_qlen + 1);
	KSET(so->so_parent, ls);
	khand_drop(so);
}

void
sockstream_tell(struct socket *ls)
{
	kwakeup_one(&ls->so_qwait);
	kwakeup(&ls->so_conn->cn_poll[ls->so_side]);
}

/* All three are of the connections that are locked, or the call is late. */
static int
meet(struct socket *client, struct socket *ls, struct socket *server,
    uint64_t *defer)
{
	struct conn *cn = server->so_conn;

	if (!(ls->so_state & SS_LISTENS))
		return ECONNREFUSED;
	if (client->so_conn != cn ||
	    (client->so_state & (SS_CONNECTED | SS_LISTENS)))
		return EISCONN;
	if (ls->so_qlen > ls->so_backlog) {
		if (client->so_kind != SOCK_TCP)
			return EAGAIN;
		/* It is connected when there is room; until then, no data. */
		if (ls->so_qhold == NULL)
			KSET(ls->so_qhold, server);
		atomic_store(&cn->cn_hold, 1 + client->so_side);
		conn_resize(&cn->cn_in[0], true);
		conn_resize(&cn->cn_in[1], true);
	}
	*defer = tcpdefer_begin(ls, server);
	KSET(client->so_state, client->so_state | SS_CONNECTED);
	KSET(server->so_state, server->so_state | SS_CONNECTED);
	enqueue(ls, server);
	klog_commit();
	atomic_store(&cn->cn_open, 1);
	if (likely(*defer == 0))
		sockstream_tell(ls);
	conn_wake_all(cn);
	return 0;
}

int
sockstream_meet(struct socket *client, struct socket *ls, struct socket *server,
    uint64_t until)
{
	struct conn *cn = sock_conn(server), *lcn;
	uint64_t defer = 0;
	int error;

	for (;;) {
		lcn = sock_conn(ls);
		if (cn == lcn)
			return ECONNREFUSED;
		lock_both(cn, lcn);
		error = lcn == sock_conn(ls) ?
		    meet(client, ls, server, &defer) :
		    ECONNREFUSED;
		kmutex_exit(&cn->cn_lock);
		if (error == EAGAIN && until != 0)
			error = ksleep(&ls->so_qwait, &lcn->cn_lock, until,
			    KSLEEP_INTR);
		else {
			kmutex_exit(&lcn->cn_lock);
			if (unlikely(defer != 0))
				deathwatch_expire_at(defer);
			return error;
		}
		kmutex_exit(&lcn->cn_lock);
		if (error != 0)
			return error == ETIMEDOUT ? EAGAIN : error;
	}
}

void
sockstream_pair(struct socket *a, struct socket *b)
{
	struct conn *cn = a->so_conn;

	kmutex_enter(&cn->cn_lock);
	KSET(a->so_state, a->so_state | SS_CONNECTED);
	KSET(b->so_state, b->so_state | SS_CONNECTED);
	klog_commit();
	atomic_store(&cn->cn_open, 1);
	kmutex_exit(&cn->cn_lock);
}

static inline bool
connected(const struct socket *so)
{
	return (KREAD(so->so_state) & SS_CONNECTED) != 0;
}

int
sockstream_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct connwait cw = { 0 };

	(void)l;
	if (unlikely(!connected(so)))
		return so->so_family == AF_UNIX ? ENOTCONN : EPIPE;
	cw.cw_until = sock_until(sm->sm_flags & MSG_DONTWAIT,
	    KREAD(so->so_sndtimeo));
	return conn_send(sock_conn(so), so->so_side, sm->sm_uio, &cw);
}

int
sockstream_recv(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct connwait cw = { 0 };
	uint64_t done;

	(void)l;
	if (unlikely(!connected(so)))
		return so->so_family == AF_UNIX ? EINVAL : ENOTCONN;
	cw.cw_until = sock_until(sm->sm_flags & MSG_DONTWAIT,
	    KREAD(so->so_rcvtimeo));
	cw.cw_least = sm->sm_flags & MSG_WAITALL ? UINT64_MAX :
						   KREAD(so->so_lowat);
	cw.cw_peek = (sm->sm_flags & MSG_PEEK) != 0;
	if (unlikely((sm->sm_flags & MSG_TRUNC) && so->so_kind == SOCK_TCP)) {
		int error = conn_discard(sock_conn(so), so->so_side,
		    sm->sm_uio->uio_resid, &cw, &done);

		uio_skip(done, sm->sm_uio);
		return error;
	}
	return conn_recv(sock_conn(so), so->so_side, sm->sm_uio, &cw);
}

int
sockstream_shutdown(struct socket *so, int how)
{
	struct conn *cn = sock_lockconn(so);
	int error = 0;

	if (so->so_state & SS_LISTENS) {
		if (how != SHUT_WR) {
			KSET(so->so_state, so->so_state & ~SS_LISTENS);
			klog_commit();
			kwakeup(&so->so_qwait);
			kwakeup(&cn->cn_poll[so->so_side]);
		}
	} else if (!(so->so_state & SS_CONNECTED))
		error = ENOTCONN;
	else
		conn_shutdown(cn, so->so_side, how);
	kmutex_exit(&cn->cn_lock);
	if (unlikely(atomic_load(&cn->cn_defer)))
		tcpdefer_end(cn);
	return error;
}

int
sockstream_poll(struct socket *so, struct waitent *ent)
{
	struct conn *cn;
	int ev = 0;

	if (likely(connected(so)))
		return conn_poll(sock_conn(so), so->so_side, ent);
	cn = sock_lockconn(so);
	if (ent != NULL) {
		waitq_add(&cn->cn_poll[so->so_side], ent, &cn->cn_lock);
		klog_commit();
		atomic_fetch_or(&cn->cn_in[so->so_side].st_want, WANT_DATA);
	}
	if (so->so_state & SS_LISTENS)
		ev = first(so) != NULL ? POLLIN | POLLRDNORM : 0;
	else
		ev = POLLOUT | POLLWRNORM | POLLHUP |
		    (so->so_family == AF_UNIX ? POLLWRBAND : 0);
	kmutex_exit(&cn->cn_lock);
	return ev;
}

uint64_t
sockstream_pending(struct socket *so, bool out)
{
	struct stream *st;

	st = &sock_conn(so)->cn_in[out ? !so->so_side : so->so_side];
	/* What a peer had not received is gone with it. */
	return out && !atomic_load(&sock_conn(so)->cn_open) ? 0 :
							      stream_used(st);
}

/* The next that waits to be accepted, in hand. */
static struct socket *
dequeue(struct socket *so)
{
	struct conn *cn = sock_lockconn(so);
	struct socket *s;

	s = so->so_qhead;
	if (s != NULL)
		take_off(so, s);
	kmutex_exit(&cn->cn_lock);
	return s;
}

void
sockstream_unlisten(struct socket *so)
{
	struct conn *cn = sock_lockconn(so);
	struct socket *s;

	KSET(so->so_state, so->so_state & ~SS_LISTENS);
	klog_commit();
	kwakeup(&so->so_qwait);
	kwakeup(&cn->cn_poll[so->so_side]);
	kmutex_exit(&cn->cn_lock);
	while ((s = dequeue(so)) != NULL) {
		/* Nobody will ever speak there. */
		conn_close(sock_conn(s), s->so_side, true);
		sock_rele(s);
	}
}

/*
 * AF_UNIX: messages that nobody has received.  A single one without data does
 * not count, as on Linux, which takes it for a used urgent byte.
 */
static bool
has_packets(struct socket *so)
{
	struct packetq *pq = &sock_conn(so)->cn_in[so->so_side].st_pkts;

	return KREAD(pq->pq_bytes) != 0 ||
	    (so->so_kind == SOCK_LOCALSEQ && KREAD(pq->pq_count) > 1);
}

void
sockstream_close(struct socket *so)
{
	struct conn *cn = sock_conn(so);
	bool reset;

	if (connected(so)) {
		if (so->so_family == AF_UNIX)
			reset = has_packets(so);
		else
			reset = so->so_linger.l_onoff &&
			    so->so_linger.l_linger == 0;
		conn_close(cn, so->so_side, reset);
		/* It may have listened before, or at the same moment. */
		if (!(KREAD(so->so_state) & SS_LISTENS) &&
		    KREAD(so->so_qhead) == NULL)
			return;
	}
	sockstream_unlisten(so);
}
