/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * polltab: see polltab.h.
 */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/polltab.h"

struct polltab *
polltab_alloc(size_t n)
{
	struct polltab *pt;

	pt = kmem_alloc(sizeof(*pt) + n * sizeof(struct pollent));
	if (pt == NULL)
		return NULL;
	pt->pt_n = n;
	khand_drop(pt);
	khand_add(KHAND_POLLTAB, pt);
	klog_commit();
	return pt;
}

int
polltab_watch(struct polltab *pt, uint32_t i, struct file *f, int events)
{
	struct pollent *pe = &pt->pt_ent[i];

	if (pe->pe_file == NULL) {
		kmutex_enter(&f->f_lock);
		KSET(f->f_count, f->f_count + 1);
		KSET(pe->pe_file, f);
		klog_commit();
		kmutex_exit(&f->f_lock);
	}
	return fileops[f->f_type]->fo_poll(f, events, &pe->pe_wait);
}

/* Also the reaper's: it may begin again in the middle. */
void
polltab_free(struct polltab *pt)
{
	struct pollent *pe;
	struct file *f;
	uint32_t i;

	for (i = 0; i < pt->pt_n; i++) {
		pe = &pt->pt_ent[i];
		waitent_cancel(&pe->pe_wait);
		f = pe->pe_file;
		if (f == NULL)
			continue;
		khand_add(KHAND_FILE, f);
		KSET(pe->pe_file, NULL);
		klog_commit();
		file_rele(f);
	}
	khand_drop(pt);
	khand_add(KHAND_MEM, pt);
	klog_commit();
	kmem_free(pt);
}
