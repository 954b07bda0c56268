/* SPDX-License-Identifier: BSD-2-Clause */
/* AF_UNIX: names, streams, packets in sequence, datagrams, their errors. */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <poll.h>
#include <pthread.h>
#include <stddef.h>

#include "tests/unit/unit.h"

#define rump_sys_send(fd, buf, len, flags) \
	rump_sys_sendto(fd, buf, len, flags, NULL, 0)
#define rump_sys_recv(fd, buf, len, flags) \
	rump_sys_recvfrom(fd, buf, len, flags, NULL, NULL)
#define PATH_AT offsetof(struct sockaddr_un, sun_path)

static void
start(void)
{
	boot();
	signal(SIGPIPE, SIG_IGN);
}

TestSuite(sock_local, .init = start, .fini = finish, .timeout = 60);

/* A path; the length that goes with it, its NUL included. */
static socklen_t
path(struct sockaddr_un *sa, const char *p)
{
	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	strcpy(sa->sun_path, p);
	return (socklen_t)(PATH_AT + strlen(p) + 1);
}

/* An abstract name. */
static socklen_t
name(struct sockaddr_un *sa, const char *p)
{
	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	strcpy(sa->sun_path + 1, p);
	return (socklen_t)(PATH_AT + strlen(p) + 1);
}

#define SA(sa) ((struct sockaddr *)&(sa))

/* A socket bound to a path. */
static int
bound(int type, const char *p)
{
	struct sockaddr_un sa;
	socklen_t len = path(&sa, p);
	int fd = (int)OK(rump_sys_socket(AF_UNIX, type, 0));

	OK(rump_sys_bind(fd, SA(sa), len));
	return fd;
}

static int
listening(int type, const char *p, int backlog)
{
	int fd = bound(type, p);

	OK(rump_sys_listen(fd, backlog));
	return fd;
}

/* connect() of a new socket: the socket, or -1. */
static int
connected(int type, const char *p)
{
	struct sockaddr_un sa;
	socklen_t len = path(&sa, p);
	int fd = (int)OK(rump_sys_socket(AF_UNIX, type, 0)), error;

	if (rump_sys_connect(fd, SA(sa), len) == 0)
		return fd;
	error = errno;
	OK(rump_sys_close(fd));
	errno = error;
	return -1;
}

static int
events(int fd)
{
	struct pollfd p = { .fd = fd,
		.events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI };

	OK(rump_sys_poll(&p, 1, 0));
	return p.revents;
}

static void
close2(int a, int b)
{
	OK(rump_sys_close(a));
	OK(rump_sys_close(b));
}

/* --- Names ---------------------------------------------------------------- */

Test(sock_local, bind_makes_a_node_and_tells_the_name)
{
	struct sockaddr_un sa;
	socklen_t len = sizeof(sa);
	struct stat st;
	int fd;

	rump_sys_umask(022);
	fd = bound(SOCK_STREAM, "s1");
	OK(rump_sys_stat("s1", &st));
	EQ(st.st_mode, S_IFSOCK | 0755);
	OK(rump_sys_getsockname(fd, SA(sa), &len));
	EQ(len, PATH_AT + 3);
	EQ(strcmp(sa.sun_path, "s1"), 0);
	/* What does not fit is cut off, and the length tells. */
	memset(&sa, 'x', sizeof(sa));
	len = PATH_AT + 1;
	OK(rump_sys_getsockname(fd, SA(sa), &len));
	EQ(len, PATH_AT + 3);
	EQ(sa.sun_path[1], 'x');
	FAILS(rump_sys_open("s1", O_RDWR), ENXIO);
	OK(rump_sys_close(fd));
	/* It stays when the socket goes. */
	OK(rump_sys_stat("s1", &st));
	OK(rump_sys_unlink("s1"));
}

Test(sock_local, path_that_fills_the_address_needs_no_nul)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	char back[200];
	socklen_t len = sizeof(back);
	int fd = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));

	memset(sa.sun_path, 'a', sizeof(sa.sun_path));
	OK(rump_sys_bind(fd, SA(sa), sizeof(sa)));
	OK(rump_sys_getsockname(fd, (struct sockaddr *)(void *)back, &len));
	EQ(len, sizeof(sa) + 1);
	OK(rump_sys_close(fd));
	memcpy(back, sa.sun_path, sizeof(sa.sun_path));
	back[sizeof(sa.sun_path)] = '\0';
	OK(rump_sys_unlink(back));
}

Test(sock_local, bind_refuses_what_linux_refuses)
{
	struct sockaddr_un sa;
	socklen_t len = path(&sa, "s2");
	int fd = bound(SOCK_STREAM, "s2");
	int b = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));

	FAILS(rump_sys_bind(b, SA(sa), len), EADDRINUSE);
	FAILS(rump_sys_bind(fd, SA(sa), len), EADDRINUSE);
	len = path(&sa, "s3");
	FAILS(rump_sys_bind(fd, SA(sa), len), EINVAL);
	FAILS(rump_sys_access("s3", F_OK), ENOENT);
	FAILS(rump_sys_bind(b, SA(sa), sizeof(sa) + 1), EINVAL);
	FAILS(rump_sys_bind(b, SA(sa), 1), EINVAL);
	len = path(&sa, "nowhere/s3");
	FAILS(rump_sys_bind(b, SA(sa), len), ENOENT);
	len = path(&sa, "s2/s3");
	FAILS(rump_sys_bind(b, SA(sa), len), ENOTDIR);
	sa.sun_family = AF_INET;
	FAILS(rump_sys_bind(b, SA(sa), len), EINVAL);
	FAILS(rump_sys_bind(b, (void *)8, len), EFAULT);
	close2(fd, b);
	OK(rump_sys_unlink("s2"));
}

Test(sock_local, abstract_names_are_each_types_own_and_end_with_the_socket)
{
	struct sockaddr_un sa;
	socklen_t len = name(&sa, "rump-abstract"), n = sizeof(sa);
	int a = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	int b = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	int c = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));

	OK(rump_sys_bind(a, SA(sa), len));
	FAILS(rump_sys_bind(b, SA(sa), len), EADDRINUSE);
	/* One more byte is another name. */
	OK(rump_sys_bind(b, SA(sa), len + 1));
	OK(rump_sys_bind(c, SA(sa), len));
	OK(rump_sys_getsockname(a, SA(sa), &n));
	EQ(n, len);
	OK(rump_sys_listen(a, 1));
	OK(rump_sys_close(a));
	a = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	FAILS(rump_sys_connect(a, SA(sa), len), ECONNREFUSED);
	OK(rump_sys_bind(a, SA(sa), len));
	close2(a, b);
	OK(rump_sys_close(c));
}

Test(sock_local, autobind_chooses_five_digits)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(sa);
	int a = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));
	char first[6];

	OK(rump_sys_bind(a, SA(sa), sizeof(sa_family_t)));
	OK(rump_sys_getsockname(a, SA(sa), &len));
	EQ(len, PATH_AT + 6);
	EQ(sa.sun_path[0], 0);
	EQ(strspn(sa.sun_path + 1, "0123456789abcdef"), 5);
	memcpy(first, sa.sun_path, 6);
	/* Again: nothing changes. */
	OK(rump_sys_bind(a, SA(sa), sizeof(sa_family_t)));
	len = sizeof(sa);
	OK(rump_sys_getsockname(a, SA(sa), &len));
	EQ(memcmp(first, sa.sun_path, 6), 0);
	OK(rump_sys_close(a));
}

Test(sock_local, unbound_names_are_the_family_alone)
{
	struct sockaddr_un sa;
	socklen_t len = sizeof(sa);
	int sv[2], fd;

	OK(rump_sys_socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	OK(rump_sys_getsockname(sv[0], SA(sa), &len));
	EQ(len, 2);
	len = sizeof(sa);
	OK(rump_sys_getpeername(sv[0], SA(sa), &len));
	EQ(len, 2);
	EQ(sa.sun_family, AF_UNIX);
	/* The peer gets a name late. */
	len = name(&sa, "late");
	OK(rump_sys_bind(sv[1], SA(sa), len));
	len = sizeof(sa);
	OK(rump_sys_getpeername(sv[0], SA(sa), &len));
	EQ(len, PATH_AT + 5);
	/* And is known by it after its end. */
	OK(rump_sys_close(sv[1]));
	len = sizeof(sa);
	OK(rump_sys_getpeername(sv[0], SA(sa), &len));
	EQ(len, PATH_AT + 5);
	OK(rump_sys_close(sv[0]));
	fd = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	FAILS(rump_sys_getpeername(fd, SA(sa), &len), ENOTCONN);
	OK(rump_sys_close(fd));
}

Test(sock_local, who_may_connect_is_who_may_write_the_node)
{
	int fd, c;

	OK(rump_sys_mkdir("d", 0755));
	OK(rump_sys_chmod("d", 0755));
	fd = listening(SOCK_STREAM, "d/s", 5);
	OK(rump_sys_chmod("d/s", 0755));
	OK(rump_sys_setresuid(-1, 1000, -1));
	EQ(connected(SOCK_STREAM, "d/s"), -1);
	EQ(errno, EACCES);
	OK(rump_sys_setresuid(-1, 0, -1));
	OK(rump_sys_chmod("d/s", 0722));
	OK(rump_sys_setresuid(-1, 1000, -1));
	c = (int)OK(connected(SOCK_STREAM, "d/s"));
	OK(rump_sys_close(c));
	OK(rump_sys_setresuid(-1, 0, -1));
	OK(rump_sys_chmod("d", 0700));
	OK(rump_sys_setresuid(-1, 1000, -1));
	EQ(connected(SOCK_STREAM, "d/s"), -1);
	EQ(errno, EACCES);
	OK(rump_sys_setresuid(-1, 0, -1));
	OK(rump_sys_close(fd));
	OK(rump_sys_unlink("d/s"));
	OK(rump_sys_rmdir("d"));
}

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

/* --- Datagrams ------------------------------------------------------------ */

Test(sock_local, datagrams_by_name_and_back)
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

Test(sock_local, connected_datagrams_speak_with_their_peer_only)
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

Test(sock_local, datagram_peer_that_leaves_is_a_reset)
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

Test(sock_local, full_queue_of_datagrams_holds_the_sender)
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

Test(sock_local, sender_sleeps_until_there_is_room)
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

Test(sock_local, shutdown_of_datagrams)
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

Test(sock_local, datagram_connected_to_itself)
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
