/* SPDX-License-Identifier: BSD-2-Clause */
/* Which lwp a thread runs, as NetBSD's rump kernel has it. */
#include "tests/unit/lwproc.h"

SUITE(lwproc);

static void *
implicit_thread(void *arg)
{

	is(false, 1, 0);
	EQ(rump_sys_fcntl(*(int *)arg, F_GETFD), 0);
	return NULL;
}

Test(lwproc, a_thread_without_lwp_is_pid_1)
{
	int fd;

	is(false, 1, 0);
	is(false, 1, 0);
	fd = OK(rump_sys_open("/", O_RDONLY));
	EQ(rump_sys_fcntl(fd, F_GETFD), 0);
	on_thread(implicit_thread, &fd);
}

Test(lwproc, rfork_gives_a_child_and_switches_to_it)
{
	struct lwp *l;

	EQ(rfork(0), 0);
	is(true, 2, 1);
	l = curlwp();
	EQ(rfork(RUMP_RFFDG), 0);
	is(true, 3, 2);
	cr_assert_neq(curlwp(), l);
	EQ(rfork(RUMP_RFCFDG), 0);
	is(true, 4, 3);
}

Test(lwproc, rfork_of_bad_flags_is_einval_and_changes_nothing)
{
	static const int bad[] = { 3, 4, 0x80, -1, 0x11 };
	struct lwp *l;
	size_t i;

	EQ(rfork(0), 0);
	l = curlwp();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EQ(rfork(bad[i]), EINVAL);
		cr_assert_eq(curlwp(), l);
		is(true, 2, 1);
	}
}

Test(lwproc, newlwp_finds_the_proc_or_esrch)
{
	struct lwp *first;

	EQ(rfork(0), 0);
	first = curlwp();
	EQ(newlwp(9999), ESRCH);
	EQ(newlwp(-1), ESRCH);
	cr_assert_eq(curlwp(), first);
	EQ(newlwp(0), 0);
	is(true, 0, 0);
	EQ(newlwp(1), 0);
	is(true, 1, 0);
	EQ(newlwp(2), 0);
	is(true, 2, 1);
	EQ(newlwp(2), 0);
	is(true, 2, 1);
	switchto(first);
	is(true, 2, 1);
}

Test(lwproc, the_last_release_ends_the_proc)
{

	EQ(rfork(0), 0);
	is(true, 2, 1);
	release();
	cr_assert_null(curlwp());
	is(false, 1, 0);
	EQ(newlwp(2), ESRCH);
	is(false, 1, 0);
}

Test(lwproc, a_proc_lives_while_an_lwp_is_left)
{
	struct lwp *first, *second;

	EQ(rfork(0), 0);
	first = curlwp();
	EQ(newlwp(2), 0);
	second = curlwp();
	cr_assert_neq(first, second);
	release();
	cr_assert_null(curlwp());
	EQ(newlwp(2), 0);
	release();
	switchto(first);
	is(true, 2, 1);
	release();
	EQ(newlwp(2), ESRCH);
}

Test(lwproc, switch_goes_to_and_fro)
{
	struct lwp *a, *b;

	EQ(rfork(0), 0);
	a = curlwp();
	switchto(NULL);
	is(false, 1, 0);
	switchto(a);
	is(true, 2, 1);
	EQ(rfork(0), 0);
	b = curlwp();
	is(true, 3, 2);
	switchto(a);
	is(true, 2, 1);
	switchto(b);
	is(true, 3, 2);
	switchto(NULL);
	switchto(NULL);
	is(false, 1, 0);
	switchto(a);
	release();
	switchto(b);
	is(true, 3, 1);
	EQ(newlwp(2), ESRCH);
}

static void *
leave_lwp(void *lp)
{

	rfork(0);
	*(struct lwp **)lp = curlwp();
	switchto(NULL);
	return NULL;
}

Test(lwproc, a_thread_hands_its_lwp_to_another)
{
	struct lwp *l;

	on_thread(leave_lwp, &l);
	switchto(l);
	is(true, 2, 1);
	release();
}

Test(lwproc, a_proc_outlives_its_process_where_another_runs_it)
{
	pid_t host = fork();

	if (host == 0) {
		rfork(0);
		pause();
		_exit(0);
	}
	while (newlwp(2) != 0)
		continue;
	EQ(kill(host, SIGKILL), 0);
	EQ(waitpid(host, NULL, 0), host);
	EQ(rump_kern_check(), 0);
	is(true, 2, 1);
	release();
}

Test(lwproc, thousands_of_procs)
{
	int i;

	for (i = 0; i < 20000; i++)
		EQ(rfork(0), 0);
	is(true, 20001, 20000);
}

/* So many threads one after the other that each cannot have a cpu for ever. */
static void *
one_call(void *arg)
{

	(void)arg;
	EQ(getpid(), 1);
	return NULL;
}

Test(lwproc, threads_that_end_leave_their_place_to_others)
{
	int i;

	for (i = 0; i < 10000; i++)
		on_thread(one_call, NULL);
	cr_assert_lt(atomic_load(&ARENA->a_ncpus), 20);
}

static void *
call_from_all(void *barrier)
{
	int fd;

	pthread_barrier_wait(barrier);
	is(false, 1, 0);
	fd = OK(rump_sys_open("/", O_RDONLY));
	EQ(rump_sys_close(fd), 0);
	pthread_barrier_wait(barrier);
	return NULL;
}

/* All at once alive, and more than are looked at before one is reused. */
Test(lwproc, threads_alive_keep_their_place)
{
	pthread_barrier_t barrier;
	pthread_t td[40];
	size_t i, n;

	for (n = 1; n <= 40; n += 13) {
		pthread_barrier_init(&barrier, NULL, n);
		for (i = 0; i < n; i++)
			EQ(pthread_create(&td[i], NULL, call_from_all,
			       &barrier),
			    0);
		for (i = 0; i < n; i++)
			EQ(pthread_join(td[i], NULL), 0);
		pthread_barrier_destroy(&barrier);
	}
}

static void *
attach_first(void *arg)
{

	if (getpid() != 1 || rfork(RUMP_RFCFDG) != 0)
		_exit(1);
	*(int *)arg = getpid();
	return NULL;
}

/* What its parent's thread ran stays the parent's. */
static void
forked_child(void)
{
	pthread_t td;
	int pid;

	pthread_create(&td, NULL, attach_first, &pid);
	pthread_join(td, NULL);
	if (curlwp() != NULL || getpid() != 1 || rfork(0) != 0 ||
	    getpid() != pid + 1 || rump_kern_check() != 0)
		_exit(2);
}

Test(lwproc, a_forked_child_begins_without_lwp)
{
	char said[100];
	struct lwp *l;

	EQ(rfork(0), 0);
	l = curlwp();
	EQ(in_child(forked_child, said, sizeof(said)), 0);
	cr_assert_eq(curlwp(), l);
	is(true, 2, 1);
}

Test(lwproc, an_lwp_keeps_its_name)
{
	struct lwp *a, *b;

	EQ(rfork(0), 0);
	a = curlwp();
	cr_assert_eq(curlwp(), a);
	EQ(newlwp(getpid()), 0);
	b = curlwp();
	switchto(a);
	cr_assert_eq(curlwp(), a);
	switchto(NULL);
	switchto(b);
	cr_assert_eq(curlwp(), b);
}

Test(lwproc, a_released_name_is_not_given_again)
{
	struct lwp *old[64];
	int i, j;

	for (i = 0; i < 64; i++) {
		EQ(rfork(0), 0);
		old[i] = curlwp();
		for (j = 0; j < i; j++)
			cr_assert_neq(old[i], old[j]);
		release();
	}
}

Test(lwproc, a_kernel_process_can_be_joined_and_left)
{

	EQ(newlwp(0), 0);
	is(true, 0, 0);
	release();
	is(false, 1, 0);
	EQ(newlwp(1), 0);
	release();
	is(false, 1, 0);
	EQ(newlwp(0), 0);
	is(true, 0, 0);
}

/* Without a cwd of its own, or any descriptor: nothing fails but what must. */
Test(lwproc, a_full_kernel_refuses_and_changes_nothing)
{
	struct lwp *first, *l, *last = NULL;
	int error, pid, n = 0;

	EQ(rfork(RUMP_RFCFDG), 0);
	first = curlwp();
	pid = getpid();
	while ((error = newlwp(pid)) == 0) {
		last = curlwp();
		cr_assert_lt(++n, 10000000);
	}
	EQ(error, EAGAIN);
	cr_assert_eq(curlwp(), last);
	EQ(getpid(), pid);
	for (n = 0; (error = rfork(RUMP_RFFDG)) == 0; n++)
		cr_assert_lt(n, 10000);
	EQ(error, EAGAIN);
	l = curlwp();
	EQ(rfork(0), EAGAIN);
	EQ(rfork(RUMP_RFCFDG), EAGAIN);
	cr_assert_eq(curlwp(), l);
	release();
	EQ(newlwp(pid), 0);
	switchto(first);
	EQ(getpid(), pid);
}
