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

#define CPU_MAX		4096
#define HOST_MAX	4096
#define KLOG_MAX	4096
#define KHAND_SLOTS	64
#define KLOCK_SLOTS	16
#define CPU_NHAZARD	4
#define KPATH_MAX	4096

struct file;
struct lwp;
struct proc;
struct waitq;

/* What an object in hand is, and so how it is released. */
enum khand {
	KHAND_NONE = 0,
	KHAND_MEM,		/* kmem_alloc: kmem_free() */
	KHAND_PAGES,		/* a page run: page_free() */
	KHAND_VNODE,		/* a vnode reference: vnode_rele() */
	KHAND_FILE,		/* a file reference: file_rele() */
	KHAND_FDESC,		/* a descriptor table under construction */
	KHAND_PROC,		/* a proc under construction */
	KHAND_LWP,		/* an lwp under construction */
	KHAND_PIPE,		/* a pipe reference */
	KHAND_FLOCK,		/* a file lock request */
	KHAND_SOCK,		/* a socket reference */
	KHAND_MSG,		/* a message with rights */
	KHAND_EPOLL,		/* an epoll set */
	KHAND_MAPPING,		/* a mapping of file pages */
	KHAND_MAX
};

struct klogent {
	uint64_t kl_addr;	/* size << 56 | address */
	uint64_t kl_old;
};

struct khandent {
	void	*kh_obj;
	uint64_t kh_kind;	/* enum khand */
};

/* A place in a wait queue; see waitq.h. */
struct waitent {
	struct waitent *w_next;
	struct waitent *w_prev;
	struct waitq *w_queue;	/* NULL: not queued */
	struct cpu *w_cpu;
	uint64_t w_key;		/* free for the subsystem: events asked for */
};

enum cpu_state {
	CPU_FREE = 0,
	CPU_EMBRYO,		/* made before a fork for the child to take */
	CPU_LIVE,
	CPU_DEAD		/* being reaped */
};

struct cpu {
	/* Its own thread writes these; a reaper reads and resets them. */
	uint32_t c_index;	/* constant once initialised, from 1 */
	_Atomic uint32_t c_state; /* enum cpu_state */
	uint32_t c_host;	/* index of its host */
	int32_t	c_tid;		/* host thread id */
	struct lwp *c_lwp;	/* never NULL on a live cpu */
	struct lwp *c_implicit;	/* its lwp of pid 1, made when first needed */
	uint32_t c_nlog;
	uint32_t c_nlocks;
	uint32_t c_nhand;	/* entries in use end below this */
	uint32_t c_inkernel;	/* depth: the shim defers signals if set */
	struct kmutex *c_locks[KLOCK_SLOTS];
	struct khandent c_hand[KHAND_SLOTS];
	struct file *c_hazard[CPU_NHAZARD]; /* files in use, see file.h */

	/* Sleeping. */
	_Atomic uint32_t c_wake;	/* futex: 1 when woken */
	_Atomic uint32_t c_asleep;	/* in the host, a wake needs a call */
	_Atomic uint32_t c_intr;	/* a signal wants the sleep to end */
	uint32_t c_spinlimit;	/* adaptive, ns */
	struct waitent c_went;	/* for sleeps on one queue */

	/* vfork: the cpu to go back to when the child has gone. */
	struct cpu *c_vforkparent;

	/* crash tests: die at the n-th logged write. */
	uint64_t c_crashat;
	uint64_t c_crashcount;

	uint64_t c_rngstate;
	char	*c_hostpath;	/* with KEHOST: the host path to go on with */

	/* Scratch for calls: never held across the return to a program. */
	char	c_path[3][KPATH_MAX + 256];
	uint64_t c_iov[2 * 1024];	/* struct iovec[1024] */
	char	c_bounce[2 * KPAGE_SIZE] __attribute__((aligned(4096)));

	struct klogent c_log[KLOG_MAX] __attribute__((aligned(4096)));
} __attribute__((aligned(4096)));

enum host_state {
	HOST_FREE = 0,
	HOST_EMBRYO,		/* a fork is under way */
	HOST_LIVE,
	HOST_DEAD
};

struct host {
	_Atomic uint32_t h_state;	/* enum host_state */
	uint32_t h_index;
	int32_t	h_pid;			/* host pid */
	int32_t	h_ppid;			/* parent's host pid */
	uint64_t h_since;		/* monotonic ns at creation */
	struct proc *h_proc;		/* hijacked: its proc; else NULL */
	uint64_t h_flags;
};

#define HOST_HIJACK	1	/* h_proc mirrors the host process */
#define HOST_EXEC	2	/* between exec and the new image's attach */

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

/* Give the calling host thread a cpu (and the host a slot). 0 or errno. */
int	cpu_attach(void);
/* Give the cpu back: the thread ends.  Its lwp must be the implicit one. */
void	cpu_detach(void);
/* A cpu (and host) made ready for a forked child; 0 or errno. */
int	cpu_embryo(struct cpu **, struct host **);
/* In the child: it is ours now. */
int	cpu_adopt(struct cpu *, struct host *);
/* The fork failed: give both back. */
void	cpu_embryo_free(struct cpu *, struct host *);

struct cpu *cpu_byindex(uint32_t);
struct host *host_byindex(uint32_t);
bool	host_dead(struct host *);

/*
 * Reap whoever is dead: one host, or all (0).  Returns how many hosts were
 * reaped.  Safe to call from any thread that holds no locks.
 */
int	reap_host(uint32_t index);
int	reap_all(void);

#endif
