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

/*
 * A fork whose parent died before it could say who its child is, and the child
 * has not shown up: given up after this.
 */
#define EMBRYO_NS 2000000000UL

static bool
claimed(uint32_t host)
{
	struct host *h = host_byindex(host);

	/* One that is about to attach may have no pid yet. */
	if (h->h_flags & HOST_BYPID)
		return rumpuser_kill(h->h_pid, 0) != -ESRCH;
	return rumpuser_claimed(host, curcpu()->c_host);
}

/* From now on the child cannot attach any more.  False: it has. */
static bool
give_up(struct host *h, uint64_t fork)
{

	return atomic_compare_exchange_strong(&h->h_fork, &fork,
	    fork | HOST_GONE);
}

/*
 * A child that has not attached, as far as we know.  Its pid counts only where
 * it means something: with its parent, or when that has died.
 */
static bool
embryo_dead(struct host *h)
{
	uint64_t fork = atomic_load(&h->h_fork);
	bool orphan, old;

	if (fork & HOST_GONE)
		return true;
	if (fork & HOST_ADOPTED)
		return !claimed(h->h_index) && atomic_load(&h->h_fork) == fork;
	orphan = !claimed(h->h_parent);
	if (!orphan && h->h_parent != curcpu()->c_host)
		return false;
	if (HOST_CHILD(fork) != 0 &&
	    rumpuser_kill(HOST_CHILD(fork), 0) == -ESRCH)
		return give_up(h, fork);
	/* It has no pid that we know, or is a zombie that nobody waits for. */
	old = rumpuser_monotonic() - h->h_since > EMBRYO_NS;
	return orphan && old && !claimed(h->h_index) && give_up(h, fork);
}

void
host_forked(struct host *h, uint64_t fork, int pid)
{

	/* It may have attached, and be gone, and its slot another's. */
	atomic_compare_exchange_strong(&h->h_fork, &fork, fork | (uint32_t)pid);
}

bool
host_unattached(struct host *h, uint64_t fork)
{

	return atomic_load(&h->h_state) == HOST_EMBRYO && give_up(h, fork);
}

bool
host_dead(struct host *h)
{
	uint32_t state = atomic_load(&h->h_state);

	/* One that ends by itself gives the slot back before its claim. */
	if (state == HOST_LIVE)
		return !claimed(h->h_index) &&
		    atomic_load(&h->h_state) == HOST_LIVE;
	return state == HOST_EMBRYO && embryo_dead(h);
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
		    !rumpuser_thread_alive(host_byindex(CPU_VALUE_OF(w))->h_pid,
			__atomic_load_n(&c->c_tid, __ATOMIC_RELAXED));
	case CPU_EMBRYO:
		return host_dead(host_byindex(CPU_VALUE_OF(w)));
	case CPU_ROLLED:
		return true;
	}
	return false;
}

/*
 * Of what it knows of its process we use nothing that might be another's by
 * now, or of another name space of pids.
 */
void
cpu_unstop(uint32_t index)
{
	struct cpu *c = cpu_byindex(index);
	uint32_t w = atomic_load(&c->c_state);
	int pid, tid;

	if (CPU_STATE_OF(w) == CPU_DEAD) {
		/* Another rolls it back. */
		cpu_unstop(CPU_VALUE_OF(w));
		return;
	}
	if (CPU_STATE_OF(w) != CPU_LIVE || CPU_VALUE_OF(w) == curcpu()->c_host)
		return;
	tid = __atomic_load_n(&c->c_tid, __ATOMIC_RELAXED);
	pid = rumpuser_claimant(CPU_VALUE_OF(w));
	if (pid != 0 && pid == host_byindex(CPU_VALUE_OF(w))->h_pid &&
	    rumpuser_thread_stopped(pid, tid))
		rumpuser_unstop(tid, &c->c_nlocks);
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
