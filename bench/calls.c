/* SPDX-License-Identifier: BSD-2-Clause */
/* calls: running a row on its sides, and the host's side. */
#include "bench/calls.h"
#include "bench/measure.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROUNDS   15
#define ROUND_NS 4000000 /* a round on the host takes this */

static int
host_open(const char *path, int flags, mode_t mode)
{
	return open(path, flags, mode);
}

static ssize_t
host_getdents(int fd, void *buf, size_t size)
{
	return getdents64(fd, buf, size);
}

const struct side host_calls = {
	.s_name = "host",
	.s_getpid = getpid,
	.s_open = host_open,
	.s_close = close,
	.s_read = read,
	.s_write = write,
	.s_pread = pread,
	.s_pwrite = pwrite,
	.s_lseek = lseek,
	.s_ftruncate = ftruncate,
	.s_stat = stat,
	.s_fstat = fstat,
	.s_getdents = host_getdents,
	.s_mkdir = mkdir,
	.s_rmdir = rmdir,
	.s_unlink = unlink,
	.s_rename = rename,
	.s_pipe = pipe,
};

static const struct row *
find_row(const char *name)
{
	const struct row *rw;

	for (rw = rows; rw->rw_name != NULL; rw++)
		if (strcmp(rw->rw_name, name) == 0)
			return rw;
	for (rw = net_rows; rw->rw_name != NULL; rw++)
		if (strcmp(rw->rw_name, name) == 0)
			return rw;
	errno = EINVAL;
	die("no row %s", name);
}

/* Once: ns an operation. */
static double
one_run(const struct row *rw, const struct side *s, long n)
{
	struct run r = { .r_side = s, .r_n = n };

	snprintf(r.r_dir, sizeof(r.r_dir), "%s/bench.%d", s->s_dir,
	    (int)getpid());
	if (s->s_mkdir(r.r_dir, 0700) != 0)
		die("%s: mkdir %s", s->s_name, r.r_dir);
	rw->rw_run(&r);
	if (s->s_rmdir(r.r_dir) != 0)
		die("%s: rmdir %s", s->s_name, r.r_dir);
	return (double)r.r_ns / (double)n;
}

/* How many operations make a round. */
static long
calibrate(const struct row *rw, const struct side *s)
{
	long n = 1;

	while (one_run(rw, s, n) * (double)n < ROUND_NS / 2 && n < 1L << 24)
		n *= 2;
	return n;
}

/* ns an operation in the row's unit. */
static double
in_unit(const struct row *rw, double ns)
{
	if (strcmp(rw->rw_unit, "MB/s") == 0)
		return rw->rw_per * 1000 / ns;
	return ns / rw->rw_per;
}

int
row_main(int argc, char **argv, const struct side *host,
    const struct side *rump)
{
	double h[ROUNDS], r[ROUNDS];
	const struct row *rw;
	bool apart;
	long n;
	int i;

	apart = argc == 3 && strcmp(argv[1], "-1") == 0;
	if (argc != 2 && !apart) {
		fprintf(stderr, "usage: %s [-1] row\n", argv[0]);
		return 2;
	}
	rw = find_row(argv[argc - 1]);
	n = calibrate(rw, host);
	if (apart) {
		/*
		 * One long run: the host takes about 15 ms to place two
		 * processes that wake each other.
		 */
		n *= 48;
		printf("%s %f\n", rw->rw_unit,
		    in_unit(rw, one_run(rw, host, n)));
		return 0;
	}
	one_run(rw, rump, n);
	for (i = 0; i < ROUNDS; i++) {
		h[i] = one_run(rw, host, n);
		r[i] = one_run(rw, rump, n);
	}
	printf("%s %f %f\n", rw->rw_unit, in_unit(rw, median(h, ROUNDS)),
	    in_unit(rw, median(r, ROUNDS)));
	return 0;
}
