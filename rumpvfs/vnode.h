/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vnode: an object of a file system.  In tmpfs, the only file system with
 * data of its own, the vnode is the inode.
 *
 * Locking
 *	(n)	the name lock of its file system, fs->fs_lock (KRANK_FS): the
 *		tree of names, v_nlink, everything about directories
 *	(v)	v_lock (KRANK_VNODE): data and attributes
 *	(c)	constant after creation
 *	Reading data takes no lock: v_seq is odd while pages are taken away,
 *	and a reader that saw it change reads again.
 *
 * Lifetime
 *	v_usecount (v) counts references: open files, cwds, mappings, cpus'
 *	hands.  The last vnode_rele() of a vnode with v_nlink 0 frees it; a
 *	vnode with links stays, it is the file.  Under fs_lock a vnode that was
 *	found by name cannot go, so a look-up needs no reference until it lets
 *	go of the lock.
 */
#ifndef RUMPVFS_VNODE_H
#define RUMPVFS_VNODE_H

#include "rumpkern/kern.h"
#include "rumpkern/kmutex.h"
#include "rumpkern/waitq.h"
#include "rumpvfs/radix.h"

struct cred;
struct lwp;
struct stat;
struct dirent; /* rumpvfs/dir.h */
struct filelock;
struct flockhead;
struct fs;
struct inotify_state;
struct inwatch;
struct pipe;
struct xattr;

enum vtype {
	VNON = 0,
	VREG,
	VDIR,
	VLNK,
	VCHR,
	VBLK,
	VFIFO,
	VSOCK
};

struct vtime {
	int64_t vt_sec;
	uint32_t vt_nsec;
	uint32_t vt_seen; /* of v_ctime: stat() has told it */
};

struct vnode {
	uint64_t v_link; /* free-list link when free */
	struct kmutex v_lock;
	struct fs *v_fs;        /* (c) */
	uint64_t v_ino;         /* (c) */
	uint32_t v_usecount;    /* (v) */
	uint32_t v_nlink;       /* (n)+(v) */
	uint8_t v_type;         /* (c) enum vtype */
	uint8_t v_flags;        /* (v) */
	uint16_t v_mode;        /* (v) permission bits, 07777 */
	uint32_t v_uid, v_gid;  /* (v) */
	_Atomic uint32_t v_seq; /* (v) see Locking */
	uint32_t v_nmapped;     /* (v) mappings: keep pages */
	uint64_t v_size;        /* (v) */
	uint64_t v_npages;      /* (v) pages held, but for: */
	uint64_t v_nidle;       /* (v) pages for mappings, see tmpfs_data.h */
	uint32_t v_rdev;        /* (c) as Linux's structures have it */
	uint16_t v_hint;        /* F_SET_RW_HINT: single loads and stores */
	uint16_t v_attrs;       /* (v) see fileattr.h, acl.h */
	struct vtime v_atime, v_mtime, v_ctime, v_btime; /* (v) */
	struct xattr *v_xattr;                           /* (v) */
	struct flockhead *v_locks; /* KRANK_FLOCK's: flock and fcntl locks */
	union {
		struct radix v_pages;           /* VREG: (v) page index */
		struct {                        /* VDIR: */
			struct radix d_entries; /* (n) by cookie */
			uint64_t d_nextcookie;  /* (n) */
			uint64_t d_count;       /* (n) names without . and .. */
			/*
			 * (n) Not referenced while we have a name; a removed
			 * directory that is still open holds a reference, given
			 * back when it is freed.  NULL: none.
			 */
			struct vnode *d_parent;
		} v_dir;
		struct {                /* VLNK, VSOCK: */
			char *l_target; /* (c) NUL-terminated; of a
						   socket: see sockname.h, or
						   NULL */
		} v_symlink;
		struct pipe *v_fifo; /* VFIFO: (v) while open */
	};
	/*
	 * (n) One of its names; NULL: not known.  Without links: see
	 * rumpvfs/inotify.h.
	 */
	struct dirent *v_name;
	struct inwatch *v_watches; /* see rumpvfs/inotify.h */
};

/* v_flags */
#define VNODE_PROTO 1 /* in hand, never linked */
#define VNODE_NOLINK \
	2                  /* link() refuses: its last name has gone, or it
				   was made by O_TMPFILE|O_EXCL */
#define VNODE_DEAD      4  /* being freed by whoever has it in hand */
#define VNODE_TRIM      8  /* pages beyond v_size are to be taken away */
#define VNODE_EXTRA     16 /* there are pages for the sake of mappings only */
#define VNODE_SPARE     32 /* and no mapping any more: they are to be taken away */
#define VNODE_WATCHED   64  /* there may be watches on it */
#define VNODE_INWATCHED 128 /* there may be on a directory it is in */

/*
 * What statx(2), handles and mountinfo have for the one file system: Linux's own
 * numbers are small.
 */
#define VFS_MOUNTID 1000000

struct fs {
	struct kmutex fs_lock; /* KRANK_FS */
	uint64_t fs_dev;       /* st_dev */
	struct vnode *fs_root;
	uint64_t fs_nextino;
	uint64_t fs_nvnodes;
	uint32_t fs_type; /* statfs f_type */
};

struct vfs_state {
	struct fs vs_root; /* the tmpfs at / */
	uint64_t vs_hashmask;
	struct dirent **vs_hash;    /* all names, by directory and name */
	struct kmutex vs_flocklock; /* KRANK_FLOCK, see flock.h */
	/* No time given from now on is earlier: see vnode_touch(). */
	_Atomic uint64_t vs_timefloor;
	struct waitq vs_flockwait;        /* who waits for any file lock */
	struct filelock *vs_flockblocked; /* their requests */
	struct inotify_state *vs_inotify;
};

/*
 * A new vnode: in hand (KHAND_VNODE) with one reference and no link, all its
 * times now.  Its owner fills in what is the type's own, gives it a link or
 * not, and moves the reference into a structure or drops it.  0 or ENOSPC.
 */
int vnode_alloc(struct fs *, enum vtype, unsigned mode, uint32_t uid,
    uint32_t gid, struct vnode **);
/* One more reference, in hand (KHAND_VNODE). */
void vnode_hold(struct vnode *);
/* Drop the reference in hand; frees the vnode if it was the last. */
void vnode_rele(struct vnode *);

/*
 * A mapping of a regular file's pages: in hand as KHAND_MAPPING, with a
 * reference of its own.  Pages that leave the file stay until the last goes.
 */
void vnode_map_hold(struct vnode *);
void vnode_map_rele(struct vnode *);

/* The clock files use, as Linux's tmpfs does. */
void vtime_now(struct vtime *);
/* Logged, under v_lock: these times are now. */
void vnode_touch(struct vnode *, int what);
#define VTOUCH_ATIME 1
#define VTOUCH_MTIME 2
#define VTOUCH_CTIME 4
/* It was read: its atime, by the rules of relatime.  No lock, empty log. */
void vnode_accessed(struct vnode *);

/* The attributes, as stat() gives them. */
void vnode_stat(struct vnode *, struct stat *);

/* The credentials of a call: l's own, or a copy in *store. */
const struct cred *lwp_cred(struct lwp *, struct cred *store);

/* Do references and pages of data add up?  For vfs_check(). */
int vnode_check(void);
/* The nodes of local sockets (rumpnet/), each a reference. */
void local_eachvnode(void (*)(struct vnode *));

/*
 * The pages that files may still take.  The last few are kept back, so that
 * processes go on when all is full: they fork, open, and remove files.
 */
uint64_t vfs_room(void);

void vfs_boot(void);
int vfs_check(void);

#endif
