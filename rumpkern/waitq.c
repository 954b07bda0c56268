/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waitq: sleeping and waking.  See waitq.h.
 *
 * A sleeper's word, c_wake, is 0 from before it enters a queue until somebody
 * wakes it.  Entries stay queued until their sleeper takes them off, so that
 * a wake given to a process that dies is not lost: its reaper passes it on.
 *
 * A sleeper spins before it sleeps in the host only while whoever woke it last
 * can do so again soon, that is, is not asleep itself.  Where that one was last
 * seen on our own processor it gets it, as it could not run while we spin.
 */
#include "rumpkern/arena.h"
#include "rumpkern/deathwatch.h"
#include "rumpkern/klog.h"
#include "rumpkern/waitq.h"

#define SPIN_MIN 1000U /* ns */

void
waitq_add(struct waitq *wq, struct waitent *w, struct kmutex *lock)
{

	KASSERT(kmutex_owned(lock) && w->w_queue == NULL);
	w->w_cpu = w->w_hook == WAITHOOK_NONE ? curcpu() : NULL;
	__atomic_store_n(&w->w_lock, lock, __ATOMIC_RELEASE);
	KSET(w->w_next, NULL);
	KSET(w->w_prev, wq->wq_tail);
	if (wq->wq_tail != NULL)
		KSET(wq->wq_tail->w_next, w);
	else
		KSET(wq->wq_head, w);
	KSET(wq->wq_tail, w);
	KSET(w->w_queue, wq);
}

void
waitq_remove(struct waitent *w)
{
	struct waitq *wq = w->w_queue;

	if (wq == NULL)
		return;
	if (w->w_prev != NULL)
		KSET(w->w_prev->w_next, w->w_next);
	else
		KSET(wq->wq_head, w->w_next);
	if (w->w_next != NULL)
		KSET(w->w_next->w_prev, w->w_prev);
	else
		KSET(wq->wq_tail, w->w_prev);
	KSET(w->w_queue, NULL);
}

void
waitq_move(struct waitq *from, struct waitq *to, struct kmutex *lock)
{
	struct waitent *w;

	while ((w = from->wq_head) != NULL) {
		KSET(from->wq_head, w->w_next);
		if (w->w_next != NULL)
			KSET(w->w_next->w_prev, NULL);
		else
			KSET(from->wq_tail, NULL);
		KSET(w->w_next, NULL);
		KSET(w->w_prev, to->wq_tail);
		if (to->wq_tail != NULL)
			KSET(to->wq_tail->w_next, w);
		else
			KSET(to->wq_head, w);
		KSET(to->wq_tail, w);
		KSET(w->w_queue, to);
		KSET(w->w_lock, lock);
		klog_commit();
	}
}

struct kmutex *
waitent_lock(const struct waitent *w)
{
	struct kmutex *lock;

	for (;;) {
		lock = KREAD(w->w_lock);
		kmutex_enter(lock);
		if (lock == KREAD(w->w_lock))
			return lock;
		kmutex_exit(lock);
	}
}

void
waitent_cancel(struct waitent *w)
{
	struct kmutex *lock;
	struct waitq *wq;

	if (KREAD(w->w_queue) == NULL)
		return;
	lock = waitent_lock(w);
	wq = w->w_queue;
	waitq_remove(w);
	klog_commit();
	/* It may have been woken for an event that another should see. */
	if (w->w_hook == WAITHOOK_NONE)
		kwakeup_one(wq);
	kmutex_exit(lock);
}

static inline void
note_processor(struct cpu *c)
{

	atomic_store_explicit(&c->c_processor, rumpuser_processor(),
	    memory_order_relaxed);
}

/*
 * A sleeper that is asleep in the host is only noted while locks are held: it
 * would run into them.  The note comes first, so that the reaper finds it.
 */
static void
wake(struct cpu *c)
{
	struct cpu *self = curcpu();
	uint32_t n = self->c_nwakes;

	note_processor(self);
	atomic_store_explicit(&c->c_waker, self->c_index, memory_order_relaxed);
	if (n == KWAKE_SLOTS) {
		kwakeup_flush(self);
		n = 0;
	}
	self->c_wakes[n] = c->c_index;
	kbarrier();
	*(volatile uint32_t *)&self->c_nwakes = n + 1;
	kbarrier();
	if (atomic_exchange(&c->c_wake, 1) != 0 ||
	    atomic_load(&c->c_asleep) == CPU_AWAKE)
		*(volatile uint32_t *)&self->c_nwakes = n;
	else if (self->c_nlocks == 0)
		kwakeup_flush(self);
}

static void
wake_in_host(struct cpu *c)
{
	struct host *h = host_byindex(c->c_host);
	uint64_t name;

	if (likely(rumpuser_tgkill(h->h_pid, c->c_tid, KWAKE_SIGNAL) != -EPERM))
		return;
	name = atomic_load(&h->h_kick);
	if (name != 0 && rumpuser_process.ru_kick != NULL)
		rumpuser_process.ru_kick(name);
}

void
kwakeup_flush(struct cpu *self)
{
	struct cpu *c;
	uint32_t i;

	for (i = 0; i < self->c_nwakes; i++) {
		c = cpu_byindex(self->c_wakes[i]);
		switch (atomic_load(&c->c_asleep)) {
		case CPU_IN_FUTEX:
			rumpuser_futex_wake((uint32_t *)&c->c_wake, 1);
			break;
		case CPU_IN_HOST:
			wake_in_host(c);
			break;
		}
	}
	*(volatile uint32_t *)&self->c_nwakes = 0;
}

void
kwakeup_events(struct waitq *wq, uint32_t events)
{
	struct waitent *w;
	bool taken = false;

	for (w = wq->wq_head; unlikely(w != NULL); w = w->w_next) {
		if (likely(w->w_hook == WAITHOOK_NONE))
			wake(w->w_cpu);
		else
			taken |= waithooks[w->w_hook](w, events, taken);
	}
}

void
kwakeup(struct waitq *wq)
{

	kwakeup_events(wq, ~0U);
}

void
kwakeup_one(struct waitq *wq)
{
	struct waitent *w;

	for (w = wq->wq_head; unlikely(w != NULL); w = w->w_next) {
		if (unlikely(w->w_hook != WAITHOOK_NONE)) {
			if (waithooks[w->w_hook](w, ~0U, false))
				return;
		} else if (atomic_load(&w->w_cpu->c_wake) == 0) {
			wake(w->w_cpu);
			return;
		}
	}
}

void
kwakeup_sleepers(void)
{
	uint32_t i, n = atomic_load(&ARENA->a_ncpus);
	struct cpu *c;

	for (i = 1; i < n; i++) {
		c = cpu_byindex(i);
		if (CPU_STATE_OF(atomic_load(&c->c_state)) == CPU_LIVE)
			wake(c);
	}
}

void
kwakeup_signal(void)
{
	uint32_t i, n = atomic_load(&ARENA->a_ncpus), w;
	struct cpu *c;

	for (i = 1; i < n; i++) {
		c = cpu_byindex(i);
		w = atomic_load(&c->c_state);
		if (CPU_STATE_OF(w) == CPU_LIVE &&
		    CPU_VALUE_OF(w) == rumpuser_process.ru_host &&
		    c != curcpu() && atomic_load(&c->c_wake) != 0 &&
		    atomic_load(&c->c_asleep) == CPU_IN_HOST)
			rumpuser_tgkill(rumpuser_process.ru_pid, c->c_tid,
			    KWAKE_SIGNAL);
	}
}

void
cpu_interrupt(struct cpu *c)
{

	atomic_store(&c->c_intr, 1);
	wake(c);
}

static bool
woken(struct cpu *c)
{

	return atomic_load_explicit(&c->c_wake, memory_order_acquire) != 0;
}

enum peer {
	PEER_ASLEEP,    /* it will not wake us soon */
	PEER_HERE,      /* it can once it gets our processor */
	PEER_ELSEWHERE, /* it can while we spin */
};

/* What is whoever woke us last about? */
static enum peer
waker_state(struct cpu *c)
{
	uint32_t waker;
	struct cpu *w;
	int here;

	waker = atomic_load_explicit(&c->c_waker, memory_order_relaxed);
	if (waker == 0)
		return PEER_ELSEWHERE;
	w = cpu_byindex(waker);
	if (atomic_load_explicit(&w->c_asleep, memory_order_relaxed) != 0 &&
	    atomic_load_explicit(&w->c_wake, memory_order_relaxed) == 0)
		return PEER_ASLEEP;
	here = rumpuser_processor();
	atomic_store_explicit(&c->c_processor, here, memory_order_relaxed);
	if (here >= 0 &&
	    here == atomic_load_explicit(&w->c_processor, memory_order_relaxed))
		return PEER_HERE;
	return PEER_ELSEWHERE;
}

/*
 * Spin up to the cpu's limit; true: woken.  A waker on our own processor gets
 * it: that is cheaper than to be woken by the host, and two that want to run
 * are what makes the host use another processor that is idle.
 */
static bool
spin(struct cpu *c, uint64_t start)
{
	enum peer peer;
	int i;

	do {
		if (woken(c))
			return true;
		peer = waker_state(c);
		if (peer == PEER_ASLEEP)
			return false;
		if (peer == PEER_HERE)
			rumpuser_yield();
		for (i = 0; peer == PEER_ELSEWHERE && i < 24; i++) {
			if (woken(c))
				return true;
			kpause();
		}
	} while (rumpuser_monotonic() - start < c->c_spinlimit);
	return woken(c);
}

/* Learn from the last wait whether spinning pays. */
static void
adapt(struct cpu *c, bool spun, uint64_t took)
{
	uint32_t max = rumpuser_process.ru_spin_ns;

	if (spun)
		c->c_spinlimit = kmin(c->c_spinlimit * 2 + SPIN_MIN, max);
	else if (took < max)
		c->c_spinlimit = kmin((uint32_t)took * 2, max);
	else
		c->c_spinlimit /= 2;
	if (c->c_spinlimit < SPIN_MIN)
		c->c_spinlimit = kmin(SPIN_MIN, max);
}

static int
wait_woken(struct cpu *c, uint64_t until, int flags)
{
	struct deathwatch dw = { 0 };
	uint64_t start = 0, now = 0;
	int error = 0, host;

	if (c->c_spinlimit != 0) {
		start = rumpuser_monotonic();
		if (spin(c, start)) {
			adapt(c, true, 0);
			return 0;
		}
	}
	atomic_store(&c->c_asleep, CPU_IN_FUTEX);
	while (!woken(c)) {
		if (until != KSLEEP_FOREVER) {
			now = rumpuser_monotonic();
			if (now >= until) {
				error = ETIMEDOUT;
				break;
			}
		}
		host = deathwatch_sleep(&dw, (uint32_t *)&c->c_wake,
		    until == KSLEEP_FOREVER ? UINT64_MAX : until - now);
		if (host == -EINTR && (flags & KSLEEP_INTR)) {
			error = KERESTART;
			break;
		}
	}
	atomic_store(&c->c_asleep, 0);
	note_processor(c);
	if (start != 0)
		adapt(c, false, rumpuser_monotonic() - start);
	return error;
}

void
ksleep_prepare(void)
{

	atomic_store(&curcpu()->c_wake, 0);
}

int
ksleep_any(uint64_t until, int flags)
{
	struct cpu *c = curcpu();
	int error = 0;

	KASSERT(c->c_nlocks == 0 && klog_empty());
	if (!(flags & KSLEEP_INTR) || atomic_load(&c->c_intr) == 0)
		error = wait_woken(c, until, flags);
	if ((flags & KSLEEP_INTR) && atomic_load(&c->c_intr) != 0)
		error = KERESTART;
	return error;
}

int
ksleep_masked(uint64_t until, const uint64_t *mask)
{
	struct cpu *c = curcpu();
	uint64_t old, now, look;
	int error = 0, host;

	/* The host begins again what has no time limit, if the handler may. */
	if (mask == NULL)
		return ksleep_any(kmin(until, KSLEEP_FOREVER - 1), KSLEEP_INTR);
	KASSERT(c->c_nlocks == 0 && klog_empty());
	rumpuser_sigwake_block(KWAKE_SIGNAL, &old);
	while (error == 0 && !woken(c)) {
		now = rumpuser_monotonic();
		if (now >= until) {
			error = ETIMEDOUT;
			break;
		}
		look = kmin(until, deathwatch_next());
		if (!ksleep_host_enter())
			break;
		host = rumpuser_sigwait(KWAKE_SIGNAL, mask,
		    look == KSLEEP_FOREVER ? UINT64_MAX : look - now);
		ksleep_host_leave();
		if (host == 0)
			deathwatch_look(WATCH_HOST);
		if (host == -EINTR && !woken(c))
			error = KERESTART;
	}
	if (atomic_load(&c->c_intr) != 0)
		error = KERESTART;
	rumpuser_sigwake_restore(&old);
	return error;
}

bool
ksleep_host_enter(void)
{
	struct cpu *c = curcpu();

	atomic_store(&c->c_asleep, CPU_IN_HOST);
	if (unlikely(atomic_load(&ARENA->a_users) != 0) &&
	    rumpuser_process.ru_kickable != NULL)
		rumpuser_process.ru_kickable();
	if (!woken(c))
		return true;
	atomic_store(&c->c_asleep, CPU_AWAKE);
	return false;
}

bool
ksleep_woken(void)
{

	return woken(curcpu());
}

void
ksleep_host_leave(void)
{

	atomic_store(&curcpu()->c_asleep, CPU_AWAKE);
}

int
ksleep(struct waitq *wq, struct kmutex *interlock, uint64_t until, int flags)
{
	struct cpu *c = curcpu();
	int error;

	KASSERT(kmutex_owned(interlock) && klog_empty());
	ksleep_prepare();
	waitq_add(wq, &c->c_went, interlock);
	klog_commit();
	kmutex_exit(interlock);
	error = ksleep_any(until, flags);
	kmutex_enter(interlock);
	waitq_remove(&c->c_went);
	klog_commit();
	return error;
}
