/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: the bytes of files: read, write, sizes, holes, copies.
 */
#include "fileconf.h"

#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <signal.h>

static char buf[1 << 17];

void
conf_truncate(void)
{
	int fd;

	mk("f", "0123456789");
	mkdir("d", 0755);
	symlink("f", "s");
	C(truncate("f", 5));
	show_file("f");
	C(truncate("f", 8));
	show_file("f");
	C(truncate("f", -1));
	C(truncate("d", 0));
	C(truncate("none", 0));
	C(truncate("", 0));
	C(truncate("f/", 0));
	C(truncate("s", 2));
	show_file("f");
	C(truncate("f", 0x7fffffffffffffffL));
	S("f");
	C(truncate("f", 5000));
	C(fd = open("f", O_RDONLY));
	C(ftruncate(fd, 0));
	C(ftruncate(-1, 0));
	C(close(fd));
	C(fd = open("f", O_RDWR));
	C(ftruncate(fd, -1));
	C(ftruncate(fd, 10000));
	C(pwrite(fd, "x", 1, 9999));
	SF(fd);
	C(ftruncate(fd, 4096));
	SF(fd);
	C(ftruncate(fd, 0));
	SF(fd);
	C(lseek(fd, 100, SEEK_SET));
	C(write(fd, "tail", 4));
	show_file("f");
	C(unlink("f"));
	C(ftruncate(fd, 3));
	SF(fd);
	signal(SIGXFSZ, SIG_IGN);
	struct rlimit rl = { 10000, RLIM_INFINITY };
	C(setrlimit(RLIMIT_FSIZE, &rl));
	C(ftruncate(fd, 10001));
	C(ftruncate(fd, 10000));
	C(pwrite(fd, buf, 100, 9950));
	C(pwrite(fd, buf, 100, 10000));
	C(pwrite(fd, buf, 0, 20000));
	C(fallocate(fd, 0, 0, 20000));
	C(truncate("none", 20000));
}

void
conf_fallocate(void)
{
	int fd, p[2];

	C(fd = open("f", O_CREAT | O_RDWR, 0644));
	C(fallocate(fd, 0, 0, 0));
	C(fallocate(fd, 0, -1, 10));
	C(fallocate(fd, 0, 0, -1));
	C(fallocate(fd, 0, 0, 100));
	SF(fd);
	C(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 10000));
	SF(fd);
	C(fallocate(fd, 0, 20000, 1));
	SF(fd);
	C(fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 10));
	C(fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, 4096));
	C(fallocate(fd, FALLOC_FL_INSERT_RANGE, 0, 4096));
	C(fallocate(fd, FALLOC_FL_UNSHARE_RANGE, 0, 4096));
	C(fallocate(fd, 0x80, 0, 4096));
	memset(buf, 'a', 20000);
	C(pwrite(fd, buf, 20000, 0));
	C(fallocate(fd, 3, 100, 200));
	C(fallocate(fd, 3, 4000, 9000));
	SF(fd);
	show_file("f");
	C(fallocate(fd, 3, 19000, 100000));
	SF(fd);
	C(fallocate(fd, 3, 100000, 100));
	C(fallocate(fd, 0, 0x7fffffffffffffffL, 1));
	C(fallocate(fd, 0, 1L << 62, 1L << 62));
	C(close(fd));
	C(fallocate(fd, 0, 0, 1));
	C(fd = open("f", O_RDONLY));
	C(fallocate(fd, 0, 0, 1));
	C(pipe(p));
	C(fallocate(p[1], 0, 0, 1));
	C(posix_fallocate(fd, 0, 1));
	C(fd = open("f", O_RDWR | O_APPEND));
	C(fallocate(fd, 0, 30000, 10));
	SF(fd);
	C(posix_fallocate(fd, 0, 50000));
	SF(fd);
}

/* The host's tmpfs has none: fileconf.test keeps it from the comparison. */
void
conf_zerorange(void)
{
	int fd;

	C(fd = open("f", O_CREAT | O_RDWR, 0644));
	memset(buf, 'a', 20000);
	C(pwrite(fd, buf, 20000, 0));
	C(fallocate(fd, FALLOC_FL_ZERO_RANGE, 100, 200));
	C(fallocate(fd, FALLOC_FL_ZERO_RANGE, 4000, 9000));
	show_file("f");
	C(fallocate(fd, FALLOC_FL_ZERO_RANGE, 19990, 20));
	SF(fd);
	C(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, 20000,
	    8192));
	SF(fd);
	show_file("f");
	C(fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_PUNCH_HOLE, 0, 10));
}

void
conf_seek(void)
{
	int fd, p[2];

	C(fd = open("f", O_CREAT | O_RDWR, 0644));
	C(lseek(fd, 0, SEEK_DATA));
	C(lseek(fd, 0, SEEK_HOLE));
	C(pwrite(fd, "x", 1, 8192));
	C(pwrite(fd, "x", 1, 40960));
	C(lseek(fd, 0, SEEK_DATA));
	C(lseek(fd, 0, SEEK_HOLE));
	C(lseek(fd, 8192, SEEK_HOLE));
	C(lseek(fd, 8193, SEEK_DATA));
	C(lseek(fd, 12288, SEEK_DATA));
	C(lseek(fd, 40960, SEEK_HOLE));
	C(lseek(fd, 40961, SEEK_DATA));
	C(lseek(fd, 50000, SEEK_DATA));
	C(lseek(fd, 50000, SEEK_HOLE));
	C(lseek(fd, -1, SEEK_DATA));
	C(lseek(fd, -1, SEEK_HOLE));
	C(fallocate(fd, 0, 12288, 8192));
	C(lseek(fd, 12288, SEEK_DATA));
	C(lseek(fd, 8192, SEEK_HOLE));
	C(ftruncate(fd, 100000));
	C(lseek(fd, 41000, SEEK_DATA));
	C(lseek(fd, 45056, SEEK_DATA));
	C(lseek(fd, 40960, SEEK_HOLE));
	C(lseek(fd, -1, SEEK_SET));
	C(lseek(fd, 0, SEEK_CUR));
	C(lseek(fd, -200000, SEEK_CUR));
	C(lseek(fd, -200000, SEEK_END));
	C(lseek(fd, 0x7fffffffffffffffL, SEEK_SET));
	C(lseek(fd, 1, SEEK_CUR));
	C(read(fd, buf, 1));
	C(write(fd, buf, 1));
	C(lseek(fd, 0x7fffffffffffffffL, SEEK_END));
	C(lseek(fd, 0, 5));
	C(lseek(fd, 0, -1));
	C(pipe(p));
	C(lseek(p[0], 0, SEEK_SET));
	C(lseek(-1, 0, SEEK_SET));
}

void
conf_rw(void)
{
	int fd, p[2];

	C(fd = open("f", O_CREAT | O_RDWR, 0644));
	C(write(fd, "hello", 5));
	C(pread(fd, buf, 100, 0));
	C(pread(fd, buf, 100, 5));
	C(pread(fd, buf, 100, 100));
	C(pread(fd, buf, 100, -1));
	C(pwrite(fd, buf, 100, -1));
	C(pread(fd, (char *)1, 10, 0));
	C(pwrite(fd, (char *)1, 10, 0));
	C(read(fd, (char *)1, 10));
	C(read(fd, (char *)1, 0));
	C(write(fd, (char *)1, 0));
	C(write(fd, (char *)1, 10));
	SF(fd);
	C(pread(fd, buf, -1UL, 0));
	C(pread(fd, buf, 0x7fffffffffffffffL, 0));
	C(pwrite(fd, buf, 10, 0x7fffffffffffffffL));
	C(pwrite(fd, buf, 10, 0x7fffffffffffffffL - 5));
	C(pwrite(fd, "z", 1, 5000));
	C(pread(fd, buf, 8000, 0));
	show_bytes("hole", buf, 5001);
	C(read(-1, buf, 1));
	C(write(-1, buf, 1));
	C(write(open("f", O_RDONLY), buf, 1));
	C(read(open("f", O_WRONLY), buf, 1));
	C(pipe(p));
	C(pread(p[0], buf, 1, 0));
	C(pwrite(p[1], buf, 1, 0));
	C(read(p[1], buf, 1));
	C(write(p[0], buf, 1));
	/* A buffer half of which is not there. */
	char *m = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	munmap(m + 4096, 4096);
	memset(m, 'm', 4096);
	C(pwrite(fd, m + 4000, 200, 0));
	C(pread(fd, m + 4000, 200, 0));
	C(pwrite(fd, m + 4096, 200, 0));
	C(lseek(fd, 0, SEEK_SET));
	C(write(fd, m + 4000, 200));
	C(lseek(fd, 0, SEEK_CUR));
	C(read(fd, m + 4000, 200));
	C(lseek(fd, 0, SEEK_CUR));
	C(ioctl(fd, 0x541B, buf));
	show_bytes("fionread", buf, 4);
	C(ioctl(fd, 0x5401, buf));
	C(ioctl(fd, 0x5421, buf));
	C(ioctl(fd, 0xdeadbeef, buf));
	C(ioctl(fd, 0x80086601, buf));
	C(ioctl(fd, 2, buf));
	C(isatty(fd));
}

void
conf_vec(void)
{
	struct iovec v[3] = { { buf, 3 }, { buf + 100, 0 }, { buf + 200, 4 } };
	struct iovec bad[2] = { { buf, 3 }, { (void *)1, 5 } };
	struct iovec neg[1] = { { buf, -1UL } };
	struct iovec many[1025];
	int fd, i;

	for (i = 0; i < 1025; i++)
		many[i] = (struct iovec){ buf, 1 };
	memset(buf, 'v', 1000);
	C(fd = open("f", O_CREAT | O_RDWR, 0644));
	C(writev(fd, v, 3));
	C(writev(fd, v, 0));
	C(writev(fd, v, -1));
	C(writev(fd, many, 1024));
	C(writev(fd, many, 1025));
	C(writev(fd, NULL, 1));
	C(writev(fd, neg, 1));
	C(writev(fd, bad, 2));
	C(lseek(fd, 0, SEEK_CUR));
	C(preadv(fd, v, 3, 0));
	C(preadv(fd, v, 3, -1));
	C(preadv2(fd, v, 3, -1, 0));
	C(preadv2(fd, v, 3, 0, 0));
	C(preadv2(fd, v, 3, 0, RWF_NOWAIT));
	C(preadv2(fd, v, 3, 0, RWF_HIPRI));
	C(preadv2(fd, v, 3, 0, 0x4000));
	C(preadv2(fd, v, 3, 0, RWF_APPEND));
	C(pwritev2(fd, v, 3, 0, RWF_APPEND));
	C(pwritev2(fd, v, 3, 0, RWF_DSYNC | RWF_SYNC));
	C(pwritev2(fd, v, 3, 0, RWF_NOWAIT));
	C(pwritev2(fd, v, 3, -1, RWF_APPEND));
	C(pwritev2(fd, v, 3, -2, 0));
	C(pwritev(fd, v, 3, 0x7fffffffffffffffL));
	C(lseek(fd, 0, SEEK_CUR));
	C(preadv(fd, bad, 2, 0));
	SF(fd);
}

static void
cfr(int in, long ioff, int out, long ooff, size_t n, unsigned flags)
{
	loff_t i = ioff, o = ooff;
	char text[200];
	long r;

	errno = 0;
	r = syscall(SYS_copy_file_range, in, ioff < 0 ? NULL : &i, out,
	    ooff < 0 ? NULL : &o, n, flags);
	snprintf(text, sizeof(text), "cfr %d %ld %d %ld %zu %u -> %ld %ld", in,
	    ioff, out, ooff, n, flags, (long)i, (long)o);
	result(text, 0, r);
}

void
conf_copyrange(void)
{
	int a, b, p[2], ro, ap, d;
	loff_t neg = -5;

	mkdir("d", 0755);
	C(a = open("a", O_CREAT | O_RDWR, 0644));
	C(b = open("b", O_CREAT | O_RDWR, 0644));
	C(ro = open("a", O_RDONLY));
	C(ap = open("b", O_RDWR | O_APPEND));
	C(d = open("d", O_RDONLY));
	C(pipe(p));
	C(write(a, "0123456789", 10));
	cfr(a, 0, b, 0, 5, 0);
	cfr(a, 2, b, -1, 100, 0);
	cfr(a, -1, b, 0, 5, 0);
	cfr(ro, -1, b, -1, 5, 0);
	C(lseek(ro, 0, SEEK_CUR));
	C(lseek(b, 0, SEEK_CUR));
	cfr(a, 100, b, 0, 5, 0);
	cfr(a, 0, a, 5, 5, 0);
	cfr(a, 0, a, 3, 5, 0);
	cfr(a, 0, a, 0, 5, 0);
	cfr(a, 0, a, 100, 5, 0);
	cfr(a, 0, b, 0, 5, 1);
	cfr(a, 0, ro, 0, 5, 0);
	cfr(a, 0, ap, 0, 5, 0);
	cfr(a, 0, d, 0, 5, 0);
	cfr(d, 0, b, 0, 5, 0);
	cfr(p[0], -1, b, 0, 5, 0);
	cfr(a, 0, p[1], -1, 5, 0);
	cfr(a, 0, -1, 0, 5, 0);
	cfr(-1, 0, b, 0, 5, 0);
	cfr(a, 0, b, 0x7fffffffffffff00L, 0x1000, 0);
	cfr(a, 0, b, 0, 0, 0);
	C(syscall(SYS_copy_file_range, a, &neg, b, NULL, 5, 0));
	C(syscall(SYS_copy_file_range, a, (void *)1, b, NULL, 5, 0));
	show_file("a");
	show_file("b");
	memset(buf, 'q', sizeof(buf));
	C(ftruncate(a, 0));
	C(pwrite(a, buf, 100000, 30000));
	cfr(a, 0, b, 0, 1 << 20, 0);
	SF(b);
	show_file("b");
	C(ioctl(b, 0x40049409, a)); /* FICLONE */
}

void
conf_sendfile(void)
{
	int a, b, p[2], ap, d;
	off_t o = 3, neg = -1;

	mkdir("d", 0755);
	C(a = open("a", O_CREAT | O_RDWR, 0644));
	C(b = open("b", O_CREAT | O_RDWR, 0644));
	C(ap = open("b", O_RDWR | O_APPEND));
	C(d = open("d", O_RDONLY));
	C(pipe(p));
	C(write(a, "0123456789", 10));
	C(sendfile(b, a, &o, 4));
	C(o);
	C(sendfile(b, a, NULL, 4));
	C(lseek(a, 0, SEEK_SET));
	C(sendfile(b, a, NULL, 4));
	C(lseek(a, 0, SEEK_CUR));
	C(sendfile(ap, a, NULL, 4));
	C(sendfile(p[1], a, NULL, 4));
	C(read(p[0], buf, 100));
	C(sendfile(b, p[0], NULL, 4));
	C(sendfile(b, p[0], &o, 4));
	C(sendfile(b, d, NULL, 4));
	C(sendfile(d, a, NULL, 4));
	C(sendfile(b, a, &neg, 4));
	C(sendfile(b, -1, NULL, 4));
	C(sendfile(-1, a, NULL, 4));
	C(sendfile(b, a, (off_t *)1, 4));
	C(sendfile(b, a, NULL, 0));
	C(sendfile(open("b", O_RDONLY), a, NULL, 1));
	C(sendfile(b, open("a", O_WRONLY), NULL, 1));
	show_file("b");
	C(splice(a, &o, p[1], NULL, 5, 0));
	C(o);
	C(read(p[0], buf, 100));
	C(write(p[1], "spliced", 7));
	o = 1;
	C(splice(p[0], NULL, b, &o, 7, 0));
	C(splice(p[0], &o, b, NULL, 7, 0));
	C(splice(a, NULL, b, NULL, 7, 0));
	C(splice(a, &neg, p[1], NULL, 7, 0));
	C(splice(a, NULL, p[1], NULL, 0, 0));
	C(splice(a, NULL, p[1], NULL, 1, 0x100));
	C(write(p[1], "app", 3));
	C(splice(p[0], NULL, ap, NULL, 3, 0));
	C(splice(p[0], NULL, d, NULL, 3, 0));
	show_file("b");
}

static void
lock_of(const char *what, int fd, int cmd, short type, long start, long len,
    short whence)
{
	struct flock fl = { .l_type = type,
		.l_whence = whence,
		.l_start = start,
		.l_len = len };
	char text[160];
	long r;

	errno = 0;
	r = fcntl(fd, cmd, &fl);
	snprintf(text, sizeof(text),
	    "%s fd %d cmd %d type %d %ld+%ld w%d -> "
	    "%d %ld %ld %d %s",
	    what, fd, cmd, type, start, len, whence, fl.l_type,
	    (long)fl.l_start, (long)fl.l_len, fl.l_whence,
	    fl.l_pid == 0             ? "0" :
		fl.l_pid == -1        ? "-1" :
		fl.l_pid == getppid() ? "parent" :
		fl.l_pid == getpid()  ? "self" :
					"other");
	result(text, 0, r);
}

static int lfd;

static void
locks_child(void)
{
	int fd = open("f", O_RDWR);

	lock_of("child", fd, F_GETLK, F_RDLCK, 0, 0, 0);
	lock_of("child", fd, F_GETLK, F_WRLCK, 0, 0, 0);
	lock_of("child", fd, F_GETLK, F_WRLCK, 25, 5, 0);
	lock_of("child", fd, F_GETLK, F_WRLCK, 50, 5, 0);
	lock_of("child", fd, F_SETLK, F_WRLCK, 0, 0, 0);
	lock_of("child", fd, F_SETLK, F_RDLCK, 12, 2, 0);
	lock_of("child", fd, F_SETLK, F_WRLCK, 1000, 2, 0);
	lock_of("child", fd, F_SETLK, F_UNLCK, 0, 0, 0);
	lock_of("ofd", fd, F_OFD_GETLK, F_WRLCK, 0, 0, 0);
	lock_of("ofd", fd, F_OFD_SETLK, F_WRLCK, 0, 5, 0);
	lock_of("ofd", fd, F_OFD_SETLK, F_WRLCK, 2000, 5, 0);
	lock_of("inherited", lfd, F_GETLK, F_WRLCK, 0, 0, 0);
	lock_of("inherited", lfd, F_OFD_SETLK, F_WRLCK, 300, 5, 0);
}

void
conf_locks(void)
{
	int fd, fd2, p[2];

	mk("f", "0123456789");
	C(fd = lfd = open("f", O_RDWR));
	C(fd2 = open("f", O_RDONLY));
	lock_of("", fd, F_SETLK, F_WRLCK, 0, 10, 0);
	lock_of("", fd, F_SETLK, F_RDLCK, 10, 10, 0);
	lock_of("", fd, F_SETLK, F_WRLCK, 20, 10, 0);
	lock_of("", fd, F_GETLK, F_WRLCK, 0, 0, 0);
	lock_of("", fd2, F_GETLK, F_WRLCK, 0, 0, 0);
	lock_of("", fd2, F_SETLK, F_WRLCK, 100, 1, 0);
	lock_of("", fd2, F_SETLK, F_RDLCK, 100, 1, 0);
	lock_of("", fd, F_SETLK, F_UNLCK, 3, 2, 0);
	C(close(open("f", O_PATH)));
	in_child("locks", locks_child);
	lock_of("", fd, F_SETLK, F_RDLCK, 5, 0, SEEK_END);
	lock_of("", fd, F_SETLK, F_RDLCK, -5, 2, SEEK_END);
	lock_of("", fd, F_SETLK, F_RDLCK, -50, 2, SEEK_END);
	lock_of("", fd, F_SETLK, F_RDLCK, 5, -5, SEEK_SET);
	lock_of("", fd, F_SETLK, F_RDLCK, 5, -6, SEEK_SET);
	lock_of("", fd, F_SETLK, F_RDLCK, -1, 1, SEEK_SET);
	lock_of("", fd, F_SETLK, F_RDLCK, 0x7fffffffffffffffL, 2, 0);
	lock_of("", fd, F_SETLK, F_RDLCK, 0x7fffffffffffffffL, 1, 0);
	lock_of("", fd, F_SETLK, 7, 0, 0, 0);
	lock_of("", fd, F_SETLK, F_RDLCK, 0, 0, 7);
	lock_of("", fd, F_GETLK, F_UNLCK, 0, 0, 0);
	lock_of("", -1, F_SETLK, F_RDLCK, 0, 0, 0);
	lock_of("", open("f", O_WRONLY), F_SETLK, F_RDLCK, 0, 0, 0);
	lock_of("", open("f", O_PATH), F_SETLK, F_RDLCK, 0, 0, 0);
	lock_of("", fd, F_OFD_SETLK, F_RDLCK, 0, 5, 0);
	lock_of("", fd, F_OFD_SETLK, F_RDLCK, 3, 1, 0);
	lock_of("", fd2, F_OFD_SETLK, F_RDLCK, 3, 1, 0);
	lock_of("", fd2, F_OFD_GETLK, F_WRLCK, 0, 0, 0);
	in_child("locks", locks_child);
	/* Any descriptor that is closed takes the process's locks away. */
	C(close(open("f", O_RDONLY)));
	in_child("locks", locks_child);
	C(fcntl(fd, F_SETLK, (void *)1));
	C(fcntl(fd, F_GETLK, NULL));
	C(pipe(p));
	lock_of("", p[0], F_SETLK, F_RDLCK, 0, 0, 0);
	C(lockf(fd, F_TLOCK, 5));
	C(lockf(fd, F_TEST, 5));
	C(lockf(fd, F_ULOCK, 0));
}

static void
flock_child(void)
{
	int fd = open("f", O_RDWR);

	C(flock(fd, LOCK_SH | LOCK_NB));
	C(flock(fd, LOCK_EX | LOCK_NB));
	C(flock(fd, LOCK_UN));
	C(flock(lfd, LOCK_EX | LOCK_NB));
	C(flock(lfd, LOCK_SH | LOCK_NB));
}

void
conf_flock(void)
{
	int fd, fd2, p[2];

	mk("f", "");
	mkdir("d", 0755);
	C(fd = lfd = open("f", O_RDONLY));
	C(fd2 = open("f", O_RDONLY));
	C(flock(fd, LOCK_EX));
	C(flock(fd2, LOCK_SH | LOCK_NB));
	in_child("flock", flock_child);
	C(flock(fd2, LOCK_SH | LOCK_NB));
	C(flock(fd2, LOCK_EX | LOCK_NB));
	C(flock(fd2, LOCK_SH | LOCK_NB));
	C(flock(fd, LOCK_UN));
	C(flock(fd2, LOCK_EX | LOCK_NB));
	C(close(fd2));
	C(flock(fd, LOCK_EX | LOCK_NB));
	C(flock(fd, 0));
	C(flock(fd, LOCK_SH | LOCK_EX));
	C(flock(fd, 16));
	C(flock(fd, LOCK_UN | LOCK_NB));
	C(flock(-1, LOCK_SH));
	C(flock(open("d", O_RDONLY), LOCK_EX));
	C(pipe(p));
	C(flock(p[0], LOCK_EX));
}

void
conf_fcntl(void)
{
	int fd, p[2];
	unsigned long hint = 2;

	mk("f", "");
	C(fd = open("f", O_RDWR));
	C(fcntl(fd, F_GETFL));
	C(fcntl(fd, F_SETFL, -1));
	C(fcntl(fd, F_GETFL));
	C(fcntl(fd, F_SETFL, 0));
	C(fcntl(fd, F_DUPFD, 100));
	C(fcntl(fd, F_DUPFD, -1));
	C(fcntl(fd, F_DUPFD, 1 << 20));
	C(fcntl(fd, F_DUPFD_CLOEXEC, 50));
	C(fcntl(50, F_GETFD));
	C(fcntl(50, F_SETFD, 0));
	C(fcntl(50, F_GETFD));
	C(fcntl(50, F_SETFD, 0xff));
	C(fcntl(50, F_GETFD));
	C(fcntl(fd, 9999));
	C(fcntl(-1, F_GETFL));
	C(fcntl(fd, F_GETOWN));
	C(fcntl(fd, F_SETOWN, getpid()));
	C(fcntl(fd, F_GETOWN) == getpid());
	C(fcntl(fd, F_GETSIG));
	C(fcntl(fd, F_SETSIG, 10));
	C(fcntl(fd, F_SETSIG, 999));
	C(fcntl(fd, F_GETSIG));
	C(fcntl(fd, F_GETLEASE));
	C(fcntl(fd, F_GETPIPE_SZ));
	C(fcntl(fd, F_GET_SEALS));
	C(fcntl(fd, F_ADD_SEALS, 1));
	C(fcntl(fd, F_SET_RW_HINT, &hint));
	hint = 6;
	C(fcntl(fd, F_SET_RW_HINT, &hint));
	C(fcntl(fd, F_SET_RW_HINT, NULL));
	C(fcntl(fd, F_SET_RW_HINT + 2, &hint));
	C(fcntl(open("f", O_RDONLY), F_GET_RW_HINT, &hint));
	C(hint);
	C(fcntl(open("f", O_PATH), F_GET_RW_HINT, &hint));
	C(fcntl(fd, F_NOTIFY, 0));
	C(fcntl(fd, F_NOTIFY, DN_MULTISHOT));
	C(fcntl(fd, F_NOTIFY, DN_MODIFY));
	C(dup(-1));
	C(dup2(fd, -1));
	C(dup2(-1, 5));
	C(dup2(fd, fd));
	C(dup3(fd, fd, 0));
	C(dup3(fd, 60, 0x1234));
	C(dup3(fd, 60, O_CLOEXEC));
	C(fcntl(60, F_GETFD));
	C(dup2(fd, 1 << 20));
	C(pipe(p));
	C(dup2(fd, p[0]));
	C(write(p[0], "x", 1));
	C(close(p[0]));
	C(close(p[0]));
	struct rlimit rl = { 20, 20 };
	C(setrlimit(RLIMIT_NOFILE, &rl));
	C(fcntl(fd, F_DUPFD, 30));
	C(dup2(fd, 30));
	while (open("f", O_RDONLY) >= 0)
		continue;
	C(open("f", O_RDONLY));
	C(open("unmade", O_CREAT | O_WRONLY, 0644));
	C(open("none", O_RDONLY));
	C(dup(fd));
	S("unmade");
	C(open("f", O_RDWR | O_TRUNC));
}
