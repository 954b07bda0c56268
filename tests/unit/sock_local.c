/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_UNIX: streams, packets in sequence, how waits end. */
#include "tests/unit/socklocal.h"

TestSuite(sock_local, .init = start, .fini = finish, .timeout = 60);

/* --- Streams -------------------------------------------------------------- */

Test(sock_local, stream_connects_by_path_through_renames_and_symlinks)
{
	struct sockaddr_un sa;
	socklen_t len = sizeof(sa);
	int ls = listening(SOCK_STREAM, "l", 5), c, s;
	char buf[8];

	OK(rump_sys_rename("l", "l2"));
	OK(rump_sys_symlink("l2", "l3"));
	c = (int)OK(connected(SOCK_STREAM, "l3"));
	s = (int)OK(rump_sys_accept(ls, SA(sa), &len));
	EQ(len, 2);
	EQ(rump_sys_write(c, "hi", 2), 2);
	EQ(rump_sys_read(s, buf, 8), 2);
	len = sizeof(sa);
	OK(rump_sys_getpeername(c, SA(sa), &len));
	EQ(len, PATH_AT + 2);
	len = sizeof(sa);
	OK(rump_sys_getsockname(s, SA(sa), &len));
	EQ(len, PATH_AT + 2);
	EQ(sa.sun_path[0], 'l');
	close2(c, s);
	OK(rump_sys_close(ls));
	EQ(connected(SOCK_STREAM, "l2"), -1);
	EQ(errno, ECONNREFUSED);
	OK(rump_sys_unlink("l3"));
	OK(rump_sys_unlink("l2"));
	EQ(connected(SOCK_STREAM, "l2"), -1);
	EQ(errno, ENOENT);
}

Test(sock_local, connect_refuses_what_linux_refuses)
{
	struct sockaddr_un sa;
	socklen_t len = path(&sa, "l");
	int ls = listening(SOCK_STREAM, "l", 5), c, s;

	EQ(connected(SOCK_DGRAM, "l"), -1);
	EQ(errno, EPROTOTYPE);
	FAILS(rump_sys_connect(ls, SA(sa), len), EINVAL);
	c = (int)OK(connected(SOCK_STREAM, "l"));
	FAILS(rump_sys_connect(c, SA(sa), len), EISCONN);
	FAILS(rump_sys_listen(c, 1), EINVAL);
	s = make_file("plain", "x", 1);
	EQ(connected(SOCK_STREAM, "plain"), -1);
	EQ(errno, ECONNREFUSED);
	OK(rump_sys_close(s));
	s = bound(SOCK_STREAM, "quiet");
	EQ(connected(SOCK_STREAM, "quiet"), -1);
	EQ(errno, ECONNREFUSED);
	close2(s, c);
	s = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	FAILS(rump_sys_connect(s, SA(sa), 2), EINVAL);
	FAILS(rump_sys_connect(s, SA(sa), sizeof(sa) + 1), EINVAL);
	sa.sun_family = AF_UNSPEC;
	FAILS(rump_sys_connect(s, SA(sa), len), EINVAL);
	FAILS(rump_sys_listen(s, 1), EINVAL);
	FAILS(rump_sys_accept(s, NULL, NULL), EINVAL);
	FAILS(rump_sys_send(s, "x", 1, 0), ENOTCONN);
	FAILS(rump_sys_sendto(s, "x", 1, 0, SA(sa), len), EOPNOTSUPP);
	FAILS(rump_sys_read(s, &sa, 1), EINVAL);
	EQ(rump_sys_shutdown(s, SHUT_RDWR), 0);
	close2(s, ls);
	OK(rump_sys_unlink("l"));
	OK(rump_sys_unlink("plain"));
	OK(rump_sys_unlink("quiet"));
}

Test(sock_local, full_backlog_is_eagain_without_waiting)
{
	struct sockaddr_un sa;
	socklen_t len = path(&sa, "l");
	int ls = listening(SOCK_STREAM, "l", 0), a, b, s;

	a = (int)OK(connected(SOCK_STREAM, "l"));
	b = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0));
	FAILS(rump_sys_connect(b, SA(sa), len), EAGAIN);
	s = (int)OK(rump_sys_accept(ls, NULL, NULL));
	OK(rump_sys_close(s));
	OK(rump_sys_connect(b, SA(sa), len));
	close2(a, b);
	OK(rump_sys_close(ls));
	OK(rump_sys_unlink("l"));
}

Test(sock_local, listener_that_closes_resets_those_that_wait)
{
	int ls = listening(SOCK_STREAM, "l", 5);
	int c = (int)OK(connected(SOCK_STREAM, "l"));
	char x;

	OK(rump_sys_close(ls));
	FAILS(rump_sys_read(c, &x, 1), ECONNRESET);
	EQ(rump_sys_read(c, &x, 1), 0);
	FAILS(rump_sys_send(c, "x", 1, MSG_NOSIGNAL), EPIPE);
	OK(rump_sys_close(c));
	OK(rump_sys_unlink("l"));
}

Test(sock_local, unread_bytes_reset_the_other_side)
{
	int sv[2];
	char x;

	OK(rump_sys_socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	EQ(rump_sys_write(sv[0], "x", 1), 1);
	EQ(rump_sys_write(sv[1], "y", 1), 1);
	OK(rump_sys_close(sv[1]));
	EQ(rump_sys_read(sv[0], &x, 1), 1);
	FAILS(rump_sys_read(sv[0], &x, 1), ECONNRESET);
	EQ(rump_sys_read(sv[0], &x, 1), 0);
	OK(rump_sys_close(sv[0]));
}

/* --- Packets in sequence -------------------------------------------------- */

Test(sock_local, packets_keep_their_bounds)
{
	char buf[10];
	int sv[2], n;

	OK(rump_sys_socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
	EQ(rump_sys_write(sv[0], "hello", 5), 5);
	EQ(rump_sys_write(sv[0], "", 0), 0);
	EQ(rump_sys_write(sv[0], "x", 1), 1);
	OK(rump_sys_ioctl(sv[1], 0x541b /* FIONREAD */, &n));
	EQ(n, 6);
	EQ(rump_sys_recv(sv[1], buf, 3, MSG_PEEK), 3);
	EQ(rump_sys_recv(sv[1], buf, 3, MSG_TRUNC), 5);
	EQ(memcmp(buf, "hel", 3), 0);
	EQ(rump_sys_read(sv[1], buf, 10), 0);
	EQ(rump_sys_read(sv[1], buf, 10), 1);
	FAILS(rump_sys_recv(sv[1], buf, 10, MSG_DONTWAIT), EAGAIN);
	close2(sv[0], sv[1]);
}

Test(sock_local, packets_end_with_eof_epipe_and_reset)
{
	char buf[10];
	int sv[2];

	OK(rump_sys_socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
	EQ(rump_sys_write(sv[0], "a", 1), 1);
	OK(rump_sys_close(sv[0]));
	EQ(rump_sys_read(sv[1], buf, 10), 1);
	EQ(rump_sys_read(sv[1], buf, 10), 0);
	EQ(rump_sys_recv(sv[1], buf, 10, MSG_DONTWAIT), 0);
	EQ(events(sv[1]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	signal(SIGPIPE, SIG_DFL);
	FAILS(rump_sys_write(sv[1], "x", 1), EPIPE);
	OK(rump_sys_close(sv[1]));

	/* What the other side has not read resets. */
	OK(rump_sys_socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
	EQ(rump_sys_write(sv[0], "a", 1), 1);
	EQ(rump_sys_write(sv[1], "b", 1), 1);
	OK(rump_sys_close(sv[1]));
	FAILS(rump_sys_read(sv[0], buf, 10), ECONNRESET);
	EQ(rump_sys_read(sv[0], buf, 10), 1);
	EQ(rump_sys_read(sv[0], buf, 10), 0);
	OK(rump_sys_close(sv[0]));

	/* A single empty one does not; two do. */
	OK(rump_sys_socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
	EQ(rump_sys_send(sv[0], "", 0, 0), 0);
	OK(rump_sys_close(sv[1]));
	EQ(events(sv[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	OK(rump_sys_close(sv[0]));
	OK(rump_sys_socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
	EQ(rump_sys_send(sv[0], "", 0, 0), 0);
	EQ(rump_sys_send(sv[0], "", 0, 0), 0);
	OK(rump_sys_close(sv[1]));
	EQ(events(sv[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR);
	FAILS(rump_sys_read(sv[0], buf, 10), ECONNRESET);
	OK(rump_sys_close(sv[0]));
}

Test(sock_local, packets_by_a_listener)
{
	struct sockaddr_un sa;
	int ls = listening(SOCK_SEQPACKET, "p", 5), c, s;
	socklen_t len = name(&sa, "client");
	char buf[10];

	c = (int)OK(rump_sys_socket(AF_UNIX, SOCK_SEQPACKET, 0));
	FAILS(rump_sys_read(c, buf, 10), ENOTCONN);
	FAILS(rump_sys_write(c, buf, 10), ENOTCONN);
	OK(rump_sys_bind(c, SA(sa), len));
	len = path(&sa, "p");
	OK(rump_sys_connect(c, SA(sa), len));
	EQ(rump_sys_write(c, "early", 5), 5);
	len = sizeof(sa);
	s = (int)OK(rump_sys_accept(ls, SA(sa), &len));
	EQ(len, PATH_AT + 7);
	len = sizeof(sa);
	EQ(rump_sys_recvfrom(s, buf, 10, 0, SA(sa), &len), 5);
	EQ(len, PATH_AT + 7);
	EQ(rump_sys_sendto(s, "x", 1, 0, SA(sa), len), 1);
	EQ(rump_sys_read(c, buf, 10), 1);
	close2(c, s);
	OK(rump_sys_close(ls));
	OK(rump_sys_unlink("p"));
}

Test(sock_local, packets_that_wait_are_as_many_as_the_buffer_holds)
{
	static char big[300000];
	int sv[2], n = 0;

	OK(rump_sys_socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sv));
	while (rump_sys_send(sv[0], "x", 1, MSG_DONTWAIT) == 1)
		n++;
	EQ(errno, EAGAIN);
	EQ(n, 278);
	EQ(events(sv[0]), 0);
	EQ(rump_sys_read(sv[1], big, 10), 1);
	EQ(rump_sys_send(sv[0], "x", 1, MSG_DONTWAIT), 1);
	FAILS(rump_sys_send(sv[0], big, sizeof(big), MSG_DONTWAIT), EMSGSIZE);
	close2(sv[0], sv[1]);
}

/* --- Waits ------------------------------------------------------------------ */

Test(sock_local, events_of_sockets_that_are_not_connected)
{
	int fd, i, types[3] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };

	for (i = 0; i < 3; i++) {
		fd = (int)OK(rump_sys_socket(AF_UNIX, types[i], 0));
		EQ(events(fd), i == 2 ? POLLOUT : POLLOUT | POLLHUP);
		OK(rump_sys_close(fd));
	}
	for (i = 0; i < 2; i++) {
		fd = listening(types[i], "l", 1);
		EQ(events(fd), 0);
		types[2] = (int)OK(connected(types[i], "l"));
		EQ(events(fd), POLLIN);
		EQ(events(types[2]), POLLOUT);
		close2(fd, types[2]);
		OK(rump_sys_unlink("l"));
	}
}

static void *
shut_later(void *arg)
{
	usleep(20000);
	OK(rump_sys_shutdown(*(int *)arg, SHUT_RDWR));
	return NULL;
}

Test(sock_local, shutdown_ends_a_wait)
{
	int sv[2], i, types[3] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	pthread_t t;
	char c;

	for (i = 0; i < 3; i++) {
		OK(rump_sys_socketpair(AF_UNIX, types[i], 0, sv));
		pthread_create(&t, NULL, shut_later, &sv[0]);
		EQ(rump_sys_read(sv[0], &c, 1), 0);
		pthread_join(t, NULL);
		close2(sv[0], sv[1]);
	}
	i = listening(SOCK_STREAM, "l", 1);
	pthread_create(&t, NULL, shut_later, &i);
	FAILS(rump_sys_accept(i, NULL, NULL), EINVAL);
	pthread_join(t, NULL);
	EQ(connected(SOCK_STREAM, "l"), -1);
	EQ(errno, ECONNREFUSED);
	OK(rump_sys_close(i));
	OK(rump_sys_unlink("l"));
}

static void *
close_later(void *arg)
{
	usleep(20000);
	OK(rump_sys_close(*(int *)arg));
	return NULL;
}

Test(sock_local, waits_end_when_the_other_closes)
{
	struct sockaddr_un sa;
	socklen_t len = path(&sa, "l");
	int ls = listening(SOCK_STREAM, "l", 0), a, b, i;
	pthread_t t;

	a = (int)OK(connected(SOCK_STREAM, "l"));
	b = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	pthread_create(&t, NULL, close_later, &ls);
	FAILS(rump_sys_connect(b, SA(sa), len), ECONNREFUSED);
	pthread_join(t, NULL);
	close2(a, b);
	OK(rump_sys_unlink("l"));
	/* A full queue of datagrams. */
	a = bound(SOCK_DGRAM, "l");
	b = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));
	OK(rump_sys_connect(b, SA(sa), len));
	for (i = 0; i < 11; i++)
		EQ(rump_sys_write(b, "x", 1), 1);
	pthread_create(&t, NULL, close_later, &a);
	FAILS(rump_sys_write(b, "x", 1), ECONNREFUSED);
	pthread_join(t, NULL);
	OK(rump_sys_close(b));
	OK(rump_sys_unlink("l"));
}

Test(sock_local, time_outs_of_sockets)
{
	struct timeval tv = { 0, 20000 };
	int sv[2], i, types[3] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };
	char c;

	for (i = 0; i < 3; i++) {
		OK(rump_sys_socketpair(AF_UNIX, types[i], 0, sv));
		OK(rump_sys_setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &tv,
		    sizeof(tv)));
		FAILS(rump_sys_read(sv[0], &c, 1), EAGAIN);
		OK(rump_sys_setsockopt(sv[0], SOL_SOCKET, SO_SNDTIMEO, &tv,
		    sizeof(tv)));
		while (rump_sys_send(sv[0], &c, 1, 0) == 1)
			if (i == 0)
				break;
		if (i != 0)
			EQ(errno, EAGAIN);
		close2(sv[0], sv[1]);
	}
}

Test(sock_local, stream_tells_where_bytes_come_from)
{
	struct sockaddr_un sa;
	int ls = listening(SOCK_STREAM, "l", 1), c, s;
	socklen_t len = sizeof(sa);
	char x;

	c = (int)OK(connected(SOCK_STREAM, "l"));
	s = (int)OK(rump_sys_accept(ls, NULL, NULL));
	EQ(rump_sys_write(c, "x", 1), 1);
	EQ(rump_sys_write(s, "x", 1), 1);
	EQ(rump_sys_recvfrom(c, &x, 1, 0, SA(sa), &len), 1);
	EQ(len, PATH_AT + 2);
	len = sizeof(sa);
	EQ(rump_sys_recvfrom(s, &x, 1, 0, SA(sa), &len), 1);
	EQ(len, 0);
	close2(c, s);
	OK(rump_sys_close(ls));
	OK(rump_sys_unlink("l"));
}

Test(sock_local, kinds_of_sockets)
{
	int fd;

	FAILS(rump_sys_socket(AF_UNIX, SOCK_RDM, 0), ESOCKTNOSUPPORT);
	FAILS(rump_sys_socket(AF_UNIX, SOCK_STREAM, 2), EPROTONOSUPPORT);
	fd = (int)OK(rump_sys_socket(AF_UNIX, SOCK_RAW, 0));
	OK(rump_sys_close(fd));
	fd = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, PF_UNIX));
	OK(rump_sys_close(fd));
}
