/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sockets of AF_NETLINK, as the host has them; interfaces, addresses and routes
 * changed by them, which only this kernel is asked to do.
 */
#include "tests/unit/netboth.h"
#include "tests/unit/nlmsg.h"

SUITE(netlink);

static const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
#define NL(x) (const struct sockaddr *)(x), sizeof(*(x))

/* --- As the host ----------------------------------------------------------- */

static int
opened(int proto)
{
	return net->socket(AF_NETLINK, SOCK_RAW, proto);
}

SCENARIO(netlink, kinds_of_socket)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW,
		SOCK_RDM, SOCK_SEQPACKET, 9 };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		R(net->socket(AF_NETLINK, types[i], NETLINK_ROUTE));
	R(net->socket(AF_NETLINK, SOCK_RAW, 3));
	R(net->socket(AF_NETLINK, SOCK_RAW, 32));
	R(net->socket(AF_NETLINK, SOCK_RAW, -1));
}

SCENARIO(netlink, names)
{
	struct sockaddr_nl nl = kernel, got;
	socklen_t len = sizeof(got);
	int a = opened(NETLINK_ROUTE), b = opened(NETLINK_ROUTE);

	N(net->getsockname(a, (void *)&got, &len));
	SAY("%u %u %u\n", len, got.nl_pid, got.nl_groups);
	R(net->bind(a, NL(&nl)));
	R(net->bind(a, NL(&nl)));
	N(net->getsockname(a, (void *)&got, &len));
	SAY("%d\n", got.nl_pid != 0);
	R(net->bind(b, NL(&got)));
	R(net->bind(b, NL(&nl)));
	nl.nl_pid = 12345;
	R(net->bind(b, NL(&nl)));
	nl.nl_pid = 0x7ffffff0;
	b = opened(NETLINK_ROUTE);
	nl.nl_groups = 5;
	R(net->bind(b, NL(&nl)));
	N(net->getsockname(b, (void *)&got, &len));
	SAY("%u %u\n", got.nl_pid, got.nl_groups);
	nl.nl_family = AF_INET;
	R(net->bind(b, NL(&nl)));
	nl.nl_family = AF_NETLINK;
	R(net->bind(b, (void *)&nl, 4));
	N(net->getpeername(b, (void *)&got, &len));
	SAY("%u %u\n", got.nl_pid, got.nl_groups);
	R(net->connect(b, NL(&nl)));
	N(net->getpeername(b, (void *)&got, &len));
	SAY("%u %u\n", got.nl_pid, got.nl_groups);
	nl.nl_family = AF_UNSPEC;
	R(net->connect(b, NL(&nl)));
	N(net->getpeername(b, (void *)&got, &len));
	SAY("%u %u\n", got.nl_pid, got.nl_groups);
	R(net->listen(a, 1));
	R(net->accept(a, NULL, NULL));
	R(net->shutdown(a, SHUT_RDWR));
}

SCENARIO(netlink, options)
{
	static const int names[] = { 0, NETLINK_ADD_MEMBERSHIP,
		NETLINK_DROP_MEMBERSHIP, NETLINK_PKTINFO,
		NETLINK_BROADCAST_ERROR, NETLINK_NO_ENOBUFS, NETLINK_CAP_ACK,
		NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK, 99 };
	int s = opened(NETLINK_ROUTE), on = 1, off = 0, v;
	socklen_t len;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		R(net->setsockopt(s, SOL_NETLINK, names[i], &on, sizeof(on)));
		len = sizeof(v);
		v = -1;
		N(net->getsockopt(s, SOL_NETLINK, names[i], &v, &len));
		SAY("%d %u\n", v, len);
		R(net->setsockopt(s, SOL_NETLINK, names[i], &off, 4));
		N(net->getsockopt(s, SOL_NETLINK, names[i], &v, &len));
		SAY("%d %u\n", v, len);
		R(net->setsockopt(s, SOL_NETLINK, names[i], &on, 2));
		len = 2;
		R(net->getsockopt(s, SOL_NETLINK, names[i], &v, &len));
	}
	R(net->setsockopt(s, IPPROTO_TCP, 1, &on, sizeof(on)));
}

/* What came: of each message, its type, flags and the word after the header. */
static void
say_answer(int s, int flags)
{
	struct sockaddr_nl from = { .nl_pid = 9 };
	struct iovec iov;
	struct msghdr mh = { .msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1 };
	char buf[8192];
	struct nlmsghdr *h = (void *)buf;
	ssize_t n;

	iov.iov_base = buf;
	iov.iov_len = sizeof(buf);
	n = net->recvmsg(s, &mh, flags | MSG_DONTWAIT);
	if (n < 0) {
		SAY("%s\n", strerrorname_np(errno));
		return;
	}
	SAY("from %u groups %u flags %x:", from.nl_pid, from.nl_groups,
	    mh.msg_flags);
	for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n))
		SAY(" %d/%x/%u/%d", h->nlmsg_type, h->nlmsg_flags, h->nlmsg_seq,
		    *(int *)NLMSG_DATA(h));
	SAY("\n");
}

SCENARIO(netlink, requests_that_are_not_well_formed)
{
	struct rtgenmsg gm = { .rtgen_family = AF_UNSPEC };
	int s = opened(NETLINK_ROUTE), on = 1;
	struct nlask a;
	struct sockaddr_nl to = kernel;

	ask_begin(&a, RTM_GETLINK, NLM_F_DUMP, &gm, sizeof(gm));
	R(net->sendto(s, &a, 0, 0, NULL, 0));
	N(net->sendto(s, &a, 7, 0, NL(&to)));
	say_answer(s, 0);
	R(net->sendto(s, &a, a.h.nlmsg_len, MSG_OOB, NL(&to)));
	R(net->sendto(s, &a, a.h.nlmsg_len, 0, (void *)&to, 4));
	to.nl_family = AF_INET;
	R(net->sendto(s, &a, a.h.nlmsg_len, 0, NL(&to)));
	to.nl_family = AF_NETLINK;
	to.nl_pid = 0x7fffffe0;
	R(net->sendto(s, &a, a.h.nlmsg_len, 0, NL(&to)));
	a.h.nlmsg_len = 10;
	N(net->sendto(s, &a, 17, 0, NL(&kernel)));
	say_answer(s, 0);
	a.h.nlmsg_len = 100;
	N(net->sendto(s, &a, 17, 0, NL(&kernel)));
	say_answer(s, 0);
	/* No request; a type for control; one that there is not. */
	ask_begin(&a, RTM_GETLINK, NLM_F_ACK, &gm, sizeof(gm));
	a.h.nlmsg_flags = NLM_F_ACK;
	N(net->sendto(s, &a, a.h.nlmsg_len, 0, NL(&kernel)));
	say_answer(s, 0);
	ask_begin(&a, NLMSG_NOOP, NLM_F_ACK, &gm, sizeof(gm));
	N(net->sendto(s, &a, a.h.nlmsg_len, 0, NL(&kernel)));
	say_answer(s, 0);
	ask_begin(&a, 9999, 0, &gm, sizeof(gm));
	N(net->sendto(s, &a, a.h.nlmsg_len, 0, NL(&kernel)));
	say_answer(s, 0);
	R(net->setsockopt(s, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)));
	N(net->sendto(s, &a, a.h.nlmsg_len, 0, NL(&kernel)));
	say_answer(s, MSG_PEEK);
	say_answer(s, 0);
	say_answer(s, 0);
	/* Two in one message. */
	ask_begin(&a, 9999, 0, &gm, sizeof(gm));
	memcpy(a.body + 4, &a.h, sizeof(a.h));
	memcpy(a.body + 4 + sizeof(a.h), &gm, sizeof(gm));
	N(net->sendto(s, &a, 40, 0, NL(&kernel)));
	say_answer(s, 0);
	say_answer(s, 0);
}

SCENARIO(netlink, polling_and_short_reads)
{
	struct rtgenmsg gm = { .rtgen_family = AF_UNSPEC };
	int s = opened(NETLINK_ROUTE);
	struct pollfd p = { .fd = s, .events = POLLIN | POLLOUT };
	struct nlask a;
	char buf[64];

	N(net->poll(&p, 1, 0));
	SAY("%x\n", p.revents);
	R(net->recvfrom(s, buf, 1, MSG_DONTWAIT, NULL, NULL));
	ask_begin(&a, RTM_GETADDRLABEL + 2, 0, &gm, sizeof(gm));
	a.h.nlmsg_type = 9999;
	N(net->sendto(s, &a, a.h.nlmsg_len, 0, NL(&kernel)));
	N(net->poll(&p, 1, 0));
	SAY("%x\n", p.revents);
	N(net->recvfrom(s, buf, 4, MSG_PEEK, NULL, NULL));
	N(net->recvfrom(s, buf, 0, MSG_PEEK | MSG_TRUNC, NULL, NULL));
	N(net->recvfrom(s, buf, 4, MSG_TRUNC, NULL, NULL));
	R(net->recvfrom(s, buf, 4, MSG_DONTWAIT, NULL, NULL));
}

/* --- This kernel's network -------------------------------------------------- */

static int rt;

static void
open_route(void)
{
	net = &rump_net;
	rt = (int)OK(rump_sys_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
}

/* Ask for something that is acknowledged: 0 or the errno. */
static int
told(const struct nlask *a)
{
	char buf[8192];
	struct nlmsghdr *h = (void *)buf;

	EQ(rump_sys_sendto(rt, a, a->h.nlmsg_len, 0, NL(&kernel)),
	    a->h.nlmsg_len);
	OK(rump_sys_recvfrom(rt, buf, sizeof(buf), MSG_DONTWAIT, NULL, NULL));
	EQ(h->nlmsg_type, NLMSG_ERROR);
	EQ(h->nlmsg_seq, 7);
	return -*(int *)NLMSG_DATA(h);
}

/* How many messages of a type a dump has. */
static int
dumped(int get, int type, int family)
{
	struct rtmsg rm = { .rtm_family = (unsigned char)family };
	struct nlask a;
	char buf[8192];
	struct nlmsghdr *h;
	ssize_t len;
	int n = 0;

	ask_begin(&a, get, NLM_F_DUMP, &rm, sizeof(rm));
	OK(rump_sys_sendto(rt, &a, a.h.nlmsg_len, 0, NL(&kernel)));
	for (;;) {
		len = OK(rump_sys_recvfrom(rt, buf, sizeof(buf), MSG_DONTWAIT,
		    NULL, NULL));
		for (h = (void *)buf; NLMSG_OK(h, len);
		     h = NLMSG_NEXT(h, len)) {
			if (h->nlmsg_type == NLMSG_DONE)
				return n;
			EQ(h->nlmsg_type, type);
			cr_assert(h->nlmsg_flags & NLM_F_MULTI);
			n++;
		}
	}
}

Test(netlink, what_there_is_at_first)
{
	open_route();
	EQ(dumped(RTM_GETLINK, RTM_NEWLINK, AF_UNSPEC), 1);
	EQ(dumped(RTM_GETADDR, RTM_NEWADDR, AF_UNSPEC), 2);
	EQ(dumped(RTM_GETADDR, RTM_NEWADDR, AF_INET), 1);
	EQ(dumped(RTM_GETROUTE, RTM_NEWROUTE, AF_INET), 3);
	EQ(dumped(RTM_GETROUTE, RTM_NEWROUTE, AF_INET6), 1);
	EQ(dumped(RTM_GETRULE, RTM_NEWRULE, AF_INET), 3);
	EQ(dumped(RTM_GETNEIGH, RTM_NEWNEIGH, AF_UNSPEC), 0);
}

Test(netlink, an_interface_with_an_address)
{
	struct nlask a;

	open_route();
	ask_dummy(&a, "d0");
	EQ(told(&a), 0);
	EQ(told(&a), EEXIST);
	ask_address(&a, RTM_NEWADDR, 2, AF_INET, "10.1.2.3", 24);
	EQ(told(&a), 0);
	EQ(told(&a), EEXIST);
	ask_up(&a, 2, 1);
	EQ(told(&a), 0);
	EQ(dumped(RTM_GETLINK, RTM_NEWLINK, AF_UNSPEC), 2);
	EQ(dumped(RTM_GETADDR, RTM_NEWADDR, AF_INET), 2);
	/* The link-local one came by itself. */
	EQ(dumped(RTM_GETADDR, RTM_NEWADDR, AF_INET6), 2);
	EQ(dumped(RTM_GETROUTE, RTM_NEWROUTE, AF_INET), 6);
	EQ(dumped(RTM_GETROUTE, RTM_NEWROUTE, AF_INET6), 4);
	ask_route(&a, RTM_NEWROUTE, 2, AF_INET, "10.9.0.0", 16);
	EQ(told(&a), 0);
	EQ(told(&a), EEXIST);
	ask_route(&a, RTM_DELROUTE, 2, AF_INET, "10.8.0.0", 16);
	EQ(told(&a), ESRCH);
	ask_address(&a, RTM_DELADDR, 2, AF_INET, "10.1.2.4", 24);
	EQ(told(&a), EADDRNOTAVAIL);
	EQ(rump_kern_check(), 0);
	ask_dellink(&a, 2);
	EQ(told(&a), 0);
	EQ(told(&a), ENODEV);
	EQ(dumped(RTM_GETLINK, RTM_NEWLINK, AF_UNSPEC), 1);
	EQ(dumped(RTM_GETROUTE, RTM_NEWROUTE, AF_INET), 3);
	EQ(dumped(RTM_GETROUTE, RTM_NEWROUTE, AF_INET6), 1);
	ask_dellink(&a, 1);
	EQ(told(&a), EOPNOTSUPP);
}

/* A datagram there is received there. */
static void
expect_datagram(const char *text)
{
	struct sockaddr_in sin = { .sin_family = AF_INET }, from;
	int s = (int)OK(rump_sys_socket(AF_INET, SOCK_DGRAM, 0));
	socklen_t len = sizeof(sin);
	char c;

	inet_pton(AF_INET, text, &sin.sin_addr);
	OK(rump_sys_bind(s, (void *)&sin, len));
	OK(rump_sys_getsockname(s, (void *)&sin, &len));
	EQ(rump_sys_sendto(s, "x", 1, 0, (void *)&sin, len), 1);
	EQ(rump_sys_recvfrom(s, &c, 1, MSG_DONTWAIT, (void *)&from, &len), 1);
	EQ(from.sin_addr.s_addr, sin.sin_addr.s_addr);
	OK(rump_sys_close(s));
}

static long
send_to(const char *text)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = 9 };
	int s = (int)OK(rump_sys_socket(AF_INET, SOCK_DGRAM, 0));
	long r;

	inet_pton(AF_INET, text, &sin.sin_addr);
	r = rump_sys_sendto(s, "x", 1, 0, (void *)&sin, sizeof(sin));
	OK(rump_sys_close(s));
	return r;
}

Test(netlink, addresses_are_local_as_long_as_they_are_there)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct nlask a;
	int s;

	open_route();
	inet_pton(AF_INET, "10.1.2.3", &sin.sin_addr);
	s = (int)OK(rump_sys_socket(AF_INET, SOCK_STREAM, 0));
	FAILS(rump_sys_bind(s, (void *)&sin, sizeof(sin)), EADDRNOTAVAIL);
	FAILS(send_to("10.1.2.3"), ENETUNREACH);
	ask_dummy(&a, "d0");
	EQ(told(&a), 0);
	ask_up(&a, 2, 1);
	EQ(told(&a), 0);
	ask_address(&a, RTM_NEWADDR, 2, AF_INET, "10.1.2.3", 24);
	EQ(told(&a), 0);
	expect_datagram("10.1.2.3");
	expect_datagram("127.0.0.1");
	/* What is on the net of an interface goes there, to nobody. */
	EQ(send_to("10.1.2.4"), 1);
	FAILS(send_to("10.1.3.4"), ENETUNREACH);
	sin.sin_addr.s_addr = htonl(0x0a010204);
	sin.sin_port = 9;
	OK(rump_sys_fcntl(s, F_SETFL, O_NONBLOCK));
	FAILS(rump_sys_connect(s, (void *)&sin, sizeof(sin)), EINPROGRESS);
	FAILS(rump_sys_connect(s, (void *)&sin, sizeof(sin)), EALREADY);
	OK(rump_sys_close(s));
	ask_address(&a, RTM_DELADDR, 2, AF_INET, "10.1.2.3", 24);
	EQ(told(&a), 0);
	FAILS(send_to("10.1.2.3"), ENETUNREACH);
}

Test(netlink, news_go_to_who_has_joined)
{
	int s, group = RTNLGRP_IPV4_IFADDR;
	struct nlask a;
	char buf[4096];
	struct nlmsghdr *h = (void *)buf;

	open_route();
	s = (int)OK(rump_sys_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	OK(rump_sys_setsockopt(s, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
	    sizeof(group)));
	ask_address(&a, RTM_NEWADDR, 1, AF_INET, "10.0.0.1", 32);
	EQ(told(&a), 0);
	OK(rump_sys_recvfrom(s, buf, sizeof(buf), MSG_DONTWAIT, NULL, NULL));
	EQ(h->nlmsg_type, RTM_NEWADDR);
	ask_address(&a, RTM_NEWADDR, 1, AF_INET6, "fc00::1", 128);
	EQ(told(&a), 0);
	FAILS(rump_sys_recvfrom(s, buf, sizeof(buf), MSG_DONTWAIT, NULL, NULL),
	    EAGAIN);
	ask_address(&a, RTM_DELADDR, 1, AF_INET, "10.0.0.1", 32);
	EQ(told(&a), 0);
	OK(rump_sys_recvfrom(s, buf, sizeof(buf), MSG_DONTWAIT, NULL, NULL));
	EQ(h->nlmsg_type, RTM_DELADDR);
}

/* Who does not read loses news, and is told. */
Test(netlink, a_full_queue_is_enobufs_once)
{
	int s, group = RTNLGRP_IPV4_IFADDR, size = 1, i;
	struct nlask a;
	char buf[4096];

	open_route();
	s = (int)OK(rump_sys_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE));
	OK(rump_sys_setsockopt(s, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
	    sizeof(group)));
	OK(rump_sys_setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	for (i = 0; i < 10; i++) {
		ask_address(&a, RTM_NEWADDR, 1, AF_INET, "10.0.0.1", 32);
		EQ(told(&a), 0);
		ask_address(&a, RTM_DELADDR, 1, AF_INET, "10.0.0.1", 32);
		EQ(told(&a), 0);
	}
	FAILS(rump_sys_recvfrom(s, buf, sizeof(buf), MSG_DONTWAIT, NULL, NULL),
	    ENOBUFS);
	for (i = 0; i < 20; i++)
		if (rump_sys_recvfrom(s, buf, sizeof(buf), MSG_DONTWAIT, NULL,
			NULL) < 0)
			break;
	EQ(errno, EAGAIN);
	cr_assert(i > 0 && i < 20);
}

Test(netlink, only_the_superuser_changes_anything)
{
	struct nlask a;

	open_route();
	ask_dummy(&a, "d0");
	OK(rump_sys_setresuid(1000, 1000, 1000));
	EQ(told(&a), EPERM);
	EQ(dumped(RTM_GETLINK, RTM_NEWLINK, AF_UNSPEC), 1);
}

/* Any of the requests there are, for one of a few interfaces and addresses. */
static void
any_request(struct nlask *a, unsigned *seed)
{
	static const char *const v4[] = { "10.1.2.3", "10.1.2.4", "10.0.0.0",
		"127.0.0.1" };
	static const char *const v6[] = { "fc00::1", "fc00::", "fe80::1",
		"::1" };
	static const int gets[] = { RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE,
		RTM_GETRULE, RTM_GETNEIGH, RTM_GETQDISC, RTM_GETNETCONF };
	int index = rand_r(seed) % 5,
	    family = rand_r(seed) % 2 ? AF_INET : AF_INET6;
	const char *addr = (family == AF_INET ? v4 : v6)[rand_r(seed) % 4];
	int plen = rand_r(seed) % 6 * 8, del = rand_r(seed) % 3 == 0;
	struct rtmsg rm = { .rtm_family = (unsigned char)family };

	switch (rand_r(seed) % 8) {
	case 0:
		ask_dummy(a, "d%d");
		break;
	case 1:
		ask_dellink(a, index);
		break;
	case 2:
		ask_up(a, index, rand_r(seed) % 3);
		break;
	case 3:
	case 4:
		ask_address(a, del ? RTM_DELADDR : RTM_NEWADDR, index, family,
		    addr, plen);
		break;
	case 5:
	case 6:
		ask_route(a, del ? RTM_DELROUTE : RTM_NEWROUTE, index, family,
		    addr, plen);
		if (rand_r(seed) % 2)
			ask_addr(a, RTA_GATEWAY, family, addr);
		break;
	default:
		ask_begin(a, gets[rand_r(seed) % 7],
		    rand_r(seed) % 2 ? NLM_F_DUMP : 0, &rm, sizeof(rm));
		ask_addr(a, RTA_DST, family, addr);
		break;
	}
}

Test(netlink, random_requests_leave_it_whole)
{
	unsigned seed = 1, i, n, spoil;
	struct nlask a;
	char buf[16384];

	open_route();
	for (i = 0; i < 20000; i++) {
		any_request(&a, &seed);
		n = a.h.nlmsg_len;
		for (spoil = rand_r(&seed) % 4; spoil > 1; spoil--)
			((char *)&a)[rand_r(&seed) % n] = (char)rand_r(&seed);
		if (rand_r(&seed) % 16 == 0)
			n = 1 + rand_r(&seed) % n;
		rump_sys_sendto(rt, &a, n, 0, NL(&kernel));
		while (rump_sys_recvfrom(rt, buf, sizeof(buf), MSG_DONTWAIT,
			   NULL, NULL) > 0)
			continue;
		if (i % 1000 == 0)
			EQ(rump_kern_check(), 0);
	}
	EQ(rump_kern_check(), 0);
}
