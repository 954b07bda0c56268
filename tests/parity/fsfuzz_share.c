/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of fsfuzz that lock, copy, map and share descriptors. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
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

/* The size of a directory, where SEEK_END counts from, is its own affair. */
static bool
from_dir_end(int fd, const struct flock *fl)
{
	struct stat st;

	return fl->l_whence == SEEK_END && fstat(fd, &st) == 0 &&
	    S_ISDIR(st.st_mode);
}

long
op_setlk(struct side *s, const struct op *o)
{
	struct flock fl;

	make_lock(&fl, o);
	if (from_dir_end(FD(0), &fl))
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
	if (from_dir_end(FD(0), &fl))
		return fd_skipped(s);
	/* Newest hosts tell of any lock when asked so, rump of none. */
	if (cmd == F_OFD_GETLK && fl.l_type == F_UNLCK)
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
 * What a copy between ranges that overlap in one file leaves depends on the
 * size of the steps it is made in: the host's sendfile refuses it no more
 * than rump's, and promises nothing.
 */
static bool
overlap(int in, off_t from, int out, size_t len)
{
	off_t to = lseek(out, 0, SEEK_CUR), gap;
	struct stat a, b;

	if (from == -1)
		from = lseek(in, 0, SEEK_CUR);
	if (fstat(in, &a) == -1 || fstat(out, &b) == -1 ||
	    !S_ISREG(a.st_mode) || a.st_dev != b.st_dev ||
	    a.st_ino != b.st_ino || from < 0 || to < 0)
		return false;
	gap = from > to ? from - to : to - from;
	return gap != 0 && (size_t)gap < len;
}

long
op_sendfile(struct side *s, const struct op *o)
{
	off_t off = OFF(2);
	size_t len = fd_inlen(A(3));
	ssize_t n, room = fd_room(FD(0), 0);
	int error;

	if (len < (size_t)1 << 62)
		room = fd_room(FD(0), len);
	if (room == -1 || fd_may_block(FD(1)) || fd_filled(FD(0)) ||
	    overlap(FD(1), A(4) & 1 ? -1 : off, FD(0), len))
		return fd_skipped(s);
	if (len < (size_t)1 << 62)
		len = (size_t)room;
	/* Into a FIFO it sets its times on rump only; and it is read back. */
	if (fd_isfifo(FD(0)) &&
	    (o->timed != 0 || (fcntl(FD(0), F_GETFL) & O_ACCMODE) != O_RDWR))
		return fd_skipped(s);
	n = sendfile(FD(0), FD(1), A(4) & 1 ? NULL : &off, len);
	error = errno;
	if (!(A(4) & 1))
		put(s, " off=%lld", (long long)off);
	/* On the host a FIFO has the file's own pages, which may change. */
	if (n > 0 && fd_isfifo(FD(0))) {
		room = read(FD(0), outpool, (size_t)n);
		put(s, " fifo=%zd/%016llx", room,
		    (unsigned long long)hash(outpool,
			room > 0 ? (size_t)room : 0));
	}
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

	if (fd_room(FD(0), 0) == -1 || (A(3) & 1 && fd_filled(FD(0))))
		return fd_skipped(s);
	/* Between pipes of two kernels it is a write, which sets the times. */
	if (o->timed != 0 && fd_isfifo(FD(0)))
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

/* Map a page, read it, change it when it may be, and look again by read. */
long
op_mmap(struct side *s, const struct op *o)
{
	off_t off = OFF(1) & ~(off_t)(PAGE - 1);
	int prot = A(2) & 1 ? PROT_READ | PROT_WRITE : PROT_READ, fd = FD(0);
	int flags = A(2) & 2 ? MAP_PRIVATE : MAP_SHARED;
	struct stat st;
	char *p, byte = 0;
	static bool hole;

	/*
	 * A hole that is read through a mapping becomes data on the host, on
	 * rump when it is mapped shared: then it is read, else left alone.
	 */
	if (s->index == 0)
		hole = flags == MAP_PRIVATE && fd_hole(fd, off);
	p = mmap(NULL, PAGE, prot, flags, fd, off);
	if (p == MAP_FAILED)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_size > off && !hole) {
		put(s, " mapped=%016llx", (unsigned long long)hash(p, PAGE));
		if (prot & PROT_WRITE) {
			p[0] = 'M';
			msync(p, PAGE, MS_SYNC);
			if (pread(fd, &byte, 1, off) == 1)
				put(s, " byte=%02x", (unsigned char)byte);
		}
	}
	return munmap(p, PAGE);
}

/* A child that shares the offset moves it; its own close changes nothing. */
long
op_fork(struct side *s, const struct op *o)
{
	int fd = FD(0), status;
	pid_t pid;

	if (fd_room(fd, 0) == -1 || fd_grows_by_fault(fd, A(1), -1))
		return fd_skipped(s);
	pid = fork();
	if (pid == 0) {
		ssize_t n = -1;

		errno = 0;
		switch (A(3) % 4) {
		case 0:
			n = write(fd, arg_in(A(1)), fd_inlen(A(2)));
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
