/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netfuzz's deliberate differences, all of them: what rump does not do as the
 * host does, or what is nothing that could be compared, and why.
 */

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "netfuzz.h"

#define nelem(a) (sizeof(a) / sizeof((a)[0]))

struct span {
	int level, from, to;
};

/*
 * What rump does not have, and refuses with ENOPROTOOPT: options about routes,
 * segments, losses, filters, queues and namespaces.  The host is not asked.
 */
static const struct span missing[] = {
	{ SOL_SOCKET, 14, 14 }, /* BSDCOMPAT */
	{ SOL_SOCKET, 26, 27 }, /* filters */
	{ SOL_SOCKET, 31, 31 }, /* PEERSEC */
	{ SOL_SOCKET, 34, 34 }, /* PASSSEC */
	{ SOL_SOCKET, 37, 37 }, /* TIMESTAMPING */
	{ SOL_SOCKET, 40, 56 }, /* of queues, pacing, processors, filters */
	{ SOL_SOCKET, 58, 61 }, /* of time stamps, PEERGROUPS, ZEROCOPY */
	{ SOL_SOCKET, 65, 65 }, /* TIMESTAMPING_NEW */
	{ SOL_SOCKET, 68, 119 }, { IPPROTO_IP, 4, 6 },  /* IP's own options */
	{ IPPROTO_IP, 9, 9 }, { IPPROTO_IP, 16, 19 },   /* IPSEC, TRANSPARENT */
	{ IPPROTO_IP, 21, 26 }, { IPPROTO_IP, 37, 48 }, /* groups by source */
	{ IPPROTO_IP, 51, 51 },                         /* LOCAL_PORT_RANGE */
	{ IPPROTO_IP, 64, 119 }, { IPPROTO_IPV6, 1, 1 }, { IPPROTO_IPV6, 3, 6 },
	{ IPPROTO_IPV6, 9, 15 }, { IPPROTO_IPV6, 22, 22 },
	{ IPPROTO_IPV6, 27, 28 }, { IPPROTO_IPV6, 30, 48 },
	{ IPPROTO_IPV6, 52, 61 }, { IPPROTO_IPV6, 63, 65 },
	{ IPPROTO_IPV6, 68, 73 }, { IPPROTO_IPV6, 75, 77 },
	{ IPPROTO_IPV6, 79, 119 }, { IPPROTO_TCP, 10, 10 }, /* WINDOW_CLAMP */
	{ IPPROTO_TCP, 14, 15 }, /* MD5SIG, COOKIE_TRANSACTIONS */
	{ IPPROTO_TCP, 17, 17 },
	{ IPPROTO_TCP, 19, 22 }, /* REPAIR and its like */
	{ IPPROTO_TCP, 24, 24 }, { IPPROTO_TCP, 26, 29 },
	{ IPPROTO_TCP, 31, 119 }, { IPPROTO_UDP, 2, 99 },
	{ IPPROTO_UDP, 100, 119 }, /* encapsulation, SEGMENT, GRO */
};

/*
 * What the host says of these is its own affair: numbers of its memory, of
 * processors, ids, and how its segments fared.  Only lengths are compared.
 */
static const struct span untold[] = {
	{ SOL_SOCKET, SO_PEERCRED,
	    SO_PEERCRED }, /* a pid; its ids: unit tests */
	{ SOL_SOCKET, SO_COOKIE, SO_COOKIE },
	/* Time-outs are rounded up to the host's clock ticks. */
	{ SOL_SOCKET, SO_RCVTIMEO, SO_SNDTIMEO }, { SOL_SOCKET, 66, 67 },
	{ IPPROTO_IPV6, 67, 67 }, /* TCLASS: of TCP without its ECN bits */
	{ IPPROTO_TCP, 2, 2 },   /* MAXSEG: so it is where there are segments */
	{ IPPROTO_TCP, 12, 12 }, /* QUICKACK: how soon it has answered so far */
	{ IPPROTO_TCP, 13, 13 }, /* TCP_CONGESTION: a host's default */
	{ SOL_SOCKET, SO_MEMINFO, SO_MEMINFO },
	{ IPPROTO_TCP, 11, 11 }, /* TCP_INFO: its state is looked at */
};

/* Not asked of either side: it would change what the others do. */
static const struct span unasked[] = {
	{ SOL_SOCKET, 62, 62 }, /* BINDTOIFINDEX: the host takes any number */
	{ IPPROTO_TCP, 9, 9 },  /* TCP_DEFER_ACCEPT: when, is up to timers */
	/* NOTSENT_LOWAT: of what a socket has not sent that is connected no
	   more, the host has numbers of no meaning. */
	{ IPPROTO_TCP, 25, 25 },
	{ IPPROTO_IP, 52, 52 }, /* IP_PROTOCOL: a number of no meaning */
	{ IPPROTO_IP, 11, 11 }, /* RECVERR: rump has no queue of errors */
	{ IPPROTO_IPV6, 25, 25 },
	{ IPPROTO_IP, 3, 3 },     /* IP_HDRINCL, of sockets that are not raw */
	{ IPPROTO_IPV6, 24, 24 }, /* IPV6_MTU: not to be set */
	/* Time stamps: the host begins to take them some time later. */
	{ SOL_SOCKET, 29, 29 }, { SOL_SOCKET, 35, 35 }, { SOL_SOCKET, 63, 64 },
	{ IPPROTO_IPV6, 50, 50 }, /* IPV6_PKTINFO: where the name goes from */
};

/*
 * A socket of IPv6 whose connection to IPv4 was refused goes on speaking IPv4
 * on the host, and gets no answer from IPv6 ever after.  Asked of the host, for
 * both sides.
 */
bool
connect_crossed(struct side *s, int fd, const union addr *u)
{
	static ino_t spoke[64];
	static bool crossed;
	static size_t n;
	struct stat st;
	size_t i;

	if (s->index != 0)
		return crossed;
	crossed = false;
	if (u->sa.sa_family != AF_INET6 || fd_domain(s, fd) != AF_INET6 ||
	    !fd_istcp(s, fd) || CALL(s, __NR_fstat, fd, &st) == -1)
		return false;
	for (i = 0; i < n && spoke[i] != st.st_ino;)
		i++;
	if (!IN6_IS_ADDR_V4MAPPED(&u->in6.sin6_addr))
		crossed = i < n;
	else if (i == n && n < nelem(spoke))
		spoke[n++] = st.st_ino;
	return crossed;
}

/*
 * An urgent byte of a local stream that was passed over is counted by the
 * host's FIONREAD, until another byte is received.
 */
static bool urgent;

bool
nread_untold(struct side *s, int fd)
{
	return urgent && fd_domain(s, fd) == AF_UNIX;
}

/*
 * Whose a message is, the host says when it is received, rump when it is sent:
 * a sender that gets a name in between.  Asked of the host, for both sides.
 */
bool
sender_untold(struct side *s, int fd)
{
	static bool later;
	int v = 0;

	if (s->index == 0)
		later = fd_domain(s, fd) == AF_UNIX &&
		    CALL(s, __NR_ioctl, fd, SIOCOUTQ, &v) == 0 && v != 0;
	return later;
}

/*
 * Splice goes past the mark of an urgent byte on rump, and takes an error that
 * comes after the bytes, not so on the host.
 */
bool
mark_ahead(struct side *s, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLPRI };
	int at = 0;

	CALL(s, __NR_ioctl, fd, SIOCATMARK, &at);
	if (at != 0)
		return true;
	return CALL(s, __NR_poll, &pfd, 1, 0) == 1 &&
	    (pfd.revents & (POLLPRI | POLLERR));
}

/* The host's MSG_PEEK tells of files that come right after what it gives. */
bool
peek_untold(struct side *s, int fd, int flags)
{
	return (flags & MSG_PEEK) && fd_domain(s, fd) == AF_UNIX &&
	    fd_type(s, fd) == SOCK_STREAM;
}

/* To take nothing at a mark, or to peek, is to pass it on rump: AF_UNIX. */
bool
recv_untold(struct side *s, int fd, uint32_t buf, size_t len, int flags)
{
	bool nothing = bad_buffer(buf) || len == 0 || (flags & MSG_PEEK);

	return nothing && fd_domain(s, fd) == AF_UNIX && mark_ahead(s, fd);
}

/*
 * What sendfile() makes of a file may be sent in pieces.  Of a file that is too
 * short the host's UDP over IPv6 waits for more.
 */
bool
sendfile_untold(struct side *s, int fd, bool all)
{
	return send_untold(s, fd, MSG_MORE) ||
	    (!all && fd_domain(s, fd) == AF_INET6 &&
		fd_type(s, fd) == SOCK_DGRAM);
}

/* UDP sockets that were connected, and could not be to another peer. */
static ino_t strayed[64];
static size_t nstrayed;

static ino_t *
find_strayed(struct side *s, int fd)
{
	struct stat st;

	if (CALL(s, __NR_fstat, fd, &st) == -1)
		return NULL;
	for (size_t i = 0; i < nstrayed; i++)
		if (strayed[i] == st.st_ino)
			return &strayed[i];
	if (nstrayed == nelem(strayed))
		return &strayed[nstrayed - 1];
	strayed[nstrayed] = st.st_ino;
	return &strayed[nstrayed];
}

/*
 * A connect() that failed changes where the host's connected UDP socket sends
 * to, whatever getpeername() says.
 */
long
note_connect(struct side *s, int fd, long r)
{
	socklen_t len = sizeof(union addr);
	int error = errno;
	union addr u;
	ino_t *p;

	if (s->index == 0 && fd_domain(s, fd) != AF_UNIX &&
	    fd_type(s, fd) == SOCK_DGRAM) {
		p = find_strayed(s, fd);
		if (p == &strayed[nstrayed] && r == -1 &&
		    CALL(s, __NR_getpeername, fd, &u, &len) == 0)
			nstrayed++;
		else if (p != NULL && p < &strayed[nstrayed] && r == 0)
			*p = strayed[--nstrayed];
	}
	errno = error;
	return r;
}

static bool
is_strayed(struct side *s, int fd)
{
	static bool known;

	if (s->index == 0)
		known = nstrayed != 0 && fd_type(s, fd) == SOCK_DGRAM &&
		    find_strayed(s, fd) < &strayed[nstrayed];
	return known;
}

/*
 * An IPv6 socket of UDP that was connected to IPv4 goes on to hear of that peer
 * only, on the host, when it is disconnected.
 */
bool
disconnect_untold(struct side *s, int fd, const union addr *to)
{
	socklen_t len = sizeof(union addr);
	union addr u;

	return to->sa.sa_family == AF_UNSPEC && fd_domain(s, fd) == AF_INET6 &&
	    fd_type(s, fd) == SOCK_DGRAM &&
	    CALL(s, __NR_getpeername, fd, &u, &len) == 0 &&
	    IN6_IS_ADDR_V4MAPPED(&u.in6.sin6_addr);
}

/* What is sent: TCP has its times. */
bool
send_untold(struct side *s, int fd, int flags)
{
	/* The host may keep it back, and see later that the peer is gone. */
	if ((flags & MSG_MORE) && fd_istcp(s, fd) &&
	    tcp_state(s, fd) != TCP_ESTABLISHED)
		return true;
	if ((flags & MSG_OOB) && fd_domain(s, fd) == AF_UNIX)
		urgent = true;
	return is_strayed(s, fd);
}

/*
 * The host's connected UDP sockets send on to where a datagram in pieces was
 * sent to by name, whomever they are connected to.
 */
bool
cork_untold(struct side *s, int fd, int flags)
{
	socklen_t len = sizeof(union addr), n = sizeof(int);
	int cork = 0;
	union addr u;

	if (fd_domain(s, fd) == AF_UNIX || fd_type(s, fd) != SOCK_DGRAM ||
	    CALL(s, __NR_getpeername, fd, &u, &len) == -1)
		return false;
	CALL(s, __NR_getsockopt, fd, IPPROTO_UDP, 1, &cork, &n);
	return cork != 0 || (flags & MSG_MORE);
}

/*
 * The shim puts a prefix before names of local sockets: it wants the room, and
 * looks at the length first.
 */
bool
room_unasked(struct side *s, int fd)
{
	return fd_domain(s, fd) == AF_UNIX;
}

/* One without a peer: the host notes that it is shut down. */
bool
shutdown_untold(struct side *s, int fd)
{
	socklen_t len = sizeof(union addr);
	struct pollfd pfd = { .fd = fd, .events = POLLRDHUP };
	union addr u;

	if (fd_istcp(s, fd))
		return tcp_state(s, fd) == TCP_CLOSE &&
		    (CALL(s, __NR_poll, &pfd, 1, 0) != 1 ||
			!(pfd.revents & POLLRDHUP));
	return fd_domain(s, fd) == AF_UNIX && fd_type(s, fd) != SOCK_DGRAM &&
	    CALL(s, __NR_getpeername, fd, &u, &len) == -1;
}

static bool
listed_in(const struct span *list, size_t n, int level, int name)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].level == level && name >= list[i].from &&
		    name <= list[i].to)
			return true;
	return false;
}

bool
option_missing(int level, int name)
{
	return listed_in(missing, nelem(missing), level, name);
}

bool
option_untold(struct side *s, int fd, int level, int name)
{
	/* TCP's buffers grow with the host's memory. */
	if (level == SOL_SOCKET &&
	    (name == SO_SNDBUF || name == SO_RCVBUF || name == SO_RCVLOWAT) &&
	    fd_istcp(s, fd))
		return true;
	return listed_in(untold, nelem(untold), level, name);
}

bool
option_unasked(int level, int name)
{
	return listed_in(unasked, nelem(unasked), level, name);
}
