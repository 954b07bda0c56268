/* SPDX-License-Identifier: BSD-2-Clause */
/* What inotify tells of each operation, on the host's tmpfs and on rump's. */
#include <pthread.h>

#include "tests/unit/notifyboth.h"

SUITE(inotify);

/* Do it, and say what became of it and which events it made. */
#define DO(e)                     \
	do {                      \
		SAY(e);           \
		say_queue(s, in); \
	} while (0)

static int in;

/* The directory, in it the file f and the directory d, all watched. */
static void
start(const struct side *s, uint32_t mask)
{
	enter_dir(s);
	put_file(s, "f", "some text");
	C(mkdir, "d", 0755);
	in = C(inotify_init1, IN_NONBLOCK);
	SAY(C(inotify_add_watch, in, ".", mask));
	SAY(C(inotify_add_watch, in, "f", mask));
	SAY(C(inotify_add_watch, in, "d", mask));
	say_queue(s, in);
}

static void
stop(const struct side *s)
{
	say_queue(s, in);
	s->close(in);
	leave_dir(s);
}

static void
reads_and_writes(const struct side *s)
{
	struct iovec iov[2];
	char buf[64];
	int fd;

	start(s, IN_ALL_EVENTS);
	fd = C(open, "f", O_RDWR);
	say_queue(s, in);
	DO(s->read(fd, buf, 3));
	DO(s->read(fd, buf, 0));
	DO(s->read(fd, buf, 60));
	DO(s->read(fd, buf, 60)); /* at the end */
	DO(s->read(fd, NULL, 60));
	DO(s->write(fd, "more", 4));
	DO(s->write(fd, "more", 0));
	DO(C(pread, fd, buf, 3, 0));
	DO(C(pwrite, fd, buf, 3, 0));
	iov[0] = iov[1] = (struct iovec){ buf, 2 };
	DO(C(preadv, fd, iov, 2, 0));
	DO(C(preadv, fd, iov, 2, 1000));
	DO(C(readv, fd, iov, 2));
	DO(C(pwritev, fd, iov, 2, 0));
	iov[0].iov_len = iov[1].iov_len = 0;
	DO(C(readv, fd, iov, 2));
	DO(C(writev, fd, iov, 2));
	DO(C(lseek, fd, 0, SEEK_SET));
	DO(C(ftruncate, fd, 5));
	DO(C(ftruncate, fd, 5));
	DO(C(truncate, "f", 7));
	DO(C(fallocate, fd, 0, 0, 100));
	DO(C(fallocate, fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 9));
	DO(C(fsync, fd));
	DO(s->close(fd));
	stop(s);
}

Test(inotify, reads_and_writes)
{
	both(reads_and_writes);
}

static void
opens(const struct side *s)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR,
		O_RDONLY | O_TRUNC, O_WRONLY | O_TRUNC, O_PATH,
		O_WRONLY | O_APPEND, O_RDWR | O_CREAT, O_RDONLY | O_NOATIME,
		O_RDWR | O_CREAT | O_EXCL };
	char buf[4];
	size_t i;
	int fd, fd2;

	start(s, IN_ALL_EVENTS);
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		say("flags %x\n", flags[i]);
		fd = C(open, "f", flags[i], 0600);
		say_queue(s, in);
		DO(s->close(fd));
	}
	DO((fd = C(open, "d", O_RDONLY | O_DIRECTORY)) < 0);
	DO((fd2 = s->dup(fd)) < 0);
	DO(s->close(fd));
	DO(s->close(fd2));
	DO((fd = C(open, "new", O_RDWR | O_CREAT, 0644)) < 0);
	DO(s->close(fd));
	DO((fd = C(open, "none", O_RDONLY)) < 0);
	DO(C(mkfifo, "fifo", 0644));
	DO((fd = C(open, "fifo", O_RDWR)) < 0);
	SAY(C(inotify_add_watch, in, "fifo", IN_ALL_EVENTS));
	DO(s->write(fd, "x", 1));
	DO(s->read(fd, buf, 1));
	DO(C(chmod, "fifo", 0600));
	DO(s->close(fd));
	DO((fd = C(open, "fifo", O_WRONLY | O_NONBLOCK)) < 0);
	stop(s);
}

Test(inotify, opens_and_closes)
{
	both(opens);
}

static void
attributes(const struct side *s)
{
	static const struct timespec times[][2] = {
		{ { 1, 0 }, { 2, 0 } },
		{ { 1, 0 }, { 0, UTIME_OMIT } },
		{ { 0, UTIME_OMIT }, { 2, 0 } },
		{ { 0, UTIME_OMIT }, { 0, UTIME_OMIT } },
		{ { 0, UTIME_NOW }, { 0, UTIME_NOW } },
		{ { 0, UTIME_NOW }, { 0, UTIME_OMIT } },
	};
	struct stat st;
	size_t i;
	int fd;

	start(s, IN_ALL_EVENTS);
	DO(C(chmod, "f", 0600));
	DO(C(chmod, "f", 0600));
	DO(C(chmod, "d", 0700));
	DO(C(chown, "f", -1, -1));
	DO(C(chown, "f", getuid(), -1));
	DO(C(chown, "f", -1, getgid()));
	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		DO(C(utimensat, AT_FDCWD, "f", times[i], 0));
	DO(C(utimensat, AT_FDCWD, "d", NULL, 0));
	fd = C(open, "f", O_RDWR);
	say_queue(s, in);
	DO(C(fchmod, fd, 0644));
	DO(C(fchown, fd, getuid(), getgid()));
	DO(C(futimens, fd, times[0]));
	DO(C(fsetxattr, fd, "user.a", "b", 1, 0));
	DO(C(fstat, fd, &st));
	DO(s->close(fd));
	DO(C(setxattr, "f", "user.a", "c", 1, 0));
	DO(C(setxattr, "f", "user.a", "c", 1, XATTR_CREATE));
	DO(C(removexattr, "f", "user.a"));
	DO(C(removexattr, "f", "user.a"));
	DO(C(access, "f", R_OK));
	DO(C(stat, "f", &st));
	/* Its setuid bit goes with a write; and with a change of size. */
	DO(C(chmod, "f", 06755));
	DO(C(truncate, "f", 3));
	stop(s);
}

Test(inotify, attributes)
{
	both(attributes);
}

static void
names(const struct side *s)
{
	start(s, IN_ALL_EVENTS);
	DO(C(mkdir, "d/e", 0755));
	DO(C(mkdir, "d/e", 0755));
	DO(C(symlink, "f", "link"));
	DO(C(mknod, "node", S_IFREG | 0644, 0));
	DO(C(mkfifo, "d/fifo", 0644));
	DO(C(link, "f", "d/f2"));
	DO(C(chmod, "f", 0600));
	DO(C(unlink, "d/f2"));
	DO(C(rename, "f", "f3"));
	DO(C(rename, "f3", "d/f3"));
	DO(C(rename, "d/f3", "f"));
	DO(C(rename, "node", "f")); /* over it */
	DO(C(rename, "d", "dd"));
	DO(C(mkdir, "x", 0755));
	DO(C(rename, "x", "dd/x"));
	DO(C(rename, "dd/e", "dd/x")); /* over it */
	DO(C(unlink, "link"));
	DO(C(rmdir, "dd/x"));
	DO(C(rmdir, "dd"));
	DO(C(unlink, "dd/fifo"));
	DO(C(rmdir, "dd"));
	DO(C(unlink, "f"));
	stop(s);
}

Test(inotify, names)
{
	both(names);
}

static void
exchange(const struct side *s)
{
	start(s, IN_ALL_EVENTS);
	DO(C(renameat2, AT_FDCWD, "f", AT_FDCWD, "d", RENAME_EXCHANGE));
	DO(C(chmod, "f", 0700));
	put_file(s, "f/g", "");
	SAY(C(inotify_add_watch, in, "f/g", IN_ALL_EVENTS));
	say_queue(s, in);
	DO(C(renameat2, AT_FDCWD, "f/g", AT_FDCWD, "d", RENAME_EXCHANGE));
	DO(C(chmod, "f/g", 0700));
	DO(C(chmod, "d", 0700));
	DO(C(renameat2, AT_FDCWD, "f/g", AT_FDCWD, "d", RENAME_NOREPLACE));
	DO(C(rename, "d", "d"));
	C(link, "d", "same");
	say_queue(s, in);
	DO(C(rename, "d", "same"));
	stop(s);
}

Test(inotify, exchange)
{
	both(exchange);
}

/* What is open when its name goes is told of by that name. */
static void
unlinked(const struct side *s)
{
	char buf[4000];
	int fd, dir;

	start(s, IN_ALL_EVENTS);
	DO((fd = C(open, "f", O_RDWR)) < 0);
	DO(C(unlink, "f"));
	DO(s->write(fd, "x", 1));
	DO(C(fchmod, fd, 0600));
	DO(s->close(fd));
	DO((dir = C(open, "d", O_RDONLY)) < 0);
	DO(C(getdents64, dir, buf, sizeof(buf)));
	DO(C(getdents64, dir, buf, sizeof(buf)));
	DO(C(rmdir, "d"));
	DO(C(getdents64, dir, buf, sizeof(buf)));
	DO(C(fchmod, dir, 0700));
	DO(s->close(dir));
	/* Another object gets the name. */
	put_file(s, "old", "old");
	put_file(s, "new", "new");
	fd = C(open, "old", O_RDWR);
	say_queue(s, in);
	DO(C(rename, "new", "old"));
	DO(s->read(fd, buf, 10));
	DO(C(fchmod, fd, 0600));
	DO(s->close(fd));
	put_file(s, "a", "");
	C(link, "a", "b");
	SAY(C(inotify_add_watch, in, "a", IN_ALL_EVENTS));
	fd = C(open, "a", O_RDONLY);
	say_queue(s, in);
	DO(C(unlink, "b"));
	DO(C(unlink, "a"));
	DO(s->close(fd));
	stop(s);
}

Test(inotify, files_without_a_name)
{
	both(unlinked);
}

static void
copies(const struct side *s)
{
	off_t off = 0;
	int from, to, p[2];
	char buf[20];

	start(s, IN_ALL_EVENTS);
	put_file(s, "g", "");
	from = C(open, "f", O_RDONLY);
	to = C(open, "g", O_RDWR);
	s->pipe2(p, 0);
	say_queue(s, in);
	DO(C(copy_file_range, from, NULL, to, NULL, 4, 0));
	DO(C(copy_file_range, from, &off, to, NULL, 4, 0));
	DO(C(copy_file_range, from, NULL, to, NULL, 400, 0));
	DO(C(copy_file_range, from, NULL, to, NULL, 400, 0));
	C(lseek, from, 0, SEEK_SET);
	DO(C(sendfile, to, from, NULL, 5));
	DO(C(sendfile, to, from, NULL, 50));
	DO(C(sendfile, to, from, NULL, 50));
	C(lseek, from, 0, SEEK_SET);
	DO(C(splice, from, NULL, p[1], NULL, 5, 0));
	DO(C(splice, p[0], NULL, to, NULL, 3, 0));
	DO(s->read(p[0], buf, 10));
	off = 0;
	DO(C(sendfile, p[1], from, &off, 3));
	stop(s);
}

Test(inotify, copies)
{
	both(copies);
}

static void
flags(const struct side *s)
{
	static const uint32_t masks[] = { 0, IN_ONLYDIR, IN_ISDIR, IN_UNMOUNT,
		IN_IGNORED, IN_Q_OVERFLOW, 1U << 16, IN_MASK_ADD,
		IN_MASK_ADD | IN_MASK_CREATE, IN_MASK_CREATE | IN_OPEN,
		IN_OPEN | 1U << 20, IN_DONT_FOLLOW, IN_ALL_EVENTS };
	int fd, other, i;

	start(s, IN_OPEN);
	for (i = 0; i < (int)(sizeof(masks) / sizeof(masks[0])); i++) {
		say("%x ", masks[i]);
		SAY(C(inotify_add_watch, in, "f", masks[i]));
		SAY(C(inotify_add_watch, in, "d", masks[i]));
	}
	put_file(s, "g", "");
	say_queue(s, in);
	C(symlink, "g", "l");
	SAY(C(inotify_add_watch, in, "l", IN_ONLYDIR | IN_OPEN));
	SAY(C(inotify_add_watch, in, "l", IN_ALL_EVENTS | IN_DONT_FOLLOW));
	SAY(C(inotify_add_watch, in, "l", IN_ALL_EVENTS | IN_ONESHOT));
	SAY(C(inotify_add_watch, in, "none", IN_ALL_EVENTS));
	SAY(C(inotify_add_watch, in, NULL, IN_ALL_EVENTS));
	SAY(C(inotify_add_watch, in, "", IN_ALL_EVENTS));
	DO(C(chmod, "g", 0600));
	DO(C(chmod, "g", 0644));
	DO(C(unlink, "l"));
	/* The mask is replaced, or added to. */
	SAY(C(inotify_add_watch, in, "f", IN_ATTRIB));
	SAY(C(inotify_add_watch, in, "f", IN_MASK_ADD | IN_OPEN));
	fd = C(open, "f", O_RDWR);
	C(chmod, "f", 0611);
	say_queue(s, in);
	SAY(C(inotify_add_watch, in, "f",
	    IN_MASK_ADD | IN_EXCL_UNLINK | IN_ALL_EVENTS));
	SAY(C(inotify_add_watch, in, ".", IN_EXCL_UNLINK | IN_ALL_EVENTS));
	DO(C(unlink, "f"));
	DO(s->write(fd, "x", 1));
	DO(C(fchmod, fd, 0600));
	DO(s->close(fd));
	/* Wrong descriptors. */
	SAY(C(inotify_add_watch, -1, "d", IN_OPEN));
	SAY(C(inotify_add_watch, -1, "d", 0));
	fd = C(open, "d", O_RDONLY);
	SAY(C(inotify_add_watch, fd, "d", IN_OPEN));
	SAY(C(inotify_rm_watch, fd, 1));
	SAY(C(inotify_rm_watch, -1, 1));
	say_queue(s, in);
	for (i = -1; i < 12; i++)
		DO(C(inotify_rm_watch, in, i));
	SAY(C(inotify_add_watch, in, ".", IN_OPEN));
	SAY(C(inotify_init1, 1));
	other = C(inotify_init1, IN_CLOEXEC | IN_NONBLOCK);
	SAY(s->fcntl(other, F_GETFD));
	SAY(s->fcntl(other, F_GETFL));
	SAY(s->fcntl(C(inotify_init), F_GETFL));
	SAY(s->write(in, "x", 1));
	SAY(C(lseek, in, 0, SEEK_SET));
	stop(s);
}

Test(inotify, flags_and_errors)
{
	both(flags);
}

static void
queue(const struct side *s)
{
	struct pollfd pf;
	char buf[4096], name[300];
	int n, i, ep = s->epoll_create1(0);

	start(s, IN_ALL_EVENTS);
	pf = (struct pollfd){ .fd = in, .events = POLLIN | POLLOUT };
	SAY(ctl(s, ep, EPOLL_CTL_ADD, in, 'a', EPOLLIN | EPOLLOUT | EPOLLET));
	say_events(s, ep, 3, 0);
	SAY(s->poll(&pf, 1, 0));
	SAY(s->read(in, buf, 1));
	SAY(s->read(in, NULL, 100));
	for (i = 0; i < 3; i++)
		C(chmod, "d", 0700); /* one event */
	say_events(s, ep, 3, 0);
	say_events(s, ep, 3, 0);
	SAY(s->poll(&pf, 1, 0));
	say("%x\n", pf.revents);
	SAY(C(ioctl, in, FIONREAD, &n));
	say("%d bytes\n", n);
	SAY(C(ioctl, in, FIONBIO, &n));
	SAY(s->read(in, buf, 15));
	SAY(s->read(in, buf, 16));
	SAY(s->read(in, buf, 31));
	SAY(s->read(in, buf, 32));
	SAY(C(ioctl, in, FIONREAD, &n));
	say("%d bytes\n", n);
	SAY(s->read(in, buf, 40));
	SAY(s->read(in, buf, 40));
	/* Events that are not alike in between. */
	for (i = 0; i < 3; i++) {
		C(chmod, "d", 0700);
		C(chmod, "f", 0700);
	}
	SAY(C(ioctl, in, FIONREAD, &n));
	say("%d bytes\n", n);
	SAY(s->read(in, buf, 100));
	say_queue(s, in);
	for (i = 14; i <= 255; i += i < 18 ? 1 : 79) {
		memset(name, 'x', i);
		name[i] = '\0';
		put_file(s, name, "");
	}
	say_queue(s, in);
	stop(s);
}

Test(inotify, the_queue)
{
	both(queue);
}

static void
overflow(const struct side *s)
{
	char buf[65536];
	int i, n;
	long sum = 0;

	start(s, IN_ALL_EVENTS);
	for (i = 0; i < 9000; i++) {
		C(chmod, "d", 0700);
		C(chmod, "f", 0700);
	}
	SAY(C(ioctl, in, FIONREAD, &n));
	say("%d bytes\n", n);
	while ((n = s->read(in, buf, sizeof(buf))) > 0) {
		sum += n;
		if (n < 65536 / 2)
			say("last %x\n",
			    ((struct inotify_event *)(buf + n - 16))->mask);
	}
	say("sum %ld\n", sum);
	C(chmod, "d", 0700);
	stop(s);
}

Test(inotify, overflow)
{
	both(overflow);
}

static void
limits(const struct side *s)
{
	int i, fd[200];

	/* What others have open on the host counts there. */
	for (i = 0; i < 200; i++) {
		fd[i] = C(inotify_init);
		if (fd[i] < 0)
			break;
	}
	say("%s\n", i < 200 ? strerrorname_np(errno) : "no limit");
	while (i-- > 0)
		s->close(fd[i]);
	SAY(C(inotify_init) >= 0);
}

Test(inotify, limits)
{
	/* The host counts by user: the other tests are to have some left. */
	if (geteuid() == 0)
		OK(setresuid(54321, 54321, 54321));
	both(limits);
}

/* Gone in other ways than by a removal. */
static void
gone(const struct side *s)
{
	int fd, other;

	start(s, IN_ALL_EVENTS);
	other = C(inotify_init1, IN_NONBLOCK);
	SAY(C(inotify_add_watch, other, "f", IN_DELETE_SELF));
	SAY(C(inotify_add_watch, other, ".", IN_DELETE));
	C(chdir, "d");
	DO(C(rmdir, "../d"));
	DO(C(chdir, ".."));
	DO(C(chdir, "/"));
	C(chdir, IS_RUMP ? "/watch" : host_dir);
	s->close(in);
	fd = C(open, "f", O_RDONLY);
	C(unlink, "f");
	say_queue(s, other);
	s->close(fd);
	say_queue(s, other);
	in = other;
	/* A new file may well have the old one's place. */
	put_file(s, "f", "");
	DO(C(unlink, "f"));
	stop(s);
}

Test(inotify, gone)
{
	both(gone);
}

static void *
later(void *arg)
{
	const struct side *s = arg;

	usleep(20000);
	C(chmod, "f", 0600);
	return NULL;
}

static void
waits(const struct side *s)
{
	struct pollfd pf;
	pthread_t t;
	char buf[100];
	int i;

	start(s, IN_ATTRIB);
	s->fcntl(in, F_SETFL, 0);
	for (i = 0; i < 2; i++) {
		pthread_create(&t, NULL, later, (void *)s);
		pf = (struct pollfd){ .fd = in, .events = POLLIN };
		if (i == 1)
			SAY(s->poll(&pf, 1, 5000));
		SAY(s->read(in, buf, 10));
		SAY(s->read(in, buf, 32));
		SAY(s->read(in, buf, 100));
		pthread_join(t, NULL);
	}
	s->fcntl(in, F_SETFL, O_NONBLOCK);
	stop(s);
}

Test(inotify, a_reader_waits)
{
	both(waits);
}
