/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of fsfuzz that work on descriptors. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fsfuzz.h"
#include "fsfuzz_ops.h"

#define A(i)   (o->arg[i])
#define FD(i)  arg_fd(s, A(i))
#define OFF(i) ((off_t)arg_offset(A(i)))

#define MAXPIECES 16

/* A pipe or FIFO that would make the caller wait is left alone. */
bool
fd_may_block(int fd)
{
	struct stat st;
	int fl = fcntl(fd, F_GETFL);

	return fl != -1 && !(fl & (O_NONBLOCK | O_PATH)) &&
	    fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

long
fd_skipped(struct side *s)
{
	put(s, " skipped");
	return 0;
}

/*
 * The pieces put into a FIFO since it was seen empty.  Each may take one of
 * the 16 slots of the host's pipe, however short it is.
 */
static int *
pieces_in(const struct stat *st)
{
	static struct {
		dev_t dev;
		ino_t ino;
		int n;
	} known[32];
	static unsigned next;
	int i;

	for (i = 0; i < 32; i++)
		if (known[i].ino == st->st_ino && known[i].dev == st->st_dev)
			return &known[i].n;
	i = (int)(next++ % 32);
	known[i].dev = st->st_dev;
	known[i].ino = st->st_ino;
	known[i].n = MAXPIECES;
	return &known[i].n;
}

/*
 * How much fits in a pipe depends on how it was written, so a FIFO is kept
 * far from full: an upper bound for a write, or -1 to let it be.
 */
ssize_t
fd_room(int fd, size_t len)
{
	struct stat st;
	int queued = 0, *pieces;

	if (fd_may_block(fd))
		return -1;
	if (fstat(fd, &st) == -1 || !S_ISFIFO(st.st_mode))
		return (ssize_t)len;
	if (ioctl(fd, FIONREAD, &queued) == 0 && queued > 2 * PAGE)
		return -1;
	if (len > 2 * PAGE)
		len = 2 * PAGE;
	pieces = pieces_in(&st);
	if (queued == 0)
		*pieces = 0;
	if (len != 0 && *pieces + 4 > MAXPIECES)
		return -1;
	*pieces += len == 0 ? 0 : 2 + (int)(len / PAGE);
	return (ssize_t)len;
}

/* The same for pieces that come from another FIFO as they are. */
ssize_t
fd_room_for(int fd, int from, size_t len)
{
	struct stat st, fst;
	ssize_t n = fd_room(fd, len);

	if (n <= 0 || fstat(fd, &st) == -1 || fstat(from, &fst) == -1)
		return n;
	*pieces_in(&st) += *pieces_in(&fst);
	return *pieces_in(&st) > MAXPIECES ? -1 : n;
}

bool
fd_isfifo(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

/* Close a slot's old descriptor and give it a new one. */
long
fd_into_slot(struct side *s, uint32_t slot, int fd)
{
	int error = errno;

	if (fd == -1)
		return -1;
	if (s->fd[slot] != -1)
		close(s->fd[slot]);
	s->fd[slot] = fd;
	errno = error;
	return 0;
}

long
op_close(struct side *s, const struct op *o)
{
	int fd = FD(0);

	if (A(0) < NSLOT)
		s->fd[A(0)] = -1;
	return close(fd);
}

long
op_dup(struct side *s, const struct op *o)
{
	int fd = FD(0);

	switch (A(2) % 4) {
	case 0:
		fd = dup(fd);
		break;
	case 1:
		fd = fcntl(fd, F_DUPFD, 40);
		break;
	case 2:
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		break;
	default:
		fd = fcntl(fd, F_DUPFD, -1);
		break;
	}
	return fd_into_slot(s, A(1), fd);
}

long
op_dup2(struct side *s, const struct op *o)
{
	int from = FD(0), to = FD(1), fd;

	if (to == 9999)
		to = -1;
	if (A(2) % 3 == 0)
		fd = dup2(from, to);
	else
		fd = dup3(from, to, A(2) % 3 == 1 ? O_CLOEXEC : 0);
	return fd == -1 ? -1 : fd == to ? 0 : 1;
}

long
op_getset_fd(struct side *s, const struct op *o)
{
	static const int flags[] = { 0, FD_CLOEXEC, 2, -1 };

	if (A(1) % 5 == 4)
		return fcntl(FD(0), F_GETFD);
	return fcntl(FD(0), F_SETFD, flags[A(1) % 5]);
}

long
op_getset_fl(struct side *s, const struct op *o)
{
	static const int flags[] = { 0, O_APPEND, O_NONBLOCK,
		O_APPEND | O_NONBLOCK, O_NOATIME, O_RDWR | O_CREAT,
		-1 & ~(O_ASYNC | O_DIRECT) };

	if (A(1) % 8 == 7)
		return fcntl(FD(0), F_GETFL);
	return fcntl(FD(0), F_SETFL, flags[A(1) % 8]);
}

long
op_hint(struct side *s, const struct op *o)
{
	uint64_t hint = A(1) % 8;

	if (A(1) % 3 == 0)
		return fcntl(FD(0), F_SET_RW_HINT, &hint);
	return fcntl(FD(0), F_GET_RW_HINT, &hint) == -1 ? -1 : (long)hint;
}

/* Where a read of at most len bytes goes, poisoned to show overruns. */
static char *
outbuf(uint32_t code, size_t *len)
{
	char *buf = arg_out(code);

	if (buf >= outpool && buf < outpool + POOL) {
		if (*len > MAXIO && *len < (size_t)1 << 62)
			*len = MAXIO;
		memset(buf, 0x5a, *len < MAXIO ? *len + 64 : 64);
	}
	return buf;
}

static void
put_data(struct side *s, const char *buf, ssize_t n)
{
	if (n > 0 && buf >= outpool && buf < outpool + POOL)
		put(s, " data=%016llx after=%02x",
		    (unsigned long long)hash(buf, (size_t)n),
		    (unsigned char)buf[n]);
}

long
op_read(struct side *s, const struct op *o)
{
	size_t len = arg_length(A(2));
	char *buf = outbuf(A(1), &len);
	ssize_t n;

	if (fd_may_block(FD(0)))
		return fd_skipped(s);
	n = read(FD(0), buf, len);
	put_data(s, buf, n);
	return n;
}

long
op_pread(struct side *s, const struct op *o)
{
	size_t len = arg_length(A(2));
	char *buf = outbuf(A(1), &len);
	ssize_t n = pread(FD(0), buf, len, OFF(3));

	put_data(s, buf, n);
	return n;
}

/* Cut a buffer into pieces of uneven lengths, one of them empty. */
static int
cut(struct iovec *iov, char *buf, size_t len, uint32_t how)
{
	size_t step = len / 3 + 1, at = 0;
	int n = 0;

	if (len >= (size_t)1 << 62 || how == 9) {
		iov[0].iov_base = buf;
		iov[0].iov_len = len;
		return how == 9 ? 0 : how == 10 ? 2000 : 1;
	}
	for (; at < len; at += step, step = step / 2 + 1) {
		if (step > len - at)
			step = len - at;
		iov[n].iov_base = buf + at;
		iov[n++].iov_len = step;
		if (n == 15)
			break;
	}
	iov[n].iov_base = NULL;
	iov[n++].iov_len = 0;
	return how == 11 ? -1 : n;
}

long
op_readv(struct side *s, const struct op *o)
{
	static struct iovec iov[2048];
	size_t len = arg_length(A(2));
	char *buf = outbuf(A(1), &len);
	int cnt = cut(iov, buf, len, A(3));
	ssize_t n;

	if (fd_may_block(FD(0)))
		return fd_skipped(s);
	n = readv(FD(0), A(3) == 12 ? (struct iovec *)8 : iov, cnt);
	put_data(s, buf, n);
	return n;
}

long
op_preadv2(struct side *s, const struct op *o)
{
	struct iovec iov[32];
	size_t len = arg_length(A(2));
	char *buf = outbuf(A(1), &len);
	int cnt = cut(iov, buf, len, 0);
	ssize_t n;

	if (fd_may_block(FD(0)))
		return fd_skipped(s);
	n = preadv2(FD(0), iov, cnt, OFF(3), arg_rwf(A(4)));
	put_data(s, buf, n);
	return n;
}

/* Far offsets are for bad buffers only: a file must stay readable. */
size_t
fd_inlen(uint32_t code)
{
	size_t len = arg_length(code);

	return len > MAXIO && len < (size_t)1 << 62 ? MAXIO : len;
}

/*
 * On the host a write that faults still makes the file grow up to where it
 * was to go, and a page of a hole: not wanted, so it may only fault in data.
 */
bool
fd_grows_by_fault(int fd, uint32_t buf, off_t off)
{
	off_t at = lseek(fd, 0, SEEK_CUR), data;
	int fl = fcntl(fd, F_GETFL);
	struct stat st;

	if ((buf & 0xff) == 0 || fl == -1 || (fl & O_ACCMODE) == O_RDONLY ||
	    at == -1 || fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		return false;
	if (off == -1)
		off = at;
	if (off < 0 || fl & O_APPEND)
		return (fl & O_APPEND) != 0;
	/* In the very last page of all the host finds no data, ever. */
	if (st.st_size > INT64_MAX - PAGE)
		return true;
	data = lseek(fd, off, SEEK_DATA);
	lseek(fd, at, SEEK_SET);
	return data != off;
}

long
op_write(struct side *s, const struct op *o)
{
	size_t len = fd_inlen(A(2));
	bool sane = len <= MAXIO;
	ssize_t n = fd_room(FD(0), sane ? len : 0);

	if (n == -1 || fd_grows_by_fault(FD(0), A(1), -1))
		return fd_skipped(s);
	return write(FD(0), arg_in(A(1)), sane ? (size_t)n : len);
}

long
op_pwrite(struct side *s, const struct op *o)
{
	if (fd_grows_by_fault(FD(0), A(1), OFF(3)))
		return fd_skipped(s);
	return pwrite(FD(0), arg_in(A(1)), fd_inlen(A(2)), OFF(3));
}

long
op_writev(struct side *s, const struct op *o)
{
	static struct iovec iov[2048];
	size_t len = fd_inlen(A(2));
	ssize_t n = fd_room(FD(0), len <= MAXIO ? len : 0);
	int cnt = cut(iov, arg_in(A(1)),
	    len <= MAXIO && n >= 0 ? (size_t)n : len, A(3));

	if (n == -1 || fd_grows_by_fault(FD(0), A(1), -1))
		return fd_skipped(s);
	return writev(FD(0), A(3) == 12 ? (struct iovec *)8 : iov, cnt);
}

long
op_pwritev2(struct side *s, const struct op *o)
{
	struct iovec iov[32];
	size_t len = fd_inlen(A(2));
	ssize_t n = fd_room(FD(0), len <= MAXIO ? len : 0);
	int cnt = cut(iov, arg_in(A(1)),
	    len <= MAXIO && n >= 0 ? (size_t)n : len, 0);

	if (n == -1 || fd_grows_by_fault(FD(0), A(1), OFF(3)) ||
	    ((arg_rwf(A(4)) & RWF_APPEND) && (A(1) & 0xff) != 0))
		return fd_skipped(s);
	return pwritev2(FD(0), iov, cnt, OFF(3), arg_rwf(A(4)));
}

long
op_lseek(struct side *s, const struct op *o)
{
	int whence = arg_whence(A(2));
	struct stat st;

	if (fstat(FD(0), &st) == -1)
		return lseek(FD(0), OFF(1), whence);
	/* A directory's offsets are its own: only its start is known. */
	if (S_ISDIR(st.st_mode))
		return whence == SEEK_SET ? lseek(FD(0), 0, SEEK_SET) :
					    fd_skipped(s);
	/* The host's sums overflow in the very last page of all: ENXIO. */
	if ((whence == SEEK_DATA || whence == SEEK_HOLE) &&
	    st.st_size > INT64_MAX - PAGE)
		return fd_skipped(s);
	return lseek(FD(0), OFF(1), whence);
}

/* A length that cannot eat all memory. */
long
op_ftruncate(struct side *s, const struct op *o)
{
	return ftruncate(FD(0), OFF(1));
}

long
op_fallocate(struct side *s, const struct op *o)
{
	off_t len = OFF(3);

	if (len > 1 << 20 && len < (off_t)1 << 50)
		len = 1 << 20;
	return fallocate(FD(0), arg_fallocate(A(1)), OFF(2), len);
}

long
op_sync_calls(struct side *s, const struct op *o)
{
	switch (A(1) % 5) {
	case 0:
		return fsync(FD(0));
	case 1:
		return fdatasync(FD(0));
	case 2:
		return sync_file_range(FD(0), 0, 4096, SYNC_FILE_RANGE_WRITE);
	case 3:
		return sync_file_range(FD(0), -1, 4096, 0);
	default:
		return syncfs(FD(0));
	}
}

long
op_fadvise(struct side *s, const struct op *o)
{
	/* It returns the error number. */
	errno = posix_fadvise(FD(0), OFF(1), OFF(2), (int)A(3));
	return errno == 0 ? 0 : -1;
}

long
op_fstat(struct side *s, const struct op *o)
{
	struct stat st;

	return fstat(FD(0), &st); /* look_fd() prints the rest */
}

long
op_fchmod(struct side *s, const struct op *o)
{
	return fchmod(FD(0), (mode_t)arg_mode(A(1)));
}

long
op_fchown(struct side *s, const struct op *o)
{
	return fchown(FD(0), (uid_t)arg_id(A(1)), (gid_t)arg_id(A(2)));
}

long
op_futimens(struct side *s, const struct op *o)
{
	struct timespec ts[2];

	arg_time(A(1), &ts[0]);
	arg_time(A(2), &ts[1]);
	return futimens(FD(0), ts);
}

long
op_fstatfs(struct side *s, const struct op *o)
{
	struct statfs fs;
	int r = fstatfs(FD(0), &fs);

	if (r == 0)
		put(s, " namelen=%ld bsize=%ld", (long)fs.f_namelen,
		    (long)fs.f_bsize);
	return r;
}

long
op_fxattr(struct side *s, const struct op *o)
{
	static char value[70000];
	char list[2048];
	const char *name = arg_xattr(A(1));
	ssize_t n;

	switch (A(4) % 4) {
	case 0:
		return fsetxattr(FD(0), name, arg_in(A(2)), fd_inlen(A(3)), 0);
	case 1:
		n = fgetxattr(FD(0), name, value, sizeof(value));
		if (n > 0)
			put(s, " %016llx",
			    (unsigned long long)hash(value, (size_t)n));
		return n;
	case 2:
		return flistxattr(FD(0), list, sizeof(list));
	default:
		return fremovexattr(FD(0), name);
	}
}
