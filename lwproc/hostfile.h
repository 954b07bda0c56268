/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostfile: files that stand for descriptors of the host's in messages of this
 * kernel's.
 *
 * The descriptors lie in the shim's store (hijack/store.c), each with a number.
 * A file of type FTYPE_HOST has that number and keeps it alive, and maybe a
 * file of this kernel's besides: of a descriptor that has a half in either
 * kernel.  It is only ever in messages and hands, never in a table.
 *
 * Locking: (x) ls_transitlock, as for files that travel the other way.
 */
#ifndef LWPROC_HOSTFILE_H
#define LWPROC_HOSTFILE_H

#include "lwproc/file.h"

struct hostfile {
	struct hostfile *hf_next, *hf_prev; /* (x) */
	uint64_t hf_number;                 /* (x) */
	struct file *hf_half;               /* (c) referenced; NULL: none */
};

/* A file in hand, with a number no other had: ENOMEM, EBADF (the half's). */
int hostfile_create(struct file *half, struct file **, uint64_t *number);
/* Is there a file with this number? */
bool hostfile_live(uint64_t number);
/* The descriptor has another number now (transit_number()); or false. */
bool hostfile_renumber(uint64_t number, uint64_t renumbered);
/* How many files went whose descriptors nobody has looked for yet. */
uint32_t hostfile_gone(void);
void hostfile_forget(uint32_t n);

static inline uint64_t
hostfile_number(const struct file *f)
{
	return KREAD(((struct hostfile *)f->f_data)->hf_number);
}

/* For the check: each reference to a half. */
void hostfile_each(void (*)(struct file *, struct tally *), struct tally *);

extern const struct fileops hostfile_fileops;

#endif
