/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inotify: watches on vnodes, and queues of what happened to them.
 *
 * Theory of operation
 *
 *	An instance is a file with a queue of events.  A watch belongs to an
 *	instance and to a vnode and goes with whichever goes first; it counts no
 *	reference.  What calls do to a vnode they tell by the functions below,
 *	with an empty log, after the commit of what they tell: a process that
 *	dies between the two takes the event with it.
 *
 *	Two bits of v_flags, which hot paths look at, say whether there may be
 *	anybody to tell: VNODE_WATCHED, a watch on the vnode; VNODE_INWATCHED, a
 *	watch on a directory that names it.  They are set before there is a
 *	watch, and taken away by the first event that finds none.
 *
 *	What happens to an open file that has lost its name is told under that
 *	name still: so v_name of such a vnode keeps it, if its directory was
 *	watched (inotify_keepname()), and with it a reference to the directory.
 *	Of several names v_name is the one that a path went by last: of a file
 *	that is open by two of them events may come under the other.
 *
 *	An event is made first and then, in one commit, queued with what it is
 *	about (a watch that goes, ...).  One that finds no memory, or a queue that
 *	is full, becomes in_overflow.
 *
 * Locking
 *	(i)	is_lock (KRANK_NOTIFY): all watches and queues
 *	(c)	constant
 *	(v)	v_lock as well, to add: then v_flags can be trusted under it
 *	Telling a directory's watches of what is in it takes fs_lock, unless the
 *	caller has it; so no v_lock may be held.
 */
#ifndef RUMPVFS_INOTIFY_H
#define RUMPVFS_INOTIFY_H

#include <sys/inotify.h>

#include "lwproc/file.h"
#include "rumpkern/kern.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmutex.h"
#include "rumpkern/waitq.h"
#include "rumpvfs/namei.h"
#include "rumpvfs/radix.h"
#include "rumpvfs/vnode.h"

struct dirent;
struct file;
struct inotify;

/* As the host's /proc/sys/fs/inotify has them. */
#define INOTIFY_MAXEVENTS    16384
#define INOTIFY_MAXINSTANCES 128     /* of a user */
#define INOTIFY_MAXWATCHES   1048576 /* of a user */

/*
 * Where numbers of watches start under the shim: an instance is one of the
 * host's too there, whose numbers start at 1.
 */
#define INOTIFY_SHIMWD 0x40000000

struct inevent {
	struct inevent *ie_next; /* (i) */
	int32_t ie_wd;
	uint32_t ie_mask;
	uint32_t ie_cookie;
	uint32_t ie_len; /* of the name */
	char ie_name[];  /* not ended */
};

struct inwatch {
	struct inotify *iw_set;  /* (c) NULL: see dnotify.h */
	struct vnode *iw_vp;     /* (c) */
	struct inwatch *iw_next; /* (i,v) of the vnode */
	uint32_t iw_mask;        /* (i) */
	int32_t iw_wd;           /* (c) */
};

struct inotify {
	struct inevent *in_head; /* (i) */
	struct inevent *in_tail; /* (i) */
	uint32_t in_nevents;     /* (i) */
	uint32_t in_bytes;       /* (i) as read() gives them */
	uint32_t in_overflowed;  /* (i) in_overflow is in the queue */
	uint32_t in_uid;         /* (c) whose limits count */
	uint32_t in_nwatches;    /* (i) */
	int32_t in_nextwd;       /* (i) */
	int32_t in_firstwd;      /* (c) */
	/* The shim's: watches that the host's half has or had. */
	_Atomic uint32_t in_nhost;
	struct radix in_watches; /* (i) by number */
	struct waitq in_wait;    /* (i) */
	struct waitq in_poll;    /* (i) */
	struct inotify *in_next; /* (i) of all */
	struct inevent in_overflow;
};

/* In the arena. */
struct inotify_state {
	struct kmutex is_lock;
	uint32_t is_cookie;     /* (i) */
	struct inotify *is_all; /* (i) */
};

extern const struct fileops inotify_fileops;

/* --- For those to whose vnodes something happens -------------------------- */

/* An event of an open file, which IN_EXCL_UNLINK is about. */
#define INOTIFY_FILE 0x08000000
/* A name has changed within the directory: for dnotify.h. */
#define INOTIFY_RENAMED 0x00100000

void inotify_slow(struct vnode *, uint32_t mask);
void inotify_slowself(struct vnode *, uint32_t mask);
void inotify_slowname(struct vnode *dvp, uint32_t mask, const char *name,
    size_t len, uint32_t cookie);

/* It happened to the vnode: its watches and its directory's learn of it. */
static inline void
inotify_event(struct vnode *vp, uint32_t mask)
{
	if (unlikely(KREAD(vp->v_flags) & (VNODE_WATCHED | VNODE_INWATCHED)))
		inotify_slow(vp, mask);
}

/*
 * A path has led to it (fs_lock held): of its several names this is the one that
 * is told from now on.
 */
void inotify_slownamed(struct nameidata *);
static inline void
inotify_named(struct nameidata *nd)
{
	struct vnode *vp = nd->nd_vp;

	if (unlikely(KREAD(vp->v_flags) & VNODE_INWATCHED) &&
	    (vp->v_nlink > 1 || vp->v_name == NULL))
		inotify_slownamed(nd);
}

/* Only the vnode's own. */
static inline void
inotify_self(struct vnode *vp, uint32_t mask)
{
	if (unlikely(KREAD(vp->v_flags) & VNODE_WATCHED))
		inotify_slowself(vp, mask);
}

/* It happened to a name in the directory. */
static inline void
inotify_name(struct vnode *dvp, uint32_t mask, const char *name, size_t len,
    uint32_t cookie)
{
	if (unlikely(KREAD(dvp->v_flags) & VNODE_WATCHED))
		inotify_slowname(dvp, mask, name, len, cookie);
}

/* A file was read, or written; files of no vnode are nobody's news. */
static inline void
inotify_moved(struct vnode *vp, bool write)
{
	if (vp != NULL)
		inotify_event(vp,
		    (write ? IN_MODIFY : IN_ACCESS) | INOTIFY_FILE);
}

/* An open file, the last reference to which has gone. */
static inline void
inotify_closed(const struct file *f)
{
	inotify_event(f->f_vnode,
	    (f->f_mode & FMODE_WRITE ? IN_CLOSE_WRITE : IN_CLOSE_NOWRITE) |
		INOTIFY_FILE);
}

/* The vnode is no more, or about to be freed: its watches go. */
void inotify_gone(struct vnode *);
/* Logged: it has a name in the directory; v_lock held, unless it is new. */
static inline void
inotify_entered(struct vnode *vp, const struct vnode *dvp)
{
	if (unlikely(KREAD(dvp->v_flags) & VNODE_WATCHED) &&
	    !(vp->v_flags & VNODE_INWATCHED))
		KSET(vp->v_flags, vp->v_flags | VNODE_INWATCHED);
}
/* A number that ties together the two halves of a rename. */
uint32_t inotify_cookie(void);
/*
 * A name that goes while its vnode, then without links, is open: it is to be
 * kept if this says so.
 */
static inline bool
inotify_keepname(const struct vnode *vp, const struct vnode *dvp)
{
	return (KREAD(dvp->v_flags) & VNODE_WATCHED) &&
	    KREAD(vp->v_usecount) > 0;
}
/* Logged, after dir_unlinked(): a name in hand, out of all tables, is kept. */
void inotify_keep(struct vnode *, struct dirent *);

/* --- Between the files of inotify ------------------------------------------- */

struct inotify_state *inotify_state(void);
/* is_lock held, log empty: queue an event. */
void inotify_queue(struct inotify *, int32_t wd, uint32_t mask, uint32_t cookie,
    const char *name, size_t len);
/* is_lock held, log empty: the watch goes; say: with IN_IGNORED. */
void inotify_unwatch(struct inwatch *, bool say);
/*
 * Watch a vnode (fs_lock held), or change what is watched for: the number of the
 * watch.  EEXIST, ENOSPC, ENOMEM.
 */
int inotify_watch(struct inotify *, struct vnode *, uint32_t mask, int32_t *wd);
/* fs_lock held: what such a watch on the vnode needs will be told. */
void inotify_prepare(struct vnode *, uint32_t mask);
/* EINVAL: no such watch. */
int inotify_rm(struct inotify *, int32_t wd);

/* A new instance's file, in hand; EMFILE, ENOMEM. */
int inotify_file(uint32_t uid, bool shim, bool nonblock, struct file **);
/* The shim's: the host's half has a watch; those who wait look again. */
void inotify_hashost(struct inotify *);
/* As fo_read(), never waiting: EAGAIN. */
int inotify_take(struct inotify *, struct uio *);

void inotify_boot(void);
int inotify_check(void);

#endif
