/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * udp: datagrams between internet addresses of one kernel.
 *
 * A datagram goes into its receiver's so_rq at once, under the table's lock
 * and the receiver's.  One that finds no receiver tells its sender, if that is
 * connected; one that finds no room is lost.
 */
#include <arpa/inet.h>

#include "rumpkern/klog.h"
#include "rumpnet/dgram.h"
#include "rumpnet/icmp.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/protos.h"
#include "rumpnet/route.h"
#include "rumpnet/sockopt.h"

#define UDP_HEADERS 42    /* of Ethernet and IPv4 too */
#define MOST4       65507 /* bytes in a datagram of IPv4 */
#define MOST6       65527
#define UNCUT6      65488 /* of those, in one piece on lo */

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
	struct inname any = { .in_port = 0 }, local;
	int error;

	if (KREAD(so->so_local.in_port) != 0)
		return 0;
	local = dgram_name(so, &so->so_local);
	if (so->so_family == AF_INET)
		any.in_addr = in_any4();
	/* It may have lost its port, but not its address. */
	if (!in_isany(&local.in_addr))
		any = (struct inname){ .in_addr = local.in_addr };
	error = in_bind(so, IN_UDP, &any);
	/* Another thread may have been faster. */
	if (error == EINVAL && KREAD(so->so_local.in_port) != 0)
		return 0;
	if (error == EADDRINUSE)
		return EAGAIN;
	return error;
}

/* Linux sends what is held back for IPv4 to the new peer. */
static void
redirect(struct socket *so)
{
	struct packet *pk;

	kmutex_enter(&so->so_lock);
	pk = so->so_cork.pq_head;
	if (pk != NULL && (so->so_state & SS_CONNECTED) &&
	    in_isv4(&pk->pk_to.in_addr) && in_isv4(&so->so_peer.in_addr)) {
		klog_save(&pk->pk_to, sizeof(pk->pk_to));
		pk->pk_to = so->so_peer;
		klog_save(&pk->pk_from, sizeof(pk->pk_from));
		pk->pk_from = so->so_local;
		klog_commit();
	}
	kmutex_exit(&so->so_lock);
}

static int
udp_connect(struct lwp *l, struct socket *so, const struct netname *nn,
    bool nonblock)
{
	int error;

	(void)l;
	(void)nonblock;
	error = dgram_connect(so, IN_UDP, nn, autobind);
	if (unlikely(error == 0 && KREAD(so->so_cork.pq_head) != NULL))
		redirect(so);
	return error;
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
			dgram_enqueue(so, copy);
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
			dgram_enqueue(so, pk);
		else {
			icmp_unreach(pk);
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
	struct inname peer;

	/* Who is connected hears of its peer only. */
	if (KREAD(so->so_state) & SS_CONNECTED) {
		peer = dgram_name(so, &so->so_peer);
		if (!inname_same(&peer, to))
			return;
	} else if (!sockopt_int(so, v4 ? IPPROTO_IP : IPPROTO_IPV6,
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

/* Of IPv6, AF_UNSPEC is as no name at all. */
static bool
is_noname(const struct socket *so, const struct netname *nn)
{
	return so->so_family == AF_INET6 && nn->nn_len >= sizeof(sa_family_t) &&
	    nn->nn_sa.sa_family == AF_UNSPEC;
}

/*
 * One of IPv6 that has an address of IPv4.  so_lock may be held: a name that
 * changes meanwhile is as good as before or after.
 */
static bool
is_mapped(const struct socket *so)
{
	return in_isv4(&so->so_local.in_addr);
}

/*
 * What is wrong with a name, and what is sent there.  v4: it is, or leads, to
 * IPv4, where what is wrong with the message comes first.
 */
static int
check_name(const struct socket *so, const struct sockmsg *sm, bool *v4)
{
	const struct netname *nn = sm->sm_name;
	struct inname to;
	int error;

	*v4 = so->so_family == AF_INET ||
	    (nn->nn_len >= sizeof(sa_family_t) &&
		nn->nn_sa.sa_family == AF_INET);
	if (!*v4) {
		error = inname_target(so, nn, &to);
		if (error != 0)
			return error;
		*v4 = in_isv4(&to.in_addr) ||
		    (in_isany(&to.in_addr) && is_mapped(so));
	}
	if (!*v4)
		return 0;
	if (KREAD(so->so_v6only))
		return ENETUNREACH;
	if (sm->sm_uio->uio_resid > UINT16_MAX)
		return EMSGSIZE;
	return sm->sm_flags & MSG_OOB ? EOPNOTSUPP : 0;
}

/*
 * A peer of IPv4 whom a message without a name of IPv6 is for: Linux looks for
 * it among those of IPv6.
 */
static bool
is_astray(const struct socket *so, const struct sockmsg *sm,
    const struct inname *to)
{
	return unlikely(sm->sm_name != NULL) && in_isv4(&to->in_addr) &&
	    is_noname(so, sm->sm_name);
}

/*
 * Where to, as the call says or connect() has said; whether there is a way is
 * not looked at yet.  v4: by IPv4.
 */
static int
destination(struct socket *so, const struct sockmsg *sm, struct inname *to,
    bool *v4)
{
	const struct netname *nn = sm->sm_name;
	int error;

	if (nn != NULL && !is_noname(so, nn)) {
		error = check_name(so, sm, v4);
		if (error == 0)
			error = inname_target(so, nn, to);
		if (error != 0)
			return error;
		return to->in_port == 0 ? EINVAL : 0;
	}
	if (!(KREAD(so->so_state) & SS_CONNECTED))
		return EDESTADDRREQ;
	*to = dgram_name(so, &so->so_peer);
	*v4 = in_isv4(&to->in_addr) && !is_astray(so, sm, to);
	if (*v4 && sm->sm_uio->uio_resid > UINT16_MAX)
		return EMSGSIZE;
	if (*v4 && (sm->sm_flags & MSG_OOB))
		return EOPNOTSUPP;
	return *v4 && so->so_family == AF_INET6 && to->in_port == 0 ? EINVAL :
								      0;
}

/* Who, where to and how; what stands in the way of it. */
static int
prepare(struct socket *so, const struct sockmsg *sm, struct inname *to,
    struct inctl *ctl)
{
	bool v4;
	int error;

	if (so->so_family == AF_INET && sm->sm_uio->uio_resid > UINT16_MAX)
		return EMSGSIZE;
	if (so->so_family == AF_INET && (sm->sm_flags & MSG_OOB))
		return EOPNOTSUPP;
	error = destination(so, sm, to, &v4);
	if (error == 0)
		error = inctl_parse(so, sm, v4, ctl);
	if (error != 0)
		return error;
	if (is_astray(so, sm, to))
		return ENETUNREACH;
	if (sm->sm_name != NULL && !is_noname(so, sm->sm_name))
		return dgram_target(so, sm->sm_name, to);
	return 0;
}

/* And of the message itself. */
static int
may_send(struct socket *so, const struct inname *to, size_t len)
{
	int error;

	if (len > (in_isv4(&to->in_addr) ? MOST4 : MOST6) ||
	    too_long(so, to, len))
		return EMSGSIZE;
	error = atomic_exchange(&so->so_error, 0);
	if (error == 0 && (atomic_load(&so->so_shut) & 1 << SHUT_WR))
		error = EPIPE;
	return error;
}

/* Does an answer to where it said that it came from reach it? */
static bool
hears(struct socket *so, const struct in6_addr *from, const struct inname *to)
{
	struct in6_addr local = dgram_name(so, &so->so_local).in_addr;

	return in_isany(&local) ||
	    (memcmp(&local, from, sizeof(local)) == 0 &&
		in_isv4(&local) == in_isv4(&to->in_addr));
}

/* Whose it is, where to and how: all but the data. */
static void
address(struct socket *so, struct packet *pk, const struct inname *to,
    struct inctl *ctl)
{
	pk->pk_from = dgram_name(so, &so->so_local);
	if (!in_isany(&ctl->ic_source))
		pk->pk_from.in_addr = ctl->ic_source;
	else if (in_isany(&pk->pk_from.in_addr) ||
	    mcast_isgroup(&pk->pk_from.in_addr) ||
	    in_isv4(&pk->pk_from.in_addr) != in_isv4(&to->in_addr))
		pk->pk_from.in_addr = in_sourcevia(so, to);
	pk->pk_to = *to;
	if (mcast_isgroup(&to->in_addr) && ctl->ic_hops)
		ctl->ic_ttl = sockopt_int(so,
		    in_isv4(&to->in_addr) ? IPPROTO_IP : IPPROTO_IPV6,
		    in_isv4(&to->in_addr) ? IP_MULTICAST_TTL :
					    IPV6_MULTICAST_HOPS);
	pk->pk_ttl = (uint8_t)ctl->ic_ttl;
	pk->pk_tos = (uint8_t)ctl->ic_tos;
	pk->pk_oif = ctl->ic_oif;
}

/* A datagram in hand that is whole. */
static void
transmit(struct socket *so, struct packet *pk)
{
	struct inname to = pk->pk_to;
	struct in6_addr from;

	if (unlikely(dgram_isaway(so, &to, pk->pk_oif))) {
		route_swallow(to.in_scope, pk->pk_len + UDP_HEADERS);
		packet_free(pk);
		return;
	}
	pk->pk_from.in_scope = to.in_scope;
	pk->pk_to = to;
	from = pk->pk_from.in_addr;
	if (deliver(pk) != 0 && hears(so, &from, &to))
		refused(so, &to);
}

/* --- Datagrams in pieces: MSG_MORE, UDP_CORK ------------------------------ */

/* What is held back, in hand; NULL: nothing. */
static struct packet *
uncork(struct socket *so)
{
	struct packet *pk;

	kmutex_enter(&so->so_lock);
	pk = packetq_take(&so->so_cork);
	klog_commit();
	kmutex_exit(&so->so_lock);
	return pk;
}

void
udp_uncork(struct socket *so)
{
	struct packet *pk = uncork(so);

	if (pk != NULL)
		transmit(so, pk);
}

/* The first piece, in hand: it is held back. */
static void
cork(struct socket *so, struct packet *pk)
{
	bool first;

	kmutex_enter(&so->so_lock);
	first = so->so_cork.pq_head == NULL && !(so->so_state & SS_CLOSED);
	if (first) {
		packetq_put(&so->so_cork, pk);
		klog_commit();
	}
	kmutex_exit(&so->so_lock);
	/* Another thread has begun one meanwhile. */
	if (!first)
		transmit(so, pk);
}

/*
 * What is wrong with a later piece, of which the address does not count: it
 * leaves the others, which go to IPv4 or not, as they are.
 */
static int
check_piece(const struct socket *so, const struct sockmsg *sm, bool v4)
{
	const struct netname *nn = sm->sm_name;
	bool as4 = v4, to4;
	int error;

	if (so->so_family == AF_INET6 && nn != NULL && !is_noname(so, nn)) {
		error = check_name(so, sm, &to4);
		if (error != 0)
			return error;
		as4 |= to4;
	}
	if (as4 && sm->sm_uio->uio_resid > UINT16_MAX)
		return EMSGSIZE;
	if (as4 && (sm->sm_flags & MSG_OOB))
		return EOPNOTSUPP;
	return as4 && !v4 ? EINVAL : 0;
}

/* so_lock held: the piece goes behind the others, or all are lost. */
static int
append(struct socket *so, struct sockmsg *sm, struct packet **old)
{
	struct packet *pk = so->so_cork.pq_head, *new = NULL;
	size_t len = sm->sm_uio->uio_resid;
	struct uio before = *sm->sm_uio;
	int error = 0;

	if (len + pk->pk_len > (in_isv4(&pk->pk_to.in_addr) ? MOST4 : MOST6) ||
	    too_long(so, &pk->pk_to, len + pk->pk_len))
		error = EMSGSIZE;
	else if (len == 0)
		return 0;
	if (error == 0)
		error = packet_extend(pk, sm->sm_uio, len, &new);
	if (error != 0)
		*sm->sm_uio = before;
	*old = packetq_take(&so->so_cork);
	if (new != NULL)
		packetq_put(&so->so_cork, new);
	klog_commit();
	return error;
}

/* A later piece.  false: there is no first one. */
static bool
send_piece(struct socket *so, struct sockmsg *sm, bool more, int *error)
{
	struct packet *pk, *old = NULL;

	kmutex_enter(&so->so_lock);
	pk = so->so_cork.pq_head;
	if (pk != NULL)
		*error = check_piece(so, sm, in_isv4(&pk->pk_to.in_addr));
	if (pk != NULL && *error == 0) {
		*error = append(so, sm, &old);
		more |= *error != 0;
	} else
		more = true;
	kmutex_exit(&so->so_lock);
	if (old != NULL)
		packet_free(old);
	if (!more)
		udp_uncork(so);
	return pk != NULL;
}

/* --- Sending -------------------------------------------------------------- */

static int
udp_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	bool more = (sm->sm_flags & MSG_MORE) || KREAD(so->so_val[SV_CORK]);
	struct inctl ctl;
	struct packet *pk;
	struct inname to;
	int error = 0;

	(void)l;
	/* Whatever comes of it, it has a port from now on. */
	error = autobind(so);
	if (error != 0)
		return error;
	if (unlikely(KREAD(so->so_cork.pq_head) != NULL) &&
	    send_piece(so, sm, more, &error))
		return error;
	error = prepare(so, sm, &to, &ctl);
	if (error == 0)
		error = may_send(so, &to, sm->sm_uio->uio_resid);
	if (error != 0)
		return error;
	error = packet_create(sm->sm_uio, sm->sm_uio->uio_resid, &pk);
	if (error != 0)
		return error;
	address(so, pk, &to, &ctl);
	if (unlikely(more))
		cork(so, pk);
	else
		transmit(so, pk);
	return 0;
}

/* What is held back has been taken from the program. */
static uint64_t
udp_pending(struct socket *so, bool out)
{
	return out ? KREAD(so->so_cork.pq_room) : dgram_pending(so, out);
}

static void
udp_close(struct socket *so)
{
	struct packet *pk = uncork(so);

	if (pk != NULL)
		packet_free(pk);
	dgram_close(so);
}

const struct sockops udp_sockops = {
	.so_bind = udp_bind,
	.so_connect = udp_connect,
	.so_send = udp_send,
	.so_recv = dgram_recv,
	.so_shutdown = dgram_shutdown,
	.so_poll = sockq_poll,
	.so_getname = dgram_getname,
	.so_pending = udp_pending,
	.so_close = udp_close,
};
