/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ping: sockets that send echo requests and hear the answers: SOCK_DGRAM of
 * ICMP.  A socket's port is the identifier of its requests.
 */
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

#include "rumpkern/klog.h"
#include "rumpnet/icmp.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/protos.h"
#include "rumpnet/sockopt.h"

#define MOST 65507 /* bytes of a message of IPv4, and its header */

/* tb_lock held: may the socket have the identifier? */
static bool
id_free(const struct socktab *tb, const struct socket *so, uint16_t id)
{
	const struct socket *s = tb->tb_bucket[ntohs(id) % TAB_BUCKETS];

	for (; s != NULL; s = s->so_tabnext)
		if (s->so_local.in_port == id && s != so &&
		    !(sock_opt(s, SO_REUSEADDR) && sock_opt(so, SO_REUSEADDR)))
			return false;
	return true;
}

/* tb_lock held: in network order; 0: none. */
static uint16_t
pick_id(const struct socktab *tb, const struct socket *so)
{
	uint16_t start, id;
	uint32_t i;

	rumpuser_random(&start, sizeof(start));
	for (i = 0; i <= UINT16_MAX; i++) {
		id = htons((uint16_t)(start + i));
		if (id != 0 && id_free(tb, so, id))
			return id;
	}
	return 0;
}

static int
take_id(struct socket *so, const struct inname *in)
{
	struct socktab *tb = &net()->ns_bound[IN_PING];
	uint16_t id = in->in_port;
	int error = 0;

	kmutex_enter(&tb->tb_lock);
	kmutex_enter(&so->so_lock);
	if (so->so_local.in_port != 0 || (so->so_state & SS_CLOSED))
		error = EINVAL;
	else if (id == 0)
		error = (id = pick_id(tb, so)) == 0 ? EADDRINUSE : 0;
	else if (!id_free(tb, so, id))
		error = EADDRINUSE;
	if (error == 0) {
		KSET(so->so_local.in_port, id);
		klog_save(&so->so_local.in_addr.s6_addr[0], 8);
		klog_save(&so->so_local.in_addr.s6_addr[8], 8);
		so->so_local.in_addr = in->in_addr;
		KSET(so->so_state,
		    so->so_state | SS_BOUND |
			(in_isany(&in->in_addr) ? SS_ANYADDR : 0));
		socktab_add(tb, ntohs(id), so);
		klog_commit();
	}
	kmutex_exit(&so->so_lock);
	kmutex_exit(&tb->tb_lock);
	return error;
}

static int
ping_bind(struct lwp *l, struct socket *so, const struct netname *nn)
{
	struct inname in;
	int error;

	(void)l;
	error = inname_get(so, nn, &in);
	if (error != 0)
		return error;
	if (!in_isany(&in.in_addr) && !in_islocal(&in.in_addr))
		return EADDRNOTAVAIL;
	return take_id(so, &in);
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
	error = take_id(so, &any);
	/* Another thread may have been faster. */
	if (error == EINVAL && KREAD(so->so_local.in_port) != 0)
		return 0;
	return error == EADDRINUSE ? EAGAIN : error;
}

static int
ping_connect(struct lwp *l, struct socket *so, const struct netname *nn,
    bool nonblock)
{
	(void)l;
	(void)nonblock;
	return dgram_connect(so, IN_PING, nn, autobind);
}

/* The message in the packet: an echo request gets its identifier and sum. */
static int
finish(const struct socket *so, struct ippacket *ip)
{
	struct icmphdr *h = (struct icmphdr *)(void *)(ip->ip_pk->pk_data +
	    ip->ip_hlen);
	bool v4 = ip->ip_proto == IPPROTO_ICMP;

	if (h->type != (v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST) || h->code != 0)
		return EINVAL;
	h->un.echo.id = KREAD(so->so_local.in_port);
	h->checksum = 0;
	h->checksum = (uint16_t) ~(v4 ? ip_sum(h, ip_paylen(ip), 0) :
					ip6_sum(ip));
	return 0;
}

static int
ping_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct ippacket ip = { .ip_proto = (uint8_t)so->so_proto };
	size_t len = sm->sm_uio->uio_resid;
	struct inname to, from;
	struct inctl ctl;
	int error;

	(void)l;
	if (len > UINT16_MAX)
		return EMSGSIZE;
	if (len < sizeof(struct icmphdr))
		return EINVAL;
	error = autobind(so);
	if (error == 0)
		error = dgram_prepare(so, sm, &to, &from, &ctl);
	if (error == 0 && len > MOST + sizeof(struct icmphdr))
		error = EMSGSIZE;
	if (error == 0)
		error = ip_alloc(&ip, &from, &to, len);
	if (error != 0)
		return error;
	ip.ip_pk->pk_ttl = (uint8_t)ctl.ic_ttl;
	ip.ip_pk->pk_tos = (uint8_t)ctl.ic_tos;
	ip_header(&ip, true);
	error = uio_move(ip.ip_pk->pk_data + ip.ip_hlen, len, sm->sm_uio);
	if (error == 0)
		error = finish(so, &ip);
	if (error != 0) {
		packet_free(ip.ip_pk);
		sm->sm_uio->uio_resid = len; /* nothing was sent */
	} else
		ip_output(so, &ip, ctl.ic_oif);
	return error;
}

/* An answer: to the socket that has its identifier. */
void
ping_input(const struct ippacket *ip)
{
	struct socktab *tb = &net()->ns_bound[IN_PING];
	const struct inname *to = &ip->ip_pk->pk_to;
	const struct icmphdr *h = (const void *)ip_payload(ip);
	uint16_t id = h->un.echo.id;
	struct packet *pk;
	struct socket *so;

	kmutex_enter(&tb->tb_lock);
	so = tb->tb_bucket[ntohs(id) % TAB_BUCKETS];
	for (; so != NULL; so = so->so_tabnext)
		if (so->so_local.in_port == id &&
		    so->so_proto == ip->ip_proto && in_hears(so, to) &&
		    (in_isany(&so->so_local.in_addr) ||
			memcmp(&so->so_local.in_addr, &to->in_addr, 16) == 0))
			break;
	if (so != NULL) {
		pk = ip_part(ip, ip->ip_hlen);
		if (pk != NULL)
			dgram_enqueue(so, pk);
	}
	kmutex_exit(&tb->tb_lock);
}

/* How long the message was is not told. */
static int
ping_recv(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	size_t room = sm->sm_uio->uio_resid;
	int error = dgram_recv(l, so, sm);

	sm->sm_len = kmin(sm->sm_len, room);
	return error;
}

const struct sockops ping_sockops = {
	.so_bind = ping_bind,
	.so_connect = ping_connect,
	.so_send = ping_send,
	.so_recv = ping_recv,
	.so_shutdown = dgram_shutdown,
	.so_poll = sockq_poll,
	.so_getname = dgram_getname,
	.so_pending = dgram_pending,
	.so_close = dgram_close,
};
