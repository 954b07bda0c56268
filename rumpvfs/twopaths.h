/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * twopaths: what the calls with two paths share.  Of one that answers KEHOST,
 * c_hostend is 0 or 1: the path that leads to the host.
 */
#ifndef RUMPVFS_TWOPATHS_H
#define RUMPVFS_TWOPATHS_H

#include "rumpvfs/namei.h"

struct twopaths {
	struct nameidata tp_old;
	struct nameidata tp_new;
};

/*
 * Find both.  0 with the name lock held and twopaths_done() to come.  Whatever
 * is wrong with the first path is told before what is wrong with the second.
 */
int twopaths_lookup(struct twopaths *, struct lwp *, int olddirfd,
    const char *oldpath, int oldflags, int newdirfd, const char *newpath,
    int newflags);
/* Let go of the name lock, then of what came in hand under it. */
int twopaths_done(struct twopaths *, uint32_t mark, int error);

#endif
