/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each type of file does.
 */
#include "lwproc/file.h"
#include "lwproc/hostfile.h"
#include "rumpkern/klog.h"
#include "rumpnet/sock.h"
#include "rumpvfs/epoll.h"
#include "rumpvfs/eventfd.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/pipe.h"
#include "rumpvfs/tmpfs_file.h"
#include "rumpvfs/vnode.h"

static int
path_stat(struct file *f, struct stat *st)
{
	vnode_stat(f->f_vnode, st);
	return 0;
}

/* An O_PATH file has a reference and no more; a dead one's is begun again. */
static void
path_close(struct file *f)
{
	struct vnode *vp = f->f_vnode;

	if (vp == NULL)
		return;
	KSET(f->f_vnode, NULL);
	KSET(f->f_data, NULL);
	khand_add(KHAND_VNODE, vp);
	klog_commit();
	vnode_rele(vp);
}

static const struct fileops path_fileops = {
	.fo_stat = path_stat,
	.fo_close = path_close,
};

const struct fileops *const fileops[FTYPE_MAX] = {
	[FTYPE_VNODE] = &vnode_fileops,
	[FTYPE_PIPE] = &pipe_fileops,
	[FTYPE_PATH] = &path_fileops,
	[FTYPE_SOCK] = &sock_fileops,
	[FTYPE_EPOLL] = &epoll_fileops,
	[FTYPE_EVENTFD] = &eventfd_fileops,
	[FTYPE_TIMERFD] = &timerfd_fileops,
	[FTYPE_INOTIFY] = &inotify_fileops,
	[FTYPE_HOST] = &hostfile_fileops,
};
