/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_UNIX: datagrams. */
#include "tests/unit/socklocal.h"

TestSuite(sock_localdgram, .init = start, .fini = finish, .timeout = 60);

Test(sock_localdgram, datagrams_by_name_and_back)
{
	struct sockaddr_un sa, from;
	socklen_t len = path(&sa, "d1"), n = sizeof(from);
	int a = bound(SOCK_DGRAM, "d1"), b;
	char buf[10];

	b = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));
	FAILS(rump_sys_send(b, "x", 1, 0), ENOTCONN);
	FAILS(rump_sys_write(b, "x", 1), ENOTCONN);
	EQ(rump_sys_sendto(b, "one", 3, 0, SA(sa), len), 3);
	EQ(rump_sys_recvfrom(a, buf, 10, 0, SA(from), &n), 3);
	EQ(n, 0);
	n = name(&from, "b");
	OK(rump_sys_bind(b, SA(from), n));
	EQ(rump_sys_sendto(b, "two", 3, 0, SA(sa), len), 3);
	EQ(rump_sys_sendto(b, "", 0, 0, SA(sa), len), 0);
	n = sizeof(from);
	EQ(rump_sys_recvfrom(a, buf, 2, 0, SA(from), &n), 2);
	EQ(n, PATH_AT + 2);
	EQ(rump_sys_sendto(a, "back", 4, 0, SA(from), n), 4);
	EQ(rump_sys_read(b, buf, 10), 4);
	EQ(rump_sys_recv(a, buf, 10, MSG_DONTWAIT), 0);
	FAILS(rump_sys_recv(a, buf, 10, MSG_DONTWAIT), EAGAIN);
	OK(rump_sys_close(a));
	FAILS(rump_sys_sendto(b, "x", 1, 0, SA(sa), len), ECONNREFUSED);
	OK(rump_sys_unlink("d1"));
	FAILS(rump_sys_sendto(b, "x", 1, 0, SA(sa), len), ENOENT);
	FAILS(rump_sys_listen(b, 1), EOPNOTSUPP);
	FAILS(rump_sys_accept(b, NULL, NULL), EOPNOTSUPP);
	OK(rump_sys_close(b));
}

Test(sock_localdgram, connected_datagrams_speak_with_their_peer_only)
{
	struct sockaddr_un sa;
	int a = bound(SOCK_DGRAM, "a"), b = bound(SOCK_DGRAM, "b");
	int c = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));
	socklen_t len = path(&sa, "b");
	char x;

	OK(rump_sys_connect(a, SA(sa), len));
	len = path(&sa, "a");
	FAILS(rump_sys_sendto(c, "x", 1, 0, SA(sa), len), EPERM);
	FAILS(rump_sys_connect(c, SA(sa), len), EPERM);
	OK(rump_sys_connect(b, SA(sa), len));
	EQ(rump_sys_write(a, "x", 1), 1);
	EQ(rump_sys_read(b, &x, 1), 1);
	/* The peer goes: refused once, then there is none. */
	OK(rump_sys_close(b));
	FAILS(rump_sys_write(a, "x", 1), ECONNREFUSED);
	FAILS(rump_sys_write(a, "x", 1), ENOTCONN);
	len = sizeof(sa);
	FAILS(rump_sys_getpeername(a, SA(sa), &len), ENOTCONN);
	close2(a, c);
	OK(rump_sys_unlink("a"));
	OK(rump_sys_unlink("b"));
}

Test(sock_localdgram, datagram_peer_that_leaves_is_a_reset)
{
	struct sockaddr_un sa = { .sun_family = AF_UNSPEC };
	int sv[2];
	char x;

	OK(rump_sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
	EQ(rump_sys_write(sv[1], "x", 1), 1);
	EQ(rump_sys_write(sv[0], "x", 1), 1);
	OK(rump_sys_connect(sv[0], SA(sa), sizeof(sa)));
	/* What it had is gone, and the other is told. */
	FAILS(rump_sys_recv(sv[0], &x, 1, MSG_DONTWAIT), EAGAIN);
	FAILS(rump_sys_read(sv[1], &x, 1), ECONNRESET);
	close2(sv[0], sv[1]);
}

Test(sock_localdgram, full_queue_of_datagrams_holds_the_sender)
{
	struct sockaddr_un sa;
	int a = bound(SOCK_DGRAM, "a"), n = 0;
	int b = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));
	socklen_t len = path(&sa, "a");
	char x;

	OK(rump_sys_connect(b, SA(sa), len));
	while (rump_sys_send(b, "x", 1, MSG_DONTWAIT) == 1)
		n++;
	EQ(errno, EAGAIN);
	EQ(n, 11);
	EQ(events(b), 0);
	EQ(rump_sys_read(a, &x, 1), 1);
	EQ(events(b), POLLOUT);
	EQ(rump_sys_send(b, "x", 1, MSG_DONTWAIT), 1);
	FAILS(rump_sys_send(b, "x", 1, MSG_DONTWAIT), EAGAIN);
	close2(a, b);
	OK(rump_sys_unlink("a"));
}

static void *
read_one(void *arg)
{
	char x;

	usleep(20000);
	EQ(rump_sys_read(*(int *)arg, &x, 1), 1);
	return NULL;
}

Test(sock_localdgram, sender_sleeps_until_there_is_room)
{
	struct sockaddr_un sa;
	int a = bound(SOCK_DGRAM, "a"), i;
	int b = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));
	socklen_t len = path(&sa, "a");
	pthread_t t;

	for (i = 0; i < 11; i++)
		EQ(rump_sys_sendto(b, "x", 1, 0, SA(sa), len), 1);
	pthread_create(&t, NULL, read_one, &a);
	EQ(rump_sys_sendto(b, "x", 1, 0, SA(sa), len), 1);
	pthread_join(t, NULL);
	close2(a, b);
	OK(rump_sys_unlink("a"));
}

Test(sock_localdgram, shutdown_of_datagrams)
{
	int sv[2];
	char x;

	OK(rump_sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, sv));
	OK(rump_sys_shutdown(sv[0], SHUT_WR));
	FAILS(rump_sys_write(sv[0], "x", 1), EPIPE);
	EQ(rump_sys_write(sv[1], "x", 1), 1);
	OK(rump_sys_shutdown(sv[0], SHUT_RD));
	FAILS(rump_sys_write(sv[1], "x", 1), EPIPE);
	EQ(events(sv[0]), POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	EQ(rump_sys_read(sv[0], &x, 1), 1);
	EQ(rump_sys_read(sv[0], &x, 1), 0);
	FAILS(rump_sys_recv(sv[0], &x, 1, MSG_DONTWAIT), EAGAIN);
	FAILS(rump_sys_shutdown(sv[0], 3), EINVAL);
	close2(sv[0], sv[1]);
}

Test(sock_localdgram, datagram_connected_to_itself)
{
	struct sockaddr_un sa;
	int a = bound(SOCK_DGRAM, "a");
	socklen_t len = path(&sa, "a");
	char x;

	OK(rump_sys_connect(a, SA(sa), len));
	EQ(rump_sys_write(a, "x", 1), 1);
	EQ(rump_sys_read(a, &x, 1), 1);
	OK(rump_sys_close(a));
	OK(rump_sys_unlink("a"));
}
