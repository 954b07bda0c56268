/* SPDX-License-Identifier: BSD-2-Clause */
/* transit: rump descriptors in messages of the host's; see transit.c. */
#ifndef HIJACK_TRANSIT_H
#define HIJACK_TRANSIT_H

#include "lwproc/transit.h"
#include "rumpkern/kern.h"

#define HJ_PARCEL 253 /* descriptors the host takes in a message */

/* The tokens of a message that is sent. */
struct hj_parcel {
	int pa_n;
	int pa_fd[HJ_PARCEL];
};

/* Is there a rump descriptor, or one of the shim's, in the program's data? */
bool hj_transit_wants(const char *uctl, size_t len);
/*
 * Put tokens in the place of rump descriptors, in a copy of the control data: 0
 * or an errno.  After that the message is sent, and hj_transit_sent() told.
 */
long hj_transit_pack(char *ctl, size_t len, struct hj_parcel *);
void hj_transit_sent(struct hj_parcel *, bool failed);
/* The host has written control data: files in the place of tokens. */
void hj_transit_unpack(const char *uctl, size_t len, int outflags, long flags);
/*
 * In the kernel: host descriptors were closed, and messages may have gone with
 * them.
 */
void hj_transit_sweep(void);

/*
 * A host call that makes descriptors, tried again with a higher soft limit when
 * there are too many.
 */
long hj_beyond_limit(long nr, long a, long b, long c);

#endif
