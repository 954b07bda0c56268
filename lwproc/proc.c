/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc: procs and their tree, how they come and go.
 *
 * Overview
 *	A proc is made by proc_fork() with its first lwp and goes with its
 *	last.  Pid 0 is the kernel's own, pid 1 the implicit context's; these
 *	two stay.
 *
 * Locking
 *	ls_lock guards the table, the tree, and which lwps a proc has.
 */
#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/vnode.h"

static inline struct lwproc_state *
state(void)
{

	return ARENA->a_lwproc;
}

/* Logged: enter a proc into the table, and under its parent. */
static void
proc_link(struct proc *p, struct proc *parent)
{

	proc_enter(p);
	p->p_parent = parent;
	p->p_sibprev = NULL;
	p->p_sibnext = NULL;
	if (parent != NULL) {
		p->p_sibnext = parent->p_children;
		if (p->p_sibnext != NULL)
			KSET(p->p_sibnext->p_sibprev, p);
		KSET(parent->p_children, p);
	}
}

static void
sibling_unlink(struct proc *p)
{

	if (p->p_sibprev != NULL)
		KSET(p->p_sibprev->p_sibnext, p->p_sibnext);
	else if (p->p_parent != NULL)
		KSET(p->p_parent->p_children, p->p_sibnext);
	if (p->p_sibnext != NULL)
		KSET(p->p_sibnext->p_sibprev, p->p_sibprev);
}

/* Logged: give one child to pid 1. */
static void
reparent(struct proc *p)
{
	struct proc *init = state()->ls_init;

	sibling_unlink(p);
	KSET(p->p_parent, init);
	KSET(p->p_sibprev, NULL);
	KSET(p->p_sibnext, init->p_children);
	if (init->p_children != NULL)
		KSET(init->p_children->p_sibprev, p);
	KSET(init->p_children, p);
}

static void
take_ref(struct vnode *vp, struct vnode **slot)
{

	if (vp == NULL)
		return;
	vnode_hold(vp);
	KSET(*slot, vp);
	khand_drop(vp);
	klog_commit();
}

static void
drop_ref(struct vnode **slot)
{
	struct vnode *vp = *slot;

	if (vp == NULL)
		return;
	khand_add(KHAND_VNODE, vp);
	KSET(*slot, NULL);
	klog_commit();
	vnode_rele(vp);
}

/* What a child takes from its parent; in hand as KHAND_PROC from here. */
static struct proc *
proc_alloc(struct proc *parent, int flags)
{
	struct proc *p = kmem_cache_alloc(KC_PROC);
	struct filedesc *fd;

	if (p == NULL)
		return NULL;
	kmutex_init(&p->p_lock, KRANK_PROC);
	khand_drop(p);
	khand_add(KHAND_PROC, p);
	klog_commit();
	if (flags & RUMP_RFFDG)
		fd = fdesc_copy(parent->p_fd);
	else if (flags & RUMP_RFCFDG)
		fd = fdesc_create();
	else
		fd = fdesc_share(parent->p_fd);
	if (fd == NULL) {
		khand_release(p);
		return NULL;
	}
	KSET(p->p_fd, fd);
	khand_drop(fd);
	klog_commit();

	kmutex_enter(&parent->p_lock);
	p->p_umask = parent->p_umask;
	p->p_fsize = parent->p_fsize;
	p->p_nofile = parent->p_nofile;
	p->p_cred = parent->p_cred;
	p->p_cred.cr_id = cred_newid();
	p->p_flags = parent->p_flags & (PROC_HIJACK | PROC_HOSTCWD);
	take_ref(parent->p_cdir, &p->p_cdir);
	take_ref(parent->p_rdir, &p->p_rdir);
	kmutex_exit(&parent->p_lock);
	p->p_lids = (struct idrange){ LID_FIRST, ID_MAX };
	return p;
}

/* KHAND_PROC: a proc that is in no table (any more). */
void
proc_free(void *obj)
{
	struct proc *p = obj;

	if (p->p_fd != NULL) {
		khand_add(KHAND_FDESC, p->p_fd);
		KSET(p->p_fd, NULL);
		klog_commit();
		khand_release_to(khand_mark() - 1);
	}
	drop_ref(&p->p_cdir);
	drop_ref(&p->p_rdir);
	khand_drop(p);
	khand_add(KHAND_MEM, p);
	klog_commit();
	kmem_free(p);
}

int
proc_fork(struct proc *parent, int flags, struct host *embryo, struct lwp **lp)
{
	struct lwproc_state *ls = state();
	struct proc *p;
	struct lwp *l;

	p = proc_alloc(parent, flags);
	if (p == NULL)
		return EAGAIN;
	l = lwp_alloc(p, 0);
	if (l == NULL) {
		khand_release(p);
		return EAGAIN;
	}
	kmutex_enter(&ls->ls_lock);
	p->p_pid = pid_alloc();
	p->p_pgid = parent->p_pgid;
	p->p_sid = parent->p_sid;
	p->p_host = embryo != NULL ? embryo->h_index : curcpu()->c_host;
	proc_link(p, parent);
	lwp_link(l, parent);
	if (embryo != NULL)
		KSET(embryo->h_proc, p);
	khand_drop(l);
	khand_drop(p);
	klog_commit();
	kmutex_exit(&ls->ls_lock);
	*lp = l;
	return 0;
}

/* The children go to pid 1, in committed pieces. */
static void
reparent_all(struct proc *p)
{

	while (p->p_children != NULL) {
		reparent(p->p_children);
		if (klog_used() > KLOG_MAX / 2)
			klog_commit();
	}
	klog_commit();
}

bool
proc_release_lwp(struct lwp *l)
{
	struct lwproc_state *ls = state();
	struct proc *p = l->l_proc;
	bool last;

	last = p->p_nlwps == 1 && p != ls->ls_init && p != ls->ls_kern;
	if (last)
		reparent_all(p);
	lwp_unlink(l);
	if (last) {
		KSET(p->p_flags, p->p_flags | PROC_DYING);
		proc_leave(p);
		sibling_unlink(p);
		khand_add(KHAND_PROC, p);
	}
	return last;
}

void
proc_exit(struct proc *p)
{
	uint32_t n;

	/* The last one takes the proc along. */
	for (n = p->p_nlwps; n > 0; n--)
		lwp_release(p->p_lwps);
}

void
proc_setflag(struct proc *p, uint32_t flag, bool set)
{

	kmutex_enter(&p->p_lock);
	KSET(p->p_flags, set ? p->p_flags | flag : p->p_flags & ~flag);
	klog_commit();
	kmutex_exit(&p->p_lock);
}

/* Pid 0 and pid 1, before there is anything to fork from. */
static struct proc *
boot_proc(int pid, struct proc *parent)
{
	struct proc *p = kmem_cache_alloc(KC_PROC);
	struct filedesc *fd = fdesc_create();

	kmutex_init(&p->p_lock, KRANK_PROC);
	p->p_pid = pid;
	p->p_fd = fd;
	p->p_umask = 022;
	p->p_fsize = UINT64_MAX;
	p->p_nofile = 1024 * 1024;
	p->p_lids = (struct idrange){ LID_FIRST, ID_MAX };
	kmutex_enter(&state()->ls_lock);
	proc_link(p, parent);
	khand_drop(p);
	khand_drop(fd);
	klog_commit();
	kmutex_exit(&state()->ls_lock);
	return p;
}

/* The booting thread has a cpu, no lwp yet. */
void
lwproc_boot(void)
{
	struct lwproc_state *ls = arena_bootmem(sizeof(*ls));
	struct cpu *c = curcpu();

	kmem_cache_setsize(KC_PROC, sizeof(struct proc), 0);
	kmem_cache_setsize(KC_LWP, sizeof(struct lwp),
	    offsetof(struct lwp, l_flags));
	kmem_cache_setsize(KC_FDESC, sizeof(struct filedesc), 0);
	kmem_cache_setsize(KC_FILE, sizeof(struct file),
	    offsetof(struct file, f_type));
	kmutex_init(&ls->ls_lock, KRANK_PROCS);
	kmutex_init(&ls->ls_transitlock, KRANK_TRANSIT);
	kmutex_init(&ls->ls_storelock, KRANK_STORE);
	ls->ls_hashmask = nelem(ls->ls_hash) - 1;
	ls->ls_pids = (struct idrange){ PID_FIRST, ID_MAX };
	ARENA->a_lwproc = ls;
	ls->ls_kern = boot_proc(0, NULL);
	ls->ls_init = boot_proc(1, ls->ls_kern);
	if (lwp_create_implicit(c) != 0)
		kpanic("boot: no memory for the first lwp");
	lwp_switch(c->c_implicit);
}
