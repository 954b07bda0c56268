/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image: see image.h.
 *
 * A file of the rump kernel is copied into a memfd that the host can run.
 * "#!" lines are followed here if the script or its interpreter is rump's, as
 * the host cannot; a script that is the host's throughout is left to it.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hijack/hijack.h"
#include "hijack/image.h"
#include "hijack/libs.h"
#include "syscalls/dispatch.h"

#define COPY_SIZE (2 * KPAGE_SIZE) /* c_bounce */

/* What a step comes to, besides 0 (found) and errors. */
#define NEXT_IMAGE 1L /* the interpreter is the image now */
#define NEXT_PATH  2L /* it is the file at another path */

static char *
keep(struct image *im, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = im->im_next;

	memcpy(p, s, n);
	im->im_next += n;
	return p;
}

/* Copy a rump file that may be executed into a memfd. */
long
image_load(int fd, const char *exe, int *memfd)
{
	char *buf = curcpu()->c_bounce, name[HJ_ORIGIN_NAME];
	long args[6] = { fd, (long)buf, COPY_SIZE }, n, w;

	hj_origin_name(exe, name);
	*memfd = hj_host(__NR_memfd_create, name, MFD_CLOEXEC);
	if (*memfd < 0)
		return *memfd;
	while ((n = sys_call(RSYS_read, args)) > 0) {
		w = hj_host(__NR_write, *memfd, buf, n);
		if (w != n)
			n = w < 0 ? w : -EIO;
		if (n < 0)
			break;
	}
	return n;
}

/* Open for execution: EACCES unless it is a regular file with x. */
static long
open_exec(int dirfd, const char *path, int flags)
{
	struct stat st;
	long sargs[6] = { dirfd, (long)path, (long)&st,
		flags & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) };
	long aargs[6] = { dirfd, (long)path, 1,
		AT_EACCESS | (flags & AT_EMPTY_PATH) };
	long oargs[6] = { dirfd, (long)path, O_RDONLY | O_CLOEXEC }, ret;

	ret = sys_call(RSYS_newfstatat, sargs);
	if (ret < 0)
		return ret;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	ret = sys_call(RSYS_faccessat2, aargs);
	if (ret < 0)
		return ret;
	if (path[0] == '\0')
		return hj_reopen(dirfd, O_RDONLY | O_CLOEXEC);
	return sys_call(RSYS_openat, oargs);
}

static void
close_rump(int fd)
{

	fd_close(curlwp(), fd);
	hj_host(__NR_close, fd);
}

static bool
blank(char c)
{

	return c == ' ' || c == '\t';
}

/*
 * The first n bytes of a file, "#!" among them: put the interpreter and its
 * argument before the arguments; the script's name takes argv[0]'s place.
 */
static long
script(struct image *im, char *line, long n)
{
	char *s, *interp, *arg, *end = line + n;

	for (s = line; s < end && *s != '\n' && *s != '\0'; s++)
		continue;
	interp = line + 2;
	while (interp < s && blank(*interp))
		interp++;
	for (arg = interp; arg < s && !blank(*arg); arg++)
		continue;
	/* An interpreter's name that may have been cut off. */
	if (arg == interp || (arg == end && n == IMAGE_LINE))
		return -ENOEXEC;
	while (s > arg && blank(s[-1]))
		s--;
	*s = '\0';
	if (arg < s)
		*arg++ = '\0';
	while (blank(*arg))
		arg++;
	if (im->im_argv[0] == NULL)
		im->im_argv[1] = NULL;
	im->im_argv[0] = im->im_script;
	if (*arg != '\0')
		*--im->im_argv = keep(im, arg);
	im->im_script = keep(im, interp);
	*--im->im_argv = im->im_script;
	im->im_dirfd = AT_FDCWD;
	im->im_path = im->im_script;
	im->im_flags = 0;
	im->im_depth++;
	return NEXT_IMAGE;
}

/* An interpreter could not open the script by its descriptor's name. */
static bool
unreachable(const struct image *im)
{

	return im->im_depth == 0 && im->im_unreachable;
}

static void
note_exe(struct image *im, int fd)
{
	struct file *f = fd_getfile(curlwp(), fd, 0);
	size_t len;

	if (f == NULL)
		return;
	if (f->f_vnode != NULL &&
	    hj_path_name(f->f_vnode, im->im_next, &len) == 0) {
		im->im_exe = im->im_next;
		im->im_next += len + 1;
	}
	fd_done(curlwp(), f, 0);
}

/* A file of the rump kernel: NEXT_IMAGE, 0 (loaded), or an error. */
static long
rump_image(struct image *im, int dirfd, const char *path)
{
	char line[IMAGE_LINE + 1];
	long args[6], ret;
	int fd;

	fd = open_exec(dirfd, path, im->im_flags);
	if (fd < 0)
		return fd;
	im->im_rump = true;
	memcpy(args, (long[6]){ fd, (long)line, IMAGE_LINE }, sizeof(args));
	ret = sys_call(RSYS_pread64, args);
	if (im->im_depth > IMAGE_SCRIPTS) {
		ret = -ELOOP;
	} else if (ret >= 2 && line[0] == '#' && line[1] == '!') {
		ret = unreachable(im) ? -ENOENT : script(im, line, ret);
	} else if (ret >= 0) {
		note_exe(im, fd);
		ret = image_load(fd, im->im_exe, &im->im_memfd);
	}
	close_rump(fd);
	return ret;
}

/* A file of the host's: NEXT_IMAGE if it is a script, or 0. */
static long
host_image(struct image *im)
{
	char line[IMAGE_LINE + 1];
	bool byfd = im->im_path[0] == '\0';
	struct image as_was = *im;
	long fd = im->im_dirfd, n;

	if (im->im_depth > IMAGE_SCRIPTS)
		return 0;
	if (!byfd)
		fd = hj_host(__NR_openat, im->im_dirfd, im->im_path,
		    O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	n = fd < 0 ? fd : hj_host(__NR_pread64, fd, line, IMAGE_LINE, 0);
	if (fd >= 0 && !byfd)
		hj_host(__NR_close, fd);
	/* What is wrong with it the host will tell. */
	if (n < 2 || line[0] != '#' || line[1] != '!' || unreachable(im) ||
	    hj_host(__NR_faccessat2, im->im_dirfd, im->im_path, 1,
		AT_EACCESS | (im->im_flags & AT_EMPTY_PATH)) < 0)
		return 0;
	if (script(im, line, n) != NEXT_IMAGE) {
		*im = as_was;
		return 0;
	}
	return NEXT_IMAGE;
}

/* The name that interpreters and /proc are given of the file. */
static void
name_it(struct image *im)
{
	char *buf = im->im_next;
	long flags;

	im->im_name = im->im_path;
	if (im->im_path[0] == '\0')
		kfmt(buf, KPATH_MAX, "/dev/fd/%d", im->im_dirfd);
	else if (im->im_path[0] != '/' && im->im_dirfd != AT_FDCWD)
		kfmt(buf, KPATH_MAX, "/dev/fd/%d/%s", im->im_dirfd,
		    im->im_path);
	else
		buf = NULL;
	if (buf != NULL) {
		im->im_name = buf;
		im->im_next += strlen(buf) + 1;
		flags = hj_host(__NR_fcntl, im->im_dirfd, F_GETFD);
		im->im_unreachable = flags > 0 && (flags & FD_CLOEXEC);
	}
	im->im_script = im->im_name;
}

/* Go on at the path in buf. */
static long
next_path(struct image *im, const char *buf)
{

	memcpy(im->im_hop, buf, strlen(buf) + 1);
	im->im_path = im->im_hop;
	im->im_dirfd = AT_FDCWD;
	im->im_flags &= ~AT_EMPTY_PATH;
	im->im_rump = true;
	return NEXT_PATH;
}

static long
step(struct image *im, char *buf)
{
	int dirfd = im->im_dirfd, error;
	const char *rest;
	bool changed;
	long ret;

	switch (hj_path_where(&dirfd, im->im_path, buf, &changed, &error)) {
	case HJ_AT_ERROR:
		return -error;
	case HJ_AT_RUMP:
		ret = rump_image(im, dirfd, changed ? buf : im->im_path);
		if (ret != -KEHOST)
			return ret;
		error = hj_path_escape(buf);
		return error != 0 ? -error : next_path(im, buf);
	case HJ_AT_HOST:
		break;
	}
	if (error != 0)
		return host_image(im);
	if (buf[0] == '/')
		dirfd = AT_FDCWD;
	if (buf[0] != '\0' &&
	    hj_host(__NR_faccessat, dirfd, buf, F_OK) == -ENOENT &&
	    hj_symlink(dirfd, buf, true, curcpu()->c_hjpath[1]))
		return next_path(im, curcpu()->c_hjpath[1]);
	if (buf[0] != '/')
		return host_image(im);
	if (hj.hp_exe[0] != '\0' && hj_path_procexe(buf))
		return next_path(im, hj.hp_exe);
	dirfd = hj_path_procfd(buf, &rest);
	if (dirfd < 0 || *rest != '\0')
		return host_image(im);
	im->im_flags |= AT_EMPTY_PATH;
	return rump_image(im, dirfd, "");
}

long
image_resolve(struct image *im)
{
	char *buf = curcpu()->c_hjpath[0];
	const char *argv0 = im->im_argv[0];
	struct image first;
	long ret;
	int hops;

	im->im_memfd = -1;
	im->im_exe = "";
	name_it(im);
	first = *im;
	for (hops = 0; hops < 40; hops++) {
		ret = step(im, buf);
		if (ret != NEXT_IMAGE && ret != NEXT_PATH)
			break;
	}
	if (hops == 40)
		return -ELOOP;
	if (ret == 0 && !im->im_rump && im->im_depth > 0) {
		/* All of it is the host's. */
		*im = first;
		im->im_argv[0] = argv0;
	}
	return ret;
}

void
image_close(struct image *im)
{

	if (im->im_memfd >= 0)
		hj_host(__NR_close, im->im_memfd);
	if (im->im_loadfd >= 0)
		hj_host(__NR_close, im->im_loadfd);
}
