/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A process dies at each point of what is done with files in messages of the
 * host's, and with descriptors of the host's in messages of ours: afterwards a
 * file is on its way or not, and with the list emptied nothing is left.
 */
#include <sys/un.h>

#include <fcntl.h>
#include <string.h>

#include "lwproc/file.h"
#include "lwproc/hostfile.h"
#include "lwproc/proc.h"
#include "lwproc/transit.h"
#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "rumpkern/kern.h"
#include "rumpnet/local.h"
#include "tests/crash/crash.h"

#define SENT  1 /* there is a file on its way under this number */
#define OTHER 2
#define KEY   77

/* Of pid 1: all processes of the test share them. */
static int fd, p[2];

/* Do something with the file of a descriptor. */
static void
with_file(int n, void (*fn)(struct file *))
{
	struct file *f = fd_getfile(curlwp(), n, 1);

	if (f == NULL)
		crash_fail("no file", n, __LINE__);
	fn(f);
	fd_done(curlwp(), f, 1);
}

static void
send_first(struct file *f)
{
	MUST(-transit_add(f, SENT, 0));
}

static void
send_other(struct file *f)
{
	MUST(-transit_add(f, OTHER, 0));
}

static void
set_up(void)
{
	fd = rump_sys_open("/f", O_CREAT | O_RDWR, 0666);
	MUST(fd);
	MUST(rump_sys_pipe2(p, O_NONBLOCK));
	with_file(p[1], send_first);
}

static void
tear_down(void)
{
	struct transit_seen ts[4];
	struct file *f;
	uint32_t i, n;
	int j;

	while ((n = transit_look(ts, nelem(ts))) != 0)
		for (i = 0; i < n; i++) {
			f = transit_take(ts[i].ts_token);
			if (f != NULL)
				file_rele(f);
		}
	for (j = 3; j < 60; j++)
		rump_sys_close(j);
	rump_sys_unlink("/f");
}

/* --- What dies ------------------------------------------------------------ */

static void
do_send(void)
{
	with_file(fd, send_other);
	MUST(rump_sys_close(fd));
}

static void
do_receive(void)
{
	struct file *f = transit_take(SENT);
	int n;

	if (f == NULL)
		crash_fail("nothing was sent", 0, __LINE__);
	MUST(-fd_install(curlwp(), f, 0, false, &n));
	MUST(rump_sys_write(n, "x", 1));
	MUST(rump_sys_close(n));
}

static void
do_peek(void)
{
	struct file *f = transit_peek(SENT);

	if (f == NULL)
		crash_fail("nothing was sent", 0, __LINE__);
	MUST(rump_sys_close(p[1]));
	file_rele(f);
}

static void
do_drop(void)
{
	struct file *f;

	with_file(fd, send_other);
	MUST(rump_sys_close(p[1]));
	f = transit_take(SENT);
	if (f == NULL)
		crash_fail("nothing was sent", 0, __LINE__);
	file_rele(f);
}

static void
stand_for(struct file *half)
{
	struct file *a, *b;
	uint64_t n, m;

	MUST(-hostfile_create(half, &a, &n));
	MUST(-hostfile_create(NULL, &b, &m));
	if (!hostfile_renumber(n, transit_number()) || hostfile_live(n))
		crash_fail("not renumbered", (long)n, __LINE__);
	file_rele(a);
	file_rele(b);
}

static void
do_host(void)
{
	with_file(fd, stand_for);
	MUST(rump_sys_close(fd));
}

/* A node of the host's. */
static void
do_bind(void)
{
	struct netname nn = { .nn_len = sizeof(struct sockaddr_un) };
	int s = rump_sys_socket(AF_UNIX, SOCK_STREAM, 0);
	struct socket *so;
	struct file *f;

	MUST(s);
	nn.nn_un = (struct sockaddr_un){ AF_UNIX, "/node" };
	MUST(-sock_get(curlwp(), s, &f, &so));
	MUST(-local_bindhost(so, &nn, KEY));
	fd_done(curlwp(), f, 0);
	MUST(rump_sys_close(s));
}

static const struct {
	const char *name;
	void (*fn)(void);
} calls[] = {
	{ "sending", do_send },
	{ "receiving", do_receive },
	{ "looking", do_peek },
	{ "dropping", do_drop },
	{ "descriptors of the host's", do_host },
	{ "nodes of the host's", do_bind },
};

/* The pipe has no writer any more once everything is gone. */
static bool
whole(void)
{
	struct file *f = transit_take(SENT);
	long n;
	char c;
	int i;

	if (f != NULL)
		file_rele(f);
	for (i = 3; i < 60; i++)
		if (i != p[0])
			rump_sys_close(i);
	while ((n = rump_sys_read(p[0], &c, 1)) > 0)
		continue;
	if (n != 0)
		tap_diag("the pipe still has a writer: %ld", n);
	return n == 0 && !local_ishost(KEY);
}

/* False: something is wrong; *end: it did not die any more. */
static bool
one(void (*fn)(void), uint64_t n, const struct counts *before, bool *end)
{
	struct counts after;
	enum death how;
	bool ok;

	set_up();
	how = crash_call(fn, n);
	*end = how == LIVED;
	ok = how != BROKE && crash_check() == 0 && whole();
	tear_down();
	ok = ok && crash_check() == 0;
	crash_count(&after);
	/* Names have new cookies each time, so the root's index grows. */
	after.ct_cache[KC_RADIX] = before->ct_cache[KC_RADIX];
	return ok && crash_same_counts(before, &after);
}

int
main(int argc, char **argv)
{
	struct counts before;
	bool ok, end;
	size_t i;
	uint64_t n;

	crash_boot();
	tap_plan(argc < 2 ? nelem(calls) : 1);
	/* What is made once, is made. */
	set_up();
	crash_call(do_host, 1);
	crash_check();
	tear_down();
	crash_count(&before);
	for (i = 0; i < nelem(calls); i++) {
		if (argc >= 2 && strcmp(argv[1], calls[i].name) != 0)
			continue;
		ok = true;
		end = false;
		for (n = 1; ok && !end; n++)
			ok = one(calls[i].fn, n, &before, &end);
		tap_ok(ok, "%s: whole after death at each of %lu points",
		    calls[i].name, n - 1);
	}
	return tap_done();
}
