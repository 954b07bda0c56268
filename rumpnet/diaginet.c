/* SPDX-License-Identifier: BSD-2-Clause */
/* diag: sockets of TCP, UDP and raw ones. */
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>

#include "rumpnet/diag.h"
#include "rumpnet/sockopt.h"

#define TIMER_KEEPALIVE 2
#define ATTRS           INET_DIAG_REQ_PROTOCOL
#define MSEC            1000

/* What is asked for. */
struct ask {
	struct nlreq *as_nr;
	const struct inet_diag_req_v2 *as_req;
	const void *as_prog; /* NULL: all of them */
	uint32_t as_proglen;
	bool as_exact; /* as_req's id names one */
	bool as_found;
};

static void
put_addr(uint32_t to[4], int family, const struct in6_addr *a)
{
	if (family == AF_INET)
		to[0] = a->s6_addr32[3];
	else
		memcpy(to, a, sizeof(*a));
}

static void
put_id(struct inet_diag_sockid *id, const struct socket *so,
    const struct sockinfo *sn)
{
	id->idiag_sport = sn->sn_local.in_port;
	id->idiag_dport = sn->sn_peer.in_port;
	put_addr(id->idiag_src, so->so_family, &sn->sn_local.in_addr);
	put_addr(id->idiag_dst, so->so_family, &sn->sn_peer.in_addr);
	id->idiag_if = (uint32_t)KREAD(so->so_val[SV_BOUNDIF]);
	diag_cookie(so, id->idiag_cookie);
}

static bool
same_id(const struct inet_diag_sockid *a, const struct inet_diag_sockid *b)
{
	return a->idiag_sport == b->idiag_sport &&
	    a->idiag_dport == b->idiag_dport &&
	    memcmp(a->idiag_src, b->idiag_src, sizeof(a->idiag_src)) == 0 &&
	    memcmp(a->idiag_dst, b->idiag_dst, sizeof(a->idiag_dst)) == 0;
}

/* Do family, ports, state and the program let it pass? */
static bool
wanted(const struct ask *as, const struct socket *so, const struct sockinfo *sn,
    const struct inet_diag_sockid *id)
{
	const struct inet_diag_req_v2 *rq = as->as_req;

	if (rq->sdiag_family != so->so_family)
		return false;
	if (as->as_exact)
		return same_id(&rq->id, id) &&
		    diag_iscookie(so, rq->id.idiag_cookie);
	/* Bound and no more: nothing that Linux tells of. */
	if (so->so_kind == SOCK_TCP && sn->sn_state == TCP_CLOSE)
		return false;
	if (!(rq->idiag_states >> sn->sn_state & 1))
		return false;
	if ((rq->id.idiag_sport != 0 &&
		rq->id.idiag_sport != id->idiag_sport) ||
	    (rq->id.idiag_dport != 0 && rq->id.idiag_dport != id->idiag_dport))
		return false;
	return as->as_prog == NULL ||
	    diag_filter(as->as_prog, as->as_proglen, so, sn);
}

/* Is the attribute asked for? */
static bool
has(const struct ask *as, int attr)
{
	return (as->as_req->idiag_ext >> (attr - 1) & 1) != 0;
}

static void
put_sockopt(struct nlreq *nr, const struct socket *so)
{
	struct inet_diag_sockopt io = {
		.recverr = sockopt_int(so, IPPROTO_IP, IP_RECVERR) != 0,
		.is_icsk = so->so_kind == SOCK_TCP,
		.freebind = KREAD(so->so_val[SV_FREEBIND]) != 0,
		.hdrincl = KREAD(so->so_val[SV_HDRINCL]) != 0,
		.mc_loop = sockopt_int(so, IPPROTO_IP, IP_MULTICAST_LOOP) != 0,
		.mc_all = sockopt_int(so, IPPROTO_IP, IP_MULTICAST_ALL) != 0,
	};

	nl_put(nr, INET_DIAG_SOCKOPT, &io, sizeof(io));
}

static void
put_tcp(const struct ask *as, struct socket *so)
{
	struct optout oo = { .oo_len = sizeof(oo.oo_buf) };

	if (has(as, INET_DIAG_INFO) && sockopt_gettcp(so, TCP_INFO, &oo) == 0)
		nl_put(as->as_nr, INET_DIAG_INFO, oo.oo_buf, oo.oo_len);
	if (has(as, INET_DIAG_CONG) &&
	    sockopt_gettcp(so, TCP_CONGESTION, &oo) == 0)
		nl_puts(as->as_nr, INET_DIAG_CONG, oo.oo_buf);
}

/* Who is bound to an address of IPv6 hears nothing of IPv4. */
static bool
is_v6only(const struct socket *so, const struct sockinfo *sn)
{
	const struct in6_addr *a = &sn->sn_local.in_addr;

	return KREAD(so->so_v6only) != 0 || (!in_isany(a) && !in_isv4(a));
}

static void
put_attrs(const struct ask *as, struct socket *so, const struct sockinfo *sn)
{
	struct inet_diag_meminfo mi = { .idiag_rmem = sn->sn_mem,
		.idiag_wmem = 0,
		.idiag_tmem = 0 };
	struct nlreq *nr = as->as_nr;
	bool v6 = so->so_family == AF_INET6;

	nl_put8(nr, INET_DIAG_SHUTDOWN, atomic_load(&so->so_shut));
	if (has(as, INET_DIAG_TOS))
		nl_put8(nr, INET_DIAG_TOS, (uint8_t)KREAD(so->so_val[SV_TOS]));
	if (v6 && has(as, INET_DIAG_TCLASS))
		nl_put8(nr, INET_DIAG_TCLASS,
		    (uint8_t)KREAD(so->so_val[SV_6TCLASS]));
	if (v6 && (sn->sn_state == TCP_LISTEN || sn->sn_state == TCP_CLOSE))
		nl_put8(nr, INET_DIAG_SKV6ONLY, is_v6only(so, sn));
	nl_put32(nr, INET_DIAG_MARK, (uint32_t)KREAD(so->so_val[SV_MARK]));
	put_sockopt(nr, so);
	if (so->so_kind == SOCK_RAWIP)
		nl_put8(nr, INET_DIAG_PROTOCOL, (uint8_t)so->so_proto);
	if (has(as, INET_DIAG_MEMINFO))
		nl_put(nr, INET_DIAG_MEMINFO, &mi, sizeof(mi));
	if (has(as, INET_DIAG_SKMEMINFO))
		diag_putmem(nr, INET_DIAG_SKMEMINFO, so, sn);
	if (so->so_kind == SOCK_TCP)
		put_tcp(as, so);
}

static void
tell(struct ask *as, struct socket *so)
{
	struct inet_diag_sockid id;
	struct inet_diag_msg *m;
	struct sockinfo sn;

	memset(&id, 0, sizeof(id));
	socklist_info(so, &sn);
	put_id(&id, so, &sn);
	if (!wanted(as, so, &sn, &id))
		return;
	as->as_found = true;
	m = nl_begin(as->as_nr, SOCK_DIAG_BY_FAMILY,
	    as->as_exact ? 0 : NLM_F_MULTI, sizeof(*m));
	m->idiag_family = (uint8_t)so->so_family;
	m->idiag_state = sn.sn_state;
	m->idiag_timer = sn.sn_timer;
	m->id = id;
	if (sn.sn_timer == TIMER_KEEPALIVE)
		m->idiag_expires = (uint32_t)sockopt_int(so, IPPROTO_TCP,
				       TCP_KEEPIDLE) *
		    MSEC;
	m->idiag_rqueue = sn.sn_rqueue;
	m->idiag_wqueue = sn.sn_wqueue;
	m->idiag_uid = sn.sn_uid;
	m->idiag_inode = (uint32_t)sn.sn_ino;
	put_attrs(as, so, &sn);
	nl_end(as->as_nr);
}

static void
tell_table(struct ask *as, struct socktab *tb)
{
	struct sockiter si = { .si_tab = tb };
	struct socket *so;

	while (!(as->as_exact && as->as_found) &&
	    (so = socklist_next(&si)) != NULL) {
		tell(as, so);
		sock_rele(so);
	}
}

/* The program, if there is one: EINVAL. */
static int
get_filter(struct ask *as)
{
	static const uint8_t least[ATTRS + 1];
	const struct nlattr *at[ATTRS + 1];
	int error;

	error = nl_attrs(as->as_nr, sizeof(*as->as_req), at, ATTRS, least);
	if (error != 0 || at[INET_DIAG_REQ_BYTECODE] == NULL)
		return error;
	as->as_prog = nl_data(at[INET_DIAG_REQ_BYTECODE]);
	as->as_proglen = nl_len(at[INET_DIAG_REQ_BYTECODE]);
	if (!diag_checkfilter(as->as_prog, as->as_proglen))
		return nl_fail(as->as_nr, EINVAL, "malformed filter", NULL);
	return 0;
}

int
diag_inet(struct nlreq *nr)
{
	struct ask as = { .as_nr = nr,
		.as_req = nl_body(nr, sizeof(*as.as_req)) };
	int error;

	if (as.as_req == NULL)
		return EINVAL;
	as.as_exact = !nl_isdump(nr);
	error = get_filter(&as);
	if (error != 0)
		return error;
	switch (as.as_req->sdiag_protocol) {
	case IPPROTO_TCP:
		tell_table(&as, &net()->ns_bound[IN_TCP]);
		tell_table(&as, &net()->ns_conns);
		break;
	case IPPROTO_UDP:
		tell_table(&as, &net()->ns_bound[IN_UDP]);
		break;
	case IPPROTO_RAW:
		tell_table(&as, &net()->ns_bound[IN_RAW]);
		break;
	default:
		return nl_isdump(nr) ? nl_enddump(nr, ENOENT) : ENOENT;
	}
	if (as.as_exact)
		return as.as_found ? 0 : ENOENT;
	return nl_done(nr);
}
