/* SPDX-License-Identifier: BSD-2-Clause */
/* diag: see diag.h; requests, and sockets of AF_UNIX and AF_NETLINK. */
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>

#include "rumpnet/conn.h"
#include "rumpnet/diag.h"
#include "rumpnet/local.h"
#include "rumpvfs/vnode.h"

#define ICONS_MAX 256 /* waiting connections that are named */

void
diag_cookie(const struct socket *so, uint32_t cookie[2])
{
	uint64_t addr = (uintptr_t)so;

	cookie[0] = (uint32_t)addr;
	cookie[1] = (uint32_t)(addr >> 32);
}

bool
diag_iscookie(const struct socket *so, const uint32_t cookie[2])
{
	uint32_t own[2];

	if (cookie[0] == UINT32_MAX && cookie[1] == UINT32_MAX)
		return true;
	diag_cookie(so, own);
	return own[0] == cookie[0] && own[1] == cookie[1];
}

void
diag_putmem(struct nlreq *nr, int type, const struct socket *so,
    const struct sockinfo *sn)
{
	uint32_t mem[SK_MEMINFO_VARS] = { 0 };

	mem[SK_MEMINFO_RMEM_ALLOC] = sn->sn_mem;
	mem[SK_MEMINFO_RCVBUF] = KREAD(so->so_rcvbuf);
	mem[SK_MEMINFO_SNDBUF] = KREAD(so->so_sndbuf);
	mem[SK_MEMINFO_WMEM_QUEUED] = sn->sn_state == TCP_LISTEN ?
	    0 :
	    sn->sn_wqueue;
	nl_put(nr, type, mem, sizeof(mem));
}

/* --- AF_UNIX --------------------------------------------------------------- */

struct ask {
	struct nlreq *as_nr;
	const void *as_req;
	bool as_found;
};

static void
put_name(struct nlreq *nr, const struct socket *so)
{
	const struct netname *nn = local_name(so);
	uint32_t at = offsetof(struct sockaddr_un, sun_path), len;
	const char *path, *end;

	if (nn == NULL || nn->nn_len <= at)
		return;
	path = nn->nn_un.sun_path;
	len = nn->nn_len - at;
	/* Of a path, up to its end. */
	end = path[0] != '\0' ? memchr(path, '\0', len) : NULL;
	nl_put(nr, UNIX_DIAG_NAME, path,
	    end != NULL ? (size_t)(end - path) + 1 : len);
}

static void
put_vfs(struct nlreq *nr, const struct socket *so)
{
	const struct vnode *vp = KREAD(so->so_vnode);
	struct unix_diag_vfs uv;

	if (vp == NULL)
		return;
	uv.udiag_vfs_ino = (uint32_t)vp->v_ino;
	uv.udiag_vfs_dev = (uint32_t)vp->v_fs->fs_dev;
	nl_put(nr, UNIX_DIAG_VFS, &uv, sizeof(uv));
}

/* The clients that wait to be accepted. */
static void
put_icons(struct nlreq *nr, struct socket *so)
{
	uint32_t ino[ICONS_MAX], n = 0;
	struct conn *cn = sock_lockconn(so);
	const struct socket *s, *client;

	for (s = so->so_qhead; s != NULL && n < ICONS_MAX; s = s->so_qnext) {
		client = sock_conn(s)->cn_sock[!s->so_side];
		ino[n++] = client != NULL ? (uint32_t)sock_ino(client) : 0;
	}
	kmutex_exit(&cn->cn_lock);
	if (n != 0)
		nl_put(nr, UNIX_DIAG_ICONS, ino, n * sizeof(ino[0]));
}

static void
put_local(struct nlreq *nr, uint32_t show, struct socket *so,
    const struct sockinfo *sn)
{
	struct unix_diag_rqlen rq = { sn->sn_rqueue, sn->sn_wqueue };
	uint64_t peer;

	if (show & UDIAG_SHOW_NAME)
		put_name(nr, so);
	if (show & UDIAG_SHOW_VFS)
		put_vfs(nr, so);
	if (show & UDIAG_SHOW_PEER) {
		peer = socklist_peerino(so);
		if (peer != 0)
			nl_put32(nr, UNIX_DIAG_PEER, (uint32_t)peer);
	}
	if ((show & UDIAG_SHOW_ICONS) && sn->sn_state == TCP_LISTEN)
		put_icons(nr, so);
	if (show & UDIAG_SHOW_RQLEN)
		nl_put(nr, UNIX_DIAG_RQLEN, &rq, sizeof(rq));
	if (show & UDIAG_SHOW_UID)
		nl_put32(nr, UNIX_DIAG_UID, sn->sn_uid);
	if (show & UDIAG_SHOW_MEMINFO)
		diag_putmem(nr, UNIX_DIAG_MEMINFO, so, sn);
	nl_put8(nr, UNIX_DIAG_SHUTDOWN, atomic_load(&so->so_shut));
}

static void
tell_local(struct socket *so, void *arg)
{
	struct ask *as = arg;
	const struct unix_diag_req *rq = as->as_req;
	bool exact = !nl_isdump(as->as_nr);
	struct unix_diag_msg *m;
	struct sockinfo sn;

	socklist_info(so, &sn);
	if (exact ? as->as_found || rq->udiag_ino != (uint32_t)sn.sn_ino ||
		    !diag_iscookie(so, rq->udiag_cookie) :
		    !(rq->udiag_states >> sn.sn_state & 1))
		return;
	as->as_found = true;
	m = nl_begin(as->as_nr, SOCK_DIAG_BY_FAMILY, exact ? 0 : NLM_F_MULTI,
	    sizeof(*m));
	m->udiag_family = AF_UNIX;
	m->udiag_type = (uint8_t)so->so_type;
	m->udiag_state = sn.sn_state;
	m->udiag_ino = (uint32_t)sn.sn_ino;
	diag_cookie(so, m->udiag_cookie);
	put_local(as->as_nr, rq->udiag_show, so, &sn);
	nl_end(as->as_nr);
}

static int
diag_local(struct nlreq *nr)
{
	struct ask as = { .as_nr = nr,
		.as_req = nl_body(nr, sizeof(struct unix_diag_req)) };
	const struct unix_diag_req *rq = as.as_req;

	/* ss then asks /proc/net/unix, which is the host's as well. */
	if (rumpuser_process.ru_hostfamilies >> AF_UNIX & 1)
		return ENOENT;
	if (rq == NULL || (!nl_isdump(nr) && rq->udiag_ino == 0))
		return EINVAL;
	socklist_family(AF_UNIX, tell_local, &as);
	if (nl_isdump(nr))
		return nl_done(nr);
	return as.as_found ? 0 : ENOENT;
}

/* --- AF_NETLINK, AF_PACKET ------------------------------------------------- */

static void
tell_netlink(struct socket *so, void *arg)
{
	struct ask *as = arg;
	const struct netlink_diag_req *rq = as->as_req;
	struct netlink_diag_msg *m;
	struct sockinfo sn;
	uint64_t groups = KREAD(so->so_nlgroups);

	if (rq->sdiag_protocol != NDIAG_PROTO_ALL &&
	    rq->sdiag_protocol != so->so_proto)
		return;
	socklist_info(so, &sn);
	m = nl_begin(as->as_nr, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI, sizeof(*m));
	m->ndiag_family = AF_NETLINK;
	m->ndiag_type = (uint8_t)so->so_type;
	m->ndiag_protocol = (uint8_t)so->so_proto;
	m->ndiag_state = NETLINK_UNCONNECTED;
	m->ndiag_portid = KREAD(so->so_nlpid);
	m->ndiag_dst_portid = KREAD(so->so_nldst);
	m->ndiag_dst_group = KREAD(so->so_nldstgroup);
	m->ndiag_ino = (uint32_t)sn.sn_ino;
	diag_cookie(so, m->ndiag_cookie);
	if ((rq->ndiag_show & NDIAG_SHOW_GROUPS) && groups != 0)
		nl_put(as->as_nr, NETLINK_DIAG_GROUPS, &groups, sizeof(groups));
	if (rq->ndiag_show & NDIAG_SHOW_MEMINFO)
		diag_putmem(as->as_nr, NETLINK_DIAG_MEMINFO, so, &sn);
	nl_end(as->as_nr);
}

static int
diag_netlink(struct nlreq *nr)
{
	struct ask as = { .as_nr = nr,
		.as_req = nl_body(nr, sizeof(struct netlink_diag_req)) };

	if (as.as_req == NULL)
		return EINVAL;
	if (!nl_isdump(nr))
		return EOPNOTSUPP;
	socklist_family(AF_NETLINK, tell_netlink, &as);
	return nl_done(nr);
}

/* There are no such sockets. */
static int
diag_packet(struct nlreq *nr)
{
	if (nl_body(nr, sizeof(struct packet_diag_req)) == NULL)
		return EINVAL;
	return nl_isdump(nr) ? nl_done(nr) : EOPNOTSUPP;
}

int
nl_diag_request(struct nlreq *nr)
{
	const struct sock_diag_req *rq = nl_body(nr, sizeof(*rq));

	switch (nr->nr_hdr->nlmsg_type) {
	case SOCK_DIAG_BY_FAMILY:
		break;
	case SOCK_DESTROY:
		return EOPNOTSUPP;
	default:
		return EINVAL;
	}
	if (rq == NULL)
		return EINVAL;
	switch (rq->sdiag_family) {
	case AF_INET:
	case AF_INET6:
		return diag_inet(nr);
	case AF_UNIX:
		return diag_local(nr);
	case AF_NETLINK:
		return diag_netlink(nr);
	case AF_PACKET:
		return diag_packet(nr);
	default:
		return rq->sdiag_family >= AF_MAX ? EINVAL : ENOENT;
	}
}
