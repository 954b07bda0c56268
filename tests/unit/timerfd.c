/* SPDX-License-Identifier: BSD-2-Clause */
/* Timers that are files. */
#include <pthread.h>
#include <time.h>

#include "tests/unit/both.h"

SUITE(timerfd);

#define MSEC 1000000L

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static struct itimerspec
its(long value_ns, long interval_ns)
{
	return (struct itimerspec){
		.it_value = { value_ns / 1000000000, value_ns % 1000000000 },
		.it_interval = { interval_ns / 1000000000,
		    interval_ns % 1000000000 },
	};
}

static void
say_time(const struct itimerspec *t)
{
	say("%ld.%d %ld.%09ld\n", t->it_value.tv_sec, t->it_value.tv_nsec != 0,
	    t->it_interval.tv_sec, t->it_interval.tv_nsec);
}

static void
calls(const struct side *s)
{
	struct itimerspec t = its(0, 0), old = its(1, 1);
	struct pollfd pf = { .events = POLLIN | POLLOUT | POLLRDNORM };
	int fd, p[2];
	uint64_t n;

	SAY(s->timerfd_create(99, 0));
	SAY(s->timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
	SAY(s->timerfd_create(CLOCK_MONOTONIC, 0x10));
	SAY(s->pipe2(p, 0));
	fd = pf.fd = s->timerfd_create(CLOCK_MONOTONIC,
	    TFD_NONBLOCK | TFD_CLOEXEC);
	SAY(s->fcntl(fd, F_GETFD));
	SAY(s->fcntl(fd, F_GETFL));
	SAY(s->timerfd_settime(fd, 8, &t, NULL));
	SAY(s->timerfd_settime(p[0], 0, &t, NULL));
	SAY(s->timerfd_settime(999, 0, &t, NULL));
	SAY(s->timerfd_settime(999, 0, NULL, NULL));
	SAY(s->timerfd_gettime(p[0], &t));
	SAY(s->timerfd_gettime(999, &t));
	SAY(s->timerfd_gettime(fd, NULL));
	t.it_value.tv_nsec = 1000000000;
	SAY(s->timerfd_settime(fd, 0, &t, NULL));
	SAY(s->timerfd_settime(999, 0, &t, NULL));
	t = its(0, -1);
	SAY(s->timerfd_settime(fd, 0, &t, NULL));
	t = its(0, 5 * MSEC);
	SAY(s->timerfd_settime(fd, 0, &t, &old));
	say_time(&old);
	SAY(s->timerfd_gettime(fd, &old));
	say_time(&old);
	SAY(s->read(fd, &n, 8));
	SAY(s->read(fd, &n, 7));
	SAY(s->write(fd, &n, 8));
	SAY(s->poll(&pf, 1, 0));
	/* In the past: at once. */
	t = its(1, 0);
	SAY(s->timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, &old));
	say_time(&old);
	SAY(s->poll(&pf, 1, -1));
	say("%x\n", pf.revents);
	SAY(s->timerfd_gettime(fd, &old));
	say_time(&old);
	SAY(s->read(fd, &n, 8));
	say("%lu\n", n);
	SAY(s->read(fd, &n, 8));
	/* Long. */
	t = its(1000000000000, 3000000007);
	SAY(s->timerfd_settime(fd, 0, &t, &old));
	SAY(s->timerfd_settime(fd, 0, &t, &old));
	say_time(&old);
	SAY(s->timerfd_gettime(fd, &old));
	say_time(&old);
	t.it_value.tv_sec = INT64_MAX;
	SAY(s->timerfd_settime(fd, 0, &t, NULL));
	SAY(s->timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
	SAY(s->read(fd, &n, 8));
	/* What is set again has not expired. */
	t = its(1, 0);
	s->timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL);
	t = its(0, 0);
	SAY(s->timerfd_settime(fd, 0, &t, NULL));
	SAY(s->read(fd, &n, 8));
	s->close(fd);
	s->close(p[0]);
	s->close(p[1]);
}

Test(timerfd, calls_are_the_hosts)
{
	both(calls);
}

static const int clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME };

Test(timerfd, readers_sleep_until_then)
{
	struct itimerspec t = its(20 * MSEC, 0);
	double start, took;
	uint64_t n;
	size_t i;
	int fd;

	for (i = 0; i < 3; i++) {
		fd = OK(rump_sys_timerfd_create(clocks[i], 0));
		start = now();
		OK(rump_sys_timerfd_settime(fd, 0, &t, NULL));
		EQ(rump_sys_read(fd, &n, 8), 8);
		took = now() - start;
		EQ(n, 1);
		cr_assert(took >= 0.02 && took < 1, "%f s", took);
		OK(rump_sys_close(fd));
	}
}

Test(timerfd, absolute_times_are_of_their_clock)
{
	struct itimerspec t = { 0 };
	double start, took;
	uint64_t n;
	size_t i;
	int fd;

	for (i = 0; i < 3; i++) {
		fd = OK(rump_sys_timerfd_create(clocks[i], 0));
		start = now();
		clock_gettime(clocks[i], &t.it_value);
		t.it_value.tv_nsec += 20 * MSEC;
		if (t.it_value.tv_nsec >= 1000000000) {
			t.it_value.tv_nsec -= 1000000000;
			t.it_value.tv_sec++;
		}
		OK(rump_sys_timerfd_settime(fd, TFD_TIMER_ABSTIME, &t, NULL));
		EQ(rump_sys_read(fd, &n, 8), 8);
		took = now() - start;
		cr_assert(took >= 0.02 && took < 1, "%f s", took);
		OK(rump_sys_close(fd));
	}
}

Test(timerfd, intervals_add_up)
{
	struct itimerspec t = its(10 * MSEC, 10 * MSEC);
	int fd = OK(rump_sys_timerfd_create(CLOCK_MONOTONIC, 0));
	uint64_t n, sum = 0;
	double start = now(), took;

	OK(rump_sys_timerfd_settime(fd, 0, &t, NULL));
	usleep(35000);
	while (sum < 8) {
		EQ(rump_sys_read(fd, &n, 8), 8);
		if (sum == 0)
			cr_assert(n >= 3);
		sum += n;
	}
	took = now() - start;
	cr_assert(took >= sum * 0.01 && took < sum * 0.01 + 1, "%lu in %f s",
	    sum, took);
	OK(rump_sys_timerfd_gettime(fd, &t));
	cr_assert(t.it_value.tv_nsec <= 10 * MSEC && t.it_value.tv_nsec > 0);
}

Test(timerfd, poll_and_select_wake_in_time)
{
	int fd = OK(rump_sys_timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK));
	struct pollfd pf = { .fd = fd, .events = POLLIN };
	struct itimerspec t = its(20 * MSEC, 0);
	double start = now(), took;
	uint64_t n;
	fd_set r;

	OK(rump_sys_timerfd_settime(fd, 0, &t, NULL));
	EQ(rump_sys_poll(&pf, 1, 5), 0);
	EQ(rump_sys_poll(&pf, 1, 10000), 1);
	took = now() - start;
	cr_assert(took >= 0.02 && took < 1, "%f s", took);
	EQ(rump_sys_read(fd, &n, 8), 8);
	start = now();
	OK(rump_sys_timerfd_settime(fd, 0, &t, NULL));
	FD_ZERO(&r);
	FD_SET(fd, &r);
	EQ(rump_sys_select(fd + 1, &r, NULL, NULL, NULL), 1);
	took = now() - start;
	cr_assert(took >= 0.02 && took < 1, "%f s", took);
}

static int tfd;

static void *
read_one(void *arg)
{
	uint64_t n = 0;

	rump_pub_lwproc_newlwp(*(int *)arg);
	if (rump_sys_read(tfd, &n, 8) != 8)
		n = -1;
	rump_pub_lwproc_releaselwp();
	return (void *)n;
}

Test(timerfd, a_time_set_meanwhile_counts)
{
	struct itimerspec t = its(10 * MSEC, 0);
	int pid = OK(rump_sys_getpid());
	pthread_t td;
	void *n;

	tfd = OK(rump_sys_timerfd_create(CLOCK_MONOTONIC, 0));
	cr_assert_eq(pthread_create(&td, NULL, read_one, &pid), 0);
	usleep(10000);
	OK(rump_sys_timerfd_settime(tfd, 0, &t, NULL));
	pthread_join(td, &n);
	EQ(n, 1);
}

Test(timerfd, an_edge_comes_with_each_expiry)
{
	int fd = OK(rump_sys_timerfd_create(CLOCK_MONOTONIC, 0));
	struct itimerspec t = its(5 * MSEC, 5 * MSEC);
	struct epoll_event ev;
	int ep = OK(rump_sys_epoll_create1(0)), i;

	OK(ctl(&sides[1], ep, EPOLL_CTL_ADD, fd, 't', EPOLLIN | EPOLLET));
	OK(rump_sys_timerfd_settime(fd, 0, &t, NULL));
	for (i = 0; i < 5; i++)
		EQ(rump_sys_epoll_wait(ep, &ev, 1, 5000), 1);
	t = its(0, 0);
	OK(rump_sys_timerfd_settime(fd, 0, &t, NULL));
	EQ(rump_sys_epoll_wait(ep, &ev, 1, 20), 0);
}
