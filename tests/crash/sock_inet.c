/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process dies at each point of a call on internet sockets.  The ports are
 * free again, others that share the sockets still pass bytes and datagrams,
 * and with them closed nothing is left.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/crash/crash.h"
#include "tests/crash/shared.h"

#define PORT 7000
#define ADDR (struct sockaddr *)&sa, sizeof(sa)

/* Of pid 1: all processes of the test share them. */
static int ls, c, s, fresh, waiting, u[2];
static struct sockaddr_in sa;

static void
at(int port)
{

	memset(&sa, 0, sizeof(sa));
	sa.sin_family = AF_INET;
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons(port);
}

static int
make(int type)
{
	int fd = rump_sys_socket(AF_INET, type | SOCK_NONBLOCK, 0);
	int on = 1;

	MUST(fd);
	MUST(rump_sys_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)));
	return fd;
}

/* A listener, one connection, and a socket of each other kind. */
static void
set_up(void)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	at(PORT);
	ls = make(SOCK_STREAM);
	MUST(rump_sys_bind(ls, ADDR));
	MUST(rump_sys_listen(ls, 1));
	c = make(SOCK_STREAM);
	rump_sys_connect(c, ADDR);
	s = rump_sys_accept4(ls, NULL, NULL, SOCK_NONBLOCK);
	MUST(s);
	/* Once told of its peer, it says when there is none any more. */
	MUST(rump_sys_getpeername(s, (struct sockaddr *)&peer, &len));
	fresh = make(SOCK_STREAM);
	waiting = make(SOCK_STREAM);
	u[0] = make(SOCK_DGRAM);
	MUST(rump_sys_bind(u[0], ADDR));
	u[1] = make(SOCK_DGRAM);
	MUST(rump_sys_connect(u[1], ADDR));
}

static void
tear_down(void)
{
	int i;

	for (i = 3; i < 60; i++)
		rump_sys_close(i);
}

static void
do_socket(void)
{

	MUST(rump_sys_close(make(SOCK_STREAM)));
	MUST(rump_sys_close(make(SOCK_DGRAM)));
}

static void
do_bind(void)
{

	at(PORT + 1);
	MUST(rump_sys_bind(fresh, ADDR));
	MUST(rump_sys_listen(fresh, 3));
	MUST(rump_sys_shutdown(fresh, SHUT_RDWR));
}

static void
do_connect(void)
{
	int fd;

	rump_sys_connect(fresh, ADDR);
	MUST(rump_sys_write(fresh, "a", 1));
	fd = rump_sys_accept(ls, NULL, NULL);
	MUST(fd);
	MUST(rump_sys_close(fd));
}

/* Three for a queue of two: the third waits for room. */
static void
do_backlog(void)
{
	int fd = make(SOCK_STREAM);

	rump_sys_connect(fresh, ADDR);
	rump_sys_connect(waiting, ADDR);
	rump_sys_connect(fd, ADDR);
	MUST(rump_sys_close(rump_sys_accept(ls, NULL, NULL)));
	MUST(rump_sys_close(ls));
}

static void
do_refused(void)
{

	at(PORT + 2);
	rump_sys_connect(fresh, ADDR);
	at(PORT);
	rump_sys_connect(fresh, ADDR);
	rump_sys_connect(fresh, ADDR);
}

static void
do_self(void)
{

	at(PORT + 3);
	MUST(rump_sys_bind(fresh, ADDR));
	rump_sys_connect(fresh, ADDR);
	MUST(rump_sys_write(fresh, "a", 1));
	MUST(rump_sys_close(fresh));
}

static void
do_disconnect(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	MUST(rump_sys_connect(c, &none, sizeof(none)));
	rump_sys_connect(c, ADDR);
	MUST(rump_sys_connect(u[1], &none, sizeof(none)));
}

static void
do_async(void)
{
	MUST(rump_sys_fcntl(s, F_SETFL, O_NONBLOCK | O_ASYNC));
	MUST(rump_sys_fcntl(u[0], F_SETFL, O_NONBLOCK | O_ASYNC));
	MUST(rump_sys_write(c, "a", 1));
	MUST(rump_sys_write(u[1], "a", 1));
	MUST(rump_sys_fcntl(s, F_SETFL, O_NONBLOCK));
}

static void
do_send(void)
{
	static char big[100000];

	MUST(rump_sys_write(c, big, sizeof(big)));
	MUST(rump_sys_sendto(c, "abc", 3, MSG_OOB, NULL, 0));
	MUST(rump_sys_read(s, big, 1000));
	MUST(rump_sys_recvfrom(s, big, 1, MSG_OOB, NULL, NULL));
	MUST(rump_sys_write(u[1], "a", 1));
	MUST(rump_sys_write(u[1], big, 5000));
	MUST(rump_sys_read(u[0], big, 100));
}

/* Others send it when its sender is dead. */
static void
uncork(void)
{
	int off = 0;

	MUST(rump_sys_setsockopt(u[1], IPPROTO_UDP, UDP_CORK, &off,
	    sizeof(off)));
}

static void
do_cork(void)
{
	static char big[5000];

	MUST(rump_sys_sendto(u[1], "ab", 2, MSG_MORE, NULL, 0));
	MUST(rump_sys_sendto(u[1], big, sizeof(big), MSG_MORE, NULL, 0));
	MUST(rump_sys_connect(u[1], ADDR));
	uncork();
	MUST(rump_sys_sendto(u[1], "ab", 2, MSG_MORE, NULL, 0));
	MUST(rump_sys_sendto(u[1], "c", 1, 0, NULL, 0));
	MUST(rump_sys_sendto(u[1], big, sizeof(big), MSG_MORE, NULL, 0));
	rump_sys_sendto(u[1], (void *)16, 9, MSG_MORE, NULL, 0);
	MUST(rump_sys_sendto(u[1], big, sizeof(big), MSG_MORE, NULL, 0));
	MUST(rump_sys_close(u[1]));
}

static void
do_groups(void)
{
	struct ip_mreq mr = { .imr_multiaddr.s_addr = htonl(0xe0000105) };

	MUST(rump_sys_setsockopt(u[0], IPPROTO_IP, IP_ADD_MEMBERSHIP, &mr,
	    sizeof(mr)));
	sa.sin_addr = mr.imr_multiaddr;
	MUST(rump_sys_sendto(u[1], "a", 1, 0, ADDR));
	MUST(rump_sys_setsockopt(u[0], IPPROTO_IP, IP_DROP_MEMBERSHIP, &mr,
	    sizeof(mr)));
}

static void
do_close(void)
{

	MUST(rump_sys_write(c, "a", 1));
	MUST(rump_sys_write(u[1], "a", 1));
	MUST(rump_sys_close(s));
	MUST(rump_sys_close(c));
	MUST(rump_sys_close(u[0]));
	MUST(rump_sys_close(u[1]));
	MUST(rump_sys_close(ls));
}

static bool
there(int fd)
{

	return rump_sys_fcntl(fd, F_GETFD) >= 0;
}

/* What both ends of are there and connected passes another byte. */
static bool
whole(void)
{
	static char buf[200000];
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	if (there(c) && there(s) &&
	    rump_sys_getpeername(s, (struct sockaddr *)&peer, &len) == 0) {
		while (rump_sys_read(s, buf, sizeof(buf)) > 0)
			continue;
		if (rump_sys_write(c, "x", 1) != 1 ||
		    rump_sys_read(s, buf, 9) != 1) {
			tap_diag("the connection does not pass, errno %d",
			    errno);
			return false;
		}
	}
	at(PORT);
	if (there(u[0]) && there(u[1])) {
		uncork();
		while (rump_sys_read(u[0], buf, sizeof(buf)) >= 0)
			continue;
		if (rump_sys_sendto(u[1], "x", 1, 0, ADDR) != 1 ||
		    rump_sys_read(u[0], buf, 9) != 1) {
			tap_diag("datagrams do not pass, errno %d", errno);
			return false;
		}
	}
	return true;
}

static const struct sharedcall calls[] = {
	{ "socket", do_socket },
	{ "bind", do_bind },
	{ "connect", do_connect },
	{ "a full backlog", do_backlog },
	{ "connect refused", do_refused },
	{ "connect to itself", do_self },
	{ "connect to nowhere", do_disconnect },
	{ "sending", do_send },
	{ "news by signals", do_async },
	{ "a datagram in pieces", do_cork },
	{ "groups", do_groups },
	{ "close", do_close },
	{ NULL, NULL },
};

static const struct shared shared = {
	.sh_setup = set_up,
	.sh_teardown = tear_down,
	.sh_whole = whole,
	.sh_calls = calls,
	.sh_first = do_close,
};

int
main(int argc, char **argv)
{

	return shared_main(&shared, argc, argv);
}
