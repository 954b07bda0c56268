/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Paths: which kernel does one lead to?
 *
 * An absolute path is followed component by component, by name only, until it
 * stands at one of the prefixes; what is left goes to the rump kernel, which
 * follows it for real and says so when it leads out again (KEHOST).  A relative
 * path belongs to where it starts, unless it climbs or starts at a directory
 * above a prefix; then it is made absolute first.
 */
#include <asm/unistd.h>
#include <fcntl.h>

#include "hijack/hijack.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpvfs/namei.h"
#include "rumpvfs/vnode.h"
#include "syscalls/dispatch.h"

/* The prefix that path[0..n) is, or NULL. */
static const struct hj_prefix *
prefix_is(const char *path, size_t n)
{
	const struct hj_prefix *px;
	int i;

	for (i = 0; i < hj.hp_spec.sp_nprefix; i++) {
		px = &hj.hp_spec.sp_prefix[i];
		if (px->px_len == n && memcmp(px->px_path, path, n) == 0)
			return px;
	}
	return NULL;
}

/*
 * Follow an absolute path by name.  norm (as long as the path) receives it as
 * far as it was followed.  Returns the prefix it came to, and in *rest what is
 * left of the path there; NULL: it stays on the host.
 */
static const struct hj_prefix *
follow(const char *path, char *norm, const char **rest)
{
	const struct hj_prefix *px;
	const char *s = path, *e;
	size_t n = 0, len;

	for (;;) {
		while (*s == '/')
			s++;
		if (*s == '\0') {
			norm[n] = '\0';
			return NULL;
		}
		for (e = s; *e != '/' && *e != '\0'; e++)
			continue;
		len = e - s;
		if (len == 2 && s[0] == '.' && s[1] == '.') {
			while (n > 0 && norm[--n] != '/')
				continue;
		} else if (len != 1 || s[0] != '.') {
			norm[n++] = '/';
			memcpy(norm + n, s, len);
			n += len;
			px = prefix_is(norm, n);
			if (px != NULL) {
				norm[n] = '\0';
				*rest = e;
				return px;
			}
		}
		s = e;
	}
}

bool
hj_path_isprefix(const char *path, size_t len)
{

	return prefix_is(path, len) != NULL;
}

/* The path inside the rump kernel: below the prefix, or with it. */
static void
inside(const struct hj_prefix *px, const char *rest, char *buf)
{
	size_t n = 0, len = strlen(rest);

	if (!px->px_strip) {
		n = px->px_len;
		memcpy(buf, px->px_path, n);
	} else if (len == 0) {
		buf[n++] = '/';
	}
	memmove(buf + n, rest, len + 1);
}

static const char *
after(const char *path, const char *head)
{
	size_t n = strlen(head);

	return strncmp(path, head, n) == 0 ? path + n : NULL;
}

/* Does a prefix lie below the directory dir, by name? */
static bool
above_prefix(const char *dir)
{
	size_t n = strlen(dir);
	int i;

	if (n == 1)
		return true; /* "/" */
	for (i = 0; i < hj.hp_spec.sp_nprefix; i++) {
		const struct hj_prefix *px = &hj.hp_spec.sp_prefix[i];

		if (px->px_len > n && px->px_path[n] == '/' &&
		    memcmp(px->px_path, dir, n) == 0)
			return true;
	}
	return false;
}

static bool
has_dotdot(const char *s)
{

	for (; *s != '\0'; s++)
		if (s[0] == '.' && s[1] == '.' && (s[2] == '/' || s[2] == '\0'))
			return true;
	return false;
}

/* Where a relative path on the host starts, by name; NULL: it cannot matter. */
static const char *
start_of(int dirfd, char *buf, size_t size)
{
	char link[40];
	long n;

	if (dirfd == AT_FDCWD)
		return hj_cwd_host();
	kfmt(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	n = hj_host(__NR_readlink, link, buf, size - 1);
	if (n <= 0 || buf[0] != '/')
		return NULL;
	buf[n] = '\0';
	return buf;
}

/* May a relative path from the host reach a prefix?  A cheap no. */
static bool
may_enter(int dirfd, const char *path)
{
	static const char *const procs[] = { "mount", "net", "self", "task" };
	const char *cwd, *first;
	size_t n;
	int i;

	if (has_dotdot(path))
		return true;
	if (dirfd == AT_FDCWD) {
		cwd = hj_cwd_host();
		return cwd != NULL &&
		    (above_prefix(cwd) || after(cwd, "/proc/") != NULL);
	}
	/* In /proc/self/fd? */
	if (path[0] >= '0' && path[0] <= '9')
		return true;
	/* A directory's descriptor: by its first name. */
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	/* In /proc? */
	for (i = 0; i < (int)nelem(procs); i++)
		if (after(path, procs[i]) != NULL)
			return true;
	for (i = 0; i < hj.hp_spec.sp_nprefix; i++) {
		first = hj.hp_spec.sp_prefix[i].px_path;
		do {
			first++;
			for (n = 0; first[n] != '/' && first[n] != '\0'; n++)
				continue;
			if (strncmp(first, path, n) == 0 &&
			    (path[n] == '/' || path[n] == '\0'))
				return true;
			first += n;
		} while (*first != '\0');
	}
	return false;
}

/* A proc that was chrooted inside rump never leaves it. */
static bool
chrooted(void)
{
	struct proc *p = hj_proc();

	return p->p_rdir != NULL && p->p_rdir != p->p_rdir->v_fs->fs_root;
}

static enum hj_where
where_absolute(const char *path, char *buf, bool *changed, int *error)
{
	char *norm = curcpu()->c_hjpath[2];
	const struct hj_prefix *px;
	const char *rest;

	if (chrooted())
		return HJ_AT_RUMP;
	px = follow(path, norm, &rest);
	if (px == NULL)
		return HJ_AT_HOST;
	if (strlen(rest) + px->px_len >= KPATH_MAX) {
		*error = ENAMETOOLONG;
		return HJ_AT_ERROR;
	}
	inside(px, rest, buf);
	*changed = true;
	return HJ_AT_RUMP;
}

enum hj_where
hj_path_where(int *dirfd, const char *upath, char *buf, bool *changed,
    int *error)
{
	char *abs = curcpu()->c_hjpath[2];
	struct proc *p = hj_proc();
	const char *start;
	size_t n, sl;

	*changed = false;
	*error = copyinstr(upath, buf, KPATH_MAX, &n);
	if (*error == 0 && buf[0] == '/')
		return where_absolute(buf, buf, changed, error);
	if (*dirfd == AT_FDCWD ? !(p->p_flags & PROC_HOSTCWD) :
				 hj_fd_isrump(*dirfd)) {
		*error = 0;
		return HJ_AT_RUMP;
	}
	/* What the host has to say of a bad pointer or name it says. */
	if (*error != 0 || n == 1 || !may_enter(*dirfd, buf))
		return HJ_AT_HOST;
	start = start_of(*dirfd, abs, KPATH_MAX);
	if (start == NULL)
		return HJ_AT_HOST;
	sl = strlen(start);
	if (sl + 1 + n > KPATH_MAX + 200)
		return HJ_AT_HOST;
	/* start may be abs itself: move the name behind it, then back. */
	memmove(buf + sl + 1, buf, n);
	memcpy(buf, start, sl);
	buf[sl] = '/';
	if (where_absolute(buf, buf, changed, error) == HJ_AT_HOST) {
		*changed = false;
		return HJ_AT_HOST;
	}
	*dirfd = AT_FDCWD;
	return *error == 0 ? HJ_AT_RUMP : HJ_AT_ERROR;
}

bool
hj_path_absolute(int dirfd, const char *path, char *buf)
{
	size_t n = 0, len = strlen(path);
	const char *start;

	if (path[0] != '/') {
		start = start_of(dirfd, buf, KPATH_MAX);
		if (start == NULL)
			return false;
		n = strlen(start);
		if (n + len + 2 > KPATH_MAX)
			return false;
		memmove(buf, start, n);
		buf[n++] = '/';
	}
	memcpy(buf + n, path, len + 1);
	return true;
}

int
hj_path_escape(char *buf)
{
	const char *from = curcpu()->c_hostpath;
	size_t n = 0, len = strlen(from);
	int i;

	if (from[0] != '/') {
		/* "../rest" from the root: beside the path= prefix. */
		for (i = 0; i < hj.hp_spec.sp_nprefix; i++)
			if (hj.hp_spec.sp_prefix[i].px_strip)
				break;
		if (i < hj.hp_spec.sp_nprefix) {
			n = hj.hp_spec.sp_prefix[i].px_len;
			while (n > 0 &&
			    hj.hp_spec.sp_prefix[i].px_path[--n] != '/')
				continue;
		}
		from += 2;
		len -= 2;
		if (len == 0) {
			from = "/";
			len = 1;
		}
	}
	if (n + len >= KPATH_MAX)
		return ENAMETOOLONG;
	memmove(buf + n, from, len + 1);
	if (n > 0) {
		for (i = 0; !hj.hp_spec.sp_prefix[i].px_strip; i++)
			continue;
		memcpy(buf, hj.hp_spec.sp_prefix[i].px_path, n);
	}
	return 0;
}

int
hj_path_again(char *buf, char *again)
{
	int error = hj_path_escape(buf);

	if (error == 0)
		memcpy(again, buf, strlen(buf) + 1);
	return error;
}

/* A number that a slash or the end follows, or -1. */
static int
number(const char *s, const char **rest)
{
	int n = 0;

	if (*s < '0' || *s > '9')
		return -1;
	for (; *s >= '0' && *s <= '9'; s++) {
		n = n * 10 + (*s - '0');
		if (n > 1 << 24)
			return -1;
	}
	if (*s != '\0' && *s != '/')
		return -1;
	while (*s == '/')
		s++;
	*rest = s;
	return n;
}

/* What follows /proc/self/ in a path, whichever way that is spelt; or NULL. */
static const char *
in_proc_self(const char *path)
{
	char self[32];
	const char *s;

	path = after(path, "/proc/");
	if (path == NULL)
		return NULL;
	if ((s = after(path, "self/")) != NULL ||
	    (s = after(path, "thread-self/")) != NULL)
		return s;
	kfmt(self, sizeof(self), "%d/", rumpuser_getpid());
	return after(path, self);
}

bool
hj_path_procexe(const char *path)
{
	const char *s = in_proc_self(path);

	return s != NULL && strcmp(s, "exe") == 0;
}

const char *
hj_path_proccwd(const char *path)
{
	const char *s = in_proc_self(path);

	if (s == NULL || (s = after(s, "cwd")) == NULL ||
	    (*s != '\0' && *s != '/') || (hj_proc()->p_flags & PROC_HOSTCWD))
		return NULL;
	return s;
}

int
hj_path_procfd(const char *path, const char **rest)
{
	static const char *const std[] = { "stdin", "stdout", "stderr" };
	const char *s;
	int i, fd = -1;

	*rest = "";
	if ((s = after(path, "/dev/")) != NULL) {
		for (i = 0; i < 3; i++)
			if (strcmp(s, std[i]) == 0)
				fd = i;
		if ((s = after(s, "fd/")) != NULL)
			fd = number(s, rest);
	} else if ((s = in_proc_self(path)) != NULL &&
	    (s = after(s, "fd/")) != NULL) {
		fd = number(s, rest);
	}
	return fd >= 0 && hj_fd_isrump(fd) ? fd : -1;
}

bool
hj_path_otherfd(const char *path, int *pid, int *fd, const char **rest)
{

	path = after(path, "/proc/");
	if (path == NULL)
		return false;
	*pid = number(path, &path);
	if (*pid < 0 || (path = after(path, "fd/")) == NULL)
		return false;
	*fd = number(path, rest);
	return *fd >= 0;
}

int
hj_path_long(struct vnode *vp, char *buf, size_t size, size_t *len)
{
	size_t n = 0;
	int i, error;

	for (i = 0; i < hj.hp_spec.sp_nprefix && !chrooted(); i++) {
		if (hj.hp_spec.sp_prefix[i].px_strip) {
			n = hj.hp_spec.sp_prefix[i].px_len;
			memcpy(buf, hj.hp_spec.sp_prefix[i].px_path, n);
		}
	}
	error = namei_path(curlwp(), vp, buf + n, size - n, len);
	if (error != 0)
		return error;
	/* The root of the kernel is the prefix itself. */
	if (n > 0 && *len == 2 && buf[n] == '/') {
		buf[n] = '\0';
		*len = 1;
	}
	*len += n - 1;
	return 0;
}

int
hj_path_name(struct vnode *vp, char *buf, size_t *len)
{

	return hj_path_long(vp, buf, KPATH_MAX, len);
}
