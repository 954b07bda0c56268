/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process dies at each point of a call on local sockets.  Others that share
 * the sockets find them whole: a message is there with all its files, or not
 * at all, and sockets still pass messages; with them closed nothing is left.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/crash/crash.h"
#include "tests/crash/shared.h"

#define BIG 100000

/* Of pid 1: all processes of the test share them. */
static int pair[3][2], ls, client, p[2], loose;
static char big[BIG];

static const struct sockaddr_un at = { AF_UNIX, "/sock" },
				other = { AF_UNIX, "/other" };

#define ADDR(a) ((const struct sockaddr *)&(a)), sizeof(a)

static const int types[3] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };

static void
set_up(void)
{
	int i;

	for (i = 0; i < 3; i++)
		MUST(rump_sys_socketpair(AF_UNIX, types[i] | SOCK_NONBLOCK, 0,
		    pair[i]));
	ls = rump_sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	MUST(ls);
	MUST(rump_sys_bind(ls, ADDR(at)));
	MUST(rump_sys_listen(ls, 8));
	client = rump_sys_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	MUST(client);
	loose = rump_sys_socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	MUST(loose);
	MUST(rump_sys_pipe2(p, O_NONBLOCK));
}

static void
tear_down(void)
{
	int i;

	for (i = 3; i < 60; i++)
		rump_sys_close(i);
	rump_sys_unlink(at.sun_path);
	rump_sys_unlink(other.sun_path);
}

/* --- Messages ------------------------------------------------------------- */

union ctl {
	char c_buf[CMSG_SPACE(3 * sizeof(int))];
	struct cmsghdr c_hdr;
};

/* `x' and two files. */
static void
give_by(int fd, int flags)
{
	union ctl ctl = { .c_hdr = { CMSG_LEN(2 * sizeof(int)), SOL_SOCKET,
			      SCM_RIGHTS } };
	struct iovec iov = { "x", 1 };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.c_buf,
		.msg_controllen = CMSG_SPACE(2 * sizeof(int)) };
	int fds[2] = { p[0], pair[0][1] };

	memcpy(CMSG_DATA(&ctl.c_hdr), fds, sizeof(fds));
	MUST(rump_sys_sendmsg(fd, &h, flags));
}

static void
give(int fd)
{
	give_by(fd, 0);
}

/* Receive a byte; the number of files that came with it, or -1. */
static int
take(int fd, char *c, int flags)
{
	union ctl ctl;
	struct iovec iov = { c, 1 };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.c_buf,
		.msg_controllen = sizeof(ctl) };
	int n = 0, i, got;

	if (rump_sys_recvmsg(fd, &h, flags | MSG_DONTWAIT) <= 0)
		return -1;
	if (h.msg_controllen != 0 && ctl.c_hdr.cmsg_type == SCM_RIGHTS)
		n = (ctl.c_hdr.cmsg_len - CMSG_LEN(0)) / sizeof(int);
	for (i = 0; i < n; i++) {
		memcpy(&got, CMSG_DATA(&ctl.c_hdr) + i * sizeof(int),
		    sizeof(int));
		rump_sys_close(got);
	}
	return n;
}

/* --- What dies ------------------------------------------------------------ */

static void
do_socket(void)
{
	int fd = rump_sys_socket(AF_UNIX, SOCK_SEQPACKET, 0);

	MUST(fd);
	MUST(rump_sys_close(fd));
}

static void
do_pair(void)
{
	int i, sv[2];

	for (i = 0; i < 3; i++) {
		MUST(rump_sys_socketpair(AF_UNIX, types[i], 0, sv));
		MUST(rump_sys_close(sv[0]));
		MUST(rump_sys_close(sv[1]));
	}
}

static void
do_bind(void)
{
	struct sockaddr_un any = { AF_UNIX, "" };

	MUST(rump_sys_bind(loose, ADDR(other)));
	MUST(rump_sys_bind(client, (void *)&any, sizeof(sa_family_t)));
}

static void
do_connect(void)
{

	MUST(rump_sys_connect(client, ADDR(at)));
	MUST(rump_sys_write(client, "a", 1));
}

static void
do_accept(void)
{
	int fd;

	MUST(rump_sys_connect(client, ADDR(at)));
	fd = rump_sys_accept(ls, NULL, NULL);
	MUST(fd);
	MUST(rump_sys_write(fd, "a", 1));
	MUST(rump_sys_close(fd));
}

static void
do_close_listener(void)
{

	MUST(rump_sys_connect(client, ADDR(at)));
	give(client);
	MUST(rump_sys_close(ls));
}

static void
do_send(void)
{
	int i;

	for (i = 0; i < 3; i++)
		MUST(rump_sys_write(pair[i][0], "a", 1));
	/* One whose data are pages. */
	MUST(rump_sys_write(pair[1][0], big, BIG));
}

static void
do_rights(void)
{
	int i;

	for (i = 0; i < 3; i++)
		give(pair[i][0]);
}

static void
do_receive(void)
{
	char c;
	int i;

	for (i = 0; i < 3; i++) {
		give(pair[i][0]);
		MUST(take(pair[i][1], &c, MSG_PEEK));
		MUST(take(pair[i][1], &c, 0));
	}
}

/* The byte is urgent; its files go with it. */
static void
do_urgent(void)
{
	int i;
	char c;

	for (i = 0; i < 2; i++) {
		MUST(rump_sys_write(pair[0][0], "a", 1));
		give_by(pair[0][0], MSG_OOB);
		MUST(rump_sys_write(pair[0][0], "a", 1));
		MUST(rump_sys_read(pair[0][1], &c, 1));
		if (i == 0)
			MUST(rump_sys_recvfrom(pair[0][1], &c, 1, MSG_OOB, NULL,
			    NULL));
		MUST(rump_sys_read(pair[0][1], &c, 1));
	}
}

static void
do_discard(void)
{
	char c;
	int i;

	for (i = 0; i < 3; i++) {
		give(pair[i][0]);
		MUST(rump_sys_read(pair[i][1], &c, 1));
	}
}

static void
do_credentials(void)
{
	int on = 1, i;
	char c;

	for (i = 0; i < 3; i++) {
		MUST(rump_sys_setsockopt(pair[i][1], SOL_SOCKET, SO_PASSCRED,
		    &on, sizeof(on)));
		MUST(rump_sys_write(pair[i][0], "a", 1));
		MUST(rump_sys_write(pair[i][0], "a", 1));
		MUST(rump_sys_read(pair[i][1], &c, 1));
	}
}

static void
do_close(void)
{
	int i;

	/* The files are of the first pair. */
	for (i = 2; i >= 0; i--) {
		give(pair[i][0]);
		MUST(rump_sys_close(pair[i][1]));
		MUST(rump_sys_close(pair[i][0]));
	}
}

/* Sockets that hold themselves. */
static void
do_cycle(void)
{
	int i;

	give(pair[0][0]);
	MUST(rump_sys_close(pair[0][1]));
	MUST(rump_sys_close(pair[0][0]));
	for (i = 1; i < 3; i++)
		MUST(rump_sys_close(pair[i][0]));
}

static void
do_datagrams(void)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	MUST(rump_sys_bind(pair[2][0], ADDR(other)));
	MUST(rump_sys_connect(pair[2][0], &none, sizeof(none)));
	MUST(rump_sys_connect(loose, ADDR(other)));
	MUST(rump_sys_write(loose, "a", 1));
	MUST(rump_sys_close(pair[2][0]));
	if (rump_sys_write(loose, "a", 1) != -1 || errno != ECONNREFUSED)
		crash_fail("a closed peer", errno, __LINE__);
}

/* --- Are they whole? ------------------------------------------------------ */

static bool
wrong(const char *what, int i, int n)
{

	tap_diag("%s: pair %d, %d files, errno %d", what, i, n, errno);
	return false;
}

/* `x' comes with two files, what else there is with none. */
static bool
drain(int i, int fd)
{
	char c;
	int n;

	while ((n = take(fd, &c, 0)) >= 0)
		if (n != (c == 'x' ? 2 : 0))
			return wrong("bad message", i, n);
	return true;
}

/*
 * A pair that both ends of are there passes another message.  One end may
 * have lost the files of its message with its receiver: then the byte as well.
 */
static bool
passes(int i)
{
	char c = 'b';

	if (rump_sys_fcntl(pair[i][0], F_GETFD) < 0 ||
	    rump_sys_fcntl(pair[i][1], F_GETFD) < 0)
		return true;
	if (i == 2 && rump_sys_getpeername(pair[i][0], NULL, NULL) < 0 &&
	    errno == ENOTCONN)
		return true;
	if (!drain(i, pair[i][1]))
		return false;
	if (rump_sys_write(pair[i][0], &c, 1) != 1)
		return wrong("no write", i, 0);
	if (take(pair[i][1], &c, 0) != 0 || c != 'b')
		return wrong("no read", i, 0);
	return true;
}

static bool
whole(void)
{
	int i, fd;

	for (i = 0; i < 3; i++)
		if (!passes(i))
			return false;
	while ((fd = rump_sys_accept(ls, NULL, NULL)) >= 0)
		rump_sys_close(fd);
	return true;
}

static const struct sharedcall calls[] = {
	{ "socket", do_socket },
	{ "socketpair", do_pair },
	{ "bind", do_bind },
	{ "connect", do_connect },
	{ "accept", do_accept },
	{ "closing a listener", do_close_listener },
	{ "sending", do_send },
	{ "sending files", do_rights },
	{ "receiving files", do_receive },
	{ "an urgent byte with files", do_urgent },
	{ "throwing files away", do_discard },
	{ "credentials", do_credentials },
	{ "closing with files in flight", do_close },
	{ "sockets that hold themselves", do_cycle },
	{ "datagrams", do_datagrams },
	{ NULL, NULL },
};

static const struct shared shared = {
	.sh_setup = set_up,
	.sh_teardown = tear_down,
	.sh_whole = whole,
	.sh_calls = calls,
	.sh_first = do_close,
	.sh_names = true,
};

int
main(int argc, char **argv)
{

	return shared_main(&shared, argc, argv);
}
