/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfs_boot: the file system a kernel starts with, and its devices.
 */
#include "rumpvfs/vfs_boot.h"

#include <linux/fcntl.h>
#include <linux/magic.h>

#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/dir.h"
#include "rumpvfs/epoll.h"
#include "rumpvfs/flock.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/namei.h"
#include "rumpvfs/pipe.h"
#include "rumpvfs/procfs.h"
#include "rumpvfs/vnode.h"

static const struct {
	const char *name;
	uint32_t rdev;
} devices[] = {
	{ "/dev/null", DEV_NULL },
	{ "/dev/zero", DEV_ZERO },
	{ "/dev/full", DEV_FULL },
	{ "/dev/random", DEV_RANDOM },
	{ "/dev/urandom", DEV_URANDOM },
	{ "/dev/tty", DEV_TTY },
};

static const struct {
	const char *name;
	const char *target;
} links[] = {
	{ "/dev/fd", "/proc/self/fd" },
	{ "/dev/stdin", "/proc/self/fd/0" },
	{ "/dev/stdout", "/proc/self/fd/1" },
	{ "/dev/stderr", "/proc/self/fd/2" },
};

/* Major 0, as without a disk; a minor that no mount of the host comes to. */
#define ROOT_DEV 0xf70002dUL

/* Pid 1 stands for the booter; nobody else is here yet. */
static void
makenode(const char *path, enum vtype type, uint32_t mode, uint32_t rdev,
    const char *target)
{
	uint32_t mark = khand_mark();
	struct nameidata nd;
	char *buf = curcpu()->c_path[0];
	int error;

	memcpy(buf, path, strlen(path) + 1);
	error = namei_lookup_sys(&nd, curlwp(), AT_FDCWD, buf, NAMEI_PARENT);
	if (error == 0) {
		error = dir_create(&nd, type, mode, rdev, target, NULL);
		/* The booter's umask is for its own files. */
		nd.nd_vp->v_mode = mode;
		namei_done(&nd);
		khand_release_to(mark);
	}
	if (error != 0)
		kpanic("boot: cannot make %s: error %d", path, error);
}

static struct vnode *
makeroot(struct fs *fs, const struct cred *cred)
{
	struct vnode *vp;

	if (vnode_alloc(fs, VDIR, 0755, cred->cr_fsuid, cred->cr_fsgid, &vp) !=
	    0)
		kpanic("boot: no memory for the root directory");
	KSET(vp->v_nlink, 2);
	KSET(vp->v_dir.d_parent, vp);
	KSET(fs->fs_root, vp);
	KSET(vp->v_usecount, 0);
	khand_drop(vp);
	klog_commit();
	return vp;
}

static void
setroot(struct proc *p, struct vnode *vp)
{

	KSET(vp->v_usecount, vp->v_usecount + 2);
	KSET(p->p_cdir, vp);
	KSET(p->p_rdir, vp);
	klog_commit();
}

/* Directories are closed to others once all is in them. */
static void
makeproc(void)
{
	const struct procfile *pf;
	struct nameidata nd;
	char *buf = curcpu()->c_path[0];

	for (pf = procfiles; pf->pf_name != NULL; pf++)
		makenode(pf->pf_name, pf->pf_gen != NULL ? VREG : VDIR,
		    pf->pf_gen != NULL ? 0444 : 0555,
		    pf->pf_gen != NULL ? (uint32_t)(pf - procfiles) + 1 : 0,
		    NULL);
	while (pf-- > procfiles) {
		if (pf->pf_gen != NULL)
			continue;
		memcpy(buf, pf->pf_name, strlen(pf->pf_name) + 1);
		if (namei_lookup_sys(&nd, curlwp(), AT_FDCWD, buf, 0) != 0)
			kpanic("boot: %s is not there", pf->pf_name);
		nd.nd_vp->v_rdev = PROC_DIR;
		namei_done(&nd);
	}
}

void
vfs_boot(void)
{
	struct vfs_state *vs = arena_bootmem(sizeof(*vs));
	struct fs *fs = &vs->vs_root;
	struct vnode *root;
	size_t i;

	ARENA->a_vfs = vs;
	kmem_cache_setsize(KC_VNODE, sizeof(struct vnode), 0);
	kmem_cache_setsize(KC_RADIX, sizeof(struct radix_node), 0);
	kmutex_init(&fs->fs_lock, KRANK_FS);
	fs->fs_dev = ROOT_DEV;
	fs->fs_type = TMPFS_MAGIC;
	fs->fs_nextino = 1;
	dir_boot();
	pipe_boot();
	flock_boot();
	epoll_boot();
	inotify_boot();

	root = makeroot(fs, &ARENA->a_lwproc->ls_init->p_cred);
	setroot(ARENA->a_lwproc->ls_kern, root);
	setroot(ARENA->a_lwproc->ls_init, root);
	makenode("/dev", VDIR, 0755, 0, NULL);
	for (i = 0; i < nelem(devices); i++)
		makenode(devices[i].name, VCHR, 0666, devices[i].rdev, NULL);
	for (i = 0; i < nelem(links); i++)
		makenode(links[i].name, VLNK, 0777, 0, links[i].target);
	makeproc();
}

int
vfs_devopen(struct lwp *l, const struct vnode *vp)
{
	char *buf = curcpu()->c_path[1];
	size_t i;

	if (vp->v_type != VCHR)
		return ENXIO;
	if (vp->v_rdev == DEV_TTY && (l->l_proc->p_flags & PROC_HIJACK)) {
		memcpy(buf, "/dev/tty", sizeof("/dev/tty"));
		curcpu()->c_hostpath = buf;
		return KEHOST;
	}
	for (i = 0; i < nelem(devices); i++)
		if (devices[i].rdev == vp->v_rdev && vp->v_rdev != DEV_TTY)
			return 0;
	return ENXIO;
}

int
vfs_check(void)
{

	return dir_check(&ARENA->a_vfs->vs_root) + flock_check() +
	    inotify_check() + vnode_check();
}
