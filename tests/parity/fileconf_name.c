/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: names: link, unlink, rename, mkdir, rmdir, symlink, mknod.
 */
#include "fileconf.h"

#include <sys/ioctl.h>
#include <linux/openat2.h>
#include <sys/sysmacros.h>

static char target[8192];

void
conf_names(void)
{
	int fd;

	mk("f", "x");
	mkdir("d", 0755);
	mkdir("full", 0755);
	mk("full/x", "");
	symlink("d", "sd");
	symlink("f", "sf");
	C(unlink(""));
	C(unlink("d"));
	C(unlink("d/"));
	C(unlink("f/"));
	C(unlink("f/x"));
	C(unlink("."));
	C(unlink(".."));
	C(unlink("/"));
	C(unlink("sd/"));
	C(unlink("none"));
	C(unlink((char *)1));
	C(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR));
	C(unlinkat(AT_FDCWD, "d", 0));
	C(unlinkat(AT_FDCWD, "f", 1));
	C(unlinkat(AT_FDCWD, "f", AT_SYMLINK_NOFOLLOW));
	C(unlinkat(999, "f", 0));
	C(unlinkat(AT_FDCWD, "sd", AT_REMOVEDIR));
	C(rmdir(""));
	C(rmdir("."));
	C(rmdir("./"));
	C(rmdir("d/."));
	C(rmdir("d/.."));
	C(rmdir(".."));
	C(rmdir("/"));
	C(rmdir("f"));
	C(rmdir("f/"));
	C(rmdir("sd"));
	C(rmdir("sd/"));
	C(rmdir("full"));
	C(rmdir("none"));
	C(rmdir("none/x"));
	C(rmdir("f/x"));
	C(rmdir("d//"));
	S("d");
	C(mkdir("", 0755));
	C(mkdir("f", 0755));
	C(mkdir("f/", 0755));
	C(mkdir("f/x", 0755));
	C(mkdir("full", 0755));
	C(mkdir(".", 0755));
	C(mkdir("..", 0755));
	C(mkdir("/", 0755));
	C(mkdir("none/x", 0755));
	C(mkdir("new/.", 0755));
	C(mkdir("sd", 0755));
	C(mkdir("sd/", 0755));
	C(mkdir("sf/", 0755));
	C(mkdir("d//", 07777));
	S("d");
	C(mkdir("e", 0));
	S("e");
	S(".");
	C(symlink("", "es"));
	C(symlink("x", ""));
	C(symlink("x", "f"));
	C(symlink("x", "d"));
	C(symlink("x", "new/"));
	C(symlink("x", "none/x"));
	C(symlink("x", "sf"));
	C(symlink("x", "."));
	C(symlink("x", "f/"));
	C(symlink((char *)1, "q"));
	C(symlink("12345", "q"));
	S("q");
	C(readlink("q", target, 3));
	C(readlink("q", target, 0));
	C(readlink("q", target, -1));
	C(readlink("q", (char *)1, 10));
	C(readlink("f", target, 10));
	C(readlink("d", target, 10));
	C(readlink("none", target, 10));
	C(readlink("", target, 10));
	C(readlink("q/", target, 10));
	C(readlinkat(AT_FDCWD, "", target, 10));
	C(fd = open("f", O_RDWR));
	C(unlink("f"));
	SF(fd);
	C(write(fd, "zz", 2));
	C(linkat(fd, "", AT_FDCWD, "again", AT_EMPTY_PATH));
	C(close(fd));
	C(fd = open("d", O_RDONLY));
	C(rmdir("d"));
	SF(fd);
	C(openat(fd, "x", O_CREAT | O_WRONLY, 0644));
	C(mkdirat(fd, "x", 0755));
	C(openat(fd, ".", O_RDONLY) >= 0);
	C(openat(fd, "..", O_RDONLY) >= 0);
	C(symlinkat("x", fd, "x"));
	C(fchdir(fd));
	C(getcwd(target, sizeof(target)) == NULL ? -1 : 0);
	C(open(".", O_RDONLY) >= 0);
	C(open("..", O_RDONLY) >= 0);
	C(chdir(".."));
	C(rmdir("."));
}

void
conf_rename(void)
{
	int fd;

	mk("f", "1");
	mk("g", "22");
	mkdir("d", 0755);
	mkdir("e", 0755);
	mkdir("full", 0755);
	mk("full/x", "");
	mkdir("d/sub", 0755);
	symlink("d", "sd");
	symlink("f", "sf");
	symlink("none", "dang");
	C(rename("none", "x"));
	C(rename("f", "none/x"));
	C(rename("f", "g/x"));
	C(rename("f", "d"));
	C(rename("f", "f/"));
	C(rename("f/", "x"));
	C(rename("f", "x/"));
	C(rename("f", ""));
	C(rename("", "f"));
	C(rename("d", "f"));
	C(rename("d", "f/"));
	C(rename("d", "d/x"));
	C(rename("d", "d/sub/x"));
	C(rename("d/sub", "d"));
	C(rename("d", "full"));
	C(rename("e", "full"));
	C(rename(".", "x"));
	C(rename("..", "x"));
	C(rename("d/.", "x"));
	C(rename("d", "."));
	C(rename("d", ".."));
	C(rename("d", "e/."));
	C(rename("d", "e/.."));
	C(rename("/", "x"));
	C(rename("d", "/"));
	C(rename("f", "f"));
	C(rename("d", "d"));
	C(rename("d/", "d//"));
	C(rename("sd/", "x"));
	C(rename("e", "sd"));
	C(rename("e", "sd/"));
	C(rename("e", "dang/"));
	C(rename("f", "dang/"));
	C(rename((char *)1, "x"));
	C(rename("f", (char *)1));
	C(link("f", "hard"));
	C(rename("f", "hard"));
	S("f");
	S("hard");
	C(rename("sf", "sf2"));
	S("sf2");
	C(rename("f", "sf2"));
	S("sf2");
	C(rename("hard", "g"));
	S("g");
	C(rename("d", "e"));
	S("e");
	S("e/sub");
	C(rename("e/", "d/"));
	S("d");
	S(".");
	C(rename("d/sub", "full/sub"));
	S("full");
	S("d");
	C(syscall(SYS_renameat2, AT_FDCWD, "g", AT_FDCWD, "sf2",
	    RENAME_NOREPLACE));
	C(syscall(SYS_renameat2, AT_FDCWD, "g", AT_FDCWD, "g2",
	    RENAME_NOREPLACE));
	C(syscall(SYS_renameat2, AT_FDCWD, "none", AT_FDCWD, "g2",
	    RENAME_NOREPLACE));
	C(syscall(SYS_renameat2, AT_FDCWD, "g2", AT_FDCWD, "dang",
	    RENAME_NOREPLACE));
	C(syscall(SYS_renameat2, AT_FDCWD, "g2", AT_FDCWD, "none",
	    RENAME_EXCHANGE));
	C(syscall(SYS_renameat2, AT_FDCWD, "g2", AT_FDCWD, "d",
	    RENAME_EXCHANGE));
	S("g2");
	S("d");
	C(syscall(SYS_renameat2, AT_FDCWD, "g2", AT_FDCWD, "full",
	    RENAME_EXCHANGE));
	C(syscall(SYS_renameat2, AT_FDCWD, "full", AT_FDCWD, "full/sub",
	    RENAME_EXCHANGE));
	C(syscall(SYS_renameat2, AT_FDCWD, "full/sub", AT_FDCWD, "full",
	    RENAME_EXCHANGE));
	C(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "d",
	    RENAME_EXCHANGE));
	C(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "d",
	    RENAME_NOREPLACE));
	C(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "w",
	    RENAME_EXCHANGE | RENAME_NOREPLACE));
	C(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "w", 8));
	C(syscall(SYS_renameat2, AT_FDCWD, "d/", AT_FDCWD, "full/",
	    RENAME_EXCHANGE));
	/* Whiteouts: 8, and what it goes with. */
	mk("w1", "1");
	mk("w3", "3");
	C(mkdir("w5", 0755));
	C(syscall(SYS_renameat2, AT_FDCWD, "w1", AT_FDCWD, "w2", 8));
	S("w1");
	S("w2");
	S(".");
	C(syscall(SYS_renameat2, AT_FDCWD, "w2", AT_FDCWD, "w3", 8));
	S("w2");
	S("w3");
	C(syscall(SYS_renameat2, AT_FDCWD, "w5", AT_FDCWD, "full/w6", 8));
	S("w5");
	S("full/w6");
	S("full");
	S(".");
	C(syscall(SYS_renameat2, AT_FDCWD, "w3", AT_FDCWD, "w1",
	    8 | RENAME_NOREPLACE));
	C(syscall(SYS_renameat2, AT_FDCWD, "w3", AT_FDCWD, "w4",
	    8 | RENAME_NOREPLACE));
	C(syscall(SYS_renameat2, AT_FDCWD, "w3", AT_FDCWD, "w4",
	    8 | RENAME_EXCHANGE));
	C(syscall(SYS_renameat2, AT_FDCWD, "w4", AT_FDCWD, "w4", 8));
	S("w4");
	C(syscall(SYS_renameat2, AT_FDCWD, "w1", AT_FDCWD, "w7", 8));
	S("w7");
	C(open("w7", O_RDONLY));
	mk("wf2", "w");
	C(renameat(999, "wf2", AT_FDCWD, "x"));
	C(renameat(AT_FDCWD, "wf2", 999, "x"));
	C(fd = open("wf2", O_RDONLY));
	C(renameat(fd, "wf2", AT_FDCWD, "x"));
	C(rename("wf2", name_of(255)));
	C(rename(name_of(255), name_of(256)));
	C(rename(name_of(256), "x"));
}

void
conf_links(void)
{
	int i;

	mk("f", "1");
	mkdir("d", 0755);
	symlink("f", "sf");
	symlink("none", "dang");
	C(link("f", "f"));
	C(link("f", "d"));
	C(link("f", "l"));
	S("l");
	C(link("none", "l2"));
	C(link("d", "l2"));
	C(link("f", "none/x"));
	C(link("f", "f/x"));
	C(link("f/", "l2"));
	C(link("f", "l2/"));
	C(link("", "l2"));
	C(link("f", ""));
	C(link("f", "."));
	C(link("f", "sf"));
	C(link("f", "dang"));
	C(link("sf", "lsf"));
	S("lsf");
	C(link("dang", "ldang"));
	S("ldang");
	C(linkat(AT_FDCWD, "sf", AT_FDCWD, "lf", AT_SYMLINK_FOLLOW));
	S("lf");
	C(linkat(AT_FDCWD, "dang", AT_FDCWD, "lf2", AT_SYMLINK_FOLLOW));
	C(linkat(AT_FDCWD, "f", AT_FDCWD, "lf2", 0x80));
	C(linkat(AT_FDCWD, "f", AT_FDCWD, "lf2", AT_REMOVEDIR));
	C(linkat(AT_FDCWD, "", AT_FDCWD, "lf2", AT_EMPTY_PATH));
	C(linkat(999, "", AT_FDCWD, "lf2", AT_EMPTY_PATH));
	C(link("f", (char *)1));
	C(link(name_of(256), "x"));
	C(link("f", name_of(256)));
	/* Symlinks in chains, and with slashes. */
	for (i = 0; i < 42; i++) {
		char a[16], b[16];

		snprintf(a, sizeof(a), "c%d", i);
		snprintf(b, sizeof(b), "c%d", i + 1);
		symlink(b, a);
	}
	mk("c42", "end");
	C(open("c3", O_RDONLY));
	C(open("c2", O_RDONLY) >= 0);
	C(open("c1", O_RDONLY) >= 0);
	C(open("c0", O_RDONLY));
	symlink("d/", "sds");
	symlink("d/.", "sdd");
	symlink("d/../f", "sup");
	symlink("f/", "sfs");
	symlink("/", "root");
	symlink("../g/d", "rel");
	symlink("....", "dots");
	C(access("sds", F_OK));
	C(access("sdd/../f", F_OK));
	C(access("sup", F_OK));
	C(access("sfs", F_OK));
	C(access("root/tmp/", F_OK));
	C(access("rel/../f", F_OK));
	C(access("rel/f", F_OK));
	C(access("dots", F_OK));
	C(rmdir("sds"));
	C(unlink("sds"));
	C(mkdir("dots/x", 0700));
	memset(target, 't', 4095);
	target[4095] = '\0';
	C(symlink(target, "long"));
	C(access("long", F_OK));
	target[4095] = 't';
	target[4096] = '\0';
	C(symlink(target, "long2"));
}

void
conf_nodes(void)
{
	struct stat st;

	C(mknod("f", S_IFREG | 0666, 0));
	C(mknod("f0", 0666, 0));
	S("f0");
	C(mknod("p", S_IFIFO | 0666, 0));
	C(mknod("s", S_IFSOCK | 0666, 0));
	C(mknod("d", S_IFDIR | 0666, 0));
	C(mknod("l", S_IFLNK | 0666, 0));
	C(mknod("x", 0130000 | 0666, 0));
	C(mknod("n", S_IFCHR | 0666, makedev(1, 3)));
	C(mknod("b", S_IFBLK | 0666, makedev(7, 300)));
	C(mknod("big", S_IFCHR | 0666, makedev(4095, 1048575)));
	C(mknod("f", S_IFREG | 0666, 0));
	C(mknod("none/f", S_IFREG | 0666, 0));
	C(mknod("new/", S_IFREG | 0666, 0));
	C(mknod(".", S_IFREG | 0666, 0));
	C(mknod("", S_IFREG | 0666, 0));
	S("f");
	S("p");
	S("s");
	S("n");
	S("b");
	S("big");
	C(open("s", O_RDONLY));
	C(open("s", O_PATH) >= 0);
	C(open("n", O_RDWR) >= 0);
	C(open("n", O_RDWR | O_TRUNC | O_CREAT, 0600) >= 0);
	C(write(open("n", O_WRONLY), "x", 1));
	C(read(open("n", O_RDONLY), target, 1));
	C(truncate("n", 0));
	C(truncate("p", 0));
	C(truncate("s", 0));
	C(lseek(open("n", O_RDONLY), 10, SEEK_SET));
	C(link("p", "p2"));
	C(rename("s", "s2"));
	C(unlink("n"));
	C(stat("p2", &st));
	C(chmod("b", 0600));
	S("b");
}

static void
deep(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		mkdir(name_of(250), 0755);
		if (chdir(name_of(250)) != 0)
			result("chdir", 0, -1);
	}
	C(getcwd(target, 4096) == NULL ? -1 : 0);
	C(syscall(SYS_getcwd, target, 8192));
	C(mk("x", "deep"));
	C(access("x", F_OK));
	C(access("../../../x", F_OK));
	for (i = 0; i < 19; i++) {
		unlink("x");
		C(chdir(".."));
		rmdir(name_of(250));
	}
}

void
conf_long(void)
{

	mkdir("d", 0755);
	C(mk(name_of(255), "x"));
	C(mk(name_of(256), "x"));
	C(mkdir(name_of(256), 0755));
	C(symlink("x", name_of(256)));
	C(mknod(name_of(256), S_IFREG | 0644, 0));
	C(unlink(name_of(256)));
	C(rmdir(name_of(256)));
	C(access(name_of(256), F_OK));
	C(access(name_of(4095), F_OK));
	C(access(name_of(4096), F_OK));
	C(access(path_of(4095), F_OK));
	C(access(path_of(4096), F_OK));
	C(access(path_of(5000), F_OK));
	C(chdir(path_of(4095)));
	C(symlink(path_of(4095), "lp"));
	C(access("lp", F_OK));
	C(access("lp/d", F_OK));
	in_child("deep", deep);
	C(pathconf(".", _PC_NAME_MAX));
	C(pathconf(".", _PC_PATH_MAX));
	C(pathconf(".", _PC_LINK_MAX));
}

void
conf_at(void)
{
	int d, f, e;

	mkdir("d", 0755);
	mkdir("e", 0755);
	mk("d/f", "x");
	C(d = open("d", O_RDONLY | O_DIRECTORY));
	C(e = open("e", O_PATH));
	C(f = open("d/f", O_RDONLY));
	C(openat(d, "f", O_RDONLY) >= 0);
	C(openat(d, "../d/f", O_RDONLY) >= 0);
	C(openat(f, "x", O_RDONLY));
	C(mkdirat(e, "sub", 0700));
	C(mkdirat(f, "sub", 0700));
	C(mkdirat(-1, "sub", 0700));
	C(symlinkat("f", d, "s"));
	C(readlinkat(d, "s", target, sizeof(target)));
	C(readlinkat(d, "f", target, sizeof(target)));
	C(readlinkat(f, "", target, sizeof(target)));
	C(linkat(d, "f", e, "l", 0));
	C(renameat(e, "l", d, "m"));
	C(unlinkat(d, "m", 0));
	C(unlinkat(e, "sub", 0));
	C(unlinkat(e, "sub", AT_REMOVEDIR));
	C(mknodat(e, "n", S_IFIFO | 0600, 0));
	C(fchmodat(d, "f", 0600, 0));
	C(fchmodat(d, "s", 0600, AT_SYMLINK_NOFOLLOW));
	C(fchownat(d, "s", -1, -1, AT_SYMLINK_NOFOLLOW));
	C(fchownat(f, "", -1, -1, AT_EMPTY_PATH));
	C(fchownat(f, "", -1, -1, 0));
	C(fchownat(d, "s", -1, -1, 0x40));
	C(faccessat(d, "s", R_OK, 0));
	C(faccessat(d, "s", R_OK, AT_SYMLINK_NOFOLLOW));
	C(faccessat(d, "s", R_OK, AT_EACCESS));
	C(faccessat(f, "", R_OK, AT_EMPTY_PATH));
	C(faccessat(d, "s", 8, 0));
	C(faccessat(d, "s", R_OK, 0x10));
	C(utimensat(d, "s", NULL, AT_SYMLINK_NOFOLLOW));
	C(utimensat(f, "", NULL, AT_EMPTY_PATH));
	C(utimensat(f, "", NULL, 0));
	C(syscall(SYS_utimensat, f, NULL, NULL, 0));
	C(syscall(SYS_utimensat, f, NULL, NULL, AT_SYMLINK_NOFOLLOW));
	C(syscall(SYS_utimensat, AT_FDCWD, NULL, NULL, 0));
	C(syscall(SYS_utimensat, -5, NULL, NULL, 0));
	C(syscall(SYS_newfstatat, d, "f", target, 0x8000000));
	C(syscall(SYS_newfstatat, d, NULL, target, AT_EMPTY_PATH));
	C(syscall(SYS_newfstatat, d, NULL, target, 0));
	C(syscall(SYS_newfstatat, d, "", target, 0));
	C(syscall(SYS_newfstatat, -1, "f", target, 0));
	C(syscall(SYS_newfstatat, d, "f", NULL, 0));
	C(syscall(SYS_newfstatat, d, "f", target, AT_NO_AUTOMOUNT));
	S("d/s");
	S("d/f");
	S("e/n");
	C(close(d));
	C(openat(d, "f", O_RDONLY));
}
