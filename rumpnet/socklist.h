/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socklist: the sockets there are, for those who tell of them: /proc/net and
 * sock_diag.  Sockets that come or go meanwhile may be told or not.
 */
#ifndef RUMPNET_SOCKLIST_H
#define RUMPNET_SOCKLIST_H

#include "rumpnet/inet.h"

/* Where a walk through a table is; zero: at its beginning. */
struct sockiter {
	struct socktab *si_tab;
	uint32_t si_bucket, si_nth;
};

/* The next of the table, in hand; NULL: that was all.  No lock is held. */
struct socket *socklist_next(struct sockiter *);
/*
 * Call fn for each socket of a family that has a file, which is in hand
 * meanwhile.  No lock is held.
 */
void socklist_family(int family, void (*fn)(struct socket *, void *),
    void *arg);

/* What is told of a socket; of one that is held. */
struct sockinfo {
	struct inname sn_local, sn_peer; /* of internet sockets */
	uint8_t sn_state;                /* TCP_ESTABLISHED ... */
	uint8_t sn_timer;                /* as in /proc/net/tcp */
	uint32_t sn_rqueue, sn_wqueue;   /* of a listener: waiting, most */
	uint32_t sn_uid;
	uint64_t sn_ino;  /* 0: nobody has accepted it */
	uint32_t sn_refs; /* AF_UNIX: as Linux counts them */
	uint32_t sn_mem;  /* of what waits to be received, with all around it */
};

void socklist_info(struct socket *, struct sockinfo *);
/* The other end of a local socket; 0: none. */
uint64_t socklist_peerino(struct socket *);

#endif
