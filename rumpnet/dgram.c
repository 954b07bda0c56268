/* SPDX-License-Identifier: BSD-2-Clause */
/* dgram: see dgram.h. */
#include <poll.h>

#include "rumpkern/klog.h"
#include "rumpnet/dgram.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/sockopt.h"

int
dgram_target(struct socket *so, const struct netname *nn, struct inname *to)
{
	struct inname local;
	bool v4;
	int error;

	error = inname_target(so, nn, to);
	if (error != 0)
		return error;
	v4 = in_isv4(&to->in_addr);
	if (!v4)
		local = dgram_name(so, &so->so_local);
	/* A socket with an address of IPv4 reaches nothing else. */
	if (!v4 && in_isv4(&local.in_addr)) {
		if (!in_isany(&to->in_addr))
			return EAFNOSUPPORT;
		v4 = true;
	}
	if (v4 && so->so_family == AF_INET6 && KREAD(so->so_v6only))
		return ENETUNREACH;
	if (in_isany(&to->in_addr))
		to->in_addr = in_loopback(v4 || so->so_family == AF_INET);
	if (v4 && in_isbroadcast(&to->in_addr)) {
		if (!sock_opt(so, SO_BROADCAST))
			return EACCES;
		(void)in_reach(so, to, 0);
		return 0;
	}
	if (mcast_isgroup(&to->in_addr)) {
		to->in_scope = mcast_interface(so, to);
		return 0;
	}
	error = in_reach(so, to, 0);
	return error == EREMOTE ? 0 : error;
}

#define SIN6_LEN_MIN 24 /* of RFC 2133, without a scope */

int
dgram_connect(struct socket *so, enum inproto proto, const struct netname *nn,
    int (*autobind)(struct socket *))
{
	struct inname to;
	int error;

	if (nn->nn_len < sizeof(sa_family_t))
		return EINVAL;
	if (nn->nn_sa.sa_family == AF_UNSPEC) {
		in_disconnect(so, proto);
		return 0;
	}
	error = autobind != NULL ? autobind(so) : 0;
	if (error == 0 && KREAD(so->so_v6only) &&
	    nn->nn_sa.sa_family == AF_INET)
		return EAFNOSUPPORT;
	if (error == 0 && so->so_family == AF_INET6 &&
	    nn->nn_len >= SIN6_LEN_MIN && nn->nn_sa.sa_family != AF_INET6 &&
	    nn->nn_sa.sa_family != AF_INET)
		return EAFNOSUPPORT;
	if (error == 0)
		error = inname_target(so, nn, &to);
	if (error == 0)
		error = in_needscope(so, &to);
	if (error == 0)
		error = dgram_target(so, nn, &to);
	if (error == ENETUNREACH && KREAD(so->so_v6only) &&
	    nn->nn_sa.sa_family == AF_INET)
		error = EAFNOSUPPORT;
	if (error == 0)
		in_setpeer(so, proto, &to);
	return error;
}

struct inname
dgram_name(struct socket *so, const struct inname *which)
{
	struct inname in;

	kmutex_enter(&so->so_lock);
	in = *which;
	kmutex_exit(&so->so_lock);
	return in;
}

bool
dgram_isaway(const struct socket *so, struct inname *to, uint32_t oif)
{
	if (likely(in_isloopback(&to->in_addr) && oif == 0 &&
		KREAD(so->so_val[SV_BOUNDIF]) == 0 &&
		KREAD(net()->ns_lostrange) == 0))
		return false;
	if (mcast_isgroup(&to->in_addr) || in_isbroadcast(&to->in_addr))
		return false;
	return in_reach(so, to, oif) == EREMOTE;
}

/* so_lock and the table's held: the packet may come in. */
static bool
has_room(const struct socket *so)
{
	return so->so_rq.pq_room <= KREAD(so->so_rcvbuf);
}

void
dgram_enqueue(struct socket *so, struct packet *pk)
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

/* so_lock held.  0: there is a packet, or the end. */
static int
await(struct socket *so, uint64_t until)
{
	int error;

	for (;;) {
		/* News about what was sent come first. */
		error = atomic_exchange(&so->so_error, 0);
		if (error != 0 || so->so_rq.pq_head != NULL)
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
	error = await(so,
	    sock_until(flags & MSG_DONTWAIT, KREAD(so->so_rcvtimeo)));
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

int
dgram_recv(struct lwp *l, struct socket *so, struct sockmsg *sm)
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

int
dgram_shutdown(struct socket *so, int how)
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

int
dgram_poll(struct socket *so, struct waitent *ent)
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

int
dgram_getname(struct socket *so, bool peer, struct netname *nn)
{
	struct inname in;

	if (peer && !(KREAD(so->so_state) & SS_CONNECTED))
		return ENOTCONN;
	kmutex_enter(&so->so_lock);
	in = peer ? so->so_peer : so->so_local;
	kmutex_exit(&so->so_lock);
	if (peer && in.in_port == 0)
		return ENOTCONN;
	inname_put(so, &in, nn);
	return 0;
}

uint64_t
dgram_pending(struct socket *so, bool out)
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

void
dgram_close(struct socket *so)
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
