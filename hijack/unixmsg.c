/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unixmsg: messages over local sockets of the host's: their addresses (unix.c),
 * and the descriptors that come along with them (transit.c).
 *
 * Calls that can block are made outside the kernel, as in unix.c.
 */
#include <asm/unistd.h>
#include <sys/socket.h>

#include "hijack/hijack.h"
#include "hijack/transit.h"
#include "hijack/unix.h"
#include "rumpkern/copy.h"

#define MMSG_MAX 1024         /* UIO_MAXIOV: sendmmsg does no more at once */
#define CTL_MAX  (16UL << 10) /* control data with descriptors of rump's */

struct mmsg {
	struct msghdr mm_hdr;
	unsigned mm_len;
};

static int
done(struct hj_frame *hf, long ret)
{

	hf->hf_ret = ret;
	return HJ_DONE;
}

/* --- Sending -------------------------------------------------------------- */

static bool
has_control(const struct msghdr *m)
{
	return m->msg_control != NULL &&
	    m->msg_controllen >= CMSG_LEN(sizeof(int));
}

/* Send with tokens in the place of rump descriptors. */
static long
send_rights(int fd, struct msghdr *m, long flags)
{
	struct hj_parcel pa;
	long error, ret;
	char *ctl;

	if (m->msg_controllen > CTL_MAX)
		return -ENOBUFS;
	ctl = __builtin_alloca_with_align(m->msg_controllen, 64);
	if (copyin(m->msg_control, ctl, m->msg_controllen) != 0)
		return -EFAULT;
	m->msg_control = ctl;
	error = hj_transit_pack(ctl, m->msg_controllen, &pa);
	if (error != 0)
		return -error;
	ret = hj_host(__NR_sendmsg, fd, m, flags);
	hj_transit_sent(&pa, ret < 0);
	return ret;
}

long
hj_unix_sendmsg(int fd, const struct msghdr *um, long flags)
{
	struct addr in, out;
	struct msghdr m;
	bool named = false;
	long error, ret;

	if (copyin(um, &m, sizeof(m)) != 0)
		return -EFAULT;
	if (hj_unix_getpath(m.msg_name, m.msg_namelen, &in)) {
		hj_enter();
		error = hj_unix_translate(fd, __NR_sendmsg, &in, &out);
		hj_leave();
		if (error != 0 && error != HJ_TO_HOST)
			return -error;
		named = error == 0;
	}
	if (named) {
		m.msg_name = &out;
		m.msg_namelen = out.ad_len;
	}
	if (has_control(&m) &&
	    hj_transit_wants(m.msg_control, m.msg_controllen))
		ret = send_rights(fd, &m, flags);
	else
		ret = hj_host(__NR_sendmsg, fd, &m, flags);
	return named ? hj_unix_verdict(fd, &out, ret) : ret;
}

static long
send_mmsg(int fd, struct mmsg *uv, unsigned n, long flags)
{
	long ret = 0;
	unsigned i;

	n = kmin(n, (unsigned)MMSG_MAX);
	for (i = 0; i < n; i++) {
		ret = hj_unix_sendmsg(fd, &uv[i].mm_hdr, flags);
		if (ret < 0)
			break;
		if (copyout(&(unsigned){ ret }, &uv[i].mm_len,
			sizeof(unsigned)) != 0) {
			ret = -EFAULT;
			break;
		}
	}
	return i > 0 ? (long)i : ret;
}

/* sendmmsg one by one, if the host cannot do them all. */
static int
each_msg(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	struct mmsg *uv = (struct mmsg *)a[1];
	unsigned i, n = kmin((unsigned)a[2], (unsigned)MMSG_MAX);

	for (i = 0; i < n; i++)
		if (hj_unix_msglook(__NR_sendmsg, &uv[i].mm_hdr))
			return done(hf, send_mmsg(a[0], uv, n, a[3]));
	return HJ_HOST;
}

/* --- Receiving ------------------------------------------------------------ */

/* Tell the program what the host told us: 0 or -EFAULT. */
static long
put_told(struct msghdr *um, const struct msghdr *m, const struct msghdr *told,
    struct addr *ad)
{

	if (m->msg_name != NULL) {
		ad->ad_len = told->msg_namelen;
		unixname_decode(ad);
		if (copyout(ad, m->msg_name,
			kmin(ad->ad_len, m->msg_namelen)) != 0 ||
		    copyout(&ad->ad_len, &um->msg_namelen,
			sizeof(ad->ad_len)) != 0)
			return -EFAULT;
	}
	if (copyout(&told->msg_controllen, &um->msg_controllen,
		sizeof(told->msg_controllen)) != 0 ||
	    copyout(&told->msg_flags, &um->msg_flags,
		sizeof(told->msg_flags)) != 0)
		return -EFAULT;
	return 0;
}

static void
unpack(const struct msghdr *m, const struct msghdr *told, long flags)
{

	if (m->msg_control != NULL &&
	    (told->msg_controllen >= CMSG_LEN(sizeof(int)) ||
		(told->msg_flags & MSG_CTRUNC)))
		hj_transit_unpack(m->msg_control, told->msg_controllen,
		    told->msg_flags, flags);
}

static int
recv_msg(struct hj_frame *hf)
{
	struct msghdr *um = (struct msghdr *)hf->hf_args[1], m, told;
	struct addr ad;
	long ret, error;

	if (copyin(um, &m, sizeof(m)) != 0 || (int)m.msg_namelen < 0)
		return HJ_HOST;
	told = m;
	if (m.msg_name != NULL) {
		told.msg_name = &ad;
		told.msg_namelen = ADDR_MAX;
	}
	ret = hj_host(__NR_recvmsg, hf->hf_args[0], &told, hf->hf_args[2]);
	if (ret < 0)
		return done(hf, ret);
	unpack(&m, &told, hf->hf_args[2]);
	error = put_told(um, &m, &told, &ad);
	return done(hf, error != 0 ? error : ret);
}

/* A name of ours that had room is the program's path then. */
static void
rename_in_place(struct msghdr *um, const struct msghdr *m, uint32_t room)
{
	struct addr ad;

	if (m->msg_name == NULL || m->msg_namelen > room ||
	    copyin(m->msg_name, &ad, m->msg_namelen) != 0)
		return;
	ad.ad_len = m->msg_namelen;
	unixname_decode(&ad);
	if (ad.ad_len == m->msg_namelen)
		return;
	copyout(&ad, m->msg_name, kmin(ad.ad_len, room));
	copyout(&ad.ad_len, &um->msg_namelen, sizeof(ad.ad_len));
}

/* In place: the host has no other room for the messages. */
static int
recv_mmsg(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	struct mmsg *uv = (struct mmsg *)a[1];
	unsigned i, n = kmin((unsigned)a[2], (unsigned)MMSG_MAX);
	uint8_t room[MMSG_MAX];
	struct msghdr m;
	long ret;

	for (i = 0; i < n; i++) {
		room[i] = 0;
		if (copyin(&uv[i].mm_hdr, &m, sizeof(m)) == 0 &&
		    m.msg_name != NULL)
			room[i] = kmin(m.msg_namelen, (uint32_t)ADDR_MAX);
	}
	ret = hj_host(__NR_recvmmsg, a[0], a[1], a[2], a[3], a[4]);
	for (i = 0; ret > 0 && i < kmin((unsigned)ret, n); i++) {
		if (copyin(&uv[i].mm_hdr, &m, sizeof(m)) != 0)
			continue;
		unpack(&m, &m, a[3]);
		rename_in_place(&uv[i].mm_hdr, &m, room[i]);
	}
	return done(hf, ret);
}

/* --- Entry points --------------------------------------------------------- */

bool
hj_unix_msglook(long nr, const struct msghdr *um)
{
	struct msghdr m;

	if (copyin(um, &m, sizeof(m)) != 0)
		return false;
	if (nr == __NR_recvmsg)
		return m.msg_name != NULL || m.msg_control != NULL;
	return has_control(&m) || hj_unix_ispath(m.msg_name, m.msg_namelen);
}

int
hj_unix_msgcall(struct hj_frame *hf)
{
	const long *a = hf->hf_args;

	switch (hf->hf_nr) {
	case __NR_sendmsg:
		return done(hf, hj_unix_sendmsg(a[0], (void *)a[1], a[2]));
	case __NR_sendmmsg:
		return each_msg(hf);
	case __NR_recvmsg:
		return recv_msg(hf);
	}
	return recv_mmsg(hf);
}
