/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sunpath: paths in the addresses of local sockets that are the rump kernel's.
 *
 * The kernel gets a path as it knows it, without the prefix, and the program
 * is told the path with the prefix.  A path of the host's leads to no socket of
 * this kernel.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "hijack/hijack.h"
#include "rumpkern/copy.h"
#include "syscalls/dispatch.h"

#define HOPS    40 /* as many as Linux follows symlinks */
#define PATH_AT offsetof(struct sockaddr_un, sun_path)

struct sunaddr {
	struct sockaddr_un sa_un;
	char sa_nul;
	uint32_t sa_len;
};

/* The program's address, if it is a local one with a path. */
static bool
get_path(const void *uaddr, uint32_t len, struct sunaddr *sa)
{

	if (uaddr == NULL || len <= PATH_AT || len > sizeof(sa->sa_un) ||
	    copyin(uaddr, &sa->sa_un, len) != 0 ||
	    sa->sa_un.sun_family != AF_UNIX || sa->sa_un.sun_path[0] == '\0')
		return false;
	((char *)&sa->sa_un)[len] = '\0';
	sa->sa_len = len;
	return true;
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

/* What becomes of a path of the host's. */
static long
at_host(long nr, const char *path)
{
	long ret;

	hj_trace_note("%s is the host's: no local socket of the rump kernel "
		      "can have this name",
	    path);
	if (nr == __NR_bind)
		return -ENOENT;
	ret = hj_host(__NR_access, path, 0);
	return ret < 0 ? ret : -ECONNREFUSED;
}

/* A call with a path: fn makes it, with the address the kernel is to get. */
static long
with_path(struct hj_frame *hf, struct sunaddr *sa,
    long (*fn)(struct hj_frame *, struct sunaddr *))
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
			return at_host(hf->hf_nr, path);
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
	uint32_t len;

	if (uaddr == NULL || copyin(ulen, &len, sizeof(len)) != 0 ||
	    len > room || !get_path(uaddr, len, &sa) || !to_program(&sa))
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
		if (get_path((void *)a[i], a[i + 1], &sa))
			return with_path(hf, &sa, call_with_address);
		break;
	case __NR_sendmsg:
		if (copyin((void *)a[1], &m, sizeof(m)) == 0 &&
		    get_path(m.msg_name, m.msg_namelen, &sa))
			return with_path(hf, &sa, call_sendmsg);
		break;
	case __NR_recvmsg:
		if (copyin((void *)a[1], &m, sizeof(m)) == 0 &&
		    m.msg_name != NULL)
			return told_address(hf, m.msg_name,
			    &((struct msghdr *)a[1])->msg_namelen);
		break;
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
