/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flock: locks on files: flock(2)'s, fcntl(2)'s by process and by open file.
 *
 * Locking
 *	vs_flocklock (KRANK_FLOCK), one for the kernel, guards everything here:
 *	looking for a deadlock goes from file to file.
 *
 * Lifetime
 *	A flockhead exists while its object has locks or somebody waits for
 *	one.  A lock goes when its owner lets go of it, and at the latest
 *	with its owner: flock_fdclose() for those of a descriptor table,
 *	flock_fileclose() for those of a file.  A request that waits is in hand
 *	(KHAND_FLOCK) and in the list of blocked ones.
 */
#ifndef RUMPVFS_FLOCK_H
#define RUMPVFS_FLOCK_H

#include "rumpkern/kern.h"

struct file;
struct filedesc;
struct lwp;

enum flockkind {
	FLOCK_FILE = 1, /* flock(): owned by a file, all of it */
	FLOCK_POSIX,    /* F_SETLK: owned by a descriptor table */
	FLOCK_OFD       /* F_OFD_SETLK: owned by a file */
};

struct filelock {
	uint64_t fl_link;         /* free-list link when free */
	struct filelock *fl_next; /* of the head, or of the blocked */
	struct filelock *fl_prev;
	struct flockhead *fl_head;
	const void *fl_owner;
	uint64_t fl_start; /* first byte */
	uint64_t fl_end;   /* last byte */
	int32_t fl_pid;    /* what F_GETLK tells */
	uint8_t fl_kind;   /* enum flockkind */
	uint8_t fl_type;   /* F_RDLCK, F_WRLCK; F_UNLCK in a request */
};

struct flockhead {
	struct flockhead **fh_slot; /* where the object points to us */
	struct filelock *fh_locks;  /* owner by owner as they came, of each
					   the lowest first */
	uint32_t fh_waiting;
};

/* flock(2). */
int flock_flock(struct lwp *, struct file *, int op);
/* fcntl(2)'s F_[OFD_]{GETLK,SETLK,SETLKW} on descriptor fd. */
int flock_fcntl(struct lwp *, int fd, struct file *, int cmd, void *uarg);

/* The table lets go of one of its descriptors of the file. */
void flock_fdclose(const struct filedesc *, struct file *);
/* The last reference of the file goes. */
void flock_fileclose(struct file *);

/*
 * Logged: the object goes, nobody has or wants a lock on it.  A head that a
 * death left empty comes in hand, to be freed after the commit.
 */
struct flockhead *flock_forget(struct flockhead **slot);

/* A request in hand, of a process that died (KHAND_FLOCK). */
void flock_release(void *);

void flock_boot(void);
int flock_check(void);

#endif
