/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu: a virtual processor of the rump kernel, one for each host thread that
 * runs kernel code.  host: a host process that has the arena mapped.
 *
 * A cpu holds what must be found when its thread dies: the undo log, the
 * locks, the objects in hand, and the lwp that runs on it.  Cpus live in a
 * fixed table of the arena; a lock names its owner by cpu index.
 */
#ifndef RUMPKERN_CPU_H
#define RUMPKERN_CPU_H

#include "rumpkern/kern.h"
#include "rumpkern/kmutex.h"
#include "rumpuser/rumpuser.h"

#define CPU_MAX     8192
#define HOST_MAX    8192
#define KLOG_MAX    4096
#define KHAND_SLOTS 64
#define KLOCK_SLOTS 16
#define KWAKE_SLOTS 8
#define CPU_NHAZARD 4
#define KPATH_MAX   4096

struct file;
struct lwp;
struct mapping;
struct proc;
struct waitq;

/* What an object in hand is, and so how it is released. */
enum khand {
	KHAND_NONE = 0,
	KHAND_MEM,     /* kmem_alloc: kmem_free() */
	KHAND_PAGES,   /* a page run: page_free() */
	KHAND_VNODE,   /* a vnode reference: vnode_rele() */
	KHAND_FILE,    /* a file reference: file_rele() */
	KHAND_FDESC,   /* a descriptor table under construction */
	KHAND_PROC,    /* a proc under construction */
	KHAND_LWP,     /* an lwp under construction */
	KHAND_PIPE,    /* a pipe reference */
	KHAND_FLOCK,   /* a file lock request */
	KHAND_SOCK,    /* a socket reference */
	KHAND_CONN,    /* a reference to a connection */
	KHAND_MSG,     /* a message with rights */
	KHAND_EPOLL,   /* an epoll set */
	KHAND_MAPPING, /* a mapping of file pages */
	KHAND_POLLTAB, /* files being polled */
	KHAND_MAX
};

struct klogent {
	uint64_t kl_addr; /* size << 56 | address */
	uint64_t kl_old;
};

struct khandent {
	void *kh_obj;
	uint64_t kh_kind; /* enum khand */
};

/* A place in a wait queue; see waitq.h. */
struct waitent {
	struct waitent *w_next;
	struct waitent *w_prev;
	struct waitq *w_queue; /* NULL: not queued */
	struct kmutex *w_lock; /* guards the queue */
	struct cpu *w_cpu;
	uint32_t w_hook; /* enum waithook, set once: what a wake does */
};

/*
 * c_state is one word, so that it changes in one step: the state in the low
 * byte, above it the host's index (LIVE, EMBRYO, ROLLED) or the index of the
 * cpu that rolls it back (DEAD), and on top how often the slot was given back:
 * whoever has found its user dead must not hit the next one.
 *
 *	FREE -> EMBRYO -> LIVE	cpu_attach
 *	FREE -> EMBRYO -> LIVE	cpu_embryo in the parent, cpu_adopt in the child
 *	LIVE -> FREE		cpu_detach
 *	LIVE -> EMBRYO -> LIVE	cpu_takeover: its thread is dead, it was idle
 *	LIVE -> DEAD -> ROLLED	its thread is dead: log rolled back, locks freed
 *	ROLLED -> FREE		hand released, lwps gone (lwproc/reap.c)
 */
enum cpu_state {
	CPU_FREE = 0,
	CPU_EMBRYO,
	CPU_LIVE,
	CPU_DEAD,
	CPU_ROLLED
};

#define CPU_STATE(s, v) ((uint32_t)(s) | (uint32_t)(v) << 8)
#define CPU_STATE_OF(w) ((w)&0xff)
#define CPU_VALUE_OF(w) ((w) >> 8 & 0x1fff)
#define CPU_TURN        (1U << 21)
/* The same turn in another state. */
#define CPU_RESTATE(w, s, v) (((w) & -CPU_TURN) | CPU_STATE(s, v))

_Static_assert(CPU_MAX <= 8192 && HOST_MAX <= 8192, "a value has 13 bits");

struct cpu {
	/* Its own thread writes these; a reaper reads and resets them. */
	uint32_t c_index; /* constant once initialised, from 1 */
	_Atomic uint32_t c_state;
	uint32_t c_host;        /* index of its host */
	int32_t c_tid;          /* host thread id */
	struct lwp *c_lwp;      /* never NULL on a live cpu */
	struct lwp *c_implicit; /* its lwp of pid 1, made when first needed */
	uint32_t c_nlog;
	uint32_t c_nlocks;
	uint32_t c_nhand;    /* entries in use end below this */
	uint32_t c_draining; /* frees messages that nobody will receive */
	uint32_t c_inkernel; /* depth: the shim defers signals if set */
	/* Its thread's handler: ru_userret() when the call returns. */
	volatile uint32_t c_userret;
	/* Signals to its process, 1 << sig - 1, then too; see async.c. */
	uint64_t c_sigs;
	struct kmutex *c_locks[KLOCK_SLOTS];
	struct khandent c_hand[KHAND_SLOTS];
	struct file *c_hazard[CPU_NHAZARD]; /* files in use, see file.h */

	/* Sleeping. */
	_Atomic uint32_t c_wake;   /* futex: 1 when woken */
	_Atomic uint32_t c_asleep; /* enum cpu_asleep: what a wake needs */
	_Atomic uint32_t c_intr;   /* a signal wants the sleep to end */
	uint32_t c_spinlimit;      /* adaptive, ns */
	/* Where it was last seen, and who woke it last: hints only. */
	_Atomic int32_t c_processor;
	_Atomic uint32_t c_waker;
	/* Sleepers to wake in the host once it holds no locks. */
	uint32_t c_nwakes;
	uint32_t c_wakes[KWAKE_SLOTS];
	struct waitent c_went; /* for sleeps on one queue */

	/* vfork: the cpu to go back to when the child has gone. */
	struct cpu *c_vforkparent;

	/* crash tests: die at the n-th logged write. */
	uint64_t c_crashat;
	uint64_t c_crashcount;

	uint64_t c_rngstate;
	/*
	 * Not 0: paths from the cwd start at what descriptor c_startfd - 1
	 * stands for, and "" names it: the shim's /proc/self/fd/N.
	 */
	int c_startfd;
	int c_hostend;    /* of a call with two paths: which one */
	char *c_hostpath; /* with KEHOST: the host path to go on with */

	struct klogent c_log[KLOG_MAX] __attribute__((aligned(4096)));

	/* Scratch for calls: never held across the return to a program. */
	char c_path[3][KPATH_MAX + 256];
	char c_hjpath[3][KPATH_MAX + 256]; /* the shim's */
	uint64_t c_iov[2 * 1024];          /* struct iovec[1024] */
	char c_bounce[2 * KPAGE_SIZE] __attribute__((aligned(4096)));
} __attribute__((aligned(4096)));

/*
 *	FREE -> LIVE		host_attach: the slot's byte is claimed first
 *	FREE -> EMBRYO -> LIVE	before a fork, and in its child
 *	LIVE -> FREE		reaped; dead when its byte is not claimed
 */
enum cpu_asleep {
	CPU_AWAKE = 0, /* the wake word is looked at */
	CPU_IN_FUTEX,
	CPU_IN_HOST /* in a host call that a signal ends */
};

enum host_state {
	HOST_FREE = 0,
	HOST_EMBRYO,
	HOST_LIVE
};

struct host {
	_Atomic uint32_t h_state; /* enum host_state */
	uint32_t h_index;
	int32_t h_pid;     /* host pid */
	uint32_t h_parent; /* index of the host that forked it */
	uint64_t h_since;  /* monotonic ns at creation */
	/*
	 * Of an embryo: the child's pid once its parent knows it, HOST_ADOPTED
	 * or HOST_GONE, and which use of the slot this is: whoever learned of
	 * one use late must not hit the next.
	 */
	_Atomic uint64_t h_fork;
	struct proc *h_proc; /* hijacked: its proc; else NULL */
	uint64_t h_flags;
	/* The host's name for what wakes threads that wait there; or 0. */
	_Atomic uint64_t h_kick;
	struct kmutex h_maplock; /* KRANK_MAPS: guards h_maps */
	struct mapping *h_maps;  /* file pages mapped; mapping.h */
};

#define HOST_HIJACK 1 /* h_proc mirrors the host process */
/*
 * It shares its descriptors with another process (CLONE_FILES), and so its
 * claim, which then tells nothing: it lives as long as its pid is in use.
 */
#define HOST_BYPID 2
#define HOST_DEAF  4 /* in exec: the shim has wakes ignored */

/* h_fork */
#define HOST_GONE        (1UL << 63) /* the child died before it attached */
#define HOST_ADOPTED     (1UL << 62) /* it has attached: its claim tells */
#define HOST_TURN        (1UL << 32)
#define HOST_CHILD(fork) ((int)(uint32_t)(fork))

extern __thread struct cpu *kcurcpu
    __attribute__((tls_model("initial-exec"), visibility("hidden")));

static inline struct cpu *
curcpu(void)
{
	return kcurcpu;
}

static inline struct lwp *
curlwp(void)
{
	return kcurcpu->c_lwp;
}

/* This process takes a host slot; at boot, attach, or after a bare fork. */
int host_attach(void);
void host_free(struct host *);
/*
 * This process ends.  Is the calling thread the only one with a cpu, so that
 * the slots may be given back?  Then none attaches from now on.
 */
bool host_exiting(void);
/*
 * Give the calling host thread a cpu.  0 or errno.  Callers outside rumpkern
 * use lwp_attach(), which gives it an lwp as well.
 */
int cpu_attach(void);
/* Might another thread get one?  A moment's truth. */
bool cpu_room(void);
/*
 * In place of that, if there is no free cpu among those in use: take one that
 * a thread of this process had when it ended.  It has its lwps still.
 */
bool cpu_takeover(void);
/* Give the cpu back: the thread ends; it has no lwp, locks or objects. */
void cpu_detach(void);
/* A cpu and host made ready for a forked child; 0 or errno. */
int cpu_embryo(struct cpu **, struct host **);
/*
 * In the child: they are ours now.  Switches kcurcpu.  fork: the host's h_fork
 * as cpu_embryo() left it.  ESRCH: we were thought to be dead.
 */
int cpu_adopt(struct cpu *, struct host *, uint64_t fork);
/* In the parent: the child of this fork has a pid. */
void host_forked(struct host *, uint64_t fork, int pid);
/* The child of this fork has ended: true if it had not attached. */
bool host_unattached(struct host *, uint64_t fork);
/* In a new image of the same process, on the cpu that executed it. */
int cpu_resume(struct cpu *);
/*
 * The child that is about to be forked, as cpu_embryo() made it, will share its
 * descriptors with us.
 */
void host_share(struct host *child);
/* The fork failed: give both back. */
void cpu_embryo_free(struct cpu *, struct host *);
/* Make a clean slot free; the reaper's last step. */
void cpu_reset(struct cpu *);

struct cpu *cpu_byindex(uint32_t);
struct host *host_byindex(uint32_t);
bool host_dead(struct host *);

/* Has the process or thread of this cpu died? */
bool cpu_isdead(uint32_t index);
/*
 * A lock's owner lives: if its process was stopped in a call, as by ^Z, let it
 * run until it has no lock.
 */
void cpu_unstop(uint32_t index);
/* Roll a dead cpu back and free its locks; true: it is ROLLED now. */
bool reap_rollback(struct cpu *);
/*
 * The owner of a lock we wait for is dead: roll it back and free its locks.
 * Any locks may be held.  What it had in hand waits for reap_host().
 */
void reap_unlock(uint32_t owner);

#endif
