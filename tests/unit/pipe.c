/* SPDX-License-Identifier: BSD-2-Clause */
/* Pipes and FIFOs. */
#include <sys/stat.h>

#include <pthread.h>

#include "tests/unit/unit.h"

static int p[2];

static void
start(void)
{

	boot();
	signal(SIGPIPE, SIG_IGN);
	EQ(rump_sys_pipe2(p, O_NONBLOCK), 0);
}

TestSuite(pipe, .init = start, .fini = finish, .timeout = 60);

Test(pipe, passes_bytes_in_order)
{
	char buf[10];

	EQ(rump_sys_write(p[1], "hello", 5), 5);
	EQ(rump_sys_write(p[1], "world", 5), 5);
	EQ(rump_sys_read(p[0], buf, 3), 3);
	EQ(rump_sys_read(p[0], buf + 3, 10), 7);
	EQ(memcmp(buf, "helloworld", 10), 0);
}

Test(pipe, empty_is_eagain_then_end_of_file)
{
	char c;

	FAILS(rump_sys_read(p[0], &c, 1), EAGAIN);
	EQ(rump_sys_close(p[1]), 0);
	EQ(rump_sys_read(p[0], &c, 1), 0);
}

Test(pipe, write_to_closed_end_is_epipe)
{

	EQ(rump_sys_close(p[0]), 0);
	FAILS(rump_sys_write(p[1], "x", 1), EPIPE);
}

Test(pipe, ends_have_a_direction)
{
	char c = 0;

	FAILS(rump_sys_write(p[0], &c, 1), EBADF);
	FAILS(rump_sys_read(p[1], &c, 1), EBADF);
	FAILS(rump_sys_lseek(p[0], 0, SEEK_CUR), ESPIPE);
	FAILS(rump_sys_pread(p[0], &c, 1, 0), ESPIPE);
}

Test(pipe, holds_64_kib_and_takes_small_writes_whole)
{
	static char buf[70000];

	EQ(rump_sys_write(p[1], buf, 65530), 65530);
	FAILS(rump_sys_write(p[1], buf, 4096), EAGAIN);
	EQ(rump_sys_write(p[1], buf, 5000), 6);
	FAILS(rump_sys_write(p[1], buf, 1), EAGAIN);
	EQ(rump_sys_read(p[0], buf, sizeof(buf)), 65536);
}

Test(pipe, can_be_resized_if_its_content_fits)
{
	static char buf[70000];

	EQ(rump_sys_fcntl(p[0], F_GETPIPE_SZ), 65536);
	EQ(rump_sys_fcntl(p[0], F_SETPIPE_SZ, 100000), 131072);
	EQ(rump_sys_write(p[1], buf, 70000), 70000);
	FAILS(rump_sys_fcntl(p[0], F_SETPIPE_SZ, 4096), EBUSY);
	EQ(rump_sys_read(p[0], buf, 70000), 70000);
	EQ(rump_sys_fcntl(p[0], F_SETPIPE_SZ, 1), 4096);
}

Test(pipe, o_direct_keeps_packets_apart)
{
	char buf[100];
	int q[2];

	EQ(rump_sys_pipe2(q, O_NONBLOCK | O_DIRECT), 0);
	EQ(rump_sys_write(q[1], "abcdef", 6), 6);
	EQ(rump_sys_write(q[1], "gh", 2), 2);
	EQ(rump_sys_read(q[0], buf, 3), 3);
	EQ(rump_sys_read(q[0], buf, 100), 2);
}

static void *
write_all(void *arg)
{
	static char buf[1000000];

	(void)arg;
	EQ(rump_sys_write(p[1], buf, sizeof(buf)), sizeof(buf));
	EQ(rump_sys_close(p[1]), 0);
	return NULL;
}

Test(pipe, a_blocked_writer_goes_on_when_there_is_room)
{
	static char buf[3000];
	pthread_t td;
	long n, sum = 0;

	EQ(rump_sys_close(p[0]), 0);
	EQ(rump_sys_close(p[1]), 0);
	EQ(rump_sys_pipe(p), 0);
	EQ(pthread_create(&td, NULL, write_all, NULL), 0);
	while ((n = OK(rump_sys_read(p[0], buf, sizeof(buf)))) > 0)
		sum += n;
	EQ(sum, 1000000);
	pthread_join(td, NULL);
}

static void
killed_writer(void)
{

	rump_pub_lwproc_rfork(RUMP_RFFDG);
	rump_sys_write(p[1], "x", 1);
	kill(getpid(), SIGKILL);
}

Test(pipe, a_killed_writer_is_end_of_file)
{
	char said[100], c;

	in_child(killed_writer, said, sizeof(said));
	EQ(rump_sys_close(p[1]), 0);
	EQ(rump_kern_check(), 0);
	EQ(rump_sys_read(p[0], &c, 1), 1);
	EQ(rump_sys_read(p[0], &c, 1), 0);
}

Test(pipe, a_fifo_without_reader_is_enxio_for_writers)
{
	int r, w;
	char c;

	EQ(rump_sys_mknod("/fifo", S_IFIFO | 0600, 0), 0);
	FAILS(rump_sys_open("/fifo", O_WRONLY | O_NONBLOCK), ENXIO);
	r = OK(rump_sys_open("/fifo", O_RDONLY | O_NONBLOCK));
	EQ(rump_sys_read(r, &c, 1), 0);
	w = OK(rump_sys_open("/fifo", O_WRONLY | O_NONBLOCK));
	FAILS(rump_sys_read(r, &c, 1), EAGAIN);
	EQ(rump_sys_write(w, "x", 1), 1);
	EQ(rump_sys_close(w), 0);
	EQ(rump_sys_read(r, &c, 1), 1);
	EQ(rump_sys_read(r, &c, 1), 0);
}

static void *
open_reader(void *arg)
{

	*(int *)arg = rump_sys_open("/fifo", O_RDONLY);
	return NULL;
}

Test(pipe, opening_a_fifo_waits_for_the_other_end)
{
	pthread_t td;
	int r = -1, w;
	char c;

	EQ(rump_sys_mknod("/fifo", S_IFIFO | 0600, 0), 0);
	EQ(pthread_create(&td, NULL, open_reader, &r), 0);
	w = OK(rump_sys_open("/fifo", O_WRONLY));
	pthread_join(td, NULL);
	OK(r);
	EQ(rump_sys_write(w, "x", 1), 1);
	EQ(rump_sys_read(r, &c, 1), 1);
}
