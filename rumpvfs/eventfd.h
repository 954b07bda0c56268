/* SPDX-License-Identifier: BSD-2-Clause */
/* eventfd and timerfd: what their files do. */
#ifndef RUMPVFS_EVENTFD_H
#define RUMPVFS_EVENTFD_H

#include "lwproc/file.h"

extern const struct fileops eventfd_fileops;
extern const struct fileops timerfd_fileops;

#endif
