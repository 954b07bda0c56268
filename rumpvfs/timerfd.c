/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timerfd: timers that are files.
 *
 * Nothing runs when a timer expires: whoever looks at it brings it up to date
 * and tells the others (run()), and whoever sleeps for it does so no longer
 * than until then.  A time that is set wakes them all, so that they look for
 * how long.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include "rumpvfs/anonfile.h"
#include "rumpvfs/eventfd.h"

#include "lwproc/proc.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/waitq.h"
#include "syscalls/sysargs.h"

#define NSEC  1000000000UL
#define NEVER ((uint64_t)INT64_MAX) /* ns: later is cut */

struct timerfd {
	struct kmutex tf_lock; /* KRANK_EVENT: guards the rest */
	int tf_clock;          /* constant */
	uint64_t tf_next;      /* on its clock; 0: not set */
	uint64_t tf_interval;  /* 0: once */
	uint64_t tf_ticks;     /* not read yet */
	struct waitq tf_wait;
	struct waitq tf_poll;
};

static uint64_t
now_of(const struct timerfd *tf)
{
	switch (tf->tf_clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_ALARM:
		return rumpuser_realtime();
	case CLOCK_BOOTTIME:
	case CLOCK_BOOTTIME_ALARM:
		return rumpuser_boottime();
	default:
		return rumpuser_monotonic();
	}
}

/* tf_lock held: count what has expired by now, and tell. */
static void
run(struct timerfd *tf, uint64_t now)
{
	uint64_t n = 1;

	if (tf->tf_next == 0 || now < tf->tf_next)
		return;
	if (tf->tf_interval != 0)
		n += (now - tf->tf_next) / tf->tf_interval;
	KSET(tf->tf_ticks, tf->tf_ticks + n);
	KSET(tf->tf_next,
	    tf->tf_interval != 0 ? tf->tf_next + n * tf->tf_interval : 0);
	klog_commit();
	kwakeup(&tf->tf_wait);
	kwakeup_events(&tf->tf_poll, POLLIN);
}

/* tf_lock held: the next expiry on the monotonic clock. */
static uint64_t
deadline(const struct timerfd *tf, uint64_t now)
{
	uint64_t mono;

	if (tf->tf_next == 0)
		return KSLEEP_FOREVER;
	mono = rumpuser_monotonic();
	return tf->tf_next <= now ? mono : mono + (tf->tf_next - now);
}

static int
timerfd_read(struct file *f, struct uio *uio)
{
	bool nonblock = (f->f_flags & O_NONBLOCK) ||
	    (uio->uio_flags & RWF_NOWAIT);
	struct timerfd *tf = f->f_data;
	uint64_t ticks, now;
	int error = 0;

	if (uio->uio_resid < sizeof(ticks))
		return EINVAL;
	kmutex_enter(&tf->tf_lock);
	for (;;) {
		now = now_of(tf);
		run(tf, now);
		ticks = tf->tf_ticks;
		if (ticks != 0)
			break;
		error = nonblock ? EAGAIN :
				   ksleep(&tf->tf_wait, &tf->tf_lock,
				       deadline(tf, now), KSLEEP_INTR);
		if (error != 0 && error != ETIMEDOUT)
			break;
	}
	if (ticks != 0) {
		error = 0;
		*(volatile uint64_t *)&tf->tf_ticks = 0;
		klog_point();
	}
	kmutex_exit(&tf->tf_lock);
	return error != 0 ? error : anonfile_move(&ticks, uio);
}

static int
timerfd_poll(struct file *f, int events, struct waitent *ent)
{
	struct timerfd *tf = f->f_data;
	int ready;

	kmutex_enter(&tf->tf_lock);
	run(tf, now_of(tf));
	if (ent != NULL) {
		waitq_add(&tf->tf_poll, ent, &tf->tf_lock);
		klog_commit();
	}
	ready = tf->tf_ticks != 0 ? POLLIN : 0;
	kmutex_exit(&tf->tf_lock);
	return ready & events;
}

static uint64_t
timerfd_deadline(struct file *f)
{
	struct timerfd *tf = f->f_data;
	uint64_t now, until;

	kmutex_enter(&tf->tf_lock);
	now = now_of(tf);
	run(tf, now);
	until = deadline(tf, now);
	kmutex_exit(&tf->tf_lock);
	return until;
}

/* The reaper may begin it again. */
static void
timerfd_close(struct file *f)
{
	struct timerfd *tf = f->f_data;

	if (tf == NULL)
		return;
	KSET(f->f_data, NULL);
	khand_add(KHAND_MEM, tf);
	klog_commit();
	kmem_free(tf);
}

const struct fileops timerfd_fileops = {
	.fo_read = timerfd_read,
	.fo_poll = timerfd_poll,
	.fo_deadline = timerfd_deadline,
	.fo_stat = anonfile_stat,
	.fo_close = timerfd_close,
};

static bool
is_clock(int clock)
{
	return clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME ||
	    clock == CLOCK_BOOTTIME || clock == CLOCK_REALTIME_ALARM ||
	    clock == CLOCK_BOOTTIME_ALARM;
}

int
sys_timerfd_create(struct lwp *l, const struct sys_timerfd_create_args *a,
    long *retval)
{
	bool alarm = a->clockid == CLOCK_REALTIME_ALARM ||
	    a->clockid == CLOCK_BOOTTIME_ALARM;
	struct timerfd *tf;
	struct file *f;

	if ((a->flags & ~(TFD_NONBLOCK | TFD_CLOEXEC)) || !is_clock(a->clockid))
		return EINVAL;
	if (alarm && !cred_issuper(&l->l_proc->p_cred))
		return EPERM;
	tf = kmem_alloc(sizeof(*tf));
	if (tf == NULL)
		return ENOMEM;
	kmutex_init(&tf->tf_lock, KRANK_EVENT);
	tf->tf_clock = a->clockid;
	f = file_alloc(FTYPE_TIMERFD, O_RDWR | (a->flags & TFD_NONBLOCK));
	if (f == NULL) {
		kmem_free(tf);
		return ENOMEM;
	}
	KSET(f->f_data, tf);
	khand_drop(tf);
	klog_commit();
	return anonfile_install(l, f, (a->flags & TFD_CLOEXEC) != 0, retval);
}

static bool
valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 &&
	    (uint64_t)ts->tv_nsec < NSEC;
}

static uint64_t
to_ns(const struct timespec *ts)
{
	if ((uint64_t)ts->tv_sec >= NEVER / NSEC)
		return NEVER;
	return ts->tv_sec * NSEC + ts->tv_nsec;
}

static struct timespec
from_ns(uint64_t ns)
{
	return (struct timespec){ .tv_sec = ns / NSEC, .tv_nsec = ns % NSEC };
}

/* tf_lock held, up to date. */
static void
get_time(const struct timerfd *tf, uint64_t now, struct itimerspec *its)
{
	its->it_interval = from_ns(tf->tf_interval);
	its->it_value = from_ns(tf->tf_next == 0 ? 0 : tf->tf_next - now);
}

static void
set_time(struct timerfd *tf, bool absolute, uint64_t now,
    const struct itimerspec *its)
{
	uint64_t next = to_ns(&its->it_value);

	if (next != 0 && !absolute)
		next = kmin(now + next, NEVER);
	KSET(tf->tf_next, next);
	KSET(tf->tf_interval, to_ns(&its->it_interval));
	KSET(tf->tf_ticks, 0);
	klog_commit();
	kwakeup(&tf->tf_wait);
	kwakeup(&tf->tf_poll);
}

/* The timer of a descriptor, slot 0: EBADF, EINVAL. */
static int
get_timer(struct lwp *l, int fd, struct file **fp)
{
	struct file *f = fd_getfile(l, fd, 0);
	int error;

	if (f == NULL)
		return EBADF;
	if (f->f_type == FTYPE_TIMERFD) {
		*fp = f;
		return 0;
	}
	error = f->f_mode & FMODE_PATH ? EBADF : EINVAL;
	fd_done(l, f, 0);
	return error;
}

int
sys_timerfd_settime(struct lwp *l, const struct sys_timerfd_settime_args *a,
    long *retval)
{
	struct itimerspec its, old;
	struct timerfd *tf;
	struct file *f;
	uint64_t now;
	int error;

	(void)retval;
	if (copyin(a->new_value, &its, sizeof(its)) != 0)
		return EFAULT;
	if ((a->flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) ||
	    !valid(&its.it_value) || !valid(&its.it_interval))
		return EINVAL;
	error = get_timer(l, a->fd, &f);
	if (error != 0)
		return error;
	tf = f->f_data;
	kmutex_enter(&tf->tf_lock);
	now = now_of(tf);
	run(tf, now);
	get_time(tf, now, &old);
	set_time(tf, (a->flags & TFD_TIMER_ABSTIME) != 0, now, &its);
	kmutex_exit(&tf->tf_lock);
	fd_done(l, f, 0);
	if (a->old_value == NULL)
		return 0;
	return copyout(&old, a->old_value, sizeof(old));
}

int
sys_timerfd_gettime(struct lwp *l, const struct sys_timerfd_gettime_args *a,
    long *retval)
{
	struct itimerspec its;
	struct timerfd *tf;
	struct file *f;
	uint64_t now;
	int error;

	(void)retval;
	error = get_timer(l, a->fd, &f);
	if (error != 0)
		return error;
	tf = f->f_data;
	kmutex_enter(&tf->tf_lock);
	now = now_of(tf);
	run(tf, now);
	get_time(tf, now, &its);
	kmutex_exit(&tf->tf_lock);
	fd_done(l, f, 0);
	return copyout(&its, a->curr_value, sizeof(its));
}
