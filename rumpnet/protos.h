/* SPDX-License-Identifier: BSD-2-Clause */
/* protos: what each kind of socket does; see sockops in sock.h. */
#ifndef RUMPNET_PROTOS_H
#define RUMPNET_PROTOS_H

#include "rumpnet/sock.h"

extern const struct sockops tcp_sockops;
extern const struct sockops udp_sockops;
extern const struct sockops ping_sockops;
extern const struct sockops raw_sockops;
extern const struct sockops local_sockops;
extern const struct sockops localseq_sockops;
extern const struct sockops localdgram_sockops;
extern const struct sockops netlink_sockops;

#endif
