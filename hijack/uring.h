/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uring: liburing calls io_uring_setup() with instructions of its own.  It is
 * to hear ENOSYS as well, for which its users are prepared: a ring of the
 * host's would not know the rump kernel's descriptors.
 */
#ifndef HIJACK_URING_H
#define HIJACK_URING_H

#include "hijack/hijack.h"

/* Is there anything that a ring would not know? */
bool hj_uring_refused(void);
/* The libraries in memory by now. */
void hj_uring_init(const struct hj_auxinfo *);
/* What an mmap() has mapped, or its errno, which is passed on. */
long hj_uring_mmap(const struct hj_frame *, long ret);

#endif
