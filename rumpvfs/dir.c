/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir: the names in directories; see dir.h.
 */
#include "rumpvfs/dir.h"

#include <sys/stat.h>

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/acl.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/namei.h"
#include "rumpvfs/namehash.h"
#include "rumpvfs/procfs.h"

#define MAY_WX 3 /* W_OK | X_OK */

/* Sparse: a kernel with few names touches few of its pages. */
#define DIR_BUCKETS (1UL << 18)

static inline struct dirent **
bucket(uint64_t hash)
{
	struct vfs_state *vs = ARENA->a_vfs;

	return &vs->vs_hash[hash & vs->vs_hashmask];
}

uint64_t
dir_hash(const struct vnode *dvp, const char *name, size_t len)
{
	uint64_t h = 0, w;

	for (; len >= 8; len -= 8, name += 8) {
		__builtin_memcpy(&w, name, 8);
		h = namehash_word(h, w);
	}
	__builtin_memcpy(&w, name, 8);
	w &= (1UL << len * 8) - 1;
	return namehash_end(namehash_word(h, w), dvp);
}

static inline bool
samename(const struct dirent *de, const char *name, size_t len)
{
	const char *p = de->de_name;
	uint64_t u, v;

	for (; len >= 8; len -= 8, p += 8, name += 8) {
		__builtin_memcpy(&u, p, 8);
		__builtin_memcpy(&v, name, 8);
		if (u != v)
			return false;
	}
	__builtin_memcpy(&u, p, 8);
	__builtin_memcpy(&v, name, 8);
	return ((u ^ v) & ((1UL << len * 8) - 1)) == 0;
}

struct dirent *
dir_find(const struct vnode *dvp, const char *name, size_t len, uint64_t hash)
{
	struct dirent *de;

	for (de = *bucket(hash); de != NULL; de = de->de_next)
		if (de->de_hash == hash >> 32 && de->de_dvp == dvp &&
		    de->de_namelen == len && samename(de, name, len))
			return de;
	return NULL;
}

static uint64_t
nextcookie(const struct vnode *dvp)
{

	return kmax(dvp->v_dir.d_nextcookie, (uint64_t)DIR_FIRSTCOOKIE);
}

int
dir_slot(struct vnode *dvp, const char *name, size_t len, size_t nth,
    struct dirslot *ds)
{
	struct dirent *de;

	KASSERT(len > 0 && len <= DIR_NAMEMAX);
	ds->ds_rr.rr_n = 0;
	/* A word more than the name: samename() reads one past whole words. */
	de = kmem_alloc(sizeof(*de) + (len & ~7UL) + 8);
	if (de == NULL)
		return ENOSPC;
	ds->ds_de = de;
	ds->ds_hash = dir_hash(dvp, name, len);
	de->de_dvp = dvp;
	de->de_hash = ds->ds_hash >> 32;
	de->de_namelen = len;
	memcpy(de->de_name, name, len);
	return radix_prepare(&dvp->v_dir.d_entries, nextcookie(dvp), nth,
	    &ds->ds_rr);
}

void
dir_unslot(struct dirslot *ds)
{

	if (ds->ds_rr.rr_n > 0)
		radix_unreserve(&ds->ds_rr);
}

void
dir_enter(struct vnode *dvp, struct dirslot *ds, struct vnode *vp)
{
	struct dirent *de = ds->ds_de, **head = bucket(ds->ds_hash);
	uint64_t cookie = nextcookie(dvp);

	KASSERT(kmutex_owned(&dvp->v_fs->fs_lock));
	de->de_vp = vp;
	de->de_cookie = cookie;
	de->de_next = *head;
	KSET(*head, de);
	khand_drop(de);
	radix_set(&dvp->v_dir.d_entries, cookie, (uint64_t)(uintptr_t)de,
	    &ds->ds_rr);
	KSET(dvp->v_dir.d_nextcookie, cookie + 1);
	KSET(dvp->v_dir.d_count, dvp->v_dir.d_count + 1);
	if (vp->v_name == NULL)
		KSET(vp->v_name, de);
	if (vp->v_type == VDIR)
		KSET(vp->v_dir.d_parent, dvp);
	inotify_entered(vp, dvp);
}

void
dir_leave(struct dirent *de)
{
	struct vnode *dvp = de->de_dvp, *vp = de->de_vp;
	struct dirent **pp;

	KASSERT(kmutex_owned(&dvp->v_fs->fs_lock));
	pp = bucket(dir_hash(dvp, de->de_name, de->de_namelen));
	while (*pp != de)
		pp = &(*pp)->de_next;
	KSET(*pp, de->de_next);
	radix_clear(&dvp->v_dir.d_entries, de->de_cookie);
	KSET(dvp->v_dir.d_count, dvp->v_dir.d_count - 1);
	if (vp->v_name == de)
		KSET(vp->v_name, NULL);
	khand_add(KHAND_MEM, de);
}

/* --- Permission ----------------------------------------------------------- */

int
dir_mayinsert(const struct nameidata *nd)
{

	if (nd->nd_dvp->v_nlink == 0)
		return ENOENT;
	if (proc_isnode(nd->nd_dvp))
		return EPERM;
	return vnode_access(nd->nd_dvp, &nd->nd_cred, MAY_WX);
}

int
dir_mayremove(const struct nameidata *nd, bool isdir)
{
	const struct vnode *dvp = nd->nd_dvp, *vp = nd->nd_vp;
	uint32_t uid = nd->nd_cred.cr_fsuid;
	int error;

	error = vnode_access(nd->nd_dvp, &nd->nd_cred, MAY_WX);
	if (error != 0)
		return error;
	if (proc_isnode(vp) || fileattr_appendonly(dvp) || fileattr_fixed(vp))
		return EPERM;
	if ((dvp->v_mode & S_ISVTX) && uid != vp->v_uid && uid != dvp->v_uid &&
	    !cred_issuper(&nd->nd_cred))
		return EPERM;
	if (isdir && vp->v_type != VDIR)
		return ENOTDIR;
	if (isdir && vp == vp->v_fs->fs_root)
		return EBUSY;
	if (!isdir && vp->v_type == VDIR)
		return EISDIR;
	return 0;
}

/* --- Several locks -------------------------------------------------------- */

void
vlocks_add(struct vlocks *vl, struct vnode *vp)
{
	int i, j;

	if (vp == NULL)
		return;
	for (i = 0; i < vl->vl_n && vl->vl_vp[i] < vp; i++)
		continue;
	if (i < vl->vl_n && vl->vl_vp[i] == vp)
		return;
	for (j = vl->vl_n++; j > i; j--)
		vl->vl_vp[j] = vl->vl_vp[j - 1];
	vl->vl_vp[i] = vp;
}

void
vlocks_enter(struct vlocks *vl)
{
	int i;

	for (i = 0; i < vl->vl_n; i++)
		kmutex_enter(&vl->vl_vp[i]->v_lock);
}

void
vlocks_exit(struct vlocks *vl)
{
	int i;

	for (i = vl->vl_n; i-- > 0;)
		kmutex_exit(&vl->vl_vp[i]->v_lock);
}

/* --- Making and unmaking -------------------------------------------------- */

int
dir_vnode(const struct nameidata *nd, enum vtype type, uint32_t mode,
    uint32_t rdev, struct vnode **vpp)
{
	const struct vnode *dvp = nd->nd_dvp;
	const struct cred *cred = &nd->nd_cred;
	uint32_t gid = cred->cr_fsgid;
	int error;

	/* As Linux: the umask comes after the setgid bit was looked at. */
	if (dvp->v_mode & S_ISGID) {
		gid = dvp->v_gid;
		if (type != VDIR &&
		    (mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
		    !cred_ingroup(cred, gid) && !cred_issuper(cred))
			mode &= ~S_ISGID;
	}
	if (type != VLNK)
		mode = acl_newmode(nd->nd_dvp, mode, nd->nd_l->l_proc->p_umask);
	if (type == VDIR && (dvp->v_mode & S_ISGID))
		mode |= S_ISGID;
	error = vnode_alloc(dvp->v_fs, type, mode, cred->cr_fsuid, gid, vpp);
	if (error == 0) {
		(*vpp)->v_rdev = rdev;
		(*vpp)->v_attrs = dvp->v_attrs & FILEATTR_INHERITED;
		error = acl_inherit(nd->nd_dvp, *vpp);
	}
	return error;
}

void
dir_fileref(struct file *f, struct vnode *vp)
{

	KSET(f->f_data, vp);
	KSET(f->f_vnode, vp);
}

void
dir_enternew(struct vnode *dvp, struct dirslot *ds, struct vnode *vp,
    struct file *f)
{

	dir_enter(dvp, ds, vp);
	KSET(vp->v_nlink, vp->v_type == VDIR ? 2 : 1);
	KSET(vp->v_flags, vp->v_flags & ~VNODE_PROTO);
	if (f != NULL)
		dir_fileref(f, vp);
	else
		KSET(vp->v_usecount, 0);
	khand_drop(vp);
}

/*
 * A symlink's target, or what a socket is bound at: in hand until dir_create()
 * links it.
 */
static int
copytarget(struct vnode *vp, const char *target, char **copyp)
{
	size_t len = strlen(target);
	char *copy;

	/* namei reads words. */
	copy = kmem_alloc(roundup2(len + 1, 8UL) + 8);
	if (copy == NULL)
		return ENOSPC;
	memcpy(copy, target, len + 1);
	if (vp->v_type == VLNK)
		vp->v_size = len;
	*copyp = copy;
	return 0;
}

int
dir_create(struct nameidata *nd, enum vtype type, uint32_t mode, uint32_t rdev,
    const char *target, struct file *f)
{
	struct vnode *dvp = nd->nd_dvp, *vp;
	struct dirslot ds;
	char *copy = NULL;
	int error;

	error = dir_mayinsert(nd);
	if (error != 0)
		return error;
	error = dir_vnode(nd, type, mode, rdev, &vp);
	if (error == 0 && target != NULL)
		error = copytarget(vp, target, &copy);
	if (error == 0)
		error = dir_slot(dvp, nd->nd_name, nd->nd_namelen, 1, &ds);
	if (error != 0)
		return error; /* the caller releases the hand */

	kmutex_enter(&dvp->v_lock);
	if (copy != NULL) {
		KSET(vp->v_symlink.l_target, copy);
		khand_drop(copy);
	}
	dir_enternew(dvp, &ds, vp, f);
	if (type == VDIR)
		KSET(dvp->v_nlink, dvp->v_nlink + 1);
	vnode_touch(dvp, VTOUCH_MTIME | VTOUCH_CTIME);
	klog_commit();
	inotify_name(dvp, IN_CREATE | (type == VDIR ? IN_ISDIR : 0),
	    nd->nd_name, nd->nd_namelen, 0);
	kmutex_exit(&dvp->v_lock);
	dir_unslot(&ds);
	nd->nd_vp = vp;
	return 0;
}

void
dir_unlinked(struct vnode *vp, uint32_t nlink)
{

	KSET(vp->v_nlink, nlink);
	if (nlink > 0)
		return;
	KSET(vp->v_flags, vp->v_flags | VNODE_NOLINK);
	if (vp->v_usecount > 0) {
		/* Still open: its ".." stays good. */
		if (vp->v_type == VDIR)
			KSET(vp->v_dir.d_parent->v_usecount,
			    vp->v_dir.d_parent->v_usecount + 1);
		return;
	}
	if (vp->v_type == VDIR)
		KSET(vp->v_dir.d_parent, NULL);
	KSET(vp->v_usecount, 1);
	khand_add(KHAND_VNODE, vp);
}

/* --- Boot and check ------------------------------------------------------- */

void
dir_boot(void)
{
	struct vfs_state *vs = ARENA->a_vfs;

	vs->vs_hashmask = DIR_BUCKETS - 1;
	vs->vs_hash = arena_bootmem(DIR_BUCKETS * sizeof(vs->vs_hash[0]));
}

/* How many names in the whole table a vnode has. */
static uint32_t
countnames(const struct vnode *vp)
{
	struct vfs_state *vs = ARENA->a_vfs;
	struct dirent *de;
	uint32_t n = 0;
	uint64_t i;

	for (i = 0; i <= vs->vs_hashmask; i++)
		for (de = vs->vs_hash[i]; de != NULL; de = de->de_next)
			n += de->de_vp == vp;
	return n;
}

static int
fault(const struct dirent *de, const char *what)
{

	kprintf("rump: name %p, vnode %lu: %s", (const void *)de,
	    (unsigned long)de->de_vp->v_ino, what);
	return 1;
}

/* The names in a directory against its own figures. */
static int
checkdir(const struct vnode *dvp, const struct dirent *self)
{
	uint64_t cookie = 0, n = 0, w;
	uint32_t nsubs = 0;
	struct dirent *de;
	int bad = 0;

	while ((w = radix_next(&dvp->v_dir.d_entries, &cookie)) != 0) {
		de = (struct dirent *)(uintptr_t)w;
		n++;
		nsubs += de->de_vp->v_type == VDIR;
		if (de->de_dvp != dvp || de->de_cookie != cookie)
			bad += fault(de, "in the wrong place");
		cookie++;
	}
	if (n != dvp->v_dir.d_count)
		bad += fault(self, "directory's count of names is wrong");
	if (dvp->v_nlink != 2 + nsubs)
		bad += fault(self, "directory's link count is wrong");
	return bad + radix_check(&dvp->v_dir.d_entries);
}

static int
checkname(const struct dirent *de, uint64_t i)
{
	struct vfs_state *vs = ARENA->a_vfs;
	struct vnode *vp = de->de_vp;
	uint64_t h = dir_hash(de->de_dvp, de->de_name, de->de_namelen);
	int bad = 0;

	if ((h & vs->vs_hashmask) != i || h >> 32 != de->de_hash)
		bad += fault(de, "in the wrong chain");
	if (!kmem_valid(KC_VNODE, vp) || !kmem_valid(KC_VNODE, de->de_dvp))
		return bad + fault(de, "no vnode");
	if (radix_get(&de->de_dvp->v_dir.d_entries, de->de_cookie) !=
	    (uint64_t)(uintptr_t)de)
		bad += fault(de, "not in its directory");
	if (vp->v_nlink == 0 || (vp->v_flags & VNODE_PROTO))
		bad += fault(de, "names a removed vnode");
	if (vp->v_type == VDIR) {
		if (vp->v_name != de || vp->v_dir.d_parent != de->de_dvp)
			bad += fault(de, "directory does not know its name");
		bad += checkdir(vp, de);
	} else if (vp->v_nlink != 1) {
		if (vp->v_nlink != countnames(vp))
			bad += fault(de, "link count is wrong");
	} else if (vp->v_name != NULL && vp->v_name != de) {
		bad += fault(de, "another name for one link");
	}
	return bad;
}

int
dir_check(struct fs *fs)
{
	struct vfs_state *vs = ARENA->a_vfs;
	struct dirent root = { .de_vp = fs->fs_root }, *de;
	uint64_t i;
	int bad;

	bad = checkdir(fs->fs_root, &root);
	for (i = 0; i <= vs->vs_hashmask; i++)
		for (de = vs->vs_hash[i]; de != NULL; de = de->de_next)
			bad += checkname(de, i);
	return bad;
}
