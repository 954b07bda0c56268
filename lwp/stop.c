/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Suspension: _lwp_suspend, _lwp_continue.
 *
 * Overview
 *	The thread to stop is sent a signal; its handler waits until it is
 *	continued.  In the kernel a thread is not stopped: it goes on, and
 *	stops where the call returns (rumpuser_process.ru_userret).  When
 *	_lwp_suspend() returns the thread has stopped, or is in a rump call
 *	and will run nothing of the program before it is continued.
 *
 * The signal
 *	33, which glibc has for setuid() in threads, and which therefore no
 *	sigprocmask(), sigfillset() or sigwait() of the program's touches: a
 *	thread that blocks all signals can be suspended.  What is not ours is
 *	handed on.  ThreadSanitizer has to know of every handler, so there it
 *	is the last real-time signal, set with sigaction().
 *
 * States of u_stop
 *	RUN -> WANT		_lwp_suspend, which sends the signal
 *	WANT -> HELD		the handler, which waits
 *	WANT -> LATE -> HELD	the thread is in a rump call
 *	WANT -> AGAIN -> WANT	it holds a lock of the kernel or of the table,
 *				outside of a rump call: sent again
 *	any -> RUN		_lwp_continue; the thread's end
 */
#include <sys/syscall.h>

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lwp/ulwp.h"
#include "rumpkern/cpu.h"
#include "rumpuser/rumpuser.h"

#define PATIENCE_NS 50000000 /* then look whether the thread still exists */

/* --- In the thread to stop ------------------------------------------------------ */

static bool
move(struct ulwp *u, uint32_t from, uint32_t to)
{

	if (!atomic_compare_exchange_strong(&u->u_stop, &from, to))
		return false;
	ulwp_wake(&u->u_stop, INT_MAX);
	return true;
}

/* Stopped, a thread still does what setuid() in another asks of it. */
void
ulwp_stand(struct ulwp *u)
{
	static const uint64_t mask = ~ULWP_LIBC_SIGNALS;
	uint64_t old;
	uint32_t w;

	atomic_fetch_add(&u->u_stops, 1);
	do {
		u->u_stands = true;
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, &old, 8);
		while ((w = atomic_load(&u->u_stop)) != STOP_RUN) {
			if (w != STOP_HELD)
				move(u, w, STOP_HELD);
			else
				ulwp_sleep(&u->u_stop, w, CLOCK_MONOTONIC,
				    NULL);
		}
		syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
		u->u_stands = false;
		/* A signal that came before that has left it to us. */
	} while (atomic_load(&u->u_stop) != STOP_RUN);
}

/* Something that others may wait for, and no rump call that ends. */
static bool
is_holding(const struct cpu *c)
{

	return ulwp_busy != 0 ||
	    (c != NULL && c->c_inkernel == 0 &&
		(c->c_nlocks != 0 || c->c_nlog != 0 || c->c_nhand != 0));
}

/* In a handler: stop, or see to it that we do. */
static void
asked(struct ulwp *u)
{
	struct cpu *c = kcurcpu;
	uint32_t w;

	atomic_store(&u->u_sent, 0);
	w = atomic_load(&u->u_stop);
	/* It looks again by itself if it stands. */
	if (w == STOP_RUN || w == STOP_HELD || u->u_stands)
		return;
	/* In a forked child it is the parent's still. */
	if (c != NULL && *rumpuser_process.ru_mine == 0)
		c = NULL;
	if (is_holding(c)) {
		move(u, w, STOP_AGAIN);
	} else if (c != NULL && c->c_inkernel != 0) {
		c->c_userret = 1;
		atomic_fetch_add(&u->u_stops, 1);
		move(u, w, STOP_LATE);
	} else {
		ulwp_stand(u);
	}
}

/* A rump call returns. */
static void
userret(void)
{
	struct ulwp *u = ulwp_self;
	struct ulwp_mask m;
	int saved = errno;

	if (u == NULL || atomic_load(&u->u_stop) == STOP_RUN)
		return;
	ulwp_block(&m);
	ulwp_stand(u);
	ulwp_unblock(&m);
	errno = saved;
}

/* --- The signal ------------------------------------------------------------------- */

#if defined(__SANITIZE_THREAD__)

static int
stop_signal(void)
{

	return SIGRTMAX;
}

static void
on_signal(int sig, siginfo_t *si, void *uc)
{
	struct ulwp *u = ulwp_self;
	int saved = errno;

	(void)sig;
	(void)si;
	(void)uc;
	if (u != NULL)
		asked(u);
	errno = saved;
}

static void
install(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_signal;
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigfillset(&sa.sa_mask);
	sigaction(SIGRTMAX, &sa, NULL);
}

#else

#define SIGNAL 33

/* The host's struct sigaction. */
struct host_sigaction {
	void (*hs_fn)(int, siginfo_t *, void *);
	unsigned long hs_flags;
	void (*hs_restorer)(void);
	uint64_t hs_mask;
};

#define HOST_SA_RESTORER 0x04000000UL

/* glibc's, once there is one. */
static void (*_Atomic others)(int, siginfo_t *, void *);

void ulwp_restorer(void) __attribute__((visibility("hidden")));
__asm__("	.text\n"
	"	.type ulwp_restorer, @function\n"
	"ulwp_restorer:\n"
	"	mov $15, %eax\n"
	"	syscall\n"
	"	.size ulwp_restorer, .-ulwp_restorer\n");

static int
stop_signal(void)
{

	return SIGNAL;
}

static void
on_signal(int sig, siginfo_t *si, void *uc)
{
	void (*fn)(int, siginfo_t *, void *) = atomic_load(&others);
	struct ulwp *u = ulwp_self;
	int saved = errno;

	if (si->si_code != SI_QUEUE ||
	    si->si_value.sival_ptr != (void *)&ulwp_table) {
		if (fn != NULL)
			fn(sig, si, uc);
	} else if (u != NULL) {
		asked(u);
	}
	errno = saved;
}

/*
 * glibc sets its own handler when the first thread is made, in a forked child
 * once more: look every time.
 */
static void
install(void)
{
	struct host_sigaction sa, old;

	syscall(SYS_rt_sigaction, SIGNAL, NULL, &old, 8);
	if (old.hs_fn == on_signal)
		return;
	atomic_store(&others,
	    (void *)old.hs_fn == (void *)SIG_DFL ||
		    (void *)old.hs_fn == (void *)SIG_IGN ?
		NULL :
		old.hs_fn);
	sa.hs_fn = on_signal;
	sa.hs_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK | HOST_SA_RESTORER;
	sa.hs_restorer = ulwp_restorer;
	/* Itself, too, or as many could be on the stack as are sent. */
	sa.hs_mask = ~0UL;
	syscall(SYS_rt_sigaction, SIGNAL, &sa, NULL, 8);
}

#endif

/*
 * Locked, so that the thread is not another's by then.  0 or errno.  One that is
 * under way will do: many that are queued would all be on its stack at once.
 */
static int
send(struct ulwp *u)
{
	siginfo_t si;
	int error;

	if (atomic_exchange(&u->u_sent, 1) != 0)
		return 0;
	memset(&si, 0, sizeof(si));
	si.si_signo = stop_signal();
	si.si_code = SI_QUEUE;
	si.si_pid = getpid();
	si.si_uid = getuid();
	si.si_value.sival_ptr = (void *)&ulwp_table;
	if (syscall(SYS_rt_tgsigqueueinfo, getpid(), u->u_tid, si.si_signo,
		&si) == 0)
		return 0;
	error = errno;
	atomic_store(&u->u_sent, 0);
	return error;
}

/* --- In others ------------------------------------------------------------------------ */

/* Send it once more; ESRCH: it has ended, perhaps without our notice. */
static int
again(lwpid_t id)
{
	struct ulwp_mask m;
	struct ulwp *u;
	int error = ESRCH;

	ulwp_lock(&m);
	u = ulwp_find(id);
	if (u != NULL)
		error = atomic_load(&u->u_stop) == STOP_WANT ? send(u) : 0;
	if (u != NULL && error == ESRCH)
		ulwp_ended(u);
	else if (error == EAGAIN) /* too many signals are queued */
		move(u, STOP_WANT, STOP_AGAIN);
	ulwp_unlock(&m);
	return error == ESRCH ? ESRCH : 0;
}

static bool
is_alive(const struct ulwp *u, lwpid_t id)
{
	uint32_t w = atomic_load(&u->u_park);

	return (w & PARK_LIVE) != 0 &&
	    w >> PARK_GENSHIFT == (uint32_t)id >> ULWP_SLOTBITS;
}

/* Until it stands, or will, or was continued meanwhile. */
static int
await_stop(struct ulwp *u, lwpid_t id)
{
	struct timespec ts;
	uint32_t w;
	int error = 0;

	while (error == 0) {
		w = atomic_load(&u->u_stop);
		if (!is_alive(u, id))
			return ESRCH;
		if (w == STOP_AGAIN) {
			sched_yield();
			if (move(u, STOP_AGAIN, STOP_WANT))
				error = again(id);
		} else if (w == STOP_WANT) {
			clock_gettime(CLOCK_MONOTONIC, &ts);
			ts.tv_nsec += PATIENCE_NS;
			if (ts.tv_nsec >= 1000000000) {
				ts.tv_nsec -= 1000000000;
				ts.tv_sec++;
			}
			if (ulwp_sleep(&u->u_stop, STOP_WANT, CLOCK_MONOTONIC,
				&ts) == ETIMEDOUT)
				move(u, STOP_WANT, STOP_AGAIN);
		} else {
			break;
		}
	}
	return error;
}

/* Locked; RUN: it is asked to stop. */
static int
ask(struct ulwp *u, const struct ulwp *me)
{
	int error = 0;

	if (ulwp_table.t_live - ulwp_table.t_stopped == 1)
		return EDEADLK;
	install();
	if (rumpuser_process.ru_userret == NULL)
		rumpuser_process.ru_userret = userret;
	ulwp_table.t_stopped++;
	atomic_store(&u->u_stop, STOP_WANT);
	if (u != me)
		error = send(u);
	if (error == ESRCH)
		ulwp_ended(u);
	else if (error == EAGAIN)
		move(u, STOP_WANT, STOP_AGAIN);
	return error == ESRCH ? ESRCH : 0;
}

int
_lwp_suspend(lwpid_t id)
{
	struct ulwp *me = ulwp_me(), *u;
	int error = 0, saved = errno;
	struct ulwp_mask m;

	ulwp_lock(&m);
	u = ulwp_find(id);
	if (u == NULL)
		error = ESRCH;
	else if (atomic_load(&u->u_stop) == STOP_RUN)
		error = ask(u, me);
	ulwp_unlock(&m);
	if (error == 0 && u == me) {
		ulwp_block(&m);
		ulwp_stand(u);
		ulwp_unblock(&m);
	} else if (error == 0) {
		error = await_stop(u, id);
	}
	errno = saved;
	return ulwp_result(error);
}

int
_lwp_continue(lwpid_t id)
{
	struct ulwp_mask m;
	struct ulwp *u;
	int error = 0;

	ulwp_lock(&m);
	u = ulwp_find(id);
	if (u == NULL) {
		error = ESRCH;
	} else if (atomic_exchange(&u->u_stop, STOP_RUN) != STOP_RUN) {
		ulwp_table.t_stopped--;
		ulwp_wake(&u->u_stop, INT_MAX);
	}
	ulwp_unlock(&m);
	return ulwp_result(error);
}
