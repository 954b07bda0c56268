/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nlsock: sockets of AF_NETLINK: their names, groups, options and queues.
 *
 * All that have a name or a group are in ns_netlink, by protocol.
 */
#include "lwproc/proc.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/control.h"
#include "rumpnet/net.h"
#include "rumpnet/netlink.h"
#include "rumpnet/packet.h"
#include "rumpnet/protos.h"
#include "rumpnet/sockopt.h"
#include "rumpnet/sockq.h"

#define AUTO_LAST  (-4097) /* names of the second socket of a process ... */
#define BIT(group) (1UL << ((group)-1))
/* The host's other protocols are not known here. */
#define PROTOS (NETLINK_SOCK_DIAG + 1)

/* Who answers.  One that is not here is EPROTONOSUPPORT. */
static nl_handler *const handlers[PROTOS] = {
	[NETLINK_ROUTE] = nl_route_request,
	[NETLINK_SOCK_DIAG] = nl_diag_request,
};

int
nl_maycreate(int type, int proto)
{
	if (type != SOCK_RAW && type != SOCK_DGRAM)
		return ESOCKTNOSUPPORT;
	if (proto < 0 || proto >= PROTOS || handlers[proto] == NULL)
		return EPROTONOSUPPORT;
	return 0;
}

nl_handler *
nl_handlerof(const struct socket *so)
{
	return handlers[so->so_proto];
}

static bool
is_super(const struct lwp *l)
{
	return cred_issuper(&l->l_proc->p_cred);
}

/* --- Names ---------------------------------------------------------------- */

static struct socktab *
table(void)
{
	return &net()->ns_netlink;
}

/* Table locked. */
static struct socket *
find(int proto, uint32_t pid)
{
	struct socket *so = table()->tb_bucket[proto];

	while (so != NULL && (pid == 0 || so->so_nlpid != pid))
		so = so->so_tabnext;
	return so;
}

/* Table locked; logged. */
static void
enter(struct socket *so)
{
	if (so->so_tab == NULL)
		socktab_add(table(), so->so_proto, so);
}

/* A name that nobody has: the process's number, or one that is none. */
static uint32_t
free_name(const struct lwp *l, int proto)
{
	int32_t pid = sock_cred(l, true).pid;
	uint32_t r;

	while (find(proto, (uint32_t)pid) != NULL) {
		rumpuser_random(&r, sizeof(r));
		pid = (int32_t)(0x80000000U | (r & 0x7fffffff));
		if (pid > AUTO_LAST)
			pid = AUTO_LAST - (int32_t)(r % 4096);
	}
	return (uint32_t)pid;
}

/* 0: any.  EADDRINUSE; EINVAL: it has another. */
static int
set_name(const struct lwp *l, struct socket *so, uint32_t pid)
{
	int error = 0;

	kmutex_enter(&table()->tb_lock);
	if (so->so_nlpid != 0)
		error = pid != so->so_nlpid ? EINVAL : 0;
	else if (pid != 0 && find(so->so_proto, pid) != NULL)
		error = EADDRINUSE;
	else {
		if (pid == 0)
			pid = free_name(l, so->so_proto);
		KSET(so->so_nlpid, pid);
		enter(so);
		klog_commit();
	}
	kmutex_exit(&table()->tb_lock);
	return error;
}

static int
autobind(const struct lwp *l, struct socket *so)
{
	int error = 0;

	if (KREAD(so->so_nlpid) == 0)
		error = set_name(l, so, 0);
	/* Another thread may have been faster. */
	return error == EINVAL ? 0 : error;
}

static void
set_groups(struct socket *so, uint64_t groups)
{
	kmutex_enter(&table()->tb_lock);
	KSET(so->so_nlgroups, groups);
	enter(so);
	klog_commit();
	kmutex_exit(&table()->tb_lock);
}

/* News of sockets are for the superuser. */
static bool
may_listen(const struct lwp *l, const struct socket *so)
{
	return so->so_proto == NETLINK_ROUTE || is_super(l);
}

static int
nl_bind(struct lwp *l, struct socket *so, const struct netname *nn)
{
	struct sockaddr_nl nl;
	int error;

	if (nn->nn_len < sizeof(nl))
		return EINVAL;
	memcpy(&nl, nn->nn_raw, sizeof(nl));
	if (nl.nl_family != AF_NETLINK)
		return EINVAL;
	if (nl.nl_groups != 0 && !may_listen(l, so))
		return EPERM;
	if (KREAD(so->so_nlpid) != 0 && nl.nl_pid != so->so_nlpid)
		return EINVAL;
	error = KREAD(so->so_nlpid) != 0 ? 0 : set_name(l, so, nl.nl_pid);
	if (error == 0)
		set_groups(so,
		    (so->so_nlgroups & ~(uint64_t)UINT32_MAX) | nl.nl_groups);
	return error;
}

static int
nl_connect(struct lwp *l, struct socket *so, const struct netname *nn,
    bool nonblock)
{
	struct sockaddr_nl nl;
	int error;

	(void)nonblock;
	if (nn->nn_len < sizeof(sa_family_t))
		return EINVAL;
	memcpy(&nl, nn->nn_raw, sizeof(nl));
	if (nl.nl_family == AF_UNSPEC) {
		KSTORE(so->so_nldst, 0);
		KSTORE(so->so_nldstgroup, 0);
		return 0;
	}
	if (nl.nl_family != AF_NETLINK || nn->nn_len < sizeof(nl))
		return EINVAL;
	if ((nl.nl_groups != 0 || nl.nl_pid != 0) && !is_super(l))
		return EPERM;
	error = autobind(l, so);
	if (error == 0) {
		KSTORE(so->so_nldst, nl.nl_pid);
		KSTORE(so->so_nldstgroup,
		    (uint32_t)__builtin_ffs((int)nl.nl_groups));
	}
	return error;
}

static void
put_name(struct netname *nn, uint32_t pid, uint32_t groups)
{
	struct sockaddr_nl nl = { .nl_family = AF_NETLINK,
		.nl_pid = pid,
		.nl_groups = groups };

	nn->nn_len = sizeof(nl);
	memcpy(nn->nn_raw, &nl, sizeof(nl));
}

/* The groups of an address are a mask, of the first 32. */
static uint32_t
group_mask(uint32_t group)
{
	return group == 0 || group > 32 ? 0 : (uint32_t)BIT(group);
}

static int
nl_getname(struct socket *so, bool peer, struct netname *nn)
{
	if (peer)
		put_name(nn, KREAD(so->so_nldst),
		    group_mask(KREAD(so->so_nldstgroup)));
	else
		put_name(nn, KREAD(so->so_nlpid),
		    (uint32_t)KREAD(so->so_nlgroups));
	return 0;
}

/* --- Messages ------------------------------------------------------------- */

bool
nl_haslisteners(int proto, int group)
{
	const struct socket *so;

	kmutex_enter(&table()->tb_lock);
	so = table()->tb_bucket[proto];
	while (so != NULL && !(so->so_nlgroups & BIT(group)))
		so = so->so_tabnext;
	kmutex_exit(&table()->tb_lock);
	return so != NULL;
}

/* Who has no room has lost something, and is told. */
static void
offer(struct socket *so, const struct packet *pk)
{
	struct packet *copy = packet_dup(pk, SIZE_MAX);

	if (copy != NULL && sockq_put(so, copy, false))
		return;
	if (!nl_opt(so, NETLINK_NO_ENOBUFS))
		sockq_error(so, ENOBUFS);
}

void
nl_multicast(int proto, struct packet *pk)
{
	struct socket *so;

	kmutex_enter(&table()->tb_lock);
	for (so = table()->tb_bucket[proto]; so != NULL; so = so->so_tabnext)
		if ((so->so_nlgroups & BIT(pk->pk_nlgroup)) &&
		    (pk->pk_nlpid == 0 || so->so_nlpid != pk->pk_nlpid))
			offer(so, pk);
	kmutex_exit(&table()->tb_lock);
	packet_free(pk);
}

/* From one program to another. */
static int
pass_on(struct socket *so, uint32_t pid, struct packet *pk)
{
	struct socket *to;
	int error = 0;

	kmutex_enter(&table()->tb_lock);
	to = find(so->so_proto, pid);
	if (to == NULL || (to->so_nldst != 0 && to->so_nldst != so->so_nlpid))
		error = ECONNREFUSED;
	else if (!sockq_hasroom(to))
		error = EAGAIN;
	if (error == 0)
		sockq_put(to, pk, true);
	else
		packet_free(pk);
	kmutex_exit(&table()->tb_lock);
	return error;
}

/* What goes to other programs. */
static int
send_others(struct socket *so, const char *data, uint32_t len, uint32_t pid,
    uint32_t group)
{
	struct packet *pk;
	int error = 0, i;

	for (i = 0; i < 2 && error == 0; i++) {
		if (i == 0 ? group == 0 : pid == 0)
			continue;
		pk = packet_alloc(len);
		if (pk == NULL)
			return ENOBUFS;
		memcpy(pk->pk_data, data, len);
		pk->pk_nlpid = so->so_nlpid;
		pk->pk_nlgroup = i == 0 ? group : 0;
		if (i == 0)
			nl_multicast(so->so_proto, pk);
		else
			error = pass_on(so, pid, pk);
	}
	return error;
}

/* Where to: 0 is the kernel. */
static int
target(struct lwp *l, struct socket *so, const struct sockmsg *sm,
    uint32_t *pid, uint32_t *group)
{
	const struct netname *nn = sm->sm_name;
	struct sockaddr_nl nl;

	*pid = KREAD(so->so_nldst);
	*group = KREAD(so->so_nldstgroup);
	if (nn == NULL)
		return 0;
	if (nn->nn_len < sizeof(nl))
		return EINVAL;
	memcpy(&nl, nn->nn_raw, sizeof(nl));
	if (nl.nl_family != AF_NETLINK)
		return EINVAL;
	*pid = nl.nl_pid;
	*group = (uint32_t)__builtin_ffs((int)nl.nl_groups);
	return (*pid != 0 || *group != 0) && !is_super(l) ? EPERM : 0;
}

static int
nl_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	size_t len = sm->sm_uio->uio_resid;
	uint32_t pid, group;
	char *data;
	int error;

	if (sm->sm_flags & MSG_OOB)
		return EOPNOTSUPP;
	if (len == 0)
		return ENODATA;
	error = target(l, so, sm, &pid, &group);
	if (error == 0)
		error = autobind(l, so);
	if (error == 0 && len > KREAD(so->so_sndbuf) - 32)
		error = EMSGSIZE;
	if (error != 0)
		return error;
	data = kmem_alloc(len);
	if (data == NULL)
		return ENOBUFS;
	error = uio_move(data, len, sm->sm_uio);
	if (error == 0)
		error = send_others(so, data, (uint32_t)len, pid, group);
	if (error == 0 && pid == 0)
		nl_answer(l, so, data, (uint32_t)len);
	kmem_free(data);
	/* Nothing was sent. */
	if (error != 0)
		sm->sm_uio->uio_resid = len;
	return error;
}

static int
nl_recv(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	struct ucred none = { .pid = 0 };
	struct nl_pktinfo pi;
	struct packet *pk;
	int error;

	(void)l;
	if (sm->sm_flags & (MSG_OOB | MSG_ERRQUEUE))
		return EOPNOTSUPP;
	error = sockq_take(so, sm->sm_flags, sm->sm_uio->uio_resid, &pk);
	if (error != 0 || pk == NULL)
		return error;
	error = packet_deliver(pk, sm);
	if (error == 0 && sm->sm_name != NULL)
		put_name(sm->sm_name, pk->pk_nlpid, group_mask(pk->pk_nlgroup));
	if (error == 0 && nl_opt(so, NETLINK_PKTINFO)) {
		pi.group = pk->pk_nlgroup;
		control_put(sm, SOL_NETLINK, NETLINK_PKTINFO, &pi, sizeof(pi));
	}
	if (error == 0 && sock_opt(so, SO_PASSCRED))
		control_put(sm, SOL_SOCKET, SCM_CREDENTIALS, &none,
		    sizeof(none));
	packet_free(pk);
	return error;
}

static uint64_t
nl_pending(struct socket *so, bool out)
{
	return out ? 0 : sockq_pending(so);
}

static int
nl_shutdown(struct socket *so, int how)
{
	(void)so;
	(void)how;
	return EOPNOTSUPP;
}

static void
nl_closed(struct socket *so)
{
	kmutex_enter(&table()->tb_lock);
	socktab_remove(so);
	klog_commit();
	kmutex_exit(&table()->tb_lock);
	sockq_drain(so);
}

const struct sockops netlink_sockops = {
	.so_bind = nl_bind,
	.so_connect = nl_connect,
	.so_send = nl_send,
	.so_recv = nl_recv,
	.so_shutdown = nl_shutdown,
	.so_poll = sockq_poll,
	.so_getname = nl_getname,
	.so_pending = nl_pending,
	.so_close = nl_closed,
};

/* --- Options -------------------------------------------------------------- */

bool
nl_opt(const struct socket *so, int name)
{
	return (KREAD(so->so_nlopts) >> name & 1) != 0;
}

/* Those that are kept, and heeded. */
static bool
is_flag(int name)
{
	return name == NETLINK_PKTINFO || name == NETLINK_BROADCAST_ERROR ||
	    name == NETLINK_NO_ENOBUFS || name == NETLINK_CAP_ACK ||
	    name == NETLINK_EXT_ACK || name == NETLINK_GET_STRICT_CHK;
}

int
sockopt_setnl(struct socket *so, int name, const struct optin *oi)
{
	uint32_t v = (uint32_t)oi->oi_int;
	uint64_t groups;

	if (oi->oi_len < sizeof(int))
		v = 0;
	if (is_flag(name)) {
		if (v != 0)
			__atomic_fetch_or(&so->so_nlopts, 1U << name,
			    __ATOMIC_SEQ_CST);
		else
			__atomic_fetch_and(&so->so_nlopts, ~(1U << name),
			    __ATOMIC_SEQ_CST);
		return 0;
	}
	if (name != NETLINK_ADD_MEMBERSHIP && name != NETLINK_DROP_MEMBERSHIP)
		return ENOPROTOOPT;
	if (!may_listen(oi->oi_lwp, so))
		return EPERM;
	if (v == 0 || v > NL_GROUPMAX)
		return EINVAL;
	groups = KREAD(so->so_nlgroups);
	if (name == NETLINK_ADD_MEMBERSHIP)
		groups |= BIT(v);
	else
		groups &= ~BIT(v);
	set_groups(so, groups);
	return 0;
}

int
sockopt_getnl(struct socket *so, int name, struct optout *oo)
{
	uint64_t groups = KREAD(so->so_nlgroups);

	if (is_flag(name)) {
		if (oo->oo_len < sizeof(int))
			return EINVAL;
		optout_int(oo, nl_opt(so, name));
		return 0;
	}
	if (name != NETLINK_LIST_MEMBERSHIPS)
		return ENOPROTOOPT;
	oo->oo_len = sizeof(groups);
	memcpy(oo->oo_buf, &groups, sizeof(groups));
	return 0;
}
