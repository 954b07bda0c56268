/* SPDX-License-Identifier: BSD-2-Clause */
/* inotify_init and the calls on instances. */
#include <fcntl.h>
#include <unistd.h>

#include "rumpvfs/anonfile.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/namei.h"

#include "lwproc/file.h"
#include "rumpkern/klog.h"
#include "syscalls/sysargs.h"

#define FLAGS                                                            \
	(IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_MASK_CREATE | \
	    IN_MASK_ADD | IN_ISDIR | IN_ONESHOT)
/* Those that the host takes, and does not need to be asked for. */
#define SENT (IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED)

static int
create(struct lwp *l, int flags, long *retval)
{
	struct cred store;
	struct file *f;
	int error;

	if (flags & ~(IN_CLOEXEC | IN_NONBLOCK))
		return EINVAL;
	error = inotify_file(lwp_cred(l, &store)->cr_ruid, false,
	    (flags & IN_NONBLOCK) != 0, &f);
	if (error != 0)
		return error;
	return anonfile_install(l, f, (flags & IN_CLOEXEC) != 0, retval);
}

int
sys_inotify_init(struct lwp *l, const struct sys_inotify_init_args *a,
    long *retval)
{
	(void)a;
	return create(l, 0, retval);
}

int
sys_inotify_init1(struct lwp *l, const struct sys_inotify_init1_args *a,
    long *retval)
{
	return create(l, a->flags, retval);
}

/* Find what the path names, and watch it. */
static int
watch_path(struct lwp *l, struct inotify *in, const char *path, uint32_t mask,
    long *retval)
{
	uint32_t mark = khand_mark();
	struct nameidata nd;
	int32_t wd;
	int error;

	error = namei_lookup(&nd, l, AT_FDCWD, path,
	    (mask & IN_DONT_FOLLOW ? 0 : NAMEI_FOLLOW) |
		(mask & IN_ONLYDIR ? NAMEI_DIRECTORY : 0));
	if (error != 0)
		return error;
	error = vnode_access(nd.nd_vp, &nd.nd_cred, R_OK);
	if (error == 0)
		error = inotify_watch(in, nd.nd_vp, mask, &wd);
	namei_done(&nd);
	khand_release_to(mark);
	if (error == 0)
		*retval = wd;
	return error;
}

int
sys_inotify_add_watch(struct lwp *l, const struct sys_inotify_add_watch_args *a,
    long *retval)
{
	struct file *f;
	int error;

	if (a->mask == 0 || (a->mask & ~(IN_ALL_EVENTS | FLAGS | SENT)))
		return EINVAL;
	f = fd_getfile(l, a->fd, 1);
	if (f == NULL)
		return EBADF;
	if (f->f_type == FTYPE_PATH)
		error = EBADF;
	else if (((a->mask & IN_MASK_ADD) && (a->mask & IN_MASK_CREATE)) ||
	    f->f_type != FTYPE_INOTIFY)
		error = EINVAL;
	else
		error = watch_path(l, f->f_data, a->path, a->mask, retval);
	fd_done(l, f, 1);
	return error;
}

int
sys_inotify_rm_watch(struct lwp *l, const struct sys_inotify_rm_watch_args *a,
    long *retval)
{
	struct file *f = fd_getfile(l, a->fd, 0);
	int error;

	(void)retval;
	if (f == NULL)
		return EBADF;
	if (f->f_type == FTYPE_PATH)
		error = EBADF;
	else if (f->f_type != FTYPE_INOTIFY)
		error = EINVAL;
	else
		error = inotify_rm(f->f_data, a->wd);
	fd_done(l, f, 0);
	return error;
}
