/* SPDX-License-Identifier: BSD-2-Clause */
/* diag: programs that choose sockets, as ss makes them of "sport = :80". */
#include <arpa/inet.h>
#include <linux/inet_diag.h>

#include "rumpnet/diag.h"

/* What is behind the instruction itself: NULL if it does not fit into left. */
static const void *
operand(const struct inet_diag_bc_op *op, uint32_t left, uint32_t size)
{
	return left >= sizeof(*op) + size ? op + 1 : NULL;
}

static uint32_t
operand_size(uint8_t code)
{
	switch (code) {
	case INET_DIAG_BC_S_COND:
	case INET_DIAG_BC_D_COND:
		return sizeof(struct inet_diag_hostcond);
	case INET_DIAG_BC_S_EQ:
	case INET_DIAG_BC_S_GE:
	case INET_DIAG_BC_S_LE:
	case INET_DIAG_BC_D_EQ:
	case INET_DIAG_BC_D_GE:
	case INET_DIAG_BC_D_LE:
		return sizeof(struct inet_diag_bc_op);
	case INET_DIAG_BC_DEV_COND:
		return sizeof(uint32_t);
	case INET_DIAG_BC_MARK_COND:
		return sizeof(struct inet_diag_markcond);
	default:
		return 0;
	}
}

/* Bytes of address behind a condition. */
static uint32_t
cond_size(const struct inet_diag_hostcond *hc)
{
	if (hc->prefix_len == 0)
		return 0;
	return hc->family == AF_INET ? 4 : 16;
}

bool
diag_checkfilter(const void *prog, uint32_t len)
{
	const char *p = prog;
	const struct inet_diag_bc_op *op;
	const struct inet_diag_hostcond *hc;
	uint32_t size;

	if (len < sizeof(*op))
		return false;
	for (; len != 0; p += op->yes, len -= op->yes) {
		op = (const void *)p;
		if (len < sizeof(*op) || op->code > INET_DIAG_BC_D_EQ)
			return false;
		size = operand_size(op->code);
		hc = operand(op, len, size);
		if (hc == NULL)
			return false;
		if (op->code == INET_DIAG_BC_S_COND ||
		    op->code == INET_DIAG_BC_D_COND) {
			if (hc->family != AF_INET && hc->family != AF_INET6 &&
			    hc->family != AF_UNSPEC)
				return false;
			size += cond_size(hc);
			if (hc->prefix_len > cond_size(hc) * 8)
				return false;
		}
		if (op->yes < sizeof(*op) + size || op->yes > len ||
		    op->yes % 4 != 0)
			return false;
		/* One past the end is how a program says no. */
		if (op->no < sizeof(*op) || op->no > len + 4 || op->no % 4 != 0)
			return false;
	}
	return true;
}

static bool
same_bits(const void *a, const void *b, uint32_t bits)
{
	const uint8_t *x = a, *y = b;
	uint32_t bytes = bits / 8;

	if (memcmp(x, y, bytes) != 0)
		return false;
	return bits % 8 == 0 ||
	    ((x[bytes] ^ y[bytes]) & 0xff << (8 - bits % 8)) == 0;
}

/* Is a name one of the hosts, and has it the port, that are asked for? */
static bool
is_host(const struct inet_diag_hostcond *hc, const struct socket *so,
    const struct inname *in)
{
	bool v4 = in_isv4(&in->in_addr);

	if (hc->port != -1 && hc->port != ntohs(in->in_port))
		return false;
	if (hc->family == AF_UNSPEC || hc->prefix_len == 0)
		return hc->family == AF_UNSPEC || hc->family == so->so_family;
	if (hc->family == AF_INET)
		return v4 &&
		    same_bits(&in->in_addr.s6_addr[12], hc->addr,
			hc->prefix_len);
	return so->so_family == AF_INET6 &&
	    same_bits(&in->in_addr, hc->addr, hc->prefix_len);
}

static bool
step(const struct inet_diag_bc_op *op, const struct socket *so,
    const struct sockinfo *sn)
{
	uint16_t sport = ntohs(sn->sn_local.in_port);
	uint16_t dport = ntohs(sn->sn_peer.in_port);
	const struct inet_diag_markcond *mc = (const void *)(op + 1);

	switch (op->code) {
	case INET_DIAG_BC_JMP:
		return false;
	case INET_DIAG_BC_S_EQ:
		return sport == op[1].no;
	case INET_DIAG_BC_S_GE:
		return sport >= op[1].no;
	case INET_DIAG_BC_S_LE:
		return sport <= op[1].no;
	case INET_DIAG_BC_D_EQ:
		return dport == op[1].no;
	case INET_DIAG_BC_D_GE:
		return dport >= op[1].no;
	case INET_DIAG_BC_D_LE:
		return dport <= op[1].no;
	case INET_DIAG_BC_AUTO:
		return !(KREAD(so->so_state) & SS_BOUND);
	case INET_DIAG_BC_S_COND:
		return is_host((const void *)(op + 1), so, &sn->sn_local);
	case INET_DIAG_BC_D_COND:
		return is_host((const void *)(op + 1), so, &sn->sn_peer);
	case INET_DIAG_BC_DEV_COND:
		return (uint32_t)KREAD(so->so_val[SV_BOUNDIF]) ==
		    *(const uint32_t *)(op + 1);
	case INET_DIAG_BC_MARK_COND:
		return ((uint32_t)KREAD(so->so_val[SV_MARK]) & mc->mask) ==
		    mc->mark;
	default:
		return true;
	}
}

bool
diag_filter(const void *prog, uint32_t len, const struct socket *so,
    const struct sockinfo *sn)
{
	const struct inet_diag_bc_op *op;
	const char *p = prog;
	int64_t left = len;
	uint32_t go;

	/* It was checked: each step goes on. */
	while (left > 0) {
		op = (const void *)p;
		go = step(op, so, sn) ? op->yes : op->no;
		p += go;
		left -= go;
	}
	return left == 0;
}
