/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls on procs: pids, process groups, sessions, umask, limits.
 */
#include <sys/resource.h>

#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "syscalls/sysargs.h"

static inline struct lwproc_state *
state(void)
{

	return ARENA->a_lwproc;
}

int
sys_getpid(struct lwp *l, const struct sys_getpid_args *a, long *retval)
{

	(void)a;
	*retval = l->l_proc->p_pid;
	return 0;
}

int
sys_gettid(struct lwp *l, const struct sys_gettid_args *a, long *retval)
{

	(void)a;
	*retval = l->l_lid;
	return 0;
}

int
sys_getppid(struct lwp *l, const struct sys_getppid_args *a, long *retval)
{
	struct proc *parent;

	(void)a;
	/* So long it does not end and give its memory to another. */
	kmutex_enter(&state()->ls_lock);
	parent = l->l_proc->p_parent;
	*retval = parent != NULL ? parent->p_pid : 0;
	kmutex_exit(&state()->ls_lock);
	return 0;
}

/* One id of the proc `pid' (0: the caller's). */
static int
lookup_id(struct lwp *l, int pid, size_t field, long *retval)
{
	struct proc *p;
	int error = ESRCH;

	kmutex_enter(&state()->ls_lock);
	p = pid == 0 ? l->l_proc : proc_find(pid);
	if (p != NULL) {
		*retval = *(int32_t *)((char *)p + field);
		error = 0;
	}
	kmutex_exit(&state()->ls_lock);
	return error;
}

int
sys_getpgid(struct lwp *l, const struct sys_getpgid_args *a, long *retval)
{

	return lookup_id(l, a->pid, offsetof(struct proc, p_pgid), retval);
}

int
sys_getsid(struct lwp *l, const struct sys_getsid_args *a, long *retval)
{

	return lookup_id(l, a->pid, offsetof(struct proc, p_sid), retval);
}

/* Is there a process group of the number, in the session? */
static bool
pgrp_exists(int pgid, int sid)
{
	struct proc *p;
	uint32_t i;

	for (i = 0; i <= state()->ls_hashmask; i++)
		for (p = state()->ls_hash[i]; p != NULL; p = p->p_hashnext)
			if (p->p_pgid == pgid && p->p_sid == sid)
				return true;
	return false;
}

int
sys_setpgid(struct lwp *l, const struct sys_setpgid_args *a, long *retval)
{
	struct proc *self = l->l_proc, *p;
	int error = 0, pgid;

	(void)retval;
	if (a->pgid < 0)
		return EINVAL;
	kmutex_enter(&state()->ls_lock);
	p = a->pid == 0 ? self : proc_find(a->pid);
	if (p == NULL || (p != self && p->p_parent != self)) {
		error = ESRCH;
	} else {
		pgid = a->pgid == 0 ? p->p_pid : a->pgid;
		if (p->p_sid != self->p_sid || p->p_sid == p->p_pid ||
		    (pgid != p->p_pid && !pgrp_exists(pgid, self->p_sid)))
			error = EPERM;
		else
			KSET(p->p_pgid, pgid);
	}
	klog_commit();
	kmutex_exit(&state()->ls_lock);
	return error;
}

int
sys_setsid(struct lwp *l, const struct sys_setsid_args *a, long *retval)
{
	struct proc *p = l->l_proc;
	int error = 0;

	(void)a;
	kmutex_enter(&state()->ls_lock);
	if (p->p_pgid == p->p_pid) {
		error = EPERM;
	} else {
		KSET(p->p_sid, p->p_pid);
		KSET(p->p_pgid, p->p_pid);
		*retval = p->p_pid;
	}
	klog_commit();
	kmutex_exit(&state()->ls_lock);
	return error;
}

int
sys_umask(struct lwp *l, const struct sys_umask_args *a, long *retval)
{
	struct proc *p = l->l_proc;

	kmutex_enter(&p->p_lock);
	*retval = p->p_umask;
	KSET(p->p_umask, a->mask & 0777);
	klog_commit();
	kmutex_exit(&p->p_lock);
	return 0;
}

static uint64_t *
limit_field(struct proc *p, int resource)
{

	switch (resource) {
	case RLIMIT_FSIZE:
		return &p->p_fsize;
	case RLIMIT_NOFILE:
		return &p->p_nofile;
	}
	return NULL;
}

int
sys_prlimit64(struct lwp *l, const struct sys_prlimit64_args *a, long *retval)
{
	struct proc *p = l->l_proc;
	uint64_t *field = limit_field(p, a->resource);
	struct rlimit64 old, new;

	(void)retval;
	if (a->pid != 0 && a->pid != p->p_pid)
		return ESRCH;
	if (field == NULL)
		return EINVAL;
	if (a->new_limit != NULL) {
		if (copyin(a->new_limit, &new, sizeof(new)) != 0)
			return EFAULT;
		if (new.rlim_cur > new.rlim_max)
			return EINVAL;
	}
	kmutex_enter(&p->p_lock);
	old.rlim_cur = old.rlim_max = *field;
	if (a->new_limit != NULL)
		KSET(*field, new.rlim_cur);
	klog_commit();
	kmutex_exit(&p->p_lock);
	if (a->old_limit != NULL)
		return copyout(&old, a->old_limit, sizeof(old));
	return 0;
}
