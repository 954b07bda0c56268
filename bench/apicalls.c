/* SPDX-License-Identifier: BSD-2-Clause */
/* apicalls: a program that links librump and calls rump_sys_*. */
#include "bench/calls.h"
#include "bench/measure.h"

#include <errno.h>
#include <rump/rump.h>
#include <rump/rump_syscalls.h>
#include <stdio.h>
#include <string.h>

static int
rump_open(const char *path, int flags, mode_t mode)
{
	return rump_sys_open(path, flags, mode);
}

static ssize_t
rump_getdents(int fd, void *buf, size_t size)
{
	return rump_sys_getdents64(fd, buf, size);
}

static const struct side rump_calls = {
	.s_name = "rump",
	.s_dir = "/bench/shm",
	.s_getpid = rump_sys_getpid,
	.s_open = rump_open,
	.s_close = rump_sys_close,
	.s_read = rump_sys_read,
	.s_write = rump_sys_write,
	.s_pread = rump_sys_pread,
	.s_pwrite = rump_sys_pwrite,
	.s_lseek = rump_sys_lseek,
	.s_ftruncate = rump_sys_ftruncate,
	.s_stat = rump_sys_stat,
	.s_fstat = rump_sys_fstat,
	.s_getdents = rump_getdents,
	.s_mkdir = rump_sys_mkdir,
	.s_rmdir = rump_sys_rmdir,
	.s_unlink = rump_sys_unlink,
	.s_rename = rump_sys_rename,
	.s_pipe = rump_sys_pipe,
};

int
main(int argc, char **argv)
{
	struct side host = host_calls;
	uint64_t t0 = now_ns();

	errno = rump_init();
	if (errno != 0)
		die("rump_init");
	if (argc == 2 && strcmp(argv[1], "boot") == 0) {
		printf("us %f\n", (double)(now_ns() - t0) / 1000);
		return 0;
	}
	host.s_dir = "/dev/shm";
	if (rump_pub_lwproc_rfork(RUMP_RFFDG) != 0 ||
	    rump_sys_mkdir("/bench", 0777) != 0 ||
	    rump_sys_mkdir("/bench/shm", 0777) != 0)
		die("rump: mkdir");
	return row_main(argc, argv, &host, &rump_calls);
}
