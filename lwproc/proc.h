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
struct vnode;

#define KNGROUPS	64

struct cred {
	uint32_t cr_ruid, cr_euid, cr_suid, cr_fsuid;
	uint32_t cr_rgid, cr_egid, cr_sgid, cr_fsgid;
	uint32_t cr_ngroups;
	uint32_t cr_groups[KNGROUPS];	/* sorted */
};

/* p_flags */
#define PROC_HIJACK	0x1	/* mirrors a host process: see p_host */
#define PROC_HOSTCWD	0x2	/* its cwd is on the host */
#define PROC_DYING	0x4

struct proc {
	struct kmutex p_lock;
	int32_t	p_pid;			/* (c) */
	uint32_t p_flags;		/* (m) */
	struct proc *p_parent;		/* (p) */
	struct proc *p_children;	/* (p) first child */
	struct proc *p_sibnext;		/* (p) */
	struct proc *p_sibprev;		/* (p) */
	struct proc *p_hashnext;	/* (p) by pid */
	struct lwp *p_lwps;		/* (p) */
	uint32_t p_nlwps;		/* (p) */
	int32_t	p_nextlid;		/* (p) */
	int32_t	p_pgid;			/* (p) */
	int32_t	p_sid;			/* (p) */
	struct filedesc *p_fd;		/* (c) may be shared: fd_refs */
	struct vnode *p_cdir;		/* (m) cwd, referenced */
	struct vnode *p_rdir;		/* (m) root, referenced */
	uint32_t p_umask;		/* (m) */
	uint32_t p_host;		/* host index of a hijacked proc */
	uint64_t p_fsize;		/* (m) RLIMIT_FSIZE */
	uint64_t p_nofile;		/* (m) RLIMIT_NOFILE */
	struct cred p_cred;		/* (m) */
};

#define LWP_MAGIC	0x4c57504cu

enum lwp_state {
	LWP_FREE = 0,
	LWP_IDLE,		/* bound to no cpu */
	LWP_RUNNING		/* l_cpu runs it */
};

#define LWP_IMPLICIT	1

struct lwp {
	uint64_t l_link;		/* free-list link when free */
	uint32_t l_magic;		/* LWP_MAGIC while it lives */
	uint32_t l_gen;			/* counts uses of this memory */
	struct proc *l_proc;		/* (c) */
	struct lwp *l_next, *l_prev;	/* (p) of p_lwps */
	int32_t	l_lid;			/* (c) */
	uint32_t l_flags;		/* (c) */
	_Atomic uint32_t l_state;	/* (l) */
	struct cpu *l_cpu;		/* (l) */
};

struct lwproc_state {
	struct kmutex ls_lock;		/* KRANK_PROCS */
	struct proc *ls_init;		/* pid 1 */
	struct proc *ls_kern;		/* pid 0 */
	uint32_t ls_nprocs;		/* (p) */
	int32_t	ls_nextpid;		/* (p) */
	uint32_t ls_hashmask;		/* (c) */
	struct proc *ls_hash[4096];	/* (p) */
};

void	lwproc_boot(void);
int	lwproc_check(void);

struct proc *proc_find(int pid);	/* ls_lock held */
/* A child of l's proc with one lwp, idle.  RUMP_RF* flags.  0 or errno. */
int	proc_fork(struct proc *parent, int flags, struct lwp **);
int	lwp_create(struct proc *, struct lwp **);
/* The last one takes its proc along. */
void	lwp_release(struct lwp *);
/* Run l on this cpu (NULL: the implicit one). */
void	lwp_switch(struct lwp *);
/* All lwps of a dead or exiting process. */
void	proc_exit(struct proc *);
/* The implicit lwp of this cpu: made when first needed. */
int	lwp_implicit(struct cpu *);

/* Credentials. */
bool	cred_ingroup(const struct cred *, uint32_t gid);
bool	cred_issuper(const struct cred *);	/* fsuid 0 */

#endif
