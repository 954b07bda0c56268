/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reaping the dead: what their cpus had in hand, their lwps, their procs.
 *
 * Rolling back and freeing locks comes first and may happen anywhere
 * (rumpkern/reap.c); the rest takes locks of its own and is done here, by
 * one reaper at a time.  Every step is an operation like any other, so a
 * reaper that dies is reaped in its turn and the next one goes on.
 */
#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/waitq.h"
#include "rumpvfs/mapping.h"

#define PATIENCE 1000 /* looks at a cpu that another rolls back */

/* Move the newest object of a dead cpu's hand into ours, and release it. */
static void
release_one(struct cpu *dead)
{
	struct khandent e = dead->c_hand[dead->c_nhand - 1];

	khand_add(e.kh_kind, e.kh_obj);
	KSET(dead->c_nhand, dead->c_nhand - 1);
	klog_commit();
	khand_release(e.kh_obj);
}

static void
drop_hazards(struct cpu *dead)
{
	int i;

	for (i = 0; i < CPU_NHAZARD; i++)
		if (dead->c_hazard[i] != NULL)
			file_unhazard(dead, i);
}

/* Who has just taken a slot may not have filled it in yet. */
static bool
is_of(struct cpu *c, uint32_t host)
{
	uint32_t w = atomic_load(&c->c_state);

	if (CPU_STATE_OF(w) == CPU_EMBRYO)
		return CPU_VALUE_OF(w) == host;
	return CPU_STATE_OF(w) != CPU_FREE && c->c_host == host;
}

/* Nor will it, if it is dead.  Nobody but a reaper frees the slot then. */
static void
fill_in(struct cpu *c, uint32_t index, uint32_t host)
{

	if (CPU_STATE_OF(atomic_load(&c->c_state)) != CPU_EMBRYO)
		return;
	c->c_index = index;
	c->c_host = host;
}

/*
 * Rolled back, by us or by somebody else who was at it and still lives: wait
 * for that, it takes no locks.  False: it takes long, so a later reaper goes on;
 * or the slot is another host's by now.
 */
static bool
rolled_back(struct cpu *c, uint32_t host)
{
	int i;

	for (i = 0; i < PATIENCE && is_of(c, host); i++) {
		if (reap_rollback(c))
			return true;
		rumpuser_yield();
	}
	return false;
}

/* The dead cpu was rolling back others when it died: finish that. */
static void
roll_its_dead(struct cpu *dead)
{
	uint32_t i, w, n = atomic_load(&ARENA->a_ncpus);

	for (i = 1; i < n; i++) {
		w = atomic_load(&cpu_byindex(i)->c_state);
		if (CPU_STATE_OF(w) == CPU_DEAD &&
		    CPU_VALUE_OF(w) == dead->c_index)
			reap_rollback(cpu_byindex(i));
	}
}

/*
 * The locks of the dead first, those of all its threads: who looks after one
 * of them may need what another one held.
 */
static void
free_its_locks(uint32_t host)
{
	uint32_t i, n = atomic_load(&ARENA->a_ncpus);
	struct cpu *c;

	for (i = 1; i < n; i++) {
		c = cpu_byindex(i);
		if (CPU_STATE_OF(atomic_load(&c->c_state)) == CPU_LIVE &&
		    is_of(c, host))
			reap_rollback(c);
	}
}

/*
 * A hijacked thread's lwp goes with it, the last one with its proc.  One an
 * embedder bound goes with the process; if only the thread ended it stays as it
 * is, running on nothing: whoever switches to it is told.
 */
static bool
goes_with(const struct lwp *l, uint32_t host)
{

	if (l->l_proc->p_flags & PROC_HIJACK)
		return l->l_proc->p_nlwps > 1;
	return host != curcpu()->c_host;
}

/* False: it is still a cpu of the host, and not reaped. */
static bool
reap_cpu(struct cpu *c, uint32_t host)
{
	struct lwp *l;

	if (!rolled_back(c, host))
		return !is_of(c, host);
	roll_its_dead(c);
	waitent_cancel(&c->c_went);
	while (c->c_nhand > 0)
		release_one(c);
	drop_hazards(c);
	l = c->c_lwp;
	if (l != NULL && l != c->c_implicit && goes_with(l, host))
		lwp_release_bound(c);
	l = c->c_implicit;
	if (l != NULL) {
		if (c->c_lwp == l)
			c->c_lwp = NULL;
		lwp_release_implicit(c);
	}
	if (c->c_inkernel != 0)
		kwakeup_sleepers();
	atomic_fetch_sub(&ARENA->a_ndead, 1);
	cpu_reset(c);
	return true;
}

/* A proc that lived in the dead host; NULL: none left. */
static struct proc *
find_proc(uint32_t host)
{
	struct lwproc_state *ls = ARENA->a_lwproc;
	struct proc *p;
	uint32_t i;

	for (i = 0; i <= ls->ls_hashmask; i++)
		for (p = ls->ls_hash[i]; p != NULL; p = p->p_hashnext)
			if (p->p_host == host && p != ls->ls_init &&
			    p != ls->ls_kern)
				return p;
	return NULL;
}

/* A live cpu of another process runs one of its lwps: it lives there now. */
static bool
moves(struct proc *p)
{
	struct lwp *l;
	struct cpu *c;

	for (l = p->p_lwps; l != NULL; l = l->l_next) {
		c = l->l_cpu;
		if (lwp_getstate(l) != LWP_RUNNING || c == NULL ||
		    c->c_lwp != l || c->c_host == p->p_host ||
		    CPU_STATE_OF(atomic_load(&c->c_state)) != CPU_LIVE)
			continue;
		KSET(p->p_host, c->c_host);
		klog_commit();
		return true;
	}
	return false;
}

static void
reap_procs(uint32_t host)
{
	struct lwproc_state *ls = ARENA->a_lwproc;
	struct proc *p;

	for (;;) {
		kmutex_enter(&ls->ls_lock);
		while ((p = find_proc(host)) != NULL && moves(p))
			continue;
		kmutex_exit(&ls->ls_lock);
		if (p == NULL)
			return;
		/* Nobody else ends it: its host is dead, and we are alone. */
		proc_exit(p);
	}
}

static int
reap_locked(uint32_t index)
{
	struct host *h = host_byindex(index);
	uint32_t i, n = atomic_load(&ARENA->a_ncpus);
	bool all = true;

	if (!host_dead(h))
		return 0;
	free_its_locks(index);
	for (i = 1; i < n; i++) {
		if (!is_of(cpu_byindex(i), index))
			continue;
		fill_in(cpu_byindex(i), i, index);
		if (!reap_cpu(cpu_byindex(i), index))
			all = false;
	}
	/* The host's procs go only after all that its cpus were at. */
	if (!all)
		return 0;
	mapping_remove(h, 0, UINT64_MAX);
	reap_procs(index);
	h->h_proc = NULL;
	host_free(h);
	return 1;
}

/* Threads of this process that ended without giving their cpu back. */
static void
reap_threads(void)
{
	uint32_t i, n = atomic_load(&ARENA->a_ncpus);
	struct cpu *c;

	for (i = 1; i < n; i++) {
		c = cpu_byindex(i);
		if (is_of(c, curcpu()->c_host) && cpu_isdead(i))
			reap_cpu(c, curcpu()->c_host);
	}
}

int
reap_host(uint32_t index)
{
	int n;

	KASSERT(curcpu()->c_nlocks == 0 && klog_empty());
	free_its_locks(index);
	kmutex_enter(&ARENA->a_reaplock);
	n = reap_locked(index);
	kmutex_exit(&ARENA->a_reaplock);
	return n;
}

int
reap_all(void)
{
	uint32_t i;
	int n = 0;

	KASSERT(curcpu()->c_nlocks == 0 && klog_empty());
	kmutex_enter(&ARENA->a_reaplock);
	for (i = 1; i < atomic_load(&ARENA->a_nhosts); i++)
		n += reap_locked(i);
	reap_threads();
	kmutex_exit(&ARENA->a_reaplock);
	return n;
}
