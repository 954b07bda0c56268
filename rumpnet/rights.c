/* SPDX-License-Identifier: BSD-2-Clause */
/* rights: see rights.h. */
#include "lwproc/proc.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/conn.h"
#include "rumpnet/local.h"
#include "rumpnet/net.h"
#include "rumpnet/rights.h"

#define COLLECT_MIN 256 /* files in messages */

void
rights_lock(void)
{
	kmutex_enter(&net()->ns_rightslock);
}

void
rights_unlock(void)
{
	kmutex_exit(&net()->ns_rightslock);
}

/* --- In and out of messages ----------------------------------------------- */

/* Room for n files, as the packet's; the lock is held. */
static int
make_room(struct packet *pk, size_t n)
{
	struct net_state *ns = net();
	struct rights *rt;

	rt = kmem_alloc(sizeof(*rt) + n * sizeof(rt->rt_file[0]));
	if (rt == NULL)
		return ENOBUFS;
	rt->rt_next = rt->rt_prev = NULL;
	if (ns->ns_rights != NULL) {
		KSET(rt->rt_next, ns->ns_rights);
		KSET(ns->ns_rights->rt_prev, rt);
	}
	KSET(ns->ns_rights, rt);
	KSET(pk->pk_rights, rt);
	khand_drop(rt);
	klog_commit();
	return 0;
}

/* One file more; the lock is held, the log empty. */
static int
put_file(struct packet *pk, struct file *f)
{
	struct net_state *ns = net();
	struct rights *rt = pk->pk_rights;
	int error = 0;

	kmutex_enter(&f->f_lock);
	if (f->f_count == 0) {
		error = EBADF;
	} else {
		KSET(f->f_count, f->f_count + 1);
		KSET(rt->rt_file[rt->rt_n], f);
		KSET(rt->rt_n, rt->rt_n + 1);
		KSET(ns->ns_ninflight, ns->ns_ninflight + 1);
	}
	klog_commit();
	kmutex_exit(&f->f_lock);
	return error;
}

/* Logged: the i-th file comes out into the hand. */
static struct file *
take_file(struct rights *rt, uint32_t i)
{
	struct net_state *ns = net();
	struct file *f = rt->rt_file[i];

	if (f == NULL)
		return NULL;
	khand_add(KHAND_FILE, f);
	KSET(rt->rt_file[i], NULL);
	KSET(ns->ns_ninflight, ns->ns_ninflight - 1);
	return f;
}

/* Is some of it the host's, under the shim?  NULL: all of it is. */
static bool
has_hosts(const struct file *f)
{
	return rumpuser_process.ru_host_put != NULL &&
	    (f == NULL || f->f_type == FTYPE_EPOLL ||
		f->f_type == FTYPE_INOTIFY);
}

static int
import_file(struct packet *pk, struct file *f)
{
	int error;

	rights_lock();
	error = put_file(pk, f);
	rights_unlock();
	return error;
}

static int
import_one(struct lwp *l, struct packet *pk, int fd)
{
	struct file *f = fd_getfile(l, fd, 1), *hf;
	int error;

	if (has_hosts(f)) {
		error = rumpuser_process.ru_host_put(fd, f, &hf);
		if (error == 0) {
			error = import_file(pk, hf);
			file_rele(hf);
		}
	} else
		error = f != NULL ? import_file(pk, f) : EBADF;
	if (f != NULL)
		fd_done(l, f, 1);
	return error;
}

/*
 * Two that were closed while both travel are never closed again: look for such
 * now and then, each time there are twice as many files as the last look left.
 */
static void
collect_many(void)
{
	struct net_state *ns = net();

	if (likely(KREAD(ns->ns_ninflight) < COLLECT_MIN ||
		KREAD(ns->ns_ninflight) < KREAD(ns->ns_gcnext)))
		return;
	rights_collect();
	__atomic_store_n(&ns->ns_gcnext, 2 * KREAD(ns->ns_ninflight),
	    __ATOMIC_RELAXED);
}

int
rights_reserve(struct lwp *l, struct packet *pk, size_t n)
{
	const struct proc *p = l->l_proc;
	int error;

	KASSERT(n <= RIGHTS_MAX && pk->pk_rights == NULL);
	collect_many();
	if (KREAD(net()->ns_ninflight) > p->p_nofile && p->p_cred.cr_euid != 0)
		return ETOOMANYREFS;
	rights_lock();
	error = make_room(pk, n);
	rights_unlock();
	return error;
}

int
rights_import(struct lwp *l, struct packet *pk, const int *fds, size_t n)
{
	size_t i;
	int error = 0;

	for (i = 0; i < n && error == 0; i++)
		error = import_one(l, pk, fds[i]);
	return error;
}

int
rights_dup(struct packet *pk, const struct packet *from)
{
	const struct rights *rt = from->pk_rights;
	uint32_t i;
	int error;

	error = make_room(pk, rt->rt_n);
	for (i = 0; i < rt->rt_n && error == 0; i++)
		error = put_file(pk, rt->rt_file[i]);
	return error;
}

/* A descriptor for the file in hand. */
static int
install(struct lwp *l, struct file *f, bool cloexec, int *fd)
{
	long ret;
	int error;

	if (f->f_type == FTYPE_HOST) {
		ret = rumpuser_process.ru_host_get(f, cloexec);
		file_rele(f);
		*fd = ret;
		return ret < 0 ? -ret : 0;
	}
	error = fd_install(l, f, 0, cloexec, fd);
	if (error != 0)
		file_rele(f);
	return error;
}

/* Give the i-th file a descriptor, told to the program first. */
static int
export_one(struct lwp *l, struct rights *rt, uint32_t i, bool cloexec, int *ufd)
{
	struct file *f;
	int error, fd;

	rights_lock();
	f = take_file(rt, i);
	klog_commit();
	rights_unlock();
	error = install(l, f, cloexec, &fd);
	if (error != 0)
		return error;
	error = copyout(&fd, ufd, sizeof(fd));
	if (error != 0 && fd_close(l, fd) != 0)
		rumpuser_process.ru_fd_unreserve(fd);
	return error;
}

void
rights_export(struct lwp *l, struct packet *pk, struct sockmsg *sm)
{
	struct cmsghdr c = { .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS };
	struct rights *rt = pk->pk_rights;
	size_t n = 0, len;
	uint32_t i;
	int *ufd;

	if (rt == NULL)
		return;
	if (sm->sm_ctl != NULL && sm->sm_ctllen >= sizeof(c))
		n = (sm->sm_ctllen - sizeof(c)) / sizeof(int);
	ufd = (int *)(void *)(sm->sm_ctl + sizeof(c));
	for (i = 0; i < rt->rt_n && i < n; i++)
		if (export_one(l, rt, i, (sm->sm_flags & MSG_CMSG_CLOEXEC) != 0,
			ufd + i) != 0)
			break;
	if (i < rt->rt_n)
		sm->sm_outflags |= MSG_CTRUNC;
	if (i == 0)
		return;
	c.cmsg_len = len = CMSG_LEN(i * sizeof(int));
	if (copyout(&c, sm->sm_ctl, sizeof(c)) == 0) {
		len = kmin(CMSG_SPACE(i * sizeof(int)), sm->sm_ctllen);
		sm->sm_ctl += len;
		sm->sm_ctllen -= len;
	}
}

void
rights_enter(struct packet *pk, struct socket *so)
{
	KASSERT(kmutex_owned(&net()->ns_rightslock));
	KSET(pk->pk_rights->rt_holder, so);
}

void
rights_leave(struct packet *pk)
{
	KASSERT(kmutex_owned(&net()->ns_rightslock));
	KSET(pk->pk_rights->rt_holder, NULL);
}

/* Also the reaper's: it may begin again in the middle. */
void
rights_free(struct packet *pk)
{
	struct net_state *ns = net();
	struct rights *rt = pk->pk_rights;
	struct file *f;

	while (rt->rt_n > 0) {
		rights_lock();
		f = take_file(rt, rt->rt_n - 1);
		KSET(rt->rt_n, rt->rt_n - 1);
		klog_commit();
		rights_unlock();
		if (f != NULL)
			file_rele(f);
	}
	rights_lock();
	if (rt->rt_prev != NULL)
		KSET(rt->rt_prev->rt_next, rt->rt_next);
	else
		KSET(ns->ns_rights, rt->rt_next);
	if (rt->rt_next != NULL)
		KSET(rt->rt_next->rt_prev, rt->rt_prev);
	KSET(pk->pk_rights, NULL);
	khand_add(KHAND_MEM, rt);
	klog_commit();
	rights_unlock();
	kmem_free(rt);
}

/* --- Messages for nobody -------------------------------------------------- */

void
rights_discard(struct packetq *pq)
{
	struct net_state *ns = net();
	struct packet *pk;

	KASSERT(kmutex_owned(&ns->ns_rightslock) && klog_empty());
	while ((pk = packetq_take(pq)) != NULL) {
		if (pk->pk_rights != NULL)
			rights_leave(pk);
		KSET(pk->pk_next, ns->ns_dead);
		KSET(ns->ns_dead, pk);
		khand_drop(pk);
		klog_commit();
	}
}

static struct packet *
next_dead(void)
{
	struct net_state *ns = net();
	struct packet *pk;

	rights_lock();
	pk = ns->ns_dead;
	if (pk != NULL) {
		KSET(ns->ns_dead, pk->pk_next);
		khand_add(KHAND_MSG, pk);
		klog_commit();
	}
	rights_unlock();
	return pk;
}

/* --- Sockets that hold themselves alive ----------------------------------- */

/*
 * A look goes in turns: a socket is in this one's graph (it travels) if its
 * so_gcturn is the turn's.  Then so_gcleft counts the references to its file
 * that do not come from the graph; below 0: it is reached.
 */
#define REACHED (-1L)

static struct socket *
travels(const struct rights *rt, uint32_t i)
{
	const struct file *f = rt->rt_file[i];
	struct socket *so;

	if (f == NULL || f->f_type != FTYPE_SOCK)
		return NULL;
	so = f->f_data;
	return so != NULL && so->so_family == AF_UNIX ? so : NULL;
}

/* In whose queue?  Of one that waits to be accepted, its listener. */
static struct socket *
holder(const struct rights *rt)
{
	struct socket *so = rt->rt_holder, *ls;

	if (so == NULL)
		return NULL;
	ls = KREAD(so->so_parent);
	return ls != NULL ? ls : so;
}

static bool
in_graph(const struct socket *so)
{
	return so != NULL && so->so_gcturn == net()->ns_gcturn;
}

/* Do fn with every socket that travels in this message. */
static bool
each_of(struct rights *rt, bool (*fn)(struct socket *, const struct file *))
{
	struct socket *so;
	bool some = false;
	uint32_t i;

	for (i = 0; i < rt->rt_n; i++) {
		so = travels(rt, i);
		if (so != NULL && fn(so, rt->rt_file[i]))
			some = true;
	}
	return some;
}

static bool
begin(struct socket *so, const struct file *f)
{
	so->so_gcturn = net()->ns_gcturn;
	so->so_gcleft = KREAD(f->f_count);
	return true;
}

static bool
subtract(struct socket *so, const struct file *f)
{
	(void)f;
	return --so->so_gcleft == 0;
}

static bool
reach(struct socket *so, const struct file *f)
{
	bool news = so->so_gcleft != REACHED;

	(void)f;
	so->so_gcleft = REACHED;
	return news;
}

static bool
is_reached(const struct socket *so)
{
	return so->so_gcleft != 0;
}

/* Follow the queues of those that are reached, until nothing is new. */
static void
follow(void)
{
	struct rights *rt;
	struct socket *so;
	bool news;

	do {
		news = false;
		for (rt = net()->ns_rights; rt != NULL; rt = rt->rt_next) {
			so = holder(rt);
			if (rt->rt_done || !in_graph(so) || !is_reached(so))
				continue;
			rt->rt_done = true;
			if (each_of(rt, reach))
				news = true;
		}
	} while (news);
}

/* Locks held: what nobody can receive goes to the list. */
static void
look(void)
{
	struct net_state *ns = net();
	struct rights *rt;
	bool maybe = false;

	ns->ns_gcturn++;
	for (rt = ns->ns_rights; rt != NULL; rt = rt->rt_next) {
		rt->rt_done = false;
		each_of(rt, begin);
	}
	for (rt = ns->ns_rights; rt != NULL; rt = rt->rt_next)
		if (in_graph(holder(rt)) && each_of(rt, subtract))
			maybe = true;
	if (!maybe)
		return;
	follow();
	for (rt = ns->ns_rights; rt != NULL; rt = rt->rt_next)
		if (in_graph(holder(rt)) && !is_reached(holder(rt)))
			local_discard(rt->rt_holder);
}

void
rights_collect(void)
{
	struct net_state *ns = net();
	struct cpu *c = curcpu();
	struct packet *pk;

	if (KREAD(ns->ns_rights) != NULL) {
		kmutex_enter(&ns->ns_local.tb_lock);
		rights_lock();
		look();
		rights_unlock();
		kmutex_exit(&ns->ns_local.tb_lock);
	}
	/* Whoever frees them gets here again from their sockets' close. */
	if (KREAD(ns->ns_dead) == NULL || c->c_draining)
		return;
	c->c_draining = 1;
	while ((pk = next_dead()) != NULL)
		packet_free(pk);
	c->c_draining = 0;
}

void
rights_each(void (*fn)(struct file *, struct tally *), struct tally *t)
{
	const struct rights *rt;
	uint32_t i;

	for (rt = net()->ns_rights; rt != NULL; rt = rt->rt_next)
		for (i = 0; i < rt->rt_n; i++)
			if (rt->rt_file[i] != NULL)
				fn(rt->rt_file[i], t);
}
