/* SPDX-License-Identifier: BSD-2-Clause */
/* inotify_event: from what happens to the watches it concerns. */
#include "rumpvfs/dir.h"
#include "rumpvfs/dnotify.h"
#include "rumpvfs/inotify.h"

#include "rumpkern/klog.h"

static inline struct kmutex *
lock(void)
{
	return &inotify_state()->is_lock;
}

/* is_lock held: the watches of one vnode learn of it. */
static void
tell(struct vnode *vp, uint32_t mask, const char *name, size_t len,
    uint32_t cookie, bool unlinked)
{
	bool path = (mask & INOTIFY_FILE) != 0;
	struct inwatch *iw, *next;

	mask &= ~INOTIFY_FILE;
	for (iw = vp->v_watches; iw != NULL; iw = next) {
		next = iw->iw_next;
		if (!(iw->iw_mask & mask & (IN_ALL_EVENTS | INOTIFY_RENAMED)) ||
		    (path && unlinked && (iw->iw_mask & IN_EXCL_UNLINK)))
			continue;
		if (iw->iw_set != NULL)
			inotify_queue(iw->iw_set, iw->iw_wd, mask, cookie, name,
			    len);
		else
			dnotify_tell(iw);
		if (iw->iw_mask & IN_ONESHOT)
			inotify_unwatch(iw, true);
	}
}

/* There was nobody to tell: spare others the look, if it can be done now. */
static void
clear_flag(struct vnode *vp, uint8_t flag)
{
	if (!kmutex_tryenter(&vp->v_lock))
		return;
	if (flag != VNODE_WATCHED || vp->v_watches == NULL) {
		KSET(vp->v_flags, vp->v_flags & ~flag);
		klog_commit();
	}
	kmutex_exit(&vp->v_lock);
}

static inline bool
is_special(const struct vnode *vp)
{
	return vp->v_type != VREG && vp->v_type != VDIR && vp->v_type != VLNK;
}

/* fs_lock held. */
static void
tell_parent(struct vnode *vp, uint32_t mask)
{
	const struct dirent *de = vp->v_name;
	struct vnode *dvp;

	/* How others use a terminal or a FIFO is not for all to see. */
	if (de == NULL || (is_special(vp) && (mask & (IN_ACCESS | IN_MODIFY))))
		return;
	dvp = de->de_dvp;
	if (!(KREAD(dvp->v_flags) & VNODE_WATCHED)) {
		if (vp->v_type == VDIR || vp->v_nlink == 1)
			clear_flag(vp, VNODE_INWATCHED);
		return;
	}
	kmutex_enter(lock());
	tell(dvp, mask, de->de_name, de->de_namelen, 0, vp->v_nlink == 0);
	kmutex_exit(lock());
}

static void
tell_self(struct vnode *vp, uint32_t mask)
{
	bool none;

	kmutex_enter(lock());
	none = vp->v_watches == NULL;
	tell(vp, mask, NULL, 0, 0, KREAD(vp->v_nlink) == 0);
	kmutex_exit(lock());
	if (none)
		clear_flag(vp, VNODE_WATCHED);
}

static inline uint32_t
with_type(const struct vnode *vp, uint32_t mask)
{
	return vp->v_type == VDIR ? mask | IN_ISDIR : mask;
}

void
inotify_slow(struct vnode *vp, uint32_t mask)
{
	struct kmutex *names = &vp->v_fs->fs_lock;
	uint8_t flags = KREAD(vp->v_flags);
	bool had = kmutex_owned(names);

	KASSERT(klog_empty());
	mask = with_type(vp, mask);
	if (flags & VNODE_INWATCHED) {
		if (!had)
			kmutex_enter(names);
		tell_parent(vp, mask);
		if (!had)
			kmutex_exit(names);
	}
	if (flags & VNODE_WATCHED)
		tell_self(vp, mask);
}

void
inotify_slownamed(struct nameidata *nd)
{
	struct vnode *vp = nd->nd_vp;
	struct dirent *de;

	if (vp->v_type == VDIR || nd->nd_dots != 0)
		return;
	de = dir_find(nd->nd_dvp, nd->nd_name, nd->nd_namelen,
	    dir_hash(nd->nd_dvp, nd->nd_name, nd->nd_namelen));
	if (de == NULL || de->de_vp != vp || vp->v_name == de)
		return;
	KSET(vp->v_name, de);
	klog_commit();
}

void
inotify_slowself(struct vnode *vp, uint32_t mask)
{
	/* Of these the host does not say what it was. */
	if (!(mask & (IN_MOVE_SELF | IN_DELETE_SELF)))
		mask = with_type(vp, mask);
	tell_self(vp, mask);
}

void
inotify_slowname(struct vnode *dvp, uint32_t mask, const char *name, size_t len,
    uint32_t cookie)
{
	kmutex_enter(lock());
	tell(dvp, mask, name, len, cookie, false);
	kmutex_exit(lock());
}

void
inotify_gone(struct vnode *vp)
{
	if (likely(KREAD(vp->v_watches) == NULL))
		return;
	kmutex_enter(lock());
	tell(vp, IN_DELETE_SELF, NULL, 0, 0, true);
	while (vp->v_watches != NULL)
		inotify_unwatch(vp->v_watches, true);
	kmutex_exit(lock());
}

void
inotify_keep(struct vnode *vp, struct dirent *de)
{
	struct vnode *dvp = de->de_dvp;

	KSET(vp->v_name, de);
	khand_drop(de);
	/* A removed directory has a reference to its parent already. */
	if (vp->v_type != VDIR)
		KSET(dvp->v_usecount, dvp->v_usecount + 1);
}

uint32_t
inotify_cookie(void)
{
	/* A number that death wastes is no loss: no log. */
	return __atomic_add_fetch(&inotify_state()->is_cookie, 1,
	    __ATOMIC_RELAXED);
}
