/* SPDX-License-Identifier: BSD-2-Clause */
/* hostfile: see hostfile.h. */
#include "lwproc/hostfile.h"
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

/* Logged, under the lock: the half's new reference and the entry are linked. */
static void
link_entry(struct file *f, struct hostfile *hf)
{
	struct lwproc_state *ls = state();

	hf->hf_next = ls->ls_hostfiles;
	if (hf->hf_next != NULL)
		KSET(hf->hf_next->hf_prev, hf);
	KSET(ls->ls_hostfiles, hf);
	KSET(f->f_data, hf);
	khand_drop(hf);
}

int
hostfile_create(struct file *half, struct file **fp, uint64_t *number)
{
	struct file *f = file_alloc(FTYPE_HOST, 0);
	struct hostfile *hf;
	int error = 0;

	if (f == NULL)
		return ENOMEM;
	hf = kmem_alloc(sizeof(*hf));
	if (hf == NULL) {
		file_rele(f);
		return ENOMEM;
	}
	hf->hf_prev = NULL;
	hf->hf_number = *number = transit_number();
	hf->hf_half = half;
	kmutex_enter(&state()->ls_transitlock);
	if (half != NULL) {
		kmutex_enter(&half->f_lock);
		if (half->f_count == 0)
			error = EBADF;
		else
			KSET(half->f_count, half->f_count + 1);
	}
	if (error == 0)
		link_entry(f, hf);
	klog_commit();
	if (half != NULL)
		kmutex_exit(&half->f_lock);
	kmutex_exit(&state()->ls_transitlock);
	if (error != 0) {
		kmem_free(hf);
		file_rele(f);
		return error;
	}
	*fp = f;
	return 0;
}

/* The lock is held. */
static struct hostfile *
find(uint64_t number)
{
	struct hostfile *hf = state()->ls_hostfiles;

	while (hf != NULL && hf->hf_number != number)
		hf = hf->hf_next;
	return hf;
}

bool
hostfile_live(uint64_t number)
{
	bool live;

	kmutex_enter(&state()->ls_transitlock);
	live = find(number) != NULL;
	kmutex_exit(&state()->ls_transitlock);
	return live;
}

bool
hostfile_renumber(uint64_t number, uint64_t renumbered)
{
	struct hostfile *hf;

	kmutex_enter(&state()->ls_transitlock);
	hf = find(number);
	if (hf != NULL) {
		KSET(hf->hf_number, renumbered);
		klog_commit();
	}
	kmutex_exit(&state()->ls_transitlock);
	return hf != NULL;
}

uint32_t
hostfile_gone(void)
{
	return atomic_load(&state()->ls_hostgone);
}

void
hostfile_forget(uint32_t n)
{
	_Atomic uint32_t *gone = &state()->ls_hostgone;
	uint32_t old = atomic_load(gone);

	while (!atomic_compare_exchange_weak(gone, &old, old - kmin(n, old)))
		continue;
}

/* A half in hand goes first: whoever begins again has it in hand as well. */
static void
hostfile_close(struct file *f)
{
	struct lwproc_state *ls = state();
	struct hostfile *hf = f->f_data;
	struct file *half;

	if (hf != NULL) {
		half = hf->hf_half;
		kmutex_enter(&ls->ls_transitlock);
		if (hf->hf_prev != NULL)
			KSET(hf->hf_prev->hf_next, hf->hf_next);
		else
			KSET(ls->ls_hostfiles, hf->hf_next);
		if (hf->hf_next != NULL)
			KSET(hf->hf_next->hf_prev, hf->hf_prev);
		KSET(f->f_data, NULL);
		if (half != NULL)
			khand_add(KHAND_FILE, half);
		khand_add(KHAND_MEM, hf);
		klog_commit();
		kmutex_exit(&ls->ls_transitlock);
		atomic_fetch_add(&ls->ls_hostgone, 1);
		kmem_free(hf);
		if (half != NULL)
			file_rele(half);
	}
	if (rumpuser_process.ru_host_gone != NULL)
		rumpuser_process.ru_host_gone();
}

void
hostfile_each(void (*fn)(struct file *, struct tally *), struct tally *t)
{
	const struct hostfile *hf;

	for (hf = state()->ls_hostfiles; hf != NULL; hf = hf->hf_next)
		if (hf->hf_half != NULL)
			fn(hf->hf_half, t);
}

const struct fileops hostfile_fileops = {
	.fo_close = hostfile_close,
};
