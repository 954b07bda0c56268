/* SPDX-License-Identifier: BSD-2-Clause */
/* sockmsg: what tests of messages between local sockets have in common. */
#ifndef TESTS_UNIT_SOCKMSG_H
#define TESTS_UNIT_SOCKMSG_H

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include "tests/unit/unit.h"

#define rump_sys_send(fd, buf, len, flags) \
	rump_sys_sendto(fd, buf, len, flags, NULL, 0)
#define rump_sys_recv(fd, buf, len, flags) \
	rump_sys_recvfrom(fd, buf, len, flags, NULL, NULL)

static int sv[2], pkt[2], dg[2];

static inline void
start(void)
{
	boot();
	signal(SIGPIPE, SIG_IGN);
	OK(rump_sys_socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	OK(rump_sys_socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pkt));
	OK(rump_sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, dg));
}

static inline void
end(void)
{
	int i;

	/* What a test left open is no fault, but nobody holds it then. */
	for (i = 3; i < 1000; i++)
		rump_sys_close(i);
	finish();
}

/* A message with control data of `len' bytes. */
struct msg {
	struct msghdr m_hdr;
	struct iovec m_iov;
	union {
		char m_ctl[CMSG_SPACE(260 * sizeof(int)) + 100];
		struct cmsghdr m_align;
	};
	char m_data[100];
};

static inline struct msghdr *
message(struct msg *m, size_t datalen, size_t ctllen)
{
	memset(m, 0, sizeof(*m));
	m->m_iov = (struct iovec){ m->m_data, datalen };
	m->m_hdr.msg_iov = &m->m_iov;
	m->m_hdr.msg_iovlen = 1;
	m->m_hdr.msg_control = ctllen != 0 ? m->m_ctl : NULL;
	m->m_hdr.msg_controllen = ctllen;
	return &m->m_hdr;
}

/* Send n bytes with some descriptors. */
static inline ssize_t
give(int sock, const char *data, const int *fds, size_t nfds)
{
	struct msg m;
	struct msghdr *h = message(&m, strlen(data),
	    CMSG_SPACE(nfds * sizeof(int)));
	struct cmsghdr *c = CMSG_FIRSTHDR(h);

	strcpy(m.m_data, data);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
	memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	return rump_sys_sendmsg(sock, h, 0);
}

/* Receive up to n bytes; *fd the first descriptor or -1; how many in *nfds. */
static inline ssize_t
take(int sock, size_t n, int flags, int *fd, size_t *nfds, int *out)
{
	struct msg m;
	struct msghdr *h = message(&m, n, CMSG_SPACE(253 * sizeof(int)));
	struct cmsghdr *c;
	ssize_t got = rump_sys_recvmsg(sock, h, flags);

	*fd = -1;
	*nfds = 0;
	if (got < 0)
		return got;
	if (out != NULL)
		*out = h->msg_flags;
	c = CMSG_FIRSTHDR(h);
	if (h->msg_controllen != 0 && c->cmsg_type == SCM_RIGHTS) {
		*nfds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	}
	return got;
}

static inline void
close2(int a, int b)
{
	OK(rump_sys_close(a));
	OK(rump_sys_close(b));
}

#endif
