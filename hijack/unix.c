/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unix: local sockets are the host's, but their names may be rump's.
 *
 * Theory of operation
 *
 *	bind() to a path in the rump kernel makes a node there (sockname.h) and
 *	binds the host's socket to an abstract name made of the arena, the
 *	node's number and the path as the program gave it.  Who connects or
 *	sends to a path finds the node, and so the abstract name; whether
 *	anybody is bound to that the host knows.  Where the host tells the
 *	name of a socket, the program gets the path that is in it.
 *
 *	Calls that can block are made outside the kernel (hj_leave), so that
 *	signals do what they do on the host; the host restarts them with the
 *	same arguments, which lie on this stack.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "hijack/hijack.h"
#include "hijack/unix.h"
#include "rumpkern/copy.h"
#include "rumpvfs/sockname.h"
#include "syscalls/dispatch.h"

#define HOPS       40   /* as many as Linux follows symlinks */
#define BIND_TRIES 1000 /* prototype_differs() is done by then */

/* --- Finding the socket of a path ----------------------------------------- */

bool
hj_unix_getpath(const void *uaddr, uint32_t len, struct addr *ad)
{

	if (uaddr == NULL || len <= UN_HEAD || len > UN_MAX ||
	    copyin(uaddr, ad->ad_bytes, len) != 0 || ad->ad_family != AF_UNIX ||
	    ad->ad_path[0] == '\0')
		return false;
	ad->ad_bytes[len] = '\0';
	ad->ad_len = len;
	return true;
}

bool
hj_unix_ispath(const void *uaddr, uint32_t len)
{
	struct addr ad;

	return uaddr != NULL && len > UN_HEAD && len <= UN_MAX &&
	    copyin(uaddr, ad.ad_bytes, UN_HEAD + 1) == 0 &&
	    ad.ad_family == AF_UNIX && ad.ad_path[0] != '\0';
}

static bool
sockopt_is(int fd, int opt, int want)
{
	int val = 0;
	int len = sizeof(val);

	return hj_host(__NR_getsockopt, fd, SOL_SOCKET, opt, &val, &len) == 0 &&
	    val == want;
}

/* Will the host look at this address?  If not it says why not. */
static bool
takes_path(int fd, long nr)
{

	if (!sockopt_is(fd, SO_DOMAIN, AF_UNIX))
		return false;
	return nr == __NR_bind || nr == __NR_connect ||
	    sockopt_is(fd, SO_TYPE, SOCK_DGRAM);
}

/* A node for fd, and the host's socket bound to its name: 0 or an errno. */
static int
bind_at(int fd, const char *path, struct sockname *sn, struct addr *out)
{
	long args[6] = { AT_FDCWD, (long)path }, ret;
	struct stat st;
	int error, i;

	/* The node has the mode of the socket: fchmod() before bind(). */
	ret = hj_host(__NR_fstat, fd, &st);
	if (ret < 0)
		return -ret;
	error = sockname_make(curlwp(), path, st.st_mode & 07777, sn);
	if (error != 0)
		return error;
	unixname_encode(sn, out);
	/* The name is new: only prototype_differs() can be in the way. */
	for (i = 0; i < BIND_TRIES; i++) {
		ret = hj_host(__NR_bind, fd, out, out->ad_len);
		if (ret != -EADDRINUSE)
			break;
	}
	if (ret < 0)
		sys_call(RSYS_unlinkat, args);
	return -ret;
}

/* The path has left the rump kernel: the host's address. */
static int
host_addr(const char *path, struct addr *out)
{
	size_t n = strlen(path);

	if (n > SOCKNAME_MAX)
		return ENAMETOOLONG;
	out->ad_family = AF_UNIX;
	memcpy(out->ad_path, path, n + 1);
	out->ad_len = UN_HEAD + kmin(n + 1, (size_t)SOCKNAME_MAX);
	return 0;
}

long
hj_unix_translate(int fd, long nr, const struct addr *in, struct addr *out)
{
	char *buf = curcpu()->c_hjpath[0], *again = curcpu()->c_hjpath[1];
	const char *path = in->ad_path, *rest;
	int dirfd = AT_FDCWD, error, hops, startfd;
	struct sockname sn;
	bool changed;

	for (hops = 0; hops < HOPS; hops++) {
		startfd = -1;
		switch (hj_path_where(&dirfd, path, buf, &changed, &error)) {
		case HJ_AT_ERROR:
			return error;
		case HJ_AT_HOST:
			if (error == 0 && buf[0] == '/')
				startfd = hj_path_procfd(buf, &rest);
			if (startfd < 0)
				return hops == 0 ? HJ_TO_HOST :
						   host_addr(path, out);
			path = rest;
			break;
		case HJ_AT_RUMP:
			path = changed ? buf : path;
			break;
		}
		if (hops == 0 && !takes_path(fd, nr))
			return HJ_TO_HOST;
		curcpu()->c_startfd = startfd + 1;
		if (nr == __NR_bind) {
			memcpy(sn.sn_bound, in->ad_path,
			    strlen(in->ad_path) + 1);
			error = bind_at(fd, path, &sn, out);
		} else {
			error = sockname_find(curlwp(), path, &sn);
			if (error == 0)
				unixname_encode(&sn, out);
		}
		curcpu()->c_startfd = 0;
		if (error != KEHOST)
			return error;
		error = hj_path_again(buf, again);
		if (error != 0)
			return error;
		path = again;
		dirfd = AT_FDCWD;
	}
	return ELOOP;
}

/*
 * The host keeps the abstract names of each type of socket apart, those of
 * paths it does not: is one of another type bound to this?  Then that is so
 * for a socket that tries to be.
 */
static bool
prototype_differs(int fd, const struct addr *ad)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	bool taken = false;
	long probe;
	size_t i;

	for (i = 0; i < nelem(types) && !taken; i++) {
		if (sockopt_is(fd, SO_TYPE, types[i]))
			continue;
		probe = hj_host(__NR_socket, AF_UNIX, types[i] | SOCK_CLOEXEC);
		if (probe < 0)
			return false;
		taken = hj_host(__NR_bind, probe, ad, ad->ad_len) ==
		    -EADDRINUSE;
		hj_host(__NR_close, probe);
	}
	return taken;
}

long
hj_unix_verdict(int fd, const struct addr *ad, long ret)
{

	if (ret == -ECONNREFUSED && ad->ad_path[0] == '\0' &&
	    prototype_differs(fd, ad))
		return -EPROTOTYPE;
	return ret;
}

static int
done(struct hj_frame *hf, long ret)
{

	hf->hf_ret = ret;
	return HJ_DONE;
}

/* bind, connect, sendto: the address is argument i, its length the next. */
static int
to_address(struct hj_frame *hf, int i)
{
	long a[6], error, ret;
	struct addr in, out;

	memcpy(a, hf->hf_args, sizeof(a));
	if (!hj_unix_getpath((void *)a[i], a[i + 1], &in))
		return HJ_HOST;
	hj_enter();
	error = hj_unix_translate(a[0], hf->hf_nr, &in, &out);
	hj_leave();
	if (error == HJ_TO_HOST)
		return HJ_HOST;
	if (error != 0) {
		ret = -error;
	} else if (hf->hf_nr == __NR_bind && out.ad_path[0] == '\0') {
		ret = 0;
	} else {
		a[i] = (long)&out;
		a[i + 1] = out.ad_len;
		ret = hj_unix_verdict(a[0], &out,
		    hj_host(hf->hf_nr, a[0], a[1], a[2], a[3], a[4], a[5]));
	}
	if (unlikely(hj.hp_tracefd >= 0))
		hj_trace(hj_callinfo[hf->hf_nr].hc_rsys, hf->hf_args, ret);
	return done(hf, ret);
}

/* --- Addresses the host tells --------------------------------------------- */

/* The program's room for an address is argument i, its length at the next. */
static int
from_address(struct hj_frame *hf, int i)
{
	void *uaddr = (void *)hf->hf_args[i];
	int *ulen = (int *)hf->hf_args[i + 1];
	struct addr ad;
	int room, len = ADDR_MAX;
	long a[6], ret;

	if (copyin(ulen, &room, sizeof(room)) != 0 || room < 0)
		return HJ_HOST;
	memcpy(a, hf->hf_args, sizeof(a));
	a[i] = (long)&ad;
	a[i + 1] = (long)&len;
	ret = hj_host(hf->hf_nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (ret < 0)
		return done(hf, ret);
	ad.ad_len = len;
	unixname_decode(&ad);
	if (copyout(&ad.ad_len, ulen, sizeof(*ulen)) != 0 ||
	    copyout(&ad, uaddr, kmin(ad.ad_len, (uint32_t)room)) != 0) {
		if (hf->hf_nr == __NR_accept || hf->hf_nr == __NR_accept4)
			hj_host(__NR_close, ret);
		ret = -EFAULT;
	}
	return done(hf, ret);
}

/* --- Entry points --------------------------------------------------------- */

bool
hj_unix_look(const struct hj_frame *hf)
{
	const long *a = hf->hf_args;

	switch (hf->hf_nr) {
	case __NR_bind:
	case __NR_connect:
		return hj_unix_ispath((void *)a[1], a[2]);
	case __NR_sendto:
		return a[4] != 0 && hj_unix_ispath((void *)a[4], a[5]);
	case __NR_recvfrom:
		return a[4] != 0;
	case __NR_sendmsg:
	case __NR_recvmsg:
		return hj_unix_msglook(hf->hf_nr, (void *)a[1]);
	case __NR_sendmmsg:
	case __NR_recvmmsg:
		return a[2] != 0;
	}
	return a[1] != 0;
}

int
hj_unix_call(struct hj_frame *hf)
{

	if (!hj_unix_look(hf))
		return HJ_HOST;
	switch (hf->hf_nr) {
	case __NR_bind:
	case __NR_connect:
		return to_address(hf, 1);
	case __NR_sendto:
		return to_address(hf, 4);
	case __NR_recvfrom:
		return from_address(hf, 4);
	case __NR_sendmsg:
	case __NR_sendmmsg:
	case __NR_recvmsg:
	case __NR_recvmmsg:
		return hj_unix_msgcall(hf);
	}
	return from_address(hf, 1);
}
