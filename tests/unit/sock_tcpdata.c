/* SPDX-License-Identifier: BSD-2-Clause */
/* TCP over the loopback addresses, as the host has it: what is sent. */
#include <linux/sockios.h>
#include <netinet/tcp.h>

#include "tests/unit/netinet.h"

SUITE(tcpdata);

SCENARIO(tcpdata, flags_of_recv)
{
	int n = 0;

	pair();
	get(s, 5, 0);
	N(put(c, "abcdef", 0));
	get(s, 3, MSG_PEEK);
	get(s, 2, MSG_TRUNC);
	get(s, 9, MSG_PEEK | MSG_TRUNC);
	R(net->ioctl(s, FIONREAD, &n));
	SAY("%d\n", n);
	get(s, 0, 0);
	get(s, 2, MSG_WAITALL);
	get(s, 9, MSG_WAITALL);
	get(s, 9, MSG_ERRQUEUE);
	set(s, SOL_SOCKET, SO_RCVLOWAT, 4);
	N(put(c, "abc", MSG_MORE));
	N(put(c, "", 0));
	R(net->ioctl(c, SIOCOUTQ, &n));
	events(s);
	N(put(c, "d", 0));
	events(s);
	get(s, 9, 0);
	len = sizeof(sa);
	N(put(c, "name", 0));
	N(net->recvfrom(s, buf, 9, 0, SA, &len));
	SAY("%d\n", (int)len);
	R(net->ioctl(l, FIONREAD, &n));
	end();
}

SCENARIO(tcpdata, urgent_byte)
{
	int n = -1;

	pair();
	get(s, 1, MSG_OOB);
	N(put(c, "abcX", MSG_OOB));
	events(s);
	R(net->ioctl(s, FIONREAD, &n));
	SAY("%d\n", n);
	N(put(c, "def", 0));
	R(net->ioctl(s, SIOCATMARK, &n));
	SAY("%d\n", n);
	get(s, 1, MSG_OOB | MSG_PEEK);
	get(s, 1, MSG_OOB);
	get(s, 1, MSG_OOB);
	events(s);
	get(s, 9, 0);
	R(net->ioctl(s, SIOCATMARK, &n));
	SAY("%d\n", n);
	get(s, 9, 0);
	R(net->ioctl(s, SIOCATMARK, &n));
	SAY("%d\n", n);
	/* Alone, and inline. */
	N(put(c, "Y", MSG_OOB));
	events(s);
	R(net->ioctl(s, SIOCATMARK, &n));
	SAY("%d\n", n);
	get(s, 9, MSG_OOB);
	events(s);
	get(s, 9, 0);
	set(s, SOL_SOCKET, SO_OOBINLINE, 1);
	N(put(c, "abZ", MSG_OOB));
	N(put(c, "cd", 0));
	get(s, 1, MSG_OOB);
	get(s, 9, 0);
	R(net->ioctl(s, SIOCATMARK, &n));
	SAY("%d\n", n);
	get(s, 9, 0);
	events(s);
	end();
}

static volatile int urgent;

static void
on_urgent(int sig)
{
	urgent += sig == SIGURG;
}

SCENARIO(tcpdata, urgent_byte_signals_the_owner)
{
	signal(SIGURG, on_urgent);
	pair();
	urgent = 0;
	N(put(c, "a", MSG_OOB));
	SAY("%d\n", urgent);
	R(net->fcntl(s, F_SETOWN, net == &host_net ? getpid() : 1));
	N(put(c, "b", MSG_OOB));
	SAY("%d\n", urgent);
	end();
}

static volatile int news;

static void
on_news(int sig)
{
	news += sig == SIGIO;
}

SCENARIO(tcpdata, news_signal_the_owner)
{
	signal(SIGIO, on_news);
	pair();
	news = 0;
	R(net->fcntl(s, F_SETOWN, net == &host_net ? getpid() : 1));
	N(put(c, "a", 0));
	SAY("%d\n", news > 0);
	R(net->fcntl(s, F_SETFL, O_ASYNC));
	N(put(c, "b", 0));
	SAY("%d\n", news > 0);
	get(s, 9, 0);
	news = 0;
	N(put(c, "c", 0));
	SAY("%d\n", news > 0);
	news = 0;
	R(net->fcntl(s, F_SETFL, 0));
	N(put(c, "d", 0));
	SAY("%d\n", news > 0);
	R(net->fcntl(s, F_SETFL, O_ASYNC));
	R(net->close(c));
	SAY("%d\n", news > 0);
	end();
}

SCENARIO(tcpdata, full_buffer)
{
	long n, all = 0;

	pair();
	nonblock(c);
	while ((n = net->sendto(c, buf, sizeof(buf), 0, NULL, 0)) > 0)
		all += n;
	SAY("%d %s\n", all > 100000, strerrorname_np(errno));
	events(c);
	nonblock(s);
	while ((n = net->recvfrom(s, buf, sizeof(buf), 0, NULL, NULL)) > 0)
		all -= n;
	SAY("%ld %s\n", all, strerrorname_np(errno));
	events(c);
	end();
}

SCENARIO(tcpdata, time_limits)
{
	struct timeval tv = { 0, 20000 };
	long n;

	pair();
	R(net->setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	N(net->recvfrom(s, buf, 1, 0, NULL, NULL));
	R(net->setsockopt(l, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	R(net->accept(l, NULL, NULL));
	R(net->setsockopt(c, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	while ((n = net->sendto(c, buf, sizeof(buf), 0, NULL, 0)) > 0)
		continue;
	SAY("%ld %s\n", n, strerrorname_np(errno));
	end();
}

SCENARIO(tcpdata, accepted_ones_inherit)
{
	static const int opts[] = { SO_KEEPALIVE, SO_RCVLOWAT, SO_REUSEADDR,
		SO_OOBINLINE, SO_PRIORITY };
	size_t i;
	int v;

	l = listener(2);
	for (i = 0; i < 5; i++)
		set(l, SOL_SOCKET, opts[i], 3);
	set(l, IPPROTO_TCP, TCP_NODELAY, 1);
	set(l, IPPROTO_TCP, TCP_KEEPIDLE, 77);
	set(l, IPPROTO_IP, IP_TTL, 33);
	nonblock(l);
	c = net->socket(AF_INET, SOCK_STREAM, 0);
	R(net->connect(c, SA, sizeof(sa)));
	s = R(net->accept(l, NULL, NULL));
	SAY("%d\n", net->fcntl(s, F_GETFL, 0) & O_NONBLOCK);
	for (i = 0; i < 5; i++) {
		len = sizeof(v);
		R(net->getsockopt(s, SOL_SOCKET, opts[i], &v, &len));
		SAY("%d\n", v);
	}
	R(net->getsockopt(s, IPPROTO_TCP, TCP_NODELAY, &v, &len));
	SAY("%d\n", v);
	R(net->getsockopt(s, IPPROTO_TCP, TCP_KEEPIDLE, &v, &len));
	SAY("%d\n", v);
	R(net->getsockopt(s, IPPROTO_IP, IP_TTL, &v, &len));
	SAY("%d\n", v);
	R(net->getsockopt(s, SOL_SOCKET, SO_ACCEPTCONN, &v, &len));
	SAY("%d\n", v);
	end();
}

/* A second urgent byte while the first is the next: that one is gone. */
SCENARIO(tcpdata, urgent_byte_at_the_old_mark)
{
	int i;

	for (i = 0; i < 6; i++) {
		pair();
		if (i == 4)
			set(s, SOL_SOCKET, SO_OOBINLINE, 1);
		if (i & 1)
			N(put(c, "ab", 0));
		N(put(c, "X", MSG_OOB));
		if (i == 2)
			get(s, 1, MSG_OOB);
		if (i % 3 != 0)
			get(s, 2, 0);
		if (i == 5)
			N(put(c, "cd", 0));
		N(put(c, "efY", MSG_OOB));
		N(put(c, "gh", 0));
		get(s, 1, MSG_OOB);
		get(s, 20, 0);
		get(s, 20, 0);
		get(s, 20, 0);
		events(s);
		end();
	}
}

static void
state(int fd)
{
	struct tcp_info ti = { 0 };

	len = sizeof(ti);
	net->getsockopt(fd, IPPROTO_TCP, TCP_INFO, &ti, &len);
	/* The host's peer may take its time to answer. */
	SAY("state %d\n",
	    ti.tcpi_state == TCP_FIN_WAIT1 ? TCP_FIN_WAIT2 : ti.tcpi_state);
}

SCENARIO(tcpdata, info_tells_the_state)
{
	pair();
	state(l);
	state(c);
	R(net->shutdown(c, SHUT_WR));
	state(c);
	state(s);
	R(net->shutdown(s, SHUT_WR));
	state(s);
	end();
	c = net->socket(AF_INET, SOCK_STREAM, 0);
	state(c);
	net->close(c);
}
