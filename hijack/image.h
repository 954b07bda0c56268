/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image: what an exec is to run, found before the host is asked.
 */
#ifndef HIJACK_IMAGE_H
#define HIJACK_IMAGE_H

#include "hijack/env.h"
#include "rumpkern/cpu.h"

#define IMAGE_SCRIPTS 5   /* "#!" in a row, as on Linux */
#define IMAGE_LINE    256 /* of a "#!" line, as on Linux */
#define IMAGE_ARGS    (2 * (IMAGE_SCRIPTS + 2)) /* put before argv */
/* The strings an image keeps besides the environment's. */
#define IMAGE_NAMES (5 * KPATH_MAX + (IMAGE_SCRIPTS + 2) * IMAGE_LINE)

struct image {
	/* For the host: memfd if not -1, otherwise the path. */
	int im_dirfd;
	const char *im_path; /* "" with AT_EMPTY_PATH */
	int im_flags;
	int im_memfd; /* a rump file's copy */
	/* If that is ld.so run by hand (loader.c): */
	int im_loadfd;        /* a copy of its program, or -1 */
	bool im_early;        /* its options name rump directories */
	const char **im_argv; /* IMAGE_ARGS free places before it */
	const char **im_envp;
	/* What the program should think it runs, if that is rump's. */
	const char *im_name;   /* the file name as it was given */
	const char *im_exe;    /* the executable; "": the host's */
	bool im_rump;          /* it, or a script before it, is rump's */
	bool im_unreachable;   /* im_name is, for an interpreter */
	int im_depth;          /* scripts so far */
	const char *im_script; /* the name of the next one */
	char *im_hop;          /* KPATH_MAX, for the path after a symlink */
	char *im_next;         /* memory for strings */
};

/*
 * Find out what runs: "#!" lines are followed as far as rump has a part in
 * them, and a rump file is copied into a memfd.  0 or a negative errno.
 */
long image_resolve(struct image *);
void image_close(struct image *);
/* Copy a rump file into a memfd: 0 or a negative errno; -1 in *memfd: none. */
long image_load(int fd, const char *exe, int *memfd);

#endif
