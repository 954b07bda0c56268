/* SPDX-License-Identifier: BSD-2-Clause */
/* eventfd: a counter that is a file. */
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#include "rumpvfs/anonfile.h"
#include "rumpvfs/eventfd.h"

#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/waitq.h"
#include "syscalls/sysargs.h"

#define MOST (UINT64_MAX - 1) /* a write that would pass it waits */

struct eventfd {
	struct kmutex ev_lock; /* KRANK_EVENT: guards the rest */
	uint32_t ev_semaphore; /* constant */
	uint64_t ev_count;     /* changed by one store */
	struct waitq ev_wait;  /* readers and writers */
	struct waitq ev_poll;
};

/* ev_lock held. */
static void
set_count(struct eventfd *ev, uint64_t count, int events)
{
	*(volatile uint64_t *)&ev->ev_count = count;
	klog_point();
	kwakeup(&ev->ev_wait);
	kwakeup_events(&ev->ev_poll, events);
}

static inline bool
nonblocking(const struct file *f, const struct uio *uio)
{
	return (f->f_flags & O_NONBLOCK) || (uio->uio_flags & RWF_NOWAIT);
}

static int
wait(struct eventfd *ev, const struct file *f, const struct uio *uio)
{
	if (nonblocking(f, uio))
		return EAGAIN;
	return ksleep(&ev->ev_wait, &ev->ev_lock, KSLEEP_FOREVER, KSLEEP_INTR);
}

static int
event_read(struct file *f, struct uio *uio)
{
	struct eventfd *ev = f->f_data;
	uint64_t value = 0;
	int error = 0;

	if (uio->uio_resid < sizeof(value))
		return EINVAL;
	kmutex_enter(&ev->ev_lock);
	while (ev->ev_count == 0 && error == 0)
		error = wait(ev, f, uio);
	if (error == 0) {
		value = ev->ev_semaphore ? 1 : ev->ev_count;
		set_count(ev, ev->ev_count - value, POLLOUT);
	}
	kmutex_exit(&ev->ev_lock);
	return error != 0 ? error : anonfile_move(&value, uio);
}

static int
event_write(struct file *f, struct uio *uio)
{
	struct eventfd *ev = f->f_data;
	struct uio before = *uio;
	uint64_t value;
	int error;

	if (uio->uio_resid != sizeof(value))
		return EINVAL;
	error = anonfile_move(&value, uio);
	if (error != 0)
		return error;
	if (value == UINT64_MAX)
		error = EINVAL;
	kmutex_enter(&ev->ev_lock);
	while (error == 0 && value > MOST - ev->ev_count)
		error = wait(ev, f, uio);
	if (error == 0)
		set_count(ev, ev->ev_count + value, POLLIN);
	kmutex_exit(&ev->ev_lock);
	if (error != 0)
		*uio = before;
	return error;
}

static int
event_poll(struct file *f, int events, struct waitent *ent)
{
	struct eventfd *ev = f->f_data;
	int ready = 0;

	kmutex_enter(&ev->ev_lock);
	if (ent != NULL) {
		waitq_add(&ev->ev_poll, ent, &ev->ev_lock);
		klog_commit();
	}
	if (ev->ev_count != 0)
		ready |= POLLIN;
	if (ev->ev_count < MOST)
		ready |= POLLOUT;
	kmutex_exit(&ev->ev_lock);
	return ready & events;
}

/* The reaper may begin it again. */
static void
event_close(struct file *f)
{
	struct eventfd *ev = f->f_data;

	if (ev == NULL)
		return;
	KSET(f->f_data, NULL);
	khand_add(KHAND_MEM, ev);
	klog_commit();
	kmem_free(ev);
}

const struct fileops eventfd_fileops = {
	.fo_read = event_read,
	.fo_write = event_write,
	.fo_poll = event_poll,
	.fo_stat = anonfile_stat,
	.fo_close = event_close,
};

static int
create(struct lwp *l, uint32_t count, int flags, long *retval)
{
	struct eventfd *ev;
	struct file *f;

	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return EINVAL;
	ev = kmem_alloc(sizeof(*ev));
	if (ev == NULL)
		return ENOMEM;
	kmutex_init(&ev->ev_lock, KRANK_EVENT);
	ev->ev_count = count;
	ev->ev_semaphore = (flags & EFD_SEMAPHORE) != 0;
	f = file_alloc(FTYPE_EVENTFD, O_RDWR | (flags & EFD_NONBLOCK));
	if (f == NULL) {
		kmem_free(ev);
		return ENOMEM;
	}
	KSET(f->f_data, ev);
	khand_drop(ev);
	klog_commit();
	return anonfile_install(l, f, (flags & EFD_CLOEXEC) != 0, retval);
}

int
sys_eventfd(struct lwp *l, const struct sys_eventfd_args *a, long *retval)
{
	return create(l, a->initval, 0, retval);
}

int
sys_eventfd2(struct lwp *l, const struct sys_eventfd2_args *a, long *retval)
{
	return create(l, a->initval, a->flags, retval);
}
