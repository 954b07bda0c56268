/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A call of netfuzz that is many: fill a connection until it takes no more,
 * empty it, and see that everything came, in order, and that it is ready when
 * it should be.  How much fits is not compared.
 */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "netfuzz.h"
#include "netfuzz_ops.h"

#define MOST (16 << 20)

static char chunk[MAXLEN];

/* The bytes of a stream at an offset: no two pieces are alike. */
static void
pattern(char *p, size_t len, size_t at)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (char)((at + i) * 2654435761U >> 13);
}

static bool
is_pattern(const char *p, size_t len, size_t at)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] != (char)((at + i) * 2654435761U >> 13))
			return false;
	return true;
}

static short
ready(struct side *s, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN | POLLOUT };

	CALL(s, __NR_poll, &pfd, 1, 0);
	return pfd.revents;
}

static size_t
fill(struct side *s, int fd, size_t len)
{
	size_t done = 0;
	long r;

	while (done < MOST) {
		pattern(chunk, len, done);
		r = CALL(s, __NR_sendto, fd, chunk, len, MSG_DONTWAIT, NULL, 0);
		if (r <= 0) {
			put(s, " full=%s", errname(errno));
			break;
		}
		done += (size_t)r;
	}
	return done;
}

/* The host's peer may still be told of room: wait for the rest a little. */
static long
more(struct side *s, int fd, size_t len)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	long r;

	r = CALL(s, __NR_recvfrom, fd, chunk, len, MSG_DONTWAIT, NULL, NULL);
	if (r == -1 && errno == EAGAIN &&
	    CALL(s, __NR_poll, &pfd, 1, 3000) == 1)
		r = CALL(s, __NR_recvfrom, fd, chunk, len, MSG_DONTWAIT, NULL,
		    NULL);
	return r;
}

static void
empty(struct side *s, int fd, size_t all, size_t len)
{
	size_t done = 0;
	bool same = true;
	long r;

	while (done < all) {
		r = more(s, fd, len);
		if (r <= 0) {
			put(s, " got %s", r == 0 ? "end" : errname(errno));
			break;
		}
		same &= is_pattern(chunk, (size_t)r, done);
		done += (size_t)r;
	}
	put(s, " same=%d all=%d", same, done == all);
}

/* Two ends of a stream. */
static bool
ends(struct side *s, uint32_t kind, int fd[2])
{
	static const int domains[] = { AF_INET, AF_INET6, AF_UNIX };
	socklen_t len = sizeof(union addr);
	int listener;
	union addr u;

	if (kind % 4 == 3)
		return CALL(s, __NR_socketpair, AF_UNIX, SOCK_STREAM, 0, fd) ==
		    0;
	listener = (int)CALL(s, __NR_socket, domains[kind % 4], SOCK_STREAM, 0);
	fd[0] = (int)CALL(s, __NR_socket, domains[kind % 4], SOCK_STREAM, 0);
	memset(&u, 0, sizeof(u));
	u.sa.sa_family = (sa_family_t)domains[kind % 4];
	CALL(s, __NR_bind, listener, &u, kind % 4 == 2 ? 2 : sizeof(u.in6));
	CALL(s, __NR_listen, listener, 1);
	CALL(s, __NR_getsockname, listener, &u, &len);
	if (CALL(s, __NR_connect, fd[0], &u, len) == -1)
		put(s, " connect=%s", errname(errno));
	fd[1] = (int)CALL(s, __NR_accept4, listener, NULL, NULL, 0);
	CALL(s, __NR_close, listener);
	return fd[1] != -1;
}

long
op_bulk(struct side *s, const struct op *o)
{
	size_t n, len = arg_length(A(2)) % MAXLEN;
	int fd[2] = { -1, -1 };

	len = len < 500 ? len + 500 : len;
	if (!ends(s, A(0), fd))
		return -1;
	for (int turn = 0; turn < 2; turn++) {
		n = fill(s, fd[0], len);
		put(s, " %s", n >= 32768 ? "much" : "little");
		put(s, " out=%x", (unsigned)ready(s, fd[0]) & POLLOUT);
		empty(s, fd[1], n, A(1) & 1 ? len : 3000);
		net_settle(s);
		put(s, " ready=%x,%x", (unsigned)ready(s, fd[0]),
		    (unsigned)ready(s, fd[1]));
	}
	CALL(s, __NR_close, fd[A(1) >> 1 & 1]);
	net_settle(s);
	put(s, " left=%x", (unsigned)ready(s, fd[!(A(1) >> 1 & 1)]));
	return CALL(s, __NR_close, fd[!(A(1) >> 1 & 1)]);
}
