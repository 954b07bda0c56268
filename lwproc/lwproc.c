/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwproc: the tables of procs and lwps; how they come and go.
 *
 * Overview
 *	A proc is made by proc_fork() with its first lwp and goes with its
 *	last.  Pid 0 is the kernel's own, pid 1 the implicit context's; these
 *	two stay.  A cpu always runs an lwp: a bound one, or its own lwp of
 *	pid 1, the implicit one, which no one else can find.
 *
 * Locking
 *	ls_lock guards the table, the tree, and which lwps a proc has.  The
 *	state of an lwp changes by compare and swap, so that a switch takes no
 *	lock.
 */
#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/vnode.h"

#define PID_MAX   0x3fffffff
#define PID_FIRST 2 /* after a wrap, too */

static inline struct lwproc_state *
state(void)
{

	return ARENA->a_lwproc;
}

static struct proc **
hash_slot(int pid)
{

	return &state()->ls_hash[(uint32_t)pid & state()->ls_hashmask];
}

struct proc *
proc_find(int pid)
{
	struct proc *p;

	KASSERT(kmutex_owned(&state()->ls_lock));
	for (p = *hash_slot(pid); p != NULL; p = p->p_hashnext)
		if (p->p_pid == pid)
			return p;
	return NULL;
}

/* Does the number name a proc, a process group or a session? */
static bool
pid_inuse(int pid)
{
	struct proc *p;
	uint32_t i;

	if (proc_find(pid) != NULL)
		return true;
	for (i = 0; i <= state()->ls_hashmask; i++)
		for (p = state()->ls_hash[i]; p != NULL; p = p->p_hashnext)
			if (p->p_pgid == pid || p->p_sid == pid)
				return true;
	return false;
}

/* Numbers rise; only after they have wrapped can one be in use. */
static int
pid_alloc(void)
{
	struct lwproc_state *ls = state();
	int pid = ls->ls_nextpid;

	while (ls->ls_wrapped && pid_inuse(pid))
		pid = pid == PID_MAX ? PID_FIRST : pid + 1;
	if (pid == PID_MAX)
		KSET(ls->ls_wrapped, 1);
	KSET(ls->ls_nextpid, pid == PID_MAX ? PID_FIRST : pid + 1);
	return pid;
}

/* Logged: enter a proc into the table, and under its parent. */
static void
proc_link(struct proc *p, struct proc *parent)
{
	struct proc **slot = hash_slot(p->p_pid);

	p->p_hashnext = *slot;
	KSET(*slot, p);
	p->p_parent = parent;
	p->p_sibprev = NULL;
	p->p_sibnext = NULL;
	if (parent != NULL) {
		p->p_sibnext = parent->p_children;
		if (p->p_sibnext != NULL)
			KSET(p->p_sibnext->p_sibprev, p);
		KSET(parent->p_children, p);
	}
	KSET(state()->ls_nprocs, state()->ls_nprocs + 1);
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

/* Logged: out of the table and the tree; it has no children. */
static void
proc_unlink(struct proc *p)
{
	struct proc **pp;

	for (pp = hash_slot(p->p_pid); *pp != p; pp = &(*pp)->p_hashnext)
		continue;
	KSET(*pp, p->p_hashnext);
	sibling_unlink(p);
	KSET(state()->ls_nprocs, state()->ls_nprocs - 1);
}

/* Logged. */
static void
lwp_link(struct lwp *l)
{
	struct proc *p = l->l_proc;

	l->l_lid = p->p_nextlid;
	KSET(p->p_nextlid, p->p_nextlid == INT32_MAX ? 1 : p->p_nextlid + 1);
	l->l_prev = NULL;
	l->l_next = p->p_lwps;
	if (p->p_lwps != NULL)
		KSET(p->p_lwps->l_prev, l);
	KSET(p->p_lwps, l);
	KSET(p->p_nlwps, p->p_nlwps + 1);
}

static void
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
}

/* A fresh lwp, in hand as memory. */
static struct lwp *
lwp_alloc(struct proc *p, uint32_t flags)
{
	struct lwp *l = kmem_cache_alloc(KC_LWP);

	if (l == NULL)
		return NULL;
	l->l_gen++;
	l->l_magic = LWP_MAGIC;
	l->l_proc = p;
	l->l_flags = flags;
	atomic_store(&l->l_state, LWP_IDLE);
	return l;
}

int
lwp_create(struct proc *p, struct lwp **lp)
{
	struct lwp *l;

	KASSERT(kmutex_owned(&state()->ls_lock));
	l = lwp_alloc(p, 0);
	if (l == NULL)
		return EAGAIN;
	lwp_link(l);
	fdesc_users(p->p_fd, 1);
	khand_drop(l);
	klog_commit();
	*lp = l;
	return 0;
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
	p->p_flags = parent->p_flags & (PROC_HIJACK | PROC_HOSTCWD);
	take_ref(parent->p_cdir, &p->p_cdir);
	take_ref(parent->p_rdir, &p->p_rdir);
	kmutex_exit(&parent->p_lock);
	p->p_nextlid = 1;
	p->p_pgid = parent->p_pgid;
	p->p_sid = parent->p_sid;
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
	p->p_host = embryo != NULL ? embryo->h_index : curcpu()->c_host;
	proc_link(p, parent);
	lwp_link(l);
	fdesc_users(p->p_fd, 1);
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

/* owner: the cpu whose implicit lwp it is, or NULL. */
static void
release(struct lwp *l, struct cpu *owner)
{
	struct lwproc_state *ls = state();
	struct proc *p = l->l_proc;
	bool last;

	kmutex_enter(&ls->ls_lock);
	last = p->p_nlwps == 1 && p != ls->ls_init && p != ls->ls_kern;
	if (last)
		reparent_all(p);
	lwp_unlink(l);
	fdesc_users(p->p_fd, -1);
	khand_add(KHAND_MEM, l);
	if (owner != NULL)
		KSET(owner->c_implicit, NULL);
	if (last) {
		KSET(p->p_flags, p->p_flags | PROC_DYING);
		proc_unlink(p);
		khand_add(KHAND_PROC, p);
	}
	l->l_magic = 0;
	klog_commit();
	kmutex_exit(&ls->ls_lock);
	if (last)
		proc_free(p);
	kmem_free(l);
}

void
lwp_release(struct lwp *l)
{

	release(l, NULL);
}

void
lwp_release_implicit(struct cpu *c)
{

	release(c->c_implicit, c);
}

void
proc_exit(struct proc *p)
{
	uint32_t n;

	/* The last one takes the proc along. */
	for (n = p->p_nlwps; n > 0; n--) {
		atomic_store(&p->p_lwps->l_state, LWP_IDLE);
		lwp_release(p->p_lwps);
	}
}

void
proc_setflag(struct proc *p, uint32_t flag, bool set)
{

	kmutex_enter(&p->p_lock);
	KSET(p->p_flags, set ? p->p_flags | flag : p->p_flags & ~flag);
	klog_commit();
	kmutex_exit(&p->p_lock);
}

void
lwp_switch(struct lwp *l)
{
	struct cpu *c = curcpu();
	struct lwp *old = c->c_lwp;
	uint32_t idle = LWP_IDLE;

	if (!atomic_compare_exchange_strong(&l->l_state, &idle, LWP_RUNNING))
		kpanic("lwp %p (%d:%d) already running", (void *)l,
		    l->l_proc->p_pid, l->l_lid);
	l->l_cpu = c;
	c->c_lwp = l;
	if (old != NULL) {
		old->l_cpu = NULL;
		atomic_store_explicit(&old->l_state, LWP_IDLE,
		    memory_order_release);
	}
}

static int
implicit_create(struct cpu *c)
{
	struct proc *init = state()->ls_init;
	struct lwp *l = lwp_alloc(init, LWP_IMPLICIT);

	if (l == NULL)
		return ENOMEM;
	kmutex_enter(&state()->ls_lock);
	lwp_link(l);
	fdesc_users(init->p_fd, 1);
	KSET(c->c_implicit, l);
	khand_drop(l);
	klog_commit();
	kmutex_exit(&state()->ls_lock);
	return 0;
}

int
lwp_attach(void)
{
	struct cpu *c;
	int error;

	error = cpu_attach();
	if (error != 0)
		return error;
	c = curcpu();
	error = implicit_create(c);
	if (error != 0) {
		cpu_detach();
		return error;
	}
	lwp_switch(c->c_implicit);
	return 0;
}

int
lwproc_attach(void)
{
	int error = host_attach();

	return error != 0 ? error : lwp_attach();
}

void
lwp_detach(void)
{
	struct cpu *c = curcpu();
	struct lwp *l = c->c_lwp;

	c->c_lwp = NULL;
	l->l_cpu = NULL;
	atomic_store(&l->l_state, LWP_IDLE);
	if (!(l->l_flags & LWP_IMPLICIT) && (l->l_proc->p_flags & PROC_HIJACK))
		lwp_release(l);
	if (c->c_implicit != NULL)
		lwp_release_implicit(c);
	cpu_detach();
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
	p->p_nextlid = 1;
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
	    offsetof(struct lwp, l_proc));
	kmem_cache_setsize(KC_FDESC, sizeof(struct filedesc), 0);
	kmem_cache_setsize(KC_FILE, sizeof(struct file),
	    offsetof(struct file, f_type));
	kmutex_init(&ls->ls_lock, KRANK_PROCS);
	ls->ls_hashmask = nelem(ls->ls_hash) - 1;
	ls->ls_nextpid = PID_FIRST;
	ARENA->a_lwproc = ls;
	ls->ls_kern = boot_proc(0, NULL);
	ls->ls_init = boot_proc(1, ls->ls_kern);
	if (implicit_create(c) != 0)
		kpanic("boot: no memory for the first lwp");
	lwp_switch(c->c_implicit);
}
