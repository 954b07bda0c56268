/* SPDX-License-Identifier: BSD-2-Clause */
/* sockq: see sockq.h. */
#include <poll.h>

#include "rumpkern/klog.h"
#include "rumpnet/sockq.h"

bool
sockq_put(struct socket *so, struct packet *pk, bool force)
{
	kmutex_enter(&so->so_lock);
	if ((!force && !sockq_hasroom(so)) || (so->so_state & SS_CLOSED)) {
		kmutex_exit(&so->so_lock);
		packet_free(pk);
		return false;
	}
	packetq_put(&so->so_rq, pk);
	klog_commit();
	kwakeup_one(&so->so_rwait);
	kwakeup_events(&so->so_pollq, POLLIN | POLLRDNORM);
	kmutex_exit(&so->so_lock);
	return true;
}

void
sockq_error(struct socket *so, int error)
{
	kmutex_enter(&so->so_lock);
	atomic_store(&so->so_error, error);
	kwakeup(&so->so_rwait);
	kwakeup(&so->so_pollq);
	kmutex_exit(&so->so_lock);
}

/* so_lock held.  0: there is a packet, or the end.  An error is told first. */
static int
await(struct socket *so, uint64_t until)
{
	int error;

	for (;;) {
		error = atomic_exchange(&so->so_error, 0);
		if (error != 0 || so->so_rq.pq_head != NULL)
			return error;
		if (until == 0)
			return EAGAIN;
		if (atomic_load(&so->so_shut) & 1 << SHUT_RD)
			return 0;
		error = ksleep(&so->so_rwait, &so->so_lock, until, KSLEEP_INTR);
		if (error == ETIMEDOUT)
			return EAGAIN;
		if (error != 0)
			return error == KERESTART && until != KSLEEP_FOREVER ?
			    EINTR :
			    error;
	}
}

int
sockq_take(struct socket *so, int flags, size_t room, struct packet **pk)
{
	int error;

	*pk = NULL;
	kmutex_enter(&so->so_lock);
	error = await(so,
	    sock_until(flags & MSG_DONTWAIT, KREAD(so->so_rcvtimeo)));
	if (error == 0 && so->so_rq.pq_head != NULL) {
		if (flags & MSG_PEEK) {
			*pk = packet_dup(so->so_rq.pq_head, room);
			if (*pk == NULL)
				error = ENOBUFS;
		} else {
			*pk = packetq_take(&so->so_rq);
			klog_commit();
		}
	}
	if (so->so_rq.pq_head != NULL)
		kwakeup_one(&so->so_rwait);
	kmutex_exit(&so->so_lock);
	return error;
}

int
sockq_poll(struct socket *so, struct waitent *ent)
{
	int ev = POLLOUT | POLLWRNORM | POLLWRBAND;
	uint8_t shut;

	kmutex_enter(&so->so_lock);
	if (ent != NULL) {
		waitq_add(&so->so_pollq, ent, &so->so_lock);
		klog_commit();
	}
	shut = atomic_load(&so->so_shut);
	if (so->so_rq.pq_head != NULL)
		ev |= POLLIN | POLLRDNORM;
	if (shut & 1 << SHUT_RD)
		ev |= POLLIN | POLLRDNORM | POLLRDHUP;
	if (shut == (1 << SHUT_RD | 1 << SHUT_WR))
		ev |= POLLHUP;
	if (atomic_load(&so->so_error) != 0)
		ev |= POLLERR;
	kmutex_exit(&so->so_lock);
	return ev;
}

uint64_t
sockq_pending(struct socket *so)
{
	uint64_t n = 0;

	kmutex_enter(&so->so_lock);
	if (so->so_rq.pq_head != NULL)
		n = so->so_rq.pq_head->pk_len;
	kmutex_exit(&so->so_lock);
	return n;
}

void
sockq_drain(struct socket *so)
{
	struct packet *pk;

	do {
		kmutex_enter(&so->so_lock);
		pk = packetq_take(&so->so_rq);
		klog_commit();
		kmutex_exit(&so->so_lock);
		if (pk != NULL)
			packet_free(pk);
	} while (pk != NULL);
}
