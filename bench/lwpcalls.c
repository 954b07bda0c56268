/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwpcalls: a program that links librump and measures rump_lwproc(3).
 *
 * lwpcalls ROW prints `ns base figure', the medians of rounds in which the
 * two take turns.  What the base is:
 *
 *	switch, rfork_release, newlwp_release	the host's getpid(2)
 *	implicit		getpid by a thread with an lwp
 *	implicit_2thr		the same calls by one thread alone
 *	switch_vs_thread	a switch between two host threads on one core
 *	procs, lwps		the same pair with none but the caller's
 */
#include "bench/measure.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <rump/rump.h>
#include <rump/rump_syscalls.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ROUNDS     15
#define MANY_PROCS 20000
#define MANY_LWPS  100000

#define rfork    rump_pub_lwproc_rfork
#define newlwp   rump_pub_lwproc_newlwp
#define release  rump_pub_lwproc_releaselwp
#define switchto rump_pub_lwproc_switch
#define curlwp   rump_pub_lwproc_curlwp

#define MUST(e) ((e) ? (void)0 : die("%s", #e))

/* ns for one of n. */
#define EACH(n, op)                               \
	__extension__({                           \
		uint64_t t0_ = now_ns();          \
		for (long i_ = 0; i_ < (n); i_++) \
			op;                       \
		(double)(now_ns() - t0_) / (n);   \
	})

static double
host_getpid(void)
{
	return EACH(20000, syscall(SYS_getpid));
}

static double
bench_switch(void)
{
	static struct lwp *a, *b;

	if (a == NULL) {
		MUST(rfork(RUMP_RFCFDG) == 0);
		a = curlwp();
		MUST(newlwp(rump_sys_getpid()) == 0);
		b = curlwp();
	}
	return EACH(200000, {
		switchto(a);
		switchto(b);
	}) / 2;
}

static double
bench_rfork(void)
{
	switchto(NULL);
	return EACH(10000, {
		MUST(rfork(RUMP_RFCFDG) == 0);
		release();
	});
}

static double
bench_newlwp(void)
{
	static int pid;

	if (pid == 0) {
		MUST(rfork(RUMP_RFCFDG) == 0);
		pid = rump_sys_getpid();
	}
	switchto(NULL);
	return EACH(20000, {
		MUST(newlwp(pid) == 0);
		release();
	});
}

static double
getpid_bound(void)
{
	static struct lwp *l;

	if (l == NULL) {
		MUST(rfork(RUMP_RFCFDG) == 0);
		l = curlwp();
	} else {
		switchto(l);
	}
	return EACH(500000, rump_sys_getpid());
}

static double
getpid_implicit(void)
{
	switchto(NULL);
	return EACH(500000, rump_sys_getpid());
}

/*
 * The median of pieces that are short to a time slice: two threads may not
 * have a core each, and are to be compared when they run.
 */
#define PIECES 200

static double
getpid_pieces(void)
{
	double ns[PIECES];

	for (int i = 0; i < PIECES; i++)
		ns[i] = EACH(5000, rump_sys_getpid());
	return median(ns, PIECES);
}

static pthread_barrier_t barrier;

static void *
second_thread(void *arg)
{
	rump_sys_getpid();
	pthread_barrier_wait(&barrier);
	*(double *)arg = getpid_pieces();
	return NULL;
}

static void
stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* Both at once; the slower one counts. */
static double
implicit_two(void)
{
	double mine, other;
	pthread_t td;

	pthread_barrier_init(&barrier, NULL, 2);
	MUST(pthread_create(&td, NULL, second_thread, &other) == 0);
	rump_sys_getpid();
	pthread_barrier_wait(&barrier);
	mine = getpid_pieces();
	pthread_join(td, NULL);
	pthread_barrier_destroy(&barrier);
	return mine > other ? mine : other;
}

/* Two threads on one core that wake each other: half of there and back. */
static _Atomic uint32_t ball;

static void
catch_ball(uint32_t want)
{
	while (atomic_load(&ball) != want)
		syscall(SYS_futex, &ball, FUTEX_WAIT_PRIVATE, 1 - want, NULL);
}

static void
throw_ball(uint32_t to)
{
	atomic_store(&ball, to);
	syscall(SYS_futex, &ball, FUTEX_WAKE_PRIVATE, 1);
}

#define THROWS 20000

static void *
player(void *arg)
{
	stay_on(*(int *)arg);
	for (int i = 0; i < THROWS; i++) {
		catch_ball(1);
		throw_ball(0);
	}
	return NULL;
}

static double
host_switch(void)
{
	int cpu = sched_getcpu();
	cpu_set_t old;
	pthread_t td;
	double ns;

	sched_getaffinity(0, sizeof(old), &old);
	stay_on(cpu);
	MUST(pthread_create(&td, NULL, player, &cpu) == 0);
	ns = EACH(THROWS, {
		throw_ball(1);
		catch_ball(0);
	}) / 2;
	pthread_join(td, NULL);
	sched_setaffinity(0, sizeof(old), &old);
	return ns;
}

/* The same with many others there: they are made, and go, each time. */
static struct lwp *others[MANY_LWPS];

static void
release_others(long n)
{
	for (long i = 0; i < n; i++) {
		switchto(others[i]);
		release();
	}
}

static double
rfork_among_many(void)
{
	double ns;

	for (long i = 0; i < MANY_PROCS; i++) {
		switchto(NULL);
		MUST(rfork(RUMP_RFCFDG) == 0);
		others[i] = curlwp();
	}
	ns = bench_rfork();
	release_others(MANY_PROCS);
	return ns;
}

/* 100 procs have them. */
static double
newlwp_among_many(void)
{
	double ns;

	for (long i = 0; i < MANY_LWPS; i++) {
		if (i % 1000 == 0) {
			switchto(NULL);
			MUST(rfork(RUMP_RFCFDG) == 0);
		} else {
			MUST(newlwp(rump_sys_getpid()) == 0);
		}
		others[i] = curlwp();
	}
	ns = bench_newlwp();
	release_others(MANY_LWPS);
	return ns;
}

static const struct lwprow {
	const char *name;
	double (*base)(void);
	double (*figure)(void);
} lwprows[] = {
	{ "switch", host_getpid, bench_switch },
	{ "rfork_release", host_getpid, bench_rfork },
	{ "newlwp_release", host_getpid, bench_newlwp },
	{ "implicit", getpid_bound, getpid_implicit },
	{ "implicit_2thr", getpid_pieces, implicit_two },
	{ "switch_vs_thread", host_switch, bench_switch },
	{ "procs", bench_rfork, rfork_among_many },
	{ "lwps", bench_newlwp, newlwp_among_many },
	{ NULL, NULL, NULL },
};

int
main(int argc, char **argv)
{
	double base[ROUNDS], figure[ROUNDS];
	const struct lwprow *rw = lwprows;

	while (rw->name != NULL && (argc != 2 || strcmp(rw->name, argv[1])))
		rw++;
	if (rw->name == NULL) {
		fprintf(stderr, "usage: %s row\n", argv[0]);
		return 2;
	}
	errno = rump_init();
	if (errno != 0)
		die("rump_init");
	/* Once to get warm. */
	rw->base();
	rw->figure();
	for (int i = 0; i < ROUNDS; i++) {
		base[i] = rw->base();
		figure[i] = rw->figure();
	}
	printf("ns %f %f\n", median(base, ROUNDS), median(figure, ROUNDS));
	return 0;
}
