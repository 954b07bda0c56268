/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories and names. */
#include <sys/stat.h>

#include <dirent.h>

#include "tests/unit/unit.h"

SUITE(dir);

static nlink_t
links(const char *path)
{
	struct stat st;

	OK(rump_sys_lstat(path, &st));
	return st.st_nlink;
}

static ino_t
ino(const char *path)
{
	struct stat st;

	OK(rump_sys_lstat(path, &st));
	return st.st_ino;
}

/* How many names getdents64 gives, . and .. too. */
static long
count(const char *path)
{
	static char buf[32768];
	struct dirent64 *de;
	long n, off, sum = 0;
	int fd = OK(rump_sys_open(path, O_RDONLY | O_DIRECTORY));

	while ((n = OK(rump_sys_getdents64(fd, buf, sizeof(buf)))) > 0) {
		for (off = 0; off < n; off += de->d_reclen) {
			de = (struct dirent64 *)(void *)(buf + off);
			sum++;
		}
	}
	OK(rump_sys_close(fd));
	return sum;
}

Test(dir, rename_leaves_whiteouts)
{
	char name[16], next[16];
	struct stat st;
	nlink_t n;
	int i;

	EQ(rump_sys_mkdir("/d", 0755), 0);
	EQ(rump_sys_close(OK(rump_sys_creat("/d/0", 0600))), 0);
	for (i = 0; i < 1000; i++) {
		snprintf(name, sizeof(name), "/d/%d", i);
		snprintf(next, sizeof(next), "/d/%d", i + 1);
		EQ(rump_sys_renameat2(AT_FDCWD, name, AT_FDCWD, next,
		       RENAME_WHITEOUT),
		    0);
		OK(rump_sys_lstat(name, &st));
		EQ(st.st_mode, (mode_t)S_IFCHR);
		EQ(st.st_rdev, (dev_t)0);
	}
	EQ(count("/d"), 1001 + 2);
	OK(rump_sys_lstat("/d/1000", &st));
	EQ(st.st_mode, (mode_t)(S_IFREG | 0600));
	EQ(rump_sys_mkdir("/e", 0755), 0);
	n = links("/");
	EQ(rump_sys_renameat2(AT_FDCWD, "/d", AT_FDCWD, "/e", RENAME_WHITEOUT),
	    0);
	EQ(links("/"), n - 1);
	FAILS(rump_sys_renameat2(AT_FDCWD, "/e", AT_FDCWD, "/d",
		  RENAME_WHITEOUT | RENAME_EXCHANGE),
	    EINVAL);
}

Test(dir, mkdir_counts_links)
{

	EQ(rump_sys_mkdir("/d", 0755), 0);
	EQ(links("/d"), 2);
	EQ(rump_sys_mkdir("/d/e", 0755), 0);
	EQ(links("/d"), 3);
	EQ(rump_sys_rmdir("/d/e"), 0);
	EQ(links("/d"), 2);
	FAILS(rump_sys_mkdir("/d", 0755), EEXIST);
	FAILS(rump_sys_mkdir("/no/d", 0755), ENOENT);
}

Test(dir, rmdir_wants_an_empty_directory)
{

	EQ(rump_sys_mkdir("/d", 0755), 0);
	make_file("/d/f", "", 0);
	FAILS(rump_sys_rmdir("/d"), ENOTEMPTY);
	FAILS(rump_sys_rmdir("/d/f"), ENOTDIR);
	FAILS(rump_sys_unlink("/d"), EISDIR);
	FAILS(rump_sys_rmdir("/d/."), EINVAL);
	FAILS(rump_sys_rmdir("/d/.."), ENOTEMPTY);
	FAILS(rump_sys_rmdir("/"), EBUSY);
	EQ(rump_sys_unlink("/d/f"), 0);
	EQ(rump_sys_rmdir("/d"), 0);
}

Test(dir, link_gives_a_second_name)
{

	make_file("/f", "", 0);
	EQ(rump_sys_mkdir("/d", 0755), 0);
	EQ(rump_sys_link("/f", "/d/g"), 0);
	EQ(links("/f"), 2);
	EQ(ino("/f"), ino("/d/g"));
	FAILS(rump_sys_link("/d", "/e"), EPERM);
	FAILS(rump_sys_link("/f", "/d/g"), EEXIST);
	EQ(rump_sys_unlink("/f"), 0);
	EQ(links("/d/g"), 1);
}

Test(dir, rename_moves_replaces_and_refuses)
{
	ino_t f;

	make_file("/f", "", 0);
	make_file("/g", "", 0);
	f = ino("/f");
	EQ(rump_sys_rename("/f", "/g"), 0);
	EQ(ino("/g"), f);
	FAILS(rump_sys_rename("/f", "/h"), ENOENT);
	EQ(rump_sys_mkdir("/d", 0755), 0);
	EQ(rump_sys_mkdir("/d/e", 0755), 0);
	FAILS(rump_sys_rename("/d", "/d/e/d"), EINVAL);
	FAILS(rump_sys_rename("/g", "/d"), EISDIR);
	FAILS(rump_sys_rename("/d", "/g"), ENOTDIR);
	FAILS(rump_sys_rename("/d/e", "/d"), ENOTEMPTY);
	EQ(rump_sys_mkdir("/x", 0755), 0);
	EQ(rump_sys_rename("/d", "/x"), 0);
	EQ(links("/x/e"), 2);
	FAILS(rump_sys_renameat2(AT_FDCWD, "/g", AT_FDCWD, "/x",
		  RENAME_NOREPLACE),
	    EEXIST);
	EQ(rump_sys_renameat2(AT_FDCWD, "/g", AT_FDCWD, "/x/e",
	       RENAME_EXCHANGE),
	    0);
	EQ(ino("/x/e"), f);
	EQ(links("/g"), 2);
	EQ(links("/x"), 2);
}

Test(dir, dotdot_follows_a_rename)
{
	char cwd[100];

	EQ(rump_sys_mkdir("/a", 0755), 0);
	EQ(rump_sys_mkdir("/b", 0755), 0);
	EQ(rump_sys_mkdir("/a/d", 0755), 0);
	EQ(rump_sys_chdir("/a/d"), 0);
	EQ(rump_sys_rename("/a/d", "/b/d"), 0);
	OK(rump_sys_getcwd(cwd, sizeof(cwd)));
	cr_assert_str_eq(cwd, "/b/d");
	EQ(ino(".."), ino("/b"));
	EQ(rump_sys_rmdir("/b/d"), 0);
	FAILS(rump_sys_getcwd(cwd, sizeof(cwd)), ENOENT);
	FAILS(rump_sys_open("f", O_CREAT | O_WRONLY, 0600), ENOENT);
}

Test(dir, names_have_at_most_255_bytes)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[0] = '/';
	name[256] = '\0';
	EQ(rump_sys_mkdir(name, 0700), 0);
	name[256] = 'n';
	name[257] = '\0';
	FAILS(rump_sys_mkdir(name, 0700), ENAMETOOLONG);
}

Test(dir, symlinks_say_what_they_hold)
{
	char buf[10];

	EQ(rump_sys_symlink("target", "/l"), 0);
	EQ(rump_sys_readlink("/l", buf, sizeof(buf)), 6);
	EQ(memcmp(buf, "target", 6), 0);
	EQ(rump_sys_readlink("/l", buf, 3), 3);
	FAILS(rump_sys_readlink("/", buf, 3), EINVAL);
	FAILS(rump_sys_symlink("", "/m"), ENOENT);
}

Test(dir, a_hundred_thousand_names)
{
	const int n = 100000;
	char name[40];
	int i;

	EQ(rump_sys_mkdir("/d", 0755), 0);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "/d/name%d", i);
		EQ(rump_sys_mknod(name, S_IFREG | 0600, 0), 0);
	}
	EQ(count("/d"), n + 2);
	for (i = 0; i < n; i += 2) {
		snprintf(name, sizeof(name), "/d/name%d", i);
		EQ(rump_sys_unlink(name), 0);
	}
	EQ(count("/d"), n / 2 + 2);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "/d/name%d", i);
		EQ(rump_sys_access(name, F_OK), i % 2 == 0 ? -1 : 0);
	}
	for (i = 1; i < n; i += 2) {
		snprintf(name, sizeof(name), "/d/name%d", i);
		EQ(rump_sys_unlink(name), 0);
	}
	EQ(rump_sys_rmdir("/d"), 0);
}

Test(dir, reading_goes_on_where_it_was_among_changes)
{
	_Alignas(struct dirent64) char buf[sizeof(struct dirent64)];
	char name[300];
	struct dirent64 *de;
	int i, fd, seen[50] = { 0 };
	long n, off;

	EQ(rump_sys_mkdir("/d", 0755), 0);
	for (i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "/d/%d", i);
		EQ(rump_sys_mkdir(name, 0700), 0);
	}
	fd = OK(rump_sys_open("/d", O_RDONLY));
	for (i = 0; (n = OK(rump_sys_getdents64(fd, buf, 200))) > 0; i++) {
		for (off = 0; off < n; off += de->d_reclen) {
			de = (struct dirent64 *)(void *)(buf + off);
			if (de->d_name[0] == '.')
				continue;
			seen[atoi(de->d_name)]++;
			snprintf(name, sizeof(name), "/d/%s", de->d_name);
			EQ(rump_sys_rmdir(name), 0);
		}
	}
	for (i = 0; i < 50; i++)
		EQ(seen[i], 1);
	EQ(count("/d"), 2);
}
