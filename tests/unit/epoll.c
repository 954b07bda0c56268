/* SPDX-License-Identifier: BSD-2-Clause */
/* Epoll sets: as the host's, and at any size. */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "tests/unit/both.h"

SUITE(epoll);

#define ADD EPOLL_CTL_ADD
#define MOD EPOLL_CTL_MOD
#define DEL EPOLL_CTL_DEL

static void
errors(const struct side *s)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep, p[2], file;

	SAY(s->epoll_create(0));
	SAY(s->epoll_create(-1));
	SAY(s->epoll_create1(1));
	ep = s->epoll_create1(EPOLL_CLOEXEC);
	SAY(s->fcntl(ep, F_GETFD));
	SAY(s->pipe2(p, O_NONBLOCK) < 0);
	file = s->open("/dev/null", O_RDWR);
	SAY(ctl(s, ep, ADD, file, 'f', EPOLLIN));
	s->close(file);
	file = s->open("/", O_RDONLY);
	SAY(ctl(s, ep, ADD, file, 'f', EPOLLIN));
	s->close(file);
	file = s->open("/", O_PATH);
	SAY(ctl(s, ep, ADD, file, 'f', EPOLLIN));
	SAY(ctl(s, file, ADD, p[0], 'f', EPOLLIN));
	s->close(file);
	SAY(ctl(s, ep, ADD, ep, 'e', EPOLLIN));
	SAY(ctl(s, p[0], ADD, p[1], 'e', EPOLLIN));
	SAY(ctl(s, p[0], ADD, 999, 'e', EPOLLIN));
	SAY(ctl(s, 999, ADD, p[0], 'e', EPOLLIN));
	SAY(ctl(s, ep, 77, p[0], 'e', EPOLLIN));
	SAY(ctl(s, ep, 77, 999, 'e', EPOLLIN));
	SAY(s->epoll_ctl(ep, ADD, p[0], NULL));
	SAY(s->epoll_ctl(999, ADD, p[0], NULL));
	SAY(ctl(s, ep, MOD, p[0], 'p', EPOLLIN));
	SAY(ctl(s, ep, DEL, p[0], 'p', EPOLLIN));
	SAY(ctl(s, ep, ADD, p[0], 'p', EPOLLIN));
	SAY(ctl(s, ep, ADD, p[0], 'p', EPOLLIN));
	SAY(s->epoll_ctl(ep, DEL, p[0], NULL));
	SAY(s->epoll_ctl(ep, DEL, p[0], NULL));
	SAY(s->epoll_wait(ep, &ev, 0, 0));
	SAY(s->epoll_wait(ep, &ev, -1, 0));
	SAY(s->epoll_wait(ep, &ev, 1 << 30, 0));
	SAY(s->epoll_wait(999, &ev, 0, 0));
	SAY(s->epoll_wait(p[0], &ev, 1, 0));
	SAY(s->epoll_wait(p[0], &ev, 0, 0));
	SAY(s->epoll_wait(ep, NULL, 1, 0));
	SAY(s->epoll_wait(ep, (void *)-4096L, 1, 0));
	SAY(s->write(ep, &ev, 8));
	SAY(s->read(ep, &ev, 8));
	SAY(ctl(s, ep, ADD, p[1], 'w', EPOLLOUT));
	SAY(s->epoll_wait(ep, NULL, 1, 0));
	SAY(s->epoll_wait(ep, &ev, 1, 0));
	s->close(ep);
	s->close(p[0]);
	s->close(p[1]);
}

Test(epoll, errors_are_the_hosts)
{
	both(errors);
}

static void
triggers(const struct side *s)
{
	static const uint32_t how[] = { 0, EPOLLET, EPOLLONESHOT,
		EPOLLET | EPOLLONESHOT };
	int ep, p[2];
	char c;
	size_t i;

	for (i = 0; i < 4; i++) {
		ep = s->epoll_create1(0);
		s->pipe2(p, O_NONBLOCK);
		say("flags %x\n", how[i]);
		SAY(ctl(s, ep, ADD, p[0], 'r', EPOLLIN | how[i]));
		SAY(ctl(s, ep, ADD, p[1], 'w', EPOLLOUT | how[i]));
		say_events(s, ep, 10, 0);
		say_events(s, ep, 10, 0);
		s->write(p[1], "abc", 3);
		say_events(s, ep, 10, 0);
		say_events(s, ep, 10, 0);
		s->write(p[1], "d", 1);
		say_events(s, ep, 10, 0);
		s->read(p[0], &c, 1);
		say_events(s, ep, 10, 0);
		SAY(ctl(s, ep, MOD, p[0], 'R', EPOLLIN | how[i]));
		say_events(s, ep, 10, 0);
		say_events(s, ep, 10, 0);
		s->read(p[0], &c, 1);
		s->read(p[0], &c, 1);
		s->read(p[0], &c, 1);
		say_events(s, ep, 10, 0);
		SAY(ctl(s, ep, MOD, p[0], 'x', how[i]));
		s->write(p[1], "e", 1);
		say_events(s, ep, 10, 0);
		SAY(ctl(s, ep, MOD, p[0], 'y', EPOLLIN | how[i]));
		say_events(s, ep, 10, 0);
		s->close(p[1]);
		say_events(s, ep, 10, 0);
		say_events(s, ep, 10, 0);
		s->close(p[0]);
		say_events(s, ep, 10, 0);
		s->close(ep);
	}
}

Test(epoll, level_edge_and_oneshot)
{
	both(triggers);
}

static void
pairs(const struct side *s)
{
	static const uint32_t how[] = { 0, EPOLLET, EPOLLONESHOT };
	uint32_t in = EPOLLIN | EPOLLRDHUP;
	int ep, sv[2];
	char c[8];
	size_t i;

	for (i = 0; i < 3; i++) {
		ep = s->epoll_create1(0);
		SAY(s->socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sv));
		say("flags %x\n", how[i]);
		SAY(ctl(s, ep, ADD, sv[0], 'a', in | how[i]));
		SAY(ctl(s, ep, ADD, sv[1], 'b', in | how[i]));
		say_events(s, ep, 10, 0);
		s->write(sv[1], "abc", 3);
		say_events(s, ep, 10, 0);
		say_events(s, ep, 10, 0);
		s->read(sv[0], c, 8);
		s->write(sv[1], "abc", 3);
		say_events(s, ep, 10, 0);
		s->close(sv[1]);
		say_events(s, ep, 10, 0);
		s->read(sv[0], c, 8);
		say_events(s, ep, 10, 0);
		s->close(sv[0]);
		say_events(s, ep, 10, 0);
		s->close(ep);
	}
}

Test(epoll, socket_pairs)
{
	both(pairs);
}

/* An item goes with the last descriptor of its file, not with its own. */
static void
duplicates(const struct side *s)
{
	int ep = s->epoll_create1(0), p[2], d;

	s->pipe2(p, O_NONBLOCK);
	d = s->dup(p[0]);
	s->write(p[1], "x", 1);
	SAY(ctl(s, ep, ADD, p[0], 'p', EPOLLIN));
	SAY(ctl(s, ep, ADD, d, 'd', EPOLLIN));
	SAY(ctl(s, ep, ADD, d, 'd', EPOLLIN));
	say_events(s, ep, 10, 0);
	say_events(s, ep, 1, 0);
	say_events(s, ep, 1, 0);
	say_events(s, ep, 1, 0);
	s->close(p[0]);
	say_events(s, ep, 10, 0);
	SAY(ctl(s, ep, DEL, p[0], 'p', EPOLLIN));
	SAY(ctl(s, ep, DEL, d, 'd', EPOLLIN));
	say_events(s, ep, 10, 0);
	s->close(d);
	say_events(s, ep, 10, 0);
	s->close(p[1]);
	s->close(ep);
}

Test(epoll, same_file_under_two_descriptors)
{
	both(duplicates);
}

static void
nested(const struct side *s)
{
	int in = s->epoll_create1(0), out = s->epoll_create1(0), p[2], i, e[7];
	struct pollfd pf = { .fd = in, .events = POLLIN | POLLOUT };

	s->pipe2(p, O_NONBLOCK);
	SAY(ctl(s, out, ADD, in, 'i', EPOLLIN | EPOLLOUT | EPOLLET));
	SAY(ctl(s, in, ADD, out, 'o', EPOLLIN));
	SAY(ctl(s, in, ADD, p[0], 'p', EPOLLIN));
	say_events(s, out, 5, 0);
	SAY(s->poll(&pf, 1, 0));
	s->write(p[1], "x", 1);
	SAY(s->poll(&pf, 1, 0));
	SAY(pf.revents);
	say_events(s, out, 5, 0);
	say_events(s, out, 5, 0);
	say_events(s, in, 5, 0);
	SAY(ctl(s, out, MOD, in, 'i', EPOLLIN));
	say_events(s, out, 5, 0);
	say_events(s, out, 5, 0);
	s->close(in);
	say_events(s, out, 5, 0);
	s->close(p[0]);
	s->close(p[1]);
	s->close(out);
	/* How deep: each into the one before, then from the other end. */
	for (i = 0; i < 7; i++)
		e[i] = s->epoll_create1(0);
	for (i = 1; i < 7; i++)
		SAY(ctl(s, e[i - 1], ADD, e[i], 'e', EPOLLIN));
	SAY(ctl(s, e[2], ADD, e[0], 'e', EPOLLIN));
	SAY(ctl(s, e[2], ADD, e[2], 'e', EPOLLIN));
	for (i = 0; i < 7; i++)
		s->close(e[i]);
	for (i = 0; i < 7; i++)
		e[i] = s->epoll_create1(0);
	for (i = 6; i > 0; i--)
		SAY(ctl(s, e[i - 1], ADD, e[i], 'e', EPOLLIN));
	SAY(ctl(s, e[5], ADD, e[3], 'e', EPOLLIN));
	for (i = 0; i < 7; i++)
		s->close(e[i]);
}

Test(epoll, sets_in_sets)
{
	both(nested);
}

static void
exclusive(const struct side *s)
{
	uint32_t x = EPOLLIN | EPOLLEXCLUSIVE;
	int ep = s->epoll_create1(0), e2 = s->epoll_create1(0), p[2];

	s->pipe2(p, O_NONBLOCK);
	SAY(ctl(s, ep, ADD, p[0], 'x', x | EPOLLONESHOT));
	SAY(ctl(s, ep, ADD, p[0], 'x', x | EPOLLRDHUP));
	SAY(ctl(s, ep, ADD, e2, 'x', x));
	SAY(ctl(s, ep, ADD, p[0], 'x', x | EPOLLET));
	SAY(ctl(s, ep, MOD, p[0], 'x', x));
	SAY(ctl(s, ep, MOD, p[0], 'x', EPOLLIN));
	SAY(ctl(s, e2, ADD, p[0], 'y', x));
	s->write(p[1], "x", 1);
	say_events(s, ep, 5, 0);
	say_events(s, ep, 5, 0);
	say_events(s, e2, 5, 0);
	SAY(ctl(s, e2, ADD, p[1], 'w', EPOLLOUT | EPOLLWAKEUP));
	say_events(s, e2, 5, 0);
	s->close(p[0]);
	s->close(p[1]);
	s->close(ep);
	s->close(e2);
}

Test(epoll, exclusive_items)
{
	both(exclusive);
}

/* What was there has gone again when somebody looks. */
static void
gone(const struct side *s)
{
	static const uint32_t how[] = { 0, EPOLLET, EPOLLONESHOT };
	int set, pp[2];
	size_t i;
	char c;

	for (i = 0; i < 3; i++) {
		set = s->epoll_create1(0);
		s->pipe2(pp, O_NONBLOCK);
		SAY(ctl(s, set, ADD, pp[0], 'p', EPOLLIN | how[i]));
		s->write(pp[1], "x", 1);
		s->read(pp[0], &c, 1);
		say_events(s, set, 5, 0);
		s->write(pp[1], "x", 1);
		say_events(s, set, 5, 0);
		s->close(pp[0]);
		s->close(pp[1]);
		s->close(set);
	}
}

Test(epoll, events_that_went_again_are_not_told)
{
	both(gone);
}

/* An end of a pipe has no news of the other end's. */
static void
ends(const struct side *s)
{
	uint32_t all = EPOLLIN | EPOLLOUT | EPOLLET;
	int set = s->epoll_create1(0), pp[2];
	char c;

	s->pipe2(pp, O_NONBLOCK);
	SAY(ctl(s, set, ADD, pp[0], 'r', all));
	SAY(ctl(s, set, ADD, pp[1], 'w', all));
	say_events(s, set, 5, 0);
	s->write(pp[1], "x", 1);
	say_events(s, set, 5, 0);
	s->read(pp[0], &c, 1);
	say_events(s, set, 5, 0);
	s->close(pp[0]);
	say_events(s, set, 5, 0);
	s->close(pp[1]);
	s->close(set);
}

Test(epoll, an_end_of_a_pipe_has_news_of_its_own)
{
	both(ends);
}

/* Those not reported for want of room come first the next time. */
static void
turns(const struct side *s)
{
	int ep = s->epoll_create1(0), p[5][2], i;

	for (i = 0; i < 5; i++) {
		s->pipe2(p[i], O_NONBLOCK);
		ctl(s, ep, ADD, p[i][0], 'a' + i, EPOLLIN);
		s->write(p[i][1], "x", 1);
	}
	for (i = 0; i < 7; i++)
		say_events(s, ep, 2, 0);
	say_events(s, ep, 5, 0);
	for (i = 0; i < 5; i++) {
		s->close(p[i][0]);
		s->close(p[i][1]);
	}
	s->close(ep);
}

Test(epoll, everyone_has_a_turn)
{
	both(turns);
}

/* --- With threads ----------------------------------------------------------- */

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

Test(epoll, sleepers_are_woken)
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

Test(epoll, adding_and_modifying_wakes)
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

Test(epoll, a_close_wakes)
{
	ep = OK(rump_sys_epoll_create1(0));
	OK(rump_sys_pipe2(p, O_NONBLOCK));
	OK(ctl(&sides[1], ep, ADD, p[0], 'p', EPOLLIN));
	sleeper_and(close_writer);
	EQ(got.events, EPOLLHUP);
}

Test(epoll, an_inner_set_wakes_the_outer)
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

Test(epoll, a_timer_set_meanwhile_ends_a_sleep)
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

Test(epoll, a_timer_in_an_inner_set_ends_a_sleep)
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

Test(epoll, waits_as_long_as_told)
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

Test(epoll, a_signal_is_eintr_whatever_sa_restart_says)
{
	ep = OK(rump_sys_epoll_create1(0));
	set_alarm(0);
	FAILS(rump_sys_epoll_wait(ep, &got, 1, 5000), EINTR);
	set_alarm(SA_RESTART);
	FAILS(rump_sys_epoll_wait(ep, &got, 1, -1), EINTR);
	EQ(alarms, 2);
}

Test(epoll, pwait_lets_signals_in_while_it_waits)
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

Test(epoll, pwait_is_woken_by_the_kernel)
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

Test(epoll, exclusive_items_wake_one)
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

Test(epoll, as_many_wake_as_there_are_events)
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

Test(epoll, an_edge_wakes_one_a_level_all)
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
Test(epoll, closed_while_waited_on)
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

Test(epoll, ten_thousand_items)
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
