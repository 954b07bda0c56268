/* SPDX-License-Identifier: BSD-2-Clause */
/* localdgram: AF_UNIX datagrams. */
#include <poll.h>

#include "rumpkern/klog.h"
#include "rumpnet/local.h"
#include "rumpnet/net.h"
#include "rumpnet/protos.h"
#include "rumpnet/rights.h"

#define SHUT(how) (1U << (how))

static inline struct kmutex *
biglock(void)
{
	return &net()->ns_local.tb_lock;
}

static int
wait_error(int error, uint64_t until)
{
	if (error == ETIMEDOUT)
		return EAGAIN;
	return error == KERESTART && until != KSLEEP_FOREVER ? EINTR : error;
}

static inline bool
is_shut(const struct socket *so, int how)
{
	return (atomic_load(&so->so_shut) & SHUT(how)) != 0;
}

/* --- Who is connected to whom.  All under the lock. ----------------------- */

/* Logged: `to' is in hand and becomes the peer. */
static void
set_peer(struct socket *so, struct socket *to)
{
	KASSERT(kmutex_owned(biglock()) && so->so_dpeer == NULL);
	KSET(so->so_dpeer, to);
	khand_drop(to);
	KSET(so->so_dprev, NULL);
	KSET(so->so_dnext, to->so_dfirst);
	if (to->so_dfirst != NULL)
		KSET(to->so_dfirst->so_dprev, so);
	KSET(to->so_dfirst, so);
	KSET(so->so_state, so->so_state | SS_CONNECTED);
}

/* Logged: the peer, if any, comes in hand. */
static struct socket *
drop_peer(struct socket *so)
{
	struct socket *peer = so->so_dpeer;

	KASSERT(kmutex_owned(biglock()));
	if (peer == NULL)
		return NULL;
	if (so->so_dprev != NULL)
		KSET(so->so_dprev->so_dnext, so->so_dnext);
	else
		KSET(peer->so_dfirst, so->so_dnext);
	if (so->so_dnext != NULL)
		KSET(so->so_dnext->so_dprev, so->so_dprev);
	KSET(so->so_dpeer, NULL);
	KSET(so->so_state, so->so_state & ~SS_CONNECTED);
	khand_add(KHAND_SOCK, peer);
	return peer;
}

/* There is room at `so': all who wait for it look again. */
static void
wake_senders(struct socket *so)
{
	struct socket *s;

	kwakeup(&so->so_wwait);
	for (s = so->so_dfirst; s != NULL; s = s->so_dnext)
		kwakeup_events(&s->so_pollq, POLLOUT | POLLWRNORM);
}

void
localdgram_pair(struct socket *a, struct socket *b)
{
	kmutex_enter(biglock());
	/* Another thread may have guessed a descriptor, and used it. */
	if (a->so_dpeer == NULL && b->so_dpeer == NULL &&
	    !((KREAD(a->so_state) | KREAD(b->so_state)) & SS_CLOSED)) {
		set_peer(a, b);
		set_peer(b, a);
	}
	klog_commit();
	kmutex_exit(biglock());
}

/* What it had received was of a peer that it left; that one is told. */
static void
disconnected(struct socket *so, struct socket *old)
{
	if (so->so_rq.pq_count == 0)
		return;
	rights_lock();
	rights_discard(&so->so_rq);
	rights_unlock();
	wake_senders(so);
	if (old->so_dpeer == so && !(KREAD(old->so_state) & SS_CLOSED)) {
		atomic_store(&old->so_error, ECONNRESET);
		kwakeup(&old->so_rwait);
		kwakeup(&old->so_pollq);
	}
}

/* The new peer is in hand, or NULL. */
static int
change_peer(struct socket *so, struct socket *to)
{
	struct socket *old;
	int error = 0;

	kmutex_enter(biglock());
	if (to != NULL && to->so_dpeer != NULL && to->so_dpeer != so)
		error = EPERM;
	if (error != 0) {
		kmutex_exit(biglock());
		return error;
	}
	old = drop_peer(so);
	if (to != NULL)
		set_peer(so, to);
	klog_commit();
	if (old != NULL && old != to)
		disconnected(so, old);
	kwakeup(&so->so_wwait);
	kwakeup(&so->so_pollq);
	kmutex_exit(biglock());
	if (old != NULL)
		sock_rele(old);
	rights_collect();
	return 0;
}

static int
dgram_connect(struct lwp *l, struct socket *so, const struct netname *nn,
    bool nonblock)
{
	struct socket *to;
	int error;

	(void)nonblock;
	if (nn->nn_len < sizeof(sa_family_t))
		return EINVAL;
	if (nn->nn_sa.sa_family == AF_UNSPEC)
		return change_peer(so, NULL);
	error = local_checkname(nn);
	if (error == 0)
		error = local_autobind(so);
	if (error == 0)
		error = local_find(l, so, nn, &to);
	if (error != 0)
		return error;
	error = change_peer(so, to);
	if (error != 0)
		sock_rele(to);
	return error;
}

/* --- Sending -------------------------------------------------------------- */

/* Is there no room for one more?  A pair is limited by the sender's buffer. */
static bool
is_full(const struct socket *so, const struct socket *to)
{
	if (to->so_rq.pq_room >= KREAD(so->so_sndbuf))
		return true;
	return to != so && to->so_dpeer != so &&
	    to->so_rq.pq_count > LOCAL_QLEN;
}

static int
may_send(struct socket *so, struct socket *to)
{
	if (is_shut(so, SHUT_WR))
		return EPIPE;
	if (to->so_dpeer != NULL && to->so_dpeer != so)
		return EPERM;
	if (KREAD(to->so_state) & SS_CLOSED)
		return ECONNREFUSED;
	if (is_shut(to, SHUT_RD))
		return EPIPE;
	return is_full(so, to) ? EAGAIN : 0;
}

/* Both in hand. */
static int
send_to(struct socket *so, struct socket *to, struct packet *pk, uint64_t until)
{
	bool rights = pk->pk_rights != NULL;
	int error;

	kmutex_enter(biglock());
	while ((error = may_send(so, to)) == EAGAIN && until != 0) {
		error = ksleep(&to->so_wwait, biglock(), until, KSLEEP_INTR);
		if (error != 0)
			break;
	}
	if (error == 0) {
		if (rights) {
			rights_lock();
			rights_enter(pk, to);
		}
		local_stamp(to, pk);
		packetq_put(&to->so_rq, pk);
		klog_commit();
		if (rights)
			rights_unlock();
		kwakeup_one(&to->so_rwait);
		kwakeup_events(&to->so_pollq, POLLIN | POLLRDNORM);
	}
	kmutex_exit(biglock());
	return wait_error(error, until);
}

/* Where a message goes: in hand. */
static int
find_peer(struct lwp *l, struct socket *so, const struct sockmsg *sm,
    struct socket **to)
{
	if (local_isnamed(sm))
		return local_find(l, so, sm->sm_name, to);
	kmutex_enter(biglock());
	*to = so->so_dpeer;
	if (*to != NULL)
		sock_hold(*to);
	kmutex_exit(biglock());
	return *to == NULL ? ENOTCONN : 0;
}

/* It was the peer, and closed: so is the connection. */
static void
forget_peer(struct socket *so, struct socket *to)
{
	struct socket *old = NULL;

	if (!(KREAD(to->so_state) & SS_CLOSED))
		return;
	kmutex_enter(biglock());
	if (so->so_dpeer == to)
		old = drop_peer(so);
	klog_commit();
	if (old != NULL)
		disconnected(so, old);
	kmutex_exit(biglock());
	if (old != NULL)
		sock_rele(old);
	rights_collect();
}

/* Everything before the message is copied. */
static int
check_send(struct lwp *l, struct socket *so, const struct sockmsg *sm,
    struct packet *pk)
{
	int error;

	error = local_ancillary(l, sm, pk);
	if (error == 0 && (sm->sm_flags & MSG_OOB))
		error = EOPNOTSUPP;
	if (error == 0 && local_isnamed(sm))
		error = local_checkname(sm->sm_name);
	if (error == 0)
		error = local_autobind(so);
	if (error == 0 && sm->sm_uio->uio_resid + 32 > KREAD(so->so_sndbuf))
		error = EMSGSIZE;
	if (error == 0)
		error = atomic_exchange(&so->so_error, 0);
	if (error == 0 && is_shut(so, SHUT_WR))
		error = EPIPE;
	return error;
}

static int
dgram_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	uint64_t until = sock_until(sm->sm_flags & MSG_DONTWAIT,
	    KREAD(so->so_sndtimeo));
	size_t len = sm->sm_uio->uio_resid;
	struct uio at = *sm->sm_uio;
	struct socket *to = NULL;
	struct packet *pk;
	int error;

	pk = packet_alloc(len + 32 <= KREAD(so->so_sndbuf) ? len : 0);
	if (pk == NULL)
		return ENOBUFS;
	error = check_send(l, so, sm, pk);
	if (error == 0 && len != 0)
		error = uio_move(pk->pk_data, len, sm->sm_uio);
	if (error == 0)
		error = find_peer(l, so, sm, &to);
	if (error == 0) {
		local_setname(so, pk);
		local_addcred(l, so, to, pk);
		error = send_to(so, to, pk, until);
		if (error == ECONNREFUSED)
			forget_peer(so, to);
	}
	if (to != NULL)
		sock_rele(to);
	if (error != 0) {
		*sm->sm_uio = at;
		packet_free(pk);
	}
	return error;
}

/* --- Receiving ------------------------------------------------------------ */

/* The lock is held: wait until there is something to be told. */
static int
await(struct socket *so, uint64_t until)
{
	int error = 0;

	while (so->so_rq.pq_head == NULL && error == 0) {
		error = atomic_exchange(&so->so_error, 0);
		if (error != 0)
			break;
		if (until == 0)
			error = EAGAIN;
		else if (is_shut(so, SHUT_RD))
			break;
		else
			error = ksleep(&so->so_rwait, biglock(), until,
			    KSLEEP_INTR);
	}
	return error;
}

static int
dgram_recv(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	uint64_t until = sock_until(sm->sm_flags & MSG_DONTWAIT,
	    KREAD(so->so_rcvtimeo));
	struct packet *pk;
	int error;

	if (sm->sm_flags & MSG_OOB)
		return EOPNOTSUPP;
	kmutex_enter(biglock());
	error = atomic_exchange(&so->so_error, 0);
	if (error == 0)
		error = await(so, until);
	pk = error == 0 ? so->so_rq.pq_head : NULL;
	if (pk != NULL) {
		rights_lock();
		if (sm->sm_flags & MSG_PEEK) {
			pk = packet_dup(pk, sm->sm_uio->uio_resid);
			error = pk == NULL ? ENOBUFS : 0;
		} else {
			packetq_take(&so->so_rq);
			if (pk->pk_rights != NULL)
				rights_leave(pk);
			klog_commit();
			wake_senders(so);
		}
		rights_unlock();
	}
	kmutex_exit(biglock());
	if (pk == NULL)
		return wait_error(error, until);
	return local_deliver(l, so, sm, pk);
}

/* --- The rest ------------------------------------------------------------- */

static int
dgram_shutdown(struct socket *so, int how)
{
	unsigned bits = how == SHUT_RDWR ? SHUT(SHUT_RD) | SHUT(SHUT_WR) :
					   SHUT(how);

	kmutex_enter(biglock());
	atomic_fetch_or(&so->so_shut, bits);
	kwakeup(&so->so_rwait);
	kwakeup(&so->so_pollq);
	wake_senders(so);
	kmutex_exit(biglock());
	return 0;
}

static int
dgram_poll(struct socket *so, struct waitent *ent)
{
	const struct socket *to;
	int ev = 0;

	kmutex_enter(biglock());
	if (ent != NULL) {
		waitq_add(&so->so_pollq, ent, biglock());
		klog_commit();
	}
	to = so->so_dpeer;
	if (so->so_rq.pq_head != NULL || is_shut(so, SHUT_RD))
		ev |= POLLIN | POLLRDNORM;
	if (is_shut(so, SHUT_RD))
		ev |= POLLRDHUP;
	if (is_shut(so, SHUT_RD) && is_shut(so, SHUT_WR))
		ev |= POLLHUP;
	if (to == NULL || (KREAD(to->so_state) & SS_CLOSED) ||
	    (!is_full(so, to) &&
		(to->so_dpeer != so ||
		    to->so_rq.pq_room * 4 <= KREAD(so->so_sndbuf))))
		ev |= POLLOUT | POLLWRNORM | POLLWRBAND;
	if (atomic_load(&so->so_error) != 0)
		ev |= POLLERR;
	kmutex_exit(biglock());
	return ev;
}

/* The next datagram; of those sent, what is not yet received by the peer. */
static uint64_t
dgram_pending(struct socket *so, bool out)
{
	uint64_t n = 0;

	kmutex_enter(biglock());
	if (out && so->so_dpeer != NULL)
		n = so->so_dpeer->so_rq.pq_room;
	else if (!out && so->so_rq.pq_head != NULL)
		n = so->so_rq.pq_head->pk_len;
	kmutex_exit(biglock());
	return n;
}

static void
dgram_close(struct socket *so)
{
	struct socket *old;

	local_unbind(so);
	kmutex_enter(biglock());
	rights_lock();
	rights_discard(&so->so_rq);
	rights_unlock();
	old = drop_peer(so);
	KSET(so->so_state, so->so_state | SS_CLOSED);
	klog_commit();
	/* Not a reset: what this one sent is still to be received. */
	wake_senders(so);
	kmutex_exit(biglock());
	if (old != NULL)
		sock_rele(old);
	rights_collect();
}

const struct sockops localdgram_sockops = {
	.so_bind = local_bind,
	.so_connect = dgram_connect,
	.so_send = dgram_send,
	.so_recv = dgram_recv,
	.so_shutdown = dgram_shutdown,
	.so_poll = dgram_poll,
	.so_getname = local_getname,
	.so_pending = dgram_pending,
	.so_close = dgram_close,
};
