/* SPDX-License-Identifier: BSD-2-Clause */
/* ifioctl: ioctls about interfaces, in two parts. */
#ifndef RUMPNET_IFIOCTL_H
#define RUMPNET_IFIOCTL_H

#include "rumpnet/ifnet.h"

/* The superuser calls? */
bool ifioctl_super(void);
/* Those of AF_INET and AF_INET6 alone: ENOTTY. */
int ifioctl_inet(unsigned long cmd, void *uarg);
int ifioctl_inet6(unsigned long cmd, void *uarg);

#endif
