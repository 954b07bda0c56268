/* SPDX-License-Identifier: BSD-2-Clause */
/* anonfile: what files have in common that no name leads to: event descriptors
 * and epoll sets. */
#ifndef RUMPVFS_ANONFILE_H
#define RUMPVFS_ANONFILE_H

#include "lwproc/file.h"

int anonfile_stat(struct file *, struct stat *);
/* The file in hand gets a number: *fd.  It goes if it gets none. */
int anonfile_install(struct lwp *, struct file *, bool cloexec, long *fd);
/* Move the 8 bytes that are all such a file reads or writes. */
int anonfile_move(uint64_t *value, struct uio *);

#endif
