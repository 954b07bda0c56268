/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vfs_boot: the file system a kernel starts with, and its devices.
 */
#ifndef RUMPVFS_VFS_BOOT_H
#define RUMPVFS_VFS_BOOT_H

#include "rumpkern/kern.h"

struct lwp;
struct vnode;

/* Device numbers as stat and mknod show them. */
#define DEV_NULL    0x103
#define DEV_ZERO    0x105
#define DEV_FULL    0x107
#define DEV_RANDOM  0x108
#define DEV_URANDOM 0x109
#define DEV_TTY     0x500

/*
 * May the device be opened?  0; ENXIO: there is none of that number; KEHOST:
 * the terminal, which is the host's.
 */
int vfs_devopen(struct lwp *, const struct vnode *);

#endif
