/* SPDX-License-Identifier: BSD-2-Clause */
/* rows: what is measured call by call, for either side. */
#include "bench/calls.h"
#include "bench/measure.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_SIZE (1L << 20)
#define BULK      (64L << 10)
#define NAMES     1000

static char buf[BULK] __attribute__((aligned(4096)));

/* Run an operation n times with the clock on. */
#define TIMED(r, op)                                   \
	do {                                           \
		uint64_t t0_ = now_ns();               \
		for (long i_ = 0; i_ < (r)->r_n; i_++) \
			op;                            \
		(r)->r_ns = now_ns() - t0_;            \
	} while (0)

#define MUST(r, e) ((e) ? (void)0 : die("%s: %s", (r)->r_side->s_name, #e))

static const char *
path_in(const struct run *r, const char *name)
{
	static char path[2][96];
	static int turn;

	turn ^= 1;
	snprintf(path[turn], sizeof(path[0]), "%s/%s", r->r_dir, name);
	return path[turn];
}

/* A file of FILE_SIZE bytes, open. */
static int
make_file(const struct run *r, const char *name)
{
	const struct side *s = r->r_side;
	int fd;

	fd = s->s_open(path_in(r, name), O_RDWR | O_CREAT | O_TRUNC, 0644);
	MUST(r, fd >= 0);
	memset(buf, 'x', sizeof(buf));
	for (long at = 0; at < FILE_SIZE; at += BULK)
		MUST(r, s->s_write(fd, buf, BULK) == BULK);
	return fd;
}

static void
drop_file(const struct run *r, int fd, const char *name)
{
	MUST(r, r->r_side->s_close(fd) == 0);
	MUST(r, r->r_side->s_unlink(path_in(r, name)) == 0);
}

static off_t
random_page(void)
{
	static uint32_t x = 1;

	x = x * 1664525 + 1013904223;
	return (off_t)(x >> 12) & (FILE_SIZE - 1) & ~4095L;
}

static void
row_getpid(struct run *r)
{
	const struct side *s = r->r_side;

	TIMED(r, s->s_getpid());
}

static void
row_pipe_pair(struct run *r)
{
	const struct side *s = r->r_side;
	char c = 'x';
	int p[2];

	MUST(r, s->s_pipe(p) == 0);
	TIMED(r, {
		MUST(r, s->s_write(p[1], &c, 1) == 1);
		MUST(r, s->s_read(p[0], &c, 1) == 1);
	});
	s->s_close(p[0]);
	s->s_close(p[1]);
}

static void
row_open_close(struct run *r)
{
	const struct side *s = r->r_side;
	const char *path;
	int fd, old;

	old = make_file(r, "f");
	path = path_in(r, "f");
	TIMED(r, {
		fd = s->s_open(path, O_RDONLY, 0);
		MUST(r, fd >= 0);
		MUST(r, s->s_close(fd) == 0);
	});
	drop_file(r, old, "f");
}

static void
row_pread4k(struct run *r)
{
	const struct side *s = r->r_side;
	int fd = make_file(r, "f");

	TIMED(r, MUST(r, s->s_pread(fd, buf, 4096, random_page()) == 4096));
	drop_file(r, fd, "f");
}

static void
row_pwrite4k(struct run *r)
{
	const struct side *s = r->r_side;
	int fd = make_file(r, "f");

	TIMED(r, MUST(r, s->s_pwrite(fd, buf, 4096, random_page()) == 4096));
	drop_file(r, fd, "f");
}

static void
row_stat(struct run *r)
{
	const struct side *s = r->r_side;
	int fd = make_file(r, "f");
	const char *path = path_in(r, "f");
	struct stat st;

	TIMED(r, MUST(r, s->s_stat(path, &st) == 0));
	drop_file(r, fd, "f");
}

static void
row_fstat(struct run *r)
{
	const struct side *s = r->r_side;
	int fd = make_file(r, "f");
	struct stat st;

	TIMED(r, MUST(r, s->s_fstat(fd, &st) == 0));
	drop_file(r, fd, "f");
}

static void
row_stat_enoent(struct run *r)
{
	const struct side *s = r->r_side;
	const char *path = path_in(r, "nosuch");
	struct stat st;

	TIMED(r, MUST(r, s->s_stat(path, &st) == -1));
}

static void
row_lseek(struct run *r)
{
	const struct side *s = r->r_side;
	int fd = make_file(r, "f");

	TIMED(r, MUST(r, s->s_lseek(fd, 100, SEEK_SET) == 100));
	drop_file(r, fd, "f");
}

/* A short-lived file, as compilers and shells make them. */
static void
row_create8k(struct run *r)
{
	const struct side *s = r->r_side;
	const char *path = path_in(r, "f");
	int fd;

	TIMED(r, {
		fd = s->s_open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		MUST(r, fd >= 0);
		MUST(r, s->s_write(fd, buf, 8192) == 8192);
		MUST(r, s->s_close(fd) == 0);
		MUST(r, s->s_unlink(path) == 0);
	});
}

static void
row_mkdir_rmdir(struct run *r)
{
	const struct side *s = r->r_side;
	const char *path = path_in(r, "d");

	TIMED(r, {
		MUST(r, s->s_mkdir(path, 0755) == 0);
		MUST(r, s->s_rmdir(path) == 0);
	});
}

/* There and back. */
static void
row_rename(struct run *r)
{
	const struct side *s = r->r_side;
	int fd = make_file(r, "f");
	const char *a = path_in(r, "f"), *b = path_in(r, "g");

	TIMED(r, {
		MUST(r, s->s_rename(a, b) == 0);
		MUST(r, s->s_rename(b, a) == 0);
	});
	drop_file(r, fd, "f");
}

static void
row_append100(struct run *r)
{
	const struct side *s = r->r_side;
	int fd, flags = O_WRONLY | O_CREAT | O_APPEND;
	long done = 0;

	fd = s->s_open(path_in(r, "log"), flags, 0644);
	MUST(r, fd >= 0);
	TIMED(r, {
		MUST(r, s->s_write(fd, buf, 100) == 100);
		if (++done % 100000 == 0)
			MUST(r, s->s_ftruncate(fd, 0) == 0);
	});
	drop_file(r, fd, "log");
}

/* List a directory of NAMES names. */
static void
row_readdir1000(struct run *r)
{
	const struct side *s = r->r_side;
	char name[16];
	ssize_t got;
	int fd, i;

	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		fd = s->s_open(path_in(r, name), O_WRONLY | O_CREAT, 0644);
		MUST(r, fd >= 0);
		MUST(r, s->s_close(fd) == 0);
	}
	fd = s->s_open(r->r_dir, O_RDONLY | O_DIRECTORY, 0);
	MUST(r, fd >= 0);
	TIMED(r, {
		MUST(r, s->s_lseek(fd, 0, SEEK_SET) == 0);
		while ((got = s->s_getdents(fd, buf, 32768)) > 0)
			;
		MUST(r, got == 0);
	});
	MUST(r, s->s_close(fd) == 0);
	for (i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		MUST(r, s->s_unlink(path_in(r, name)) == 0);
	}
}

/* Write or read FILE_SIZE bytes in pieces of 64 KiB; a write begins anew. */
static void
row_write_bulk(struct run *r)
{
	const struct side *s = r->r_side;
	int fd = make_file(r, "f");

	TIMED(r, {
		MUST(r, s->s_ftruncate(fd, 0) == 0);
		for (long at = 0; at < FILE_SIZE; at += BULK)
			MUST(r, s->s_pwrite(fd, buf, BULK, at) == BULK);
	});
	drop_file(r, fd, "f");
}

static void
row_read_bulk(struct run *r)
{
	const struct side *s = r->r_side;
	int fd = make_file(r, "f");

	TIMED(r, {
		for (long at = 0; at < FILE_SIZE; at += BULK)
			MUST(r, s->s_pread(fd, buf, BULK, at) == BULK);
	});
	drop_file(r, fd, "f");
}

static void
row_host_call(struct run *r)
{
	TIMED(r, getppid());
}

/* One byte there and one back, between two processes. */
static void
row_pipe_2proc(struct run *r)
{
	const struct side *s = r->r_side;
	int to[2], from[2], status;
	char c = 'x';
	pid_t pid;

	MUST(r, s->s_pipe(to) == 0 && s->s_pipe(from) == 0);
	pid = fork();
	MUST(r, pid >= 0);
	if (pid == 0) {
		s->s_close(to[1]);
		while (s->s_read(to[0], &c, 1) == 1)
			if (s->s_write(from[1], &c, 1) != 1)
				_exit(1);
		_exit(0);
	}
	s->s_close(to[0]);
	s->s_close(from[1]);
	TIMED(r, {
		MUST(r, s->s_write(to[1], &c, 1) == 1);
		MUST(r, s->s_read(from[0], &c, 1) == 1);
	});
	s->s_close(to[1]);
	s->s_close(from[0]);
	MUST(r, waitpid(pid, &status, 0) == pid && status == 0);
}

static void
row_fork(struct run *r)
{
	int status;
	pid_t pid;

	TIMED(r, {
		pid = fork();
		if (pid == 0)
			_exit(0);
		MUST(r, waitpid(pid, &status, 0) == pid && status == 0);
	});
}

const struct row rows[] = {
	{ "getpid", "ns", 1, row_getpid },
	{ "pipe_pair", "ns", 1, row_pipe_pair },
	{ "open_close", "ns", 1, row_open_close },
	{ "pread4k", "ns", 1, row_pread4k },
	{ "pwrite4k", "ns", 1, row_pwrite4k },
	{ "stat", "ns", 1, row_stat },
	{ "fstat", "ns", 1, row_fstat },
	{ "stat_enoent", "ns", 1, row_stat_enoent },
	{ "lseek", "ns", 1, row_lseek },
	{ "create8k", "ns", 1, row_create8k },
	{ "mkdir_rmdir", "ns", 1, row_mkdir_rmdir },
	{ "rename", "ns", 2, row_rename },
	{ "append100", "ns", 1, row_append100 },
	{ "readdir1000", "us", 1000, row_readdir1000 },
	{ "read_bulk", "MB/s", FILE_SIZE, row_read_bulk },
	{ "write_bulk", "MB/s", FILE_SIZE, row_write_bulk },
	{ "host_call", "ns", 1, row_host_call },
	{ "pipe_2proc", "ns", 1, row_pipe_2proc },
	{ "fork", "us", 1000, row_fork },
	{ NULL, NULL, 0, NULL },
};
