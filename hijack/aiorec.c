/* SPDX-License-Identifier: BSD-2-Clause */
/* aiorec: see aiorec.h. */
#include "hijack/aiorec.h"

#include <asm/unistd.h>

#include "rumpkern/copy.h"

void
aio_lock(struct hj_aio *ai)
{

	while (atomic_exchange(&ai->ai_lock, 1) != 0)
		hj_host(__NR_sched_yield);
}

void
aio_unlock(struct hj_aio *ai)
{

	atomic_store(&ai->ai_lock, 0);
}

struct record *
record_alloc(struct hj_aio *ai, uint64_t ctx)
{
	struct record *r;

	aio_lock(ai);
	r = ai->ai_free;
	if (r != NULL)
		ai->ai_free = r->r_next;
	else if (ai->ai_used < NRECORDS)
		r = &ai->ai_rec[ai->ai_used++];
	if (r != NULL)
		r->r_ctx = ctx;
	aio_unlock(ai);
	return r;
}

void
record_free(struct hj_aio *ai, struct record *r)
{

	if (atomic_exchange(&r->r_poll, 0) != 0)
		atomic_fetch_sub(&ai->ai_npoll, 1);
	r->r_ctx = 0;
	r->r_next = ai->ai_free;
	ai->ai_free = r;
}

void
record_forget(struct hj_aio *ai, struct record *r)
{

	aio_lock(ai);
	record_free(ai, r);
	aio_unlock(ai);
}

/* The record that an event is of; NULL: it is one of the host's own. */
static struct record *
record_of(struct hj_aio *ai, const struct io_event *ev)
{
	uint64_t off = ev->obj - (uint64_t)ai->ai_rec;

	if (off >= sizeof(ai->ai_rec) || off % sizeof(struct record) != 0)
		return NULL;
	return &ai->ai_rec[off / sizeof(struct record)];
}

struct record *
record_mend(struct hj_aio *ai, struct io_event *uev)
{
	struct io_event ev;
	struct record *r;

	if (copyin(uev, &ev, sizeof(ev)) != 0)
		return NULL;
	r = record_of(ai, &ev);
	if (r == NULL)
		return NULL;
	ev.obj = r->r_obj;
	ev.res = r->r_res;
	copyout(&ev, uev, sizeof(ev));
	record_free(ai, r);
	return r;
}

void
record_mend_ring(struct hj_aio *ai, struct record *r)
{
	struct io_event *uev = (void *)(r->r_ctx + sizeof(struct ring));
	struct ring ri;
	uint32_t i, n;

	aio_lock(ai);
	if (ai->ai_waiters != 0 ||
	    copyin((void *)r->r_ctx, &ri, sizeof(ri)) != 0 || ri.ri_nr == 0)
		goto out;
	i = ri.ri_tail % ri.ri_nr;
	for (n = 0; n < ri.ri_nr && i != ri.ri_head % ri.ri_nr; n++) {
		i = (i != 0 ? i : ri.ri_nr) - 1;
		if (record_mend(ai, &uev[i]) == r)
			goto out;
	}
	/* Another thread reads the ring by itself, and was faster. */
	record_free(ai, r);
out:
	aio_unlock(ai);
}

void
record_prepare(struct record *r, const struct iocb *io)
{

	memset(&r->r_iocb, 0, sizeof(r->r_iocb));
	r->r_iocb.aio_data = io->aio_data;
	r->r_iocb.aio_lio_opcode = IOCB_CMD_PREAD;
	r->r_iocb.aio_fildes = rumpuser_process.ru_arenafd;
	r->r_iocb.aio_flags = io->aio_flags & IOCB_FLAG_RESFD;
	r->r_iocb.aio_resfd = io->aio_resfd;
}

long
record_submit(struct record *r)
{
	struct iocb *list = &r->r_iocb;

	return hj_host(__NR_io_submit, r->r_ctx, 1, &list);
}
