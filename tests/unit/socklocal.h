/* SPDX-License-Identifier: BSD-2-Clause */
/* socklocal: what tests of local sockets have in common. */
#ifndef TESTS_UNIT_SOCKLOCAL_H
#define TESTS_UNIT_SOCKLOCAL_H

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

static inline void
start(void)
{
	boot();
	signal(SIGPIPE, SIG_IGN);
}

/* A path; the length that goes with it, its NUL included. */
static inline socklen_t
path(struct sockaddr_un *sa, const char *p)
{
	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	strcpy(sa->sun_path, p);
	return (socklen_t)(PATH_AT + strlen(p) + 1);
}

/* An abstract name. */
static inline socklen_t
name(struct sockaddr_un *sa, const char *p)
{
	memset(sa, 0, sizeof(*sa));
	sa->sun_family = AF_UNIX;
	strcpy(sa->sun_path + 1, p);
	return (socklen_t)(PATH_AT + strlen(p) + 1);
}

#define SA(sa) ((struct sockaddr *)&(sa))

/* A socket bound to a path. */
static inline int
bound(int type, const char *p)
{
	struct sockaddr_un sa;
	socklen_t len = path(&sa, p);
	int fd = (int)OK(rump_sys_socket(AF_UNIX, type, 0));

	OK(rump_sys_bind(fd, SA(sa), len));
	return fd;
}

static inline int
listening(int type, const char *p, int backlog)
{
	int fd = bound(type, p);

	OK(rump_sys_listen(fd, backlog));
	return fd;
}

/* connect() of a new socket: the socket, or -1. */
static inline int
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

static inline int
events(int fd)
{
	struct pollfd p = { .fd = fd,
		.events = POLLIN | POLLOUT | POLLRDHUP | POLLPRI };

	OK(rump_sys_poll(&p, 1, 0));
	return p.revents;
}

static inline void
close2(int a, int b)
{
	OK(rump_sys_close(a));
	OK(rump_sys_close(b));
}

#endif
