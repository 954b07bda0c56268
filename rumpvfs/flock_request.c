/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flock_request: what programs ask of file locks: flock(2)'s operations and
 * fcntl(2)'s struct flock made into locks to set and to test.
 */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "rumpvfs/flock_impl.h"
#include "rumpvfs/vnode.h"

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"

int
flock_flock(struct lwp *l, struct file *f, int op)
{
	struct filelock want = { .fl_kind = FLOCK_FILE,
		.fl_owner = f,
		.fl_end = FLOCK_END };
	struct flockhead **slot = flock_slot(f);

	if (slot == NULL)
		return EINVAL;
	switch (op & ~LOCK_NB) {
	case LOCK_SH:
		want.fl_type = F_RDLCK;
		break;
	case LOCK_EX:
		want.fl_type = F_WRLCK;
		break;
	case LOCK_UN:
		want.fl_type = F_UNLCK;
		break;
	default:
		return EINVAL;
	}
	if (want.fl_type != F_UNLCK &&
	    !(f->f_mode & (FMODE_READ | FMODE_WRITE)))
		return EBADF;
	want.fl_pid = l->l_proc->p_pid;
	return flock_set(slot, &want, !(op & LOCK_NB));
}

/* The range and type of a struct flock, as Linux reads it. */
static int
parse_flock(const struct flock *u, const struct file *f, struct filelock *fl)
{
	int64_t start = 0, end;
	struct stat st;

	switch (u->l_whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		start = f->f_offset;
		break;
	case SEEK_END:
		if (f->f_vnode != NULL) {
			vnode_stat(f->f_vnode, &st);
			start = st.st_size;
		}
		break;
	default:
		return EINVAL;
	}
	if (u->l_start > (int64_t)FLOCK_END - start)
		return EOVERFLOW;
	start += u->l_start;
	if (start < 0)
		return EINVAL;
	end = FLOCK_END;
	if (u->l_len > 0) {
		if (u->l_len - 1 > (int64_t)FLOCK_END - start)
			return EOVERFLOW;
		end = start + u->l_len - 1;
	} else if (u->l_len < 0) {
		if (start + u->l_len < 0)
			return EINVAL;
		end = start - 1;
		start += u->l_len;
	}
	if (u->l_type != F_RDLCK && u->l_type != F_WRLCK &&
	    u->l_type != F_UNLCK)
		return EINVAL;
	fl->fl_start = start;
	fl->fl_end = end;
	fl->fl_type = u->l_type;
	return 0;
}

/* The pid by which the host knows the process, if it does. */
static int
pid_of(const struct proc *p)
{
	if (p->p_flags & PROC_HIJACK)
		return host_byindex(p->p_host)->h_pid;
	return p->p_pid;
}

/* F_GETLK: who would be in the way? */
static void
test_lock(struct flockhead **slot, const struct filelock *want, struct flock *u)
{
	struct filelock fl;

	if (!flock_test(slot, want, &fl)) {
		u->l_type = F_UNLCK;
		return;
	}
	u->l_type = fl.fl_type;
	u->l_whence = SEEK_SET;
	u->l_start = fl.fl_start;
	u->l_len = fl.fl_end == FLOCK_END ? 0 : fl.fl_end - fl.fl_start + 1;
	u->l_pid = fl.fl_pid;
}

static int
check_mode(const struct file *f, int type)
{
	if ((type == F_RDLCK && !(f->f_mode & FMODE_READ)) ||
	    (type == F_WRLCK && !(f->f_mode & FMODE_WRITE)))
		return EBADF;
	return 0;
}

/* fd_close() drops locks and clears the entry under fd_lock. */
static bool
still_open(struct filedesc *fdp, int fd, const struct file *f)
{
	bool open;

	kmutex_enter(&fdp->fd_lock);
	open = (uint32_t)fd < fdp->fd_size && FDENT_FILE(fdp->fd_ents[fd]) == f;
	kmutex_exit(&fdp->fd_lock);
	return open;
}

int
flock_fcntl(struct lwp *l, int fd, struct file *f, int cmd, void *uarg)
{
	bool get = cmd == F_GETLK || cmd == F_OFD_GETLK;
	bool ofd = cmd == F_OFD_GETLK || cmd == F_OFD_SETLK ||
	    cmd == F_OFD_SETLKW;
	bool wait = cmd == F_SETLKW || cmd == F_OFD_SETLKW;
	struct flockhead **slot = flock_slot(f);
	struct filelock want = { .fl_kind = FLOCK_POSIX };
	struct flock u;
	int error;

	if (slot == NULL)
		return EINVAL;
	if (copyin(uarg, &u, sizeof(u)) != 0)
		return EFAULT;
	/* F_OFD_GETLK with F_UNLCK asks for the file's own locks. */
	if (get && !ofd && u.l_type != F_RDLCK && u.l_type != F_WRLCK)
		return EINVAL;
	error = parse_flock(&u, f, &want);
	if (error == 0 && !get)
		error = check_mode(f, want.fl_type);
	if (error == 0 && ofd && u.l_pid != 0)
		error = EINVAL;
	if (error != 0)
		return error;
	want.fl_owner = l->l_proc->p_fd;
	want.fl_pid = pid_of(l->l_proc);
	if (ofd) {
		want.fl_kind = FLOCK_OFD;
		want.fl_owner = f;
		want.fl_pid = -1;
	}
	if (get) {
		test_lock(slot, &want, &u);
		return copyout(&u, uarg, sizeof(u));
	}
	error = flock_set(slot, &want, wait);
	/* Closed meanwhile by another thread: its locks must be gone. */
	if (error == 0 && !ofd && want.fl_type != F_UNLCK &&
	    !still_open(l->l_proc->p_fd, fd, f)) {
		flock_fdclose(l->l_proc->p_fd, f);
		error = EBADF;
	}
	return error;
}
