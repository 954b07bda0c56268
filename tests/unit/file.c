/* SPDX-License-Identifier: BSD-2-Clause */
/* Regular files: opening, data, sizes, holes, attributes. */
#include <sys/stat.h>

#include <linux/falloc.h>

#include "tests/unit/unit.h"

SUITE(file);

static off_t
size_of(const char *path)
{
	struct stat st;

	OK(rump_sys_stat(path, &st));
	return st.st_size;
}

static blkcnt_t
blocks_of(const char *path)
{
	struct stat st;

	OK(rump_sys_stat(path, &st));
	return st.st_blocks;
}

Test(file, open_flags_decide_what_must_be_there)
{
	int fd;

	FAILS(rump_sys_open("/f", O_RDONLY), ENOENT);
	fd = OK(rump_sys_open("/f", O_CREAT | O_EXCL | O_WRONLY, 0666));
	FAILS(rump_sys_open("/f", O_CREAT | O_EXCL | O_WRONLY, 0666), EEXIST);
	OK(rump_sys_open("/f", O_CREAT | O_RDONLY, 0666));
	FAILS(rump_sys_open("/f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	FAILS(rump_sys_open("/", O_WRONLY), EISDIR);
	FAILS(rump_sys_open("/f/g", O_RDONLY), ENOTDIR);
	EQ(rump_sys_symlink("f", "/l"), 0);
	FAILS(rump_sys_open("/l", O_RDONLY | O_NOFOLLOW), ELOOP);
	EQ(rump_sys_symlink("loop", "/loop"), 0);
	FAILS(rump_sys_open("/loop", O_RDONLY), ELOOP);
	FAILS(rump_sys_read(fd, &fd, 1), EBADF);
	fd = OK(rump_sys_open("/f", O_RDONLY));
	FAILS(rump_sys_write(fd, &fd, 1), EBADF);
	fd = OK(rump_sys_open("/f", O_PATH));
	FAILS(rump_sys_read(fd, &fd, 1), EBADF);
}

Test(file, umask_takes_permissions_away)
{
	struct stat st;

	OK(rump_sys_open("/f", O_CREAT | O_WRONLY, 0666));
	OK(rump_sys_stat("/f", &st));
	EQ(st.st_mode, S_IFREG | 0644);
}

Test(file, reads_what_was_written)
{
	char out[9000], in[9000];
	size_t i;
	int fd;

	for (i = 0; i < sizeof(out); i++)
		out[i] = i * 7;
	fd = make_file("/f", out, sizeof(out));
	EQ(rump_sys_read(fd, in, sizeof(in)), 0);
	EQ(rump_sys_lseek(fd, 0, SEEK_SET), 0);
	EQ(rump_sys_read(fd, in, 5000), 5000);
	EQ(rump_sys_read(fd, in + 5000, 9999), 4000);
	EQ(memcmp(in, out, sizeof(in)), 0);
	EQ(rump_sys_pread(fd, in, 10, 8995), 5);
	EQ(rump_sys_pread(fd, in, 10, 9000), 0);
	FAILS(rump_sys_pread(fd, in, 10, -1), EINVAL);
}

Test(file, append_writes_at_the_end)
{
	int fd;

	make_file("/f", "abc", 3);
	fd = OK(rump_sys_open("/f", O_WRONLY | O_APPEND));
	EQ(rump_sys_lseek(fd, 0, SEEK_SET), 0);
	EQ(rump_sys_write(fd, "de", 2), 2);
	EQ(rump_sys_lseek(fd, 0, SEEK_CUR), 5);
	EQ(size_of("/f"), 5);
}

Test(file, o_trunc_empties)
{

	make_file("/f", "abc", 3);
	OK(rump_sys_open("/f", O_WRONLY | O_TRUNC));
	EQ(size_of("/f"), 0);
	EQ(blocks_of("/f"), 0);
}

Test(file, seek_knows_its_limits)
{
	int fd = make_file("/f", "abc", 3);

	EQ(rump_sys_lseek(fd, -1, SEEK_END), 2);
	EQ(rump_sys_lseek(fd, 100, SEEK_CUR), 102);
	FAILS(rump_sys_lseek(fd, -1, SEEK_SET), EINVAL);
	FAILS(rump_sys_lseek(fd, 0, 77), EINVAL);
	EQ(rump_sys_lseek(fd, 0, SEEK_CUR), 102);
}

Test(file, holes_read_as_zeroes_and_take_no_pages)
{
	char in[100];
	int fd = make_file("/f", "a", 1);
	int i;

	EQ(rump_sys_pwrite(fd, "z", 1, 1L << 40), 1);
	EQ(size_of("/f"), (1L << 40) + 1);
	EQ(blocks_of("/f"), 16);
	EQ(rump_sys_pread(fd, in, 100, 1), 100);
	for (i = 0; i < 100; i++)
		EQ(in[i], 0);
	EQ(rump_sys_lseek(fd, 0, SEEK_HOLE), 4096);
	EQ(rump_sys_lseek(fd, 4096, SEEK_DATA), 1L << 40);
	FAILS(rump_sys_lseek(fd, (1L << 40) + 1, SEEK_DATA), ENXIO);
}

Test(file, what_was_cut_off_is_zero_when_it_grows_again)
{
	char in[10] = "xxxxxxxxx";
	int fd = make_file("/f", "0123456789", 10);

	EQ(rump_sys_ftruncate(fd, 3), 0);
	EQ(rump_sys_ftruncate(fd, 10), 0);
	EQ(rump_sys_pread(fd, in, 10, 0), 10);
	EQ(memcmp(in, "012\0\0\0\0\0\0\0", 10), 0);
	FAILS(rump_sys_ftruncate(fd, -1), EINVAL);
	FAILS(rump_sys_truncate("/", 0), EISDIR);
}

Test(file, fallocate_reserves_and_punches)
{
	char in[4096];
	int fd = make_file("/f", "", 0);

	EQ(rump_sys_fallocate(fd, 0, 0, 40960), 0);
	EQ(size_of("/f"), 40960);
	EQ(blocks_of("/f"), 80);
	EQ(rump_sys_fallocate(fd, FALLOC_FL_KEEP_SIZE, 40960, 4096), 0);
	EQ(size_of("/f"), 40960);
	memset(in, 'x', sizeof(in));
	EQ(rump_sys_pwrite(fd, in, 4096, 8192), 4096);
	EQ(rump_sys_fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	       8192, 4096),
	    0);
	EQ(rump_sys_pread(fd, in, 4096, 8192), 4096);
	EQ(in[0], 0);
	EQ(in[4095], 0);
	FAILS(rump_sys_fallocate(fd, 0, 0, 0), EINVAL);
	FAILS(rump_sys_fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
}

Test(file, an_unlinked_file_lives_while_it_is_open)
{
	char in[3];
	int fd = make_file("/f", "abc", 3);
	struct stat st;

	EQ(rump_sys_unlink("/f"), 0);
	FAILS(rump_sys_stat("/f", &st), ENOENT);
	EQ(rump_sys_pread(fd, in, 3, 0), 3);
	OK(rump_sys_fstat(fd, &st));
	EQ(st.st_nlink, 0);
	EQ(rump_sys_close(fd), 0);
}

Test(file, o_tmpfile_gets_a_name_later)
{
	int fd = OK(rump_sys_open("/", O_TMPFILE | O_RDWR, 0600));

	EQ(rump_sys_write(fd, "abc", 3), 3);
	EQ(rump_sys_linkat(fd, "", AT_FDCWD, "/f", AT_EMPTY_PATH), 0);
	EQ(size_of("/f"), 3);
	fd = OK(rump_sys_open("/", O_TMPFILE | O_EXCL | O_RDWR, 0600));
	FAILS(rump_sys_linkat(fd, "", AT_FDCWD, "/g", AT_EMPTY_PATH), ENOENT);
}

Test(file, file_size_limit_is_efbig)
{
	struct rlimit rl = { 1000, 1000 };
	char data[2000] = { 0 };
	int fd = make_file("/f", "", 0);

	signal(SIGXFSZ, SIG_IGN);
	EQ(rump_sys_prlimit(0, RLIMIT_FSIZE, &rl, NULL), 0);
	EQ(rump_sys_write(fd, data, 2000), 1000);
	FAILS(rump_sys_write(fd, data, 1), EFBIG);
	FAILS(rump_sys_ftruncate(fd, 1001), EFBIG);
}

Test(file, bad_memory_is_efault)
{
	char big[8192] = { 0 };
	int fd = make_file("/f", big, sizeof(big));

	FAILS(rump_sys_write(fd, (void *)8, 10), EFAULT);
	FAILS(rump_sys_pread(fd, (void *)8, 10, 0), EFAULT);
	FAILS(rump_sys_stat("/f", (void *)8), EFAULT);
	FAILS(rump_sys_pread(fd, (void *)-4096L, 10, 0), EFAULT);
}

Test(file, xattrs_come_and_go)
{
	char list[100], value[100];

	make_file("/f", "", 0);
	FAILS(rump_sys_getxattr("/f", "user.a", value, 100), ENODATA);
	EQ(rump_sys_setxattr("/f", "user.a", "1", 1, 0), 0);
	EQ(rump_sys_setxattr("/f", "user.b", "22", 2, 0), 0);
	FAILS(rump_sys_setxattr("/f", "user.a", "1", 1, 1), EEXIST);
	FAILS(rump_sys_setxattr("/f", "user.c", "1", 1, 2), ENODATA);
	EQ(rump_sys_getxattr("/f", "user.b", value, 100), 2);
	FAILS(rump_sys_getxattr("/f", "user.b", value, 1), ERANGE);
	EQ(rump_sys_getxattr("/f", "user.b", NULL, 0), 2);
	EQ(rump_sys_listxattr("/f", list, 100), 14);
	EQ(rump_sys_removexattr("/f", "user.a"), 0);
	FAILS(rump_sys_removexattr("/f", "user.a"), ENODATA);
	EQ(rump_sys_listxattr("/f", list, 100), 7);
	FAILS(rump_sys_setxattr("/f", "bogus", "1", 1, 0), EOPNOTSUPP);
}

Test(file, permissions_are_checked_by_effective_ids)
{
	int fd;

	make_file("/f", "abc", 3);
	EQ(rump_sys_chmod("/f", 0640), 0);
	EQ(rump_sys_chown("/f", 10, 20), 0);
	EQ(rump_sys_mkdir("/d", 0700), 0);
	make_file("/d/f", "", 0);
	EQ(rump_pub_lwproc_rfork(RUMP_RFCFDG), 0);
	EQ(rump_sys_setgid(20), 0);
	EQ(rump_sys_setuid(11), 0);
	fd = OK(rump_sys_open("/f", O_RDONLY));
	FAILS(rump_sys_open("/f", O_WRONLY), EACCES);
	FAILS(rump_sys_fchmod(fd, 0666), EPERM);
	FAILS(rump_sys_open("/d/f", O_RDONLY), EACCES);
	FAILS(rump_sys_mkdir("/new", 0700), EACCES);
	FAILS(rump_sys_unlink("/f"), EACCES);
	FAILS(rump_sys_chown("/f", 11, -1), EPERM);
}

Test(file, times_can_be_set)
{
	struct timespec ts[2] = { { 1, 2 }, { 3, 4 } };
	struct stat st;

	make_file("/f", "", 0);
	EQ(rump_sys_utimensat(AT_FDCWD, "/f", ts, 0), 0);
	OK(rump_sys_stat("/f", &st));
	EQ(st.st_atim.tv_sec, 1);
	EQ(st.st_atim.tv_nsec, 2);
	EQ(st.st_mtim.tv_sec, 3);
	EQ(st.st_mtim.tv_nsec, 4);
	ts[0].tv_nsec = 1000000000;
	FAILS(rump_sys_utimensat(AT_FDCWD, "/f", ts, 0), EINVAL);
}
