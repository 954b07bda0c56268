/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcpdefer: TCP_DEFER_ACCEPT.  A connection of such a listener is in its queue
 * from the beginning, but nobody is told before there is something to receive,
 * or as long as Linux would repeat its answer (cn_defer).
 */
#include "rumpkern/klog.h"
#include "rumpnet/conn.h"
#include "rumpnet/sockstream.h"
#include "rumpnet/tcp.h"

#define NSEC    1000000000UL
#define RTO_MAX 120 /* seconds between two tries, at most */
#define TRIES   255

/* Tries come after 1, 2, 4 ... seconds: how many in that time? */
int
tcpdefer_tries(int seconds)
{
	int n = 0, period = 0, wait = 1;

	while (seconds > period && n < TRIES) {
		n++;
		period += wait;
		wait = kmin(wait * 2, RTO_MAX);
	}
	return n;
}

int
tcpdefer_seconds(int tries)
{
	int period = 0, wait = 1;

	while (tries-- > 0) {
		period += wait;
		wait = kmin(wait * 2, RTO_MAX);
	}
	return period;
}

uint64_t
tcpdefer_begin(struct socket *ls, struct socket *s)
{
	int tries = KREAD(ls->so_val[SV_DEFER]);
	struct conn *cn = s->so_conn;
	uint64_t until;

	if (likely(tries == 0) || ls->so_kind != SOCK_TCP)
		return 0;
	until = rumpuser_monotonic() + tcpdefer_seconds(tries) * NSEC;
	KSTORE(s->so_giveup, until);
	atomic_store(&cn->cn_defer, 1);
	/* The first to send is to look. */
	atomic_fetch_or(&cn->cn_in[s->so_side].st_want, WANT_DATA);
	return until;
}

void
tcpdefer_end(struct conn *cn)
{
	struct socket *s, *ls;
	struct conn *lcn;

	if (atomic_exchange(&cn->cn_defer, 0) == 0)
		return;
	/* Sockets stay sockets, and conns conns: gone, they are told amiss. */
	s = KREAD(cn->cn_sock[1]);
	ls = s != NULL ? KREAD(s->so_parent) : NULL;
	lcn = ls != NULL ? KREAD(ls->so_conn) : NULL;
	if (lcn == NULL)
		return;
	kmutex_enter(&lcn->cn_lock);
	if (KREAD(s->so_parent) == ls && KREAD(ls->so_conn) == lcn)
		sockstream_tell(ls);
	kmutex_exit(&lcn->cn_lock);
}
