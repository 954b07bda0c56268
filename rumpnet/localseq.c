/* SPDX-License-Identifier: BSD-2-Clause */
/* localseq: AF_UNIX packets in sequence. */
#include <poll.h>

#include "rumpkern/klog.h"
#include "rumpnet/conn.h"
#include "rumpnet/local.h"
#include "rumpnet/localconn.h"
#include "rumpnet/protos.h"
#include "rumpnet/rights.h"
#include "rumpnet/sockstream.h"

static bool
connected(const struct socket *so)
{
	return (KREAD(so->so_state) & SS_CONNECTED) != 0;
}

/* What a wait ended with, for the program. */
static int
wait_error(int error, uint64_t until)
{
	if (error == ETIMEDOUT)
		return EAGAIN;
	return error == KERESTART && until != KSLEEP_FOREVER ? EINTR : error;
}

/* cn_lock held: may a packet go?  EAGAIN: there is no room. */
static int
may_send(struct conn *cn, const struct socket *so)
{
	struct stream *out = &cn->cn_in[!so->so_side];
	int error = atomic_exchange(&cn->cn_error[so->so_side], 0);

	if (error != 0)
		return error;
	if (atomic_load(&out->st_eof) || atomic_load(&out->st_shut))
		return EPIPE;
	return out->st_pkts.pq_room < KREAD(so->so_sndbuf) ? 0 : EAGAIN;
}

/* Queue a packet in hand. */
static int
send_packet(struct socket *so, struct packet *pk, uint64_t until)
{
	struct conn *cn = so->so_conn;
	struct stream *out = &cn->cn_in[!so->so_side];
	bool rights = pk->pk_rights != NULL;
	int error;

	do {
		if (rights)
			rights_lock();
		kmutex_enter(&cn->cn_lock);
		error = may_send(cn, so);
		if (error == 0) {
			local_stamp(cn->cn_sock[!so->so_side], pk);
			packetq_put(&out->st_pkts, pk);
			if (rights)
				rights_enter(pk, cn->cn_sock[!so->so_side]);
			klog_commit();
			conn_wake_packets(cn, !so->so_side, true);
		}
		if (rights)
			rights_unlock();
		if (error == 0 || error != EAGAIN || until == 0) {
			kmutex_exit(&cn->cn_lock);
			return error;
		}
		error = ksleep(&out->st_wwait, &cn->cn_lock, until,
		    KSLEEP_INTR);
		kmutex_exit(&cn->cn_lock);
	} while (error == 0);
	return wait_error(error, until);
}

static int
seq_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	size_t len = sm->sm_uio->uio_resid;
	bool fits = len + 32 <= KREAD(so->so_sndbuf);
	struct packet *pk = packet_alloc(fits ? len : 0);
	struct uio at = *sm->sm_uio;
	int error;

	if (pk == NULL)
		return ENOBUFS;
	if (!connected(so))
		error = ENOTCONN;
	else
		error = conn_takeerror(so->so_conn, so->so_side);
	if (error == 0)
		error = local_ancillary(l, sm, pk);
	if (error == 0 && (sm->sm_flags & MSG_OOB))
		error = EOPNOTSUPP;
	if (error == 0)
		error = local_autobind(so);
	if (error == 0 && !fits)
		error = EMSGSIZE;
	if (error == 0 && len != 0)
		error = uio_move(pk->pk_data, len, sm->sm_uio);
	if (error == 0) {
		local_setname(so, pk);
		kmutex_enter(&so->so_conn->cn_lock);
		local_addcred(l, so, so->so_conn->cn_sock[!so->so_side], pk);
		kmutex_exit(&so->so_conn->cn_lock);
		error = send_packet(so, pk,
		    sock_until(sm->sm_flags & MSG_DONTWAIT,
			KREAD(so->so_sndtimeo)));
	}
	if (error != 0) {
		*sm->sm_uio = at;
		packet_free(pk);
	}
	return error;
}

/* cn_lock held: the first packet; NULL and 0: the end has come. */
static int
first_packet(struct conn *cn, int side, struct packet **pkp)
{
	struct stream *in = &cn->cn_in[side];
	int error = atomic_exchange(&cn->cn_error[side], 0);

	*pkp = NULL;
	if (error != 0)
		return error;
	*pkp = in->st_pkts.pq_head;
	if (*pkp == NULL && !atomic_load(&in->st_eof) &&
	    !atomic_load(&in->st_shut))
		return EAGAIN;
	return 0;
}

/* The same with rights_lock() as well; the packet is in hand, or a copy is. */
static int
get_packet(struct socket *so, const struct sockmsg *sm, struct packet **pkp)
{
	struct conn *cn = so->so_conn;
	struct packet *pk;
	int error;

	error = first_packet(cn, so->so_side, &pk);
	if (pk == NULL) {
		kmutex_exit(&cn->cn_lock);
		return error;
	}
	if (sm->sm_flags & MSG_PEEK) {
		/* One with rights stays where it is while we hold the lock. */
		if (pk->pk_rights != NULL)
			kmutex_exit(&cn->cn_lock);
		*pkp = packet_dup(pk, sm->sm_uio->uio_resid);
		if (pk->pk_rights == NULL)
			kmutex_exit(&cn->cn_lock);
		return *pkp == NULL ? ENOBUFS : 0;
	}
	packetq_take(&cn->cn_in[so->so_side].st_pkts);
	if (pk->pk_rights != NULL)
		rights_leave(pk);
	klog_commit();
	conn_wake_packets(cn, so->so_side, false);
	kmutex_exit(&cn->cn_lock);
	*pkp = pk;
	return 0;
}

/* Wait for a packet and take it, or copy it. */
static int
recv_packet(struct socket *so, const struct sockmsg *sm, struct packet **pkp)
{
	uint64_t until = sock_until(sm->sm_flags & MSG_DONTWAIT,
	    KREAD(so->so_rcvtimeo));
	struct conn *cn = so->so_conn;
	bool rights = false;
	struct packet *pk;
	int error = 0;

	while (error == 0) {
		if (rights)
			rights_lock();
		kmutex_enter(&cn->cn_lock);
		pk = cn->cn_in[so->so_side].st_pkts.pq_head;
		if (pk != NULL && pk->pk_rights != NULL && !rights) {
			kmutex_exit(&cn->cn_lock);
			rights = true;
			continue;
		}
		if (pk != NULL || until == 0 ||
		    atomic_load(&cn->cn_error[so->so_side]) != 0 ||
		    atomic_load(&cn->cn_in[so->so_side].st_eof) ||
		    atomic_load(&cn->cn_in[so->so_side].st_shut)) {
			error = get_packet(so, sm, pkp);
			if (rights)
				rights_unlock();
			return error;
		}
		if (rights)
			rights_unlock();
		error = ksleep(&cn->cn_in[so->so_side].st_rwait, &cn->cn_lock,
		    until, KSLEEP_INTR);
		kmutex_exit(&cn->cn_lock);
	}
	return wait_error(error, until);
}

static int
seq_recv(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct packet *pk = NULL;
	int error;

	if (!connected(so))
		return ENOTCONN;
	if (sm->sm_flags & MSG_OOB)
		return EOPNOTSUPP;
	error = recv_packet(so, sm, &pk);
	if (error != 0 || pk == NULL)
		return error;
	return local_deliver(l, so, sm, pk);
}

static int
seq_poll(struct socket *so, struct waitent *ent)
{
	struct conn *cn = so->so_conn;
	struct stream *in = &cn->cn_in[so->so_side];
	struct stream *out = &cn->cn_in[!so->so_side];
	bool eof, over;
	int ev = 0;

	if (!connected(so))
		return sockstream_poll(so, ent);
	kmutex_enter(&cn->cn_lock);
	if (ent != NULL) {
		waitq_add(&cn->cn_poll[so->so_side], ent, &cn->cn_lock);
		klog_commit();
	}
	eof = atomic_load(&in->st_eof) || atomic_load(&in->st_shut);
	over = atomic_load(&out->st_eof) || atomic_load(&out->st_shut);
	if (in->st_pkts.pq_count != 0 || eof)
		ev |= POLLIN | POLLRDNORM;
	if (eof)
		ev |= POLLRDHUP;
	if (eof && over)
		ev |= POLLHUP;
	if (over || out->st_pkts.pq_room * 4 <= KREAD(so->so_sndbuf))
		ev |= POLLOUT | POLLWRNORM | POLLWRBAND;
	if (atomic_load(&cn->cn_error[so->so_side]) != 0)
		ev |= POLLERR;
	kmutex_exit(&cn->cn_lock);
	return ev;
}

static uint64_t
seq_pending(struct socket *so, bool out)
{
	struct packetq *pq =
	    &so->so_conn->cn_in[out ? !so->so_side : so->so_side].st_pkts;

	return out ? KREAD(pq->pq_room) : KREAD(pq->pq_bytes);
}

const struct sockops localseq_sockops = {
	.so_bind = local_bind,
	.so_connect = localconn_connect,
	.so_listen = localconn_listen,
	.so_accept = sockstream_accept,
	.so_send = seq_send,
	.so_recv = seq_recv,
	.so_shutdown = localconn_shutdown,
	.so_poll = seq_poll,
	.so_getname = local_getname,
	.so_pending = seq_pending,
	.so_close = localconn_close,
};
