/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connmove: what sending (connsend.c), receiving (connrecv.c) and the rest of a
 * connection (conn.c) have in common.
 */
#ifndef RUMPNET_CONNMOVE_H
#define RUMPNET_CONNMOVE_H

#include "rumpnet/conn.h"

/* cn_lock held: wake who wants it, WANT_DATA or WANT_ROOM. */
void conn_wake(struct conn *, struct stream *, uint32_t want);
/* Is there a reason not to wait for that? */
bool conn_ready(struct conn *, struct stream *, uint32_t want, uint64_t least);
/* Wait for it, with no lock held.  0: look again. */
int conn_await(struct conn *, struct stream *, uint32_t want, uint64_t least,
    uint64_t until);

/* Something was published: does anybody wait for it? */
static inline void
conn_tell(struct conn *cn, struct stream *st, uint32_t want)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (likely((atomic_load_explicit(&st->st_want, memory_order_relaxed) &
		       want) == 0))
		return;
	kmutex_enter(&cn->cn_lock);
	conn_wake(cn, st, want);
	kmutex_exit(&cn->cn_lock);
	if (unlikely(atomic_load(&cn->cn_defer)))
		tcpdefer_end(cn);
}

/* Move n bytes between the ring at counter `at' and the uio. */
static inline int
ring_move(struct stream *st, uint64_t at, uint64_t n, struct uio *uio,
    uint64_t *done)
{
	size_t before = uio->uio_resid;
	uint64_t i = at & (st->st_size - 1);
	uint64_t first = kmin(n, st->st_size - i);
	int error;

	error = uio_move(st->st_ring + i, first, uio);
	if (unlikely(error == 0 && first < n))
		error = uio_move(st->st_ring, n - first, uio);
	*done = before - uio->uio_resid;
	return error;
}

/* The side's error, told once. */
static inline int
conn_error(struct conn *cn, int side)
{
	if (likely(atomic_load_explicit(&cn->cn_error[side],
		       memory_order_relaxed) == 0))
		return 0;
	return atomic_exchange(&cn->cn_error[side], 0);
}

#endif
