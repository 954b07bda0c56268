/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * raw: sockets of SOCK_RAW.  They hear each packet of their protocol, those of
 * IPv4 with its header; each is in the table's bucket of its protocol from the
 * beginning, and has that for a port.
 */
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include "rumpkern/klog.h"
#include "rumpnet/icmp.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/protos.h"
#include "rumpnet/sockopt.h"

#define MTU_LO 65536

void
raw_attach(struct socket *so)
{
	struct socktab *tb = &net()->ns_bound[IN_RAW];

	/* Nobody else has it yet. */
	if (so->so_family == AF_INET)
		so->so_local.in_addr = so->so_peer.in_addr = in_any4();
	so->so_local.in_port = htons(so->so_proto);
	so->so_state = SS_BOUND | SS_ANYADDR;
	so->so_val[SV_HDRINCL] = so->so_proto == IPPROTO_RAW;
	kmutex_enter(&tb->tb_lock);
	socktab_add(tb, so->so_proto, so);
	klog_commit();
	kmutex_exit(&tb->tb_lock);
}

static int
raw_bind(struct lwp *l, struct socket *so, const struct netname *nn)
{
	struct socktab *tb = &net()->ns_bound[IN_RAW];
	struct inname in;
	uint32_t state;
	int error;

	(void)l;
	error = inname_get(so, nn, &in);
	if (error != 0)
		return error;
	if (!in_isany(&in.in_addr) && !in_islocal(&in.in_addr) &&
	    !mcast_isgroup(&in.in_addr) && !in_isbroadcast(&in.in_addr) &&
	    !KREAD(so->so_val[SV_FREEBIND]))
		return EADDRNOTAVAIL;
	kmutex_enter(&tb->tb_lock);
	kmutex_enter(&so->so_lock);
	if (so->so_state & (SS_CONNECTED | SS_CLOSED)) {
		error = EINVAL;
	} else {
		state = so->so_state & ~SS_ANYADDR;
		if (in_isany(&in.in_addr))
			state |= SS_ANYADDR;
		klog_save(&so->so_local.in_addr.s6_addr[0], 8);
		klog_save(&so->so_local.in_addr.s6_addr[8], 8);
		so->so_local.in_addr = in.in_addr;
		KSET(so->so_state, state);
		klog_commit();
	}
	kmutex_exit(&so->so_lock);
	kmutex_exit(&tb->tb_lock);
	return error;
}

static int
raw_connect(struct lwp *l, struct socket *so, const struct netname *nn,
    bool nonblock)
{
	(void)l;
	(void)nonblock;
	return dgram_connect(so, IN_RAW, nn, NULL);
}

/* --- Sending -------------------------------------------------------------- */

/* A header of IPv4 that the program made: what it says, and left open. */
static int
own_header4(struct ippacket *ip)
{
	struct packet *pk = ip->ip_pk;
	struct iphdr h;

	memcpy(&h, pk->pk_data, sizeof(h));
	if (h.ihl * 4U < sizeof(h) || h.ihl * 4U > pk->pk_len)
		return EINVAL;
	ip->ip_hlen = h.ihl * 4U;
	ip->ip_proto = h.protocol;
	if (h.saddr == 0)
		memcpy(&h.saddr, &pk->pk_from.in_addr.s6_addr[12], 4);
	if (h.id == 0)
		rumpuser_random(&h.id, sizeof(h.id));
	h.tot_len = htons((uint16_t)pk->pk_len);
	h.check = 0;
	memcpy(pk->pk_data, &h, sizeof(h));
	h.check = (uint16_t)~ip_sum(pk->pk_data, ip->ip_hlen, 0);
	memcpy(pk->pk_data, &h, sizeof(h));
	memcpy(&pk->pk_from.in_addr.s6_addr[12], &h.saddr, 4);
	memcpy(&pk->pk_to.in_addr.s6_addr[12], &h.daddr, 4);
	pk->pk_ttl = h.ttl;
	pk->pk_tos = h.tos;
	return 0;
}

static int
own_header6(struct ippacket *ip)
{
	struct packet *pk = ip->ip_pk;
	struct ip6_hdr h;

	memcpy(&h, pk->pk_data, sizeof(h));
	ip->ip_hlen = sizeof(h);
	ip->ip_proto = h.ip6_nxt;
	pk->pk_from.in_addr = h.ip6_src;
	pk->pk_to.in_addr = h.ip6_dst;
	pk->pk_ttl = h.ip6_hlim;
	pk->pk_tos = (uint8_t)(ntohl(h.ip6_flow) >> 20);
	return 0;
}

/* The program's message is the whole packet. */
static int
send_whole(struct ippacket *ip, struct sockmsg *sm, const struct inname *from,
    const struct inname *to)
{
	size_t len = sm->sm_uio->uio_resid;
	bool v4 = in_isv4(&to->in_addr);
	int error;

	if (len > (v4 ? UINT16_MAX : MTU_LO))
		return EMSGSIZE;
	if (len < (v4 ? sizeof(struct iphdr) : sizeof(struct ip6_hdr)))
		return EINVAL;
	error = packet_create(sm->sm_uio, len, &ip->ip_pk);
	if (error != 0)
		return error;
	ip->ip_pk->pk_from = *from;
	ip->ip_pk->pk_to = *to;
	ip->ip_pk->pk_from.in_port = ip->ip_pk->pk_to.in_port = 0;
	error = v4 ? own_header4(ip) : own_header6(ip);
	if (error != 0)
		packet_free(ip->ip_pk);
	return error;
}

/* The sum that the kernel makes for a socket of IPv6, at an offset. */
static int
put_sum(const struct socket *so, struct ippacket *ip)
{
	int at = sockopt_rawsum(so);
	char *p = ip->ip_pk->pk_data + ip->ip_hlen;
	uint16_t sum = 0;

	if (at < 0)
		return 0;
	if ((size_t)at + sizeof(sum) > ip_paylen(ip))
		return EINVAL;
	memcpy(p + at, &sum, sizeof(sum));
	sum = (uint16_t)~ip6_sum(ip);
	memcpy(p + at, &sum, sizeof(sum));
	return 0;
}

static int
send_payload(const struct socket *so, struct ippacket *ip, struct sockmsg *sm,
    const struct inname *from, const struct inname *to, const struct inctl *ctl)
{
	bool v4 = in_isv4(&to->in_addr);
	size_t len = sm->sm_uio->uio_resid;
	int error, disc;

	if (len > UINT16_MAX - (v4 ? sizeof(struct iphdr) : 0))
		return EMSGSIZE;
	error = ip_alloc(ip, from, to, len);
	if (error != 0)
		return error;
	ip->ip_pk->pk_ttl = (uint8_t)ctl->ic_ttl;
	ip->ip_pk->pk_tos = (uint8_t)ctl->ic_tos;
	disc = sockopt_int(so, IPPROTO_IP, IP_MTU_DISCOVER);
	ip_header(ip, disc != IP_PMTUDISC_DONT);
	if (len != 0)
		error = uio_move(ip->ip_pk->pk_data + ip->ip_hlen, len,
		    sm->sm_uio);
	if (error == 0 && !v4)
		error = put_sum(so, ip);
	if (error != 0)
		packet_free(ip->ip_pk);
	return error;
}

/* IPv6: the port in the address, if any, is the protocol. */
static int
check_port(const struct socket *so, const struct inname *to)
{
	uint16_t port = ntohs(to->in_port);

	if (so->so_family != AF_INET6 || port == 0)
		return 0;
	if ((port != so->so_proto && so->so_proto != IPPROTO_RAW) ||
	    port > UINT8_MAX)
		return EINVAL;
	return 0;
}

/* Linux looks at a message's type and code, and finds none. */
static bool
too_short(const struct socket *so, const struct sockmsg *sm)
{
	return sm->sm_uio->uio_resid < 2 && !KREAD(so->so_val[SV_HDRINCL]) &&
	    so->so_proto ==
	    (so->so_family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static int
raw_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct ippacket ip = { .ip_proto = (uint8_t)so->so_proto };
	size_t len = sm->sm_uio->uio_resid;
	struct inname to, from;
	struct inctl ctl;
	int error;

	(void)l;
	if (len > UINT16_MAX && so->so_family == AF_INET)
		return EMSGSIZE;
	error = dgram_prepare(so, sm, &to, &from, &ctl);
	if (error == 0 && sm->sm_name != NULL)
		error = check_port(so, &to);
	if ((error == 0 || error == ENETUNREACH) && too_short(so, sm))
		error = EFAULT;
	if (error != 0)
		return error;
	if (KREAD(so->so_val[SV_HDRINCL]))
		error = send_whole(&ip, sm, &from, &to);
	else
		error = send_payload(so, &ip, sm, &from, &to, &ctl);
	if (error == 0)
		ip_output(so, &ip, ctl.ic_oif);
	else
		sm->sm_uio->uio_resid = len; /* nothing was sent */
	return error;
}

/* --- Hearing -------------------------------------------------------------- */

/* A message of ICMP, of a type that the socket does not want? */
static bool
filtered(const struct socket *so, const struct ippacket *ip)
{
	uint8_t type;

	if (ip_paylen(ip) == 0)
		return false;
	type = ip_payload(ip)[0];
	if (so->so_proto == IPPROTO_ICMP && so->so_family == AF_INET)
		return type < 32 &&
		    ((uint32_t)KREAD(so->so_val[SV_FILTER]) >> type & 1);
	if (so->so_proto == IPPROTO_ICMPV6 && so->so_family == AF_INET6)
		return (uint32_t)KREAD(so->so_val[SV_FILTER + type / 32]) >>
		    type % 32 &
		    1;
	return false;
}

/* Its sum does not fit, where the socket's kind looks at it? */
static bool
spoilt(const struct socket *so, const struct ippacket *ip)
{
	return so->so_family == AF_INET6 && sockopt_rawsum(so) >= 0 &&
	    ip6_sum(ip) != 0xffff;
}

static bool
hears(const struct socket *so, const struct ippacket *ip)
{
	const struct packet *pk = ip->ip_pk;
	const struct in6_addr *to = &pk->pk_to.in_addr;
	bool v4 = in_isv4(to);

	if (so->so_proto != ip->ip_proto || (so->so_family == AF_INET) != v4)
		return false;
	if (!in_hears(so, &pk->pk_to))
		return false;
	if ((KREAD(so->so_state) & SS_CONNECTED) &&
	    memcmp(&so->so_peer.in_addr, &pk->pk_from.in_addr, 16) != 0)
		return false;
	if (!in_isany(&so->so_local.in_addr) &&
	    memcmp(&so->so_local.in_addr, to, 16) != 0)
		return false;
	if (mcast_isgroup(to) && !mcast_member(so, to, pk->pk_to.in_scope) &&
	    !sockopt_int(so, v4 ? IPPROTO_IP : IPPROTO_IPV6,
		v4 ? IP_MULTICAST_ALL : IPV6_MULTICAST_ALL))
		return false;
	return !filtered(so, ip) && !spoilt(so, ip);
}

void
raw_input(const struct ippacket *ip)
{
	struct socktab *tb = &net()->ns_bound[IN_RAW];
	bool v4 = in_isv4(&ip->ip_pk->pk_to.in_addr);
	struct packet *pk;
	struct socket *so;

	kmutex_enter(&tb->tb_lock);
	so = tb->tb_bucket[ip->ip_proto % TAB_BUCKETS];
	for (; so != NULL; so = so->so_tabnext) {
		if (!hears(so, ip))
			continue;
		pk = ip_part(ip, v4 ? 0 : ip->ip_hlen);
		if (pk != NULL)
			dgram_enqueue(so, pk);
	}
	kmutex_exit(&tb->tb_lock);
}

const struct sockops raw_sockops = {
	.so_bind = raw_bind,
	.so_connect = raw_connect,
	.so_send = raw_send,
	.so_recv = dgram_recv,
	.so_shutdown = dgram_shutdown,
	.so_poll = sockq_poll,
	.so_getname = dgram_getname,
	.so_pending = dgram_pending,
	.so_close = dgram_close,
};
