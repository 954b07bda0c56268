/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xfer: moving bytes from file to file; see xfer.h.
 */
#include "rumpvfs/filerw.h"
#include "rumpvfs/pipe.h"
#include "rumpvfs/tmpfs_data.h"
#include "rumpvfs/vnode.h"
#include "rumpvfs/xfer.h"

#include "rumpkern/copy.h"
#include "rumpkern/page.h"

#define BUF_ORDER 4

int
xfer_io(struct lwp *l, struct file *f, bool write, char *buf, size_t n,
    int flags, const uint64_t *at, long *done)
{
	struct kiovec iov;
	struct uio uio;

	*done = 0;
	uio_init(&uio, &iov, buf, n, write);
	uio.uio_sys = true;
	uio.uio_flags = flags | RWF_SPLICE;
	return filerw_move(l, f, &uio, at, done);
}

static int
step(struct xfer *x, bool write, size_t off, size_t n, int flags, long *done)
{
	struct file *f = write ? x->x_out : x->x_in;
	uint64_t *pos = write ? x->x_outpos : x->x_inpos;
	int error;

	error = xfer_io(x->x_l, f, write, x->x_buf + off, n, flags, pos, done);
	if (error == 0 && pos != NULL)
		*pos += *done;
	return error;
}

static int
get_buffer(struct xfer *x, size_t count)
{
	unsigned order = count <= KPAGE_SIZE ? 0 : BUF_ORDER;

	x->x_buf = page_alloc(order);
	if (x->x_buf == NULL && order != 0) {
		order = 0;
		x->x_buf = page_alloc(0);
	}
	x->x_bufsize = KPAGE_SIZE << order;
	return x->x_buf == NULL ? ENOMEM : 0;
}

/* Give back what was read and not written. */
static void
put_back(struct xfer *x, size_t off, size_t n)
{
	if (x->x_in->f_type == FTYPE_PIPE)
		pipe_unread(x->x_in->f_data, x->x_buf + off, n);
	else if (x->x_inpos != NULL)
		*x->x_inpos -= n;
	else if (x->x_in->f_mode & FMODE_SEEK)
		x->x_in->f_offset -= n;
}

int
xfer_run(struct xfer *x, size_t count, bool nonblock, long *total)
{
	int flags = nonblock ? RWF_NOWAIT : 0, error;
	long got, put, k;

	*total = 0;
	error = get_buffer(x, count);
	if (error != 0)
		return error;
	while ((size_t)*total < count) {
		error = step(x, false, 0, kmin(count - *total, x->x_bufsize),
		    flags, &got);
		if (error != 0 || got == 0)
			break;
		for (put = 0; put < got; put += k) {
			error = step(x, true, put, got - put, 0, &k);
			if (error != 0 || k == 0)
				break;
		}
		*total += put;
		if (put < got) {
			put_back(x, put, got - put);
			break;
		}
		if (x->x_in->f_mode & FMODE_MSGS)
			break;
		if (x->x_in->f_type == FTYPE_PIPE ||
		    x->x_in->f_type == FTYPE_SOCK)
			flags = RWF_NOWAIT;
	}
	page_free(x->x_buf);
	return *total != 0 ? 0 : error;
}

/* Which of the pages from off on, as many as the mask has bits, have data? */
static uint32_t
data_pages(struct vnode *vp, uint64_t off)
{
	uint32_t mask = 0, i;
	uint64_t at;

	off &= ~KPAGE_MASK;
	for (i = 0; i < 32; i++, off += KPAGE_SIZE)
		if (tmpfs_seek(vp, off, false, &at) == 0 &&
		    at < off + KPAGE_SIZE)
			mask |= 1U << i;
	return mask;
}

/* Read what is in the buffer from off on again, where the mask says so. */
static int
refresh(struct xfer *x, uint64_t from, size_t off, size_t n, uint32_t mask)
{
	uint64_t base = from & ~KPAGE_MASK, at;
	size_t k, done;
	int error = 0;
	long got;

	for (done = 0; done < n && error == 0; done += k) {
		at = from + off + done;
		k = kmin(n - done, KPAGE_SIZE - (at & KPAGE_MASK));
		if (mask & 1U << ((at - base) >> KPAGE_SHIFT))
			error = xfer_io(x->x_l, x->x_in, false,
			    x->x_buf + off + done, k, 0, &at, &got);
	}
	return error;
}

int
xfer_within(struct xfer *x, size_t count, long *total)
{
	uint64_t from;
	uint32_t mask;
	long got, put, k;
	size_t n;
	int error;

	*total = 0;
	error = get_buffer(x, count);
	if (error != 0)
		return error;
	while ((size_t)*total < count) {
		from = *x->x_inpos;
		mask = data_pages(x->x_in->f_vnode, from);
		n = kmin(count - *total, x->x_bufsize);
		if (n > KPAGE_SIZE)
			n = kmin(n, x->x_bufsize - (from & KPAGE_MASK));
		error = step(x, false, 0, n, 0, &got);
		if (error != 0 || got == 0)
			break;
		for (put = 0; put < got; put += k) {
			n = kmin((size_t)(got - put),
			    KPAGE_SIZE - (*x->x_outpos & KPAGE_MASK));
			error = refresh(x, from, put, n, mask);
			if (error == 0)
				error = step(x, true, put, n, 0, &k);
			if (error != 0 || k == 0)
				break;
		}
		*total += put;
		if (put < got) {
			put_back(x, put, got - put);
			break;
		}
	}
	page_free(x->x_buf);
	return *total != 0 ? 0 : error;
}
