/* SPDX-License-Identifier: BSD-2-Clause */
/* procnet: the text of the files in /proc/net; see rumpvfs/procfs.h. */
#ifndef RUMPNET_PROCNET_H
#define RUMPNET_PROCNET_H

#include "rumpvfs/procfs.h"

/* procnet.c: sockets */
proc_gen procnet_tcp, procnet_tcp6, procnet_udp, procnet_udp6, procnet_raw,
    procnet_raw6, procnet_icmp, procnet_icmp6, procnet_unix, procnet_netlink,
    procnet_packet, procnet_sockstat, procnet_sockstat6, procnet_protocols;

/* procnetif.c: interfaces */
proc_gen procnet_dev, procnet_route, procnet_route6, procnet_inet6, procnet_arp,
    procnet_snmp, procnet_snmp6, procnet_netstat;

/* procsys.c: /proc/sys/net */
proc_gen procsys_ports, procsys_pinggroups, procsys_somaxconn, procsys_bufmax,
    procsys_bufdefault, procsys_ttl;

#endif
