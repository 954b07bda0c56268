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
		error = hj_path_escape(buf);
		if (error != 0)
			return -error;
		memcpy(again, buf, strlen(buf) + 1);
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

/* The kernel has written an address; the program has so much room. */
static long
rename_out(void *uaddr, uint32_t *ulen, uint32_t room)
{
	struct sunaddr sa;
	uint16_t family;
	uint32_t len;

	if (uaddr == NULL || copyin(ulen, &len, sizeof(len)) != 0 ||
	    room < sizeof(family) || len < sizeof(family) ||
	    copyin(uaddr, &family, sizeof(family)) != 0)
		return 0;
	if (family == (AF_UNIX | LOCAL_HOSTED)) {
		family = AF_UNIX;
		return -copyout(&family, uaddr, sizeof(family));
	}
	if (len > room || !get_name(uaddr, len, &sa) || !is_path(&sa) ||
	    !to_program(&sa))
		return 0;
	if (copyout(&sa.sa_un, uaddr, kmin(sa.sa_len, room)) != 0 ||
	    copyout(&sa.sa_len, ulen, sizeof(sa.sa_len)) != 0)
		return -EFAULT;
	return 0;
}

static long
told_address(struct hj_frame *hf, void *uaddr, uint32_t *ulen)
{
	uint32_t room = 0;
	long ret;

	if (uaddr != NULL && copyin(ulen, &room, sizeof(room)) != 0)
		return -EFAULT;
	ret = sys_call(hj_callinfo[hf->hf_nr].hc_rsys, hf->hf_args);
	if (ret >= 0)
		rename_out(uaddr, ulen, room);
	return ret;
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
			room[i] = kmin(m.msg_namelen, 255U);
	}
	ret = sys_call(RSYS_recvmmsg, a);
	for (i = 0; ret > 0 && i < kmin((unsigned)ret, n); i++)
		if (copyin(&uv[i].mm_hdr, &m, sizeof(m)) == 0)
			rename_out(m.msg_name, &uv[i].mm_hdr.msg_namelen,
			    room[i]);
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
		if (copyin((void *)a[1], &m, sizeof(m)) == 0 &&
		    m.msg_name != NULL)
			return told_address(hf, m.msg_name,
			    &((struct msghdr *)a[1])->msg_namelen);
		break;
	case __NR_sendmmsg:
		return send_many(hf);
	case __NR_recvmmsg:
		return receive_many(hf);
	case __NR_recvfrom:
		return told_address(hf, (void *)a[4], (void *)a[5]);
	case __NR_accept:
	case __NR_accept4:
	case __NR_getsockname:
	case __NR_getpeername:
		return told_address(hf, (void *)a[1], (void *)a[2]);
	}
	return sys_call(hj_callinfo[hf->hf_nr].hc_rsys, a);
}
