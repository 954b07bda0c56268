/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sunpath: paths in the addresses of local sockets that are the rump kernel's.
 *
 * The kernel gets a path as it knows it, without the prefix, and the program
 * is told the path with the prefix.  What is not the rump kernel's is up to
 * sunhost.c.
 */
#include <asm/unistd.h>
#include <fcntl.h>

#include "hijack/hijack.h"
#include "hijack/sunpath.h"
#include "rumpkern/copy.h"
#include "rumpnet/local.h"
#include "syscalls/dispatch.h"

#define HOPS    40 /* as many as Linux follows symlinks */
#define PATH_AT offsetof(struct sockaddr_un, sun_path)
#define MSG_MAX 1024 /* UIO_MAXIOV: no more at once */

struct mmsg {
	struct msghdr mm_hdr;
	unsigned mm_len;
};

/* The program's address, if it is a local one with a name. */
static bool
get_name(const void *uaddr, uint32_t len, struct sunaddr *sa)
{

	if (uaddr == NULL || len <= PATH_AT || len > sizeof(sa->sa_un) ||
	    copyin(uaddr, &sa->sa_un, len) != 0 ||
	    sa->sa_un.sun_family != AF_UNIX)
		return false;
	((char *)&sa->sa_un)[len] = '\0';
	sa->sa_len = len;
	return true;
}

static bool
is_path(const struct sunaddr *sa)
{

	return sa->sa_un.sun_path[0] != '\0';
}

static long
put_path(struct sunaddr *sa, const char *path)
{
	size_t n = strlen(path);

	if (n >= sizeof(sa->sa_un.sun_path))
		return -ENAMETOOLONG;
	memcpy(sa->sa_un.sun_path, path, n + 1);
	sa->sa_len = PATH_AT + n + 1;
	return 0;
}

/* A call with a path: fn makes it, with the address the kernel is to get. */
static long
with_path(struct hj_frame *hf, struct sunaddr *sa, hj_sun_fn *fn)
{
	char *buf = curcpu()->c_hjpath[0], *again = curcpu()->c_hjpath[1];
	const char *path = sa->sa_un.sun_path;
	struct sunaddr to = *sa;
	int dirfd = AT_FDCWD, error, hops;
	bool changed;
	long ret;

	for (hops = 0; hops < HOPS; hops++) {
		switch (hj_path_where(&dirfd, path, buf, &changed, &error)) {
		case HJ_AT_ERROR:
			return -error;
		case HJ_AT_HOST:
			return hj_sun_host(hf, sa, path, fn);
		case HJ_AT_RUMP:
			break;
		}
		ret = put_path(&to, changed ? buf : path);
		if (ret == 0)
			ret = fn(hf, &to);
		if (ret != -KEHOST)
			return ret;
		error = hj_path_again(buf, again);
		if (error != 0)
			return -error;
		path = again;
		dirfd = AT_FDCWD;
	}
	return -ELOOP;
}

/* A call with a name; an abstract one that nobody has here may be outside. */
static long
with_name(struct hj_frame *hf, struct sunaddr *sa, hj_sun_fn *fn)
{
	long ret;

	if (!hj_sun_islocal(hf->hf_args[0]))
		return sys_call(hj_callinfo[hf->hf_nr].hc_rsys, hf->hf_args);
	if (is_path(sa))
		return with_path(hf, sa, fn);
	ret = fn(hf, sa);
	if (ret == -ECONNREFUSED && hf->hf_nr != __NR_bind)
		ret = hj_sun_elsewhere(hf, sa);
	return ret;
}

static int
address_at(const struct hj_frame *hf)
{

	return hf->hf_nr == __NR_sendto ? 4 : 1;
}

static long
call_with_address(struct hj_frame *hf, struct sunaddr *to)
{
	int i = address_at(hf);
	long a[6];

	memcpy(a, hf->hf_args, sizeof(a));
	a[i] = (long)&to->sa_un;
	a[i + 1] = to->sa_len;
	return sys_call(hj_callinfo[hf->hf_nr].hc_rsys, a);
}

static long
call_sendmsg(struct hj_frame *hf, struct sunaddr *to)
{
	long a[6];
	struct msghdr m;

	memcpy(a, hf->hf_args, sizeof(a));
	if (copyin((void *)a[1], &m, sizeof(m)) != 0)
		return -EFAULT;
	m.msg_name = &to->sa_un;
	m.msg_namelen = to->sa_len;
	a[1] = (long)&m;
	return sys_call(RSYS_sendmsg, a);
}

/* --- Names the kernel tells ------------------------------------------------ */

/* The kernel's absolute path as the program's; false: it is the same. */
static bool
to_program(struct sunaddr *sa)
{
	const char *path = sa->sa_un.sun_path;
	const struct hj_prefix *px, *strip = NULL;
	size_t n = strlen(path);
	int i;

	for (i = 0; i < hj.hp_spec.sp_nprefix; i++) {
		px = &hj.hp_spec.sp_prefix[i];
		if (px->px_strip)
			strip = px;
		else if (strncmp(path, px->px_path, px->px_len) == 0 &&
		    (path[px->px_len] == '/' || path[px->px_len] == '\0'))
			return false;
	}
	if (path[0] != '/' || strip == NULL ||
	    n + strip->px_len >= sizeof(sa->sa_un.sun_path))
		return false;
	memmove(sa->sa_un.sun_path + strip->px_len, path, n + 1);
	memcpy(sa->sa_un.sun_path, strip->px_path, strip->px_len);
	sa->sa_len = PATH_AT + n + strip->px_len + 1;
	return true;
}

/* An address as the kernel tells it, with room for any. */
struct told {
	char td_raw[sizeof(struct sockaddr_storage)];
	uint32_t td_len;
};

/* ... becomes what the program is told. */
static void
rename_told(struct told *td)
{
	struct sunaddr sa;
	uint16_t family;

	if (td->td_len <= PATH_AT || td->td_len > sizeof(sa.sa_un))
		return;
	memcpy(&family, td->td_raw, sizeof(family));
	if (family == (AF_UNIX | LOCAL_HOSTED)) {
		family = AF_UNIX;
		memcpy(td->td_raw, &family, sizeof(family));
	} else if (get_name(td->td_raw, td->td_len, &sa) && is_path(&sa) &&
	    to_program(&sa)) {
		memcpy(td->td_raw, &sa.sa_un, sizeof(sa.sa_un));
		td->td_len = sa.sa_len;
	}
}

static long
put_told(const struct told *td, void *uaddr, uint32_t *ulen, int32_t room)
{

	if (copyout(td->td_raw, uaddr, kmin((uint32_t)room, td->td_len)) != 0 ||
	    copyout(&td->td_len, ulen, sizeof(td->td_len)) != 0)
		return -EFAULT;
	return 0;
}

/* The program's room for an address is argument i, its length the next. */
static long
told_address(struct hj_frame *hf, int i)
{
	void *uaddr = (void *)hf->hf_args[i];
	uint32_t *ulen = (uint32_t *)hf->hf_args[i + 1];
	struct told td = { .td_len = sizeof(td.td_raw) };
	long a[6], ret, error;
	int32_t room;

	memcpy(a, hf->hf_args, sizeof(a));
	if (uaddr == NULL)
		return sys_call(hj_callinfo[hf->hf_nr].hc_rsys, a);
	a[i] = (long)td.td_raw;
	a[i + 1] = (long)&td.td_len;
	ret = sys_call(hj_callinfo[hf->hf_nr].hc_rsys, a);
	if (ret < 0)
		return ret;
	rename_told(&td);
	if (copyin(ulen, &room, sizeof(room)) != 0)
		error = -EFAULT;
	else if (room < 0)
		error = -EINVAL;
	else
		error = put_told(&td, uaddr, ulen, room);
	if (error != 0 &&
	    (hf->hf_nr == __NR_accept || hf->hf_nr == __NR_accept4)) {
		fd_close(curlwp(), ret);
		hj_host(__NR_close, ret);
	}
	return error != 0 ? error : ret;
}

/* SO_PEERNAME: never more than the name, and cut off at the room. */
static long
told_option(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	struct told td = { .td_len = sizeof(td.td_raw) };
	uint32_t *ulen = (uint32_t *)a[4];
	int32_t room;
	long ret;

	if (a[1] != SOL_SOCKET || a[2] != SO_PEERNAME || !hj_sun_islocal(a[0]))
		return sys_call(RSYS_getsockopt, a);
	if (copyin(ulen, &room, sizeof(room)) != 0)
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	ret = sys_call(RSYS_getpeername,
	    (long[6]){ a[0], (long)td.td_raw, (long)&td.td_len });
	if (ret < 0)
		return ret;
	rename_told(&td);
	if (td.td_len < (uint32_t)room)
		return -EINVAL;
	if (copyout(td.td_raw, (void *)a[3], room) != 0 ||
	    copyout(&room, ulen, sizeof(room)) != 0)
		return -EFAULT;
	return 0;
}

static long
told_message(struct hj_frame *hf, struct msghdr *um, struct msghdr *m)
{
	struct told td = { .td_len = 0 };
	void *uaddr = m->msg_name;
	int32_t room = m->msg_namelen;
	long a[6], ret, error;

	memcpy(a, hf->hf_args, sizeof(a));
	if (uaddr == NULL || room < 0)
		return sys_call(RSYS_recvmsg, a);
	m->msg_name = td.td_raw;
	m->msg_namelen = sizeof(td.td_raw);
	a[1] = (long)m;
	ret = sys_call(RSYS_recvmsg, a);
	if (ret < 0)
		return ret;
	td.td_len = m->msg_namelen;
	rename_told(&td);
	error = put_told(&td, uaddr, &um->msg_namelen, room);
	if (error == 0 &&
	    (copyout(&m->msg_controllen, &um->msg_controllen,
		 sizeof(m->msg_controllen)) != 0 ||
		copyout(&m->msg_flags, &um->msg_flags, sizeof(m->msg_flags)) !=
		    0))
		error = -EFAULT;
	return error != 0 ? error : ret;
}

/* In place: a name that was cut off stays as it is. */
static void
rename_in_place(struct msghdr *um, uint32_t room)
{
	struct msghdr m;
	struct told td;

	if (copyin(um, &m, sizeof(m)) != 0 || m.msg_name == NULL ||
	    m.msg_namelen > room ||
	    copyin(m.msg_name, td.td_raw, m.msg_namelen) != 0)
		return;
	td.td_len = m.msg_namelen;
	rename_told(&td);
	put_told(&td, m.msg_name, &um->msg_namelen, room);
}

/* --- Many messages -------------------------------------------------------- */

/* Does one of n messages have a name to be looked at? */
static bool
any_named(struct mmsg *uv, unsigned n)
{
	struct sunaddr sa;
	struct msghdr m;
	unsigned i;

	for (i = 0; i < n; i++)
		if (copyin(&uv[i].mm_hdr, &m, sizeof(m)) == 0 &&
		    get_name(m.msg_name, m.msg_namelen, &sa))
			return true;
	return false;
}

static long
send_many(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	struct mmsg *uv = (struct mmsg *)a[1];
	unsigned i, n = kmin((unsigned)a[2], (unsigned)MSG_MAX);
	struct hj_frame one = *hf;
	long ret = 0;

	if (!any_named(uv, n))
		return sys_call(RSYS_sendmmsg, a);
	one.hf_nr = __NR_sendmsg;
	one.hf_args[2] = a[3];
	for (i = 0; i < n && ret >= 0; i++) {
		one.hf_args[1] = (long)&uv[i].mm_hdr;
		ret = hj_local_call(&one);
		if (ret >= 0 &&
		    copyout(&(unsigned){ ret }, &uv[i].mm_len,
			sizeof(unsigned)) != 0)
			ret = -EFAULT;
		if (ret < 0)
			break;
	}
	return i > 0 ? (long)i : ret;
}

static long
receive_many(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	struct mmsg *uv = (struct mmsg *)a[1];
	unsigned i, n = kmin((unsigned)a[2], (unsigned)MSG_MAX);
	uint8_t room[MSG_MAX];
	struct msghdr m;
	long ret;

	for (i = 0; i < n; i++) {
		room[i] = 0;
		if (copyin(&uv[i].mm_hdr, &m, sizeof(m)) == 0)
			room[i] = kmin(m.msg_namelen,
			    (uint32_t)sizeof(struct sockaddr_storage));
	}
	ret = sys_call(RSYS_recvmmsg, a);
	for (i = 0; ret > 0 && i < kmin((unsigned)ret, n); i++)
		rename_in_place(&uv[i].mm_hdr, room[i]);
	return ret;
}

/* --- Entry point ------------------------------------------------------------ */

long
hj_local_call(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	int i = address_at(hf);
	struct sunaddr sa;
	struct msghdr m;

	if (!hj_family_isrump(AF_UNIX))
		return sys_call(hj_callinfo[hf->hf_nr].hc_rsys, a);
	switch (hf->hf_nr) {
	case __NR_bind:
	case __NR_connect:
	case __NR_sendto:
		if (get_name((void *)a[i], a[i + 1], &sa))
			return with_name(hf, &sa, call_with_address);
		break;
	case __NR_sendmsg:
		if (copyin((void *)a[1], &m, sizeof(m)) == 0 &&
		    get_name(m.msg_name, m.msg_namelen, &sa))
			return with_name(hf, &sa, call_sendmsg);
		break;
	case __NR_recvmsg:
		if (copyin((void *)a[1], &m, sizeof(m)) == 0)
			return told_message(hf, (struct msghdr *)a[1], &m);
		break;
	case __NR_sendmmsg:
		return send_many(hf);
	case __NR_recvmmsg:
		return receive_many(hf);
	case __NR_recvfrom:
		return told_address(hf, 4);
	case __NR_accept:
	case __NR_accept4:
	case __NR_getsockname:
	case __NR_getpeername:
		return told_address(hf, 1);
	case __NR_getsockopt:
		return told_option(hf);
	}
	return sys_call(hj_callinfo[hf->hf_nr].hc_rsys, a);
}
