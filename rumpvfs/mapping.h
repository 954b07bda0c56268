/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapping: which files' pages a host process has mapped.  A record keeps the
 * pages of its vnode until the process unmaps them, executes or dies, and
 * tells what a page that is not mapped yet is to be.
 *
 * A host's list is changed by that host alone, under h_maplock, and by its
 * reaper.  Records do not overlap.
 */
#ifndef RUMPVFS_MAPPING_H
#define RUMPVFS_MAPPING_H

#include "rumpkern/cpu.h"

struct vnode;

struct mapping {
	struct mapping *mp_next;
	struct vnode *mp_vnode; /* held by vnode_map_hold() */
	uint64_t mp_addr;
	uint64_t mp_len;
	uint64_t mp_off;  /* in the file */
	uint32_t mp_prot; /* PROT_* */
	uint8_t mp_shared;
	uint8_t mp_maywrite; /* PROT_WRITE may be asked for */
};

/*
 * A copy of what m says is recorded.  Its vnode is in hand as KHAND_MAPPING,
 * and leaves it.  0 or ENOMEM.
 */
int mapping_add(struct host *, const struct mapping *m);
/* Forget what is inside the range (all: 0, UINT64_MAX). */
void mapping_remove(struct host *, uint64_t addr, uint64_t len);
/*
 * The first record that begins or goes on at or after addr and before end:
 * false if there is none.  The copy's vnode is not held: it stays while the
 * process keeps the mapping.
 */
bool mapping_find(struct host *, uint64_t addr, uint64_t end,
    struct mapping *copy);
/* The record that has this address, or NULL.  h_maplock. */
const struct mapping *mapping_at(const struct host *, uint64_t addr);
/* Other protection for the range. */
void mapping_protect(struct host *, uint64_t addr, uint64_t len, uint32_t prot);
/* A forked child has what its parent has. 0 or ENOMEM. */
int mapping_copy(struct host *from, struct host *to);

#endif
