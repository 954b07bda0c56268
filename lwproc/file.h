/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file: an open file description.  filedesc: a proc's descriptor table.
 *
 * Lifetime: file_alloc() gives a file in hand, as KHAND_FILE, with one
 * reference; fd_install() moves that reference into a table; fd_close() moves
 * it back into the hand and file_rele() drops it; the last drop calls
 * fo_close.  Every reference is a slot of a table, a message in flight, or an
 * entry in some cpu's hand, so that f_count can be checked.
 *
 * A call finds its file with fd_getfile(), which takes no reference: in a
 * table used by one lwp only nobody else can close it; otherwise the file is
 * noted as a hazard of the cpu, and whoever drops the last reference leaves
 * the file to the last cpu that has it noted (file_done()).
 *
 * Locking: (f) f_lock, (d) fd_lock, (c) constant after creation.
 */
#ifndef LWPROC_FILE_H
#define LWPROC_FILE_H

#include "rumpkern/kern.h"
#include "rumpkern/copy.h"
#include "rumpkern/kmutex.h"
#include "rumpkern/waitq.h"

struct cpu;
struct cred;
struct epitem;
struct lwp;
struct proc;
struct vnode;
struct stat;

enum ftype {
	FTYPE_NONE = 0,
	FTYPE_VNODE, /* f_data: struct vnode (regular, dir, dev) */
	FTYPE_PIPE,  /* f_data: struct pipe; f_vnode: a FIFO's */
	FTYPE_PATH,  /* O_PATH */
	FTYPE_SOCK,
	FTYPE_EPOLL,
	FTYPE_EVENTFD,
	FTYPE_TIMERFD,
	FTYPE_SIGNALFD,
	FTYPE_INOTIFY,
	FTYPE_HOST, /* in messages only: see hostfile.h */
	FTYPE_MAX
};

struct file {
	uint64_t f_link; /* free-list link when free */
	/* These outlive the file: who comes or leaves late still uses them. */
	struct kmutex f_lock;  /* KRANK_FILE */
	uint8_t f_zombie;      /* (f) last reference gone, hazards left */
	uint8_t f_noted;       /* some cpu may have it as a hazard */
	uint8_t f_type;        /* (c) enum ftype */
	uint8_t f_watched;     /* it had f_epoll or f_async once */
	uint16_t f_mode;       /* (c) FMODE_* */
	uint32_t f_count;      /* (f) */
	uint32_t f_flags;      /* (f) Linux O_* status flags and access mode */
	uint64_t f_offset;     /* (f) */
	void *f_data;          /* (c) by type */
	struct vnode *f_vnode; /* (c) referenced, NULL if none */
	struct kmutex
	    f_poslock; /* KRANK_FILEPOS: serialises users of f_offset (reads,
				   writes, getdents, lseek) when shared */
	uint64_t f_dircookie;   /* by type */
	struct epitem *f_epoll; /* the epoll items watching it; see epoll.h */
	struct async *f_async;  /* see async.h */
	uint32_t f_owner;       /* F_SETOWN */
	uint32_t f_sig;
	uint32_t f_cred; /* (c) cr_id of whoever opened it */
};

#define FMODE_READ  1
#define FMODE_WRITE 2
#define FMODE_SEEK  4 /* has an offset */
#define FMODE_PATH  8
#define FMODE_MSGS  16 /* a read takes one message */
#define FMODE_HASTY 32 /* a socket that heeds SPLICE_F_NONBLOCK */

struct fileops {
	/* Offsets in uio_offset; the generic code keeps f_offset. */
	int (*fo_read)(struct file *, struct uio *);
	int (*fo_write)(struct file *, struct uio *);
	int (*fo_ioctl)(struct file *, unsigned long cmd, void *uarg,
	    long *ret);
	/* Events ready now (POLL*), and if ent, queue it for later. */
	int (*fo_poll)(struct file *, int events, struct waitent *ent);
	/*
	 * When it becomes ready next with nobody to wake for it, on the
	 * monotonic clock; it wakes for what has come by now.
	 */
	uint64_t (*fo_deadline)(struct file *);
	int (*fo_stat)(struct file *, struct stat *);
	/* Of a file without a vnode; NULL: it is forgotten. */
	int (*fo_chmod)(struct file *, const struct cred *, uint32_t mode);
	/* The last reference has gone; releases f_data and f_vnode. */
	void (*fo_close)(struct file *);
};

/* NULL entries: EINVAL for read/write, ENOTTY for ioctl. syscalls/fileops.c */
extern const struct fileops *const fileops[FTYPE_MAX];

/* An entry: the file's address, with bit 0 for close-on-exec. */
typedef uint64_t fdent_t;
#define FDENT_CLOEXEC 1UL
#define FDENT_FILE(e) ((struct file *)((e) & ~FDENT_CLOEXEC))

struct filedesc {
	uint64_t fd_link;
	struct kmutex fd_lock;     /* KRANK_FD */
	uint32_t fd_refs;          /* (p) procs sharing it */
	_Atomic uint32_t fd_users; /* lwps that may use it: 1 is private */
	uint32_t fd_size;          /* (d) entries in fd_ents */
	uint32_t fd_last;          /* (d) no used entry at or above */
	uint32_t fd_hint;          /* (d) no free entry below */
	fdent_t *fd_ents;          /* (d) to write; read without */
	fdent_t *fd_block;         /* (d) the memory of fd_ents; its first
					   word links to the outgrown one */
};

/* A new, unconnected file, in hand. NULL: full. */
struct file *file_alloc(enum ftype, uint32_t flags);
/*
 * One more reference, in hand (KHAND_FILE).  EBADF: the last has gone since
 * the caller found it.
 */
int file_hold(struct file *);
/* Drop the reference that is in hand. */
void file_rele(struct file *);

/*
 * The file of a descriptor for the length of a call; slot 0..CPU_NHAZARD-1
 * tells apart a call's several files.  NULL: EBADF.  Pair with fd_done().
 */
struct file *fd_getfile(struct lwp *, int fd, int slot);
void fd_done(struct lwp *, struct file *, int slot);

/*
 * Give the file in hand a number: the lowest free one not under `from' (or
 * what the shim's host gives).  Returns it in *fd; the file leaves the hand.
 */
int fd_install(struct lwp *, struct file *, int from, bool cloexec, int *fd);
/*
 * For calls that must not fail after they have changed something: a number
 * before that, or EMFILE.  fd_install_reserved() uses it, or else it goes by
 * fd_unreserve().  -1: the kernel numbers by itself, and there was one free.
 */
int fd_reserve(struct lwp *, bool cloexec, int *fd);
void fd_unreserve(int fd);
int fd_install_reserved(struct lwp *, struct file *, bool cloexec, int *fd);
/* At a given number, replacing what is there. */
int fd_install_at(struct lwp *, struct file *, int fd, bool cloexec);
int fd_close(struct lwp *, int fd);
int fd_get_cloexec(struct lwp *, int fd); /* 0, 1, or -1 */
int fd_set_cloexec(struct lwp *, int fd, bool);

/* Tables. Results in hand as KHAND_FDESC. */
struct filedesc *fdesc_create(void);
struct filedesc *fdesc_share(struct filedesc *);
struct filedesc *fdesc_copy(struct filedesc *);
void fdesc_rele(struct filedesc *); /* in hand */
void fdesc_closeexec(struct lwp *);
/* Logged: one lwp more or less may use the table; how many do then. */
uint32_t fdesc_users(struct filedesc *, int change);
/* For the check: visit each reference that a message holds (rumpnet/). */
struct tally;
void rights_each(void (*)(struct file *, struct tally *), struct tally *);
/* Clear a hazard of ours, or a dead cpu's. */
void file_unhazard(struct cpu *, int slot);

#endif
