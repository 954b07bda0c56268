/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xattr: extended attributes of vnodes, a list sorted by name from z to a (the
 * order in which Linux lists them), under v_lock.
 */
#ifndef RUMPVFS_XATTR_H
#define RUMPVFS_XATTR_H

#include "rumpkern/kern.h"

struct cred;
struct vnode;

#define XATTR_NAMEMAX  255
#define XATTR_VALUEMAX 65536UL

struct xattr {
	struct xattr *x_next;
	uint32_t x_size; /* of the value */
	uint32_t x_namelen;
	char x_name[]; /* with its NUL; then the value */
};

static inline char *
xattr_value(const struct xattr *xa)
{
	return (char *)(uintptr_t)xa->x_name + xa->x_namelen + 1;
}

/* These return 0 or an errno of Linux; memory is the program's (u). */

/* A fresh attribute, in hand: what set takes.  EFAULT, ENOSPC. */
int xattr_make(const char *name, const void *uvalue, size_t size,
    struct xattr **);
/* The attribute is linked or freed. */
int xattr_set(struct vnode *, const struct cred *, struct xattr *, int flags);
/* size 0: only tell the length. */
int xattr_get(struct vnode *, const struct cred *, const char *name,
    void *uvalue, size_t size, long *len);
int xattr_list(struct vnode *, const struct cred *, char *ulist, size_t size,
    long *len);
int xattr_remove(struct vnode *, const struct cred *, const char *name);

/* Free the first of a dead vnode. */
void xattr_free_first(struct vnode *);
int xattr_check(const struct vnode *);

#endif
