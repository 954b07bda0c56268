/* SPDX-License-Identifier: BSD-2-Clause */
/* inotify: instances and their queues.  See inotify.h. */
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include "rumpvfs/anonfile.h"
#include "rumpvfs/filerw.h"
#include "rumpvfs/inotify.h"

#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"

#define NAME_UNIT sizeof(struct inotify_event) /* names are padded to it */

struct inotify_state *
inotify_state(void)
{
	return ARENA->a_vfs->vs_inotify;
}

static inline struct kmutex *
lock(void)
{
	return &inotify_state()->is_lock;
}

/* --- The queue: is_lock held ------------------------------------------------ */

/* How long the name is in what read() gives: with a NUL at least. */
static uint32_t
name_room(uint32_t len)
{
	return len == 0 ? 0 : roundup2(len + 1, (uint32_t)NAME_UNIT);
}

static uint32_t
event_size(const struct inevent *ie)
{
	return sizeof(struct inotify_event) + name_room(ie->ie_len);
}

/* Logged. */
static void
append(struct inotify *in, struct inevent *ie)
{
	KSET(ie->ie_next, NULL);
	if (in->in_tail != NULL)
		KSET(in->in_tail->ie_next, ie);
	else
		KSET(in->in_head, ie);
	KSET(in->in_tail, ie);
	KSET(in->in_nevents, in->in_nevents + 1);
	KSET(in->in_bytes, in->in_bytes + event_size(ie));
}

/* The first one goes. */
static void
take_off(struct inotify *in)
{
	struct inevent *ie = in->in_head;

	KSET(in->in_head, ie->ie_next);
	if (ie->ie_next == NULL)
		KSET(in->in_tail, NULL);
	KSET(in->in_nevents, in->in_nevents - 1);
	KSET(in->in_bytes, in->in_bytes - event_size(ie));
	if (ie == &in->in_overflow) {
		KSET(in->in_overflowed, 0);
		klog_commit();
		return;
	}
	khand_add(KHAND_MEM, ie);
	klog_commit();
	kmem_free(ie);
}

static bool
is_same(const struct inevent *ie, int32_t wd, uint32_t mask, const char *name,
    size_t len)
{
	return ie->ie_mask == mask && ie->ie_wd == wd && ie->ie_len == len &&
	    !(mask & IN_IGNORED) &&
	    (len == 0 || memcmp(ie->ie_name, name, len) == 0);
}

static struct inevent *
event_make(int32_t wd, uint32_t mask, uint32_t cookie, const char *name,
    size_t len)
{
	struct inevent *ie = kmem_alloc(sizeof(*ie) + len);

	if (ie == NULL)
		return NULL;
	ie->ie_wd = wd;
	ie->ie_mask = mask;
	ie->ie_cookie = cookie;
	ie->ie_len = len;
	if (len > 0)
		memcpy(ie->ie_name, name, len);
	return ie;
}

/* An event has no room: one that says so is queued, if there is none. */
static void
overflow(struct inotify *in)
{
	if (in->in_overflowed)
		return;
	KSET(in->in_overflowed, 1);
	append(in, &in->in_overflow);
	klog_commit();
}

void
inotify_queue(struct inotify *in, int32_t wd, uint32_t mask, uint32_t cookie,
    const char *name, size_t len)
{
	struct inevent *ie = NULL;

	KASSERT(kmutex_owned(lock()) && klog_empty());
	if (in->in_nevents < INOTIFY_MAXEVENTS) {
		if (in->in_tail != NULL &&
		    is_same(in->in_tail, wd, mask, name, len))
			return;
		ie = event_make(wd, mask, cookie, name, len);
	}
	if (ie != NULL) {
		append(in, ie);
		khand_drop(ie);
		klog_commit();
	} else {
		overflow(in);
	}
	kwakeup(&in->in_wait);
	kwakeup_events(&in->in_poll, POLLIN | POLLRDNORM);
}

/* --- Reading ---------------------------------------------------------------- */

/* is_lock held: give the program the first event, and take it off. */
static int
give(struct inotify *in, struct uio *uio)
{
	struct inevent *ie = in->in_head;
	struct inotify_event *ev = (void *)curcpu()->c_bounce;
	uint32_t size = event_size(ie);
	struct uio before = *uio;
	int error;

	memset(ev, 0, size);
	ev->wd = ie->ie_wd;
	ev->mask = ie->ie_mask;
	ev->cookie = ie->ie_cookie;
	ev->len = size - sizeof(*ev);
	memcpy(ev->name, ie->ie_name, ie->ie_len);
	error = uio_move(ev, size, uio);
	if (error != 0) {
		*uio = before;
		return error;
	}
	take_off(in);
	return 0;
}

/* is_lock held: as many as there are and as fit; EINVAL: not even one. */
static int
give_all(struct inotify *in, struct uio *uio)
{
	size_t before = uio->uio_resid;
	int error = 0;

	while (in->in_head != NULL && error == 0)
		error = event_size(in->in_head) > uio->uio_resid ?
		    EINVAL :
		    give(in, uio);
	return uio->uio_resid != before ? 0 : error;
}

int
inotify_take(struct inotify *in, struct uio *uio)
{
	int error;

	kmutex_enter(lock());
	error = in->in_head == NULL ? EAGAIN : give_all(in, uio);
	kmutex_exit(lock());
	return error;
}

static int
in_read(struct file *f, struct uio *uio)
{
	bool wait = !(f->f_flags & O_NONBLOCK) &&
	    !(uio->uio_flags & RWF_NOWAIT);
	struct inotify *in = f->f_data;
	int error = 0;

	kmutex_enter(lock());
	if (unlikely(atomic_load(&in->in_nhost) != 0))
		error = KEHOST; /* the shim reads both halves */
	while (in->in_head == NULL && error == 0) {
		error = wait ?
		    ksleep(&in->in_wait, lock(), KSLEEP_FOREVER, KSLEEP_INTR) :
		    EAGAIN;
		if (error == 0 && atomic_load(&in->in_nhost) != 0)
			error = KEHOST;
	}
	if (error == 0)
		error = give_all(in, uio);
	kmutex_exit(lock());
	return error;
}

static int
in_ioctl(struct file *f, unsigned long cmd, void *uarg, long *ret)
{
	struct inotify *in = f->f_data;
	int n;

	(void)ret;
	if (cmd != FIONREAD)
		return ENOTTY;
	n = KREAD(in->in_bytes);
	return copyout(&n, uarg, sizeof(n));
}

static int
in_poll(struct file *f, int events, struct waitent *ent)
{
	struct inotify *in = f->f_data;
	bool ready;

	kmutex_enter(lock());
	if (ent != NULL) {
		waitq_add(&in->in_poll, ent, lock());
		klog_commit();
	}
	ready = in->in_head != NULL;
	kmutex_exit(lock());
	return ready ? events & (POLLIN | POLLRDNORM) : 0;
}

void
inotify_hashost(struct inotify *in)
{
	if (atomic_fetch_add(&in->in_nhost, 1) != 0)
		return;
	kmutex_enter(lock());
	kwakeup(&in->in_wait);
	kwakeup_events(&in->in_poll, POLLIN | POLLRDNORM);
	kmutex_exit(lock());
}

/* --- The file --------------------------------------------------------------- */

/* Logged. */
static void
unlist(struct inotify *in)
{
	struct inotify **pp = &inotify_state()->is_all;

	while (*pp != in)
		pp = &(*pp)->in_next;
	KSET(*pp, in->in_next);
}

/* The reaper may begin it again. */
static void
in_close(struct file *f)
{
	struct inotify *in = f->f_data;
	uint64_t key = 0, w;

	if (in == NULL)
		return;
	kmutex_enter(lock());
	while ((w = radix_next(&in->in_watches, &key)) != 0)
		inotify_unwatch((struct inwatch *)(uintptr_t)w, false);
	while (in->in_head != NULL)
		take_off(in);
	unlist(in);
	KSET(f->f_data, NULL);
	khand_add(KHAND_MEM, in);
	klog_commit();
	kmutex_exit(lock());
	kmem_free(in);
}

const struct fileops inotify_fileops = {
	.fo_read = in_read,
	.fo_ioctl = in_ioctl,
	.fo_poll = in_poll,
	.fo_stat = anonfile_stat,
	.fo_close = in_close,
};

/* is_lock held: how many instances a user has. */
static uint32_t
count(uint32_t uid)
{
	const struct inotify *in;
	uint32_t n = 0;

	for (in = inotify_state()->is_all; in != NULL; in = in->in_next)
		n += in->in_uid == uid;
	return n;
}

/* In hand still, and nobody's. */
static void
fill(struct inotify *in, uint32_t uid, bool shim)
{
	in->in_uid = uid;
	in->in_firstwd = in->in_nextwd = shim ? INOTIFY_SHIMWD : 1;
	in->in_overflow.ie_wd = -1;
	in->in_overflow.ie_mask = IN_Q_OVERFLOW;
}

int
inotify_file(uint32_t uid, bool shim, bool nonblock, struct file **fp)
{
	struct inotify_state *is = inotify_state();
	struct inotify *in = kmem_alloc(sizeof(*in));
	struct file *f;
	int error = 0;

	if (in == NULL)
		return ENOMEM;
	fill(in, uid, shim);
	f = file_alloc(FTYPE_INOTIFY, nonblock ? O_NONBLOCK : 0);
	if (f == NULL) {
		kmem_free(in);
		return ENOMEM;
	}
	kmutex_enter(lock());
	if (count(uid) >= INOTIFY_MAXINSTANCES) {
		error = EMFILE;
	} else {
		in->in_next = is->is_all;
		KSET(is->is_all, in);
		KSET(f->f_data, in);
		khand_drop(in);
		klog_commit();
	}
	kmutex_exit(lock());
	if (error != 0) {
		kmem_free(in);
		file_rele(f);
		return error;
	}
	*fp = f;
	return 0;
}
