/* SPDX-License-Identifier: BSD-2-Clause */
/* _lwp_suspend and _lwp_continue. */
#include "tests/unit/lwp.h"

SUITE(lwp_stop);

static atomic_int stop;
static _Atomic uint64_t count;

/* The counter does not change while it stands. */
static void
stands_still(void)
{
	uint64_t n = count;
	int i;

	for (i = 0; i < 1000; i++) {
		sched_yield();
		EQ(count, n);
	}
}

static void
moves(void)
{
	uint64_t n = count;

	UNTIL(count != n);
}

static void
counts(void *arg)
{

	(void)arg;
	while (!stop)
		count++;
}

static void
counts_and_blocks_signals(void *arg)
{
	sigset_t set;

	sigfillset(&set);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	counts(arg);
}

static void
suspend_often(lwpid_t id)
{
	int i;

	for (i = 0; i < 20; i++) {
		moves();
		EQ(_lwp_suspend(id), 0);
		stands_still();
		EQ(_lwp_suspend(id), 0);
		EQ(_lwp_continue(id), 0);
		EQ(_lwp_continue(id), 0);
	}
	stop = 1;
	waits_for(id);
}

Test(lwp_stop, when_suspend_returns_it_stands)
{

	suspend_often(spawn(counts, NULL, 0));
}

Test(lwp_stop, one_that_blocks_all_signals_stands_too)
{
	ucontext_t uc;
	lwpid_t id;

	suspend_often(spawn(counts_and_blocks_signals, NULL, 0));
	stop = 0;
	_lwp_makecontext(&uc, counts, NULL, NULL, new_stack(), STACK);
	memset(&uc.uc_sigmask, 0xff, sizeof(uc.uc_sigmask));
	EQ(_lwp_create(&uc, 0, &id), 0);
	suspend_often(id);
}

static void
waits_for_any_signal(void *arg)
{
	sigset_t set;
	int sig;

	sigfillset(&set);
	pthread_sigmask(SIG_SETMASK, &set, NULL);
	*(atomic_int *)arg = gettid();
	if (sigwait(&set, &sig) == 0)
		*(atomic_int *)arg = -sig;
}

Test(lwp_stop, sigwait_does_not_see_it)
{
	static atomic_int tid;
	lwpid_t id = spawn(waits_for_any_signal, &tid, 0);
	int i;

	UNTIL(tid > 0 && host_state(tid) == 'S');
	for (i = 0; i < 20; i++) {
		EQ(_lwp_suspend(id), 0);
		EQ(_lwp_continue(id), 0);
	}
	cr_assert_gt(tid, 0);
	EQ(_lwp_kill(id, SIGUSR2), 0);
	waits_for(id);
	EQ(tid, -SIGUSR2);
}

/* Registers, the vector ones too, and errno are as they were. */
static void
computes(void *arg)
{
	double x = 1, y = 1;
	uint64_t n = 1;
	int i, *bad = arg;

	while (!stop) {
		errno = 12345;
		for (i = 0, x = y = 1, n = 1; i < 1000; i++) {
			x = x * 1.0000001 + 0.5;
			y = y * 1.0000001 + 0.5;
			n = n * 6364136223846793005u + 1442695040888963407u;
		}
		if (x != y || errno != 12345)
			*bad = 1;
		count++;
	}
}

Test(lwp_stop, it_does_not_notice)
{
	static int bad;

	suspend_often(spawn(computes, &bad, 0));
	EQ(bad, 0);
}

/* --- In the kernel --------------------------------------------------------------- */

struct reader {
	int fd;
	atomic_int tid;
	atomic_int done;
	int got;
};

static void
reads(void *arg)
{
	struct reader *r = arg;
	char c;

	r->tid = gettid();
	r->got = rump_sys_read(r->fd, &c, 1);
	r->done = 1;
}

Test(lwp_stop, asleep_in_a_call_it_stops_where_the_call_returns)
{
	struct reader r = { 0 };
	lwpid_t id;
	int p[2], i, n;

	OK(rump_sys_pipe(p));
	r.fd = p[0];
	id = spawn(reads, &r, 0);
	UNTIL(r.tid != 0 && host_state(r.tid) == 'S');
	EQ(_lwp_suspend(id), 0);
	EQ(_lwp_continue(id), 0);
	EQ(_lwp_suspend(id), 0);
	EQ(rump_sys_write(p[1], "x", 1), 1);
	/* The call goes on: it takes the byte. */
	do {
		rump_sys_ioctl(p[0], 0x541b /* FIONREAD */, &n);
	} while (n != 0);
	for (i = 0; i < 1000; i++) {
		sched_yield();
		EQ(r.done, 0);
	}
	EQ(_lwp_continue(id), 0);
	waits_for(id);
	EQ(r.got, 1);
}

Test(lwp_stop, continued_before_the_call_returns_it_does_not_stop)
{
	struct reader r = { 0 };
	lwpid_t id;
	int p[2];

	OK(rump_sys_pipe(p));
	r.fd = p[0];
	id = spawn(reads, &r, 0);
	UNTIL(r.tid != 0 && host_state(r.tid) == 'S');
	EQ(_lwp_suspend(id), 0);
	EQ(_lwp_continue(id), 0);
	EQ(rump_sys_write(p[1], "x", 1), 1);
	waits_for(id);
	EQ(r.got, 1);
}

/* Works all the time under locks that the main thread needs as well. */
static void
works(void *arg)
{
	struct lwp *l = rump_pub_lwproc_curlwp();
	char name[32];
	int fd;

	snprintf(name, sizeof(name), "/w%d", *(int *)arg);
	while (!stop) {
		fd = rump_sys_open(name, O_CREAT | O_RDWR, 0600);
		rump_sys_write(fd, name, sizeof(name));
		rump_sys_rename(name, "/same");
		rump_sys_unlink("/same");
		rump_sys_close(fd);
		if (rump_pub_lwproc_rfork(RUMP_RFCFDG) == 0) {
			rump_pub_lwproc_releaselwp();
			rump_pub_lwproc_switch(l);
		}
		if (_lwp_unpark(_lwp_self(), NULL) == 0)
			_lwp_park(CLOCK_MONOTONIC, 0, NULL, 0, NULL, NULL);
		count++;
	}
}

Test(lwp_stop, suspended_it_holds_no_lock_of_the_kernel)
{
	static int number[3] = { 0, 1, 2 };
	lwpid_t id[3];
	int round, i, fd;

	for (i = 0; i < 3; i++)
		id[i] = spawn(works, &number[i], 0);
	for (round = 0; round < 1000; round++) {
		for (i = 0; i < 3; i++)
			EQ(_lwp_suspend(id[i]), 0);
		fd = OK(rump_sys_open("/main", O_CREAT | O_RDWR, 0600));
		EQ(rump_sys_rename("/main", "/moved"), 0);
		EQ(rump_sys_unlink("/moved"), 0);
		EQ(rump_sys_close(fd), 0);
		EQ(rump_pub_lwproc_rfork(0), 0);
		rump_pub_lwproc_releaselwp();
		for (i = 0; i < 3; i++)
			EQ(_lwp_continue(id[i]), 0);
		if (round % 100 == 0)
			moves();
	}
	stop = 1;
	for (i = 0; i < 3; i++)
		waits_for(id[i]);
}

/* --- Of oneself, and of nobody ------------------------------------------------------ */

Test(lwp_stop, nobody_is_esrch)
{
	lwpid_t id = spawn(counts, NULL, 0);

	ERR(_lwp_suspend(0), ESRCH);
	ERR(_lwp_continue(0), ESRCH);
	ERR(_lwp_suspend(-1), ESRCH);
	ERR(_lwp_continue(-1), ESRCH);
	ERR(_lwp_suspend(id + 1), ESRCH);
	stop = 1;
	/* One that has ended, and one that has been waited for. */
	UNTIL(_lwp_kill(id, 0) == ESRCH);
	ERR(_lwp_suspend(id), ESRCH);
	ERR(_lwp_continue(id), ESRCH);
	waits_for(id);
	ERR(_lwp_suspend(id), ESRCH);
	ERR(_lwp_continue(id), ESRCH);
}

static void
suspends_itself(void *arg)
{
	atomic_int *a = arg;

	*a = 1;
	*a = _lwp_suspend(_lwp_self()) == 0 ? 2 : 3;
}

Test(lwp_stop, an_lwp_can_suspend_itself)
{
	static atomic_int a;
	lwpid_t id = spawn(suspends_itself, &a, 0);
	int i;

	UNTIL(a == 1);
	for (i = 0; i < 1000; i++)
		sched_yield();
	EQ(a, 1);
	while (a == 1)
		_lwp_continue(id);
	waits_for(id);
	EQ(a, 2);
}

Test(lwp_stop, of_the_last_that_runs_is_edeadlk)
{
	lwpid_t id = spawn(counts, NULL, 0);

	EQ(_lwp_suspend(id), 0);
	ERR(_lwp_suspend(_lwp_self()), EDEADLK);
	EQ(_lwp_continue(id), 0);
	stop = 1;
	waits_for(id);
	ERR(_lwp_suspend(_lwp_self()), EDEADLK);
}

static void
suspends_main(void *arg)
{
	atomic_int *a = arg;

	*a = _lwp_suspend(1);
	stands_still();
	*a = -1;
	_lwp_continue(1);
}

Test(lwp_stop, the_main_thread_can_be_suspended)
{
	static atomic_int a = -2;
	lwpid_t id = spawn(suspends_main, &a, 0);

	while (a != -1)
		count++;
	waits_for(id);
}

static void *
foreign(void *arg)
{

	*(atomic_int *)arg = _lwp_self();
	counts(arg);
	return NULL;
}

Test(lwp_stop, so_can_a_thread_of_pthread_create)
{
	static atomic_int id;
	pthread_t td;

	EQ(pthread_create(&td, NULL, foreign, &id), 0);
	UNTIL(id != 0);
	moves();
	EQ(_lwp_suspend(id), 0);
	stands_still();
	EQ(_lwp_continue(id), 0);
	stop = 1;
	EQ(pthread_join(td, NULL), 0);
}

/* --- With signals --------------------------------------------------------------------- */

static atomic_int caught;

static void
on_signal(int sig)
{

	caught = sig;
}

Test(lwp_stop, a_signal_waits_until_it_is_continued)
{
	lwpid_t id = spawn(counts, NULL, 0);

	signal(SIGUSR1, on_signal);
	EQ(_lwp_suspend(id), 0);
	EQ(_lwp_kill(id, SIGUSR1), 0);
	stands_still();
	EQ(caught, 0);
	EQ(_lwp_continue(id), 0);
	UNTIL(caught == SIGUSR1);
	stop = 1;
	waits_for(id);
}

/* glibc has every thread do it, by the signal that we use as well. */
Test(lwp_stop, setuid_reaches_a_suspended_thread)
{
	lwpid_t id = spawn(counts, NULL, 0);

	EQ(_lwp_suspend(id), 0);
	OK(setresuid(-1, -1, -1));
	stands_still();
	EQ(_lwp_continue(id), 0);
	OK(setresuid(-1, -1, -1));
	EQ(_lwp_suspend(id), 0);
	stands_still();
	EQ(_lwp_continue(id), 0);
	stop = 1;
	waits_for(id);
}

static void
suspends_other(void *arg)
{
	lwpid_t other = *(atomic_int *)arg;
	int i;

	for (i = 0; i < 2000; i++) {
		_lwp_suspend(other);
		_lwp_continue(other);
	}
	count++;
}

Test(lwp_stop, two_may_suspend_each_other)
{
	static atomic_int a, b;
	lwpid_t self = _lwp_self();

	a = spawn(suspends_other, &b, LWP_SUSPENDED);
	b = spawn(suspends_other, &a, LWP_SUSPENDED);
	EQ(_lwp_continue(a), 0);
	EQ(_lwp_continue(b), 0);
	/* If each has stopped the other, somebody has to help. */
	while (count < 2) {
		_lwp_continue(a);
		_lwp_continue(b);
		sched_yield();
	}
	waits_for(a);
	waits_for(b);
	EQ(self, 1);
}
