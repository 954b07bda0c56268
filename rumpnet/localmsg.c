/* SPDX-License-Identifier: BSD-2-Clause */
/* localmsg: what goes along with messages between local sockets. */
#include "lwproc/proc.h"
#include "rumpkern/klog.h"
#include "rumpnet/conn.h"
#include "rumpnet/control.h"
#include "rumpnet/inetctl.h"
#include "rumpnet/local.h"
#include "rumpnet/net.h"
#include "rumpnet/rights.h"
#include "rumpnet/sockopt.h"

#define NOBODY 65534 /* Linux's overflowuid */

static bool
may_be(uint32_t id, uint32_t real, uint32_t eff, uint32_t saved, bool super)
{
	return id == real || id == eff || id == saved || super;
}

static bool
exists(int pid)
{
	struct kmutex *lock = &((struct lwproc_state *)ARENA->a_lwproc)
				   ->ls_lock;
	bool there;

	kmutex_enter(lock);
	there = proc_find(pid) != NULL;
	kmutex_exit(lock);
	return there;
}

/* Credentials that the sender claims to have. */
static int
claim_cred(struct lwp *l, struct packet *pk, const struct cmsghdr *c)
{
	const struct cred *cr = &l->l_proc->p_cred;
	bool super = cr->cr_euid == 0;
	struct ucred uc;

	if (c->cmsg_len != CMSG_LEN(sizeof(uc)))
		return EINVAL;
	memcpy(&uc, CMSG_DATA(c), sizeof(uc));
	if (uc.uid == UINT32_MAX || uc.gid == UINT32_MAX)
		return EINVAL;
	if ((uc.pid != sock_cred(l, true).pid && !super) ||
	    !may_be(uc.uid, cr->cr_ruid, cr->cr_euid, cr->cr_suid, super) ||
	    !may_be(uc.gid, cr->cr_rgid, cr->cr_egid, cr->cr_sgid, super))
		return EPERM;
	if (uc.pid != sock_cred(l, true).pid && !exists(uc.pid))
		return ESRCH;
	pk->pk_hascred = true;
	pk->pk_cred = uc;
	return 0;
}

static size_t
count_of(const struct cmsghdr *c)
{
	return control_len(c) / sizeof(int);
}

/* How many descriptors?  And are all headers well? */
static int
count_rights(const struct sockmsg *sm, size_t *n)
{
	struct cmsghdr *c = NULL;
	int error;

	*n = 0;
	while ((error = control_next(sm, &c)) == 0 && c != NULL) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_RIGHTS) {
			*n += count_of(c);
			if (*n > RIGHTS_MAX)
				return EINVAL;
		} else if (c->cmsg_type != SCM_CREDENTIALS)
			return EINVAL;
	}
	return error;
}

int
local_ancillary(struct lwp *l, const struct sockmsg *sm, struct packet *pk)
{
	struct cmsghdr *c = NULL;
	size_t n;
	int error;

	if (sm->sm_ctl == NULL)
		return 0;
	error = count_rights(sm, &n);
	if (error == 0 && n != 0)
		error = rights_reserve(l, pk, n);
	while (error == 0 && control_next(sm, &c) == 0 && c != NULL) {
		if (c->cmsg_level != SOL_SOCKET)
			continue;
		if (c->cmsg_type == SCM_CREDENTIALS)
			error = claim_cred(l, pk, c);
		else
			error = rights_import(l, pk,
			    (const int *)(const void *)CMSG_DATA(c),
			    count_of(c));
	}
	return error;
}

void
local_addcred(struct lwp *l, const struct socket *so,
    const struct socket *other, struct packet *pk)
{
	if (pk->pk_hascred ||
	    (!local_wantscred(so) &&
		(other == NULL || !local_wantscred(other))))
		return;
	pk->pk_hascred = true;
	pk->pk_cred = sock_cred(l, true);
}

void
local_setname(const struct socket *so, struct packet *pk)
{
	const struct netname *name = local_name(so);

	pk->pk_namelen = name == NULL ? 0 : name->nn_len;
	if (name != NULL)
		pk->pk_name = name->nn_un;
}

void
local_stamp(const struct socket *so, struct packet *pk)
{
	if (so != NULL && sockopt_stamp(so) != 0)
		pk->pk_time = rumpuser_realtime();
}

void
local_tell(struct lwp *l, const struct socket *so, struct sockmsg *sm,
    struct packet *pk)
{
	struct ucred uc = { 0, NOBODY, NOBODY };

	if (so->so_type != SOCK_STREAM && sockopt_stamp(so) != 0)
		inctl_time(so, sm,
		    pk->pk_time != 0 ? pk->pk_time : rumpuser_realtime());
	if (local_wantscred(so)) {
		if (pk != NULL && pk->pk_hascred)
			uc = pk->pk_cred;
		control_put(sm, SOL_SOCKET, SCM_CREDENTIALS, &uc, sizeof(uc));
	}
	if (pk != NULL)
		rights_export(l, pk, sm);
}

int
local_deliver(struct lwp *l, const struct socket *so, struct sockmsg *sm,
    struct packet *pk)
{
	int error = packet_deliver(pk, sm);

	if (error == 0 && sm->sm_name != NULL) {
		sm->sm_name->nn_len = pk->pk_namelen;
		sm->sm_name->nn_un = pk->pk_name;
		/* It may have got a name since. */
		if (pk->pk_namelen == 0 && so->so_conn != NULL) {
			local_getname((struct socket *)so, true, sm->sm_name);
			if (sm->sm_name->nn_len == sizeof(sa_family_t))
				sm->sm_name->nn_len = 0;
		}
	}
	if (error == 0)
		local_tell(l, so, sm, pk);
	packet_free(pk);
	return error;
}

void
local_discard(struct socket *so)
{
	struct conn *cn = so->so_conn;

	if (cn == NULL) {
		rights_discard(&so->so_rq);
		return;
	}
	kmutex_enter(&cn->cn_lock);
	rights_discard(&cn->cn_in[so->so_side].st_pkts);
	kmutex_exit(&cn->cn_lock);
}
