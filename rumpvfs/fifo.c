/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fifo: opening FIFOs; once open they are pipes.
 *
 * An opener joins the pipe at once, as a reader or a writer, and then waits
 * until the other side has come: seen by pp_rgen or pp_wgen, which count all
 * that ever came, so that one who came and went is not missed.  Its file is in
 * hand all the while: if the opener dies, closing the file undoes the rest.
 */
#include <fcntl.h>

#include "rumpvfs/fifo.h"
#include "rumpvfs/pipe_impl.h"

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"

/* The vnode's pipe with a reference in hand; made if there is none. */
static int
fifo_get(struct vnode *vp, struct pipe **pp)
{
	struct pipe *p, *fresh = NULL;

	for (;;) {
		kmutex_enter(&vp->v_lock);
		p = vp->v_fifo;
		if (p != NULL || fresh != NULL)
			break;
		kmutex_exit(&vp->v_lock);
		vnode_hold(vp);
		fresh = pipe_create(curlwp());
		if (fresh == NULL) {
			vnode_rele(vp);
			return ENFILE;
		}
	}
	if (p == NULL) {
		/* Link it; its reference to vp comes out of the hand. */
		p = fresh;
		fresh = NULL;
		KSET(p->pp_rgen, 0);
		KSET(p->pp_wgen, 0);
		KSET(p->pp_vnode, vp);
		khand_drop(vp);
		KSET(vp->v_fifo, p);
		klog_commit();
	} else {
		kmutex_enter(&p->pp_lock);
		KSET(p->pp_refs, p->pp_refs + 1);
		khand_add(KHAND_PIPE, p);
		klog_commit();
		kmutex_exit(&p->pp_lock);
	}
	kmutex_exit(&vp->v_lock);
	if (fresh != NULL) {
		pipe_rele(fresh);
		vnode_rele(vp);
	}
	*pp = p;
	return 0;
}

/* Wait until *gen has changed. */
static int
fifo_wait(struct pipe *p, const uint32_t *gen)
{
	uint32_t was = *(const volatile uint32_t *)gen;
	int error = 0;

	while (*(const volatile uint32_t *)gen == was && error == 0)
		error = ksleep(&p->pp_open, &p->pp_lock, KSLEEP_FOREVER,
		    KSLEEP_INTR);
	return *(const volatile uint32_t *)gen != was ? 0 : error;
}

int
fifo_open(struct vnode *vp, int flags, struct file *f)
{
	bool rd = (f->f_mode & FMODE_READ) != 0;
	bool wr = (f->f_mode & FMODE_WRITE) != 0;
	struct pipe *p;
	int error;

	error = fifo_get(vp, &p);
	if (error != 0)
		return error;
	kmutex_enter(&p->pp_lock);
	if (wr && !rd && (flags & O_NONBLOCK) != 0 && p->pp_readers == 0) {
		kmutex_exit(&p->pp_lock);
		pipe_rele(p);
		return ENXIO;
	}
	/* What POLLHUP compares with: no writer has come since. */
	f->f_dircookie = ~0UL;
	if (rd && !wr && p->pp_writers == 0 && (flags & O_NONBLOCK) != 0)
		f->f_dircookie = p->pp_wgen;
	pipe_attach(p, f);
	khand_drop(p);
	klog_commit();
	if (p->pp_open.wq_head != NULL)
		kwakeup(&p->pp_open);
	if (rd && !wr && p->pp_writers == 0 && !(flags & O_NONBLOCK))
		error = fifo_wait(p, &p->pp_wgen);
	else if (wr && !rd && p->pp_readers == 0)
		error = fifo_wait(p, &p->pp_rgen);
	if (error != 0) {
		pipe_detach(p, f);
		klog_commit();
		pipe_wake_all(p);
	}
	kmutex_exit(&p->pp_lock);
	if (error != 0)
		pipe_rele(p);
	return error;
}
