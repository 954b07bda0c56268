/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * acl: access control lists, acl(5).
 *
 * A list is the attribute system.posix_acl_access, or _default of a directory,
 * in the form that setxattr(2) has.  What of it the mode says as well (owner,
 * mask, others) is the mode's: it is put in when the list is read, so that
 * chmod() changes both.  v_attrs says which lists a vnode has.
 */
#ifndef RUMPVFS_ACL_H
#define RUMPVFS_ACL_H

#include "rumpkern/kern.h"

struct cred;
struct vnode;
struct xattr;

/* v_attrs */
#define VATTR_ACL    0x100 /* it has an access list */
#define VATTR_DEFACL 0x200 /* what is made in it gets one */

#define ACL_XATTR_ACCESS  "system.posix_acl_access"
#define ACL_XATTR_DEFAULT "system.posix_acl_default"

/* vnode_access(), for one with VATTR_ACL that is not the caller's own. */
int acl_access(struct vnode *, const struct cred *, int mode);

/*
 * A list is set (or taken away, if it has no entries); xa, in hand, is linked or
 * freed.  EINVAL, EOPNOTSUPP, EPERM, EACCES.
 */
int acl_set(struct vnode *, const struct cred *, struct xattr *xa);
int acl_remove(struct vnode *, const struct cred *, const char *name);
/* v_lock held: the attribute's value as it is now. */
int acl_copyout(const struct vnode *, const struct xattr *, void *uvalue);

/* The mode of what is made in the directory: by its list, or the umask. */
uint32_t acl_newmode(struct vnode *dvp, uint32_t mode, uint32_t umask);
/* A new vnode in hand gets what the directory has for it: 0, ENOSPC. */
int acl_inherit(struct vnode *dvp, struct vnode *vp);

#endif
