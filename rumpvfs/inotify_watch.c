/* SPDX-License-Identifier: BSD-2-Clause */
/* inotify_watch: watches come and go; their check.  See inotify.h. */
#include "rumpvfs/dir.h"
#include "rumpvfs/inotify.h"

#include "lwproc/file.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"

/* What a directory is told of what is in it, besides names. */
#define OF_CHILDREN (IN_ACCESS | IN_MODIFY | IN_ATTRIB | IN_CLOSE | IN_OPEN)
/* What stays of the mask a watch was asked for. */
#define KEPT (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK)

static inline struct kmutex *
lock(void)
{
	return &inotify_state()->is_lock;
}

/* --- Going ------------------------------------------------------------------ */

/* Logged. */
static void
unlink_watch(struct inwatch *iw)
{
	struct inwatch **pp = &iw->iw_vp->v_watches;

	while (*pp != iw)
		pp = &(*pp)->iw_next;
	KSET(*pp, iw->iw_next);
}

void
inotify_unwatch(struct inwatch *iw, bool say)
{
	struct inotify *in = iw->iw_set;
	uint32_t mark = khand_mark();
	int32_t wd = iw->iw_wd;

	KASSERT(kmutex_owned(lock()));
	/* One that dies between the two leaves the watch to be removed. */
	if (say && in != NULL)
		inotify_queue(in, wd, IN_IGNORED, 0, NULL, 0);
	unlink_watch(iw);
	if (in != NULL) {
		(void)radix_clear(&in->in_watches, wd);
		KSET(in->in_nwatches, in->in_nwatches - 1);
	}
	khand_add(KHAND_MEM, iw);
	klog_commit();
	khand_release_to(mark);
}

int
inotify_rm(struct inotify *in, int32_t wd)
{
	uint64_t w = 0;

	kmutex_enter(lock());
	if (wd > 0)
		w = radix_get(&in->in_watches, wd);
	if (w != 0)
		inotify_unwatch((struct inwatch *)(uintptr_t)w, true);
	kmutex_exit(lock());
	return w != 0 ? 0 : EINVAL;
}

/* --- Coming: fs_lock held ----------------------------------------------------- */

static void
set_flag(struct vnode *vp, uint8_t flag)
{
	if (KREAD(vp->v_flags) & flag)
		return;
	kmutex_enter(&vp->v_lock);
	KSET(vp->v_flags, vp->v_flags | flag);
	klog_commit();
	kmutex_exit(&vp->v_lock);
}

/* All that is in the directory is to tell of itself. */
static void
flag_children(const struct vnode *dvp)
{
	uint64_t cookie, w;

	for (cookie = 0;; cookie++) {
		w = radix_next(&dvp->v_dir.d_entries, &cookie);
		if (w == 0)
			break;
		set_flag(((struct dirent *)(uintptr_t)w)->de_vp,
		    VNODE_INWATCHED);
	}
}

/* is_lock held. */
static struct inwatch *
find(const struct inotify *in, const struct vnode *vp)
{
	struct inwatch *iw;

	for (iw = vp->v_watches; iw != NULL; iw = iw->iw_next)
		if (iw->iw_set == in)
			break;
	return iw;
}

/* is_lock held: of all instances of the user. */
static uint64_t
count_watches(uint32_t uid)
{
	const struct inotify *in;
	uint64_t n = 0;

	for (in = inotify_state()->is_all; in != NULL; in = in->in_next)
		if (in->in_uid == uid)
			n += in->in_nwatches;
	return n;
}

/* is_lock held: a number that no watch has; not one lately gone, if it can be. */
static int32_t
free_number(const struct inotify *in)
{
	int32_t wd = in->in_nextwd;

	while (radix_get(&in->in_watches, wd) != 0)
		wd = wd == INT32_MAX ? in->in_firstwd : wd + 1;
	return wd;
}

/* is_lock and v_lock held, log empty. */
static int
new_watch(struct inotify *in, struct vnode *vp, uint32_t mask, int32_t *wdp)
{
	int32_t wd = free_number(in);
	uint32_t mark = khand_mark();
	struct radix_reserve rr;
	struct inwatch *iw;

	if (count_watches(in->in_uid) >= INOTIFY_MAXWATCHES)
		return ENOSPC;
	iw = kmem_alloc(sizeof(*iw));
	if (iw == NULL)
		return ENOMEM;
	if (radix_prepare(&in->in_watches, wd, 1, &rr) != 0) {
		khand_release_to(mark);
		return ENOMEM;
	}
	iw->iw_set = in;
	iw->iw_vp = vp;
	iw->iw_mask = mask & KEPT;
	iw->iw_wd = wd;
	iw->iw_next = vp->v_watches;
	KSET(vp->v_flags, vp->v_flags | VNODE_WATCHED);
	KSET(vp->v_watches, iw);
	radix_set(&in->in_watches, wd, (uintptr_t)iw, &rr);
	KSET(in->in_nextwd, wd == INT32_MAX ? in->in_firstwd : wd + 1);
	KSET(in->in_nwatches, in->in_nwatches + 1);
	khand_drop(iw);
	klog_commit();
	radix_unreserve(&rr);
	*wdp = wd;
	return 0;
}

/* is_lock held. */
static int
update(struct inwatch *iw, uint32_t mask, int32_t *wdp)
{
	if (mask & IN_MASK_CREATE)
		return EEXIST;
	if (mask & IN_MASK_ADD)
		mask |= iw->iw_mask;
	KSET(iw->iw_mask, mask & KEPT);
	klog_commit();
	*wdp = iw->iw_wd;
	return 0;
}

void
inotify_prepare(struct vnode *vp, uint32_t mask)
{
	/* Before its children have theirs: what comes later is flagged. */
	set_flag(vp, VNODE_WATCHED);
	if (vp->v_type == VDIR && (mask & OF_CHILDREN))
		flag_children(vp);
}

int
inotify_watch(struct inotify *in, struct vnode *vp, uint32_t mask, int32_t *wdp)
{
	struct inwatch *iw;
	int error;

	inotify_prepare(vp, mask);
	kmutex_enter(&vp->v_lock);
	kmutex_enter(lock());
	iw = find(in, vp);
	error = iw != NULL ? update(iw, mask, wdp) :
			     new_watch(in, vp, mask, wdp);
	kmutex_exit(lock());
	kmutex_exit(&vp->v_lock);
	return error;
}

/* --- Boot and check ----------------------------------------------------------- */

void
inotify_boot(void)
{
	struct inotify_state *is = arena_bootmem(sizeof(*is));

	kmutex_init(&is->is_lock, KRANK_NOTIFY);
	ARENA->a_vfs->vs_inotify = is;
}

static int
fault(const struct inotify *in, const char *what)
{
	kprintf("inotify %p: %s\n", (const void *)in, what);
	return 1;
}

static int
check_queue(const struct inotify *in)
{
	const struct inevent *ie, *last = NULL;
	uint32_t n = 0, over = 0;

	for (ie = in->in_head; ie != NULL; last = ie, ie = ie->ie_next) {
		over += ie == &in->in_overflow;
		if (++n > INOTIFY_MAXEVENTS + 1)
			return fault(in, "events without an end");
	}
	return n != in->in_nevents || last != in->in_tail ||
		over != in->in_overflowed ?
	    fault(in, "its queue is broken") :
	    0;
}

static int
check_watches(const struct inotify *in)
{
	const struct inwatch *iw, *at;
	uint64_t wd, w;
	uint32_t n = 0;
	int bad = radix_check(&in->in_watches);

	for (wd = 0; (w = radix_next(&in->in_watches, &wd)) != 0; wd++) {
		iw = (const struct inwatch *)(uintptr_t)w;
		n++;
		if (iw->iw_set != in || (uint64_t)iw->iw_wd != wd ||
		    !kmem_valid(KC_VNODE, iw->iw_vp))
			return bad + fault(in, "a watch of another");
		for (at = iw->iw_vp->v_watches; at != NULL && at != iw;)
			at = at->iw_next;
		if (at == NULL)
			bad += fault(in, "a watch its vnode does not know");
		if (!(iw->iw_vp->v_flags & VNODE_WATCHED))
			bad += fault(in, "a watch that is not told");
	}
	return bad + (n != in->in_nwatches ? fault(in, "watches counted") : 0);
}

static int
check_vnode(void *obj)
{
	const struct vnode *vp = obj;
	const struct inwatch *iw;
	const struct inotify *in;

	if (vp->v_type == VNON || vp->v_type > VSOCK)
		return 0;
	for (iw = vp->v_watches; iw != NULL; iw = iw->iw_next) {
		if (iw->iw_set == NULL && iw->iw_vp == vp)
			continue;
		for (in = inotify_state()->is_all; in != NULL;)
			if (in == iw->iw_set)
				break;
			else
				in = in->in_next;
		if (in == NULL || iw->iw_vp != vp ||
		    radix_get(&in->in_watches, iw->iw_wd) != (uintptr_t)iw)
			return fault(in, "a vnode's watch is not its");
	}
	return 0;
}

int
inotify_check(void)
{
	const struct inotify *in;
	int bad = 0;

	for (in = inotify_state()->is_all; in != NULL; in = in->in_next)
		bad += check_queue(in) + check_watches(in);
	return bad + kmem_visit(KC_VNODE, check_vnode);
}
