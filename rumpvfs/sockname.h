/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockname: names of local sockets that are the host's.
 *
 * The socket is the host's, its name a VSOCK vnode of this kernel that keeps
 * the path the program bound it at.  That and the vnode's number tell the shim
 * under which name the host knows the socket.
 */
#ifndef RUMPVFS_SOCKNAME_H
#define RUMPVFS_SOCKNAME_H

#include "rumpkern/kern.h"

struct lwp;

#define SOCKNAME_MAX 108 /* sun_path; need not end in a NUL there */

struct sockname {
	uint64_t sn_ino;
	char sn_bound[SOCKNAME_MAX + 1];
};

/*
 * Make a node at path, bound at sn_bound; sn_ino is set.  0 or the errno of
 * Linux's bind(); KEHOST as of namei_lookup().
 */
int sockname_make(struct lwp *, const char *path, uint32_t mode,
    struct sockname *);
/*
 * The node at path, for one who sends to it.  ECONNREFUSED: nothing was ever
 * bound there.
 */
int sockname_find(struct lwp *, const char *path, struct sockname *);

#endif
