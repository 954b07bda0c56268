/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials in messages, and of peers. */
#include "tests/unit/sockmsg.h"

TestSuite(sock_creds, .init = start, .fini = end, .timeout = 60);

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

Test(sock_creds, receiver_may_ask_who_sends)
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

Test(sock_creds, stream_reads_do_not_mix_credentials)
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

Test(sock_creds, credentials_and_files_come_together)
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

Test(sock_creds, nobody_claims_to_be_another)
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

Test(sock_creds, peercred_is_who_connected_and_who_listened)
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

Test(sock_creds, sender_who_asks_for_credentials_gets_a_name)
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
