/* SPDX-License-Identifier: BSD-2-Clause */
/* splice() from sockets: of messages one, of a stream what is there. */
#include <fcntl.h>

#include "tests/unit/netinet.h"

SUITE(splice);

static int p[2];

static long
move(int fd, size_t n, unsigned flags)
{
	return net == &host_net ?
	    splice(fd, NULL, p[1], NULL, n, flags) :
	    rump_sys_splice(fd, NULL, p[1], NULL, n, flags);
}

static void
begin(int kind, int sv[2])
{
	int host = net == &host_net;

	R(host ? socketpair(AF_UNIX, kind, 0, sv) :
		 rump_sys_socketpair(AF_UNIX, kind, 0, sv));
	R(host ? pipe2(p, O_NONBLOCK) : rump_sys_pipe2(p, O_NONBLOCK));
}

static void
piped(void)
{
	long r;

	memset(buf, 0, 100);
	errno = 0;
	r = net == &host_net ? read(p[0], buf, sizeof(buf)) :
			       rump_sys_read(p[0], buf, sizeof(buf));
	SAY("piped %ld %d '%.20s'\n", r, errno, buf);
}

static void
messages(int kind)
{
	int sv[2];

	begin(kind, sv);
	N(put(sv[0], "abc", 0));
	N(put(sv[0], "defg", 0));
	N(put(sv[0], "hi", 0));
	N(move(sv[1], 2, 0));
	N(move(sv[1], 100, 0));
	N(move(sv[1], 100, SPLICE_F_NONBLOCK));
	piped();
	nonblock(sv[1]);
	N(move(sv[1], 100, 0));
	net->close(sv[0]);
	net->close(sv[1]);
	net->close(p[0]);
	net->close(p[1]);
}

SCENARIO(splice, local_datagrams)
{
	messages(SOCK_DGRAM);
}

SCENARIO(splice, local_packets)
{
	messages(SOCK_SEQPACKET);
}

/* It does not wait for more. */
SCENARIO(splice, local_stream)
{
	int sv[2];

	begin(SOCK_STREAM, sv);
	N(put(sv[0], "abc", 0));
	N(put(sv[0], "defg", 0));
	N(move(sv[1], 2, 0));
	N(move(sv[1], 100, 0));
	N(move(sv[1], 100, SPLICE_F_NONBLOCK));
	piped();
	net->close(sv[0]);
	N(move(sv[1], 100, 0));
	net->close(sv[1]);
	net->close(p[0]);
	net->close(p[1]);
}

SCENARIO(splice, udp)
{
	int sv[2];

	begin(SOCK_STREAM, sv);
	s = net->socket(AF_INET, SOCK_DGRAM, 0);
	loopback(INADDR_LOOPBACK, 0);
	R(net->bind(s, SA, sizeof(sa)));
	len = sizeof(sa);
	R(net->getsockname(s, SA, &len));
	c = net->socket(AF_INET, SOCK_DGRAM, 0);
	R(net->connect(c, SA, sizeof(sa)));
	memset(buf, 'x', 60000);
	N(net->sendto(c, buf, 60000, 0, NULL, 0));
	N(put(c, "abcde", 0));
	N(put(c, "", 0));
	N(put(c, "fgh", 0));
	N(move(s, 65000, 0));
	piped();
	N(move(s, 100, 0));
	N(move(s, 100, 0));
	N(move(s, 100, 0));
	piped();
	net->close(c);
	net->close(s);
	net->close(sv[0]);
	net->close(sv[1]);
	net->close(p[0]);
	net->close(p[1]);
}

SCENARIO(splice, tcp)
{
	int sv[2];

	begin(SOCK_STREAM, sv);
	pair();
	N(put(c, "abc", 0));
	N(put(c, "defg", 0));
	N(move(s, 100, SPLICE_F_NONBLOCK));
	piped();
	net->close(c);
	N(move(s, 100, 0));
	net->close(s);
	net->close(l);
	net->close(sv[0]);
	net->close(sv[1]);
	net->close(p[0]);
	net->close(p[1]);
}
