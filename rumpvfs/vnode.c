/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vnode: making, counting and freeing vnodes; their times and attributes.
 *
 * Freeing goes in pieces, each a commit.  The one who drops the last reference
 * marks the vnode VNODE_DEAD and keeps it in hand; if that process dies, the
 * reaper releases what it had in hand, finds the mark, and goes on.
 */
#include <sys/stat.h>

#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"
#include "rumpvfs/dir.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/flock.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/procfs.h"
#include "rumpvfs/tmpfs_data.h"
#include "rumpvfs/vnode.h"
#include "rumpvfs/xattr.h"

#define NSEC           1000000000UL
#define DAY            86400L
#define KEPT_SHARE     32 /* of all pages */
#define KEPT_MOST      512UL
#define DIRENT_SIZE    20  /* what Linux's tmpfs says a name takes */
#define SYMLINK_INLINE 128 /* a longer one, NUL and all, takes a page */

static inline void
vtime_from(struct vtime *vt, uint64_t ns)
{

	vt->vt_sec = ns / NSEC;
	vt->vt_nsec = ns % NSEC;
	vt->vt_seen = 0;
}

/* The coarse clock, but not before a time that the fine one gave. */
static inline uint64_t
clock_now(void)
{
	uint64_t ns = rumpuser_realtime_coarse();

	return kmax(ns,
	    atomic_load_explicit(&ARENA->a_vfs->vs_timefloor,
		memory_order_relaxed));
}

/* By the fine clock; it holds for everybody. */
static uint64_t
clock_fine(void)
{
	_Atomic uint64_t *floor = &ARENA->a_vfs->vs_timefloor;
	uint64_t ns = rumpuser_realtime(), was = atomic_load(floor);

	while (was < ns && !atomic_compare_exchange_weak(floor, &was, ns))
		continue;
	return kmax(ns, was);
}

void
vtime_now(struct vtime *vt)
{

	vtime_from(vt, clock_now());
}

static inline void
vtime_set(struct vtime *vt, const struct vtime *now)
{

	if (vt->vt_nsec != now->vt_nsec)
		KSET(vt->vt_nsec, now->vt_nsec);
	if (vt->vt_sec != now->vt_sec)
		KSET(vt->vt_sec, now->vt_sec);
}

static inline uint64_t
vtime_ns(const struct vtime *vt)
{

	return KREAD(vt->vt_sec) * NSEC + KREAD(vt->vt_nsec);
}

/*
 * The coarse clock ticks 250 times a second, so two changes may have one time;
 * but a change after somebody has looked must be seen: it gets the fine clock's.
 */
void
vnode_touch(struct vnode *vp, int what)
{
	uint64_t ns = clock_now();
	struct vtime now;

	KASSERT(kmutex_owned(&vp->v_lock));
	if (unlikely(vp->v_ctime.vt_seen != 0) && (what & VTOUCH_CTIME)) {
		if (vtime_ns(&vp->v_ctime) >= ns)
			ns = clock_fine();
		KSET(vp->v_ctime.vt_seen, 0);
	} else if (what == (VTOUCH_MTIME | VTOUCH_CTIME) &&
	    vtime_ns(&vp->v_mtime) == ns && vtime_ns(&vp->v_ctime) == ns) {
		return;
	}
	vtime_from(&now, ns);
	if (what & VTOUCH_ATIME)
		vtime_set(&vp->v_atime, &now);
	if (what & VTOUCH_MTIME)
		vtime_set(&vp->v_mtime, &now);
	if (what & VTOUCH_CTIME)
		vtime_set(&vp->v_ctime, &now);
}

static inline bool
vtime_after(const struct vtime *a, const struct vtime *b)
{

	int64_t as = KREAD(a->vt_sec), bs = KREAD(b->vt_sec);

	return as > bs || (as == bs && KREAD(a->vt_nsec) > KREAD(b->vt_nsec));
}

void
vnode_accessed(struct vnode *vp)
{
	uint64_t ns = clock_now();

	/* A torn look at times that change decides about an atime: no harm. */
	if (likely(vtime_after(&vp->v_atime, &vp->v_mtime) &&
		vtime_after(&vp->v_atime, &vp->v_ctime) &&
		(int64_t)ns <
		    (KREAD(vp->v_atime.vt_sec) + DAY) * (int64_t)NSEC))
		return;
	if (vtime_ns(&vp->v_atime) == ns || (vp->v_attrs & FS_NOATIME_FL))
		return;
	/* Who holds the lock may well be freeing or changing it: not now. */
	if (!klog_empty() || !kmutex_tryenter(&vp->v_lock))
		return;
	vnode_touch(vp, VTOUCH_ATIME);
	klog_commit();
	kmutex_exit(&vp->v_lock);
}

uint64_t
vfs_room(void)
{
	uint64_t n = page_nfree(), kept = page_total() / KEPT_SHARE;

	kept = kmin(kept, KEPT_MOST);
	return n > kept ? n - kept : 0;
}

int
vnode_alloc(struct fs *fs, enum vtype type, unsigned mode, uint32_t uid,
    uint32_t gid, struct vnode **vpp)
{
	struct vnode *vp;

	/* What others gave back is there to be used, however full it is. */
	vp = vfs_room() > 0 || kmem_cache_hasfree(KC_VNODE) ?
	    kmem_cache_alloc(KC_VNODE) :
	    NULL;
	if (vp == NULL)
		return ENOSPC;
	kmutex_init(&vp->v_lock, KRANK_VNODE);
	vp->v_fs = fs;
	/* A number that death wastes is no loss: no log. */
	vp->v_ino = __atomic_fetch_add(&fs->fs_nextino, 1, __ATOMIC_RELAXED);
	vp->v_usecount = 1;
	vp->v_mode = mode & 07777;
	vp->v_uid = uid;
	vp->v_gid = gid;
	vtime_now(&vp->v_btime);
	vp->v_atime = vp->v_mtime = vp->v_ctime = vp->v_btime;
	/* Not before: memory in hand is freed as it is, a vnode by its type. */
	KSET(vp->v_type, type);
	khand_drop(vp);
	khand_add(KHAND_VNODE, vp);
	klog_commit();
	*vpp = vp;
	return 0;
}

void
vnode_hold(struct vnode *vp)
{

	KASSERT(klog_empty());
	kmutex_enter(&vp->v_lock);
	KSET(vp->v_usecount, vp->v_usecount + 1);
	khand_add(KHAND_VNODE, vp);
	klog_commit();
	kmutex_exit(&vp->v_lock);
}

/* Free what a symlink or its like hangs on to: one logged step. */
static void
free_object(void **where)
{
	void *obj = *where;

	if (obj == NULL)
		return;
	KSET(*where, NULL);
	khand_add(KHAND_MEM, obj);
	klog_commit();
	kmem_free(obj);
}

/*
 * Nobody else can reach it; it is in hand, marked, and may be half gone.  A
 * removed directory has a reference to its parent, and so has a name that was
 * kept: it comes in hand.
 */
static struct vnode *
vnode_free(struct vnode *vp)
{
	struct dirent *de = vp->v_name;
	struct vnode *parent = NULL;
	struct flockhead *fh;

	inotify_gone(vp);
	if (vp->v_type == VREG)
		while (!tmpfs_free_piece(vp))
			continue;
	if (vp->v_type == VLNK || vp->v_type == VSOCK)
		free_object((void **)&vp->v_symlink.l_target);
	while (vp->v_xattr != NULL)
		xattr_free_first(vp);
	if ((fh = flock_forget(&vp->v_locks)) != NULL) {
		klog_commit();
		kmem_free(fh);
	}
	if (vp->v_type == VDIR)
		parent = vp->v_dir.d_parent;
	else if (de != NULL)
		parent = de->de_dvp;
	if (de != NULL) {
		KSET(vp->v_name, NULL);
		khand_add(KHAND_MEM, de);
	}
	KSET(vp->v_type, VNON); /* the checker's sign that it is free */
	khand_drop(vp);
	khand_add(KHAND_MEM, vp);
	if (parent != NULL)
		khand_add(KHAND_VNODE, parent);
	klog_commit();
	kmem_free(vp);
	if (unlikely(de != NULL))
		kmem_free(de);
	return parent;
}

/* Drop the reference in hand; if true, the vnode is to be freed. */
static bool
drop(struct vnode *vp)
{
	bool dead;

	kmutex_enter(&vp->v_lock);
	dead = vp->v_flags & VNODE_DEAD;
	if (!dead) {
		KASSERT(vp->v_usecount > 0);
		KSET(vp->v_usecount, vp->v_usecount - 1);
		dead = vp->v_usecount == 0 && vp->v_nlink == 0;
		if (dead)
			KSET(vp->v_flags, vp->v_flags | VNODE_DEAD);
		else
			khand_drop(vp);
		klog_commit();
	}
	kmutex_exit(&vp->v_lock);
	return dead;
}

void
vnode_rele(struct vnode *vp)
{

	KASSERT(klog_empty());
	while (vp != NULL && drop(vp))
		vp = vnode_free(vp);
}

void
vnode_map_hold(struct vnode *vp)
{

	KASSERT(klog_empty());
	kmutex_enter(&vp->v_lock);
	KSET(vp->v_usecount, vp->v_usecount + 1);
	KSET(vp->v_nmapped, vp->v_nmapped + 1);
	khand_add(KHAND_MAPPING, vp);
	klog_commit();
	kmutex_exit(&vp->v_lock);
}

void
vnode_map_rele(struct vnode *vp)
{

	KASSERT(klog_empty());
	kmutex_enter(&vp->v_lock);
	KSET(vp->v_nmapped, vp->v_nmapped - 1);
	/* What is left is a plain reference. */
	khand_drop(vp);
	khand_add(KHAND_VNODE, vp);
	if (vp->v_nmapped == 0 && (vp->v_flags & VNODE_EXTRA))
		KSET(vp->v_flags, (vp->v_flags & ~VNODE_EXTRA) | VNODE_SPARE);
	klog_commit();
	if (vp->v_nmapped == 0 && (vp->v_flags & VNODE_SPARE))
		tmpfs_unmapped(vp);
	kmutex_exit(&vp->v_lock);
	vnode_rele(vp);
}

static const uint32_t type_bits[] = {
	[VREG] = S_IFREG,
	[VDIR] = S_IFDIR,
	[VLNK] = S_IFLNK,
	[VCHR] = S_IFCHR,
	[VBLK] = S_IFBLK,
	[VFIFO] = S_IFIFO,
	[VSOCK] = S_IFSOCK,
};

static inline struct timespec
vtime_spec(const struct vtime *vt)
{

	return (struct timespec){ vt->vt_sec, vt->vt_nsec };
}

void
vnode_stat(struct vnode *vp, struct stat *st)
{

	memset(st, 0, sizeof(*st));
	kmutex_enter(&vp->v_lock);
	/* Not logged: what was told was told. */
	if (vp->v_ctime.vt_seen == 0)
		vp->v_ctime.vt_seen = 1;
	st->st_dev = vp->v_fs->fs_dev;
	st->st_ino = vp->v_ino;
	st->st_mode = type_bits[vp->v_type] | vp->v_mode;
	st->st_nlink = vp->v_nlink;
	st->st_uid = vp->v_uid;
	st->st_gid = vp->v_gid;
	if (vp->v_type == VCHR || vp->v_type == VBLK)
		st->st_rdev = vp->v_rdev;
	st->st_size = vp->v_size;
	st->st_blksize = KPAGE_SIZE;
	st->st_atim = vtime_spec(&vp->v_atime);
	st->st_mtim = vtime_spec(&vp->v_mtime);
	st->st_ctim = vtime_spec(&vp->v_ctime);
	switch (vp->v_type) {
	case VREG:
		if (proc_isnode(vp)) {
			st->st_size = 0;
			st->st_nlink = 1;
			break;
		}
		st->st_blocks = tmpfs_npages(vp) * (KPAGE_SIZE / 512);
		break;
	case VDIR:
		st->st_size = DIRENT_SIZE * (vp->v_dir.d_count + 2);
		break;
	case VLNK:
		st->st_blocks = vp->v_size < SYMLINK_INLINE ? 0 :
							      KPAGE_SIZE / 512;
		break;
	}
	kmutex_exit(&vp->v_lock);
}

const struct cred *
lwp_cred(struct lwp *l, struct cred *store)
{
	struct proc *p = l->l_proc;

	if (likely(KREAD(p->p_nlwps) == 1))
		return &p->p_cred;
	kmutex_enter(&p->p_lock);
	*store = p->p_cred;
	kmutex_exit(&p->p_lock);
	return store;
}
