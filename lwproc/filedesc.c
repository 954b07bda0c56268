/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filedesc: descriptor tables.
 *
 * fd_lock guards changes.  Entries are read without it: a table that was
 * outgrown stays until the filedesc goes (the sizes double, so all of them
 * together are no larger than the last), and fd_ents is stored before fd_size.
 */
#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/dnotify.h"
#include "rumpvfs/flock.h"

#define FD_FIRST 31U
#define FD_MOST  (256 * 1024U - 1) /* entries a table can have */

/* Room for entries below n; the lock is held, the log empty. */
static int
grow(struct filedesc *fdp, uint32_t n)
{
	uint32_t size = kmax(fdp->fd_size, FD_FIRST);
	fdent_t *ents;

	if (n <= fdp->fd_size)
		return 0;
	if (n > FD_MOST)
		return EMFILE;
	/* A power of two with its link word is just an allocation's size. */
	while (size < n)
		size = size * 2 + 1;
	/* One word more, in front: it links the outgrown tables. */
	ents = kmem_alloc((size + 1) * sizeof(fdent_t));
	if (ents == NULL)
		return ENFILE;
	if (fdp->fd_size != 0)
		memcpy(ents + 1, fdp->fd_ents, fdp->fd_size * sizeof(fdent_t));
	ents[0] = (fdent_t)(uintptr_t)fdp->fd_block;
	KSET(fdp->fd_block, ents);
	KSET(fdp->fd_ents, ents + 1);
	kbarrier();
	KSET(fdp->fd_size, size);
	khand_drop(ents);
	klog_commit();
	return 0;
}

struct filedesc *
fdesc_create(void)
{
	struct filedesc *fdp = kmem_cache_alloc(KC_FDESC);

	if (fdp == NULL)
		return NULL;
	kmutex_init(&fdp->fd_lock, KRANK_FD);
	fdp->fd_refs = 1;
	khand_drop(fdp);
	khand_add(KHAND_FDESC, fdp);
	klog_commit();
	if (grow(fdp, FD_FIRST) != 0) {
		khand_release(fdp);
		return NULL;
	}
	return fdp;
}

uint32_t
fdesc_users(struct filedesc *fdp, int change)
{
	uint32_t n = atomic_load(&fdp->fd_users) + change;

	klog_save(&fdp->fd_users, sizeof(fdp->fd_users));
	/* Before whoever makes it two looks where the other user is. */
	atomic_store(&fdp->fd_users, n);
	return n;
}

struct filedesc *
fdesc_share(struct filedesc *fdp)
{

	kmutex_enter(&fdp->fd_lock);
	KSET(fdp->fd_refs, fdp->fd_refs + 1);
	khand_add(KHAND_FDESC, fdp);
	klog_commit();
	kmutex_exit(&fdp->fd_lock);
	return fdp;
}

struct filedesc *
fdesc_copy(struct filedesc *from)
{
	struct filedesc *to = fdesc_create();
	struct file *f;
	uint32_t i;

	if (to == NULL)
		return NULL;
	kmutex_enter(&from->fd_lock);
	/* Two tables locked: the new one is nobody else's, it needs none. */
	if (grow(to, from->fd_last) != 0) {
		kmutex_exit(&from->fd_lock);
		khand_release(to);
		return NULL;
	}
	for (i = 0; i < from->fd_last; i++) {
		f = FDENT_FILE(from->fd_ents[i]);
		if (f == NULL)
			continue;
		kmutex_enter(&f->f_lock);
		KSET(f->f_count, f->f_count + 1);
		KSET(to->fd_ents[i], from->fd_ents[i]);
		KSET(to->fd_last, i + 1);
		klog_commit();
		kmutex_exit(&f->f_lock);
	}
	to->fd_hint = from->fd_hint;
	kmutex_exit(&from->fd_lock);
	return to;
}

/*
 * Logged: take a file out of its slot into the hand.  Its record locks and
 * F_NOTIFY go first, so that a death between the two leaves none; the log was empty.
 */
static struct file *
slot_clear(struct filedesc *fdp, uint32_t fd)
{
	struct file *f = FDENT_FILE(fdp->fd_ents[fd]);

	if (f == NULL)
		return NULL;
	flock_fdclose(fdp, f);
	dnotify_fdclose(fdp, f);
	if (atomic_load_explicit(&fdp->fd_users, memory_order_relaxed) > 1)
		__atomic_store_n(&f->f_noted, 1, __ATOMIC_RELAXED);
	KSET(fdp->fd_ents[fd], 0);
	if (fd < fdp->fd_hint)
		KSET(fdp->fd_hint, fd);
	khand_add(KHAND_FILE, f);
	return f;
}

static void
free_table(struct filedesc *fdp)
{
	fdent_t *block = fdp->fd_block;

	khand_add(KHAND_MEM, block);
	KSET(fdp->fd_block, (fdent_t *)(uintptr_t)block[0]);
	klog_commit();
	kmem_free(block);
}

void
fdesc_rele(struct filedesc *fdp)
{
	struct file *f;
	bool last;

	kmutex_enter(&fdp->fd_lock);
	if (fdp->fd_refs > 0)
		KSET(fdp->fd_refs, fdp->fd_refs - 1);
	last = fdp->fd_refs == 0;
	if (!last)
		khand_drop(fdp);
	klog_commit();
	kmutex_exit(&fdp->fd_lock);
	if (!last)
		return;
	while (fdp->fd_last > 0) {
		f = slot_clear(fdp, fdp->fd_last - 1);
		KSET(fdp->fd_last, fdp->fd_last - 1);
		klog_commit();
		if (f != NULL)
			file_rele(f);
	}
	while (fdp->fd_block != NULL)
		free_table(fdp);
	khand_drop(fdp);
	khand_add(KHAND_MEM, fdp);
	klog_commit();
	kmem_free(fdp);
}

/* The lowest free number from `from' on; the lock is held. */
static int
lowest_free(struct filedesc *fdp, uint64_t limit, uint32_t from, int *fd)
{
	uint32_t i = kmax(from, fdp->fd_hint);

	while (i < fdp->fd_last && fdp->fd_ents[i] != 0)
		i++;
	if (i >= limit)
		return EMFILE;
	*fd = i;
	return 0;
}

/* Logged: put the file that is in hand at a free number. */
static void
slot_set(struct filedesc *fdp, uint32_t fd, struct file *f, bool cloexec)
{

	KSET(fdp->fd_ents[fd],
	    (fdent_t)(uintptr_t)f | (cloexec ? FDENT_CLOEXEC : 0));
	if (fd >= fdp->fd_last)
		KSET(fdp->fd_last, fd + 1);
	if (fd == fdp->fd_hint)
		KSET(fdp->fd_hint, fd + 1);
	khand_drop(f);
}

int
fd_install(struct lwp *l, struct file *f, int from, bool cloexec, int *fd)
{
	struct filedesc *fdp = l->l_proc->p_fd;
	int n, error;

	if (rumpuser_process.ru_fd_reserve != NULL) {
		n = rumpuser_process.ru_fd_reserve(from, cloexec);
		if (n < 0)
			return -n;
		error = fd_install_at(l, f, n, cloexec);
		if (error != 0)
			rumpuser_process.ru_fd_unreserve(n);
		*fd = n;
		return error;
	}
	kmutex_enter(&fdp->fd_lock);
	error = lowest_free(fdp, l->l_proc->p_nofile, from, &n);
	if (error == 0)
		error = grow(fdp, n + 1);
	if (error == 0) {
		slot_set(fdp, n, f, cloexec);
		klog_commit();
		*fd = n;
	}
	kmutex_exit(&fdp->fd_lock);
	return error;
}

int
fd_reserve(struct lwp *l, bool cloexec, int *fd)
{
	struct filedesc *fdp = l->l_proc->p_fd;
	int n, error;

	*fd = -1;
	if (rumpuser_process.ru_fd_reserve != NULL) {
		n = rumpuser_process.ru_fd_reserve(0, cloexec);
		if (n < 0)
			return -n;
		*fd = n;
		return 0;
	}
	kmutex_enter(&fdp->fd_lock);
	error = lowest_free(fdp, l->l_proc->p_nofile, 0, &n);
	kmutex_exit(&fdp->fd_lock);
	return error;
}

void
fd_unreserve(int fd)
{

	if (fd >= 0)
		rumpuser_process.ru_fd_unreserve(fd);
}

int
fd_install_reserved(struct lwp *l, struct file *f, bool cloexec, int *fd)
{

	if (*fd < 0)
		return fd_install(l, f, 0, cloexec, fd);
	return fd_install_at(l, f, *fd, cloexec);
}

int
fd_install_at(struct lwp *l, struct file *f, int fd, bool cloexec)
{
	struct filedesc *fdp = l->l_proc->p_fd;
	struct file *old;
	int error;

	kmutex_enter(&fdp->fd_lock);
	error = grow(fdp, fd + 1);
	if (error != 0) {
		kmutex_exit(&fdp->fd_lock);
		return error;
	}
	old = slot_clear(fdp, fd);
	slot_set(fdp, fd, f, cloexec);
	klog_commit();
	kmutex_exit(&fdp->fd_lock);
	if (old != NULL)
		file_rele(old);
	return 0;
}

int
fd_close(struct lwp *l, int fd)
{
	struct filedesc *fdp = l->l_proc->p_fd;
	struct file *f = NULL;

	kmutex_enter(&fdp->fd_lock);
	if ((uint32_t)fd < fdp->fd_last)
		f = slot_clear(fdp, fd);
	if (f != NULL && (uint32_t)fd + 1 == fdp->fd_last)
		KSET(fdp->fd_last, fd);
	klog_commit();
	kmutex_exit(&fdp->fd_lock);
	if (f == NULL)
		return EBADF;
	file_rele(f);
	return 0;
}

int
fd_get_cloexec(struct lwp *l, int fd)
{
	struct filedesc *fdp = l->l_proc->p_fd;

	fdent_t e;

	if ((uint32_t)fd >= KREAD(fdp->fd_size))
		return -1;
	e = KREAD(KREAD(fdp->fd_ents)[fd]);
	return e == 0 ? -1 : (int)(e & FDENT_CLOEXEC);
}

int
fd_set_cloexec(struct lwp *l, int fd, bool set)
{
	struct filedesc *fdp = l->l_proc->p_fd;
	int error = EBADF;

	kmutex_enter(&fdp->fd_lock);
	if ((uint32_t)fd < fdp->fd_size && fdp->fd_ents[fd] != 0) {
		KSET(fdp->fd_ents[fd],
		    (fdp->fd_ents[fd] & ~FDENT_CLOEXEC) |
			(set ? FDENT_CLOEXEC : 0));
		error = 0;
	}
	klog_commit();
	kmutex_exit(&fdp->fd_lock);
	return error;
}

void
fdesc_closeexec(struct lwp *l)
{
	struct filedesc *fdp = l->l_proc->p_fd;
	uint32_t fd;

	for (fd = 0; fd < fdp->fd_last; fd++)
		if (fdp->fd_ents[fd] & FDENT_CLOEXEC)
			fd_close(l, fd);
}
