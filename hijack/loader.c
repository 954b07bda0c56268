/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * loader: ld.so run by hand ("ld.so [options] program [arguments]", ldd).
 *
 * It opens the program before anything of ours runs; so if that is a rump file
 * it gets a copy, by the name of a descriptor that the new image closes.  A
 * program loaded this way has no $ORIGIN.
 */
#include <asm/unistd.h>
#include <fcntl.h>

#include "hijack/hijack.h"
#include "hijack/image.h"
#include "hijack/libs.h"
#include "rumpkern/copy.h"
#include "syscalls/dispatch.h"

static bool
is_loader(const struct image *im)
{
	const char *base = im->im_path, *s;

	for (s = base; *s != '\0'; s++)
		if (*s == '/')
			base = s + 1;
	return im->im_memfd < 0 &&
	    (strncmp(base, "ld-linux", 8) == 0 || strcmp(base, "ld.so") == 0);
}

static bool
takes_value(const char *option)
{
	static const char *const those[] = {
		"--library-path",
		"--inhibit-rpath",
		"--audit",
		"--preload",
		"--argv0",
		"--glibc-hwcaps-prepend",
		"--glibc-hwcaps-mask",
	};
	size_t i;

	for (i = 0; i < nelem(those); i++)
		if (strcmp(option, those[i]) == 0)
			return true;
	return false;
}

/* Argument i, in buf; false: there is none. */
static bool
get_arg(const struct image *im, long i, char *buf)
{
	size_t n;

	return im->im_argv[i] != NULL &&
	    copyinstr(im->im_argv[i], buf, KPATH_MAX, &n) == 0;
}

/* Where the program stands among the arguments; 0: there is none. */
static long
find_program(struct image *im, char *buf, bool *named)
{
	char option[32];
	long i;

	for (i = 1; get_arg(im, i, buf); i++) {
		if (buf[0] != '-' || buf[1] != '-')
			return i;
		memcpy(option, buf, sizeof(option) - 1);
		option[sizeof(option) - 1] = '\0';
		if (!takes_value(option))
			continue;
		if (!get_arg(im, ++i, buf))
			break;
		if (strcmp(option, "--argv0") == 0)
			*named = true;
		else if (strcmp(option, "--library-path") == 0)
			im->im_early |= hj_libs_list(buf, ":;", true);
		else if (strcmp(option, "--preload") == 0)
			im->im_early |= hj_libs_list(buf, ": ", false);
	}
	return 0;
}

/* A copy of the program, if it is rump's and can be read. */
static int
copy_program(const char *path)
{
	char *buf = curcpu()->c_hjpath[0];
	int dirfd = AT_FDCWD, error, memfd = -1;
	long args[6], ret;
	bool changed;

	if (hj_path_where(&dirfd, path, buf, &changed, &error) != HJ_AT_RUMP)
		return -1;
	memcpy(args,
	    (long[6]){ dirfd, (long)(changed ? buf : path),
		O_RDONLY | O_CLOEXEC },
	    sizeof(args));
	ret = sys_call(RSYS_openat, args);
	if (ret < 0)
		return -1;
	error = image_load(ret, "", &memfd);
	fd_close(curlwp(), ret);
	hj_host(__NR_close, ret);
	if (error == 0 && hj_host(__NR_fcntl, memfd, F_SETFD, 0) == 0)
		return memfd;
	if (memfd >= 0)
		hj_host(__NR_close, memfd);
	return -1;
}

void
hj_loader(struct image *im)
{
	char *buf = im->im_next, *name;
	bool named = false;
	long i, k;

	if (!is_loader(im))
		return;
	i = find_program(im, buf, &named);
	if (i == 0)
		return;
	im->im_loadfd = copy_program(buf);
	if (im->im_loadfd < 0)
		return;
	name = buf + strlen(buf) + 1;
	kfmt(name, 32, "/proc/self/fd/%d", im->im_loadfd);
	im->im_argv[i] = name;
	im->im_next = name + strlen(name) + 1;
	if (named)
		return;
	/* Its name is what was given. */
	im->im_argv -= 2;
	for (k = 0; k < i; k++)
		im->im_argv[k] = im->im_argv[k + 2];
	im->im_argv[i] = "--argv0";
	im->im_argv[i + 1] = buf;
}
