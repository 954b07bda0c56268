/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netboth: the same calls on sockets of the host and of this kernel.  A
 * scenario makes calls through `net' and says with SAY() and R() what came;
 * the two transcripts must be the same.
 */
#ifndef TESTS_UNIT_NETBOTH_H
#define TESTS_UNIT_NETBOTH_H

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>

#include "tests/unit/unit.h"

struct netapi {
	int (*socket)(int, int, int);
	int (*close)(int);
	int (*bind)(int, const struct sockaddr *, socklen_t);
	int (*listen)(int, int);
	int (*accept)(int, struct sockaddr *, socklen_t *);
	int (*connect)(int, const struct sockaddr *, socklen_t);
	int (*getsockname)(int, struct sockaddr *, socklen_t *);
	int (*getpeername)(int, struct sockaddr *, socklen_t *);
	ssize_t (*sendto)(int, const void *, size_t, int,
	    const struct sockaddr *, socklen_t);
	ssize_t (*recvfrom)(int, void *, size_t, int, struct sockaddr *,
	    socklen_t *);
	ssize_t (*sendmsg)(int, const struct msghdr *, int);
	ssize_t (*recvmsg)(int, struct msghdr *, int);
	int (*shutdown)(int, int);
	int (*setsockopt)(int, int, int, const void *, socklen_t);
	int (*getsockopt)(int, int, int, void *, socklen_t *);
	int (*poll)(struct pollfd *, nfds_t, int);
	int (*ioctl)(int, unsigned long, void *);
	int (*fcntl)(int, int, long);
};

static const struct netapi *net;
static char *said;
static size_t nsaid;

static int
host_ioctl(int fd, unsigned long cmd, void *arg)
{
	return ioctl(fd, cmd, arg);
}

static int
host_fcntl(int fd, int cmd, long arg)
{
	return fcntl(fd, cmd, arg);
}

static int
rump_ioctl(int fd, unsigned long cmd, void *arg)
{
	return rump_sys_ioctl(fd, cmd, arg);
}

static int
rump_fcntl(int fd, int cmd, long arg)
{
	return rump_sys_fcntl(fd, cmd, arg);
}

static const struct netapi host_net = { socket, close, bind, listen, accept,
	connect, getsockname, getpeername, sendto, recvfrom, sendmsg, recvmsg,
	shutdown, setsockopt, getsockopt, poll, host_ioctl, host_fcntl };
static const struct netapi rump_net = { rump_sys_socket, rump_sys_close,
	rump_sys_bind, rump_sys_listen, rump_sys_accept, rump_sys_connect,
	rump_sys_getsockname, rump_sys_getpeername, rump_sys_sendto,
	rump_sys_recvfrom, rump_sys_sendmsg, rump_sys_recvmsg,
	rump_sys_shutdown, rump_sys_setsockopt, rump_sys_getsockopt,
	rump_sys_poll, rump_ioctl, rump_fcntl };

__attribute__((format(printf, 1, 2))) static void
SAY(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	nsaid += vsnprintf(said + nsaid, 65000 - nsaid, fmt, ap);
	va_end(ap);
}

/* A call and what it returned. */
#define R(call)                                                           \
	__extension__({                                                   \
		errno = 0;                                                \
		long r_ = (long)(call);                                   \
		SAY("%d: %s: %ld %s\n", __LINE__, #call, r_ < 0 ? r_ : 0, \
		    r_ < 0 ? strerrorname_np(errno) : "");                \
		r_;                                                       \
	})
/* Likewise, where the number counts. */
#define N(call)                                              \
	__extension__({                                      \
		errno = 0;                                   \
		long r_ = (long)(call);                      \
		SAY("%d: %s: %ld %s\n", __LINE__, #call, r_, \
		    r_ < 0 ? strerrorname_np(errno) : "");   \
		r_;                                          \
	})

/* Where the transcripts part. */
static void
compare(const char *host, const char *rump)
{
	const char *a = host, *b = rump;
	size_t n = 0;

	while (a[n] != '\0' && a[n] == b[n])
		n++;
	if (a[n] == b[n])
		return;
	while (n > 0 && a[n - 1] != '\n')
		n--;
	cr_assert(0, "host: %.*s\nrump: %.*s", (int)strcspn(a + n, "\n"), a + n,
	    (int)strcspn(b + n, "\n"), b + n);
}

static void
both(void (*scenario)(void))
{
	char *host = calloc(1, 65536), *rump = calloc(1, 65536);

	signal(SIGPIPE, SIG_IGN);
	net = &host_net;
	said = host;
	nsaid = 0;
	scenario();
	net = &rump_net;
	said = rump;
	nsaid = 0;
	scenario();
	if (getenv("NETBOTH_SHOW") != NULL)
		fprintf(stderr, "host:\n%srump:\n%s", host, rump);
	compare(host, rump);
	free(host);
	free(rump);
}

#define SCENARIO(suite, name)             \
	static void suite##_##name(void); \
	Test(suite, name)                 \
	{                                 \
		both(suite##_##name);     \
	}                                 \
	static void suite##_##name(void)

#endif
