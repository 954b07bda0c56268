/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: what the file calls answer, printed one line a check, to be
 * compared between the host's tmpfs and rump.
 *
 * C(call) prints the call as written and its result or errno; S(path) and
 * SF(fd) what stat says.  Every group starts in an empty directory.
 */
#ifndef TESTS_PARITY_FILECONF_H
#define TESTS_PARITY_FILECONF_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void result(const char *what, int line, long ret);
void show_stat(const char *what, const struct stat *);
void show_bytes(const char *what, const void *, size_t);
int mk(const char *path, const char *text); /* make a file */
int mkmode(const char *path, mode_t);
void show_file(const char *path);
/* Run f in a child with these ids (root may), and wait. */
void as_user(const char *name, unsigned uid, unsigned gid, void (*f)(void));
void in_child(const char *name, void (*f)(void));
/* A name of n characters. */
const char *name_of(size_t n);
/* A path to `.' of n characters. */
const char *path_of(size_t n);

#define C(call)                                \
	do {                                   \
		errno = 0;                     \
		long ret_ = (long)(call);      \
		result(#call, __LINE__, ret_); \
	} while (0)

#define S(path)                                               \
	do {                                                  \
		struct stat st_;                              \
		if (lstat(path, &st_) == 0)                   \
			show_stat(#path, &st_);               \
		else                                          \
			result("lstat " #path, __LINE__, -1); \
	} while (0)

#define SF(fd)                                              \
	do {                                                \
		struct stat st_;                            \
		if (fstat(fd, &st_) == 0)                   \
			show_stat(#fd, &st_);               \
		else                                        \
			result("fstat " #fd, __LINE__, -1); \
	} while (0)

extern bool is_root;
extern char topdir[4096];

void conf_open(void);
void conf_openflags(void);
void conf_names(void);
void conf_rename(void);
void conf_links(void);
void conf_dirs(void);
void conf_nodes(void);
void conf_at(void);
void conf_long(void);
void conf_mode(void);
void conf_own(void);
void conf_sticky(void);
void conf_setgid(void);
void conf_access(void);
void conf_times(void);
void conf_grain(void);
void conf_xattr(void);
void conf_statfs(void);
void conf_truncate(void);
void conf_fallocate(void);
void conf_zerorange(void);
void conf_seek(void);
void conf_rw(void);
void conf_vec(void);
void conf_copyrange(void);
void conf_sendfile(void);
void conf_splice(void);
void conf_overlap(void);
void conf_getdents(void);
void conf_readdir(void);
void conf_fcntl(void);
void conf_locks(void);
void conf_flock(void);
void conf_mmap(void);
void conf_mremap(void);
void conf_mapfork(void);
void conf_mapfault(void);
void conf_mapalloc(void);
void conf_mapthread(void);
void conf_statx(void);
void conf_cwd(void);
void conf_proc(void);
void conf_flags(void);
void conf_notify(void);
void conf_acl(void);
void conf_handle(void);
void conf_cachestat(void);

#endif
