/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that make sockets, name them and connect them. */
#include <fcntl.h>

#include "lwproc/proc.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/local.h"
#include "syscalls/sysargs.h"

#define TYPE_FLAGS (SOCK_CLOEXEC | SOCK_NONBLOCK)

/* A descriptor for the socket in hand, which goes with it. */
static int
install(struct lwp *l, struct socket *so, int flags, int *fd)
{
	struct file *f = sock_file(so, flags);
	int error;

	if (f == NULL) {
		sock_rele(so);
		return ENFILE;
	}
	error = fd_install(l, f, 0, (flags & SOCK_CLOEXEC) != 0, fd);
	if (error != 0)
		file_rele(f);
	return error;
}

int
sys_socket(struct lwp *l, const struct sys_socket_args *a, long *retval)
{
	struct socket *so;
	int error, fd;

	if (a->type & ~(0xf | TYPE_FLAGS))
		return EINVAL;
	error = sock_create(l, a->domain, a->type & 0xf, a->protocol, &so);
	if (error == 0)
		error = install(l, so, a->type, &fd);
	if (error == 0)
		*retval = fd;
	return error;
}

/* Both sockets in hand, or none. */
static int
make_pair(struct lwp *l, const struct sys_socketpair_args *a,
    struct socket *so[2])
{
	int error;

	error = sock_create(l, a->domain, a->type & 0xf, a->protocol, &so[0]);
	if (error != 0)
		return error;
	if (a->domain != AF_UNIX)
		error = EOPNOTSUPP;
	else if (so[0]->so_conn == NULL)
		error = sock_create(l, a->domain, a->type & 0xf, a->protocol,
		    &so[1]);
	else
		error = sock_spawn(so[0], so[0], &so[1]);
	if (error != 0) {
		sock_rele(so[0]);
		return error;
	}
	local_pair(l, so[0], so[1]);
	return 0;
}

int
sys_socketpair(struct lwp *l, const struct sys_socketpair_args *a, long *retval)
{
	uint32_t mark = khand_mark();
	struct socket *so[2];
	int fd[2], error;
	bool dgram;

	(void)retval;
	if (a->type & ~(0xf | TYPE_FLAGS))
		return EINVAL;
	/* Whether they can be told comes before what they are. */
	if (copyin(a->sv, fd, sizeof(fd)) != 0 ||
	    copyout(fd, a->sv, sizeof(fd)) != 0)
		return EFAULT;
	error = make_pair(l, a, so);
	if (error != 0)
		return error;
	dgram = so[0]->so_conn == NULL;
	error = install(l, so[0], a->type, &fd[0]);
	if (error == 0) {
		error = install(l, so[1], a->type, &fd[1]);
		if (error == 0 && dgram)
			localdgram_pair(so[0], so[1]);
		if (error == 0 && copyout(fd, a->sv, sizeof(fd)) != 0) {
			fd_close(l, fd[1]);
			error = EFAULT;
		}
		if (error != 0)
			fd_close(l, fd[0]);
	}
	khand_release_to(mark);
	return error;
}

/* bind() or connect() to an address of the program's. */
static int
with_name(struct lwp *l, int fd, const void *addr, uint32_t addrlen,
    int (*fn)(struct lwp *, struct socket *, const struct netname *, bool))
{
	struct netname nn;
	struct socket *so;
	struct file *f;
	int error;

	error = sock_get(l, fd, &f, &so);
	if (error != 0)
		return error;
	error = netname_in(&nn, addr, addrlen);
	if (error == 0)
		error = fn(l, so, &nn, (f->f_flags & O_NONBLOCK) != 0);
	fd_done(l, f, 0);
	return error;
}

static int
do_bind(struct lwp *l, struct socket *so, const struct netname *nn,
    bool nonblock)
{
	(void)nonblock;
	return sock_ops(so)->so_bind == NULL ? EOPNOTSUPP :
					       sock_ops(so)->so_bind(l, so, nn);
}

static int
do_connect(struct lwp *l, struct socket *so, const struct netname *nn,
    bool nonblock)
{
	if (sock_ops(so)->so_connect == NULL)
		return EOPNOTSUPP;
	return sock_ops(so)->so_connect(l, so, nn, nonblock);
}

int
sys_bind(struct lwp *l, const struct sys_bind_args *a, long *retval)
{
	(void)retval;
	return with_name(l, a->sockfd, a->addr, a->addrlen, do_bind);
}

int
sys_connect(struct lwp *l, const struct sys_connect_args *a, long *retval)
{
	(void)retval;
	return with_name(l, a->sockfd, a->addr, a->addrlen, do_connect);
}

int
sys_listen(struct lwp *l, const struct sys_listen_args *a, long *retval)
{
	struct socket *so;
	struct file *f;
	int error;

	(void)retval;
	error = sock_get(l, a->sockfd, &f, &so);
	if (error != 0)
		return error;
	error = sock_ops(so)->so_listen == NULL ?
	    EOPNOTSUPP :
	    sock_ops(so)->so_listen(l, so, a->backlog);
	fd_done(l, f, 0);
	return error;
}

static int
do_accept(struct lwp *l, int sockfd, void *addr, void *addrlen, int flags,
    long *retval)
{
	struct netname nn;
	struct socket *so, *new;
	struct file *f;
	int error, fd;

	if (flags & ~TYPE_FLAGS)
		return EINVAL;
	error = sock_get(l, sockfd, &f, &so);
	if (error != 0)
		return error;
	error = sock_ops(so)->so_accept == NULL ?
	    EOPNOTSUPP :
	    sock_ops(so)->so_accept(so, (f->f_flags & O_NONBLOCK) != 0, &new);
	/* One of TCP tells of a peer that is gone only here. */
	if (error == 0 && (addr != NULL || new->so_kind == SOCK_TCP)) {
		error = sock_ops(new)->so_getname(new, true, &nn);
		if (error == 0 && addr != NULL)
			error = netname_out(&nn, addr, addrlen);
		if (error != 0)
			sock_rele(new);
	}
	if (error == 0)
		error = install(l, new, flags, &fd);
	if (error == 0)
		*retval = fd;
	fd_done(l, f, 0);
	return error;
}

int
sys_accept(struct lwp *l, const struct sys_accept_args *a, long *retval)
{
	return do_accept(l, a->sockfd, a->addr, a->addrlen, 0, retval);
}

int
sys_accept4(struct lwp *l, const struct sys_accept4_args *a, long *retval)
{
	return do_accept(l, a->sockfd, a->addr, a->addrlen, a->flags, retval);
}

static int
get_name(struct lwp *l, int fd, void *addr, void *addrlen, bool peer)
{
	struct netname nn;
	struct socket *so;
	struct file *f;
	int error;

	error = sock_get(l, fd, &f, &so);
	if (error != 0)
		return error;
	error = sock_ops(so)->so_getname(so, peer, &nn);
	if (error == 0)
		error = netname_out(&nn, addr, addrlen);
	fd_done(l, f, 0);
	return error;
}

int
sys_getsockname(struct lwp *l, const struct sys_getsockname_args *a,
    long *retval)
{
	(void)retval;
	return get_name(l, a->sockfd, a->addr, a->addrlen, false);
}

int
sys_getpeername(struct lwp *l, const struct sys_getpeername_args *a,
    long *retval)
{
	(void)retval;
	return get_name(l, a->sockfd, a->addr, a->addrlen, true);
}

int
sys_shutdown(struct lwp *l, const struct sys_shutdown_args *a, long *retval)
{
	struct socket *so;
	struct file *f;
	int error;

	(void)retval;
	error = sock_get(l, a->sockfd, &f, &so);
	if (error != 0)
		return error;
	if (a->how < SHUT_RD || a->how > SHUT_RDWR)
		error = EINVAL;
	else
		error = sock_ops(so)->so_shutdown(so, a->how);
	fd_done(l, f, 0);
	return error;
}
