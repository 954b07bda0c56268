/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tmpfs_file: open regular files, directories and devices (FTYPE_VNODE).
 */
#ifndef RUMPVFS_TMPFS_FILE_H
#define RUMPVFS_TMPFS_FILE_H

#include "lwproc/file.h"

extern const struct fileops vnode_fileops;

#endif
