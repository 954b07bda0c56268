/* SPDX-License-Identifier: BSD-2-Clause */
/* What each kind of socket does. */
#include "rumpnet/protos.h"

const struct sockops *const sockops[SOCK_KINDS] = {
	[SOCK_TCP] = &tcp_sockops,
	[SOCK_UDP] = &udp_sockops,
	[SOCK_PING] = &ping_sockops,
	[SOCK_RAWIP] = &raw_sockops,
	[SOCK_LOCAL] = &local_sockops,
	[SOCK_LOCALSEQ] = &localseq_sockops,
	[SOCK_LOCALPKT] = &localdgram_sockops,
	[SOCK_NETLINK] = &netlink_sockops,
};
