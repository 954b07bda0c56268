/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs_data: the bytes of a regular file.
 *
 * They are pages of the arena, found by index in v_pages.  A word there is a
 * page's address; with bit 0 set the page is allocated (fallocate) but was
 * never written: it reads as zeroes, counts as a hole for SEEK_HOLE, and its
 * bytes mean nothing.  What lies beyond v_size in the last page means
 * nothing either: it is zeroed when the file grows over it.
 *
 * With bit 1 set the page is idle: one that a mapping has got for a hole, or,
 * with bit 0 set as well, for an unwritten page, and for which the host has no
 * memory yet.  Whoever touches it through a mapping makes it data without our
 * knowing; it is looked at when that matters (tmpfs_idle.c).
 *
 * Offsets and lengths were checked not to be negative; errors are errno.
 */
#ifndef RUMPVFS_TMPFS_DATA_H
#define RUMPVFS_TMPFS_DATA_H

#include "rumpkern/copy.h"
#include "rumpvfs/vnode.h"

#define PAGE_UNWRITTEN 1UL
#define PAGE_IDLE      2UL
#define PAGE_FLAGS     (PAGE_UNWRITTEN | PAGE_IDLE)
/* Does the file hold the page, and not a mapping only? */
#define pageword_counts(word) (((word)&PAGE_FLAGS) != PAGE_IDLE)
#define TMPFS_MAXSIZE         0x7fffffffffffffffUL
#define FSIZE_INFINITY        UINT64_MAX /* RLIM_INFINITY */

/*
 * Read and write at uio_offset, which moves on; 0 when at least one byte was
 * moved or none was to be.  They lock by themselves.  append: at the end.
 */
int tmpfs_read(struct vnode *, struct uio *);
int tmpfs_write(struct vnode *, struct uio *, bool append);

/*
 * Set the size.  touch: note the time even if the size is what it was.
 */
int tmpfs_truncate(struct vnode *, uint64_t size, bool touch);
int tmpfs_allocate(struct vnode *, uint64_t off, uint64_t len, bool keepsize);
int tmpfs_punch(struct vnode *, uint64_t off, uint64_t len);
/* Zeroes, which keep their room. */
int tmpfs_zero(struct vnode *, uint64_t off, uint64_t len, bool keepsize);
/* The first data (hole: hole) at or after off. ENXIO: none. */
int tmpfs_seek(struct vnode *, uint64_t off, bool hole, uint64_t *found);

/*
 * The pages [index, index+n) for a mapping, 0 for holes and what lies beyond
 * the end of the file; alloc: holes get pages, which stay idle until somebody
 * touches them.
 */
int vnode_map_pages(struct vnode *, uint64_t index, size_t n, bool alloc,
    uint64_t *addrs);

/*
 * Give back one piece of what a dead vnode's data holds; true when there is
 * nothing left.  The vnode is nobody else's; the log is empty.
 */
bool tmpfs_free_piece(struct vnode *);
/* How many pages the file holds, as stat() tells it.  v_lock, empty log. */
uint64_t tmpfs_npages(struct vnode *);
/* The last mapping has gone, the log is empty: what it kept goes. */
void tmpfs_unmapped(struct vnode *);

/* Set-id bits go when somebody without privilege changes the data. */
void tmpfs_drop_setid(struct vnode *);
/* May the file grow to this size?  EFBIG, with the signal due. No locks. */
int tmpfs_size_ok(struct vnode *, uint64_t size);

#endif
