/* SPDX-License-Identifier: BSD-2-Clause */
/* sockopt: those of raw sockets: SOL_RAW and IPPROTO_ICMPV6. */
#include <netinet/icmp6.h>

#include "rumpnet/sockopt.h"

#define ICMP_FILTER 1
#define SUM_ICMP6   2 /* where the sum lies in a message of ICMPv6 */

int
sockopt_rawsum(const struct socket *so)
{
	if (so->so_family != AF_INET6)
		return -1;
	if (so->so_proto == IPPROTO_ICMPV6)
		return SUM_ICMP6;
	return KREAD(so->so_val[SV_RAWSUM]) - 1;
}

static int
set_sum(struct socket *so, int level, const struct optin *oi)
{
	if (oi->oi_len < sizeof(int))
		return EINVAL;
	if (so->so_proto == IPPROTO_ICMPV6 && level == IPPROTO_IPV6)
		return EINVAL;
	if (oi->oi_int > 0 && (oi->oi_int & 1))
		return EINVAL;
	KSTORE(so->so_val[SV_RAWSUM], oi->oi_int < 0 ? 0 : oi->oi_int + 1);
	return 0;
}

/* n words of the filter. */
static int
set_filter(struct socket *so, const struct optin *oi, uint32_t n)
{
	int32_t words[SV_FILTERS] = { 0 };
	uint32_t i, len = kmin(oi->oi_len, n * 4);

	for (i = 0; i < n; i++)
		words[i] = KREAD(so->so_val[SV_FILTER + i]);
	if (copyin(oi->oi_uaddr, words, len) != 0)
		return EFAULT;
	for (i = 0; i < n; i++)
		KSTORE(so->so_val[SV_FILTER + i], words[i]);
	return 0;
}

static void
get_filter(const struct socket *so, struct optout *oo, uint32_t n)
{
	oo->oo_len = kmin(oo->oo_len, n * 4);
	memcpy(oo->oo_buf, &so->so_val[SV_FILTER], n * 4);
}

int
sockopt_setraw(struct socket *so, int level, int name, const struct optin *oi)
{
	if (level == IPPROTO_ICMPV6) {
		if (so->so_proto != IPPROTO_ICMPV6)
			return EOPNOTSUPP;
		return name == ICMP6_FILTER ? set_filter(so, oi, SV_FILTERS) :
					      ENOPROTOOPT;
	}
	if (so->so_family == AF_INET6)
		return name == IPV6_CHECKSUM ? set_sum(so, level, oi) :
					       ENOPROTOOPT;
	if (name != ICMP_FILTER)
		return ENOPROTOOPT;
	return so->so_proto == IPPROTO_ICMP ? set_filter(so, oi, 1) :
					      EOPNOTSUPP;
}

int
sockopt_getraw(struct socket *so, int level, int name, struct optout *oo)
{
	if (level == IPPROTO_ICMPV6) {
		if (so->so_proto != IPPROTO_ICMPV6)
			return EOPNOTSUPP;
		if (name != ICMP6_FILTER)
			return ENOPROTOOPT;
		get_filter(so, oo, SV_FILTERS);
		return 0;
	}
	if (so->so_family == AF_INET6) {
		if (name != IPV6_CHECKSUM)
			return ENOPROTOOPT;
		optout_int(oo, sockopt_rawsum(so));
		return 0;
	}
	if (name != ICMP_FILTER)
		return ENOPROTOOPT;
	if (so->so_proto != IPPROTO_ICMP)
		return EOPNOTSUPP;
	get_filter(so, oo, 1);
	return 0;
}
