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
#include "rumpvfs/namei.h"
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

/* An end goes on at an absolute path. */
static int
go_on(struct end *e, char *buf)
{
	bool changed;

	e->e_dirfd = AT_FDCWD;
	e->e_where = hj_path_where(&e->e_dirfd, buf, buf, &changed,
	    &e->e_error);
	e->e_path = buf;
	return e->e_where == HJ_AT_ERROR ? e->e_error : 0;
}

/* An end whose path led out of the rump kernel goes on where it led. */
static int
follow_out(struct end *e, char *buf)
{
	int error = hj_path_escape(buf);

	return error != 0 ? error : go_on(e, buf);
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

/* A call of linkat or newfstatat for an end, wherever that leads. */
static long
ask(struct end *e, char *buf, bool link, long *args)
{
	long ret;
	int hops, error;

	args[1] = (long)buf;
	for (hops = 0; hops < HOPS; hops++) {
		args[0] = e->e_dirfd;
		if (e->e_where == HJ_AT_HOST)
			return hj_host(link ? __NR_linkat : __NR_newfstatat,
			    args[0], args[1], args[2], args[3], args[4]);
		ret = sys_call(link ? RSYS_linkat : RSYS_newfstatat, args);
		if (ret != -KEHOST)
			return ret;
		error = follow_out(e, buf);
		if (error != 0)
			return -error;
	}
	return -ELOOP;
}

/* lstat of an end, or of the directory it is in: 0 or an error. */
static long
probe(struct end *e, char *buf, bool parent, bool follow)
{
	struct stat st;
	long args[6] = { [2] = (long)&st };

	if (parent)
		cut_name(buf);
	args[3] = parent || follow ? 0 : AT_SYMLINK_NOFOLLOW;
	if (buf[0] == '\0')
		args[3] |= AT_EMPTY_PATH;
	return ask(e, buf, false, args);
}

/*
 * May linkat() start from this end?  It has rules of its own, but never makes a
 * link at "/", and says so once it has found what to link.
 */
static long
probe_linked(struct end *e, char *buf, long flags)
{
	long args[6] = { [2] = AT_FDCWD, [3] = (long)"/", [4] = flags };
	long ret = ask(e, buf, true, args);

	return ret == -EEXIST ? 0 : ret;
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
	bool slash;
	char *buf;
	size_t n;
	long error = 0;
	int i;

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
		if (link && i == 0) {
			error = probe_linked(&e[i], buf, flags);
		} else if (link) {
			slash = buf[strlen(buf) - 1] == '/';
			error = probe(&e[i], buf, false, false);
			if (error == 0)
				return -EEXIST;
			if (error == -ENOENT)
				error = probe(&e[i], buf, true, false);
			if (error == 0 && slash)
				return -ENOENT;
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

/* Both ends are the host's: its own call, with what was found. */
static long
to_host(const struct hj_frame *hf, const struct hj_callinfo *ci,
    const struct end e[2])
{
	struct hj_frame call = *hf;

	use_end(call.hf_args, ci->hc_dirfd, ci->hc_path, &e[0]);
	use_end(call.hf_args, ci->hc_dirfd2, ci->hc_path2, &e[1]);
	return hj_host_paths(&call);
}

/*
 * The host says ENOENT: did it follow the second path at all?  Looking at
 * symlinks sets their times, so they are looked at only where the host did.
 */
static bool
saw_second(const struct hj_frame *hf, struct end *first, bool follow)
{
	bool link = hf->hf_nr == __NR_link || hf->hf_nr == __NR_linkat;
	char *buf = curcpu()->c_hjpath[2];
	size_t n;

	if (first->e_where != HJ_AT_HOST || first->e_error != 0 ||
	    copyinstr(first->e_path, buf, KPATH_MAX, &n) != 0)
		return true;
	if (n == 1)
		return hf->hf_nr == __NR_linkat &&
		    (hf->hf_args[4] & AT_EMPTY_PATH);
	return probe(first, buf, !link, follow) == 0;
}

/* linkat by a descriptor that another user may have opened: see open(2). */
static bool
by_descriptor(const struct hj_frame *hf, const struct end *first)
{
	char c;

	return hf->hf_nr == __NR_linkat && (hf->hf_args[4] & AT_EMPTY_PATH) &&
	    first->e_dirfd != AT_FDCWD && hj_proc()->p_cred.cr_fsuid != 0 &&
	    copyin(first->e_path, &c, 1) == 0 && c != '/';
}

/*
 * Does a symlink of the host's lead the path in?  In that of a name to make or
 * to move, the last name is not followed even if slashes come after it.
 */
static bool
end_leads_in(const struct end *e, char *buf, bool name, bool follow)
{
	size_t n = strlen(buf), len = n;

	while (name && len > 1 && buf[len - 1] == '/')
		len--;
	buf[len] = '\0';
	if (!hj_symlink(e->e_dirfd, buf, follow, buf))
		return false;
	if (len < n && strlen(buf) + 1 < KPATH_MAX)
		memcpy(buf + strlen(buf), "/", 2);
	return true;
}

/*
 * The host says ENOENT: does one of its symlinks lead an end that is the
 * host's under a prefix?  Then that end goes on there.
 */
static bool
leads_in(const struct hj_frame *hf, struct end e[2])
{
	bool link = hf->hf_nr == __NR_link || hf->hf_nr == __NR_linkat;
	bool follow = hf->hf_nr == __NR_linkat &&
	    (hf->hf_args[4] & AT_SYMLINK_FOLLOW);
	bool any = false;
	size_t n;
	int i;

	for (i = 0; i < 2; i++) {
		char *buf = curcpu()->c_hjpath[i];

		if (i == 0 ? by_descriptor(hf, e) :
			     !any && !saw_second(hf, e, follow))
			break;
		if (e[i].e_where != HJ_AT_HOST || e[i].e_error != 0 ||
		    (e[i].e_path != buf &&
			copyinstr(e[i].e_path, buf, KPATH_MAX, &n) != 0) ||
		    !end_leads_in(&e[i], buf, i == 1 || !link,
			i == 0 && follow))
			continue;
		go_on(&e[i], buf);
		any = true;
	}
	return any;
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
	error = check_flags(hf);
	if (error != 0)
		return error;
	for (hops = 0; hops < HOPS; hops++) {
		if (e[0].e_where == HJ_AT_HOST && e[1].e_where == HJ_AT_HOST) {
			ret = to_host(hf, ci, e);
			if (ret != -ENOENT || !leads_in(hf, e))
				return ret;
			hj_thread.ht_onhost = false;
			continue;
		}
		use_end(args, ci->hc_dirfd, ci->hc_path, &e[0]);
		use_end(args, ci->hc_dirfd2, ci->hc_path2, &e[1]);
		if (e[0].e_where == HJ_AT_HOST && hf->hf_nr == __NR_linkat &&
		    e[0].e_error == 0 && (args[4] & AT_SYMLINK_FOLLOW) &&
		    (fd = hj_path_procfd(c->c_hjpath[0], &rest)) >= 0 &&
		    *rest == '\0') {
			/* A file without a name gets one. */
			args[0] = fd;
			args[1] = (long)"";
			args[4] = AT_PROCFD;
		} else if (e[0].e_where != e[1].e_where) {
			ret = across(hf, e);
			if (ret != -ENOENT || !leads_in(hf, e))
				return ret;
			continue;
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
