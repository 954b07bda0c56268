/* SPDX-License-Identifier: BSD-2-Clause */
/* _lwp_park and its opposites, and _lwp_wakeup. */
#include "tests/unit/lwp.h"

SUITE(lwp_park);

#define SEC 1000000000LL

static int64_t
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * SEC + ts.tv_nsec;
}

static int
park(void)
{

	return _lwp_park(CLOCK_MONOTONIC, 0, NULL, 0, NULL, NULL);
}

struct parker {
	atomic_int tid, parks;
	int error;
	struct timespec *ts;
};

static void
parks(void *arg)
{
	struct parker *p = arg;

	p->tid = gettid();
	p->error = _lwp_park(CLOCK_MONOTONIC, 0, p->ts, 0, NULL, NULL);
	p->parks++;
}

static lwpid_t
spawn_parked(struct parker *p)
{
	lwpid_t id = spawn(parks, p, 0);

	UNTIL(p->tid != 0 && host_state(p->tid) == 'S');
	EQ(p->parks, 0);
	return id;
}

/* --- Unparking -------------------------------------------------------------------- */

Test(lwp_park, unpark_ends_it)
{
	struct parker p = { 0 };
	lwpid_t id = spawn_parked(&p);

	EQ(_lwp_unpark(id, NULL), 0);
	waits_for(id);
	EQ(p.error, 0);
}

Test(lwp_park, an_unpark_before_it_is_remembered_once)
{
	struct timespec ts = { 0, 1000 };

	EQ(_lwp_unpark(_lwp_self(), NULL), 0);
	EQ(_lwp_unpark(_lwp_self(), NULL), 0);
	ERR(park(), EALREADY);
	ERR(_lwp_park(CLOCK_MONOTONIC, 0, &ts, 0, NULL, NULL), ETIMEDOUT);
}

Test(lwp_park, unpark_of_nobody_is_esrch)
{
	struct parker p = { 0 };
	lwpid_t id = spawn_parked(&p);

	ERR(_lwp_unpark(0, NULL), ESRCH);
	ERR(_lwp_unpark(-3, NULL), ESRCH);
	ERR(_lwp_unpark(id + 1, NULL), ESRCH);
	EQ(_lwp_unpark(id, NULL), 0);
	waits_for(id);
	ERR(_lwp_unpark(id, NULL), ESRCH);
}

Test(lwp_park, park_unparks_another_first)
{
	struct timespec ts = { 0, 1000 };
	struct parker p = { 0 };
	lwpid_t id = spawn_parked(&p);

	ERR(_lwp_park(CLOCK_MONOTONIC, 0, &ts, id, NULL, NULL), ETIMEDOUT);
	waits_for(id);
	EQ(p.error, 0);
	ERR(_lwp_park(CLOCK_MONOTONIC, 0, &ts, id, NULL, NULL), ESRCH);
	/* Itself. */
	ERR(_lwp_park(CLOCK_MONOTONIC, 0, NULL, 1, NULL, NULL), EALREADY);
}

Test(lwp_park, unpark_all_counts_those_there_are)
{
	struct parker p[3] = { 0 };
	lwpid_t id[5];
	int i;

	for (i = 0; i < 3; i++)
		id[i] = spawn_parked(&p[i]);
	id[3] = id[2] + 1;
	id[4] = -1;
	EQ(_lwp_unpark_all(NULL, 0, NULL), LWP_UNPARK_MAX);
	FAILS(_lwp_unpark_all(id, LWP_UNPARK_MAX + 1, NULL), EINVAL);
	FAILS(_lwp_unpark_all((void *)8, 1, NULL), EFAULT);
	EQ(_lwp_unpark_all(id, 0, NULL), 0);
	EQ(_lwp_unpark_all(id, 5, NULL), 3);
	for (i = 0; i < 3; i++) {
		waits_for(id[i]);
		EQ(p[i].error, 0);
	}
}

/* --- Time --------------------------------------------------------------------------- */

Test(lwp_park, it_ends_when_the_time_is_over)
{
	struct timespec ts = { 0, 20000000 };
	int64_t start = now();

	ERR(_lwp_park(CLOCK_MONOTONIC, 0, &ts, 0, NULL, NULL), ETIMEDOUT);
	cr_assert_geq(now() - start, 20000000);
	/* What is left of it. */
	EQ(ts.tv_sec, 0);
	EQ(ts.tv_nsec, 0);

	ts.tv_nsec = 20000000;
	start = now();
	ERR(_lwp_park(CLOCK_REALTIME, 0, &ts, 0, NULL, NULL), ETIMEDOUT);
	cr_assert_geq(now() - start, 19000000);

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ERR(_lwp_park(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, 0, NULL, NULL),
	    ETIMEDOUT);
	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec = 0;
	ts.tv_sec++;
	start = ts.tv_sec;
	ERR(_lwp_park(CLOCK_REALTIME, TIMER_ABSTIME, &ts, 0, NULL, NULL),
	    ETIMEDOUT);
	EQ(ts.tv_sec, start);
	clock_gettime(CLOCK_REALTIME, &ts);
	cr_assert_geq(ts.tv_sec, start);
}

Test(lwp_park, what_is_left_of_the_time_is_written)
{
	struct timespec ts = { 1000, 0 };
	struct parker p = { .ts = &ts };
	lwpid_t id = spawn_parked(&p);

	EQ(_lwp_unpark(id, NULL), 0);
	waits_for(id);
	EQ(p.error, 0);
	cr_assert(ts.tv_sec >= 900 && ts.tv_sec < 1000);
}

Test(lwp_park, a_time_that_is_none_is_einval)
{
	struct timespec ts = { 0, SEC };

	ERR(_lwp_park(CLOCK_MONOTONIC, 0, &ts, 0, NULL, NULL), EINVAL);
	ts.tv_nsec = -1;
	ERR(_lwp_park(CLOCK_MONOTONIC, 0, &ts, 0, NULL, NULL), EINVAL);
	ts = (struct timespec){ -1, 0 };
	ERR(_lwp_park(CLOCK_MONOTONIC, 0, &ts, 0, NULL, NULL), EINVAL);
	ts = (struct timespec){ 0, 0 };
	ERR(_lwp_park(CLOCK_MONOTONIC, 2, &ts, 0, NULL, NULL), EINVAL);
	ERR(_lwp_park(CLOCK_THREAD_CPUTIME_ID, 0, &ts, 0, NULL, NULL), EINVAL);
	ERR(_lwp_park(CLOCK_MONOTONIC, 0, (void *)8, 0, NULL, NULL), EFAULT);
	/* The longest there is. */
	EQ(_lwp_unpark(1, NULL), 0);
	ts = (struct timespec){ INT64_MAX, SEC - 1 };
	ERR(_lwp_park(CLOCK_MONOTONIC, 0, &ts, 0, NULL, NULL), EALREADY);
}

/* --- Signals -------------------------------------------------------------------------- */

static void
on_signal(int sig)
{

	if (sig == SIGUSR2)
		_lwp_unpark(_lwp_self(), NULL);
}

Test(lwp_park, a_signal_ends_it)
{
	struct sigaction sa = { .sa_handler = on_signal,
		.sa_flags = SA_RESTART };
	struct parker p = { 0 };
	lwpid_t id = spawn_parked(&p);

	sigaction(SIGUSR1, &sa, NULL);
	EQ(_lwp_kill(id, SIGUSR1), 0);
	waits_for(id);
	EQ(p.error, EINTR);
}

Test(lwp_park, unparked_by_a_handler_it_has_been_unparked)
{
	struct sigaction sa = { .sa_handler = on_signal };
	struct parker p = { 0 };
	lwpid_t id = spawn_parked(&p);

	sigaction(SIGUSR2, &sa, NULL);
	EQ(_lwp_kill(id, SIGUSR2), 0);
	waits_for(id);
	EQ(p.error, 0);
}

Test(lwp_park, suspended_meanwhile_it_goes_on)
{
	struct parker p = { 0 };
	lwpid_t id = spawn_parked(&p);
	int i;

	for (i = 0; i < 100; i++) {
		EQ(_lwp_suspend(id), 0);
		EQ(_lwp_continue(id), 0);
	}
	EQ(p.parks, 0);
	/* An unpark is kept for when it runs again. */
	EQ(_lwp_suspend(id), 0);
	EQ(_lwp_unpark(id, NULL), 0);
	for (i = 0; i < 100; i++)
		sched_yield();
	EQ(p.parks, 0);
	EQ(_lwp_continue(id), 0);
	waits_for(id);
	EQ(p.error, 0);
}

/* --- Waking up ------------------------------------------------------------------------- */

Test(lwp_park, wakeup_ends_a_park_with_eintr)
{
	struct parker p = { 0 };
	lwpid_t id = spawn_parked(&p);

	EQ(_lwp_wakeup(id), 0);
	waits_for(id);
	EQ(p.error, EINTR);
	ERR(_lwp_wakeup(id), ESRCH);
	ERR(_lwp_wakeup(0), ESRCH);
}

Test(lwp_park, wakeup_of_one_that_does_not_sleep_is_enodev)
{

	ERR(_lwp_wakeup(_lwp_self()), ENODEV);
	/* And ends its next sleep. */
	ERR(park(), EALREADY);
}

struct reader {
	int fd;
	atomic_int tid;
	int first, first_errno, second;
};

static void
reads(void *arg)
{
	struct reader *r = arg;
	char c;

	r->tid = gettid();
	r->first = rump_sys_read(r->fd, &c, 1);
	r->first_errno = errno;
	r->second = rump_sys_read(r->fd, &c, 1);
}

Test(lwp_park, wakeup_ends_one_sleep_in_a_rump_call)
{
	struct reader r = { 0 };
	lwpid_t id;
	int p[2];

	OK(rump_sys_pipe(p));
	r.fd = p[0];
	id = spawn(reads, &r, 0);
	UNTIL(r.tid != 0 && host_state(r.tid) == 'S');
	EQ(_lwp_wakeup(id), 0);
	UNTIL(host_state(r.tid) == 'S');
	EQ(rump_sys_write(p[1], "x", 1), 1);
	waits_for(id);
	EQ(r.first, -1);
	EQ(r.first_errno, EINTR);
	EQ(r.second, 1);
}

static void
waits(void *arg)
{
	struct reader *r = arg;

	r->tid = gettid();
	r->first = _lwp_wait(r->fd, NULL);
}

Test(lwp_park, wakeup_ends_a_wait)
{
	struct parker p = { 0 };
	struct reader r = { .fd = spawn_parked(&p) };
	lwpid_t id = spawn(waits, &r, 0);

	UNTIL(r.tid != 0 && host_state(r.tid) == 'S');
	EQ(_lwp_wakeup(id), 0);
	waits_for(id);
	EQ(r.first, EINTR);
	EQ(_lwp_unpark(r.fd, NULL), 0);
	waits_for(r.fd);
}

/* --- Together ----------------------------------------------------------------------------- */

#define ROUNDS 20000

static lwpid_t ping, pong;
static atomic_long turns;

static void
plays(void *arg)
{
	int i, me = *(int *)arg;
	int error;

	for (i = 0; i < ROUNDS; i++) {
		while (turns % 2 != me) {
			error = park();
			cr_assert(error == 0 || error == EALREADY);
		}
		turns++;
		_lwp_unpark(me == 0 ? pong : ping, NULL);
	}
}

Test(lwp_park, no_unpark_is_lost)
{
	int zero = 0, one = 1;

	ping = spawn(plays, &zero, LWP_SUSPENDED);
	pong = spawn(plays, &one, 0);
	EQ(_lwp_continue(ping), 0);
	waits_for(ping);
	waits_for(pong);
	EQ(turns, 2 * ROUNDS);
}
