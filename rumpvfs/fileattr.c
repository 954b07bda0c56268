/* SPDX-License-Identifier: BSD-2-Clause */
/* fileattr: the calls that look at a file's flags and change them. */
#include "rumpvfs/fileattr.h"

#include "lwproc/proc.h"
#include "rumpkern/copy.h"

#define SETTABLE (FS_APPEND_FL | FS_IMMUTABLE_FL | FS_NODUMP_FL | FS_NOATIME_FL)
/* Of struct fsxattr: what is told and not set; what needs a size to be there. */
#define XFLAG_TOLD                                 \
	(FS_XFLAG_PREALLOC | FS_XFLAG_COWEXTSIZE | \
	    (uint32_t)FS_XFLAG_HASATTR | FS_XFLAG_EXTSIZE)

static const struct {
	uint32_t flag, xflag;
} names[] = {
	{ FS_IMMUTABLE_FL, FS_XFLAG_IMMUTABLE },
	{ FS_APPEND_FL, FS_XFLAG_APPEND },
	{ FS_NOATIME_FL, FS_XFLAG_NOATIME },
	{ FS_NODUMP_FL, FS_XFLAG_NODUMP },
};
#define NNAMES (sizeof(names) / sizeof(names[0]))

static int
set(struct vnode *vp, const struct cred *cr, uint32_t flags)
{
	const uint32_t privileged = FS_APPEND_FL | FS_IMMUTABLE_FL;
	int error = 0;

	kmutex_enter(&vp->v_lock);
	if (cr->cr_fsuid != vp->v_uid && !cred_issuper(cr))
		error = EPERM;
	else if (((flags ^ vp->v_attrs) & privileged) && !cred_issuper(cr))
		error = EPERM;
	else if (flags & ~(uint32_t)SETTABLE)
		error = EOPNOTSUPP;
	if (error == 0) {
		KSET(vp->v_attrs, (vp->v_attrs & ~(uint32_t)SETTABLE) | flags);
		vnode_touch(vp, VTOUCH_CTIME);
		klog_commit();
	}
	kmutex_exit(&vp->v_lock);
	return error;
}

static int
get_x(const struct vnode *vp, struct fsxattr *ufx)
{
	struct fsxattr fx;
	size_t i;

	memset(&fx, 0, sizeof(fx));
	for (i = 0; i < NNAMES; i++)
		if (KREAD(vp->v_attrs) & names[i].flag)
			fx.fsx_xflags |= names[i].xflag;
	return copyout(&fx, ufx, sizeof(fx));
}

static int
set_x(struct vnode *vp, const struct cred *cr, const struct fsxattr *ufx)
{
	struct fsxattr fx;
	uint32_t flags = 0;
	size_t i;

	if (copyin(ufx, &fx, sizeof(fx)) != 0)
		return EFAULT;
	fx.fsx_xflags &= ~XFLAG_TOLD;
	for (i = 0; i < NNAMES; i++)
		if (fx.fsx_xflags & names[i].xflag) {
			flags |= names[i].flag;
			fx.fsx_xflags &= ~names[i].xflag;
		}
	if ((fx.fsx_xflags & FS_XFLAG_EXTSZINHERIT) && vp->v_type != VDIR)
		return EINVAL;
	fx.fsx_xflags &= ~(uint32_t)FS_XFLAG_EXTSZINHERIT;
	if (fx.fsx_xflags != 0 || fx.fsx_extsize != 0 || fx.fsx_projid != 0 ||
	    fx.fsx_cowextsize != 0)
		return EOPNOTSUPP;
	return set(vp, cr, flags);
}

int
fileattr_ioctl(struct vnode *vp, const struct cred *cr, unsigned long cmd,
    void *uarg)
{
	int flags;

	switch (cmd) {
	case FS_IOC_GETFLAGS:
		flags = KREAD(vp->v_attrs) & SETTABLE;
		return copyout(&flags, uarg, sizeof(flags));
	case FS_IOC_SETFLAGS:
		if (copyin(uarg, &flags, sizeof(flags)) != 0)
			return EFAULT;
		return set(vp, cr, flags);
	case FS_IOC_FSGETXATTR:
		return get_x(vp, uarg);
	case FS_IOC_FSSETXATTR:
		return set_x(vp, cr, uarg);
	default:
		return -1;
	}
}
