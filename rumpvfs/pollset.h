/* SPDX-License-Identifier: BSD-2-Clause */
/* pollset: select's sets of descriptors, as lists for poll. */
#ifndef RUMPVFS_POLLSET_H
#define RUMPVFS_POLLSET_H

#include <poll.h>

#include "rumpkern/kern.h"

#define POLLSET_FDS   4096 /* as many as select's sets may have here */
#define POLLSET_WORDS (POLLSET_FDS / 64)

/* The sets to read, to write, and of exceptions. */
typedef uint64_t pollset_t[3][POLLSET_WORDS];

/* From the program's, below nfds; not NULL ones only.  EFAULT. */
int pollset_in(pollset_t, void *const usets[3], int nfds);
int pollset_out(pollset_t, void *const usets[3], int nfds);
/* The descriptors that are in any; how many. */
size_t pollset_list(pollset_t, int nfds, struct pollfd *);
/* From the results: how many bits, or -EBADF. */
long pollset_results(pollset_t, const struct pollfd *, size_t n);

#endif
