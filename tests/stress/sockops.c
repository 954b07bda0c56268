/* SPDX-License-Identifier: BSD-2-Clause */
/* sockops: see sockops.h. */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "rump/rump_syscalls.h"
#include "tests/stress/sockops.h"

#define PORT  2000
#define PORTS 4
#define BRIEF 300 /* us: how long a blocking one waits */

const int sock_errnos[] = { EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EAGAIN,
	EALREADY, EBADF, ECONNABORTED, ECONNREFUSED, ECONNRESET, EDESTADDRREQ,
	EEXIST, EINPROGRESS, EINTR, EINVAL, EISCONN, ELOOP, EMSGSIZE,
	ENETUNREACH, ENOENT, ENOPROTOOPT, ENOTCONN, ENOTSOCK, EOPNOTSUPP, EPERM,
	EPIPE, EPROTOTYPE, ETIMEDOUT, ETOOMANYREFS, 0 };

/* An address of any family. */
struct name {
	socklen_t n_len;
	union {
		struct sockaddr n_sa;
		struct sockaddr_in n_in;
		struct sockaddr_in6 n_in6;
		struct sockaddr_un n_un;
	};
};

static struct name
name_of(struct worker *wk, int family)
{
	struct name n = { .n_sa.sa_family = family };
	in_port_t port = htons((uint16_t)(PORT + rnd(wk, PORTS)));
	int path = rnd(wk, 2) == 0;

	switch (family) {
	case AF_INET:
		n.n_in.sin_port = port;
		n.n_in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		n.n_len = sizeof(n.n_in);
		break;
	case AF_INET6:
		n.n_in6.sin6_port = port;
		n.n_in6.sin6_addr = in6addr_loopback;
		n.n_len = sizeof(n.n_in6);
		break;
	default:
		snprintf(n.n_un.sun_path + !path, 20, SOCKS_DIR "/%d",
		    (int)rnd(wk, SOCKS_NAMES));
		n.n_len = sizeof(n.n_un);
	}
	return n;
}

static struct name
any_name(struct worker *wk)
{
	static const int families[] = { AF_INET, AF_INET, AF_INET6, AF_UNIX,
		AF_UNIX };

	return name_of(wk, families[rnd(wk, 5)]);
}

/* Most do not block; the others do not for long. */
static int
brief(struct worker *wk, int fd, bool nonblock)
{
	struct timeval tv = { .tv_usec = 1 + rnd(wk, BRIEF) };
	int on = 1;

	if (fd < 0)
		return fd;
	if (!nonblock) {
		rump_sys_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv,
		    sizeof(tv));
		rump_sys_setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv,
		    sizeof(tv));
	}
	if (rnd(wk, 2) == 0)
		rump_sys_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
		    sizeof(on));
	return fd;
}

/* One that listens, or is connected, or neither. */
static long
make(struct worker *wk)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	static const int families[] = { AF_INET, AF_INET6, AF_UNIX, AF_UNIX };
	int family = families[rnd(wk, 4)], fd;
	int type = types[rnd(wk, family == AF_UNIX ? 3 : 2)];
	struct name n = name_of(wk, family);
	bool nonblock = rnd(wk, 4) != 0;

	if (nonblock)
		type |= SOCK_NONBLOCK;
	fd = brief(wk, rump_sys_socket(family, type, 0), nonblock);
	if (fd < 0)
		return -1;
	switch (rnd(wk, 3)) {
	case 0:
		if (n.n_sa.sa_family == AF_UNIX)
			rump_sys_unlink(n.n_un.sun_path);
		rump_sys_bind(fd, &n.n_sa, n.n_len);
		rump_sys_listen(fd, (int)rnd(wk, 4));
		break;
	case 1:
		rump_sys_connect(fd, &n.n_sa, n.n_len);
		break;
	}
	place(wk, fd);
	return 0;
}

static long
make_pair(struct worker *wk)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int sv[2];

	if (rump_sys_socketpair(AF_UNIX, types[rnd(wk, 3)] | SOCK_NONBLOCK, 0,
		sv) != 0)
		return -1;
	place(wk, sv[0]);
	place(wk, sv[1]);
	return 0;
}

static long
take_new(struct worker *wk)
{
	struct name n = { .n_len = sizeof(n.n_un) };
	int fd = rump_sys_accept4(any(wk), &n.n_sa, &n.n_len,
	    rnd(wk, 2) ? SOCK_NONBLOCK : 0);

	place(wk, brief(wk, fd, false));
	return fd;
}

/* As a program that has failed to connect, or will use it again. */
static long
disconnect(struct worker *wk)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct name n = any_name(wk);
	int fd = any(wk);

	if (rump_sys_connect(fd, &none, sizeof(none)) != 0)
		return -1;
	return rump_sys_connect(fd, &n.n_sa, n.n_len);
}

union ctl {
	char c_buf[CMSG_SPACE(3 * sizeof(int))];
	struct cmsghdr c_hdr;
};

static long
give(struct worker *wk)
{
	static char data[5000];
	struct iovec iov = { data, rnd(wk, rnd(wk, 20) == 0 ? 5000 : 20) };
	size_t len = rnd(wk, 4) * sizeof(int);
	union ctl ctl = { .c_hdr = { CMSG_LEN(len), SOL_SOCKET, SCM_RIGHTS } };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.c_buf,
		.msg_controllen = CMSG_SPACE(len) };
	int fds[3] = { any(wk), any(wk), any(wk) };

	memcpy(CMSG_DATA(&ctl.c_hdr), fds, len);
	return rump_sys_sendmsg(any(wk), &h, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static long
take(struct worker *wk)
{
	union ctl ctl;
	char data[50];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.c_buf,
		.msg_controllen = sizeof(ctl) };
	int n = 0, i, fd;
	long got;

	got = rump_sys_recvmsg(any(wk), &h,
	    MSG_DONTWAIT | (rnd(wk, 4) == 0 ? MSG_PEEK : 0));
	if (got >= 0 && h.msg_controllen != 0 &&
	    ctl.c_hdr.cmsg_type == SCM_RIGHTS)
		n = (int)((ctl.c_hdr.cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(&ctl.c_hdr) + i * (int)sizeof(int),
		    sizeof(int));
		place(wk, fd);
	}
	return got;
}

static long
send_some(struct worker *wk)
{
	static char buf[3000];
	struct name n = any_name(wk);
	int flags = MSG_NOSIGNAL | (rnd(wk, 8) == 0 ? MSG_OOB : 0);

	if (rnd(wk, 3) == 0)
		return rump_sys_sendto(any(wk), buf, rnd(wk, 100), MSG_NOSIGNAL,
		    &n.n_sa, n.n_len);
	return rump_sys_sendto(any(wk), buf, rnd(wk, sizeof(buf)), flags, NULL,
	    0);
}

static long
receive_some(struct worker *wk)
{
	static const int flags[] = { 0, 0, MSG_PEEK, MSG_OOB, MSG_TRUNC,
		MSG_WAITALL | MSG_DONTWAIT };
	struct name n = { .n_len = sizeof(n.n_un) };
	char buf[3000];

	return rump_sys_recvfrom(any(wk), buf, rnd(wk, sizeof(buf)),
	    flags[rnd(wk, 6)], &n.n_sa, &n.n_len);
}

static long
set(struct worker *wk)
{
	static const int opts[][2] = { { SOL_SOCKET, SO_SNDBUF },
		{ SOL_SOCKET, SO_RCVBUF }, { SOL_SOCKET, SO_RCVLOWAT },
		{ SOL_SOCKET, SO_OOBINLINE }, { SOL_SOCKET, SO_REUSEADDR },
		{ SOL_SOCKET, SO_TIMESTAMP }, { SOL_SOCKET, SO_PASSCRED },
		{ IPPROTO_TCP, TCP_NODELAY } };
	int v = (int)rnd(wk, 3) * 4000, n = (int)rnd(wk, 8);
	socklen_t len = sizeof(v);

	rump_sys_setsockopt(any(wk), opts[n][0], opts[n][1], &v, len);
	return rump_sys_getsockopt(any(wk), SOL_SOCKET, SO_ERROR, &v, &len);
}

static long
wait_some(struct worker *wk)
{
	static const uint32_t events[] = { EPOLLIN, EPOLLIN | EPOLLOUT,
		EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT };
	struct epoll_event ev[4] = { { .events = events[rnd(wk, 4)] } };
	struct pollfd pf[3];
	int i;

	switch (rnd(wk, 6)) {
	case 0:
		place(wk, rump_sys_epoll_create1(0));
		return 0;
	case 1:
		return rump_sys_epoll_ctl(any(wk), EPOLL_CTL_DEL, any(wk), ev);
	case 2:
		return rump_sys_epoll_ctl(any(wk), EPOLL_CTL_ADD, any(wk), ev);
	case 3:
		return rump_sys_epoll_wait(any(wk), ev, 4, rnd(wk, 8) == 0);
	default:
		for (i = 0; i < 3; i++)
			pf[i] = (struct pollfd){ .fd = any(wk),
				.events = POLLIN | POLLOUT };
		return rump_sys_poll(pf, 3, rnd(wk, 8) == 0);
	}
}

static long
look(struct worker *wk)
{
	struct name n = { .n_len = sizeof(n.n_un) };

	return rump_sys_getpeername(any(wk), &n.n_sa, &n.n_len);
}

static long
meet(struct worker *wk)
{
	struct name n = any_name(wk);

	switch (rnd(wk, 3)) {
	case 0:
		return rump_sys_bind(any(wk), &n.n_sa, n.n_len);
	case 1:
		return rump_sys_listen(any(wk), (int)rnd(wk, 4));
	default:
		return rump_sys_connect(any(wk), &n.n_sa, n.n_len);
	}
}

long
sock_call(struct worker *wk)
{
	switch (rnd(wk, 16)) {
	case 0:
	case 1:
		return make(wk);
	case 2:
		return make_pair(wk);
	case 3:
		return rump_sys_close(any(wk));
	case 4:
	case 5:
		return take_new(wk);
	case 6:
		return meet(wk);
	case 7:
		return disconnect(wk);
	case 8:
		return rnd(wk, 3) == 0 ?
		    rump_sys_shutdown(any(wk), (int)rnd(wk, 3)) :
		    look(wk);
	case 9:
		return set(wk);
	case 10:
	case 11:
		return send_some(wk);
	case 12:
		return receive_some(wk);
	case 13:
		return wait_some(wk);
	case 14:
		return take(wk);
	default:
		return give(wk);
	}
}

void
sock_names_remove(void)
{
	char path[20];
	int i;

	for (i = 0; i < SOCKS_NAMES; i++) {
		snprintf(path, sizeof(path), SOCKS_DIR "/%d", i);
		rump_sys_unlink(path);
	}
	rump_sys_rmdir(SOCKS_DIR);
}
