/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rump_pub_lwproc_*: the calls of rump_lwproc(3).
 *
 * What a program has for an lwp is its name (proc.h): a pointer to look at it,
 * but not one that can be followed.
 */
#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rumpkern/arena.h"
#include "rumpkern/kmem.h"

static inline struct lwp *
public_name(const struct lwp *l)
{

	return (struct lwp *)lwp_name(l);
}

/* The name is that of no lwp that could be switched to: say why. */
static _Noreturn __attribute__((noinline, cold)) void
switch_failed(struct lwp *name)
{
	struct lwp *l = (struct lwp *)((uintptr_t)name & LWP_ADDR);
	int caller = curlwp()->l_proc->p_pid;
	uint64_t state;

	if (!kmem_valid(KC_LWP, l))
		kpanic("%p is no lwp (switch by pid %d)", (void *)name, caller);
	if (lwp_name(l) != (uintptr_t)name)
		kpanic("lwp %p was released, its memory is lwp (%d:%d) now "
		       "(switch by pid %d)",
		    (void *)name, l->l_pid, l->l_lid, caller);
	/* What is free may have anything there. */
	state = atomic_load(&l->l_word) - (uintptr_t)name;
	if (state != LWP_IDLE && state != LWP_RUNNING)
		kpanic("lwp %p (%d:%d) was released (switch by pid %d)",
		    (void *)name, l->l_pid, l->l_lid, caller);
	kpanic("lwp %p (%d:%d) already running%s (switch by pid %d)",
	    (void *)name, l->l_pid, l->l_lid,
	    lwp_abandoned(l) ? ": its thread exited without releasing it" : "",
	    caller);
}

int
rump_pub_lwproc_rfork(int flags)
{
	struct cpu *c = lwproc_enter(__func__);
	struct lwp *l;
	int error;

	if (flags & ~(RUMP_RFFDG | RUMP_RFCFDG) ||
	    flags == (RUMP_RFFDG | RUMP_RFCFDG))
		return EINVAL;
	error = proc_fork(c->c_lwp->l_proc, flags, NULL, &l);
	if (error == 0)
		lwp_switch(l);
	return error;
}

int
rump_pub_lwproc_newlwp(pid_t pid)
{
	struct lwproc_state *ls;
	struct proc *p;
	int error = ESRCH;

	lwproc_enter(__func__);
	ls = ARENA->a_lwproc;
	kmutex_enter(&ls->ls_lock);
	p = proc_find(pid);
	if (p != NULL)
		error = lwp_create_bound(p);
	kmutex_exit(&ls->ls_lock);
	return error;
}

void
rump_pub_lwproc_switch(struct lwp *name)
{
	struct cpu *c = lwproc_enter(__func__);

	if (name == NULL) {
		if (c->c_lwp != c->c_implicit)
			lwp_switch(c->c_implicit);
		return;
	}
	if (unlikely(!lwp_switch_named((uintptr_t)name)))
		switch_failed(name);
}

void
rump_pub_lwproc_releaselwp(void)
{
	struct cpu *c = lwproc_enter(__func__);

	if (unlikely(c->c_lwp == c->c_implicit))
		kpanic("releasing non-pertinent lwp: lwp %p is this thread's "
		       "implicit one (%d:%d)",
		    (void *)public_name(c->c_lwp), c->c_lwp->l_pid,
		    c->c_lwp->l_lid);
	lwp_leave(c);
}

struct lwp *
rump_pub_lwproc_curlwp(void)
{
	struct cpu *c = lwproc_enter(__func__);

	return c->c_lwp == c->c_implicit ? NULL : public_name(c->c_lwp);
}

void
rump_pub_lwproc_sysent_usenative(void)
{

	kpanic("don't use rump_lwproc_sysent_usenative()");
}
