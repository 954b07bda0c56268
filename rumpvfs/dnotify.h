/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dnotify: F_NOTIFY of fcntl(2): an open directory's owner hears by a signal of
 * what happens in it.
 *
 * It is a watch of inotify's without an instance (inotify.h, whose lock guards
 * it); it belongs to a file and a descriptor table, and goes when the table
 * closes one of its descriptors of the file.
 */
#ifndef RUMPVFS_DNOTIFY_H
#define RUMPVFS_DNOTIFY_H

#include "rumpvfs/inotify.h"

struct filedesc;
struct lwp;

/* The events of arg (DN_*) are to be told by descriptor fd; 0: none. */
int dnotify_set(struct lwp *, int fd, struct file *, unsigned long arg);

/* is_lock held: it happened. */
void dnotify_tell(const struct inwatch *);

void dnotify_drop(const struct filedesc *, const struct file *);
/* The table (NULL: any) lets go of one of its descriptors of the file. */
static inline void
dnotify_fdclose(const struct filedesc *owner, const struct file *f)
{
	const struct vnode *vp = f->f_vnode;

	if (vp != NULL && unlikely(KREAD(vp->v_flags) & VNODE_WATCHED) &&
	    vp->v_type == VDIR && !(f->f_mode & FMODE_PATH))
		dnotify_drop(owner, f);
}

#endif
