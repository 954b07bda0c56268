/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sunhost: local sockets of rump's and names that are the host's.
 *
 * Theory of operation
 *
 *	bind() to a path of the host's makes a node there by mknod(), so that
 *	programs find, change and remove it as they are used to; the kernel
 *	notes the node's number, made of its device, inode and birth.  Who
 *	connects or sends to a node that a socket of this kernel is bound to
 *	reaches that, under whatever name.
 *
 *	Any other node, and an abstract name that nobody has here, is the
 *	host's: somebody outside is bound to it, or nobody.  If somebody is,
 *	then the descriptor becomes a socket of the host's, with the
 *	options it had.  Only one that has neither name nor peer can.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "hijack/hijack.h"
#include "hijack/sunpath.h"
#include "hijack/transit.h"
#include "hijack/unix.h"
#include "rumpkern/copy.h"
#include "rumpnet/local.h"
#include "syscalls/dispatch.h"

#define PATH_AT offsetof(struct sockaddr_un, sun_path)

/* --- Nodes ---------------------------------------------------------------- */

static uint64_t
mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15UL;
	return h ^ h >> 29;
}

/* The number of the node at a path of the host's: 0 or a negative errno. */
static long
node_key(const char *path, int flags, uint64_t *key)
{
	struct statx st;
	uint64_t h;
	long ret;

	ret = hj_host(__NR_statx, AT_FDCWD, path, flags,
	    STATX_TYPE | STATX_INO | STATX_BTIME, &st);
	if (ret < 0)
		return ret;
	if (!S_ISSOCK(st.stx_mode))
		return -ECONNREFUSED;
	h = mix((uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor,
	    st.stx_ino);
	if (st.stx_mask & STATX_BTIME)
		h = mix(mix(h, st.stx_btime.tv_sec), st.stx_btime.tv_nsec);
	*key = h != 0 ? h : 1;
	return 0;
}

/* The socket of a descriptor, if it is a local one; pair with fd_done(). */
static struct socket *
local_socket(int fd, struct file **f)
{
	struct socket *so;

	if (sock_get(curlwp(), fd, f, &so) != 0)
		return NULL;
	if (so->so_family == AF_UNIX)
		return so;
	fd_done(curlwp(), *f, 0);
	return NULL;
}

bool
hj_sun_islocal(int fd)
{
	struct file *f;
	bool is = local_socket(fd, &f) != NULL;

	if (is)
		fd_done(curlwp(), f, 0);
	return is;
}

static long
make_node(struct socket *so, const struct sunaddr *given, const char *path)
{
	struct netname nn = { .nn_len = PATH_AT +
		    strlen(given->sa_un.sun_path) + 1 };
	uint64_t key;
	long ret;

	if (local_name(so) != NULL)
		return -EINVAL;
	ret = hj_host(__NR_mknodat, AT_FDCWD, path,
	    S_IFSOCK | KREAD(so->so_mode), 0);
	if (ret < 0)
		return ret == -EEXIST ? -EADDRINUSE : ret;
	nn.nn_un.sun_family = AF_UNIX;
	memcpy(nn.nn_un.sun_path, given->sa_un.sun_path,
	    kmin((size_t)nn.nn_len - PATH_AT, sizeof(nn.nn_un.sun_path)));
	ret = node_key(path, AT_SYMLINK_NOFOLLOW, &key);
	if (ret == 0)
		ret = -local_bindhost(so, &nn, key);
	if (ret < 0)
		hj_host(__NR_unlinkat, AT_FDCWD, path, 0);
	return ret;
}

static long
bind_host(int fd, const struct sunaddr *given, const char *path)
{
	struct file *f;
	struct socket *so = local_socket(fd, &f);
	long ret;

	if (so == NULL)
		return -EINVAL;
	ret = make_node(so, given, path);
	fd_done(curlwp(), f, 0);
	return ret;
}

/* --- Going to the host ---------------------------------------------------- */

/* The type of a socket that may become the host's; -1: it has to stay. */
static int
free_type(int fd)
{
	struct file *f;
	struct socket *so = local_socket(fd, &f);
	int type = -1;

	if (so == NULL)
		return -1;
	if (local_name(so) == NULL && KREAD(so->so_dpeer) == NULL &&
	    (KREAD(so->so_state) &
		(SS_LISTENS | SS_CONNECTED | SS_CONNECTING)) == 0)
		type = so->so_type;
	fd_done(curlwp(), f, 0);
	return type;
}

/* Options that were set go along. */
static void
carry_options(int fd, int s)
{
	static const int opts[] = { SO_SNDBUF, SO_RCVBUF, SO_PASSCRED,
		SO_SNDTIMEO, SO_RCVTIMEO };
	long flags, val[2];
	size_t i;
	int len;

	for (i = 0; i < nelem(opts); i++) {
		val[0] = val[1] = 0;
		len = i < 3 ? sizeof(int) : sizeof(val);
		if (sys_call(RSYS_getsockopt,
			(long[6]){ fd, SOL_SOCKET, opts[i], (long)val,
			    (long)&len }) < 0)
			continue;
		if (i < 2)
			val[0] /= 2; /* the host doubles it again */
		hj_host(__NR_setsockopt, s, SOL_SOCKET, opts[i], val, len);
	}
	flags = sys_call(RSYS_fcntl, (long[6]){ fd, F_GETFL });
	if (flags > 0)
		hj_host(__NR_fcntl, s, F_SETFL, flags & O_NONBLOCK);
}

/* The descriptor is the host's socket s from now on. */
static void
replace(int fd, int s)
{
	bool cloexec = fd_get_cloexec(curlwp(), fd) > 0;

	hj_trace_note("socket %d becomes the host's", fd);
	fd_close(curlwp(), fd);
	hj_host(__NR_dup3, s, fd, cloexec ? O_CLOEXEC : 0);
	hj_host(__NR_close, s);
}

static long
host_connect(int s, const struct sunaddr *sa)
{
	long ret;

	hj_leave();
	ret = hj_host(__NR_connect, s, &sa->sa_un, sa->sa_len);
	hj_enter();
	return ret;
}

/* The message goes to the host's address, by the host's socket. */
static long
host_send(struct hj_frame *hf, const struct sunaddr *sa)
{
	const long *a = hf->hf_args;
	struct msghdr m;
	long ret;

	if (hf->hf_nr == __NR_sendmsg &&
	    copyin((void *)a[1], &m, sizeof(m)) != 0)
		return -EFAULT;
	hj_leave();
	if (hf->hf_nr == __NR_sendmsg) {
		m.msg_name = (void *)&sa->sa_un;
		m.msg_namelen = sa->sa_len;
		ret = hj_unix_sendmsg(a[0], &m, a[2]);
	} else
		ret = hj_host(__NR_sendto, a[0], a[1], a[2], a[3], &sa->sa_un,
		    sa->sa_len);
	hj_enter();
	return ret;
}

/* The name is the host's: the call goes there, if anybody is there. */
static long
go_to_host(struct hj_frame *hf, const struct sunaddr *sa)
{
	static const uint16_t nobody[8] = { AF_UNSPEC };
	int fd = hf->hf_args[0], type = free_type(fd);
	long s, ret;

	if (type < 0) {
		hj_trace_note("socket %d has a name or a peer here: it cannot "
			      "become the host's",
		    fd);
		return -ECONNREFUSED;
	}
	if (hf->hf_nr != __NR_connect && type != SOCK_DGRAM)
		return sys_call(hj_callinfo[hf->hf_nr].hc_rsys, hf->hf_args);
	s = hj_beyond_limit(__NR_socket, AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (s < 0)
		return s;
	carry_options(fd, s);
	ret = host_connect(s, sa);
	if (ret < 0) {
		hj_host(__NR_close, s);
		return ret;
	}
	if (hf->hf_nr != __NR_connect)
		hj_host(__NR_connect, s, nobody, sizeof(nobody));
	replace(fd, s);
	return hf->hf_nr != __NR_connect ? host_send(hf, sa) : 0;
}

/* --- Entry points --------------------------------------------------------- */

long
hj_sun_host(struct hj_frame *hf, const struct sunaddr *given, const char *path,
    hj_sun_fn *fn)
{
	struct sunaddr to = { .sa_un.sun_family = AF_UNIX };
	size_t n = strlen(path);
	struct netname nn;
	uint64_t key;
	long ret;

	if (hf->hf_nr == __NR_bind)
		return bind_host(hf->hf_args[0], given, path);
	ret = node_key(path, 0, &key);
	if (ret == 0)
		ret = hj_host(__NR_faccessat2, AT_FDCWD, path, W_OK,
		    AT_EACCESS);
	if (ret < 0)
		return ret;
	if (local_ishost(key)) {
		local_hostname(key, &nn);
		memcpy(&to.sa_un, &nn.nn_un, sizeof(to.sa_un));
		to.sa_len = nn.nn_len;
		return fn(hf, &to);
	}
	if (n >= sizeof(to.sa_un.sun_path))
		return -ENAMETOOLONG;
	memcpy(to.sa_un.sun_path, path, n + 1);
	to.sa_len = PATH_AT + n + 1;
	return go_to_host(hf, &to);
}

long
hj_sun_elsewhere(struct hj_frame *hf, struct sunaddr *sa)
{
	return free_type(hf->hf_args[0]) < 0 ? -ECONNREFUSED :
					       go_to_host(hf, sa);
}
