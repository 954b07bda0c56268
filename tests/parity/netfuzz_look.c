/* SPDX-License-Identifier: BSD-2-Clause */
/* What netfuzz looks at after a call: descriptors, and what is ready. */

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "netfuzz.h"

static int
number(struct side *s, int fd, int level, int name)
{
	int v = -1;
	socklen_t len = sizeof(v);

	CALL(s, __NR_getsockopt, fd, level, name, &v, &len);
	return v;
}

int
fd_domain(struct side *s, int fd)
{
	return number(s, fd, SOL_SOCKET, SO_DOMAIN);
}

int
fd_type(struct side *s, int fd)
{
	return number(s, fd, SOL_SOCKET, SO_TYPE);
}

bool
fd_issock(struct side *s, int fd)
{
	return fd_domain(s, fd) != -1;
}

int
tcp_state(struct side *s, int fd)
{
	unsigned char info[256];
	socklen_t len = sizeof(info);

	if (CALL(s, __NR_getsockopt, fd, IPPROTO_TCP, TCP_INFO, info, &len) ==
	    -1)
		return -1;
	return info[0];
}

/*
 * The answer to a FIN may take a moment on the host, and nobody minds which of
 * these it is.
 */
static void
put_state(struct side *s, int fd)
{
	int state = tcp_state(s, fd);

	if (state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2)
		put(s, " state=FIN_WAIT");
	else
		put(s, " state=%d", state);
}

static void
put_name(struct side *s, const char *what, long nr, int fd)
{
	socklen_t len = sizeof(union addr);
	union addr u;

	memset(&u, 0, sizeof(u));
	if (CALL(s, nr, fd, &u, &len) == -1)
		put(s, " %s=%s", what, errname(errno));
	else
		addr_put(s, what, &u, len, sizeof(u));
}

static bool
name_of(struct side *s, long nr, int fd, union addr *u, socklen_t *len)
{
	*len = sizeof(*u);
	memset(u, 0, sizeof(*u));
	return CALL(s, nr, fd, u, len) == 0;
}

/* The other end of a connection, by both their names. */
static void
put_mate(struct side *s, int fd)
{
	union addr name, peer, other;
	socklen_t n, p, len;

	if (!name_of(s, __NR_getsockname, fd, &name, &n) ||
	    !name_of(s, __NR_getpeername, fd, &peer, &p))
		return;
	for (int i = 0; i < NSLOT; i++)
		if (s->fd[i] != -1 &&
		    name_of(s, __NR_getsockname, s->fd[i], &other, &len) &&
		    len == p && memcmp(&other, &peer, len) == 0 &&
		    name_of(s, __NR_getpeername, s->fd[i], &other, &len) &&
		    len == n && memcmp(&other, &name, len) == 0)
			put(s, " end=fd%d", i);
}

void
look_fd(struct side *s, int fd)
{
	int v = -1;

	if (fd < 0 || fd == 9999)
		return;
	put(s, " [fl=%lx fd=%lx", CALL(s, __NR_fcntl, fd, F_GETFL),
	    CALL(s, __NR_fcntl, fd, F_GETFD));
	if (fd_issock(s, fd)) {
		if (CALL(s, __NR_ioctl, fd, FIONREAD, &v) == -1)
			put(s, " nread=%s", errname(errno));
		else if (!nread_untold(s, fd))
			put(s, " nread=%d", v);
		put_name(s, "name", __NR_getsockname, fd);
		put_name(s, "peer", __NR_getpeername, fd);
		if (number(s, fd, SOL_SOCKET, SO_ACCEPTCONN) == 1)
			put(s, " listens");
		if (fd_istcp(s, fd))
			put_state(s, fd);
		if (fd_domain(s, fd) != AF_UNIX)
			put_mate(s, fd);
	}
	put(s, "]");
}

/* What poll says of every descriptor. */
void
look_ready(struct side *s)
{
	struct pollfd pfd[NSLOT];

	for (int i = 0; i < NSLOT; i++) {
		pfd[i].fd = s->fd[i];
		pfd[i].events = 0x7fff;
		pfd[i].revents = 0;
	}
	put(s, " ready=%ld:", CALL(s, __NR_poll, pfd, NSLOT, 0));
	for (int i = 0; i < NSLOT; i++)
		if (pfd[i].revents != 0)
			put(s, " fd%d:%x", i, (unsigned)pfd[i].revents);
}
