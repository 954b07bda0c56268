/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xfer: moving bytes from file to file, for sendfile, splice and their kin.
 *
 * They go through a buffer of pages that the call has in hand.  What was read
 * of a pipe and could not be written is put back.
 */
#ifndef RUMPVFS_XFER_H
#define RUMPVFS_XFER_H

#include "rumpkern/kern.h"

struct file;
struct lwp;

/* A transfer: two files, and where in them (NULL: at their own offset). */
struct xfer {
	struct lwp *x_l;
	struct file *x_in, *x_out;
	uint64_t *x_inpos, *x_outpos;
	char *x_buf;
	size_t x_bufsize;
};

/* One read or write between the kernel's memory and a file. */
int xfer_io(struct lwp *, struct file *, bool write, char *buf, size_t n,
    int flags, const uint64_t *at, long *done);
/*
 * Move up to count bytes.  The first read may wait, the later ones only if
 * the source is no pipe or socket.  Of messages, one is moved.
 */
int xfer_run(struct xfer *, size_t count, bool nonblock, long *total);
/*
 * Move up to count bytes within one file, as the host does when the ranges
 * overlap: the sink is written a page at a time with what the source's pages
 * hold by then; but which of a buffer's length of them are holes, and so
 * zeroes, was seen before.
 */
int xfer_within(struct xfer *, size_t count, long *total);

#endif
