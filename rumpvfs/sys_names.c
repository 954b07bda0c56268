/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_names: the calls that make and remove names.  Each changes everything it
 * changes in one commit.
 */
#include <linux/fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/dir.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/namei.h"
#include "rumpvfs/twopaths.h"
#include "syscalls/sysargs.h"

/* Let go of the name lock, then of what came in hand under it. */
static int
done(struct nameidata *nd, uint32_t mark, int error)
{

	namei_done(nd);
	khand_release_to(mark);
	return error;
}

/* --- Making --------------------------------------------------------------- */

/* Find the place of a new name, which must be free. */
static int
lookupnew(struct nameidata *nd, struct lwp *l, int dirfd, const char *path,
    bool isdir)
{
	int error;

	error = namei_lookup(nd, l, dirfd, path, NAMEI_PARENT | NAMEI_CREATE);
	if (error != 0)
		return error;
	if (nd->nd_vp != NULL)
		error = EEXIST;
	else if (nd->nd_slash && !isdir)
		error = ENOENT;
	if (error != 0)
		namei_done(nd);
	return error;
}

int
sys_mkdirat(struct lwp *l, const struct sys_mkdirat_args *a, long *retval)
{
	uint32_t mark = khand_mark();
	struct nameidata nd;
	int error;

	(void)retval;
	error = lookupnew(&nd, l, a->dirfd, a->path, true);
	if (error != 0)
		return error;
	return done(&nd, mark,
	    dir_create(&nd, VDIR, a->mode & 01777, 0, NULL, NULL));
}

static int
mknodtype(uint32_t mode, enum vtype *type)
{

	switch (mode & S_IFMT) {
	case 0:
	case S_IFREG:
		*type = VREG;
		return 0;
	case S_IFCHR:
		*type = VCHR;
		return 0;
	case S_IFBLK:
		*type = VBLK;
		return 0;
	case S_IFIFO:
		*type = VFIFO;
		return 0;
	case S_IFSOCK:
		*type = VSOCK;
		return 0;
	case S_IFDIR:
		return EPERM;
	default:
		return EINVAL;
	}
}

int
sys_mknodat(struct lwp *l, const struct sys_mknodat_args *a, long *retval)
{
	uint32_t mark = khand_mark();
	uint32_t rdev = 0;
	struct nameidata nd;
	enum vtype type;
	int error;

	(void)retval;
	error = mknodtype(a->mode, &type);
	if (error != 0)
		return error;
	error = lookupnew(&nd, l, a->dirfd, a->path, false);
	if (error != 0)
		return error;
	if (type == VCHR || type == VBLK) {
		rdev = a->dev;
		error = dir_mayinsert(&nd);
		/* 0:0 is a whiteout, which anybody may make. */
		if (error == 0 && !(type == VCHR && rdev == 0) &&
		    !cred_issuper(&nd.nd_cred))
			error = EPERM;
	}
	if (error == 0)
		error = dir_create(&nd, type, a->mode & 07777, rdev, NULL,
		    NULL);
	return done(&nd, mark, error);
}

int
sys_symlinkat(struct lwp *l, const struct sys_symlinkat_args *a, long *retval)
{
	uint32_t mark = khand_mark();
	struct nameidata nd;
	int error;

	(void)retval;
	error = namei_copy(a->target, 2, 0);
	if (error != 0)
		return error;
	error = lookupnew(&nd, l, a->newdirfd, a->linkpath, false);
	if (error != 0)
		return error;
	return done(&nd, mark,
	    dir_create(&nd, VLNK, 0777, 0, curcpu()->c_path[2], NULL));
}

/* --- link ----------------------------------------------------------------- */

/*
 * Who neither owns a file nor may write it makes no link to it: the hosts'
 * fs.protected_hardlinks, which keeps programs' old versions from being kept.
 */
static bool
maylink(struct vnode *vp, const struct cred *cr)
{

	if (cr->cr_fsuid == vp->v_uid || cred_issuper(cr))
		return true;
	return vp->v_type == VREG && (vp->v_mode & S_ISUID) == 0 &&
	    (vp->v_mode & (S_ISGID | S_IXGRP)) != (S_ISGID | S_IXGRP) &&
	    vnode_access(vp, cr, R_OK | W_OK) == 0;
}

static int
dolink(struct nameidata *nd, struct vnode *vp)
{
	struct vnode *dvp = nd->nd_dvp;
	struct vlocks vl = { .vl_n = 0 };
	struct dirslot ds;
	int error;

	error = dir_mayinsert(nd);
	if (error != 0)
		return error;
	if (vp->v_type == VDIR || fileattr_fixed(vp))
		return EPERM;
	if (vp->v_nlink == 0 && (vp->v_flags & VNODE_NOLINK))
		return ENOENT;
	error = dir_slot(dvp, nd->nd_name, nd->nd_namelen, 1, &ds);
	if (error != 0)
		return error;
	vlocks_add(&vl, dvp);
	vlocks_add(&vl, vp);
	vlocks_enter(&vl);
	dir_enter(dvp, &ds, vp);
	KSET(vp->v_nlink, vp->v_nlink + 1);
	vnode_touch(vp, VTOUCH_CTIME);
	vnode_touch(dvp, VTOUCH_MTIME | VTOUCH_CTIME);
	klog_commit();
	inotify_self(vp, IN_ATTRIB);
	inotify_name(dvp, IN_CREATE, nd->nd_name, nd->nd_namelen, 0);
	vlocks_exit(&vl);
	dir_unslot(&ds);
	return 0;
}

int
sys_linkat(struct lwp *l, const struct sys_linkat_args *a, long *retval)
{
	uint32_t mark = khand_mark();
	struct nameidata *nd;
	struct twopaths tp;
	int error, flags = 0;

	(void)retval;
	if ((a->flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | AT_PROCFD)) ||
	    ((a->flags & AT_PROCFD) && !(l->l_proc->p_flags & PROC_HIJACK)))
		return EINVAL;
	if (a->flags & AT_SYMLINK_FOLLOW)
		flags |= NAMEI_FOLLOW;
	/* Or a descriptor passed on would let others give its file names. */
	if (a->flags & AT_PROCFD)
		flags |= NAMEI_EMPTY;
	else if (a->flags & AT_EMPTY_PATH)
		flags |= NAMEI_EMPTY | NAMEI_OPENER;
	error = twopaths_lookup(&tp, l, a->olddirfd, a->oldpath, flags,
	    a->newdirfd, a->newpath, NAMEI_PARENT | NAMEI_CREATE);
	if (error != 0)
		return error;
	nd = &tp.tp_new;
	if (nd->nd_vp != NULL)
		error = EEXIST;
	else if (nd->nd_slash)
		error = ENOENT;
	else if (nd->nd_dvp->v_nlink == 0)
		error = ENOENT;
	else if (!maylink(tp.tp_old.nd_vp, &nd->nd_cred))
		error = EPERM;
	else
		error = dolink(nd, tp.tp_old.nd_vp);
	return twopaths_done(&tp, mark, error);
}

/* --- unlink, rmdir -------------------------------------------------------- */

/* The locks are held, and vp in hand if it is to go now. */
static void
tell_unlinked(const struct nameidata *nd)
{
	struct vnode *vp = nd->nd_vp;
	bool isdir = vp->v_type == VDIR;

	if (!isdir)
		inotify_self(vp, IN_ATTRIB);
	if (vp->v_nlink == 0 && vp->v_name == NULL && khand_has(vp))
		inotify_gone(vp);
	inotify_name(nd->nd_dvp, IN_DELETE | (isdir ? IN_ISDIR : 0),
	    nd->nd_name, nd->nd_namelen, 0);
}

static int
dounlink(struct nameidata *nd)
{
	struct vnode *vp = nd->nd_vp, *dvp = nd->nd_dvp;
	struct vlocks vl = { .vl_n = 0 };
	bool isdir = vp->v_type == VDIR, keep;
	struct dirent *de;

	vlocks_add(&vl, dvp);
	vlocks_add(&vl, vp);
	vlocks_enter(&vl);
	de = dir_find(dvp, nd->nd_name, nd->nd_namelen,
	    dir_hash(dvp, nd->nd_name, nd->nd_namelen));
	keep = unlikely(inotify_keepname(vp, dvp));
	dir_leave(de);
	vnode_touch(vp, VTOUCH_CTIME);
	if (isdir)
		KSET(dvp->v_nlink, dvp->v_nlink - 1);
	vnode_touch(dvp, VTOUCH_MTIME | VTOUCH_CTIME);
	dir_unlinked(vp, isdir ? 0 : vp->v_nlink - 1);
	if (keep && vp->v_nlink == 0)
		inotify_keep(vp, de);
	klog_commit();
	if (unlikely((vp->v_flags | dvp->v_flags) & VNODE_WATCHED))
		tell_unlinked(nd);
	vlocks_exit(&vl);
	return 0;
}

static int
unlinkable(const struct nameidata *nd)
{

	if (nd->nd_dots != 0)
		return EISDIR;
	if (nd->nd_vp == NULL)
		return ENOENT;
	if (nd->nd_slash)
		return nd->nd_vp->v_type == VDIR ? EISDIR : ENOTDIR;
	return dir_mayremove(nd, false);
}

static int
rmdirable(const struct nameidata *nd)
{
	int error;

	switch (nd->nd_dots) {
	case 1:
		return EINVAL;
	case 2:
		return ENOTEMPTY;
	case 3:
		return EBUSY;
	default:
		break;
	}
	if (nd->nd_vp == NULL)
		return ENOENT;
	error = dir_mayremove(nd, true);
	if (error == 0 && nd->nd_vp->v_dir.d_count != 0)
		error = ENOTEMPTY;
	return error;
}

int
sys_unlinkat(struct lwp *l, const struct sys_unlinkat_args *a, long *retval)
{
	uint32_t mark = khand_mark();
	struct nameidata nd;
	int error;

	(void)retval;
	if (a->flags & ~AT_REMOVEDIR)
		return EINVAL;
	error = namei_lookup(&nd, l, a->dirfd, a->path, NAMEI_PARENT);
	if (error != 0)
		return error;
	error = a->flags & AT_REMOVEDIR ? rmdirable(&nd) : unlinkable(&nd);
	if (error == 0)
		error = dounlink(&nd);
	return done(&nd, mark, error);
}
