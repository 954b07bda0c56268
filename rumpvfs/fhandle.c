/* SPDX-License-Identifier: BSD-2-Clause */
/* fhandle: see fhandle.h. */
#include "rumpvfs/fhandle.h"

#include <fcntl.h>

#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/vtarget.h"
#include "rumpvfs/vnode.h"
#include "syscalls/sysargs.h"

#define BYTES        (sizeof(struct fhandle) - FHANDLE_HEAD)
#define TYPE_INO_GEN 1   /* FILEID_INO32_GEN, which tmpfs says */
#define TYPE_NONE    255 /* FILEID_INVALID */
#define AT_FID       0x200

/* Numbers are not used again; the other half is for the handle to look at. */
static uint32_t
generation(const struct vnode *vp)
{
	return (uint32_t)vp->v_btime.vt_nsec ^ (uint32_t)vp->v_btime.vt_sec;
}

struct search {
	const struct fhandle *s_fh;
	struct vnode *s_vp;
};

static int
matches(void *obj, void *arg)
{
	struct search *s = arg;
	struct vnode *vp = obj;
	uint64_t ino = s->s_fh->fh_ino[0] | (uint64_t)s->s_fh->fh_ino[1] << 32;

	if (vp->v_type > VNON && vp->v_type <= VSOCK && vp->v_ino == ino &&
	    vp->v_nlink > 0 && generation(vp) == s->s_fh->fh_gen)
		s->s_vp = vp;
	return 0;
}

struct vnode *
fhandle_find(const struct fhandle *fh)
{
	struct search s = { fh, NULL };

	KASSERT(kmutex_owned(&ARENA->a_vfs->vs_root.fs_lock));
	/* Like the host's tmpfs, for which there is but one type. */
	if (fh->fh_bytes >= BYTES)
		kmem_each(KC_VNODE, matches, &s);
	return s.s_vp;
}

int
fhandle_copyin(const void *uhandle, struct fhandle *fh)
{
	memset(fh, 0, sizeof(*fh));
	if (copyin(uhandle, fh, FHANDLE_HEAD) != 0)
		return EFAULT;
	if (fh->fh_bytes == 0 || fh->fh_bytes > FHANDLE_MOST)
		return EINVAL;
	return copyin(uhandle, fh,
	    FHANDLE_HEAD + kmin((size_t)fh->fh_bytes, BYTES));
}

/* uhandle has room for bytes of a handle. */
static int
give(const struct vnode *vp, uint32_t room, void *uhandle)
{
	struct fhandle fh = { .fh_bytes = BYTES, .fh_type = TYPE_NONE };

	if (room < BYTES)
		return copyout(&fh, uhandle, FHANDLE_HEAD) != 0 ? EFAULT :
								  EOVERFLOW;
	fh.fh_type = TYPE_INO_GEN;
	fh.fh_gen = generation(vp);
	fh.fh_ino[0] = (uint32_t)vp->v_ino;
	fh.fh_ino[1] = vp->v_ino >> 32;
	return copyout(&fh, uhandle, sizeof(fh));
}

int
sys_name_to_handle_at(struct lwp *l, const struct sys_name_to_handle_at_args *a,
    long *retval)
{
	struct vtarget t;
	uint32_t room;
	int error, mount = VFS_MOUNTID;
	int flags = a->flags & AT_EMPTY_PATH;

	(void)retval;
	if (a->flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | AT_FID))
		return EINVAL;
	if (!(a->flags & AT_SYMLINK_FOLLOW))
		flags |= AT_SYMLINK_NOFOLLOW;
	error = vtarget_path(&t, l, a->dirfd, a->path, flags, 0);
	if (error != 0)
		return error;
	if (t.t_vp == NULL)
		error = EOPNOTSUPP;
	else if (copyin(a->handle, &room, sizeof(room)) != 0)
		error = EFAULT;
	else if (room > FHANDLE_MOST)
		error = EINVAL;
	if (error == 0)
		error = give(t.t_vp, room, a->handle);
	if ((error == 0 || error == EOVERFLOW) &&
	    copyout(&mount, a->mount_id, sizeof(mount)) != 0)
		error = EFAULT;
	vtarget_done(&t);
	return error;
}
