/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe: pipes; see pipe.h for the structure and its locking.
 *
 * Theory of operation
 *
 *	Readers sleep on pp_rwait while the ring is empty and there are
 *	writers, writers on pp_wwait while there is no room and there are
 *	readers.  A write that finds readers asleep wakes one; a reader that
 *	leaves data behind wakes the next.  Writers are woken when PIPE_BUF
 *	bytes have become free, one at a time likewise: one that cannot use
 *	all the room hands the wake on.  Pollers have a queue of their own,
 *	so that they swallow no wake.
 */
#include <asm/ioctls.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include "rumpvfs/filerw.h"
#include "rumpvfs/pipe_impl.h"

#include "lwproc/file.h"
#include "rumpkern/copy.h"
#include "rumpkern/kmem.h"

#define PIPE_DEV 14 /* st_dev: the host's pipefs has a small one */

/*
 * Move up to n bytes between the uio and the ring at counter `at', to be
 * published by the caller; *done tells how many went.
 */
static inline int
ring_move(struct pipe *p, uint64_t at, uint64_t n, struct uio *uio,
    uint64_t *done)
{
	size_t before = uio->uio_resid;
	uint64_t i = at & (p->pp_ringsize - 1);
	uint64_t first = kmin(n, p->pp_ringsize - i);
	int error;

	error = uio_move(p->pp_ring + i, first, uio);
	if (unlikely(error == 0 && first < n))
		error = uio_move(p->pp_ring, n - first, uio);
	*done = before - uio->uio_resid;
	return error;
}

/* A read when the first bytes, or those soon after, are a packet. */
static int
read_packet(struct pipe *p, struct uio *uio, uint64_t *done)
{
	struct pipe_packet *pk = &p->pp_pkts[p->pp_pkthead];
	uint64_t n = kmin(uio->uio_resid, pk->pk_end - p->pp_tail);
	int error;

	error = ring_move(p, p->pp_tail, n, uio, done);
	if (p->pp_tail + *done <= pk->pk_start) {
		pipe_settail(p, p->pp_tail + *done);
		return error;
	}
	KSET(p->pp_tail, pk->pk_end);
	KSET(p->pp_pkthead, (p->pp_pkthead + 1) % p->pp_pktmax);
	KSET(p->pp_npkts, p->pp_npkts - 1);
	klog_commit();
	return error;
}

static inline bool
nonblocking(const struct file *f, const struct uio *uio)
{
	return (f->f_flags & O_NONBLOCK) != 0 ||
	    (uio->uio_flags & RWF_NOWAIT) != 0;
}

/* A FIFO's times are its vnode's. */
static void
fifo_touch(struct vnode *vp)
{

	kmutex_enter(&vp->v_lock);
	vnode_touch(vp, VTOUCH_MTIME | VTOUCH_CTIME);
	klog_commit();
	kmutex_exit(&vp->v_lock);
}

static int
pipe_read(struct file *f, struct uio *uio)
{
	struct pipe *p = f->f_data;
	uint64_t n, done = 0;
	bool full;
	int error = 0;

	if (unlikely(uio->uio_resid == 0))
		return 0;
	kmutex_enter(&p->pp_lock);
	while ((n = pipe_used(p)) == 0) {
		if (p->pp_writers == 0)
			goto out;
		if (nonblocking(f, uio)) {
			error = EAGAIN;
			goto out;
		}
		error = ksleep(&p->pp_rwait, &p->pp_lock, KSLEEP_FOREVER,
		    KSLEEP_INTR);
		if (error != 0)
			break;
	}
	if (unlikely(error != 0))
		goto next;
	full = !pipe_writable(p);
	if (likely(p->pp_npkts == 0)) {
		n = kmin(n, uio->uio_resid);
		error = ring_move(p, p->pp_tail, n, uio, &done);
		pipe_settail(p, p->pp_tail + done);
	} else
		error = read_packet(p, uio, &done);
	if (done != 0) {
		error = 0;
		if (unlikely(p->pp_wwait.wq_head != NULL) && pipe_writable(p))
			kwakeup_one(&p->pp_wwait);
		if (unlikely(full && p->pp_poll.wq_head != NULL) &&
		    pipe_writable(p))
			kwakeup_events(&p->pp_poll, POLLOUT | POLLWRNORM);
	}
next:
	if (unlikely(p->pp_rwait.wq_head != NULL) && pipe_used(p) != 0)
		kwakeup_one(&p->pp_rwait);
out:
	kmutex_exit(&p->pp_lock);
	if (unlikely(f->f_vnode != NULL) && done != 0 &&
	    !(f->f_flags & O_NOATIME) && !(uio->uio_flags & RWF_SPLICE))
		vnode_accessed(f->f_vnode);
	return error;
}

/* One packet of at most PIPE_BUF bytes.  EAGAIN when there is no room. */
static int
write_packet(struct pipe *p, struct uio *uio)
{
	uint64_t n = kmin(uio->uio_resid, PIPE_ATOMIC), done;
	uint32_t max = PIPE_RINGMAX / PIPE_ATOMIC;
	struct pipe_packet *pk;
	int error;

	if (!pipe_writable(p) &&
	    (pipe_room(p) < n || p->pp_npkts >= p->pp_cap / PIPE_ATOMIC))
		return EAGAIN;
	if (p->pp_pkts == NULL) {
		pk = kmem_alloc(max * sizeof(*pk));
		if (pk == NULL)
			return ENOMEM;
		KSET(p->pp_pkts, pk);
		KSET(p->pp_pktmax, max);
		khand_drop(pk);
		klog_commit();
	}
	if (p->pp_ringsize < p->pp_cap && p->pp_ringsize < pipe_used(p) + n) {
		error = pipe_grow(p, n);
		if (error != 0)
			return error;
	}
	error = ring_move(p, p->pp_head, n, uio, &done);
	if (done == 0)
		return error;
	pk = &p->pp_pkts[(p->pp_pkthead + p->pp_npkts) % p->pp_pktmax];
	pk->pk_start = p->pp_head; /* not in use: needs no log */
	pk->pk_end = p->pp_head + done;
	KSET(p->pp_npkts, p->pp_npkts + 1);
	KSET(p->pp_head, p->pp_head + done);
	klog_commit();
	return error;
}

/* As much as fits now, or all if atomic.  EAGAIN: no room. */
static inline int
write_some(struct pipe *p, struct uio *uio, bool atomic)
{
	uint64_t n = uio->uio_resid, room = pipe_room(p), done;
	int error;

	if (unlikely(n > room)) {
		if (atomic || room == 0)
			return EAGAIN;
		n = room;
	}
	if (unlikely(p->pp_ringsize - pipe_used(p) < n)) {
		error = pipe_grow(p, n);
		if (error != 0)
			return error;
	}
	error = ring_move(p, p->pp_head, n, uio, &done);
	if (likely(done != 0))
		pipe_sethead(p, p->pp_head + done);
	return error;
}

/* With pp_lock held: all of the uio, sleeping for room as need be. */
static inline int
write_all(struct pipe *p, struct file *f, struct uio *uio)
{
	bool atomic = uio->uio_resid <= PIPE_ATOMIC;
	uint64_t head;
	int error;

	for (;;) {
		if (unlikely(p->pp_readers == 0))
			return EPIPE;
		head = p->pp_head;
		/* What is spliced in is no packet. */
		if (unlikely(f->f_flags & O_DIRECT) &&
		    !(uio->uio_flags & RWF_SPLICE))
			error = write_packet(p, uio);
		else
			error = write_some(p, uio, atomic);
		if (p->pp_head != head)
			pipe_wake_readers(p);
		if (likely(error == 0)) {
			if (likely(uio->uio_resid == 0))
				return 0;
			continue;
		}
		if (error != EAGAIN || nonblocking(f, uio))
			return error;
		error = ksleep(&p->pp_wwait, &p->pp_lock, KSLEEP_FOREVER,
		    KSLEEP_INTR);
		if (error != 0)
			return error;
	}
}

static int
pipe_write(struct file *f, struct uio *uio)
{
	struct pipe *p = f->f_data;
	size_t before = uio->uio_resid;
	int error;

	if (unlikely(before == 0))
		return 0;
	kmutex_enter(&p->pp_lock);
	error = write_all(p, f, uio);
	if (unlikely(p->pp_wwait.wq_head != NULL) && pipe_writable(p))
		kwakeup_one(&p->pp_wwait);
	kmutex_exit(&p->pp_lock);
	if (unlikely(f->f_vnode != NULL) && uio->uio_resid != before &&
	    !(uio->uio_flags & RWF_SPLICE))
		fifo_touch(f->f_vnode);
	if (likely(error == 0))
		return 0;
	if (error == EPIPE && !(uio->uio_flags & RWF_NOSIGNAL))
		pipe_sigpipe();
	return uio->uio_resid != before ? 0 : error;
}

void
pipe_sigpipe(void)
{
	rumpuser_tgkill(rumpuser_getpid(), curcpu()->c_tid, SIGPIPE);
}

static int
pipe_ioctl(struct file *f, unsigned long cmd, void *uarg, long *ret)
{
	struct pipe *p = f->f_data;
	int n;

	(void)ret;
	if (cmd != FIONREAD)
		return ENOTTY;
	kmutex_enter(&p->pp_lock);
	n = pipe_used(p);
	kmutex_exit(&p->pp_lock);
	return copyout(&n, uarg, sizeof(n));
}

static int
pipe_poll(struct file *f, int events, struct waitent *ent)
{
	struct pipe *p = f->f_data;
	int ready = 0;

	kmutex_enter(&p->pp_lock);
	if (ent != NULL) {
		waitq_add(&p->pp_poll, ent, &p->pp_lock);
		klog_commit();
	}
	if (f->f_mode & FMODE_READ) {
		if (pipe_used(p) != 0)
			ready |= POLLIN | POLLRDNORM;
		/* A FIFO opened before any writer came has no end yet. */
		if (p->pp_writers == 0 && f->f_dircookie != p->pp_wgen)
			ready |= POLLHUP;
	}
	if (f->f_mode & FMODE_WRITE) {
		if (pipe_writable(p))
			ready |= POLLOUT | POLLWRNORM;
		if (p->pp_readers == 0)
			ready |= POLLERR;
	}
	kmutex_exit(&p->pp_lock);
	return ready & (events | POLLHUP | POLLERR);
}

static int
pipe_stat(struct file *f, struct stat *st)
{
	struct pipe *p = f->f_data;

	if (f->f_vnode != NULL) {
		vnode_stat(f->f_vnode, st);
		return 0;
	}
	memset(st, 0, sizeof(*st));
	st->st_dev = PIPE_DEV;
	st->st_ino = p->pp_ino;
	st->st_mode = S_IFIFO | 0600;
	st->st_nlink = 1;
	st->st_uid = p->pp_uid;
	st->st_gid = p->pp_gid;
	st->st_blksize = KPAGE_SIZE;
	st->st_atim.tv_sec = p->pp_time.vt_sec;
	st->st_atim.tv_nsec = p->pp_time.vt_nsec;
	st->st_mtim = st->st_ctim = st->st_atim;
	return 0;
}

const struct fileops pipe_fileops = {
	.fo_read = pipe_read,
	.fo_write = pipe_write,
	.fo_ioctl = pipe_ioctl,
	.fo_poll = pipe_poll,
	.fo_stat = pipe_stat,
	.fo_close = pipe_close,
};
