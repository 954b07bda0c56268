/* SPDX-License-Identifier: BSD-2-Clause */
/* fileconf_flags: the flags of chattr(1), and what they forbid. */
#include "fileconf.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

static char buf[100];

static int
set(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK), ret;

	if (fd < 0)
		return -1;
	ret = ioctl(fd, FS_IOC_SETFLAGS, &flags);
	close(fd);
	return ret;
}

static int
get(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK), flags = -2;

	if (fd < 0)
		return -1;
	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0)
		flags = -1;
	close(fd);
	return flags;
}

static long
told(const char *path)
{
	struct statx sx;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS,
		&sx) != 0)
		return -1;
	/* Append, immutable, nodump. */
	return (sx.stx_attributes & sx.stx_attributes_mask & 0x70) |
	    (sx.stx_attributes_mask & 0x70) << 8;
}

static void
everything(void)
{
	struct timespec ts[2] = { { 1, 0 }, { 2, 0 } };
	struct timespec omit[2] = { { 1, 0 }, { 0, UTIME_OMIT } };
	struct timespec now[2] = { { 1, UTIME_NOW }, { 0, UTIME_NOW } };
	struct timespec onenow[2] = { { 1, UTIME_NOW }, { 0, UTIME_OMIT } };
	struct iovec iov = { buf, 3 };
	int fd;

	C(open("f", O_RDONLY) >= 0);
	C(open("f", O_WRONLY) >= 0);
	C(open("f", O_RDWR | O_APPEND) >= 0);
	C(open("f", O_RDONLY | O_TRUNC) >= 0);
	C(open("f", O_RDWR | O_APPEND | O_TRUNC) >= 0);
	C(open("f", O_WRONLY | O_CREAT, 0600) >= 0);
	C(access("f", W_OK));
	C(access("f", R_OK));
	C(faccessat(AT_FDCWD, "f", W_OK, AT_EACCESS));
	C(chmod("f", 0640));
	C(chown("f", -1, -1));
	C(chown("f", getuid(), -1));
	C(utimensat(AT_FDCWD, "f", ts, 0));
	C(utimensat(AT_FDCWD, "f", omit, 0));
	C(utimensat(AT_FDCWD, "f", now, 0));
	C(utimensat(AT_FDCWD, "f", onenow, 0));
	C(utimensat(AT_FDCWD, "f", NULL, 0));
	C(truncate("f", 2));
	C(truncate("f", 5));
	C(setxattr("f", "user.a", "x", 1, 0));
	C(setxattr("f", "trusted.a", "x", 1, 0));
	C(getxattr("f", "user.was", buf, 10));
	C(removexattr("f", "user.was"));
	C(link("f", "l"));
	C(rename("f", "g"));
	C(rename("g", "f"));
	C(rename("other", "f"));
	C(syscall(SYS_renameat2, AT_FDCWD, "other", AT_FDCWD, "f", 2));
	C(unlink("f"));
	C(rmdir("f"));
	C(mk("f", "again"));
	C(mk("other", "o"));
	C(fd = open("f", O_RDWR | O_APPEND));
	C(fcntl(fd, F_SETFL, 0));
	C(fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK));
	C(pwrite(fd, "xyz", 3, 0));
	C(pwritev2(fd, &iov, 1, 0, 0x20));
	C(ftruncate(fd, 1));
	C(fallocate(fd, 0, 0, 10000));
	C(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 20000));
	C(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096));
	C(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	C(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	close(fd);
	C(fd = open("f", O_RDONLY));
	C(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0) != MAP_FAILED);
	close(fd);
}

static void
directory(void)
{
	struct timespec ts[2] = { { 1, 0 }, { 2, 0 } };

	C(mk("d/new", "x"));
	C(mkdir("d/newd", 0755));
	C(symlink("x", "d/newl"));
	C(mknod("d/newp", S_IFIFO | 0644, 0));
	C(mknod("d/newc", S_IFCHR | 0644, 0x105));
	C(link("other", "d/linked"));
	C(rename("other", "d/moved"));
	C(rename("d/moved", "other"));
	C(rename("d/in", "d/in2"));
	C(rename("d/in2", "d/in"));
	C(rename("d/in", "out"));
	C(rename("out", "d/in"));
	C(unlink("d/in"));
	C(rmdir("d/sub"));
	C(open("d", O_TMPFILE | O_RDWR, 0644) >= 0);
	C(mk("d/in", "written"));
	C(mk("d/sub/in", "written"));
	C(chmod("d", 0755));
	C(chmod("d/in", 0644));
	C(utimensat(AT_FDCWD, "d", ts, 0));
	C(utimensat(AT_FDCWD, "d", NULL, 0));
	C(rename("d", "e"));
	C(rename("e", "d"));
	C(rename("d", "sub/d"));
	C(rename("sub/d", "d"));
	C(rmdir("d"));
	C(access("d", W_OK));
	C(setxattr("d", "user.a", "x", 1, 0));
	S("d");
}

static void
unprivileged(void)
{
	C(get("f"));
	C(set("f", FS_IMMUTABLE_FL));
	C(set("f", 0));
	C(set("mine", FS_NODUMP_FL));
	C(get("mine"));
	C(set("mine", FS_NODUMP_FL | FS_APPEND_FL));
	C(set("mine", FS_IMMUTABLE_FL));
	C(set("mine", 0x80000000));
	C(get("fixed"));
	C(set("fixed", FS_IMMUTABLE_FL | FS_NODUMP_FL));
	C(set("fixed", 0));
	C(open("fixed", O_WRONLY));
	C(access("fixed", W_OK));
	C(chmod("fixed", 0600));
	C(chown("fixed", -1, -1));
	C(utimensat(AT_FDCWD, "fixed", NULL, 0));
	C(truncate("fixed", 0));
	C(chmod("noaccess", 0600));
	C(open("noaccess", O_WRONLY));
	C(truncate("noaccess", 0));
	C(utimensat(AT_FDCWD, "noaccess", NULL, 0));
	C(link("fixed", "l"));
	C(unlink("fixed"));
}

static void
flags_by_ioctl(void)
{
	struct fsxattr fx;
	int fd, n;

	mk("f", "text");
	mkdir("d", 0755);
	mkfifo("p", 0644);
	C(get("f"));
	C(get("d"));
	C(get("p"));
	C(set("p", 0));
	C(told("f"));
	C(told("p"));
	for (n = 0; n < 32; n++) {
		C(set("f", 1U << n));
		C(get("f"));
		C(told("f"));
	}
	C(set("f", 0));
	C(fd = open("f", O_RDONLY));
	C(ioctl(fd, FS_IOC_SETFLAGS, NULL));
	C(ioctl(fd, FS_IOC_GETFLAGS, NULL));
	C(ioctl(fd, FS_IOC_FSGETXATTR, &fx));
	C(fx.fsx_xflags);
	C(set("f", FS_NODUMP_FL | FS_NOATIME_FL));
	C(ioctl(fd, FS_IOC_FSGETXATTR, &fx));
	C(fx.fsx_xflags);
	C(fx.fsx_projid);
	fx.fsx_xflags = FS_XFLAG_NODUMP;
	C(ioctl(fd, FS_IOC_FSSETXATTR, &fx));
	C(get("f"));
	fx.fsx_xflags = 0;
	C(ioctl(fd, FS_IOC_FSSETXATTR, &fx));
	C(get("f"));
	for (n = 0; n < 32; n++) {
		fx.fsx_xflags = 1U << n;
		C(ioctl(fd, FS_IOC_FSSETXATTR, &fx));
		C(get("f"));
	}
	fx.fsx_xflags = 0;
	fx.fsx_projid = 7;
	C(ioctl(fd, FS_IOC_FSSETXATTR, &fx));
	fx.fsx_projid = 0;
	fx.fsx_extsize = 4096;
	C(ioctl(fd, FS_IOC_FSSETXATTR, &fx));
	C(ioctl(fd, FS_IOC_FSSETXATTR, NULL));
	C(ioctl(fd, FS_IOC_FSGETXATTR, NULL));
	close(fd);
	C(fd = open("f", O_PATH));
	C(ioctl(fd, FS_IOC_GETFLAGS, &n));
	close(fd);
	/* What is made in it has the directory's. */
	C(set("d", FS_NODUMP_FL | FS_NOATIME_FL));
	mk("d/new", "x");
	mkdir("d/newd", 0755);
	C(symlink("x", "d/newl"));
	mkfifo("d/newp", 0644);
	C(get("d"));
	C(get("d/new"));
	C(get("d/newd"));
	C(told("d/new"));
	C(told("d/newl"));
	C(told("d/newp"));
}

static void
flags_by_others(void)
{
	mkdir("u", 0777);
	chmod("u", 0777);
	if (chdir("u") != 0)
		return;
	mk("f", "text");
	mk("mine", "text");
	mk("fixed", "text");
	mk("noaccess", "text");
	C(chown("mine", 1234, 1234));
	C(chown("fixed", 1234, 1234));
	C(chmod("noaccess", 0444));
	C(set("fixed", FS_IMMUTABLE_FL));
	C(set("noaccess", FS_IMMUTABLE_FL));
	as_user("unprivileged", 1234, 1234, unprivileged);
	set("mine", 0);
	set("fixed", 0);
	set("noaccess", 0);
	C(chdir(".."));
}

static void
noatime(void)
{
	struct timespec old[2] = { { 1, 0 }, { 2, 0 } };
	struct stat st;
	int fd;

	mk("a", "text");
	C(set("a", FS_NOATIME_FL));
	C(utimensat(AT_FDCWD, "a", old, 0));
	C(fd = open("a", O_RDONLY));
	C(read(fd, buf, 10));
	C(stat("a", &st));
	C(st.st_atime);
	C(set("a", 0));
	C(pread(fd, buf, 10, 0));
	C(stat("a", &st));
	C(st.st_atime > 2);
	close(fd);
}

void
conf_flags(void)
{
	static const int flags[] = { FS_IMMUTABLE_FL, FS_APPEND_FL,
		FS_IMMUTABLE_FL | FS_APPEND_FL, FS_NODUMP_FL };
	size_t i;

	flags_by_ioctl();
	flags_by_others();
	noatime();
	mk("other", "other");
	mkdir("sub", 0755);
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		mk("f", "some text");
		C(setxattr("f", "user.was", "v", 1, 0));
		C(set("f", flags[i]));
		C(told("f"));
		everything();
		C(get("f"));
		set("f", 0);
		mkdir("d", 0755);
		mk("d/in", "text");
		mkdir("d/sub", 0755);
		C(set("d", flags[i]));
		directory();
		C(get("d"));
		set("d", 0);
		C(unlink("f"));
	}
}
