/* SPDX-License-Identifier: BSD-2-Clause */
/* sockopt: those of IPPROTO_TCP that are not a number kept and no more. */
#include <linux/tcp.h>

#include "rumpnet/conn.h"
#include "rumpnet/tcp.h"
#include "rumpnet/sockopt.h"

#define MSS_MIN     88
#define MSS_MAX     32767
#define MSS_UNSET   536
#define MSS_LO      65483 /* of an interface with 64 KiB packets */
#define MTU_LO      65536
#define LINGER2     60
#define LINGER2_MAX 120
#define CC_NAME     16

/* netinet/tcp.h, which names these, does not go with linux/tcp.h. */
#define STATE_CLOSE  7
#define STATE_LISTEN 10

/* There is no congestion: a name is all there is to these. */
static const char *const congestion[] = { "cubic", "reno" };

static void
keep(struct socket *so, enum sockval which, int v)
{
	KSTORE(so->so_val[which], v);
}

static int
set_congestion(struct socket *so, const struct optin *oi)
{
	char name[CC_NAME] = "";
	size_t i;

	if (oi->oi_len < 1)
		return EINVAL;
	if (copyin(oi->oi_uaddr, name, kmin(oi->oi_len, CC_NAME - 1U)) != 0)
		return EFAULT;
	for (i = 0; i < nelem(congestion); i++)
		if (strcmp(name, congestion[i]) == 0) {
			keep(so, SV_CONGESTION, (int)i);
			return 0;
		}
	return ENOENT;
}

static int
set_linger2(struct socket *so, int v)
{
	if (v < 0)
		v = -1;
	else if (v == 0)
		v = LINGER2;
	keep(so, SV_LINGER2, kmin(v, LINGER2_MAX) - LINGER2);
	return 0;
}

int
sockopt_settcp(struct socket *so, int name, const struct optin *oi)
{
	int v = oi->oi_int;
	int state;

	if (name == TCP_CONGESTION)
		return set_congestion(so, oi);
	if (oi->oi_len < sizeof(int))
		return EINVAL;
	state = tcp_state(so);
	switch (name) {
	case TCP_MAXSEG:
		if (v != 0 && (v < MSS_MIN || v > MSS_MAX))
			return EINVAL;
		keep(so, SV_MAXSEG, v);
		return 0;
	case TCP_LINGER2:
		return set_linger2(so, v);
	case TCP_DEFER_ACCEPT:
		keep(so, SV_DEFER, tcpdefer_tries(v));
		return 0;
	case TCP_QUICKACK:
		/* 0 is to wait with answers; there are none. */
		keep(so, SV_QUICKACK, v != 0 ? 0 : -1);
		return 0;
	case TCP_FASTOPEN:
		if (v < 0 || (state != STATE_CLOSE && state != STATE_LISTEN))
			return EINVAL;
		keep(so, SV_FASTOPEN, kmin(v, 4096));
		return 0;
	case TCP_FASTOPEN_CONNECT:
		if (v < 0 || v > 1 || state != STATE_CLOSE)
			return EINVAL;
		keep(so, SV_FASTCONNECT, v);
		return 0;
	default:
		return ENOPROTOOPT;
	}
}

static void
get_info(struct socket *so, struct optout *oo)
{
	uint64_t sent = 0, got = 0;
	struct tcp_info ti;

	memset(&ti, 0, sizeof(ti));
	ti.tcpi_state = tcp_state(so);
	ti.tcpi_options = TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE;
	ti.tcpi_snd_wscale = ti.tcpi_rcv_wscale = 10;
	ti.tcpi_rto = 200000;
	ti.tcpi_ato = 40000;
	ti.tcpi_snd_mss = ti.tcpi_rcv_mss = ti.tcpi_advmss = MSS_LO;
	ti.tcpi_pmtu = MTU_LO;
	ti.tcpi_rtt = 1;
	ti.tcpi_rttvar = 1;
	ti.tcpi_snd_ssthresh = INT32_MAX;
	ti.tcpi_snd_cwnd = 10;
	ti.tcpi_reordering = 3;
	ti.tcpi_rcv_space = KREAD(so->so_rcvbuf) / 2;
	ti.tcpi_rcv_ssthresh = KREAD(so->so_rcvbuf) / 2;
	if (ti.tcpi_state == STATE_LISTEN) {
		ti.tcpi_unacked = KREAD(so->so_qlen);
		ti.tcpi_sacked = KREAD(so->so_backlog);
	} else if (ti.tcpi_state != STATE_CLOSE)
		conn_count(sock_conn(so), so->so_side, &sent, &got);
	ti.tcpi_bytes_sent = sent;
	ti.tcpi_bytes_received = got;
	ti.tcpi_bytes_acked = ti.tcpi_bytes_sent;
	oo->oo_len = sizeof(ti);
	memcpy(oo->oo_buf, &ti, sizeof(ti));
}

int
sockopt_gettcp(struct socket *so, int name, struct optout *oo)
{
	const char *cc;
	int v;

	switch (name) {
	case TCP_MAXSEG:
		v = KREAD(so->so_val[SV_MAXSEG]);
		if (tcp_state(so) == STATE_CLOSE ||
		    tcp_state(so) == STATE_LISTEN)
			v = v != 0 ? v : MSS_UNSET;
		else
			v = v != 0 ? v : MSS_LO;
		break;
	case TCP_LINGER2:
		v = KREAD(so->so_val[SV_LINGER2]) + LINGER2;
		break;
	case TCP_DEFER_ACCEPT:
		v = tcpdefer_seconds(KREAD(so->so_val[SV_DEFER]));
		break;
	case TCP_QUICKACK:
		v = KREAD(so->so_val[SV_QUICKACK]) + 1;
		break;
	case TCP_FASTOPEN:
		v = KREAD(so->so_val[SV_FASTOPEN]);
		break;
	case TCP_FASTOPEN_CONNECT:
		v = KREAD(so->so_val[SV_FASTCONNECT]);
		break;
	case TCP_CONGESTION:
		cc = congestion[KREAD(so->so_val[SV_CONGESTION])];
		oo->oo_len = CC_NAME;
		memset(oo->oo_buf, 0, CC_NAME);
		memcpy(oo->oo_buf, cc, strlen(cc));
		return 0;
	case TCP_INFO:
		get_info(so, oo);
		return 0;
	default:
		return ENOPROTOOPT;
	}
	optout_int(oo, v);
	return 0;
}
