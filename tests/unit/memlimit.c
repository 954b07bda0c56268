/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel whose memory is used up: it says so, and loses nothing. */
#include <sys/stat.h>

#include "rumpkern/arena.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"
#include "tests/unit/unit.h"

static void
start(void)
{

	setenv("RUMP_MEMLIMIT", "8M", 1);
	boot();
}

TestSuite(memlimit, .init = start, .fini = finish, .timeout = 60);

static long
fill(int fd)
{
	static char buf[65536];
	long n, sum = 0;

	while ((n = rump_sys_write(fd, buf, sizeof(buf))) > 0)
		sum += n;
	EQ(n, -1);
	EQ(errno, ENOSPC);
	return sum;
}

Test(memlimit, sizes_are_parsed)
{
	uint64_t size;

	EQ(arena_parse_size("8M", &size), 0);
	EQ(size, 8 << 20);
	EQ(arena_parse_size("3g", &size), 0);
	EQ(size, 3ul << 30);
	EQ(arena_parse_size("4096", &size), 0);
	EQ(arena_parse_size("", &size), EINVAL);
	EQ(arena_parse_size("0", &size), EINVAL);
	EQ(arena_parse_size("-1", &size), EINVAL);
	EQ(arena_parse_size("8MB", &size), EINVAL);
	EQ(arena_parse_size("99999999999999999999999", &size), EINVAL);
	EQ(arena_parse_size("99999999T", &size), EINVAL);
}

Test(memlimit, a_full_file_system_is_enospc_and_recovers)
{
	struct stat st;
	long sum;
	int fd;

	fd = make_file("/f", "", 0);
	sum = fill(fd);
	cr_assert(sum > 6 << 20 && sum <= 12 << 20, "%ld bytes", sum);
	EQ(rump_kern_check(), 0);
	OK(rump_sys_fstat(fd, &st));
	EQ(st.st_size, sum);
	EQ(rump_sys_ftruncate(fd, 0), 0);
	cr_assert(fill(fd) >= sum - 65536);
	EQ(rump_sys_close(fd), 0);
	EQ(rump_sys_unlink("/f"), 0);
	fd = make_file("/g", "", 0);
	cr_assert(fill(fd) >= sum - 65536);
}

Test(memlimit, names_run_out_and_come_back)
{
	char name[64];
	int i, n;

	EQ(rump_sys_mkdir("/d", 0755), 0);
	for (n = 0;; n++) {
		snprintf(name, sizeof(name), "/d/%d", n);
		if (rump_sys_mkdir(name, 0755) != 0)
			break;
	}
	EQ(errno, ENOSPC);
	cr_assert(n > 1000);
	EQ(rump_kern_check(), 0);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "/d/%d", i);
		EQ(rump_sys_rmdir(name), 0);
	}
	EQ(rump_sys_mkdir("/d/again", 0755), 0);
}

/* With nothing left every call fails with an error that fits, whole. */
Test(memlimit, every_call_survives_an_empty_pool)
{
	static char value[60000];
	int fd = make_file("/f", "x", 1), p[2], i, n, big;
	struct stat st;

	EQ(rump_sys_mkdir("/d", 0755), 0);
	big = make_file("/big", "", 0);
	fill(big);
	/* What the caches still have goes too. */
	for (n = 0; n < 100000; n++) {
		char name[64];

		snprintf(name, sizeof(name), "/d/%d", n);
		if (rump_sys_symlink("f", name) != 0)
			break;
	}
	EQ(errno, ENOSPC);
	for (i = 0; i < 100000; i++)
		if (rump_sys_open("/f", O_RDONLY) < 0)
			break;
	cr_assert(errno == ENFILE || errno == ENOMEM, "errno %d", errno);
	for (i = 0; i < 100000; i++)
		if (rump_pub_lwproc_rfork(RUMP_RFFDG) != 0)
			break;
	rump_pub_lwproc_switch(NULL);
	FAILS(rump_sys_setxattr("/f", "user.a", value, sizeof(value), 0),
	    ENOSPC);
	EQ(rump_sys_pipe(p), -1);
	cr_assert(errno == ENFILE || errno == ENOMEM, "errno %d", errno);
	FAILS(rump_sys_fallocate(fd, 0, 0, 1 << 20), ENOSPC);
	FAILS(rump_sys_pwrite(fd, value, 10000, 1 << 20), ENOSPC);
	OK(rump_sys_fstat(fd, &st));
	EQ(rump_kern_check(), 0);
	EQ(rump_sys_ftruncate(big, 0), 0);
	EQ(rump_sys_pipe(p), 0);
	EQ(rump_sys_write(p[1], value, sizeof(value)), sizeof(value));
}
