/* SPDX-License-Identifier: BSD-2-Clause */
/* procmounts: the files of /proc that tell what is mounted. */
#ifndef RUMPVFS_PROCMOUNTS_H
#define RUMPVFS_PROCMOUNTS_H

#include "rumpvfs/procfs.h"

/* How they are told: one line of each for every place. */
enum procmounts {
	MOUNTS_MOUNTS,
	MOUNTS_INFO,
	MOUNTS_STATS
};

void procmounts_mounts(struct procbuf *);
void procmounts_info(struct procbuf *);
void procmounts_stats(struct procbuf *);

/*
 * The line of this kernel's file system, whose directory root (of so many
 * bytes; 0: its root) appears at a place; id and parent are the mounts'
 * numbers.
 */
void procmounts_line(struct procbuf *, enum procmounts, int id, int parent,
    const char *root, size_t rootlen, const char *place);

#endif
