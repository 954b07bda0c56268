/* SPDX-License-Identifier: BSD-2-Clause */
/* dnotify: see dnotify.h. */
#include "rumpvfs/dnotify.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "lwproc/proc.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/async.h"

#ifndef POLLMSG
#define POLLMSG 0x400
#endif

struct dnotify {
	struct inwatch dn_watch; /* iw_set is NULL */
	const struct file *dn_file;
	const struct filedesc *dn_owner;
	int dn_fd; /* as F_NOTIFY had it last */
};

static const struct {
	uint32_t dn, in;
} events[] = {
	{ DN_ACCESS, IN_ACCESS },
	{ DN_MODIFY, IN_MODIFY },
	{ DN_CREATE, IN_CREATE | IN_MOVED_TO },
	{ DN_DELETE, IN_DELETE | IN_MOVED_FROM },
	{ DN_RENAME, INOTIFY_RENAMED },
	{ DN_ATTRIB, IN_ATTRIB },
};

static uint32_t
to_mask(unsigned long arg)
{
	uint32_t mask = arg & DN_MULTISHOT ? 0 : IN_ONESHOT;
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (arg & events[i].dn)
			mask |= events[i].in;
	return mask;
}

/* is_lock held; owner NULL: any. */
static struct dnotify *
find(const struct filedesc *owner, const struct file *f)
{
	struct dnotify *dn;
	struct inwatch *iw;

	for (iw = f->f_vnode->v_watches; iw != NULL; iw = iw->iw_next) {
		dn = (struct dnotify *)(void *)iw;
		if (iw->iw_set == NULL && dn->dn_file == f &&
		    (owner == NULL || dn->dn_owner == owner))
			return dn;
	}
	return NULL;
}

void
dnotify_tell(const struct inwatch *iw)
{
	const struct dnotify *dn = (const struct dnotify *)(const void *)iw;

	async_tell(dn->dn_file, dn->dn_fd, POLLIN | POLLRDNORM | POLLMSG);
}

void
dnotify_drop(const struct filedesc *owner, const struct file *f)
{
	struct kmutex *lock = &inotify_state()->is_lock;
	struct dnotify *dn;

	kmutex_enter(lock);
	while ((dn = find(owner, f)) != NULL)
		inotify_unwatch(&dn->dn_watch, false);
	kmutex_exit(lock);
}

/* v_lock and is_lock held; dn is in hand. */
static void
enter(struct vnode *vp, struct dnotify *dn)
{
	dn->dn_watch.iw_next = vp->v_watches;
	KSET(vp->v_flags, vp->v_flags | VNODE_WATCHED);
	KSET(vp->v_watches, &dn->dn_watch);
	khand_drop(dn);
	klog_commit();
}

static void
update(struct dnotify *dn, int fd, uint32_t mask)
{
	uint32_t was = dn->dn_watch.iw_mask;

	/* One that is to stay makes the other stay. */
	if (!(mask & was & IN_ONESHOT))
		was &= ~(uint32_t)IN_ONESHOT, mask &= ~(uint32_t)IN_ONESHOT;
	KSET(dn->dn_watch.iw_mask, was | mask);
	KSET(dn->dn_fd, fd);
	klog_commit();
}

int
dnotify_set(struct lwp *l, int fd, struct file *f, unsigned long arg)
{
	struct kmutex *lock = &inotify_state()->is_lock;
	const struct filedesc *owner = l->l_proc->p_fd;
	struct vnode *vp = f->f_vnode;
	struct dnotify *dn, *old;

	dn = kmem_alloc(sizeof(*dn));
	if (dn == NULL)
		return ENOMEM;
	dn->dn_watch.iw_vp = vp;
	dn->dn_watch.iw_mask = to_mask(arg);
	dn->dn_file = f;
	dn->dn_owner = owner;
	dn->dn_fd = fd;
	kmutex_enter(&vp->v_fs->fs_lock);
	inotify_prepare(vp, dn->dn_watch.iw_mask);
	kmutex_enter(&vp->v_lock);
	kmutex_enter(lock);
	old = find(owner, f);
	if (old != NULL)
		update(old, fd, dn->dn_watch.iw_mask);
	else
		enter(vp, dn);
	kmutex_exit(lock);
	kmutex_exit(&vp->v_lock);
	kmutex_exit(&vp->v_fs->fs_lock);
	if (old != NULL)
		kmem_free(dn);
	return 0;
}
