/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tcphold: connections that are held up because the listener's queue is full
 * (cn_hold): both ends believe that the other has no room, until an accept
 * makes some (tcp_promote()), or as long as Linux would repeat its request.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "rumpkern/deathwatch.h"
#include "rumpkern/klog.h"
#include "rumpnet/conn.h"
#include "rumpnet/net.h"
#include "rumpnet/sockopt.h"
#include "rumpnet/tcp.h"

#define NSEC     1000000000UL
#define PATIENCE 1000 /* looks at a lock that somebody else has */

bool
tcp_lock_second(struct conn *first, struct conn *second)
{
	if (second > first) {
		kmutex_enter(&second->cn_lock);
		return true;
	}
	return kmutex_tryenter(&second->cn_lock);
}

/* Locked both: the connection has room now. */
static void
release(struct socket *ls, struct socket *s, struct conn *cn)
{
	KSET(ls->so_qhold, s->so_qnext);
	klog_commit();
	atomic_store(&cn->cn_hold, 0);
	conn_resize(&cn->cn_in[0], false);
	conn_resize(&cn->cn_in[1], false);
	conn_wake_all(cn);
}

/* How many of the queue are connected. */
static uint32_t
established(const struct socket *ls)
{
	const struct socket *s;
	uint32_t n = 0;

	for (s = ls->so_qhead; s != NULL && s != ls->so_qhold; s = s->so_qnext)
		n++;
	return n;
}

void
tcp_promote(struct socket *ls)
{
	struct conn *lcn, *cn;
	struct socket *s;
	uint32_t tries = 0;

	for (;;) {
		lcn = sock_lockconn(ls);
		s = ls->so_qhold;
		if (s == NULL || established(ls) > ls->so_backlog)
			break;
		cn = s->so_conn;
		if (!tcp_lock_second(lcn, cn)) {
			kmutex_exit(&lcn->cn_lock);
			rumpuser_yield();
			/* Conns stay conns, whoever has this one by now. */
			if (++tries % PATIENCE == 0)
				kmutex_prod(&cn->cn_lock);
			continue;
		}
		release(ls, s, cn);
		kmutex_exit(&cn->cn_lock);
		kwakeup_one(&ls->so_qwait);
		kwakeup(&lcn->cn_poll[ls->so_side]);
		kmutex_exit(&lcn->cn_lock);
	}
	kmutex_exit(&lcn->cn_lock);
}

/* So long it may take, from now on. */
static uint64_t
patience(const struct socket *so)
{
	uint32_t ms = KREAD(so->so_val[SV_USERTIMEO]);

	if (ms != 0)
		return (uint64_t)ms * (NSEC / 1000);
	return ((2UL << sockopt_int(so, IPPROTO_TCP, TCP_SYNCNT)) - 1) * NSEC;
}

void
tcphold_begin(struct socket *so)
{
	uint64_t until = rumpuser_monotonic() + patience(so);

	KSTORE(so->so_giveup, until);
	deathwatch_expire_at(until);
}

static bool
is_late(const struct socket *so, uint64_t now)
{

	return KREAD(so->so_giveup) <= now &&
	    (KREAD(so->so_state) & SS_CONNECTING) &&
	    conntcp_holds(sock_conn(so));
}

int
tcphold_await(struct socket *so)
{
	uint64_t limit = KREAD(so->so_sndtimeo), until = KREAD(so->so_giveup);
	int error;

	if (limit != 0)
		until = kmin(until, rumpuser_monotonic() + limit);
	error = conntcp_await(sock_conn(so), so->so_side, until);
	if (error == ETIMEDOUT && is_late(so, rumpuser_monotonic()))
		tcp_disconnect(so);
	else if (limit != 0 && error != 0)
		return error == ETIMEDOUT ? EINPROGRESS : EINTR;
	return error;
}

/* A server's socket that nobody has been told of. */
static bool
is_deferred(const struct socket *so)
{

	return so->so_side == 1 && atomic_load(&sock_conn(so)->cn_defer);
}

/*
 * The first that is late, in hand; NULL: none.  *next: when the next will be.
 */
static struct socket *
find_late(uint64_t *next)
{
	struct socktab *tb = &net()->ns_conns;
	uint64_t now = rumpuser_monotonic();
	struct socket *so, *late = NULL;
	uint32_t i;

	*next = UINT64_MAX;
	kmutex_enter(&tb->tb_lock);
	for (i = 0; i < TAB_BUCKETS && late == NULL; i++)
		for (so = tb->tb_bucket[i]; so != NULL; so = so->so_tabnext) {
			if (KREAD(so->so_giveup) == 0 ||
			    (!conntcp_holds(sock_conn(so)) && !is_deferred(so)))
				continue;
			if (is_late(so, now) ||
			    (is_deferred(so) && KREAD(so->so_giveup) <= now)) {
				late = so;
				break;
			}
			*next = kmin(*next, KREAD(so->so_giveup));
		}
	if (late != NULL)
		sock_hold(late);
	kmutex_exit(&tb->tb_lock);
	return late;
}

void
tcp_expire(void)
{
	struct socket *so;
	uint64_t next;

	while ((so = find_late(&next)) != NULL) {
		if (is_deferred(so))
			tcpdefer_end(sock_conn(so));
		else {
			tcp_disconnect(so);
			atomic_store(&so->so_error, ETIMEDOUT);
			tcp_change(so, SS_CONNECTING | SS_REFUSED, 0);
		}
		sock_rele(so);
	}
	if (next != UINT64_MAX)
		deathwatch_expire_at(next);
}
