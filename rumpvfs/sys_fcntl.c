/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fcntl.
 */
#include <fcntl.h>

#include "rumpvfs/async.h"
#include "rumpvfs/dnotify.h"
#include "rumpvfs/fileattr.h"
#include "rumpvfs/flock.h"
#include "rumpvfs/pipe.h"
#include "rumpvfs/vnode.h"

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "syscalls/sysargs.h"

#ifndef F_DUPFD_QUERY
#define F_DUPFD_QUERY 1027
#endif
#define SIG_MOST     64
#define RW_HINT_MOST 5 /* RWH_WRITE_LIFE_EXTREME */
#define FL_SETTABLE  (O_APPEND | O_NONBLOCK | O_DIRECT | O_NOATIME)

/* f_sig: the signal, and the kind of f_owner (F_OWNER_*) above it. */
#define OWNER_KIND(f) ((int)((f)->f_sig >> 8))
#define OWNER_SIG(f)  ((int)((f)->f_sig & 0xff))

static inline bool
is_type(const struct file *f, enum vtype type)
{
	return f->f_type == FTYPE_VNODE && f->f_vnode->v_type == type;
}

static int
dup_from(struct lwp *l, struct file *f, unsigned long from, bool cloexec,
    long *retval)
{
	int error, fd;

	if (from >= l->l_proc->p_nofile)
		return EINVAL;
	error = file_hold(f);
	if (error != 0)
		return error;
	error = fd_install(l, f, from, cloexec, &fd);
	if (error != 0)
		file_rele(f);
	else
		*retval = fd;
	return error;
}

static int
set_flags(struct lwp *l, int fd, struct file *f, uint32_t flags)
{
	uint32_t settable = FL_SETTABLE;
	int error;

	if (f->f_type != FTYPE_VNODE)
		settable |= O_ASYNC;
	else if ((flags & O_DIRECT) && !is_type(f, VREG))
		return EINVAL;
	if (((flags ^ f->f_flags) & O_APPEND) && f->f_vnode != NULL &&
	    fileattr_appendonly(f->f_vnode))
		return EPERM;
	if ((flags & ~f->f_flags & O_NOATIME) && f->f_vnode != NULL &&
	    f->f_vnode->v_uid != KREAD(l->l_proc->p_cred.cr_fsuid) &&
	    !cred_issuper(&l->l_proc->p_cred))
		return EPERM;
	if ((flags ^ f->f_flags) & settable & O_ASYNC) {
		error = async_set(f, fd, flags & O_ASYNC);
		if (error != 0)
			return error;
	}
	kmutex_enter(&f->f_lock);
	*(volatile uint32_t *)&f->f_flags = (f->f_flags & ~settable) |
	    (flags & settable);
	kmutex_exit(&f->f_lock);
	return 0;
}

static bool
group_exists(const struct lwproc_state *ls, int pgid)
{
	const struct proc *p;
	uint32_t i;

	for (i = 0; i <= ls->ls_hashmask; i++)
		for (p = ls->ls_hash[i]; p != NULL; p = p->p_hashnext)
			if (p->p_pgid == pgid)
				return true;
	return false;
}

/* Is there such a process (or group)?  Pids are those the program knows. */
static bool
pid_exists(struct lwp *l, int pid, bool group)
{
	struct lwproc_state *ls = ARENA->a_lwproc;
	bool found;

	if (l->l_proc->p_flags & PROC_HIJACK)
		return rumpuser_kill(group ? -pid : pid, 0) != -ESRCH;
	kmutex_enter(&ls->ls_lock);
	found = group ? group_exists(ls, pid) : proc_find(pid) != NULL;
	kmutex_exit(&ls->ls_lock);
	return found;
}

static int
own_pid(const struct lwp *l)
{
	return l->l_proc->p_flags & PROC_HIJACK ? rumpuser_getpid() :
						  l->l_proc->p_pid;
}

static int
set_owner(struct lwp *l, struct file *f, int kind, int pid)
{
	if (pid != 0 && kind != F_OWNER_TID &&
	    !pid_exists(l, pid, kind == F_OWNER_PGRP))
		return ESRCH;
	kmutex_enter(&f->f_lock);
	/* Looked at without the lock: async.c. */
	*(volatile uint32_t *)&f->f_owner = pid;
	*(volatile uint32_t *)&f->f_sig = OWNER_SIG(f) | kind << 8;
	kmutex_exit(&f->f_lock);
	return 0;
}

static int
fcntl_owner(struct lwp *l, struct file *f, int cmd, unsigned long arg,
    long *retval)
{
	struct f_owner_ex ex;
	int pid = arg;

	switch (cmd) {
	case F_GETOWN:
		pid = f->f_owner;
		*retval = OWNER_KIND(f) == F_OWNER_PGRP ? -pid : pid;
		return 0;
	case F_SETOWN:
		if (pid == INT32_MIN)
			return EINVAL;
		if (pid < 0)
			return set_owner(l, f, F_OWNER_PGRP, -pid);
		return set_owner(l, f, F_OWNER_PID, pid);
	case F_GETOWN_EX:
		ex.type = OWNER_KIND(f);
		ex.pid = f->f_owner;
		return copyout(&ex, (void *)arg, sizeof(ex));
	case F_SETOWN_EX:
		if (copyin((void *)arg, &ex, sizeof(ex)) != 0)
			return EFAULT;
		if (ex.type != F_OWNER_TID && ex.type != F_OWNER_PID &&
		    ex.type != F_OWNER_PGRP)
			return EINVAL;
		return set_owner(l, f, ex.type, ex.pid);
	case F_GETSIG:
		*retval = OWNER_SIG(f);
		return 0;
	default: /* F_SETSIG */
		if (arg > SIG_MOST)
			return EINVAL;
		kmutex_enter(&f->f_lock);
		*(volatile uint32_t *)&f->f_sig = OWNER_KIND(f) << 8 | arg;
		kmutex_exit(&f->f_lock);
		return 0;
	}
}

static int
set_notify(struct lwp *l, int fd, struct file *f, uint32_t arg)
{
	int error;

	if ((arg & ~(uint32_t)DN_MULTISHOT) == 0) {
		dnotify_fdclose(l->l_proc->p_fd, f);
		return 0;
	}
	if (!is_type(f, VDIR))
		return ENOTDIR;
	error = dnotify_set(l, fd, f, arg);
	if (error == 0 && f->f_owner == 0)
		error = set_owner(l, f, F_OWNER_PID, own_pid(l));
	return error;
}

/* There are no leases to be had. */
static int
set_lease(const struct file *f, unsigned long arg)
{
	if (arg != F_RDLCK && arg != F_WRLCK && arg != F_UNLCK)
		return EINVAL;
	return is_type(f, VREG) ? EAGAIN : EINVAL;
}

static int
fcntl_pipe(struct lwp *l, struct file *f, int cmd, unsigned long arg,
    long *retval)
{
	uint64_t size = (uint32_t)arg;
	int error = 0;

	if (f->f_type != FTYPE_PIPE)
		return EBADF;
	if (cmd == F_SETPIPE_SZ)
		error = pipe_setsize(l, f->f_data, &size);
	else
		size = pipe_getsize(f->f_data);
	if (error == 0)
		*retval = size;
	return error;
}

/* A file of tmpfs is sealed against seals, as Linux's are. */
static int
fcntl_seals(const struct file *f, int cmd, unsigned long arg, long *retval)
{
	if (!is_type(f, VREG))
		return EINVAL;
	if (cmd == F_ADD_SEALS) {
		if ((f->f_mode & FMODE_WRITE) && arg > 0x3f)
			return EINVAL;
		return EPERM;
	}
	*retval = F_SEAL_SEAL;
	return 0;
}

/*
 * Hints on how long data lives: the object's, and nothing heeds them.  What
 * has neither vnode nor pipe checks them and keeps none.
 */
static int
fcntl_hint(struct lwp *l, const struct file *f, int cmd, void *uarg)
{
	const struct cred *cr = &l->l_proc->p_cred;
	uint32_t owner = cr->cr_fsuid;
	uint16_t none = 0, *kept = &none;
	struct pipe *p = f->f_data;
	uint64_t hint;

	if (f->f_vnode != NULL) {
		kept = &f->f_vnode->v_hint;
		owner = f->f_vnode->v_uid;
	} else if (f->f_type == FTYPE_PIPE) {
		kept = &p->pp_hint;
		owner = p->pp_uid;
	}
	if (cmd == F_GET_RW_HINT) {
		hint = KREAD(*kept);
		return copyout(&hint, uarg, sizeof(hint));
	}
	if (owner != cr->cr_fsuid && !cred_issuper(cr))
		return EPERM;
	if (copyin(uarg, &hint, sizeof(hint)) != 0)
		return EFAULT;
	if (hint > RW_HINT_MOST)
		return EINVAL;
	/* One store of one word: it wants neither lock nor log. */
	*(volatile uint16_t *)kept = hint;
	return 0;
}

/* What may be done with a file of O_PATH as well. */
static int
fcntl_any(struct lwp *l, int fd, struct file *f, int cmd, unsigned long arg,
    long *retval)
{
	struct file *other;
	int n;

	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return dup_from(l, f, (uint32_t)arg, cmd == F_DUPFD_CLOEXEC,
		    retval);
	case F_GETFD:
		n = fd_get_cloexec(l, fd);
		if (n < 0)
			return EBADF;
		*retval = n;
		return 0;
	case F_SETFD:
		return fd_set_cloexec(l, fd, (arg & FD_CLOEXEC) != 0);
	case F_GETFL:
		*retval = f->f_flags;
		return 0;
	case F_DUPFD_QUERY:
		other = fd_getfile(l, arg, 1);
		if (other == NULL)
			return EBADF;
		*retval = other == f;
		fd_done(l, other, 1);
		return 0;
	}
	return f->f_mode & FMODE_PATH ? EBADF : -1;
}

static int
do_fcntl(struct lwp *l, int fd, struct file *f, int cmd, unsigned long arg,
    long *retval)
{
	int error = fcntl_any(l, fd, f, cmd, arg, retval);

	if (error >= 0)
		return error;
	switch (cmd) {
	case F_SETFL:
		return set_flags(l, fd, f, arg);
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return flock_fcntl(l, fd, f, cmd, (void *)arg);
	case F_GETOWN:
	case F_SETOWN:
	case F_GETOWN_EX:
	case F_SETOWN_EX:
	case F_GETSIG:
	case F_SETSIG:
		return fcntl_owner(l, f, cmd, arg, retval);
	case F_GETLEASE:
		*retval = F_UNLCK;
		return 0;
	case F_SETLEASE:
		return set_lease(f, arg);
	case F_NOTIFY:
		return set_notify(l, fd, f, (uint32_t)arg);
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ:
		return fcntl_pipe(l, f, cmd, arg, retval);
	case F_GET_SEALS:
	case F_ADD_SEALS:
		return fcntl_seals(f, cmd, arg, retval);
	case F_GET_RW_HINT:
	case F_SET_RW_HINT:
		return fcntl_hint(l, f, cmd, (void *)arg);
	}
	return EINVAL;
}

int
sys_fcntl(struct lwp *l, const struct sys_fcntl_args *a, long *retval)
{
	struct file *f = fd_getfile(l, a->fd, 0);
	int error;

	if (f == NULL)
		return EBADF;
	error = do_fcntl(l, a->fd, f, a->cmd, a->arg, retval);
	fd_done(l, f, 0);
	return error;
}
