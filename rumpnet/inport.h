/* SPDX-License-Identifier: BSD-2-Clause */
/* inport: what ports and the names of connections (inconn.c) have in common. */
#ifndef RUMPNET_INPORT_H
#define RUMPNET_INPORT_H

#include "rumpnet/inet.h"

/* so_reuse, pu_waitno */
#define NO_ADDR 1 /* without SO_REUSEADDR */
#define NO_PORT 2 /* without SO_REUSEPORT */

/* The clock of pu_until, in s. */
static inline uint32_t
inport_now(void)
{
	return (uint32_t)(rumpuser_monotonic() / 1000000000);
}

/* NO_ADDR, NO_PORT */
uint8_t inport_reuse(const struct socket *);
/* The tables that a socket's port is looked up in. */
void inport_lock(struct socktab *);
void inport_unlock(struct socktab *);
/* tb_lock held: may the socket have this one of many ports? */
bool inport_idle(struct socktab *, const struct socket *,
    const struct in6_addr *, uint16_t port);
/* tb_lock held: a free port, in network order; 0: none. */
uint16_t inport_pick(struct socktab *, const struct socket *,
    const struct in6_addr *);
/* Logged. */
void inname_set(struct inname *to, const struct inname *from);

#endif
