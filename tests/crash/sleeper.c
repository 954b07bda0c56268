/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process dies somewhere in a write to a pipe on whose other end another one
 * sleeps: if the byte is there, the sleeper has it once the dead is reaped.
 */
#include <asm/ioctls.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "rumpkern/arena.h"
#include "tests/crash/crash.h"

static int ends[2];
static sem_t done;

static void *
reader(void *arg)
{
	char c;

	(void)arg;
	if (rump_sys_read(ends[0], &c, 1) == 1)
		sem_post(&done);
	return NULL;
}

static void
write_one(void)
{
	MUST(rump_sys_write(ends[1], "x", 1));
}

/* Until the reader sleeps in the host. */
static void
await_sleeper(void)
{
	uint32_t i, n;

	for (;; sched_yield()) {
		n = atomic_load(&ARENA->a_ncpus);
		for (i = 1; i < n; i++)
			if (atomic_load(&cpu_byindex(i)->c_asleep) ==
			    CPU_IN_FUTEX)
				return;
	}
}

static bool
was_woken(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 5;
	return sem_timedwait(&done, &ts) == 0;
}

/* *how: did it die? */
static bool
one(uint64_t n, enum death *how)
{
	pthread_t td;
	int left = 0, bad;
	bool ok;

	MUST(rump_sys_pipe(ends));
	MUST(-pthread_create(&td, NULL, reader, NULL));
	await_sleeper();
	*how = crash_call(write_one, n);
	bad = crash_check();
	MUST(rump_sys_ioctl(ends[0], FIONREAD, &left));
	/* Died too early: there is nothing to wake up for, yet. */
	if (left == 0 && *how == DIED && sem_trywait(&done) == 0)
		sem_post(&done);
	else if (left == 0 && *how == DIED)
		write_one();
	ok = was_woken();
	if (!ok) {
		write_one();
		tap_diag("dead at point %lu: asleep beside its byte", n);
	}
	pthread_join(td, NULL);
	MUST(rump_sys_close(ends[0]));
	MUST(rump_sys_close(ends[1]));
	return ok && bad == 0 && *how != BROKE;
}

int
main(void)
{
	enum death how = DIED;
	uint64_t n;
	bool ok = true;

	crash_boot();
	MUST(sem_init(&done, 0, 0));
	tap_plan(1);
	for (n = 1; ok && how == DIED; n++)
		ok = one(n, &how);
	tap_ok(ok && n > 2, "a sleeper outlives its waker, %lu deaths", n - 2);
	return tap_done();
}
