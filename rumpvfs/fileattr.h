/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileattr: the flags of chattr(1) that Linux's tmpfs keeps: append only,
 * immutable, no dump, no atime.  v_attrs has them as FS_*_FL.  Who changes them
 * holds v_lock; a look without it is as good as one just before the change.
 */
#ifndef RUMPVFS_FILEATTR_H
#define RUMPVFS_FILEATTR_H

#include <linux/fs.h>

#include "rumpkern/kern.h"
#include "rumpkern/klog.h"
#include "rumpvfs/vnode.h"

struct cred;

/* What is made in a directory has these of it. */
#define FILEATTR_INHERITED (FS_NODUMP_FL | FS_NOATIME_FL)

/* Its data may only grow. */
static inline bool
fileattr_appendonly(const struct vnode *vp)
{
	return unlikely(KREAD(vp->v_attrs) & FS_APPEND_FL);
}

static inline bool
fileattr_immutable(const struct vnode *vp)
{
	return unlikely(KREAD(vp->v_attrs) & FS_IMMUTABLE_FL);
}

/* Its name, owner, mode and the like stay as they are. */
static inline bool
fileattr_fixed(const struct vnode *vp)
{
	return unlikely(KREAD(vp->v_attrs) & (FS_APPEND_FL | FS_IMMUTABLE_FL));
}

/* FS_IOC_[GS]ETFLAGS, FS_IOC_FS[GS]ETXATTR; -1: another. */
int fileattr_ioctl(struct vnode *, const struct cred *, unsigned long cmd,
    void *uarg);

#endif
