/* SPDX-License-Identifier: BSD-2-Clause */
/* sockstream: what the stream sockets of all families share. */
#ifndef RUMPNET_SOCKSTREAM_H
#define RUMPNET_SOCKSTREAM_H

#include "rumpnet/sock.h"

/* The calls of sockops. */
int sockstream_accept(struct socket *, bool nonblock, struct socket **);
int sockstream_send(struct lwp *, struct socket *, struct sockmsg *);
int sockstream_recv(struct lwp *, struct socket *, struct sockmsg *);
int sockstream_shutdown(struct socket *, int how);
int sockstream_poll(struct socket *, struct waitent *);
uint64_t sockstream_pending(struct socket *, bool out);

/* Begin to listen, or change the backlog. */
void sockstream_listen(struct socket *, int backlog);
/*
 * Queue the server's socket, which is in hand, at the listener: both ends are
 * connected.  ECONNREFUSED: it listens no more; EISCONN; EAGAIN: its queue was
 * full until then.
 */
int sockstream_meet(struct socket *client, struct socket *listener,
    struct socket *server, uint64_t until);
/* Its connection locked: there is one to be accepted. */
void sockstream_tell(struct socket *listener);
/* It listens no more; whoever waits to be accepted is told. */
void sockstream_unlisten(struct socket *);
/* Two that are connected from the start. */
void sockstream_pair(struct socket *, struct socket *);
/* The end of a socket: its connection, or all that wait to be accepted. */
void sockstream_close(struct socket *);

#endif
