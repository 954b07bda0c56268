/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processes: fork, vfork, exit and wait, and the threads between them.
 *
 * Before the host forks, the rump proc is forked and a cpu made ready for the
 * child, which takes both where the host's call returns to it.  A child of
 * vfork runs on its parent's memory: the thread's kcurcpu is the child's until
 * the parent comes back, and nothing that is the process's may be written.
 * Signals are blocked in between, so that no handler meets the wrong cpu.
 */
#include <asm/unistd.h>
#include <linux/sched.h>

#include "hijack/hijack.h"
#include "hijack/kick.h"
#include "hijack/transit.h"
#include "rump/rump.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"
#include "rumpvfs/mapping.h"

#define ALL_SIGNALS (~0UL)
#define SETMASK     2
#define ROOM_TRIES  60
#define ROOM_NS     500000000L

/* Now and then: threads that ended left their lwps behind. */
static bool
is_crowded(uint32_t nlwps)
{

	return nlwps >= 16 && (nlwps & (nlwps - 1)) == 0;
}

/* A thread's first call that matters: give it a cpu and an lwp. */
int
hj_thread_attach(void)
{
	struct lwproc_state *ls = ARENA->a_lwproc;
	struct rumpuser_timespec ts = { 0, 1000000 };
	struct lwp *l;
	int i, error;

	if (*rumpuser_process.ru_mine == 0) {
		hj_bare_fork();
		return 0;
	}
	hj_thread.ht_busy++;
	/* It cannot be told that there is none: another may end. */
	for (i = 0; (error = cpu_attach()) == EAGAIN && i < ROOM_TRIES; i++) {
		hj_host(__NR_nanosleep, &ts, NULL);
		ts.tv_nsec = kmin(ts.tv_nsec * 2, ROOM_NS);
	}
	if (error == 0) {
		if (is_crowded(hj.hp_proc->p_nlwps))
			reap_all();
		kmutex_enter(&ls->ls_lock);
		error = lwp_create(hj.hp_proc, &l);
		kmutex_exit(&ls->ls_lock);
		if (error == 0)
			lwp_switch(l);
		else
			cpu_detach();
	}
	hj_leave();
	if (error != 0)
		hj_die(125, "no room for another thread, error %d", error);
	return error;
}

/* The cpu's lwp ends, and with the last one its proc. */
static void
leave_lwp(struct cpu *c)
{
	struct lwp *l = c->c_lwp;

	c->c_lwp = NULL;
	l->l_cpu = NULL;
	lwp_release(l);
}

/*
 * A thread ends: its lwp and cpu go with it.  The last lwp stays: threads
 * that have none yet may want its proc.
 */
void
hj_thread_exit(void)
{
	uint64_t all = ALL_SIGNALS;
	bool more;

	if (hj_thread.ht_busy != 0 || hj_thread.ht_nvfork != 0)
		return;
	hj_host(__NR_rt_sigprocmask, SETMASK, &all, NULL, 8);
	hj_thread.ht_busy = 1;
	hj_kick_exit();
	/* The reaper's lock: no two of us may be the last but one. */
	kmutex_enter(&ARENA->a_reaplock);
	more = hj.hp_proc->p_nlwps > 1;
	if (more)
		leave_lwp(curcpu());
	kmutex_exit(&ARENA->a_reaplock);
	if (more)
		cpu_detach();
	hj_thread.ht_busy = 0;
}

static bool
is_vfork(uint64_t flags)
{

	return (flags & (CLONE_VM | CLONE_VFORK)) == (CLONE_VM | CLONE_VFORK);
}

static uint64_t
clone_flags(const struct hj_frame *hf)
{
	uint64_t flags = 0;

	switch (hf->hf_nr) {
	case __NR_fork:
		return 0;
	case __NR_vfork:
		return CLONE_VM | CLONE_VFORK;
	case __NR_clone:
		return hf->hf_args[0];
	}
	if (copyin((void *)hf->hf_args[0], &flags, sizeof(flags)) != 0)
		flags = CLONE_THREAD; /* the host says EFAULT */
	return flags;
}

/* Undo fork_proc(): the host refused. */
static void
unfork(struct cpu *c, struct host *h)
{

	mapping_remove(h, 0, UINT64_MAX);
	leave_lwp(c);
	cpu_embryo_free(c, h);
}

static int
fork_proc(uint64_t flags)
{
	struct hj_thread *ht = &hj_thread;
	struct proc *parent = curlwp()->l_proc;
	struct lwp *l;
	int error;

	error = cpu_embryo(&ht->ht_child, &ht->ht_childhost);
	if (error != 0)
		return error;
	error = proc_fork(parent, flags & CLONE_FILES ? 0 : RUMP_RFFDG,
	    ht->ht_childhost, &l);
	if (error != 0) {
		cpu_embryo_free(ht->ht_child, ht->ht_childhost);
		return error;
	}
	error = mapping_copy(host_byindex(curcpu()->c_host), ht->ht_childhost);
	if (error != 0) {
		ht->ht_child->c_lwp = l;
		unfork(ht->ht_child, ht->ht_childhost);
		return error;
	}
	ht->ht_childhost->h_flags = HOST_HIJACK;
	if ((flags & CLONE_FILES) && !is_vfork(flags))
		host_share(ht->ht_childhost);
	ht->ht_childfork = ht->ht_childhost->h_fork;
	ht->ht_child->c_lwp = l;
	l->l_cpu = ht->ht_child;
	lwp_setstate(l, LWP_RUNNING);
	return 0;
}

/* Before a vfork: until its child lets go this thread is that. */
static void
lend_memory(struct hj_thread *ht)
{
	struct hj_vfork *vf = &ht->ht_vfork[ht->ht_nvfork];

	vf->vf_cpu = curcpu();
	vf->vf_sigmask = ht->ht_sigmask;
	vf->vf_childhost = ht->ht_childhost;
	vf->vf_childfork = ht->ht_childfork;
	hj_fd_save(vf->vf_fds);
	ht->ht_child->c_vforkparent = curcpu();
	ht->ht_nvfork++;
	kcurcpu = ht->ht_child;
}

/*
 * A fork has returned to its parent.  Was it a vfork?  Then the memory is its
 * again, as it was before; children that were killed may have left some of
 * theirs.
 */
static void
take_memory(struct hj_thread *ht)
{
	uint32_t i;
	int tid;

	if (likely(ht->ht_nvfork == 0))
		return;
	tid = rumpuser_gettid();
	for (i = ht->ht_nvfork; i > 0; i--)
		if (ht->ht_vfork[i - 1].vf_cpu->c_tid == tid)
			break;
	if (i == 0)
		return; /* a child of vfork has forked */
	ht->ht_nvfork = i - 1;
	ht->ht_isvfork = true;
	ht->ht_sigmask = ht->ht_vfork[i - 1].vf_sigmask;
	ht->ht_childhost = ht->ht_vfork[i - 1].vf_childhost;
	ht->ht_childfork = ht->ht_vfork[i - 1].vf_childfork;
	hj_fd_restore(ht->ht_vfork[i - 1].vf_fds);
	kcurcpu = ht->ht_vfork[i - 1].vf_cpu;
	/* What a child that was killed in the kernel left here. */
	ht->ht_busy = 0;
	ht->ht_noted = 0;
	hj_exec_forget();
}

/* A thread that finds no room at its first call can tell nobody. */
static bool
thread_room(void)
{

	return cpu_room() && (kmem_cache_hasfree(KC_LWP) || page_nfree() > 8);
}

int
hj_pre_fork(struct hj_frame *hf)
{
	struct hj_thread *ht = &hj_thread;
	uint64_t flags = clone_flags(hf), all = ALL_SIGNALS;
	int error;

	if (flags & CLONE_THREAD) {
		if (thread_room())
			return HJ_HOST;
		hf->hf_ret = -EAGAIN;
		return HJ_DONE;
	}
	if ((flags & CLONE_VM) && !is_vfork(flags)) {
		/*
		 * Two processes on one memory and one thread pointer, both
		 * running: there is one kcurcpu for the two.
		 */
		hj_trace_note("clone(CLONE_VM) without CLONE_VFORK: not "
			      "supported");
		hf->hf_ret = -EINVAL;
		return HJ_DONE;
	}
	if (is_vfork(flags) && ht->ht_nvfork == HJ_VFORKS) {
		hf->hf_ret = -EAGAIN;
		return HJ_DONE;
	}
	hj_host(__NR_rt_sigprocmask, SETMASK, &all, &ht->ht_sigmask, 8);
	hj_enter();
	error = fork_proc(flags);
	ht->ht_isvfork = is_vfork(flags);
	if (error == 0) {
		ht->ht_child->c_vforkparent = NULL;
		if (ht->ht_isvfork)
			lend_memory(ht);
	}
	hj_leave();
	if (error != 0) {
		hj_host(__NR_rt_sigprocmask, SETMASK, &ht->ht_sigmask, NULL, 8);
		hf->hf_ret = -error;
		return HJ_DONE;
	}
	return HJ_HOST_POST;
}

/* In the child. */
static void
adopt(struct hj_thread *ht)
{
	struct cpu *c = ht->ht_child;
	struct cpu *parent = c->c_vforkparent;
	int error;

	error = cpu_adopt(c, ht->ht_childhost, ht->ht_childfork);
	if (error != 0)
		hj_die(125, "fork: the child cannot attach, error %d", error);
	c->c_vforkparent = parent;
	if (ht->ht_isvfork)
		return;
	ht->ht_nvfork = 0;
	atomic_store(&rumpuser_process.ru_ncpus, 1);
	hj.hp_proc = c->c_lwp->l_proc;
	rumpuser_process.ru_host = c->c_host;
	rumpuser_process.ru_pid = ht->ht_childhost->h_pid;
	rumpuser_mark_mine();
	hj_kick_forked();
	hj_mmap_forked();
}

static void
parent_goes_on(struct hj_thread *ht, long result)
{
	struct cpu *child = ht->ht_child;
	struct host *h = ht->ht_childhost;
	uint64_t fork = ht->ht_childfork;

	if (result < 0) {
		unfork(child, h);
	} else if (ht->ht_isvfork) {
		/* It has ended, or executed; and it attaches before that. */
		if (unlikely(host_unattached(h, fork)))
			reap_host(h->h_index);
	} else {
		host_forked(h, fork, result);
		/* Another thread may have waited for it already. */
		if (hj_proc()->p_nlwps > 1 &&
		    rumpuser_kill(result, 0) == -ESRCH &&
		    host_unattached(h, fork | (uint32_t)result))
			reap_host(h->h_index);
	}
}

long
hj_post_fork(long result)
{
	struct hj_thread *ht = &hj_thread;
	uint64_t mask;

	if (result != 0)
		take_memory(ht);
	mask = ht->ht_sigmask;
	hj_enter();
	if (result == 0)
		adopt(ht);
	else
		parent_goes_on(ht, result);
	hj_leave();
	hj_host(__NR_rt_sigprocmask, SETMASK, &mask, NULL, 8);
	return result;
}

/*
 * A child whose fork went past us: it has our parent's memory and cpu.  It
 * becomes a child of the proc it came from, with the descriptors as they are
 * there now.
 */
void
hj_bare_fork(void)
{
	struct proc *parent = hj.hp_proc;
	struct lwp *l;
	int error;

	kcurcpu = NULL;
	hj_thread.ht_nvfork = 0;
	hj_thread.ht_busy = 1;
	error = host_attach();
	if (error == 0)
		error = cpu_attach();
	if (error == 0)
		error = proc_fork(parent, RUMP_RFFDG, NULL, &l);
	if (error != 0)
		hj_die(125, "fork: the child cannot attach, error %d", error);
	lwp_switch(l);
	hj.hp_proc = l->l_proc;
	hj_kick_forked();
	host_byindex(curcpu()->c_host)->h_flags = HOST_HIJACK;
	host_byindex(curcpu()->c_host)->h_proc = l->l_proc;
	hj_leave();
}

/* A child (pid 0: of any pid) that died before it attached. */
static bool
died_unattached(struct host *h, long pid)
{

	return atomic_load(&h->h_state) == HOST_EMBRYO &&
	    h->h_parent == curcpu()->c_host &&
	    (pid <= 0 || HOST_CHILD(atomic_load(&h->h_fork)) == pid) &&
	    host_dead(h);
}

/* After wait4 (a pid) or waitid (0): whose child was that? */
void
hj_post_wait(long pid)
{
	uint32_t i, self, n = atomic_load(&ARENA->a_nhosts);
	struct host *h;
	int killed = 0;

	if (curcpu() == NULL)
		return;
	hj_enter();
	self = curcpu()->c_host;
	for (i = 1; i < n; i++) {
		h = host_byindex(i);
		if (died_unattached(h, pid)) {
			killed += reap_host(i);
			continue;
		}
		if (atomic_load(&h->h_state) == HOST_LIVE && i != self &&
		    (pid > 0 ? h->h_pid == pid : h->h_parent == self) &&
		    host_dead(h))
			killed += reap_host(i);
	}
	/* It did not end by itself: children of its own may have died too. */
	if (killed > 0)
		reap_all();
	hj_transit_sweep();
	hj_leave();
}

#if RUMP_DEBUG
/* Processes besides this one. */
static uint32_t
others(void)
{
	uint32_t i, count = 0, n = atomic_load(&ARENA->a_nhosts);

	for (i = 1; i < n; i++)
		count += i != curcpu()->c_host &&
		    atomic_load(&host_byindex(i)->h_state) != HOST_FREE;
	return count;
}

/* RUMPHIJACK_CHECK, at the end of the first process: is the kernel whole? */
static void
check_at_exit(const struct proc *p)
{
	struct rumpuser_timespec ts = { 0, 10000000 };
	int i, bad;

	if (p->p_parent != ARENA->a_lwproc->ls_init || p->p_pid != 2 ||
	    rumpuser_getenv("RUMPHIJACK_CHECK") == NULL)
		return;
	for (i = 0; i < 1000; i++) { /* EMBRYO_NS and more */
		reap_all();
		if (others() == 0)
			break;
		hj_host(__NR_nanosleep, &ts, NULL);
	}
	bad = others() == 0 ? rump_kern_check() : -1;
	if (bad != 0)
		hj_die(124,
		    "RUMPHIJACK_CHECK: %d bad, %u other processes, "
		    "%u procs",
		    bad, others(), ARENA->a_lwproc->ls_nprocs);
}
#endif

/*
 * The process ends by its own will: give everything back now, so that others
 * see its descriptors closed.  With other threads perhaps in the kernel, or
 * about to attach (they have a cpu before an lwp, and longer), only the
 * descriptors are closed; the reaper does the rest.
 */
void
hj_exit(void)
{
	struct cpu *c = curcpu();
	struct host *h = host_byindex(c->c_host);
	struct lwp *l = c->c_lwp;
	struct proc *p = l->l_proc;
	uint64_t all = ALL_SIGNALS;
	uint32_t fd;

	if (hj_thread.ht_busy != 0)
		return; /* a handler of a fault in the kernel */
	hj_host(__NR_rt_sigprocmask, SETMASK, &all, NULL, 8);
	hj_thread.ht_busy = 1;
	if (p->p_nlwps > 1)
		reap_all();
#if RUMP_DEBUG
	if (hj_thread.ht_nvfork == 0)
		check_at_exit(p);
#endif
	if (p->p_nlwps > 1 || (hj_thread.ht_nvfork == 0 && !host_exiting())) {
		for (fd = 0; fd < p->p_fd->fd_last; fd++)
			fd_close(l, fd);
		return;
	}
	mapping_remove(h, 0, UINT64_MAX);
	h->h_proc = NULL;
	leave_lwp(c);
	rumpuser_bell_disarm(&ARENA->a_bell, &ARENA->a_robust);
	/*
	 * Free first: nobody may find the slot in use without a claim.  Who
	 * takes it before the claim is gone waits (cpu_adopt()) or takes
	 * another.  A child of vfork leaves kcurcpu as it is: its parent will
	 * put its own back.
	 */
	cpu_reset(c);
	host_free(h);
	rumpuser_unclaim(h->h_index);
	if (hj_thread.ht_nvfork == 0)
		kcurcpu = NULL;
	hj_thread.ht_busy = 0;
}
