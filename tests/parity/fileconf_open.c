/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: opening files.
 */
#include "fileconf.h"

#include <sys/ioctl.h>
#include <linux/openat2.h>

void
conf_open(void)
{
	char byte[1];
	int fd;

	mk("f", "text");
	mkdir("d", 0755);
	symlink("f", "sf");
	symlink("d", "sd");
	symlink("none", "dang");
	symlink("loop", "loop");
	mkfifo("p", 0644);
	C(open("", O_RDONLY));
	C(open("none", O_RDONLY));
	C(open("none/x", O_RDONLY | O_CREAT, 0644));
	C(open("f/x", O_RDONLY));
	C(open("f/", O_RDONLY));
	C(open("f/.", O_RDONLY));
	C(open("f/..", O_RDONLY));
	C(open("d/", O_WRONLY));
	C(open("d", O_RDWR));
	C(open("d", O_RDONLY | O_TRUNC));
	C(open("d", O_RDONLY | O_CREAT, 0644));
	C(open("d/", O_RDONLY | O_CREAT, 0644));
	C(open("new/", O_RDONLY | O_CREAT, 0644));
	C(open("new/.", O_RDONLY | O_CREAT, 0644));
	C(open("new", O_RDONLY | O_DIRECTORY));
	C(open("f", O_RDONLY | O_DIRECTORY));
	C(open("f", O_RDONLY | O_DIRECTORY | O_CREAT, 0644));
	C(open("newdir", O_RDONLY | O_DIRECTORY | O_CREAT, 0644));
	C(open("f", O_RDONLY | O_CREAT | O_EXCL, 0644));
	C(open("sf", O_RDONLY | O_CREAT | O_EXCL, 0644));
	C(open("dang", O_RDONLY | O_CREAT | O_EXCL, 0644));
	C(open("dang", O_RDONLY));
	C(open("sf", O_RDONLY | O_NOFOLLOW));
	C(open("sd", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
	C(open("sd/", O_RDONLY | O_NOFOLLOW | O_DIRECTORY));
	C(open("loop", O_RDONLY));
	C(open("loop/x", O_RDONLY));
	C(open("loop", O_RDONLY | O_CREAT, 0644));
	C(open("loop", O_RDONLY | O_NOFOLLOW));
	C(open("p", O_WRONLY | O_NONBLOCK));
	C(open("p", O_RDWR | O_NONBLOCK) >= 0);
	C(open("f", O_RDONLY | O_CREAT | 0x10000000, 0644) >= 0);
	C(open("f", 3) >= 0);
	C(open((char *)1, O_RDONLY));
	C(open(NULL, O_RDONLY | O_CREAT, 0644));
	C(open("dang", O_RDWR | O_CREAT, 0640) >= 0);
	S("none");
	C(unlink("none"));
	C(open("sf/", O_RDONLY));
	C(open("dang/", O_RDWR | O_CREAT, 0640));
	fd = open("f", O_RDONLY | O_TRUNC);
	SF(fd);
	C(read(fd, byte, 1));
	C(write(fd, "x", 1));
	C(creat("f/x", 0644));
	C(creat("c", 0) >= 0);
	S("c");
	C(openat(999, "f", O_RDONLY));
	C(openat(999, "/", O_RDONLY) >= 0);
	C(openat(fd, "f", O_RDONLY));
	C(openat(fd, "", O_RDONLY));
	C(openat(AT_FDCWD, "", O_RDONLY | O_CREAT, 0644));
	C(open(".", O_RDONLY | O_CREAT, 0644));
	C(open("..", O_WRONLY));
	C(open(".", O_RDONLY | O_CREAT | O_EXCL, 0644));
	C(unlink("c"));
	C(unlink("c"));
}

static void
openat2_of(const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct open_how how = { flags, mode, resolve };
	char text[200];

	snprintf(text, sizeof(text), "openat2 %s %lx %lo %lx", path,
	    (long)flags, (long)mode, (long)resolve);
	errno = 0;
	long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	result(text, 0, fd < 0 ? fd : 0);
	if (fd >= 0)
		close(fd);
}

/* From the root the way to where we are crosses a mount point. */
static void
openat2_absolute(void)
{
	struct open_how how = { .resolve = RESOLVE_NO_XDEV };
	char path[5000];

	snprintf(path, sizeof(path), "%s/g/f", topdir);
	C(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)));
	C(syscall(SYS_openat2, 999, path, &how, sizeof(how)));
	how.resolve = RESOLVE_IN_ROOT;
	C(syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how)));
	C(syscall(SYS_openat2, 999, "/f", &how, sizeof(how)));
}

void
conf_openflags(void)
{
	struct open_how how = { 0, 0, 0 };
	char big[64] = { 0 };
	int fd, fd2;

	mk("f", "0123456789");
	mkdir("d", 0755);
	symlink("f", "sf");
	C(fd = open("f", O_PATH));
	C(read(fd, big, 1));
	C(write(fd, big, 1));
	C(lseek(fd, 0, SEEK_SET));
	C(fchmod(fd, 0600));
	C(fchown(fd, 0, 0));
	C(ftruncate(fd, 0));
	C(fcntl(fd, F_GETFL));
	C(fcntl(fd, F_SETFL, O_APPEND));
	C(fcntl(fd, F_GETFD));
	C(flock(fd, LOCK_SH));
	C(fsync(fd));
	C(ioctl(fd, 0x541B, big));
	C(fgetxattr(fd, "user.x", big, 1));
	C(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 :
									  0);
	C(futimens(fd, NULL));
	C(fallocate(fd, 0, 0, 1));
	C(linkat(fd, "", AT_FDCWD, "viafd", AT_EMPTY_PATH));
	C(fstatat(fd, "", (struct stat *)big, 0));
	SF(fd);
	C(close(fd));
	C(fd = open("sf", O_PATH | O_NOFOLLOW));
	SF(fd);
	C(readlinkat(fd, "", big, sizeof(big)));
	C(close(fd));
	C(fd = open("f", O_RDWR | O_APPEND));
	C(lseek(fd, 2, SEEK_SET));
	C(write(fd, "ab", 2));
	C(lseek(fd, 0, SEEK_CUR));
	C(pwrite(fd, "cd", 2, 0));
	C(lseek(fd, 0, SEEK_CUR));
	show_file("f");
	C(fcntl(fd, F_GETFL));
	C(fcntl(fd, F_SETFL, O_NONBLOCK | O_DIRECTORY | O_CREAT));
	C(fcntl(fd, F_GETFL));
	C(fcntl(fd, F_SETFL, O_DIRECT));
	C(fcntl(fd, F_SETFL, O_NOATIME));
	C(fcntl(fd, F_GETFL));
	C(close(fd));
	C(fd = open("f", O_RDWR | O_SYNC | O_CLOEXEC));
	C(fcntl(fd, F_GETFL));
	C(fcntl(fd, F_GETFD));
	C(fd2 = dup(fd));
	C(fcntl(fd2, F_GETFD));
	C(close(fd2));
	C(close(fd));
	C(fd = open("f", O_RDWR | O_DSYNC | O_NOCTTY | O_NONBLOCK));
	C(fcntl(fd, F_GETFL));
	C(close(fd));
	C(fd = open("d", O_RDWR | O_TMPFILE, 0640));
	SF(fd);
	C(write(fd, "tmp", 3));
	C(linkat(fd, "", AT_FDCWD, "fromtmp", AT_EMPTY_PATH));
	SF(fd);
	show_file("fromtmp");
	C(close(fd));
	C(fd = open("d", O_RDWR | O_TMPFILE | O_EXCL, 0640));
	C(linkat(fd, "", AT_FDCWD, "fromtmp2", AT_EMPTY_PATH));
	C(close(fd));
	C(open("d", O_RDONLY | O_TMPFILE, 0640));
	C(open("f", O_RDWR | O_TMPFILE, 0640));
	C(open("none", O_RDWR | O_TMPFILE, 0640));
	C(open("d", (O_RDWR | O_TMPFILE) & ~O_DIRECTORY, 0640));
	openat2_of("f", O_RDONLY, 0, 0);
	openat2_of("f", O_RDONLY, 0644, 0);
	openat2_of("f", O_RDONLY | O_CREAT, 0644, 0);
	openat2_of("f", O_RDONLY | O_CREAT, 010644, 0);
	openat2_of("f", O_RDONLY | O_CREAT, 0200644, 0);
	openat2_of("f", O_RDONLY | 0x10000000, 0, 0);
	openat2_of("f", 1ULL << 40, 0, 0);
	openat2_of("f", O_RDONLY, 0, 1 << 20);
	openat2_of("sf", O_RDONLY, 0, RESOLVE_NO_SYMLINKS);
	openat2_of("sf", O_PATH | O_NOFOLLOW, 0, RESOLVE_NO_SYMLINKS);
	openat2_of("../g/f", O_RDONLY, 0, RESOLVE_BENEATH);
	openat2_of("d/../f", O_RDONLY, 0, RESOLVE_BENEATH);
	openat2_of("/f", O_RDONLY, 0, RESOLVE_BENEATH);
	openat2_of("/f", O_RDONLY, 0, RESOLVE_IN_ROOT);
	openat2_of("../../../f", O_RDONLY, 0, RESOLVE_IN_ROOT);
	openat2_of("/f", O_RDONLY, 0, RESOLVE_IN_ROOT | RESOLVE_BENEATH);
	openat2_of("f", O_RDONLY, 0, RESOLVE_NO_XDEV);
	openat2_absolute();
	openat2_of("f", O_RDONLY, 0, RESOLVE_NO_MAGICLINKS);
	openat2_of("f", O_PATH | O_RDWR, 0, 0);
	openat2_of("f", O_PATH | O_CREAT, 0, 0);
	openat2_of("d", O_TMPFILE | O_RDWR, 0600, 0);
	C(syscall(SYS_openat2, AT_FDCWD, "f", &how, 23));
	C(syscall(SYS_openat2, AT_FDCWD, "f", &how, 5000));
	C(syscall(SYS_openat2, AT_FDCWD, "f", big, 64) >= 0);
	big[40] = 1;
	C(syscall(SYS_openat2, AT_FDCWD, "f", big, 64));
	C(syscall(SYS_openat2, AT_FDCWD, "f", NULL, sizeof(how)));
}
