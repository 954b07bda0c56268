/* SPDX-License-Identifier: BSD-2-Clause */
/* nlmsg: requests of NETLINK_ROUTE put together for tests, and their answers. */
#ifndef TESTS_UNIT_NLMSG_H
#define TESTS_UNIT_NLMSG_H

#include <sys/socket.h>

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

struct nlask {
	struct nlmsghdr h;
	char body[1000];
};

/* The request begins: a type, flags and what follows the header. */
static inline void
ask_begin(struct nlask *a, int type, int flags, const void *hdr, size_t len)
{
	memset(a, 0, sizeof(*a));
	a->h.nlmsg_type = (unsigned short)type;
	a->h.nlmsg_flags = (unsigned short)(flags | NLM_F_REQUEST);
	a->h.nlmsg_seq = 7;
	a->h.nlmsg_len = NLMSG_LENGTH(len);
	memcpy(a->body, hdr, len);
}

static inline struct rtattr *
ask_put(struct nlask *a, int type, const void *data, size_t len)
{
	struct rtattr *rta = (void *)((char *)a + NLMSG_ALIGN(a->h.nlmsg_len));

	rta->rta_type = (unsigned short)type;
	rta->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len != 0)
		memcpy(RTA_DATA(rta), data, len);
	a->h.nlmsg_len = NLMSG_ALIGN(a->h.nlmsg_len) + RTA_ALIGN(rta->rta_len);
	return rta;
}

static inline void
ask_str(struct nlask *a, int type, const char *s)
{
	ask_put(a, type, s, strlen(s) + 1);
}

static inline void
ask_u32(struct nlask *a, int type, unsigned v)
{
	ask_put(a, type, &v, 4);
}

static inline void
ask_addr(struct nlask *a, int type, int family, const char *text)
{
	char addr[16];

	inet_pton(family, text, addr);
	ask_put(a, type, addr, family == AF_INET ? 4 : 16);
}

/* ip link add NAME type dummy */
static inline void
ask_dummy(struct nlask *a, const char *name)
{
	struct ifinfomsg im = { .ifi_family = AF_UNSPEC };
	struct rtattr *info, *kind;

	ask_begin(a, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &im,
	    sizeof(im));
	ask_str(a, IFLA_IFNAME, name);
	info = ask_put(a, IFLA_LINKINFO, NULL, 0);
	kind = ask_put(a, IFLA_INFO_KIND, "dummy", 6);
	info->rta_len = (unsigned short)((char *)kind +
	    RTA_ALIGN(kind->rta_len) - (char *)info);
}

/* ip link set INDEX up (or down) */
static inline void
ask_up(struct nlask *a, int index, int up)
{
	struct ifinfomsg im = { .ifi_index = index,
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = IFF_UP };

	ask_begin(a, RTM_NEWLINK, NLM_F_ACK, &im, sizeof(im));
}

static inline void
ask_dellink(struct nlask *a, int index)
{
	struct ifinfomsg im = { .ifi_index = index };

	ask_begin(a, RTM_DELLINK, NLM_F_ACK, &im, sizeof(im));
}

/* Of a request that adds or removes something. */
static inline int
ask_flags(int type)
{
	if (type == RTM_DELADDR || type == RTM_DELROUTE)
		return NLM_F_ACK;
	return NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK;
}

/* ip addr add (or del) TEXT/PLEN dev INDEX */
static inline void
ask_address(struct nlask *a, int type, int index, int family, const char *text,
    int plen)
{
	struct ifaddrmsg am = { .ifa_family = (unsigned char)family,
		.ifa_prefixlen = (unsigned char)plen,
		.ifa_index = (unsigned)index };

	ask_begin(a, type, ask_flags(type), &am, sizeof(am));
	ask_addr(a, IFA_LOCAL, family, text);
	ask_addr(a, IFA_ADDRESS, family, text);
}

/* ip route add (or del) TEXT/PLEN dev INDEX */
static inline void
ask_route(struct nlask *a, int type, int index, int family, const char *text,
    int plen)
{
	struct rtmsg rm = { .rtm_family = (unsigned char)family,
		.rtm_dst_len = (unsigned char)plen,
		.rtm_table = RT_TABLE_MAIN,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_scope = RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST };

	ask_begin(a, type, ask_flags(type), &rm, sizeof(rm));
	ask_addr(a, RTA_DST, family, text);
	ask_u32(a, RTA_OIF, (unsigned)index);
}

#endif
