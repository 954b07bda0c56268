/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * path2: calls on two paths.  Both here, both there, or EXDEV; but what is
 * wrong with either path by itself is said first, as on the host.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/stat.h>

#include "hijack/hijack.h"
#include "rumpkern/copy.h"
#include "syscalls/dispatch.h"

#define HOPS 40 /* as many as Linux follows symlinks */

/* One of the two. */
struct end {
	enum hj_where e_where;
	int e_dirfd;
	const char *e_path; /* as its kernel wants it */
	int e_error;        /* of the pointer or the length */
};

static void
find_end(struct hj_frame *hf, int dirplace, int place, char *buf, struct end *e)
{
	const char *path = (const char *)hf->hf_args[place - 1];
	bool changed;

	e->e_dirfd = dirplace ? (int)hf->hf_args[dirplace - 1] : AT_FDCWD;
	e->e_where = hj_path_where(&e->e_dirfd, path, buf, &changed,
	    &e->e_error);
	e->e_path = changed ? buf : path;
}

/* An end whose path led out of the rump kernel goes on where it led. */
static int
follow_out(struct end *e, char *buf)
{
	int error = hj_path_escape(buf);
	bool changed;

	if (error != 0)
		return error;
	e->e_dirfd = AT_FDCWD;
	e->e_where = hj_path_where(&e->e_dirfd, buf, buf, &changed,
	    &e->e_error);
	e->e_path = buf;
	return e->e_where == HJ_AT_ERROR ? e->e_error : 0;
}

/* The directory a path's last name is in, to be searched, in place. */
static void
cut_name(char *buf)
{
	size_t n = strlen(buf);

	while (n > 1 && buf[n - 1] == '/')
		n--;
	while (n > 0 && buf[n - 1] != '/')
		n--;
	/* "dir/.": it must be a directory that may be searched. */
	buf[n++] = '.';
	buf[n] = '\0';
}

/* lstat of an end, or of the directory it is in: 0 or an error. */
static long
probe(struct end *e, char *buf, bool parent, bool follow)
{
	struct stat st;
	long args[6], ret;
	int hops, error;

	if (parent)
		cut_name(buf);
	for (hops = 0; hops < HOPS; hops++) {
		args[0] = e->e_dirfd;
		args[1] = (long)buf;
		args[2] = (long)&st;
		args[3] = parent || follow ? 0 : AT_SYMLINK_NOFOLLOW;
		if (buf[0] == '\0')
			args[3] |= AT_EMPTY_PATH;
		if (e->e_where == HJ_AT_HOST)
			return hj_host(__NR_newfstatat, args[0], args[1],
			    args[2], args[3]);
		ret = sys_call(RSYS_newfstatat, args);
		if (ret != -KEHOST)
			return ret;
		error = follow_out(e, buf);
		if (error != 0)
			return -error;
	}
	return -ELOOP;
}

/* The flags of renameat2 and linkat, before any path. */
static long
check_flags(const struct hj_frame *hf)
{
	unsigned flags = hf->hf_args[4];

	switch (hf->hf_nr) {
	case __NR_renameat2:
		if ((flags &
			~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE |
			    RENAME_WHITEOUT)) ||
		    ((flags & RENAME_EXCHANGE) &&
			(flags & (RENAME_NOREPLACE | RENAME_WHITEOUT))))
			return -EINVAL;
		break;
	case __NR_linkat:
		if (flags & ~(unsigned)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
			return -EINVAL;
		break;
	}
	return 0;
}

/* Two kernels: what would Linux say of the paths before it says EXDEV? */
static long
across(const struct hj_frame *hf, struct end e[2])
{
	bool link = hf->hf_nr == __NR_link || hf->hf_nr == __NR_linkat;
	long flags = hf->hf_nr == __NR_linkat ? hf->hf_args[4] : 0;
	bool empty = (flags & AT_EMPTY_PATH) != 0;
	bool follow = (flags & AT_SYMLINK_FOLLOW) != 0;
	char *buf;
	size_t n;
	long error;
	int i;

	error = check_flags(hf);
	for (i = 0; i < 2 && error == 0; i++) {
		buf = curcpu()->c_hjpath[i];
		/* Of a path that needed no look, nothing is known. */
		if (e[i].e_error == 0 && e[i].e_path != buf)
			e[i].e_error = copyinstr(e[i].e_path, buf, KPATH_MAX,
			    &n);
		if (e[i].e_error != 0)
			return -e[i].e_error;
		if (buf[0] == '\0' && (i == 1 || !empty))
			return -ENOENT;
		if (link) {
			error = probe(&e[i], buf, false, i == 0 && follow);
			if (i == 1 && error == 0)
				return -EEXIST;
			if (i == 1 && error == -ENOENT)
				error = probe(&e[i], buf, true, false);
		} else {
			error = probe(&e[i], buf, true, false);
		}
	}
	return error == 0 ? -EXDEV : error;
}

static void
use_end(long *args, int dirplace, int place, const struct end *e)
{

	args[place - 1] = (long)e->e_path;
	if (dirplace)
		args[dirplace - 1] = e->e_dirfd;
}

/* Both ends are the host's after all: its own call, with what was found. */
static long
to_host(struct hj_frame *hf, const struct hj_callinfo *ci,
    const struct end e[2])
{

	use_end(hf->hf_args, ci->hc_dirfd, ci->hc_path, &e[0]);
	use_end(hf->hf_args, ci->hc_dirfd2, ci->hc_path2, &e[1]);
	return HJ_TO_HOST;
}

long
hj_path2_call(struct hj_frame *hf, const struct hj_callinfo *ci)
{
	struct cpu *c = curcpu();
	const char *rest;
	struct end e[2];
	long args[6], ret;
	int fd, hops, error;

	memcpy(args, hf->hf_args, sizeof(args));
	find_end(hf, ci->hc_dirfd, ci->hc_path, c->c_hjpath[0], &e[0]);
	find_end(hf, ci->hc_dirfd2, ci->hc_path2, c->c_hjpath[1], &e[1]);
	if (e[0].e_where == HJ_AT_ERROR || e[1].e_where == HJ_AT_ERROR)
		return -(e[0].e_where == HJ_AT_ERROR ? e[0] : e[1]).e_error;
	for (hops = 0; hops < HOPS; hops++) {
		if (e[0].e_where == HJ_AT_HOST && e[1].e_where == HJ_AT_HOST)
			return to_host(hf, ci, e);
		use_end(args, ci->hc_dirfd, ci->hc_path, &e[0]);
		use_end(args, ci->hc_dirfd2, ci->hc_path2, &e[1]);
		if (e[0].e_where == HJ_AT_HOST && hf->hf_nr == __NR_linkat &&
		    e[0].e_error == 0 &&
		    (fd = hj_path_procfd(c->c_hjpath[0], &rest)) >= 0 &&
		    *rest == '\0') {
			/* A file without a name gets one. */
			args[0] = fd;
			args[1] = (long)"";
			args[4] = AT_EMPTY_PATH;
		} else if (e[0].e_where != e[1].e_where) {
			return across(hf, e);
		}
		ret = sys_call(ci->hc_rsys, args);
		if (ret != -KEHOST)
			return ret;
		error = follow_out(&e[c->c_hostend], c->c_hjpath[c->c_hostend]);
		if (error != 0)
			return -error;
	}
	return -ELOOP;
}
