/* SPDX-License-Identifier: BSD-2-Clause */
/* transit: see transit.h. */
#include "lwproc/proc.h"
#include "lwproc/transit.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"

static inline struct lwproc_state *
state(void)
{
	return ARENA->a_lwproc;
}

uint64_t
transit_number(void)
{
	_Atomic uint64_t *last = &state()->ls_token;
	uint64_t none = 0;

	/* Numbers of a kernel that was before this one are not met again. */
	if (atomic_load(last) == 0)
		atomic_compare_exchange_strong(last, &none,
		    rumpuser_realtime());
	return atomic_fetch_add(last, 1) + 1;
}

/* Logged, under the lock: the entry in hand becomes the last. */
static void
link_entry(struct transit *tr)
{
	struct lwproc_state *ls = state();

	tr->tr_next = NULL;
	tr->tr_prev = ls->ls_transitlast;
	if (tr->tr_prev != NULL)
		KSET(tr->tr_prev->tr_next, tr);
	else
		KSET(ls->ls_transit, tr);
	KSET(ls->ls_transitlast, tr);
	khand_drop(tr);
}

/* Logged, under the lock: it comes into the hand. */
static void
unlink_entry(struct transit *tr)
{
	struct lwproc_state *ls = state();

	if (tr->tr_prev != NULL)
		KSET(tr->tr_prev->tr_next, tr->tr_next);
	else
		KSET(ls->ls_transit, tr->tr_next);
	if (tr->tr_next != NULL)
		KSET(tr->tr_next->tr_prev, tr->tr_prev);
	else
		KSET(ls->ls_transitlast, tr->tr_prev);
	khand_add(KHAND_MEM, tr);
}

int
transit_add(struct file *f, uint64_t token, uint64_t where)
{
	struct transit *tr = kmem_alloc(sizeof(*tr));
	int error = 0;

	if (tr == NULL)
		return ENOMEM;
	tr->tr_file = f;
	tr->tr_token = token;
	tr->tr_where = where;
	kmutex_enter(&state()->ls_transitlock);
	kmutex_enter(&f->f_lock);
	if (f->f_count == 0) {
		error = EBADF;
	} else {
		KSET(f->f_count, f->f_count + 1);
		link_entry(tr);
	}
	klog_commit();
	kmutex_exit(&f->f_lock);
	kmutex_exit(&state()->ls_transitlock);
	if (error != 0)
		kmem_free(tr);
	return error;
}

/* The lock is held.  The one that is sought is mostly the oldest. */
static struct transit *
find(uint64_t token)
{
	struct transit *tr = state()->ls_transit;

	while (tr != NULL && tr->tr_token != token)
		tr = tr->tr_next;
	return tr;
}

struct file *
transit_take(uint64_t token)
{
	struct file *f = NULL;
	struct transit *tr;

	kmutex_enter(&state()->ls_transitlock);
	tr = find(token);
	if (tr != NULL) {
		f = tr->tr_file;
		khand_add(KHAND_FILE, f);
		unlink_entry(tr);
		klog_commit();
	}
	kmutex_exit(&state()->ls_transitlock);
	if (tr != NULL)
		kmem_free(tr);
	return f;
}

struct file *
transit_peek(uint64_t token)
{
	struct file *f = NULL;
	struct transit *tr;

	kmutex_enter(&state()->ls_transitlock);
	tr = find(token);
	if (tr != NULL && file_hold(tr->tr_file) == 0)
		f = tr->tr_file;
	kmutex_exit(&state()->ls_transitlock);
	return f;
}

uint32_t
transit_look(struct transit_seen *ts, uint32_t max)
{
	struct lwproc_state *ls = state();
	const struct transit *tr, *first;
	uint32_t n = 0;

	kmutex_enter(&ls->ls_transitlock);
	/* A token that is gone is as good as the last. */
	first = find(ls->ls_transitseen);
	first = first != NULL && first->tr_next != NULL ? first->tr_next :
							  ls->ls_transit;
	for (tr = first; tr != NULL && n < max;) {
		ts[n].ts_token = tr->tr_token;
		ts[n++].ts_where = tr->tr_where;
		tr = tr->tr_next != NULL ? tr->tr_next : ls->ls_transit;
		if (tr == first)
			break;
	}
	if (n != 0)
		ls->ls_transitseen = ts[n - 1].ts_token;
	kmutex_exit(&ls->ls_transitlock);
	return n;
}

bool
transit_any(void)
{
	return KREAD(state()->ls_transit) != NULL;
}

void
transit_each(void (*fn)(struct file *, struct tally *), struct tally *t)
{
	const struct transit *tr;

	for (tr = state()->ls_transit; tr != NULL; tr = tr->tr_next)
		fn(tr->tr_file, t);
}
