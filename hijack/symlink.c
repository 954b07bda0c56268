/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symlink: symlinks of the host's that lead under a prefix.
 *
 * The host follows its own symlinks, and finds nothing where a prefix is.  So
 * only a call that failed with ENOENT is looked at again, and it costs two
 * calls to see that there is no such symlink: its last name is none, and the
 * directory before that is there.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <unistd.h>

#include "hijack/hijack.h"

#define MAXLINKS 40 /* as many as Linux follows */

/* The length of the path without its last name and the slashes around it. */
static size_t
parent_len(const char *path)
{
	size_t n = strlen(path);

	while (n > 0 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n;
}

/* Is it worth a walk?  tmp has room for a path. */
static bool
suspect(int dirfd, const char *path, bool follow, char *tmp)
{
	size_t n = parent_len(path), len = strlen(path);

	/* A slash at the end follows, too. */
	while (len > 1 && path[len - 1] == '/') {
		len--;
		follow = true;
	}
	memcpy(tmp, path, len);
	tmp[len] = '\0';
	if (follow && hj_host(__NR_readlinkat, dirfd, tmp, tmp, 1) > 0)
		return true;
	if (n == 0)
		return false;
	memcpy(tmp, path, n);
	tmp[n] = '\0';
	return hj_host(__NR_faccessat, dirfd, tmp, F_OK) < 0;
}

/* A walk: what was followed, a path without symlinks; and what is left. */
struct walk {
	char *w_done; /* w_ndone bytes, no slash at the end */
	size_t w_ndone;
	char *w_left; /* of the buffer of KPATH_MAX bytes w_buf */
	char *w_buf;
};

/* The symlink at w_done has this target: it goes before what is left. */
static bool
put_target(struct walk *w, const char *target, size_t n)
{
	size_t left = strlen(w->w_left);

	if (n + left + 2 > KPATH_MAX)
		return false;
	memmove(w->w_buf + n, w->w_left, left + 1);
	memcpy(w->w_buf, target, n);
	w->w_left = w->w_buf;
	if (target[0] == '/')
		w->w_ndone = 0;
	else
		while (w->w_ndone > 0 && w->w_done[--w->w_ndone] != '/')
			continue;
	return true;
}

/* One more name.  True: it is at a prefix now. */
static bool
step(struct walk *w, const char *name, size_t n, bool *ok)
{

	if (n == 1 && name[0] == '.')
		return false;
	if (n == 2 && name[0] == '.' && name[1] == '.') {
		while (w->w_ndone > 0 && w->w_done[--w->w_ndone] != '/')
			continue;
		return false;
	}
	if (w->w_ndone + n + 2 > KPATH_MAX) {
		*ok = false;
		return false;
	}
	w->w_done[w->w_ndone++] = '/';
	memcpy(w->w_done + w->w_ndone, name, n);
	w->w_ndone += n;
	w->w_done[w->w_ndone] = '\0';
	return hj_path_isprefix(w->w_done, w->w_ndone);
}

static bool
walk(struct walk *w, bool follow, char *target)
{
	bool ok = true;
	int links = 0;
	size_t len;
	long n;

	for (;;) {
		while (*w->w_left == '/')
			w->w_left++;
		for (len = 0; w->w_left[len] != '/' && w->w_left[len] != '\0';
		     len++)
			continue;
		if (len == 0)
			return false;
		if (step(w, w->w_left, len, &ok)) {
			w->w_left += len;
			return true;
		}
		w->w_left += len;
		if (!ok || (*w->w_left == '\0' && !follow))
			return false;
		if (w->w_ndone == 0)
			continue;
		n = hj_host(__NR_readlink, w->w_done, target, KPATH_MAX);
		if (n > 0) {
			if (++links > MAXLINKS || !put_target(w, target, n))
				return false;
		} else if (n != -EINVAL && n != 0) {
			return false;
		}
	}
}

bool
hj_symlink(int dirfd, const char *path, bool follow, char *again)
{
	char *target = curcpu()->c_bounce, *left = curcpu()->c_hjpath[2];
	struct walk w = { .w_done = again, .w_buf = left, .w_left = left };
	size_t n;

	/* No path is none; a look would read the symlink that dirfd is of. */
	if (path[0] == '\0' || !suspect(dirfd, path, follow, target))
		return false;
	if (!hj_path_absolute(dirfd, path, left))
		return false;
	if (!walk(&w, follow, target))
		return false;
	n = strlen(w.w_left);
	if (w.w_ndone + n >= KPATH_MAX)
		return false;
	memcpy(again + w.w_ndone, w.w_left, n + 1);
	return true;
}
