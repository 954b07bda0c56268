/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: modes, owners and who may do what.
 */
#include "fileconf.h"

static char buf[1000];

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
