/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP over the loopback addresses, as the host has it: connections. */
#include <netinet/tcp.h>

#include "tests/unit/netinet.h"

SUITE(tcp);

/* --- Names and states ------------------------------------------------------ */

SCENARIO(tcp, fresh_socket)
{
	int fd = net->socket(AF_INET, SOCK_STREAM, 0);

	len = sizeof(sa);
	R(net->getsockname(fd, SA, &len));
	SAY("%x %d\n", sa.sin_addr.s_addr, sa.sin_port);
	R(net->getpeername(fd, SA, &len));
	N(put(fd, "x", 0));
	get(fd, 1, 0);
	get(fd, 1, MSG_OOB);
	events(fd);
	R(net->shutdown(fd, SHUT_RDWR));
	R(net->accept(fd, NULL, NULL));
	nonblock(fd);
	R(net->accept(fd, NULL, NULL));
	error_of(fd);
	R(net->listen(fd, 1));
	events(fd);
	R(net->accept(fd, NULL, NULL));
	N(put(fd, "x", 0));
	get(fd, 1, 0);
	len = sizeof(sa);
	R(net->getsockname(fd, SA, &len));
	SAY("%x %d\n", sa.sin_addr.s_addr, sa.sin_port != 0);
	R(net->getpeername(fd, SA, &len));
	R(net->connect(fd, SA, sizeof(sa)));
	R(net->bind(fd, SA, sizeof(sa)));
	R(net->shutdown(fd, 7));
	R(net->shutdown(fd, SHUT_WR));
	events(fd);
	R(net->shutdown(fd, SHUT_RD));
	events(fd);
	R(net->accept(fd, NULL, NULL));
	R(net->listen(fd, 1));
	events(fd);
	R(net->close(fd));
}

SCENARIO(tcp, bad_addresses)
{
	int fd = net->socket(AF_INET, SOCK_STREAM, 0);
	int fd6 = net->socket(AF_INET6, SOCK_STREAM, 0);

	loopback(INADDR_LOOPBACK, 0);
	R(net->bind(fd, SA, 4));
	R(net->bind(fd, SA, 200));
	R(net->bind(fd, (void *)8, sizeof(sa)));
	R(net->connect(fd, SA, 1));
	R(net->connect(fd, SA, 4));
	R(net->bind(fd6, SA, sizeof(sa)));
	R(net->connect(fd6, SA, sizeof(sa)));
	sa.sin_family = AF_UNIX;
	R(net->bind(fd, SA, sizeof(sa)));
	R(net->connect(fd, SA, sizeof(sa)));
	loopback(0x01020304, 0);
	R(net->bind(fd, SA, sizeof(sa)));
	loopback(INADDR_LOOPBACK, 1);
	R(net->connect(fd, SA, sizeof(sa)));
	error_of(fd);
	events(fd);
	R(net->socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	R(net->socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
	R(net->socket(AF_INET, SOCK_SEQPACKET, 0));
	R(net->socket(AF_INET, 77, 0));
	R(net->socket(77, SOCK_STREAM, 0));
	R(net->close(fd));
	R(net->close(fd6));
}

SCENARIO(tcp, names_of_both_ends)
{
	struct sockaddr_in a, b;

	pair();
	len = sizeof(a);
	R(net->getsockname(c, (struct sockaddr *)&a, &len));
	R(net->getpeername(s, (struct sockaddr *)&b, &len));
	SAY("%d\n", memcmp(&a, &b, sizeof(a)));
	R(net->getpeername(c, (struct sockaddr *)&a, &len));
	R(net->getsockname(s, (struct sockaddr *)&b, &len));
	SAY("%d %x\n", memcmp(&a, &b, sizeof(a)), b.sin_addr.s_addr);
	R(net->connect(c, SA, sizeof(sa)));
	R(net->bind(c, SA, sizeof(sa)));
	R(net->listen(c, 1));
	end();
}

SCENARIO(tcp, dual_stack)
{
	int fd = net->socket(AF_INET6, SOCK_STREAM, 0), fd4, a;
	int both6 = net->socket(AF_INET6, SOCK_STREAM, 0);

	memset(&sa6, 0, sizeof(sa6));
	sa6.sin6_family = AF_INET6;
	R(net->bind(fd, SA6, sizeof(sa6)));
	R(net->listen(fd, 1));
	len = sizeof(sa6);
	R(net->getsockname(fd, SA6, &len));
	loopback(INADDR_LOOPBACK, ntohs(sa6.sin6_port));
	fd4 = net->socket(AF_INET, SOCK_STREAM, 0);
	R(net->bind(fd4, SA, sizeof(sa)));
	R(net->connect(fd4, SA, sizeof(sa)));
	len = sizeof(sa6);
	a = R(net->accept(fd, SA6, &len));
	SAY("%s %d\n", inet_ntop(AF_INET6, &sa6.sin6_addr, buf, 100), (int)len);
	R(net->close(a));
	set(both6, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	sa6.sin6_port = sa.sin_port;
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &sa6.sin6_addr);
	R(net->bind(both6, SA6, sizeof(sa6)));
	R(net->connect(both6, SA6, sizeof(sa6)));
	sa6.sin6_addr = in6addr_loopback;
	R(net->connect(both6, SA6, sizeof(sa6)));
	R(net->close(fd4));
	R(net->close(both6));
	R(net->close(fd));
}

/* --- Ports ------------------------------------------------------------------ */

static int
bind_again(int reuse, int port, uint32_t addr)
{
	int fd = net->socket(AF_INET, SOCK_STREAM, 0);

	if (reuse & 1)
		set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (reuse & 2)
		set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	loopback(addr, port);
	SAY("reuse %d: ", reuse);
	R(net->bind(fd, SA, sizeof(sa)));
	return fd;
}

SCENARIO(tcp, address_in_use)
{
	int a = bind_again(0, 0, INADDR_LOOPBACK), b, port, i;

	len = sizeof(sa);
	net->getsockname(a, SA, &len);
	port = ntohs(sa.sin_port);
	for (i = 0; i < 4; i++)
		net->close(bind_again(i, port, INADDR_LOOPBACK));
	net->close(bind_again(0, port, INADDR_ANY));
	net->close(bind_again(0, port, INADDR_LOOPBACK + 1));
	R(net->close(a));
	a = bind_again(1, port, INADDR_LOOPBACK);
	for (i = 0; i < 4; i++)
		net->close(bind_again(i, port, INADDR_ANY));
	b = bind_again(1, port, INADDR_LOOPBACK);
	R(net->listen(a, 1));
	R(net->listen(b, 1));
	net->close(bind_again(1, port, INADDR_LOOPBACK));
	R(net->close(a));
	R(net->close(b));
	a = bind_again(2, port, INADDR_LOOPBACK);
	b = bind_again(2, port, INADDR_LOOPBACK);
	R(net->listen(a, 1));
	R(net->listen(b, 1));
	R(net->close(a));
	R(net->close(b));
}

SCENARIO(tcp, time_wait)
{
	int reuse, port, i;

	for (reuse = 0; reuse < 2; reuse++) {
		l = bind_again(reuse, 0, INADDR_LOOPBACK);
		net->listen(l, 5);
		len = sizeof(sa);
		net->getsockname(l, SA, &len);
		port = ntohs(sa.sin_port);
		c = net->socket(AF_INET, SOCK_STREAM, 0);
		R(net->connect(c, SA, sizeof(sa)));
		s = net->accept(l, NULL, NULL);
		R(net->close(l));
		for (i = 0; i < 2; i++)
			net->close(bind_again(i, port, INADDR_LOOPBACK));
		R(net->close(s));
		R(net->close(c));
		for (i = 0; i < 2; i++)
			net->close(bind_again(i, port, INADDR_LOOPBACK));
	}
	/* The client ends it first: the server's port is free. */
	pair();
	port = ntohs(sa.sin_port);
	R(net->close(c));
	R(net->close(s));
	R(net->close(l));
	net->close(bind_again(0, port, INADDR_LOOPBACK));
}

/* --- Connecting ------------------------------------------------------------- */

SCENARIO(tcp, connect_without_waiting)
{
	l = listener(5);
	c = net->socket(AF_INET, SOCK_STREAM, 0);
	nonblock(c);
	R(net->connect(c, SA, sizeof(sa)));
	events(c);
	error_of(c);
	R(net->connect(c, SA, sizeof(sa)));
	R(net->connect(c, SA, sizeof(sa)));
	s = R(net->accept(l, NULL, NULL));
	end();
}

SCENARIO(tcp, connect_refused)
{
	int i;

	loopback(INADDR_LOOPBACK, 1);
	c = net->socket(AF_INET, SOCK_STREAM, 0);
	R(net->connect(c, SA, sizeof(sa)));
	events(c);
	get(c, 1, 0);
	nonblock(c);
	for (i = 0; i < 3; i++) {
		R(net->connect(c, SA, sizeof(sa)));
		events(c);
		if (i == 1)
			error_of(c);
		if (i == 2)
			get(c, 1, 0);
		events(c);
		get(c, 1, 0);
		R(net->connect(c, SA, sizeof(sa)));
	}
	N(put(c, "x", 0));
	R(net->close(c));
	c = listener(1);
	R(net->connect(c, SA, sizeof(sa)));
	R(net->close(c));
}

SCENARIO(tcp, backlog_is_full)
{
	int fd[4], i;

	l = listener(1);
	for (i = 0; i < 4; i++) {
		fd[i] = net->socket(AF_INET, SOCK_STREAM, 0);
		nonblock(fd[i]);
		R(net->connect(fd[i], SA, sizeof(sa)));
	}
	for (i = 0; i < 4; i++)
		events(fd[i]);
	len = sizeof(sa);
	R(net->getpeername(fd[3], SA, &len));
	R(net->connect(fd[3], SA, sizeof(sa)));
	N(put(fd[3], "x", MSG_DONTWAIT));
	get(fd[3], 1, 0);
	R(net->shutdown(fd[3], SHUT_RDWR));
	R(net->close(l));
	events(fd[0]);
	get(fd[0], 1, 0);
	for (i = 0; i < 4; i++)
		net->close(fd[i]);
}

/* The host tries again a second later; here it is at once. */
Test(tcp, accept_lets_the_next_in)
{
	struct pollfd pf = { .events = POLLOUT };
	int fd[3], i;

	net = &rump_net;
	l = listener(0);
	for (i = 0; i < 3; i++) {
		fd[i] = OK(rump_sys_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK,
		    0));
		FAILS(rump_sys_connect(fd[i], SA, sizeof(sa)), EINPROGRESS);
	}
	FAILS(rump_sys_connect(fd[1], SA, sizeof(sa)), EALREADY);
	EQ(rump_sys_close(fd[1]), 0);
	pf.fd = fd[2];
	EQ(rump_sys_poll(&pf, 1, 0), 0);
	s = OK(rump_sys_accept(l, NULL, NULL));
	EQ(rump_sys_close(s), 0);
	/* Who went away is passed over. */
	EQ(rump_sys_fcntl(l, F_SETFL, O_NONBLOCK), 0);
	s = OK(rump_sys_accept(l, NULL, NULL));
	EQ(rump_sys_poll(&pf, 1, 0), 1);
	EQ(rump_sys_connect(fd[2], SA, sizeof(sa)), 0);
	EQ(rump_sys_sendto(fd[2], "x", 1, 0, NULL, 0), 1);
	EQ(rump_sys_recvfrom(s, buf, 9, 0, NULL, NULL), 1);
	FAILS(rump_sys_accept(l, NULL, NULL), EAGAIN);
	EQ(rump_sys_close(s), 0);
	EQ(rump_sys_close(fd[0]), 0);
	EQ(rump_sys_close(fd[2]), 0);
	EQ(rump_sys_close(l), 0);
}

SCENARIO(tcp, connect_to_nowhere_ends_it)
{
	pair();
	memset(&sa6, 0, sizeof(sa6));
	R(net->connect(c, SA6, sizeof(sa6)));
	get(s, 1, 0);
	get(s, 1, 0);
	get(c, 1, 0);
	events(c);
	R(net->connect(c, SA, sizeof(sa)));
	net->close(s);
	s = R(net->accept(l, NULL, NULL));
	N(put(c, "abc", 0));
	get(s, 9, 0);
	end();
}

SCENARIO(tcp, connects_to_itself)
{
	int port;

	c = listener(1);
	port = ntohs(sa.sin_port);
	R(net->close(c));
	c = net->socket(AF_INET, SOCK_STREAM, 0);
	loopback(INADDR_LOOPBACK, port);
	R(net->bind(c, SA, sizeof(sa)));
	R(net->connect(c, SA, sizeof(sa)));
	N(put(c, "me", 0));
	events(c);
	get(c, 9, 0);
	R(net->shutdown(c, SHUT_WR));
	get(c, 9, 0);
	N(put(c, "me", 0));
	events(c);
	R(net->close(c));
}

/* --- The end ---------------------------------------------------------------- */

SCENARIO(tcp, half_close)
{
	pair();
	N(put(c, "abc", 0));
	R(net->shutdown(c, SHUT_WR));
	events(c);
	N(put(c, "x", 0));
	events(s);
	get(s, 9, 0);
	get(s, 9, 0);
	events(s);
	N(put(s, "def", 0));
	get(c, 9, 0);
	R(net->shutdown(s, SHUT_WR));
	events(s);
	events(c);
	get(c, 9, 0);
	R(net->shutdown(c, SHUT_WR));
	R(net->getpeername(c, SA, &len));
	end();
}

SCENARIO(tcp, reader_shuts)
{
	pair();
	N(put(c, "abc", 0));
	R(net->shutdown(s, SHUT_RD));
	events(s);
	events(c);
	get(s, 9, 0);
	get(s, 9, 0);
	N(put(c, "def", 0));
	get(s, 9, 0);
	get(s, 9, 0);
	end();
}

SCENARIO(tcp, peer_closes)
{
	pair();
	N(put(s, "bye", 0));
	R(net->close(s));
	events(c);
	N(put(c, "1", 0));
	events(c);
	get(c, 9, 0);
	get(c, 9, 0);
	N(put(c, "2", 0));
	N(put(c, "3", 0));
	events(c);
	get(c, 9, 0);
	error_of(c);
	R(net->shutdown(c, SHUT_WR));
	end();
}

SCENARIO(tcp, close_with_unread_data_resets)
{
	pair();
	N(put(c, "abc", 0));
	N(put(s, "xyz", 0));
	R(net->close(s));
	events(c);
	get(c, 9, 0);
	get(c, 9, 0);
	get(c, 9, 0);
	events(c);
	N(put(c, "1", 0));
	R(net->getpeername(c, SA, &len));
	end();
	pair();
	N(put(c, "abc", 0));
	R(net->close(s));
	N(put(c, "1", 0));
	N(put(c, "2", 0));
	get(c, 9, 0);
	end();
}

/* Who disconnects still has the error to tell, until it connects again. */
SCENARIO(tcp, error_outlives_disconnect)
{
	struct linger lg = { 1, 0 };
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	int i;

	for (i = 0; i < 3; i++) {
		pair();
		R(net->setsockopt(s, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)));
		R(net->close(s));
		R(net->connect(c, &none, sizeof(none)));
		events(c);
		if (i == 0)
			error_of(c);
		else if (i == 1)
			get(c, 1, 0);
		R(net->connect(c, SA, sizeof(sa)));
		error_of(c);
		events(c);
		net->close(c);
		net->close(l);
	}
}

/* Who was sent something after its end has reset it; a close changes nothing. */
SCENARIO(tcp, reset_once)
{
	pair();
	N(put(c, "unread", 0));
	R(net->shutdown(c, SHUT_RDWR));
	N(put(s, "late", 0));
	R(net->close(s));
	events(c);
	N(put(c, "x", 0));
	N(put(c, "x", 0));
	error_of(c);
	net->close(c);
	net->close(l);
}

/* One accepted does not tell of a peer that is gone, but accept() does. */
SCENARIO(tcp, peer_of_one_accepted_and_reset)
{
	struct linger lg = { 1, 0 };
	struct sockaddr_in from;
	int i;

	for (i = 0; i < 3; i++) {
		l = listener(5);
		c = net->socket(AF_INET, SOCK_STREAM, 0);
		net->connect(c, SA, sizeof(sa));
		net->setsockopt(c, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
		if (i == 2)
			net->close(c);
		len = sizeof(from);
		s = i == 0 ? net->accept(l, NULL, NULL) :
			     net->accept(l, (void *)&from, &len);
		if (i == 2)
			SAY("%x\n", from.sin_addr.s_addr);
		else
			net->close(c);
		len = sizeof(from);
		R(net->getpeername(s, (void *)&from, &len));
		events(s);
		error_of(s);
		net->close(s);
		net->close(l);
	}
}

SCENARIO(tcp, linger_zero_resets)
{
	struct linger lg = { 1, 0 };

	pair();
	R(net->setsockopt(s, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)));
	R(net->close(s));
	events(c);
	error_of(c);
	events(c);
	get(c, 9, 0);
	N(put(c, "1", 0));
	end();
	pair();
	R(net->shutdown(s, SHUT_WR));
	R(net->setsockopt(s, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg)));
	R(net->close(s));
	events(c);
	get(c, 9, 0);
	error_of(c);
	end();
}

SCENARIO(tcp, closed_before_accept)
{
	l = listener(5);
	c = net->socket(AF_INET, SOCK_STREAM, 0);
	R(net->connect(c, SA, sizeof(sa)));
	N(put(c, "abc", 0));
	R(net->close(c));
	len = sizeof(sa);
	s = R(net->accept(l, SA, &len));
	get(s, 9, 0);
	get(s, 9, 0);
	events(s);
	net->close(s);
	c = net->socket(AF_INET, SOCK_STREAM, 0);
	len = sizeof(sa);
	net->getsockname(l, SA, &len);
	R(net->connect(c, SA, sizeof(sa)));
	R(net->close(l));
	events(c);
	get(c, 1, 0);
	get(c, 1, 0);
	net->close(c);
}

/* Nobody accepts, and the queue is full: it fails when its time is over. */
SCENARIO(tcp, no_room_at_the_listener)
{
	struct pollfd pf = { .events = POLLIN | POLLOUT };
	int fd[2];

	l = listener(0);
	fd[0] = net->socket(AF_INET, SOCK_STREAM, 0);
	R(net->connect(fd[0], SA, sizeof(sa)));
	fd[1] = pf.fd = net->socket(AF_INET, SOCK_STREAM, 0);
	set(fd[1], IPPROTO_TCP, TCP_USER_TIMEOUT, 200);
	nonblock(fd[1]);
	R(net->connect(fd[1], SA, sizeof(sa)));
	events(fd[1]);
	R(net->connect(fd[1], SA, sizeof(sa)));
	R(net->poll(&pf, 1, 10000));
	events(fd[1]);
	get(fd[1], 1, 0);
	error_of(fd[1]);
	R(net->connect(fd[1], SA, sizeof(sa)));
	net->close(fd[1]);
	fd[1] = net->socket(AF_INET, SOCK_STREAM, 0);
	set(fd[1], IPPROTO_TCP, TCP_USER_TIMEOUT, 200);
	R(net->connect(fd[1], SA, sizeof(sa)));
	error_of(fd[1]);
	net->close(fd[1]);
	net->close(fd[0]);
	net->close(l);
}

/* A closed listener's port is taken by its connections, at their address. */
SCENARIO(tcp, ports_of_connections)
{
	int fd, a;

	pair();
	net->close(l);
	for (a = 0; a < 3; a++) {
		fd = net->socket(AF_INET, SOCK_STREAM, 0);
		sa.sin_addr.s_addr = htonl(a == 2 ? INADDR_ANY :
						    INADDR_LOOPBACK + a);
		R(net->bind(fd, SA, sizeof(sa)));
		net->close(fd);
	}
	net->close(s);
	net->close(c);
	for (a = 0; a < 3; a++) {
		fd = net->socket(AF_INET, SOCK_STREAM, 0);
		sa.sin_addr.s_addr = htonl(a == 2 ? INADDR_ANY :
						    INADDR_LOOPBACK + a);
		R(net->bind(fd, SA, sizeof(sa)));
		net->close(fd);
	}
}
