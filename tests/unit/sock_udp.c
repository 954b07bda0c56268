/* SPDX-License-Identifier: BSD-2-Clause */
/* UDP over the loopback addresses, as the host has it. */
#include "tests/unit/netinet.h"

SUITE(udp);

static int
dgram(uint32_t addr)
{
	int fd = net->socket(AF_INET, SOCK_DGRAM, 0);

	loopback(addr, 0);
	net->bind(fd, SA, sizeof(sa));
	len = sizeof(sa);
	net->getsockname(fd, SA, &len);
	return fd;
}

static long
to(int fd, const char *p, int flags)
{
	return net->sendto(fd, p, strlen(p), flags, SA, sizeof(sa));
}

SCENARIO(udp, sends_and_receives)
{
	int n = 0;

	s = dgram(INADDR_LOOPBACK);
	c = net->socket(AF_INET, SOCK_DGRAM, 0);
	events(c);
	get(s, 9, 0);
	N(put(c, "x", 0));
	N(to(c, "abc", 0));
	N(to(c, "", 0));
	N(to(c, "defg", 0));
	events(s);
	R(net->ioctl(s, FIONREAD, &n));
	SAY("%d\n", n);
	get(s, 2, MSG_PEEK);
	get(s, 2, MSG_PEEK | MSG_TRUNC);
	get(s, 2, 0);
	get(s, 9, 0);
	get(s, 2, MSG_TRUNC);
	get(s, 9, 0);
	get(s, 9, MSG_ERRQUEUE);
	get(s, 9, MSG_OOB);
	N(to(c, "abc", MSG_OOB));
	R(net->listen(s, 1));
	R(net->accept(s, NULL, NULL));
	R(net->getpeername(s, SA, &len));
	net->close(s);
	net->close(c);
}

SCENARIO(udp, connected)
{
	struct sockaddr_in me;
	int other;

	s = dgram(INADDR_LOOPBACK);
	c = net->socket(AF_INET, SOCK_DGRAM, 0);
	R(net->connect(c, SA, sizeof(sa)));
	len = sizeof(me);
	R(net->getsockname(c, (struct sockaddr *)&me, &len));
	SAY("%x %d\n", me.sin_addr.s_addr, me.sin_port != 0);
	R(net->getpeername(c, SA, &len));
	N(put(c, "abc", 0));
	get(s, 9, 0);
	/* Only the peer gets through. */
	other = net->socket(AF_INET, SOCK_DGRAM, 0);
	N(net->sendto(other, "no", 2, 0, (struct sockaddr *)&me, sizeof(me)));
	get(c, 9, 0);
	N(net->sendto(s, "yes", 3, 0, (struct sockaddr *)&me, sizeof(me)));
	get(c, 9, 0);
	/* And one that is gone is told of once. */
	net->close(s);
	N(put(c, "1", 0));
	events(c);
	N(put(c, "2", 0));
	N(put(c, "3", 0));
	get(c, 9, 0);
	get(c, 9, 0);
	N(put(c, "4", 0));
	error_of(c);
	error_of(c);
	memset(&sa6, 0, sizeof(sa6));
	R(net->connect(c, SA6, sizeof(sa6)));
	R(net->getpeername(c, SA, &len));
	N(put(c, "5", 0));
	N(to(other, "unconnected", 0));
	events(other);
	net->close(other);
	net->close(c);
}

SCENARIO(udp, shutdown)
{
	s = dgram(INADDR_LOOPBACK);
	c = net->socket(AF_INET, SOCK_DGRAM, 0);
	R(net->shutdown(c, SHUT_WR));
	N(put(c, "x", 0));
	R(net->connect(c, SA, sizeof(sa)));
	N(net->sendto(c, "x", 1, MSG_NOSIGNAL, NULL, 0));
	R(net->shutdown(c, SHUT_RD));
	events(c);
	get(c, 9, 0);
	net->close(s);
	net->close(c);
}

SCENARIO(udp, bad_sends)
{
	c = net->socket(AF_INET, SOCK_DGRAM, 0);
	s = dgram(INADDR_LOOPBACK);
	N(net->sendto(c, buf, 65507, 0, SA, sizeof(sa)));
	N(net->sendto(c, buf, 65508, 0, SA, sizeof(sa)));
	N(net->sendto(c, buf, 70000, 0, SA, sizeof(sa)));
	N(net->sendto(c, buf, 1, 0, SA, 4));
	sa.sin_port = 0;
	N(net->sendto(c, buf, 1, 0, SA, sizeof(sa)));
	sa.sin_port = 1;
	sa.sin_family = AF_INET6;
	N(net->sendto(c, buf, 1, 0, SA, sizeof(sa)));
	loopback(0x7fffffff, 9);
	N(net->sendto(c, buf, 1, 0, SA, sizeof(sa)));
	R(net->connect(c, SA, sizeof(sa)));
	set(c, SOL_SOCKET, SO_BROADCAST, 1);
	N(net->sendto(c, buf, 1, 0, SA, sizeof(sa)));
	loopback(INADDR_LOOPBACK, 1);
	N(net->sendto(c, (void *)8, 10, 0, SA, sizeof(sa)));
	net->close(c);
	net->close(s);
}

SCENARIO(udp, longest_in_one_piece)
{
	static const int n[] = { 65488, 65489, 65527, 65528 };
	int disc, i;

	memset(&sa6, 0, sizeof(sa6));
	sa6.sin6_family = AF_INET6;
	sa6.sin6_addr = in6addr_loopback;
	s = net->socket(AF_INET6, SOCK_DGRAM, 0);
	R(net->bind(s, SA6, sizeof(sa6)));
	len = sizeof(sa6);
	net->getsockname(s, SA6, &len);
	c = net->socket(AF_INET6, SOCK_DGRAM, 0);
	for (disc = 0; disc < 12; disc++) {
		set(c, IPPROTO_IPV6, IPV6_MTU_DISCOVER, disc % 6);
		set(c, IPPROTO_IPV6, IPV6_DONTFRAG, disc / 6);
		for (i = 0; i < 4; i++) {
			N(net->sendto(c, buf, n[i], 0, SA6, sizeof(sa6)));
			N(net->recvfrom(s, buf, n[i], MSG_DONTWAIT, NULL,
			    NULL));
		}
	}
	net->close(s);
	net->close(c);
}

SCENARIO(udp, dual_stack)
{
	int fd = net->socket(AF_INET6, SOCK_DGRAM, 0), port;

	memset(&sa6, 0, sizeof(sa6));
	sa6.sin6_family = AF_INET6;
	R(net->bind(fd, SA6, sizeof(sa6)));
	len = sizeof(sa6);
	R(net->getsockname(fd, SA6, &len));
	port = ntohs(sa6.sin6_port);
	loopback(INADDR_LOOPBACK, port);
	c = net->socket(AF_INET, SOCK_DGRAM, 0);
	N(to(c, "v4", 0));
	len = sizeof(sa6);
	N(net->recvfrom(fd, buf, 9, 0, SA6, &len));
	SAY("%s %d\n", inet_ntop(AF_INET6, &sa6.sin6_addr, buf, 100), (int)len);
	N(net->sendto(fd, "back", 4, 0, SA6, sizeof(sa6)));
	get(c, 9, 0);
	/* An address of the other family will do as well. */
	len = sizeof(sa);
	R(net->getsockname(c, SA, &len));
	loopback(INADDR_LOOPBACK, ntohs(sa.sin_port));
	N(net->sendto(fd, "more", 4, 0, SA, sizeof(sa)));
	get(c, 9, 0);
	memset(&sa6, 0, sizeof(sa6));
	sa6.sin6_family = AF_INET6;
	sa6.sin6_addr = in6addr_loopback;
	sa6.sin6_port = htons(port);
	N(net->sendto(fd, "self", 4, 0, SA6, sizeof(sa6)));
	get(fd, 9, 0);
	R(net->close(fd));
	fd = net->socket(AF_INET6, SOCK_DGRAM, 0);
	set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	R(net->bind(fd, SA6, sizeof(sa6)));
	N(net->sendto(fd, "more", 4, 0, SA, sizeof(sa)));
	net->close(fd);
	net->close(c);
}

static int
udp_again(int reuse, int port)
{
	int fd = net->socket(AF_INET, SOCK_DGRAM, 0);

	if (reuse & 1)
		set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (reuse & 2)
		set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	loopback(INADDR_LOOPBACK, port);
	SAY("reuse %d: ", reuse);
	R(net->bind(fd, SA, sizeof(sa)));
	return fd;
}

SCENARIO(udp, address_in_use)
{
	int a, b, port, i, j;

	for (i = 0; i < 4; i++) {
		a = udp_again(i, 0);
		len = sizeof(sa);
		net->getsockname(a, SA, &len);
		port = ntohs(sa.sin_port);
		for (j = 0; j < 4; j++) {
			b = udp_again(j, port);
			net->close(b);
		}
		net->close(a);
	}
	/* The last one bound gets it. */
	a = udp_again(1, port);
	b = udp_again(1, port);
	N(to(b, "x", 0));
	get(a, 9, 0);
	get(b, 9, 0);
	net->close(a);
	net->close(b);
}

Test(udp, port_shared_is_balanced)
{
	int fd[2], got[2] = { 0, 0 }, i, j;

	net = &rump_net;
	said = buf;
	fd[0] = udp_again(2, 0);
	len = sizeof(sa);
	rump_sys_getsockname(fd[0], SA, &len);
	fd[1] = udp_again(2, ntohs(sa.sin_port));
	for (i = 0; i < 64; i++) {
		nsaid = 0;
		c = OK(rump_sys_socket(AF_INET, SOCK_DGRAM, 0));
		EQ(to(c, "x", 0), 1);
		EQ(to(c, "y", 0), 1);
		for (j = 0; j < 2; j++)
			while (rump_sys_recvfrom(fd[j], buf, 9, MSG_DONTWAIT,
				   NULL, NULL) > 0)
				got[j]++;
		/* One sender's go to one receiver. */
		EQ(got[0] % 2, 0);
		rump_sys_close(c);
	}
	EQ(got[0] + got[1], 128);
	cr_assert(got[0] > 20 && got[1] > 20, "%d, %d", got[0], got[1]);
	rump_sys_close(fd[0]);
	rump_sys_close(fd[1]);
}

/* Control messages, in the order they come. */
static void
controls(int fd)
{
	char ctl[512];
	struct iovec iov = { buf, 100 };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl,
		.msg_controllen = sizeof(ctl) };
	struct cmsghdr *m;
	size_t i;

	N(net->recvmsg(fd, &mh, MSG_DONTWAIT));
	SAY("flags %x\n", (unsigned)mh.msg_flags);
	for (m = CMSG_FIRSTHDR(&mh); m != NULL; m = CMSG_NXTHDR(&mh, m)) {
		SAY("%d/%d:", m->cmsg_level, m->cmsg_type);
		for (i = 0; m->cmsg_level != SOL_SOCKET &&
		     i < m->cmsg_len - CMSG_LEN(0);
		     i++)
			SAY(" %02x", CMSG_DATA(m)[i]);
		SAY(" (%zu)\n", m->cmsg_len);
	}
}

SCENARIO(udp, control_messages)
{
	int fd = net->socket(AF_INET6, SOCK_DGRAM, 0);
	char ctl[CMSG_SPACE(4)];
	struct iovec iov = { buf, 3 };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl,
		.msg_controllen = sizeof(ctl) };
	struct cmsghdr *m = CMSG_FIRSTHDR(&mh);

	s = dgram(INADDR_ANY);
	loopback(INADDR_LOOPBACK, ntohs(sa.sin_port));
	c = net->socket(AF_INET, SOCK_DGRAM, 0);
	set(s, IPPROTO_IP, IP_PKTINFO, 1);
	set(s, IPPROTO_IP, IP_RECVTTL, 1);
	set(s, IPPROTO_IP, IP_RECVTOS, 1);
	set(c, IPPROTO_IP, IP_TOS, 0x20);
	N(to(c, "abc", 0));
	controls(s);
	set(s, SOL_SOCKET, SO_TIMESTAMP, 1);
	mh.msg_name = &sa;
	mh.msg_namelen = sizeof(sa);
	memset(ctl, 0, sizeof(ctl));
	m->cmsg_level = IPPROTO_IP;
	m->cmsg_type = IP_TTL;
	m->cmsg_len = CMSG_LEN(4);
	*(int *)(void *)CMSG_DATA(m) = 9;
	N(net->sendmsg(c, &mh, 0));
	controls(s);
	*(int *)(void *)CMSG_DATA(m) = 999;
	N(net->sendmsg(c, &mh, 0));
	m->cmsg_type = 777;
	N(net->sendmsg(c, &mh, 0));
	net->close(s);
	memset(&sa6, 0, sizeof(sa6));
	sa6.sin6_family = AF_INET6;
	R(net->bind(fd, SA6, sizeof(sa6)));
	len = sizeof(sa6);
	R(net->getsockname(fd, SA6, &len));
	set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
	set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
	sa6.sin6_addr = in6addr_loopback;
	N(net->sendto(fd, "v6", 2, 0, SA6, sizeof(sa6)));
	controls(fd);
	loopback(INADDR_LOOPBACK, ntohs(sa6.sin6_port));
	N(to(c, "abc", 0));
	controls(fd);
	net->close(fd);
	net->close(c);
}

SCENARIO(udp, multicast)
{
	struct ip_mreq mr = { .imr_interface.s_addr = htonl(INADDR_LOOPBACK) };
	struct in_addr lo = { htonl(INADDR_LOOPBACK) };
	int port, other;

	s = dgram(INADDR_ANY);
	port = ntohs(sa.sin_port);
	mr.imr_multiaddr.s_addr = htonl(0xe0010203);
	R(net->setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mr, 4));
	R(net->setsockopt(s, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mr, sizeof(mr)));
	R(net->setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mr, sizeof(mr)));
	R(net->setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mr, sizeof(mr)));
	c = net->socket(AF_INET, SOCK_DGRAM, 0);
	R(net->setsockopt(c, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof(lo)));
	loopback(0xe0010203, port);
	N(to(c, "all", 0));
	get(s, 9, 0);
	set(s, IPPROTO_IP, IP_PKTINFO, 1);
	set(s, IPPROTO_IP, IP_RECVTTL, 1);
	N(to(c, "all", 0));
	controls(s);
	set(c, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	N(to(c, "none", 0));
	get(s, 9, 0);
	set(c, IPPROTO_IP, IP_MULTICAST_LOOP, 1);
	R(net->setsockopt(s, IPPROTO_IP, IP_DROP_MEMBERSHIP, &mr, sizeof(mr)));
	N(to(c, "gone", 0));
	get(s, 9, 0);
	mr.imr_multiaddr.s_addr = htonl(0x01010203);
	R(net->setsockopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mr, sizeof(mr)));
	other = net->socket(AF_INET, SOCK_STREAM, 0);
	R(net->setsockopt(other, IPPROTO_IP, IP_ADD_MEMBERSHIP, &mr,
	    sizeof(mr)));
	net->close(other);
	net->close(s);
	net->close(c);
}

SCENARIO(udp, full_queue_drops)
{
	int i, n = 0;

	s = dgram(INADDR_LOOPBACK);
	set(s, SOL_SOCKET, SO_RCVBUF, 10000);
	c = net->socket(AF_INET, SOCK_DGRAM, 0);
	for (i = 0; i < 1000; i++)
		if (net->sendto(c, buf, 1000, 0, SA, sizeof(sa)) != 1000)
			SAY("%d\n", i);
	while (net->recvfrom(s, buf, 1000, MSG_DONTWAIT, NULL, NULL) == 1000)
		n++;
	SAY("%d\n", n > 3 && n < 40);
	net->close(s);
	net->close(c);
}

/* What is wrong with a message to IPv4 comes before what is with its name. */
SCENARIO(udp, errors_of_ipv6_to_ipv4)
{
	int fd = net->socket(AF_INET6, SOCK_DGRAM, 0), on = 1;
	static char big[70000];

	loopback(INADDR_LOOPBACK, 9);
	R(net->sendto(fd, big, sizeof(big), 0, SA, 2));
	R(net->sendto(fd, big, 9, MSG_OOB, SA, 2));
	R(net->sendto(fd, big, 9, 0, SA, 2));
	R(net->connect(fd, SA, sizeof(sa)));
	memset(&sa6, 0, sizeof(sa6));
	sa6.sin6_family = AF_INET6;
	/* Nowhere in particular is to IPv4 from there. */
	R(net->sendto(fd, big, 9, MSG_OOB, SA6, sizeof(sa6)));
	R(net->sendto(fd, big, sizeof(big), 0, SA6, sizeof(sa6)));
	sa6.sin6_port = htons(9);
	sa6.sin6_addr = in6addr_loopback;
	R(net->sendto(fd, big, 9, 0, SA6, sizeof(sa6)));
	R(net->close(fd));
	fd = net->socket(AF_INET6, SOCK_DGRAM, 0);
	R(net->setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)));
	R(net->sendto(fd, big, 9, MSG_OOB, SA, 2));
	R(net->close(fd));
}

/* One that is connected over IPv6 sends to IPv4 with an address of that. */
SCENARIO(udp, source_of_ipv6_to_ipv4)
{
	int fd = net->socket(AF_INET6, SOCK_DGRAM, 0);
	int to = net->socket(AF_INET, SOCK_DGRAM, 0);

	memset(&sa6, 0, sizeof(sa6));
	sa6.sin6_family = AF_INET6;
	sa6.sin6_port = htons(9);
	sa6.sin6_addr = in6addr_loopback;
	R(net->connect(fd, SA6, sizeof(sa6)));
	loopback(INADDR_LOOPBACK, 0);
	R(net->bind(to, SA, sizeof(sa)));
	len = sizeof(sa);
	R(net->getsockname(to, SA, &len));
	R(net->sendto(fd, "x", 1, 0, SA, sizeof(sa)));
	len = sizeof(sa);
	N(net->recvfrom(to, buf, 9, 0, SA, &len));
	SAY("%x\n", ntohl(sa.sin_addr.s_addr));
	R(net->close(fd));
	R(net->close(to));
}

/* A piece that is refused gives its socket a port all the same. */
SCENARIO(udp, refused_piece_and_the_port)
{
	int fd = net->socket(AF_INET6, SOCK_DGRAM, 0);

	memset(&sa6, 0, sizeof(sa6));
	sa6.sin6_family = AF_INET6;
	sa6.sin6_port = htons(9);
	sa6.sin6_addr = in6addr_loopback;
	R(net->sendto(fd, "x", 1, MSG_MORE, SA6, sizeof(sa6)));
	sa6.sin6_family = AF_UNSPEC;
	R(net->connect(fd, SA6, sizeof(sa6)));
	loopback(INADDR_LOOPBACK, 9);
	R(net->sendto(fd, "x", 1, 0, SA, sizeof(sa)));
	len = sizeof(sa6);
	R(net->getsockname(fd, SA6, &len));
	SAY("%d\n", sa6.sin6_port != 0);
	R(net->close(fd));
}

/* Where a message came in is noted if anybody asks for it by then. */
SCENARIO(udp, pktinfo_asked_for_later)
{
	union {
		char raw[100];
		struct cmsghdr align;
	} ctl;
	struct iovec iov = { buf, 9 };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fd = net->socket(AF_INET, SOCK_DGRAM, 0), i;
	struct in_pktinfo pi;

	loopback(INADDR_LOOPBACK, 0);
	R(net->bind(fd, SA, sizeof(sa)));
	len = sizeof(sa);
	R(net->getsockname(fd, SA, &len));
	for (i = 0; i < 2; i++) {
		N(net->sendto(fd, "x", 1, 0, SA, sizeof(sa)));
		set(fd, IPPROTO_IP, IP_PKTINFO, 1);
		mh.msg_control = ctl.raw;
		mh.msg_controllen = sizeof(ctl);
		N(net->recvmsg(fd, &mh, 0));
		memcpy(&pi, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof(pi));
		SAY("%d %x %x\n", pi.ipi_ifindex, pi.ipi_spec_dst.s_addr,
		    pi.ipi_addr.s_addr);
	}
	R(net->close(fd));
}

/* Nowhere in particular is the socket's own address. */
SCENARIO(udp, to_no_address)
{
	int types[] = { SOCK_DGRAM, SOCK_STREAM }, i, fd, to;

	for (i = 0; i < 2; i++) {
		fd = net->socket(AF_INET, types[i], 0);
		to = net->socket(AF_INET, types[i], 0);
		loopback(INADDR_ANY, 0);
		R(net->bind(to, SA, sizeof(sa)));
		if (i == 1)
			R(net->listen(to, 5));
		loopback(0x7f010203, 0);
		R(net->bind(fd, SA, sizeof(sa)));
		len = sizeof(sa);
		R(net->getsockname(to, SA, &len));
		if (i == 0) {
			N(net->sendto(fd, "x", 1, 0, SA, sizeof(sa)));
			N(net->recvfrom(to, buf, 9, 0, SA, &len));
			SAY("%x\n", ntohl(sa.sin_addr.s_addr));
			R(net->getsockname(to, SA, &len));
		}
		R(net->connect(fd, SA, sizeof(sa)));
		R(net->getpeername(fd, SA, &len));
		SAY("%x\n", ntohl(sa.sin_addr.s_addr));
		R(net->close(fd));
		R(net->close(to));
	}
}
