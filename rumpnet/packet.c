/* SPDX-License-Identifier: BSD-2-Clause */
/* packet: see packet.h. */
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"
#include "rumpnet/packet.h"
#include "rumpnet/rights.h"

#define INLINE_MAX (2048 - sizeof(struct packet))
#define NAMES      offsetof(struct packet, pk_namelen)

/* A run of pages for the data of a packet in hand. */
static int
get_pages(struct packet *pk, size_t len)
{
	unsigned order = 0;
	char *data;

	while (KPAGE_SIZE << order < len)
		order++;
	data = page_alloc(order);
	if (data == NULL)
		return ENOBUFS;
	KSET(pk->pk_data, data);
	khand_drop(data);
	klog_commit();
	return 0;
}

struct packet *
packet_alloc(size_t len)
{
	bool fits = len <= INLINE_MAX;
	struct packet *pk;

	if (len > PACKET_MAX)
		return NULL;
	pk = kmem_alloc(sizeof(*pk) + (fits ? len : 0));
	if (pk == NULL)
		return NULL;
	pk->pk_next = NULL;
	if (fits)
		pk->pk_data = pk->pk_inline;
	pk->pk_len = pk->pk_held = len;
	pk->pk_room = packet_room(len);
	khand_drop(pk);
	khand_add(KHAND_MSG, pk);
	klog_commit();
	if (!fits && get_pages(pk, len) != 0) {
		packet_free(pk);
		return NULL;
	}
	return pk;
}

int
packet_create(struct uio *uio, size_t len, struct packet **pkp)
{
	struct packet *pk = packet_alloc(len);
	int error = 0;

	if (pk == NULL)
		return ENOBUFS;
	if (len != 0)
		error = uio_move(pk->pk_data, len, uio);
	if (error != 0)
		packet_free(pk);
	else
		*pkp = pk;
	return error;
}

/* Also the reaper's: it may begin again in the middle. */
void
packet_free(struct packet *pk)
{
	char *data = pk->pk_data;

	if (pk->pk_rights != NULL)
		rights_free(pk);
	if (data != NULL && data != pk->pk_inline) {
		khand_add(KHAND_PAGES, data);
		KSET(pk->pk_data, NULL);
		klog_commit();
		page_free(data);
	}
	khand_drop(pk);
	khand_add(KHAND_MEM, pk);
	klog_commit();
	kmem_free(pk);
}

struct packet *
packet_dup(const struct packet *from, size_t max)
{
	size_t len = kmin((size_t)from->pk_held, max);
	struct packet *pk = packet_alloc(len);

	if (pk == NULL)
		return NULL;
	/* The name, or the addresses, are all that lies up to the data. */
	memcpy((char *)pk + NAMES, (const char *)from + NAMES,
	    offsetof(struct packet, pk_inline) - NAMES);
	pk->pk_len = from->pk_len;
	pk->pk_hascred = from->pk_hascred;
	pk->pk_cred = from->pk_cred;
	pk->pk_at = from->pk_at;
	pk->pk_end = from->pk_end;
	pk->pk_time = from->pk_time;
	if (len != 0)
		memcpy(pk->pk_data, from->pk_data, len);
	if (from->pk_rights != NULL && rights_dup(pk, from) != 0) {
		packet_free(pk);
		return NULL;
	}
	return pk;
}

int
packet_extend(const struct packet *from, struct uio *uio, size_t len,
    struct packet **pkp)
{
	struct packet *pk = packet_alloc(from->pk_len + len);
	int error = 0;

	if (pk == NULL)
		return ENOBUFS;
	memcpy((char *)pk + NAMES, (const char *)from + NAMES,
	    offsetof(struct packet, pk_inline) - NAMES);
	memcpy(pk->pk_data, from->pk_data, from->pk_len);
	if (len != 0)
		error = uio_move(pk->pk_data + from->pk_len, len, uio);
	if (error != 0)
		packet_free(pk);
	else
		*pkp = pk;
	return error;
}

int
packet_deliver(const struct packet *pk, struct sockmsg *sm)
{
	size_t n = kmin((size_t)pk->pk_held, sm->sm_uio->uio_resid);

	sm->sm_len = pk->pk_len;
	if (n < pk->pk_len)
		sm->sm_outflags |= MSG_TRUNC;
	return n == 0 ? 0 : uio_move(pk->pk_data, n, sm->sm_uio);
}

void
packetq_put(struct packetq *pq, struct packet *pk)
{
	KSET(pk->pk_next, NULL);
	if (pq->pq_tail != NULL)
		KSET(pq->pq_tail->pk_next, pk);
	else
		KSET(pq->pq_head, pk);
	KSET(pq->pq_tail, pk);
	KSET(pq->pq_count, pq->pq_count + 1);
	KSET(pq->pq_bytes, pq->pq_bytes + pk->pk_len);
	KSET(pq->pq_room, pq->pq_room + pk->pk_room);
	khand_drop(pk);
}

struct packet *
packetq_take(struct packetq *pq)
{
	struct packet *pk = pq->pq_head;

	if (pk == NULL)
		return NULL;
	KSET(pq->pq_head, pk->pk_next);
	if (pk->pk_next == NULL)
		KSET(pq->pq_tail, NULL);
	KSET(pq->pq_count, pq->pq_count - 1);
	KSET(pq->pq_bytes, pq->pq_bytes - pk->pk_len);
	KSET(pq->pq_room, pq->pq_room - pk->pk_room);
	khand_add(KHAND_MSG, pk);
	return pk;
}

int
packetq_check(const struct packetq *pq)
{
	const struct packet *pk, *last = NULL;
	uint64_t count = 0, bytes = 0, room = 0;

	for (pk = pq->pq_head; pk != NULL; last = pk, pk = pk->pk_next) {
		count++;
		bytes += pk->pk_len;
		room += pk->pk_room;
	}
	if (count == pq->pq_count && bytes == pq->pq_bytes &&
	    room == pq->pq_room && last == pq->pq_tail)
		return 0;
	kprintf("packets of %p: %lu of %lu bytes, counted %lu of %lu\n",
	    (const void *)pq, (unsigned long)pq->pq_count,
	    (unsigned long)pq->pq_bytes, (unsigned long)count,
	    (unsigned long)bytes);
	return 1;
}
