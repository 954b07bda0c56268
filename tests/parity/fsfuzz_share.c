/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of fsfuzz that lock, copy and share descriptors. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "fsfuzz.h"
#include "fsfuzz_ops.h"

#define A(i)   (o->arg[i])
#define FD(i)  arg_fd(s, A(i))
#define OFF(i) ((off_t)arg_offset(A(i)))

long
op_flock(struct side *s, const struct op *o)
{
	static const int how[] = { LOCK_SH, LOCK_EX, LOCK_UN, LOCK_SH, LOCK_EX,
		0, 77 };

	return flock(FD(0), how[A(1) % 7] | LOCK_NB);
}

static void
make_lock(struct flock *fl, const struct op *o)
{
	static const short types[] = { F_RDLCK, F_WRLCK, F_UNLCK, 9 };

	memset(fl, 0, sizeof(*fl));
	fl->l_type = types[A(1) % 4];
	fl->l_whence = (short)(A(4) % 4);
	fl->l_start = (off_t)arg_offset(A(2));
	fl->l_len = (off_t)arg_offset(A(3));
}

/*
 * Relative to a directory's offset, which is its own, or, elsewhere than in
 * tmpfs, to its size?
 */
static bool
from_dir_offset(int fd, const struct flock *fl)
{
	struct stat st;

	return (fl->l_whence == SEEK_CUR ||
		   (!rules.dirsizes && fl->l_whence == SEEK_END)) &&
	    fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

long
op_setlk(struct side *s, const struct op *o)
{
	struct flock fl;

	make_lock(&fl, o);
	if (from_dir_offset(FD(0), &fl))
		return fd_skipped(s);
	return fcntl(FD(0), A(1) & 4 ? F_OFD_SETLK : F_SETLK, &fl);
}

/* Ask from a child for ordinary locks, which never conflict with our own. */
static long
getlk(struct side *s, const struct op *o, int cmd)
{
	struct flock fl;
	int r;

	make_lock(&fl, o);
	if (from_dir_offset(FD(0), &fl))
		return fd_skipped(s);
	/* Older hosts refuse to tell of a file's own locks. */
	if (cmd == F_OFD_GETLK && fl.l_type == F_UNLCK && !rules.ownlocks)
		return fd_skipped(s);
	r = fcntl(FD(0), cmd, &fl);
	if (r == 0)
		put(s, " type=%d whence=%d start=%lld len=%lld pid=%d",
		    fl.l_type, fl.l_whence, (long long)fl.l_start,
		    (long long)fl.l_len,
		    fl.l_pid == getppid() ? 1 :
			fl.l_pid == 0     ? 0 :
			fl.l_pid == -1    ? -1 :
					    2);
	return r;
}

long
op_getlk(struct side *s, const struct op *o)
{
	int status, r;
	pid_t pid;

	if (A(1) & 8)
		return getlk(s, o, F_OFD_GETLK);
	if ((A(1) & 7) != 0)
		return getlk(s, o, F_GETLK);
	pid = fork();
	if (pid == 0) {
		s->out->len = 0;
		r = getlk(s, o, F_GETLK);
		_exit(r == -1 ?
			errno :
			128 + (int)(hash(s->out->buf, s->out->len) & 127));
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WEXITSTATUS(status);
}

long
op_copy_file_range(struct side *s, const struct op *o)
{
	off_t from = OFF(2), to = OFF(3);
	size_t len = fd_inlen(A(4));
	ssize_t n;

	n = copy_file_range(FD(0), A(5) & 1 ? NULL : &from, FD(1),
	    A(5) & 2 ? NULL : &to, len, A(5) == 15 ? 1 : 0);
	if (!(A(5) & 1))
		put(s, " from=%lld", (long long)from);
	if (!(A(5) & 2))
		put(s, " to=%lld", (long long)to);
	return n;
}

/*
 * The host copies within a page of a file by memcpy(): what that leaves when
 * the ranges overlap there, upwards, is up to its processor.
 */
static bool
overlap(int in, off_t from, int out)
{
	off_t to = lseek(out, 0, SEEK_CUR);
	struct stat a, b;

	if (from == -1)
		from = lseek(in, 0, SEEK_CUR);
	return fstat(in, &a) == 0 && fstat(out, &b) == 0 &&
	    S_ISREG(a.st_mode) && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino && from >= 0 && to > from && to - from < PAGE;
}

/* A FIFO by another descriptor than fd, to read from. */
static int
fifo_reader(int fd)
{
	uid_t uid = geteuid();
	char name[64];
	int r;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (uid != getuid() && seteuid(getuid()) == -1)
		return -1;
	r = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (uid != getuid() && seteuid(uid) == -1)
		_exit(2);
	return r;
}

/*
 * What came into a FIFO from a file is on the host the file's own pages, which
 * may change before they are read: so all of it is read at once.
 */
static void
put_fifo(struct side *s, int fd)
{
	int r = fifo_reader(fd);
	ssize_t n;

	if (r == -1)
		put(s, " reader=%s", errname(errno));
	while ((n = read(r, outpool, POOL)) > 0)
		put(s, " fifo=%zd/%016llx", n,
		    (unsigned long long)hash(outpool, (size_t)n));
	close(r);
}

long
op_sendfile(struct side *s, const struct op *o)
{
	off_t off = OFF(2);
	size_t len = fd_inlen(A(3));
	bool sane = len < (size_t)1 << 62;
	ssize_t n, room = fd_room(FD(0), sane ? len : 0);
	int error;

	if (room == -1 || fd_may_block(FD(1)) ||
	    overlap(FD(1), A(4) & 1 ? -1 : off, FD(0)))
		return fd_skipped(s);
	n = sendfile(FD(0), FD(1), A(4) & 1 ? NULL : &off,
	    sane ? (size_t)room : len);
	error = errno;
	if (!(A(4) & 1))
		put(s, " off=%lld", (long long)off);
	if (n > 0 && fd_isfifo(FD(0)))
		put_fifo(s, FD(0));
	errno = error;
	return n;
}

/* From a file to a pipe, or, when the pipe was filled, on to the file. */
long
op_splice(struct side *s, const struct op *o)
{
	loff_t off = OFF(1);
	size_t len = fd_inlen(A(2));
	char buf[PAGE];
	int p[2], error;
	ssize_t n, m;

	if (fd_room(FD(0), A(3) & 1 ? 1000 : 0) == -1)
		return fd_skipped(s);
	if (len > PAGE && len < (size_t)1 << 62)
		len = PAGE;
	if (pipe2(p, O_NONBLOCK) == -1)
		return -1;
	errno = 0;
	if (A(3) & 1) {
		m = write(p[1], arg_in(0), 1000);
		n = splice(p[0], NULL, FD(0), A(3) & 2 ? NULL : &off, len,
		    SPLICE_F_NONBLOCK);
	} else {
		n = splice(FD(0), A(3) & 2 ? NULL : &off, p[1], NULL, len,
		    SPLICE_F_NONBLOCK);
		m = 0;
	}
	error = errno;
	if (n > 0 && m == 0) {
		m = read(p[0], buf, sizeof(buf));
		put(s, " piped=%zd %016llx", m,
		    (unsigned long long)hash(buf, m > 0 ? (size_t)m : 0));
	}
	close(p[0]);
	close(p[1]);
	put(s, " off=%lld", (long long)off);
	errno = error;
	return n;
}

/* Between two descriptors, whatever they are; or, of two FIFOs, tee. */
long
op_splice2(struct side *s, const struct op *o)
{
	loff_t from = OFF(2), to = OFF(2);
	bool infifo = fd_isfifo(FD(0)), outfifo = fd_isfifo(FD(1));
	size_t len = fd_inlen(A(3));
	int flags = A(4) & 1 ? SPLICE_F_NONBLOCK : A(4) == 6 ? 0x10 : 0, error;
	bool sane = len < (size_t)1 << 62;
	ssize_t n, room;

	if (fd_may_block(FD(0)) || (infifo && outfifo && !sane))
		return fd_skipped(s);
	room = infifo && outfifo ? fd_room_for(FD(1), FD(0), len) :
				   fd_room(FD(1), sane ? len : 0);
	if (room == -1)
		return fd_skipped(s);
	if (A(4) & 8)
		n = tee(FD(0), FD(1), sane ? (size_t)room : len, flags);
	else
		n = splice(FD(0), infifo && A(4) != 14 ? NULL : &from, FD(1),
		    outfifo && A(4) != 14 ? NULL : &to,
		    sane ? (size_t)room : len, flags);
	error = errno;
	put(s, " from=%lld to=%lld", (long long)from, (long long)to);
	if (n > 0 && outfifo && !infifo)
		put_fifo(s, FD(1));
	errno = error;
	return n;
}

long
op_ioctl(struct side *s, const struct op *o)
{
	struct termios tio;
	int value = (int)(A(1) & 1), r, fd = FD(0);
	struct stat st;

	switch (A(1) % 7) {
	case 0:
	case 1:
		value = -1;
		r = ioctl(fd, FIONREAD, &value);
		if (r == 0 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
			put(s, " nread=%d", value);
		return r;
	case 2:
		return ioctl(fd, FIONBIO, &value);
	case 3:
		return ioctl(fd, FIOCLEX);
	case 4:
		return ioctl(fd, FIONCLEX);
	case 5:
		return ioctl(fd, TCGETS, &tio);
	default:
		return ioctl(fd, FIONREAD, (void *)8);
	}
}

/* A child that shares the offset moves it; its own close changes nothing. */
long
op_fork(struct side *s, const struct op *o)
{
	int fd = FD(0), status;
	size_t len = fd_inlen(A(2));
	ssize_t room = fd_room(fd, len <= MAXIO ? len : 0);
	pid_t pid;

	if (room == -1 || fd_grows_by_fault(fd, A(1), -1))
		return fd_skipped(s);
	pid = fork();
	if (pid == 0) {
		ssize_t n = -1;

		errno = 0;
		switch (A(3) % 4) {
		case 0:
			n = write(fd, arg_in(A(1)),
			    len <= MAXIO ? (size_t)room : len);
			break;
		case 1:
			n = read(fd, outpool, 100);
			break;
		case 2:
			n = lseek(fd, 0, SEEK_SET);
			break;
		case 3:
			n = fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK);
			break;
		}
		if (n == -1)
			_exit(errno & 127);
		close(fd);
		_exit(128 | (int)(n & 127));
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

/* A write that meets RLIMIT_FSIZE. */
long
op_fsize(struct side *s, const struct op *o)
{
	struct rlimit was, lim;
	int error;
	ssize_t n;

	if (fd_may_block(FD(0)) || fd_grows_by_fault(FD(0), A(1), OFF(3)))
		return fd_skipped(s);
	getrlimit(RLIMIT_FSIZE, &was);
	lim = was;
	lim.rlim_cur = 5000;
	setrlimit(RLIMIT_FSIZE, &lim);
	errno = 0;
	if (A(3) & 1)
		n = ftruncate(FD(0), OFF(3));
	else
		n = pwrite(FD(0), arg_in(A(1)), fd_inlen(A(2)), OFF(3));
	error = errno;
	setrlimit(RLIMIT_FSIZE, &was);
	errno = error;
	return n;
}

/* Calls a regular file refuses, and poll, which is always ready. */
long
op_exotic(struct side *s, const struct op *o)
{
	struct pollfd pfd = { .fd = FD(0), .events = POLLIN | POLLOUT };
	int r;

	switch (A(1) % 6) {
	case 0:
		if (fd_may_block(FD(0)))
			return fd_skipped(s);
		r = poll(&pfd, 1, 0);
		put(s, " revents=%x", (unsigned)pfd.revents);
		return r;
	case 1:
		return fcntl(FD(0), F_GETPIPE_SZ);
	case 2:
		return isatty(FD(0)) ? 1 : -1;
	case 3:
		return fcntl(FD(0), 9999, 0);
	case 4:
		return fcntl(FD(0), F_GETOWN);
	default:
		return readahead(FD(0), 0, 4096);
	}
}
