/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sockopt: the options of sockets.  Most are a number that is kept, between
 * two bounds: a table says which (sockopt.c).  The others have code, by level:
 * sockopt_sol.c, sockopt_tcp.c, sockopt_ip.c.  What is in neither is
 * ENOPROTOOPT.
 *
 * A number is kept as its distance from the default, so that a fresh socket
 * is all zeroes.
 */
#ifndef RUMPNET_SOCKOPT_H
#define RUMPNET_SOCKOPT_H

#include "rumpnet/sock.h"

#ifndef SOL_RAW
#define SOL_RAW 255 /* raw sockets */
#endif
#define TTL_DEFAULT 64 /* of IP_TTL and IPV6_UNICAST_HOPS */

struct optdef {
	uint16_t od_level, od_name;
	uint8_t od_kind; /* OPT_* */
	uint8_t od_val;  /* enum sockval */
	int32_t od_min, od_max, od_default;
};

enum {
	OPT_BIT,  /* of so_opts, by its name; SOL_SOCKET only */
	OPT_BOOL, /* any value; kept as 0 or 1 */
	OPT_INT,  /* EINVAL outside the bounds */
	OPT_DEF,  /* likewise; -1 is the default */
};

/* What a program gave. */
struct optin {
	struct lwp *oi_lwp;
	const void *oi_uaddr;
	uint32_t oi_len;
	int oi_int; /* the number there, if it is as long */
};

/* What it is told. */
struct optout {
	uint32_t oo_len; /* of the value; of the program's room before */
	char oo_buf[384];
};

/* The number an option of the table has now. */
int sockopt_int(const struct socket *, int level, int name);
const struct optdef *sockopt_find(int level, int name);
bool sockopt_super(const struct optin *);

static inline void
optout_int(struct optout *oo, int v)
{
	oo->oo_len = sizeof(v);
	memcpy(oo->oo_buf, &v, sizeof(v));
}

/* By level; ENOPROTOOPT: look in the table. */
int sockopt_setsol(struct socket *, int name, const struct optin *);
int sockopt_getsol(struct socket *, int name, struct optout *);
int sockopt_settcp(struct socket *, int name, const struct optin *);
int sockopt_gettcp(struct socket *, int name, struct optout *);
int sockopt_setip(struct socket *, int name, const struct optin *);
int sockopt_getip(struct socket *, int name, struct optout *);
int sockopt_setip6(struct socket *, int name, const struct optin *);
int sockopt_getip6(struct socket *, int name, struct optout *);

int sockopt_setraw(struct socket *, int level, int name, const struct optin *);
int sockopt_getraw(struct socket *, int level, int name, struct optout *);
/* Where the kernel puts the sum of a packet of IPv6; -1: nowhere. */
int sockopt_rawsum(const struct socket *);

/* SO_TIMESTAMP and its like: which of them is on; 0: none. */
static inline int
sockopt_stamp(const struct socket *so)
{
	return KREAD(so->so_val[SV_TIMESTAMP]);
}

/* Once told, an error is gone. */
int sock_takeerror(struct socket *);
/* UDP: what is held back goes out. */
void udp_uncork(struct socket *);
/* SO_RCVBUF and so on: what the connection is to know of them. */
void sockopt_apply(struct socket *);

/* --- mcast.c: groups a socket has joined ----------------------------------- */

bool mcast_isgroup(const struct in6_addr *);
int mcast_join(struct socket *, const struct in6_addr *, uint32_t ifindex);
int mcast_leave(struct socket *, const struct in6_addr *, uint32_t ifindex);
bool mcast_member(const struct socket *, const struct in6_addr *,
    uint32_t ifindex);
/* The interface that a message to a group takes. */
uint32_t mcast_interface(const struct socket *, const struct inname *to);

#endif
