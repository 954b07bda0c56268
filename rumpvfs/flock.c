/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flock: file locks; see flock.h.
 */
#include <fcntl.h>

#include "rumpvfs/flock_impl.h"
#include "rumpvfs/pipe.h"
#include "rumpvfs/vnode.h"

#include "lwproc/file.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/waitq.h"

static inline struct vfs_state *
state(void)
{
	return ARENA->a_vfs;
}

struct flockhead **
flock_slot(const struct file *f)
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

/* Is the held lock in the way, or, of F_UNLCK, one of those asked for? */
static inline bool
conflicts(const struct filelock *fl, const struct filelock *want)
{
	if (want->fl_type == F_UNLCK)
		return same_owner(fl, want) && overlaps(fl, want);
	return (fl->fl_kind == FLOCK_FILE) == (want->fl_kind == FLOCK_FILE) &&
	    !same_owner(fl, want) && overlaps(fl, want) &&
	    (fl->fl_type == F_WRLCK || want->fl_type == F_WRLCK);
}

/* The first in the order of the list, which F_GETLK tells. */
static struct filelock *
find_conflict(const struct flockhead *fh, const struct filelock *want)
{
	struct filelock *fl;

	for (fl = fh->fh_locks; fl != NULL; fl = fl->fl_next)
		if (conflicts(fl, want))
			return fl;
	return NULL;
}

/* Logged steps: into a list, after prev (NULL: first), and out of it. */
static void
list_insert(struct filelock **list, struct filelock *prev, struct filelock *fl)
{
	struct filelock **link = prev != NULL ? &prev->fl_next : list;

	KSET(fl->fl_prev, prev);
	KSET(fl->fl_next, *link);
	if (*link != NULL)
		KSET((*link)->fl_prev, fl);
	KSET(*link, fl);
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

/*
 * Logged: a lock becomes held.  It goes before the owner's next higher one,
 * else behind the owner's last one, and that of a new owner to the end.
 */
static void
hold_lock(struct flockhead *fh, struct filelock *want)
{
	struct filelock *fl, *prev = NULL;
	bool known = false, own;

	for (fl = fh->fh_locks; fl != NULL; prev = fl, fl = fl->fl_next) {
		own = same_owner(fl, want);
		if (own ? fl->fl_start >= want->fl_start : known)
			break;
		known |= own;
	}
	list_insert(&fh->fh_locks, prev, want);
	khand_drop(want);
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
	list_insert(&vs->vs_flockblocked, NULL, want);
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
		hold_lock(fh, want);
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
			hold_lock(fh, rest);
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
	fl->fl_end = FLOCK_END;
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

int
flock_set(struct flockhead **slot, struct filelock *want, bool wait)
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

bool
flock_test(struct flockhead **slot, const struct filelock *want,
    struct filelock *held)
{
	struct vfs_state *vs = state();
	const struct filelock *fl = NULL;

	kmutex_enter(&vs->vs_flocklock);
	if (*slot != NULL)
		fl = find_conflict(*slot, want);
	if (fl != NULL)
		*held = *fl;
	kmutex_exit(&vs->vs_flocklock);
	return fl != NULL;
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
	struct flockhead **slot = flock_slot(f);

	/* Closing a descriptor of O_PATH is not closing the file. */
	if (slot != NULL && KREAD(*slot) != NULL && !(f->f_mode & FMODE_PATH))
		drop_owned(slot, owner);
}

void
flock_fileclose(struct file *f)
{
	struct flockhead **slot = flock_slot(f);

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
