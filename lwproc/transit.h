/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transit: files on their way in messages that are the host's.
 *
 * Such a message carries a descriptor of the host's in the file's place, the
 * token, which has a number here; who receives it takes the file out.  A message
 * that nobody will receive takes its token along, which only the host
 * knows: the shim asks it now and then (hijack/transit.c).
 *
 * Lifetime: transit_add() gives the entry a reference of its own to the file;
 * transit_take() moves that into the hand and ends the entry.
 *
 * Locking: (x) ls_transitlock, KRANK_TRANSIT.
 */
#ifndef LWPROC_TRANSIT_H
#define LWPROC_TRANSIT_H

#include "lwproc/file.h"

struct transit {
	struct transit *tr_next, *tr_prev; /* (x) the oldest first */
	struct file *tr_file;              /* (x) */
	uint64_t tr_token;                 /* (c) */
	uint64_t tr_where; /* (c) which of the host's networks has the token */
};

/* What a look through the list tells of an entry. */
struct transit_seen {
	uint64_t ts_token;
	uint64_t ts_where;
};

/* A number no token has. */
uint64_t transit_number(void);
/* A file that the caller uses or holds: ENOMEM, EBADF. */
int transit_add(struct file *, uint64_t token, uint64_t where);
/* The file, in hand; NULL: there is no such entry (any more). */
struct file *transit_take(uint64_t token);
/* The same, and the entry stays: for who looks at a message only. */
struct file *transit_peek(uint64_t token);
/* Up to max entries after those that were seen last, around the list. */
uint32_t transit_look(struct transit_seen *, uint32_t max);
/* Without a lock: are there any? */
bool transit_any(void);
/* For the check: each reference of an entry. */
void transit_each(void (*)(struct file *, struct tally *), struct tally *);

#endif
