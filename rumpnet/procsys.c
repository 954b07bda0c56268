/* SPDX-License-Identifier: BSD-2-Clause */
/* procsys: what this kernel's network says in /proc/sys/net; it cannot be set. */
#include <sys/socket.h>

#include "rumpnet/inet.h"
#include "rumpnet/procnet.h"
#include "rumpnet/sockopt.h"

void
procsys_ports(struct procbuf *pb)
{
	proc_print(pb, "%d\t%d\n", PORT_FIRST, PORT_LAST);
}

/* Anybody may ping. */
void
procsys_pinggroups(struct procbuf *pb)
{
	proc_print(pb, "%d\t%d\n", 0, INT32_MAX);
}

void
procsys_somaxconn(struct procbuf *pb)
{
	proc_print(pb, "%d\n", SOMAXCONN);
}

void
procsys_bufmax(struct procbuf *pb)
{
	proc_print(pb, "%u\n", SOCKBUF_MAX);
}

void
procsys_bufdefault(struct procbuf *pb)
{
	proc_print(pb, "%u\n", SOCKBUF_DEFAULT);
}

void
procsys_ttl(struct procbuf *pb)
{
	proc_print(pb, "%d\n", TTL_DEFAULT);
}
