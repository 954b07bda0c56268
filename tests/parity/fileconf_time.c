/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: times, and what changes them.
 */
#include "fileconf.h"

#include <dirent.h>
#include <sys/sendfile.h>
#include <time.h>

static char buf[1000];

static void
show_times(const char *path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return;
	printf("%s: %ld.%09ld %ld.%09ld\n", path,
	    st.st_atim.tv_sec > 1700000000 ? 0 : (long)st.st_atim.tv_sec,
	    st.st_atim.tv_sec > 1700000000 ? 0 : st.st_atim.tv_nsec,
	    st.st_mtim.tv_sec > 1700000000 ? 0 : (long)st.st_mtim.tv_sec,
	    st.st_mtim.tv_sec > 1700000000 ? 0 : st.st_mtim.tv_nsec);
}

static void
set_times(const char *path, long as, long an, long ms, long mn, int flags)
{
	struct timespec ts[2] = { { as, an }, { ms, mn } };

	printf("utimensat %s %ld %ld %ld %ld: ", path, as, an, ms, mn);
	C(utimensat(AT_FDCWD, path, ts, flags));
	show_times(path);
}

static void
times_as_user(void)
{

	set_times("theirs", 1, 2, 3, 4, 0);
	set_times("theirs", 0, UTIME_NOW, 0, UTIME_NOW, 0);
	set_times("theirs", 0, UTIME_OMIT, 0, UTIME_OMIT, 0);
	set_times("theirs", 0, UTIME_OMIT, 0, UTIME_NOW, 0);
	set_times("writable", 1, 2, 3, 4, 0);
	set_times("writable", 0, UTIME_NOW, 0, UTIME_NOW, 0);
	set_times("writable", 0, UTIME_OMIT, 0, UTIME_NOW, 0);
	set_times("mine", 1, 2, 3, 4, 0);
	set_times("mine", 0, UTIME_OMIT, 0, UTIME_NOW, 0);
}

/* Which of path's times did f change?  It is run after a rest. */
static void
changes(const char *what, const char *path, void (*f)(void))
{
	struct stat a, b;
	struct timespec ts[2] = { { 1000, 0 }, { 2000, 0 } };

	if (utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW) != 0)
		return;
	lstat(path, &a);
	usleep(8000);
	f();
	if (lstat(path, &b) != 0)
		return;
	printf("%s on %s:%s%s%s\n", what, path,
	    a.st_atim.tv_sec != b.st_atim.tv_sec ||
		    a.st_atim.tv_nsec != b.st_atim.tv_nsec ?
		" atime" :
		"",
	    a.st_mtim.tv_sec != b.st_mtim.tv_sec ||
		    a.st_mtim.tv_nsec != b.st_mtim.tv_nsec ?
		" mtime" :
		"",
	    a.st_ctim.tv_sec != b.st_ctim.tv_sec ||
		    a.st_ctim.tv_nsec != b.st_ctim.tv_nsec ?
		" ctime" :
		"");
}

static int tfd;

#define ACT(name, ...)         \
	static void name(void) \
	{                      \
		__VA_ARGS__;   \
	}
ACT(do_read, pread(tfd, buf, 1, 0))
ACT(do_read0, pread(tfd, buf, 0, 0))
ACT(do_readeof, pread(tfd, buf, 1, 10000))
ACT(do_write, pwrite(tfd, "x", 1, 0))
ACT(do_write0, pwrite(tfd, "x", 0, 0))
ACT(do_trunc, ftruncate(tfd, 3))
ACT(do_truncsame, ftruncate(tfd, 3))
ACT(do_trunclarger, ftruncate(tfd, 9))
ACT(do_pathtrunc, truncate("f", 9))
ACT(do_otrunc, close(open("f", O_WRONLY | O_TRUNC)))
ACT(do_otrunc0, close(open("f", O_WRONLY | O_TRUNC)))
ACT(do_open, close(open("f", O_RDWR | O_CREAT, 0600)))
ACT(do_chmod, fchmod(tfd, 0600))
ACT(do_chown, fchown(tfd, -1, -1))
ACT(do_chown0, fchown(tfd, geteuid(), -1))
ACT(do_link, link("f", "f2"))
ACT(do_rename, rename("f2", "f3"))
ACT(do_unlink, unlink("f3"))
ACT(do_xattr, fsetxattr(tfd, "user.a", "1", 1, 0))
ACT(do_getxattr, fgetxattr(tfd, "user.a", buf, 1))
ACT(do_rmxattr, fremovexattr(tfd, "user.a"))
ACT(do_falloc, fallocate(tfd, 0, 0, 8192))
ACT(do_fallockeep, fallocate(tfd, 1, 0, 20000))
ACT(do_punch, fallocate(tfd, 3, 0, 4096))
ACT(do_create, close(open("d/n", O_CREAT | O_WRONLY, 0644)))
ACT(do_openex, close(open("d/n", O_CREAT | O_WRONLY, 0644)))
ACT(do_mkdir, mkdir("d/m", 0755))
ACT(do_mvin, rename("d/n", "d/n2"))
ACT(do_mvdir, rename("d/m", "e/m"))
ACT(do_rmdir, rmdir("e/m"))
ACT(do_rm, unlink("d/n2"))
ACT(do_sym, symlink("x", "d/s"))
ACT(do_readlink, readlink("d/s", buf, 100))
ACT(do_follow, access("d/s", F_OK))
ACT(do_ls, {
	DIR *d = opendir("d");
	while (readdir(d))
		;
	closedir(d);
})
ACT(do_utime, {
	struct timespec t[2] = { { 0, UTIME_OMIT }, { 0, UTIME_OMIT } };
	futimens(tfd, t);
})
ACT(do_utime1, {
	struct timespec t[2] = { { 5, 5 }, { 0, UTIME_OMIT } };
	futimens(tfd, t);
})
ACT(do_mmapread, {
	char *p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, tfd, 0);
	*(volatile char *)p;
	munmap(p, 4096);
})
ACT(do_exchange,
    syscall(SYS_renameat2, AT_FDCWD, "f", AT_FDCWD, "x", RENAME_EXCHANGE))
ACT(do_chdir, {
	if (chdir("d") == 0)
		chdir("..");
})
ACT(do_flock, flock(tfd, LOCK_EX))
ACT(do_copy, {
	loff_t o = 0;
	int fd = open("x", O_RDONLY);
	copy_file_range(fd, &o, tfd, &o, 4, 0);
	close(fd);
})
ACT(do_sendfile, {
	off_t o = 0;
	int fd = open("x", O_WRONLY);
	sendfile(fd, tfd, &o, 4);
	close(fd);
})

void
conf_times(void)
{

	mk("f", "0123456789");
	mk("x", "0123456789");
	mk("theirs", "x");
	mk("writable", "x");
	chmod("writable", 0666);
	mk("mine", "x");
	symlink("f", "s");
	mkdir("d", 0755);
	mkdir("e", 0755);
	set_times("f", 1, 2, 3, 4, 0);
	set_times("f", -1, 999999999, -5, 0, 0);
	set_times("f", 1, 1000000000, 3, 4, 0);
	set_times("f", 1, -1, 3, 4, 0);
	set_times("f", 1, 2, 3, UTIME_OMIT, 0);
	set_times("f", 99, UTIME_OMIT, 3, 4, 0);
	set_times("f", 99, UTIME_NOW, 3, 5, 0);
	set_times("f", 1, 2, 3, UTIME_OMIT - 1, 0);
	set_times("s", 7, 8, 9, 10, AT_SYMLINK_NOFOLLOW);
	set_times("s", 11, 12, 13, 14, 0);
	show_times("f");
	set_times("none", 1, 2, 3, 4, 0);
	set_times("f", 1, 2, 3, 4, 0x40);
	set_times("f", 1L << 40, 2, 3, 4, 0);
	set_times("f", 0x7fffffffffffffffL, 2, 3, 4, 0);
	set_times("f", (-0x7fffffffffffffffL) - 1, 2, 3, 4, 0);
	C(utimensat(AT_FDCWD, "f", (struct timespec *)1, 0));
	C(utimes("f", NULL));
	show_times("f");
	{
		struct timeval tv[2] = { { 100, 999999 }, { 200, 5 } };
		struct timeval bad[2] = { { 100, 1000000 }, { 200, 5 } };

		C(utimes("f", tv));
		show_times("f");
		C(utimes("f", bad));
		C(futimes(-1, tv));
		C(syscall(SYS_utime, "f", tv));
		show_times("f");
	}
	if (is_root) {
		chown("mine", 1000, 1000);
		as_user("1000", 1000, 1000, times_as_user);
	}
	C(tfd = open("f", O_RDWR));
#define CH(f, path) changes(#f, path, f)
	CH(do_read, "f");
	CH(do_read0, "f");
	CH(do_readeof, "f");
	CH(do_write, "f");
	CH(do_write0, "f");
	CH(do_trunc, "f");
	CH(do_truncsame, "f");
	CH(do_trunclarger, "f");
	CH(do_pathtrunc, "f");
	CH(do_otrunc, "f");
	CH(do_otrunc0, "f");
	CH(do_open, "f");
	CH(do_chmod, "f");
	CH(do_chown, "f");
	CH(do_chown0, "f");
	CH(do_link, "f");
	CH(do_rename, "f");
	CH(do_unlink, "f");
	CH(do_xattr, "f");
	CH(do_getxattr, "f");
	CH(do_rmxattr, "f");
	CH(do_falloc, "f");
	CH(do_fallockeep, "f");
	CH(do_punch, "f");
	CH(do_create, "d");
	CH(do_openex, "d");
	CH(do_mkdir, "d");
	CH(do_mvin, "d");
	CH(do_mvdir, "d");
	CH(do_mvdir, "e");
	rename("e/m", "d/m");
	CH(do_mvdir, "d/m");
	CH(do_rmdir, "e");
	CH(do_rm, "d");
	CH(do_sym, "d");
	CH(do_readlink, "d/s");
	CH(do_readlink, "d");
	CH(do_follow, "d/s");
	CH(do_ls, "d");
	CH(do_utime, "f");
	CH(do_utime1, "f");
	CH(do_mmapread, "f");
	CH(do_exchange, "f");
	CH(do_exchange, "x");
	CH(do_exchange, ".");
	CH(do_chdir, "d");
	CH(do_flock, "f");
	CH(do_copy, "f");
	CH(do_copy, "x");
	CH(do_sendfile, "f");
	CH(do_sendfile, "x");
}

void
conf_grain(void)
{
	struct stat a, b;
	int fd, i, same = 0, back = 0;

	C(fd = open("f", O_CREAT | O_RDWR, 0644));
	for (i = 0; i < 200; i++) {
		fstat(fd, &a);
		pwrite(fd, "x", 1, 0);
		fstat(fd, &b);
		if (a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
		    a.st_mtim.tv_nsec == b.st_mtim.tv_nsec)
			same++;
		if (a.st_ctim.tv_sec > b.st_ctim.tv_sec ||
		    (a.st_ctim.tv_sec == b.st_ctim.tv_sec &&
			a.st_ctim.tv_nsec > b.st_ctim.tv_nsec))
			back++;
	}
	printf("grain: %d same, %d back\n", same, back);
	same = 0;
	for (i = 0; i < 200; i++) {
		stat(".", &a);
		close(open("n", O_CREAT | O_RDWR, 0644));
		stat(".", &b);
		unlink("n");
		if (a.st_mtim.tv_nsec == b.st_mtim.tv_nsec)
			same++;
	}
	printf("grain: dir %d same\n", same);
	same = 0;
	for (i = 0; i < 200; i++) {
		stat("f", &a);
		chmod("f", 0600 | (i & 7));
		stat("f", &b);
		if (a.st_ctim.tv_nsec == b.st_ctim.tv_nsec)
			same++;
	}
	printf("grain: chmod %d same\n", same);
	/* A file changed later is not older, queried or not. */
	back = 0;
	for (i = 0; i < 200; i++) {
		pwrite(fd, "y", 1, 0);
		fstat(fd, &a);
		pwrite(fd, "y", 1, 0);
		fstat(fd, &a);
		mk("g", "z");
		stat("g", &b);
		if (a.st_mtim.tv_sec > b.st_mtim.tv_sec ||
		    (a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
			a.st_mtim.tv_nsec > b.st_mtim.tv_nsec))
			back++;
		unlink("g");
	}
	printf("grain: order %d wrong\n", back);
}
