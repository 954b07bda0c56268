/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of fsfuzz that read directories and change the current one. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fsfuzz.h"
#include "fsfuzz_ops.h"

#define A(i)     (o->arg[i])
#define PATH(i)  arg_path(s, &o->path[i], pathbuf)
#define DIRFD(i) arg_dirfd(s, &o->path[i])

/* Scratch space for the path of one call. */
static char pathbuf[8192];

long
op_list(struct side *s, const struct op *o)
{
	int fd = openat(DIRFD(0), PATH(0), O_RDONLY | O_DIRECTORY);

	if (fd == -1)
		return -1;
	look_names(s, fd);
	return close(fd);
}

struct dirent64_head {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* Raw getdents64: errors, buffer sizes, and the end of a directory. */
long
op_getdents(struct side *s, const struct op *o)
{
	static const size_t sizes[] = { 4096, 32768, 24, 10, 0, 48 };
	int fd = arg_fd(s, A(0)), names = 0;
	char *buf = arg_out(A(1));
	size_t size = sizes[A(2) % 6];
	ssize_t n = syscall(SYS_getdents64, fd, buf, size), at;

	if (n == -1)
		return -1;
	/*
	 * How many names fit depends on their order, which is each file
	 * system's own, in small buffers: op_grow() reads on after them.
	 */
	if (size < 4096) {
		lseek(fd, 0, SEEK_SET);
		return n > 0;
	}
	for (at = 0; at < n; names++)
		at += ((struct dirent64_head *)(buf + at))->reclen;
	return names;
}

static struct dirent *
nth(DIR *d, long n, long *where)
{
	struct dirent *e = NULL;

	rewinddir(d);
	while (n-- >= 0) {
		*where = telldir(d);
		e = readdir(d);
	}
	return e;
}

/* Going back to an entry finds it again, even when another was removed. */
long
op_seekdir(struct side *s, const struct op *o)
{
	int fd = openat(DIRFD(0), PATH(0), O_RDONLY | O_DIRECTORY);
	char name[256] = "";
	struct dirent *e;
	struct stat st;
	long where = 0;
	int seen = 0, kinds = 0;
	DIR *d;

	if (fd == -1)
		return -1;
	d = fdopendir(fd);
	while ((e = readdir(d)) != NULL) {
		seen++;
		if (fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    (e->d_type == IFTODT(st.st_mode)) &&
		    (e->d_ino == st.st_ino || e->d_name[0] == '.'))
			kinds++;
	}
	put(s, " seen=%d good=%d", seen, kinds);
	e = nth(d, (long)A(0) % (seen + 1), &where);
	if (e != NULL)
		snprintf(name, sizeof(name), "%s", e->d_name);
	while (readdir(d) != NULL)
		continue;
	seekdir(d, where);
	e = readdir(d);
	put(s, " again=%d",
	    e == NULL ? name[0] == '\0' : strcmp(e->d_name, name) == 0);
	closedir(d);
	return 0;
}

/* Fill a directory, then remove all while reading it a little at a time. */
long
op_drain(struct side *s, const struct op *o)
{
	int fd, i, made = 0, gone = 0;
	char name[300];
	DIR *d;
	struct dirent *e;

	if (mkdirat(DIRFD(0), PATH(0), 0755) == -1)
		return -1;
	fd = openat(DIRFD(0), PATH(0), O_RDONLY | O_DIRECTORY);
	if (fd == -1)
		return -1;
	for (i = 0; i < 5 + (int)A(0) * 20; i++) {
		snprintf(name, sizeof(name), "%0*d", 4 + i % 200, i);
		made += mknodat(fd, name, S_IFREG | 0600, 0) == 0;
	}
	d = fdopendir(fd);
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			gone += unlinkat(fd, e->d_name, 0) == 0;
	closedir(d);
	put(s, " made=%d gone=%d", made, gone);
	return unlinkat(DIRFD(0), PATH(0), AT_REMOVEDIR);
}

/* Names made while a directory is read a little at a time, and then at once. */
long
op_grow(struct side *s, const struct op *o)
{
	static const size_t sizes[] = { 24, 48, 72, 4096 };
	int fd, i, left = 0, gone = 0;
	char name[16], buf[4096];
	ssize_t n, at;

	if (mkdirat(DIRFD(0), PATH(0), 0755) == -1)
		return -1;
	fd = openat(DIRFD(0), PATH(0), O_RDONLY | O_DIRECTORY);
	if (fd == -1)
		return -1;
	for (i = 0; i < 2 * (int)A(0); i++) {
		snprintf(name, sizeof(name), "%d", i);
		mknodat(fd, name, S_IFREG | 0600, 0);
		if (i < (int)A(0) - 1 || i > (int)(A(0) + A(1)))
			continue;
		n = syscall(SYS_getdents64, fd, buf, sizes[A(2) % 4]);
		put(s, " %zd", n > 0 ? 1 : n);
	}
	while ((n = syscall(SYS_getdents64, fd, buf, sizeof(buf))) > 0)
		for (at = 0; at < n; left++)
			at += ((struct dirent64_head *)(buf + at))->reclen;
	for (i = 0; i < 2 * (int)A(0); i++) {
		snprintf(name, sizeof(name), "%d", i);
		gone += unlinkat(fd, name, 0) == 0;
	}
	put(s, " left=%d gone=%d end=%zd", left, gone, n);
	close(fd);
	return unlinkat(DIRFD(0), PATH(0), AT_REMOVEDIR);
}

/* Each side keeps a descriptor of its working directory. */
static long
new_cwd(struct side *s, int r)
{
	int fd, error = errno;

	if (r == -1)
		return -1;
	fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		put(s, " opening . failed: %s", errname(errno));
	else if (s->cwd != -1)
		close(s->cwd);
	if (fd != -1)
		s->cwd = fd;
	errno = error;
	return 0;
}

long
op_chdir(struct side *s, const struct op *o)
{
	return new_cwd(s, chdir(PATH(0)));
}

long
op_fchdir(struct side *s, const struct op *o)
{
	return new_cwd(s, fchdir(arg_fd(s, A(0))));
}

long
op_getcwd(struct side *s, const struct op *o)
{
	static const size_t sizes[] = { 4096, 4096, 1, 0 };
	char *buf = arg_out(A(0));
	long n;

	if (fchdir(s->cwd) == -1)
		return -1;
	n = syscall(SYS_getcwd, buf, sizes[A(1) % 4]);
	if (n <= 0)
		return n;
	if (strncmp(buf, s->root, s->rootlen) == 0)
		put(s, " @%.100s", buf + s->rootlen);
	else if (buf[0] == '(')
		put(s, " %.14s", buf);
	else
		return 1; /* outside, where the lengths differ */
	return n;
}

/* Through the C library: opendir on a name. */
long
op_opendir(struct side *s, const struct op *o)
{
	const unsigned char odd = o->path[0].odd;
	struct dirent *e;
	int n = 0;
	DIR *d;

	/* opendir() itself looks at the name: no bad pointers. */
	if (odd >= ODD_NULL && odd <= ODD_PROTNONE)
		return 0;
	d = opendir(PATH(0));
	if (d == NULL)
		return -1;
	while ((e = readdir(d)) != NULL)
		n++;
	put(s, " entries=%d", n);
	return closedir(d);
}
