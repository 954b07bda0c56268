/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * filerw: reading and writing of files of any type; what read, write, their
 * kin and the splicing calls share.
 */
#ifndef RUMPVFS_FILERW_H
#define RUMPVFS_FILERW_H

#include <stdatomic.h>

#include "lwproc/file.h"
#include "lwproc/proc.h"
#include "rumpkern/kern.h"

#define RW_COUNTMAX 0x7ffff000UL /* Linux's MAX_RW_COUNT */
#define RW_USEREND  0x7ffffffff000UL

#ifndef RWF_HIPRI
#define RWF_HIPRI  0x1
#define RWF_DSYNC  0x2
#define RWF_SYNC   0x4
#define RWF_NOWAIT 0x8
#define RWF_APPEND 0x10
#endif
#ifndef RWF_NOAPPEND
#define RWF_NOAPPEND 0x20
#endif
#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x100
#endif

/* Not a program's: a splice, which leaves the times of pipes alone. */
#define RWF_SPLICE 0x10000

/*
 * Can nobody else use the file's offset now?  Then f_poslock is not needed: a
 * file with one reference, in a table that one lwp uses, is this thread's.  A
 * call that is under way when another thread gets an lwp in the proc still goes
 * without: of these two the offset may move once.
 */
static inline bool
filerw_private(const struct lwp *l, const struct file *f)
{
	return KREAD(f->f_count) == 1 &&
	    atomic_load_explicit(&l->l_proc->p_fd->fd_users,
		memory_order_relaxed) == 1;
}

static inline void
filerw_setoffset(struct file *f, uint64_t offset)
{
	__atomic_store_n(&f->f_offset, offset, __ATOMIC_RELEASE);
}

/*
 * One transfer, to or from *at (NULL: the file's own offset, which moves on).
 * The access mode was checked.  0 and the number of bytes, or an errno.
 */
int filerw_move(struct lwp *, struct file *, struct uio *, const uint64_t *at,
    long *done);
/*
 * Read or write kernel memory at the file's own offset as one half of a
 * splice; the access mode was checked.
 */
int filerw_splice(struct lwp *, int fd, bool write, char *buf, size_t n,
    bool nowait, long *done);

#endif
