/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's side of netfuzz: calls that go past the shim, a network
 * namespace, and waiting until its packets have arrived.
 *
 * The host's loopback device puts a packet on a queue of the processor that
 * sends it, and that queue is usually, but not always, worked off before the
 * call returns.  A round is bound to one processor; a datagram sent to itself
 * arrives when all that was queued before it has been delivered.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "netfuzz.h"

#define HOPS      4    /* packets that answer each other: SYN, SYN|ACK, ACK */
#define UNSENT_MS 1500 /* what is held back goes out within this */

#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

static int mine[2] = { -1, -1 };

/* A system call that is no libc's, so the shim does not see it. */
static long
raw(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			 "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static long
host(long nr, long a, long b, long c, long d, long e)
{
	long ret = raw(nr, a, b, c, d, e, 0);

	if (ret < 0 && ret > -4096) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

long
side_syscall(struct side *s, long nr, long a, long b, long c, long d, long e,
    long f)
{
	long ret;

	if (!s->raw)
		return syscall(nr, a, b, c, d, e, f);
	ret = raw(nr, a, b, c, d, e, f);
	if (ret < 0 && ret > -4096) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

/* A socket of libc's is unknown to the host if it is rump's. */
bool
shimmed(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), v;
	socklen_t len = sizeof(v);
	long r;

	r = host(__NR_getsockopt, fd, SOL_SOCKET, SO_TYPE, (long)&v,
	    (long)&len);
	close(fd);
	return r == -1;
}

static void
tell(const char *name, const char *value)
{
	long fd = host(__NR_openat, AT_FDCWD, (long)name, O_WRONLY, 0, 0);

	if (fd == -1)
		return;
	host(__NR_write, fd, (long)value, (long)strlen(value), 0, 0);
	host(__NR_close, fd, 0, 0, 0, 0);
}

/* The same ids in a namespace of users, for who is not root. */
static bool
own_users(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[64];

	if (host(__NR_unshare, CLONE_NEWUSER | CLONE_NEWNET, 0, 0, 0, 0) == -1)
		return false;
	tell("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	tell("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	tell("/proc/self/gid_map", map);
	return true;
}

/* A network with nothing but lo, so that ports and names are free. */
bool
net_own(void)
{
	struct ifreq ifr = { .ifr_flags = IFF_UP };
	long fd;

	if (host(__NR_unshare, CLONE_NEWNET, 0, 0, 0, 0) == -1 && !own_users())
		return false;
	strcpy(ifr.ifr_name, "lo");
	fd = host(__NR_socket, AF_INET, SOCK_DGRAM, 0, 0, 0);
	host(__NR_ioctl, fd, SIOCSIFFLAGS, (long)&ifr, 0, 0);
	host(__NR_close, fd, 0, 0, 0, 0);
	/* Errors are not to depend on how many there were lately. */
	tell("/proc/sys/net/ipv4/icmp_ratemask", "0");
	tell("/proc/sys/net/ipv6/icmp/ratemask", "");
	tell("/proc/sys/net/ipv4/icmp_msgs_per_sec", "1000000");
	tell("/proc/sys/net/ipv4/icmp_msgs_burst", "1000000");
	return true;
}

static void
one_processor(void)
{
	unsigned long mask[16] = { 0 };
	unsigned cpu = 0;

	host(__NR_getcpu, (long)&cpu, 0, 0, 0, 0);
	mask[cpu / 64 % 16] = 1UL << cpu % 64;
	host(__NR_sched_setaffinity, 0, sizeof(mask), (long)mask, 0, 0);
}

/* The two ends that net_settle() sends between. */
void
net_start(void)
{
	struct sockaddr_in sin[2];
	socklen_t len = sizeof(sin[0]);

	one_processor();
	for (int i = 0; i < 2; i++) {
		memset(&sin[i], 0, sizeof(sin[i]));
		sin[i].sin_family = AF_INET;
		sin[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		mine[i] = (int)host(__NR_socket, AF_INET,
		    SOCK_DGRAM | SOCK_CLOEXEC, 0, 0, 0);
		/* Numbers of the sides' descriptors are lower. */
		mine[i] = (int)host(__NR_fcntl, mine[i], F_DUPFD_CLOEXEC,
		    900 + i, 0, 0);
		host(__NR_bind, mine[i], (long)&sin[i], len, 0, 0);
		host(__NR_getsockname, mine[i], (long)&sin[i], (long)&len, 0,
		    0);
	}
	host(__NR_connect, mine[0], (long)&sin[1], len, 0, 0);
}

static void
settle_once(void)
{
	struct pollfd pfd = { .fd = mine[1], .events = POLLIN };
	char byte = 0;

	if (host(__NR_sendto, mine[0], (long)&byte, 1, 0, 0) != 1)
		return;
	while (host(__NR_recvfrom, mine[1], (long)&byte, 1, MSG_DONTWAIT, 0) !=
	    1)
		host(__NR_poll, (long)&pfd, 1, 1000, 0, 0);
}

/* Does the socket's state allow it to send? */
static bool
sends(int fd)
{
	unsigned char info[256] = { TCP_CLOSE };
	socklen_t len = sizeof(info);

	host(__NR_getsockopt, fd, IPPROTO_TCP, TCP_INFO, (long)info,
	    (long)&len);
	return info[0] == TCP_ESTABLISHED || info[0] == TCP_CLOSE_WAIT ||
	    info[0] == TCP_FIN_WAIT1 || info[0] == TCP_CLOSING;
}

/* Is anything held back, by a cork or to make fuller packets? */
static bool
unsent(struct side *s)
{
	int v;

	for (int i = 0; i < NSLOT; i++)
		if (s->fd[i] != -1 &&
		    host(__NR_ioctl, s->fd[i], SIOCOUTQNSD, (long)&v, 0, 0) ==
			0 &&
		    v != 0 && sends(s->fd[i]))
			return true;
	return false;
}

/* Wait until what a side has sent has come to where it goes. */
void
net_settle(struct side *s)
{
	struct timespec nap = { 0, 1000000 };
	int error = errno;

	if (!s->raw)
		return;
	for (int i = 0; i < HOPS; i++)
		settle_once();
	for (int ms = 0; ms < UNSENT_MS && unsent(s); ms++) {
		host(__NR_nanosleep, (long)&nap, 0, 0, 0, 0);
		for (int i = 0; i < HOPS; i++)
			settle_once();
	}
	errno = error;
}

/* How much memory, as the host counts, a socket's queue takes. */
static unsigned
memory(struct side *s, int fd, int which)
{
	unsigned mem[16] = { 0 };
	socklen_t len = sizeof(mem);

	CALL(s, __NR_getsockopt, fd, SOL_SOCKET, SO_MEMINFO, mem, &len);
	return mem[which];
}

#define QUEUED_IN  0 /* SK_MEMINFO_RMEM_ALLOC */
#define QUEUED_OUT 2 /* SK_MEMINFO_WMEM_ALLOC */
#define MUCH_IN    (48 * 1024)
#define MUCH_OUT   (32 * 1024)
#define LITTLE     200

/*
 * What fits in a queue depends on the host's accounting of memory, so queues
 * are kept far from full.  Asked of the host, for both sides: may so much be
 * sent?  The length is made less if not.
 */
bool
net_room(struct side *s, int fd, size_t *len)
{
	static size_t most;
	int error = errno;

	if (s->index == 0) {
		bool full = memory(s, fd, QUEUED_OUT) > MUCH_OUT;
		bool inet = fd_domain(s, fd) != AF_UNIX, busy = false;

		for (int i = 0; i < NSLOT; i++) {
			unsigned n = s->fd[i] == -1 ?
			    0 :
			    memory(s, s->fd[i], QUEUED_IN);

			full |= inet && n > MUCH_IN;
			busy |= inet && n != 0;
		}
		/* A connection that is not accepted yet counts nowhere. */
		most = full         ? 0 :
		    fd_istcp(s, fd) ? (busy ? LITTLE : 8000) :
		    inet && busy    ? 2000 :
		    inet            ? MAXLEN :
		    memory(s, fd, QUEUED_OUT) > MUCH_OUT / 4 ? LITTLE :
							       MAXLEN / 5;
	}
	errno = error;
	if (*len <= MAXLEN && *len > most)
		*len = most;
	return most != 0;
}
