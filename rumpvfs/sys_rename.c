/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_rename: the call that moves and exchanges names.  It changes everything
 * it changes in one commit.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/dir.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/namei.h"
#include "rumpvfs/twopaths.h"
#include "syscalls/sysargs.h"

#define MAY_W 2 /* W_OK */

/* Is a the directory dvp or one above it? */
static bool
isabove(const struct vnode *a, const struct vnode *dvp)
{

	for (;;) {
		if (a == dvp)
			return true;
		if (dvp == dvp->v_fs->fs_root || dvp->v_dir.d_parent == NULL)
			return false;
		dvp = dvp->v_dir.d_parent;
	}
}

/* The rules about what is renamed to what, before permission. */
static int
renameshape(const struct nameidata *o, const struct nameidata *n,
    unsigned flags)
{
	const struct vnode *ovp = o->nd_vp, *nvp = n->nd_vp;
	bool exchange = (flags & RENAME_EXCHANGE) != 0;

	if (o->nd_dots != 0)
		return EBUSY;
	if (n->nd_dots != 0)
		return flags & RENAME_NOREPLACE ? EEXIST : EBUSY;
	if (ovp == NULL)
		return o->nd_namelen > DIR_NAMEMAX && o->nd_dvp->v_nlink != 0 ?
		    ENAMETOOLONG :
		    ENOENT;
	if (n->nd_dvp->v_nlink == 0)
		return ENOENT;
	if (n->nd_namelen > DIR_NAMEMAX)
		return ENAMETOOLONG;
	if (nvp != NULL && (flags & RENAME_NOREPLACE))
		return EEXIST;
	if (exchange && nvp == NULL)
		return ENOENT;
	if (exchange && nvp->v_type != VDIR && n->nd_slash)
		return ENOTDIR;
	if (ovp->v_type != VDIR && (o->nd_slash || (!exchange && n->nd_slash)))
		return ENOTDIR;
	if (ovp->v_type == VDIR && isabove(ovp, n->nd_dvp))
		return EINVAL;
	if (nvp != NULL && nvp->v_type == VDIR && isabove(nvp, o->nd_dvp))
		return exchange ? EINVAL : ENOTEMPTY;
	return 0;
}

static int
renameaccess(const struct nameidata *o, const struct nameidata *n,
    bool exchange)
{
	bool odir = o->nd_vp->v_type == VDIR;
	bool ndir = n->nd_vp != NULL && n->nd_vp->v_type == VDIR;
	int error;

	error = dir_mayremove(o, odir);
	if (error == 0)
		error = n->nd_vp == NULL ?
		    dir_mayinsert(n) :
		    dir_mayremove(n, exchange ? ndir : odir);
	/* A directory that moves elsewhere gets another "..". */
	if (error == 0 && o->nd_dvp != n->nd_dvp) {
		if (odir)
			error = vnode_access(o->nd_vp, &o->nd_cred, MAY_W);
		if (error == 0 && exchange && ndir)
			error = vnode_access(n->nd_vp, &n->nd_cred, MAY_W);
	}
	if (error == 0 && ndir && !exchange && n->nd_vp->v_dir.d_count != 0)
		error = ENOTEMPTY;
	return error;
}

static struct dirent *
nd_dirent(const struct nameidata *nd)
{

	return dir_find(nd->nd_dvp, nd->nd_name, nd->nd_namelen,
	    dir_hash(nd->nd_dvp, nd->nd_name, nd->nd_namelen));
}

/* Logged: the name de names vp from now on; vp's name was `was'. */
static void
setname(struct dirent *de, struct vnode *vp, const struct dirent *was)
{

	KSET(de->de_vp, vp);
	if (vp->v_name == was || vp->v_name == NULL)
		KSET(vp->v_name, de);
	if (vp->v_type == VDIR)
		KSET(vp->v_dir.d_parent, de->de_dvp);
	inotify_entered(vp, de->de_dvp);
}

/* Logged: a directory moves from one to the other. */
static void
movelink(const struct vnode *vp, struct vnode *from, struct vnode *to)
{

	if (vp->v_type != VDIR || from == to)
		return;
	KSET(from->v_nlink, from->v_nlink - 1);
	KSET(to->v_nlink, to->v_nlink + 1);
}

static void
exchangenames(struct nameidata *o, struct nameidata *n)
{
	struct dirent *ode = nd_dirent(o), *nde = nd_dirent(n);

	setname(ode, n->nd_vp, nde);
	setname(nde, o->nd_vp, ode);
	movelink(o->nd_vp, o->nd_dvp, n->nd_dvp);
	movelink(n->nd_vp, n->nd_dvp, o->nd_dvp);
}

/* The new name is there: it names the old vnode, and its own has gone. */
static void
replacename(struct nameidata *o, struct nameidata *n, struct dirent *ode,
    struct dirent *kept)
{
	struct dirent *nde = nd_dirent(n);
	struct vnode *gone = n->nd_vp;
	bool keep = kept != NULL && inotify_keepname(gone, n->nd_dvp);

	if (gone->v_name == nde)
		KSET(gone->v_name, NULL);
	dir_leave(ode);
	setname(nde, o->nd_vp, ode);
	movelink(o->nd_vp, o->nd_dvp, n->nd_dvp);
	if (gone->v_type == VDIR)
		KSET(n->nd_dvp->v_nlink, n->nd_dvp->v_nlink - 1);
	dir_unlinked(gone, gone->v_type == VDIR ? 0 : gone->v_nlink - 1);
	if (keep && gone->v_nlink == 0)
		inotify_keep(gone, kept);
}

static void
movename(struct nameidata *o, struct nameidata *n, struct dirent *ode,
    struct dirslot *ds)
{

	dir_enter(n->nd_dvp, ds, o->nd_vp);
	dir_leave(ode);
	setname(ds->ds_de, o->nd_vp, NULL);
	movelink(o->nd_vp, o->nd_dvp, n->nd_dvp);
}

/* What changes besides the names themselves is locked and has its times. */
static void
rename_enter(struct nameidata *o, struct nameidata *n, struct vlocks *vl)
{

	vlocks_add(vl, o->nd_dvp);
	vlocks_add(vl, n->nd_dvp);
	vlocks_add(vl, o->nd_vp);
	vlocks_add(vl, n->nd_vp);
	vlocks_enter(vl);
	vnode_touch(o->nd_dvp, VTOUCH_MTIME | VTOUCH_CTIME);
	if (n->nd_dvp != o->nd_dvp)
		vnode_touch(n->nd_dvp, VTOUCH_MTIME | VTOUCH_CTIME);
	vnode_touch(o->nd_vp, VTOUCH_CTIME);
	if (n->nd_vp != NULL)
		vnode_touch(n->nd_vp, VTOUCH_CTIME);
}

/*
 * The whiteout that takes the place of the old name, a character device 0:0, and
 * room for its name.
 */
static int
makewhiteout(struct nameidata *o, struct dirslot *ds, struct vnode **vpp)
{
	int error;

	error = dir_vnode(o, VCHR, 0, 0, vpp);
	if (error == 0)
		error = dir_slot(o->nd_dvp, o->nd_name, o->nd_namelen, 1, ds);
	return error;
}

/* What inotify is to keep of a name that another object gets; in hand. */
static struct dirent *
copyname(const struct nameidata *nd)
{
	size_t size = sizeof(struct dirent) + nd->nd_namelen;
	struct dirent *de;

	if (!inotify_keepname(nd->nd_vp, nd->nd_dvp))
		return NULL;
	de = kmem_alloc(size);
	if (de != NULL)
		memcpy(de, nd_dirent(nd), size);
	return de;
}

/* One direction; the locks are held. */
static void
tell_moved(const struct nameidata *o, const struct nameidata *n,
    struct vnode *replaced)
{
	uint32_t isdir = o->nd_vp->v_type == VDIR ? IN_ISDIR : 0;
	uint32_t cookie = inotify_cookie();

	inotify_name(o->nd_dvp, IN_MOVED_FROM | isdir, o->nd_name,
	    o->nd_namelen, cookie);
	inotify_name(n->nd_dvp, IN_MOVED_TO | isdir, n->nd_name, n->nd_namelen,
	    cookie);
	if (o->nd_dvp == n->nd_dvp)
		inotify_name(o->nd_dvp, INOTIFY_RENAMED, NULL, 0, 0);
	if (replaced != NULL)
		inotify_self(replaced, IN_ATTRIB);
	inotify_self(o->nd_vp, IN_MOVE_SELF);
}

static inline bool
anywatched(const struct nameidata *o, const struct nameidata *n)
{
	uint8_t flags = o->nd_vp->v_flags | o->nd_dvp->v_flags |
	    n->nd_dvp->v_flags | (n->nd_vp != NULL ? n->nd_vp->v_flags : 0);

	return (flags & VNODE_WATCHED) != 0;
}

static void
tell_renamed(const struct nameidata *o, const struct nameidata *n,
    unsigned flags)
{
	if (flags & RENAME_EXCHANGE) {
		tell_moved(o, n, NULL);
		tell_moved(n, o, NULL);
	} else {
		tell_moved(o, n, n->nd_vp);
	}
}

static int
dorename(struct nameidata *o, struct nameidata *n, unsigned flags)
{
	struct dirent *ode = nd_dirent(o), *kept = NULL;
	struct vlocks vl = { .vl_n = 0 };
	struct vnode *white = NULL;
	struct dirslot ds, ws;
	int error = 0;

	ds.ds_rr.rr_n = ws.ds_rr.rr_n = 0;
	if (flags & RENAME_WHITEOUT)
		error = makewhiteout(o, &ws, &white);
	if (error == 0 && n->nd_vp == NULL)
		error = dir_slot(n->nd_dvp, n->nd_name, n->nd_namelen, 2, &ds);
	if (error != 0)
		return error; /* the caller releases the hand */
	if (n->nd_vp != NULL && !(flags & RENAME_EXCHANGE))
		kept = copyname(n);
	rename_enter(o, n, &vl);
	if (white != NULL)
		dir_enternew(o->nd_dvp, &ws, white, NULL);
	if (flags & RENAME_EXCHANGE)
		exchangenames(o, n);
	else if (n->nd_vp != NULL)
		replacename(o, n, ode, kept);
	else
		movename(o, n, ode, &ds);
	klog_commit();
	if (unlikely(anywatched(o, n)))
		tell_renamed(o, n, flags);
	vlocks_exit(&vl);
	dir_unslot(&ws);
	dir_unslot(&ds);
	return 0;
}

int
sys_renameat2(struct lwp *l, const struct sys_renameat2_args *a, long *retval)
{
	bool exchange = (a->flags & RENAME_EXCHANGE) != 0;
	uint32_t mark = khand_mark();
	struct twopaths tp;
	int error;

	(void)retval;
	if ((a->flags &
		~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) ||
	    (exchange && a->flags != RENAME_EXCHANGE))
		return EINVAL;
	error = twopaths_lookup(&tp, l, a->olddirfd, a->oldpath,
	    NAMEI_PARENT | NAMEI_LATE, a->newdirfd, a->newpath,
	    NAMEI_PARENT | NAMEI_LATE);
	if (error != 0)
		return error;
	error = renameshape(&tp.tp_old, &tp.tp_new, a->flags);
	/* Two names of one object: nothing to do, says POSIX. */
	if (error == 0 && tp.tp_old.nd_vp != tp.tp_new.nd_vp) {
		error = renameaccess(&tp.tp_old, &tp.tp_new, exchange);
		if (error == 0)
			error = dorename(&tp.tp_old, &tp.tp_new, a->flags);
	}
	return twopaths_done(&tp, mark, error);
}
