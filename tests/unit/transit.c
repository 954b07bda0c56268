/* SPDX-License-Identifier: BSD-2-Clause */
/* Files in messages that are the host's, and files that stand for the host's. */
#include "lwproc/hostfile.h"
#include "lwproc/proc.h"
#include "lwproc/transit.h"
#include "tests/unit/unit.h"

SUITE(transit);

static int p[2];

static void
add(int fd, uint64_t number)
{
	struct file *f = fd_getfile(curlwp(), fd, 1);

	EQ(transit_add(f, number, 7), 0);
	fd_done(curlwp(), f, 1);
}

static void
make_pipe(void)
{
	OK(rump_sys_pipe2(p, O_NONBLOCK));
}

static int
install(struct file *f)
{
	int fd;

	EQ(fd_install(curlwp(), f, 0, false, &fd), 0);
	return fd;
}

static void
drop(uint64_t number)
{
	struct file *f = transit_take(number);

	cr_assert(f != NULL);
	file_rele(f);
}

Test(transit, numbers_differ)
{
	uint64_t a = transit_number();

	cr_assert(a != 0 && transit_number() != a);
}

Test(transit, a_file_outlives_its_descriptor)
{
	char c;
	int fd;

	make_pipe();
	cr_assert(!transit_any());
	add(p[1], 5);
	cr_assert(transit_any());
	OK(rump_sys_close(p[1]));
	FAILS(rump_sys_read(p[0], &c, 1), EAGAIN);
	fd = install(transit_take(5));
	cr_assert(!transit_any());
	EQ(OK(rump_sys_write(fd, "x", 1)), 1);
	EQ(OK(rump_sys_read(p[0], &c, 1)), 1);
	OK(rump_sys_close(fd));
	EQ(OK(rump_sys_read(p[0], &c, 1)), 0);
}

Test(transit, what_was_taken_is_gone)
{
	make_pipe();
	add(p[0], 5);
	drop(5);
	cr_assert(transit_take(5) == NULL);
	cr_assert(transit_peek(5) == NULL);
}

Test(transit, a_look_leaves_it_there)
{
	char c;
	int fd;

	make_pipe();
	add(p[1], 5);
	fd = install(transit_peek(5));
	OK(rump_sys_close(fd));
	OK(rump_sys_close(p[1]));
	FAILS(rump_sys_read(p[0], &c, 1), EAGAIN);
	drop(5);
	EQ(OK(rump_sys_read(p[0], &c, 1)), 0);
}

Test(transit, a_look_at_all_goes_around)
{
	struct transit_seen ts[3];
	uint64_t i;

	make_pipe();
	EQ(transit_look(ts, 3), 0);
	for (i = 1; i <= 4; i++)
		add(p[0], i);
	EQ(transit_look(ts, 3), 3);
	EQ(ts[0].ts_token, 1);
	EQ(ts[2].ts_token, 3);
	EQ(ts[2].ts_where, 7);
	EQ(transit_look(ts, 3), 3);
	EQ(ts[0].ts_token, 4);
	EQ(ts[1].ts_token, 1);
	drop(2);
	drop(3);
	EQ(transit_look(ts, 3), 2);
	drop(4);
	drop(1);
	EQ(transit_look(ts, 3), 0);
}

Test(transit, a_hostfile_has_a_number_until_it_goes)
{
	uint32_t gone = hostfile_gone();
	struct file *f;
	uint64_t n, m;

	EQ(hostfile_create(NULL, &f, &n), 0);
	cr_assert(hostfile_live(n));
	EQ(hostfile_number(f), n);
	m = transit_number();
	cr_assert(hostfile_renumber(n, m));
	cr_assert(!hostfile_live(n) && hostfile_live(m));
	file_rele(f);
	cr_assert(!hostfile_live(m));
	cr_assert(!hostfile_renumber(m, n));
	EQ(hostfile_gone(), gone + 1);
	hostfile_forget(UINT32_MAX);
	EQ(hostfile_gone(), 0);
}

Test(transit, a_hostfile_keeps_its_half)
{
	struct file *half, *f;
	uint64_t n;
	char c;

	make_pipe();
	half = fd_getfile(curlwp(), p[1], 1);
	EQ(hostfile_create(half, &f, &n), 0);
	fd_done(curlwp(), half, 1);
	OK(rump_sys_close(p[1]));
	FAILS(rump_sys_read(p[0], &c, 1), EAGAIN);
	EQ(rump_kern_check(), 0);
	file_rele(f);
	EQ(OK(rump_sys_read(p[0], &c, 1)), 0);
}
