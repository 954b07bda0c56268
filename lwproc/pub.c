/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rump_pub_lwproc_*: the calls of rump_lwproc(3).
 */
#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"

/* Have a cpu; abort with one line where there is no kernel. */
static struct cpu *
enter(const char *who)
{
	int error;

	if (likely(curcpu() != NULL && *rumpuser_process.ru_mine))
		return curcpu();
	if (rumpuser_process.ru_arenafd == -1)
		kpanic("%s: rump_init() has not been called", who);
	error = *rumpuser_process.ru_mine ? lwp_attach() : lwproc_attach();
	if (error != 0)
		kpanic("%s: no cpu for this thread, error %d", who, error);
	return curcpu();
}

static void
check_lwp(const struct lwp *l)
{

	if (unlikely(!kmem_valid(KC_LWP, l)))
		kpanic("%p is no lwp", (const void *)l);
	if (unlikely(l->l_magic != LWP_MAGIC || l->l_flags & LWP_IMPLICIT))
		kpanic("lwp %p was released", (const void *)l);
}

int
rump_pub_lwproc_rfork(int flags)
{
	struct cpu *c = enter(__func__);
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
	struct lwp *l;
	int error = ESRCH;

	enter(__func__);
	ls = ARENA->a_lwproc;
	kmutex_enter(&ls->ls_lock);
	p = proc_find(pid);
	if (p != NULL)
		error = lwp_create(p, &l);
	kmutex_exit(&ls->ls_lock);
	if (error == 0)
		lwp_switch(l);
	return error;
}

void
rump_pub_lwproc_switch(struct lwp *l)
{
	struct cpu *c = enter(__func__);

	if (l == NULL) {
		if (c->c_lwp != c->c_implicit)
			lwp_switch(c->c_implicit);
		return;
	}
	check_lwp(l);
	lwp_switch(l);
}

void
rump_pub_lwproc_releaselwp(void)
{
	struct cpu *c = enter(__func__);
	struct lwp *l = c->c_lwp;

	if (l == c->c_implicit)
		kpanic("releasing non-pertinent lwp");
	lwp_switch(c->c_implicit);
	lwp_release(l);
}

struct lwp *
rump_pub_lwproc_curlwp(void)
{
	struct cpu *c = enter(__func__);

	return c->c_lwp == c->c_implicit ? NULL : c->c_lwp;
}

void
rump_pub_lwproc_sysent_usenative(void)
{

	kpanic("don't use rump_lwproc_sysent_usenative()");
}
