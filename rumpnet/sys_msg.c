/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that send and receive messages. */
#include <fcntl.h>
#include <sys/uio.h>
#include <time.h>

#include "lwproc/proc.h"
#include "rumpnet/control.h"
#include "rumpnet/sockopt.h"
#include "syscalls/sysargs.h"

#define USER_MAX    0x7ffff000UL
#define NSEC        1000000000UL
#define USER_END    0x7ffffffff000UL
#define CMSG_COMPAT 0x80000000U /* MSG_CMSG_COMPAT: not for programs */

/* May it be a program's?  That is asked before anything else. */
static bool
is_user(const void *p, size_t len)
{
	return (uintptr_t)p < USER_END && len <= USER_END - (uintptr_t)p;
}

/* The socket of a descriptor, and its flags made MSG_*. */
static int
get_socket(struct lwp *l, int fd, struct file **f, struct socket **so,
    int *flags)
{
	int error = sock_get(l, fd, f, so);

	if (likely(error == 0) && ((*f)->f_flags & O_NONBLOCK))
		*flags |= MSG_DONTWAIT;
	return error;
}

int
sys_sendto(struct lwp *l, const struct sys_sendto_args *a, long *retval)
{
	struct kiovec iov;
	struct netname nn;
	struct uio uio;
	struct sockmsg sm = { .sm_uio = &uio, .sm_flags = a->flags };
	struct socket *so;
	struct file *f;
	size_t len = kmin(a->len, USER_MAX);
	int error;

	if (unlikely(!is_user(a->buf, len)))
		return EFAULT;
	error = get_socket(l, a->sockfd, &f, &so, &sm.sm_flags);
	if (unlikely(error != 0))
		return error;
	if (a->dest_addr != NULL) {
		error = netname_in(&nn, a->dest_addr, a->addrlen);
		sm.sm_name = &nn;
	}
	uio_init(&uio, &iov, (void *)a->buf, len, true);
	if (likely(error == 0))
		error = sock_send(l, so, &sm);
	fd_done(l, f, 0);
	*retval = len - uio.uio_resid;
	return error;
}

/* How much was received; MSG_TRUNC wants to know of all there was. */
static size_t
received(const struct sockmsg *sm, size_t len)
{
	size_t n = len - sm->sm_uio->uio_resid;

	if ((sm->sm_flags & MSG_TRUNC) && sm->sm_len > n)
		return sm->sm_len;
	return n;
}

int
sys_recvfrom(struct lwp *l, const struct sys_recvfrom_args *a, long *retval)
{
	struct netname nn = { .nn_len = 0 };
	struct kiovec iov;
	struct uio uio;
	struct sockmsg sm = { .sm_uio = &uio,
		.sm_flags = a->flags,
		.sm_name = a->src_addr != NULL ? &nn : NULL };
	struct socket *so;
	struct file *f;
	size_t len = kmin(a->len, USER_MAX);
	int error;

	if (unlikely(!is_user(a->buf, len)))
		return EFAULT;
	error = get_socket(l, a->sockfd, &f, &so, &sm.sm_flags);
	if (unlikely(error != 0))
		return error;
	uio_init(&uio, &iov, a->buf, len, false);
	error = sock_ops(so)->so_recv(l, so, &sm);
	fd_done(l, f, 0);
	*retval = received(&sm, len);
	if (error == 0 && sm.sm_name != NULL)
		error = netname_out(&nn, a->src_addr, a->addrlen);
	return error;
}

/* --- With a struct msghdr ------------------------------------------------- */

/* Copy one in: EFAULT, EINVAL, EMSGSIZE; the uio's vector is in c_iov. */
static int
get_msghdr(const struct msghdr *umsg, struct msghdr *mh, struct uio *uio,
    bool send)
{
	if (copyin(umsg, mh, sizeof(*mh)) != 0)
		return EFAULT;
	if (mh->msg_name == NULL)
		mh->msg_namelen = 0;
	if ((int)mh->msg_namelen < 0)
		return EINVAL;
	mh->msg_namelen = kmin(mh->msg_namelen,
	    (socklen_t)sizeof(((struct netname *)NULL)->nn_raw));
	if (mh->msg_iovlen > UIO_MAXIOV)
		return EMSGSIZE;
	return uio_import(uio, mh->msg_iov, (long)mh->msg_iovlen, send);
}

static int
send_one(struct lwp *l, struct socket *so, const struct msghdr *umsg, int flags,
    long *retval)
{
	struct netname nn;
	struct msghdr mh;
	struct uio uio;
	struct sockmsg sm = { .sm_uio = &uio, .sm_flags = flags };
	size_t len;
	int error;

	error = get_msghdr(umsg, &mh, &uio, true);
	if (error == 0 && mh.msg_namelen != 0) {
		sm.sm_name = &nn;
		error = netname_in(&nn, mh.msg_name, mh.msg_namelen);
	}
	if (error == 0)
		error = control_import(&sm, mh.msg_control, mh.msg_controllen);
	if (error != 0)
		return error;
	len = uio.uio_resid;
	error = sock_send(l, so, &sm);
	control_done(&sm);
	*retval = (long)(len - uio.uio_resid);
	return error;
}

/* What the program is told in its header. */
static int
put_msghdr(struct msghdr *umsg, const struct msghdr *mh,
    const struct sockmsg *sm)
{
	int flags = sm->sm_outflags | (sm->sm_flags & MSG_CMSG_CLOEXEC);
	size_t ctl = 0;

	if (mh->msg_name != NULL &&
	    netname_out(sm->sm_name, mh->msg_name, &umsg->msg_namelen) != 0)
		return EFAULT;
	if (mh->msg_control != NULL)
		ctl = (size_t)(sm->sm_ctl - (char *)mh->msg_control);
	if (copyout(&flags, &umsg->msg_flags, sizeof(flags)) != 0)
		return EFAULT;
	return copyout(&ctl, &umsg->msg_controllen, sizeof(ctl));
}

static int
recv_one(struct lwp *l, struct socket *so, struct msghdr *umsg, int flags,
    int *outflags, long *retval)
{
	struct netname nn = { .nn_len = 0 };
	struct msghdr mh;
	struct uio uio;
	struct sockmsg sm = { .sm_uio = &uio, .sm_flags = flags };
	size_t len;
	int error;

	error = get_msghdr(umsg, &mh, &uio, false);
	if (error != 0)
		return error;
	if (mh.msg_name != NULL)
		sm.sm_name = &nn;
	sm.sm_ctl = mh.msg_control;
	sm.sm_ctllen = mh.msg_control != NULL ? mh.msg_controllen : 0;
	len = uio.uio_resid;
	error = sock_ops(so)->so_recv(l, so, &sm);
	if (error == 0)
		error = put_msghdr(umsg, &mh, &sm);
	if (error == 0)
		*retval = (long)received(&sm, len);
	*outflags = sm.sm_outflags;
	return error;
}

int
sys_sendmsg(struct lwp *l, const struct sys_sendmsg_args *a, long *retval)
{
	int error, flags = a->flags;
	struct socket *so;
	struct file *f;

	if (flags & CMSG_COMPAT)
		return EINVAL;
	error = get_socket(l, a->sockfd, &f, &so, &flags);
	if (error != 0)
		return error;
	error = send_one(l, so, a->msg, flags, retval);
	fd_done(l, f, 0);
	return error;
}

int
sys_recvmsg(struct lwp *l, const struct sys_recvmsg_args *a, long *retval)
{
	int error, out, flags = a->flags;
	struct socket *so;
	struct file *f;

	if (flags & CMSG_COMPAT)
		return EINVAL;
	error = get_socket(l, a->sockfd, &f, &so, &flags);
	if (error != 0)
		return error;
	error = recv_one(l, so, a->msg, flags, &out, retval);
	fd_done(l, f, 0);
	return error;
}

/* --- Many at once --------------------------------------------------------- */

int
sys_sendmmsg(struct lwp *l, const struct sys_sendmmsg_args *a, long *retval)
{
	uint32_t i, n = kmin((uint32_t)a->vlen, (uint32_t)UIO_MAXIOV);
	int error, flags = a->flags;
	struct mmsghdr *m = a->msgvec;
	struct socket *so;
	unsigned int len;
	struct file *f;
	long done;

	if (flags & CMSG_COMPAT)
		return EINVAL;
	error = get_socket(l, a->sockfd, &f, &so, &flags);
	if (error != 0)
		return error;
	for (i = 0; i < n && error == 0; i++) {
		error = send_one(l, so, &m[i].msg_hdr, flags, &done);
		if (error != 0)
			break;
		len = (unsigned)done;
		error = copyout(&len, &m[i].msg_len, sizeof(len));
		if (error != 0)
			break;
	}
	fd_done(l, f, 0);
	*retval = i;
	return i != 0 ? 0 : error;
}

/* Receive until a message fails, or the time is over. */
static int
recv_many(struct lwp *l, struct socket *so, struct mmsghdr *m, uint32_t n,
    int flags, uint64_t until, uint32_t *got)
{
	unsigned int len;
	int error, out;
	long done;

	for (*got = 0; *got < n;) {
		error = recv_one(l, so, &m[*got].msg_hdr,
		    flags & ~MSG_WAITFORONE, &out, &done);
		if (error != 0)
			return error;
		len = (unsigned)done;
		if (copyout(&len, &m[*got].msg_len, sizeof(len)) != 0)
			return EFAULT;
		++*got;
		if (flags & MSG_WAITFORONE)
			flags |= MSG_DONTWAIT;
		if ((out & MSG_OOB) || rumpuser_monotonic() >= until)
			break;
	}
	return 0;
}

/* What is left of the time. */
static int
put_left(struct timespec *uts, uint64_t until)
{
	uint64_t now = rumpuser_monotonic(),
		 left = until > now ? until - now : 0;
	struct timespec ts = { .tv_sec = (long)(left / NSEC),
		.tv_nsec = (long)(left % NSEC) };

	return copyout(&ts, uts, sizeof(ts));
}

/* UINT64_MAX: no end. */
static int
get_until(const struct timespec *uts, uint64_t *until)
{
	uint64_t now = rumpuser_monotonic();
	struct timespec ts;

	*until = UINT64_MAX;
	if (uts == NULL)
		return 0;
	if (copyin(uts, &ts, sizeof(ts)) != 0)
		return EFAULT;
	if (ts.tv_sec < 0 || (uint64_t)ts.tv_nsec >= NSEC)
		return EINVAL;
	if ((uint64_t)ts.tv_sec < (INT64_MAX - now) / NSEC)
		*until = now + (uint64_t)ts.tv_sec * NSEC +
		    (uint64_t)ts.tv_nsec;
	else
		*until = INT64_MAX;
	return 0;
}

int
sys_recvmmsg(struct lwp *l, const struct sys_recvmmsg_args *a, long *retval)
{
	int error, flags = a->flags;
	struct timespec *uts = (struct timespec *)a->timeout;
	struct socket *so;
	uint32_t got = 0;
	uint64_t until;
	struct file *f;

	if (flags & CMSG_COMPAT)
		return EINVAL;
	error = get_until(uts, &until);
	if (error == 0)
		error = get_socket(l, a->sockfd, &f, &so, &flags);
	if (error != 0)
		return error;
	if (!(flags & MSG_ERRQUEUE))
		error = sock_takeerror(so);
	if (error == 0)
		error = recv_many(l, so, a->msgvec, a->vlen, flags, until,
		    &got);
	/* An error after some messages is told by the next call. */
	if (got != 0 && error != 0 && error != EAGAIN && error != KERESTART &&
	    so->so_conn == NULL)
		atomic_store(&so->so_error, error);
	fd_done(l, f, 0);
	if (got == 0)
		return error;
	*retval = got;
	return uts != NULL ? put_left(uts, until) : 0;
}
