/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netfuzz's deliberate differences, all of them: what rump does not do as the
 * host does, or what is nothing that could be compared, and why.
 */

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

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
	{ SOL_SOCKET, 68, 119 }, { IPPROTO_IP, 4, 7 },  /* IP's own options */
	{ IPPROTO_IP, 9, 9 }, { IPPROTO_IP, 16, 19 },   /* IPSEC, TRANSPARENT */
	{ IPPROTO_IP, 21, 26 }, { IPPROTO_IP, 37, 48 }, /* groups by source */
	{ IPPROTO_IP, 51, 51 },                         /* LOCAL_PORT_RANGE */
	{ IPPROTO_IP, 64, 119 }, { IPPROTO_IPV6, 1, 15 },
	{ IPPROTO_IPV6, 22, 22 }, { IPPROTO_IPV6, 27, 28 },
	{ IPPROTO_IPV6, 30, 48 }, { IPPROTO_IPV6, 50, 50 },
	{ IPPROTO_IPV6, 52, 61 }, { IPPROTO_IPV6, 63, 65 },
	{ IPPROTO_IPV6, 68, 73 }, { IPPROTO_IPV6, 75, 77 },
	{ IPPROTO_IPV6, 79, 119 },
	{ IPPROTO_TCP, 9, 10 },  /* DEFER_ACCEPT, WINDOW_CLAMP */
	{ IPPROTO_TCP, 14, 15 }, /* MD5SIG, COOKIE_TRANSACTIONS */
	{ IPPROTO_TCP, 17, 17 },
	{ IPPROTO_TCP, 19, 22 }, /* REPAIR and its like */
	{ IPPROTO_TCP, 24, 24 }, { IPPROTO_TCP, 26, 29 },
	{ IPPROTO_TCP, 31, 119 },
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
	{ SOL_SOCKET, SO_MEMINFO, SO_MEMINFO },
	{ IPPROTO_TCP, 11, 11 }, /* TCP_INFO: its state is looked at */
};

/* Not asked of either side: it would change what the others do. */
static const struct span unasked[] = {
	{ -1, 0, 0 },
};

/*
 * A TCP socket that was connected, or tried to be, still tells the name it had
 * then, although its port is free again.  Rump's has none.
 */
bool
name_untold(struct side *s, int fd)
{
	return fd_istcp(s, fd) && tcp_state(s, fd) == TCP_CLOSE;
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
	if (level == SOL_SOCKET && (name == SO_SNDBUF || name == SO_RCVBUF) &&
	    fd_istcp(s, fd))
		return true;
	return listed_in(untold, nelem(untold), level, name);
}

bool
option_unasked(int level, int name)
{
	return listed_in(unasked, nelem(unasked), level, name);
}
