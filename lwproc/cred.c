/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cred: who a proc is.  The rules of changing ids are Linux's.
 */
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "syscalls/sysargs.h"

#define KEEP ((uint32_t)-1)

bool
cred_issuper(const struct cred *cr)
{

	return KREAD(cr->cr_fsuid) == 0;
}

bool
cred_ingroup(const struct cred *cr, uint32_t gid)
{
	uint32_t i;

	if (cr->cr_fsgid == gid)
		return true;
	for (i = 0; i < cr->cr_ngroups; i++)
		if (cr->cr_groups[i] == gid)
			return true;
	return false;
}

uint32_t
cred_newid(void)
{

	return atomic_fetch_add(&ARENA->a_lwproc->ls_credid, 1) + 1;
}

/* The three user ids, or the three group ids, with the file system's. */
struct ids {
	uint32_t *i_real, *i_eff, *i_saved, *i_fs;
};

static struct ids
user_ids(struct proc *p)
{
	struct cred *cr = &p->p_cred;

	return (struct ids){ &cr->cr_ruid, &cr->cr_euid, &cr->cr_suid,
		&cr->cr_fsuid };
}

static struct ids
group_ids(struct proc *p)
{
	struct cred *cr = &p->p_cred;

	return (struct ids){ &cr->cr_rgid, &cr->cr_egid, &cr->cr_sgid,
		&cr->cr_fsgid };
}

static bool
may(struct proc *p, struct ids *i, uint32_t id)
{

	return id == KEEP || p->p_cred.cr_euid == 0 || id == *i->i_real ||
	    id == *i->i_eff || id == *i->i_saved;
}

static void
set_ids(struct proc *p, struct ids *i, uint32_t real, uint32_t eff,
    uint32_t saved)
{

	KSET(p->p_cred.cr_id, cred_newid());
	if (real != KEEP)
		KSET(*i->i_real, real);
	if (eff != KEEP)
		KSET(*i->i_eff, eff);
	if (saved != KEEP)
		KSET(*i->i_saved, saved);
	KSET(*i->i_fs, *i->i_eff);
	klog_commit();
}

static int
do_setresid(struct proc *p, struct ids i, uint32_t r, uint32_t e, uint32_t s)
{
	int error = EPERM;

	kmutex_enter(&p->p_lock);
	if ((r == KEEP || r == *i.i_real) &&
	    (e == KEEP || (e == *i.i_eff && e == *i.i_fs)) &&
	    (s == KEEP || s == *i.i_saved)) {
		error = 0; /* nothing changes, not even cr_id */
	} else if (may(p, &i, r) && may(p, &i, e) && may(p, &i, s)) {
		set_ids(p, &i, r, e, s);
		error = 0;
	}
	kmutex_exit(&p->p_lock);
	return error;
}

static int
do_setreid(struct proc *p, struct ids i, uint32_t r, uint32_t e)
{
	int error = EPERM;
	uint32_t saved = KEEP;
	bool super;

	kmutex_enter(&p->p_lock);
	super = p->p_cred.cr_euid == 0;
	if (super ||
	    ((r == KEEP || r == *i.i_real || r == *i.i_eff) && may(p, &i, e))) {
		if (r != KEEP || (e != KEEP && e != *i.i_real))
			saved = e != KEEP ? e : *i.i_eff;
		set_ids(p, &i, r, e, saved);
		error = 0;
	}
	kmutex_exit(&p->p_lock);
	return error;
}

static int
do_setid(struct proc *p, struct ids i, uint32_t id)
{
	int error = 0;

	if (id == KEEP)
		return EINVAL;
	kmutex_enter(&p->p_lock);
	if (p->p_cred.cr_euid == 0)
		set_ids(p, &i, id, id, id);
	else if (id == *i.i_real || id == *i.i_saved)
		set_ids(p, &i, KEEP, id, KEEP);
	else
		error = EPERM;
	kmutex_exit(&p->p_lock);
	return error;
}

static long
do_setfsid(struct proc *p, struct ids i, uint32_t id)
{
	long old;

	kmutex_enter(&p->p_lock);
	old = *i.i_fs;
	if (id != KEEP && id != *i.i_fs && may(p, &i, id)) {
		KSET(p->p_cred.cr_id, cred_newid());
		KSET(*i.i_fs, id);
	}
	klog_commit();
	kmutex_exit(&p->p_lock);
	return old;
}

int
sys_setuid(struct lwp *l, const struct sys_setuid_args *a, long *retval)
{

	(void)retval;
	return do_setid(l->l_proc, user_ids(l->l_proc), a->uid);
}

int
sys_setgid(struct lwp *l, const struct sys_setgid_args *a, long *retval)
{

	(void)retval;
	return do_setid(l->l_proc, group_ids(l->l_proc), a->gid);
}

int
sys_setreuid(struct lwp *l, const struct sys_setreuid_args *a, long *retval)
{

	(void)retval;
	return do_setreid(l->l_proc, user_ids(l->l_proc), a->ruid, a->euid);
}

int
sys_setregid(struct lwp *l, const struct sys_setregid_args *a, long *retval)
{

	(void)retval;
	return do_setreid(l->l_proc, group_ids(l->l_proc), a->rgid, a->egid);
}

int
sys_setresuid(struct lwp *l, const struct sys_setresuid_args *a, long *retval)
{

	(void)retval;
	return do_setresid(l->l_proc, user_ids(l->l_proc), a->ruid, a->euid,
	    a->suid);
}

int
sys_setresgid(struct lwp *l, const struct sys_setresgid_args *a, long *retval)
{

	(void)retval;
	return do_setresid(l->l_proc, group_ids(l->l_proc), a->rgid, a->egid,
	    a->sgid);
}

int
sys_setfsuid(struct lwp *l, const struct sys_setfsuid_args *a, long *retval)
{

	*retval = do_setfsid(l->l_proc, user_ids(l->l_proc), a->fsuid);
	return 0;
}

int
sys_setfsgid(struct lwp *l, const struct sys_setfsgid_args *a, long *retval)
{

	*retval = do_setfsid(l->l_proc, group_ids(l->l_proc), a->fsgid);
	return 0;
}

int
sys_getuid(struct lwp *l, const struct sys_getuid_args *a, long *retval)
{

	(void)a;
	*retval = KREAD(l->l_proc->p_cred.cr_ruid);
	return 0;
}

int
sys_geteuid(struct lwp *l, const struct sys_geteuid_args *a, long *retval)
{

	(void)a;
	*retval = KREAD(l->l_proc->p_cred.cr_euid);
	return 0;
}

int
sys_getgid(struct lwp *l, const struct sys_getgid_args *a, long *retval)
{

	(void)a;
	*retval = KREAD(l->l_proc->p_cred.cr_rgid);
	return 0;
}

int
sys_getegid(struct lwp *l, const struct sys_getegid_args *a, long *retval)
{

	(void)a;
	*retval = KREAD(l->l_proc->p_cred.cr_egid);
	return 0;
}

/* All three of one moment. */
static int
copyout3(struct proc *p, struct ids i, void *r, void *e, void *s)
{
	uint32_t id[3];

	kmutex_enter(&p->p_lock);
	id[0] = *i.i_real;
	id[1] = *i.i_eff;
	id[2] = *i.i_saved;
	kmutex_exit(&p->p_lock);
	if (copyout(&id[0], r, 4) != 0 || copyout(&id[1], e, 4) != 0 ||
	    copyout(&id[2], s, 4) != 0)
		return EFAULT;
	return 0;
}

int
sys_getresuid(struct lwp *l, const struct sys_getresuid_args *a, long *retval)
{

	(void)retval;
	return copyout3(l->l_proc, user_ids(l->l_proc), a->ruid, a->euid,
	    a->suid);
}

int
sys_getresgid(struct lwp *l, const struct sys_getresgid_args *a, long *retval)
{

	(void)retval;
	return copyout3(l->l_proc, group_ids(l->l_proc), a->rgid, a->egid,
	    a->sgid);
}

int
sys_getgroups(struct lwp *l, const struct sys_getgroups_args *a, long *retval)
{
	struct proc *p = l->l_proc;
	const struct cred *cr = &p->p_cred;
	uint32_t groups[KNGROUPS], n;

	kmutex_enter(&p->p_lock);
	n = cr->cr_ngroups;
	memcpy(groups, cr->cr_groups, n * sizeof(groups[0]));
	kmutex_exit(&p->p_lock);
	if (a->size < 0 || (a->size > 0 && (uint32_t)a->size < n))
		return EINVAL;
	if (a->size > 0 && copyout(groups, a->list, n * 4) != 0)
		return EFAULT;
	*retval = n;
	return 0;
}

int
sys_setgroups(struct lwp *l, const struct sys_setgroups_args *a, long *retval)
{
	struct proc *p = l->l_proc;
	uint32_t groups[KNGROUPS], i;
	int error = 0;

	(void)retval;
	if (a->size > KNGROUPS)
		return EINVAL;
	if (copyin(a->list, groups, a->size * 4) != 0)
		return EFAULT;
	kmutex_enter(&p->p_lock);
	if (p->p_cred.cr_euid != 0) {
		error = EPERM;
	} else {
		for (i = 0; i < a->size; i++)
			KSET(p->p_cred.cr_groups[i], groups[i]);
		KSET(p->p_cred.cr_ngroups, a->size);
		KSET(p->p_cred.cr_id, cred_newid());
	}
	klog_commit();
	kmutex_exit(&p->p_lock);
	return error;
}
