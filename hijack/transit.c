/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transit: rump descriptors in messages of the host's local sockets.
 *
 * Theory of operation
 *
 *	The file goes into the kernel's list of files in transit under a number,
 *	and the message carries in its place a token: a datagram socket of the
 *	host's bound to an abstract name made of the arena and the number.  A
 *	receiver of this kernel knows it by its name, takes the file, and puts
 *	a placeholder in the token's place; to anybody else it is a socket of
 *	no use.  A descriptor with a half at the host (an epoll set) sends that
 *	half to its token, in whose queue it lies.
 *
 *	Nobody tells that a message will never be received: its receiver closed,
 *	or died.  But its tokens are closed then, so a connect() to their names
 *	is refused.  While there are files in transit that is asked after each
 *	close, exec and wait, and by who sleeps long, a few at a time:
 *	hj_transit_sweep().
 *
 *	The token is bound before the entry is made, and closed after the entry
 *	was taken: so who sweeps never finds a live entry without a name.
 *	Names are those of one network namespace; the entry says which.
 *
 * A process that dies between the entry and the message leaves no token, and one
 * that dies with a file taken has it in hand.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "hijack/hijack.h"
#include "hijack/transit.h"
#include "hijack/unixname.h"
#include "lwproc/transit.h"
#include "rumpkern/copy.h"

#define SWEEP   32  /* looked at together */
#define MAX_FDS 256 /* more than a message can carry */

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* --- Tokens --------------------------------------------------------------- */

/* A call that makes a descriptor, where the soft limit must not be in the way. */
long
hj_beyond_limit(long nr, long a, long b, long c)
{
	long ret = hj_host(nr, a, b, c);
	struct rlimit64 old, high;

	if (ret != -EMFILE ||
	    hj_host(__NR_prlimit64, 0, RLIMIT_NOFILE, NULL, &old) < 0)
		return ret;
	high = old;
	high.rlim_cur = kmin(old.rlim_cur + MAX_FDS, (uint64_t)old.rlim_max);
	if (hj_host(__NR_prlimit64, 0, RLIMIT_NOFILE, &high, NULL) < 0)
		return ret;
	ret = hj_host(nr, a, b, c);
	hj_host(__NR_prlimit64, 0, RLIMIT_NOFILE, &old, NULL);
	return ret;
}

static long
make_socket(void)
{
	return hj_beyond_limit(__NR_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC,
	    0);
}

/* The network whose names a socket sees; 0: the host cannot tell. */
static uint64_t
where(int fd)
{
	uint64_t cookie = 0;
	int len = sizeof(cookie);

	hj_host(__NR_getsockopt, fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie,
	    &len);
	return cookie;
}

/* Does a file have a half at the host, which is its placeholder? */
static bool
has_half(const struct file *f)
{
	return f->f_type == FTYPE_EPOLL || f->f_type == FTYPE_INOTIFY;
}

union half {
	char ha_buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr ha_hdr;
};

static long
put_half(int token, const struct addr *ad, int fd)
{
	union half ha = { .ha_hdr = { CMSG_LEN(sizeof(int)), SOL_SOCKET,
			      SCM_RIGHTS } };
	struct msghdr m = { .msg_name = (void *)ad,
		.msg_namelen = ad->ad_len,
		.msg_control = ha.ha_buf,
		.msg_controllen = sizeof(ha) };

	memcpy(CMSG_DATA(&ha.ha_hdr), &fd, sizeof(fd));
	return hj_host(__NR_sendmsg, token, &m, MSG_DONTWAIT);
}

/* A descriptor of the half, or of the placeholder that all others share. */
static long
get_half(int token, const struct file *f)
{
	union half ha;
	struct msghdr m = { .msg_control = ha.ha_buf,
		.msg_controllen = sizeof(ha) };
	int fd;

	if (has_half(f) &&
	    hj_beyond_limit(__NR_recvmsg, token, (long)&m,
		MSG_PEEK | MSG_DONTWAIT | MSG_CMSG_CLOEXEC) >= 0 &&
	    m.msg_controllen >= CMSG_LEN(sizeof(int))) {
		memcpy(&fd, CMSG_DATA(&ha.ha_hdr), sizeof(fd));
		return fd;
	}
	return hj.hp_holder;
}

/* A token for a descriptor of rump's: it, or a negative errno. */
static long
make_token(int fd)
{
	struct file *f = fd_getfile(curlwp(), fd, 1);
	uint64_t number = 0;
	struct addr ad;
	long t, ret;

	if (f == NULL)
		return -EBADF;
	t = ret = make_socket();
	if (t == -EMFILE)
		ret = -ETOOMANYREFS;
	while (t >= 0) {
		number = transit_number();
		unixname_token(number, &ad);
		ret = hj_host(__NR_bind, t, &ad, ad.ad_len);
		if (ret != -EADDRINUSE)
			break;
	}
	if (ret == 0 && has_half(f))
		ret = put_half(t, &ad, fd);
	if (ret >= 0)
		ret = -transit_add(f, number, where(t));
	fd_done(curlwp(), f, 1);
	if (ret == 0)
		return t;
	if (t >= 0)
		hj_host(__NR_close, t);
	return ret;
}

static bool
is_token(int fd, uint64_t *number)
{
	struct addr ad;
	int len = ADDR_MAX;

	if (hj_host(__NR_getsockname, fd, &ad, &len) < 0)
		return false;
	ad.ad_len = len;
	return unixname_istoken(&ad, number);
}

/* --- Sending -------------------------------------------------------------- */

/* The header at an offset of control data, as the host finds it; or NULL. */
static struct cmsghdr *
header_at(char *ctl, size_t len, size_t at)
{
	struct cmsghdr *c = (struct cmsghdr *)(void *)(ctl + at);

	if (at > len || len - at < sizeof(*c) || c->cmsg_len < sizeof(*c) ||
	    c->cmsg_len > len - at)
		return NULL;
	return c;
}

static bool
has_fds(const struct cmsghdr *c)
{
	return c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS;
}

static size_t
count_of(const struct cmsghdr *c)
{
	return (c->cmsg_len - sizeof(*c)) / sizeof(int);
}

static long
pack_fds(int *fds, size_t n, struct hj_parcel *pa)
{
	long t;
	size_t i;

	for (i = 0; i < n; i++) {
		if (hj_fd_ours(fds[i]))
			return EBADF;
		if (!hj_fd_isrump(fds[i]))
			continue;
		if (pa->pa_n == HJ_PARCEL)
			return EINVAL;
		t = make_token(fds[i]);
		if (t < 0)
			return -t;
		pa->pa_fd[pa->pa_n++] = fds[i] = t;
	}
	return 0;
}

long
hj_transit_pack(char *ctl, size_t len, struct hj_parcel *pa)
{
	struct cmsghdr *c;
	long error = 0;
	size_t at;

	pa->pa_n = 0;
	hj_enter();
	for (at = 0; error == 0 && (c = header_at(ctl, len, at)) != NULL;
	     at += roundup2(c->cmsg_len, sizeof(size_t)))
		if (has_fds(c))
			error = pack_fds((int *)(void *)CMSG_DATA(c),
			    count_of(c), pa);
	hj_leave();
	if (error != 0)
		hj_transit_sent(pa, true);
	return error;
}

void
hj_transit_sent(struct hj_parcel *pa, bool failed)
{
	uint64_t number;
	struct file *f;
	int i;

	hj_enter();
	for (i = 0; i < pa->pa_n; i++) {
		if (failed && is_token(pa->pa_fd[i], &number)) {
			f = transit_take(number);
			if (f != NULL)
				file_rele(f);
		}
		hj_host(__NR_close, pa->pa_fd[i]);
	}
	hj_leave();
}

bool
hj_transit_wants(const char *ctl, size_t len)
{
	int fds[16];
	struct cmsghdr c;
	size_t at, i, n, some;

	for (at = 0; at <= len && len - at >= sizeof(c) &&
	     copyin(ctl + at, &c, sizeof(c)) == 0 && c.cmsg_len >= sizeof(c) &&
	     c.cmsg_len <= len - at;
	     at += roundup2(c.cmsg_len, sizeof(size_t))) {
		if (!has_fds(&c))
			continue;
		for (n = 0; n < count_of(&c); n += some) {
			some = kmin(count_of(&c) - n, nelem(fds));
			if (copyin(ctl + at + sizeof(c) + n * sizeof(int), fds,
				some * sizeof(int)) != 0)
				return false;
			for (i = 0; i < some; i++)
				if (hj_fd_isrump(fds[i]) || hj_fd_ours(fds[i]))
					return true;
		}
	}
	return false;
}

/* --- Receiving ------------------------------------------------------------ */

/* The file in hand becomes the token's number's. */
static void
put_file(struct file *f, int fd, bool cloexec)
{
	long half = get_half(fd, f);
	int error;

	hj_host(__NR_dup3, half, fd, cloexec ? O_CLOEXEC : 0);
	if (half != hj.hp_holder)
		hj_host(__NR_close, half);
	error = fd_install_at(curlwp(), f, fd, cloexec);
	if (error == 0)
		return;
	hj_trace_note("descriptor %d came in a message: error %d", fd, error);
	file_rele(f);
}

static void
unpack_fd(int fd, long flags)
{
	uint64_t number;
	struct file *f;

	if (!is_token(fd, &number))
		return;
	f = flags & MSG_PEEK ? transit_peek(number) : transit_take(number);
	if (f != NULL)
		put_file(f, fd, (flags & MSG_CMSG_CLOEXEC) != 0);
	else
		hj_trace_note("descriptor %d came in a message: its file was "
			      "received before",
		    fd);
}

void
hj_transit_unpack(const char *ctl, size_t len, int outflags, long flags)
{
	struct cmsghdr c;
	size_t at, i;
	int fd;

	hj_enter();
	for (at = 0; at <= len && len - at >= sizeof(c) &&
	     copyin(ctl + at, &c, sizeof(c)) == 0 && c.cmsg_len >= sizeof(c) &&
	     c.cmsg_len <= len - at;
	     at += roundup2(c.cmsg_len, sizeof(size_t))) {
		for (i = 0; has_fds(&c) && i < count_of(&c); i++)
			if (copyin(ctl + at + sizeof(c) + i * sizeof(int), &fd,
				sizeof(fd)) == 0)
				unpack_fd(fd, flags);
	}
	/* What was cut off is gone. */
	if ((outflags & MSG_CTRUNC) && !(flags & MSG_PEEK))
		hj_transit_sweep();
	hj_leave();
}

/* --- Messages for nobody -------------------------------------------------- */

static bool
is_gone(int probe, uint64_t number)
{
	struct addr ad;

	unixname_token(number, &ad);
	return hj_host(__NR_connect, probe, &ad, ad.ad_len) == -ECONNREFUSED;
}

void
hj_transit_sweep(void)
{
	struct transit_seen ts[SWEEP];
	struct file *f;
	uint32_t i, n;
	uint64_t here;
	long probe;

	if (likely(!transit_any()))
		return;
	probe = make_socket();
	if (probe < 0)
		return;
	here = where(probe);
	n = transit_look(ts, SWEEP);
	for (i = 0; i < n; i++) {
		if (ts[i].ts_where != here || !is_gone(probe, ts[i].ts_token))
			continue;
		f = transit_take(ts[i].ts_token);
		if (f != NULL)
			file_rele(f);
	}
	hj_host(__NR_close, probe);
}
