/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * namei: from a path to a vnode.
 *
 * namei_lookup() walks under the name lock and returns with it HELD, so that
 * the caller can act on what it found in the same operation; the caller ends
 * with namei_done(), which lets go of it.
 */
#ifndef RUMPVFS_NAMEI_H
#define RUMPVFS_NAMEI_H

#include "rumpkern/kern.h"
#include "lwproc/proc.h"

struct dirent;
struct vnode;

#define NAMEI_FOLLOW 0x01 /* follow a final symlink */
#define NAMEI_PARENT \
	0x02                  /* the last component may be missing: for create,
				   remove, rename; a symlink there is followed
				   with FOLLOW only, whatever slash comes after */
#define NAMEI_EMPTY     0x04  /* AT_EMPTY_PATH: "" is the start itself */
#define NAMEI_OPENER    0x100 /* only whoever opened dirfd starts from it */
#define NAMEI_CREATE    0x08  /* with PARENT: a slash after it is for dirs */
#define NAMEI_DIRECTORY 0x10  /* the result must be a directory */
#define NAMEI_OPEN      0x40  /* open with O_CREAT: a slash is EISDIR */
#define NAMEI_LATE \
	0x80              /* with PARENT: a last name too long is found
				   (as missing): the caller tells it */
#define NAMEI_REALID 0x20 /* permissions by the real ids: access(2) */

/*
 * A flag of linkat for the shim alone: AT_EMPTY_PATH for a descriptor that a
 * path has named, /proc/self/fd/N, so that it matters not who opened it.
 */
#define AT_PROCFD 0x40000000

struct nameidata {
	struct lwp *nd_l;
	int nd_flags;
	uint64_t nd_resolve;  /* RESOLVE_* */
	struct fs *nd_fs;     /* locked */
	struct vnode *nd_dvp; /* the directory of the last component */
	struct vnode *nd_vp;  /* what it names; NULL: nothing (PARENT) */
	const char *nd_name;  /* last component, in c_path; not ended */
	size_t nd_namelen;
	bool nd_slash;       /* path ended in a slash */
	int nd_dots;         /* last component is 1: ".", 2: "..", 3: none,
				   the path is a root directory or empty */
	struct cred nd_cred; /* what permissions are checked with; its
				   groups above cr_ngroups are not set */
	/* Private to namei.c. */
	struct file *nd_file; /* of dirfd, until namei_done() */
	int nd_slot;          /* its hazard slot */
	const char *nd_path;
};

/*
 * Walk the program's string `upath' from descriptor dirfd (AT_FDCWD: the
 * cwd).  0 with the name lock held, or an errno with nothing held.  KEHOST: the
 * path leaves this kernel (a symlink to outside ru_prefix, or .. above the
 * root, of a proc with PROC_HIJACK); c_hostpath is the rest: a string that
 * starts with "/" for an absolute path, or with "../" for one above the root.
 */
int namei_lookup(struct nameidata *, struct lwp *, int dirfd, const char *upath,
    int flags);
/* The same with openat2's RESOLVE_* flags. */
int namei_resolve(struct nameidata *, struct lwp *, int dirfd,
    const char *upath, int flags, uint64_t resolve);
/* The same, by a path already in kernel memory (c_path[0]). */
int namei_lookup_sys(struct nameidata *, struct lwp *, int dirfd,
    const char *path, int flags);
void namei_done(struct nameidata *);

/*
 * The steps of namei_lookup(), for calls with two paths: both are copied in
 * (into c_path[0] and [2]), both begun, then both walked under one lock, and
 * both ended after it.
 */
int namei_copy(const char *upath, int buf, int flags);
/* Finds where to start; takes no lock that it keeps. */
int namei_begin(struct nameidata *, struct lwp *, int dirfd, int buf,
    int flags);
int namei_walk(struct nameidata *); /* fs_lock held */
void namei_end(struct nameidata *); /* nothing held */

/*
 * The absolute path of a directory or file in the kernel (NULL: the cwd), with
 * its NUL; *len counts it.  ENOENT: it has no name, or one that is not known;
 * ERANGE: it does not fit.
 */
int namei_path(struct lwp *, struct vnode *, char *buf, size_t size,
    size_t *len);

/* Permission: mode is R_OK|W_OK|X_OK.  0, EACCES, EPERM. */
int vnode_access(struct vnode *, const struct cred *, int mode);

#endif
