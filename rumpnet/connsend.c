/* SPDX-License-Identifier: BSD-2-Clause */
/* connsend: the sending half of a connection; see conn.h. */
#include "rumpkern/klog.h"
#include "rumpkern/page.h"
#include "rumpnet/connmove.h"
#include "rumpnet/connpkt.h"

#define RING_MIN (4UL * KPAGE_SIZE)

/* st_wlock held: make the ring hold n bytes more, if it may. */
static int
grow(struct stream *st, uint64_t n)
{
	uint64_t used = stream_used(st), size = kmax(st->st_size, RING_MIN);
	uint64_t need = kmin(used + n, KREAD(st->st_cap));
	uint64_t tail, head, pos, step;
	char *ring, *old;

	while (size < need)
		size *= 2;
	if (size == st->st_size)
		return 0;
	ring = page_alloc(__builtin_ctzl(size) - KPAGE_SHIFT);
	if (ring == NULL)
		return st->st_size - used == 0 ? ENOBUFS : 0;
	tail = atomic_load(&st->st_tail);
	head = atomic_load(&st->st_head);
	old = st->st_ring;
	for (pos = tail; pos != head; pos += step) {
		step = kmin(head - pos,
		    st->st_size - (pos & (st->st_size - 1)));
		step = kmin(step, size - (pos & (size - 1)));
		memcpy(ring + (pos & (size - 1)),
		    old + (pos & (st->st_size - 1)), step);
	}
	KSET(st->st_ring, ring);
	KSET(st->st_size, size);
	khand_drop(ring);
	if (old != NULL)
		khand_add(KHAND_PAGES, old);
	klog_commit();
	if (old != NULL)
		page_free(old);
	return 0;
}

/* The ring moves: not while anybody reads.  Ranks: st_rlock comes first. */
static int
make_room(struct stream *st, uint64_t n)
{
	int error;

	kmutex_exit(&st->st_wlock);
	kmutex_enter(&st->st_rlock);
	kmutex_enter(&st->st_wlock);
	error = grow(st, n);
	kmutex_exit(&st->st_rlock);
	return error;
}

/* st_wlock held: as much as there is room for.  EAGAIN: none. */
static inline int
send_some(struct conn *cn, int side, struct stream *st, struct uio *uio,
    struct packet *pk)
{
	uint64_t head, n, room, done;
	struct uio before;
	int error;

	/* AF_UNIX keeps an error for who receives, if the end is known. */
	error = !cn->cn_tcp && atomic_load(&st->st_shut) ? EPIPE :
							   conn_error(cn, side);
	if (unlikely(error != 0))
		return error;
	if (unlikely(atomic_load_explicit(&st->st_eof, memory_order_acquire) ||
		atomic_load_explicit(&st->st_shut, memory_order_acquire))) {
		if (!cn->cn_tcp || (atomic_load(&st->st_eof) & EOF_SENT))
			return EPIPE;
		if (atomic_load(&st->st_shut) || conntcp_refuses(cn, side))
			return conntcp_sendlate(cn, side, uio);
	}
	room = stream_room(st);
	if (unlikely(room == 0))
		return EAGAIN;
	n = kmin(uio->uio_resid, room);
	if (unlikely(st->st_size - stream_used(st) < n)) {
		error = make_room(st, n);
		if (error != 0)
			return error;
		n = kmin(n, st->st_size - stream_used(st));
	}
	head = atomic_load_explicit(&st->st_head, memory_order_relaxed);
	if (unlikely(pk != NULL || KREAD(st->st_pkts.pq_tail) != NULL)) {
		before = *uio;
		error = ring_move(st, head, n, uio, &done);
		if (done == 0)
			return error;
		error = connpkt_mark(cn, side, pk, head, done);
		if (error != 0) {
			*uio = before;
			return error;
		}
	} else
		error = ring_move(st, head, n, uio, &done);
	atomic_store_explicit(&st->st_head, head + done, memory_order_release);
	klog_point();
	return done != 0 ? 0 : error;
}

/* Is there anything that keeps a side from sending? */
static int
send_nothing(struct conn *cn, int side, struct stream *st)
{
	int error = cn->cn_tcp ? conn_error(cn, side) : 0;

	if (error == 0 &&
	    ((atomic_load(&st->st_eof) & EOF_SENT) ||
		(!cn->cn_tcp && atomic_load(&st->st_shut))))
		error = EPIPE;
	return error;
}

int
conn_send(struct conn *cn, int side, struct uio *uio, const struct connwait *cw)
{
	struct stream *st = conn_out(cn, side);
	size_t before;
	int error = 0;

	if (unlikely(uio->uio_resid == 0))
		return send_nothing(cn, side, st);
	while (uio->uio_resid != 0) {
		before = uio->uio_resid;
		kmutex_enter(&st->st_wlock);
		error = send_some(cn, side, st, uio, NULL);
		kmutex_exit(&st->st_wlock);
		if (likely(uio->uio_resid != before))
			conn_tell(cn, st, WANT_DATA);
		if (error == EAGAIN)
			error = conn_await(cn, st, WANT_ROOM, 0, cw->cw_until);
		if (error != 0)
			break;
	}
	return error;
}

/* st_wlock held: one byte and its mark, or neither.  EAGAIN: no room. */
static int
send_urgent(struct stream *st, struct uio *uio)
{
	uint64_t head;
	uint8_t byte;
	int error = 0;

	if (stream_room(st) == 0)
		return EAGAIN;
	if (st->st_size == stream_used(st))
		error = make_room(st, 1);
	if (error != 0)
		return error;
	if (st->st_size == stream_used(st))
		return EAGAIN;
	error = uio_move(&byte, 1, uio);
	if (error != 0)
		return error;
	head = atomic_load(&st->st_head);
	klog_save(&st->st_oob, sizeof(st->st_oob));
	atomic_store(&st->st_oob, oob_make(head, byte));
	st->st_ring[head & (st->st_size - 1)] = (char)byte;
	atomic_store(&st->st_head, head + 1);
	klog_commit();
	return 0;
}

int
conn_sendurgent(struct conn *cn, int side, struct uio *uio,
    const struct connwait *cw)
{
	struct stream *st = conn_out(cn, side);
	int error;

	do {
		if (atomic_load(&cn->cn_error[side]) != 0 ||
		    (atomic_load(&st->st_eof) & EOF_SENT) ||
		    atomic_load(&st->st_shut) ||
		    (cn->cn_tcp && conntcp_refuses(cn, side)))
			return conn_send(cn, side, uio, cw);
		if (cn->cn_tcp)
			conntcp_droplast(cn, cn->cn_self ? side : !side);
		kmutex_enter(&st->st_wlock);
		error = send_urgent(st, uio);
		kmutex_exit(&st->st_wlock);
		if (error == 0) {
			conn_tell(cn, st, WANT_DATA);
			return 0;
		}
		if (error == EAGAIN)
			error = conn_await(cn, st, WANT_ROOM, 0, cw->cw_until);
	} while (error == 0);
	return error;
}

int
conn_sendwith(struct conn *cn, int side, struct uio *uio,
    const struct connwait *cw, struct packet *pk)
{
	struct stream *st = conn_out(cn, side);
	size_t before = uio->uio_resid;
	/* Once it is linked, it may be received and gone. */
	bool rights = pk->pk_rights != NULL;
	int error;

	do {
		if (rights)
			rights_lock();
		kmutex_enter(&st->st_wlock);
		error = send_some(cn, side, st, uio, pk);
		kmutex_exit(&st->st_wlock);
		if (rights)
			rights_unlock();
		if (uio->uio_resid != before) {
			conn_tell(cn, st, WANT_DATA);
			return 0;
		}
		if (error == EAGAIN)
			error = conn_await(cn, st, WANT_ROOM, 0, cw->cw_until);
	} while (error == 0);
	return error;
}
