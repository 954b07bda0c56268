/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vtarget: what a call on attributes is about: the object of a path (then the
 * name lock is held) or of a descriptor.
 */
#ifndef RUMPVFS_VTARGET_H
#define RUMPVFS_VTARGET_H

#include "rumpvfs/namei.h"

struct file;

struct vtarget {
	struct vnode *t_vp;  /* NULL: a file that has none (a pipe) */
	struct file *t_file; /* NULL: by path */
	const struct cred *t_cred;
	struct lwp *t_lwp;
	struct cred t_store;
	struct nameidata t_nd;
};

/*
 * By path, with the AT_EMPTY_PATH and AT_SYMLINK_NOFOLLOW of atflags; NULL is
 * an empty path with AT_EMPTY_PATH.  nameiflags: more NAMEI_* flags.
 */
int vtarget_path(struct vtarget *, struct lwp *, int dirfd, const char *upath,
    int atflags, int nameiflags);
/*
 * Is the call, by its path and AT_EMPTY_PATH, on dirfd itself?  Then stat and
 * statx look at no other flags.
 */
bool vtarget_isfd(int dirfd, const char *upath, int atflags);
/* By descriptor; opath: even of a file opened with O_PATH, else EBADF. */
int vtarget_fd(struct vtarget *, struct lwp *, int fd, bool opath);
void vtarget_done(struct vtarget *);

#endif
