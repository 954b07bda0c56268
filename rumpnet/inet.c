/* SPDX-License-Identifier: BSD-2-Clause */
/* inet: see inet.h; the addresses. */
#include "rumpnet/inet.h"
#include "rumpnet/route.h"

#define SIN6_MIN 24 /* of a sockaddr_in6, without the scope */

static const struct in6_addr any4 = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff } }
};
static const struct in6_addr any6;
static const struct in6_addr loop6 = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } }
};

bool
in_isv4(const struct in6_addr *a)
{
	return memcmp(a, &any4, 12) == 0;
}

bool
in_isany(const struct in6_addr *a)
{
	return memcmp(a, &any4, 16) == 0 || memcmp(a, &any6, 16) == 0;
}

bool
in_isloopback(const struct in6_addr *a)
{
	return (in_isv4(a) && a->s6_addr[12] == 127) ||
	    memcmp(a, &loop6, 16) == 0;
}

bool
in_islocal(const struct in6_addr *a)
{
	if (likely(in_isloopback(a))) {
		if (likely(KREAD(net()->ns_lostrange) == 0))
			return true;
	} else if (KREAD(net()->ns_nlocal) == 0)
		return false;
	return route_typeof(a) == RTN_LOCAL;
}

bool
in_isall(const struct in6_addr *a)
{
	static const uint8_t all[4] = { 255, 255, 255, 255 };

	return in_isv4(a) && memcmp(&a->s6_addr[12], all, 4) == 0;
}

bool
in_isbroadcast(const struct in6_addr *a)
{
	static const uint8_t lo[4] = { 127, 255, 255, 255 };

	if (!in_isv4(a))
		return false;
	if (a->s6_addr[12] == 127)
		return memcmp(&a->s6_addr[12], lo, 4) == 0;
	return in_isall(a) ||
	    (KREAD(net()->ns_nlocal) != 0 && route_typeof(a) == RTN_BROADCAST);
}

struct in6_addr
in_any4(void)
{
	return any4;
}

struct in6_addr
in_loopback(bool v4)
{
	struct in6_addr a = loop6;

	if (v4) {
		a = any4;
		a.s6_addr[12] = 127;
		a.s6_addr[15] = 1;
	}
	return a;
}

struct in6_addr
in_nowhere(const struct in6_addr *to, const struct in6_addr *own)
{
	if (in_isv4(to) && in_isv4(own) && !in_isany(own) && in_islocal(own))
		return *own;
	return in_loopback(in_isv4(to) || in_isv4(own));
}

int
inname_get(const struct socket *so, const struct netname *nn, struct inname *in)
{
	memset(in, 0, sizeof(*in));
	if (so->so_family == AF_INET6) {
		if (nn->nn_len < SIN6_MIN)
			return EINVAL;
		if (nn->nn_sa.sa_family != AF_INET6)
			return EAFNOSUPPORT;
		in->in_addr = nn->nn_in6.sin6_addr;
		in->in_scope = nn->nn_in6.sin6_scope_id;
		in->in_port = nn->nn_in6.sin6_port;
		return 0;
	}
	if (nn->nn_len < sizeof(struct sockaddr_in))
		return EINVAL;
	if (nn->nn_sa.sa_family != AF_INET &&
	    (nn->nn_sa.sa_family != AF_UNSPEC ||
		nn->nn_in.sin_addr.s_addr != 0))
		return EAFNOSUPPORT;
	in->in_addr = any4;
	memcpy(&in->in_addr.s6_addr[12], &nn->nn_in.sin_addr, 4);
	in->in_port = nn->nn_in.sin_port;
	return 0;
}

int
inname_target(const struct socket *so, const struct netname *nn,
    struct inname *in)
{
	if (so->so_family == AF_INET6 && nn->nn_len >= sizeof(sa_family_t) &&
	    nn->nn_sa.sa_family == AF_INET6)
		return inname_get(so, nn, in);
	memset(in, 0, sizeof(*in));
	if (nn->nn_len < sizeof(struct sockaddr_in))
		return EINVAL;
	if (nn->nn_sa.sa_family != AF_INET && nn->nn_sa.sa_family != AF_UNSPEC)
		return so->so_family == AF_INET6 ? EINVAL : EAFNOSUPPORT;
	in->in_addr = any4;
	memcpy(&in->in_addr.s6_addr[12], &nn->nn_in.sin_addr, 4);
	in->in_port = nn->nn_in.sin_port;
	return 0;
}

void
inname_put(const struct socket *so, const struct inname *in, struct netname *nn)
{
	memset(nn, 0, sizeof(*nn));
	if (so->so_family == AF_INET6) {
		nn->nn_len = sizeof(struct sockaddr_in6);
		nn->nn_in6.sin6_family = AF_INET6;
		nn->nn_in6.sin6_addr = in->in_addr;
		if (in_islinklocal(&in->in_addr))
			nn->nn_in6.sin6_scope_id = in->in_scope;
		nn->nn_in6.sin6_port = in->in_port;
		return;
	}
	nn->nn_len = sizeof(struct sockaddr_in);
	nn->nn_in.sin_family = AF_INET;
	memcpy(&nn->nn_in.sin_addr, &in->in_addr.s6_addr[12], 4);
	nn->nn_in.sin_port = in->in_port;
}
