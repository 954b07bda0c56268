/* SPDX-License-Identifier: BSD-2-Clause */
/* NETLINK_SOCK_DIAG: what requests are answered with, as the host does. */
#define _GNU_SOURCE
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/un.h>

#include "tests/unit/netboth.h"

SUITE(diag);

#define ALL               ~0U
#define OP(code, yes, no) (code) | (yes) << 8 | (unsigned)(no) << 16

static struct {
	struct nlmsghdr nh;
	char body[400];
} ask;
static char answer[32768];
static uint16_t port;
static ino_t ino;

static int
diag_socket(void)
{
	int fd = net->socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG);

	if (fd < 0)
		cr_skip_test("no sock_diag here");
	return fd;
}

/* What comes: of sockets only those with our port or inode. */
static void
hear(int fd)
{
	struct nlmsghdr *nh;
	struct inet_diag_msg *im;
	struct unix_diag_msg *um;
	bool more = true;
	ssize_t n;
	int error;

	while (more) {
		n = net->recvfrom(fd, answer, sizeof(answer), MSG_DONTWAIT,
		    NULL, NULL);
		if (n < 0) {
			SAY("recv %s\n", strerrorname_np(errno));
			return;
		}
		for (nh = (void *)answer; NLMSG_OK(nh, n);
		     nh = NLMSG_NEXT(nh, n)) {
			more = (nh->nlmsg_flags & NLM_F_MULTI) != 0;
			if (nh->nlmsg_type == NLMSG_ERROR) {
				memcpy(&error, NLMSG_DATA(nh), sizeof(error));
				SAY("error %s\n",
				    error == 0 ? "0" : strerrorname_np(-error));
				continue;
			}
			if (nh->nlmsg_type == NLMSG_DONE) {
				memcpy(&error, NLMSG_DATA(nh), sizeof(error));
				SAY("done %d\n", error);
				more = false;
				continue;
			}
			im = NLMSG_DATA(nh);
			um = NLMSG_DATA(nh);
			if (im->idiag_family == AF_UNIX) {
				if (um->udiag_ino == (uint32_t)ino)
					SAY("unix type %d state %d\n",
					    um->udiag_type, um->udiag_state);
			} else if (im->id.idiag_sport == port ||
			    im->id.idiag_dport == port)
				SAY("family %d state %d timer %d queues %u "
				    "%u uid %u flags %x\n",
				    im->idiag_family, im->idiag_state,
				    im->idiag_timer, im->idiag_rqueue,
				    im->idiag_wqueue, im->idiag_uid,
				    nh->nlmsg_flags);
		}
	}
}

/* One request with so much of a body. */
static void
request(int fd, int type, int flags, size_t len)
{
	ask.nh.nlmsg_len = NLMSG_HDRLEN + len;
	ask.nh.nlmsg_type = type;
	ask.nh.nlmsg_flags = NLM_F_REQUEST | flags;
	ask.nh.nlmsg_seq++;
	SAY("type %d flags %x len %zu: ", type, flags, len);
	R(net->sendto(fd, &ask, NLMSG_HDRLEN + len, 0, NULL, 0));
	hear(fd);
}

static void
inet_request(int family, int proto, uint32_t states)
{
	struct inet_diag_req_v2 rq = { .sdiag_family = family,
		.sdiag_protocol = proto,
		.idiag_states = states };

	memset(ask.body, 0, sizeof(ask.body));
	memcpy(ask.body, &rq, sizeof(rq));
}

/* A listener and a connection. */
static void
some_sockets(int fds[3])
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t n = sizeof(sa);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fds[0] = net->socket(AF_INET, SOCK_STREAM, 0);
	R(net->bind(fds[0], (void *)&sa, sizeof(sa)));
	R(net->listen(fds[0], 3));
	R(net->getsockname(fds[0], (void *)&sa, &n));
	port = sa.sin_port;
	fds[1] = net->socket(AF_INET, SOCK_STREAM, 0);
	R(net->connect(fds[1], (void *)&sa, sizeof(sa)));
	fds[2] = R(net->accept(fds[0], NULL, NULL));
}

static void
no_sockets(int fds[3])
{
	int i;

	for (i = 0; i < 3; i++)
		net->close(fds[i]);
}

SCENARIO(diag, requests)
{
	struct unix_diag_req *uq = (void *)ask.body;
	int fd = diag_socket(), fds[3];

	some_sockets(fds);
	inet_request(AF_INET, IPPROTO_TCP, ALL);
	request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP,
	    sizeof(struct inet_diag_req_v2));
	request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, 20);
	request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, 1);
	request(fd, SOCK_DIAG_BY_FAMILY, 0, sizeof(struct inet_diag_req_v2));
	request(fd, 99, NLM_F_DUMP, sizeof(struct inet_diag_req_v2));
	inet_request(AF_INET, IPPROTO_TCP, 1 << 10);
	request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP,
	    sizeof(struct inet_diag_req_v2));
	inet_request(AF_INET, IPPROTO_TCP, 0);
	request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP,
	    sizeof(struct inet_diag_req_v2));
	inet_request(AF_INET6, IPPROTO_TCP, ALL);
	request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP,
	    sizeof(struct inet_diag_req_v2));
	inet_request(200, IPPROTO_TCP, ALL);
	request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP,
	    sizeof(struct inet_diag_req_v2));
	inet_request(AF_INET, 200, ALL);
	request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP,
	    sizeof(struct inet_diag_req_v2));
	memset(ask.body, 0, sizeof(ask.body));
	uq->sdiag_family = AF_UNIX;
	request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, 8);
	request(fd, SOCK_DIAG_BY_FAMILY, 0, sizeof(*uq));
	uq->udiag_ino = 0x7fffffff;
	request(fd, SOCK_DIAG_BY_FAMILY, 0, sizeof(*uq));
	no_sockets(fds);
	net->close(fd);
}

/* One by its names. */
SCENARIO(diag, exactly_one)
{
	struct inet_diag_req_v2 *rq = (void *)ask.body;
	int fd = diag_socket(), fds[3];

	some_sockets(fds);
	inet_request(AF_INET, IPPROTO_TCP, ALL);
	rq->id.idiag_sport = port;
	rq->id.idiag_src[0] = htonl(INADDR_LOOPBACK);
	rq->id.idiag_cookie[0] = rq->id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	request(fd, SOCK_DIAG_BY_FAMILY, 0, sizeof(*rq));
	rq->id.idiag_cookie[0] = 4711;
	request(fd, SOCK_DIAG_BY_FAMILY, 0, sizeof(*rq));
	rq->id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
	rq->id.idiag_sport = 0;
	request(fd, SOCK_DIAG_BY_FAMILY, 0, sizeof(*rq));
	no_sockets(fds);
	net->close(fd);
}

/* A program of n words. */
static void
filter(int fd, const uint32_t *prog, size_t n)
{
	struct nlattr *na = (void *)(ask.body +
	    sizeof(struct inet_diag_req_v2));

	inet_request(AF_INET, IPPROTO_TCP, ALL);
	na->nla_type = INET_DIAG_REQ_BYTECODE;
	na->nla_len = NLA_HDRLEN + n * 4;
	memcpy(na + 1, prog, n * 4);
	request(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP,
	    sizeof(struct inet_diag_req_v2) + na->nla_len);
}

SCENARIO(diag, filters)
{
	int fd = diag_socket(), fds[3];
	uint32_t own;
	size_t i;

	some_sockets(fds);
	own = (uint32_t)ntohs(port) << 16;
	{
		const uint32_t progs[][8] = {
			{ 2, OP(INET_DIAG_BC_S_GE, 8, 12), 1 << 16 },
			{ 2, OP(INET_DIAG_BC_S_LE, 8, 12), 1 << 16 },
			{ 2, OP(INET_DIAG_BC_S_EQ, 8, 12), own },
			{ 2, OP(INET_DIAG_BC_D_EQ, 8, 12), own },
			{ 4, OP(INET_DIAG_BC_S_EQ, 8, 20), own,
			    OP(INET_DIAG_BC_D_LE, 8, 12), 0 },
			/* Either of two. */
			{ 5, OP(INET_DIAG_BC_S_EQ, 8, 12), own,
			    OP(INET_DIAG_BC_JMP, 4, 12),
			    OP(INET_DIAG_BC_D_EQ, 8, 12), own },
			{ 4, OP(INET_DIAG_BC_S_COND, 16, 20), AF_INET | 8 << 8,
			    (uint32_t)-1, 0x7f },
			{ 4, OP(INET_DIAG_BC_D_COND, 16, 20), AF_INET | 32 << 8,
			    (uint32_t)-1, 0x0100007f },
			{ 1, OP(INET_DIAG_BC_NOP, 4, 4) },
			/* What no program may be. */
			{ 1, OP(INET_DIAG_BC_NOP, 8, 4) },
			{ 1, OP(INET_DIAG_BC_NOP, 0, 4) },
			{ 1, OP(INET_DIAG_BC_S_EQ, 4, 8) },
			{ 2, OP(INET_DIAG_BC_S_EQ, 8, 16), own },
			{ 2, OP(INET_DIAG_BC_S_EQ, 8, 2), own },
			{ 2, OP(INET_DIAG_BC_S_EQ, 6, 12), own },
			{ 2, OP(99, 8, 12), own },
			{ 3, OP(INET_DIAG_BC_S_COND, 12, 16), AF_INET | 33 << 8,
			    (uint32_t)-1 },
			{ 3, OP(INET_DIAG_BC_S_COND, 12, 16), AF_INET | 8 << 8,
			    (uint32_t)-1 },
			{ 4, OP(INET_DIAG_BC_S_COND, 16, 20), 77 | 8 << 8,
			    (uint32_t)-1, 0 },
			{ 0 },
		};

		for (i = 0; i < sizeof(progs) / sizeof(progs[0]); i++) {
			SAY("%zu: ", i);
			filter(fd, &progs[i][1], progs[i][0]);
		}
	}
	no_sockets(fds);
	net->close(fd);
}
