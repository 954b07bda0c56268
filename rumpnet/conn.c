/* SPDX-License-Identifier: BSD-2-Clause */
/* conn: see conn.h for the structure and its locking. */
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"
#include "rumpnet/connmove.h"

void
conn_boot(void)
{
	kmem_cache_setsize(KC_CONN, sizeof(struct conn),
	    offsetof(struct conn, cn_refs));
}

struct conn *
conn_create(void)
{
	struct conn *cn = kmem_cache_alloc(KC_CONN);
	int i;

	if (cn == NULL)
		return NULL;
	/* Who is late may still have it (tcp_promote()). */
	if (cn->cn_lock.m_rank == 0)
		kmutex_init(&cn->cn_lock, KRANK_CONN);
	for (i = 0; i < 2; i++) {
		kmutex_init(&cn->cn_in[i].st_rlock, KRANK_RECV);
		kmutex_init(&cn->cn_in[i].st_wlock, KRANK_SEND);
		cn->cn_in[i].st_cap = CONN_CAP;
		cn->cn_in[i].st_snd = cn->cn_in[i].st_rcv = CONN_CAP / 2;
	}
	KSET(cn->cn_refs, 1);
	khand_drop(cn);
	khand_add(KHAND_CONN, cn);
	klog_commit();
	return cn;
}

void
conn_rele(struct conn *cn)
{
	struct netname *name[2] = { NULL, NULL };
	struct conn *old = NULL;
	char *ring[2] = { NULL, NULL };
	bool last;
	int i;

	kmutex_enter(&cn->cn_lock);
	last = cn->cn_refs == 1;
	KSET(cn->cn_refs, cn->cn_refs - 1);
	khand_drop(cn);
	if (last) {
		khand_add(KHAND_MEM, cn);
		for (i = 0; i < 2; i++) {
			ring[i] = cn->cn_in[i].st_ring;
			if (ring[i] != NULL)
				khand_add(KHAND_PAGES, ring[i]);
			name[i] = cn->cn_name[i];
			if (name[i] != NULL)
				khand_add(KHAND_MEM, name[i]);
		}
		old = cn->cn_old;
		if (old != NULL)
			khand_add(KHAND_CONN, old);
	}
	klog_commit();
	kmutex_exit(&cn->cn_lock);
	if (!last)
		return;
	for (i = 0; i < 2; i++) {
		if (ring[i] != NULL)
			page_free(ring[i]);
		if (name[i] != NULL)
			kmem_free(name[i]);
	}
	kmem_free(cn);
	if (old != NULL)
		conn_rele(old);
}

/* The side that reads this stream. */
static inline int
reader_of(const struct conn *cn, const struct stream *st)
{
	return st == &cn->cn_in[1];
}

/* The side that waits for data (room) in it. */
static inline int
side_of(const struct conn *cn, const struct stream *st, uint32_t want)
{
	int side = reader_of(cn, st);

	return want == WANT_ROOM && !cn->cn_self ? !side : side;
}

/*
 * Data is news to those that poll each time
 * it comes; room only once they have found none.
 */
void
conn_wake(struct conn *cn, struct stream *st, uint32_t want)
{
	int side = side_of(cn, st, want);

	kwakeup(want == WANT_DATA ? &st->st_rwait : &st->st_wwait);
	kwakeup_events(&cn->cn_poll[side],
	    want == WANT_DATA ? POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND :
				POLLOUT | POLLWRNORM);
	if (want == WANT_ROOM || cn->cn_poll[side].wq_head == NULL)
		atomic_fetch_and(&st->st_want, ~want);
}

void
conn_wake_packets(struct conn *cn, int side, bool come)
{
	struct stream *st = &cn->cn_in[side];

	kwakeup(come ? &st->st_rwait : &st->st_wwait);
	kwakeup_events(&cn->cn_poll[come ? side : !side],
	    come ? POLLIN | POLLRDNORM : POLLOUT | POLLWRNORM);
}

void
conn_wake_all(struct conn *cn)
{
	int i;

	for (i = 0; i < 2; i++) {
		kwakeup(&cn->cn_in[i].st_rwait);
		kwakeup(&cn->cn_in[i].st_wwait);
		kwakeup(&cn->cn_poll[i]);
	}
}

bool
conn_ready(struct conn *cn, struct stream *st, uint32_t want, uint64_t least)
{
	uint8_t eof = atomic_load(&st->st_eof);

	if (want == WANT_ROOM)
		eof &= EOF_SENT;
	if (atomic_load(&cn->cn_error[side_of(cn, st, want)]) != 0 ||
	    eof != 0 || atomic_load(&st->st_shut))
		return true;
	return want == WANT_DATA ? stream_used(st) >= least :
				   stream_writable(st);
}

/* Note that there was no room, for those that poll; is there by now? */
static bool
want_room(struct stream *st)
{
	atomic_fetch_or(&st->st_want, WANT_ROOM);
	return stream_writable(st);
}

int
conn_await(struct conn *cn, struct stream *st, uint32_t want, uint64_t least,
    uint64_t until)
{
	int error = 0;

	if (until == 0) {
		if (want == WANT_ROOM)
			want_room(st);
		return EAGAIN;
	}
	kmutex_enter(&cn->cn_lock);
	atomic_fetch_or(&st->st_want, want);
	if (!conn_ready(cn, st, want, least))
		error = ksleep(want == WANT_DATA ? &st->st_rwait :
						   &st->st_wwait,
		    &cn->cn_lock, until, KSLEEP_INTR);
	kmutex_exit(&cn->cn_lock);
	if (error == ETIMEDOUT)
		return EAGAIN;
	/* A call with a time limit cannot be begun again. */
	if (error == KERESTART && until != KSLEEP_FOREVER)
		return EINTR;
	return error;
}

void
conn_shutdown(struct conn *cn, int side, int how)
{
	struct stream *out = conn_out(cn, side);

	KASSERT(kmutex_owned(&cn->cn_lock));
	if (how != SHUT_WR) {
		/* The peer of a TCP socket is not told. */
		if (cn->cn_tcp)
			atomic_fetch_or(&cn->cn_in[side].st_eof, EOF_QUIET);
		else
			atomic_store(&cn->cn_in[side].st_shut, 1);
	}
	if (how != SHUT_RD) {
		atomic_fetch_or(&out->st_eof,
		    cn->cn_tcp ? EOF_SENT | EOF_FIN : EOF_SENT);
		if (cn->cn_first == 0)
			KSTORE(cn->cn_first, side + 1);
	}
	conn_wake_all(cn);
}

/* Is the next byte an urgent one that was received? */
static bool
read_mark(struct conn *cn, int side)
{
	return conntcp_mark(cn, side) &&
	    (atomic_load(&cn->cn_in[side].st_oob) & OOB_READ);
}

void
conn_close(struct conn *cn, int side, bool reset)
{
	bool fin = atomic_load(&conn_out(cn, side)->st_eof) & EOF_FIN;
	int error = ECONNRESET;

	kmutex_enter(&cn->cn_lock);
	/* Of AF_UNIX, an urgent byte that was received does not count. */
	if (stream_used(&cn->cn_in[side]) >
	    (!cn->cn_tcp && read_mark(cn, side)))
		reset = true;
	/* One that both have ended is over, and nobody is told any more. */
	if (cn->cn_tcp && conntcp_state(cn, side) == TCP_CLOSE)
		reset = false;
	if (cn->cn_hold && cn->cn_tcp) {
		error = ECONNREFUSED;
		KSTORE(cn->cn_late, side == cn->cn_hold - 1);
	} else if (cn->cn_tcp &&
	    (atomic_load(&cn->cn_in[!side].st_eof) & EOF_SENT))
		error = EPIPE;
	/* A reaper may begin it again, and it may be reset: told once. */
	if (reset && !(cn->cn_closed & 1U << side) &&
	    !(cn->cn_tcp && cn->cn_first == CONN_RESET))
		atomic_store(&cn->cn_error[!side], error);
	KSTORE(cn->cn_closed, cn->cn_closed | 1U << side);
	atomic_store(&cn->cn_open, 0);
	conn_shutdown(cn, side, SHUT_RDWR);
	atomic_store(&cn->cn_in[side].st_shut, 1);
	if (reset && cn->cn_tcp) {
		conntcp_setreset(cn);
		atomic_fetch_or(&cn->cn_in[side].st_eof, EOF_SENT);
		atomic_store(&cn->cn_in[!side].st_shut, 1);
		conn_wake_all(cn);
	}
	/* A reset, now or before, is no end in order. */
	if (cn->cn_first == CONN_RESET && !fin)
		atomic_fetch_and(&conn_out(cn, side)->st_eof, ~EOF_FIN);
	kmutex_exit(&cn->cn_lock);
	if (unlikely(atomic_load(&cn->cn_defer)))
		tcpdefer_end(cn);
}

int
conn_poll(struct conn *cn, int side, struct waitent *ent)
{
	struct stream *in = &cn->cn_in[side], *out = conn_out(cn, side);
	uint64_t used;
	bool eof, over;
	int ev = 0;

	if (ent != NULL) {
		kmutex_enter(&cn->cn_lock);
		waitq_add(&cn->cn_poll[side], ent, &cn->cn_lock);
		klog_commit();
		atomic_fetch_or(&in->st_want, WANT_DATA);
		kmutex_exit(&cn->cn_lock);
	}
	eof = atomic_load(&in->st_eof) || atomic_load(&in->st_shut);
	over = (atomic_load(&out->st_eof) & EOF_SENT) ||
	    (!cn->cn_tcp && atomic_load(&out->st_shut));
	used = stream_used(in);
	if (unlikely(atomic_load(&in->st_oob) != 0)) {
		used -= used != 0 && cn->cn_tcp && conntcp_atmark(cn, side);
		if (atomic_load(&in->st_oob) & OOB_UNREAD)
			ev |= POLLPRI;
	}
	if (used > KREAD(in->st_low) || eof)
		ev |= POLLIN | POLLRDNORM;
	if (eof)
		ev |= POLLRDHUP;
	if (eof && over)
		ev |= POLLHUP;
	if (over || stream_writable(out) || want_room(out))
		ev |= cn->cn_tcp ? POLLOUT | POLLWRNORM :
				   POLLOUT | POLLWRNORM | POLLWRBAND;
	if (atomic_load(&cn->cn_error[side]) != 0)
		ev |= POLLERR | POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
	return ev;
}

/* cn_lock held. */
void
conn_resize(struct stream *st, bool hold)
{
	KSTORE(st->st_cap, hold ? 0 : (uint64_t)st->st_snd + st->st_rcv);
}

void
conn_setbuf(struct conn *cn, int side, uint32_t snd, uint32_t rcv)
{
	kmutex_enter(&cn->cn_lock);
	KSTORE(cn->cn_in[!side].st_snd, snd);
	KSTORE(cn->cn_in[side].st_rcv, rcv);
	conn_resize(&cn->cn_in[0], cn->cn_hold);
	conn_resize(&cn->cn_in[1], cn->cn_hold);
	conn_wake_all(cn);
	kmutex_exit(&cn->cn_lock);
}

void
conn_setlowat(struct conn *cn, int side, uint32_t lowat)
{
	kmutex_enter(&cn->cn_lock);
	KSTORE(cn->cn_in[side].st_low, lowat - 1);
	conn_wake_all(cn);
	kmutex_exit(&cn->cn_lock);
}

int
conn_takeerror(struct conn *cn, int side)
{
	return conn_error(cn, side);
}

void
conn_count(struct conn *cn, int side, uint64_t *sent, uint64_t *received)
{
	*sent = atomic_load(&cn->cn_in[!side].st_head);
	*received = atomic_load(&cn->cn_in[side].st_head);
}

int
conn_check(struct conn *cn)
{
	struct stream *st;
	int i, faults = 0;

	for (i = 0; i < 2; i++) {
		st = &cn->cn_in[i];
		if (stream_used(st) > st->st_size ||
		    (st->st_ring == NULL) != (st->st_size == 0)) {
			kprintf("conn %p: side %d has %lu bytes in %lu",
			    (void *)cn, i, (unsigned long)stream_used(st),
			    (unsigned long)st->st_size);
			faults++;
		}
	}
	if (cn->cn_refs == 0 || cn->cn_refs > 2) {
		kprintf("conn %p: %u sockets", (void *)cn, cn->cn_refs);
		faults++;
	}
	return faults;
}
