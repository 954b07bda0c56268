/* SPDX-License-Identifier: BSD-2-Clause */
/* The argument codes of netfuzz made into values: flags, buffers, options. */

#include <errno.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/mman.h>

#include "netfuzz.h"

#define nelem(a) (sizeof(a) / sizeof((a)[0]))

static char *inpool;  /* random bytes, then a guard page */
static char *outpool; /* likewise, filled with FILL before each call */
static char *guard;   /* a PROT_NONE page after a good one */

/* So low that the host places nothing there: it stays unmapped. */
void *const bad_pointer = (void *)0x8000;

#define FILL 0x5a

void
buffers_init(void)
{
	inpool = guarded(POOL);
	randomize(inpool, POOL);
	outpool = guarded(POOL);
	guard = guarded(PAGE) + PAGE;
}

/* The descriptor a code stands for: a slot of the side, or a bad one. */
int
arg_fd(struct side *s, uint32_t code)
{
	static const int bad[] = { -1, 9999, INT_MAX, -7 };

	return code < NSLOT ? s->fd[code] : bad[code & 3];
}

int
arg_domain(uint32_t code)
{
	static const int domains[] = { AF_UNIX, AF_INET, AF_INET6, AF_UNIX,
		AF_INET, AF_INET6, AF_UNIX, AF_INET, AF_INET6, AF_INET6 };

	return domains[code % nelem(domains)];
}

int
arg_type(uint32_t code)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET,
		SOCK_STREAM, SOCK_DGRAM, SOCK_STREAM, SOCK_DGRAM, SOCK_STREAM,
		SOCK_DGRAM, SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET, 0, 4, 15,
		SOCK_RDM };
	int type = types[code % 16];

	if (code & 16)
		type |= SOCK_NONBLOCK;
	if (code & 32)
		type |= SOCK_CLOEXEC;
	if ((code & 0x3c0) == 0x3c0)
		type |= 0x100000;
	return type;
}

size_t
arg_length(uint32_t code)
{
	static const size_t base[] = { 0, 1, 2, 3, 7, 8, 8, 100, 511, 1000,
		1472, 4096, 4097, 8192, 20000, 65507, 65508, 65527, 65528,
		70000, SIZE_MAX, (size_t)1 << 63, (size_t)SSIZE_MAX + 1 };

	return code < nelem(base) ? base[code] : code - nelem(base);
}

/* Flags by bit of the code; the lower ones are the more common. */
static const int msgflags[] = { MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, MSG_NOSIGNAL,
	MSG_WAITALL, MSG_OOB, MSG_CMSG_CLOEXEC, MSG_WAITFORONE, MSG_EOR,
	MSG_MORE, MSG_ERRQUEUE, MSG_DONTROUTE, MSG_CONFIRM, MSG_CTRUNC,
	MSG_CTRUNC, MSG_FIN, MSG_SYN, MSG_RST, 0x20000, 0x40000, 0x80000,
	1 << 24, (int)0x80000000 };
const char *const msgflag_names[] = { "DONTWAIT", "PEEK", "TRUNC", "NOSIGNAL",
	"WAITALL", "OOB", "CMSG_CLOEXEC", "WAITFORONE", "EOR", "MORE",
	"ERRQUEUE", "DONTROUTE", "CONFIRM", "CTRUNC", "CTRUNC", "FIN", "SYN",
	"RST", "0x20000", "0x40000", "0x80000", "1<<24", "1<<31", NULL };

int
arg_msgflags(uint32_t code)
{
	int flags = 0;

	for (size_t i = 0; i < nelem(msgflags); i++)
		if (code & (1U << i))
			flags |= msgflags[i];
	/* What is not looked at, is not copied either by the host. */
	if (flags & MSG_OOB)
		flags &= ~MSG_TRUNC;
	return flags;
}

/* The low byte of a code says how bad a buffer is. */
bool
bad_buffer(uint32_t code)
{
	return (code & 0xff) >= 1 && (code & 0xff) <= 5;
}

static void *
buffer(uint32_t code, char *pool)
{
	switch (code & 0xff) {
	case 1:
		return NULL;
	case 2:
		return (char *)8;
	case 3:
		return bad_pointer;
	case 4:
		return guard;
	case 5:
		return (char *)0x8000000000000000UL;
	default:
		return pool + (code >> 8) % (POOL - MAXLEN);
	}
}

void *
arg_in(uint32_t code)
{
	return buffer(code, inpool);
}

/* A buffer to fill, of which len bytes will be looked at. */
void *
arg_out(uint32_t code, size_t len)
{
	char *p = buffer(code, outpool);

	if (!bad_buffer(code))
		memset(p, FILL, len < MAXLEN ? len : MAXLEN);
	return p;
}

/* What is in it after the call. */
uint64_t
arg_outhash(uint32_t code, size_t len)
{
	return bad_buffer(code) ?
	    0 :
	    hash(buffer(code, outpool), len < MAXLEN ? len : MAXLEN);
}

/* Codes name an option: common ones first, then any number of a level. */
const struct sockoption *
arg_option(uint32_t code)
{
	static const struct sockoption common[] = {
		{ SOL_SOCKET, SO_REUSEADDR },
		{ SOL_SOCKET, SO_REUSEPORT },
		{ SOL_SOCKET, SO_ERROR },
		{ SOL_SOCKET, SO_ERROR },
		{ SOL_SOCKET, SO_LINGER },
		{ SOL_SOCKET, SO_RCVLOWAT },
		{ SOL_SOCKET, SO_PASSCRED },
		{ SOL_SOCKET, SO_PEERCRED },
		{ SOL_SOCKET, SO_OOBINLINE },
		{ SOL_SOCKET, SO_RCVTIMEO },
		{ SOL_SOCKET, SO_SNDTIMEO },
		{ SOL_SOCKET, SO_SNDBUF },
		{ SOL_SOCKET, SO_RCVBUF },
		{ SOL_SOCKET, SO_BROADCAST },
		{ SOL_SOCKET, SO_TIMESTAMP },
		{ SOL_SOCKET, SO_BINDTODEVICE },
		{ SOL_SOCKET, SO_ACCEPTCONN },
		{ IPPROTO_IPV6, IPV6_V6ONLY },
		{ IPPROTO_IPV6, IPV6_RECVPKTINFO },
		{ IPPROTO_IPV6, IPV6_RECVHOPLIMIT },
		{ IPPROTO_IPV6, IPV6_RECVERR },
		{ IPPROTO_IP, IP_PKTINFO },
		{ IPPROTO_IP, IP_RECVTTL },
		{ IPPROTO_IP, IP_TTL },
		{ IPPROTO_IP, IP_TOS },
		{ IPPROTO_IP, IP_RECVERR },
		{ IPPROTO_IP, IP_ADD_MEMBERSHIP },
		{ IPPROTO_IP, IP_DROP_MEMBERSHIP },
		{ IPPROTO_IP, IP_MULTICAST_IF },
		{ IPPROTO_IPV6, IPV6_JOIN_GROUP },
		{ IPPROTO_IPV6, IPV6_LEAVE_GROUP },
		{ IPPROTO_TCP, TCP_NODELAY },
		{ IPPROTO_TCP, TCP_INFO },
	};
	static const int levels[] = { SOL_SOCKET, IPPROTO_IP, IPPROTO_IPV6,
		IPPROTO_TCP, IPPROTO_UDP, SOL_SOCKET, 255, 999 };
	static struct sockoption so;

	if (code < nelem(common))
		return &common[code];
	code -= nelem(common);
	so.level = levels[code % 8];
	so.name = (int)(code / 8 % 120);
	return &so;
}

int
arg_value(uint32_t code)
{
	static const int values[] = { 1, 0, 2, -1, 3, 64, 100, 127, 128, 255,
		256, 1000, 4096, 65535, 65536, INT_MAX, INT_MIN, -2 };

	return values[code % nelem(values)];
}
