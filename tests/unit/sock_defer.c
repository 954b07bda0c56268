/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP_DEFER_ACCEPT, as the host has it. */
#include <netinet/tcp.h>
#include <time.h>

#include "tests/unit/netinet.h"

SUITE(sock_defer);

/* A listener that is told seconds late of those that say nothing. */
static int
deferring(int seconds)
{
	int fd = listener(8);

	R(net->setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds,
	    sizeof(seconds)));
	nonblock(fd);
	return fd;
}

static int
client(void)
{
	int fd = net->socket(AF_INET, SOCK_STREAM, 0);

	R(net->connect(fd, SA, sizeof(sa)));
	return fd;
}

/* What a poll of some time tells, and the accept. */
static int
next(int fd, int ms)
{
	struct pollfd pf = { .fd = fd, .events = POLLIN };
	int a;

	SAY("poll %d", net->poll(&pf, 1, ms));
	a = net->accept(fd, NULL, NULL);
	SAY(" accept %s\n", a >= 0 ? "one" : strerrorname_np(errno));
	return a;
}

SCENARIO(sock_defer, until_there_is_data)
{
	int fd[3], a, i;

	l = deferring(30);
	for (i = 0; i < 3; i++)
		fd[i] = client();
	next(l, 20);
	events(fd[0]);
	/* In the order of what they say. */
	N(put(fd[2], "third", 0));
	a = next(l, 5000);
	get(a, 9, 0);
	R(net->close(a));
	next(l, 20);
	N(put(fd[0], "!", MSG_OOB));
	a = next(l, 5000);
	get(a, 9, MSG_OOB);
	R(net->close(a));
	R(net->shutdown(fd[1], SHUT_WR));
	a = next(l, 5000);
	get(a, 9, 0);
	N(put(a, "back", 0));
	get(fd[1], 9, 0);
	R(net->close(a));
	next(l, 20);
	for (i = 0; i < 3; i++)
		net->close(fd[i]);
	/* Gone before it said anything. */
	fd[0] = client();
	R(net->close(fd[0]));
	a = next(l, 5000);
	get(a, 9, 0);
	net->close(a);
	/* The listener goes. */
	fd[0] = client();
	R(net->close(l));
	net->close(fd[0]);
}

SCENARIO(sock_defer, not_for_ever)
{
	struct timespec from, to;
	int fd, a, v = -1;

	l = deferring(1);
	len = sizeof(v);
	R(net->getsockopt(l, IPPROTO_TCP, TCP_DEFER_ACCEPT, &v, &len));
	SAY("%d\n", v);
	fd = client();
	clock_gettime(CLOCK_MONOTONIC, &from);
	next(l, 200);
	a = next(l, 20000);
	clock_gettime(CLOCK_MONOTONIC, &to);
	SAY("%d\n", to.tv_sec - from.tv_sec < 5);
	nonblock(a);
	get(a, 9, 0);
	N(put(fd, "late", 0));
	net->close(a);
	net->close(fd);
	v = 0;
	R(net->setsockopt(l, IPPROTO_TCP, TCP_DEFER_ACCEPT, &v, sizeof(v)));
	fd = client();
	net->close(next(l, 5000));
	net->close(fd);
	net->close(l);
}
