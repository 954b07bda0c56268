/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * file: open file descriptions, their references and hazards.
 *
 * A call that uses a file notes it in its cpu's c_hazard instead of counting
 * a reference.  Whoever drops the last reference looks through the hazards of
 * the other cpus: if one has the file, the file becomes a zombie and the last
 * cpu that is done with it destroys it.  Both sides store first and look
 * second with a fence between, so at least one of them sees the other.  A cpu
 * that is done first marks its hazard as one it leaves: that keeps nobody, but
 * tells a reaper to look whether the file was left to the dead.
 *
 * A cpu whose descriptor table nobody else uses notes the hazard without the
 * fence.  When a table gets its second user while another thread may be in such
 * a call, lwp_link() has the host pass a barrier on every thread, which makes
 * its notes visible.
 */
#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/epoll.h"

#define HAZARD_LEFT 1UL

struct file *
file_alloc(enum ftype type, uint32_t flags)
{
	static const uint8_t accmode[4] = { FMODE_READ, FMODE_WRITE,
		FMODE_READ | FMODE_WRITE, 0 };
	struct file *f = kmem_cache_alloc(KC_FILE);

	if (f == NULL)
		return NULL;
	if (f->f_lock.m_rank == 0)
		kmutex_init(&f->f_lock, KRANK_FILE);
	kmutex_init(&f->f_poslock, KRANK_FILEPOS);
	__atomic_store_n(&f->f_noted, 0, __ATOMIC_RELAXED);
	f->f_count = 1;
	f->f_type = type;
	f->f_flags = flags;
	f->f_mode = accmode[flags & 3];
	f->f_cred = KREAD(curlwp()->l_proc->p_cred.cr_id);
	khand_drop(f);
	khand_add(KHAND_FILE, f);
	klog_commit();
	return f;
}

int
file_hold(struct file *f)
{
	int error = 0;

	KASSERT(klog_empty());
	kmutex_enter(&f->f_lock);
	if (f->f_count == 0) {
		error = EBADF;
	} else {
		KSET(f->f_count, f->f_count + 1);
		khand_add(KHAND_FILE, f);
	}
	klog_commit();
	kmutex_exit(&f->f_lock);
	return error;
}

static inline void
set_hazard(struct cpu *c, int slot, struct file *f)
{

	__atomic_store_n(&c->c_hazard[slot], f, __ATOMIC_RELEASE);
}

/* The file of an entry that may change meanwhile. */
static inline struct file *
entry_file(const struct filedesc *fdp, int fd)
{
	return FDENT_FILE(KREAD(KREAD(fdp->fd_ents)[fd]));
}

/* Does a cpu use it, apart from the one slot? */
static bool
has_hazard(const struct file *f, struct file *const *except)
{
	uint32_t i, n = atomic_load(&ARENA->a_ncpus);
	const struct cpu *c;
	int s;

	for (i = 1; i < n; i++) {
		c = cpu_byindex(i);
		for (s = 0; s < CPU_NHAZARD; s++)
			if (KREAD(c->c_hazard[s]) == f &&
			    &c->c_hazard[s] != except)
				return true;
	}
	return false;
}

/*
 * Who sleeps in a call on a descriptor that was closed is woken, and told EINTR,
 * as in NetBSD; under the shim the call goes on, as on Linux.  file_unhazard()
 * makes up for it where the call was not asleep.
 */
static void
interrupt_users(const struct file *f)
{
	uint32_t i, n = atomic_load(&ARENA->a_ncpus);
	struct cpu *c;
	int s;

	for (i = 1; i < n; i++) {
		c = cpu_byindex(i);
		for (s = 0; s < CPU_NHAZARD; s++)
			if (KREAD(c->c_hazard[s]) == f)
				cpu_interrupt(c);
	}
}

/* It is in hand, its count is 0 and nobody uses it. */
static void
destroy(struct file *f)
{

	if (unlikely(KREAD(f->f_watched)))
		epoll_forget(f);
	if (fileops[f->f_type] != NULL && fileops[f->f_type]->fo_close != NULL)
		fileops[f->f_type]->fo_close(f);
	khand_drop(f);
	khand_add(KHAND_MEM, f);
	klog_commit();
	kmem_free(f);
}

void
file_rele(struct file *f)
{
	bool last, zombie = false;

	KASSERT(klog_empty());
	kmutex_enter(&f->f_lock);
	/* Zero already: a reaper goes on where the dead one stopped. */
	if (f->f_count > 0)
		KSET(f->f_count, f->f_count - 1);
	last = f->f_count == 0;
	if (last && KREAD(f->f_noted)) {
		KSET(f->f_zombie, 1);
		atomic_thread_fence(memory_order_seq_cst);
		zombie = has_hazard(f, NULL);
		if (!zombie)
			KSET(f->f_zombie, 0);
		else if (rumpuser_process.ru_fd_reserve == NULL)
			interrupt_users(f);
	}
	if (!last || zombie)
		khand_drop(f);
	klog_commit();
	kmutex_exit(&f->f_lock);
	if (last && !zombie)
		destroy(f);
}

/* If it is the last of a file without references, the file goes. */
void
file_unhazard(struct cpu *c, int slot)
{
	struct file *f = (struct file *)((uintptr_t)c->c_hazard[slot] &
	    ~HAZARD_LEFT);
	bool ours;

	kmutex_enter(&f->f_lock);
	if (rumpuser_process.ru_fd_reserve == NULL)
		atomic_store(&c->c_intr, 0);
	ours = f->f_zombie && !has_hazard(f, &c->c_hazard[slot]);
	if (ours) {
		KSET(f->f_zombie, 0);
		khand_add(KHAND_FILE, f);
	}
	KSET(c->c_hazard[slot], NULL);
	klog_commit();
	kmutex_exit(&f->f_lock);
	if (ours)
		destroy(f);
}

/*
 * Does nobody else use the table?  Asked after a hazard was changed: whoever
 * comes to use the table after that has the host pass a barrier, and sees it.
 */
static inline bool
is_private(struct filedesc *fdp)
{

	kbarrier();
	return likely(atomic_load_explicit(&fdp->fd_users,
			  memory_order_acquire) == 1);
}

/* This cpu does not use the file any more. */
static inline void
leave(struct cpu *c, int slot, struct file *f, struct filedesc *fdp)
{

	set_hazard(c, slot, (struct file *)((uintptr_t)f | HAZARD_LEFT));
	if (!is_private(fdp))
		atomic_thread_fence(memory_order_seq_cst);
	/* Even in a table that is private now: another may just have left. */
	if (unlikely(KREAD(f->f_zombie) != 0))
		file_unhazard(c, slot);
	else
		set_hazard(c, slot, NULL);
}

struct file *
fd_getfile(struct lwp *l, int fd, int slot)
{
	struct filedesc *fdp = l->l_proc->p_fd;
	struct cpu *c = curcpu();
	struct file *f;

	for (;;) {
		if (unlikely((uint32_t)fd >= KREAD(fdp->fd_size)))
			return NULL;
		f = entry_file(fdp, fd);
		if (unlikely(f == NULL))
			return NULL;
		set_hazard(c, slot, f);
		if (!is_private(fdp)) {
			__atomic_store_n(&f->f_noted, 1, __ATOMIC_RELAXED);
			atomic_thread_fence(memory_order_seq_cst);
		}
		/* Private: others may have come, closed it, and left. */
		if (likely(entry_file(fdp, fd) == f))
			return f;
		leave(c, slot, f, fdp);
	}
}

void
fd_done(struct lwp *l, struct file *f, int slot)
{

	leave(curcpu(), slot, f, l->l_proc->p_fd);
}
