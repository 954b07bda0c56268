/* SPDX-License-Identifier: BSD-2-Clause */
/* sendmsg(), recvmsg() and those for many messages. */
#include "tests/unit/sockmsg.h"

TestSuite(sock_msg, .init = start, .fini = end, .timeout = 60);

Test(sock_msg, message_of_many_pieces)
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

Test(sock_msg, message_tells_where_from)
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

Test(sock_msg, many_messages_at_once)
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

Test(sock_msg, waitall_waits_for_all)
{
	char buf[4];
	pthread_t t;

	EQ(rump_sys_write(sv[0], "ab", 2), 2);
	pthread_create(&t, NULL, write_later, &sv[0]);
	EQ(rump_sys_recv(sv[1], buf, 4, MSG_WAITALL), 4);
	pthread_join(t, NULL);
	EQ(memcmp(buf, "abcd", 4), 0);
}
