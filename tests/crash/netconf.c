/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process dies at each point of a change to interfaces, addresses or routes.
 * The lists are whole, others go on changing them and sending by them, and with
 * the interfaces removed nothing is left.
 */
#include <sys/ioctl.h>

#include <errno.h>
#include <stdio.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/crash/crash.h"
#include "tests/crash/shared.h"
#include "tests/unit/nlmsg.h"

/* Of pid 1: all processes of the test share them. */
static int rt, news, udp;
static struct nlask a;

/* Ask, and read what came: 0 or the errno; -1: nothing. */
static int
told(void)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	char buf[8192];
	struct nlmsghdr *h = (void *)buf;

	/* What a process that died was told. */
	while (rump_sys_recvfrom(rt, buf, sizeof(buf), MSG_DONTWAIT, NULL,
		   NULL) > 0)
		continue;
	MUST(rump_sys_sendto(rt, &a, a.h.nlmsg_len, 0, (void *)&nl,
	    sizeof(nl)));
	if (rump_sys_recvfrom(rt, buf, sizeof(buf), MSG_DONTWAIT, NULL, NULL) <
		0 ||
	    h->nlmsg_type != NLMSG_ERROR)
		return -1;
	return -*(int *)NLMSG_DATA(h);
}

static void
must(void)
{
	int error = told();

	if (error != 0)
		crash_fail("netlink", error, a.h.nlmsg_type);
}

static int
index_of(const char *name)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	strcpy(ifr.ifr_name, name);
	if (rump_sys_ioctl(udp, 0x8933 /* SIOCGIFINDEX */, &ifr) != 0)
		return 0;
	return ifr.ifr_ifindex;
}

/* One interface with an address of each family and a route. */
static void
set_up(void)
{
	int group = RTNLGRP_IPV4_ROUTE, d0;

	rt = rump_sys_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	MUST(rt);
	news = rump_sys_socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	MUST(news);
	MUST(rump_sys_setsockopt(news, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP,
	    &group, sizeof(group)));
	udp = rump_sys_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	MUST(udp);
	ask_dummy(&a, "d0");
	must();
	d0 = index_of("d0");
	ask_up(&a, d0, 1);
	must();
	ask_address(&a, RTM_NEWADDR, d0, AF_INET, "10.1.2.3", 24);
	must();
	ask_address(&a, RTM_NEWADDR, d0, AF_INET6, "fc00::5", 64);
	must();
	ask_route(&a, RTM_NEWROUTE, d0, AF_INET, "10.9.0.0", 16);
	must();
}

static void
tear_down(void)
{
	static const char *const names[] = { "d0", "d1" };
	int i, index;

	for (i = 0; i < 2; i++) {
		index = index_of(names[i]);
		if (index == 0)
			continue;
		ask_dellink(&a, index);
		must();
	}
	ask_address(&a, RTM_DELADDR, 1, AF_INET, "10.0.0.1", 32);
	(void)told();
	for (i = 3; i < 20; i++)
		rump_sys_close(i);
}

static void
do_newlink(void)
{
	ask_dummy(&a, "d1");
	must();
}

static void
do_dellink(void)
{
	ask_dellink(&a, index_of("d0"));
	must();
}

static void
do_up(void)
{
	ask_up(&a, index_of("d0"), 0);
	must();
	ask_up(&a, index_of("d0"), 1);
	must();
}

static void
do_rename(void)
{
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	strcpy(ifr.ifr_name, "d0");
	strcpy(ifr.ifr_newname, "d1");
	MUST(rump_sys_ioctl(udp, 0x8923 /* SIOCSIFNAME */, &ifr));
}

static void
do_address(void)
{
	int d0 = index_of("d0");

	ask_address(&a, RTM_NEWADDR, d0, AF_INET, "10.1.2.4", 24);
	must();
	ask_address(&a, RTM_NEWADDR, 1, AF_INET, "10.0.0.1", 32);
	must();
	ask_address(&a, RTM_DELADDR, d0, AF_INET, "10.1.2.3", 24);
	must();
	ask_address(&a, RTM_DELADDR, d0, AF_INET6, "fc00::5", 64);
	must();
}

static void
do_route(void)
{
	int d0 = index_of("d0");

	ask_route(&a, RTM_NEWROUTE, d0, AF_INET, "10.8.0.0", 16);
	must();
	ask_route(&a, RTM_NEWROUTE, d0, AF_INET6, "fc08::", 16);
	must();
	ask_route(&a, RTM_NEWROUTE, d0, AF_INET, "10.9.0.0", 16);
	a.h.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE |
	    NLM_F_REPLACE;
	must();
	ask_route(&a, RTM_DELROUTE, d0, AF_INET, "10.9.0.0", 16);
	must();
}

static void
do_dump(void)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK };
	struct rtgenmsg gm = { .rtgen_family = AF_UNSPEC };

	ask_begin(&a, RTM_GETROUTE, NLM_F_DUMP, &gm, sizeof(gm));
	MUST(rump_sys_sendto(rt, &a, a.h.nlmsg_len, 0, (void *)&nl,
	    sizeof(nl)));
	MUST(rump_sys_close(news));
}

static void
do_send(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = 9 };

	sin.sin_addr.s_addr = htonl(0x0a010299);
	MUST(rump_sys_sendto(udp, "x", 1, 0, (void *)&sin, sizeof(sin)));
	sin.sin_addr.s_addr = htonl(0x0a090001);
	MUST(rump_sys_connect(udp, (void *)&sin, sizeof(sin)));
	MUST(rump_sys_write(udp, "x", 1));
}

/* A connection that is never answered. */
static void
do_connect(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = 9 };
	int s = rump_sys_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

	MUST(s);
	sin.sin_addr.s_addr = htonl(0x0a010299);
	rump_sys_connect(s, (void *)&sin, sizeof(sin));
	MUST(rump_sys_close(s));
}

/* Others can still change the network, and send. */
static bool
whole(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET, .sin_port = 9 };
	int s = rump_sys_socket(AF_INET, SOCK_DGRAM, 0), error;
	long sent;

	ask_address(&a, RTM_NEWADDR, 1, AF_INET, "10.77.0.1", 32);
	error = told();
	sin.sin_addr.s_addr = htonl(0x0a4d0001);
	sent = rump_sys_sendto(s, "x", 1, 0, (void *)&sin, sizeof(sin));
	rump_sys_close(s);
	ask_address(&a, RTM_DELADDR, 1, AF_INET, "10.77.0.1", 32);
	if (error == 0 && sent == 1 && told() == 0)
		return true;
	tap_diag("an address cannot be added and used: %d, %ld", error, sent);
	return false;
}

static const struct sharedcall calls[] = {
	{ "an interface made", do_newlink },
	{ "an interface removed", do_dellink },
	{ "an interface down and up", do_up },
	{ "an interface renamed", do_rename },
	{ "addresses", do_address },
	{ "routes", do_route },
	{ "a dump", do_dump },
	{ "datagrams to nobody", do_send },
	{ "a connection to nobody", do_connect },
	{ NULL, NULL },
};

static const struct shared shared = {
	.sh_setup = set_up,
	.sh_teardown = tear_down,
	.sh_whole = whole,
	.sh_calls = calls,
	.sh_first = do_connect,
};

int
main(int argc, char **argv)
{

	return shared_main(&shared, argc, argv);
}
