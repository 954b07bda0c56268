/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hello: boot a rump kernel in this program, make a file in it, and look at
 * the file as two of its processes.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <rump/rump.h>
#include <rump/rump_syscalls.h>

static const char greeting[] = "hello from inside\n";

static void
read_it(const char *who, const char *path)
{
	char buf[64];
	ssize_t n;
	int fd;

	fd = rump_sys_open(path, O_RDONLY);
	if (fd < 0)
		err(1, "open %s", path);
	n = rump_sys_read(fd, buf, sizeof(buf));
	if (n < 0)
		err(1, "read %s", path);
	printf("%s, pid %d, descriptor %d: %.*s", who, (int)rump_sys_getpid(),
	    fd, (int)n, buf);
}

int
main(void)
{
	struct lwp *first, *second;
	int fd;

	errno = rump_init();
	if (errno != 0)
		err(1, "rump_init");

	/* A process of our own, with no descriptors; this thread runs it. */
	errno = rump_pub_lwproc_rfork(RUMP_RFCFDG);
	if (errno != 0)
		err(1, "rump_pub_lwproc_rfork");
	first = rump_pub_lwproc_curlwp();
	if (rump_sys_mkdir("/greetings", 0755) != 0)
		err(1, "mkdir /greetings");
	if (rump_sys_chdir("/greetings") != 0)
		err(1, "chdir /greetings");
	fd = rump_sys_open("hello", O_WRONLY | O_CREAT, 0644);
	if (fd < 0)
		err(1, "open hello");
	if (rump_sys_write(fd, greeting, strlen(greeting)) < 0)
		err(1, "write hello");
	read_it("first", "hello");

	/* A child of it: the same directory, a descriptor table of its own. */
	errno = rump_pub_lwproc_rfork(RUMP_RFCFDG);
	if (errno != 0)
		err(1, "rump_pub_lwproc_rfork");
	second = rump_pub_lwproc_curlwp();
	read_it("second", "hello");

	/* Back to the first, then let both end. */
	rump_pub_lwproc_switch(first);
	printf("first again, pid %d\n", (int)rump_sys_getpid());
	rump_pub_lwproc_releaselwp();
	rump_pub_lwproc_switch(second);
	rump_pub_lwproc_releaselwp();
	return rump_kern_check() == 0 ? 0 : 1;
}
