/* SPDX-License-Identifier: BSD-2-Clause */
/* netinet: what tests of TCP and UDP have in common; see netboth.h. */
#ifndef TESTS_UNIT_NETINET_H
#define TESTS_UNIT_NETINET_H

#include "tests/unit/netboth.h"

static struct sockaddr_in sa;
__attribute__((unused)) static struct sockaddr_in6 sa6;
static socklen_t len;
static char buf[300000];

#define SA  ((struct sockaddr *)&sa)
#define SA6 ((struct sockaddr *)&sa6)

static inline void
loopback(uint32_t addr, int port)
{
	memset(&sa, 0, sizeof(sa));
	sa.sin_family = AF_INET;
	sa.sin_addr.s_addr = htonl(addr);
	sa.sin_port = htons(port);
}

/* What poll says at once. */
static inline void
events(int fd)
{
	struct pollfd pf = { .fd = fd,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDHUP | POLLRDNORM |
		    POLLWRNORM | POLLWRBAND };
	int r = net->poll(&pf, 1, 0);

	SAY("poll %d %x\n", r, (unsigned)pf.revents);
}

static inline void
error_of(int fd)
{
	int e = -1;

	len = sizeof(e);
	net->getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len);
	SAY("SO_ERROR %s\n", strerrorname_np(e));
}

static inline void
nonblock(int fd)
{
	net->fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
}

static inline void
set(int fd, int level, int name, int v)
{
	SAY("set %d %d: %d\n", level, name,
	    net->setsockopt(fd, level, name, &v, sizeof(v)));
}

static inline int
listener(int backlog)
{
	int fd = net->socket(AF_INET, SOCK_STREAM, 0);

	loopback(INADDR_LOOPBACK, 0);
	net->bind(fd, SA, sizeof(sa));
	net->listen(fd, backlog);
	len = sizeof(sa);
	net->getsockname(fd, SA, &len);
	return fd;
}

/* Connected ones, and who listened. */
static int c, s, l;

static inline void
pair(void)
{
	l = listener(5);
	c = net->socket(AF_INET, SOCK_STREAM, 0);
	net->connect(c, SA, sizeof(sa));
	s = net->accept(l, NULL, NULL);
}

static inline void
end(void)
{
	net->close(c);
	net->close(s);
	net->close(l);
}

static inline long
put(int fd, const char *p, int flags)
{
	return net->sendto(fd, p, strlen(p), flags | MSG_NOSIGNAL, NULL, 0);
}

/* What is there: without waiting. */
static inline void
get(int fd, size_t n, int flags)
{
	long r;

	memset(buf, 0, 20);
	errno = 0;
	r = net->recvfrom(fd, buf, n, flags | MSG_DONTWAIT, NULL, NULL);
	SAY("get %zu %x: %ld %s '%.*s'\n", n, (unsigned)flags, r,
	    r < 0 ? strerrorname_np(errno) : "", r > 20 ? 20 : (int)r, buf);
}

#endif
