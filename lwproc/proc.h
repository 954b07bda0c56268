/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * proc: a rump process.  lwp: a rump thread.
 *
 * Lifetime: proc_fork() makes a proc in hand and links it with its first lwp;
 * lwps come by lwp_create() and go by lwp_release(); with its last lwp a proc
 * goes, and with it its descriptors, cwd and locks.  Its children go to pid 1.
 *
 * Locking: letters after the fields.
 *	(p)	lwproc_state.ls_lock: the table and the tree
 *	(m)	p_lock
 *	(c)	constant after creation
 *	(l)	written by the cpu the lwp runs on
 */
#ifndef LWPROC_PROC_H
#define LWPROC_PROC_H

#include "rumpkern/kern.h"
#include "rumpkern/cpu.h"
#include "rumpkern/kmutex.h"

struct filedesc;
struct host;
struct vnode;

#define KNGROUPS 64

#define ID_MAX    0x3fffffff
#define PID_FIRST 2 /* after the first round, too */
#define LID_FIRST 1

/* Numbers known to be free: from ir_next to before ir_end. */
struct idrange {
	int32_t ir_next;
	int32_t ir_end;
};

struct cred {
	uint32_t cr_ruid, cr_euid, cr_suid, cr_fsuid;
	uint32_t cr_rgid, cr_egid, cr_sgid, cr_fsgid;
	uint32_t cr_id; /* another one after each change, in each proc */
	uint32_t cr_ngroups;
	uint32_t cr_groups[KNGROUPS];
};

/* p_flags */
#define PROC_HIJACK  0x1 /* mirrors a host process: see p_host */
#define PROC_HOSTCWD 0x2 /* its cwd is on the host */
#define PROC_DYING   0x4

struct proc {
	struct kmutex p_lock;
	int32_t p_pid;           /* (c) */
	uint32_t p_flags;        /* (m) */
	struct proc *p_parent;   /* (p) */
	struct proc *p_children; /* (p) first child */
	struct proc *p_sibnext;  /* (p) */
	struct proc *p_sibprev;  /* (p) */
	struct proc *p_hashnext; /* (p) by pid */
	struct lwp *p_lwps;      /* (p) */
	uint32_t p_nlwps;        /* (p) */
	struct idrange p_lids;   /* (p) lids to give next */
	int32_t p_pgid;          /* (p) */
	int32_t p_sid;           /* (p) */
	struct filedesc *p_fd;   /* (c) may be shared: fd_refs */
	struct vnode *p_cdir;    /* (m) cwd, referenced */
	struct vnode *p_rdir;    /* (m) root, referenced */
	uint32_t p_umask;        /* (m) */
	uint32_t p_host;         /* (p) index of the host it lives in */
	uint64_t p_fsize;        /* (m) RLIMIT_FSIZE */
	uint64_t p_nofile;       /* (m) RLIMIT_NOFILE */
	struct cred p_cred;      /* (m) */
};

/*
 * An lwp's name is its address with the generation of its memory above: what
 * the program has for it, and what no released lwp shares with a later one.
 */
#define LWP_GENSHIFT 48
#define LWP_ADDR     ((1UL << LWP_GENSHIFT) - 1)

enum lwp_state {
	LWP_FREE = 0, /* released, or about to be */
	LWP_IDLE,     /* bound to no cpu */
	LWP_RUNNING,  /* l_cpu runs it */
	LWP_STATES = 3
};

#define LWP_IMPLICIT 1

struct lwp {
	uint64_t l_link; /* free-list link when free */
	/* Kept until the memory is another lwp's: who it was. */
	uint32_t l_gen; /* counts uses of this memory */
	int32_t l_lid;  /* (c) */
	int32_t l_pid;  /* (c) */
	/* From here on zero in a fresh one. */
	uint32_t l_flags; /* (c) */
	/*
	 * (l) its name and, in the two lowest bits, its state, so that one
	 * compare and swap tells all that a switch asks; 0: there is no lwp.
	 */
	_Atomic uint64_t l_word;
	struct cpu *l_cpu;           /* (l) */
	struct proc *l_proc;         /* (c) */
	struct lwp *l_next, *l_prev; /* (p) of p_lwps */
};

static inline uint64_t
lwp_name(const struct lwp *l)
{
	return (uintptr_t)l | (uint64_t)l->l_gen << LWP_GENSHIFT;
}

/* Its cpu does this, or whoever knows that it has none. */
static inline void
lwp_setstate(struct lwp *l, enum lwp_state state)
{
	atomic_store_explicit(&l->l_word, lwp_name(l) | state,
	    memory_order_release);
}

static inline enum lwp_state
lwp_getstate(const struct lwp *l)
{
	return atomic_load(&l->l_word) & LWP_STATES;
}

struct hostfile;
struct transit;

struct lwproc_state {
	struct kmutex ls_lock;      /* KRANK_PROCS */
	struct proc *ls_init;       /* pid 1 */
	struct proc *ls_kern;       /* pid 0 */
	uint32_t ls_nprocs;         /* (p) */
	struct idrange ls_pids;     /* (p) pids to give next */
	uint32_t ls_hashmask;       /* (c) */
	struct proc *ls_hash[4096]; /* (p) */
	_Atomic uint32_t ls_credid; /* the last cr_id given */

	/* (x) files in messages of the host's; see transit.h */
	struct kmutex ls_transitlock; /* KRANK_TRANSIT */
	struct transit *ls_transit, *ls_transitlast;
	uint64_t ls_transitseen;   /* where transit_look() goes on */
	_Atomic uint64_t ls_token; /* the last number given */

	/* The other way; see hostfile.h. */
	struct hostfile *ls_hostfiles; /* (x) */
	_Atomic uint32_t ls_hostgone;  /* whose descriptors are to go */
	struct kmutex ls_storelock;    /* KRANK_STORE; hijack/store.c */
};

void lwproc_boot(void);
int lwproc_check(void);

/* Give the calling thread a cpu and the implicit lwp.  0 or errno. */
int lwp_attach(void);
/* Attach this process to a booted arena: a host slot, a cpu, an lwp. */
int lwproc_attach(void);
/*
 * For what a program calls: this thread's cpu, after an attach if it is its
 * first call; aborts with one line, which says who, where there is no kernel.
 */
struct cpu *lwproc_enter_slow(const char *who);

static inline struct cpu *
lwproc_enter(const char *who)
{

	/* In a forked child what the parent had is not ours. */
	if (likely(curcpu() != NULL && *rumpuser_process.ru_mine &&
		curcpu()->c_host == rumpuser_process.ru_host))
		return curcpu();
	return lwproc_enter_slow(who);
}

/* The thread ends: releases its lwp, and its cpu. */
void lwp_detach(void);

/*
 * Reap whoever is dead: one host, or all.  Call without locks.  Returns how
 * many were reaped.
 */
int reap_host(uint32_t index);
int reap_all(void);

struct proc *proc_find(int pid); /* ls_lock held */
/* Logged: into the table of pids and out of it; and numbers from it. */
void proc_enter(struct proc *);
void proc_leave(struct proc *);
/* Logged: a number that names no proc, process group or session. */
int pid_alloc(void);
int lid_alloc(struct proc *);

/*
 * A child of parent with one idle lwp.  RUMP_RF* flags.  0 or errno.  With
 * embryo not NULL the child is that host's, to be taken there by lwp_adopt().
 */
int proc_fork(struct proc *parent, int flags, struct host *embryo,
    struct lwp **);
int lwp_create(struct proc *, struct lwp **); /* ls_lock held */
/* The same, and this cpu runs it in place of its current one. */
int lwp_create_bound(struct proc *);
/* A fresh lwp, in hand as memory; NULL: full. */
struct lwp *lwp_alloc(struct proc *, uint32_t flags);
/*
 * Logged: make it one of its proc's.  The one other user of the descriptor
 * table, if there is just one, is an lwp of other.
 */
void lwp_link(struct lwp *, struct proc *other);
/* Logged: the opposite, and what follows for its proc: true if it goes. */
bool proc_release_lwp(struct lwp *);
void lwp_unlink(struct lwp *);
/* The cpu's implicit lwp, which nothing runs yet.  0 or errno. */
int lwp_create_implicit(struct cpu *);
/* Free an idle lwp; the last one takes its proc along. */
void lwp_release(struct lwp *);
/* Free a cpu's implicit lwp, which nothing runs. */
void lwp_release_implicit(struct cpu *);
/* Free the lwp that a cpu ran whose thread has ended. */
void lwp_release_bound(struct cpu *);
/*
 * Run an idle lwp on this cpu in place of its current one, which goes idle.
 * The name is lwp_name()'s; false: it names no idle lwp.
 */
bool lwp_switch_named(uint64_t name);
void lwp_switch(struct lwp *);
/* Run the cpu's implicit lwp instead of a bound one, and free that. */
void lwp_leave(struct cpu *);
/* It runs, but its thread has ended, or runs another. */
bool lwp_abandoned(const struct lwp *);
/* End a proc whose lwps nobody runs: a dead host's, or one replaced. */
void proc_exit(struct proc *);
void proc_setflag(struct proc *, uint32_t flag, bool set);
/* KHAND_PROC: a proc that is in no table. */
void proc_free(void *);

/* Credentials. */
bool cred_ingroup(const struct cred *, uint32_t gid);
bool cred_issuper(const struct cred *); /* fsuid 0 */
uint32_t cred_newid(void);              /* a cr_id */

#endif
