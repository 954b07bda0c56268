/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of sockets, as the host has them. */
#include <sys/un.h>

#include <linux/tcp.h>
#include <time.h>

#include "tests/unit/netboth.h"

SUITE(sock_opt);

/* What an option says at first, and after each of some values. */
static void
try(int fd, int level, int name)
{
	static const int values[] = { 0, 1, -1, 2, 5, 7, 100, 300, 70000 };
	char buf[400];
	socklen_t len = sizeof(buf);
	int r, v;
	size_t i;

	memset(buf, 0, sizeof(buf));
	r = net->getsockopt(fd, level, name, buf, &len);
	memcpy(&v, buf, sizeof(v));
	SAY("%d/%d: %d %s %d:", level, name, r < 0 ? 0 : v,
	    r < 0 ? strerrorname_np(errno) : "", (int)(r < 0 ? 0 : len));
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		r = net->setsockopt(fd, level, name, &values[i], 4);
		SAY(" %d", values[i]);
		if (r < 0) {
			SAY(":%s", strerrorname_np(errno));
			continue;
		}
		len = sizeof(buf);
		memset(buf, 0, sizeof(buf));
		r = net->getsockopt(fd, level, name, buf, &len);
		memcpy(&v, buf, sizeof(v));
		SAY(">%d", r < 0 ? -errno : v);
	}
	r = net->setsockopt(fd, level, name, &values[1], 1);
	SAY(" byte:%s\n", r < 0 ? strerrorname_np(errno) : "");
}

static void
try_all(int fd, int level, const int *names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		try(fd, level, names[i]);
}
#define TRY(fd, level, names) \
	try_all(fd, level, names, sizeof(names) / sizeof(names[0]))

static const int sol[] = { 0, SO_DEBUG, SO_REUSEADDR, SO_TYPE, SO_ERROR,
	SO_DONTROUTE, SO_BROADCAST, SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE,
	SO_OOBINLINE, SO_NO_CHECK, SO_PRIORITY, SO_LINGER, SO_REUSEPORT,
	SO_PASSCRED, SO_PEERCRED, SO_RCVLOWAT, SO_SNDLOWAT, SO_RCVTIMEO,
	SO_SNDTIMEO, SO_BINDTODEVICE, SO_PEERNAME, SO_TIMESTAMP, SO_ACCEPTCONN,
	SO_TIMESTAMPNS, SO_MARK, SO_PROTOCOL, SO_DOMAIN, 63, 64, 66, 67, 1000 };

SCENARIO(sock_opt, socket_level)
{
	int t = net->socket(AF_INET, SOCK_STREAM, 0);
	int u = net->socket(AF_INET6, SOCK_DGRAM, 0);
	int x = net->socket(AF_UNIX, SOCK_STREAM, 0);

	TRY(t, SOL_SOCKET, sol);
	TRY(u, SOL_SOCKET, sol);
	TRY(x, SOL_SOCKET, sol);
	try(x, IPPROTO_TCP, TCP_NODELAY);
	try(u, IPPROTO_TCP, TCP_NODELAY);
	try(t, IPPROTO_IPV6, IPV6_V6ONLY);
	try(t, 999, 1);
	R(net->close(t));
	R(net->close(u));
	R(net->close(x));
}

SCENARIO(sock_opt, tcp_level)
{
	static const int names[] = { 0, TCP_NODELAY, TCP_MAXSEG, TCP_CORK,
		TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT,
		TCP_LINGER2, TCP_QUICKACK, TCP_USER_TIMEOUT, TCP_FASTOPEN,
		TCP_DEFER_ACCEPT, TCP_NOTSENT_LOWAT, TCP_FASTOPEN_CONNECT,
		TCP_THIN_LINEAR_TIMEOUTS, 1000 };
	int t = net->socket(AF_INET, SOCK_STREAM, 0);

	TRY(t, IPPROTO_TCP, names);
	R(net->close(t));
	t = net->socket(AF_INET6, SOCK_STREAM, 0);
	TRY(t, IPPROTO_TCP, names);
	R(net->setsockopt(t, IPPROTO_TCP, TCP_CONGESTION, "reno", 4));
	R(net->setsockopt(t, IPPROTO_TCP, TCP_CONGESTION, "", 0));
	R(net->close(t));
}

SCENARIO(sock_opt, ip_levels)
{
	static const int v4[] = { 0, IP_TOS, IP_TTL, IP_PKTINFO, IP_RECVERR,
		IP_MTU_DISCOVER, IP_RECVTTL, IP_RECVTOS, IP_MTU, IP_FREEBIND,
		IP_RECVORIGDSTADDR, IP_MULTICAST_IF, IP_MULTICAST_TTL,
		IP_MULTICAST_LOOP, IP_MULTICAST_ALL, IP_UNICAST_IF, 1000 };
	static const int v6[] = { 0, IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS,
		IPV6_MULTICAST_LOOP, IPV6_MTU_DISCOVER, IPV6_RECVERR,
		IPV6_V6ONLY, IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT,
		IPV6_RECVTCLASS, IPV6_TCLASS, IPV6_DONTFRAG,
		IPV6_RECVORIGDSTADDR, IPV6_MULTICAST_ALL, IPV6_FREEBIND, 1000 };
	int u = net->socket(AF_INET, SOCK_DGRAM, 0);
	int s = net->socket(AF_INET6, SOCK_DGRAM, 0);
	int t = net->socket(AF_INET, SOCK_STREAM, 0);

	TRY(u, IPPROTO_IP, v4);
	TRY(s, IPPROTO_IPV6, v6);
	try(s, IPPROTO_IP, IP_TTL);
	try(t, IPPROTO_IP, IP_TOS);
	try(t, IPPROTO_IP, IP_TTL);
	R(net->close(u));
	R(net->close(s));
	R(net->close(t));
}

SCENARIO(sock_opt, lengths_and_addresses)
{
	int t = net->socket(AF_INET, SOCK_STREAM, 0), v = 1;
	struct linger lg = { 1, 7 };
	struct timeval tv = { 1, 500000 };
	socklen_t len;
	char buf[64];

	R(net->setsockopt(t, SOL_SOCKET, SO_KEEPALIVE, (void *)8, 4));
	R(net->setsockopt(t, SOL_SOCKET, SO_KEEPALIVE, &v, -1));
	R(net->setsockopt(t, SOL_SOCKET, SO_KEEPALIVE, &v, 8));
	len = 2;
	R(net->getsockopt(t, SOL_SOCKET, SO_KEEPALIVE, &v, &len));
	SAY("len %d\n", (int)len);
	len = -1;
	R(net->getsockopt(t, SOL_SOCKET, SO_KEEPALIVE, &v, &len));
	R(net->getsockopt(t, SOL_SOCKET, SO_KEEPALIVE, &v, NULL));
	len = 4;
	R(net->getsockopt(t, SOL_SOCKET, SO_KEEPALIVE, (void *)8, &len));
	R(net->setsockopt(t, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)));
	R(net->setsockopt(t, SOL_SOCKET, SO_LINGER, &lg, 4));
	len = sizeof(buf);
	R(net->getsockopt(t, SOL_SOCKET, SO_LINGER, buf, &len));
	SAY("%d %d %d\n", (int)len, ((int *)(void *)buf)[0],
	    ((int *)(void *)buf)[1]);
	R(net->setsockopt(t, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	len = sizeof(tv);
	memset(&tv, 0, sizeof(tv));
	R(net->getsockopt(t, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	SAY("%d %ld %ld\n", (int)len, (long)tv.tv_sec, (long)tv.tv_usec);
	tv.tv_usec = 1000000;
	R(net->setsockopt(t, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	R(net->setsockopt(t, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	len = sizeof(buf);
	R(net->getsockopt(t, SOL_SOCKET, SO_BINDTODEVICE, buf, &len));
	SAY("%d %s\n", (int)len, buf);
	len = 3;
	R(net->getsockopt(t, SOL_SOCKET, SO_BINDTODEVICE, buf, &len));
	R(net->setsockopt(t, SOL_SOCKET, SO_BINDTODEVICE, "nosuch0", 8));
	R(net->setsockopt(t, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
	R(net->close(t));
	R(net->setsockopt(1000, SOL_SOCKET, SO_KEEPALIVE, &v, 4));
}

/* A message to s, and which control messages come along. */
static void
controls(int c, int s)
{
	char ctl[256], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl,
		.msg_controllen = sizeof(ctl) };
	struct timeval tv = { 0, 0 };
	struct cmsghdr *m;
	time_t now = time(NULL);

	R(net->sendto(c, "x", 1, 0, NULL, 0));
	/* The time is that of the sending. */
	usleep(20000);
	gettimeofday(&tv, NULL);
	R(net->recvmsg(s, &mh, MSG_DONTWAIT));
	for (m = CMSG_FIRSTHDR(&mh); m != NULL; m = CMSG_NXTHDR(&mh, m)) {
		struct timeval then;

		SAY("%d/%d %zu\n", m->cmsg_level, m->cmsg_type, m->cmsg_len);
		if (m->cmsg_type != SO_TIMESTAMP)
			continue;
		memcpy(&then, CMSG_DATA(m), sizeof(then));
		timersub(&tv, &then, &tv);
		SAY("%d %d\n", then.tv_sec >= now,
		    tv.tv_sec > 0 || tv.tv_usec >= 15000);
	}
}

SCENARIO(sock_opt, times_of_local_messages)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int l, c, s, i, v = 1;
	socklen_t len;

	for (i = 0; i < 3; i++) {
		l = s = net->socket(AF_UNIX, types[i], 0);
		c = net->socket(AF_UNIX, types[i], 0);
		R(net->bind(l, (struct sockaddr *)&un, sizeof(sa_family_t)));
		len = sizeof(un);
		R(net->getsockname(l, (struct sockaddr *)&un, &len));
		if (i < 2)
			R(net->listen(l, 1));
		R(net->connect(c, (struct sockaddr *)&un, len));
		if (i < 2)
			s = net->accept(l, NULL, NULL);
		R(net->setsockopt(s, SOL_SOCKET, SO_TIMESTAMP, &v, 4));
		controls(c, s);
		R(net->setsockopt(s, SOL_SOCKET, SO_PASSCRED, &v, 4));
		controls(c, s);
		R(net->setsockopt(s, SOL_SOCKET, SO_TIMESTAMPNS, &v, 4));
		controls(c, s);
		net->close(c);
		net->close(s);
		if (i < 2)
			net->close(l);
	}
}

/* What Linux has and this kernel does not: never a silent yes. */
static void
has_not(int fd, int level, const int *names, size_t n)
{
	int v[4] = { 1 };
	socklen_t len;
	size_t i;

	for (i = 0; i < n; i++) {
		errno = 0;
		cr_expect(rump_sys_setsockopt(fd, level, names[i], v,
			      sizeof(v)) == -1 &&
			errno == ENOPROTOOPT,
		    "set %d/%d: %d", level, names[i], errno);
		len = sizeof(v);
		errno = 0;
		cr_expect(rump_sys_getsockopt(fd, level, names[i], v, &len) ==
			    -1 &&
			errno == ENOPROTOOPT,
		    "get %d/%d: %d", level, names[i], errno);
	}
}
#define HAS_NOT(fd, level, names) \
	has_not(fd, level, names, sizeof(names) / sizeof(names[0]))

Test(sock_opt, what_is_not_there_is_enoprotoopt)
{
	static const int at_sol[] = { SO_ATTACH_FILTER, SO_TIMESTAMPING,
		SO_ZEROCOPY, SO_TXTIME, SO_BUSY_POLL, SO_PEEK_OFF,
		SO_LOCK_FILTER, SO_RXQ_OVFL, SO_BUF_LOCK, SO_INCOMING_CPU };
	static const int at_tcp[] = { TCP_MD5SIG, TCP_REPAIR, TCP_WINDOW_CLAMP,
		TCP_ULP };
	static const int at_ip[] = { IP_TRANSPARENT, IP_RECVOPTS, IP_OPTIONS,
		IP_MINTTL, IP_BIND_ADDRESS_NO_PORT, IP_RECVFRAGSIZE };
	static const int at_ip6[] = { IPV6_MINHOPCOUNT, IPV6_HOPOPTS,
		IPV6_RECVRTHDR, IPV6_RECVPATHMTU, IPV6_TRANSPARENT };
	int t = OK(rump_sys_socket(AF_INET6, SOCK_STREAM, 0));

	HAS_NOT(t, SOL_SOCKET, at_sol);
	HAS_NOT(t, IPPROTO_TCP, at_tcp);
	HAS_NOT(t, IPPROTO_IP, at_ip);
	HAS_NOT(t, IPPROTO_IPV6, at_ip6);
	EQ(rump_sys_close(t), 0);
}

/* Linux means its number, which is the port. */
SCENARIO(sock_opt, ip_protocol)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	int fd = net->socket(AF_INET, SOCK_STREAM, 0), v = 9;
	socklen_t n = 2;

	R(net->getsockopt(fd, IPPROTO_IP, 52, &v, &n));
	SAY("%d %d\n", (int)n, v & 255);
	R(net->bind(fd, (struct sockaddr *)&sa, sizeof(sa)));
	n = sizeof(sa);
	R(net->getsockname(fd, (struct sockaddr *)&sa, &n));
	n = 2;
	R(net->getsockopt(fd, IPPROTO_IP, 52, &v, &n));
	SAY("%d\n", (int)n);
	n = sizeof(v);
	R(net->getsockopt(fd, IPPROTO_IP, 52, &v, &n));
	SAY("%d %d\n", (int)n, v == ntohs(sa.sin_port));
	net->close(fd);
}

static void
say(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int v = -1;

	net->getsockopt(fd, level, name, &v, &len);
	SAY("%d/%d: %d\n", level, name, v);
}

/* Delay and throughput, asked for, set the priority: once. */
SCENARIO(sock_opt, tos_sets_the_priority)
{
	int u = net->socket(AF_INET, SOCK_DGRAM, 0), i, seven = 7;

	for (i = 0; i < 256; i += 4) {
		R(net->setsockopt(u, IPPROTO_IP, IP_TOS, &i, 4));
		say(u, SOL_SOCKET, SO_PRIORITY);
	}
	i -= 4;
	R(net->setsockopt(u, SOL_SOCKET, SO_PRIORITY, &seven, 4));
	R(net->setsockopt(u, IPPROTO_IP, IP_TOS, &i, 4));
	say(u, SOL_SOCKET, SO_PRIORITY);
	R(net->setsockopt(u, IPPROTO_IP, IP_FREEBIND, &i, 0));
	R(net->close(u));
	u = net->socket(AF_INET6, SOCK_DGRAM, 0);
	say(u, IPPROTO_IP, IP_MULTICAST_ALL);
	say(u, IPPROTO_IPV6, IPV6_MULTICAST_ALL);
	R(net->close(u));
}

/* Accepted ones send to groups as their clients' packets come. */
static void
accepted(const char *listens, const char *to)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6 };
	int l = net->socket(AF_INET6, SOCK_STREAM, 0), ttl = 9, hops = 11;
	int c = net->socket(AF_INET6, SOCK_STREAM, 0), s;
	socklen_t len = sizeof(sa);

	R(net->setsockopt(c, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl)));
	R(net->setsockopt(c, IPPROTO_IPV6, IPV6_UNICAST_HOPS, &hops, 4));
	inet_pton(AF_INET6, listens, &sa.sin6_addr);
	R(net->bind(l, (void *)&sa, sizeof(sa)));
	R(net->listen(l, 5));
	R(net->getsockname(l, (void *)&sa, &len));
	inet_pton(AF_INET6, to, &sa.sin6_addr);
	R(net->connect(c, (void *)&sa, sizeof(sa)));
	s = (int)R(net->accept(l, NULL, NULL));
	say(s, IPPROTO_IP, IP_MULTICAST_TTL);
	say(s, IPPROTO_IPV6, IPV6_MULTICAST_HOPS);
	say(s, IPPROTO_IPV6, IPV6_MULTICAST_IF);
	say(c, IPPROTO_IPV6, IPV6_MULTICAST_IF);
	net->close(c);
	net->close(s);
	net->close(l);
}

SCENARIO(sock_opt, accepted_ones_and_groups)
{
	accepted("::1", "::1");
	accepted("::", "::ffff:127.0.0.1");
}
