/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pipe_copy: what splice and tee need of pipes.
 */
#include "rumpvfs/pipe_impl.h"

#include "rumpkern/kmem.h"

int
pipe_wait_data(struct pipe *p, bool nonblock, uint64_t *n)
{
	int error = 0;

	kmutex_enter(&p->pp_lock);
	while ((*n = pipe_used(p)) == 0 && p->pp_writers != 0 && error == 0)
		error = nonblock ? EAGAIN :
				   ksleep(&p->pp_rwait, &p->pp_lock,
				       KSLEEP_FOREVER, KSLEEP_INTR);
	/* What we were woken for may be another's. */
	if (*n != 0 && p->pp_rwait.wq_head != NULL)
		kwakeup_one(&p->pp_rwait);
	kmutex_exit(&p->pp_lock);
	return *n != 0 ? 0 : error;
}

int
pipe_wait_room(struct pipe *p, bool nonblock, uint64_t *n)
{
	int error = 0;

	kmutex_enter(&p->pp_lock);
	for (;;) {
		*n = pipe_room(p);
		if (p->pp_readers == 0)
			error = EPIPE;
		if (error != 0 || pipe_writable(p))
			break;
		error = nonblock ? EAGAIN :
				   ksleep(&p->pp_wwait, &p->pp_lock,
				       KSLEEP_FOREVER, KSLEEP_INTR);
	}
	if (p->pp_wwait.wq_head != NULL && pipe_writable(p))
		kwakeup_one(&p->pp_wwait);
	kmutex_exit(&p->pp_lock);
	if (error == EPIPE)
		pipe_sigpipe();
	return error;
}

uint64_t
pipe_copy(struct pipe *from, struct pipe *to, uint64_t n, bool move)
{
	struct pipe *first = kmin(from, to), *second = kmax(from, to);
	uint64_t moved = 0, step, i, o;

	kmutex_enter(&first->pp_lock);
	kmutex_enter(&second->pp_lock);
	n = kmin(n, pipe_used(from));
	n = kmin(n, pipe_room(to));
	/* Packets go one at a time, and become plain bytes. */
	if (from->pp_npkts != 0)
		n = kmin(n,
		    from->pp_pkts[from->pp_pkthead].pk_end - from->pp_tail);
	if (n != 0 && to->pp_readers != 0 &&
	    (to->pp_ringsize - pipe_used(to) >= n || pipe_grow(to, n) == 0)) {
		for (; moved < n; moved += step) {
			i = (from->pp_tail + moved) & (from->pp_ringsize - 1);
			o = (to->pp_head + moved) & (to->pp_ringsize - 1);
			step = kmin(n - moved, from->pp_ringsize - i);
			step = kmin(step, to->pp_ringsize - o);
			memcpy(to->pp_ring + o, from->pp_ring + i, step);
		}
	}
	if (moved != 0) {
		KSET(to->pp_head, to->pp_head + moved);
		if (move) {
			KSET(from->pp_tail, from->pp_tail + moved);
			if (from->pp_npkts != 0 &&
			    from->pp_tail ==
				from->pp_pkts[from->pp_pkthead].pk_end) {
				KSET(from->pp_pkthead,
				    (from->pp_pkthead + 1) % from->pp_pktmax);
				KSET(from->pp_npkts, from->pp_npkts - 1);
			}
		}
		klog_commit();
		pipe_wake_readers(to);
		if (pipe_writable(from))
			pipe_wake_writers(from);
	}
	kmutex_exit(&second->pp_lock);
	kmutex_exit(&first->pp_lock);
	return moved;
}

void
pipe_unread(struct pipe *p, const char *base, uint64_t n)
{
	uint64_t k, i;

	kmutex_enter(&p->pp_lock);
	if (p->pp_npkts == 0 && p->pp_ringsize - pipe_used(p) >= n &&
	    p->pp_tail >= n) {
		for (k = 0; k < n; k++) {
			i = (p->pp_tail - n + k) & (p->pp_ringsize - 1);
			p->pp_ring[i] = base[k];
		}
		pipe_settail(p, p->pp_tail - n);
		pipe_wake_readers(p);
	}
	kmutex_exit(&p->pp_lock);
}
