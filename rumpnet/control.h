/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * control: what comes along with a message, as struct cmsghdr tells it.
 *
 * Of a message that is sent, sm_ctl is a copy in kernel memory: walk it with
 * control_next().  Of one that is received, sm_ctl is the program's buffer and
 * sm_ctllen what is left there: each control_put() appends to it.
 */
#ifndef RUMPNET_CONTROL_H
#define RUMPNET_CONTROL_H

#include "rumpnet/sock.h"

#define CONTROL_MAX 131072 /* Linux's net.core.optmem_max */

/*
 * The next header after *c (NULL: the first); *c becomes NULL after the last.
 * EINVAL: it is not well formed.
 *
 *	struct cmsghdr *c = NULL;
 *	while ((error = control_next(sm, &c)) == 0 && c != NULL)
 */
int control_next(const struct sockmsg *, struct cmsghdr **c);
static inline size_t
control_len(const struct cmsghdr *c)
{
	return c->cmsg_len - CMSG_LEN(0);
}

/*
 * Append for the receiver; MSG_CTRUNC in sm_outflags if it does not fit.
 * Memory of the program that faults is as Linux has it: nothing is said.
 */
void control_put(struct sockmsg *, int level, int type, const void *data,
    size_t len);

/*
 * Copy a program's control data in for sending: sm_ctl, in hand (or NULL) and
 * to be freed by control_done().  ENOBUFS, EFAULT.
 */
int control_import(struct sockmsg *, const void *uctl, size_t len);
void control_done(struct sockmsg *);

/* Of a socket that heeds none: are they at least well?  EINVAL. */
int control_check(const struct sockmsg *);

#endif
