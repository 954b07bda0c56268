/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lwps that make, suspend, continue, park, unpark and wake up each other, with
 * rump calls all the time; none is lost, and nothing is left of them.
 *
 * usage: lwp [SECONDS]
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lwproc/proc.h"
#include "rump/lwp.h"
#include "rump/rump_syscalls.h"
#include "tests/stress/stress.h"

#define WORKERS 5
#define SEED    88172645463325252u
#define STACK   (256 * 1024)
#define SECONDS 10
#define ROUND   3 /* seconds between two checks */

struct worker {
	_Atomic lwpid_t id;
	uint64_t seed;
	char *stack, *child_stack;
	const char *wrong; /* what failed */
	int error;
	unsigned long rounds, children, stops, parks;
};

static struct worker worker[WORKERS];
static atomic_int stop;
static uint64_t rounds;

static uint64_t
rnd(struct worker *w)
{

	w->seed ^= w->seed << 13;
	w->seed ^= w->seed >> 7;
	w->seed ^= w->seed << 17;
	return w->seed >> 8;
}

static void
check(struct worker *w, bool ok, const char *what, int error)
{

	/* At the end some others have gone. */
	if (ok || stop)
		return;
	w->wrong = what;
	w->error = error;
	stop = 1;
}

static int
create(void (*fn)(void *), void *arg, char *stack, unsigned long flags,
    lwpid_t *id)
{
	ucontext_t uc;

	_lwp_makecontext(&uc, fn, arg, arg, stack, STACK);
	return _lwp_create(&uc, flags, id);
}

static void
child(void *arg)
{
	struct worker *w = arg;
	uint64_t r = rnd(w);

	check(w, _lwp_getprivate() == arg, "private", 0);
	check(w, stress_work(r | 1, r % 50), "a call of a child", 0);
	if (r % 3 == 0)
		_lwp_exit();
}

/* One more, whose end we see. */
static void
have_child(struct worker *w)
{
	uint64_t r = rnd(w);
	unsigned long flags = (r & 1 ? LWP_DETACHED : 0) |
	    (r & 2 ? LWP_SUSPENDED : 0);
	lwpid_t id, got;
	int error;

	error = create(child, w, w->child_stack, flags, &id);
	check(w, error == 0, "create", error);
	if (error != 0)
		return;
	if (flags & LWP_SUSPENDED)
		check(w, _lwp_continue(id) == 0, "continue a child", errno);
	if (!(flags & LWP_DETACHED) && (r & 4)) {
		check(w, _lwp_detach(id) == 0, "detach", errno);
		flags |= LWP_DETACHED;
	}
	if (flags & LWP_DETACHED) {
		while (_lwp_kill(id, 0) == 0)
			sched_yield();
	} else {
		while ((error = _lwp_wait(id, &got)) == EINTR)
			continue;
		check(w, error == 0 && got == id, "wait", error);
	}
	w->children++;
}

static void
stop_other(struct worker *w, lwpid_t id)
{
	int error = _lwp_suspend(id);

	check(w, error == 0 || error == EDEADLK, "suspend", error);
	rump_sys_getpid();
	error = _lwp_continue(id);
	check(w, error == 0, "continue", error);
	w->stops++;
}

static void
park(struct worker *w, lwpid_t other)
{
	struct timespec ts = { 0, rnd(w) % 1000000 };
	int error;

	error = _lwp_park(CLOCK_MONOTONIC, 0, &ts, other, NULL, NULL);
	check(w,
	    error == 0 || error == EALREADY || error == EINTR ||
		error == ETIMEDOUT,
	    "park", error);
	w->parks++;
}

static void
work(void *arg)
{
	struct worker *w = arg;
	char name[LWP_NAMELEN];
	uint64_t r;
	lwpid_t id;
	int error;

	check(w, _lwp_self() == w->id, "self", _lwp_self());
	while (!stop) {
		r = rnd(w);
		id = worker[r / 16 % WORKERS].id;
		switch (r % 8) {
		case 0:
			have_child(w);
			break;
		case 1:
		case 2:
			stop_other(w, id);
			break;
		case 3:
			park(w, id);
			break;
		case 4:
			check(w, _lwp_unpark(id, NULL) == 0, "unpark", errno);
			break;
		case 5:
			error = _lwp_wakeup(id);
			check(w, error == 0 || error == ENODEV, "wakeup",
			    error);
			snprintf(name, sizeof(name), "w%d", id);
			check(w, _lwp_setname(id, name) == 0, "name", errno);
			break;
		default:
			check(w, stress_work(r | 1, r / 128 % 40), "a call", 0);
		}
		w->rounds++;
	}
}

/* Workers may have stopped each other: the main thread goes round. */
static void
help(void)
{
	struct timespec ts = { 0, 1000000 };
	int i;

	for (i = 0; i < WORKERS; i++) {
		_lwp_continue(worker[i].id);
		_lwp_unpark(worker[i].id, NULL);
	}
	_lwp_park(CLOCK_MONOTONIC, 0, &ts, 0, NULL, NULL);
}

static void
start(void)
{
	lwpid_t id;
	int i, error;

	for (i = 0; i < WORKERS; i++) {
		worker[i] = (struct worker){ .seed = rounds++ + SEED };
		worker[i].stack = malloc(STACK);
		worker[i].child_stack = malloc(STACK);
		error = create(work, &worker[i], worker[i].stack, LWP_SUSPENDED,
		    &id);
		if (error != 0) {
			printf("Bail out! %s\n", strerror(error));
			exit(1);
		}
		worker[i].id = id;
	}
	for (i = 0; i < WORKERS; i++)
		_lwp_continue(worker[i].id);
}

/* true: all have ended, and none has failed. */
static bool
finish(void)
{
	struct worker *w;
	bool ok = true;
	int i;

	for (i = 0; i < WORKERS; i++) {
		w = &worker[i];
		while (_lwp_kill(w->id, 0) == 0)
			help();
		if (_lwp_wait(w->id, NULL) != 0)
			ok = false;
		printf("# %lu rounds, %lu children, %lu stops, %lu parks\n",
		    w->rounds, w->children, w->stops, w->parks);
		if (w->wrong != NULL) {
			printf("# %s: %s\n", w->wrong, strerror(w->error));
			ok = false;
		}
		free(w->stack);
		free(w->child_stack);
	}
	return ok && _lwp_wait(0, NULL) == ESRCH;
}

/* A while of it, with everyone gone at the end. */
static bool
one_round(time_t end)
{
	bool ok;

	rump_pub_lwproc_rfork(RUMP_RFCFDG);
	stop = 0;
	start();
	while (!stop && time(NULL) < end)
		help();
	stop = 1;
	ok = finish();
	rump_pub_lwproc_releaselwp();
	return ok;
}

int
main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : SECONDS);
	bool ran = true, clean = true;

	printf("1..2\n");
	stress_boot();
	while (ran && clean && time(NULL) < end) {
		ran = one_round(time(NULL) + ROUND);
		clean = stress_clean();
	}
	ran = tap_ok(ran, "lwps that get in each other's way");
	return !(tap_ok(clean, "nothing is left of them") && ran);
}
