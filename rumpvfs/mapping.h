/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mapping: which files' pages a host process has mapped.  A record keeps the
 * pages of its vnode until the process unmaps them, executes or dies.
 *
 * A host's list is changed by that host alone, under h_maplock, and by its
 * reaper.
 */
#ifndef RUMPVFS_MAPPING_H
#define RUMPVFS_MAPPING_H

#include "rumpkern/cpu.h"

struct vnode;

struct mapping {
	struct mapping *mp_next;
	struct vnode *mp_vnode;	/* held by vnode_map_hold() */
	uint64_t mp_addr;
	uint64_t mp_len;
};

/* The vnode is in hand as KHAND_MAPPING, and leaves it. 0 or ENOMEM. */
int	mapping_add(struct host *, struct vnode *, uint64_t addr,
	    uint64_t len);
/* Forget those wholly inside the range (all: 0, UINT64_MAX). */
void	mapping_remove(struct host *, uint64_t addr, uint64_t len);
/* A forked child has what its parent has. 0 or ENOMEM. */
int	mapping_copy(struct host *from, struct host *to);

#endif
