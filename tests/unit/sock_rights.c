/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages: struct msghdr, and rights and credentials between local sockets. */
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

static void
start(void)
{
	boot();
	signal(SIGPIPE, SIG_IGN);
	OK(rump_sys_socketpair(AF_UNIX, SOCK_STREAM, 0, sv));
	OK(rump_sys_socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pkt));
	OK(rump_sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, dg));
}

static void
end(void)
{
	int i;

	/* What a test left open is no fault, but nobody holds it then. */
	for (i = 3; i < 1000; i++)
		rump_sys_close(i);
	finish();
}

TestSuite(sock_rights, .init = start, .fini = end, .timeout = 60);

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

static struct msghdr *
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
static ssize_t
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
static ssize_t
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

static void
close2(int a, int b)
{
	OK(rump_sys_close(a));
	OK(rump_sys_close(b));
}

/* A pipe's reading end is open as long as anybody has the writing end. */
static bool
hangs_up(int rd)
{
	char c;

	return rump_sys_read(rd, &c, 1) == 0;
}

/* --- Rights --------------------------------------------------------------- */

static void
pass_a_pipe(int from, int to)
{
	int p[2], fd, out;
	size_t n;
	char c;

	OK(rump_sys_pipe2(p, O_NONBLOCK));
	EQ(give(from, "x", &p[1], 1), 1);
	OK(rump_sys_close(p[1]));
	FAILS(rump_sys_read(p[0], &c, 1), EAGAIN);
	EQ(take(to, 10, MSG_CMSG_CLOEXEC, &fd, &n, &out), 1);
	EQ(n, 1);
	EQ(out, MSG_CMSG_CLOEXEC);
	EQ(rump_sys_fcntl(fd, F_GETFD), FD_CLOEXEC);
	EQ(rump_sys_write(fd, "y", 1), 1);
	EQ(rump_sys_read(p[0], &c, 1), 1);
	OK(rump_sys_close(fd));
	cr_assert(hangs_up(p[0]));
	OK(rump_sys_close(p[0]));
}

Test(sock_rights, files_pass_on_every_kind_of_socket)
{
	pass_a_pipe(sv[0], sv[1]);
	pass_a_pipe(pkt[0], pkt[1]);
	pass_a_pipe(dg[0], dg[1]);
	pass_a_pipe(dg[1], dg[0]);
}

Test(sock_rights, files_of_messages_not_received_go_with_the_socket)
{
	int p[2], *pair[3] = { sv, pkt, dg }, i;

	for (i = 0; i < 3; i++) {
		OK(rump_sys_pipe2(p, O_NONBLOCK));
		EQ(give(pair[i][0], "x", &p[1], 1), 1);
		OK(rump_sys_close(p[1]));
		OK(rump_sys_close(pair[i][0]));
		cr_assert_not(hangs_up(p[0]));
		OK(rump_sys_close(pair[i][1]));
		cr_assert(hangs_up(p[0]));
		OK(rump_sys_close(p[0]));
	}
}

Test(sock_rights, plain_read_throws_files_away)
{
	int p[2], *pair[3] = { sv, pkt, dg }, i;
	char c;

	for (i = 0; i < 3; i++) {
		OK(rump_sys_pipe2(p, O_NONBLOCK));
		EQ(give(pair[i][0], "x", &p[1], 1), 1);
		OK(rump_sys_close(p[1]));
		EQ(rump_sys_read(pair[i][1], &c, 1), 1);
		cr_assert(hangs_up(p[0]));
		OK(rump_sys_close(p[0]));
	}
}

Test(sock_rights, stream_read_ends_behind_a_message_with_files)
{
	int p[2], fd, out;
	size_t n;

	OK(rump_sys_pipe2(p, O_NONBLOCK));
	EQ(rump_sys_write(sv[0], "ab", 2), 2);
	EQ(give(sv[0], "cd", p, 2), 2);
	EQ(rump_sys_write(sv[0], "ef", 2), 2);
	EQ(give(sv[0], "gh", p, 1), 2);
	EQ(give(sv[0], "ij", p, 1), 2);
	/* Bytes before come along; those after do not. */
	EQ(take(sv[1], 50, 0, &fd, &n, &out), 4);
	EQ(n, 2);
	EQ(out, 0);
	close2(fd, fd + 1);
	EQ(take(sv[1], 3, MSG_WAITALL, &fd, &n, &out), 3);
	EQ(n, 1);
	OK(rump_sys_close(fd));
	EQ(take(sv[1], 3, MSG_WAITALL, &fd, &n, &out), 3);
	EQ(n, 1);
	OK(rump_sys_close(fd));
	close2(p[0], p[1]);
}

Test(sock_rights, first_byte_brings_the_files)
{
	int p[2], fd;
	size_t n;

	OK(rump_sys_pipe2(p, O_NONBLOCK));
	EQ(rump_sys_write(sv[0], "ab", 2), 2);
	EQ(give(sv[0], "cd", p, 1), 2);
	EQ(rump_sys_write(sv[0], "ef", 2), 2);
	EQ(take(sv[1], 2, 0, &fd, &n, NULL), 2);
	EQ(n, 0);
	EQ(take(sv[1], 1, 0, &fd, &n, NULL), 1);
	EQ(n, 1);
	OK(rump_sys_close(fd));
	EQ(take(sv[1], 10, 0, &fd, &n, NULL), 3);
	EQ(n, 0);
	close2(p[0], p[1]);
}

static void
peek_at(int from, int to)
{
	int p[2], fd;
	size_t n;

	OK(rump_sys_pipe2(p, O_NONBLOCK));
	EQ(give(from, "xy", &p[1], 1), 2);
	OK(rump_sys_close(p[1]));
	EQ(take(to, 1, MSG_PEEK, &fd, &n, NULL), 1);
	EQ(n, 1);
	OK(rump_sys_close(fd));
	cr_assert_not(hangs_up(p[0]));
	EQ(take(to, 10, 0, &fd, &n, NULL), 2);
	EQ(n, 1);
	OK(rump_sys_close(fd));
	cr_assert(hangs_up(p[0]));
	OK(rump_sys_close(p[0]));
}

Test(sock_rights, peek_gives_copies)
{
	peek_at(sv[0], sv[1]);
	peek_at(pkt[0], pkt[1]);
	peek_at(dg[0], dg[1]);
}

Test(sock_rights, control_that_does_not_fit_is_ctrunc)
{
	struct msg m;
	int p[2], fds[3];

	OK(rump_sys_pipe2(p, O_NONBLOCK));
	fds[0] = fds[1] = fds[2] = p[1];
	EQ(give(dg[0], "x", fds, 3), 1);
	EQ(give(dg[0], "x", fds, 3), 1);
	EQ(give(dg[0], "x", fds, 3), 1);
	OK(rump_sys_close(p[1]));
	/* Room for one, or for nothing. */
	message(&m, 10, CMSG_LEN(sizeof(int)));
	EQ(rump_sys_recvmsg(dg[1], &m.m_hdr, 0), 1);
	EQ(m.m_hdr.msg_flags, MSG_CTRUNC);
	EQ(m.m_hdr.msg_controllen, CMSG_LEN(sizeof(int)));
	EQ(CMSG_FIRSTHDR(&m.m_hdr)->cmsg_len, CMSG_LEN(sizeof(int)));
	memcpy(&p[1], CMSG_DATA(CMSG_FIRSTHDR(&m.m_hdr)), sizeof(int));
	OK(rump_sys_close(p[1]));
	message(&m, 10, sizeof(struct cmsghdr));
	EQ(rump_sys_recvmsg(dg[1], &m.m_hdr, 0), 1);
	EQ(m.m_hdr.msg_flags, MSG_CTRUNC);
	EQ(m.m_hdr.msg_controllen, 0);
	message(&m, 10, 0);
	EQ(rump_sys_recvmsg(dg[1], &m.m_hdr, 0), 1);
	EQ(m.m_hdr.msg_flags, MSG_CTRUNC);
	cr_assert(hangs_up(p[0]));
	OK(rump_sys_close(p[0]));
}

Test(sock_rights, what_cannot_be_sent)
{
	struct msg m;
	struct msghdr *h;
	struct cmsghdr *c;
	int fds[254], i, bad[2];

	bad[0] = sv[0];
	bad[1] = 999;
	FAILS(give(sv[0], "x", bad, 2), EBADF);
	for (i = 0; i < 254; i++)
		fds[i] = sv[0];
	FAILS(give(dg[0], "x", fds, 254), EINVAL);
	EQ(give(dg[0], "x", fds, 253), 1);
	EQ(take(dg[1], 1, 0, &bad[0], (size_t *)&m, NULL), 1);
	for (i = 0; i < 253; i++)
		OK(rump_sys_close(bad[0] + i));
	/* Headers that are not well. */
	h = message(&m, 1, CMSG_SPACE(4));
	c = CMSG_FIRSTHDR(h);
	*c = (struct cmsghdr){ sizeof(*c) - 1, SOL_SOCKET, SCM_RIGHTS };
	FAILS(rump_sys_sendmsg(sv[0], h, 0), EINVAL);
	c->cmsg_len = CMSG_SPACE(4) + 1;
	FAILS(rump_sys_sendmsg(sv[0], h, 0), EINVAL);
	c->cmsg_len = CMSG_LEN(4);
	c->cmsg_type = 77;
	FAILS(rump_sys_sendmsg(sv[0], h, 0), EINVAL);
	/* Of another level: nobody's business here. */
	c->cmsg_level = 77;
	EQ(rump_sys_sendmsg(sv[0], h, 0), 1);
	h->msg_control = (void *)8;
	FAILS(rump_sys_sendmsg(sv[0], h, 0), EFAULT);
	h->msg_controllen = 200000;
	FAILS(rump_sys_sendmsg(sv[0], h, 0), ENOBUFS);
	/* No bytes, no message. */
	EQ(give(sv[0], "", &sv[0], 1), 0);
}

/* --- Sockets that hold each other ----------------------------------------- */

Test(sock_rights, socket_in_its_own_queue_goes_with_the_last_descriptor)
{
	int *pair[3] = { sv, pkt, dg }, p[2], i, fds[2];

	for (i = 0; i < 3; i++) {
		OK(rump_sys_pipe2(p, O_NONBLOCK));
		fds[0] = pair[i][1];
		fds[1] = p[1];
		EQ(give(pair[i][0], "x", fds, 2), 1);
		OK(rump_sys_close(p[1]));
		OK(rump_sys_close(pair[i][1]));
		cr_assert_not(hangs_up(p[0]));
		/* Its peer is the last that leads there: not even that. */
		OK(rump_sys_close(pair[i][0]));
		cr_assert(hangs_up(p[0]));
		OK(rump_sys_close(p[0]));
	}
}

Test(sock_rights, sockets_in_each_others_queues_go)
{
	int a[2], b[2], p[2], fds[2];

	OK(rump_sys_pipe2(p, O_NONBLOCK));
	OK(rump_sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, a));
	OK(rump_sys_socketpair(AF_UNIX, SOCK_STREAM, 0, b));
	fds[0] = b[1];
	fds[1] = p[1];
	EQ(give(a[0], "x", fds, 2), 1);
	OK(rump_sys_close(p[1]));
	EQ(give(b[0], "x", &a[1], 1), 1);
	close2(a[1], b[1]);
	cr_assert_not(hangs_up(p[0]));
	close2(a[0], b[0]);
	cr_assert(hangs_up(p[0]));
	OK(rump_sys_close(p[0]));
}

Test(sock_rights, what_can_still_be_received_stays)
{
	int a[2], p[2], fd, fd2;
	size_t n;

	/* dg[1]'s queue has a[1], whose queue has a pipe. */
	OK(rump_sys_pipe2(p, O_NONBLOCK));
	OK(rump_sys_socketpair(AF_UNIX, SOCK_DGRAM, 0, a));
	EQ(give(a[0], "x", &p[1], 1), 1);
	EQ(give(a[0], "y", &a[1], 1), 1);
	EQ(give(dg[0], "x", &a[1], 1), 1);
	close2(a[0], a[1]);
	OK(rump_sys_close(p[1]));
	OK(rump_sys_close(dg[0]));
	cr_assert_not(hangs_up(p[0]));
	EQ(take(dg[1], 1, 0, &fd, &n, NULL), 1);
	EQ(take(fd, 1, 0, &fd2, &n, NULL), 1);
	EQ(n, 1);
	close2(fd, fd2);
	OK(rump_sys_close(dg[1]));
	cr_assert(hangs_up(p[0]));
	OK(rump_sys_close(p[0]));
}

Test(sock_rights, connection_not_accepted_may_hold_its_listener)
{
	struct sockaddr_un sa = { AF_UNIX, "l" };
	int ls = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	int c = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	int p[2], fds[2];

	OK(rump_sys_pipe2(p, O_NONBLOCK));
	OK(rump_sys_bind(ls, (struct sockaddr *)&sa, sizeof(sa)));
	OK(rump_sys_listen(ls, 5));
	OK(rump_sys_connect(c, (struct sockaddr *)&sa, sizeof(sa)));
	fds[0] = ls;
	fds[1] = p[1];
	EQ(give(c, "x", fds, 2), 1);
	close2(p[1], ls);
	cr_assert_not(hangs_up(p[0]));
	OK(rump_sys_close(c));
	cr_assert(hangs_up(p[0]));
	OK(rump_sys_close(p[0]));
	OK(rump_sys_unlink("l"));
}

Test(sock_rights, long_chain_of_queues_ends_at_once)
{
	int p[2], a[2], fds[2], last, i;

	/* Each pair's end lies in the next one's queue. */
	OK(rump_sys_pipe2(p, O_NONBLOCK));
	last = p[1];
	for (i = 0; i < 400; i++) {
		OK(rump_sys_socketpair(AF_UNIX, SOCK_STREAM, 0, a));
		fds[0] = last;
		EQ(give(a[0], "x", fds, 1), 1);
		close2(last, a[0]);
		last = a[1];
	}
	cr_assert_not(hangs_up(p[0]));
	OK(rump_sys_close(last));
	cr_assert(hangs_up(p[0]));
	OK(rump_sys_close(p[0]));
}

/* --- Credentials ---------------------------------------------------------- */

static void
passcred(int fd, int on)
{
	OK(rump_sys_setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)));
}

/* Receive with credentials. */
static ssize_t
take_cred(int sock, size_t len, struct ucred *uc)
{
	struct msg m;
	struct msghdr *h = message(&m, len, CMSG_SPACE(sizeof(*uc)));
	ssize_t got = rump_sys_recvmsg(sock, h, MSG_DONTWAIT);
	struct cmsghdr *c = CMSG_FIRSTHDR(h);

	memset(uc, 0, sizeof(*uc));
	if (got >= 0 && h->msg_controllen != 0) {
		EQ(c->cmsg_type, SCM_CREDENTIALS);
		EQ(c->cmsg_len, CMSG_LEN(sizeof(*uc)));
		memcpy(uc, CMSG_DATA(c), sizeof(*uc));
	}
	return got;
}

static ssize_t
give_cred(int sock, struct ucred uc)
{
	struct msg m;
	struct msghdr *h = message(&m, 1, CMSG_SPACE(sizeof(uc)));
	struct cmsghdr *c = CMSG_FIRSTHDR(h);

	*c = (struct cmsghdr){ CMSG_LEN(sizeof(uc)), SOL_SOCKET,
		SCM_CREDENTIALS };
	memcpy(CMSG_DATA(c), &uc, sizeof(uc));
	return rump_sys_sendmsg(sock, h, 0);
}

Test(sock_rights, receiver_may_ask_who_sends)
{
	int *pair[3] = { sv, pkt, dg }, i;
	struct ucred uc;

	for (i = 0; i < 3; i++) {
		/* Sent before anybody asked. */
		EQ(rump_sys_write(pair[i][0], "x", 1), 1);
		passcred(pair[i][1], 1);
		EQ(take_cred(pair[i][1], 1, &uc), 1);
		EQ(uc.pid, 0);
		EQ(uc.uid, 65534);
		EQ(rump_sys_write(pair[i][0], "x", 1), 1);
		EQ(take_cred(pair[i][1], 1, &uc), 1);
		EQ(uc.pid, rump_sys_getpid());
		EQ(uc.uid, 0);
		EQ(give_cred(pair[i][0], (struct ucred){ 1, 5, 6 }), 1);
		EQ(take_cred(pair[i][1], 1, &uc), 1);
		EQ(uc.pid, 1);
		EQ(uc.uid, 5);
		EQ(uc.gid, 6);
	}
}

Test(sock_rights, stream_reads_do_not_mix_credentials)
{
	struct ucred uc;

	EQ(rump_sys_write(sv[0], "ab", 2), 2);
	passcred(sv[1], 1);
	EQ(rump_sys_write(sv[0], "cd", 2), 2);
	EQ(rump_sys_write(sv[0], "ef", 2), 2);
	EQ(give_cred(sv[0], (struct ucred){ 1, 5, 6 }), 1);
	EQ(take_cred(sv[1], 50, &uc), 2);
	EQ(uc.pid, 0);
	EQ(take_cred(sv[1], 50, &uc), 4);
	EQ(uc.pid, rump_sys_getpid());
	EQ(take_cred(sv[1], 50, &uc), 1);
	EQ(uc.uid, 5);
}

Test(sock_rights, credentials_and_files_come_together)
{
	int p[2], fds[2], *pair[3] = { sv, pkt, dg }, i;
	struct msghdr *h;
	struct cmsghdr *c;
	struct msg m;

	OK(rump_sys_pipe2(p, O_NONBLOCK));
	for (i = 0; i < 3; i++) {
		passcred(pair[i][1], 1);
		/* Files in two headers of one message. */
		h = message(&m, 1, 2 * CMSG_SPACE(sizeof(int)));
		c = CMSG_FIRSTHDR(h);
		*c = (struct cmsghdr){ CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(c), &p[0], sizeof(int));
		c = (struct cmsghdr *)(void *)(m.m_ctl + CMSG_SPACE(4));
		*c = (struct cmsghdr){ CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(c), &p[1], sizeof(int));
		EQ(rump_sys_sendmsg(pair[i][0], h, 0), 1);
		h = message(&m, 10, 500);
		EQ(rump_sys_recvmsg(pair[i][1], h, 0), 1);
		EQ(h->msg_controllen,
		    CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(8));
		c = CMSG_FIRSTHDR(h);
		EQ(c->cmsg_type, SCM_CREDENTIALS);
		c = CMSG_NXTHDR(h, c);
		EQ(c->cmsg_type, SCM_RIGHTS);
		EQ(c->cmsg_len, CMSG_LEN(8));
		memcpy(fds, CMSG_DATA(c), sizeof(fds));
		close2(fds[0], fds[1]);
		/* Room for the credentials only, or not even that. */
		EQ(give(pair[i][0], "x", p, 2), 1);
		h = message(&m, 10, CMSG_SPACE(sizeof(struct ucred)));
		EQ(rump_sys_recvmsg(pair[i][1], h, 0), 1);
		EQ(h->msg_flags, MSG_CTRUNC);
		EQ(rump_sys_write(pair[i][0], "x", 1), 1);
		h = message(&m, 10, sizeof(*c) + 4);
		EQ(rump_sys_recvmsg(pair[i][1], h, 0), 1);
		EQ(h->msg_flags, MSG_CTRUNC);
		EQ(h->msg_controllen, sizeof(*c) + 4);
	}
	close2(p[0], p[1]);
}

Test(sock_rights, nobody_claims_to_be_another)
{
	struct ucred uc = { rump_sys_getpid(), 0, 0 };
	pid_t pid = rump_sys_getpid();

	OK(rump_sys_setresuid(1000, 1000, 0));
	FAILS(give_cred(dg[0], (struct ucred){ pid + 1, 1000, 0 }), EPERM);
	FAILS(give_cred(dg[0], (struct ucred){ pid, 7, 0 }), EPERM);
	FAILS(give_cred(dg[0], (struct ucred){ pid, 1000, 7 }), EPERM);
	EQ(give_cred(dg[0], uc), 1);
	uc.uid = 1000;
	EQ(give_cred(dg[0], uc), 1);
	OK(rump_sys_setresuid(0, 0, 0));
}

Test(sock_rights, peercred_is_who_connected_and_who_listened)
{
	struct sockaddr_un sa = { AF_UNIX, "pc" };
	int ls = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0)), s;
	int c = (int)OK(rump_sys_socket(AF_UNIX, SOCK_STREAM, 0));
	socklen_t len = sizeof(struct ucred);
	struct ucred uc;

	OK(rump_sys_getsockopt(c, SOL_SOCKET, SO_PEERCRED, &uc, &len));
	EQ(uc.pid, 0);
	EQ(uc.uid, (uid_t)-1);
	OK(rump_sys_bind(ls, (struct sockaddr *)&sa, sizeof(sa)));
	OK(rump_sys_chmod("pc", 0777));
	OK(rump_sys_setresuid(-1, 70, -1));
	OK(rump_sys_listen(ls, 5));
	OK(rump_sys_setresuid(-1, 0, -1));
	OK(rump_sys_setresuid(-1, 80, -1));
	OK(rump_sys_connect(c, (struct sockaddr *)&sa, sizeof(sa)));
	OK(rump_sys_setresuid(-1, 0, -1));
	s = (int)OK(rump_sys_accept(ls, NULL, NULL));
	OK(rump_sys_getsockopt(c, SOL_SOCKET, SO_PEERCRED, &uc, &len));
	EQ(uc.uid, 70);
	OK(rump_sys_getsockopt(s, SOL_SOCKET, SO_PEERCRED, &uc, &len));
	EQ(uc.uid, 80);
	EQ(uc.pid, rump_sys_getpid());
	OK(rump_sys_getsockopt(dg[0], SOL_SOCKET, SO_PEERCRED, &uc, &len));
	EQ(uc.uid, 0);
	close2(c, s);
	OK(rump_sys_close(ls));
	OK(rump_sys_unlink("pc"));
}

Test(sock_rights, sender_who_asks_for_credentials_gets_a_name)
{
	int a = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));
	struct sockaddr_un sa = { AF_UNIX, "to" };
	int b = (int)OK(rump_sys_socket(AF_UNIX, SOCK_DGRAM, 0));
	socklen_t len = sizeof(sa);
	char c;

	OK(rump_sys_bind(b, (struct sockaddr *)&sa, sizeof(sa)));
	passcred(a, 1);
	EQ(rump_sys_sendto(a, "x", 1, 0, (struct sockaddr *)&sa, sizeof(sa)),
	    1);
	EQ(rump_sys_recvfrom(b, &c, 1, 0, (struct sockaddr *)&sa, &len), 1);
	EQ(len, offsetof(struct sockaddr_un, sun_path) + 6);
	close2(a, b);
	OK(rump_sys_unlink("to"));
}

/* --- The calls ------------------------------------------------------------ */

Test(sock_rights, message_of_many_pieces)
{
	struct iovec iov[3];
	char a[10], b[10];
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = 3 };

	iov[0] = (struct iovec){ "ab", 2 };
	iov[1] = (struct iovec){ NULL, 0 };
	iov[2] = (struct iovec){ "cde", 3 };
	EQ(rump_sys_sendmsg(dg[0], &h, 0), 5);
	EQ(rump_sys_sendmsg(sv[0], &h, 0), 5);
	iov[0] = (struct iovec){ a, 3 };
	iov[2] = (struct iovec){ b, 1 };
	EQ(rump_sys_recvmsg(dg[1], &h, 0), 4);
	EQ(h.msg_flags, MSG_TRUNC);
	EQ(memcmp(a, "abc", 3), 0);
	EQ(b[0], 'd');
	EQ(rump_sys_recvmsg(sv[1], &h, 0), 4);
	EQ(h.msg_flags, 0);
	FAILS(rump_sys_recvmsg(dg[1], &h, MSG_DONTWAIT), EAGAIN);
	h.msg_iovlen = 1025;
	FAILS(rump_sys_sendmsg(dg[0], &h, 0), EMSGSIZE);
	FAILS(rump_sys_recvmsg(dg[0], &h, 0), EMSGSIZE);
	h.msg_iovlen = 1;
	iov[0].iov_len = (size_t)-1;
	FAILS(rump_sys_sendmsg(dg[0], &h, 0), EINVAL);
	FAILS(rump_sys_sendmsg(dg[0], (void *)8, 0), EFAULT);
	FAILS(rump_sys_sendmsg(999, &h, 0), EBADF);
	FAILS(rump_sys_sendmsg(dg[0], &h, (int)0x80000000), EINVAL);
}

Test(sock_rights, message_tells_where_from)
{
	struct sockaddr_un sa = { AF_UNIX, "where" }, from;
	struct msg m;
	struct msghdr *h = message(&m, 10, 0);

	OK(rump_sys_bind(dg[0], (struct sockaddr *)&sa, sizeof(sa)));
	EQ(rump_sys_write(dg[0], "x", 1), 1);
	EQ(rump_sys_write(dg[0], "x", 1), 1);
	h->msg_name = &from;
	h->msg_namelen = sizeof(from);
	EQ(rump_sys_recvmsg(dg[1], h, 0), 1);
	EQ(h->msg_namelen, offsetof(struct sockaddr_un, sun_path) + 6);
	EQ(strcmp(from.sun_path, "where"), 0);
	h->msg_namelen = (socklen_t)-1;
	FAILS(rump_sys_recvmsg(dg[1], h, 0), EINVAL);
	h->msg_namelen = 300;
	EQ(rump_sys_recvmsg(dg[1], h, 0), 1);
	EQ(rump_sys_write(dg[1], "x", 1), 1);
	h->msg_namelen = sizeof(from);
	EQ(rump_sys_recvmsg(dg[0], h, 0), 1);
	EQ(h->msg_namelen, 0);
	OK(rump_sys_unlink("where"));
}

Test(sock_rights, many_messages_at_once)
{
	struct mmsghdr v[4];
	struct iovec iov[4];
	char data[4] = "abcd", back[4];
	struct timespec ts = { 0, 0 };
	int i;

	memset(v, 0, sizeof(v));
	for (i = 0; i < 4; i++) {
		iov[i] = (struct iovec){ data + i, 1 };
		v[i].msg_hdr.msg_iov = &iov[i];
		v[i].msg_hdr.msg_iovlen = 1;
	}
	EQ(rump_sys_sendmmsg(dg[0], v, 3, 0), 3);
	EQ(v[2].msg_len, 1);
	iov[1].iov_base = (void *)8;
	EQ(rump_sys_sendmmsg(dg[0], v, 3, 0), 1);
	FAILS(rump_sys_sendmmsg(dg[0], v + 1, 1, 0), EFAULT);
	for (i = 0; i < 4; i++)
		iov[i] = (struct iovec){ back + i, 1 };
	EQ(rump_sys_recvmmsg(dg[1], v, 2, 0, NULL), 2);
	EQ(memcmp(back, "ab", 2), 0);
	/* One, as the time is over; and what is there. */
	EQ(rump_sys_recvmmsg(dg[1], v, 2, 0, &ts), 1);
	EQ(rump_sys_recvmmsg(dg[1], v, 4, MSG_WAITFORONE, NULL), 1);
	FAILS(rump_sys_recvmmsg(dg[1], v, 4, MSG_DONTWAIT, NULL), EAGAIN);
	ts.tv_nsec = 1000000000;
	FAILS(rump_sys_recvmmsg(dg[1], v, 4, 0, &ts), EINVAL);
	EQ(rump_sys_recvmmsg(dg[1], v, 0, 0, NULL), 0);
	EQ(rump_sys_sendmmsg(dg[1], v, 0, 0), 0);
	FAILS(rump_sys_sendmmsg(999, v, 1, 0), EBADF);
}

static void *
write_later(void *arg)
{
	usleep(20000);
	EQ(rump_sys_write(*(int *)arg, "cd", 2), 2);
	return NULL;
}

Test(sock_rights, waitall_waits_for_all)
{
	char buf[4];
	pthread_t t;

	EQ(rump_sys_write(sv[0], "ab", 2), 2);
	pthread_create(&t, NULL, write_later, &sv[0]);
	EQ(rump_sys_recv(sv[1], buf, 4, MSG_WAITALL), 4);
	pthread_join(t, NULL);
	EQ(memcmp(buf, "abcd", 4), 0);
}
