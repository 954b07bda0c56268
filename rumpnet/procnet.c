/* SPDX-License-Identifier: BSD-2-Clause */
/* procnet: the sockets, as Linux has them in /proc/net. */
#include <arpa/inet.h>
#include <netinet/tcp.h>

#include "rumpkern/kmem.h"
#include "rumpnet/local.h"
#include "rumpnet/procnet.h"
#include "rumpnet/socklist.h"
#include "rumpnet/sockopt.h"

#define WIDTH_TCP 149
#define WIDTH_UDP 127
#define HZ        100 /* of the times that Linux tells */

/* --- Internet sockets ------------------------------------------------------ */

/* How a file of them looks. */
struct style {
	int st_family;
	enum inproto st_proto;
	const char *st_head; /* before and after the names' columns */
	const char *st_tail;
	int st_digits;     /* of a line's number */
	uint32_t st_width; /* of a line; 0: as it is */
};

/* An address and a port, as the host's words are in memory. */
static void
put_name(struct procbuf *pb, int family, const struct inname *in)
{
	const uint32_t *w = in->in_addr.s6_addr32;

	if (family == AF_INET)
		proc_print(pb, "%08X:%04X ", w[3], ntohs(in->in_port));
	else
		proc_print(pb, "%08X%08X%08X%08X:%04X ", w[0], w[1], w[2], w[3],
		    ntohs(in->in_port));
}

static void
put_names(struct procbuf *pb, int family, const struct sockinfo *sn)
{
	put_name(pb, family, &sn->sn_local);
	put_name(pb, family, &sn->sn_peer);
}

static void
put_number(struct procbuf *pb, const struct style *st, uint32_t n)
{
	if (st->st_digits == 4)
		proc_print(pb, "%4u: ", n);
	else
		proc_print(pb, "%5u: ", n);
}

static void
put_tcp(struct procbuf *pb, struct socket *so, const struct style *st,
    uint32_t *n)
{
	struct sockinfo sn;
	bool listens;

	socklist_info(so, &sn);
	listens = sn.sn_state == TCP_LISTEN;
	/* Bound and no more: Linux's file does not have it. */
	if (so->so_family != st->st_family || sn.sn_state == TCP_CLOSE)
		return;
	put_number(pb, st, *n);
	(*n)++;
	put_names(pb, st->st_family, &sn);
	proc_print(pb, "%02X %08X:%08X %02X:%08lX %08X %5u %8d %lu %d %016lx ",
	    sn.sn_state, listens ? 0 : sn.sn_wqueue, sn.sn_rqueue, sn.sn_timer,
	    sn.sn_timer == 2 ?
		(unsigned long)sockopt_int(so, IPPROTO_TCP, TCP_KEEPIDLE) * HZ :
		0UL,
	    0, sn.sn_uid, 0, (unsigned long)sn.sn_ino, sn.sn_timer == 2 ? 2 : 1,
	    (unsigned long)(uintptr_t)so);
	proc_print(pb, "%d %d %d %d %d", listens ? HZ : HZ / 5, listens ? 0 : 4,
	    listens ? 0 : 30, 10, listens ? 0 : -1);
	proc_endl(pb, st->st_width);
}

static void
put_dgram(struct procbuf *pb, struct socket *so, const struct style *st)
{
	struct sockinfo sn;

	if (so->so_family != st->st_family)
		return;
	socklist_info(so, &sn);
	put_number(pb, st, ntohs(sn.sn_local.in_port));
	put_names(pb, st->st_family, &sn);
	proc_print(pb,
	    "%02X %08X:%08X %02X:%08lX %08X %5u %8d %lu %d %016lx %u",
	    sn.sn_state, 0, sn.sn_rqueue, 0, 0UL, 0, sn.sn_uid, 0,
	    (unsigned long)sn.sn_ino, 2, (unsigned long)(uintptr_t)so, 0);
	proc_endl(pb, st->st_width);
}

static void
put_table(struct procbuf *pb, struct socktab *tb, const struct style *st,
    uint32_t *n)
{
	struct sockiter si = { .si_tab = tb };
	struct socket *so;

	while ((so = socklist_next(&si)) != NULL) {
		if (st->st_proto == IN_TCP)
			put_tcp(pb, so, st, n);
		else
			put_dgram(pb, so, st);
		sock_rele(so);
	}
}

static void
put_inet(struct procbuf *pb, const struct style *st)
{
	uint32_t n = 0;

	proc_print(pb, "%s%s%s", st->st_head,
	    st->st_family == AF_INET ? "local_address rem_address   " :
				       "local_address                         "
				       "remote_address                        ",
	    "st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode");
	proc_print(pb, "%s", st->st_tail);
	proc_endl(pb, st->st_width);
	put_table(pb, &net()->ns_bound[st->st_proto], st, &n);
	if (st->st_proto == IN_TCP)
		put_table(pb, &net()->ns_conns, st, &n);
}

#define DGRAM_TAIL " ref pointer drops"
#define INET(file, family, proto, head, tail, num, width)                   \
	void procnet_##file(struct procbuf *pb)                             \
	{                                                                   \
		static const struct style st = { family, proto, head, tail, \
			num, width };                                       \
                                                                            \
		put_inet(pb, &st);                                          \
	}

INET(tcp, AF_INET, IN_TCP, "  sl  ", "", 4, WIDTH_TCP)
INET(tcp6, AF_INET6, IN_TCP, "  sl  ", "", 4, 0)
INET(udp, AF_INET, IN_UDP, "   sl  ", DGRAM_TAIL, 5, WIDTH_UDP)
INET(udp6, AF_INET6, IN_UDP, "  sl  ", DGRAM_TAIL, 5, 0)
INET(icmp, AF_INET, IN_PING, "  sl  ", DGRAM_TAIL, 5, WIDTH_UDP)
INET(icmp6, AF_INET6, IN_PING, "  sl  ", DGRAM_TAIL, 5, 0)
INET(raw, AF_INET, IN_RAW, "  sl  ", DGRAM_TAIL, 4, 0)
INET(raw6, AF_INET6, IN_RAW, "  sl  ", DGRAM_TAIL, 5, 0)

/* --- Others ---------------------------------------------------------------- */

#define FLAG_LISTENS 0x10000
#define STATE_CONN   3
#define STATE_UNCONN 1

static void
put_local(struct socket *so, void *arg)
{
	const struct netname *nn = local_name(so);
	uint32_t state = KREAD(so->so_state), i, len;
	struct procbuf *pb = arg;
	char path[sizeof(nn->nn_un.sun_path)];
	struct sockinfo sn;

	socklist_info(so, &sn);
	proc_print(pb, "%016lx: %08X %08X %08X %04X %02X %5lu",
	    (unsigned long)(uintptr_t)so, sn.sn_refs, 0,
	    state & SS_LISTENS ? FLAG_LISTENS : 0, so->so_type,
	    sn.sn_state == TCP_ESTABLISHED ? STATE_CONN : STATE_UNCONN,
	    (unsigned long)sock_ino(so));
	if (nn != NULL && nn->nn_len > offsetof(struct sockaddr_un, sun_path)) {
		len = nn->nn_len -
		    (uint32_t)offsetof(struct sockaddr_un, sun_path);
		len = kmin(len, (uint32_t)sizeof(path));
		memcpy(path, nn->nn_un.sun_path, len);
		if (path[0] != '\0')
			for (i = 0; i < len && path[i] != '\0'; i++)
				continue;
		else
			for (i = 0; i < len; i++)
				if (path[i] == '\0')
					path[i] = '@';
		proc_print(pb, " ");
		proc_put(pb, path, i);
	}
	proc_endl(pb, 0);
}

void
procnet_unix(struct procbuf *pb)
{
	proc_print(pb,
	    "Num       RefCount Protocol Flags    Type St Inode Path\n");
	socklist_family(AF_UNIX, put_local, pb);
}

static void
put_netlink(struct socket *so, void *arg)
{
	proc_print(arg,
	    "%016lx %-3d %-10u %08x %-8d %-8d %-5d %-8d %-8u %-8lu\n",
	    (unsigned long)(uintptr_t)so, so->so_proto, KREAD(so->so_nlpid),
	    (uint32_t)KREAD(so->so_nlgroups), (int)KREAD(so->so_rq.pq_room), 0,
	    0, 2, 0, (unsigned long)sock_ino(so));
}

void
procnet_netlink(struct procbuf *pb)
{
	proc_print(pb,
	    "sk               Eth Pid        Groups   Rmem     Wmem     "
	    "Dump  Locks    Drops    Inode\n");
	socklist_family(AF_NETLINK, put_netlink, pb);
}

void
procnet_packet(struct procbuf *pb)
{
	proc_print(pb,
	    "sk               RefCnt Type Proto  Iface R Rmem   User   "
	    "Inode\n");
}

/* --- Counts ---------------------------------------------------------------- */

/* Those of a family in a table; *alloc: with all that are no listeners. */
static uint32_t
count(struct socktab *tb, int family)
{
	struct sockiter si = { .si_tab = tb };
	struct socket *so;
	uint32_t n = 0;

	while ((so = socklist_next(&si)) != NULL) {
		n += so->so_family == family;
		sock_rele(so);
	}
	return n;
}

static uint32_t
count_tcp(int family)
{
	return count(&net()->ns_bound[IN_TCP], family) +
	    count(&net()->ns_conns, family);
}

void
procnet_sockstat(struct procbuf *pb)
{
	uint32_t tcp = count_tcp(AF_INET);

	proc_print(pb, "sockets: used %lu\n",
	    (unsigned long)kmem_cache_count(KC_SOCK));
	proc_print(pb, "TCP: inuse %u orphan 0 tw 0 alloc %u mem 0\n", tcp,
	    tcp + count_tcp(AF_INET6));
	proc_print(pb, "UDP: inuse %u mem 0\n",
	    count(&net()->ns_bound[IN_UDP], AF_INET));
	proc_print(pb, "UDPLITE: inuse 0\nRAW: inuse %u\n",
	    count(&net()->ns_bound[IN_RAW], AF_INET));
	proc_print(pb, "FRAG: inuse 0 memory 0\n");
}

void
procnet_sockstat6(struct procbuf *pb)
{
	proc_print(pb, "TCP6: inuse %u\n", count_tcp(AF_INET6));
	proc_print(pb, "UDP6: inuse %u\n",
	    count(&net()->ns_bound[IN_UDP], AF_INET6));
	proc_print(pb, "UDPLITE6: inuse 0\nRAW6: inuse %u\n",
	    count(&net()->ns_bound[IN_RAW], AF_INET6));
	proc_print(pb, "FRAG6: inuse 0 memory 0\n");
}

static void
put_protocol(struct procbuf *pb, const char *name, uint32_t sockets)
{
	proc_print(pb,
	    "%-9s %4u %6u  %6ld   NI    %5u   %-3s  %-10s "
	    " n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n  n\n",
	    name, (uint32_t)sizeof(struct socket), sockets, -1L, 0, "yes",
	    "kernel");
}

void
procnet_protocols(struct procbuf *pb)
{
	proc_print(pb,
	    "protocol  size sockets  memory press maxhdr  slab module     "
	    "cl co di ac io in de sh ss gs se re bi br ha uh gp em\n");
	put_protocol(pb, "PINGv6", count(&net()->ns_bound[IN_PING], AF_INET6));
	put_protocol(pb, "RAWv6", count(&net()->ns_bound[IN_RAW], AF_INET6));
	put_protocol(pb, "UDPv6", count(&net()->ns_bound[IN_UDP], AF_INET6));
	put_protocol(pb, "TCPv6", count_tcp(AF_INET6));
	put_protocol(pb, "UNIX", 0);
	put_protocol(pb, "PING", count(&net()->ns_bound[IN_PING], AF_INET));
	put_protocol(pb, "RAW", count(&net()->ns_bound[IN_RAW], AF_INET));
	put_protocol(pb, "UDP", count(&net()->ns_bound[IN_UDP], AF_INET));
	put_protocol(pb, "TCP", count_tcp(AF_INET));
	put_protocol(pb, "NETLINK", 0);
}
