/* SPDX-License-Identifier: BSD-2-Clause */
/* async: see async.h. */
#include "rumpvfs/async.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>

#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/epoll_impl.h"

struct async {
	struct waitent as_wait;
	struct file *as_file;
	int as_fd; /* as F_SETFL or FIOASYNC had it */
};

/*
 * A program that links the kernel is told when its call returns, as a handler may
 * call the kernel again: its pids are all its own.  The shim defers handlers.
 */
static void
tell(const struct file *f, int sig, int fd, uint32_t band)
{
	struct cpu *c = curcpu();
	int id = (int)KREAD(f->f_owner), kind = (int)(KREAD(f->f_sig) >> 8);

	if (id == 0)
		return;
	/* Not by the lwp, which may be at its end. */
	if (rumpuser_process.ru_fd_reserve == NULL) {
		__atomic_fetch_or(&c->c_sigs, 1UL << (sig - 1),
		    __ATOMIC_RELAXED);
		__atomic_fetch_or(&c->c_userret, 2, __ATOMIC_RELAXED);
		return;
	}
	rumpuser_sigio(kind == F_OWNER_TID, kind == F_OWNER_PGRP ? -id : id,
	    sig, fd, band);
}

void
async_kill(const struct file *f, int sig)
{
	tell(f, sig, -1, 0);
}

void
async_tell(const struct file *f, int fd, uint32_t band)
{
	int sig = KREAD(f->f_sig) & 0xff;

	tell(f, sig == 0 ? SIGIO : sig, sig == 0 ? -1 : fd, band);
}

bool
async_hook(struct waitent *w, uint32_t events, bool taken)
{
	const struct async *as = (const struct async *)(void *)w;
	uint32_t band = events & (POLLIN | POLLRDNORM | POLLPRI | POLLHUP);

	(void)taken;
	if (events == ~0U)
		band = POLLIN | POLLRDNORM;
	else if (band == 0)
		band = POLLOUT | POLLWRNORM | POLLWRBAND;
	async_tell(as->as_file, as->as_fd, band);
	return false;
}

static int
start(struct file *f, int fd)
{
	struct kmutex *flock = epoll_filelock(f);
	struct async *as = kmem_alloc(sizeof(*as));
	bool there;

	if (as == NULL)
		return ENOMEM;
	as->as_wait.w_hook = WAITHOOK_ASYNC;
	as->as_file = f;
	as->as_fd = fd;
	kmutex_enter(flock);
	there = f->f_async != NULL;
	if (!there) {
		__atomic_store_n(&f->f_watched, 1, __ATOMIC_RELEASE);
		KSET(f->f_async, as);
		khand_drop(as);
		klog_commit();
		fileops[f->f_type]->fo_poll(f, 0, &as->as_wait);
	}
	kmutex_exit(flock);
	if (there)
		kmem_free(as);
	return 0;
}

void
async_forget(struct file *f)
{
	struct kmutex *flock = epoll_filelock(f), *wlock = NULL;
	struct async *as;

	kmutex_enter(flock);
	as = f->f_async;
	if (as != NULL) {
		if (KREAD(as->as_wait.w_queue) != NULL)
			wlock = waitent_lock(&as->as_wait);
		waitq_remove(&as->as_wait);
		KSET(f->f_async, NULL);
		khand_add(KHAND_MEM, as);
		klog_commit();
		if (wlock != NULL)
			kmutex_exit(wlock);
	}
	kmutex_exit(flock);
	if (as != NULL)
		kmem_free(as);
}

int
async_set(struct file *f, int fd, bool on)
{
	if (f->f_type != FTYPE_SOCK && f->f_type != FTYPE_PIPE)
		return 0;
	if (on)
		return start(f, fd);
	async_forget(f);
	return 0;
}
