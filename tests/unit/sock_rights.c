/* SPDX-License-Identifier: BSD-2-Clause */
/* Files in messages, and sockets that hold each other so. */
#include "rumpkern/kmem.h"
#include "tests/unit/sockmsg.h"

TestSuite(sock_rights, .init = start, .fini = end, .timeout = 60);

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
	int p[2], fd, out = 0;
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
	int p[2], fd, out = 0;
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

/* Who wants no bytes gets what goes along with the next one. */
Test(sock_rights, no_bytes_bring_the_files)
{
	int p[2], fd;
	size_t n;

	OK(rump_sys_pipe2(p, O_NONBLOCK));
	EQ(rump_sys_write(sv[0], "a", 1), 1);
	EQ(give(sv[0], "bc", p, 1), 2);
	EQ(take(sv[1], 0, 0, &fd, &n, NULL), 0);
	EQ(n, 0);
	EQ(take(sv[1], 1, 0, &fd, &n, NULL), 1);
	EQ(n, 0);
	EQ(take(sv[1], 0, 0, &fd, &n, NULL), 0);
	EQ(n, 1);
	OK(rump_sys_close(fd));
	EQ(take(sv[1], 9, 0, &fd, &n, NULL), 2);
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

/* Nothing is closed once both only travel: whoever sends files looks. */
Test(sock_rights, many_that_hold_each_other_do_not_pile_up)
{
	uint64_t before = kmem_cache_count(KC_SOCK);
	int both[2], i;

	for (i = 0; i < 1000; i++) {
		OK(rump_sys_socketpair(AF_UNIX, SOCK_STREAM, 0, both));
		EQ(give(both[0], "x", both, 2), 1);
		OK(rump_sys_close(both[0]));
		OK(rump_sys_close(both[1]));
	}
	cr_assert_lt(kmem_cache_count(KC_SOCK) - before, 600);
}
