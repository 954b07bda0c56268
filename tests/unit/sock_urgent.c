/* SPDX-License-Identifier: BSD-2-Clause */
/* Urgent bytes of local streams, and what goes along with them. */
#include <sys/epoll.h>

#include "tests/unit/netinet.h"

SUITE(urgent);

static int sv[2];

static void
sends(const char *what, size_t n, int flags, int fd)
{
	char ctl[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { (void *)what, n };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *m;

	if (fd >= 0) {
		mh.msg_control = ctl;
		mh.msg_controllen = sizeof(ctl);
		m = CMSG_FIRSTHDR(&mh);
		m->cmsg_level = SOL_SOCKET;
		m->cmsg_type = SCM_RIGHTS;
		m->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(m), &fd, sizeof(fd));
	}
	N(net->sendmsg(sv[0], &mh, flags | MSG_NOSIGNAL));
}

static void
comes(int flags)
{
	union {
		char raw[200];
		struct cmsghdr align;
	} ctl;
	struct iovec iov = { buf, 10 };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.raw,
		.msg_controllen = sizeof(ctl) };
	struct cmsghdr *m;
	int at = -1, pid = net == &host_net ? getpid() : rump_sys_getpid();
	long r;

	memset(buf, 0, 20);
	errno = 0;
	r = net->recvmsg(sv[1], &mh, flags | MSG_DONTWAIT);
	SAY("%x: %ld %d '%s'", (unsigned)flags, r, errno, buf);
	for (m = r < 0 ? NULL : CMSG_FIRSTHDR(&mh); m != NULL;
	     m = CMSG_NXTHDR(&mh, m)) {
		SAY(" [%d: %zu]", m->cmsg_type, m->cmsg_len);
		if (m->cmsg_type == SCM_RIGHTS)
			net->close(*(int *)(void *)CMSG_DATA(m));
		else
			SAY(" %d",
			    ((struct ucred *)(void *)CMSG_DATA(m))->pid == pid);
	}
	net->ioctl(sv[1], SIOCATMARK, &at);
	SAY(" mark %d\n", at);
	events(sv[1]);
}

/* cred: the receiver wants to know who sends; first: it asks for the byte. */
static void
one(int cred, int first, int fd, size_t n, int inl)
{
	SAY("cred %d first %d fd %d n %zu inline %d\n", cred, first, fd >= 0, n,
	    inl);
	R((net == &host_net ? socketpair : rump_sys_socketpair)(AF_UNIX,
	    SOCK_STREAM, 0, sv));
	set(sv[1], SOL_SOCKET, SO_PASSCRED, cred);
	set(sv[1], SOL_SOCKET, SO_OOBINLINE, inl);
	sends("xy", 2, 0, -1);
	sends("abc", n, MSG_OOB, fd >= 0 ? sv[0] : -1);
	sends("uv", 2, 0, -1);
	if (first)
		comes(MSG_OOB);
	comes(0);
	comes(0);
	comes(0);
	comes(0);
	if (!first)
		comes(MSG_OOB);
	net->close(sv[0]);
	net->close(sv[1]);
}

static void
all(int cred, int first)
{
	int i;

	for (i = 0; i < 8; i++)
		one(cred, first, i & 1 ? 0 : -1, i & 2 ? 3 : 1, i >> 2);
}

SCENARIO(urgent, plain)
{
	all(0, 0);
}

SCENARIO(urgent, asked_for)
{
	all(0, 1);
}

SCENARIO(urgent, signed)
{
	all(1, 0);
}

SCENARIO(urgent, signed_and_asked_for)
{
	all(1, 1);
}

/* A set that waits for nothing else is told of it. */
static void
set_of(int from, int to)
{
	struct epoll_event ev = { .events = EPOLLPRI };
	bool host = net == &host_net;
	int ep = (host ? epoll_create1 : rump_sys_epoll_create1)(0);

	R((host ? epoll_ctl : rump_sys_epoll_ctl)(ep, EPOLL_CTL_ADD, to, &ev));
	net->sendto(from, "a", 1, 0, NULL, 0);
	N((host ? epoll_wait : rump_sys_epoll_wait)(ep, &ev, 1, 0));
	net->sendto(from, "X", 1, MSG_OOB, NULL, 0);
	N((host ? epoll_wait : rump_sys_epoll_wait)(ep, &ev, 1, 0));
	SAY("%x\n", ev.events);
	net->close(ep);
}

SCENARIO(urgent, epoll_set)
{
	R((net == &host_net ? socketpair : rump_sys_socketpair)(AF_UNIX,
	    SOCK_STREAM, 0, sv));
	set_of(sv[0], sv[1]);
	net->close(sv[0]);
	net->close(sv[1]);
	pair();
	set_of(c, s);
	end();
}
