/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ping sockets and raw ones, as the host has them in a network of its own:
 * its addresses are the kernel's, lo's and no others.
 */
#define _GNU_SOURCE
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sched.h>

#include "tests/unit/netboth.h"

#define ICMP_FILTER 1

static struct sockaddr_in sa;
static struct sockaddr_in6 sa6;
static unsigned char msg[70000];

#define SA  ((struct sockaddr *)&sa), sizeof(sa)
#define SA6 ((struct sockaddr *)&sa6), sizeof(sa6)

/* A network of its own for the host's side: not every sandbox allows it. */
static void
boot_alone(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	const char range[] = "0 2147483647";
	int fd, ok;

	if (unshare(CLONE_NEWNET) != 0)
		cr_skip_test("no network name space: %s", strerror(errno));
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	ok = ioctl(fd, SIOCSIFFLAGS, &ifr) == 0;
	close(fd);
	fd = open("/proc/sys/net/ipv4/ping_group_range", O_WRONLY);
	ok = ok && write(fd, range, strlen(range)) > 0;
	close(fd);
	if (!ok)
		cr_skip_test("no lo, no ping sockets: %s", strerror(errno));
	boot();
}

TestSuite(icmp, .init = boot_alone, .fini = finish, .timeout = 60);

static void
at(const char *addr, int port)
{
	memset(&sa, 0, sizeof(sa));
	memset(&sa6, 0, sizeof(sa6));
	sa.sin_family = AF_INET;
	sa.sin_port = sa6.sin6_port = htons(port);
	sa6.sin6_family = AF_INET6;
	if (inet_pton(AF_INET, addr, &sa.sin_addr) != 1)
		inet_pton(AF_INET6, addr, &sa6.sin6_addr);
}

/* An echo request of n bytes in msg. */
static void
request(int type, int id, int seq, size_t n)
{
	struct icmphdr *h = (void *)msg;
	uint32_t sum = 0;
	size_t i;

	memset(msg, 'x', n);
	h->type = type;
	h->code = 0;
	h->checksum = 0;
	h->un.echo.id = htons(id);
	h->un.echo.sequence = htons(seq);
	for (i = 0; i + 1 < n; i += 2)
		sum += msg[i] | msg[i + 1] << 8;
	if (n % 2)
		sum += msg[n - 1];
	sum = (sum & 0xffff) + (sum >> 16);
	h->checksum = ~(sum + (sum >> 16));
}

/* What comes, but for an identifier that was given out. */
static void
hear(int fd, size_t room, int flags)
{
	union {
		struct cmsghdr c;
		char buf[300];
	} ctl;
	struct sockaddr_storage ss = { 0 };
	struct iovec iov = { msg, room };
	struct msghdr mh = { &ss, sizeof(ss), &iov, 1, &ctl, sizeof(ctl), 0 };
	struct cmsghdr *c;
	ssize_t i, n = net->recvmsg(fd, &mh, flags | MSG_DONTWAIT);

	if (n < 0) {
		SAY("recv %s\n", strerrorname_np(errno));
		return;
	}
	SAY("recv %zd flags %x name %d port %d:", n, (unsigned)mh.msg_flags,
	    (int)mh.msg_namelen, ((struct sockaddr_in *)&ss)->sin_port);
	if (n >= 20 && msg[0] == 0x45) { /* identifier, sum */
		msg[4] = msg[5] = msg[10] = msg[11] = 0;
	} else if (n >= 8)
		msg[2] = msg[3] = msg[4] = msg[5] = 0;
	for (i = 0; i < n && i < (ssize_t)room && i < 60; i++)
		SAY(" %02x", msg[i]);
	for (c = CMSG_FIRSTHDR(&mh); c != NULL; c = CMSG_NXTHDR(&mh, c))
		SAY(" (%d %d %zu %d)", c->cmsg_level, c->cmsg_type,
		    (size_t)c->cmsg_len,
		    c->cmsg_level == SOL_SOCKET ? 0 : *(int *)CMSG_DATA(c));
	SAY("\n");
}

/* An error: but for sums and identifiers, where the packet it quotes begins. */
static void
hear_error(int fd, size_t at)
{
	ssize_t i,
	    n = net->recvfrom(fd, msg, sizeof(msg), MSG_DONTWAIT, NULL, NULL);

	SAY("recv %zd:", n);
	if (n > 8) {
		if (at > 8)
			msg[4] = msg[5] = msg[10] = msg[11] = 0;
		msg[at - 6] = msg[at - 5] = 0;
		if (at > 8)
			memset(msg + at + 4, 0, 2);
		if (at > 8)
			memset(msg + at + 10, 0, 2);
		else
			memset(msg + at + 1, 0, 3); /* a flow's label */
		memset(msg + at + (at > 8 ? 26 : 46), 0, 2);
	}
	for (i = 0; i < n; i++)
		SAY(" %02x", msg[i]);
	SAY("\n");
}

static void
set(int fd, int level, int name, int v)
{
	SAY("set %d %d: ", level, name);
	R(net->setsockopt(fd, level, name, &v, sizeof(v)));
}

static void
name_of(int fd)
{
	socklen_t n = sizeof(sa);

	R(net->getsockname(fd, (struct sockaddr *)&sa, &n));
	SAY("%s %d\n", inet_ntoa(sa.sin_addr), ntohs(sa.sin_port));
}

static void
events(int fd)
{
	struct pollfd pf = { .fd = fd, .events = POLLIN | POLLOUT };

	N(net->poll(&pf, 1, 0));
	SAY("%x\n", (unsigned)pf.revents);
}

SCENARIO(icmp, kinds)
{
	static const int kind[][3] = { { AF_INET, SOCK_RAW, 0 },
		{ AF_INET, SOCK_RAW, 1 }, { AF_INET, SOCK_RAW, 255 },
		{ AF_INET, SOCK_RAW, -1 }, { AF_INET, SOCK_RAW, 300 },
		{ AF_INET, SOCK_RAW, IPPROTO_TCP }, { AF_INET6, SOCK_RAW, 58 },
		{ AF_INET6, SOCK_RAW, 0 }, { AF_INET, SOCK_DGRAM, 1 },
		{ AF_INET, SOCK_DGRAM, 58 }, { AF_INET6, SOCK_DGRAM, 1 },
		{ AF_INET6, SOCK_DGRAM, 58 }, { AF_INET, SOCK_STREAM, 1 },
		{ AF_INET, SOCK_SEQPACKET, 1 }, { AF_INET, SOCK_DGRAM, -1 } };
	socklen_t n;
	size_t i;
	int fd, v;

	for (i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		fd = R(net->socket(kind[i][0], kind[i][1], kind[i][2]));
		if (fd < 0)
			continue;
		n = sizeof(v);
		R(net->getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &v, &n));
		SAY("%d\n", v);
		R(net->getsockopt(fd, SOL_SOCKET, SO_TYPE, &v, &n));
		SAY("%d\n", v);
		R(net->getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, &n));
		SAY("%d\n", v);
		R(net->listen(fd, 1));
		R(net->accept(fd, NULL, NULL));
		net->close(fd);
	}
}

SCENARIO(icmp, ping)
{
	int fd = net->socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), other;

	at("127.0.0.1", 4711);
	request(8, 99, 1, 40);
	R(net->bind(fd, SA));
	R(net->bind(fd, SA));
	R(net->sendto(fd, msg, 40, 0, NULL, 0));
	name_of(fd);
	at("127.0.0.1", 4711);
	other = net->socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
	R(net->bind(other, SA));
	events(fd);
	set(fd, IPPROTO_IP, IP_RECVTTL, 1);
	set(fd, IPPROTO_IP, IP_RETOPTS, 1);
	set(fd, IPPROTO_IP, IP_RECVERR, 1);
	set(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	N(net->sendto(fd, msg, 40, 0, SA));
	N(net->sendto(fd, msg, 8, 0, SA));
	events(fd);
	hear(fd, 100, MSG_PEEK);
	hear(fd, 10, 0);
	hear(fd, 8, MSG_TRUNC);
	hear(fd, 100, 0);
	hear(fd, 100, MSG_ERRQUEUE);
	N(net->sendto(fd, msg, 7, 0, SA));
	request(0, 1, 1, 40);
	N(net->sendto(fd, msg, 40, 0, SA));
	request(8, 1, 1, 40);
	N(net->sendto(fd, msg, 65516, 0, SA));
	N(net->sendto(fd, msg, 65515, 0, SA));
	N(net->sendto(fd, msg, 65536, 0, SA));
	N(net->sendto(fd, msg, 40, MSG_OOB, SA));
	at("10.1.2.3", 0);
	N(net->sendto(fd, msg, 40, 0, SA));
	R(net->bind(other, SA));
	R(net->connect(other, SA));
	at("127.0.0.9", 0);
	R(net->connect(other, SA));
	R(net->getpeername(other, (struct sockaddr *)&sa,
	    &(socklen_t){ sizeof(sa) }));
	N(net->sendto(other, msg, 40, 0, NULL, 0));
	hear(other, 100, 0);
	R(net->shutdown(other, SHUT_RDWR));
	events(other);
	net->close(fd);
	net->close(other);
}

SCENARIO(icmp, ping6)
{
	int fd = net->socket(AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6);

	at("::1", 0);
	set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	request(128, 9, 3, 20);
	N(net->sendto(fd, msg, 20, 0, SA6));
	hear(fd, 100, 0);
	request(8, 9, 3, 20);
	N(net->sendto(fd, msg, 20, 0, SA6));
	at("127.0.0.1", 0);
	request(128, 9, 3, 20);
	N(net->sendto(fd, msg, 20, 0, SA));
	at("::ffff:127.0.0.1", 0);
	N(net->sendto(fd, msg, 20, 0, SA6));
	N(net->sendto(fd, msg, 20, 0, NULL, 0));
	set(fd, IPPROTO_ICMPV6, ICMP6_FILTER, 0);
	net->close(fd);
}

SCENARIO(icmp, raw)
{
	int fd = net->socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), other;
	uint32_t filter = 1U << ICMP_ECHO;
	socklen_t n = sizeof(filter);

	at("127.0.0.1", 0);
	name_of(fd);
	at("127.0.0.1", 0);
	set(fd, IPPROTO_IP, IP_RECVTTL, 1);
	request(8, 9, 1, 21);
	N(net->sendto(fd, msg, 21, 0, SA));
	hear(fd, 100, 0);
	hear(fd, 100, 0);
	hear(fd, 100, 0);
	msg[2] ^= 1; /* a sum that does not fit: no answer */
	request(8, 9, 2, 20);
	msg[2] ^= 1;
	N(net->sendto(fd, msg, 20, 0, SA));
	hear(fd, 30, 0);
	hear(fd, 100, 0);
	R(net->setsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, sizeof(filter)));
	filter = 0;
	R(net->getsockopt(fd, SOL_RAW, ICMP_FILTER, &filter, &n));
	SAY("%x %d\n", filter, (int)n);
	request(8, 9, 3, 20);
	N(net->sendto(fd, msg, 20, 0, SA));
	hear(fd, 30, MSG_TRUNC);
	hear(fd, 100, 0);
	set(fd, IPPROTO_IP, IP_TTL, 7);
	set(fd, IPPROTO_IP, IP_TOS, 8);
	other = net->socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	at("127.0.0.2", 0);
	R(net->bind(other, SA));
	R(net->connect(other, SA));
	R(net->bind(other, SA));
	name_of(other);
	at("127.0.0.2", 0);
	request(8, 9, 4, 20);
	N(net->sendto(fd, msg, 20, 0, SA));
	hear(other, 100, 0);
	N(net->sendto(other, msg, 1, 0, NULL, 0));
	request(8, 9, 5, 20);
	N(net->sendto(other, msg, 20, 0, NULL, 0));
	hear(other, 100, 0);
	hear(other, 100, 0);
	N(net->sendto(fd, msg, 65516, 0, SA));
	net->close(fd);
	net->close(other);
}

/* A datagram to nobody: who hears ICMP hears of it. */
SCENARIO(icmp, unreachable)
{
	int fd = net->socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	int fd6 = net->socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	int u = net->socket(AF_INET, SOCK_DGRAM, 0);
	int u6 = net->socket(AF_INET6, SOCK_DGRAM, 0);

	at("127.0.0.1", 4712);
	R(net->bind(u, SA));
	at("::1", 4712);
	R(net->bind(u6, SA6));
	at("127.0.0.1", 4711);
	R(net->sendto(u, "hello", 5, 0, SA));
	memset(msg, 0, sizeof(msg));
	hear_error(fd, 28);
	R(net->sendto(u, msg, 1000, 0, SA));
	hear_error(fd, 28);
	/* Who is connected elsewhere is not told itself. */
	at("127.0.0.1", 4713);
	R(net->connect(u, SA));
	at("127.0.0.1", 4711);
	R(net->sendto(u, "hello", 5, 0, SA));
	hear_error(fd, 28);
	R(net->sendto(u, "hello", 5, 0, NULL, 0));
	R(net->sendto(u, "hello", 5, 0, NULL, 0));
	at("::1", 4711);
	R(net->sendto(u6, "hello", 5, 0, SA6));
	hear_error(fd6, 8);
	R(net->sendto(u6, msg, 2000, 0, SA6));
	hear_error(fd6, 8);
	hear_error(fd6, 8);
	net->close(fd);
	net->close(fd6);
	net->close(u);
	net->close(u6);
}

SCENARIO(icmp, own_header)
{
	int fd = net->socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	int in = net->socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	int mine = net->socket(AF_INET, SOCK_RAW, 253);
	struct iphdr h = { .version = 4,
		.ihl = 5,
		.ttl = 3,
		.protocol = IPPROTO_ICMP };
	char whole[40];

	at("127.0.0.1", 0);
	h.daddr = sa.sin_addr.s_addr;
	request(8, 1, 1, 20);
	memcpy(whole, &h, 20);
	memcpy(whole + 20, msg, 20);
	N(net->sendto(fd, whole, 40, 0, SA));
	N(net->sendto(fd, whole, 19, 0, SA));
	hear(in, 100, 0);
	hear(in, 100, 0);
	hear(in, 100, 0);
	h.protocol = 253;
	memcpy(whole, &h, 20);
	N(net->sendto(fd, whole, 40, 0, SA));
	hear(mine, 100, 0);
	N(net->sendto(mine, "abc", 3, 0, SA));
	hear(mine, 100, 0);
	set(mine, IPPROTO_IP, IP_HDRINCL, 1);
	N(net->sendto(mine, "abc", 3, 0, SA));
	whole[0] = 0x44;
	N(net->sendto(mine, whole, 40, 0, SA));
	set(mine, SOL_RAW, ICMP_FILTER, 1);
	set(mine, SOL_RAW, 9, 1);
	set(mine, IPPROTO_ICMPV6, 1, 1);
	net->close(fd);
	net->close(in);
	net->close(mine);
	fd = net->socket(AF_INET, SOCK_DGRAM, 0);
	set(fd, IPPROTO_IP, IP_HDRINCL, 1);
	net->close(fd);
}

SCENARIO(icmp, raw6)
{
	int fd = net->socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	int mine = net->socket(AF_INET6, SOCK_RAW, 253);
	struct icmp6_filter filter;

	at("::1", 0);
	set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9);
	request(128, 5, 1, 12);
	N(net->sendto(fd, msg, 12, 0, SA6));
	hear(fd, 100, 0);
	hear(fd, 100, 0);
	hear(fd, 100, 0);
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
	R(net->setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter,
	    sizeof(filter)));
	N(net->sendto(fd, msg, 12, 0, SA6));
	hear(fd, 100, 0);
	hear(fd, 100, 0);
	N(net->sendto(fd, msg, 3, 0, SA6));
	sa6.sin6_port = htons(59);
	N(net->sendto(fd, msg, 12, 0, SA6));
	sa6.sin6_port = htons(58);
	N(net->sendto(fd, msg, 12, 0, SA6));
	set(fd, IPPROTO_IPV6, IPV6_CHECKSUM, 2);
	set(fd, SOL_RAW, IPV6_CHECKSUM, 2);
	at("::1", 0);
	set(mine, IPPROTO_IPV6, IPV6_CHECKSUM, 3);
	N(net->sendto(mine, "abcdef", 6, 0, SA6));
	hear(mine, 100, 0);
	set(mine, IPPROTO_IPV6, IPV6_CHECKSUM, 4);
	N(net->sendto(mine, "abcdef", 6, 0, SA6));
	hear(mine, 100, 0);
	N(net->sendto(mine, "abcde", 5, 0, SA6));
	at("::ffff:127.0.0.1", 0);
	N(net->sendto(fd, msg, 12, 0, SA6));
	net->close(fd);
	net->close(mine);
}
