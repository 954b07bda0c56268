/* SPDX-License-Identifier: BSD-2-Clause */
/* sys_cachestat: cachestat(2): all that a file here has is in memory. */
#include "lwproc/file.h"
#include "rumpkern/copy.h"
#include "rumpvfs/tmpfs_page.h"
#include "syscalls/sysargs.h"

struct cachestat_range {
	uint64_t cr_off, cr_len;
};

struct cachestat {
	uint64_t cs_cache, cs_dirty, cs_writeback, cs_evicted, cs_recent;
};

static uint64_t
count(struct vnode *vp, uint64_t first, uint64_t last)
{
	uint64_t n = 0, i = first, w;

	kmutex_enter(&vp->v_lock);
	tmpfs_idle_look(vp, first, last + 1);
	for (; (w = radix_next(&vp->v_pages, &i)) != 0 && i <= last; i++)
		n += pageword_counts(w) != 0;
	kmutex_exit(&vp->v_lock);
	return n;
}

int
sys_cachestat(struct lwp *l, const struct sys_cachestat_args *a, long *retval)
{
	struct cachestat cs = { 0 };
	struct cachestat_range cr;
	struct file *f;
	uint64_t last;
	int error = 0;

	(void)retval;
	f = fd_getfile(l, a->fd, 0);
	if (f == NULL)
		return EBADF;
	if (f->f_mode & FMODE_PATH)
		error = EBADF;
	else if (copyin(a->cstat_range, &cr, sizeof(cr)) != 0)
		error = EFAULT;
	else if (a->flags != 0)
		error = EINVAL;
	if (error == 0 && f->f_type == FTYPE_VNODE &&
	    f->f_vnode->v_type == VREG) {
		last = cr.cr_len == 0 ?
		    TMPFS_MAXSIZE :
		    kmin(cr.cr_off + cr.cr_len - 1, TMPFS_MAXSIZE);
		cs.cs_cache = count(f->f_vnode, cr.cr_off >> KPAGE_SHIFT,
		    last >> KPAGE_SHIFT);
	}
	fd_done(l, f, 0);
	return error != 0 ? error : copyout(&cs, a->cstat, sizeof(cs));
}
