/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * polltime: how long a call that polls waits, and with which signal mask.  A
 * time is on the monotonic clock: 0 not at all, KSLEEP_FOREVER.
 */
#ifndef RUMPVFS_POLLTIME_H
#define RUMPVFS_POLLTIME_H

#include "rumpkern/kern.h"
#include "rumpkern/waitq.h"

struct timespec;

/* From milliseconds; negative: for ever. */
uint64_t polltime_ms(int ms);
/* From a length of time: EINVAL. */
int polltime_from(const struct rumpuser_timespec *, uint64_t *until);
/* From the program's, NULL: for ever.  EFAULT, EINVAL. */
int polltime_in(const void *uts, uint64_t *until);
/* What is left, as Linux's calls leave it in their time-out. */
void polltime_left(uint64_t until, struct rumpuser_timespec *);
/* The program's signal mask, if it is not NULL: EFAULT, EINVAL. */
int polltime_mask(const void *umask, size_t size, uint64_t *mask);

static inline bool
polltime_late(uint64_t until)
{
	return until != KSLEEP_FOREVER &&
	    (until == 0 || rumpuser_monotonic() >= until);
}

#endif
