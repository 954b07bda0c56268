/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations on names and attributes. */
#include "tests/crash/crash.h"

#include <linux/fs.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "rump/rump_syscalls.h"

static int fd;
static char longname[201], large[40000];

static void
fill(void)
{

	memset(longname, 'n', sizeof(longname) - 1);
	memset(large, 'v', sizeof(large));
}

static void
op_mkdir(void)
{

	MUST(rump_sys_mkdir(TREE "/new", 0755));
}

static void
op_mkdir_deep(void)
{

	MUST(rump_sys_mkdir(TREE "/d/full/new", 0700));
}

static void
op_rmdir(void)
{

	MUST(rump_sys_rmdir(TREE "/d/empty"));
}

static void
pre_rmdir_open(void)
{

	fd = rump_sys_open(TREE "/d/empty", O_RDONLY | O_DIRECTORY);
	MUST(fd);
}

static void
op_link(void)
{

	MUST(rump_sys_link(TREE "/f", TREE "/d/f2"));
}

static void
op_symlink(void)
{

	MUST(rump_sys_symlink("f", TREE "/s"));
}

static void
op_symlink_long(void)
{
	char name[300];

	snprintf(name, sizeof(name), TREE "/%s", longname);
	MUST(rump_sys_symlink(name, name));
}

static void
op_mknod_fifo(void)
{

	MUST(rump_sys_mknod(TREE "/p", S_IFIFO | 0600, 0));
}

static void
op_mknod_dev(void)
{

	MUST(rump_sys_mknod(TREE "/null", S_IFCHR | 0600, 0x103));
}

static void
op_unlink(void)
{

	MUST(rump_sys_unlink(TREE "/f"));
}

static void
op_unlink_big(void)
{

	MUST(rump_sys_unlink(TREE "/big"));
}

static void
op_unlink_linked(void)
{

	MUST(rump_sys_unlink(TREE "/twice"));
}

static void
op_unlink_fifo(void)
{

	MUST(rump_sys_unlink(TREE "/fifo"));
}

static void
op_unlink_symlink(void)
{

	MUST(rump_sys_unlink(TREE "/l"));
}

static void
pre_open_f(void)
{

	fd = rump_sys_open(TREE "/f", O_RDWR);
	MUST(fd);
}

static void
op_rename(void)
{

	MUST(rump_sys_rename(TREE "/f", TREE "/z"));
}

static void
op_rename_over(void)
{

	MUST(rump_sys_rename(TREE "/f", TREE "/g"));
}

static void
op_rename_over_big(void)
{

	MUST(rump_sys_rename(TREE "/f", TREE "/big"));
}

static void
op_rename_across(void)
{

	MUST(rump_sys_rename(TREE "/f", TREE "/d/full/f"));
}

static void
op_rename_dir(void)
{

	MUST(rump_sys_rename(TREE "/d", TREE "/e/d"));
}

static void
op_rename_dir_over(void)
{

	MUST(rump_sys_rename(TREE "/d/full", TREE "/d/empty"));
}

static void
op_exchange(void)
{

	MUST(rump_sys_renameat2(AT_FDCWD, TREE "/f", AT_FDCWD, TREE "/d/full/f",
	    RENAME_EXCHANGE));
}

static void
op_exchange_dir(void)
{

	MUST(rump_sys_renameat2(AT_FDCWD, TREE "/e/twice", AT_FDCWD, TREE "/d",
	    RENAME_EXCHANGE));
}

static void
op_noreplace(void)
{

	MUST(rump_sys_renameat2(AT_FDCWD, TREE "/f", AT_FDCWD, TREE "/new",
	    RENAME_NOREPLACE));
}

static void
op_rename_same(void)
{

	MUST(rump_sys_rename(TREE "/twice", TREE "/e/twice"));
}

static void
op_setxattr(void)
{

	MUST(rump_sys_setxattr(TREE "/g", "user.new", "abc", 3, 0));
}

static void
op_setxattr_replace(void)
{

	MUST(rump_sys_setxattr(TREE "/f", "user.two", large, 3000, 0));
}

static void
op_setxattr_large(void)
{

	MUST(rump_sys_setxattr(TREE "/f", "user.big", large, sizeof(large), 0));
}

static void
op_removexattr(void)
{

	MUST(rump_sys_removexattr(TREE "/f", "user.one"));
}

static void
op_setacl(void)
{

	MUST(crash_setacl(TREE "/f", "system.posix_acl_access"));
}

static void
op_setacl_again(void)
{

	MUST(crash_setacl(TREE "/twice", "system.posix_acl_access"));
}

static void
op_removeacl(void)
{

	MUST(rump_sys_removexattr(TREE "/twice", "system.posix_acl_access"));
}

static void
op_mkdir_acl(void)
{

	MUST(rump_sys_mkdir(TREE "/d/full/new", 0777));
}

static void
op_setflags(void)
{
	int flags = FS_NODUMP_FL | FS_NOATIME_FL;

	MUST(rump_sys_ioctl(fd, FS_IOC_SETFLAGS, &flags));
}

static void
op_chmod(void)
{

	MUST(rump_sys_chmod(TREE "/f", 0600));
}

static void
op_chown(void)
{

	MUST(rump_sys_chown(TREE "/f", 12, 34));
}

static void
op_utimens(void)
{
	struct timespec ts[2] = { { 1, 2 }, { 3, 4 } };

	MUST(rump_sys_utimensat(AT_FDCWD, TREE "/f", ts, 0));
}

static void
op_lookups(void)
{
	char buf[64];
	struct stat st;

	MUST(rump_sys_stat(TREE "/l", &st));
	MUST(rump_sys_readlink(TREE "/l", buf, sizeof(buf)));
	MUST(rump_sys_access(TREE "/d/full/f", 4));
	if (rump_sys_stat(TREE "/none", &st) == 0 || errno != ENOENT)
		crash_fail("stat of nothing", 0, __LINE__);
	if (rump_sys_mkdir(TREE "/d", 0700) == 0 || errno != EEXIST)
		crash_fail("mkdir of something", 0, __LINE__);
	if (rump_sys_rmdir(TREE "/d") == 0 || errno != ENOTEMPTY)
		crash_fail("rmdir of a full one", 0, __LINE__);
}

/* Long enough that no descriptor table or name slot is there yet. */
static void
op_many_names(void)
{
	char name[64];
	int i;

	for (i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), TREE "/e/%d", i);
		MUST(rump_sys_symlink("f", name));
	}
}

static void
op_readdir(void)
{
	char buf[512];

	MUST(rump_sys_getdents64(fd, buf, sizeof(buf)));
}

static void
op_chdir(void)
{

	MUST(rump_sys_chdir(TREE "/d"));
	MUST(rump_sys_chdir("full"));
	MUST(rump_sys_chdir("/"));
}

static void
op_chdir_removed(void)
{

	MUST(rump_sys_chdir(TREE "/d/empty"));
	MUST(rump_sys_rmdir("../empty"));
	MUST(rump_sys_chdir("/"));
}

static void
op_chroot(void)
{

	MUST(rump_sys_chroot(TREE "/d"));
}

static void
op_fchdir(void)
{

	MUST(rump_sys_fchdir(fd));
}

const struct crashop name_ops[] = { { "mkdir", OUT_ATOMIC, NULL, op_mkdir },
	{ "mkdir deep", OUT_ATOMIC, NULL, op_mkdir_deep },
	{ "rmdir", OUT_ATOMIC, NULL, op_rmdir },
	{ "rmdir of an open directory", OUT_ATOMIC, pre_rmdir_open, op_rmdir },
	{ "link", OUT_ATOMIC, NULL, op_link },
	{ "symlink", OUT_ATOMIC, NULL, op_symlink },
	{ "symlink, long", OUT_ATOMIC, fill, op_symlink_long },
	{ "mknod of a fifo", OUT_ATOMIC, NULL, op_mknod_fifo },
	{ "mknod of a device", OUT_ATOMIC, NULL, op_mknod_dev },
	{ "unlink", OUT_ATOMIC, NULL, op_unlink },
	{ "unlink, many pages", OUT_ATOMIC, NULL, op_unlink_big },
	{ "unlink, two names", OUT_ATOMIC, NULL, op_unlink_linked },
	{ "unlink of a fifo", OUT_ATOMIC, NULL, op_unlink_fifo },
	{ "unlink of a symlink", OUT_ATOMIC, NULL, op_unlink_symlink },
	{ "unlink of an open file", OUT_ATOMIC, pre_open_f, op_unlink },
	{ "rename", OUT_ATOMIC, NULL, op_rename },
	{ "rename over a file", OUT_ATOMIC, NULL, op_rename_over },
	{ "rename over many pages", OUT_ATOMIC, NULL, op_rename_over_big },
	{ "rename to another directory", OUT_ATOMIC, NULL, op_rename_across },
	{ "rename of a directory", OUT_ATOMIC, NULL, op_rename_dir },
	{ "rename over a directory", OUT_ATOMIC, NULL, op_rename_dir_over },
	{ "rename of an open file", OUT_ATOMIC, pre_open_f, op_rename_over },
	{ "rename to its other name", OUT_SAME, NULL, op_rename_same },
	{ "exchange of files", OUT_ATOMIC, NULL, op_exchange },
	{ "exchange of file and directory", OUT_ATOMIC, NULL, op_exchange_dir },
	{ "rename, noreplace", OUT_ATOMIC, NULL, op_noreplace },
	{ "setxattr", OUT_ATOMIC, NULL, op_setxattr },
	{ "setxattr, replace", OUT_ATOMIC, fill, op_setxattr_replace },
	{ "setxattr, large", OUT_ATOMIC, fill, op_setxattr_large },
	{ "removexattr", OUT_ATOMIC, NULL, op_removexattr },
	{ "setxattr of a list", OUT_ATOMIC, NULL, op_setacl },
	{ "another list", OUT_ATOMIC, NULL, op_setacl_again },
	{ "removexattr of a list", OUT_ATOMIC, NULL, op_removeacl },
	{ "mkdir under a list", OUT_ATOMIC, NULL, op_mkdir_acl },
	{ "flags", OUT_ATOMIC, pre_open_f, op_setflags },
	{ "chmod", OUT_ATOMIC, NULL, op_chmod },
	{ "chown", OUT_ATOMIC, NULL, op_chown },
	{ "utimensat", OUT_SAME, NULL, op_utimens },
	{ "looking names up", OUT_SAME, NULL, op_lookups },
	{ "many names", OUT_ANY, NULL, op_many_names },
	{ "getdents64", OUT_SAME, pre_rmdir_open, op_readdir },
	{ "chdir", OUT_SAME, NULL, op_chdir },
	{ "chdir out of a removed directory", OUT_ATOMIC, NULL,
	    op_chdir_removed },
	{ "fchdir", OUT_SAME, pre_rmdir_open, op_fchdir },
	{ "chroot", OUT_SAME, NULL, op_chroot },
	{ NULL, OUT_ANY, NULL, NULL } };
