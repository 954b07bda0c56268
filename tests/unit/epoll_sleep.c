/* SPDX-License-Identifier: BSD-2-Clause */
/* Epoll sets that are waited on, by threads, and large ones. */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "tests/unit/both.h"

SUITE(epoll_sleep);

#define ADD EPOLL_CTL_ADD
#define MOD EPOLL_CTL_MOD
#define DEL EPOLL_CTL_DEL

static int ep, p[2];
static struct epoll_event got;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void *
wait_one(void *arg)
{
	long n;

	rump_pub_lwproc_newlwp(*(int *)arg);
	n = rump_sys_epoll_wait(ep, &got, 1, 10000);
	rump_pub_lwproc_releaselwp();
	return (void *)n;
}

static void
sleeper_and(void (*fn)(void))
{
	int pid = OK(rump_sys_getpid());
	pthread_t td;
	void *n;

	cr_assert_eq(pthread_create(&td, NULL, wait_one, &pid), 0);
	usleep(20000);
	fn();
	pthread_join(td, &n);
	EQ((long)n, 1);
}

static void
write_x(void)
{
	EQ(rump_sys_write(p[1], "x", 1), 1);
}

Test(epoll_sleep, sleepers_are_woken)
{
	ep = OK(rump_sys_epoll_create1(0));
	OK(rump_sys_pipe2(p, O_NONBLOCK));
	OK(ctl(&sides[1], ep, ADD, p[0], 'p', EPOLLIN));
	sleeper_and(write_x);
	EQ(got.data.u64, 'p');
}

static void
add_ready(void)
{
	OK(ctl(&sides[1], ep, ADD, p[1], 'w', EPOLLOUT));
}

Test(epoll_sleep, adding_and_modifying_wakes)
{
	ep = OK(rump_sys_epoll_create1(0));
	OK(rump_sys_pipe2(p, O_NONBLOCK));
	sleeper_and(add_ready);
	EQ(got.data.u64, 'w');
}

static void
close_writer(void)
{
	OK(rump_sys_close(p[1]));
}

Test(epoll_sleep, a_close_wakes)
{
	ep = OK(rump_sys_epoll_create1(0));
	OK(rump_sys_pipe2(p, O_NONBLOCK));
	OK(ctl(&sides[1], ep, ADD, p[0], 'p', EPOLLIN));
	sleeper_and(close_writer);
	EQ(got.events, EPOLLHUP);
}

Test(epoll_sleep, an_inner_set_wakes_the_outer)
{
	int inner = OK(rump_sys_epoll_create1(0));
	int middle = OK(rump_sys_epoll_create1(0));

	ep = OK(rump_sys_epoll_create1(0));
	OK(rump_sys_pipe2(p, O_NONBLOCK));
	OK(ctl(&sides[1], ep, ADD, middle, 'm', EPOLLIN));
	OK(ctl(&sides[1], middle, ADD, inner, 'i', EPOLLIN | EPOLLET));
	OK(ctl(&sides[1], inner, ADD, p[0], 'p', EPOLLIN));
	sleeper_and(write_x);
	EQ(got.data.u64, 'm');
}

static int timer;

static void
set_timer(void)
{
	struct itimerspec its = { .it_value.tv_nsec = 30000000 };

	OK(rump_sys_timerfd_settime(timer, 0, &its, NULL));
}

Test(epoll_sleep, a_timer_set_meanwhile_ends_a_sleep)
{
	double start = now();

	ep = OK(rump_sys_epoll_create1(0));
	timer = OK(rump_sys_timerfd_create(CLOCK_MONOTONIC, 0));
	OK(ctl(&sides[1], ep, ADD, timer, 't', EPOLLIN | EPOLLET));
	sleeper_and(set_timer);
	EQ(got.data.u64, 't');
	cr_assert(now() - start > 0.045 && now() - start < 2);
	EQ(rump_sys_epoll_wait(ep, &got, 1, 0), 0);
}

Test(epoll_sleep, a_timer_in_an_inner_set_ends_a_sleep)
{
	int inner = OK(rump_sys_epoll_create1(0));

	ep = OK(rump_sys_epoll_create1(0));
	timer = OK(rump_sys_timerfd_create(CLOCK_MONOTONIC, 0));
	OK(ctl(&sides[1], ep, ADD, inner, 'i', EPOLLIN));
	OK(ctl(&sides[1], inner, ADD, timer, 't', EPOLLIN));
	set_timer();
	EQ(rump_sys_epoll_wait(ep, &got, 1, 5000), 1);
	EQ(got.data.u64, 'i');
}

Test(epoll_sleep, waits_as_long_as_told)
{
	struct timespec ts = { .tv_nsec = 30000000 };
	double start = now(), took;

	ep = OK(rump_sys_epoll_create1(0));
	EQ(rump_sys_epoll_pwait2(ep, &got, 1, &ts, NULL), 0);
	took = now() - start;
	cr_assert(took >= 0.03 && took < 0.5, "%f s", took);
	start = now();
	EQ(rump_sys_epoll_wait(ep, &got, 1, 20), 0);
	took = now() - start;
	cr_assert(took >= 0.02 && took < 0.5, "%f s", took);
	ts.tv_nsec = 1000000000;
	FAILS(rump_sys_epoll_pwait2(ep, &got, 1, &ts, NULL), EINVAL);
}

static volatile int alarms;

static void
on_alarm(int sig)
{
	(void)sig;
	alarms++;
}

static void
set_alarm(int flags)
{
	struct sigaction sa = { .sa_handler = on_alarm, .sa_flags = flags };
	struct itimerval it = { .it_value.tv_usec = 30000 };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
}

Test(epoll_sleep, a_signal_is_eintr_whatever_sa_restart_says)
{
	ep = OK(rump_sys_epoll_create1(0));
	set_alarm(0);
	FAILS(rump_sys_epoll_wait(ep, &got, 1, 5000), EINTR);
	set_alarm(SA_RESTART);
	FAILS(rump_sys_epoll_wait(ep, &got, 1, -1), EINTR);
	EQ(alarms, 2);
}

Test(epoll_sleep, pwait_lets_signals_in_while_it_waits)
{
	sigset_t blocked, none;

	sigemptyset(&none);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGALRM);
	ep = OK(rump_sys_epoll_create1(0));
	/* Another thread of the test's program must not take it. */
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	set_alarm(0);
	usleep(60000);
	kill(getpid(), SIGALRM);
	EQ(rump_sys_epoll_wait(ep, &got, 1, 10), 0);
	EQ(alarms, 0);
	FAILS(rump_sys_epoll_pwait(ep, &got, 1, 5000, &none), EINTR);
	EQ(alarms, 1);
	pthread_sigmask(SIG_BLOCK, NULL, &none);
	cr_assert(sigismember(&none, SIGALRM));
	/* Woken by the kernel there, too. */
	OK(rump_sys_pipe2(p, O_NONBLOCK));
	OK(ctl(&sides[1], ep, ADD, p[1], 'w', EPOLLOUT));
	sigemptyset(&none);
	EQ(rump_sys_epoll_pwait(ep, &got, 1, 5000, &none), 1);
}

static void *
pwait_one(void *arg)
{
	sigset_t none;
	long n;

	sigemptyset(&none);
	rump_pub_lwproc_newlwp(*(int *)arg);
	n = rump_sys_epoll_pwait(ep, &got, 1, 10000, &none);
	rump_pub_lwproc_releaselwp();
	return (void *)n;
}

Test(epoll_sleep, pwait_is_woken_by_the_kernel)
{
	int pid = OK(rump_sys_getpid());
	double start = now();
	pthread_t td;
	void *n;

	ep = OK(rump_sys_epoll_create1(0));
	OK(rump_sys_pipe2(p, O_NONBLOCK));
	OK(ctl(&sides[1], ep, ADD, p[0], 'p', EPOLLIN));
	cr_assert_eq(pthread_create(&td, NULL, pwait_one, &pid), 0);
	usleep(20000);
	write_x();
	pthread_join(td, &n);
	EQ((long)n, 1);
	cr_assert(now() - start < 5);
}

struct sleeper {
	pthread_t td;
	int set, pid, ms, n;
};

static void *
sleep_on(void *arg)
{
	struct sleeper *sl = arg;
	struct epoll_event ev;

	rump_pub_lwproc_newlwp(sl->pid);
	sl->n = rump_sys_epoll_wait(sl->set, &ev, 1, sl->ms);
	rump_pub_lwproc_releaselwp();
	return NULL;
}

/* How many of n sleepers, on one set or one each, the function wakes. */
static int
woken_of(int n, const int *sets, int ms, void (*fn)(void))
{
	struct sleeper sl[8];
	int i, woken = 0;

	for (i = 0; i < n; i++) {
		sl[i] = (struct sleeper){ .set = sets[i],
			.ms = ms,
			.pid = OK(rump_sys_getpid()) };
		cr_assert_eq(pthread_create(&sl[i].td, NULL, sleep_on, &sl[i]),
		    0);
	}
	usleep(30000);
	fn();
	for (i = 0; i < n; i++) {
		pthread_join(sl[i].td, NULL);
		woken += sl[i].n;
	}
	return woken;
}

Test(epoll_sleep, exclusive_items_wake_one)
{
	int sets[3], i;
	char c;

	OK(rump_sys_pipe2(p, O_NONBLOCK));
	for (i = 0; i < 3; i++) {
		sets[i] = OK(rump_sys_epoll_create1(0));
		OK(ctl(&sides[1], sets[i], ADD, p[0], 'x',
		    EPOLLIN | EPOLLEXCLUSIVE));
	}
	EQ(woken_of(3, sets, 200, write_x), 1);
	/* Without the flag all are. */
	EQ(rump_sys_read(p[0], &c, 1), 1);
	for (i = 0; i < 3; i++) {
		OK(ctl(&sides[1], sets[i], DEL, p[0], 'x', 0));
		OK(ctl(&sides[1], sets[i], ADD, p[0], 'x', EPOLLIN));
	}
	EQ(woken_of(3, sets, 5000, write_x), 3);
}

static int event[4];

static void
write_all(void)
{
	uint64_t one = 1;
	int i;

	for (i = 0; i < 4; i++)
		EQ(rump_sys_write(event[i], &one, 8), 8);
}

Test(epoll_sleep, as_many_wake_as_there_are_events)
{
	int sets[4], i;

	ep = OK(rump_sys_epoll_create1(0));
	for (i = 0; i < 4; i++) {
		sets[i] = ep;
		event[i] = OK(rump_sys_eventfd2(0, EFD_NONBLOCK));
		OK(ctl(&sides[1], ep, ADD, event[i], 'e', EPOLLIN | EPOLLET));
	}
	EQ(woken_of(4, sets, 5000, write_all), 4);
}

Test(epoll_sleep, an_edge_wakes_one_a_level_all)
{
	int sets[3];

	sets[0] = sets[1] = sets[2] = ep = OK(rump_sys_epoll_create1(0));
	OK(rump_sys_pipe2(p, O_NONBLOCK));
	OK(ctl(&sides[1], ep, ADD, p[0], 'x', EPOLLIN | EPOLLET));
	EQ(woken_of(3, sets, 200, write_x), 1);
	OK(ctl(&sides[1], ep, MOD, p[0], 'x', 0));
	write_x();
	OK(ctl(&sides[1], ep, MOD, p[0], 'x', EPOLLIN));
	EQ(woken_of(3, sets, 5000, write_x), 3);
}

/*
 * The last close ends the sleep; the set, and its file, go with the sleeper,
 * and what was watched has nobody to tell.
 */
Test(epoll_sleep, closed_while_waited_on)
{
	ep = OK(rump_sys_epoll_create1(0));
	OK(rump_sys_pipe2(p, O_NONBLOCK));
	OK(ctl(&sides[1], ep, ADD, p[0], 'p', EPOLLIN));
	int dup = OK(rump_sys_dup(ep)), old = ep, pid = OK(rump_sys_getpid());
	pthread_t td;
	void *n;

	cr_assert_eq(pthread_create(&td, NULL, wait_one, &pid), 0);
	usleep(20000);
	OK(rump_sys_close(old));
	OK(rump_sys_close(dup));
	pthread_join(td, &n);
	EQ((long)n, -1);
	write_x();
}

#define MANY 10000

static int pair[MANY][2];

Test(epoll_sleep, ten_thousand_items)
{
	struct epoll_event ev[64];
	int i, n, seen = 0;

	ep = OK(rump_sys_epoll_create1(0));
	for (i = 0; i < MANY; i++) {
		OK(rump_sys_pipe2(pair[i], O_NONBLOCK));
		ev[0].events = EPOLLIN;
		ev[0].data.u32 = i;
		OK(rump_sys_epoll_ctl(ep, ADD, pair[i][0], ev));
	}
	for (i = 0; i < MANY; i += 7)
		EQ(rump_sys_write(pair[i][1], "x", 1), 1);
	while ((n = OK(rump_sys_epoll_wait(ep, ev, 64, 0))) > 0) {
		for (i = 0; i < n; i++) {
			char c;

			EQ(ev[i].data.u32 % 7, 0);
			EQ(rump_sys_read(pair[ev[i].data.u32][0], &c, 1), 1);
			seen++;
		}
	}
	EQ(seen, (MANY + 6) / 7);
	EQ(rump_kern_check(), 0);
	for (i = 0; i < MANY; i++) {
		if (i == MANY / 2)
			OK(rump_sys_close(ep));
		OK(rump_sys_close(pair[i][0]));
		OK(rump_sys_close(pair[i][1]));
	}
}
