/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * namei: from a path to a vnode.
 *
 * Theory of operation
 *
 *	The path is copied in once.  A symlink is not expanded into it: its
 *	target is walked where it lies (no vnode can go while the name lock is
 *	held), and what was left of the string before waits on a stack.  A string
 *	is stacked only if a component is left in it, so a component is the
 *	last one exactly when its string ends after it and the stack is empty.
 */
#include "rumpvfs/namei.h"

#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "lwproc/file.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpvfs/acl.h"
#include "rumpvfs/dir.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/namehash.h"
#include "rumpvfs/vnode.h"

#define NAMEI_MAXLINKS 40 /* as the host */
#define MAY_X          1  /* X_OK */
#define MAY_W          2  /* W_OK */

#define BYTES(b) (0x0101010101010101UL * (b))

struct walk {
	struct nameidata *w_nd;
	struct vnode *w_dvp;  /* where we are */
	struct vnode *w_root; /* what "/" is, and where ".." ends */
	const char *w_next;   /* the rest of the string */
	bool w_hijack;        /* beyond w_root is the host */
	int w_nlinks;         /* symlinks followed */
	int w_nrest;
	const char *w_rest[NAMEI_MAXLINKS];
};

/* One component of a path. */
struct comp {
	const char *c_name;
	size_t c_len;
	uint64_t c_hash;    /* of the name, without the directory */
	const char *c_end;  /* where the name ends */
	const char *c_next; /* the next component, or the string's end */
	bool c_last;
};

/* --- Permission ----------------------------------------------------------- */

int
vnode_access(struct vnode *vp, const struct cred *cred, int mode)
{
	uint32_t bits = vp->v_mode;

	if ((mode & MAY_W) && fileattr_immutable(vp))
		return EPERM;
	if (cred_issuper(cred)) {
		if ((mode & MAY_X) && vp->v_type != VDIR && !(bits & 0111))
			return EACCES;
		return 0;
	}
	if (cred->cr_fsuid == vp->v_uid)
		bits >>= 6;
	else if (unlikely(KREAD(vp->v_attrs) & VATTR_ACL) && (bits & 070))
		return acl_access(vp, cred, mode);
	else if (cred_ingroup(cred, vp->v_gid))
		bits >>= 3;
	return (mode & ~bits & 7) != 0 ? EACCES : 0;
}

/* May we look names up in it? */
static inline int
searchable(struct vnode *dvp, const struct cred *cred)
{

	if (unlikely(dvp->v_type != VDIR))
		return ENOTDIR;
	if (likely((dvp->v_mode & 0111) == 0111 &&
		!(KREAD(dvp->v_attrs) & VATTR_ACL)))
		return 0;
	return vnode_access(dvp, cred, MAY_X);
}

/* --- Strings -------------------------------------------------------------- */

static inline const char *
skip(const char *p)
{

	while (*p == '/')
		p++;
	return p;
}

/* Bytes of a word that end a component: the lowest marked one is exact. */
static inline uint64_t
ends(uint64_t w)
{
	uint64_t s = w ^ BYTES((uint64_t)'/');

	return (((w - BYTES(1UL)) & ~w) | ((s - BYTES(1UL)) & ~s)) &
	    BYTES(0x80UL);
}

/* The component at w_next, which is not at a slash or the end. */
static inline void
scan(const struct walk *w, struct comp *c)
{
	const char *p = w->w_next;
	uint64_t h = 0, word, m;

	c->c_name = p;
	for (;; p += 8) {
		__builtin_memcpy(&word, p, 8);
		m = ends(word);
		if (m != 0)
			break;
		h = namehash_word(h, word);
	}
	m = __builtin_ctzl(m) & ~7UL;
	c->c_hash = namehash_word(h, word & ((1UL << m) - 1));
	c->c_end = p + m / 8;
	c->c_len = c->c_end - c->c_name;
	c->c_next = skip(c->c_end);
	c->c_last = *c->c_next == '\0' && w->w_nrest == 0;
}

/* 1: ".", 2: "..". */
static inline int
dots(const struct comp *c)
{

	if (likely(c->c_name[0] != '.'))
		return 0;
	if (c->c_len == 1)
		return 1;
	return c->c_len == 2 && c->c_name[1] == '.' ? 2 : 0;
}

/* --- Leaving for the host ------------------------------------------------- */

/*
 * Put together what is left of the path: the prefix, the rest of the string
 * that we were in, and the strings that wait.
 */
static int
tohost(struct walk *w, const char *prefix, const char *rest)
{
	char *buf = curcpu()->c_path[1], *p = buf;
	const char *s = prefix;
	int i = -1;

	for (;;) {
		size_t len = strlen(s);

		if (p + len + 2 > buf + KPATH_MAX)
			return ENAMETOOLONG;
		memcpy(p, s, len);
		p += len;
		if (i < 0) {
			s = rest;
			i = w->w_nrest;
			continue;
		}
		if (i-- == 0)
			break;
		*p++ = '/';
		s = w->w_rest[i];
	}
	*p = '\0';
	curcpu()->c_hostpath = buf;
	return KEHOST;
}

/* --- Walking -------------------------------------------------------------- */

static inline int
found(struct nameidata *nd, struct vnode *dvp, struct vnode *vp, int ndots)
{

	nd->nd_dvp = dvp;
	nd->nd_vp = vp;
	nd->nd_dots = ndots;
	return 0;
}

/* "." or ".."; sets w_dvp.  *what as found() has it. */
static int
walkdots(struct walk *w, const struct comp *c, int ndots)
{
	struct vnode *parent;

	if (ndots == 1)
		return 0;
	if (w->w_dvp == w->w_root) {
		if (w->w_nd->nd_resolve & RESOLVE_BENEATH)
			return EXDEV;
		if (!w->w_hijack)
			return 0;
		if (w->w_nd->nd_resolve & RESOLVE_NO_XDEV)
			return EXDEV;
		return tohost(w, "..", *c->c_end == '\0' ? "/" : c->c_end);
	}
	parent = w->w_dvp->v_dir.d_parent;
	if (parent == NULL)
		return ENOENT;
	w->w_dvp = parent;
	return 0;
}

/* The target of an absolute symlink as the kernel sees it; NULL: outside. */
static const char *
below_prefix(const char *target)
{
	const char *prefix = rumpuser_process.ru_prefix;
	size_t n = rumpuser_process.ru_prefixlen;

	if (prefix == NULL || strncmp(target, prefix, n) != 0 ||
	    (target[n] != '/' && target[n] != '\0'))
		return NULL;
	return target + n;
}

static int
follow(struct walk *w, struct vnode *vp, const struct comp *c)
{
	struct nameidata *nd = w->w_nd;
	const char *target = vp->v_symlink.l_target;

	if ((nd->nd_resolve & RESOLVE_NO_SYMLINKS) ||
	    ++w->w_nlinks > NAMEI_MAXLINKS)
		return ELOOP;
	vnode_accessed(vp);
	if (c->c_last && c->c_end != c->c_next)
		nd->nd_slash = true;
	if (*target == '/') {
		if (nd->nd_resolve & RESOLVE_BENEATH)
			return EXDEV;
		if (w->w_hijack && (nd->nd_resolve & RESOLVE_NO_XDEV))
			return EXDEV;
		if (w->w_hijack) {
			const char *below = below_prefix(target);

			if (below == NULL)
				return tohost(w, target, c->c_end);
			target = below;
		}
		w->w_dvp = w->w_root;
	}
	if (*c->c_next != '\0')
		w->w_rest[w->w_nrest++] = c->c_next;
	w->w_next = skip(target);
	return 0;
}

/* The last component names vp (NULL: nothing) in w_dvp. */
static int
last(struct walk *w, const struct comp *c, struct vnode *vp)
{
	struct nameidata *nd = w->w_nd;

	nd->nd_name = c->c_name;
	nd->nd_namelen = c->c_len;
	nd->nd_slash |= c->c_end != c->c_next;
	if (!(nd->nd_flags & NAMEI_PARENT)) {
		if (vp == NULL)
			return ENOENT;
		if ((nd->nd_slash || (nd->nd_flags & NAMEI_DIRECTORY)) &&
		    vp->v_type != VDIR)
			return ENOTDIR;
	}
	return found(nd, w->w_dvp, vp, 0);
}

/* Is a symlink met here to be followed? */
static inline bool
follows(const struct walk *w, const struct comp *c)
{
	const struct nameidata *nd = w->w_nd;

	return !c->c_last || (nd->nd_flags & NAMEI_FOLLOW) ||
	    (!(nd->nd_flags & NAMEI_PARENT) &&
		(nd->nd_slash || c->c_end != c->c_next));
}

static int
walk(struct walk *w)
{
	struct nameidata *nd = w->w_nd;
	struct comp c;
	struct dirent *de;
	struct vnode *vp;
	int error, ndots;

	for (;;) {
		if (unlikely(*w->w_next == '\0')) {
			/* A symlink to "/": go on with what waits. */
			if (w->w_nrest == 0)
				return found(nd, w->w_dvp, w->w_dvp, 3);
			w->w_next = w->w_rest[--w->w_nrest];
		}
		error = searchable(w->w_dvp, &nd->nd_cred);
		if (unlikely(error != 0))
			return error;
		scan(w, &c);
		ndots = dots(&c);
		if (unlikely(ndots != 0)) {
			error = walkdots(w, &c, ndots);
			if (error != 0)
				return error;
			w->w_next = c.c_next;
			if (!c.c_last)
				continue;
			nd->nd_slash |= c.c_end != c.c_next;
			return found(nd, w->w_dvp, w->w_dvp, ndots);
		}
		if (unlikely(c.c_last && c.c_end != c.c_next &&
			(nd->nd_flags & NAMEI_OPEN)))
			return EISDIR;
		if (unlikely(c.c_len > DIR_NAMEMAX)) {
			if (c.c_last && (nd->nd_flags & NAMEI_LATE))
				return last(w, &c, NULL);
			/* A removed directory is not asked about names. */
			return w->w_dvp->v_nlink == 0 ? ENOENT : ENAMETOOLONG;
		}
		de = dir_find(w->w_dvp, c.c_name, c.c_len,
		    namehash_end(c.c_hash, w->w_dvp));
		vp = de != NULL ? de->de_vp : NULL;
		if (vp == NULL && !c.c_last)
			return ENOENT;
		if (vp != NULL && vp->v_type == VLNK && follows(w, &c)) {
			error = follow(w, vp, &c);
			if (error != 0)
				return error;
			continue;
		}
		if (c.c_last)
			return last(w, &c, vp);
		w->w_dvp = vp;
		w->w_next = c.c_next;
	}
}

/* --- Entry points --------------------------------------------------------- */

int
namei_copy(const char *upath, int buf, int flags)
{
	char *path = curcpu()->c_path[buf];
	size_t len;
	int error;

	error = copyinstr(upath, path, KPATH_MAX, &len);
	if (error != 0)
		return error;
	if (len == 1 && !(flags & NAMEI_EMPTY) && curcpu()->c_startfd == 0)
		return ENOENT;
	return 0;
}

static void
setcred(struct nameidata *nd, struct proc *p)
{
	struct cred *to = &nd->nd_cred;
	const struct cred *from = &p->p_cred;
	bool lock = KREAD(p->p_nlwps) > 1;
	uint32_t i;

	if (lock)
		kmutex_enter(&p->p_lock);
	__builtin_memcpy(to, from, offsetof(struct cred, cr_groups));
	for (i = 0; i < to->cr_ngroups; i++)
		to->cr_groups[i] = from->cr_groups[i];
	if (lock)
		kmutex_exit(&p->p_lock);
	if (nd->nd_flags & NAMEI_REALID) {
		to->cr_fsuid = to->cr_ruid;
		to->cr_fsgid = to->cr_rgid;
	}
}

static int
begin(struct nameidata *nd, struct lwp *l, int dirfd, const char *path,
    int flags, int slot)
{

	nd->nd_l = l;
	nd->nd_flags = flags;
	nd->nd_fs = &ARENA->a_vfs->vs_root;
	nd->nd_name = path;
	nd->nd_namelen = 0;
	nd->nd_slash = false;
	nd->nd_path = path;
	nd->nd_slot = slot;
	nd->nd_file = NULL;
	setcred(nd, l->l_proc);
	if (unlikely(curcpu()->c_startfd != 0) && dirfd == AT_FDCWD)
		dirfd = curcpu()->c_startfd - 1;
	if (*path == '/' && (nd->nd_resolve & RESOLVE_BENEATH))
		return EXDEV;
	if (dirfd != AT_FDCWD &&
	    (*path != '/' ||
		(nd->nd_resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)))) {
		nd->nd_file = fd_getfile(l, dirfd, slot);
		if (nd->nd_file == NULL)
			return EBADF;
		if ((flags & NAMEI_OPENER) && !cred_issuper(&nd->nd_cred) &&
		    nd->nd_file->f_cred != nd->nd_cred.cr_id) {
			namei_end(nd);
			nd->nd_file = NULL;
			return ENOENT;
		}
	}
	return 0;
}

int
namei_begin(struct nameidata *nd, struct lwp *l, int dirfd, int buf, int flags)
{

	nd->nd_resolve = 0;
	return begin(nd, l, dirfd, curcpu()->c_path[buf], flags,
	    CPU_NHAZARD - (buf == 0 ? 2 : 1));
}

/* The directory that the walk starts from; p_cdir is stable under fs_lock. */
static int
start(struct nameidata *nd, struct walk *w)
{
	struct proc *p = nd->nd_l->l_proc;
	const char *path = nd->nd_path;

	w->w_root = p->p_rdir;
	w->w_hijack = (p->p_flags & PROC_HIJACK) &&
	    p->p_rdir == nd->nd_fs->fs_root;
	w->w_dvp = p->p_cdir;
	if (nd->nd_file != NULL)
		w->w_dvp = nd->nd_file->f_vnode;
	else if (p->p_flags & PROC_HOSTCWD)
		w->w_dvp = p->p_rdir;
	if (w->w_dvp == NULL)
		return *path == '\0' ? EINVAL : ENOTDIR;
	if (unlikely(nd->nd_resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT))) {
		w->w_root = w->w_dvp;
		w->w_hijack = false;
	}
	/* A path from the host's root came in over a mount point of its. */
	if (w->w_hijack && *path == '/' && (nd->nd_resolve & RESOLVE_NO_XDEV))
		return EXDEV;
	if (*path == '/')
		w->w_dvp = w->w_root;
	else if (*path != '\0' && w->w_dvp->v_type != VDIR)
		return ENOTDIR;
	return 0;
}

int
namei_walk(struct nameidata *nd)
{
	struct walk w;
	int error;

	KASSERT(kmutex_owned(&nd->nd_fs->fs_lock));
	error = start(nd, &w);
	if (error != 0)
		return error;
	if (*nd->nd_path == '\0') {
		/* AT_EMPTY_PATH */
		if ((nd->nd_flags & NAMEI_DIRECTORY) && w.w_dvp->v_type != VDIR)
			return ENOTDIR;
		return found(nd, NULL, w.w_dvp, 3);
	}
	w.w_nd = nd;
	w.w_next = skip(nd->nd_path);
	w.w_nlinks = 0;
	w.w_nrest = 0;
	return walk(&w);
}

void
namei_end(struct nameidata *nd)
{

	if (nd->nd_file != NULL)
		fd_done(nd->nd_l, nd->nd_file, nd->nd_slot);
}

void
namei_done(struct nameidata *nd)
{

	kmutex_exit(&nd->nd_fs->fs_lock);
	namei_end(nd);
}

static int
lookup(struct nameidata *nd, struct lwp *l, int dirfd, const char *path,
    int flags)
{
	int error;

	error = begin(nd, l, dirfd, path, flags, CPU_NHAZARD - 2);
	if (error != 0)
		return error;
	kmutex_enter(&nd->nd_fs->fs_lock);
	error = namei_walk(nd);
	if (error != 0)
		namei_done(nd);
	return error;
}

int
namei_lookup_sys(struct nameidata *nd, struct lwp *l, int dirfd,
    const char *path, int flags)
{

	nd->nd_resolve = 0;
	return lookup(nd, l, dirfd, path, flags);
}

int
namei_lookup(struct nameidata *nd, struct lwp *l, int dirfd, const char *upath,
    int flags)
{
	int error;

	error = namei_copy(upath, 0, flags);
	if (error != 0)
		return error;
	nd->nd_resolve = 0;
	return lookup(nd, l, dirfd, curcpu()->c_path[0], flags);
}

int
namei_resolve(struct nameidata *nd, struct lwp *l, int dirfd, const char *upath,
    int flags, uint64_t resolve)
{
	int error;

	error = namei_copy(upath, 0, flags);
	if (error != 0)
		return error;
	nd->nd_resolve = resolve;
	return lookup(nd, l, dirfd, curcpu()->c_path[0], flags);
}

int
namei_path(struct lwp *l, struct vnode *vp, char *buf, size_t size,
    size_t *lenp)
{
	struct fs *fs = &ARENA->a_vfs->vs_root;
	static const char outside[] = "(unreachable)";
	char *p = buf + size;
	const struct dirent *de;
	struct vnode *root;
	int error = 0;

	if (size < 2)
		return ERANGE;
	kmutex_enter(&fs->fs_lock);
	root = l->l_proc->p_rdir;
	if (vp == NULL)
		vp = l->l_proc->p_cdir;
	*--p = '\0';
	for (; vp != root && vp != fs->fs_root; vp = de->de_dvp) {
		de = vp->v_name;
		if (de == NULL || vp->v_nlink == 0)
			error = ENOENT;
		else if ((size_t)(p - buf) < de->de_namelen + sizeof(outside))
			error = ERANGE;
		if (error != 0)
			goto out;
		p -= de->de_namelen;
		memcpy(p, de->de_name, de->de_namelen);
		*--p = '/';
	}
	if (*p == '\0')
		*--p = '/';
	/* As the host says of a current directory above the root. */
	if (vp != root) {
		p -= sizeof(outside) - 1;
		memcpy(p, outside, sizeof(outside) - 1);
	}
	*lenp = buf + size - p;
	memmove(buf, p, *lenp);
out:
	kmutex_exit(&fs->fs_lock);
	return error;
}
