/* SPDX-License-Identifier: BSD-2-Clause */
/* epoll: what making a set of both kernels shares with waiting for one. */
#ifndef HIJACK_EPOLL_H
#define HIJACK_EPOLL_H

#include "lwproc/file.h"
#include "rumpvfs/epoll.h"

/* The set of a file that is one, or NULL. */
static inline struct epoll *
hj_epoll_set(const struct file *f)
{

	return f != NULL && f->f_type == FTYPE_EPOLL ? f->f_data : NULL;
}

/* What the program cannot have as its data: nothing of its is there. */
static inline uint64_t
hj_epoll_kickdata(const struct epoll *ep)
{

	return (uintptr_t)ep + 1;
}

#endif
