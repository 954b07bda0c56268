/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recognising the dead, and making whole what they were changing: the part
 * that may run under any lock.  The rest, their objects and procs, is in
 * lwproc/reap.c.
 */
#include "rumpkern/arena.h"
#include "rumpkern/cpu.h"
#include "rumpkern/klog.h"
#include "rumpkern/waitq.h"

/* A fork whose child has not shown up: given up after this. */
#define EMBRYO_NS 10000000000UL

static bool
claimed(uint32_t host)
{

	return rumpuser_claimed(host, curcpu()->c_host);
}

bool
host_dead(struct host *h)
{
	uint32_t state = atomic_load(&h->h_state);

	if (state == HOST_LIVE)
		return !claimed(h->h_index);
	if (state == HOST_EMBRYO && (h->h_flags & HOST_GONE))
		return true;
	if (state == HOST_EMBRYO)
		return !claimed(h->h_parent) && !claimed(h->h_index) &&
		    rumpuser_monotonic() - h->h_since > EMBRYO_NS;
	return false;
}

bool
cpu_isdead(uint32_t index)
{
	struct cpu *c = cpu_byindex(index);
	uint32_t w = atomic_load(&c->c_state);

	switch (CPU_STATE_OF(w)) {
	case CPU_DEAD:
		/* Its reaper may have died as well. */
		return cpu_isdead(CPU_VALUE_OF(w));
	case CPU_LIVE:
		if (host_dead(host_byindex(CPU_VALUE_OF(w))))
			return true;
		return CPU_VALUE_OF(w) == curcpu()->c_host &&
		    !rumpuser_thread_alive(host_byindex(c->c_host)->h_pid,
			c->c_tid);
	case CPU_EMBRYO:
		return host_dead(host_byindex(CPU_VALUE_OF(w)));
	case CPU_ROLLED:
		return true;
	}
	return false;
}

static void
free_locks(struct cpu *c)
{
	struct kmutex *m;
	uint32_t i, w;

	for (i = 0; i < c->c_nlocks; i++) {
		m = c->c_locks[i];
		w = atomic_load(&m->m_word);
		if ((w & ~KMUTEX_WAITERS) != c->c_index)
			continue;
		atomic_store(&m->m_word, 0);
		if (w & KMUTEX_WAITERS)
			rumpuser_futex_wake((uint32_t *)&m->m_word, 1);
	}
	c->c_nlocks = 0;
}

bool
reap_rollback(struct cpu *c)
{
	uint32_t w = atomic_load(&c->c_state);
	uint32_t dead = CPU_RESTATE(w, CPU_DEAD, curcpu()->c_index);

	if (CPU_STATE_OF(w) == CPU_ROLLED)
		return true;
	if (CPU_STATE_OF(w) == CPU_FREE || !cpu_isdead(c->c_index) ||
	    !atomic_compare_exchange_strong(&c->c_state, &w, dead))
		return false;
	/* Both may be begun again by another reaper. */
	klog_rollback(c);
	free_locks(c);
	kwakeup_flush(c);
	atomic_store(&c->c_state, CPU_RESTATE(dead, CPU_ROLLED, c->c_host));
	atomic_fetch_add(&ARENA->a_ndead, 1);
	return true;
}

void
reap_unlock(uint32_t owner)
{

	reap_rollback(cpu_byindex(owner));
}
