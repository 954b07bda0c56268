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
#include "syscalls/dispatch.h"

/* One of the two. */
struct end {
	enum hj_where e_where;
	int	e_dirfd;
	const char *e_path;	/* as its kernel wants it */
	int	e_error;	/* of the pointer or the length */
};

static void
find_end(struct hj_frame *hf, int dirplace, int place, char *buf,
    struct end *e)
{
	const char *path = (const char *)hf->hf_args[place - 1];
	bool changed;

	e->e_dirfd = dirplace ? (int)hf->hf_args[dirplace - 1] : AT_FDCWD;
	e->e_where = hj_path_where(&e->e_dirfd, path, buf, &changed,
	    &e->e_error);
	e->e_path = changed ? buf : path;
}

/* lstat of an end, or of the directory it is in: 0 or an error. */
static long
probe(const struct end *e, char *buf, bool parent)
{
	struct stat st;
	long args[6] = { e->e_dirfd, (long)buf, (long)&st,
	    AT_SYMLINK_NOFOLLOW };
	size_t n = strlen(buf);

	if (parent) {
		while (n > 1 && buf[n - 1] == '/')
			n--;
		while (n > 0 && buf[n - 1] != '/')
			n--;
		if (n == 0)
			buf[n++] = '.';
		else if (n > 1)
			n--;
		buf[n] = '\0';
		args[3] = 0;
	}
	if (e->e_where == HJ_AT_RUMP)
		return sys_call(RSYS_newfstatat, args);
	return hj_host(__NR_newfstatat, args[0], args[1], args[2], args[3]);
}

/* The flags of renameat2 and linkat, before any path. */
static long
check_flags(const struct hj_frame *hf)
{
	unsigned flags = hf->hf_args[4];

	switch (hf->hf_nr) {
	case __NR_renameat2:
		if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE |
		    RENAME_WHITEOUT)) || ((flags & RENAME_EXCHANGE) &&
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
	char *buf;
	long error;
	int i;

	error = check_flags(hf);
	for (i = 0; i < 2 && error == 0; i++) {
		if (e[i].e_error != 0)
			return -e[i].e_error;
		buf = curcpu()->c_hjpath[i];
		if (buf[0] == '\0')
			return -ENOENT;
		if (link) {
			error = probe(&e[i], buf, false);
			if (i == 1 && error == 0)
				return -EEXIST;
			if (i == 1 && error == -ENOENT)
				error = probe(&e[i], buf, true);
		} else {
			error = probe(&e[i], buf, true);
		}
	}
	/* A path that leads on to another kernel still crosses. */
	return error == 0 || error == -KEHOST ? -EXDEV : error;
}

static void
use_end(long *args, int dirplace, int place, const struct end *e)
{

	args[place - 1] = (long)e->e_path;
	if (dirplace)
		args[dirplace - 1] = e->e_dirfd;
}

long
hj_path2_call(struct hj_frame *hf, const struct hj_callinfo *ci)
{
	struct cpu *c = curcpu();
	const char *rest;
	struct end e[2];
	long args[6], ret;
	int fd;

	memcpy(args, hf->hf_args, sizeof(args));
	find_end(hf, ci->hc_dirfd, ci->hc_path, c->c_hjpath[0], &e[0]);
	find_end(hf, ci->hc_dirfd2, ci->hc_path2, c->c_hjpath[1], &e[1]);
	if (e[0].e_where == HJ_AT_ERROR || e[1].e_where == HJ_AT_ERROR)
		return -(e[0].e_where == HJ_AT_ERROR ? e[0] : e[1]).e_error;
	if (e[0].e_where == HJ_AT_HOST && e[1].e_where == HJ_AT_HOST)
		return HJ_TO_HOST;
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
	return ret == -KEHOST ? -EXDEV : ret;
}
