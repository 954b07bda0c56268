/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads of one proc that make local sockets, connect them, and send one
 * through the other while others close them; then processes that do so with
 * the same descriptors and are killed.
 */
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/stress/stress.h"

#define THREADS 6
#define PROCS   4
#define FIRST   10 /* descriptors everybody fights for */
#define NFDS    24
#define NAMES   4
#ifdef __SANITIZE_THREAD__
#define CALLS 4000
#define KILLS 0 /* it does not follow a fork of threads */
#else
#define CALLS 40000
#define KILLS 300
#endif

struct job {
	pthread_t td;
	uint64_t seed;
	int pid;
	bool ok;
};

static const int types[3] = { SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM };

static uint32_t
rnd(struct job *j, uint32_t n)
{
	j->seed = j->seed * 6364136223846793005u + 1442695040888963407u;
	return (j->seed >> 33) % n;
}

static int
any(struct job *j)
{
	return FIRST + (int)rnd(j, NFDS);
}

/* Put what was made at one of the numbers; what was there is closed. */
static void
place(struct job *j, int fd)
{
	if (fd < 0)
		return;
	rump_sys_dup2(fd, any(j));
	rump_sys_close(fd);
}

static struct sockaddr_un
name(struct job *j)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int path = rnd(j, 2) == 0;

	snprintf(sa.sun_path + !path, 20, "socks/%d", (int)rnd(j, NAMES));
	return sa;
}

static int
make(struct job *j)
{
	struct sockaddr_un sa = name(j);
	int sv[2], fd, type = types[rnd(j, 3)] | SOCK_NONBLOCK;

	if (rnd(j, 2) == 0) {
		if (rump_sys_socketpair(AF_UNIX, type, 0, sv) != 0)
			return -1;
		place(j, sv[0]);
		place(j, sv[1]);
		return 0;
	}
	fd = rump_sys_socket(AF_UNIX, type, 0);
	if (fd < 0)
		return -1;
	if (rnd(j, 2) == 0) {
		rump_sys_unlink(sa.sun_path);
		rump_sys_bind(fd, (struct sockaddr *)&sa, sizeof(sa));
		rump_sys_listen(fd, 3);
	} else
		rump_sys_connect(fd, (struct sockaddr *)&sa, sizeof(sa));
	place(j, fd);
	return 0;
}

union ctl {
	char c_buf[CMSG_SPACE(3 * sizeof(int))];
	struct cmsghdr c_hdr;
};

static int
give(struct job *j)
{
	static char data[5000];
	struct iovec iov = { data, rnd(j, rnd(j, 20) == 0 ? 5000 : 20) };
	size_t len = rnd(j, 4) * sizeof(int);
	union ctl ctl = { .c_hdr = { CMSG_LEN(len), SOL_SOCKET, SCM_RIGHTS } };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.c_buf,
		.msg_controllen = CMSG_SPACE(len) };
	int fds[3] = { any(j), any(j), any(j) };

	memcpy(CMSG_DATA(&ctl.c_hdr), fds, len);
	return (int)rump_sys_sendmsg(any(j), &h, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int
take(struct job *j)
{
	union ctl ctl;
	char data[50];
	struct iovec iov = { data, sizeof(data) };
	struct msghdr h = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = ctl.c_buf,
		.msg_controllen = sizeof(ctl) };
	int n = 0, i, fd, got;

	got = (int)rump_sys_recvmsg(any(j), &h,
	    MSG_DONTWAIT | (rnd(j, 4) == 0 ? MSG_PEEK : 0));
	if (got >= 0 && h.msg_controllen != 0 &&
	    ctl.c_hdr.cmsg_type == SCM_RIGHTS)
		n = (int)((ctl.c_hdr.cmsg_len - CMSG_LEN(0)) / sizeof(int));
	for (i = 0; i < n; i++) {
		memcpy(&fd, CMSG_DATA(&ctl.c_hdr) + i * (int)sizeof(int),
		    sizeof(int));
		place(j, fd);
	}
	return got;
}

static int
call(struct job *j)
{
	struct sockaddr_un sa = name(j);
	struct pollfd pf = { .fd = any(j), .events = POLLIN | POLLOUT };
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	int on = (int)rnd(j, 2), fd;
	char buf[100];

	switch (rnd(j, 14)) {
	case 0:
	case 1:
		return make(j);
	case 2:
		return rump_sys_close(any(j));
	case 3:
		fd = rump_sys_accept4(any(j), NULL, NULL, SOCK_NONBLOCK);
		place(j, fd);
		return fd;
	case 4:
		return rump_sys_connect(any(j), (struct sockaddr *)&sa,
		    sizeof(sa));
	case 5:
		return rnd(j, 2) ?
		    rump_sys_shutdown(any(j), (int)rnd(j, 3)) :
		    rump_sys_connect(any(j), &none, sizeof(none));
	case 6:
		return rump_sys_poll(&pf, 1, 0);
	case 7:
		return rump_sys_setsockopt(any(j), SOL_SOCKET, SO_PASSCRED, &on,
		    sizeof(on));
	case 8:
		return (int)rump_sys_sendto(any(j), buf, 1, MSG_NOSIGNAL,
		    (struct sockaddr *)&sa, sizeof(sa));
	case 9:
		return (int)rump_sys_read(any(j), buf, sizeof(buf));
	case 10:
		return (int)rump_sys_write(any(j), buf, rnd(j, 100));
	case 11:
	case 12:
		return take(j);
	default:
		return give(j);
	}
}

/* False: it failed with an errno that nothing here can cause. */
static bool
fine(struct job *j)
{
	if (call(j) >= 0)
		return true;
	switch (errno) {
	case EADDRINUSE:
	case EAGAIN:
	case EBADF:
	case ECONNREFUSED:
	case ECONNRESET:
	case EINVAL:
	case EISCONN:
	case EMSGSIZE:
	case ENOENT:
	case ENOTCONN:
	case EOPNOTSUPP:
	case EPERM:
	case EPIPE:
	case EPROTOTYPE:
		return true;
	}
	printf("# errno %d\n", errno);
	return false;
}

static void *
work(void *arg)
{
	struct job *j = arg;
	int i;

	j->ok = rump_pub_lwproc_newlwp(j->pid) == 0;
	for (i = 0; i < CALLS && j->ok; i++)
		j->ok = fine(j);
	rump_pub_lwproc_releaselwp();
	lwp_detach();
	return NULL;
}

static bool
threads(void)
{
	struct job job[THREADS];
	bool ok = true;
	int i;

	rump_pub_lwproc_rfork(RUMP_RFCFDG);
	for (i = 0; i < THREADS; i++) {
		job[i] = (struct job){ .seed = i + 1,
			.pid = rump_sys_getpid() };
		if (pthread_create(&job[i].td, NULL, work, &job[i]) != 0)
			abort();
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(job[i].td, NULL);
		ok = ok && job[i].ok;
	}
	rump_pub_lwproc_releaselwp();
	return ok;
}

/* With the descriptors of pid 1, as all of them. */
static pid_t
start(uint64_t seed)
{
	struct job j = { .seed = seed };
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	alarm(30);
	if (lwproc_attach() != 0)
		_exit(1);
	while (fine(&j))
		continue;
	_exit(1);
}

static bool
killed(void)
{
	pid_t child[PROCS] = { 0 };
	struct job j = { .seed = 7 };
	struct timespec ts = { 0 };
	bool ok = true;
	int i, n, status;

	for (n = 0; n < KILLS && ok; n++) {
		for (i = 0; i < PROCS; i++)
			if (child[i] == 0)
				child[i] = start(n * PROCS + i + 1);
		ts.tv_nsec = rnd(&j, 10000000);
		nanosleep(&ts, NULL);
		i = rnd(&j, PROCS);
		kill(child[i], SIGKILL);
		ok = waitpid(child[i], &status, 0) == child[i] &&
		    WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
		child[i] = 0;
		if (n % 2)
			reap_all();
		if (n % 20 == 0)
			ok = ok && fine(&j);
	}
	for (i = 0; i < PROCS; i++) {
		if (child[i] == 0)
			continue;
		kill(child[i], SIGKILL);
		waitpid(child[i], &status, 0);
	}
	reap_all();
	rump_sys_close_range(3, ~0U, 0);
	return ok;
}

static void
remove_names(void)
{
	char path[20];
	int i;

	for (i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "socks/%d", i);
		rump_sys_unlink(path);
	}
	rump_sys_rmdir("socks");
}

int
main(void)
{
	bool ok = true;

	printf("1..4\n");
	signal(SIGPIPE, SIG_IGN);
	setenv("RUMP_MEMLIMIT", "256M", 0);
	/* A table large enough for what the dead leave open, from the start. */
	if (rump_init() == 0)
		rump_sys_close(rump_sys_dup2(0, 4000));
	stress_boot();

	rump_sys_mkdir("socks", 0755);
	ok &= tap_ok(threads(), "sockets sent through sockets");
	remove_names();
	ok &= tap_ok(stress_clean(), "nothing is left of them");
	rump_sys_mkdir("socks", 0755);
	ok &= tap_ok(killed(), "processes that die with sockets");
	remove_names();
	ok &= tap_ok(stress_clean(), "nothing is left of the dead");
	return !ok;
}
