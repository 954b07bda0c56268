/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libs: programs whose libraries lie in the rump kernel.
 *
 * Theory of operation
 *
 *	ld.so loads a program's libraries before the constructor of anything
 *	that is preloaded runs.  An audit library (LD_AUDIT, rtld-audit(7)) is
 *	ready before ld.so looks for the first of them.  So an image that may
 *	need a library of the rump kernel gets this one as LD_AUDIT in place
 *	of LD_PRELOAD: its constructor attaches and rewrites ld.so alone, which
 *	then finds libraries as it always does (LD_LIBRARY_PATH, RPATH, RUNPATH,
 *	$ORIGIN, LD_PRELOAD), under their own names.  Once libc is in memory
 *	ld.so calls la_activity(), and the rest of the start is done there,
 *	before any constructor of the program's.
 *
 *	Other images are left as they are: in a name space of its own this
 *	library costs a little more to load (30 us).  The tests here may say
 *	yes too often, never too seldom.
 *
 *	An audit library must not need others (ld.so would look for them too
 *	early, and load a second libc), and has little room for thread-local
 *	storage.
 */
#ifndef HIJACK_LIBS_H
#define HIJACK_LIBS_H

#include "hijack/image.h"

/*
 * Does a list of directories or files (LD_LIBRARY_PATH, LD_PRELOAD) lead into
 * the rump kernel?  dirs: a name without a slash is a directory, not
 * something that ld.so searches for.
 */
bool hj_libs_list(const char *list, const char *separators, bool dirs);
/* Can this library be an audit library?  Not if it needs others. */
bool hj_libs_alone(void);
/* Does what is to be executed look there by itself? */
bool hj_libs_program(const struct image *);

/* loader.c: what is to be done if ld.so itself is to be executed. */
void hj_loader(struct image *);

/* origin.c */
#define HJ_ORIGIN_NAME 250
/* The name for the memfd of this executable of the rump kernel. */
void hj_origin_name(const char *exe, char name[HJ_ORIGIN_NAME]);
/* In the new image, before ld.so looks for libraries. */
void hj_origin_fix(const char *exe);

#endif
