/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kmutex: see kmutex.h.
 */
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmutex.h"
#include "rumpkern/waitq.h"

#define SPINS   200
#define WAIT_NS 20000000UL /* then look whether the owner lives */
#define STOPPED 4          /* such waits: then whether it is stopped */

void
kmutex_init(struct kmutex *m, enum krank rank)
{

	atomic_init(&m->m_word, 0);
	m->m_rank = rank;
}

bool
kmutex_owned(const struct kmutex *m)
{

	return (atomic_load_explicit(&m->m_word, memory_order_relaxed) &
		   ~KMUTEX_WAITERS) == curcpu()->c_index;
}

/* Locks of one rank that are taken in another order than by address. */
static inline bool
nests(uint32_t rank)
{

	return rank == KRANK_EPOLL || rank == KRANK_EPREADY;
}

static void
check_rank(const struct cpu *c, const struct kmutex *m)
{
#if RUMP_DEBUG
	const struct kmutex *h;
	uint32_t i;

	for (i = 0; i < c->c_nlocks; i++) {
		h = c->c_locks[i];
		if (h->m_rank > m->m_rank ||
		    (h->m_rank == m->m_rank && h >= m && !nests(h->m_rank)))
			kpanic("lock order: rank %u (%p) taken under rank %u "
			       "(%p)",
			    m->m_rank, (const void *)m, h->m_rank,
			    (const void *)h);
	}
	if (m->m_rank == 0 || m->m_rank >= KRANK_MAX)
		kpanic("lock %p was never initialised", (const void *)m);
#else
	(void)c;
	(void)m;
#endif
}

/* Note the lock before trying for it: see kmutex.h. */
static inline void
note_lock(struct cpu *c, struct kmutex *m)
{
	uint32_t n = c->c_nlocks;

	if (unlikely(n == KLOCK_SLOTS))
		kpanic("too many locks held");
	c->c_locks[n] = m;
	kbarrier();
	*(volatile uint32_t *)&c->c_nlocks = n + 1;
	kbarrier();
}

static inline void
unnote_lock(struct cpu *c, struct kmutex *m)
{
	uint32_t i, n = c->c_nlocks;

	for (i = n; i-- > 0;)
		if (c->c_locks[i] == m)
			break;
	/* The last one takes its place; it is noted twice for a moment. */
	c->c_locks[i] = c->c_locks[n - 1];
	kbarrier();
	*(volatile uint32_t *)&c->c_nlocks = n - 1;
	kbarrier();
}

static bool
try_word(struct kmutex *m, uint32_t from, uint32_t to)
{

	return atomic_compare_exchange_strong_explicit(&m->m_word, &from, to,
	    memory_order_acquire, memory_order_relaxed);
}

/* For the waits-th time a lock's owner has kept us waiting for WAIT_NS. */
static void
look_at(uint32_t owner, int waits)
{

	if (cpu_isdead(owner))
		reap_unlock(owner);
	else if (waits % STOPPED == 0)
		cpu_unstop(owner);
}

static void __attribute__((noinline))
enter_slow(struct kmutex *m, uint32_t self)
{
	uint32_t w, owner;
	int i, waits = 0;

	for (i = 0; i < SPINS && rumpuser_process.ru_ncores > 1; i++) {
		if (atomic_load_explicit(&m->m_word, memory_order_relaxed) ==
			0 &&
		    try_word(m, 0, self))
			return;
		kpause();
	}
	for (;;) {
		w = atomic_load_explicit(&m->m_word, memory_order_relaxed);
		owner = w & ~KMUTEX_WAITERS;
		if (owner == 0) {
			/* Others may wait as well: keep the bit set. */
			if (try_word(m, w, self | KMUTEX_WAITERS))
				return;
			continue;
		}
		if (owner == self)
			kpanic("lock %p: taken twice", (void *)m);
		if (w == owner && !try_word(m, w, w | KMUTEX_WAITERS))
			continue;
		if (rumpuser_futex_wait((uint32_t *)&m->m_word,
			owner | KMUTEX_WAITERS, WAIT_NS) == -ETIMEDOUT)
			look_at(owner, ++waits);
	}
}

void
kmutex_enter(struct kmutex *m)
{
	struct cpu *c = curcpu();

	check_rank(c, m);
	note_lock(c, m);
	if (unlikely(!try_word(m, 0, c->c_index)))
		enter_slow(m, c->c_index);
	klog_point();
}

bool
kmutex_tryenter(struct kmutex *m)
{
	struct cpu *c = curcpu();

	note_lock(c, m);
	if (try_word(m, 0, c->c_index))
		return true;
	unnote_lock(c, m);
	return false;
}

void
kmutex_prod(struct kmutex *m)
{
	uint32_t owner = atomic_load(&m->m_word) & ~KMUTEX_WAITERS;

	if (owner != 0)
		look_at(owner, STOPPED);
}

void
kmutex_exit(struct kmutex *m)
{
	struct cpu *c = curcpu();
	uint32_t w;

	KASSERT(kmutex_owned(m));
	w = atomic_exchange_explicit(&m->m_word, 0, memory_order_release);
	if (unlikely(w & KMUTEX_WAITERS))
		rumpuser_futex_wake((uint32_t *)&m->m_word, 1);
	unnote_lock(c, m);
	if (unlikely(c->c_nwakes != 0) && c->c_nlocks == 0)
		kwakeup_flush(c);
	klog_point();
}
