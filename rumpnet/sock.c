/* SPDX-License-Identifier: BSD-2-Clause */
/* sock: how sockets come and go, and what their files do. */
#include <asm/ioctls.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/stat.h>

#include "lwproc/proc.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpnet/conn.h"
#include "rumpnet/icmp.h"
#include "rumpnet/ifnet.h"
#include "rumpnet/net.h"
#include "rumpnet/netlink.h"
#include "rumpnet/sock.h"
#include "rumpvfs/filerw.h"
#include "rumpvfs/pipe.h"

#define SOCK_DEV   8     /* st_dev: the host's sockfs has a small one */
#define TCP_SNDBUF 16384 /* what Linux's tcp_wmem and tcp_rmem begin with */
#define TCP_RCVBUF 131072

/* Anybody may ping: net.ipv4.ping_group_range has all groups. */
static int
inet_kind(const struct lwp *l, int family, int type, int *proto, uint8_t *kind)
{
	int icmp = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;

	if (*proto < 0 || *proto >= IPPROTO_MAX)
		return EINVAL;
	if (type == SOCK_STREAM && (*proto == 0 || *proto == IPPROTO_TCP)) {
		*proto = IPPROTO_TCP;
		*kind = SOCK_TCP;
		return 0;
	}
	if (type == SOCK_DGRAM && (*proto == 0 || *proto == IPPROTO_UDP)) {
		*proto = IPPROTO_UDP;
		*kind = SOCK_UDP;
		return 0;
	}
	if (type == SOCK_DGRAM && *proto == icmp) {
		*kind = SOCK_PING;
		return 0;
	}
	if (type == SOCK_RAW && *proto != 0) {
		*kind = SOCK_RAWIP;
		return cred_issuper(&l->l_proc->p_cred) ? 0 : EPERM;
	}
	if (type == SOCK_STREAM || type == SOCK_DGRAM || type == SOCK_RAW)
		return EPROTONOSUPPORT;
	return ESOCKTNOSUPPORT;
}

/* Which kind of socket?  The errors of Linux's socket(). */
static int
kind_of(const struct lwp *l, int family, int type, int *proto, uint8_t *kind)
{
	if (family != AF_INET && family != AF_INET6 && family != AF_UNIX &&
	    family != AF_NETLINK)
		return EAFNOSUPPORT;
	if (type < 0 || type > SOCK_PACKET)
		return EINVAL;
	if (family == AF_UNIX) {
		if (*proto != 0 && *proto != PF_UNIX)
			return EPROTONOSUPPORT;
		*proto = 0;
		*kind = SOCK_NONE;
		if (type == SOCK_STREAM)
			*kind = SOCK_LOCAL;
		else if (type == SOCK_SEQPACKET)
			*kind = SOCK_LOCALSEQ;
		else if (type == SOCK_DGRAM || type == SOCK_RAW)
			*kind = SOCK_LOCALPKT;
		return *kind == SOCK_NONE ? ESOCKTNOSUPPORT : 0;
	}
	if (family == AF_NETLINK) {
		*kind = SOCK_NETLINK;
		return nl_maycreate(type, *proto);
	}
	return inet_kind(l, family, type, proto, kind);
}

struct ucred
sock_cred(const struct lwp *l, bool real)
{
	const struct proc *p = l->l_proc;
	const struct cred *cr = &p->p_cred;
	struct ucred uc = { .uid = real ? cr->cr_ruid : cr->cr_euid,
		.gid = real ? cr->cr_rgid : cr->cr_egid };

	uc.pid = p->p_flags & PROC_HIJACK ? host_byindex(p->p_host)->h_pid :
					    p->p_pid;
	return uc;
}

/* In hand; no connection. */
static struct socket *
sock_alloc(uint8_t kind, int family, int type, int proto)
{
	struct socket *so = kmem_cache_alloc(KC_SOCK);

	if (so == NULL)
		return NULL;
	kmutex_init(&so->so_lock, KRANK_SOCK);
	so->so_kind = kind;
	so->so_family = family;
	so->so_type = type;
	so->so_proto = proto;
	so->so_sndbuf = so->so_rcvbuf = SOCKBUF_DEFAULT;
	if (kind == SOCK_TCP) {
		so->so_sndbuf = TCP_SNDBUF;
		so->so_rcvbuf = TCP_RCVBUF;
	}
	so->so_lowat = 1;
	so->so_mode = 0777;
	so->so_peercred = (struct ucred){ 0, -1, -1 };
	/* Who dies before leaves memory that no checker takes for a socket. */
	KSET(so->so_refs, 1);
	khand_drop(so);
	khand_add(KHAND_SOCK, so);
	klog_commit();
	return so;
}

int
sock_create(struct lwp *l, int family, int type, int proto, struct socket **sop)
{
	struct socket *so;
	struct conn *cn;
	uint8_t kind;
	int error;

	error = kind_of(l, family, type, &proto, &kind);
	if (error != 0)
		return error;
	so = sock_alloc(kind, family, type, proto);
	if (so == NULL)
		return ENFILE;
	so->so_cred = sock_cred(l, false);
	if (family == AF_UNIX && type == SOCK_RAW)
		so->so_type = type = SOCK_DGRAM;
	if (kind == SOCK_TCP || kind == SOCK_LOCAL || kind == SOCK_LOCALSEQ) {
		cn = conn_create();
		if (cn == NULL) {
			sock_rele(so);
			return ENFILE;
		}
		KSET(so->so_conn, cn);
		cn->cn_sock[0] = so;
		cn->cn_tcp = kind == SOCK_TCP;
		khand_drop(cn);
		klog_commit();
	}
	if (kind == SOCK_RAWIP || kind == SOCK_PING)
		so->so_opts = 1UL << SO_REUSEADDR;
	/* IP_MULTICAST_ALL is on in those of IPv4 only. */
	if (family == AF_INET6)
		so->so_val[SV_MCALL] = -1;
	if (kind == SOCK_RAWIP)
		raw_attach(so);
	*sop = so;
	return 0;
}

int
sock_spawn(const struct socket *ls, const struct socket *client,
    struct socket **sop)
{
	struct conn *cn = sock_conn(client);
	struct socket *so;
	int i;

	so = sock_alloc(ls->so_kind, ls->so_family, ls->so_type, ls->so_proto);
	if (so == NULL)
		return ENOBUFS;
	so->so_side = !client->so_side;
	so->so_state = SS_NEW;
	so->so_cred = ls->so_cred;
	so->so_opts = KREAD(ls->so_opts);
	so->so_sndbuf = KREAD(ls->so_sndbuf);
	so->so_rcvbuf = KREAD(ls->so_rcvbuf);
	so->so_lowat = KREAD(ls->so_lowat);
	so->so_sndtimeo = KREAD(ls->so_sndtimeo);
	so->so_rcvtimeo = KREAD(ls->so_rcvtimeo);
	so->so_linger = ls->so_linger;
	so->so_v6only = KREAD(ls->so_v6only);
	for (i = 0; i < SV_MAX; i++)
		so->so_val[i] = KREAD(ls->so_val[i]);
	kmutex_enter(&cn->cn_lock);
	KSET(cn->cn_refs, cn->cn_refs + 1);
	KSET(so->so_conn, cn);
	KSET(cn->cn_sock[so->so_side], so);
	klog_commit();
	kmutex_exit(&cn->cn_lock);
	*sop = so;
	return 0;
}

struct conn *
sock_lockconn(struct socket *so)
{
	struct conn *cn;

	/* connect() to nowhere may give it another; conns stay conns. */
	for (;;) {
		cn = KREAD(so->so_conn);
		kmutex_enter(&cn->cn_lock);
		if (cn == KREAD(so->so_conn))
			return cn;
		kmutex_exit(&cn->cn_lock);
	}
}

void
sock_hold(struct socket *so)
{
	kmutex_enter(&so->so_lock);
	KSET(so->so_refs, so->so_refs + 1);
	khand_add(KHAND_SOCK, so);
	klog_commit();
	kmutex_exit(&so->so_lock);
}

void
sock_rele(struct socket *so)
{
	struct groups *groups = NULL;
	struct netname *name = NULL;
	struct conn *cn = NULL;
	bool last;

	/* Never had a file, or was not accepted. */
	if (KREAD(so->so_refs) == 1 && !(KREAD(so->so_state) & SS_CLOSED))
		sock_close(so);
	kmutex_enter(&so->so_lock);
	last = so->so_refs == 1;
	KSET(so->so_refs, so->so_refs - 1);
	khand_drop(so);
	if (last) {
		khand_add(KHAND_MEM, so);
		cn = so->so_conn;
		if (cn != NULL)
			khand_add(KHAND_CONN, cn);
		name = so->so_name;
		if (name != NULL)
			khand_add(KHAND_MEM, name);
		groups = so->so_groups;
		if (groups != NULL)
			khand_add(KHAND_MEM, groups);
	}
	klog_commit();
	kmutex_exit(&so->so_lock);
	if (!last)
		return;
	if (cn != NULL)
		conn_rele(cn);
	if (name != NULL)
		kmem_free(name);
	if (groups != NULL)
		kmem_free(groups);
	kmem_free(so);
}

void
sock_close(struct socket *so)
{
	struct conn *cn = NULL;

	if (KREAD(so->so_state) & SS_CLOSED)
		return;
	sock_ops(so)->so_close(so);
	kmutex_enter(&so->so_lock);
	if (so->so_conn != NULL)
		cn = sock_lockconn(so);
	KSET(so->so_state, so->so_state | SS_CLOSED);
	klog_commit();
	if (cn != NULL)
		kmutex_exit(&cn->cn_lock);
	kmutex_exit(&so->so_lock);
}

struct file *
sock_file(struct socket *so, int flags)
{
	struct file *f;

	f = file_alloc(FTYPE_SOCK, O_RDWR | (flags & SOCK_NONBLOCK));
	if (f == NULL)
		return NULL;
	f->f_mode = FMODE_READ | FMODE_WRITE;
	if (so->so_type != SOCK_STREAM)
		f->f_mode |= FMODE_MSGS;
	else if (so->so_family == AF_UNIX)
		f->f_mode |= FMODE_HASTY;
	KSET(f->f_data, so);
	KSET(so->so_file, f);
	khand_drop(so);
	klog_commit();
	return f;
}

int
sock_offile(const struct file *f, struct socket **so)
{
	if (f->f_type == FTYPE_PATH)
		return EBADF;
	if (f->f_type != FTYPE_SOCK)
		return ENOTSOCK;
	*so = f->f_data;
	return 0;
}

int
sock_get(struct lwp *l, int fd, struct file **f, struct socket **so)
{
	int error;

	*f = fd_getfile(l, fd, 0);
	if (*f == NULL)
		return EBADF;
	error = sock_offile(*f, so);
	if (error != 0)
		fd_done(l, *f, 0);
	return error;
}

static int
file_flags(const struct file *f, const struct uio *uio)
{
	int flags = 0;

	if ((f->f_flags & O_NONBLOCK) || (uio->uio_flags & RWF_NOWAIT))
		flags |= MSG_DONTWAIT;
	if (uio->uio_flags & RWF_NOSIGNAL)
		flags |= MSG_NOSIGNAL;
	return flags;
}

static int
sofile_read(struct file *f, struct uio *uio)
{
	struct socket *so = f->f_data;
	struct sockmsg sm = { .sm_uio = uio, .sm_flags = file_flags(f, uio) };

	if (uio->uio_resid == 0)
		return 0;
	return sock_ops(so)->so_recv(curlwp(), so, &sm);
}

static int
sofile_write(struct file *f, struct uio *uio)
{
	struct socket *so = f->f_data;
	struct sockmsg sm = { .sm_uio = uio, .sm_flags = file_flags(f, uio) };

	return sock_send(curlwp(), so, &sm);
}

/* As F_SETOWN. */
static int
set_owner(struct file *f, const void *uarg)
{
	int pid, kind = F_OWNER_PID;

	if (copyin(uarg, &pid, sizeof(pid)) != 0)
		return EFAULT;
	if (pid == INT32_MIN)
		return EINVAL;
	if (pid < 0)
		kind = F_OWNER_PGRP;
	kmutex_enter(&f->f_lock);
	*(volatile uint32_t *)&f->f_owner = pid < 0 ? -pid : pid;
	*(volatile uint32_t *)&f->f_sig = (f->f_sig & 0xff) | kind << 8;
	kmutex_exit(&f->f_lock);
	return 0;
}

static int
sofile_ioctl(struct file *f, unsigned long cmd, void *uarg, long *ret)
{
	struct socket *so = f->f_data;
	int n;

	(void)ret;
	switch (cmd) {
	case FIONREAD:
		if (KREAD(so->so_state) & SS_LISTENS)
			return EINVAL;
		n = sock_ops(so)->so_pending(so, false);
		break;
	case SIOCATMARK:
		if (so->so_conn == NULL || so->so_type != SOCK_STREAM)
			return so->so_family == AF_UNIX ? EOPNOTSUPP : ENOTTY;
		n = conntcp_mark(sock_conn(so), so->so_side);
		/* Who waits at a local listener is taken for such a byte. */
		if (so->so_family == AF_UNIX &&
		    (KREAD(so->so_state) & SS_LISTENS))
			n = KREAD(so->so_qhead) != NULL;
		break;
	case FIOSETOWN:
	case SIOCSPGRP:
		return set_owner(f, uarg);
	case FIOGETOWN:
	case SIOCGPGRP:
		n = (int)f->f_owner;
		if (f->f_sig >> 8 == F_OWNER_PGRP)
			n = -n;
		break;
	case SIOCOUTQ:
		if ((KREAD(so->so_state) & SS_LISTENS) &&
		    so->so_kind == SOCK_TCP)
			return EINVAL;
		/* TCP's peer has it at once, whether it reads or not. */
		n = so->so_kind == SOCK_TCP ?
		    0 :
		    sock_ops(so)->so_pending(so, true);
		break;
	case SIOCOUTQNSD:
		/* All that is sent has been sent at once. */
		if (so->so_kind != SOCK_TCP ||
		    (KREAD(so->so_state) & SS_LISTENS))
			return so->so_kind == SOCK_TCP ? EINVAL : ENOTTY;
		n = 0;
		break;
	default:
		return ifnet_ioctl(so->so_family, cmd, uarg);
	}
	return copyout(&n, uarg, sizeof(n));
}

static int
sofile_poll(struct file *f, int events, struct waitent *ent)
{
	struct socket *so = f->f_data;

	return sock_ops(so)->so_poll(so, ent) & (events | POLLHUP | POLLERR);
}

static int
sofile_stat(struct file *f, struct stat *st)
{
	struct socket *so = f->f_data;

	memset(st, 0, sizeof(*st));
	st->st_dev = SOCK_DEV;
	st->st_ino = sock_ino(so);
	st->st_mode = S_IFSOCK | KREAD(so->so_mode);
	st->st_nlink = 1;
	st->st_uid = so->so_cred.uid;
	st->st_gid = so->so_cred.gid;
	st->st_blksize = KPAGE_SIZE;
	return 0;
}

static int
sofile_chmod(struct file *f, const struct cred *cr, uint32_t mode)
{
	struct socket *so = f->f_data;

	if (cr->cr_fsuid != so->so_cred.uid && !cred_issuper(cr))
		return EPERM;
	__atomic_store_n(&so->so_mode, mode, __ATOMIC_RELEASE);
	return 0;
}

/* The reaper may begin it again. */
static void
sofile_close(struct file *f)
{
	struct socket *so = f->f_data;

	if (so == NULL)
		return;
	sock_close(so);
	KSET(f->f_data, NULL);
	khand_add(KHAND_SOCK, so);
	klog_commit();
	sock_rele(so);
}

const struct fileops sock_fileops = {
	.fo_read = sofile_read,
	.fo_write = sofile_write,
	.fo_ioctl = sofile_ioctl,
	.fo_poll = sofile_poll,
	.fo_stat = sofile_stat,
	.fo_chmod = sofile_chmod,
	.fo_close = sofile_close,
};

int
sock_send(struct lwp *l, struct socket *so, struct sockmsg *sm)
{
	size_t before = sm->sm_uio->uio_resid;
	int error;

	error = sock_ops(so)->so_send(l, so, sm);
	if (error == EPIPE && so->so_type == SOCK_STREAM &&
	    sm->sm_uio->uio_resid == before && !(sm->sm_flags & MSG_NOSIGNAL))
		pipe_sigpipe();
	return sm->sm_uio->uio_resid != before ? 0 : error;
}

void
sock_boot(void)
{
	kmem_cache_setsize(KC_SOCK, sizeof(struct socket), 0);
}
