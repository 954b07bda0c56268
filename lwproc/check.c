/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwproc's part of rump_kern_check(): the table, the tree, the lwps, the
 * descriptor tables, and the references of files.
 *
 * f_link and fd_link, which only free objects need, count the references found.
 */
#include "lwproc/file.h"
#include "lwproc/hostfile.h"
#include "lwproc/proc.h"
#include "lwproc/transit.h"
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
		if (!kmem_valid(KC_LWP, l) || l->l_proc != p ||
		    l->l_prev != prev) {
			kprintf("lwp %p: broken in proc %d\n", (void *)l,
			    p->p_pid);
			return 1;
		}
		n++;
	}
	if (n != p->p_nlwps) {
		kprintf("proc %d: %u lwps, counted %u\n", p->p_pid, p->p_nlwps,
		    n);
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
			kprintf("proc %d: descriptor %u is broken\n", p->p_pid,
			    i);
			bad++;
		}
	}
	return bad;
}

/* --- References ----------------------------------------------------------- */

struct tally {
	uint64_t t_files, t_tables; /* that somebody refers to */
	int t_bad;
};

static void
found_file(struct file *f, struct tally *t)
{

	if (f->f_link++ == 0)
		t->t_files++;
}

/* The steps of the count, one after the other over all tables. */
static void
table_reset(struct filedesc *fdp, struct tally *t)
{
	struct file *f;
	uint32_t i;

	(void)t;
	fdp->fd_link = 0;
	for (i = 0; i < fdp->fd_last; i++) {
		f = FDENT_FILE(fdp->fd_ents[i]);
		if (f != NULL)
			f->f_link = 0;
	}
}

static void
table_count(struct filedesc *fdp, struct tally *t)
{
	struct file *f;
	uint32_t i;

	if (fdp->fd_link++ != 0)
		return;
	t->t_tables++;
	for (i = 0; i < fdp->fd_last; i++) {
		f = FDENT_FILE(fdp->fd_ents[i]);
		if (f != NULL)
			found_file(f, t);
	}
}

static void
table_compare(struct filedesc *fdp, struct tally *t)
{
	struct file *f;
	uint32_t i;

	if (fdp->fd_link != fdp->fd_refs) {
		kprintf("descriptor table %p: %u references, counted %lu\n",
		    (void *)fdp, fdp->fd_refs, fdp->fd_link);
		t->t_bad++;
	}
	for (i = 0; i < fdp->fd_last; i++) {
		f = FDENT_FILE(fdp->fd_ents[i]);
		if (f == NULL || f->f_link == f->f_count)
			continue;
		kprintf("file %p: %u references, counted %lu\n", (void *)f,
		    f->f_count, f->f_link);
		t->t_bad++;
	}
}

static void
each_table(void (*step)(struct filedesc *, struct tally *), struct tally *t)
{
	struct lwproc_state *ls = ARENA->a_lwproc;
	struct proc *p;
	uint32_t i;

	for (i = 0; i <= ls->ls_hashmask; i++)
		for (p = ls->ls_hash[i]; p != NULL; p = p->p_hashnext)
			step(p->p_fd, t);
}

/* The files that cpus have in hand, and those only a call still uses. */
static void
each_held(void (*step)(struct file *, struct tally *), struct tally *t)
{
	uint32_t i, j, n = atomic_load(&ARENA->a_ncpus);
	struct cpu *c;

	for (i = 1; i < n; i++) {
		c = cpu_byindex(i);
		for (j = 0; j < c->c_nhand; j++)
			if (c->c_hand[j].kh_kind == KHAND_FILE)
				step(c->c_hand[j].kh_obj, t);
		for (j = 0; j < CPU_NHAZARD; j++)
			if (c->c_hazard[j] != NULL && c->c_hazard[j]->f_zombie)
				step(c->c_hazard[j], t);
	}
}

static void
file_reset(struct file *f, struct tally *t)
{

	(void)t;
	f->f_link = 0;
}

static void
file_compare(struct file *f, struct tally *t)
{
	if (f->f_link == f->f_count)
		return;
	kprintf("file %p in a message: %u references, counted %lu\n", (void *)f,
	    f->f_count, f->f_link);
	t->t_bad++;
}

static int
check_references(void)
{
	struct tally t = { 0 };

	each_held(file_reset, &t);
	rights_each(file_reset, &t);
	transit_each(file_reset, &t);
	hostfile_each(file_reset, &t);
	each_table(table_reset, &t);
	each_held(found_file, &t);
	rights_each(found_file, &t);
	transit_each(found_file, &t);
	hostfile_each(found_file, &t);
	each_table(table_count, &t);
	each_table(table_compare, &t);
	rights_each(file_compare, &t);
	transit_each(file_compare, &t);
	hostfile_each(file_compare, &t);
	if (t.t_files != kmem_cache_count(KC_FILE) ||
	    t.t_tables != kmem_cache_count(KC_FDESC)) {
		kprintf("lwproc: %lu files and %lu tables, allocated %lu and "
			"%lu\n",
		    t.t_files, t.t_tables, kmem_cache_count(KC_FILE),
		    kmem_cache_count(KC_FDESC));
		t.t_bad++;
	}
	return t.t_bad;
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
	if (bad == 0)
		bad = check_references();
	kmutex_exit(&ls->ls_lock);
	return bad;
}
