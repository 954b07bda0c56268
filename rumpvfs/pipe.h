/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe: a ring of bytes between two files; what pipe(2) and FIFOs are.
 *
 * Locking
 *	(p)	pp_lock (KRANK_PIPE); of two pipes, the lower address first
 *	(c)	constant after creation
 *
 * Data
 *	The ring holds the bytes [pp_tail, pp_head).  Both counters run freely
 *	and are reduced by the ring's size, a power of two.  A write fills the
 *	ring and publishes with one store to pp_head, a read with one to
 *	pp_tail: neither needs the log.  The ring grows with its content, up
 *	to pp_cap, so an idle pipe has none.
 *
 * Lifetime
 *	pp_refs counts the files and hands (KHAND_PIPE) that have the pipe.  A
 *	FIFO's pipe exists while it is open: v_fifo points to it, and it holds
 *	a reference to the vnode.  v_lock guards v_fifo, and the last reference
 *	of a FIFO's pipe goes under v_lock and pp_lock.
 */
#ifndef RUMPVFS_PIPE_H
#define RUMPVFS_PIPE_H

#include "rumpkern/kern.h"
#include "rumpkern/kmutex.h"
#include "rumpkern/waitq.h"
#include "rumpvfs/vnode.h"

#define PIPE_ATOMIC  4096UL      /* PIPE_BUF */
#define PIPE_CAP     65536UL     /* size of a new pipe */
#define PIPE_CAPMAX  (1UL << 20) /* for those without privilege */
#define PIPE_RINGMAX (1UL << 21) /* one page run */

struct file;
struct flockhead;
struct fileops;
struct lwp;

/* A packet (O_DIRECT): a read ends with it and drops what it left. */
struct pipe_packet {
	uint64_t pk_start;
	uint64_t pk_end;
};

struct pipe {
	uint64_t pp_link; /* free-list link when free */
	struct kmutex pp_lock;
	uint64_t pp_head;            /* (p) bytes ever written */
	uint64_t pp_tail;            /* (p) bytes ever read */
	char *pp_ring;               /* (p) NULL: none yet */
	uint64_t pp_ringsize;        /* (p) */
	uint64_t pp_cap;             /* (p) most it may hold */
	uint32_t pp_readers;         /* (p) files open for reading */
	uint32_t pp_writers;         /* (p) files open for writing */
	struct waitq pp_rwait;       /* (p) readers asleep */
	struct waitq pp_wwait;       /* (p) writers asleep */
	struct waitq pp_poll;        /* (p) whoever polls */
	uint32_t pp_refs;            /* (p) */
	uint32_t pp_rgen;            /* (p) readers that ever came */
	uint32_t pp_wgen;            /* (p) writers that ever came */
	uint32_t pp_npkts;           /* (p) packets in the ring */
	uint32_t pp_pkthead;         /* (p) index of the first */
	uint32_t pp_pktmax;          /* (p) slots in pp_pkts */
	struct pipe_packet *pp_pkts; /* (p) NULL: none yet */
	struct waitq pp_open;        /* (p) opens of a FIFO that wait */
	struct vnode *pp_vnode;      /* (c) a FIFO's, referenced */
	struct flockhead *pp_locks;  /* as v_locks, for pipe(2)'s */
	uint64_t pp_ino;             /* (c) pipe(2)'s */
	struct vtime pp_time;        /* (c) when it was made */
	uint32_t pp_uid, pp_gid;     /* (c) pipe(2)'s */
	uint16_t pp_hint;            /* pipe(2)'s, as v_hint */
};

extern const struct fileops pipe_fileops;

/* A pipe with one reference, in hand (KHAND_PIPE).  NULL: full. */
struct pipe *pipe_create(struct lwp *);
/* Drop the reference in hand. */
void pipe_rele(struct pipe *);
/* The files of both ends, in hand.  flags: O_NONBLOCK, O_DIRECT. */
int pipe_files(struct lwp *, int flags, struct file *ends[2]);
/*
 * Add an end to a file: logged steps, pp_lock held.  The reference goes from
 * the hand into the file.
 */
void pipe_attach(struct pipe *, struct file *);

uint64_t pipe_getsize(struct pipe *);
/* F_SETPIPE_SZ: *size is rounded up.  0, EBUSY, EPERM, EINVAL, ENOMEM. */
int pipe_setsize(struct lwp *, struct pipe *, uint64_t *size);

/*
 * For splice and its kin.  Wait until there is data (*n bytes, 0 at the end
 * of file), or room (EPIPE when nobody reads): EAGAIN, KERESTART.
 */
int pipe_wait_data(struct pipe *, bool nonblock, uint64_t *n);
int pipe_wait_room(struct pipe *, bool nonblock, uint64_t *n);
/* Copy at most n bytes to the other pipe as far as both can; take them off
 * if `move'.  Does not wait. */
uint64_t pipe_copy(struct pipe *from, struct pipe *to, uint64_t n, bool move);
/* Put the last n bytes read (at `base') back, if nobody came between. */
void pipe_unread(struct pipe *, const char *base, uint64_t n);

/* Bytes in the pipe; no lock. */
static inline uint64_t
pipe_used(const struct pipe *p)
{
	return p->pp_head - p->pp_tail;
}

/* Send the calling thread SIGPIPE. */
void pipe_sigpipe(void);

void pipe_boot(void);
int pipe_check(struct pipe *);

#endif
