/* SPDX-License-Identifier: BSD-2-Clause */
/* sockname: making and finding the nodes of local sockets. */
#include <fcntl.h>
#include <unistd.h>

#include "rumpkern/klog.h"
#include "rumpvfs/dir.h"
#include "rumpvfs/sockname.h"
#include "rumpvfs/vtarget.h"

int
sockname_make(struct lwp *l, const char *path, uint32_t mode,
    struct sockname *sn)
{
	uint32_t mark = khand_mark();
	struct nameidata nd;
	int error;

	error = namei_lookup(&nd, l, AT_FDCWD, path,
	    NAMEI_PARENT | NAMEI_CREATE);
	if (error != 0)
		return error;
	if (nd.nd_vp != NULL)
		error = EADDRINUSE;
	else if (nd.nd_slash)
		error = ENOENT;
	else
		error = dir_create(&nd, VSOCK, mode & 07777, 0, sn->sn_bound,
		    NULL);
	if (error == 0)
		sn->sn_ino = nd.nd_vp->v_ino;
	namei_done(&nd);
	khand_release_to(mark);
	return error;
}

int
sockname_find(struct lwp *l, const char *path, struct sockname *sn)
{
	const struct vnode *vp;
	struct vtarget t;
	size_t len;
	int error;

	error = vtarget_path(&t, l, AT_FDCWD, path, 0, 0);
	if (error != 0)
		return error;
	vp = t.t_vp;
	if (vp == NULL)
		error = ECONNREFUSED;
	else
		error = vnode_access(t.t_vp, t.t_cred, W_OK);
	if (error == 0 &&
	    (vp->v_type != VSOCK || vp->v_symlink.l_target == NULL))
		error = ECONNREFUSED;
	if (error == 0) {
		len = strlen(vp->v_symlink.l_target);
		memcpy(sn->sn_bound, vp->v_symlink.l_target, len + 1);
		sn->sn_ino = vp->v_ino;
	}
	vtarget_done(&t);
	return error;
}
