/* SPDX-License-Identifier: BSD-2-Clause */
/* tcp: what others may ask of a TCP socket. */
#ifndef RUMPNET_TCP_H
#define RUMPNET_TCP_H

#include "rumpnet/sock.h"

/* TCP_ESTABLISHED ...: the state Linux would have it in. */
int tcp_state(struct socket *);

/* An accepted one has left its place to the next. */
void tcp_promote(struct socket *listener);

#endif
