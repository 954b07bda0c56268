/* SPDX-License-Identifier: BSD-2-Clause */
/* icmp: see icmp.h; packets, and echo. */
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>

#include "rumpkern/klog.h"
#include "rumpnet/icmp.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/route.h"
#include "rumpnet/sockopt.h"

/* Bytes of a packet that an error says again. */
#define QUOTE4 548
#define QUOTE6 1232

uint16_t
ip_sum(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *p = data;
	uint16_t word;

	for (; len >= 2; len -= 2, p += 2) {
		memcpy(&word, p, sizeof(word));
		sum += word;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	if (len != 0)
		sum += *p;
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

uint16_t
ip6_sum(const struct ippacket *ip)
{
	uint32_t len = ip_paylen(ip),
		 words[2] = { htonl(len), htonl(ip->ip_proto) };
	uint32_t sum = 0;

	sum = ip_sum(&ip->ip_pk->pk_from.in_addr, 16, sum);
	sum = ip_sum(&ip->ip_pk->pk_to.in_addr, 16, sum);
	sum = ip_sum(words, sizeof(words), sum);
	return ip_sum(ip_payload(ip), len, sum);
}

int
ip_alloc(struct ippacket *ip, const struct inname *from,
    const struct inname *to, size_t paylen)
{
	struct packet *pk;

	ip->ip_hlen = in_isv4(&to->in_addr) ? sizeof(struct iphdr) : 0;
	pk = packet_alloc(ip->ip_hlen + paylen);
	if (pk == NULL)
		return ENOBUFS;
	pk->pk_from = *from;
	pk->pk_to = *to;
	pk->pk_from.in_port = pk->pk_to.in_port = 0;
	ip->ip_pk = pk;
	return 0;
}

static void
put_header(void *to, const struct packet *pk, uint8_t proto, uint32_t len,
    bool df)
{
	struct iphdr h = { .version = 4, .ihl = sizeof(h) / 4 };

	h.tos = pk->pk_tos;
	h.ttl = pk->pk_ttl;
	h.protocol = proto;
	h.tot_len = htons((uint16_t)len);
	h.frag_off = htons(df ? IP_DF : 0);
	rumpuser_random(&h.id, sizeof(h.id));
	memcpy(&h.saddr, &pk->pk_from.in_addr.s6_addr[12], 4);
	memcpy(&h.daddr, &pk->pk_to.in_addr.s6_addr[12], 4);
	h.check = (uint16_t)~ip_sum(&h, sizeof(h), 0);
	memcpy(to, &h, sizeof(h));
}

void
ip_header(struct ippacket *ip, bool df)
{
	struct packet *pk = ip->ip_pk;

	if (ip->ip_hlen != 0)
		put_header(pk->pk_data, pk, ip->ip_proto, pk->pk_len, df);
}

struct packet *
ip_part(const struct ippacket *ip, uint32_t skip)
{
	const struct packet *from = ip->ip_pk;
	struct packet *pk = packet_alloc(from->pk_len - skip);

	if (pk == NULL)
		return NULL;
	pk->pk_from = from->pk_from;
	pk->pk_to = from->pk_to;
	pk->pk_ttl = from->pk_ttl;
	pk->pk_tos = from->pk_tos;
	memcpy(pk->pk_data, from->pk_data + skip, from->pk_len - skip);
	return pk;
}

/* To an echo request whose sums are right: its payload, with another type. */
static void
echo(const struct ippacket *ip)
{
	const struct packet *pk = ip->ip_pk;
	bool v4 = in_isv4(&pk->pk_to.in_addr);
	struct ippacket re = { .ip_proto = ip->ip_proto };
	struct inname from = pk->pk_to;
	struct icmphdr *h; /* those of IPv6 lie alike */

	if (mcast_isgroup(&from.in_addr))
		from.in_addr = in_source(&pk->pk_from.in_addr);
	if (ip_alloc(&re, &from, &pk->pk_from, ip_paylen(ip)) != 0)
		return;
	re.ip_pk->pk_ttl = TTL_DEFAULT;
	re.ip_pk->pk_tos = v4 ? pk->pk_tos : 0;
	ip_header(&re, false);
	h = (struct icmphdr *)(void *)(re.ip_pk->pk_data + re.ip_hlen);
	memcpy(h, ip_payload(ip), ip_paylen(ip));
	h->type = v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
	h->checksum = 0;
	h->checksum = (uint16_t) ~(v4 ? ip_sum(h, ip_paylen(&re), 0) :
					ip6_sum(&re));
	ip_input(&re);
}

/* Does the kernel answer a request sent there? */
static bool
answers(const struct ippacket *ip)
{
	const struct in6_addr *to = &ip->ip_pk->pk_to.in_addr;

	if (!in_islocal(&ip->ip_pk->pk_from.in_addr))
		return false;
	return in_islocal(to) || (!in_isv4(to) && mcast_isgroup(to));
}

static void
icmp_input(const struct ippacket *ip)
{
	const uint8_t *h = ip_payload(ip);
	bool v4 = in_isv4(&ip->ip_pk->pk_to.in_addr);

	if (ip->ip_proto != (v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ||
	    ip_paylen(ip) < sizeof(struct icmphdr))
		return;
	if ((v4 ? ip_sum(h, ip_paylen(ip), 0) : ip6_sum(ip)) != 0xffff)
		return;
	if (h[0] == (v4 ? ICMP_ECHO : ICMP6_ECHO_REQUEST)) {
		if (h[1] == 0 && answers(ip))
			echo(ip);
	} else if (h[0] == (v4 ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY))
		ping_input(ip);
}

void
ip_output(const struct socket *so, struct ippacket *ip, uint32_t oif)
{
	const struct in6_addr *a = &ip->ip_pk->pk_to.in_addr;
	struct inname to = ip->ip_pk->pk_to;

	/* A header of the program's own may say anything. */
	if (dgram_isaway(so, &to, oif) ||
	    (!in_islocal(a) && !mcast_isgroup(a) && !in_isbroadcast(a))) {
		route_swallow(to.in_scope, ip->ip_pk->pk_len);
		packet_free(ip->ip_pk);
	} else
		ip_input(ip);
}

void
ip_input(struct ippacket *ip)
{
	raw_input(ip);
	icmp_input(ip);
	packet_free(ip->ip_pk);
}

/* What came, as a packet: header, UDP's, and as much data as fits. */
static uint32_t
quote(uint8_t *to, const struct packet *udp, uint32_t most)
{
	bool v4 = in_isv4(&udp->pk_to.in_addr);
	uint32_t len = sizeof(struct udphdr) + udp->pk_held, at;
	struct udphdr uh = { .source = udp->pk_from.in_port,
		.dest = udp->pk_to.in_port,
		.len = htons((uint16_t)len) };
	struct ip6_hdr h6 = { .ip6_plen = htons((uint16_t)len),
		.ip6_nxt = IPPROTO_UDP,
		.ip6_hlim = udp->pk_ttl,
		.ip6_src = udp->pk_from.in_addr,
		.ip6_dst = udp->pk_to.in_addr };

	if (v4) {
		at = sizeof(struct iphdr);
		put_header(to, udp, IPPROTO_UDP, at + len, true);
	} else {
		at = sizeof(h6);
		h6.ip6_flow = htonl(6U << 28 | (uint32_t)udp->pk_tos << 20);
		memcpy(to, &h6, sizeof(h6));
	}
	memcpy(to + at, &uh, sizeof(uh));
	at += sizeof(uh);
	len = kmin(udp->pk_held, most - at);
	memcpy(to + at, udp->pk_data, len);
	return at + len;
}

void
icmp_unreach(const struct packet *udp)
{
	bool v4 = in_isv4(&udp->pk_to.in_addr);
	uint8_t proto = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	struct ippacket ip = { .ip_proto = proto };
	uint8_t said[QUOTE6];
	struct icmphdr *h; /* those of IPv6 lie alike */
	uint32_t n;

	if (KREAD(net()->ns_bound[IN_RAW].tb_bucket[proto]) == NULL)
		return;
	n = quote(said, udp, v4 ? QUOTE4 : QUOTE6);
	if (ip_alloc(&ip, &udp->pk_to, &udp->pk_from, sizeof(*h) + n) != 0)
		return;
	ip.ip_pk->pk_ttl = TTL_DEFAULT;
	ip.ip_pk->pk_tos = v4 ? udp->pk_tos | IPTOS_PREC_INTERNETCONTROL : 0;
	ip_header(&ip, false);
	h = (struct icmphdr *)(void *)(ip.ip_pk->pk_data + ip.ip_hlen);
	h->type = v4 ? ICMP_DEST_UNREACH : ICMP6_DST_UNREACH;
	h->code = v4 ? ICMP_PORT_UNREACH : ICMP6_DST_UNREACH_NOPORT;
	h->un.gateway = 0;
	memcpy(h + 1, said, n);
	h->checksum = 0;
	h->checksum = (uint16_t) ~(v4 ? ip_sum(h, ip_paylen(&ip), 0) :
					ip6_sum(&ip));
	ip_input(&ip);
}

/* --- What raw and ping sockets have in common ------------------------------ */

/* The address of a message, or the peer's. */
static int
where_to(struct socket *so, const struct sockmsg *sm, struct inname *to)
{
	const struct netname *nn = sm->sm_name;
	bool v6 = so->so_family == AF_INET6;
	int error;

	if (nn == NULL) {
		if (!(KREAD(so->so_state) & SS_CONNECTED))
			return EDESTADDRREQ;
		*to = dgram_name(so, &so->so_peer);
		return 0;
	}
	if (v6 && nn->nn_len < 24)
		return EINVAL;
	if (v6 && nn->nn_sa.sa_family != AF_INET6)
		return EAFNOSUPPORT;
	error = dgram_target(so, nn, to);
	if (v6 && in_isv4(&to->in_addr))
		return so->so_kind == SOCK_RAWIP ? ENETUNREACH : EINVAL;
	return error;
}

int
dgram_prepare(struct socket *so, const struct sockmsg *sm, struct inname *to,
    struct inname *from, struct inctl *ctl)
{
	bool v4, group;
	int error;

	memset(to, 0, sizeof(*to));
	/* Pieces of one datagram: there is no cork. */
	if (sm->sm_flags & (MSG_OOB | MSG_MORE))
		return EOPNOTSUPP;
	error = where_to(so, sm, to);
	if (error == 0)
		error = atomic_exchange(&so->so_error, 0);
	if (error == 0 && (atomic_load(&so->so_shut) & 1 << SHUT_WR))
		error = EPIPE;
	v4 = in_isv4(&to->in_addr);
	if (error == 0)
		error = inctl_parse(so, sm, v4, ctl);
	if (error != 0)
		return error;
	group = mcast_isgroup(&to->in_addr);
	*from = dgram_name(so, &so->so_local);
	if (!in_isany(&ctl->ic_source))
		from->in_addr = ctl->ic_source;
	else if (in_isany(&from->in_addr) || mcast_isgroup(&from->in_addr))
		from->in_addr = in_sourcevia(so, to);
	from->in_scope = to->in_scope;
	if (group && ctl->ic_hops)
		ctl->ic_ttl = sockopt_int(so, v4 ? IPPROTO_IP : IPPROTO_IPV6,
		    v4 ? IP_MULTICAST_TTL : IPV6_MULTICAST_HOPS);
	return 0;
}
