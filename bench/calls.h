/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * calls: the rows that measure single calls.  A row is written once, against
 * a side: the host's calls or the rump kernel's.  bench/apicalls has two
 * sides, the C library and rump_sys_*; bench/hjcalls calls the C library on
 * both and only the directory differs: the shim makes the second one rump's.
 */
#ifndef BENCH_CALLS_H
#define BENCH_CALLS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

struct side {
	const char *s_name;
	const char *s_dir; /* exists; row_main() makes a new one in it */
	pid_t (*s_getpid)(void);
	int (*s_open)(const char *, int, mode_t);
	int (*s_close)(int);
	ssize_t (*s_read)(int, void *, size_t);
	ssize_t (*s_write)(int, const void *, size_t);
	ssize_t (*s_pread)(int, void *, size_t, off_t);
	ssize_t (*s_pwrite)(int, const void *, size_t, off_t);
	off_t (*s_lseek)(int, off_t, int);
	int (*s_ftruncate)(int, off_t);
	int (*s_stat)(const char *, struct stat *);
	int (*s_fstat)(int, struct stat *);
	ssize_t (*s_getdents)(int, void *, size_t);
	int (*s_mkdir)(const char *, mode_t);
	int (*s_rmdir)(const char *);
	int (*s_unlink)(const char *);
	int (*s_rename)(const char *, const char *);
	int (*s_pipe)(int *);
};

/* One run of a row on one side. */
struct run {
	const struct side *r_side;
	char r_dir[64]; /* this run's own, empty at its start */
	long r_n;       /* how many times to do it */
	uint64_t r_ns;  /* how long the part that counts took */
};

struct row {
	const char *rw_name;
	const char *rw_unit; /* ns, us, MB/s */
	double rw_per;       /* ns in a unit, or bytes an operation */
	void (*rw_run)(struct run *);
};

extern const struct row rows[];
extern const struct row net_rows[];

/* The host's calls, to be completed with a directory. */
extern const struct side host_calls;

/*
 * prog ROW: alternate between the sides; print the unit, and the medians.
 * prog -1 ROW: one round on the first side only; print unit and result.
 */
int row_main(int argc, char **argv, const struct side *host,
    const struct side *rump);

#endif
