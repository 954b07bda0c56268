/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: extended attributes, statfs and statx.
 */
#include "fileconf.h"

#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

static char buf[70000];

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
	C(listxattr("f", (char *)8, 3));
	C(listxattr("f", (char *)8, sizeof(buf)));
	C(listxattr("f", (char *)8, listxattr("f", buf, sizeof(buf)) - 1));
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
