/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udp: datagrams between internet addresses of one kernel.
 *
 * A datagram goes into its receiver's so_rq at once, under the table's lock
 * and the receiver's.  One that finds no receiver tells its sender, if that is
 * connected; one that finds no room is lost.
 */
#include <arpa/inet.h>
#include <asm/ioctls.h>
#include <poll.h>

#include "rumpkern/klog.h"
#include "rumpnet/inet.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/packet.h"
#include "rumpnet/protos.h"
#include "rumpnet/sockopt.h"

#define MOST4  65507 /* bytes in a datagram of IPv4 */
#define MOST6  65527
#define UNCUT6 65488 /* of those, in one piece on lo */

static int
udp_bind(struct lwp *l, struct socket *so, const struct netname *nn)
{
	struct inname in;
	int error;

	(void)l;
	error = inname_get(so, nn, &in);
	if (error != 0)
		return error;
	return in_bind(so, IN_UDP, &in);
}

static int
autobind(struct socket *so)
{
	struct inname any = { .in_port = 0 };
	int error;

	if (KREAD(so->so_local.in_port) != 0)
		return 0;
	if (so->so_family == AF_INET)
		any.in_addr = in_any4();
	error = in_bind(so, IN_UDP, &any);
	/* Another thread may have been faster. */
	if (error == EINVAL && KREAD(so->so_local.in_port) != 0)
		return 0;
	if (error == EADDRINUSE)
		return EAGAIN;
	return error;
}

/* Where to, as the program says: any family that the socket can reach. */
static int
target(struct socket *so, const struct netname *nn, struct inname *to)
{
	bool v4;
	int error;

	error = inname_target(so, nn, to);
	if (error != 0)
		return error;
	v4 = in_isv4(&to->in_addr);
	if (v4 && so->so_family == AF_INET6 && so->so_v6only)
		return ENETUNREACH;
	if (in_isany(&to->in_addr))
		to->in_addr = in_loopback(v4 || so->so_family == AF_INET);
	if (v4 && in_isbroadcast(&to->in_addr)) {
		if (!sock_opt(so, SO_BROADCAST))
			return EACCES;
	} else if (!in_islocal(&to->in_addr) && !mcast_isgroup(&to->in_addr))
		return ENETUNREACH;
	return 0;
}

static int
udp_connect(struct lwp *l, struct socket *so, const struct netname *nn,
    bool nonblock)
{
	struct inname to;
	int error;

	(void)l;
	(void)nonblock;
	if (nn->nn_len < sizeof(sa_family_t))
		return EINVAL;
	if (nn->nn_sa.sa_family == AF_UNSPEC) {
		in_disconnect(so, IN_UDP);
		return 0;
	}
	error = target(so, nn, &to);
	if (error == ENETUNREACH && so->so_v6only && in_isv4(&to.in_addr))
		error = EAFNOSUPPORT;
	if (error == 0)
		error = autobind(so);
	if (error == 0)
		in_setpeer(so, IN_UDP, &to);
	return error;
}

/* so_lock and the table's held: the packet may come in. */
static bool
has_room(const struct socket *so)
{
	return so->so_rq.pq_room <= KREAD(so->so_rcvbuf);
}

/* The table's lock held: a packet in hand, which leaves it. */
static void
enqueue(struct socket *so, struct packet *pk)
{
	kmutex_enter(&so->so_lock);
	if (!has_room(so) || (so->so_state & SS_CLOSED)) {
		kmutex_exit(&so->so_lock);
		packet_free(pk);
		return;
	}
	if (unlikely(sockopt_stamp(so) != 0))
		pk->pk_time = rumpuser_realtime();
	packetq_put(&so->so_rq, pk);
	klog_commit();
	kwakeup_one(&so->so_rwait);
	kwakeup_events(&so->so_pollq, POLLIN | POLLRDNORM);
	kmutex_exit(&so->so_lock);
}

/* To all that would hear it: lo brings it back whatever IP_MULTICAST_LOOP is. */
static void
deliver_many(struct packet *pk)
{
	struct socket *so = NULL;
	struct packet *copy;

	while ((so = in_nextreceiver(so, &pk->pk_from, &pk->pk_to)) != NULL) {
		copy = packet_dup(pk, SIZE_MAX);
		if (copy != NULL)
			enqueue(so, copy);
	}
	packet_free(pk);
}

/* ECONNREFUSED: nobody is there. */
static int
deliver(struct packet *pk)
{
	struct socktab *tb = &net()->ns_bound[IN_UDP];
	struct socket *so;
	int error = 0;

	kmutex_enter(&tb->tb_lock);
	if (mcast_isgroup(&pk->pk_to.in_addr) ||
	    in_isbroadcast(&pk->pk_to.in_addr)) {
		deliver_many(pk);
	} else {
		so = in_receiver(&pk->pk_from, &pk->pk_to);
		if (so != NULL)
			enqueue(so, pk);
		else {
			packet_free(pk);
			error = ECONNREFUSED;
		}
	}
	kmutex_exit(&tb->tb_lock);
	return error;
}

/* The peer is not there: news for who is connected or asks for it. */
static void
refused(struct socket *so, const struct inname *to)
{
	bool v4 = in_isv4(&to->in_addr);

	if (!(KREAD(so->so_state) & SS_CONNECTED) &&
	    !sockopt_int(so, v4 ? IPPROTO_IP : IPPROTO_IPV6,
		v4 ? IP_RECVERR : IPV6_RECVERR))
		return;
	kmutex_enter(&so->so_lock);
	atomic_store(&so->so_error, ECONNREFUSED);
	kwakeup(&so->so_rwait);
	kwakeup(&so->so_pollq);
	kmutex_exit(&so->so_lock);
}

/* As long as it would be cut up, on lo, which this socket does not allow? */
static bool
too_long(const struct socket *so, const struct inname *to, size_t len)
{
	int disc;

	if (in_isv4(&to->in_addr) || len <= UNCUT6)
		return false;
	disc = sockopt_int(so, IPPROTO_IPV6, IPV6_MTU_DISCOVER);
	return sockopt_int(so, IPPROTO_IPV6, IPV6_DONTFRAG) ||
	    (disc >= IPV6_PMTUDISC_DO && disc <= IPV6_PMTUDISC_INTERFACE);
}

/* One of the socket's two names, which may change meanwhile. */
static struct inname
name_of(struct socket *so, const struct inname *which)
{
	struct inname in;

	kmutex_enter(&so->so_lock);
	in = *which;
	kmutex_exit(&so->so_lock);
	return in;
}

/* Who and where to; what stands in the way. */
static int
prepare(struct socket *so, const struct sockmsg *sm, struct inname *to)
{
	size_t len = sm->sm_uio->uio_resid;
	int error;

	if (sm->sm_flags & MSG_OOB)
		return EOPNOTSUPP;
	if (len > UINT16_MAX)
		return EMSGSIZE;
	if (sm->sm_name != NULL) {
		error = target(so, sm->sm_name, to);
		if (error == 0 && to->in_port == 0)
			error = EINVAL;
		if (error != 0)
			return error;
	} else if (!(KREAD(so->so_state) & SS_CONNECTED))
		return EDESTADDRREQ;
	else
		*to = name_of(so, &so->so_peer);
	error = atomic_exchange(&so->so_error, 0);
	if (error == 0 && (atomic_load(&so->so_shut) & 1 << SHUT_WR))
		error = EPIPE;
	if (error == 0 &&
	    (len > (in_isv4(&to->in_addr) ? MOST4 : MOST6) ||
		too_long(so, to, len)))
		error = EMSGSIZE;
	return error != 0 ? error : autobind(so);
}

static int
udp_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct inctl ctl;
	struct packet *pk;
	struct inname to;
	int error;

	(void)l;
	/* Pieces of one datagram: there is no cork. */
	if (unlikely(sm->sm_flags & MSG_MORE))
		return EOPNOTSUPP;
	error = prepare(so, sm, &to);
	if (error == 0)
		error = inctl_parse(so, sm, in_isv4(&to.in_addr), &ctl);
	if (error != 0)
		return error;
	error = packet_create(sm->sm_uio, sm->sm_uio->uio_resid, &pk);
	if (error != 0)
		return error;
	pk->pk_from = name_of(so, &so->so_local);
	if (!in_isany(&ctl.ic_source))
		pk->pk_from.in_addr = ctl.ic_source;
	else if (in_isany(&pk->pk_from.in_addr) ||
	    mcast_isgroup(&pk->pk_from.in_addr))
		pk->pk_from.in_addr = in_source(&to.in_addr);
	pk->pk_to = to;
	if (mcast_isgroup(&to.in_addr) && ctl.ic_hops)
		ctl.ic_ttl = sockopt_int(so,
		    in_isv4(&to.in_addr) ? IPPROTO_IP : IPPROTO_IPV6,
		    in_isv4(&to.in_addr) ? IP_MULTICAST_TTL :
					   IPV6_MULTICAST_HOPS);
	pk->pk_ttl = (uint8_t)ctl.ic_ttl;
	pk->pk_tos = (uint8_t)ctl.ic_tos;
	if (deliver(pk) != 0)
		refused(so, &to);
	return 0;
}

/* so_lock held.  0: there is a packet, or the end. */
static int
await(struct socket *so, uint64_t until)
{
	int error;

	while (so->so_rq.pq_head == NULL) {
		error = atomic_exchange(&so->so_error, 0);
		if (error != 0)
			return error;
		if (until == 0)
			return EAGAIN;
		if (atomic_load(&so->so_shut) & 1 << SHUT_RD)
			return 0;
		error = ksleep(&so->so_rwait, &so->so_lock, until, KSLEEP_INTR);
		if (error == ETIMEDOUT)
			return EAGAIN;
		if (error != 0)
			return error == KERESTART && until != KSLEEP_FOREVER ?
			    EINTR :
			    error;
	}
	return 0;
}

/* The next packet, or a copy of it, in hand.  NULL: the end. */
static int
take(struct socket *so, int flags, size_t room, struct packet **pk)
{
	int error;

	*pk = NULL;
	kmutex_enter(&so->so_lock);
	error = await(so, sock_until(flags & MSG_DONTWAIT, so->so_rcvtimeo));
	if (error == 0 && so->so_rq.pq_head != NULL) {
		if (flags & MSG_PEEK) {
			*pk = packet_dup(so->so_rq.pq_head, room);
			if (*pk == NULL)
				error = ENOBUFS;
		} else {
			*pk = packetq_take(&so->so_rq);
			klog_commit();
		}
	}
	if (so->so_rq.pq_head != NULL)
		kwakeup_one(&so->so_rwait);
	kmutex_exit(&so->so_lock);
	return error;
}

static int
udp_recv(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct packet *pk;
	int error;

	(void)l;
	if (unlikely(sm->sm_flags & MSG_ERRQUEUE))
		return EAGAIN;
	error = take(so, sm->sm_flags, sm->sm_uio->uio_resid, &pk);
	if (error != 0 || pk == NULL)
		return error;
	error = packet_deliver(pk, sm);
	if (error == 0 && sm->sm_name != NULL)
		inname_put(so, &pk->pk_from, sm->sm_name);
	if (error == 0)
		inctl_tell(so, sm, pk);
	packet_free(pk);
	return error;
}

static int
udp_shutdown(struct socket *so, int how)
{
	uint8_t bits = 0;

	if (how != SHUT_WR)
		bits |= 1 << SHUT_RD;
	if (how != SHUT_RD)
		bits |= 1 << SHUT_WR;
	kmutex_enter(&so->so_lock);
	atomic_fetch_or(&so->so_shut, bits);
	kwakeup(&so->so_rwait);
	kwakeup(&so->so_pollq);
	kmutex_exit(&so->so_lock);
	return KREAD(so->so_state) & SS_CONNECTED ? 0 : ENOTCONN;
}

static int
udp_poll(struct socket *so, struct waitent *ent)
{
	uint8_t shut;
	int ev = POLLOUT | POLLWRNORM | POLLWRBAND;

	kmutex_enter(&so->so_lock);
	if (ent != NULL) {
		waitq_add(&so->so_pollq, ent, &so->so_lock);
		klog_commit();
	}
	shut = atomic_load(&so->so_shut);
	if (so->so_rq.pq_head != NULL)
		ev |= POLLIN | POLLRDNORM;
	if (shut & 1 << SHUT_RD)
		ev |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (shut == (1 << SHUT_RD | 1 << SHUT_WR))
		ev |= POLLHUP;
	if (atomic_load(&so->so_error) != 0)
		ev |= POLLERR;
	kmutex_exit(&so->so_lock);
	return ev;
}

static int
udp_getname(struct socket *so, bool peer, struct netname *nn)
{
	struct inname in;

	if (peer && !(KREAD(so->so_state) & SS_CONNECTED))
		return ENOTCONN;
	kmutex_enter(&so->so_lock);
	in = peer ? so->so_peer : so->so_local;
	kmutex_exit(&so->so_lock);
	inname_put(so, &in, nn);
	return 0;
}

/* Of the next datagram. */
static uint64_t
udp_pending(struct socket *so, bool out)
{
	uint64_t n = 0;

	if (out)
		return 0;
	kmutex_enter(&so->so_lock);
	if (so->so_rq.pq_head != NULL)
		n = so->so_rq.pq_head->pk_len;
	kmutex_exit(&so->so_lock);
	return n;
}

static void
udp_close(struct socket *so)
{
	struct packet *pk;

	in_unbind(so);
	do {
		kmutex_enter(&so->so_lock);
		pk = packetq_take(&so->so_rq);
		klog_commit();
		kmutex_exit(&so->so_lock);
		if (pk != NULL)
			packet_free(pk);
	} while (pk != NULL);
}

const struct sockops udp_sockops = {
	.so_bind = udp_bind,
	.so_connect = udp_connect,
	.so_send = udp_send,
	.so_recv = udp_recv,
	.so_shutdown = udp_shutdown,
	.so_poll = udp_poll,
	.so_getname = udp_getname,
	.so_pending = udp_pending,
	.so_close = udp_close,
};
