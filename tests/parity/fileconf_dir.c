/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: directories, read and as the current one.
 */
#include "fileconf.h"

#include <dirent.h>

static char buf[70000];

struct old_dirent {
	unsigned long d_ino, d_off;
	unsigned short d_reclen;
	char d_name[];
};

void
conf_getdents(void)
{
	char name[32];
	int fd, i, n, total;
	long r, o;

	mkdir("d", 0755);
	for (i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		mk(name, "");
	}
	C(fd = open("d", O_RDONLY));
	C(syscall(SYS_getdents64, fd, buf, 0));
	C(syscall(SYS_getdents64, fd, buf, 10));
	C(syscall(SYS_getdents64, fd, buf, 23));
	C(syscall(SYS_getdents64, fd, buf, 24));
	C(syscall(SYS_getdents64, fd, (void *)1, 1000));
	C(syscall(SYS_getdents64, -1, buf, 1000));
	C(lseek(fd, 0, SEEK_SET));
	for (total = 0; (r = syscall(SYS_getdents64, fd, buf, 1000)) > 0;)
		for (o = 0; o < r; total++)
			o += ((struct dirent64 *)(buf + o))->d_reclen;
	printf("total %d last %ld\n", total, r);
	C(lseek(fd, 0, SEEK_SET));
	for (total = n = 0; (r = syscall(SYS_getdents, fd, buf, 1000)) > 0;)
		for (o = 0; o < r; total++) {
			struct old_dirent *d = (void *)(buf + o);

			n += buf[o + d->d_reclen - 1]; /* its type */
			n += strlen(d->d_name);
			o += d->d_reclen;
		}
	printf("old total %d last %ld sum %d\n", total, r, n);
	C(syscall(SYS_getdents, fd, buf, 10));
	C(lseek(fd, 0, SEEK_SET));
	C(syscall(SYS_getdents, fd, buf, 10));
	C(syscall(SYS_getdents, fd, (void *)1, 1000));
	C(lseek(fd, -1, SEEK_SET));
	C(lseek(fd, 0, SEEK_END) > 0);
	C(lseek(fd, 0, 99));
	C(read(fd, buf, 10));
	C(write(fd, buf, 10));
	C(pread(fd, buf, 10, 0));
	C(ftruncate(fd, 0));
	C(fsync(fd));
	C(fallocate(fd, 0, 0, 10));
	C(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED ? -1 :
									  0);
	/* Removing while reading loses and repeats nothing. */
	DIR *d = opendir("d");
	struct dirent *e;

	for (n = 0; (e = readdir(d)) != NULL;)
		if (e->d_name[0] != '.') {
			unlinkat(dirfd(d), e->d_name, 0);
			n++;
		}
	printf("removed %d\n", n);
	C(mk("d/after", ""));
	rewinddir(d);
	for (n = 0; (e = readdir(d)) != NULL;)
		n++;
	printf("left %d\n", n);
	closedir(d);
	C(fd = open("d/after", O_RDONLY));
	C(syscall(SYS_getdents64, fd, buf, 1000));
	C(fd = open("d", O_RDONLY));
	C(unlink("d/after"));
	C(rmdir("d"));
	C(syscall(SYS_getdents64, fd, buf, 1000));
}

/* Has what was tried set the directory's atime? */
static void
tried(int fd, void *where, size_t size)
{
	struct timespec ts[2] = { { 1000000, 0 }, { 1000001, 0 } };
	struct stat st;

	futimens(fd, ts);
	C(syscall(SYS_getdents64, fd, where, size));
	fstat(fd, &st);
	printf("atime %s\n", st.st_atime == 1000000 ? "kept" : "set");
}

/* How many names there are from where the directory was read to. */
static int
count_rest(int fd)
{
	int n = 0;
	long r, o;

	while ((r = syscall(SYS_getdents64, fd, buf, 1000)) > 0)
		for (o = 0; o < r; n++)
			o += ((struct dirent64 *)(buf + o))->d_reclen;
	return n;
}

/* A failed read is an access; names made meanwhile are met until the first. */
void
conf_readdir(void)
{
	char name[32];
	int fd, i;

	mkdir("d", 0755);
	mk("d/a", "");
	mk("d/b", "");
	C(fd = open("d", O_RDONLY));
	tried(fd, buf, 0);
	tried(fd, buf, 10);
	tried(fd, NULL, 1000);
	tried(fd, buf, 1000);
	tried(fd, NULL, 1000);
	for (i = 1; i < 5; i++) {
		C(lseek(fd, 0, SEEK_SET));
		C(syscall(SYS_getdents64, fd, buf, 24 * i) > 0);
		snprintf(name, sizeof(name), "d/%d", i);
		C(mk(name, ""));
		printf("rest %d\n", count_rest(fd));
	}
	C(mk("d/last", ""));
	printf("rest %d\n", count_rest(fd));
	mkdir("e", 0755);
	C(fd = open("e", O_RDONLY));
	C(rmdir("e"));
	tried(fd, buf, 1000);
	/* In a removed directory there is nothing, whatever its name. */
	C(openat(fd, name_of(256), O_RDONLY));
	C(openat(fd, name_of(256), O_RDWR | O_CREAT, 0644));
	C(mkdirat(fd, name_of(256), 0755));
	C(unlinkat(fd, name_of(256), 0));
	C(linkat(AT_FDCWD, "d/a", fd, name_of(256), 0));
	C(renameat(AT_FDCWD, "d/a", fd, name_of(256)));
}

void
conf_cwd(void)
{
	struct stat a, b;
	int fd;

	mkdir("d", 0755);
	mkdir("d/e", 0755);
	mk("f", "");
	symlink("d/e", "s");
	C(chdir("none"));
	C(chdir("f"));
	C(chdir(""));
	C(chdir((char *)1));
	C(fchdir(-1));
	C(fd = open("f", O_RDONLY));
	C(fchdir(fd));
	C(chdir("s"));
	C(getcwd(buf, 4096) == NULL ? -1 : 0);
	printf("%d\n", strcmp(buf + strlen(buf) - 6, "/g/d/e"));
	C(syscall(SYS_getcwd, buf, 1));
	C(syscall(SYS_getcwd, buf, 0));
	C(syscall(SYS_getcwd, (char *)1, 4096));
	C(syscall(SYS_getcwd, buf, 4096) == (long)strlen(buf) + 1);
	C(chdir("../.."));
	C(rename("d", "dd"));
	C(access("s", F_OK));
	C(chdir("dd/e"));
	C(rename("../../dd", "../../ddd"));
	C(getcwd(buf, 4096) == NULL ? -1 : 0);
	printf("%d\n", strcmp(buf + strlen(buf) - 8, "/g/ddd/e"));
	C(stat(".", &a));
	C(chdir("../.."));
	C(stat("ddd/e", &b));
	printf("%d\n", a.st_ino == b.st_ino);
	C(chdir("ddd/e"));
	C(rmdir("../e"));
	C(getcwd(buf, 4096) == NULL ? -1 : 0);
	C(stat(".", &a));
	printf("nlink %lu\n", (unsigned long)a.st_nlink);
	C(stat("..", &a));
	C(mkdir("x", 0755));
	C(open("x", O_CREAT | O_WRONLY, 0644));
	C(chdir("."));
	C(chdir(".."));
	C(getcwd(buf, 4096) == NULL ? -1 : 0);
	if (!is_root)
		return;
	C(chroot("none"));
	C(chroot("../f"));
	C(chroot(""));
}

void
conf_proc(void)
{
	char path[64];
	int fd, fd2;

	mk("f", "hello");
	mkdir("d", 0755);
	C(fd = open("f", O_RDWR));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	C(readlink(path, buf, sizeof(buf)) > 0);
	C(fd2 = open(path, O_RDONLY));
	C(read(fd2, buf, 2));
	C(lseek(fd, 0, SEEK_CUR));
	C(open(path, O_RDONLY | O_NOFOLLOW));
	C(access(path, R_OK));
	C(truncate(path, 2));
	SF(fd);
	C(chmod(path, 0640));
	SF(fd);
	C(linkat(AT_FDCWD, path, AT_FDCWD, "l", AT_SYMLINK_FOLLOW));
	S("l");
	C(linkat(AT_FDCWD, path, AT_FDCWD, "l2", 0));
	C(unlink("f"));
	C(unlink("l"));
	C(open(path, O_RDWR) >= 0);
	C(unlink(path));
	C(rename(path, "x"));
	C(open(path, O_RDWR | O_CREAT | O_EXCL, 0644));
	C(fd = open("d", O_RDONLY));
	snprintf(path, sizeof(path), "/proc/self/fd/%d/../f2", fd);
	C(open(path, O_CREAT | O_WRONLY, 0600) >= 0);
	S("f2");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	C(chdir(path));
	C(access("../f2", F_OK));
	snprintf(path, sizeof(path), "/dev/fd/%d/.", fd);
	C(open(path, O_RDONLY) >= 0);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	C(open(path, O_RDONLY) >= 0);
	C(chdir("/proc/self/cwd"));
	C(access("../f2", F_OK));
	C(open("/proc/self/cwd/../f2", O_RDONLY) >= 0);
}

void
conf_dirs(void)
{
	char name[32];
	struct stat st;
	int i;

	for (i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "d%d", i);
		mkdir(name, 0755);
	}
	S(".");
	for (i = 0; i < 100; i += 2) {
		snprintf(name, sizeof(name), "d%d", i);
		rmdir(name);
	}
	S(".");
	C(mkdir("d1/x", 0755));
	C(rename("d1", "d3"));
	C(rename("d5", "d3"));
	S(".");
	S("d3");
	C(stat("d3/..", &st));
	C(stat("d3/../d3/../../g/d7", &st));
	C(mkdir("./././n/", 0755));
	C(mkdir("n/../n2", 0755));
	C(rmdir("n/../n2/"));
	C(access("//"
		 "//tmp",
	    F_OK));
}
