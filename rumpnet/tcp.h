/* SPDX-License-Identifier: BSD-2-Clause */
/* tcp: what others may ask of a TCP socket. */
#ifndef RUMPNET_TCP_H
#define RUMPNET_TCP_H

#include "rumpnet/inet.h"
#include "rumpnet/sock.h"

/* TCP_ESTABLISHED ...: the state Linux would have it in. */
int tcp_state(struct socket *);

/* Whom it was connected to, or tried to be, last: ENOTCONN. */
int tcp_lastpeer(struct socket *, struct netname *);
/* A socket's own name or its peer's, though another thread may give it one. */
struct inname tcp_name(struct socket *, bool peer);

static inline bool
tcp_isconnected(const struct socket *so)
{
	return (KREAD(so->so_state) & SS_CONNECTED) != 0;
}

/* --- tcpconnect.c ----------------------------------------------------------- */

int tcp_connect(struct lwp *, struct socket *, const struct netname *,
    bool nonblock);
/* Change so_state. */
void tcp_change(struct socket *, uint32_t add, uint32_t drop);
/* connect() to nowhere: the socket is as after bind(). */
int tcp_disconnect(struct socket *);
/*
 * If its connection is over, both ends' ports are free again; and so is that of
 * a peer that has closed, if that was no end in order.
 */
void tcp_settle(struct socket *);

/* --- tcpdefer.c: TCP_DEFER_ACCEPT ------------------------------------------- */

/* Both locks held, s not yet queued: nobody is told of it until then; or 0. */
uint64_t tcpdefer_begin(struct socket *listener, struct socket *s);
/* Seconds and how often Linux would repeat its answer meanwhile. */
int tcpdefer_tries(int seconds);
int tcpdefer_seconds(int tries);

/* --- tcphold.c: connections that wait for room at their listener ------------ */

/* One connection is locked; the other one too, if that can be now. */
bool tcp_lock_second(struct conn *first, struct conn *second);
/* An accepted one has left its place to the next. */
void tcp_promote(struct socket *listener);
/* A client's connection is held up from now on. */
void tcphold_begin(struct socket *);
/* Until it is not.  ETIMEDOUT: it never will be; EINPROGRESS: SO_SNDTIMEO. */
int tcphold_await(struct socket *);
/* Those that have waited long enough have failed. */
void tcp_expire(void);

#endif
