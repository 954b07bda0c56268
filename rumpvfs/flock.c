/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flock: file locks; see flock.h.
 */
#include <fcntl.h>
#include <sys/file.h>

#include "rumpvfs/flock.h"
#include "rumpvfs/pipe.h"
#include "rumpvfs/vnode.h"

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/waitq.h"

#define OFFSET_END 0x7fffffffffffffffUL
#define LOCK_MAND_ 32 /* obsolete: Linux takes it for done */

static inline struct vfs_state *
state(void)
{
	return ARENA->a_vfs;
}

/* Where the object behind a file points to its locks. */
static struct flockhead **
slot_of(const struct file *f)
{
	if (f->f_vnode != NULL)
		return &f->f_vnode->v_locks;
	if (f->f_type == FTYPE_PIPE && f->f_data != NULL)
		return &((struct pipe *)f->f_data)->pp_locks;
	return NULL;
}

static inline bool
same_owner(const struct filelock *a, const struct filelock *b)
{
	return a->fl_owner == b->fl_owner && a->fl_kind == b->fl_kind;
}

static inline bool
overlaps(const struct filelock *a, const struct filelock *b)
{
	return a->fl_start <= b->fl_end && b->fl_start <= a->fl_end;
}

/* Do they touch, so that they can be one?  Ends have 63 bits. */
static inline bool
touches(const struct filelock *a, const struct filelock *b)
{
	return a->fl_start <= b->fl_end + 1 && b->fl_start <= a->fl_end + 1;
}

static struct filelock *
find_conflict(const struct flockhead *fh, const struct filelock *want)
{
	struct filelock *fl, *first = NULL;

	for (fl = fh->fh_locks; fl != NULL; fl = fl->fl_next) {
		if ((fl->fl_kind == FLOCK_FILE) !=
		    (want->fl_kind == FLOCK_FILE))
			continue;
		/* The lowest, and of those the oldest: new ones lead the list. */
		if (!same_owner(fl, want) && overlaps(fl, want) &&
		    (fl->fl_type == F_WRLCK || want->fl_type == F_WRLCK) &&
		    (first == NULL || fl->fl_start <= first->fl_start))
			first = fl;
	}
	return first;
}

/* The lowest of the owner's own locks in the range. */
static struct filelock *
find_own(const struct flockhead *fh, const struct filelock *want)
{
	struct filelock *fl, *first = NULL;

	for (fl = fh->fh_locks; fl != NULL; fl = fl->fl_next)
		if (same_owner(fl, want) && overlaps(fl, want) &&
		    (first == NULL || fl->fl_start < first->fl_start))
			first = fl;
	return first;
}

/* Logged steps: into and out of a list. */
static void
list_insert(struct filelock **list, struct filelock *fl)
{
	KSET(fl->fl_prev, NULL);
	KSET(fl->fl_next, *list);
	if (*list != NULL)
		KSET((*list)->fl_prev, fl);
	KSET(*list, fl);
}

static void
list_remove(struct filelock **list, struct filelock *fl)
{
	if (fl->fl_prev != NULL)
		KSET(fl->fl_prev->fl_next, fl->fl_next);
	else
		KSET(*list, fl->fl_next);
	if (fl->fl_next != NULL)
		KSET(fl->fl_next->fl_prev, fl->fl_prev);
}

/* Take a held lock away. */
static void
drop_lock(struct flockhead *fh, struct filelock *fl)
{
	list_remove(&fh->fh_locks, fl);
	khand_add(KHAND_MEM, fl);
	klog_commit();
	kmem_free(fl);
}

/* The object's head, made if need be.  NULL: no memory. */
static struct flockhead *
get_head(struct flockhead **slot)
{
	struct flockhead *fh = *slot;

	if (fh != NULL)
		return fh;
	fh = kmem_alloc(sizeof(*fh));
	if (fh == NULL)
		return NULL;
	fh->fh_slot = slot;
	KSET(*slot, fh);
	khand_drop(fh);
	klog_commit();
	return fh;
}

/* Locks may have gone: wake who waits, or free the head. */
static void
settle_head(struct flockhead *fh)
{
	if (fh->fh_waiting != 0) {
		kwakeup(&state()->vs_flockwait);
		return;
	}
	if (fh->fh_locks != NULL)
		return;
	/* The object may have gone before a dead waiter's request. */
	if (*fh->fh_slot == fh)
		KSET(*fh->fh_slot, NULL);
	khand_add(KHAND_MEM, fh);
	klog_commit();
	kmem_free(fh);
}

/* Would waiting close a circle of processes that wait for each other? */
static bool
deadlock(const struct filelock *want, const struct filelock *held)
{
	const struct filelock *b;
	int i;

	for (i = 0; held != NULL && i < 1000; i++) {
		if (held->fl_kind != FLOCK_POSIX)
			return false;
		if (held->fl_owner == want->fl_owner)
			return true;
		for (b = state()->vs_flockblocked; b != NULL; b = b->fl_next)
			if (same_owner(b, held))
				break;
		if (b == NULL)
			return false;
		held = find_conflict(b->fl_head, b);
	}
	return false;
}

/* Sleep until something changed; the request is in hand before and after. */
static int
wait_change(struct flockhead *fh, struct filelock *want)
{
	struct vfs_state *vs = state();
	int error;

	KSET(want->fl_head, fh);
	list_insert(&vs->vs_flockblocked, want);
	KSET(fh->fh_waiting, fh->fh_waiting + 1);
	khand_drop(want);
	khand_add(KHAND_FLOCK, want);
	klog_commit();
	error = ksleep(&vs->vs_flockwait, &vs->vs_flocklock, KSLEEP_FOREVER,
	    KSLEEP_INTR);
	list_remove(&vs->vs_flockblocked, want);
	KSET(fh->fh_waiting, fh->fh_waiting - 1);
	khand_drop(want);
	khand_add(KHAND_MEM, want);
	klog_commit();
	return error;
}

void
flock_release(void *obj)
{
	struct vfs_state *vs = state();
	struct filelock *want = obj;
	struct flockhead *fh;

	kmutex_enter(&vs->vs_flocklock);
	fh = want->fl_head;
	list_remove(&vs->vs_flockblocked, want);
	KSET(fh->fh_waiting, fh->fh_waiting - 1);
	khand_drop(want);
	khand_add(KHAND_MEM, want);
	klog_commit();
	settle_head(fh);
	kmutex_exit(&vs->vs_flocklock);
	kmem_free(want);
}

/* Wait (or not) until nothing conflicts. */
static int
await_turn(struct flockhead *fh, struct filelock *want, bool wait)
{
	struct filelock *held;
	int error = 0;

	while (error == 0 && (held = find_conflict(fh, want)) != NULL) {
		if (!wait)
			error = EAGAIN;
		else if (want->fl_kind == FLOCK_POSIX && deadlock(want, held))
			error = EDEADLK;
		else
			error = wait_change(fh, want);
	}
	return error;
}

/*
 * Make the owner's locks be what `want' says in its range.  If it is a lock,
 * it is linked, grown to cover those of its type that it touches.  *spare is
 * used if one is split in two.
 */
static void
apply(struct flockhead *fh, struct filelock *want, struct filelock **spare)
{
	struct filelock *fl, *next, *rest;

	for (fl = fh->fh_locks; fl != NULL; fl = fl->fl_next) {
		if (same_owner(fl, want) && fl->fl_type == want->fl_type &&
		    touches(fl, want)) {
			want->fl_start = kmin(want->fl_start, fl->fl_start);
			want->fl_end = kmax(want->fl_end, fl->fl_end);
		}
	}
	if (want->fl_type != F_UNLCK) {
		KSET(want->fl_head, fh);
		list_insert(&fh->fh_locks, want);
		khand_drop(want);
		klog_commit();
	}
	for (fl = fh->fh_locks; fl != NULL; fl = next) {
		next = fl->fl_next;
		if (fl == want || !same_owner(fl, want) || !overlaps(fl, want))
			continue;
		if (fl->fl_start >= want->fl_start &&
		    fl->fl_end <= want->fl_end) {
			drop_lock(fh, fl);
			continue;
		}
		if (fl->fl_start < want->fl_start &&
		    fl->fl_end > want->fl_end) {
			rest = *spare;
			*spare = NULL;
			*rest = *fl;
			rest->fl_start = want->fl_end + 1;
			list_insert(&fh->fh_locks, rest);
			khand_drop(rest);
			KSET(fl->fl_end, want->fl_start - 1);
		} else if (fl->fl_start < want->fl_start)
			KSET(fl->fl_end, want->fl_start - 1);
		else
			KSET(fl->fl_start, want->fl_end + 1);
		klog_commit();
	}
}

/* A fresh lock, in hand, filled in; and a spare one. */
static struct filelock *
make_lock(enum flockkind kind, const void *owner, int type,
    struct filelock **spare)
{
	struct filelock *fl = kmem_cache_alloc(KC_FLOCK);

	if (fl == NULL)
		return NULL;
	*spare = kmem_cache_alloc(KC_FLOCK);
	if (*spare == NULL) {
		kmem_free(fl);
		return NULL;
	}
	fl->fl_kind = kind;
	fl->fl_owner = owner;
	fl->fl_type = type;
	fl->fl_end = OFFSET_END;
	return fl;
}

/* Own a lock of this kind already?  Another type's is let go. */
static bool
flock_convert(struct flockhead *fh, struct filelock *want)
{
	struct filelock *fl;

	for (fl = fh->fh_locks; fl != NULL; fl = fl->fl_next) {
		if (!same_owner(fl, want))
			continue;
		if (fl->fl_type == want->fl_type)
			return true;
		drop_lock(fh, fl);
		if (fh->fh_waiting != 0)
			kwakeup(&state()->vs_flockwait);
		break;
	}
	return false;
}

/* Set a lock or unset it, waiting if asked to. */
static int
set_lock(struct flockhead **slot, struct filelock *want, bool wait)
{
	struct vfs_state *vs = state();
	struct filelock *spare, *fl = want;
	struct flockhead *fh;
	int error = 0;

	fl = make_lock(want->fl_kind, want->fl_owner, want->fl_type, &spare);
	if (fl == NULL)
		return ENOLCK;
	fl->fl_start = want->fl_start;
	fl->fl_end = want->fl_end;
	fl->fl_pid = want->fl_pid;
	kmutex_enter(&vs->vs_flocklock);
	fh = get_head(slot);
	if (fh == NULL)
		error = ENOLCK;
	else if (fl->fl_kind == FLOCK_FILE && flock_convert(fh, fl))
		;
	else {
		if (fl->fl_type != F_UNLCK)
			error = await_turn(fh, fl, wait);
		if (error == 0) {
			apply(fh, fl, &spare);
			if (fl->fl_type != F_UNLCK)
				fl = NULL;
		}
	}
	if (fh != NULL)
		settle_head(fh);
	kmutex_exit(&vs->vs_flocklock);
	if (fl != NULL)
		kmem_free(fl);
	if (spare != NULL)
		kmem_free(spare);
	return error;
}

int
flock_flock(struct lwp *l, struct file *f, int op)
{
	struct filelock want = { .fl_kind = FLOCK_FILE,
		.fl_owner = f,
		.fl_end = OFFSET_END };
	struct flockhead **slot = slot_of(f);

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
	return set_lock(slot, &want, !(op & LOCK_NB));
}

/* The range and type of a struct flock, as Linux reads it. */
static int
parse_flock(const struct flock *u, const struct file *f, struct filelock *fl)
{
	int64_t start = 0, end;

	switch (u->l_whence) {
	case SEEK_SET:
		break;
	case SEEK_CUR:
		start = f->f_offset;
		break;
	case SEEK_END:
		if (f->f_vnode != NULL && f->f_vnode->v_type == VREG)
			start = f->f_vnode->v_size;
		break;
	default:
		return EINVAL;
	}
	if (u->l_start > (int64_t)OFFSET_END - start)
		return EOVERFLOW;
	start += u->l_start;
	if (start < 0)
		return EINVAL;
	end = OFFSET_END;
	if (u->l_len > 0) {
		if (u->l_len - 1 > (int64_t)OFFSET_END - start)
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
static int
test_lock(struct flockhead **slot, struct filelock *want, struct flock *u)
{
	struct vfs_state *vs = state();
	struct filelock *fl = NULL;

	kmutex_enter(&vs->vs_flocklock);
	if (*slot != NULL)
		fl = want->fl_type == F_UNLCK ? find_own(*slot, want) :
						find_conflict(*slot, want);
	if (fl == NULL)
		u->l_type = F_UNLCK;
	else {
		u->l_type = fl->fl_type;
		u->l_whence = SEEK_SET;
		u->l_start = fl->fl_start;
		u->l_len = fl->fl_end == OFFSET_END ?
		    0 :
		    fl->fl_end - fl->fl_start + 1;
		u->l_pid = fl->fl_pid;
	}
	kmutex_exit(&vs->vs_flocklock);
	return 0;
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

	if (atomic_load(&fdp->fd_users) == 1)
		return true;
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
	struct flockhead **slot = slot_of(f);
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
	error = set_lock(slot, &want, wait);
	/* Closed meanwhile by another thread: its locks must be gone. */
	if (error == 0 && !ofd && want.fl_type != F_UNLCK &&
	    !still_open(l->l_proc->p_fd, fd, f)) {
		flock_fdclose(l->l_proc->p_fd, f);
		error = EBADF;
	}
	return error;
}

/* Drop all locks of an owner on the file. */
static void
drop_owned(struct flockhead **slot, const void *owner)
{
	struct vfs_state *vs = state();
	struct filelock *fl, *next;
	struct flockhead *fh;
	bool any = false;

	kmutex_enter(&vs->vs_flocklock);
	fh = *slot;
	if (fh != NULL) {
		for (fl = fh->fh_locks; fl != NULL; fl = next) {
			next = fl->fl_next;
			if (fl->fl_owner == owner) {
				drop_lock(fh, fl);
				any = true;
			}
		}
		if (any)
			settle_head(fh);
	}
	kmutex_exit(&vs->vs_flocklock);
}

void
flock_fdclose(const struct filedesc *owner, struct file *f)
{
	struct flockhead **slot = slot_of(f);

	if (slot != NULL && KREAD(*slot) != NULL)
		drop_owned(slot, owner);
}

void
flock_fileclose(struct file *f)
{
	struct flockhead **slot = slot_of(f);

	if (slot != NULL && KREAD(*slot) != NULL)
		drop_owned(slot, f);
}

struct flockhead *
flock_forget(struct flockhead **slot)
{
	struct flockhead *fh = *slot;

	if (fh == NULL)
		return NULL;
	KASSERT(fh->fh_locks == NULL && fh->fh_waiting == 0);
	KSET(*slot, NULL);
	khand_add(KHAND_MEM, fh);
	return fh;
}

void
flock_boot(void)
{
	kmem_cache_setsize(KC_FLOCK, sizeof(struct filelock), 0);
	kmutex_init(&state()->vs_flocklock, KRANK_FLOCK);
}

int
flock_check(void)
{
	const struct filelock *b, *prev = NULL;
	int faults = 0;

	for (b = state()->vs_flockblocked; b != NULL; b = b->fl_next) {
		if (b->fl_prev != prev || b->fl_head == NULL ||
		    b->fl_head->fh_waiting == 0) {
			kprintf("flock: blocked request %p is not linked well",
			    (const void *)b);
			faults++;
		}
		prev = b;
	}
	return faults;
}
