/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sendfile, copy_file_range, splice and tee when a rump file is in it: within
 * the kernel if both are rump's, else through a buffer between the two.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "hijack/hijack.h"
#include "rumpkern/copy.h"
#include "rumpkern/page.h"
#include "rumpvfs/filerw.h"
#include "syscalls/dispatch.h"

#define CHUNK     4096
#define BIG_ORDER 4 /* pages of a buffer between files */
#define SPLICE_ALL \
	(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)

/* One side of a transfer. */
struct side {
	int s_fd;
	bool s_rump;
	int64_t s_off;   /* -1: the file's own offset */
	int64_t *s_uoff; /* where the program keeps it */
	bool s_nowait;   /* rump: read only what is there */
};

static long
side_init(struct side *s, int fd, void *uoff)
{

	s->s_fd = fd;
	s->s_rump = hj_fd_isrump(fd);
	s->s_off = -1;
	s->s_nowait = false;
	s->s_uoff = uoff;
	if (uoff != NULL && copyin(uoff, &s->s_off, sizeof(s->s_off)) != 0)
		return -EFAULT;
	if (uoff != NULL && s->s_off < 0)
		return -EINVAL;
	return 0;
}

/* Read or write; a host's descriptor may block: signals are let in. */
static long
side_io(struct side *s, bool write, char *buf, size_t n)
{
	long args[6] = { s->s_fd, (long)buf, n, s->s_off }, ret = 0;
	int error;

	if (s->s_rump && s->s_off < 0) {
		error = filerw_splice(curlwp(), s->s_fd, write, buf, n,
		    !write && s->s_nowait, &ret);
		ret = error != 0 ? -error : ret;
	} else if (s->s_rump) {
		ret = sys_call(write ? RSYS_pwrite64 : RSYS_pread64, args);
	} else {
		hj_leave();
		if (s->s_off >= 0)
			ret = hj_host(write ? __NR_pwrite64 : __NR_pread64,
			    args[0], args[1], args[2], args[3]);
		else
			ret = hj_host(write ? __NR_write : __NR_read, args[0],
			    args[1], args[2]);
		hj_enter();
	}
	if (ret > 0 && s->s_off >= 0)
		s->s_off += ret;
	return ret;
}

/* What was read and could not be written goes back. */
static void
unread(struct side *s, long n)
{
	long args[6] = { s->s_fd, -n, SEEK_CUR };

	if (s->s_off >= 0)
		s->s_off -= n;
	else if (s->s_rump)
		sys_call(RSYS_lseek, args);
	else
		hj_host(__NR_lseek, args[0], args[1], args[2]);
}

static long
side_done(struct side *s)
{

	if (s->s_uoff != NULL &&
	    copyout(&s->s_off, s->s_uoff, sizeof(s->s_off)) != 0)
		return -EFAULT;
	return 0;
}

/* The file status flags of a side, or -EBADF. */
static long
side_flags(const struct side *s)
{
	long args[6] = { s->s_fd, F_GETFL };

	if (hj_fd_ours(s->s_fd))
		return -EBADF;
	return s->s_rump ? sys_call(RSYS_fcntl, args) :
			   hj_host(__NR_fcntl, s->s_fd, F_GETFL);
}

static bool
is_type(const struct side *s, unsigned type)
{
	struct stat st;
	long args[6] = { s->s_fd, (long)&st };
	long ret;

	ret = s->s_rump ? sys_call(RSYS_fstat, args) :
			  hj_host(__NR_fstat, s->s_fd, &st);
	return ret == 0 && (st.st_mode & S_IFMT) == type;
}

/* Is there something to read (write: room) without waiting? */
static bool
side_ready(const struct side *s, bool write)
{
	struct pollfd pf = { s->s_fd, write ? POLLOUT : POLLIN, 0 };
	long left = 0, args[6] = { s->s_fd, FIONREAD, (long)&left };

	if (s->s_rump)
		return write || (sys_call(RSYS_ioctl, args) == 0 && left > 0);
	return hj_host(__NR_poll, &pf, 1, 0) > 0;
}

/*
 * Only what can be put back is read ahead of a sink that may take less; a
 * source that may have no more is not waited for once there was some.
 */
static long
transfer_by(struct side *in, struct side *out, size_t count, bool seekable,
    char *buf, size_t size)
{
	size_t total = 0;
	long n = 0, w = 0;

	while (total < count) {
		if (total > 0 && !seekable && !side_ready(in, false))
			break;
		n = side_io(in, false, buf, kmin(count - total, size));
		if (n <= 0)
			break;
		w = side_io(out, true, buf, n);
		if (w < n && seekable)
			unread(in, n - (w > 0 ? w : 0));
		if (w <= 0)
			break;
		total += w;
		if (w < n)
			break;
	}
	return total == 0 && (n < 0 || w < 0) ? (n < 0 ? n : w) : (long)total;
}

static long
transfer(struct side *in, struct side *out, size_t count, bool seekable)
{
	char small[CHUNK], *big = NULL;
	long n;

	count = kmin(count, 0x7ffff000UL);
	if (count > CHUNK && seekable &&
	    (is_type(out, S_IFREG) || is_type(out, S_IFSOCK)))
		big = page_alloc(BIG_ORDER);
	if (big != NULL) {
		n = transfer_by(in, out, count, seekable, big,
		    KPAGE_SIZE << BIG_ORDER);
		page_free(big);
	} else {
		n = transfer_by(in, out, count, seekable, small, CHUNK);
	}
	if (n >= 0 && (side_done(in) != 0 || side_done(out) != 0))
		return -EFAULT;
	return n;
}

/* How much goes into a pipe for certain; 4096 where there is room at all. */
static size_t
pipe_room(const struct side *s)
{
	int used = 0;
	long args[6] = { s->s_fd, F_GETPIPE_SZ }, size;
	long left[6] = { s->s_fd, FIONREAD, (long)&used };

	if (s->s_rump) {
		size = sys_call(RSYS_fcntl, args);
		sys_call(RSYS_ioctl, left);
	} else {
		size = hj_host(__NR_fcntl, s->s_fd, F_GETPIPE_SZ);
		hj_host(__NR_ioctl, s->s_fd, FIONREAD, &used);
	}
	/* Its pages may have a byte each; who does not wait gets one. */
	if (used != 0 && !s->s_rump && (side_flags(s) & O_NONBLOCK))
		return CHUNK;
	size -= s->s_rump ? used : (long)roundup2((size_t)used, CHUNK);
	return kmax(size, (long)CHUNK);
}

static long
await_room(const struct side *s)
{
	struct pollfd pf = { s->s_fd, POLLOUT, 0 };
	long ret;

	if (s->s_rump)
		return 0;
	if (side_flags(s) & O_NONBLOCK)
		return side_ready(s, true) ? 0 : -EAGAIN;
	hj_leave();
	ret = hj_host(__NR_poll, &pf, 1, -1);
	hj_enter();
	return ret < 0 ? ret : 0;
}

/*
 * A socket is read once: what is there, or a message, of which the rest is
 * lost.  Nothing can be put back; so there is room first.
 */
static long
from_socket(struct side *in, struct side *out, size_t count)
{
	char small[CHUNK], *buf = NULL;
	long n, w;

	n = await_room(out);
	if (n != 0)
		return n;
	count = kmin(count, pipe_room(out));
	if (count > CHUNK)
		buf = page_alloc(BIG_ORDER);
	count = kmin(count,
	    (size_t)(buf != NULL ? KPAGE_SIZE << BIG_ORDER : CHUNK));
	n = side_io(in, false, buf != NULL ? buf : small, count);
	w = n <= 0 ? n : side_io(out, true, buf != NULL ? buf : small, n);
	if (buf != NULL)
		page_free(buf);
	return w;
}

/* One end is a pipe, the other a file, and they are of two kernels. */
static long
do_splice(struct side *in, struct side *out, size_t len, unsigned flags)
{
	bool inpipe = is_type(in, S_IFIFO), outpipe = is_type(out, S_IFIFO);

	if ((!inpipe && !outpipe) || (!outpipe && (side_flags(out) & O_APPEND)))
		return -EINVAL;
	if ((inpipe && in->s_uoff != NULL) || (outpipe && out->s_uoff != NULL))
		return -ESPIPE;
	if (is_type(inpipe ? out : in, S_IFDIR) ||
	    ((long)len < 0 && !(inpipe && outpipe)))
		return -EINVAL;
	if (flags & SPLICE_F_NONBLOCK) {
		/* A pipe of rump's may be at its end, which is no waiting. */
		if (in->s_rump)
			in->s_nowait = true;
		else if (inpipe && !side_ready(in, false))
			return -EAGAIN;
		if (outpipe && !side_ready(out, true))
			return -EAGAIN;
	}
	if (is_type(in, S_IFSOCK))
		return from_socket(in, out, len);
	return transfer(in, out, len, !inpipe);
}

static long
do_sendfile(struct side *in, struct side *out, size_t count)
{
	bool seekable = is_type(in, S_IFREG) || is_type(in, S_IFBLK) ||
	    is_type(in, S_IFCHR);

	if (!seekable && in->s_uoff != NULL)
		return -ESPIPE;
	if (!seekable || (long)count < 0 ||
	    (!is_type(out, S_IFIFO) && (side_flags(out) & O_APPEND)))
		return -EINVAL;
	return transfer(in, out, count, seekable);
}

static long
check_side(const struct side *s, bool write)
{
	long flags = side_flags(s);

	if (flags < 0 || (flags & O_PATH) ||
	    (flags & O_ACCMODE) == (write ? O_RDONLY : O_WRONLY) ||
	    (flags & O_ACCMODE) == O_ACCMODE)
		return -EBADF;
	return 0;
}

/* What both sides must be before anything else is looked at. */
static long
check_sides(const struct side *in, const struct side *out)
{
	long error = check_side(in, false);

	return error != 0 ? error : check_side(out, true);
}

/* Where a side stands: 0 for what has no places. */
static int64_t
side_offset(const struct side *s)
{
	long args[6] = { s->s_fd, 0, SEEK_CUR }, ret;

	if (s->s_off >= 0)
		return s->s_off;
	ret = s->s_rump ? sys_call(RSYS_lseek, args) :
			  hj_host(__NR_lseek, s->s_fd, 0, SEEK_CUR);
	return ret > 0 ? ret : 0;
}

/* sendfile looks at all of its source before its sink. */
static long
check_sendfile(const struct side *in, const struct side *out, size_t count)
{
	long error = check_side(in, false);

	if (error != 0)
		return error;
	if (in->s_uoff != NULL && is_type(in, S_IFIFO))
		return -ESPIPE;
	if ((in->s_uoff != NULL && in->s_off < 0) ||
	    count > (size_t)(INT64_MAX - side_offset(in)))
		return -EINVAL;
	return check_side(out, true);
}

/* splice: error is what the offsets' pointers gave. */
static long
check_splice(const struct side *in, const struct side *out, long error)
{
	long fl = side_flags(in), ofl = side_flags(out), berror;

	if (fl < 0 || ofl < 0 || ((fl | ofl) & O_PATH))
		return -EBADF;
	if ((in->s_uoff != NULL && is_type(in, S_IFIFO)) ||
	    (out->s_uoff != NULL && is_type(out, S_IFIFO)))
		return -ESPIPE;
	if (error == -EFAULT)
		return error;
	berror = check_sides(in, out);
	if (berror == 0 &&
	    ((in->s_uoff != NULL && is_type(in, S_IFSOCK)) ||
		(out->s_uoff != NULL && is_type(out, S_IFSOCK))))
		return -EINVAL;
	return berror != 0 ? berror : error;
}

long
hj_sys_xfer(struct hj_frame *hf)
{
	const struct hj_callinfo *ci = &hj_callinfo[hf->hf_nr];
	const long *a = hf->hf_args;
	struct side in, out;
	long error, berror;

	if ((hf->hf_nr == __NR_splice && a[4] == 0) ||
	    (hf->hf_nr == __NR_tee && a[2] == 0 && !(a[3] & ~SPLICE_ALL)))
		return 0;
	if ((hf->hf_nr == __NR_splice && ((unsigned)a[5] & ~SPLICE_ALL)) ||
	    (hf->hf_nr == __NR_tee && ((unsigned)a[3] & ~SPLICE_ALL)))
		return -EINVAL;
	switch (hf->hf_nr) {
	case __NR_sendfile:
		error = side_init(&in, a[1], (void *)a[2]);
		side_init(&out, a[0], NULL);
		break;
	case __NR_copy_file_range:
	case __NR_splice:
		error = side_init(&in, a[0], (void *)a[1]);
		berror = side_init(&out, a[2], (void *)a[3]);
		if (error == 0)
			error = berror;
		break;
	default:
		error = side_init(&in, a[0], NULL);
		side_init(&out, a[1], NULL);
		break;
	}
	if (hj_fd_ours(in.s_fd) || hj_fd_ours(out.s_fd))
		return -EBADF;
	if (in.s_rump && out.s_rump)
		return sys_call(ci->hc_rsys, a);
	if (hf->hf_nr == __NR_sendfile && error != -EFAULT)
		error = check_sendfile(&in, &out, a[3]);
	else if (hf->hf_nr == __NR_splice)
		error = check_splice(&in, &out, error);
	else if (error == 0 || hf->hf_nr != __NR_sendfile)
		error = (berror = check_sides(&in, &out)) != 0 ? berror : error;
	if (error != 0)
		return error;
	switch (hf->hf_nr) {
	case __NR_sendfile:
		return do_sendfile(&in, &out, a[3]);
	case __NR_splice:
		return do_splice(&in, &out, a[4], a[5]);
	case __NR_copy_file_range:
		if (a[5] != 0)
			return -EINVAL;
		if (is_type(&in, S_IFDIR) || is_type(&out, S_IFDIR))
			return -EISDIR;
		if (!is_type(&in, S_IFREG) || !is_type(&out, S_IFREG))
			return -EINVAL;
		/* As between two file systems that cannot help each other. */
		return -EXDEV;
	}
	return -EINVAL; /* tee: both must be pipes of one kernel */
}
