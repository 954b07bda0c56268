/* SPDX-License-Identifier: BSD-2-Clause */
/* sunpath: addresses of local sockets that are rump's; see sunpath.c. */
#ifndef HIJACK_SUNPATH_H
#define HIJACK_SUNPATH_H

#include <sys/socket.h>
#include <sys/un.h>

#include "rumpkern/kern.h"

struct hj_frame;

struct sunaddr {
	struct sockaddr_un sa_un;
	char sa_nul;
	uint32_t sa_len;
};

/* A call with an address; fn makes it at the rump kernel. */
typedef long hj_sun_fn(struct hj_frame *, struct sunaddr *);

/* --- sunhost.c: addresses that are the host's ------------------------------ */

/* Is this descriptor a local socket of rump's? */
bool hj_sun_islocal(int fd);
/* given: as the program said it; path: where that is on the host. */
long hj_sun_host(struct hj_frame *, const struct sunaddr *given,
    const char *path, hj_sun_fn *);
/* An abstract name that nobody has here. */
long hj_sun_elsewhere(struct hj_frame *, struct sunaddr *);

#endif
