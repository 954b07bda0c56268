/* SPDX-License-Identifier: BSD-2-Clause */
/* Directories of the fuzzers, and memory for buffers. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

char *
guarded(size_t len)
{
	char *p = mmap(NULL, len + PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || mprotect(p + len, PAGE, PROT_NONE) == -1) {
		perror("mmap");
		exit(2);
	}
	return p;
}

void
randomize(char *p, size_t len)
{
	uint64_t x = 88172645463325252ULL;

	for (size_t i = 0; i + sizeof(x) <= len; i += sizeof(x)) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		memcpy(p + i, &x, sizeof(x));
	}
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void
names_sort(char **names, int n)
{
	qsort(names, (size_t)n, sizeof(*names), by_name);
}

/* The sorted names in an open directory; the caller frees them. */
char **
names_of(int fd, int *np)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	char **names = NULL;
	int n = 0;

	if (d == NULL) {
		close(fd);
		*np = 0;
		return NULL;
	}
	while ((e = readdir(d)) != NULL) {
		if (n % 32 == 0)
			names = realloc(names, (n + 32) * sizeof(*names));
		names[n++] = strdup(e->d_name);
	}
	closedir(d);
	if (n > 0)
		names_sort(names, n);
	*np = n;
	return names;
}

void
names_free(char **names, int n)
{
	while (n-- > 0)
		free(names[n]);
	free(names);
}

static void
remove_in(int dirfd, const char *name)
{
	int n, fd;
	char **names;

	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return;
	fchmodat(dirfd, name, 0700, 0);
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd == -1)
		return;
	names = names_of(dup(fd), &n);
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], ".") != 0 && strcmp(names[i], "..") != 0)
			remove_in(fd, names[i]);
	names_free(names, n);
	close(fd);
	unlinkat(dirfd, name, AT_REMOVEDIR);
}

void
tree_remove(const char *path)
{
	remove_in(AT_FDCWD, path);
}
