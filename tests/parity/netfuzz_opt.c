/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of netfuzz that set and ask for options. */

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "netfuzz.h"
#include "netfuzz_ops.h"

#define nelem(a) (sizeof(a) / sizeof((a)[0]))

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif
#ifndef SO_RCVTIMEO_NEW
#define SO_RCVTIMEO_NEW 66
#define SO_SNDTIMEO_NEW 67
#endif

#define VALUE 64 /* bytes of a value */

/* Lengths of a value; the first is that of the option. */
static int
odd_length(uint32_t code, int len)
{
	static const int lens[] = { 4, 0, 1, 2, 3, 5, 8, 12, 16, 20, 32, 64,
		-1 };

	return code < 4 ? len : lens[(code - 4) % nelem(lens)];
}

static bool
is(const struct sockoption *so, int level, int name)
{
	return so->level == level && so->name == name;
}

/* A value that makes sense for the option; returns its usual length. */
static int
value(const struct sockoption *so, int v, char *buf)
{
	struct ip_mreqn mr = { .imr_ifindex = 1 };
	struct ipv6_mreq mr6 = { .ipv6mr_interface = 1 };
	struct timeval tv = { v & 1, v < 1000000 ? v : 0 };
	struct linger lg = { v & 1, v & 2 ? 1 : 0 };

	memset(buf, 0, VALUE);
	memcpy(buf, &v, sizeof(v));
	if (is(so, SOL_SOCKET, SO_LINGER)) {
		memcpy(buf, &lg, sizeof(lg));
		return sizeof(lg);
	}
	if (so->level == SOL_SOCKET &&
	    (so->name == SO_RCVTIMEO || so->name == SO_SNDTIMEO ||
		so->name == SO_RCVTIMEO_NEW || so->name == SO_SNDTIMEO_NEW)) {
		memcpy(buf, &tv, sizeof(tv));
		return sizeof(tv);
	}
	if (is(so, SOL_SOCKET, SO_BINDTODEVICE)) {
		strcpy(buf, v == 1 ? "lo" : v == 2 ? "none" : "");
		return v == 1 ? 3 : 5;
	}
	if (so->level == IPPROTO_IP &&
	    (so->name == IP_ADD_MEMBERSHIP || so->name == IP_DROP_MEMBERSHIP ||
		so->name == IP_MULTICAST_IF)) {
		mr.imr_multiaddr.s_addr = htonl(v == 0 ? 0x0a010101 :
			v & 2                          ? 0xe00000fb :
							 0xef010203);
		if (v & 4)
			mr.imr_address.s_addr = htonl(INADDR_LOOPBACK);
		memcpy(buf, &mr, sizeof(mr));
		return v & 8 ? sizeof(struct ip_mreq) : sizeof(mr);
	}
	if (so->level == IPPROTO_IPV6 &&
	    (so->name == IPV6_JOIN_GROUP || so->name == IPV6_LEAVE_GROUP)) {
		mr6.ipv6mr_multiaddr.s6_addr[0] = 0xff;
		mr6.ipv6mr_multiaddr.s6_addr[1] = v & 2 ? 1 : 2;
		mr6.ipv6mr_multiaddr.s6_addr[15] = 0xfb;
		memcpy(buf, &mr6, sizeof(mr6));
		return sizeof(mr6);
	}
	if (is(so, IPPROTO_TCP, TCP_CONGESTION)) {
		strcpy(buf, v == 1 ? "cubic" : v == 2 ? "none" : "reno");
		return 5;
	}
	return sizeof(v);
}

/* The sizes of buffers, which go back to what they were. */
static void
keep_sizes(struct side *s, int fd, int sizes[2], bool restore)
{
	static const int names[] = { SO_SNDBUFFORCE, SO_RCVBUFFORCE };
	static const int asked[] = { SO_SNDBUF, SO_RCVBUF };
	socklen_t len = sizeof(int);
	int half;

	for (int i = 0; i < 2; i++) {
		if (!restore) {
			CALL(s, __NR_getsockopt, fd, SOL_SOCKET, asked[i],
			    &sizes[i], &len);
			continue;
		}
		half = sizes[i] / 2;
		if (CALL(s, __NR_setsockopt, fd, SOL_SOCKET, names[i], &half,
			sizeof(half)) == -1)
			CALL(s, __NR_setsockopt, fd, SOL_SOCKET, asked[i],
			    &half, sizeof(half));
	}
}

static bool
sets_size(const struct sockoption *so)
{
	return so->level == SOL_SOCKET &&
	    (so->name == SO_SNDBUF || so->name == SO_RCVBUF ||
		so->name == SO_SNDBUFFORCE || so->name == SO_RCVBUFFORCE);
}

static bool
sets_timeout(const struct sockoption *so)
{
	return so->level == SOL_SOCKET &&
	    (so->name == SO_RCVTIMEO || so->name == SO_SNDTIMEO ||
		so->name == SO_RCVTIMEO_NEW || so->name == SO_SNDTIMEO_NEW);
}

/* Does the socket have options of the level? */
static bool
has_level(struct side *s, int fd, int level)
{
	int domain = fd_domain(s, fd);

	switch (level) {
	case SOL_SOCKET:
		return domain != -1;
	case IPPROTO_IP:
		return domain == AF_INET || domain == AF_INET6;
	case IPPROTO_IPV6:
		return domain == AF_INET6;
	case IPPROTO_TCP:
		return domain != -1 && fd_istcp(s, fd);
	default:
		return (domain == AF_INET || domain == AF_INET6) &&
		    !fd_istcp(s, fd);
	}
}

/* An option that the host is not asked for, and that rump has to refuse. */
static bool
refused(struct side *s, int fd, const struct sockoption *so)
{
	return option_missing(so->level, so->name) &&
	    has_level(s, fd, so->level);
}

/* SO_PEERNAME may be cut off: how long it is says what it is. */
static void
put_peer(struct side *s, int fd, const union addr *u, socklen_t room)
{
	socklen_t len = sizeof(union addr);
	union addr whole;

	if (CALL(s, __NR_getpeername, fd, &whole, &len) == -1)
		len = room;
	addr_put(s, "peer", u, len, room);
}

static void
ask(struct side *s, int fd, const struct sockoption *so, int room)
{
	socklen_t len = (socklen_t)room;
	char buf[512];
	int error = errno;
	long r;

	memset(buf, 0x5a, sizeof(buf));
	r = CALL(s, __NR_getsockopt, fd, so->level, so->name, buf, &len);
	if (r == -1)
		put(s, " got=%s", errname(errno));
	else if (so->level == SOL_SOCKET && so->name == SO_PEERPIDFD)
		CALL(s, __NR_close, *(int *)(void *)buf);
	else if (option_untold(s, fd, so->level, so->name))
		put(s, " len=%u", len);
	else if (so->level == SOL_SOCKET && so->name == SO_PEERNAME)
		put_peer(s, fd, (union addr *)(void *)buf, len);
	else {
		put(s, " len=%u:", len);
		for (int i = 0; i < room && i < 32; i++)
			put(s, " %02x", (unsigned char)buf[i]);
	}
	errno = error;
}

long
op_setsockopt(struct side *s, const struct op *o)
{
	const struct sockoption *so = arg_option(A(1));
	int len, fd = FD(0), sizes[2] = { 0, 0 };
	char buf[VALUE];
	long r;

	len = odd_length(A(3), value(so, arg_value(A(2)), buf));
	/* Without an interface the host looks for a route. */
	if (so->level == IPPROTO_IP &&
	    (so->name == IP_ADD_MEMBERSHIP || so->name == IP_DROP_MEMBERSHIP ||
		so->name == IP_MULTICAST_IF) &&
	    len >= (int)sizeof(struct in_addr))
		len = sizeof(struct ip_mreqn);
	/* Linux looks at no value of an option of IP that it does not know. */
	if (A(3) == 3 && so->level == IPPROTO_IP)
		return skipped(s);
	if (option_unasked(so->level, so->name))
		return skipped(s);
	if (refused(s, fd, so) && (len < 4 || A(3) == 3))
		return skipped(s);
	if (refused(s, fd, so) && s->raw) {
		errno = ENOPROTOOPT;
		return -1;
	}
	if (sets_size(so))
		keep_sizes(s, fd, sizes, false);
	r = CALL(s, __NR_setsockopt, fd, so->level, so->name,
	    A(3) == 3 ? bad_pointer : buf, len);
	if (r == 0)
		ask(s, fd, so, 16);
	if (sets_size(so))
		keep_sizes(s, fd, sizes, true);
	if (sets_timeout(so))
		limit_waits(s, fd);
	return r;
}

long
op_getsockopt(struct side *s, const struct op *o)
{
	const struct sockoption *so = arg_option(A(1));
	int len = odd_length(A(2), 32), fd = FD(0);
	char buf[VALUE];
	socklen_t got;

	if (option_unasked(so->level, so->name))
		return skipped(s);
	if (refused(s, fd, so) && (len < 4 || A(2) == 2 || A(2) == 3))
		return skipped(s);
	if (refused(s, fd, so) && s->raw) {
		put(s, " got=ENOPROTOOPT");
		return 0;
	}
	if (A(2) == 2 || A(2) == 3) {
		got = 16;
		return CALL(s, __NR_getsockopt, fd, so->level, so->name,
		    A(2) == 2 ? bad_pointer : buf,
		    A(2) == 3 ? bad_pointer : &got);
	}
	ask(s, fd, so, len);
	return 0;
}
