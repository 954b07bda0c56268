/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dir: the names in directories.
 *
 * A name is a struct dirent: in one hash of all names by directory and name,
 * for look-up, and in its directory's radix by cookie, for reading.  A cookie
 * is the offset of an entry as getdents64 and lseek know it: 0 is ".", 1 is
 * "..", names count from 2 and no cookie is used twice, so a reader keeps its
 * place whatever comes and goes.
 *
 * Everything here is under the name lock, fs_lock.
 */
#ifndef RUMPVFS_DIR_H
#define RUMPVFS_DIR_H

#include "rumpkern/kern.h"
#include "rumpvfs/radix.h"
#include "rumpvfs/vnode.h"

struct cred;
struct file;
struct nameidata;

#define DIR_NAMEMAX     255
#define DIR_FIRSTCOOKIE 2

struct dirent {
	struct dirent *de_next; /* of its hash chain */
	struct vnode *de_dvp;   /* directory */
	struct vnode *de_vp;    /* what it names */
	uint64_t de_cookie;
	uint32_t de_hash; /* high bits of the hash */
	uint8_t de_namelen;
	uint8_t de_pad[3];
	char de_name[]; /* not ended; zeroes up to 8 bytes */
};

/* Room for one more name, made before the change. */
struct dirslot {
	struct dirent *ds_de;       /* in hand */
	struct radix_reserve ds_rr; /* in hand */
	uint64_t ds_hash;
};

/* Names are read by words: 8 bytes beyond the end must be readable. */
uint64_t dir_hash(const struct vnode *dvp, const char *name, size_t len);
struct dirent *dir_find(const struct vnode *dvp, const char *name, size_t len,
    uint64_t hash);

/*
 * 0, ENOSPC.  A slot not used, or used partly, ends with dir_unslot().  nth: it
 * may be as late among those that one change enters in the directory.
 */
int dir_slot(struct vnode *dvp, const char *name, size_t len, size_t nth,
    struct dirslot *);
void dir_unslot(struct dirslot *); /* the log is empty */

/* Logged steps: enter a name, take one out (it is in hand afterwards). */
void dir_enter(struct vnode *dvp, struct dirslot *, struct vnode *vp);
void dir_leave(struct dirent *);
/*
 * Logged: enter a name for a fresh vnode in hand, whose reference goes to the
 * file in hand, or is dropped.
 */
void dir_enternew(struct vnode *dvp, struct dirslot *, struct vnode *vp,
    struct file *f);

/* May one make a name here; remove this one?  0 or the errno of Linux. */
int dir_mayinsert(const struct nameidata *);
int dir_mayremove(const struct nameidata *, bool isdir);

/*
 * Make an object and its name where nd points (nd_vp is NULL) with one
 * commit.  Permission, umask and the directory's setgid bit are applied here.
 * target is a symlink's (or a socket's: sockname.h), in kernel memory.  f (may
 * be NULL), a new file in hand, gets a reference to the object in the same
 * commit.
 */
int dir_create(struct nameidata *, enum vtype, uint32_t mode, uint32_t rdev,
    const char *target, struct file *f);
/* A vnode for a directory, by its rules of group and mode; in hand. */
int dir_vnode(const struct nameidata *, enum vtype, uint32_t mode,
    uint32_t rdev, struct vnode **);
/* Let a new file in hand refer to the vnode: logged, v_lock held. */
void dir_fileref(struct file *, struct vnode *);
/* Logged: the vnode has lost a name (v_lock held); it may come in hand. */
void dir_unlinked(struct vnode *, uint32_t nlink);

/* The v_locks of up to four vnodes, taken in order. */
struct vlocks {
	struct vnode *vl_vp[4];
	int vl_n;
};

void vlocks_add(struct vlocks *, struct vnode *); /* NULL: nothing */
void vlocks_enter(struct vlocks *);
void vlocks_exit(struct vlocks *);

/* Count faults in the tree of names; for vfs_check(). */
int dir_check(struct fs *);
/* Make the hash, at boot. */
void dir_boot(void);

#endif
