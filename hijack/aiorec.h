/* SPDX-License-Identifier: BSD-2-Clause */
/* aiorec: the records of aio.c, and what completes them. */
#ifndef HIJACK_AIOREC_H
#define HIJACK_AIOREC_H

#include <linux/aio_abi.h>

#include "hijack/aio.h"

#define NRECORDS 16384
#define KICK     1 /* never an iocb */

struct record {
	struct iocb r_iocb; /* the host's */
	uint64_t r_ctx;     /* 0: free */
	uint64_t r_obj;     /* the program's iocb */
	int64_t r_res;      /* its result */
	/* A poll with no event yet: its descriptor, and 1; what it waits for. */
	_Atomic uint32_t r_poll;
	int r_events;
	struct record *r_next; /* free */
};

struct hj_aio {
	_Atomic uint32_t ai_lock;  /* a spin lock, in hj_enter() only */
	uint32_t ai_waiters;       /* threads in io_getevents() */
	_Atomic uint32_t ai_npoll; /* records with r_poll */
	uint32_t ai_used;          /* records that were ever used */
	struct record *ai_free;
	struct record ai_rec[NRECORDS];
};

/* The head of a context's ring, at the address that is its name. */
struct ring {
	uint32_t ri_id;
	uint32_t ri_nr;
	uint32_t ri_head;
	uint32_t ri_tail;
	uint32_t ri_magic;
	uint32_t ri_rest[3];
};

/* Around what is said to be under the lock; in hj_enter() only. */
void aio_lock(struct hj_aio *);
void aio_unlock(struct hj_aio *);

/* NULL: all are in use. */
struct record *record_alloc(struct hj_aio *, uint64_t ctx);
void record_free(struct hj_aio *, struct record *); /* under the lock */
void record_forget(struct hj_aio *, struct record *);

/* What its iocb tells the host of the program's: the event's data, the eventfd. */
void record_prepare(struct record *, const struct iocb *);
/* As io_submit() of one. */
long record_submit(struct record *);
/*
 * Under the lock: make of an event what the program is to see, and the record
 * is free.  The one it was of, or NULL.
 */
struct record *record_mend(struct hj_aio *, struct io_event *uev);
/* The record's event is in the ring now, among the last. */
void record_mend_ring(struct hj_aio *, struct record *);

#endif
