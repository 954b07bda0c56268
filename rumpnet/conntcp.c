/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conntcp: what only the connections of TCP have: an urgent byte, and a peer
 * that is gone.
 *
 * The urgent byte lies in the ring with the others.  st_oob tells which one it
 * is: a sender changes it under st_wlock before it publishes the byte, a
 * reader under st_rlock once it is past it.
 */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>

#include "lwproc/file.h"
#include "rumpkern/klog.h"
#include "rumpnet/conn.h"
#include "rumpvfs/async.h"

bool
conntcp_refuses(struct conn *cn, int side)
{

	return (atomic_load(&conn_out(cn, side)->st_eof) & EOF_QUIET) &&
	    (atomic_load(&cn->cn_in[side].st_eof) & EOF_SENT);
}

int
conntcp_sendlate(struct conn *cn, int side, struct uio *uio)
{
	struct stream *out = conn_out(cn, side);

	kmutex_enter(&cn->cn_lock);
	if (!atomic_load(&out->st_shut)) {
		/* It is there, and is told that it has reset us. */
		atomic_store(&cn->cn_error[!side], ECONNRESET);
		atomic_store(&out->st_shut, 1);
	}
	conntcp_setreset(cn);
	atomic_store(&cn->cn_error[side], EPIPE);
	atomic_fetch_or(&out->st_eof, EOF_SENT);
	conn_wake_all(cn);
	kmutex_exit(&cn->cn_lock);
	uio_skip(uio->uio_resid, uio);
	return 0;
}

static bool
is_inline(struct conn *cn, int side)
{
	const struct socket *so = KREAD(cn->cn_sock[side]);

	return so != NULL && sock_opt(so, SO_OOBINLINE);
}

bool
conntcp_atmark(struct conn *cn, int side)
{
	struct stream *st = &cn->cn_in[side];
	uint64_t oob = atomic_load(&st->st_oob);

	return oob != 0 && !is_inline(cn, side) &&
	    oob >> OOB_SHIFT == atomic_load(&st->st_tail);
}

void
conntcp_passed(struct stream *st, uint64_t tail)
{
	uint64_t oob = atomic_load(&st->st_oob);

	/* A new one may have come meanwhile. */
	if (oob != 0 && oob >> OOB_SHIFT < tail)
		atomic_compare_exchange_strong(&st->st_oob, &oob, 0);
}

uint64_t
conntcp_limit(struct conn *cn, int side, uint64_t *tail, uint64_t used,
    uint64_t n, bool peek, bool *over)
{
	struct stream *st = &cn->cn_in[side];
	uint64_t oob = atomic_load(&st->st_oob), at = oob >> OOB_SHIFT;

	if (*tail < at) {
		/* Not past the mark. */
		*over = used >= at - *tail;
		return kmin(used, at - *tail);
	}
	if (*tail == at && !is_inline(cn, side) && (n != 0 || !cn->cn_tcp)) {
		++*tail;
		used--;
		if (!peek)
			atomic_store(&st->st_tail, *tail);
	}
	/* TCP's is known until something behind it was received. */
	if (!peek && (used == 0 || !cn->cn_tcp))
		conntcp_passed(st, *tail);
	return used;
}

void
conntcp_droplast(struct conn *cn, int side)
{
	struct stream *st = &cn->cn_in[side];
	uint64_t oob;

	if (atomic_load(&st->st_oob) == 0 || stream_room(st) == 0)
		return;
	kmutex_enter(&st->st_rlock);
	oob = atomic_load(&st->st_oob);
	if (stream_used(st) != 0 && conntcp_atmark(cn, side)) {
		atomic_store(&st->st_tail, (oob >> OOB_SHIFT) + 1);
		atomic_compare_exchange_strong(&st->st_oob, &oob, 0);
	}
	kmutex_exit(&st->st_rlock);
}

/* Whoever owns the receiver's file is told. */
static void
signal_owner(struct conn *cn, int side)
{
	const struct socket *so;
	struct file *f;

	kmutex_enter(&cn->cn_lock);
	so = cn->cn_sock[side];
	/* Who accepts it gives it one just now. */
	f = so != NULL ? KREAD(so->so_file) : NULL;
	if (f != NULL)
		async_kill(f, SIGURG);
	kmutex_exit(&cn->cn_lock);
}

bool
conntcp_mark(struct conn *cn, int side)
{
	struct stream *st = &cn->cn_in[side];
	uint64_t oob = atomic_load(&st->st_oob);

	return oob != 0 && oob >> OOB_SHIFT == atomic_load(&st->st_tail);
}

uint64_t
conntcp_inq(struct conn *cn, int side)
{
	struct stream *st = &cn->cn_in[side];
	uint64_t oob = atomic_load(&st->st_oob), at = oob >> OOB_SHIFT;
	uint64_t tail = atomic_load(&st->st_tail), used = stream_used(st);

	if (oob == 0 || is_inline(cn, side) || at < tail)
		return used;
	return kmin(at - tail, used);
}

/*
 * Bytes to a peer that waits for no more go nowhere, but it is told first that
 * the last of them is urgent.
 */
static void
announce(struct conn *cn, int side, struct uio *uio)
{
	struct stream *st = conn_out(cn, side);
	struct uio last = *uio;
	uint64_t head;
	uint8_t byte;

	kmutex_enter(&st->st_wlock);
	head = atomic_load(&st->st_head);
	uio_skip(last.uio_resid - 1, &last);
	if (conntcp_refuses(cn, side) && !atomic_load(&st->st_shut) &&
	    !(atomic_load(&st->st_eof) & EOF_SENT) &&
	    atomic_load(&cn->cn_error[side]) == 0 &&
	    uio_move(&byte, 1, &last) == 0)
		atomic_store(&st->st_oob,
		    oob_make(head + uio->uio_resid - 1, byte));
	kmutex_exit(&st->st_wlock);
}

int
conntcp_sendoob(struct conn *cn, int side, struct uio *uio,
    const struct connwait *cw)
{
	size_t all = uio->uio_resid;
	int error = 0;

	if (all == 0)
		return conn_send(cn, side, uio, cw);
	if (unlikely(cn->cn_tcp && conntcp_refuses(cn, side)))
		announce(cn, side, uio);
	if (all > 1) {
		uio->uio_resid = all - 1;
		error = conn_send(cn, side, uio, cw);
		uio->uio_resid++;
		if (error != 0 || uio->uio_resid != 1)
			return error;
		/* They went nowhere, and this one goes with them. */
		if (atomic_load(&conn_out(cn, side)->st_shut)) {
			uio_skip(1, uio);
			return 0;
		}
	}
	error = conn_sendurgent(cn, side, uio, cw);
	if (error == 0)
		signal_owner(cn, cn->cn_self ? side : !side);
	return error;
}

int
conntcp_recvoob(struct conn *cn, int side, struct uio *uio, bool peek)
{
	struct stream *st = &cn->cn_in[side];
	size_t room = uio->uio_resid;
	uint64_t oob, at;
	uint8_t byte;
	int error = 0;

	kmutex_enter(&st->st_rlock);
	oob = atomic_load(&st->st_oob);
	at = oob >> OOB_SHIFT;
	if (!(oob & OOB_UNREAD) || is_inline(cn, side))
		error = EINVAL;
	else if (cn->cn_tcp && conntcp_state(cn, side) == TCP_CLOSE &&
	    !(atomic_load(&st->st_eof) & EOF_FIN))
		error = ENOTCONN;
	else if (at >= atomic_load(&st->st_head))
		error = EAGAIN;
	else {
		byte = (uint8_t)(oob >> OOB_BYTE);
		if (uio->uio_resid != 0)
			error = uio_move(&byte, 1, uio);
		/* TCP's is gone, whether it got anywhere or not. */
		if (!peek &&
		    (cn->cn_tcp || (error == 0 && uio->uio_resid != room)))
			atomic_compare_exchange_strong(&st->st_oob, &oob,
			    at << OOB_SHIFT | OOB_READ);
	}
	kmutex_exit(&st->st_rlock);
	return error;
}

int
conntcp_state(struct conn *cn, int side)
{
	bool sent = atomic_load(&conn_out(cn, side)->st_eof) & EOF_SENT;
	bool got = atomic_load(&cn->cn_in[side].st_eof) & EOF_SENT;

	if (conntcp_holds(cn))
		return TCP_SYN_SENT;
	if (sent)
		return got ? TCP_CLOSE : TCP_FIN_WAIT2;
	return got ? TCP_CLOSE_WAIT : TCP_ESTABLISHED;
}

int
conntcp_await(struct conn *cn, int side, uint64_t until)
{
	int error = 0;

	kmutex_enter(&cn->cn_lock);
	while (error == 0 && conntcp_holds(cn))
		error = ksleep(&conn_out(cn, side)->st_wwait, &cn->cn_lock,
		    until, KSLEEP_INTR);
	kmutex_exit(&cn->cn_lock);
	return error;
}
