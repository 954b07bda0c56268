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

struct cred {
	uint32_t cr_ruid, cr_euid, cr_suid, cr_fsuid;
	uint32_t cr_rgid, cr_egid, cr_sgid, cr_fsgid;
	uint32_t cr_ngroups;
	uint32_t cr_groups[KNGROUPS]; /* sorted */
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
	int32_t p_nextlid;       /* (p) */
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

#define LWP_MAGIC 0x4c57504cu

enum lwp_state {
	LWP_FREE = 0,
	LWP_IDLE,   /* bound to no cpu */
	LWP_RUNNING /* l_cpu runs it */
};

#define LWP_IMPLICIT 1

struct lwp {
	uint64_t l_link;             /* free-list link when free */
	uint32_t l_magic;            /* LWP_MAGIC while it lives */
	uint32_t l_gen;              /* counts uses of this memory */
	struct proc *l_proc;         /* (c) */
	struct lwp *l_next, *l_prev; /* (p) of p_lwps */
	int32_t l_lid;               /* (c) */
	uint32_t l_flags;            /* (c) */
	_Atomic uint32_t l_state;    /* (l) */
	struct cpu *l_cpu;           /* (l) */
};

struct lwproc_state {
	struct kmutex ls_lock;      /* KRANK_PROCS */
	struct proc *ls_init;       /* pid 1 */
	struct proc *ls_kern;       /* pid 0 */
	uint32_t ls_nprocs;         /* (p) */
	int32_t ls_nextpid;         /* (p) */
	uint32_t ls_wrapped;        /* (p) pids have begun again */
	uint32_t ls_hashmask;       /* (c) */
	struct proc *ls_hash[4096]; /* (p) */
};

void lwproc_boot(void);
int lwproc_check(void);

/* Give the calling thread a cpu and the implicit lwp.  0 or errno. */
int lwp_attach(void);
/* Attach this process to a booted arena: a host slot, a cpu, an lwp. */
int lwproc_attach(void);
/* The thread ends: releases its lwp, and its cpu. */
void lwp_detach(void);

/*
 * Reap whoever is dead: one host, or all.  Call without locks.  Returns how
 * many were reaped.
 */
int reap_host(uint32_t index);
int reap_all(void);

struct proc *proc_find(int pid); /* ls_lock held */
/*
 * A child of parent with one idle lwp.  RUMP_RF* flags.  0 or errno.  With
 * embryo not NULL the child is that host's, to be taken there by lwp_adopt().
 */
int proc_fork(struct proc *parent, int flags, struct host *embryo,
    struct lwp **);
int lwp_create(struct proc *, struct lwp **); /* ls_lock held */
/* Free an idle lwp; the last one takes its proc along. */
void lwp_release(struct lwp *);
/* Free a cpu's implicit lwp, which nothing runs. */
void lwp_release_implicit(struct cpu *);
/* Run an idle lwp on this cpu in place of its current one, which goes idle. */
void lwp_switch(struct lwp *);
/* End a proc whose lwps nobody runs: a dead host's, or one replaced. */
void proc_exit(struct proc *);
void proc_setflag(struct proc *, uint32_t flag, bool set);
/* KHAND_PROC: a proc that is in no table. */
void proc_free(void *);

/* Credentials. */
bool cred_ingroup(const struct cred *, uint32_t gid);
bool cred_issuper(const struct cred *); /* fsuid 0 */

#endif
