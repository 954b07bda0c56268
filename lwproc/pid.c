/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pid: the numbers of procs and lwps, and the table that finds procs.
 *
 * Numbers rise, and begin again at the top.  What is known to be free is a
 * range; when that is used up, those in use among the next WINDOW are looked
 * for, all at once.  A range stays free: whatever number a proc, a group, a
 * session or an lwp gets was given before.
 */
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"

#define WINDOW 4096

struct window {
	int32_t wi_base;
	uint64_t wi_used[WINDOW / 64];
};

static inline struct lwproc_state *
state(void)
{

	return ARENA->a_lwproc;
}

static void
mark(struct window *w, int id)
{
	uint32_t i = (uint32_t)id - w->wi_base;

	if (i < WINDOW)
		w->wi_used[i / 64] |= 1UL << i % 64;
}

static void
mark_pids(struct window *w, const void *arg)
{
	struct lwproc_state *ls = state();
	struct proc *p;
	uint32_t i;

	(void)arg;
	for (i = 0; i <= ls->ls_hashmask; i++) {
		for (p = ls->ls_hash[i]; p != NULL; p = p->p_hashnext) {
			mark(w, p->p_pid);
			mark(w, p->p_pgid);
			mark(w, p->p_sid);
		}
	}
}

static void
mark_lids(struct window *w, const void *arg)
{
	const struct proc *p = arg;
	struct lwp *l;

	for (l = p->p_lwps; l != NULL; l = l->l_next)
		mark(w, l->l_lid);
}

static inline bool
is_used(const struct window *w, int i)
{

	return w->wi_used[i / 64] >> i % 64 & 1;
}

/* The first free range from id on; there are more numbers than users. */
static struct idrange
find_range(int id, int first, void (*marker)(struct window *, const void *),
    const void *arg)
{
	struct window w;
	int i, end;

	for (;; id += WINDOW) {
		if (id > ID_MAX - WINDOW)
			id = first;
		w.wi_base = id;
		memset(w.wi_used, 0, sizeof(w.wi_used));
		marker(&w, arg);
		for (i = 0; i < WINDOW && is_used(&w, i); i++)
			continue;
		for (end = i; end < WINDOW && !is_used(&w, end); end++)
			continue;
		if (end > i)
			return (struct idrange){ id + i, id + end };
	}
}

int
pid_alloc(void)
{
	struct idrange *ir = &state()->ls_pids, r = *ir;

	if (unlikely(r.ir_next == r.ir_end)) {
		r = find_range(r.ir_next, PID_FIRST, mark_pids, NULL);
		KSET(ir->ir_end, r.ir_end);
	}
	KSET(ir->ir_next, r.ir_next + 1);
	return r.ir_next;
}

int
lid_alloc(struct proc *p)
{
	struct idrange *ir = &p->p_lids, r = *ir;

	if (unlikely(r.ir_next == r.ir_end)) {
		r = find_range(r.ir_next, LID_FIRST, mark_lids, p);
		KSET(ir->ir_end, r.ir_end);
	}
	KSET(ir->ir_next, r.ir_next + 1);
	return r.ir_next;
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

void
proc_enter(struct proc *p)
{
	struct proc **slot = hash_slot(p->p_pid);

	p->p_hashnext = *slot;
	KSET(*slot, p);
	KSET(state()->ls_nprocs, state()->ls_nprocs + 1);
}

void
proc_leave(struct proc *p)
{
	struct proc **pp;

	for (pp = hash_slot(p->p_pid); *pp != p; pp = &(*pp)->p_hashnext)
		continue;
	KSET(*pp, p->p_hashnext);
	KSET(state()->ls_nprocs, state()->ls_nprocs - 1);
}
