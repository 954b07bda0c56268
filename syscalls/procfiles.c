/* SPDX-License-Identifier: BSD-2-Clause */
/* The files below /proc whose text the kernel makes; see procfs.h. */
#include "rumpnet/procnet.h"
#include "rumpvfs/procfs.h"
#include "rumpvfs/procmounts.h"

/* Directories before what is in them. */
const struct procfile procfiles[] = {
	{ "/proc", NULL },
	{ "/proc/mountinfo", procmounts_info },
	{ "/proc/mounts", procmounts_mounts },
	{ "/proc/mountstats", procmounts_stats },
	{ "/proc/net", NULL },
	{ "/proc/net/arp", procnet_arp },
	{ "/proc/net/dev", procnet_dev },
	{ "/proc/net/icmp", procnet_icmp },
	{ "/proc/net/icmp6", procnet_icmp6 },
	{ "/proc/net/if_inet6", procnet_inet6 },
	{ "/proc/net/ipv6_route", procnet_route6 },
	{ "/proc/net/netlink", procnet_netlink },
	{ "/proc/net/netstat", procnet_netstat },
	{ "/proc/net/packet", procnet_packet },
	{ "/proc/net/protocols", procnet_protocols },
	{ "/proc/net/raw", procnet_raw },
	{ "/proc/net/raw6", procnet_raw6 },
	{ "/proc/net/route", procnet_route },
	{ "/proc/net/snmp", procnet_snmp },
	{ "/proc/net/snmp6", procnet_snmp6 },
	{ "/proc/net/sockstat", procnet_sockstat },
	{ "/proc/net/sockstat6", procnet_sockstat6 },
	{ "/proc/net/tcp", procnet_tcp },
	{ "/proc/net/tcp6", procnet_tcp6 },
	{ "/proc/net/udp", procnet_udp },
	{ "/proc/net/udp6", procnet_udp6 },
	{ "/proc/net/unix", procnet_unix },
	{ "/proc/sys", NULL },
	{ "/proc/sys/net", NULL },
	{ "/proc/sys/net/core", NULL },
	{ "/proc/sys/net/core/rmem_default", procsys_bufdefault },
	{ "/proc/sys/net/core/rmem_max", procsys_bufmax },
	{ "/proc/sys/net/core/somaxconn", procsys_somaxconn },
	{ "/proc/sys/net/core/wmem_default", procsys_bufdefault },
	{ "/proc/sys/net/core/wmem_max", procsys_bufmax },
	{ "/proc/sys/net/ipv4", NULL },
	{ "/proc/sys/net/ipv4/ip_default_ttl", procsys_ttl },
	{ "/proc/sys/net/ipv4/ip_local_port_range", procsys_ports },
	{ "/proc/sys/net/ipv4/ping_group_range", procsys_pinggroups },
	{ NULL, NULL },
};
