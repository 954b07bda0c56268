/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process dies at each point of a call on ping and raw sockets, and of those
 * that tell of sockets: /proc/net, sock_diag.  Others that
 * share the sockets still get answers, and with them closed nothing is left.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/crash/crash.h"
#include "tests/crash/shared.h"

#define ADDR (struct sockaddr *)&sa, sizeof(sa)

/* Of pid 1: all processes of the test share them. */
static int ping, raw, fresh;
static struct sockaddr_in sa;
static char big[5000];

static int
make(int type)
{
	int fd = rump_sys_socket(AF_INET, type | SOCK_NONBLOCK, IPPROTO_ICMP);

	MUST(fd);
	return fd;
}

static void
set_up(void)
{
	struct icmphdr h = { .type = ICMP_ECHO };

	memcpy(big, &h, sizeof(h));
	memset(&sa, 0, sizeof(sa));
	sa.sin_family = AF_INET;
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sa.sin_port = htons(4711);
	ping = make(SOCK_DGRAM);
	MUST(rump_sys_bind(ping, ADDR));
	raw = make(SOCK_RAW);
	fresh = make(SOCK_DGRAM);
}

static void
tear_down(void)
{
	int i;

	for (i = 3; i < 30; i++)
		rump_sys_close(i);
}

static void
do_socket(void)
{
	MUST(rump_sys_close(make(SOCK_RAW)));
	MUST(rump_sys_close(make(SOCK_DGRAM)));
}

static void
do_bind(void)
{
	sa.sin_port = htons(4712);
	MUST(rump_sys_bind(fresh, ADDR));
	MUST(rump_sys_bind(raw, ADDR));
	MUST(rump_sys_close(fresh));
}

static void
do_connect(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	MUST(rump_sys_connect(fresh, ADDR));
	MUST(rump_sys_connect(raw, ADDR));
	MUST(rump_sys_connect(fresh, &none, sizeof(none)));
	MUST(rump_sys_connect(raw, &none, sizeof(none)));
}

static void
do_send(void)
{
	MUST(rump_sys_sendto(ping, big, 64, 0, ADDR));
	MUST(rump_sys_sendto(fresh, big, sizeof(big), 0, ADDR));
	MUST(rump_sys_read(ping, big, sizeof(big)));
	MUST(rump_sys_read(raw, big, sizeof(big)));
}

/* The text of a file of /proc, and an answer from sock_diag's kin. */
static void
do_proc(void)
{
	static const struct {
		struct nlmsghdr nh;
		struct inet_diag_req_v2 rq;
	} ask = { { sizeof(ask), SOCK_DIAG_BY_FAMILY,
		      NLM_F_REQUEST | NLM_F_DUMP, 0, 0 },
		{ .sdiag_family = AF_INET,
		    .sdiag_protocol = IPPROTO_RAW,
		    .idiag_states = ~0U } };
	int fd = rump_sys_open("/proc/net/icmp", O_RDONLY);

	MUST(fd);
	MUST(rump_sys_read(fd, big, sizeof(big)));
	MUST(rump_sys_close(fd));
	fd = rump_sys_open("/proc/net/unix", O_RDONLY);
	MUST(fd);
	MUST(rump_sys_close(fd));
	fd = rump_sys_socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);
	MUST(fd);
	MUST(rump_sys_write(fd, &ask, sizeof(ask)));
	MUST(rump_sys_read(fd, big, sizeof(big)));
	MUST(rump_sys_close(fd));
}

static void
do_close(void)
{
	MUST(rump_sys_sendto(ping, big, sizeof(big), 0, ADDR));
	MUST(rump_sys_close(raw));
	MUST(rump_sys_close(ping));
}

/* A ping still comes back. */
static bool
whole(void)
{
	static char buf[sizeof(big)];

	if (rump_sys_fcntl(ping, F_GETFD) < 0)
		return true;
	while (rump_sys_read(ping, buf, sizeof(buf)) >= 0)
		continue;
	if (rump_sys_sendto(ping, big, 20, 0, ADDR) == 20 &&
	    rump_sys_read(ping, buf, sizeof(buf)) == 20)
		return true;
	tap_diag("no answer, errno %d", errno);
	return false;
}

static const struct sharedcall calls[] = {
	{ "socket", do_socket },
	{ "bind", do_bind },
	{ "connect", do_connect },
	{ "echo", do_send },
	{ "proc and diag", do_proc },
	{ "close", do_close },
	{ NULL, NULL },
};

static const struct shared shared = {
	.sh_setup = set_up,
	.sh_teardown = tear_down,
	.sh_whole = whole,
	.sh_calls = calls,
	.sh_first = do_close,
};

int
main(int argc, char **argv)
{

	return shared_main(&shared, argc, argv);
}
