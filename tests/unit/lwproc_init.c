/* SPDX-License-Identifier: BSD-2-Clause */
/* rump_init() and what comes before it. */
#include "tests/unit/lwproc.h"

TestSuite(init, .timeout = 20);

Test(init, twice_is_harmless)
{

	setenv("RUMP_MEMLIMIT", "256M", 1);
	EQ(rump_init(), 0);
	EQ(rfork(0), 0);
	EQ(rump_init(), 0);
	is(true, 2, 1);
	EQ(rump_kern_check(), 0);
}

Test(init, version_and_flags)
{

	EQ(rump_getversion(), 799003400);
	EQ(rump_nativeabi_p(), 1);
	EQ(RUMP_RFFDG, 1);
	EQ(RUMP_RFCFDG, 2);
}

static void *
init_with_others(void *barrier)
{

	pthread_barrier_wait(barrier);
	EQ(rump_init(), 0);
	is(false, 1, 0);
	return NULL;
}

Test(init, threads_may_boot_at_once)
{
	pthread_barrier_t barrier;
	pthread_t td[8];
	int i;

	setenv("RUMP_MEMLIMIT", "256M", 1);
	pthread_barrier_init(&barrier, NULL, 8);
	for (i = 0; i < 8; i++)
		EQ(pthread_create(&td[i], NULL, init_with_others, &barrier), 0);
	for (i = 0; i < 8; i++)
		EQ(pthread_join(td[i], NULL), 0);
	EQ(rump_kern_check(), 0);
}

Test(init, may_be_tried_again)
{

	setenv("RUMP_MEMLIMIT", "nonsense", 1);
	EQ(rump_init(), EINVAL);
	EQ(rump_init(), EINVAL);
	setenv("RUMP_MEMLIMIT", "256M", 1);
	EQ(rump_init(), 0);
	is(false, 1, 0);
}

Test(init, no_other_kernel_is_joined)
{

	setenv("RUMP_SERVER", "shm://x", 1);
	EQ(rump_init(), EPROTONOSUPPORT);
}

static void *
check_from_a_thread(void *arg)
{

	(void)arg;
	EQ(rump_kern_check(), 0);
	return NULL;
}

Test(init, a_thread_may_check_before_any_other_call)
{

	setenv("RUMP_MEMLIMIT", "256M", 1);
	EQ(rump_init(), 0);
	on_thread(check_from_a_thread, NULL);
}

static void *
init_from_a_thread(void *arg)
{

	(void)arg;
	EQ(rump_init(), 0);
	return NULL;
}

/* The thread that boots may end. */
Test(init, the_kernel_outlives_the_thread_that_booted)
{

	setenv("RUMP_MEMLIMIT", "256M", 1);
	on_thread(init_from_a_thread, NULL);
	is(false, 1, 0);
	EQ(rfork(0), 0);
	is(true, 2, 1);
	EQ(rump_kern_check(), 0);
}

TestSuite(noinit, .timeout = 20);

static const char why[] = "rump_init() has not been called";

static void
noinit_getpid(void)
{

	_exit(getpid() == -1 && errno == ENXIO ? 0 : 1);
}

Test(noinit, a_call_is_refused_and_says_why)
{
	char said[200];
	int status = in_child(noinit_getpid, said, sizeof(said));

	EQ(status, 0);
	cr_assert_str_eq(said,
	    "rump_sys_getpid: rump_init() has not been called\n");
}

static void
noinit_many(void)
{
	int i;

	for (i = 0; i < 10; i++)
		if (rump_sys_open("/", 0) != -1 || errno != ENXIO ||
		    rump_sys_close(i) != -1 || errno != ENXIO)
			_exit(1);
}

Test(noinit, it_is_said_once)
{
	char said[1000];
	int status = in_child(noinit_many, said, sizeof(said));

	EQ(status, 0);
	cr_assert_str_eq(said,
	    "rump_sys_open: rump_init() has not been called\n");
}

static void
noinit_rfork(void)
{

	rfork(0);
}

static void
noinit_newlwp(void)
{

	newlwp(1);
}

static void
noinit_switch(void)
{

	switchto(NULL);
}

static void
noinit_release(void)
{

	release();
}

static void
noinit_curlwp(void)
{

	curlwp();
}

static void
noinit_check(void)
{

	rump_kern_check();
}

Test(noinit, calls_on_lwps_panic)
{

	panics(noinit_rfork, why);
	panics(noinit_rfork, "rump_pub_lwproc_rfork");
	panics(noinit_newlwp, why);
	panics(noinit_switch, why);
	panics(noinit_release, why);
	panics(noinit_curlwp, why);
	panics(noinit_check, why);
}
