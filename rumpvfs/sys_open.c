/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sys_open: openat and openat2.
 */
#include <linux/fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/dir.h"
#include "rumpvfs/fhandle.h"
#include "rumpvfs/fifo.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/namei.h"
#include "rumpvfs/procfs.h"
#include "rumpvfs/tmpfs_data.h"
#include "rumpvfs/vfs_boot.h"
#include "syscalls/sysargs.h"

#define MAY_W  2 /* W_OK */
#define MAY_R  4 /* R_OK */
#define MAY_WX 3

#define O_VALID                                                               \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |       \
	    O_NONBLOCK | O_SYNC | O_DSYNC | FASYNC | O_DIRECT | O_LARGEFILE | \
	    O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH |       \
	    __O_TMPFILE)
#define O_WITHPATH (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)
/* Not kept in the file. */
#define O_ONCE (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)
#define RESOLVE_VALID                                                    \
	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | \
	    RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED)

struct openreq {
	uint32_t or_flags;
	uint32_t or_mode; /* of a new file */
	uint64_t or_resolve;
	int or_acc;       /* permission asked for */
	bool or_trunc;    /* a file was there, and is to be emptied */
	bool or_reserved; /* or_fd has the number to be */
	int or_fd;
};

/* What both calls check alike; the flags were reduced to valid ones. */
static int
checkflags(struct openreq *rq)
{
	uint32_t flags = rq->or_flags;

	if (flags & __O_SYNC)
		rq->or_flags |= O_DSYNC;
	if ((flags & (O_DIRECTORY | O_CREAT)) == (O_DIRECTORY | O_CREAT))
		return EINVAL;
	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		rq->or_acc = MAY_R;
		break;
	case O_WRONLY:
		rq->or_acc = MAY_W;
		break;
	default:
		rq->or_acc = MAY_R | MAY_W;
		break;
	}
	if (flags & __O_TMPFILE) {
		if (!(flags & O_DIRECTORY) || !(rq->or_acc & MAY_W))
			return EINVAL;
	}
	if (flags & O_PATH)
		rq->or_acc = 0;
	if (flags & O_TRUNC)
		rq->or_acc |= MAY_W;
	rq->or_trunc = false;
	return 0;
}

/* --- The file ------------------------------------------------------------- */

static uint32_t
filemode(uint32_t flags, enum vtype type)
{
	uint32_t mode = 0;

	if (flags & O_PATH)
		return FMODE_PATH;
	if ((flags & O_ACCMODE) == O_RDONLY || (flags & O_ACCMODE) == O_RDWR)
		mode |= FMODE_READ;
	if ((flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR)
		mode |= FMODE_WRITE;
	if (type != VFIFO)
		mode |= FMODE_SEEK;
	return mode;
}

/* A file for a vnode of this type, in hand; it has no vnode yet. */
static struct file *
newfile(const struct openreq *rq, enum vtype type)
{
	uint32_t flags = rq->or_flags & ~O_ONCE;
	enum ftype ft = FTYPE_VNODE;
	struct file *f;

	if (flags & O_PATH)
		ft = FTYPE_PATH;
	else if (type == VFIFO)
		ft = FTYPE_PIPE;
	if (!(flags & O_PATH))
		flags |= O_LARGEFILE;
	f = file_alloc(ft, flags);
	if (f != NULL)
		f->f_mode = filemode(flags, type);
	return f;
}

/* --- The three ways to a vnode; the name lock is held --------------------- */

/* Can nothing be lost by it? */
static bool
appends(uint32_t flags)
{
	return !(flags & O_TRUNC) &&
	    ((flags & O_ACCMODE) == O_RDONLY || (flags & O_APPEND));
}

static int
openexisting(struct nameidata *nd, struct openreq *rq, struct file **fp)
{
	struct vnode *vp = nd->nd_vp;
	struct file *f;
	int error = 0;

	if (!(rq->or_flags & O_PATH)) {
		if (vp->v_type == VLNK)
			return ELOOP;
		if (vp->v_type == VDIR && (rq->or_acc & MAY_W))
			return EISDIR;
		error = vnode_access(vp, &nd->nd_cred, rq->or_acc);
		if (error != 0)
			return error;
		if (fileattr_appendonly(vp) && !appends(rq->or_flags))
			return EPERM;
		if ((rq->or_flags & O_NOATIME) &&
		    nd->nd_cred.cr_fsuid != vp->v_uid &&
		    !cred_issuper(&nd->nd_cred))
			return EPERM;
		if (vp->v_type == VSOCK)
			return ENXIO;
		if (vp->v_type == VFIFO &&
		    (rq->or_flags & O_ACCMODE) == O_ACCMODE)
			return EINVAL;
		if (vp->v_type == VCHR || vp->v_type == VBLK)
			error = vfs_devopen(nd->nd_l, vp);
		if (error != 0)
			return error;
		if ((rq->or_flags & O_DIRECT) && vp->v_type == VDIR)
			return EINVAL;
		if (proc_isnode(vp) && (rq->or_acc & MAY_W))
			return EACCES;
		rq->or_trunc = (rq->or_flags & O_TRUNC) && vp->v_type == VREG;
	}
	f = newfile(rq, vp->v_type);
	if (f == NULL)
		return ENFILE;
	inotify_named(nd);
	kmutex_enter(&vp->v_lock);
	KSET(vp->v_usecount, vp->v_usecount + 1);
	KSET(f->f_vnode, vp);
	if (f->f_type != FTYPE_PIPE)
		KSET(f->f_data, vp);
	klog_commit();
	kmutex_exit(&vp->v_lock);
	*fp = f;
	return 0;
}

static int
opennew(struct nameidata *nd, struct openreq *rq, struct file **fp)
{

	*fp = newfile(rq, VREG);
	if (*fp == NULL)
		return ENFILE;
	return dir_create(nd, VREG, rq->or_mode, 0, NULL, *fp);
}

/* O_TMPFILE: a file with no name, in the directory nd_vp. */
static int
opentmp(struct nameidata *nd, struct openreq *rq, struct file **fp)
{
	struct vnode *vp;
	int error;

	nd->nd_dvp = nd->nd_vp;
	error = vnode_access(nd->nd_dvp, &nd->nd_cred, MAY_WX);
	if (error != 0)
		return error;
	*fp = newfile(rq, VREG);
	if (*fp == NULL)
		return ENFILE;
	error = dir_vnode(nd, VREG, rq->or_mode, 0, &vp);
	if (error != 0)
		return error;
	KSET(vp->v_flags,
	    (vp->v_flags & ~VNODE_PROTO) |
		(rq->or_flags & O_EXCL ? VNODE_NOLINK : 0));
	dir_fileref(*fp, vp);
	khand_drop(vp);
	klog_commit();
	return 0;
}

/*
 * Whoever creates a file in a sticky directory open to all does not mean a
 * device or socket that another left there; as the hosts' default.
 */
static bool
planted(const struct nameidata *nd)
{
	const struct vnode *vp = nd->nd_vp, *dvp = nd->nd_dvp;

	return vp->v_type != VREG && vp->v_type != VFIFO &&
	    (dvp->v_mode & (S_ISVTX | S_IWOTH)) == (S_ISVTX | S_IWOTH) &&
	    vp->v_uid != dvp->v_uid && vp->v_uid != nd->nd_cred.cr_fsuid;
}

static int
openlocked(struct nameidata *nd, struct openreq *rq, struct file **fp)
{

	if (rq->or_flags & __O_TMPFILE)
		return opentmp(nd, rq, fp);
	if (rq->or_flags & O_CREAT) {
		if (nd->nd_vp == NULL)
			return opennew(nd, rq, fp);
		if (rq->or_flags & O_EXCL)
			return EEXIST;
		if (nd->nd_vp->v_type == VDIR)
			return EISDIR;
		if (planted(nd))
			return EACCES;
	}
	return openexisting(nd, rq, fp);
}

/* --- The call ------------------------------------------------------------- */

static int
lookupflags(const struct openreq *rq)
{
	uint32_t flags = rq->or_flags;
	int ndflags = 0;

	if (flags & O_CREAT)
		ndflags |= NAMEI_PARENT | NAMEI_CREATE | NAMEI_OPEN;
	if (flags & O_DIRECTORY)
		ndflags |= NAMEI_DIRECTORY;
	if (!(flags & O_NOFOLLOW) &&
	    (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
		ndflags |= NAMEI_FOLLOW;
	return ndflags;
}

/* What comes after the name lock: f is in hand and has its vnode. */
static int
openrest(struct lwp *l, const struct openreq *rq, struct file *f, long *retval)
{
	struct vnode *vp = f->f_vnode;
	int error = 0, fd = rq->or_fd;

	if (unlikely(f->f_type == FTYPE_PIPE)) {
		error = fifo_open(vp, rq->or_flags, f);
		if (error == 0 && (rq->or_flags & O_DIRECT))
			error = EINVAL;
	}
	if (error == 0 && !(rq->or_flags & O_PATH))
		inotify_event(vp, IN_OPEN | INOTIFY_FILE);
	if (error == 0 && !(rq->or_flags & O_PATH) && proc_isnode(vp))
		error = proc_open(f);
	if (error == 0 && rq->or_trunc) {
		error = tmpfs_truncate(vp, 0, true);
		if (error == 0)
			inotify_event(vp, IN_MODIFY);
	}
	if (error == 0)
		error = rq->or_reserved ?
		    fd_install_reserved(l, f, rq->or_flags & O_CLOEXEC, &fd) :
		    fd_install(l, f, 0, rq->or_flags & O_CLOEXEC, &fd);
	if (error != 0) {
		file_rele(f);
		return error;
	}
	*retval = fd;
	return 0;
}

static int
openfound(struct lwp *l, int dirfd, const char *path, struct openreq *rq,
    long *retval)
{
	uint32_t mark = khand_mark();
	struct nameidata nd;
	struct file *f = NULL;
	int error;

	error = namei_resolve(&nd, l, dirfd, path, lookupflags(rq),
	    rq->or_resolve);
	if (error != 0)
		return error;
	error = openlocked(&nd, rq, &f);
	namei_done(&nd);
	if (error != 0) {
		khand_release_to(mark);
		return error;
	}
	return openrest(l, rq, f, retval);
}

static int
openpath(struct lwp *l, int dirfd, const char *path, struct openreq *rq,
    long *retval)
{
	int error;

	rq->or_reserved = false;
	rq->or_fd = -1;
	if (!(rq->or_flags & (O_CREAT | O_TRUNC | __O_TMPFILE)))
		return openfound(l, dirfd, path, rq, retval);
	/* Nothing may be made or emptied if there is no number for it. */
	error = fd_reserve(l, rq->or_flags & O_CLOEXEC, &rq->or_fd);
	if (error != 0)
		return error;
	rq->or_reserved = true;
	error = openfound(l, dirfd, path, rq, retval);
	if (error != 0)
		fd_unreserve(rq->or_fd);
	return error;
}

int
sys_openat(struct lwp *l, const struct sys_openat_args *a, long *retval)
{
	struct openreq rq;
	int error;

	rq.or_flags = (uint32_t)a->flags & O_VALID;
	rq.or_mode = a->mode & 07777;
	rq.or_resolve = 0;
	if (rq.or_flags & O_PATH)
		rq.or_flags &= O_WITHPATH;
	error = checkflags(&rq);
	if (error != 0)
		return error;
	return openpath(l, a->dirfd, a->path, &rq, retval);
}

/* A structure that may be longer than we know, if the rest is zero. */
static int
copyhow(const char *uhow, size_t size, struct open_how *how)
{
	const char *rest = curcpu()->c_bounce;
	size_t i, n = size - kmin(size, sizeof(*how));
	int error;

	if (size < sizeof(*how))
		return EINVAL;
	if (size > KPAGE_SIZE)
		return E2BIG;
	error = copyin(uhow + sizeof(*how), curcpu()->c_bounce, n);
	if (error != 0)
		return error;
	for (i = 0; i < n; i++)
		if (rest[i] != 0)
			return E2BIG;
	return copyin(uhow, how, sizeof(*how));
}

int
sys_openat2(struct lwp *l, const struct sys_openat2_args *a, long *retval)
{
	struct open_how how;
	struct openreq rq;
	uint64_t makes = O_CREAT | __O_TMPFILE;
	int error;

	error = copyhow((const char *)a->how, a->size, &how);
	if (error != 0)
		return error;
	if ((how.flags & ~(uint64_t)(uint32_t)O_VALID) ||
	    (how.resolve & ~(uint64_t)RESOLVE_VALID) ||
	    (how.resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) ==
		(RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return EINVAL;
	if (how.mode & ~(how.flags & makes ? 07777UL : 0UL))
		return EINVAL;
	if ((how.flags & O_PATH) && (how.flags & ~(uint64_t)O_WITHPATH))
		return EINVAL;
	rq.or_flags = how.flags;
	rq.or_mode = how.mode;
	rq.or_resolve = how.resolve;
	error = checkflags(&rq);
	if (error != 0)
		return error;
	if ((how.resolve & RESOLVE_CACHED) && (how.flags & (O_TRUNC | makes)))
		return EAGAIN;
	return openpath(l, a->dirfd, a->path, &rq, retval);
}

/* By handle: nothing but what the caller may do with all files counts. */
static int
openhandle(struct lwp *l, const struct fhandle *fh, struct openreq *rq,
    long *retval)
{
	uint32_t mark = khand_mark();
	struct nameidata nd;
	struct file *f = NULL;
	int error;

	error = namei_lookup_sys(&nd, l, AT_FDCWD, "/", 0);
	if (error != 0)
		return error;
	nd.nd_dvp = NULL;
	nd.nd_vp = fhandle_find(fh);
	nd.nd_dots = 3; /* it goes by no name */
	if (nd.nd_vp == NULL)
		error = ESTALE;
	else if (!cred_issuper(&nd.nd_cred))
		error = EPERM;
	else if ((rq->or_flags & O_DIRECTORY) && nd.nd_vp->v_type != VDIR)
		error = ENOTDIR;
	else
		error = openexisting(&nd, rq, &f);
	namei_done(&nd);
	if (error != 0) {
		khand_release_to(mark);
		return error;
	}
	return openrest(l, rq, f, retval);
}

int
sys_open_by_handle_at(struct lwp *l, const struct sys_open_by_handle_at_args *a,
    long *retval)
{
	struct openreq rq = { .or_fd = -1 };
	struct fhandle fh;
	struct file *f;
	int error;

	error = fhandle_copyin(a->handle, &fh);
	if (error != 0)
		return error;
	if (a->mount_fd != AT_FDCWD) {
		f = fd_getfile(l, a->mount_fd, 0);
		if (f == NULL)
			return EBADF;
		fd_done(l, f, 0);
	}
	rq.or_flags = (uint32_t)a->flags & O_VALID & ~(uint32_t)__O_TMPFILE;
	if (rq.or_flags & O_PATH)
		rq.or_flags &= O_WITHPATH;
	error = checkflags(&rq);
	return error != 0 ? error : openhandle(l, &fh, &rq, retval);
}
