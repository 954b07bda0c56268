/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP sockets whose connection is over, or never came about. */
#include <linux/sockios.h>
#include <netinet/tcp.h>

#include "tests/unit/netinet.h"

SUITE(dead);

/* Its name: which address, and the port of whom. */
static void
name_of(int fd)
{
	struct sockaddr_in in;
	int r;

	memset(&in, 0, sizeof(in));
	len = sizeof(in);
	r = net->getsockname(fd, (void *)&in, &len);
	SAY("name %d %x %s\n", r, (unsigned)ntohl(in.sin_addr.s_addr),
	    in.sin_port == 0               ? "none" :
		in.sin_port == sa.sin_port ? "listener's" :
					     "own");
	r = net->getpeername(fd, (void *)&in, &len);
	SAY("peer %d\n", r);
	len = sizeof(in);
	r = net->getsockopt(fd, SOL_SOCKET, SO_PEERNAME, &in, &len);
	SAY("peer's name %d\n", r);
}

/* What it does, and what may be done with it. */
static void
all_of(int fd)
{
	struct sockaddr_in6 other = { .sin6_family = AF_INET6 };
	struct tcp_info ti = { .tcpi_state = 0 };

	len = sizeof(ti);
	net->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &ti, &len);
	SAY("state %d\n", ti.tcpi_state);
	events(fd);
	name_of(fd);
	set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1);
	set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 0);
	set(fd, IPPROTO_TCP, TCP_FASTOPEN, 0);
	R(net->shutdown(fd, SHUT_WR));
	R(net->listen(fd, 1));
	R(net->connect(fd, SA, sizeof(sa)));
	R(net->bind(fd, (void *)&other, sizeof(other)));
	name_of(fd);
	R(net->connect(fd, SA, 1));
	sa.sin_family = AF_UNSPEC;
	R(net->connect(fd, SA, sizeof(sa)));
	sa.sin_family = AF_INET;
	name_of(fd);
	events(fd);
}

/* May another one have that port? */
static void
port_is_free(int fd)
{
	struct sockaddr_in in;
	int other = net->socket(AF_INET, SOCK_STREAM, 0);

	len = sizeof(in);
	net->getsockname(fd, (void *)&in, &len);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	R(net->bind(other, (void *)&in, sizeof(in)));
	R(net->close(other));
}

static void
reset_by(int *who, int other)
{
	put(other, "unread", 0);
	net->close(*who);
	*who = -1;
}

SCENARIO(dead, client_that_was_reset)
{
	pair();
	reset_by(&s, c);
	port_is_free(c);
	all_of(c);
	R(net->connect(c, SA, sizeof(sa)));
	events(c);
	end();
}

SCENARIO(dead, server_that_was_reset)
{
	pair();
	reset_by(&c, s);
	all_of(s);
	R(net->connect(s, SA, sizeof(sa)));
	events(s);
	end();
}

SCENARIO(dead, bound_client_that_was_reset)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	pair();
	net->close(c);
	net->close(s);
	c = net->socket(AF_INET, SOCK_STREAM, 0);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	R(net->bind(c, (void *)&in, sizeof(in)));
	R(net->connect(c, SA, sizeof(sa)));
	s = net->accept(l, NULL, NULL);
	reset_by(&s, c);
	all_of(c);
	end();
}

SCENARIO(dead, both_have_ended_it)
{
	pair();
	R(net->shutdown(c, SHUT_WR));
	R(net->shutdown(s, SHUT_WR));
	port_is_free(c);
	all_of(s);
	all_of(c);
	end();
}

/* That is no reason for a reset any more. */
SCENARIO(dead, unread_after_both_have_ended_it)
{
	pair();
	put(c, "unread", 0);
	R(net->shutdown(c, SHUT_WR));
	R(net->shutdown(s, SHUT_WR));
	R(net->close(s));
	s = -1;
	events(c);
	error_of(c);
	end();
}

static void
refused(int type, uint32_t bound, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	l = listener(1);
	c = net->socket(AF_INET, SOCK_STREAM | type, 0);
	in.sin_addr.s_addr = htonl(bound);
	if (port)
		in.sin_port = sa.sin_port;
	R(net->close(l));
	l = -1;
	if (bound != 0 || port)
		R(net->bind(c, (void *)&in, sizeof(in)));
	/* Not to itself. */
	if (port)
		sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 5);
	R(net->connect(c, SA, sizeof(sa)));
	name_of(c);
	R(net->listen(c, 1));
	R(net->connect(c, SA, sizeof(sa)));
	name_of(c);
	R(net->close(c));
}

SCENARIO(dead, refused)
{
	refused(0, 0, 0);
	refused(SOCK_NONBLOCK, 0, 0);
	refused(0, INADDR_LOOPBACK + 1, 0);
	refused(SOCK_NONBLOCK, INADDR_LOOPBACK + 1, 0);
	refused(0, INADDR_LOOPBACK, 1);
	refused(SOCK_NONBLOCK, 0, 1);
}

/* An answer that nobody has asked for yet comes too late. */
SCENARIO(dead, reset_before_connect_has_told)
{
	l = listener(5);
	c = net->socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	R(net->connect(c, SA, sizeof(sa)));
	R(net->close(l));
	events(c);
	R(net->connect(c, SA, sizeof(sa)));
	name_of(c);
	R(net->connect(c, SA, sizeof(sa)));
	R(net->close(c));
}

SCENARIO(dead, listener_that_is_shut_down)
{
	int fd = net->socket(AF_INET, SOCK_STREAM, 0);

	set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 0);
	R(net->listen(fd, 1));
	set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 0);
	set(fd, IPPROTO_TCP, TCP_FASTOPEN, 5);
	R(net->shutdown(fd, SHUT_RD));
	name_of(fd);
	R(net->close(fd));
	fd = listener(1);
	R(net->shutdown(fd, SHUT_RDWR));
	name_of(fd);
	events(fd);
	R(net->close(fd));
}

/* An urgent byte to one that waits for no more: it hears of it. */
SCENARIO(dead, urgent_byte_comes_late)
{
	int i;

	for (i = 0; i < 3; i++) {
		pair();
		R(net->shutdown(s, SHUT_RDWR));
		N(put(c, i == 0 ? "X" : "abcX", i == 2 ? 0 : MSG_OOB));
		events(s);
		events(c);
		get(s, 1, MSG_OOB);
		get(s, 9, 0);
		end();
	}
}

/* Nothing but receiving what is behind it passes an urgent byte. */
SCENARIO(dead, urgent_byte_is_not_passed)
{
	int n = -1, i;

	for (i = 0; i < 4; i++) {
		pair();
		N(put(c, "X", MSG_OOB));
		if (i & 1)
			N(put(c, "abc", 0));
		if (i & 2)
			get(s, 1, MSG_OOB);
		get(s, 9, MSG_PEEK);
		R(net->ioctl(s, FIONREAD, &n));
		SAY("%d\n", n);
		get(s, 0, 0);
		R(net->ioctl(s, SIOCATMARK, &n));
		SAY("%d\n", n);
		R(net->recvfrom(s, (void *)8, 5, MSG_DONTWAIT, NULL, NULL));
		R(net->ioctl(s, SIOCATMARK, &n));
		SAY("%d\n", n);
		events(s);
		get(s, 1, MSG_OOB);
		get(s, 1, 0);
		get(s, 1, MSG_OOB);
		events(s);
		end();
	}
}

/* Whether there is a way comes before whether it suits the address. */
SCENARIO(dead, mapped_address_and_others)
{
	struct sockaddr_in6 in = { .sin6_family = AF_INET6 };
	int fd = net->socket(AF_INET6, SOCK_STREAM, 0);

	inet_pton(AF_INET6, "::ffff:127.0.0.1", &in.sin6_addr);
	R(net->bind(fd, (void *)&in, sizeof(in)));
	in.sin6_port = htons(9);
	inet_pton(AF_INET6, "::1", &in.sin6_addr);
	R(net->connect(fd, (void *)&in, sizeof(in)));
	inet_pton(AF_INET6, "ff02::1", &in.sin6_addr);
	R(net->connect(fd, (void *)&in, sizeof(in)));
	R(net->close(fd));
}

/* Any address of IPv4 is one that bind() gave, to IPv6. */
SCENARIO(dead, mapped_any_address_stays)
{
	struct sockaddr_in6 in = { .sin6_family = AF_INET6 };
	int fd = net->socket(AF_INET6, SOCK_STREAM, 0);
	char text[64];

	inet_pton(AF_INET6, "::ffff:0.0.0.0", &in.sin6_addr);
	R(net->bind(fd, (void *)&in, sizeof(in)));
	in.sin6_family = AF_UNSPEC;
	R(net->connect(fd, (void *)&in, sizeof(in)));
	len = sizeof(in);
	R(net->getsockname(fd, (void *)&in, &len));
	SAY("%s\n", inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof(text)));
	R(net->close(fd));
}
