/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: modes, owners, permissions, times, attributes, directories.
 */
#include "fileconf.h"

#include <dirent.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>

static char buf[70000];

void
conf_mode(void)
{
	int fd;
	mode_t m;

	for (m = 0; m <= 0777; m += 0111) {
		umask(m);
		printf("umask %o\n", m);
		C(open("f", O_CREAT | O_WRONLY, 07777) >= 0);
		C(mkdir("d", 07777));
		C(mknod("n", S_IFREG | 07777, 0));
		C(mkfifo("p", 07777));
		C(symlink("x", "l"));
		S("f");
		S("d");
		S("n");
		S("p");
		S("l");
		unlink("f");
		unlink("n");
		unlink("p");
		unlink("l");
		rmdir("d");
	}
	umask(022);
	mk("f", "x");
	mkdir("d", 0755);
	symlink("f", "s");
	C(chmod("f", 07777));
	S("f");
	C(chmod("d", 07777));
	S("d");
	C(chmod("s", 0400));
	S("f");
	S("s");
	C(chmod("none", 0600));
	C(chmod("", 0600));
	C(chmod("f/", 0600));
	C(chmod("f/x", 0600));
	C(chmod("f", 0177777));
	S("f");
	C(lchmod("s", 0600));
	C(syscall(452, AT_FDCWD, "s", 0600, AT_SYMLINK_NOFOLLOW));
	C(syscall(452, AT_FDCWD, "f", 0600, 0x40));
	C(syscall(452, AT_FDCWD, "f", 0640, AT_SYMLINK_NOFOLLOW));
	C(fchmod(-1, 0600));
	C(fd = open("f", O_RDONLY));
	C(fchmod(fd, 06711));
	SF(fd);
	C(ftruncate(fd, 0));
	C(close(fd));
	C(fd = open("f", O_RDWR));
	C(write(fd, "x", 1));
	SF(fd);
}

static void
own_as_user(void)
{
	int fd;

	C(chown("mine", 1001, -1));
	C(chown("mine", 1000, -1));
	C(chown("mine", -1, -1));
	C(chown("mine", -1, 1000));
	C(chown("mine", -1, 2000));
	C(chmod("mine", 06777));
	S("mine");
	C(chown("mine", -1, 1000));
	S("mine");
	C(chmod("mine", 06767));
	C(chown("mine", -1, -1));
	S("mine");
	C(chmod("other", 0777));
	C(chown("other", 1000, -1));
	C(chown("other", -1, -1));
	C(lchown("link", -1, -1));
	C(utimensat(AT_FDCWD, "other", NULL, 0));
	C(truncate("other", 1));
	C(chmod("mine", 06777));
	C(fd = open("mine", O_WRONLY));
	C(write(fd, "x", 1));
	SF(fd);
	C(fchmod(fd, 06777));
	C(ftruncate(fd, 5));
	SF(fd);
	C(fchmod(fd, 06767));
	C(fallocate(fd, 0, 0, 10));
	SF(fd);
	C(chmod("grp", 02777));
	S("grp");
	C(chmod("grpdir", 02777));
	S("grpdir");
	C(setxattr("mine", "user.x", "1", 1, 0));
	C(setxattr("mine", "trusted.x", "1", 1, 0));
	C(setxattr("mine", "security.x", "1", 1, 0));
	C(setxattr("other", "user.x", "1", 1, 0));
	C(getxattr("other", "user.x", buf, 10));
	C(getxattr("other", "trusted.x", buf, 10));
	C(listxattr("mine", buf, 100));
	C(mknod("chr", S_IFCHR | 0600, 0x103));
	C(mknod("blk", S_IFBLK | 0600, 0x103));
	C(mkfifo("fifo", 0600));
	C(chroot("."));
	S("fifo");
	C(open("other600", O_RDONLY));
	C(open("other600", O_PATH) >= 0);
	C(link("other", "l1"));
	C(link("other600", "l2"));
	C(open("mine", O_RDONLY | O_NOATIME) >= 0);
	C(open("other", O_RDONLY | O_NOATIME) >= 0);
}

void
conf_own(void)
{
	int fd;

	if (!is_root)
		return;
	mk("mine", "x");
	mk("other", "yyy");
	mk("grp", "z");
	mkmode("other600", 0600);
	mkdir("grpdir", 0755);
	symlink("other", "link");
	C(chown("mine", 1000, 1000));
	C(chown("grp", 1000, 555));
	C(chown("grpdir", 1000, 555));
	S("mine");
	C(chmod("other", 0644));
	as_user("1000", 1000, 1000, own_as_user);
	C(chmod("mine", 06777));
	C(chown("mine", 0, 0));
	S("mine");
	C(chmod("mine", 06767));
	C(chown("mine", -1, 5));
	S("mine");
	mkdir("sd", 0755);
	C(chmod("sd", 06777));
	C(chown("sd", 3, 4));
	S("sd");
	symlink("mine", "s");
	C(lchown("s", 7, 8));
	S("s");
	C(chown("s", 9, 10));
	S("mine");
	C(chown("none", 0, 0));
	C(chown("mine", -2, -2));
	S("mine");
	C(fd = open("mine", O_RDONLY));
	C(fchown(fd, 11, 12));
	SF(fd);
	C(fchown(-1, 0, 0));
	C(seteuid(1000));
	C(open("byeuid", O_CREAT | O_WRONLY, 0644) >= 0);
	S("byeuid");
	C(access("other600", R_OK));
	C(faccessat(AT_FDCWD, "other600", R_OK, AT_EACCESS));
	C(open("other600", O_RDONLY));
	C(seteuid(0));
	C(syscall(SYS_setfsuid, 1000));
	C(open("other600", O_RDONLY));
	C(open("byfsuid", O_CREAT | O_WRONLY, 0644) >= 0);
	S("byfsuid");
	C(syscall(SYS_setfsuid, 0));
}

static void
sticky_as_user(void)
{

	C(unlink("t/root"));
	C(unlink("t/mine"));
	C(rename("t/root", "t/x"));
	C(rename("t/mine2", "t/root"));
	C(rename("t/mine2", "t/mine3"));
	C(rmdir("t/rootdir"));
	C(rename("t/rootdir", "t/rd"));
	C(unlink("own/root"));
	C(rename("own/root2", "own/x"));
	C(rmdir("own/rootdir"));
	C(syscall(SYS_renameat2, AT_FDCWD, "t/mine3", AT_FDCWD, "t/root",
	    RENAME_EXCHANGE));
	C(open("t/new", O_CREAT | O_WRONLY, 0600) >= 0);
	C(open("t/root", O_WRONLY | O_CREAT, 0600) >= 0);
	C(open("t/rw", O_WRONLY | O_CREAT, 0600) >= 0);
	C(open("t/rw", O_WRONLY) >= 0);
	C(mkdir("ro/x", 0755));
	C(unlink("ro/root"));
	C(unlink("ro/none"));
	C(mkdir("ro/root", 0755));
	C(rename("ro/root", "t/x"));
	C(rename("t/mine3", "ro/x"));
	C(rename("mydir", "t/mydir"));
	C(rename("roothere", "t/roothere"));
	C(open("nox/f", O_RDONLY));
	C(access("nox/f", F_OK));
	C(unlink("nox/f"));
	C(rename("nox/f", "f"));
	C(mkdir("nox/f/x", 0755));
	C(open("nor", O_RDONLY));
	C(access("nor/f", F_OK));
	C(chdir("nox"));
	C(chdir("nor"));
}

void
conf_sticky(void)
{

	if (!is_root)
		return;
	mkdir("t", 0777);
	chmod("t", 01777);
	mkdir("own", 0777);
	chmod("own", 01777);
	chown("own", 1000, 1000);
	mk("t/root", "");
	mk("t/rw", "");
	chmod("t/rw", 0666);
	mkdir("t/rootdir", 0777);
	mk("t/mine", "");
	mk("t/mine2", "");
	chown("t/mine", 1000, 1000);
	chown("t/mine2", 1000, 1000);
	mk("own/root", "");
	mk("own/root2", "");
	mkdir("own/rootdir", 0755);
	mkdir("ro", 0755);
	mk("ro/root", "");
	mkdir("mydir", 0755);
	chown("mydir", 1000, 1000);
	mkdir("roothere", 0755);
	mkdir("nox", 0766);
	chmod("nox", 0766);
	mk("nox/f", "");
	mkdir("nor", 0733);
	chmod("nor", 0733);
	mk("nor/f", "");
	as_user("1000", 1000, 1000, sticky_as_user);
}

static void
setgid_as_user(void)
{

	C(open("sg/f", O_CREAT | O_WRONLY, 02755) >= 0);
	S("sg/f");
	C(mkdir("sg/d", 0755));
	S("sg/d");
	C(mkdir("sg/d2", 06755));
	S("sg/d2");
	C(mknod("sg/n", S_IFREG | 02775, 0));
	S("sg/n");
	C(mkfifo("sg/p", 02775));
	S("sg/p");
	C(symlink("x", "sg/l"));
	S("sg/l");
	C(open("sg", O_TMPFILE | O_RDWR, 02775) >= 0);
	C(mkdir("ng/d", 02755));
	S("ng/d");
	C(open("ng/f", O_CREAT | O_WRONLY, 06755) >= 0);
	S("ng/f");
}

static void
setgid_member(void)
{
	gid_t groups[2] = { 555, 777 };

	C(syscall(SYS_setgroups, 2, groups));
	C(syscall(SYS_setresgid, 1000, 1000, 1000));
	C(syscall(SYS_setresuid, 1000, 1000, 1000));
	umask(0);
	C(open("sg/m", O_CREAT | O_WRONLY, 02775) >= 0);
	S("sg/m");
	C(chown("sg/m", -1, 777));
	S("sg/m");
	C(chmod("sg/m", 02775));
	S("sg/m");
	C(open("g555", O_RDWR) >= 0);
	C(open("g556", O_RDWR));
}

void
conf_setgid(void)
{

	if (!is_root)
		return;
	umask(0);
	mkdir("sg", 0777);
	chown("sg", 0, 555);
	C(chmod("sg", 02777));
	S("sg");
	mkdir("ng", 0777);
	mkmode("g555", 0060);
	chown("g555", 0, 555);
	mkmode("g556", 0060);
	chown("g556", 0, 556);
	C(open("sg/r", O_CREAT | O_WRONLY, 02755) >= 0);
	S("sg/r");
	C(mkdir("sg/rd", 0755));
	S("sg/rd");
	as_user("1000", 1000, 1000, setgid_as_user);
	in_child("member", setgid_member);
}

static void
access_all(void)
{
	static const int modes[] = { 0, 1, 2, 4, 7, 010, 020, 040, 070, 0100,
		0200, 0400, 0700, 0777 };
	char name[16];
	size_t i;
	int a;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		snprintf(name, sizeof(name), "f%o", modes[i]);
		for (a = 0; a < 8; a++)
			printf("%s %d: %d %d\n", name, a, access(name, a),
			    faccessat(AT_FDCWD, name, a, AT_EACCESS));
		printf("%s: r %d w %d rw %d\n", name, open(name, O_RDONLY) >= 0,
		    open(name, O_WRONLY) >= 0, open(name, O_RDWR) >= 0);
		printf("%s: trunc %d\n", name, truncate(name, 1));
		snprintf(name, sizeof(name), "d%o", modes[i]);
		printf("%s: %d %d %d %d\n", name, access(name, R_OK),
		    access(name, W_OK), access(name, X_OK),
		    chdir(name) == 0 ? chdir("..") : 1);
		close(10);
	}
}

void
conf_access(void)
{
	static const int modes[] = { 0, 1, 2, 4, 7, 010, 020, 040, 070, 0100,
		0200, 0400, 0700, 0777 };
	char name[16];
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		snprintf(name, sizeof(name), "f%o", modes[i]);
		mkmode(name, modes[i]);
		chown(name, 1000, 1001);
		snprintf(name, sizeof(name), "d%o", modes[i]);
		mkdir(name, 0755);
		chown(name, 1000, 1001);
		chmod(name, modes[i]);
	}
	C(access("f777", -1));
	C(access("f777", 8));
	C(access("none", F_OK));
	access_all();
	as_user("owner", 1000, 1000, access_all);
	as_user("group", 1002, 1001, access_all);
	as_user("other", 1003, 1003, access_all);
}

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

void
conf_xattr(void)
{
	int fd;

	memset(buf, 'v', sizeof(buf));
	mk("f", "x");
	mkdir("d", 0755);
	symlink("f", "s");
	symlink("none", "dang");
	mkfifo("p", 0644);
	C(setxattr("f", "user.a", "1", 1, 0));
	C(setxattr("f", "user.a", "22", 2, XATTR_CREATE));
	C(setxattr("f", "user.b", "22", 2, XATTR_REPLACE));
	C(setxattr("f", "user.a", "22", 2, XATTR_REPLACE));
	C(setxattr("f", "user.a", "22", 2, 3));
	C(setxattr("f", "user.a", "22", 2, 4));
	C(setxattr("f", "user.", "x", 1, 0));
	C(setxattr("f", "user", "x", 1, 0));
	C(setxattr("f", "", "x", 1, 0));
	C(setxattr("f", "nosuch.x", "x", 1, 0));
	C(setxattr("f", "system.x", "x", 1, 0));
	C(setxattr("f", "system.posix_acl_access", "x", 1, 0));
	C(getxattr("f", "system.posix_acl_access", buf, 10));
	C(getxattr("d", "system.posix_acl_default", buf, 10));
	C(setxattr("f", "trusted.x", "x", 1, 0));
	C(setxattr("f", "security.x", "x", 1, 0));
	C(setxattr("f", "user.empty", "", 0, 0));
	C(setxattr("f", "user.null", NULL, 0, 0));
	C(setxattr("f", "user.bad", (char *)1, 5, 0));
	C(setxattr("f", "user.big", buf, 65536, 0));
	C(setxattr("f", "user.big", buf, 65537, 0));
	C(setxattr("f", name_of(255), "x", 1, 0));
	{
		char name[300];

		snprintf(name, sizeof(name), "user.%s", name_of(250));
		C(setxattr("f", name, "x", 1, 0));
		snprintf(name, sizeof(name), "user.%s", name_of(251));
		C(setxattr("f", name, "x", 1, 0));
		C(getxattr("f", name, buf, 1));
		snprintf(name, sizeof(name), "user.%s", name_of(250));
		C(removexattr("f", name));
	}
	C(getxattr("f", "user.a", buf, 100));
	show_bytes("a", buf, 3);
	C(getxattr("f", "user.a", buf, 1));
	C(getxattr("f", "user.a", NULL, 0));
	C(getxattr("f", "user.a", (char *)1, 100));
	C(getxattr("f", "user.none", buf, 100));
	C(getxattr("f", "nosuch.x", buf, 100));
	C(getxattr("f", "user.big", buf, sizeof(buf)));
	C(getxattr("f", "security.selinux", buf, 100));
	C(getxattr("f", "security.capability", buf, 100));
	C(listxattr("f", buf, sizeof(buf)));
	show_bytes("list", buf, listxattr("f", buf, sizeof(buf)));
	C(listxattr("f", NULL, 0));
	C(listxattr("f", buf, 3));
	C(listxattr("d", buf, 3));
	C(listxattr("none", buf, 3));
	C(removexattr("f", "user.big"));
	C(removexattr("f", "user.big"));
	C(removexattr("f", "nosuch.x"));
	C(removexattr("none", "user.x"));
	C(setxattr("s", "user.s", "x", 1, 0));
	C(getxattr("f", "user.s", buf, 10));
	C(lsetxattr("s", "user.s", "x", 1, 0));
	C(lsetxattr("s", "trusted.s", "x", 1, 0));
	C(lgetxattr("s", "user.s", buf, 10));
	C(lgetxattr("s", "trusted.s", buf, 10));
	C(llistxattr("s", buf, 100));
	C(setxattr("dang", "user.s", "x", 1, 0));
	C(setxattr("p", "user.s", "x", 1, 0));
	C(getxattr("p", "user.s", buf, 1));
	C(setxattr("d", "user.s", "x", 1, 0));
	C(chmod("d", 01777));
	C(setxattr("d", "user.s", "y", 1, 0));
	C(fd = open("f", O_RDONLY));
	C(fsetxattr(fd, "user.f", "x", 1, 0));
	C(fgetxattr(fd, "user.f", buf, 1));
	C(flistxattr(fd, buf, 1000));
	C(fremovexattr(fd, "user.f"));
	C(fsetxattr(-1, "user.f", "x", 1, 0));
	C(link("f", "f2"));
	C(getxattr("f2", "user.a", buf, 10));
}

static void
show_statfs(const char *what, const struct statfs *s)
{

	printf("%s: type %lx bsize %ld namelen %ld frsize %ld flags %lx\n",
	    what, (long)s->f_type, (long)s->f_bsize, (long)s->f_namelen,
	    (long)s->f_frsize, (long)s->f_flags & ~0x1000L);
	printf("%s: %d %d %d %d\n", what, s->f_blocks > 0, s->f_bfree > 0,
	    s->f_bavail == s->f_bfree, s->f_files >= s->f_ffree);
}

void
conf_statfs(void)
{
	struct statfs s;
	int fd;

	mk("f", "x");
	C(statfs(".", &s));
	show_statfs(".", &s);
	C(statfs("f", &s));
	show_statfs("f", &s);
	C(statfs("none", &s));
	C(statfs("f/x", &s));
	C(statfs("f", NULL));
	C(fd = open("f", O_RDONLY));
	C(fstatfs(fd, &s));
	show_statfs("fd", &s);
	C(fstatfs(-1, &s));
	C(fd = open("f", O_PATH));
	C(fstatfs(fd, &s));
	C(syncfs(fd));
	C(syncfs(-1));
	C(fsync(fd));
	C(fdatasync(fd));
	C(sync_file_range(fd, 0, 0, 7));
	C(fd = open("f", O_RDWR));
	C(syncfs(fd));
	C(fsync(fd));
	C(fdatasync(fd));
	C(sync_file_range(fd, 0, 0, 7));
	C(sync_file_range(fd, 0, 0, 8));
	C(sync_file_range(fd, -1, 0, 7));
	C(sync_file_range(fd, 0, -1, 7));
	C(posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED));
	C(posix_fadvise(fd, 0, 0, 99));
	C(posix_fadvise(-1, 0, 0, 0));
	C(readahead(fd, 0, 10));
	C(readahead(-1, 0, 10));
}

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

void
conf_statx(void)
{
	struct statx sx;
	int fd;

	mk("f", "hello");
	symlink("f", "s");
	mkdir("d", 0755);
#define X(p, fl, mask)                                                        \
	do {                                                                  \
		memset(&sx, 0, sizeof(sx));                                   \
		C(statx(AT_FDCWD, p, fl, mask, &sx));                         \
		printf("mask %x attr %llx %llx mode %o size %lld nlink %u\n", \
		    sx.stx_mask & 0xfff, (long long)sx.stx_attributes,        \
		    (long long)sx.stx_attributes_mask & 0x3fff, sx.stx_mode,  \
		    S_ISDIR(sx.stx_mode) ? 0LL : (long long)sx.stx_size,      \
		    sx.stx_nlink);                                            \
	} while (0)
	X("f", 0, STATX_BASIC_STATS);
	X("f", 0, STATX_BASIC_STATS | STATX_BTIME);
	X("f", 0, STATX_ALL);
	X("f", 0, 0);
	X("f", 0, STATX_SIZE);
	X("f", AT_STATX_FORCE_SYNC, STATX_BASIC_STATS);
	X("f", AT_STATX_DONT_SYNC, STATX_BASIC_STATS);
	X("f", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_BASIC_STATS);
	X("f", 0, 0x80000000U);
	X("f", 0x40, STATX_BASIC_STATS);
	X("s", 0, STATX_BASIC_STATS);
	X("s", AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS);
	X("d", 0, STATX_BASIC_STATS);
	X("none", 0, STATX_BASIC_STATS);
	X("", 0, STATX_BASIC_STATS);
	X("", AT_EMPTY_PATH, STATX_BASIC_STATS);
	C(fd = open("f", O_RDONLY));
	C(statx(fd, "", AT_EMPTY_PATH, STATX_ALL, &sx));
	C(statx(fd, "", 0, STATX_ALL, &sx));
	C(syscall(SYS_statx, fd, NULL, AT_EMPTY_PATH, STATX_ALL, &sx));
	C(statx(fd, "x", 0, STATX_ALL, &sx));
	C(syscall(SYS_statx, AT_FDCWD, "f", 0, STATX_ALL, NULL));
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
