/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keeps fsfuzz in its trees: ".." and the targets of symlinks, put together,
 * can lead anywhere, and no call is made on a path that leads outside.
 */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fsfuzz.h"

#define MAXLINKS 40

static char paths[2][2 * PATH_MAX + 2];

/* Is the object that path names from dirfd, if there is one, in the tree? */
static bool
inside(const struct side *s, int dirfd, const char *path, int nofollow)
{
	char name[64], real[2 * PATH_MAX];
	size_t len = strlen(s->top);
	int fd = openat(dirfd, path, O_PATH | O_CLOEXEC | nofollow);
	ssize_t n;

	/* What cannot be looked up by root cannot be reached by the call. */
	if (fd == -1)
		return true;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, real, sizeof(real));
	close(fd);
	return n > (ssize_t)len && memcmp(real, s->top, len) == 0 &&
	    real[len] == '/';
}

/* Cut path after its last slash that comes before a component. */
static bool
parent(char *path)
{
	size_t len = strlen(path);

	while (len > 0 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	path[len] = '\0';
	return len > 0;
}

/*
 * Does what the path names, or would name if it were made, lie in the tree?
 * A symlink at its end is followed here one by one: what is missing may be
 * made through it.
 */
static bool
stays(const struct side *s, int dirfd, const char *path)
{
	char *now = paths[0], *next = paths[1], *swap;
	ssize_t n;
	size_t len;

	snprintf(now, sizeof(paths[0]), "%s", path);
	for (int i = 0; i < MAXLINKS; i++) {
		if (!inside(s, dirfd, now, O_NOFOLLOW) ||
		    !inside(s, dirfd, now, 0))
			return false;
		len = strlen(now);
		while (len > 1 && now[len - 1] == '/')
			now[--len] = '\0';
		n = readlinkat(dirfd, now, next, PATH_MAX);
		if (n < 0)
			n = 0;
		next[n] = '\0';
		if (next[0] != '/' && parent(now)) {
			len = strlen(now);
			memmove(next + len, next, (size_t)n + 1);
			memcpy(next, now, len);
		}
		if (now[0] != '\0' && next[0] != '/' &&
		    !inside(s, dirfd, now, 0))
			return false;
		if (n == 0)
			return true;
		if (strlen(next) >= PATH_MAX)
			return false;
		swap = now;
		now = next;
		next = swap;
	}
	return true;
}

/* May the call be made?  Asked of the host's tree, with its rights. */
bool
call_stays(struct side *s, const struct op *o)
{
	static char buf[8192];
	const char *path;

	for (int i = 0; i < o->npath; i++) {
		const struct path *p = &o->path[i];

		if (p->odd != ODD_NOT && p->odd < ODD_NAME255)
			continue;
		if (p->odd == ODD_UNTERMINATED || p->odd == ODD_PATH4096)
			continue;
		path = arg_path(s, p, buf);
		/* Not every call that could takes the descriptor. */
		if (!stays(s, s->cwd, path) ||
		    (arg_isat(p) && !stays(s, arg_dirfd(s, p), path)))
			return false;
	}
	return true;
}
