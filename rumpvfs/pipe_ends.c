/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe_ends: how a pipe comes and goes, and its ends.
 */
#include <fcntl.h>

#include "rumpvfs/pipe_impl.h"
#include "rumpvfs/flock.h"
#include "rumpvfs/inotify.h"

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"

struct pipe *
pipe_create(struct lwp *l)
{
	struct pipe *p = kmem_cache_alloc(KC_PIPE);

	if (p == NULL)
		return NULL;
	kmutex_init(&p->pp_lock, KRANK_PIPE);
	p->pp_cap = PIPE_CAP;
	p->pp_refs = 1;
	p->pp_rgen = p->pp_wgen = 1;
	p->pp_uid = KREAD(l->l_proc->p_cred.cr_fsuid);
	p->pp_gid = KREAD(l->l_proc->p_cred.cr_fsgid);
	/* Its address is a number nobody else has while it lives. */
	p->pp_ino = (uintptr_t)p >> 6 & 0xffffffff;
	vtime_now(&p->pp_time);
	khand_drop(p);
	khand_add(KHAND_PIPE, p);
	klog_commit();
	return p;
}

void
pipe_rele(struct pipe *p)
{
	struct vnode *vp = p->pp_vnode;
	struct flockhead *fh = NULL;
	char *ring = NULL;
	void *pkts = NULL;
	bool last;

	if (vp != NULL)
		kmutex_enter(&vp->v_lock);
	kmutex_enter(&p->pp_lock);
	last = p->pp_refs == 1;
	KSET(p->pp_refs, p->pp_refs - 1);
	khand_drop(p);
	if (last) {
		khand_add(KHAND_MEM, p);
		if ((ring = p->pp_ring) != NULL)
			khand_add(KHAND_PAGES, ring);
		if ((pkts = p->pp_pkts) != NULL)
			khand_add(KHAND_MEM, pkts);
		fh = flock_forget(&p->pp_locks);
		if (vp != NULL) {
			KSET(vp->v_fifo, NULL);
			khand_add(KHAND_VNODE, vp);
		}
	}
	klog_commit();
	kmutex_exit(&p->pp_lock);
	if (vp != NULL)
		kmutex_exit(&vp->v_lock);
	if (!last)
		return;
	if (ring != NULL)
		page_free(ring);
	if (pkts != NULL)
		kmem_free(pkts);
	if (fh != NULL)
		kmem_free(fh);
	kmem_free(p);
	if (vp != NULL)
		vnode_rele(vp);
}

void
pipe_attach(struct pipe *p, struct file *f)
{
	KASSERT(kmutex_owned(&p->pp_lock));
	if (f->f_mode & FMODE_READ) {
		KSET(p->pp_readers, p->pp_readers + 1);
		KSET(p->pp_rgen, p->pp_rgen + 1);
	}
	if (f->f_mode & FMODE_WRITE) {
		KSET(p->pp_writers, p->pp_writers + 1);
		KSET(p->pp_wgen, p->pp_wgen + 1);
	}
	KSET(f->f_data, p);
}

int
pipe_files(struct lwp *l, int flags, struct file *ends[2])
{
	uint32_t mark = khand_mark();
	struct pipe *p = NULL;
	struct file *r, *w = NULL;

	r = file_alloc(FTYPE_PIPE, O_RDONLY | (flags & O_NONBLOCK));
	if (r != NULL)
		w = file_alloc(FTYPE_PIPE,
		    O_WRONLY | (flags & (O_NONBLOCK | O_DIRECT)));
	if (w != NULL)
		p = pipe_create(l);
	if (p == NULL) {
		khand_release_to(mark);
		return ENFILE;
	}
	r->f_mode = FMODE_READ;
	w->f_mode = FMODE_WRITE;
	kmutex_enter(&p->pp_lock);
	pipe_attach(p, r);
	pipe_attach(p, w);
	KSET(p->pp_refs, 2);
	khand_drop(p);
	klog_commit();
	kmutex_exit(&p->pp_lock);
	ends[0] = r;
	ends[1] = w;
	return 0;
}

void
pipe_detach(struct pipe *p, struct file *f)
{
	KASSERT(kmutex_owned(&p->pp_lock));
	if (f->f_mode & FMODE_READ)
		KSET(p->pp_readers, p->pp_readers - 1);
	if (f->f_mode & FMODE_WRITE)
		KSET(p->pp_writers, p->pp_writers - 1);
	KSET(f->f_data, NULL);
	khand_add(KHAND_PIPE, p);
}

void
pipe_wake_all(struct pipe *p)
{
	kwakeup(&p->pp_rwait);
	kwakeup(&p->pp_wwait);
	kwakeup(&p->pp_open);
	kwakeup(&p->pp_poll);
}

void
pipe_close(struct file *f)
{
	struct pipe *p = f->f_data;
	struct vnode *vp;

	flock_fileclose(f);
	if (p != NULL) {
		kmutex_enter(&p->pp_lock);
		pipe_detach(p, f);
		klog_commit();
		if (p->pp_readers == 0 || p->pp_writers == 0)
			pipe_wake_all(p);
		kmutex_exit(&p->pp_lock);
		pipe_rele(p);
	}
	vp = f->f_vnode;
	if (vp != NULL) {
		if (p != NULL)
			inotify_closed(f);
		KSET(f->f_vnode, NULL);
		khand_add(KHAND_VNODE, vp);
		klog_commit();
		vnode_rele(vp);
	}
}

void
pipe_boot(void)
{
	kmem_cache_setsize(KC_PIPE, sizeof(struct pipe), 0);
}

int
pipe_check(struct pipe *p)
{
	int faults = 0;

	if (pipe_used(p) > p->pp_ringsize || pipe_used(p) > p->pp_cap) {
		kprintf("pipe %p: holds %lu of %lu (%lu) bytes", (void *)p,
		    (unsigned long)pipe_used(p), (unsigned long)p->pp_ringsize,
		    (unsigned long)p->pp_cap);
		faults++;
	}
	if ((p->pp_ring == NULL) != (p->pp_ringsize == 0) ||
	    (p->pp_ringsize & (p->pp_ringsize - 1)) != 0) {
		kprintf("pipe %p: ring %p of %lu bytes", (void *)p,
		    (void *)p->pp_ring, (unsigned long)p->pp_ringsize);
		faults++;
	}
	if (p->pp_refs == 0 || p->pp_readers + p->pp_writers > 2 * p->pp_refs) {
		kprintf("pipe %p: %u references, %u readers, %u writers",
		    (void *)p, p->pp_refs, p->pp_readers, p->pp_writers);
		faults++;
	}
	if (p->pp_vnode != NULL && p->pp_vnode->v_fifo != p) {
		kprintf("pipe %p: not its vnode's", (void *)p);
		faults++;
	}
	return faults;
}
