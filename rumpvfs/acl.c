/* SPDX-License-Identifier: BSD-2-Clause */
/* acl: see acl.h. */
#include "rumpvfs/acl.h"

#include <sys/stat.h>

#include "lwproc/proc.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/vnode.h"
#include "rumpvfs/xattr.h"

#define VERSION 2
#define HEAD    4 /* the version */
#define NO_ID   ((uint32_t)-1)

enum acltag {
	AT_USER_OBJ = 1,
	AT_USER = 2,
	AT_GROUP_OBJ = 4,
	AT_GROUP = 8,
	AT_MASK = 0x10,
	AT_OTHER = 0x20
};

struct aclent {
	uint16_t ae_tag;
	uint16_t ae_perm;
	uint32_t ae_id;
};

static inline size_t
nents(const struct xattr *xa)
{
	return (xa->x_size - HEAD) / sizeof(struct aclent);
}

static struct aclent
entry(const struct xattr *xa, size_t i)
{
	struct aclent ae;

	memcpy(&ae, xattr_value(xa) + HEAD + i * sizeof(ae), sizeof(ae));
	return ae;
}

/* v_lock held. */
static struct xattr *
list_of(struct vnode *vp, const char *name)
{
	struct xattr *xa;

	for (xa = vp->v_xattr; xa != NULL; xa = xa->x_next)
		if (strcmp(xa->x_name, name) == 0)
			return xa;
	return NULL;
}

static bool
is_default(const char *name)
{
	return strcmp(name, ACL_XATTR_DEFAULT) == 0;
}

/* --- Permission ------------------------------------------------------------- */

/* Is it about whoever asks?  The mask bounds all but others. */
static bool
concerns(const struct vnode *vp, const struct cred *cr, const struct aclent *ae)
{
	switch (ae->ae_tag) {
	case AT_USER:
		return cr->cr_fsuid == ae->ae_id;
	case AT_GROUP_OBJ:
		return cred_ingroup(cr, vp->v_gid);
	case AT_GROUP:
		return cred_ingroup(cr, ae->ae_id);
	default:
		return false;
	}
}

/* v_lock held. */
static int
decide(const struct vnode *vp, const struct xattr *xa, const struct cred *cr,
    uint32_t want)
{
	uint32_t mask = vp->v_mode >> 3;
	bool member = false;
	struct aclent ae;
	size_t i;

	for (i = 0; i < nents(xa); i++) {
		ae = entry(xa, i);
		if (!concerns(vp, cr, &ae))
			continue;
		if (ae.ae_tag == AT_USER)
			return (want & ~(ae.ae_perm & mask)) ? EACCES : 0;
		member = true;
		if ((want & ~(uint32_t)ae.ae_perm) == 0)
			return (want & ~mask) ? EACCES : 0;
	}
	return member || (want & ~(uint32_t)vp->v_mode) ? EACCES : 0;
}

int
acl_access(struct vnode *vp, const struct cred *cr, int mode)
{
	const struct xattr *xa;
	uint32_t bits;
	int error;

	kmutex_enter(&vp->v_lock);
	xa = list_of(vp, ACL_XATTR_ACCESS);
	if (xa != NULL) {
		error = decide(vp, xa, cr, mode & 7);
	} else {
		bits = vp->v_mode >> (cred_ingroup(cr, vp->v_gid) ? 3 : 0);
		error = (mode & ~bits & 7) != 0 ? EACCES : 0;
	}
	kmutex_exit(&vp->v_lock);
	return error;
}

/* --- Form ------------------------------------------------------------------- */

/* The order of entries: owner, users, group, groups, mask, others. */
static bool
in_order(const struct xattr *xa)
{
	uint32_t state = AT_USER_OBJ;
	bool named = false;
	struct aclent ae;
	size_t i;

	for (i = 0; i < nents(xa); i++) {
		ae = entry(xa, i);
		if (ae.ae_perm & ~7)
			return false;
		if (ae.ae_tag == AT_USER_OBJ && state == AT_USER_OBJ)
			state = AT_USER;
		else if (ae.ae_tag == AT_GROUP_OBJ && state == AT_USER)
			state = AT_GROUP;
		else if (ae.ae_tag == AT_MASK && state == AT_GROUP)
			state = AT_OTHER;
		else if (ae.ae_tag == AT_OTHER &&
		    (state == AT_OTHER || (state == AT_GROUP && !named)))
			state = 0;
		else if ((ae.ae_tag == AT_USER || ae.ae_tag == AT_GROUP) &&
		    state == ae.ae_tag)
			named = true;
		else
			return false;
	}
	return state == 0;
}

/* What can be said of it before it is known who asks. */
static int
check_head(const struct xattr *xa)
{
	uint32_t version,
	    known = AT_USER_OBJ | AT_USER | AT_GROUP_OBJ | AT_GROUP | AT_MASK |
	    AT_OTHER;
	struct aclent ae;
	size_t i;

	if (xa->x_size == 0)
		return 0;
	if (xa->x_size < HEAD)
		return EINVAL;
	memcpy(&version, xattr_value(xa), sizeof(version));
	if (version != VERSION)
		return EOPNOTSUPP;
	if ((xa->x_size - HEAD) % sizeof(ae) != 0)
		return EINVAL;
	for (i = 0; i < nents(xa); i++) {
		ae = entry(xa, i);
		if (!(ae.ae_tag & known) || (ae.ae_tag & (ae.ae_tag - 1)) ||
		    ((ae.ae_tag & (AT_USER | AT_GROUP)) && ae.ae_id == NO_ID))
			return EINVAL;
	}
	return 0;
}

/* Only names have numbers. */
static void
normalize(struct xattr *xa)
{
	struct aclent ae;
	size_t i;

	for (i = 0; i < nents(xa); i++) {
		ae = entry(xa, i);
		if (ae.ae_tag & (AT_USER | AT_GROUP))
			continue;
		ae.ae_id = NO_ID;
		memcpy(xattr_value(xa) + HEAD + i * sizeof(ae), &ae,
		    sizeof(ae));
	}
}

/* The permissions of a mode that the list says; does it say more? */
static uint32_t
mode_of(const struct xattr *xa, bool *more)
{
	uint32_t mode = 0, group = 0;
	struct aclent ae;
	size_t i;

	*more = nents(xa) > 3;
	for (i = 0; i < nents(xa); i++) {
		ae = entry(xa, i);
		if (ae.ae_tag == AT_USER_OBJ)
			mode |= ae.ae_perm << 6;
		else if (ae.ae_tag == AT_OTHER)
			mode |= ae.ae_perm;
		else if (ae.ae_tag == AT_GROUP_OBJ || ae.ae_tag == AT_MASK)
			group = ae.ae_perm; /* the mask comes later */
	}
	return mode | group << 3;
}

/* --- Change ----------------------------------------------------------------- */

/* Logged, v_lock held: xa (NULL: nothing) takes the place of what has the name. */
static struct xattr *
replace(struct vnode *vp, const char *name, struct xattr *xa)
{
	struct xattr **xp = &vp->v_xattr, *old;
	uint32_t bit = is_default(name) ? VATTR_DEFACL : VATTR_ACL;

	while (*xp != NULL && strcmp((*xp)->x_name, name) > 0)
		xp = &(*xp)->x_next;
	old = *xp != NULL && strcmp((*xp)->x_name, name) == 0 ? *xp : NULL;
	if (xa != NULL) {
		xa->x_next = old != NULL ? old->x_next : *xp;
		KSET(*xp, xa);
		khand_drop(xa);
		KSET(vp->v_attrs, vp->v_attrs | bit);
	} else if (old != NULL) {
		KSET(*xp, old->x_next);
		KSET(vp->v_attrs, vp->v_attrs & ~bit);
	}
	if (old != NULL)
		khand_add(KHAND_MEM, old);
	return old;
}

/* Its mode by the list; what needs no list has none then.  v_lock held. */
static void
apply_mode(struct vnode *vp, const struct cred *cr, const struct xattr *xa,
    bool *more)
{
	uint32_t mode = (vp->v_mode & ~0777U) | mode_of(xa, more);

	if (!cred_issuper(cr) && !cred_ingroup(cr, vp->v_gid))
		mode &= ~(uint32_t)S_ISGID;
	if (mode != vp->v_mode)
		KSET(vp->v_mode, mode);
}

/* xa, in hand, is linked or freed; NULL: the list goes. */
static int
change(struct vnode *vp, const struct cred *cr, const char *name,
    struct xattr *xa)
{
	bool isdef = is_default(name), used = false, more = true;
	struct xattr *old = NULL;
	int error = 0;

	kmutex_enter(&vp->v_lock);
	if (vp->v_type == VLNK)
		error = EOPNOTSUPP;
	else if (isdef && vp->v_type != VDIR)
		error = xa != NULL ? EACCES : 0;
	else if (cr->cr_fsuid != vp->v_uid && !cred_issuper(cr))
		error = EPERM;
	else if (xa != NULL && !in_order(xa))
		error = EINVAL;
	else
		used = true;
	if (used) {
		if (xa != NULL && !isdef)
			apply_mode(vp, cr, xa, &more);
		used = more;
		old = replace(vp, name, more ? xa : NULL);
		vnode_touch(vp, VTOUCH_CTIME);
		klog_commit();
	}
	kmutex_exit(&vp->v_lock);
	if (old != NULL)
		kmem_free(old);
	if (xa != NULL && !used)
		kmem_free(xa);
	return error;
}

int
acl_set(struct vnode *vp, const struct cred *cr, struct xattr *xa)
{
	bool isdef = is_default(xa->x_name);
	int error = vp->v_type == VLNK ? EOPNOTSUPP : check_head(xa);

	if (error == 0 && xa->x_size > HEAD) {
		normalize(xa);
		return change(vp, cr, xa->x_name, xa);
	}
	kmem_free(xa);
	return error != 0 ?
	    error :
	    acl_remove(vp, cr, isdef ? ACL_XATTR_DEFAULT : ACL_XATTR_ACCESS);
}

int
acl_remove(struct vnode *vp, const struct cred *cr, const char *name)
{
	return change(vp, cr, name, NULL);
}

int
acl_copyout(const struct vnode *vp, const struct xattr *xa, void *uvalue)
{
	bool isdef = is_default(xa->x_name);
	char *to = uvalue;
	struct aclent ae;
	int error;
	size_t i;

	error = copyout(xattr_value(xa), to, HEAD);
	for (i = 0; i < nents(xa) && error == 0; i++) {
		ae = entry(xa, i);
		if (!isdef && ae.ae_tag == AT_USER_OBJ)
			ae.ae_perm = vp->v_mode >> 6 & 7;
		else if (!isdef && ae.ae_tag == AT_MASK)
			ae.ae_perm = vp->v_mode >> 3 & 7;
		else if (!isdef && ae.ae_tag == AT_OTHER)
			ae.ae_perm = vp->v_mode & 7;
		error = copyout(&ae, to + HEAD + i * sizeof(ae), sizeof(ae));
	}
	return error;
}

/* --- New objects ------------------------------------------------------------ */

uint32_t
acl_newmode(struct vnode *dvp, uint32_t mode, uint32_t umask)
{
	const struct xattr *xa;
	bool more;

	if (likely(!(KREAD(dvp->v_attrs) & VATTR_DEFACL)))
		return mode & ~umask;
	kmutex_enter(&dvp->v_lock);
	xa = list_of(dvp, ACL_XATTR_DEFAULT);
	mode &= xa != NULL ? ~0777U | mode_of(xa, &more) : ~umask;
	kmutex_exit(&dvp->v_lock);
	return mode;
}

/* A copy of the directory's list under this name, in hand, or NULL: no memory. */
static struct xattr *
copy(const struct xattr *from, const char *name)
{
	size_t namelen = strlen(name);
	struct xattr *xa;

	xa = kmem_alloc(sizeof(*xa) + namelen + 1 + from->x_size);
	if (xa == NULL)
		return NULL;
	xa->x_size = from->x_size;
	xa->x_namelen = namelen;
	memcpy(xa->x_name, name, namelen + 1);
	memcpy(xattr_value(xa), xattr_value(from), from->x_size);
	return xa;
}

int
acl_inherit(struct vnode *dvp, struct vnode *vp)
{
	struct xattr *from, *xa = NULL, *def = NULL;
	bool more = false, failed = false;

	if (likely(!(KREAD(dvp->v_attrs) & VATTR_DEFACL)) || vp->v_type == VLNK)
		return 0;
	kmutex_enter(&dvp->v_lock);
	from = list_of(dvp, ACL_XATTR_DEFAULT);
	if (from != NULL) {
		(void)mode_of(from, &more);
		if (more)
			xa = copy(from, ACL_XATTR_ACCESS);
		if (vp->v_type == VDIR)
			def = copy(from, ACL_XATTR_DEFAULT);
		failed = (more && xa == NULL) ||
		    (vp->v_type == VDIR && def == NULL);
	}
	kmutex_exit(&dvp->v_lock);
	if (!failed && xa != NULL)
		replace(vp, ACL_XATTR_ACCESS, xa);
	if (!failed && def != NULL)
		replace(vp, ACL_XATTR_DEFAULT, def);
	klog_commit();
	return failed ? ENOSPC : 0; /* what is in hand, the caller releases */
}
