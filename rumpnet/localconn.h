/* SPDX-License-Identifier: BSD-2-Clause */
/* localconn: what streams and packets of AF_UNIX share; calls of sockops. */
#ifndef RUMPNET_LOCALCONN_H
#define RUMPNET_LOCALCONN_H

#include "rumpnet/sock.h"

int localconn_listen(struct lwp *, struct socket *, int backlog);
int localconn_connect(struct lwp *, struct socket *, const struct netname *,
    bool nonblock);
int localconn_shutdown(struct socket *, int how);
void localconn_close(struct socket *);

#endif
