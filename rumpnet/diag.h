/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diag: NETLINK_SOCK_DIAG, by which ss and its like ask for sockets.
 *
 * diag.c: what each family is asked; diaginet.c: TCP, UDP, raw; diagfilter.c:
 * the programs that choose among those.
 */
#ifndef RUMPNET_DIAG_H
#define RUMPNET_DIAG_H

#include "rumpnet/netlink.h"
#include "rumpnet/socklist.h"

/* Of a family: as nl_handler says. */
nl_handler diag_inet;

/* The memory of a socket, as SK_MEMINFO_* and, of internet ones, besides. */
void diag_putmem(struct nlreq *, int type, const struct socket *,
    const struct sockinfo *);
/* A socket's two words that tell it from one that had its address before. */
void diag_cookie(const struct socket *, uint32_t cookie[2]);
/* Does a request's cookie, which may be left open, fit? */
bool diag_iscookie(const struct socket *, const uint32_t cookie[2]);

/* Is the program in len bytes one that diag_filter() can run? */
bool diag_checkfilter(const void *prog, uint32_t len);
bool diag_filter(const void *prog, uint32_t len, const struct socket *,
    const struct sockinfo *);

#endif
