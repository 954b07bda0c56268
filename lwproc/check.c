/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwproc's part of rump_kern_check(): the table, the tree, the lwps, and the
 * references descriptor tables hold on files.
 */
#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"

static int
check_children(struct proc *p)
{
	struct proc *c, *prev = NULL;
	int bad = 0;

	for (c = p->p_children; c != NULL; prev = c, c = c->p_sibnext) {
		if (c->p_parent != p || c->p_sibprev != prev) {
			kprintf("proc %d: broken among the children of %d\n",
			    c->p_pid, p->p_pid);
			return bad + 1;
		}
	}
	return bad;
}

static int
check_lwps(struct proc *p)
{
	struct lwp *l, *prev = NULL;
	uint32_t n = 0;

	for (l = p->p_lwps; l != NULL; prev = l, l = l->l_next) {
		if (l->l_magic != LWP_MAGIC || l->l_proc != p ||
		    l->l_prev != prev) {
			kprintf("lwp %p: broken in proc %d\n", (void *)l,
			    p->p_pid);
			return 1;
		}
		n++;
	}
	if (n != p->p_nlwps) {
		kprintf("proc %d: %u lwps, counted %u\n", p->p_pid,
		    p->p_nlwps, n);
		return 1;
	}
	return 0;
}

static int
check_table(struct proc *p)
{
	struct filedesc *fdp = p->p_fd;
	struct file *f;
	uint32_t i;
	int bad = 0;

	for (i = 0; i < fdp->fd_size; i++) {
		f = FDENT_FILE(fdp->fd_ents[i]);
		if (f == NULL)
			continue;
		if (i >= fdp->fd_last || !kmem_valid(KC_FILE, f) ||
		    f->f_count == 0) {
			kprintf("proc %d: descriptor %u is broken\n",
			    p->p_pid, i);
			bad++;
		}
	}
	return bad;
}

int
lwproc_check(void)
{
	struct lwproc_state *ls = ARENA->a_lwproc;
	uint64_t nlwps = 0;
	uint32_t i, n = 0;
	struct proc *p;
	int bad = 0;

	kmutex_enter(&ls->ls_lock);
	for (i = 0; i <= ls->ls_hashmask; i++) {
		for (p = ls->ls_hash[i]; p != NULL; p = p->p_hashnext) {
			n++;
			nlwps += p->p_nlwps;
			bad += check_children(p) + check_lwps(p) +
			    check_table(p);
		}
	}
	if (n != ls->ls_nprocs || n != kmem_cache_count(KC_PROC)) {
		kprintf("lwproc: %u procs, counted %u, allocated %lu\n",
		    ls->ls_nprocs, n, kmem_cache_count(KC_PROC));
		bad++;
	}
	if (nlwps != kmem_cache_count(KC_LWP)) {
		kprintf("lwproc: %lu lwps, allocated %lu\n", nlwps,
		    kmem_cache_count(KC_LWP));
		bad++;
	}
	kmutex_exit(&ls->ls_lock);
	return bad;
}
