/* SPDX-License-Identifier: BSD-2-Clause */
/* connrecv: the receiving half of a connection; see conn.h. */
#include "rumpkern/klog.h"
#include "rumpnet/connmove.h"
#include "rumpnet/connpkt.h"

/* What there is to say instead: an error, the end (0), or EAGAIN. */
static int
nothing_there(struct conn *cn, int side, bool eof)
{
	int error;

	/* Of a TCP connection that ended well, EPIPE is for senders. */
	if (eof && atomic_load(&cn->cn_error[side]) == EPIPE)
		return 0;
	error = conn_error(cn, side);
	return error != 0 || eof ? error : EAGAIN;
}

/* st_rlock held.  EAGAIN: nothing there; *n: taken from the ring. */
static inline int
recv_some(struct conn *cn, int side, struct stream *st, struct uio *uio,
    bool peek, struct marks *mk, uint64_t *n)
{
	uint64_t tail, used;
	bool eof, over;
	int error;

	/* The end comes after what was sent before it. */
	eof = atomic_load_explicit(&st->st_eof, memory_order_acquire) ||
	    atomic_load_explicit(&st->st_shut, memory_order_acquire);
	used = stream_used(st);
	if (unlikely(used == 0)) {
		*n = 0;
		return nothing_there(cn, side, eof);
	}
	tail = atomic_load_explicit(&st->st_tail, memory_order_relaxed);
	error = 0;
	if (unlikely(atomic_load_explicit(&st->st_oob, memory_order_relaxed) !=
		0)) {
		over = mk->mk_over;
		used = conntcp_limit(cn, side, &tail, used, *n, peek,
		    &mk->mk_over);
		if (used == 0) {
			*n = 0;
			return nothing_there(cn, side, eof);
		}
		/* The mark may lie beyond what is asked for. */
		if (*n < used)
			mk->mk_over = over;
	}
	used = kmin(used, *n);
	if (unlikely(KREAD(st->st_pkts.pq_head) != NULL)) {
		*n = 0;
		if (!mk->mk_look)
			return ERESTART;
		used = connpkt_limit(cn, side, mk, tail, used);
	}
	if (uio != NULL)
		error = ring_move(st, tail, used, uio, &used);
	if (!peek) {
		atomic_store_explicit(&st->st_tail, tail + used,
		    memory_order_release);
		klog_point();
	}
	if (unlikely(used != 0 && st->st_oob != 0))
		conntcp_passed(st, atomic_load(&st->st_tail));
	if (unlikely(mk->mk_look))
		connpkt_got(mk, tail + used, peek);
	*n = used;
	return used != 0 ? 0 : error;
}

/* Receive into the uio, or nowhere, up to max bytes. */
static int
receive_some(struct conn *cn, int side, struct uio *uio, uint64_t max,
    struct marks *mk, uint64_t *got)
{
	const struct connwait *cw = mk->mk_cw;
	struct stream *st = &cn->cn_in[side];
	uint64_t n, least = kmin(cw->cw_least, max);
	int error;

	*got = 0;
	least = kmax(least, 1UL);
	for (;;) {
		/* A peek takes nothing: it waits until all of it is there. */
		if (cw->cw_peek && least > 1 && cw->cw_until != 0 &&
		    !conn_ready(cn, st, WANT_DATA, least)) {
			error = conn_await(cn, st, WANT_DATA, least,
			    cw->cw_until);
			if (error != 0)
				least = 1;
			continue;
		}
		n = max - *got;
		if (unlikely(KREAD(st->st_pkts.pq_head) != NULL)) {
			error = connpkt_begin(mk);
			if (error != 0)
				return *got != 0 ? 0 : error;
		}
		kmutex_enter(&st->st_rlock);
		error = recv_some(cn, side, st, uio, cw->cw_peek, mk, &n);
		kmutex_exit(&st->st_rlock);
		*got += n;
		if (unlikely(mk->mk_look))
			connpkt_end(mk, cn, side);
		if (error == ERESTART)
			continue;
		if (n != 0 && !cw->cw_peek && stream_writable(st))
			conn_tell(cn, st, WANT_ROOM);
		if (error == 0 &&
		    (n == 0 || *got >= least || cw->cw_peek || mk->mk_over))
			return 0;
		/* To peek does not pass an urgent byte: more has to come. */
		if (error == EAGAIN)
			error = conn_await(cn, st, WANT_DATA,
			    cw->cw_peek && conntcp_atmark(cn, side) ? 2 : 1,
			    cw->cw_until);
		/* It is for the next call, if this one has something. */
		if (error == ECONNRESET && *got != 0 && cn->cn_tcp)
			atomic_store(&cn->cn_error[side], error);
		if (error != 0)
			return *got != 0 ? 0 : error;
	}
}

static int
receive(struct conn *cn, int side, struct uio *uio, uint64_t max,
    const struct connwait *cw, uint64_t *got)
{
	struct marks mk = { .mk_cw = cw };
	int error;

	error = receive_some(cn, side, uio, max, &mk, got);
	if (unlikely(mk.mk_pkt != NULL)) {
		if (cw->cw_pkt != NULL)
			*cw->cw_pkt = mk.mk_pkt;
		else
			packet_free(mk.mk_pkt);
	}
	return error;
}

int
conn_recv(struct conn *cn, int side, struct uio *uio, const struct connwait *cw)
{
	uint64_t got;

	return receive(cn, side, uio, uio->uio_resid, cw, &got);
}

int
conn_discard(struct conn *cn, int side, uint64_t n, const struct connwait *cw,
    uint64_t *done)
{
	return receive(cn, side, NULL, n, cw, done);
}
