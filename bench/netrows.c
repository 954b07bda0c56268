/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netrows: what is measured on sockets.  They are the C library's on both sides:
 * the shim makes them the rump kernel's.
 */
#include "bench/calls.h"
#include "bench/measure.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BULK 65536
#define MANY 10000

static char buf[BULK];

#define MUST(r, e) ((e) ? (void)0 : die("%s: %s", (r)->r_side->s_name, #e))

static struct sockaddr_in
listener(struct run *r, int *fd)
{
	struct sockaddr_in sa = { .sin_family = AF_INET };
	socklen_t len = sizeof(sa);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	*fd = socket(AF_INET, SOCK_STREAM, 0);
	MUST(r, *fd >= 0);
	MUST(r, bind(*fd, (struct sockaddr *)&sa, len) == 0);
	MUST(r, listen(*fd, 16) == 0);
	MUST(r, getsockname(*fd, (struct sockaddr *)&sa, &len) == 0);
	return sa;
}

static int
dial(struct run *r, const struct sockaddr_in *sa)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	MUST(r, fd >= 0);
	MUST(r, connect(fd, (const struct sockaddr *)sa, sizeof(*sa)) == 0);
	return fd;
}

static void
tcp_pair(struct run *r, int fd[2])
{
	struct sockaddr_in sa;
	int s;

	sa = listener(r, &s);
	fd[0] = dial(r, &sa);
	fd[1] = accept(s, NULL, NULL);
	MUST(r, fd[1] >= 0);
	close(s);
}

static void
udp_pair(struct run *r, int fd[2])
{
	struct sockaddr_in sa[2] = { { 0 } };
	socklen_t len = sizeof(sa[0]);
	int i;

	for (i = 0; i < 2; i++) {
		sa[i].sin_family = AF_INET;
		sa[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		fd[i] = socket(AF_INET, SOCK_DGRAM, 0);
		MUST(r, fd[i] >= 0);
		MUST(r, bind(fd[i], (struct sockaddr *)&sa[i], len) == 0);
		MUST(r,
		    getsockname(fd[i], (struct sockaddr *)&sa[i], &len) == 0);
	}
	for (i = 0; i < 2; i++)
		MUST(r, connect(fd[i], (struct sockaddr *)&sa[!i], len) == 0);
}

static void
unix_pair(struct run *r, int fd[2])
{
	MUST(r, socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
}

/* Send back what comes, until the empty end or a byte 'q'. */
static void *
echo(void *arg)
{
	int fd = *(int *)arg;
	char c = 0;

	while (c != 'q' && read(fd, &c, 1) == 1)
		if (write(fd, &c, 1) != 1)
			break;
	close(fd);
	return NULL;
}

static void
pingpong(struct run *r, int fd)
{
	uint64_t start = now_ns();
	char c = 'x';

	for (long i = 0; i < r->r_n; i++) {
		MUST(r, write(fd, &c, 1) == 1);
		MUST(r, read(fd, &c, 1) == 1);
	}
	r->r_ns = now_ns() - start;
	c = 'q';
	MUST(r, write(fd, &c, 1) == 1);
	MUST(r, read(fd, &c, 1) == 1);
	close(fd);
}

static void
pingpong_2proc(struct run *r, int fd[2])
{
	int status;
	pid_t pid;

	pid = fork();
	MUST(r, pid >= 0);
	if (pid == 0) {
		close(fd[0]);
		echo(&fd[1]);
		_exit(0);
	}
	close(fd[1]);
	pingpong(r, fd[0]);
	MUST(r, waitpid(pid, &status, 0) == pid && status == 0);
}

static void
row_tcp_pingpong(struct run *r)
{
	pthread_t t;
	int fd[2];

	tcp_pair(r, fd);
	MUST(r, pthread_create(&t, NULL, echo, &fd[1]) == 0);
	pingpong(r, fd[0]);
	pthread_join(t, NULL);
}

static void
row_tcp_pingpong_2proc(struct run *r)
{
	int fd[2];

	tcp_pair(r, fd);
	pingpong_2proc(r, fd);
}

static void
row_udp_pingpong_2proc(struct run *r)
{
	int fd[2];

	udp_pair(r, fd);
	pingpong_2proc(r, fd);
}

static void
row_unix_pingpong_2proc(struct run *r)
{
	int fd[2];

	unix_pair(r, fd);
	pingpong_2proc(r, fd);
}

/* Writes of BULK bytes; the reader says when it has them all. */
static void
bulk_2proc(struct run *r, int fd[2])
{
	uint64_t start;
	int status;
	pid_t pid;

	pid = fork();
	MUST(r, pid >= 0);
	if (pid == 0) {
		close(fd[0]);
		while (read(fd[1], buf, BULK) > 0)
			;
		_exit(write(fd[1], "x", 1) != 1);
	}
	close(fd[1]);
	start = now_ns();
	for (long i = 0; i < r->r_n; i++)
		MUST(r, write(fd[0], buf, BULK) == BULK);
	shutdown(fd[0], SHUT_WR);
	MUST(r, read(fd[0], buf, 1) == 1);
	r->r_ns = now_ns() - start;
	close(fd[0]);
	MUST(r, waitpid(pid, &status, 0) == pid && status == 0);
}

static void
row_tcp_bulk64k_2proc(struct run *r)
{
	int fd[2];

	tcp_pair(r, fd);
	bulk_2proc(r, fd);
}

static void
row_unix_bulk64k_2proc(struct run *r)
{
	int fd[2];

	unix_pair(r, fd);
	bulk_2proc(r, fd);
}

static void
row_connect_close(struct run *r)
{
	struct sockaddr_in sa;
	struct linger now = { 1, 0 };
	uint64_t start;
	int s, c, a;

	sa = listener(r, &s);
	start = now_ns();
	for (long i = 0; i < r->r_n; i++) {
		c = dial(r, &sa);
		a = accept(s, NULL, NULL);
		MUST(r, a >= 0);
		/* No TIME_WAIT: the ports would run out. */
		setsockopt(c, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(c);
		close(a);
	}
	r->r_ns = now_ns() - start;
	close(s);
}

/* One of MANY descriptors is ready. */
static void
row_epoll_10k(struct run *r)
{
	struct rlimit rl = { MANY + 100, MANY + 100 };
	struct epoll_event ev = { .events = EPOLLIN };
	static int fd[MANY];
	uint64_t start;
	int e, i;
	char c = 'x';

	getrlimit(RLIMIT_NOFILE, &rl);
	rl.rlim_cur = rl.rlim_max;
	MUST(r, setrlimit(RLIMIT_NOFILE, &rl) == 0);
	e = epoll_create1(0);
	for (i = 0; i < MANY; i += 2) {
		unix_pair(r, fd + i);
		ev.data.fd = i;
		MUST(r, epoll_ctl(e, EPOLL_CTL_ADD, fd[i], &ev) == 0);
		ev.data.fd = i + 1;
		MUST(r, epoll_ctl(e, EPOLL_CTL_ADD, fd[i + 1], &ev) == 0);
	}
	start = now_ns();
	for (long n = 0; n < r->r_n; n++) {
		i = (int)(n * 7919 % MANY);
		MUST(r, write(fd[i ^ 1], &c, 1) == 1);
		MUST(r, epoll_wait(e, &ev, 1, -1) == 1 && ev.data.fd == i);
		MUST(r, read(fd[i], &c, 1) == 1);
	}
	r->r_ns = now_ns() - start;
	for (i = 0; i < MANY; i++)
		close(fd[i]);
	close(e);
}

const struct row net_rows[] = {
	{ "tcp_pingpong", "ns", 1, row_tcp_pingpong },
	{ "tcp_pingpong_2proc", "ns", 1, row_tcp_pingpong_2proc },
	{ "udp_pingpong_2proc", "ns", 1, row_udp_pingpong_2proc },
	{ "unix_pingpong_2proc", "ns", 1, row_unix_pingpong_2proc },
	{ "tcp_bulk64k_2proc", "MB/s", BULK, row_tcp_bulk64k_2proc },
	{ "unix_bulk64k_2proc", "MB/s", BULK, row_unix_bulk64k_2proc },
	{ "connect_close", "ns", 1, row_connect_close },
	{ "epoll_10k", "ns", 1, row_epoll_10k },
	{ NULL, NULL, 0, NULL },
};
