/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stress tests share: random calls, and the look at what is left. */
#include "tests/stress/stress.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "rumpkern/kmem.h"
#include "rumpkern/page.h"

#define DIR_ "/stress"
#define FDS  24 /* descriptors in use, about */

static uint64_t start_count[KC_MAX];

static uint64_t
next(uint64_t *seed)
{

	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed * 0x2545f4914f6cdd1du >> 32;
}

/* A name that others use as well; some are in a directory that may be gone. */
static const char *
pick(uint64_t *seed, char *buf, size_t size)
{
	uint64_t r = next(seed) % STRESS_NAMES;

	if (r % 3 == 0)
		snprintf(buf, size, DIR_ "/d%u/n%u", (unsigned)r % 2,
		    (unsigned)(next(seed) % 4));
	else
		snprintf(buf, size, DIR_ "/%c%u", r % 3 == 1 ? 'n' : 'd',
		    (unsigned)r % 4);
	return buf;
}

/* Errors that come of others being quicker, or of the kind of object. */
static bool
usual(long ret)
{
	static const int fine[] = { ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY,
		EBADF, EAGAIN, EPIPE, EINVAL, ENXIO, ESPIPE, EMLINK, EPERM,
		ENODATA, EINTR, ENOSPC, EXDEV, EDEADLK, ESRCH, EBUSY, ELOOP,
		ENODEV };
	size_t i;

	if (ret >= 0)
		return true;
	for (i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		if (errno == fine[i])
			return true;
	return false;
}

static long
on_names(uint64_t r, const char *a, const char *b, char *buf, size_t size)
{
	struct stat st;

	switch (r % 12) {
	case 0:
	case 1:
		return rump_sys_rename(a, b);
	case 2:
		return rump_sys_renameat2(AT_FDCWD, a, AT_FDCWD, b,
		    RENAME_EXCHANGE);
	case 3:
	case 4:
		return rump_sys_unlink(a);
	case 5:
		return rump_sys_link(a, b);
	case 6:
		return rump_sys_mkdir(a, 0755);
	case 7:
		return rump_sys_rmdir(a);
	case 8:
		return rump_sys_symlink("n1", a);
	case 9:
		return rump_sys_stat(a, &st);
	case 10:
		return rump_sys_setxattr(a, "user.x", buf, 100, 0);
	default:
		return rump_sys_truncate(a, r % size);
	}
}

static long
on_fds(uint64_t r, int fd, char *buf, size_t size)
{
	long ret;
	int p[2];

	switch (r % 14) {
	case 0:
	case 1:
		return rump_sys_write(fd, buf, r % size);
	case 2:
	case 3:
		return rump_sys_read(fd, buf, r % size);
	case 4:
		return rump_sys_pwrite(fd, buf, r % size, r % 100000);
	case 5:
		return rump_sys_close(fd);
	case 6:
		ret = rump_sys_dup(fd);
		return ret < FDS ? ret : rump_sys_close(ret);
	case 7:
		return rump_sys_dup2(fd, 3 + r / 14 % 20);
	case 8:
		ret = rump_sys_pipe2(p, O_NONBLOCK);
		if (ret == 0 && p[1] >= FDS) {
			rump_sys_close(p[0]);
			rump_sys_close(p[1]);
		}
		return ret;
	case 9:
		return rump_sys_ftruncate(fd, r % size);
	case 10:
		return rump_sys_fallocate(fd,
		    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, r % size,
		    r % 9000 + 1);
	case 11:
		return rump_sys_flock(fd, LOCK_EX | LOCK_NB);
	case 12:
		return rump_sys_fcntl(fd, F_SETLK,
		    &(struct flock){ .l_type = r / 14 % 3,
			.l_start = r % 100,
			.l_len = 10 });
	default:
		return rump_sys_lseek(fd, r % size, SEEK_SET);
	}
}

/* One thread more or a proc more, for a moment. */
static long
on_procs(uint64_t r)
{
	struct lwp *l = rump_pub_lwproc_curlwp();
	int error;

	if (r % 2 == 0)
		error = rump_pub_lwproc_newlwp(rump_sys_getpid());
	else
		error = rump_pub_lwproc_rfork(r / 2 % 3);
	if (error != 0) {
		errno = error;
		return -1;
	}
	rump_pub_lwproc_releaselwp();
	if (l != NULL)
		rump_pub_lwproc_switch(l);
	return 0;
}

bool
stress_work(uint64_t seed, int n)
{
	char a[64], b[64], buf[20000];
	uint64_t r;
	long ret;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	memset(buf, 's', sizeof(buf));
	seed = seed * 0x9e3779b97f4a7c15u | 1;
	for (; n > 0; n--) {
		r = next(&seed);
		fd = next(&seed) % FDS;
		pick(&seed, a, sizeof(a));
		pick(&seed, b, sizeof(b));
		switch (r % 10) {
		case 0:
		case 1:
		case 2:
			ret = on_names(r / 10, a, b, buf, sizeof(buf));
			break;
		case 3:
			ret = rump_sys_open(a,
			    O_RDWR | O_CREAT | O_NONBLOCK |
				(r & 64 ? O_TRUNC : 0),
			    0644);
			/* Closed here, or later by anybody. */
			if (ret >= FDS || (ret >= 0 && r & 128))
				ret = rump_sys_close(ret);
			break;
		case 4:
			ret = r / 10 % 8 == 0 ? on_procs(r / 80) : 0;
			break;
		default:
			ret = on_fds(r / 10, fd, buf, sizeof(buf));
		}
		if (!usual(ret)) {
			printf("# call %lu on %s, %s, %d: %s\n", r, a, b, fd,
			    strerror(errno));
			return false;
		}
	}
	return true;
}

/*
 * Remove a directory and all in it.  Renames nest directories deeper than any
 * path is long: what is in one comes up to DIR_ first.  A reader does not see
 * what comes after it opened, so it takes several readings.
 */
static void
remove_all(const char *path)
{
	static unsigned moved;
	char buf[4096], name[64], up[64];
	struct dirent64 *de;
	long n, off;
	int fd;

	fd = rump_sys_open(path, O_RDONLY | O_DIRECTORY);
	while ((n = rump_sys_getdents64(fd, buf, sizeof(buf))) > 0) {
		for (off = 0; off < n; off += de->d_reclen) {
			de = (struct dirent64 *)(void *)(buf + off);
			if (strcmp(de->d_name, ".") == 0 ||
			    strcmp(de->d_name, "..") == 0)
				continue;
			snprintf(name, sizeof(name), "%.20s/%.20s", path,
			    de->d_name);
			snprintf(up, sizeof(up), DIR_ "/up%u", moved++);
			if (rump_sys_unlink(name) == 0)
				continue;
			if (strcmp(path, DIR_) == 0)
				remove_all(name);
			else
				rump_sys_rename(name, up);
		}
	}
	rump_sys_close(fd);
	if (rump_sys_rmdir(path) != 0 && errno == ENOTEMPTY)
		remove_all(path);
}

bool
stress_clean(void)
{
	bool same = true;
	int i, bad;

	bad = rump_kern_check();
	remove_all(DIR_);
	bad += rump_kern_check();
	for (i = 0; i < KC_MAX; i++) {
		if (kmem_cache_count(i) == start_count[i])
			continue;
		printf("# cache %d had %lu objects out, has %lu\n", i,
		    start_count[i], kmem_cache_count(i));
		same = false;
	}
	if (bad != 0)
		printf("# %d faults\n", bad);
	rump_sys_mkdir(DIR_, 0777);
	return same && bad == 0;
}

void
stress_boot(void)
{
	int error, i;

	setenv("RUMP_MEMLIMIT", "256M", 0);
	error = rump_init();
	if (error == 0 && rump_sys_mkdir(DIR_, 0777) != 0)
		error = errno;
	if (error != 0) {
		printf("Bail out! %s\n", strerror(error));
		exit(1);
	}
	/* The directory, and what is made at first use, count as there. */
	stress_work(1, 1000);
	for (i = 3; i < 1000; i++)
		rump_sys_close(i);
	rump_kern_check();
	remove_all(DIR_);
	for (i = 0; i < KC_MAX; i++)
		start_count[i] = kmem_cache_count(i);
	rump_sys_mkdir(DIR_, 0777);
}

bool
tap_ok(bool ok, const char *what)
{
	static int count;

	printf("%sok %d - %s\n", ok ? "" : "not ", ++count, what);
	fflush(stdout);
	return ok;
}
