/* SPDX-License-Identifier: BSD-2-Clause */
/* fhandle: files by handle, as name_to_handle_at(2) gives them. */
#ifndef RUMPVFS_FHANDLE_H
#define RUMPVFS_FHANDLE_H

#include "rumpkern/kern.h"

struct vnode;

/* struct file_handle, with the bytes that Linux's tmpfs has in it. */
struct fhandle {
	uint32_t fh_bytes;
	int32_t fh_type;
	uint32_t fh_gen;
	uint32_t fh_ino[2];
};

#define FHANDLE_HEAD 8   /* what comes before its bytes */
#define FHANDLE_MOST 128 /* bytes that a handle may have */

/* fs_lock held: what it stands for, if that has a name still; or NULL. */
struct vnode *fhandle_find(const struct fhandle *);
/* A program's: EFAULT, EINVAL. */
int fhandle_copyin(const void *uhandle, struct fhandle *);

#endif
