/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwp: lwps, and which of them a cpu runs.
 *
 * Overview
 *	A cpu always runs an lwp: a bound one, or its own lwp of pid 1, the
 *	implicit one, which no one else can find.
 *
 * States
 *	FREE -> IDLE		lwp_alloc
 *	IDLE -> RUNNING		lwp_switch
 *	RUNNING -> IDLE		lwp_switch to another
 *	RUNNING -> FREE		lwp_leave, lwp_detach: nobody can switch to it
 *	IDLE -> FREE		lwp_release
 *
 * Locking
 *	The word changes by one compare and swap, so that a switch takes no
 *	lock.  It holds the generation as well: who has the name of a released
 *	lwp finds another word there.
 */
#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"

static inline struct lwproc_state *
state(void)
{

	return ARENA->a_lwproc;
}

struct lwp *
lwp_alloc(struct proc *p, uint32_t flags)
{
	struct lwp *l = kmem_cache_alloc(KC_LWP);

	if (l == NULL)
		return NULL;
	/* Only so many bits of it are in a name. */
	l->l_gen = (l->l_gen + 1) & (UINT64_MAX >> LWP_GENSHIFT);
	l->l_proc = p;
	l->l_flags = flags;
	lwp_setstate(l, LWP_IDLE);
	return l;
}

/*
 * A descriptor table gets its second user.  The first may use it at this
 * moment without a fence: have the host pass one.  If it is idle or ours
 * there is no need: who switches to an idle one passes a fence and sees that
 * it is not alone.
 */
static void
table_shared(const struct lwp *new, const struct proc *other)
{
	const struct lwp *l = other->p_lwps;
	const struct cpu *c;

	if (l == new)
		l = l->l_next;
	if (l != NULL && lwp_getstate(l) != LWP_RUNNING)
		return;
	c = l != NULL ? KREAD(l->l_cpu) : NULL;
	if (c != curcpu())
		rumpuser_membarrier();
}

void
lwp_link(struct lwp *l, struct proc *other)
{
	struct proc *p = l->l_proc;

	l->l_lid = lid_alloc(p);
	l->l_pid = p->p_pid;
	l->l_prev = NULL;
	l->l_next = p->p_lwps;
	if (p->p_lwps != NULL)
		KSET(p->p_lwps->l_prev, l);
	KSET(p->p_lwps, l);
	KSET(p->p_nlwps, p->p_nlwps + 1);
	if (fdesc_users(p->p_fd, 1) == 2)
		table_shared(l, other);
}

void
lwp_unlink(struct lwp *l)
{
	struct proc *p = l->l_proc;

	if (l->l_prev != NULL)
		KSET(l->l_prev->l_next, l->l_next);
	else
		KSET(p->p_lwps, l->l_next);
	if (l->l_next != NULL)
		KSET(l->l_next->l_prev, l->l_prev);
	KSET(p->p_nlwps, p->p_nlwps - 1);
	fdesc_users(p->p_fd, -1);
}

int
lwp_create(struct proc *p, struct lwp **lp)
{
	struct lwp *l;

	KASSERT(kmutex_owned(&state()->ls_lock));
	l = lwp_alloc(p, 0);
	if (l == NULL)
		return EAGAIN;
	lwp_link(l, p);
	khand_drop(l);
	klog_commit();
	*lp = l;
	return 0;
}

/*
 * One commit: whoever dies leaves no lwp in another's proc that nobody knows.
 * The lock orders it with table_shared().
 */
int
lwp_create_bound(struct proc *p)
{
	struct cpu *c = curcpu();
	struct lwp *l, *old = c->c_lwp;

	KASSERT(kmutex_owned(&state()->ls_lock));
	l = lwp_alloc(p, 0);
	if (l == NULL)
		return EAGAIN;
	lwp_link(l, p);
	l->l_cpu = c;
	lwp_setstate(l, LWP_RUNNING);
	KSET(c->c_lwp, l);
	khand_drop(l);
	klog_commit();
	__atomic_store_n(&old->l_cpu, NULL, __ATOMIC_RELAXED);
	lwp_setstate(old, LWP_IDLE);
	return 0;
}

int
lwp_create_implicit(struct cpu *c)
{
	struct proc *init = state()->ls_init;
	struct lwp *l = lwp_alloc(init, LWP_IMPLICIT);

	if (l == NULL)
		return ENOMEM;
	kmutex_enter(&state()->ls_lock);
	lwp_link(l, init);
	KSET(c->c_implicit, l);
	khand_drop(l);
	klog_commit();
	kmutex_exit(&state()->ls_lock);
	return 0;
}

/* ref: what else refers to it, or NULL; it becomes next in the same commit. */
static void
release(struct lwp *l, struct lwp **ref, struct lwp *next)
{
	struct lwproc_state *ls = state();
	struct proc *p = l->l_proc;
	bool last;

	atomic_store_explicit(&l->l_word, LWP_FREE, memory_order_relaxed);
	kmutex_enter(&ls->ls_lock);
	last = proc_release_lwp(l);
	khand_add(KHAND_MEM, l);
	if (ref != NULL)
		KSET(*ref, next);
	klog_commit();
	kmutex_exit(&ls->ls_lock);
	if (last)
		proc_free(p);
	kmem_free(l);
}

void
lwp_release(struct lwp *l)
{

	release(l, NULL, NULL);
}

void
lwp_release_implicit(struct cpu *c)
{

	release(c->c_implicit, &c->c_implicit, NULL);
}

void
lwp_release_bound(struct cpu *c)
{

	release(c->c_lwp, &c->c_lwp, NULL);
}

/* An idle one runs; this is a full fence, see table_shared(). */
static inline bool
start_running(struct lwp *l, uint64_t name)
{
	uint64_t word = name | LWP_IDLE;
	bool ok;

	ok = atomic_load_explicit(&l->l_word, memory_order_relaxed) == word &&
	    atomic_compare_exchange_strong(&l->l_word, &word,
		name | LWP_RUNNING);
#if !defined(__x86_64__)
	atomic_thread_fence(memory_order_seq_cst);
#endif
	return ok;
}

/* The cpu runs l; old has no cpu any more. */
static inline void
change_lwp(struct cpu *c, struct lwp *l, struct lwp *old)
{

	c->c_lwp = l;
	__atomic_store_n(&l->l_cpu, c, __ATOMIC_RELAXED);
	if (likely(old != NULL))
		__atomic_store_n(&old->l_cpu, NULL, __ATOMIC_RELAXED);
}

bool
lwp_switch_named(uint64_t name)
{
	struct lwp *l = (struct lwp *)(name & LWP_ADDR);
	const struct arena_map *am = &ARENA->a_map;
	struct cpu *c = curcpu();
	struct lwp *old = c->c_lwp;

	/* Any word of the pool may be looked at. */
	if (unlikely((uintptr_t)l - ARENA_BASE - am->am_pool >
		    (am->am_npages << KPAGE_SHIFT) - sizeof(*l) ||
		(uintptr_t)l % sizeof(uint64_t) != 0) ||
	    unlikely(!start_running(l, name)))
		return false;
	change_lwp(c, l, old);
	if (likely(old != NULL))
		lwp_setstate(old, LWP_IDLE);
	return true;
}

void
lwp_switch(struct lwp *l)
{

	if (!lwp_switch_named(lwp_name(l)))
		kpanic("lwp %p (%d:%d) already running", (void *)l, l->l_pid,
		    l->l_lid);
}

void
lwp_leave(struct cpu *c)
{
	struct lwp *implicit = c->c_implicit;

	if (!start_running(implicit, lwp_name(implicit)))
		kpanic("implicit lwp %p of cpu %u already running",
		    (void *)implicit, c->c_index);
	__atomic_store_n(&implicit->l_cpu, c, __ATOMIC_RELAXED);
	/* Never idle in between: no one else gets hold of it. */
	release(c->c_lwp, &c->c_lwp, implicit);
}

bool
lwp_abandoned(const struct lwp *l)
{
	const struct cpu *c = KREAD(l->l_cpu);

	return lwp_getstate(l) == LWP_RUNNING && c != NULL &&
	    (KREAD(c->c_lwp) != l || cpu_isdead(c->c_index));
}

/*
 * The cpu is that of a thread that has ended.  A hijacked thread's lwp goes
 * with it; one that an embedder bound stays, abandoned, as when it is reaped.
 */
static void
drop_bound(struct cpu *c)
{
	struct lwp *l = c->c_lwp;

	if (l != NULL && l != c->c_implicit &&
	    (l->l_proc->p_flags & PROC_HIJACK) && l->l_proc->p_nlwps > 1)
		lwp_release_bound(c);
	c->c_lwp = NULL;
	if (c->c_implicit != NULL)
		lwp_setstate(c->c_implicit, LWP_IDLE);
}

int
lwp_attach(void)
{
	struct cpu *c;
	int error = 0;

	if (cpu_takeover())
		drop_bound(curcpu());
	else
		error = cpu_attach();
	if (error != 0)
		return error;
	c = curcpu();
	if (c->c_implicit == NULL)
		error = lwp_create_implicit(c);
	if (error != 0) {
		cpu_detach();
		return error;
	}
	lwp_switch(c->c_implicit);
	if (unlikely(atomic_load(&ARENA->a_ndead) != 0))
		reap_all();
	return 0;
}

int
lwproc_attach(void)
{
	int error = host_attach();

	return error != 0 ? error : lwp_attach();
}

/* The first call of a thread, or the first in a forked child. */
struct cpu *
lwproc_enter_slow(const char *who)
{
	int error;

	if (rumpuser_process.ru_arenafd == -1 ||
	    rumpuser_process.ru_mine == NULL)
		kpanic("%s: rump_init() has not been called", who);
	kcurcpu = NULL;
	error = *rumpuser_process.ru_mine ? lwp_attach() : lwproc_attach();
	if (error != 0)
		kpanic("%s: no cpu for this thread, error %d", who, error);
	return curcpu();
}

void
lwp_detach(void)
{
	struct cpu *c = curcpu();
	struct lwp *l = c->c_lwp;

	c->c_lwp = NULL;
	l->l_cpu = NULL;
	if (l != c->c_implicit && (l->l_proc->p_flags & PROC_HIJACK))
		lwp_release(l);
	else
		lwp_setstate(l, LWP_IDLE);
	if (c->c_implicit != NULL)
		lwp_release_implicit(c);
	cpu_detach();
}
