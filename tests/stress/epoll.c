/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads of one proc that put files into epoll sets, and sets into sets, close
 * what others watch and wait on, and wait; then processes that do so with the
 * same descriptors and are killed.
 */
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/stress/stress.h"

#define THREADS 6
#define PROCS   4
#define FIRST   10 /* descriptors everybody fights for */
#define NFDS    40
#ifdef __SANITIZE_THREAD__
#define CALLS 4000
#define KILLS 0 /* it does not follow a fork of threads */
#else
#define CALLS 60000
#define KILLS 300
#endif

struct job {
	pthread_t td;
	uint64_t seed;
	int pid;
	bool ok;
};

static uint32_t
rnd(struct job *j, uint32_t n)
{

	j->seed = j->seed * 6364136223846793005u + 1442695040888963407u;
	return (j->seed >> 33) % n;
}

static int
any(struct job *j)
{

	return FIRST + rnd(j, NFDS);
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

static void
make(struct job *j)
{
	struct itimerspec its = { .it_value.tv_nsec = 1 + rnd(j, 300000),
		.it_interval.tv_nsec = 100000 };
	int p[2], fd;

	switch (rnd(j, 5)) {
	case 0:
		if (rump_sys_pipe2(p, O_NONBLOCK) == 0) {
			place(j, p[0]);
			place(j, p[1]);
		}
		break;
	case 1:
		if (rump_sys_socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			p) == 0) {
			place(j, p[0]);
			place(j, p[1]);
		}
		break;
	case 2:
		place(j, rump_sys_epoll_create1(0));
		break;
	case 3:
		place(j, rump_sys_eventfd2(0, EFD_NONBLOCK));
		break;
	default:
		fd = rump_sys_timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
		if (fd >= 0)
			rump_sys_timerfd_settime(fd, 0, &its, NULL);
		place(j, fd);
	}
}

static long
change(struct job *j)
{
	static const uint32_t events[] = { EPOLLIN, EPOLLIN | EPOLLOUT,
		EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT,
		EPOLLIN | EPOLLEXCLUSIVE, EPOLLOUT | EPOLLET };
	static const int ops[] = { EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD,
		EPOLL_CTL_DEL };
	struct epoll_event ev = { .events = events[rnd(j, 6)] };

	return rump_sys_epoll_ctl(any(j), ops[rnd(j, 4)], any(j), &ev);
}

static long
call(struct job *j)
{
	struct epoll_event ev[8];
	struct pollfd pf[2] = { { .fd = any(j), .events = POLLIN },
		{ .fd = any(j), .events = POLLOUT | POLLIN } };
	uint64_t one = 1;

	errno = 0;
	switch (rnd(j, 10)) {
	case 0:
		make(j);
		return 0;
	case 1:
		return rump_sys_close(any(j));
	case 2:
	case 3:
	case 4:
		return change(j);
	case 5:
		return rump_sys_epoll_wait(any(j), ev, 1 + rnd(j, 8),
		    rnd(j, 10) == 0);
	case 6:
		return rump_sys_poll(pf, 2, rnd(j, 10) == 0);
	case 7:
	case 8:
		return rump_sys_write(any(j), &one, 8);
	default:
		return rump_sys_read(any(j), &one, 8);
	}
}

/* False: it failed with an errno that nothing here can cause. */
static bool
fine(struct job *j)
{

	if (call(j) >= 0)
		return true;
	switch (errno) {
	case EAGAIN:
	case EBADF:
	case ECONNRESET:
	case EEXIST:
	case EINTR:
	case EINVAL:
	case ELOOP:
	case ENOENT:
	case EPERM:
	case EPIPE:
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

int
main(void)
{
	bool ok = true;

	printf("1..4\n");
	signal(SIGPIPE, SIG_IGN);
	/* A table large enough for what the dead leave open, from the start. */
	setenv("RUMP_MEMLIMIT", "256M", 0);
	if (rump_init() == 0)
		rump_sys_close(rump_sys_dup2(0, 4000));
	stress_boot();
	ok &= tap_ok(threads(), "sets that change while they are waited on");
	ok &= tap_ok(stress_clean(), "nothing is left of them");
	ok &= tap_ok(killed(), "processes that die with sets");
	ok &= tap_ok(stress_clean(), "nothing is left of the dead");
	return !ok;
}
