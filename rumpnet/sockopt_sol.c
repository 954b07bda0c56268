/* SPDX-License-Identifier: BSD-2-Clause */
/* sockopt: those of SOL_SOCKET that are not a number kept and no more. */
#include <sys/time.h>

#include "lwproc/proc.h"
#include "rumpnet/conn.h"
#include "rumpnet/ifnet.h"
#include "rumpnet/sockopt.h"
#include "rumpnet/tcp.h"

#define NSEC     1000000000UL
#define SND_MIN  4608
#define RCV_MIN  2304
#define SET_SND  1 /* SV_BUFSET */
#define SET_RCV  2
#define IFNAME   16
#define PRIO_MAX 6 /* without privilege */

#ifndef SO_RCVTIMEO_NEW
#define SO_RCVTIMEO_NEW 66
#define SO_SNDTIMEO_NEW 67
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif
#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* SO_SNDBUF, SO_RCVBUF: what the socket says is twice what was asked for. */
static uint32_t
buffer_size(int v, bool force, uint32_t least)
{
	uint64_t n = (uint32_t)v;

	if (force)
		n = v < 0 ? 0 : v;
	else
		n = kmin(n, (uint64_t)SOCKBUF_MAX);
	n = kmin(n, (uint64_t)INT32_MAX / 2) * 2;
	return kmax((uint32_t)n, least);
}

/* How much of a stream may be on its way. */
void
sockopt_apply(struct socket *so)
{
	int set = KREAD(so->so_val[SV_BUFSET]);
	bool tcp = so->so_kind == SOCK_TCP;
	uint32_t snd = tcp ? CONN_CAP / 2 : CONN_CAP;
	uint32_t rcv = tcp ? CONN_CAP / 2 : 0;

	if (sock_conn(so) == NULL)
		return;
	if (set & SET_SND)
		snd = KREAD(so->so_sndbuf);
	if (tcp && (set & SET_RCV))
		rcv = KREAD(so->so_rcvbuf);
	conn_setbuf(sock_conn(so), so->so_side, snd, rcv);
	if (tcp)
		conn_setlowat(sock_conn(so), so->so_side, KREAD(so->so_lowat));
}

static int
set_buffer(struct socket *so, int name, const struct optin *oi)
{
	bool force = name == SO_SNDBUFFORCE || name == SO_RCVBUFFORCE;
	int set;

	if (force && !sockopt_super(oi))
		return EPERM;
	if (name == SO_SNDBUF || name == SO_SNDBUFFORCE) {
		KSTORE(so->so_sndbuf, buffer_size(oi->oi_int, force, SND_MIN));
		set = SET_SND;
	} else {
		KSTORE(so->so_rcvbuf, buffer_size(oi->oi_int, force, RCV_MIN));
		set = SET_RCV;
	}
	__atomic_fetch_or(&so->so_val[SV_BUFSET], set, __ATOMIC_SEQ_CST);
	sockopt_apply(so);
	return 0;
}

static int
set_lowat(struct socket *so, int v)
{
	uint32_t n = v < 0 ? INT32_MAX : kmax(v, 1);

	if (so->so_kind == SOCK_TCP)
		n = kmin(n, KREAD(so->so_rcvbuf) / 2);
	KSTORE(so->so_lowat, n);
	sockopt_apply(so);
	return 0;
}

/* Kept in ns; 0: for ever; 1: does not wait. */
static int
set_timeout(uint64_t *timeo, const struct optin *oi)
{
	struct timeval tv;
	uint64_t ns;

	if (oi->oi_len < sizeof(tv))
		return EINVAL;
	if (copyin(oi->oi_uaddr, &tv, sizeof(tv)) != 0)
		return EFAULT;
	if (tv.tv_usec < 0 || tv.tv_usec >= 1000000)
		return EDOM;
	if (tv.tv_sec < 0)
		ns = 1;
	else if ((uint64_t)tv.tv_sec > UINT32_MAX)
		ns = 0;
	else
		ns = (uint64_t)tv.tv_sec * NSEC + (uint64_t)tv.tv_usec * 1000;
	KSTORE(*timeo, ns);
	return 0;
}

static void
get_timeout(uint64_t ns, struct optout *oo)
{
	struct timeval tv = { .tv_sec = (time_t)(ns / NSEC),
		.tv_usec = (suseconds_t)(ns % NSEC / 1000) };

	oo->oo_len = sizeof(tv);
	memcpy(oo->oo_buf, &tv, sizeof(tv));
}

static int
set_linger(struct socket *so, const struct optin *oi)
{
	struct linger lg;

	if (oi->oi_len < sizeof(lg))
		return EINVAL;
	if (copyin(oi->oi_uaddr, &lg, sizeof(lg)) != 0)
		return EFAULT;
	if (lg.l_onoff != 0) {
		so->so_linger.l_linger = lg.l_linger;
		so->so_linger.l_onoff = 1;
	} else
		so->so_linger.l_onoff = 0;
	return 0;
}

static int
set_device(struct socket *so, const struct optin *oi)
{
	char name[IFNAME] = "";
	uint32_t n = kmin(oi->oi_len, IFNAME - 1U);

	uint32_t index = 0;

	if (n != 0 && copyin(oi->oi_uaddr, name, n) != 0)
		return EFAULT;
	if (name[0] != '\0') {
		index = ifnet_index(name);
		if (index == 0)
			return ENODEV;
	}
	KSTORE(so->so_val[SV_BOUNDIF], (int)index);
	return 0;
}

static int
get_device(const struct socket *so, struct optout *oo)
{
	uint32_t index = (uint32_t)KREAD(so->so_val[SV_BOUNDIF]);
	struct netif nif;

	if (index == 0) {
		oo->oo_len = 0;
		return 0;
	}
	if (oo->oo_len < IFNAME)
		return EINVAL;
	if (!ifnet_get(index, &nif) || nif.if_index != index)
		return ENODEV;
	oo->oo_len = strlen(nif.if_name) + 1;
	memcpy(oo->oo_buf, nif.if_name, oo->oo_len);
	return 0;
}

static int
set_ifindex(struct socket *so, int v)
{
	if (v < 0)
		return EINVAL;
	KSTORE(so->so_val[SV_BOUNDIF], v);
	return 0;
}

static int
set_stamp(struct socket *so, int name, int v)
{
	if (v != 0)
		KSTORE(so->so_val[SV_TIMESTAMP], name);
	else
		KSTORE(so->so_val[SV_TIMESTAMP], 0);
	return 0;
}

static int
set_reuseport(struct socket *so, int v)
{
	uint64_t bit = 1UL << SO_REUSEPORT;

	if (v != 0 && so->so_family == AF_UNIX)
		return EOPNOTSUPP;
	if (v != 0)
		__atomic_fetch_or(&so->so_opts, bit, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&so->so_opts, ~bit, __ATOMIC_SEQ_CST);
	return 0;
}

static int
set_passcred(struct socket *so, int v)
{
	uint64_t bit = 1UL << SO_PASSCRED;

	if (so->so_family != AF_UNIX && so->so_family != AF_NETLINK)
		return EOPNOTSUPP;
	if (v != 0)
		__atomic_fetch_or(&so->so_opts, bit, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&so->so_opts, ~bit, __ATOMIC_SEQ_CST);
	return 0;
}

/* Tracing there is none, but who may not ask for it is told. */
static int
set_debug(struct socket *so, const struct optin *oi)
{
	uint64_t bit = 1UL << SO_DEBUG;

	if (oi->oi_int != 0 && !sockopt_super(oi))
		return EACCES;
	if (oi->oi_int != 0)
		__atomic_fetch_or(&so->so_opts, bit, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(&so->so_opts, ~bit, __ATOMIC_SEQ_CST);
	return 0;
}

static int
set_priority(struct socket *so, const struct optin *oi)
{
	if ((oi->oi_int < 0 || oi->oi_int > PRIO_MAX) && !sockopt_super(oi))
		return EPERM;
	KSTORE(so->so_val[SV_PRIORITY], oi->oi_int);
	return 0;
}

int
sockopt_setsol(struct socket *so, int name, const struct optin *oi)
{
	if (name == SO_BINDTODEVICE)
		return set_device(so, oi);
	if (oi->oi_len < sizeof(int))
		return EINVAL;
	switch (name) {
	case SO_DEBUG:
		return set_debug(so, oi);
	case SO_SNDBUF:
	case SO_RCVBUF:
	case SO_SNDBUFFORCE:
	case SO_RCVBUFFORCE:
		return set_buffer(so, name, oi);
	case SO_RCVLOWAT:
		return set_lowat(so, oi->oi_int);
	case SO_RCVTIMEO:
	case SO_RCVTIMEO_NEW:
		return set_timeout(&so->so_rcvtimeo, oi);
	case SO_SNDTIMEO:
	case SO_SNDTIMEO_NEW:
		return set_timeout(&so->so_sndtimeo, oi);
	case SO_LINGER:
		return set_linger(so, oi);
	case SO_REUSEPORT:
		return set_reuseport(so, oi->oi_int);
	case SO_PASSCRED:
		return set_passcred(so, oi->oi_int);
	case SO_PRIORITY:
		return set_priority(so, oi);
	case SO_MARK:
		return sockopt_super(oi) ? ENOPROTOOPT : EPERM;
	case SO_BINDTOIFINDEX:
		return set_ifindex(so, oi->oi_int);
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMP_NEW:
	case SO_TIMESTAMPNS_NEW:
		return set_stamp(so, name, oi->oi_int);
	default:
		return ENOPROTOOPT;
	}
}

static int
get_peername(struct socket *so, struct optout *oo)
{
	uint32_t room = oo->oo_len;
	struct netname nn;
	int error;

	error = so->so_kind == SOCK_TCP ?
	    tcp_lastpeer(so, &nn) :
	    sock_ops(so)->so_getname(so, true, &nn);
	if (error != 0)
		return ENOTCONN;
	if (nn.nn_len < room)
		return EINVAL;
	oo->oo_len = room;
	memcpy(oo->oo_buf, nn.nn_raw, kmin(nn.nn_len, room));
	return 0;
}

int
sock_takeerror(struct socket *so)
{
	int error = atomic_exchange(&so->so_error, 0);

	if (error == 0 && sock_conn(so) != NULL)
		error = conn_takeerror(sock_conn(so), so->so_side);
	return error;
}

static void
get_u64(uint64_t v, struct optout *oo)
{
	oo->oo_len = sizeof(v);
	memcpy(oo->oo_buf, &v, sizeof(v));
}

/* What a number of the socket says. */
static bool
number(struct socket *so, int name, int *v)
{
	switch (name) {
	case SO_TYPE:
		*v = so->so_type;
		return true;
	case SO_PROTOCOL:
		*v = so->so_proto;
		return true;
	case SO_DOMAIN:
		*v = so->so_family;
		return true;
	case SO_ACCEPTCONN:
		*v = (KREAD(so->so_state) & SS_LISTENS) != 0;
		return true;
	case SO_ERROR:
		*v = sock_takeerror(so);
		return true;
	case SO_SNDBUF:
		*v = (int)KREAD(so->so_sndbuf);
		return true;
	case SO_RCVBUF:
		*v = (int)KREAD(so->so_rcvbuf);
		return true;
	case SO_RCVLOWAT:
		*v = (int)KREAD(so->so_lowat);
		return true;
	case SO_SNDLOWAT:
		*v = 1;
		return true;
	case SO_PRIORITY:
		*v = KREAD(so->so_val[SV_PRIORITY]);
		return true;
	case SO_BINDTOIFINDEX:
		*v = KREAD(so->so_val[SV_BOUNDIF]);
		return true;
	case SO_TIMESTAMP_OLD:
	case SO_TIMESTAMPNS_OLD:
	case SO_TIMESTAMP_NEW:
	case SO_TIMESTAMPNS_NEW:
		*v = sockopt_stamp(so) == name;
		return true;
	case SO_DEBUG:
	case SO_REUSEPORT:
		*v = sock_opt(so, name);
		return true;
	default:
		return false;
	}
}

int
sockopt_getsol(struct socket *so, int name, struct optout *oo)
{
	int v;

	if (number(so, name, &v)) {
		optout_int(oo, v);
		return 0;
	}
	switch (name) {
	case SO_LINGER:
		oo->oo_len = sizeof(so->so_linger);
		memcpy(oo->oo_buf, &so->so_linger, sizeof(so->so_linger));
		return 0;
	case SO_RCVTIMEO:
	case SO_RCVTIMEO_NEW:
		get_timeout(KREAD(so->so_rcvtimeo), oo);
		return 0;
	case SO_SNDTIMEO:
	case SO_SNDTIMEO_NEW:
		get_timeout(KREAD(so->so_sndtimeo), oo);
		return 0;
	case SO_BINDTODEVICE:
		return get_device(so, oo);
	case SO_PASSCRED:
		if (so->so_family != AF_UNIX && so->so_family != AF_NETLINK)
			return EOPNOTSUPP;
		optout_int(oo, sock_opt(so, SO_PASSCRED));
		return 0;
	case SO_PEERCRED:
		oo->oo_len = sizeof(so->so_peercred);
		memcpy(oo->oo_buf, &so->so_peercred, oo->oo_len);
		return 0;
	case SO_PEERNAME:
		return get_peername(so, oo);
	case SO_COOKIE:
		if (oo->oo_len < sizeof(uint64_t))
			return EINVAL;
		get_u64(sock_ino(so), oo);
		return 0;
	default:
		return ENOPROTOOPT;
	}
}
