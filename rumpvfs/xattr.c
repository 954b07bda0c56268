/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xattr: extended attributes of vnodes; see xattr.h.
 *
 * An attribute is one object, name and value: a change of value is a new
 * object in the old one's place.
 */
#include <linux/capability.h>
#include <linux/xattr.h>

#include "lwproc/proc.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/acl.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/namei.h"
#include "rumpvfs/vnode.h"
#include "rumpvfs/xattr.h"

#define MAY_READ  4
#define MAY_WRITE 2
#define S_STICKY  01000

enum xclass {
	XC_OTHER,
	XC_USER,
	XC_TRUSTED,
	XC_SECURITY,
	XC_SYSTEM /* access control lists, and what is not */
};

static const struct {
	const char *prefix;
	enum xclass class;
} classes[] = {
	{ "user.", XC_USER },
	{ "trusted.", XC_TRUSTED },
	{ "security.", XC_SECURITY },
	{ "system.", XC_SYSTEM },
};

/* The class of a name; *rest is what follows the prefix. */
static enum xclass
classify(const char *name, const char **rest)
{
	size_t i, n;

	for (i = 0; i < nelem(classes); i++) {
		n = strlen(classes[i].prefix);
		*rest = name + n;
		if (strncmp(name, classes[i].prefix, n) == 0)
			return classes[i].class;
	}
	return XC_OTHER;
}

/* Is there such an attribute at all? */
static int
check_name(enum xclass class, const char *rest)
{

	switch (class) {
	case XC_OTHER:
		return EOPNOTSUPP;
	case XC_SYSTEM:
		return strcmp(rest, "posix_acl_access") == 0 ||
			strcmp(rest, "posix_acl_default") == 0 ?
		    0 :
		    EOPNOTSUPP;
	default:
		return rest[0] == '\0' ? EINVAL : 0;
	}
}

/* Who may do what with attributes of a class: xattr(7). */
static int
permitted(struct vnode *vp, const struct cred *cr, enum xclass class, int mode)
{
	int no = mode == MAY_WRITE ? EPERM : ENODATA;

	if (mode == MAY_WRITE && fileattr_fixed(vp))
		return EPERM;
	switch (class) {
	case XC_TRUSTED:
		if (!cred_issuper(cr))
			return no;
		break;
	case XC_SECURITY:
		return mode == MAY_WRITE && !cred_issuper(cr) ? EPERM : 0;
	case XC_SYSTEM:
		return 0;
	case XC_OTHER:
		break;
	case XC_USER:
		if (vp->v_type != VREG && vp->v_type != VDIR)
			return no;
		if (vp->v_type == VDIR && (vp->v_mode & S_STICKY) &&
		    mode == MAY_WRITE && cr->cr_fsuid != vp->v_uid &&
		    !cred_issuper(cr))
			return EPERM;
		break;
	}
	return vnode_access(vp, cr, mode);
}

/* The class of a name, for a use that is permitted. */
static int
check(struct vnode *vp, const struct cred *cr, const char *name, int mode,
    enum xclass *class)
{
	const char *rest;
	int error;

	*class = classify(name, &rest);
	error = permitted(vp, cr, *class, mode);
	return error != 0 ? error : check_name(*class, rest);
}

/* Where the attribute is linked, or would be; *cmp 0: it is there. */
static struct xattr **
find(struct vnode *vp, const char *name, int *cmp)
{
	struct xattr **xp = &vp->v_xattr;

	*cmp = -1;
	for (; *xp != NULL; xp = &(*xp)->x_next) {
		*cmp = strcmp((*xp)->x_name, name);
		if (*cmp <= 0)
			break;
	}
	return xp;
}

int
xattr_make(const char *name, const void *uvalue, size_t size,
    struct xattr **xap)
{
	size_t namelen = strlen(name);
	struct xattr *xa;

	xa = kmem_alloc(sizeof(*xa) + namelen + 1 + size);
	if (xa == NULL)
		return ENOSPC;
	xa->x_size = size;
	xa->x_namelen = namelen;
	memcpy(xa->x_name, name, namelen + 1);
	if (size > 0 && copyin(uvalue, xa->x_name + namelen + 1, size) != 0) {
		kmem_free(xa);
		return EFAULT;
	}
	*xap = xa;
	return 0;
}

/* A file capability is looked at by whoever runs the file: check its form. */
static bool
value_ok(const struct xattr *xa)
{
	uint32_t magic;

	if (strcmp(xa->x_name, XATTR_NAME_CAPS) != 0)
		return true;
	if (xa->x_size != XATTR_CAPS_SZ_2 && xa->x_size != XATTR_CAPS_SZ_3)
		return false;
	memcpy(&magic, xattr_value(xa), sizeof(magic));
	magic &= VFS_CAP_REVISION_MASK;
	return magic ==
	    (xa->x_size == XATTR_CAPS_SZ_2 ? VFS_CAP_REVISION_2 :
					     VFS_CAP_REVISION_3);
}

int
xattr_set(struct vnode *vp, const struct cred *cr, struct xattr *xa, int flags)
{
	struct xattr *old, **xp;
	enum xclass class;
	int error, cmp;

	error = check(vp, cr, xa->x_name, MAY_WRITE, &class);
	if (error == 0 && class != XC_SYSTEM && !value_ok(xa))
		error = EINVAL;
	if (error != 0) {
		kmem_free(xa);
		return error;
	}
	if (class == XC_SYSTEM)
		return acl_set(vp, cr, xa);
	kmutex_enter(&vp->v_lock);
	xp = find(vp, xa->x_name, &cmp);
	old = cmp == 0 ? *xp : NULL;
	if (old != NULL && (flags & XATTR_CREATE))
		error = EEXIST;
	else if (old == NULL && (flags & XATTR_REPLACE))
		error = ENODATA;
	if (error != 0) {
		kmutex_exit(&vp->v_lock);
		kmem_free(xa);
		return error;
	}
	xa->x_next = old != NULL ? old->x_next : *xp;
	KSET(*xp, xa);
	khand_drop(xa);
	if (old != NULL)
		khand_add(KHAND_MEM, old);
	vnode_touch(vp, VTOUCH_CTIME);
	klog_commit();
	kmutex_exit(&vp->v_lock);
	if (old != NULL)
		kmem_free(old);
	return 0;
}

int
xattr_get(struct vnode *vp, const struct cred *cr, const char *name,
    void *uvalue, size_t size, long *len)
{
	struct xattr *xa;
	enum xclass class;
	int error, cmp;

	error = check(vp, cr, name, MAY_READ, &class);
	if (error != 0)
		return error;
	if (class == XC_SYSTEM && vp->v_type == VLNK)
		return EOPNOTSUPP;
	kmutex_enter(&vp->v_lock);
	xa = *find(vp, name, &cmp);
	if (cmp != 0)
		error = ENODATA;
	else if (size > 0 && xa->x_size > size)
		error = ERANGE;
	else if (size > 0 && class == XC_SYSTEM)
		error = acl_copyout(vp, xa, uvalue);
	else if (size > 0)
		error = copyout(xattr_value(xa), uvalue, xa->x_size);
	if (error == 0)
		*len = xa->x_size;
	kmutex_exit(&vp->v_lock);
	return error;
}

static bool
listed(const struct xattr *xa, const struct cred *cr)
{

	return strncmp(xa->x_name, "trusted.", 8) != 0 || cred_issuper(cr);
}

/* Linux lists access control lists first. */
static int
turn_of(const struct xattr *xa)
{

	if (strcmp(xa->x_name, ACL_XATTR_ACCESS) == 0)
		return 0;
	return strcmp(xa->x_name, ACL_XATTR_DEFAULT) == 0 ? 1 : 2;
}

int
xattr_list(struct vnode *vp, const struct cred *cr, char *ulist, size_t size,
    long *len)
{
	struct xattr *xa;
	size_t done = 0, total = 0, n;
	int turn, error = 0;

	kmutex_enter(&vp->v_lock);
	for (xa = vp->v_xattr; xa != NULL; xa = xa->x_next)
		if (listed(xa, cr))
			total += xa->x_namelen + 1;
	/* Before the buffer is touched. */
	if (size > 0 && total > kmin(size, (size_t)XATTR_VALUEMAX))
		error = size < XATTR_VALUEMAX ? ERANGE : E2BIG;
	for (turn = 0; turn < 3 && size > 0; turn++)
		for (xa = vp->v_xattr; xa != NULL && error == 0;
		     xa = xa->x_next) {
			if (!listed(xa, cr) || turn_of(xa) != turn)
				continue;
			n = xa->x_namelen + 1;
			error = copyout(xa->x_name, ulist + done, n);
			done += n;
		}
	kmutex_exit(&vp->v_lock);
	if (error == 0)
		*len = total;
	return error;
}

/* Logged: unlink an attribute into the hand. */
static void
unlink_attr(struct xattr **xp)
{
	struct xattr *xa = *xp;

	KSET(*xp, xa->x_next);
	khand_add(KHAND_MEM, xa);
}

int
xattr_remove(struct vnode *vp, const struct cred *cr, const char *name)
{
	struct xattr **xp, *xa = NULL;
	enum xclass class;
	int error, cmp;

	error = check(vp, cr, name, MAY_WRITE, &class);
	if (error != 0)
		return error;
	if (class == XC_SYSTEM)
		return acl_remove(vp, cr, name);
	kmutex_enter(&vp->v_lock);
	xp = find(vp, name, &cmp);
	if (cmp == 0) {
		xa = *xp;
		unlink_attr(xp);
		vnode_touch(vp, VTOUCH_CTIME);
		klog_commit();
	}
	kmutex_exit(&vp->v_lock);
	if (xa == NULL)
		return ENODATA;
	kmem_free(xa);
	return 0;
}

void
xattr_free_first(struct vnode *vp)
{
	struct xattr *xa = vp->v_xattr;

	unlink_attr(&vp->v_xattr);
	klog_commit();
	kmem_free(xa);
}

int
xattr_check(const struct vnode *vp)
{
	const struct xattr *xa;
	int bad = 0;

	for (xa = vp->v_xattr; xa != NULL; xa = xa->x_next) {
		if (strlen(xa->x_name) != xa->x_namelen ||
		    xa->x_size > XATTR_VALUEMAX ||
		    (xa->x_next != NULL &&
			strcmp(xa->x_name, xa->x_next->x_name) <= 0)) {
			kprintf("check: vnode %lu: attribute %s is broken\n",
			    vp->v_ino, xa->x_name);
			bad++;
		}
	}
	return bad;
}
