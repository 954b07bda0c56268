/* SPDX-License-Identifier: BSD-2-Clause */
/* Datagrams of UDP in pieces: MSG_MORE and UDP_CORK, as the host has them. */
#include <linux/sockios.h>
#include <linux/udp.h>

#include "tests/unit/netinet.h"

SUITE(cork);

static int other;
static struct sockaddr_in6 to[2];
static socklen_t tolen;

/* c sends; s and other, to[0] and to[1], receive.  4, 6, or 4 by way of 6. */
static void
begin(int kind)
{
	int *fd[2] = { &s, &other }, i, big = 1 << 20;

	for (i = 0; i < 2; i++) {
		*fd[i] = net->socket(kind == 4 ? AF_INET : AF_INET6, SOCK_DGRAM,
		    0);
		loopback(INADDR_LOOPBACK, 0);
		memset(&sa6, 0, sizeof(sa6));
		sa6.sin6_family = AF_INET6;
		sa6.sin6_addr = in6addr_loopback;
		if (kind == 46)
			inet_pton(AF_INET6, "::ffff:127.0.0.1", &sa6.sin6_addr);
		memset(&to[i], 0, sizeof(to[i]));
		tolen = kind == 4 ? sizeof(sa) : sizeof(sa6);
		memcpy(&to[i], kind == 4 ? (void *)&sa : &sa6, tolen);
		net->bind(*fd[i], (struct sockaddr *)&to[i], tolen);
		net->getsockname(*fd[i], (struct sockaddr *)&to[i], &tolen);
		net->setsockopt(*fd[i], SOL_SOCKET, SO_RCVBUF, &big,
		    sizeof(big));
	}
	c = net->socket(kind == 4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
}

static void
finish_all(void)
{
	net->close(c);
	net->close(s);
	net->close(other);
}

static long
to_(int i, const void *p, size_t n, int flags)
{
	return net->sendto(c, p, n, flags, (struct sockaddr *)&to[i], tolen);
}

static void
come(void)
{
	get(s, sizeof(buf), 0);
	get(other, sizeof(buf), 0);
}

static void
pieces(int kind)
{
	begin(kind);
	N(put(c, "x", MSG_MORE));
	N(to_(0, "abc", 3, MSG_MORE));
	come();
	N(to_(1, "de", 2, 0));
	come();
	N(to_(0, "abc", 3, MSG_MORE));
	N(put(c, "f", MSG_MORE));
	N(put(c, "", 0));
	come();
	N(to_(0, "", 0, MSG_MORE));
	come();
	N(put(c, "", 0));
	come();
	/* A name that is none. */
	N(to_(0, "abc", 3, MSG_MORE));
	N(net->sendto(c, "g", 1, 0, (struct sockaddr *)&to[0], 3));
	N(put(c, "h", 0));
	come();
	/* Memory that is none. */
	N(to_(0, "abc", 3, MSG_MORE));
	N(to_(0, (void *)16, 3, MSG_MORE));
	N(put(c, "h", 0));
	N(to_(0, (void *)16, 3, MSG_MORE));
	N(put(c, "h", 0));
	come();
	/* It may be polled, and closed. */
	N(to_(0, "abc", 3, MSG_MORE));
	events(c);
	finish_all();
}

SCENARIO(cork, pieces_of_ipv4)
{
	pieces(4);
}

SCENARIO(cork, pieces_of_ipv6)
{
	pieces(6);
}

SCENARIO(cork, pieces_of_mapped_addresses)
{
	pieces(46);
}

SCENARIO(cork, longest)
{
	static const int kinds[] = { 4, 6, 46 };
	static const int n[] = { 25507, 25508, 25527, 25528, 70000 };
	int k, i;

	for (k = 0; k < 3; k++) {
		begin(kinds[k]);
		for (i = 0; i < 5; i++) {
			N(to_(0, buf, 40000, MSG_MORE));
			N(to_(0, buf, n[i], MSG_MORE));
			N(put(c, "", 0));
			N(net->recvfrom(s, buf, sizeof(buf), MSG_DONTWAIT, NULL,
			    NULL));
		}
		finish_all();
	}
}

static void
corked(int kind)
{
	int v = 9;

	begin(kind);
	set(c, IPPROTO_UDP, UDP_CORK, 7);
	len = sizeof(v);
	R(net->getsockopt(c, IPPROTO_UDP, UDP_CORK, &v, &len));
	SAY("%d %d\n", v, (int)len);
	N(to_(0, "abc", 3, 0));
	N(put(c, "de", 0));
	N(put(c, "f", MSG_MORE));
	come();
	set(c, IPPROTO_UDP, UDP_CORK, 1);
	come();
	set(c, IPPROTO_UDP, UDP_CORK, 0);
	come();
	set(c, IPPROTO_UDP, UDP_CORK, 0);
	come();
	N(to_(0, "abc", 3, MSG_MORE));
	set(c, IPPROTO_UDP, UDP_CORK, 0);
	come();
	R(net->setsockopt(c, IPPROTO_UDP, UDP_CORK, &v, 2));
	R(net->setsockopt(c, IPPROTO_UDP, UDP_CORK, NULL, 4));
	/* connect() comes too late, but not for IPv4. */
	N(to_(0, "abc", 3, MSG_MORE));
	R(net->connect(c, (struct sockaddr *)&to[1], tolen));
	N(put(c, "z", 0));
	come();
	N(put(c, "abc", MSG_MORE));
	R(net->shutdown(c, SHUT_WR));
	N(put(c, "z", 0));
	come();
	N(put(c, "z", 0));
	finish_all();
}

SCENARIO(cork, option_of_ipv4)
{
	corked(4);
}

SCENARIO(cork, option_of_ipv6)
{
	corked(6);
}

SCENARIO(cork, option_of_mapped_addresses)
{
	corked(46);
}

SCENARIO(cork, refused_when_it_is_sent)
{
	begin(4);
	net->close(other);
	R(net->connect(c, (struct sockaddr *)&to[1], tolen));
	N(put(c, "abc", MSG_MORE));
	error_of(c);
	N(put(c, "d", 0));
	N(put(c, "abc", MSG_MORE));
	N(put(c, "abc", MSG_MORE));
	set(c, IPPROTO_UDP, UDP_CORK, 0);
	N(put(c, "abc", MSG_MORE));
	N(put(c, "abc", MSG_OOB));
	N(put(c, "abc", 0));
	N(put(c, "abc", 0));
	finish_all();
}

SCENARIO(cork, families_do_not_mix)
{
	struct sockaddr_in6 six;
	int fd;

	begin(46);
	fd = net->socket(AF_INET6, SOCK_DGRAM, 0);
	memset(&six, 0, sizeof(six));
	six.sin6_family = AF_INET6;
	six.sin6_addr = in6addr_loopback;
	R(net->bind(fd, (struct sockaddr *)&six, sizeof(six)));
	len = sizeof(six);
	R(net->getsockname(fd, (struct sockaddr *)&six, &len));
	N(net->sendto(c, "six", 3, MSG_MORE, (struct sockaddr *)&six,
	    sizeof(six)));
	N(to_(0, "four", 4, 0));
	get(fd, 99, 0);
	N(put(c, "", 0));
	get(fd, 99, 0);
	N(to_(0, "four", 4, MSG_MORE));
	N(net->sendto(c, "six", 3, 0, (struct sockaddr *)&six, sizeof(six)));
	get(fd, 99, 0);
	come();
	net->close(fd);
	finish_all();
}

/* A later piece to nowhere in particular. */
SCENARIO(cork, later_piece_to_no_address)
{
	struct sockaddr_in6 in = { .sin6_family = AF_INET6 };
	int fd = net->socket(AF_INET6, SOCK_DGRAM, 0);

	in.sin6_port = htons(9);
	in.sin6_addr = in6addr_loopback;
	R(net->sendto(fd, "x", 1, MSG_MORE, (void *)&in, sizeof(in)));
	in.sin6_addr = in6addr_any;
	R(net->sendto(fd, "x", 1, 0, (void *)&in, sizeof(in)));
	R(net->close(fd));
}
