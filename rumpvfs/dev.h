/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dev: the devices: null, zero, full, random, urandom.  Their vnodes' v_rdev
 * tells which; the numbers are in vfs_boot.h.
 */
#ifndef RUMPVFS_DEV_H
#define RUMPVFS_DEV_H

#include "rumpkern/kern.h"

struct fileops;
struct vnode;

/* For files of FTYPE_VNODE whose vnode is a device. */
extern const struct fileops dev_fileops;

/* Can splice read from, or write to, the device? */
bool dev_splices(const struct vnode *, bool write);

#endif
