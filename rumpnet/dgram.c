/* SPDX-License-Identifier: BSD-2-Clause */
/* dgram: see dgram.h. */
#include "rumpnet/dgram.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/sockopt.h"

int
dgram_target(struct socket *so, const struct netname *nn, struct inname *to)
{
	struct inname local;
	bool v4, mapped;
	int error;

	error = inname_target(so, nn, to);
	if (error != 0)
		return error;
	v4 = in_isv4(&to->in_addr);
	if (!v4 || unlikely(in_isany(&to->in_addr)))
		local = dgram_name(so, &so->so_local);
	mapped = !v4 && in_isv4(&local.in_addr);
	if (mapped && in_isany(&to->in_addr)) {
		mapped = false;
		v4 = true;
	}
	if (v4 && so->so_family == AF_INET6 && KREAD(so->so_v6only))
		return ENETUNREACH;
	if (in_isany(&to->in_addr))
		to->in_addr = in_nowhere(&to->in_addr, &local.in_addr);
	if (v4 && in_isbroadcast(&to->in_addr)) {
		if (!sock_opt(so, SO_BROADCAST))
			return EACCES;
		(void)in_reach(so, to, 0);
		return 0;
	}
	if (mcast_isgroup(&to->in_addr)) {
		to->in_scope = mcast_interface(so, to);
		return mapped ? EAFNOSUPPORT : 0;
	}
	error = in_reach(so, to, 0);
	if (error == EREMOTE)
		error = 0;
	/* A socket with an address of IPv4 reaches nothing else. */
	return error == 0 && mapped ? EAFNOSUPPORT : error;
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

void
dgram_enqueue(struct socket *so, struct packet *pk)
{
	if (unlikely(sockopt_stamp(so) != 0))
		pk->pk_time = rumpuser_realtime();
	pk->pk_plain = KREAD(so->so_val[SV_PKTINFO]) == 0 &&
	    KREAD(so->so_val[SV_6PKTINFO]) == 0;
	(void)sockq_put(so, pk, false);
}

int
dgram_recv(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct packet *pk;
	int error;

	(void)l;
	if (unlikely(sm->sm_flags & MSG_ERRQUEUE))
		return EAGAIN;
	error = sockq_take(so, sm->sm_flags, sm->sm_uio->uio_resid, &pk);
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
	return out ? 0 : sockq_pending(so);
}

void
dgram_close(struct socket *so)
{
	in_unbind(so);
	sockq_drain(so);
}
