/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ifnet: the kernel's interfaces and their addresses.  route.h: its routes.
 *
 * Nothing leaves the kernel by any of them: what goes to a local address stays
 * here in any case, and what goes elsewhere by a dummy interface is counted and
 * thrown away.
 *
 * Locking: who changes anything holds ns_rtnl (KRANK_RTNL) from the first look
 * to the news about it, and ns_iflock (KRANK_NETIF) besides while it changes a
 * word; so either is enough to read.  Sockets read under ns_iflock.  Every
 * change is one commit that leaves the lists whole: an interface goes address
 * by address, route by route, and last itself.
 *
 * Lists: interfaces by index; addresses of an interface IPv4's first, each
 * family in Linux's order.  IPv4 addresses are kept as ::ffff:a.b.c.d.
 */
#ifndef RUMPNET_IFNET_H
#define RUMPNET_IFNET_H

#include <linux/if.h>
#include <linux/rtnetlink.h>

#include "rumpnet/net.h"

struct nlreq;

#define LO_MTU    65536
#define LIFE_EVER UINT32_MAX

enum ifkind {
	IF_LOOPBACK,
	IF_DUMMY
};

/* Packets and bytes. */
struct ifcount {
	_Atomic uint64_t ic_packets, ic_bytes, ic_dropped;
};

struct netif {
	struct netif *if_next;
	struct ifaddr *if_addrs;
	uint32_t if_index;
	uint32_t if_kind;  /* enum ifkind */
	uint32_t if_flags; /* IFF_*; IFF_UP: has its routes */
	uint32_t if_mtu;
	uint32_t if_txqlen;
	uint32_t if_group;
	uint32_t if_wasup; /* ever */
	union {
		uint8_t if_mac[8]; /* six of them */
		uint64_t if_macword;
	};
	union {
		char if_name[IFNAMSIZ];
		uint64_t if_nameword[IFNAMSIZ / 8];
	};
	struct ifcount if_rx, if_tx;
};

struct ifaddr {
	struct ifaddr *ia_next;
	struct in6_addr ia_local;
	struct in6_addr ia_peer; /* the same, but of point to point */
	struct in6_addr ia_brd;  /* any: none */
	uint8_t ia_family;
	uint8_t ia_plen; /* of ia_peer, in bits of its family */
	uint8_t ia_scope;
	uint8_t ia_proto;   /* IFAPROT_* */
	uint32_t ia_flags;  /* IFA_F_* */
	uint32_t ia_metric; /* of its routes; 0: the default */
	uint32_t ia_valid;  /* s since ia_changed; LIFE_EVER */
	uint32_t ia_preferred;
	uint64_t ia_made; /* monotonic, ns */
	uint64_t ia_changed;
	union {
		char ia_label[IFNAMSIZ]; /* IPv4 */
		uint64_t ia_labelword[IFNAMSIZ / 8];
	};
};

void ifnet_boot(void);
int ifnet_check(void);

/* Removes addresses whose time is over; notes when that of one will be. */
void ifaddr_expire(void);
void ifaddr_ages(const struct ifaddr *);

static inline void
rtnl_enter(void)
{
	kmutex_enter(&net()->ns_rtnl);
	if (unlikely(net()->ns_expires != 0))
		ifaddr_expire();
}

static inline void
rtnl_exit(void)
{
	kmutex_exit(&net()->ns_rtnl);
}

/* --- Under one of the locks ------------------------------------------------- */

struct netif *ifnet_first(void);
struct netif *ifnet_byindex(uint32_t);    /* NULL: none */
struct netif *ifnet_byname(const char *); /* NULL: none */
/* The interface that has a local address; NULL: none. */
struct netif *ifnet_byaddr(const struct in6_addr *, struct ifaddr **);
/* Its flags as programs see them: with IFF_RUNNING and IFF_LOWER_UP. */
uint32_t ifnet_flags(const struct netif *);
/* IFF_* of the state operational as RFC 2863 has it: IF_OPER_*. */
uint8_t ifnet_operstate(const struct netif *);
bool ifaddr_contains(const struct ifaddr *, const struct in6_addr *);
/* An address's length of prefix as a mask. */
uint32_t in_mask4(unsigned plen);
bool in_prefix(const struct in6_addr *, const struct in6_addr *, unsigned bits);

/* RT_SCOPE_* of an IPv6 address. */
int in_scope(const struct in6_addr *);

/* --- Without a lock --------------------------------------------------------- */

/* A copy of the first interface with this index or a higher one. */
bool ifnet_get(uint32_t index, struct netif *copy);
/* A copy of the n-th address of all, of IPv4 or IPv6, and of its interface. */
bool ifaddr_get(uint32_t n, int family, struct ifaddr *, struct netif *);
/* 0: there is none. */
uint32_t ifnet_index(const char *name);
/* Does the index name one?  Has that one the address? */
bool ifnet_exists(uint32_t index);
bool ifaddr_ison(uint32_t index, const struct in6_addr *);

/* --- Changes; ns_rtnl held.  by: the request behind it, or NULL ------------- */

/* name: may end in %d, and may be "".  EEXIST, EINVAL, ENOBUFS. */
int ifnet_create(const char *name, enum ifkind, uint32_t index,
    const uint8_t *mac, const struct nlreq *by, struct netif **);
int ifnet_destroy(struct netif *, const struct nlreq *by); /* EOPNOTSUPP */
int ifnet_rename(struct netif *, const char *name);
/* Brings it up or down as IFF_UP says.  ENOBUFS. */
int ifnet_setflags(struct netif *, uint32_t flags, const struct nlreq *by);
int ifnet_setmtu(struct netif *, uint32_t mtu);
int ifnet_setmac(struct netif *, const uint8_t *mac);
void ifnet_setword(uint32_t *word, uint32_t v);

/*
 * Adds an address; ia is a model of it, its order and flags become those of the
 * new one.  EEXIST, EINVAL, ENOBUFS.
 */
int ifaddr_add(struct netif *, struct ifaddr *ia, const struct nlreq *by);
void ifaddr_remove(struct netif *, struct ifaddr *, const struct nlreq *by);
/* The interface has another name now. */
void ifaddr_rename(struct netif *);
/* It is up, or will be down, now. */
int ifaddr_up(struct netif *, const struct nlreq *by);
void ifaddr_down(struct netif *, const struct nlreq *by);

/* --- ifioctl.c -------------------------------------------------------------- */

/* SIOCGIF*, SIOCSIF*, SIOCADDRT ... on a socket of a family.  ENOTTY. */
int ifnet_ioctl(int family, unsigned long cmd, void *uarg);

/* --- News: nllink.c, nladdr.c ----------------------------------------------- */

void ifnet_tell(const struct netif *, int type, const struct nlreq *by);
void ifaddr_tell(const struct netif *, const struct ifaddr *, int type,
    const struct nlreq *by);

#endif
