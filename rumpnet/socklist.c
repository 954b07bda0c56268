/* SPDX-License-Identifier: BSD-2-Clause */
/* socklist: see socklist.h. */
#include <netinet/tcp.h>

#include "lwproc/proc.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/conn.h"
#include "rumpnet/socklist.h"
#include "rumpnet/tcp.h"

struct socket *
socklist_next(struct sockiter *si)
{
	struct socktab *tb = si->si_tab;
	struct socket *so = NULL;
	uint32_t n;

	kmutex_enter(&tb->tb_lock);
	for (; si->si_bucket < TAB_BUCKETS; si->si_bucket++, si->si_nth = 0) {
		so = tb->tb_bucket[si->si_bucket];
		for (n = si->si_nth; so != NULL && n > 0; n--)
			so = so->so_tabnext;
		if (so != NULL)
			break;
	}
	if (so != NULL) {
		si->si_nth++;
		sock_hold(so);
	}
	kmutex_exit(&tb->tb_lock);
	return so;
}

struct walk {
	int wk_family;
	void (*wk_fn)(struct socket *, void *);
	void *wk_arg;
};

/* Files stay files: one that has gone meanwhile cannot be held. */
static int
visit(void *obj, void *arg)
{
	const struct walk *wk = arg;
	struct file *f = obj;
	struct socket *so;

	if (KREAD(f->f_type) != FTYPE_SOCK || KREAD(f->f_count) == 0 ||
	    file_hold(f) != 0)
		return 0;
	so = f->f_type == FTYPE_SOCK ? f->f_data : NULL;
	if (so != NULL && so->so_family == wk->wk_family)
		wk->wk_fn(so, wk->wk_arg);
	file_rele(f);
	return 0;
}

void
socklist_family(int family, void (*fn)(struct socket *, void *), void *arg)
{
	struct walk wk = { family, fn, arg };

	(void)kmem_each(KC_FILE, visit, &wk);
}

/* How much of a stream waits for its receiver. */
static void
stream_info(struct socket *so, struct sockinfo *sn)
{
	struct conn *cn = sock_conn(so);
	const struct stream *out;
	uint64_t used;

	if (cn == NULL)
		return;
	sn->sn_rqueue = (uint32_t)stream_used(&cn->cn_in[so->so_side]);
	out = conn_out(cn, so->so_side);
	used = stream_used(out);
	/* TCP: what the receiver has room for, it has. */
	if (so->so_kind != SOCK_TCP && used != 0)
		sn->sn_wqueue = packet_room(used);
	else if (used > CONN_CAP)
		sn->sn_wqueue = (uint32_t)(used - CONN_CAP);
	sn->sn_mem = sn->sn_rqueue;
	/* Linux counts the end as a byte until it is read. */
	if (sn->sn_state == TCP_CLOSE_WAIT && sn->sn_rqueue != 0)
		sn->sn_rqueue++;
}

/* Datagrams of AF_UNIX: who is connected, or connected to. */
static void
local_info(struct socket *so, struct sockinfo *sn)
{
	const struct socket *s;

	kmutex_enter(&net()->ns_local.tb_lock);
	if (so->so_dpeer != NULL || so->so_dfirst != NULL)
		sn->sn_state = TCP_ESTABLISHED;
	for (s = so->so_dfirst; s != NULL; s = s->so_dnext)
		sn->sn_refs++;
	kmutex_exit(&net()->ns_local.tb_lock);
}

void
socklist_info(struct socket *so, struct sockinfo *sn)
{
	memset(sn, 0, sizeof(*sn));
	kmutex_enter(&so->so_lock);
	sn->sn_local = so->so_local;
	sn->sn_peer = so->so_peer;
	kmutex_exit(&so->so_lock);
	sn->sn_uid = so->so_cred.uid;
	sn->sn_ino = KREAD(so->so_file) != NULL ? sock_ino(so) : 0;
	sn->sn_state = TCP_CLOSE;
	if (KREAD(so->so_state) & SS_CONNECTED)
		sn->sn_state = TCP_ESTABLISHED;
	if (KREAD(so->so_state) & SS_LISTENS)
		sn->sn_state = TCP_LISTEN;
	sn->sn_refs = 2;
	if (so->so_kind == SOCK_LOCALPKT)
		local_info(so, sn);
	else if (sn->sn_state == TCP_ESTABLISHED)
		sn->sn_refs++;
	if (so->so_kind == SOCK_TCP && sock_conn(so) != NULL)
		sn->sn_state = (uint8_t)tcp_state(so);
	if (sn->sn_state == TCP_LISTEN) {
		sn->sn_rqueue = KREAD(so->so_qlen);
		sn->sn_wqueue = KREAD(so->so_backlog);
	} else if (so->so_conn != NULL) {
		stream_info(so, sn);
		if (sock_opt(so, SO_KEEPALIVE) && so->so_kind == SOCK_TCP)
			sn->sn_timer = 2;
	} else {
		sn->sn_rqueue = (uint32_t)KREAD(so->so_rq.pq_room);
		sn->sn_mem = sn->sn_rqueue;
	}
}

uint64_t
socklist_peerino(struct socket *so)
{
	struct conn *cn = sock_conn(so);
	uint64_t ino = 0;
	struct socket *peer;

	if (cn != NULL) {
		kmutex_enter(&cn->cn_lock);
		peer = KREAD(so->so_state) & SS_CONNECTED ?
		    cn->cn_sock[!so->so_side] :
		    NULL;
		if (peer != NULL)
			ino = sock_ino(peer);
		kmutex_exit(&cn->cn_lock);
	} else {
		kmutex_enter(&net()->ns_local.tb_lock);
		if (so->so_dpeer != NULL)
			ino = sock_ino(so->so_dpeer);
		kmutex_exit(&net()->ns_local.tb_lock);
	}
	return ino;
}
