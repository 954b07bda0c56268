/* SPDX-License-Identifier: BSD-2-Clause */
/* flock_impl: what the files of the file locks share. */
#ifndef RUMPVFS_FLOCK_IMPL_H
#define RUMPVFS_FLOCK_IMPL_H

#include "rumpvfs/flock.h"

#define FLOCK_END 0x7fffffffffffffffUL /* the last byte there can be */

/* Where the object behind a file points to its locks.  NULL: it has none. */
struct flockhead **flock_slot(const struct file *);
/*
 * Set a lock or unset it, waiting if asked to.  ENOLCK, EAGAIN, EDEADLK,
 * KERESTART.
 */
int flock_set(struct flockhead **slot, struct filelock *want, bool wait);
/*
 * Is a lock in the way of this one?  Then *held is a copy of it.  Wanting
 * F_UNLCK asks for the owner's own locks.
 */
bool flock_test(struct flockhead **slot, const struct filelock *want,
    struct filelock *held);

#endif
