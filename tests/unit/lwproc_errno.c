/* SPDX-License-Identifier: BSD-2-Clause */
/* Errors of calls have the host's numbers; a broken pipe its signal. */
#include "tests/unit/lwproc.h"

SUITE(lwproc_errno);

Test(lwproc_errno, errors_have_linux_numbers)
{
	int p[2];
	char c;

	EQ(EAGAIN, 11);
	EQ(rfork(RUMP_RFCFDG), 0);
	EQ(rump_sys_pipe2(p, O_NONBLOCK), 0);
	FAILS(rump_sys_read(p[0], &c, 1), 11);
	FAILS(rump_sys_read(99, &c, 1), 9);
	FAILS(rump_sys_open("/nope", O_RDONLY), 2);
	FAILS(rump_sys_open("/x/y", O_RDONLY), 2);
	FAILS(rump_sys_mkdir("/", 0700), 17);
	FAILS(rump_sys_rmdir("/nope"), 2);
	FAILS(rump_sys_ioctl(p[1], 0x12345678, 0), 25);
	FAILS(rump_sys_fcntl(p[1], 77, 0), 22);
	FAILS(rump_sys_open(NULL, 0), 14);
	FAILS(rump_sys_open((const char *)8, 0), 14);
	FAILS(rump_sys_chdir("/nope"), 2);
	FAILS(rump_sys_lseek(p[1], 0, SEEK_SET), 29);
	FAILS(rump_sys_dup2(p[1], 10000000), 9);
	FAILS(rump_sys_getsid(77777), 3);
	signal(SIGPIPE, SIG_IGN);
	EQ(rump_sys_close(p[0]), 0);
	FAILS(rump_sys_write(p[1], "x", 1), 32);
	FAILS(rump_sys_write(p[1], NULL, 1), 32);
}

static void
break_pipe(void)
{
	int p[2];

	rump_sys_pipe(p);
	rump_sys_close(p[0]);
	rump_sys_write(p[1], "x", 1);
}

Test(lwproc_errno, a_broken_pipe_is_sigpipe)
{
	char said[100];
	int status = in_child(break_pipe, said, sizeof(said));

	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

static void
break_pipe_ignoring(void)
{

	signal(SIGPIPE, SIG_IGN);
	errno = 0;
	break_pipe();
	_exit(errno);
}

Test(lwproc_errno, an_ignored_sigpipe_is_epipe)
{
	char said[100];
	int status = in_child(break_pipe_ignoring, said, sizeof(said));

	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == EPIPE);
}
