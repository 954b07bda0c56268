/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs_data: reading and writing regular files.
 *
 * A read takes no lock.  It reads v_seq, looks each page up, copies, and
 * reads v_seq again: if that is odd or has changed, pages were being taken
 * away (tmpfs_size.c) and the read is done once more under v_lock.
 *
 * A write holds v_lock.  Pages that are there are overwritten in place; new
 * ones are filled while only this cpu knows them, then linked, and the size
 * is raised in the same commit, so that death loses at most the piece that
 * was being filled.
 */
#include <signal.h>
#include <sys/stat.h>

#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"
#include "rumpvfs/tmpfs_data.h"
#include "rumpvfs/tmpfs_page.h"

/*
 * The bytes from off that are together in the arena, up to max; *addr NULL:
 * zeroes.
 */
static inline size_t
find_run(const struct vnode *vp, uint64_t off, size_t max, char **addr)
{
	uint64_t index = off >> KPAGE_SHIFT, word, next;
	size_t n = KPAGE_SIZE - (off & KPAGE_MASK);

	word = radix_get(&vp->v_pages, index);
	if (unlikely(!pageword_data(word))) {
		*addr = NULL;
		return kmin(n, max);
	}
	*addr = (char *)(uintptr_t)word + (off & KPAGE_MASK);
	while (n < max) {
		word += KPAGE_SIZE;
		next = radix_get(&vp->v_pages, ++index);
		if (next != word || !pageword_data(next))
			break;
		n += KPAGE_SIZE;
	}
	return kmin(n, max);
}

/* EAGAIN without the lock: it takes a look at what mappings did. */
static inline int
read_pages(const struct vnode *vp, struct uio *uio, bool locked)
{
	uint64_t size, off = uio->uio_offset;
	size_t left, n, before;
	char *addr;
	int error = 0;

	if (unlikely(uio->uio_resid > TMPFS_MAXSIZE - off))
		return EINVAL;
	size = __atomic_load_n(&vp->v_size, __ATOMIC_ACQUIRE);
	if (off >= size)
		return 0;
	left = kmin(size - off, (uint64_t)uio->uio_resid);
	while (left > 0 && error == 0) {
		n = find_run(vp, off, left, &addr);
		before = uio->uio_resid;
		if (likely(addr != NULL))
			error = uio_move(addr, n, uio);
		else if (!locked &&
		    (radix_get(&vp->v_pages, off >> KPAGE_SHIFT) & PAGE_IDLE))
			return EAGAIN;
		else
			error = uio_zero(n, uio);
		n = before - uio->uio_resid;
		off += n;
		left -= n;
	}
	/* A fault after some bytes: they were read. */
	if (unlikely(error != 0) && off != uio->uio_offset)
		error = 0;
	uio->uio_offset = off;
	return error;
}

static int __attribute__((noinline))
read_locked(struct vnode *vp, struct uio *uio)
{
	uint64_t off = uio->uio_offset;
	int error;

	kmutex_enter(&vp->v_lock);
	tmpfs_seq_repair(vp);
	tmpfs_idle_look(vp, off >> KPAGE_SHIFT,
	    (off + kmin(uio->uio_resid, TMPFS_MAXSIZE - off) + KPAGE_MASK) >>
		KPAGE_SHIFT);
	error = read_pages(vp, uio, true);
	kmutex_exit(&vp->v_lock);
	return error;
}

int
tmpfs_read(struct vnode *vp, struct uio *uio)
{
	struct uio start = *uio;
	uint32_t seq;
	int error;

	seq = atomic_load_explicit(&vp->v_seq, memory_order_acquire);
	if (likely((seq & 1) == 0)) {
		error = read_pages(vp, uio, false);
		atomic_thread_fence(memory_order_acquire);
		if (likely(atomic_load_explicit(&vp->v_seq,
			       memory_order_relaxed) == seq &&
			error != EAGAIN))
			return error;
		*uio = start;
	}
	return read_locked(vp, uio);
}

/*
 * How much of a write fits under the limits on the size of a file.  0 or
 * EFBIG, *sig if SIGXFSZ is due.
 */
static int
clip(uint64_t off, size_t *len, bool *sig)
{
	uint64_t limit = curlwp()->l_proc->p_fsize;

	if (unlikely(off >= limit)) {
		*sig = true;
		return EFBIG;
	}
	if (unlikely(off >= TMPFS_MAXSIZE))
		return EFBIG;
	limit = kmin(limit, TMPFS_MAXSIZE);
	*len = kmin((uint64_t)*len, limit - off);
	return 0;
}

static void
send_sigxfsz(void)
{

	rumpuser_tgkill(rumpuser_process.ru_pid, curcpu()->c_tid, SIGXFSZ);
}

int
tmpfs_size_ok(struct vnode *vp, uint64_t size)
{

	if (size <= KREAD(vp->v_size))
		return 0;
	if (size > curlwp()->l_proc->p_fsize) {
		send_sigxfsz();
		return EFBIG;
	}
	return size > TMPFS_MAXSIZE ? EFBIG : 0;
}

void
tmpfs_drop_setid(struct vnode *vp)
{
	/* Our own; a change by another of our lwps comes before or after. */
	const struct cred *cr = &curlwp()->l_proc->p_cred;
	uint16_t mode = vp->v_mode;

	KASSERT(kmutex_owned(&vp->v_lock));
	if (likely((mode & (S_ISUID | S_ISGID)) == 0) || cred_issuper(cr))
		return;
	mode &= ~S_ISUID;
	if ((mode & S_IXGRP) != 0 || !cred_ingroup(cr, vp->v_gid))
		mode &= ~S_ISGID;
	if (mode != vp->v_mode)
		KSET(vp->v_mode, mode);
}

/* The bytes up to off are written: the size follows. Ends in a commit. */
static inline void
written_to(struct vnode *vp, uint64_t off)
{

	if (off > vp->v_size) {
		atomic_thread_fence(memory_order_release);
		KSET(vp->v_size, off);
	}
	klog_commit();
}

/*
 * May the host move bytes to these pages at less cost, through the arena's
 * descriptor?  The first touch of a page by a process is a fault: so it may if
 * the pages are cold or this process has not come by them.
 */
static inline bool
by_host(const char *to, size_t len, bool cold)
{
	bool seen = rumpuser_arena_seen(page_offset(to), len);

	/* The program's limit on file sizes would hold for the arena's. */
	return unlikely(cold || !seen) &&
	    curlwp()->l_proc->p_fsize == FSIZE_INFINITY;
}

/*
 * Let the host move up to len bytes; if that was all, `pad' zeroes follow.
 * Small pieces of a vector, each a call, are left.
 */
static size_t
host_fill(char *to, size_t len, size_t pad, struct uio *uio)
{
	size_t done = 0, n, zeroes;
	long r;

	while (done < len) {
		n = kmin(len - done, uio->uio_iov->iov_len - uio->uio_iovoff);
		if (n < len - done && n < KPAGE_SIZE)
			break;
		zeroes = done + n == len ? pad : 0;
		r = rumpuser_arena_write(page_offset(to + done),
		    (char *)uio->uio_iov->iov_base + uio->uio_iovoff, n,
		    zeroes);
		if (r <= 0)
			break;
		if ((size_t)r >= n && (size_t)r < n + zeroes)
			memset(to + len, 0, pad);
		n = kmin((size_t)r, n);
		uio_skip(n, uio);
		done += n;
	}
	return done;
}

static size_t
move_some(char *to, size_t len, struct uio *uio)
{
	size_t before = uio->uio_resid;

	(void)uio_move(to, len, uio);
	return before - uio->uio_resid;
}

/* Overwrite bytes of pages that are there: how many. */
static inline size_t
overwrite(char *to, size_t len, struct uio *uio)
{
	size_t done = 0;

	if (by_host(to, len, false))
		done = host_fill(to, len, 0, uio);
	if (done < len)
		done += move_some(to + done, len - done, uio);
	return done;
}

/*
 * Fill fresh pages with up to len bytes, and zeroes to the end of the last page
 * that got some.  Returns the bytes moved.
 */
static size_t
fill(char *to, size_t len, bool cold, bool host, struct uio *uio)
{
	size_t done = 0;

	if (host)
		done = host_fill(to, len,
		    cold ? 0 : -((uintptr_t)to + len) & KPAGE_MASK, uio);
	if (done == len)
		return done;
	done += move_some(to + done, len - done, uio);
	if (!cold && done > 0)
		memset(to + done, 0, -((uintptr_t)to + done) & KPAGE_MASK);
	return done;
}

/*
 * Write the last `tail' bytes of the page that ends at `end', then fill fresh
 * pages from `to' on.  If these follow it the host can do that in one call.
 */
static size_t
fill_both(char *end, size_t tail, char *to, size_t len, bool cold,
    struct uio *uio)
{
	bool host = by_host(to, len, cold);
	size_t done = 0;

	if (tail > 0 && host && to == end)
		return fill(end - tail, tail + len, cold, true, uio);
	if (tail > 0)
		done = overwrite(end - tail, tail, uio);
	if (done < tail)
		return done;
	return done + fill(to, len, cold, host, uio);
}

/* Where the page before the index ends; NULL: it has none. */
static char *
end_before(const struct vnode *vp, uint64_t index)
{
	uint64_t word;

	if (index == 0)
		return NULL;
	word = radix_get(&vp->v_pages, index - 1);
	return pageword_data(word) ? (char *)(uintptr_t)word + KPAGE_SIZE :
				     NULL;
}

/*
 * Write a piece where there are no pages yet.  Its first `tail' bytes go to
 * the end of the page before.
 */
static int
write_new(struct vnode *vp, struct uio *uio, size_t left, size_t tail)
{
	uint64_t start = uio->uio_offset, off = start + tail;
	uint64_t index = off >> KPAGE_SHIFT;
	size_t po = off & KPAGE_MASK, n, len, done, kept;
	char *end = end_before(vp, index);
	struct radix_reserve res;
	bool cold;
	void *first;
	int error;

	n = tmpfs_holes(vp, index,
	    kmin((po + left - tail + KPAGE_MASK) >> KPAGE_SHIFT, 512UL));
	error = radix_prepare(&vp->v_pages, index, n, &res);
	if (error != 0)
		return error;
	n = kmin((uint64_t)n, vfs_room());
	n = n == 0 ? 0 : page_data_alloc(n, end, &first, &cold);
	if (n == 0) {
		radix_unreserve(&res);
		return ENOSPC;
	}
	len = kmin(left - tail, (n << KPAGE_SHIFT) - po);
	done = fill_both(end, tail, (char *)first + po, len, cold, uio);
	if (!cold && done > tail)
		memset(first, 0, po);
	uio->uio_offset = start + done;
	kept = 0;
	if (done > tail) {
		kept = (po + done - tail + KPAGE_MASK) >> KPAGE_SHIFT;
		tmpfs_link(vp, index, first, n, kept, 0, &res);
	}
	if (done > 0)
		written_to(vp, start + done);
	tmpfs_linked(vp, first, n, kept);
	radix_unreserve(&res);
	return done < tail + len ? EFAULT : 0;
}

/* Write to a page that fallocate() left: its bytes mean nothing yet. */
static int
write_unwritten(struct vnode *vp, struct uio *uio, uint64_t word, size_t n)
{
	char *page = (char *)(uintptr_t)(word & ~PAGE_UNWRITTEN);
	uint64_t off = uio->uio_offset;
	size_t done;

	done = fill(page + (off & KPAGE_MASK), n, false, false, uio);
	if (done > 0) {
		memset(page, 0, off & KPAGE_MASK);
		radix_set(&vp->v_pages, off >> KPAGE_SHIFT,
		    word & ~PAGE_UNWRITTEN, NULL);
		uio->uio_offset = off + done;
		written_to(vp, off + done);
	}
	return done < n ? EFAULT : 0;
}

/* Write some of the bytes; the log is empty before and after. */
static inline int
write_piece(struct vnode *vp, struct uio *uio, size_t left)
{
	uint64_t off = uio->uio_offset, word;
	size_t n, done;
	char *addr;
	int error;

	n = find_run(vp, off, left, &addr);
	if (unlikely(addr == NULL)) {
		word = radix_get(&vp->v_pages, off >> KPAGE_SHIFT);
		if (word == 0)
			return write_new(vp, uio, left, 0);
		if (word & PAGE_IDLE) {
			tmpfs_idle_use(vp, off >> KPAGE_SHIFT, word);
			return 0;
		}
		return write_unwritten(vp, uio, word, n);
	}
	/* The end of a page, and more to come: both at once. */
	if (unlikely(n < left && n < KPAGE_SIZE &&
		radix_get(&vp->v_pages, (off + n) >> KPAGE_SHIFT) == 0)) {
		error = write_new(vp, uio, left, n);
		if (error != ENOSPC)
			return error;
		/* This much there is room for. */
	}
	done = overwrite(addr, n, uio);
	off += done;
	uio->uio_offset = off;
	if (off > vp->v_size)
		written_to(vp, off);
	return done < n ? EFAULT : 0;
}

int
tmpfs_write(struct vnode *vp, struct uio *uio, bool append)
{
	size_t start = uio->uio_resid, left = start, before;
	bool sig = false;
	int error;

	if (unlikely(left > TMPFS_MAXSIZE - uio->uio_offset))
		return EINVAL;
	if (left == 0)
		return 0;
	kmutex_enter(&vp->v_lock);
	if (append)
		uio->uio_offset = vp->v_size;
	error = clip(uio->uio_offset, &left, &sig);
	if (likely(error == 0)) {
		tmpfs_settle(vp, uio->uio_offset);
		tmpfs_drop_setid(vp);
		vnode_touch(vp, VTOUCH_MTIME | VTOUCH_CTIME);
		if (!klog_empty())
			klog_commit();
	}
	while (error == 0 && left > 0) {
		before = uio->uio_resid;
		error = write_piece(vp, uio, left);
		left -= before - uio->uio_resid;
	}
	kmutex_exit(&vp->v_lock);
	if (unlikely(sig))
		send_sigxfsz();
	return uio->uio_resid != start ? 0 : error;
}
