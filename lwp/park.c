/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping and waking: _lwp_park, _lwp_unpark, _lwp_unpark_all, _lwp_wakeup.
 *
 * An unpark is one bit of u_park, which has the generation of the slot beside
 * it: no lock is needed to set it, so that it may come from a signal handler
 * and does not wait for anybody who is suspended.
 */
#include <errno.h>
#include <limits.h>

#include "lwp/ulwp.h"
#include "rump/rump_syscalls.h"
#include "rumpkern/arena.h"
#include "rumpkern/waitq.h"
#include "rumpuser/rumpuser.h"

#define NSEC     1000000000L
#define LAST_SEC (INT64_MAX / NSEC - 1)

/* Set a bit; whether the lwp sleeps in _lwp_park() goes to *asleep. */
static int
set_bit(lwpid_t id, uint32_t bit, bool *asleep)
{
	struct ulwp *u = ulwp_slot(id);
	uint32_t w;

	if (u == NULL)
		return ESRCH;
	w = atomic_load(&u->u_park);
	do {
		if ((w & PARK_LIVE) == 0 ||
		    w >> PARK_GENSHIFT != (uint32_t)id >> ULWP_SLOTBITS)
			return ESRCH;
	} while (!atomic_compare_exchange_weak(&u->u_park, &w, w | bit));
	*asleep = (w & PARK_ASLEEP) != 0;
	if (*asleep)
		ulwp_wake(&u->u_park, 1);
	return 0;
}

/* 0, or EINVAL: a time no clock shows. */
static int
deadline(clockid_t clock, int flags, const struct timespec *ts,
    struct timespec *until)
{
	struct timespec now = { 0, 0 };

	if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) ||
	    (flags & ~TIMER_ABSTIME) != 0 || ts->tv_sec < 0 ||
	    ts->tv_nsec < 0 || ts->tv_nsec >= NSEC)
		return EINVAL;
	if ((flags & TIMER_ABSTIME) == 0)
		clock_gettime(clock, &now);
	until->tv_nsec = now.tv_nsec + ts->tv_nsec;
	until->tv_sec = now.tv_sec + until->tv_nsec / NSEC;
	until->tv_nsec %= NSEC;
	/* The host counts them in 64 bits of ns. */
	if (ts->tv_sec < LAST_SEC - until->tv_sec)
		until->tv_sec += ts->tv_sec;
	else
		until->tv_sec = LAST_SEC;
	return 0;
}

/* What is left of a time, for who gave it. */
static void
write_left(clockid_t clock, const struct timespec *until, struct timespec *ts)
{
	struct timespec now, left = { 0, 0 };
	int64_t ns;

	clock_gettime(clock, &now);
	ns = until->tv_nsec - now.tv_nsec;
	left.tv_sec = until->tv_sec - now.tv_sec - (ns < 0);
	left.tv_nsec = ns + (ns < 0 ? NSEC : 0);
	if (left.tv_sec < 0)
		left.tv_sec = left.tv_nsec = 0;
	ulwp_copyout(&left, ts, sizeof(left));
}

static int
park(struct ulwp *u, clockid_t clock, const struct timespec *until)
{
	const uint32_t events = PARK_UNPARKED | PARK_CANCEL;
	uint32_t w, stops;
	int error = 0;

	w = atomic_fetch_or(&u->u_park, PARK_ASLEEP);
	if ((w & events) != 0) {
		atomic_fetch_and(&u->u_park, ~(events | PARK_ASLEEP));
		return EALREADY;
	}
	w |= PARK_ASLEEP;
	do {
		stops = atomic_load(&u->u_stops);
		error = ulwp_sleep(&u->u_park, w, clock, until);
		/* That it was suspended meanwhile is not for it to know. */
		if (error == EINTR && atomic_load(&u->u_stops) != stops)
			error = 0;
	} while (error != ETIMEDOUT && error != EINTR &&
	    (atomic_load(&u->u_park) & events) == 0);
	w = atomic_fetch_and(&u->u_park, ~(events | PARK_ASLEEP));
	if ((w & PARK_UNPARKED) != 0)
		return 0;
	return (w & PARK_CANCEL) != 0 ? EINTR : error;
}

int
_lwp_park(clockid_t clock, int flags, struct timespec *uts, lwpid_t unpark,
    const void *hint, const void *unparkhint)
{
	/* A time that never comes: what has none is restarted by the host. */
	struct timespec ts = { INT64_MAX, 0 }, until;
	struct ulwp *u = ulwp_me();
	int error = 0, saved = errno;
	bool asleep;

	(void)hint;
	(void)unparkhint;
	if (u == NULL)
		return ulwp_result(EAGAIN);
	if (uts == NULL) {
		clock = CLOCK_MONOTONIC;
		flags = TIMER_ABSTIME;
	} else {
		error = ulwp_copyin(uts, &ts, sizeof(ts));
	}
	if (error == 0)
		error = deadline(clock, flags, &ts, &until);
	if (error == 0 && unpark != 0)
		error = set_bit(unpark, PARK_UNPARKED, &asleep);
	if (error == 0) {
		error = park(u, clock, &until);
		if (uts != NULL && (flags & TIMER_ABSTIME) == 0)
			write_left(clock, &until, uts);
	}
	errno = saved;
	return ulwp_result(error);
}

int
_lwp_unpark(lwpid_t id, const void *hint)
{
	bool asleep;

	(void)hint;
	return ulwp_result(set_bit(id, PARK_UNPARKED, &asleep));
}

ssize_t
_lwp_unpark_all(const lwpid_t *ids, size_t count, const void *hint)
{
	ssize_t done = 0;
	lwpid_t id;
	size_t i;

	if (ids == NULL)
		return LWP_UNPARK_MAX;
	if (count > LWP_UNPARK_MAX) {
		errno = EINVAL;
		return -1;
	}
	(void)hint;
	for (i = 0; i < count; i++) {
		bool asleep;

		if (ulwp_copyin(&ids[i], &id, sizeof(id)) != 0) {
			errno = EFAULT;
			return -1;
		}
		if (set_bit(id, PARK_UNPARKED, &asleep) == 0)
			done++;
	}
	return done;
}

/* --- _lwp_wakeup ------------------------------------------------------------------ */

/* The cpu of a host thread of this process; NULL: it has none. */
static struct cpu *
cpu_of(pid_t tid)
{
	uint32_t i, w, n = atomic_load(&ARENA->a_ncpus);
	struct cpu *c;

	for (i = 1; i < n; i++) {
		c = cpu_byindex(i);
		w = atomic_load(&c->c_state);
		if (CPU_STATE_OF(w) == CPU_LIVE &&
		    CPU_VALUE_OF(w) == rumpuser_process.ru_host &&
		    __atomic_load_n(&c->c_tid, __ATOMIC_RELAXED) == tid)
			return c;
	}
	return NULL;
}

/* Locked.  End the thread's sleep in a rump call: 0 or ENODEV. */
static int
wake_in_kernel(const struct ulwp *u, const struct ulwp *me)
{
	struct cpu *c;
	bool asleep;

	if (!ulwp_kernel() || u == me)
		return ENODEV;
	c = cpu_of(u->u_tid);
	if (c == NULL)
		return ENODEV;
	asleep = atomic_load(&c->c_asleep) != CPU_AWAKE;
	cpu_interrupt(c);
	return asleep ? 0 : ENODEV;
}

int
_lwp_wakeup(lwpid_t id)
{
	const struct ulwp *me = ulwp_me();
	struct ulwp_mask m;
	struct ulwp *u;
	bool asleep;
	int error = 0;

	/* To wake others takes a cpu. */
	if (ulwp_kernel())
		rump_sys_getpid();
	ulwp_lock(&m);
	u = ulwp_find(id);
	if (u == NULL) {
		error = ESRCH;
	} else if (u->u_waiting) {
		atomic_fetch_or(&u->u_park, PARK_CANCEL);
		ulwp_event();
	} else if ((atomic_load(&u->u_park) & PARK_ASLEEP) != 0) {
		set_bit(id, PARK_CANCEL, &asleep);
	} else {
		error = wake_in_kernel(u, me);
		if (error != 0)
			set_bit(id, PARK_CANCEL, &asleep);
	}
	ulwp_unlock(&m);
	return ulwp_result(error);
}
