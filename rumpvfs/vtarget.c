/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vtarget: what a call on attributes is about.
 */
#include <fcntl.h>

#include "lwproc/file.h"
#include "rumpkern/copy.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/vnode.h"
#include "rumpvfs/vtarget.h"

static bool
is_empty(const char *upath)
{
	char c;

	return upath == NULL || (copyin(upath, &c, 1) == 0 && c == '\0');
}

bool
vtarget_isfd(int dirfd, const char *upath, int atflags)
{

	return dirfd >= 0 && (atflags & AT_EMPTY_PATH) && is_empty(upath);
}

int
vtarget_path(struct vtarget *t, struct lwp *l, int dirfd, const char *upath,
    int atflags, int nameiflags)
{
	int error;

	if ((atflags & AT_EMPTY_PATH) && is_empty(upath)) {
		if (dirfd != AT_FDCWD)
			return vtarget_fd(t, l, dirfd, true);
		upath = "";
		nameiflags |= NAMEI_EMPTY;
	}
	if (!(atflags & AT_SYMLINK_NOFOLLOW))
		nameiflags |= NAMEI_FOLLOW;
	error = namei_lookup(&t->t_nd, l, dirfd, upath, nameiflags);
	if (error != 0)
		return error;
	inotify_named(&t->t_nd);
	t->t_vp = t->t_nd.nd_vp;
	t->t_file = NULL;
	t->t_cred = &t->t_nd.nd_cred;
	t->t_lwp = l;
	return 0;
}

int
vtarget_fd(struct vtarget *t, struct lwp *l, int fd, bool opath)
{
	struct file *f;

	f = fd_getfile(l, fd, 0);
	if (f == NULL)
		return EBADF;
	if (f->f_type == FTYPE_PATH && !opath) {
		fd_done(l, f, 0);
		return EBADF;
	}
	t->t_vp = f->f_vnode;
	t->t_file = f;
	t->t_cred = lwp_cred(l, &t->t_store);
	t->t_lwp = l;
	return 0;
}

void
vtarget_done(struct vtarget *t)
{

	if (t->t_file != NULL)
		fd_done(t->t_lwp, t->t_file, 0);
	else
		namei_done(&t->t_nd);
}
