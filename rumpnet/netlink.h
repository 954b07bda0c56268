/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * netlink: sockets of AF_NETLINK, at which programs ask the kernel about its
 * network and change it.
 *
 * Nothing is behind such a socket: sendmsg() hands each message to the handler
 * of the socket's protocol, in the sender's own thread, and the answers are in
 * the socket's queue when it returns.  News (ip monitor) go to every socket
 * that has joined a group.
 *
 * A handler answers with a struct nlreq:
 *
 *	p = nl_begin(nr, RTM_NEWLINK, NLM_F_MULTI, sizeof(struct ifinfomsg));
 *	nl_put(nr, IFLA_IFNAME, name, len);
 *	nl_end(nr);
 *	...
 *	return nl_done(nr);
 *
 * Messages are packed into packets of up to NL_PACK bytes.  What a handler
 * returns, 0 or an errno, is told in an NLMSG_ERROR if it is not 0 or NLM_F_ACK
 * asks for it; after nl_done(), which ends a dump, there is none.  The handler
 * may hold any lock of a rank before KRANK_SOCKTAB.
 */
#ifndef RUMPNET_NETLINK_H
#define RUMPNET_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "rumpnet/sock.h"

#define NL_PACK     3776 /* what Linux has in a packet of a page */
#define NL_BUF      8192 /* the longest answer there can be */
#define NL_GROUPMAX 64   /* groups are numbers from 1 to this */
#define NL_DUMPED   (-1) /* a handler's: answered with a dump */

struct optin;
struct optout;
struct packet;

/* A request, and the answer as it grows. */
struct nlreq {
	struct lwp *nr_lwp;
	struct socket *nr_so;    /* who asks */
	struct nlmsghdr *nr_hdr; /* the request, whole, in kernel memory */
	const char *nr_why;      /* NULL, or a word about an error */
	uint32_t nr_whyoff;      /* where the attribute at fault is; 0: none */
	uint32_t nr_group;       /* not 0: news, for this group */
	bool nr_failed;          /* the message did not fit */
	char *nr_buf;            /* NL_BUF bytes, in hand */
	uint32_t nr_len;         /* whole messages in there, in bytes */
	uint32_t nr_end;         /* with the one that is not yet whole */
};

/* Who answers at a protocol: 0, an errno, NL_DUMPED. */
typedef int nl_handler(struct nlreq *);

/* nlroute.c: NETLINK_ROUTE. */
nl_handler nl_route_request;
/* NETLINK_SOCK_DIAG. */
nl_handler nl_diag_request;

/* --- Requests --------------------------------------------------------------- */

/* The body after a header of hdrsize bytes; NULL: it is not as long. */
void *nl_body(const struct nlreq *, size_t hdrsize);
/*
 * The attributes after that header, by type, up to max; those above are left
 * out, those not there are NULL.  least[type] says how long each is at least
 * (ERANGE).  An attribute may lie anywhere: read it with nl_u32() and memcpy().
 */
int nl_attrs(struct nlreq *, size_t hdrsize, const struct nlattr **tab, int max,
    const uint8_t *least);
/* The same of what is nested in one. */
int nl_nested(struct nlreq *, const struct nlattr *, const struct nlattr **tab,
    int max, const uint8_t *least);
static inline const void *
nl_data(const struct nlattr *na)
{
	return na + 1;
}
static inline uint32_t
nl_len(const struct nlattr *na)
{
	return na->nla_len - NLA_HDRLEN;
}
static inline uint32_t
nl_u32(const struct nlattr *na)
{
	uint32_t v;

	memcpy(&v, nl_data(na), sizeof(v));
	return v;
}
/*
 * For errors: what is wrong, and with which attribute (or NULL): error.  Who
 * asks in another way than by netlink has no request: NULL.
 */
int nl_fail(struct nlreq *, int error, const char *why,
    const struct nlattr *na);
/* Options of the asking socket: NETLINK_GET_STRICT_CHK ... */
bool nl_opt(const struct socket *, int name);
/* Is it a dump that is asked for? */
static inline bool
nl_isdump(const struct nlreq *nr)
{
	return (nr->nr_hdr->nlmsg_flags & NLM_F_DUMP) != 0;
}

/* --- Answers ---------------------------------------------------------------- */

/* A message begins: where its size bytes are (zeroed) that are no attributes. */
void *nl_begin(struct nlreq *, int type, int flags, size_t size);
/* An attribute (data NULL: zeroes).  A message with too many is lost. */
void nl_put(struct nlreq *, int type, const void *data, size_t len);
static inline void
nl_put8(struct nlreq *nr, int type, uint8_t v)
{
	nl_put(nr, type, &v, sizeof(v));
}
static inline void
nl_put32(struct nlreq *nr, int type, uint32_t v)
{
	nl_put(nr, type, &v, sizeof(v));
}
void nl_puts(struct nlreq *, int type, const char *);
/* One that holds others, until nl_close(): what to give that. */
uint32_t nl_open(struct nlreq *, int type);
void nl_close(struct nlreq *, uint32_t);
/* The message is whole. */
void nl_end(struct nlreq *);
/* It was not to be. */
void nl_cancel(struct nlreq *);
/* The end of a dump, or why there is none: NL_DUMPED. */
int nl_done(struct nlreq *);
int nl_enddump(struct nlreq *, int error);

/* --- News ------------------------------------------------------------------- */

/*
 * nl_begin() ... nl_end() between these go to all who have joined the group
 * (RTNLGRP_*) of NETLINK_ROUTE; cause is the request behind it, or NULL.
 * False: nobody listens, and nothing is to be built.
 */
bool nl_news(struct nlreq *news, int group, const struct nlreq *cause);
void nl_newsend(struct nlreq *news);

/* --- nlsock.c --------------------------------------------------------------- */

/* May there be such a socket?  ESOCKTNOSUPPORT, EPROTONOSUPPORT. */
int nl_maycreate(int type, int proto);
/* The level SOL_NETLINK: ENOPROTOOPT. */
int sockopt_setnl(struct socket *, int name, const struct optin *);
int sockopt_getnl(struct socket *, int name, struct optout *);
bool nl_haslisteners(int proto, int group);
/* A packet in hand, to all who have joined its group of a protocol. */
void nl_multicast(int proto, struct packet *);
/* The request of len bytes (in hand) that a socket has sent: answers it. */
void nl_answer(struct lwp *, struct socket *, char *data, uint32_t len);
nl_handler *nl_handlerof(const struct socket *);

#endif
