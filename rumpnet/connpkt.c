/* SPDX-License-Identifier: BSD-2-Clause */
/* connpkt: see connpkt.h. */
#include "rumpkern/klog.h"
#include "rumpnet/connpkt.h"

/* The last mark may be of one who died before st_head told of it. */
static void
empty_stale(struct stream *st, uint64_t head)
{
	struct packet *pk = st->st_pkts.pq_tail;

	if (pk == NULL || pk->pk_end <= head)
		return;
	if (pk->pk_at >= head)
		KSET(pk->pk_at, head);
	KSET(pk->pk_end, head);
}

static bool
same_cred(const struct packet *a, const struct packet *b)
{
	return a->pk_hascred == b->pk_hascred &&
	    memcmp(&a->pk_cred, &b->pk_cred, sizeof(a->pk_cred)) == 0;
}

int
connpkt_mark(struct conn *cn, int side, struct packet *pk, uint64_t head,
    uint64_t done)
{
	struct stream *st = &cn->cn_in[!side];
	struct packet *last;
	int error = 0;

	kmutex_enter(&cn->cn_lock);
	empty_stale(st, head);
	klog_commit();
	last = st->st_pkts.pq_tail;
	if (atomic_load(&st->st_shut)) {
		error = EPIPE;
	} else if (pk != NULL) {
		/* Nobody else knows it yet. */
		pk->pk_at = head;
		pk->pk_end = head + done;
		/* A receiver may just take the last one's files. */
		if (pk->pk_rights == NULL && last != NULL &&
		    KREAD(last->pk_rights) == NULL && last->pk_end == head &&
		    last->pk_at != head && same_cred(last, pk))
			KSET(last->pk_end, head + done);
		else {
			if (pk->pk_rights != NULL)
				rights_enter(pk, cn->cn_sock[!side]);
			packetq_put(&st->st_pkts, pk);
		}
		klog_commit();
	}
	kmutex_exit(&cn->cn_lock);
	return error;
}

int
connpkt_begin(struct marks *mk)
{
	if (mk->mk_pkt == NULL)
		mk->mk_pkt = packet_alloc(0);
	if (mk->mk_pkt == NULL)
		return ENOBUFS;
	rights_lock();
	mk->mk_look = true;
	mk->mk_hit = NULL;
	return 0;
}

/* The credentials of a message that begins here. */
static void
take_cred(struct marks *mk, const struct packet *pk)
{
	mk->mk_pkt->pk_hascred = pk != NULL && pk->pk_hascred;
	if (mk->mk_pkt->pk_hascred)
		mk->mk_pkt->pk_cred = pk->pk_cred;
	else
		mk->mk_pkt->pk_cred = (struct ucred){ 0 };
	mk->mk_credset = true;
}

/*
 * cn_lock held: the end of the message that the byte at `pos' belongs to, but
 * not beyond `end'.
 */
static uint64_t
message_end(struct stream *st, struct marks *mk, uint64_t pos, uint64_t end)
{
	bool cred = mk->mk_cw->cw_cred;
	uint64_t at = pos;
	struct packet *pk;

	for (pk = st->st_pkts.pq_head; pk != NULL && at < end;
	     pk = pk->pk_next) {
		if (pk->pk_end <= at || pk->pk_at == pk->pk_end)
			continue;
		if (pk->pk_at >= end)
			break;
		if (cred && pk->pk_at > at) {
			/* Bytes that nobody signed come first. */
			if (!mk->mk_credset)
				take_cred(mk, NULL);
			if (mk->mk_pkt->pk_hascred)
				return at;
			at = pk->pk_at;
		}
		if (cred && !mk->mk_credset)
			take_cred(mk, pk);
		if (cred && !same_cred(mk->mk_pkt, pk))
			return at;
		if (pk->pk_rights != NULL && pk->pk_at >= pos) {
			mk->mk_hit = pk;
			return kmin(end, pk->pk_end);
		}
		at = pk->pk_end;
	}
	if (cred && at < end) {
		if (!mk->mk_credset)
			take_cred(mk, NULL);
		if (mk->mk_pkt->pk_hascred)
			return at;
	}
	return end;
}

/* cn_lock held: who wants no bytes gets what goes along with the next one. */
static void
look_only(struct stream *st, struct marks *mk, uint64_t tail)
{
	struct packet *pk = st->st_pkts.pq_head;

	while (pk != NULL && (pk->pk_end <= tail || pk->pk_at == pk->pk_end))
		pk = pk->pk_next;
	if (pk != NULL && pk->pk_at > tail)
		pk = NULL;
	if (mk->mk_cw->cw_cred && !mk->mk_credset)
		take_cred(mk, pk);
	if (pk != NULL && pk->pk_rights != NULL && pk->pk_at == tail)
		mk->mk_hit = pk;
	mk->mk_none = true;
}

uint64_t
connpkt_limit(struct conn *cn, int side, struct marks *mk, uint64_t tail,
    uint64_t n)
{
	uint64_t end;

	kmutex_enter(&cn->cn_lock);
	if (unlikely(n == 0))
		look_only(&cn->cn_in[side], mk, tail);
	end = message_end(&cn->cn_in[side], mk, tail, tail + n);
	kmutex_exit(&cn->cn_lock);
	if (end < tail + n || mk->mk_hit != NULL)
		mk->mk_over = true;
	return end - tail;
}

void
connpkt_got(struct marks *mk, uint64_t upto, bool peek)
{
	struct packet *pk = mk->mk_hit;

	if (pk == NULL)
		return;
	if (upto <= pk->pk_at && !mk->mk_none) {
		/* The program's memory ended before. */
		mk->mk_hit = NULL;
		return;
	}
	if (peek)
		return;
	rights_leave(pk);
	KSET(mk->mk_pkt->pk_rights, pk->pk_rights);
	KSET(pk->pk_rights, NULL);
	klog_commit();
}

/* A mark of which all is received, in hand. */
static struct packet *
take_old(struct conn *cn, int side)
{
	struct stream *st = &cn->cn_in[side];
	struct packet *pk;

	kmutex_enter(&cn->cn_lock);
	pk = st->st_pkts.pq_head;
	if (pk != NULL && pk->pk_end <= atomic_load(&st->st_tail)) {
		packetq_take(&st->st_pkts);
		if (pk->pk_rights != NULL)
			rights_leave(pk);
		klog_commit();
	} else
		pk = NULL;
	kmutex_exit(&cn->cn_lock);
	return pk;
}

void
connpkt_end(struct marks *mk, struct conn *cn, int side)
{
	struct packet *pk;

	/* If there is no room for them the receiver gets none, as on Linux. */
	if (mk->mk_hit != NULL && mk->mk_cw->cw_peek)
		(void)rights_dup(mk->mk_pkt, mk->mk_hit);
	do {
		pk = take_old(cn, side);
		rights_unlock();
		if (pk == NULL)
			break;
		packet_free(pk);
		rights_lock();
	} while (true);
	mk->mk_look = false;
}
