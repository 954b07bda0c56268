/* SPDX-License-Identifier: BSD-2-Clause */
/* sockopt: see sockopt.h; the table, setsockopt and getsockopt. */
#include <linux/tcp.h>
#include <linux/udp.h>

#include "lwproc/proc.h"
#include "rumpnet/netlink.h"
#include "rumpnet/sockopt.h"
#include "syscalls/sysargs.h"

#define SOL(n)                                          \
	{                                               \
		SOL_SOCKET, SO_##n, OPT_BIT, 0, 0, 1, 0 \
	}
#define B(l, n, v)                         \
	{                                  \
		l, n, OPT_BOOL, v, 0, 1, 0 \
	}
#define N(l, n, v, lo, hi, def)               \
	{                                     \
		l, n, OPT_INT, v, lo, hi, def \
	}
#define O(l, n, v)                         \
	{                                  \
		l, n, OPT_BOOL, v, 0, 1, 1 \
	}
#define D(l, n, v, def)                        \
	{                                      \
		l, n, OPT_DEF, v, -1, 255, def \
	}
#define TCP(n, v, lo, hi, def) N(IPPROTO_TCP, TCP_##n, v, lo, hi, def)
#define IP(n, v, lo, hi, def)  N(IPPROTO_IP, IP_##n, v, lo, hi, def)
#define IP6(n, v, lo, hi, def) N(IPPROTO_IPV6, IPV6_##n, v, lo, hi, def)

/*
 * Each of these is heeded, or asks for what is so in any case: there are no
 * routes, frames, losses, checksums and peers that fall silent.
 */
static const struct optdef table[] = {
	SOL(REUSEADDR),
	SOL(DONTROUTE),
	SOL(BROADCAST),
	SOL(KEEPALIVE),
	SOL(OOBINLINE),
	SOL(NO_CHECK),
	N(SOL_SOCKET, SO_MARK, SV_MARK, INT32_MIN, INT32_MAX, 0),

	B(IPPROTO_TCP, TCP_NODELAY, SV_NODELAY),
	B(IPPROTO_TCP, TCP_CORK, SV_CORK),
	TCP(KEEPIDLE, SV_KEEPIDLE, 1, 32767, 7200),
	TCP(KEEPINTVL, SV_KEEPINTVL, 1, 32767, 75),
	TCP(KEEPCNT, SV_KEEPCNT, 1, 127, 9),
	TCP(SYNCNT, SV_SYNCNT, 1, 127, 6),
	TCP(USER_TIMEOUT, SV_USERTIMEO, 0, INT32_MAX, 0),
	TCP(NOTSENT_LOWAT, SV_NOTSENT, INT32_MIN, INT32_MAX, 0),
	TCP(THIN_LINEAR_TIMEOUTS, SV_THINTIMEO, 0, 1, 0),

	B(IPPROTO_UDP, UDP_CORK, SV_CORK),

	D(IPPROTO_IP, IP_MULTICAST_TTL, SV_MCTTL, 1),
	B(IPPROTO_IP, IP_RECVTTL, SV_RECVTTL),
	B(IPPROTO_IP, IP_RECVTOS, SV_RECVTOS),
	B(IPPROTO_IP, IP_PKTINFO, SV_PKTINFO),
	B(IPPROTO_IP, IP_RECVERR, SV_RECVERR),
	B(IPPROTO_IP, IP_RETOPTS, SV_RETOPTS),
	B(IPPROTO_IP, IP_FREEBIND, SV_FREEBIND),
	B(IPPROTO_IP, IP_RECVORIGDSTADDR, SV_ORIGDST),
	O(IPPROTO_IP, IP_MULTICAST_LOOP, SV_MCLOOP),
	IP(MULTICAST_ALL, SV_MCALL, 0, 1, 1),
	IP(MTU_DISCOVER, SV_MTUDISC, 0, 5, 1),

	D(IPPROTO_IPV6, IPV6_UNICAST_HOPS, SV_6HOPS, TTL_DEFAULT),
	D(IPPROTO_IPV6, IPV6_MULTICAST_HOPS, SV_6MCHOPS, 1),
	D(IPPROTO_IPV6, IPV6_TCLASS, SV_6TCLASS, 0),
	IP6(MULTICAST_LOOP, SV_6MCLOOP, 0, 1, 1),
	IP6(MTU_DISCOVER, SV_6MTUDISC, 0, 5, 1),
	O(IPPROTO_IPV6, IPV6_MULTICAST_ALL, SV_6MCALL),
	B(IPPROTO_IPV6, IPV6_RECVPKTINFO, SV_6PKTINFO),
	B(IPPROTO_IPV6, IPV6_RECVHOPLIMIT, SV_6RECVHOPS),
	B(IPPROTO_IPV6, IPV6_RECVTCLASS, SV_6RECVTCLASS),
	B(IPPROTO_IPV6, IPV6_2292PKTINFO, SV_6OLDPKTINFO),
	B(IPPROTO_IPV6, IPV6_2292HOPLIMIT, SV_6OLDHOPS),
	B(IPPROTO_IPV6, IPV6_RECVERR, SV_6RECVERR),
	B(IPPROTO_IPV6, IPV6_DONTFRAG, SV_6DONTFRAG),
	B(IPPROTO_IPV6, IPV6_FREEBIND, SV_FREEBIND),
	B(IPPROTO_IPV6, IPV6_RECVORIGDSTADDR, SV_6ORIGDST),
};

const struct optdef *
sockopt_find(int level, int name)
{
	size_t i;

	for (i = 0; i < nelem(table); i++)
		if (table[i].od_level == level && table[i].od_name == name)
			return &table[i];
	return NULL;
}

static int
value(const struct socket *so, const struct optdef *od)
{
	if (od->od_kind == OPT_BIT)
		return sock_opt(so, od->od_name);
	return KREAD(so->so_val[od->od_val]) + od->od_default;
}

int
sockopt_int(const struct socket *so, int level, int name)
{
	return value(so, sockopt_find(level, name));
}

bool
sockopt_super(const struct optin *oi)
{
	return cred_issuper(&oi->oi_lwp->l_proc->p_cred);
}

static void
set_value(struct socket *so, const struct optdef *od, int v)
{
	uint64_t bit;

	switch (od->od_kind) {
	case OPT_BIT:
		bit = 1UL << od->od_name;
		if (v != 0)
			__atomic_fetch_or(&so->so_opts, bit, __ATOMIC_SEQ_CST);
		else
			__atomic_fetch_and(&so->so_opts, ~bit,
			    __ATOMIC_SEQ_CST);
		return;
	case OPT_BOOL:
		v = v != 0;
		break;
	case OPT_DEF:
		if (v == -1)
			v = od->od_default;
		break;
	default:
		break;
	}
	KSTORE(so->so_val[od->od_val], v - od->od_default);
}

/* One of the table. */
static int
set_plain(struct socket *so, int level, int name, const struct optin *oi)
{
	const struct optdef *od = sockopt_find(level, name);

	if (od == NULL ||
	    (od->od_val == SV_6MCHOPS && so->so_type == SOCK_STREAM))
		return ENOPROTOOPT;
	if (oi->oi_len < sizeof(int) && level != IPPROTO_IP &&
	    od->od_val != SV_6DONTFRAG)
		return EINVAL;
	if (od->od_kind >= OPT_INT &&
	    (oi->oi_int < od->od_min || oi->oi_int > od->od_max))
		return EINVAL;
	set_value(so, od, oi->oi_int);
	return 0;
}

static int
get_plain(struct socket *so, int level, int name, struct optout *oo)
{
	const struct optdef *od = sockopt_find(level, name);

	if (od == NULL)
		return ENOPROTOOPT;
	optout_int(oo, value(so, od));
	return 0;
}

/* Which levels does the socket have? */
static int
check_level(const struct socket *so, int level)
{
	if (level == SOL_SOCKET)
		return 0;
	if (so->so_family == AF_UNIX)
		return EOPNOTSUPP;
	if (so->so_family == AF_NETLINK)
		return level == SOL_NETLINK ? 0 : ENOPROTOOPT;
	if (level == IPPROTO_IP ||
	    (level == IPPROTO_TCP && so->so_kind == SOCK_TCP) ||
	    (level == IPPROTO_UDP && so->so_kind == SOCK_UDP) ||
	    (level == IPPROTO_IPV6 && so->so_family == AF_INET6))
		return 0;
	if (so->so_kind == SOCK_RAWIP &&
	    (level == SOL_RAW ||
		(level == IPPROTO_ICMPV6 && so->so_family == AF_INET6)))
		return 0;
	return ENOPROTOOPT;
}

/* The number in the program's memory; of IP it may be a byte. */
static int
import(struct optin *oi, int level, int name)
{
	uint8_t byte = 0;

	oi->oi_int = 0;
	/* Whether it has groups at all comes first. */
	if (level == IPPROTO_IP &&
	    (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP ||
		name == IP_MULTICAST_IF))
		return 0;
	if (oi->oi_len >= sizeof(int))
		return copyin(oi->oi_uaddr, &oi->oi_int, sizeof(int));
	if (level == IPPROTO_IP && oi->oi_len != 0) {
		if (copyin(oi->oi_uaddr, &byte, 1) != 0)
			return EFAULT;
		oi->oi_int = byte;
	}
	return 0;
}

static int
set(struct socket *so, int level, int name, struct optin *oi)
{
	int error;

	error = check_level(so, level);
	if (error == 0)
		error = import(oi, level, name);
	if (error != 0)
		return error;
	switch (level) {
	case SOL_SOCKET:
		error = sockopt_setsol(so, name, oi);
		break;
	case IPPROTO_TCP:
		error = sockopt_settcp(so, name, oi);
		break;
	case IPPROTO_IPV6:
		error = sockopt_setip6(so, name, oi);
		break;
	case SOL_RAW:
	case IPPROTO_ICMPV6:
		return sockopt_setraw(so, level, name, oi);
	case SOL_NETLINK:
		return sockopt_setnl(so, name, oi);
	case IPPROTO_UDP:
		error = oi->oi_len < sizeof(int) ? EINVAL : ENOPROTOOPT;
		break;
	default:
		error = sockopt_setip(so, name, oi);
		break;
	}
	if (error == ENOPROTOOPT)
		error = set_plain(so, level, name, oi);
	if (error == 0 && level == IPPROTO_UDP && name == UDP_CORK &&
	    oi->oi_int == 0)
		udp_uncork(so);
	return error;
}

static int
get(struct socket *so, int level, int name, struct optout *oo)
{
	int error;

	error = check_level(so, level);
	if (error != 0)
		return so->so_family == AF_INET6 ? error : EOPNOTSUPP;
	switch (level) {
	case SOL_SOCKET:
		error = sockopt_getsol(so, name, oo);
		break;
	case IPPROTO_TCP:
		error = sockopt_gettcp(so, name, oo);
		break;
	case IPPROTO_IPV6:
		error = sockopt_getip6(so, name, oo);
		break;
	case SOL_RAW:
	case IPPROTO_ICMPV6:
		return sockopt_getraw(so, level, name, oo);
	case SOL_NETLINK:
		return sockopt_getnl(so, name, oo);
	case IPPROTO_UDP:
		error = ENOPROTOOPT;
		break;
	default:
		error = sockopt_getip(so, name, oo);
		break;
	}
	if (error == ENOPROTOOPT)
		error = get_plain(so, level, name, oo);
	return error;
}

int
sys_setsockopt(struct lwp *l, const struct sys_setsockopt_args *a, long *retval)
{
	struct optin oi = { .oi_lwp = l,
		.oi_uaddr = a->optval,
		.oi_len = a->optlen };
	struct socket *so;
	struct file *f;
	int error;

	(void)retval;
	error = sock_get(l, a->sockfd, &f, &so);
	if (error != 0)
		return error;
	error = (int)a->optlen < 0 ? EINVAL :
				     set(so, a->level, a->optname, &oi);
	fd_done(l, f, 0);
	return error;
}

/* Numbers of IP fit a byte if that is all the room there is. */
static void
shorten(struct optout *oo, uint32_t room)
{
	int v;

	memcpy(&v, oo->oo_buf, sizeof(v));
	if (oo->oo_len == sizeof(v) && room > 0 && room < sizeof(v) && v >= 0 &&
	    v <= 255) {
		oo->oo_buf[0] = (char)v;
		oo->oo_len = 1;
	}
}

int
sys_getsockopt(struct lwp *l, const struct sys_getsockopt_args *a, long *retval)
{
	struct optout oo = { .oo_len = 0 };
	struct socket *so;
	struct file *f;
	int32_t room = 0;
	int error;

	(void)retval;
	error = sock_get(l, a->sockfd, &f, &so);
	if (error != 0)
		return error;
	error = check_level(so, a->level);
	if (error != 0 && so->so_family != AF_INET6)
		error = EOPNOTSUPP;
	if (error == 0)
		error = copyin(a->optlen, &room, sizeof(room));
	if (error == 0 && room < 0)
		error = EINVAL;
	oo.oo_len = room;
	if (error == 0)
		error = get(so, a->level, a->optname, &oo);
	fd_done(l, f, 0);
	if (error != 0)
		return error;
	if (a->level == IPPROTO_IP && a->optname != IP_MULTICAST_IF)
		shorten(&oo, room);
	oo.oo_len = kmin(oo.oo_len, (uint32_t)room);
	if (copyout(oo.oo_buf, a->optval, oo.oo_len) != 0)
		return EFAULT;
	return copyout(&oo.oo_len, a->optlen, sizeof(oo.oo_len));
}
