/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of netfuzz that make, name, connect and end sockets. */

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "netfuzz.h"
#include "netfuzz_ops.h"

#define nelem(a) (sizeof(a) / sizeof((a)[0]))

#define BACKLOG_MORE 64 /* a host that is out of places waits for a second */

long
skipped(struct side *s)
{
	put(s, " skipped");
	return 0;
}

/*
 * Nothing here waits for long.  Who waits for a peer's message does so in
 * vain: between two calls there is nobody to send one.  A connection is
 * another matter, the host may want a moment for it.
 */
void
limit_waits(struct side *s, int fd)
{
	struct timeval tv = { 0, 1000 };
	int error = errno;

	CALL(s, __NR_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (fd_domain(s, fd) != AF_UNIX)
		tv.tv_usec = 500000;
	CALL(s, __NR_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	errno = error;
}

/* Nor does it wait for fuller packets, if nobody asks for that. */
static void
no_delay(struct side *s, int fd)
{
	int one = 1, error = errno;

	if (fd_istcp(s, fd))
		CALL(s, __NR_setsockopt, fd, IPPROTO_TCP, 1, &one, sizeof(one));
	errno = error;
}

/* Close a slot's old descriptor and give it a new one. */
long
into_slot(struct side *s, uint32_t slot, int fd)
{
	int error = errno;

	if (fd == -1)
		return -1;
	if (s->fd[slot % NSLOT] != -1)
		CALL(s, __NR_close, s->fd[slot % NSLOT]);
	s->fd[slot % NSLOT] = fd;
	limit_waits(s, fd);
	no_delay(s, fd);
	errno = error;
	return 0;
}

long
op_socket(struct side *s, const struct op *o)
{
	static const int protos[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		IPPROTO_TCP, IPPROTO_UDP, 2, 300, -1 };

	return into_slot(s, A(3),
	    (int)CALL(s, __NR_socket, arg_domain(A(0)), arg_type(A(1)),
		protos[A(2) % 16]));
}

long
op_socketpair(struct side *s, const struct op *o)
{
	int sv[2] = { -1, -1 };
	long r;

	r = CALL(s, __NR_socketpair, arg_domain(A(0)), arg_type(A(1)),
	    A(2) < 15 ? 0 : (int)A(2), A(2) == 14 ? bad_pointer : sv);
	if (r == -1)
		return -1;
	into_slot(s, A(3), sv[0]);
	into_slot(s, A(4), sv[1]);
	return 0;
}

static long
step(struct side *s, const char *what, long r)
{
	if (r == -1)
		put(s, " %s=%s", what, errname(errno));
	return r;
}

static void
pair_listening(struct side *s, const struct op *o, int domain, int type,
    const union addr *u, socklen_t len)
{
	int server, client;
	union addr name;

	server = (int)step(s, "socket", CALL(s, __NR_socket, domain, type, 0));
	step(s, "bind", CALL(s, __NR_bind, server, u, len));
	step(s, "listen", CALL(s, __NR_listen, server, 128));
	into_slot(s, A(1), server);
	len = sizeof(name);
	step(s, "name", CALL(s, __NR_getsockname, server, &name, &len));
	client = (int)step(s, "socket", CALL(s, __NR_socket, domain, type, 0));
	if (into_slot(s, A(2), client) == -1)
		return;
	step(s, "connect", CALL(s, __NR_connect, client, &name, len));
	net_settle(s);
	into_slot(s, A(3),
	    (int)step(s, "accept",
		CALL(s, __NR_accept4, s->fd[A(1)], NULL, NULL,
		    A(4) & 1 ? SOCK_NONBLOCK : 0)));
}

static void
pair_datagrams(struct side *s, const struct op *o, int domain,
    const union addr *u, const union addr *v, socklen_t len)
{
	socklen_t lens[2] = { sizeof(union addr), sizeof(union addr) };
	union addr names[2];
	int fd[2];

	for (int i = 0; i < 2; i++) {
		fd[i] = (int)step(s, "socket",
		    CALL(s, __NR_socket, domain,
			SOCK_DGRAM | (A(4) & 1 ? SOCK_NONBLOCK : 0), 0));
		step(s, "bind", CALL(s, __NR_bind, fd[i], i == 0 ? u : v, len));
		step(s, "name",
		    CALL(s, __NR_getsockname, fd[i], &names[i], &lens[i]));
		into_slot(s, A(2 + i), fd[i]);
	}
	step(s, "connect",
	    CALL(s, __NR_connect, s->fd[A(2)], &names[1], lens[1]));
	if (A(4) & 2)
		step(s, "connect",
		    CALL(s, __NR_connect, s->fd[A(3)], &names[0], lens[0]));
}

/* Two ends of something, with a listener if it has one. */
long
op_pair(struct side *s, const struct op *o)
{
	static const int domains[] = { AF_INET, AF_INET, AF_INET6, AF_INET6,
		AF_UNIX, AF_UNIX, AF_UNIX, AF_INET, AF_INET6, AF_UNIX };
	uint32_t kind = A(0) % 10;
	int domain = domains[kind];
	socklen_t len = domain == AF_INET ? sizeof(struct sockaddr_in) :
	    domain == AF_INET6            ? sizeof(struct sockaddr_in6) :
					    2;
	union addr u, v;

	if (A(1) == A(2) || A(2) == A(3) || A(1) == A(3))
		return skipped(s);
	memset(&u, 0, sizeof(u));
	u.sa.sa_family = (sa_family_t)domain;
	if (domain == AF_INET)
		u.in.sin_addr.s_addr = A(4) & 4 ? 0 : htonl(INADDR_LOOPBACK);
	else if (domain == AF_INET6)
		u.in6.sin6_addr = A(4) & 4 ? in6addr_any : in6addr_loopback;
	v = u;
	if (domain == AF_UNIX && (A(4) & 8)) {
		len = sizeof(u.un);
		addr_path(s, A(4), u.un.sun_path);
		addr_path(s, A(4) + 1, v.un.sun_path);
		CALL(s, __NR_unlink, u.un.sun_path);
		CALL(s, __NR_unlink, v.un.sun_path);
	}
	if (kind == 9 || kind == 7 || kind == 8)
		pair_datagrams(s, o, domain, &u, &v, len);
	else
		pair_listening(s, o, domain,
		    kind == 6 ? SOCK_SEQPACKET : SOCK_STREAM, &u, len);
	return 0;
}

/*
 * A part of a path is one above the side's directory, where the sides are not
 * alike; nor are names that the kernel chose.
 */
socklen_t
whole_path(const union addr *u, socklen_t len, socklen_t all)
{
	bool chosen = all == 8 && u->un.sun_path[0] == '\0';

	return u->sa.sa_family == AF_UNIX && len > 2 && (len < all || chosen) ?
	    all :
	    len;
}

static bool
is_inet(const union addr *u)
{
	return u->sa.sa_family == AF_INET || u->sa.sa_family == AF_INET6;
}

/* A length of an address that may not be what it is. */
static socklen_t
odd_length(uint32_t code, socklen_t len)
{
	static const int lens[] = { 0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 20, 24, 27,
		28, 32, 64, 109, 110, 111, 127, 128, 129, -1 };

	return code == 0 ? len : (socklen_t)lens[(code - 1) % nelem(lens)];
}

long
op_bind(struct side *s, const struct op *o)
{
	socklen_t len;
	union addr u;
	void *p = addr_make(s, A(1), &u, &len);

	len = whole_path(&u, odd_length(A(2), len), len);
	/* A name of zeroes, of which each side wants its own. */
	if ((s->both && u.sa.sa_family == AF_UNIX && len > 2 &&
		u.un.sun_path[0] == '\0' &&
		(len == 3 || u.un.sun_path[1] == '\0')) ||
	    port_untold(s, FD(0), A(1)) || sender_untold(s, FD(0)))
		return skipped(s);
	return CALL(s, __NR_bind, FD(0), p, len);
}

long
op_connect(struct side *s, const struct op *o)
{
	socklen_t len;
	union addr u;
	void *p = addr_make(s, A(1), &u, &len);

	if (!fd_issock(s, FD(0)) || connect_crossed(s, FD(0), &u) ||
	    disconnect_untold(s, FD(0), &u) ||
	    (is_inet(&u) && u.in.sin_port == 0 && !fd_istcp(s, FD(0))))
		return skipped(s);
	return note_connect(s, FD(0),
	    CALL(s, __NR_connect, FD(0), p,
		whole_path(&u, odd_length(A(2), len), len)));
}

long
op_listen(struct side *s, const struct op *o)
{
	static const int backlogs[] = { 0, 1, 2, 5, 128, 4096, -1, 0x7fffffff };
	int n = backlogs[A(1) % 8];

	if (n >= 0 && n < BACKLOG_MORE && fd_istcp(s, FD(0)))
		n += BACKLOG_MORE;
	return CALL(s, __NR_listen, FD(0), n);
}

long
op_accept(struct side *s, const struct op *o)
{
	static const int flags[] = { 0, SOCK_NONBLOCK, SOCK_CLOEXEC,
		SOCK_NONBLOCK | SOCK_CLOEXEC, 1, 0x100000 };
	socklen_t len = odd_length(room_unasked(s, FD(0)) ? 0 : A(2),
	    sizeof(union addr));
	socklen_t room = len;
	bool bare = A(1) & 8;
	union addr u;
	int fd;

	memset(&u, 0x77, sizeof(u));
	if ((A(1) & 7) > 5)
		fd = (int)CALL(s, __NR_accept, FD(0), bare ? NULL : &u, &len);
	else
		fd = (int)CALL(s, __NR_accept4, FD(0), bare ? NULL : &u, &len,
		    flags[A(1) & 7]);
	if (fd == -1)
		return -1;
	if (!bare)
		addr_put(s, "from", &u, len, room);
	return into_slot(s, A(3), fd);
}

long
op_getname(struct side *s, const struct op *o)
{
	socklen_t len = odd_length(room_unasked(s, FD(0)) ? 0 : A(2),
	    sizeof(union addr));
	socklen_t room = len;
	long r, nr = A(1) & 1 ? __NR_getsockname : __NR_getpeername;
	union addr u;

	memset(&u, 0x77, sizeof(u));
	r = CALL(s, nr, FD(0), A(1) == 14 ? bad_pointer : &u, &len);
	if (r == 0)
		addr_put(s, "name", &u, len, room);
	return r;
}

long
op_shutdown(struct side *s, const struct op *o)
{
	/* The host refuses, and notes it all the same. */
	if (shutdown_untold(s, FD(0)))
		return skipped(s);
	return CALL(s, __NR_shutdown, FD(0),
	    A(1) < 12 ? (int)(A(1) % 3) : (int)A(1) - 13);
}

long
op_close(struct side *s, const struct op *o)
{
	int fd = FD(0);

	if (A(0) < NSLOT)
		s->fd[A(0)] = -1;
	return CALL(s, __NR_close, fd);
}

long
op_dup(struct side *s, const struct op *o)
{
	int fd = FD(0);

	if (A(2) & 1)
		return into_slot(s, A(1), (int)CALL(s, __NR_dup, fd));
	return into_slot(s, A(1),
	    (int)CALL(s, __NR_fcntl, fd, A(2) & 2 ? F_DUPFD_CLOEXEC : F_DUPFD,
		0));
}

/* Bytes on the way out are gone when the host's peer says so. */
static long
unanswered(struct side *s, int fd, int *v)
{
	struct timespec nap = { 0, 2000000 };
	long r;

	for (int i = 0; i < 100; i++) {
		r = CALL(s, __NR_ioctl, fd, SIOCOUTQ, v);
		if (r == -1 || *v == 0 || !s->raw || !fd_istcp(s, fd))
			break;
		CALL(s, __NR_nanosleep, &nap, NULL);
	}
	return r;
}

long
op_ioctl(struct side *s, const struct op *o)
{
	int v = (int)(A(1) & 1), fd = FD(0);
	long r;

	if (!fd_issock(s, fd))
		return skipped(s);
	switch (A(1) % 8) {
	case 0:
		r = CALL(s, __NR_ioctl, fd, FIONREAD, &v);
		break;
	case 1:
		r = unanswered(s, fd, &v);
		/* The host counts its own memory, rump bytes. */
		if (r == 0 && !fd_istcp(s, fd))
			v = v != 0;
		/* And of who is connected no more, numbers of no meaning. */
		if (r == 0 && fd_istcp(s, fd) && tcp_state(s, fd) == TCP_CLOSE)
			v = 0;
		break;
	case 2:
	case 3:
		r = CALL(s, __NR_ioctl, fd, SIOCATMARK, &v);
		break;
	case 4:
		return CALL(s, __NR_ioctl, fd, FIONBIO, &v);
	case 5:
		return CALL(s, __NR_ioctl, fd, FIONREAD, bad_pointer);
	case 6:
		return CALL(s, __NR_ioctl, fd, 0x5401 /* TCGETS */, &v);
	default:
		return CALL(s, __NR_ioctl, fd, SIOCOUTQNSD, &v);
	}
	if (r == 0 && !nread_untold(s, fd))
		put(s, " value=%d", v);
	return r;
}

long
op_fcntl(struct side *s, const struct op *o)
{
	int fd = FD(0);

	switch (A(1) % 4) {
	case 0:
		return CALL(s, __NR_fcntl, fd, F_SETFD, A(1) >> 3);
	case 1:
		/* The others do not know of time-outs. */
		if (!fd_issock(s, fd))
			return skipped(s);
		return CALL(s, __NR_fcntl, fd, F_SETFL,
		    (A(1) & 8 ? O_NONBLOCK : 0) | (A(1) & 4 ? O_APPEND : 0));
	case 2:
		return CALL(s, __NR_fcntl, fd, F_GETFL);
	default:
		return CALL(s, __NR_fcntl, fd, F_GETPIPE_SZ);
	}
}

/* What sockets refuse, and what they are. */
long
op_exotic(struct side *s, const struct op *o)
{
	int fd = FD(0);
	struct stat st;
	char byte = 0;
	long r;

	/* The others share an inode, and its locks. */
	if (!fd_issock(s, fd))
		return skipped(s);
	switch (A(1) % 8) {
	case 0:
		r = CALL(s, __NR_fstat, fd, &st);
		if (r == 0 && S_ISSOCK(st.st_mode))
			put(s, " mode=%o size=%lld", st.st_mode,
			    (long long)st.st_size);
		return r;
	case 1:
		return CALL(s, __NR_lseek, fd, 0, SEEK_SET);
	case 2:
		return CALL(s, __NR_pread64, fd, &byte, 1, 0);
	case 3:
		return CALL(s, __NR_ftruncate, fd, 0);
	case 4:
		return CALL(s, __NR_fchmod, fd, 0600);
	case 5:
		return CALL(s, __NR_fsync, fd);
	case 6:
		return CALL(s, __NR_fdatasync, fd);
	default:
		return CALL(s, __NR_fdatasync, fd);
	}
}

/* Names of local sockets as the file system sees them. */
long
op_name(struct side *s, const struct op *o)
{
	char path[108], to[108];
	struct stat st;
	long r;

	addr_path(s, A(0), path);
	addr_path(s, A(1) >> 2, to);
	switch (A(1) & 3) {
	case 0:
	case 1:
		return CALL(s, __NR_unlink, path);
	case 2:
		return CALL(s, __NR_rename, path, to);
	default:
		r = CALL(s, __NR_lstat, path, &st);
		if (r == 0)
			put(s, " mode=%o", st.st_mode);
		return r;
	}
}
