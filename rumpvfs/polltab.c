/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * polltab: see polltab.h.
 */
#include <poll.h>

#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/polltab.h"
#include "rumpvfs/vfs_boot.h"
#include "rumpvfs/vnode.h"

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
		if (f->f_count != 0) {
			KSET(f->f_count, f->f_count + 1);
			KSET(pe->pe_file, f);
		}
		klog_commit();
		kmutex_exit(&f->f_lock);
		/* Closed since the caller found it: it goes with that call. */
		if (pe->pe_file == NULL)
			return POLLNVAL;
	}
	return fileops[f->f_type]->fo_poll(f, events, &pe->pe_wait);
}

bool
polltab_canwait(const struct file *f)
{
	const struct vnode *vp = f->f_vnode;

	if (f->f_type == FTYPE_VNODE)
		return vp->v_type == VCHR &&
		    (vp->v_rdev == DEV_RANDOM || vp->v_rdev == DEV_URANDOM);
	return fileops[f->f_type]->fo_poll != NULL;
}

static int
file_events(struct polltab *pt, uint32_t i, struct file *f, int events,
    uint64_t *timer)
{
	const struct fileops *ops = fileops[f->f_type];

	if (ops->fo_poll == NULL)
		return POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM;
	if (unlikely(ops->fo_deadline != NULL))
		*timer = kmin(*timer, ops->fo_deadline(f));
	return pt != NULL ? polltab_watch(pt, i, f, events) :
			    ops->fo_poll(f, events, NULL);
}

int
polltab_events(struct lwp *l, struct polltab *pt, uint32_t i, int fd,
    int events, uint64_t *timer)
{
	struct file *f = fd_getfile(l, fd, 0);
	int ready = POLLNVAL;

	if (f == NULL)
		return ready;
	events |= POLLERR | POLLHUP;
	if (f->f_type != FTYPE_PATH)
		ready = file_events(pt, i, f, events, timer) &
		    (events | POLLNVAL);
	fd_done(l, f, 0);
	return ready;
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
