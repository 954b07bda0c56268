/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared types of fsfuzz, the differential fuzzer of file system calls. */

#ifndef FSFUZZ_H
#define FSFUZZ_H

#include "fuzz.h"

#define NSLOT 8            /* descriptors a side can hold */
#define POOL  (256 * 1024) /* bytes of an I/O buffer */
#define MAXIO (96 * 1024)  /* longest transfer asked for */

/* How a path reaches its call. */
enum how {
	HOW_ABS,   /* under the side's root */
	HOW_CWD,   /* relative to the side's working directory */
	HOW_AT,    /* relative to a descriptor */
	HOW_ATABS, /* absolute, with a descriptor to ignore */
	HOW_N
};

/* What is odd about a path. */
enum odd {
	ODD_NOT,
	ODD_NULL,
	ODD_EIGHT,
	ODD_UNMAPPED,
	ODD_PROTNONE,
	ODD_EMPTY,
	ODD_NAME255,
	ODD_NAME256,
	ODD_PATH4095,
	ODD_PATH4096,
	ODD_UNTERMINATED,
	ODD_N
};

/* One of the two file systems. */
struct side {
	int index; /* 0: host, 1: rump */
	const char *label;
	char top[400];  /* removed afterwards */
	char root[400]; /* as long on both sides */
	size_t rootlen;
	int fd[NSLOT];
	int cwd;
	struct text *out;
};

/* fsfuzz_arg.c: an argument's code made into its value */
int arg_fd(struct side *, uint32_t);
int arg_oflags(uint32_t);
uint64_t arg_offset(uint32_t);
size_t arg_length(uint32_t);
int arg_mode(uint32_t);
int arg_whence(uint32_t);
int arg_atflags(uint32_t);
int arg_fallocate(uint32_t);
int arg_rwf(uint32_t);
unsigned arg_statx(uint32_t);
int arg_id(uint32_t);
struct timespec;
void arg_time(uint32_t, struct timespec *);
const char *arg_xattr(uint32_t);
char *arg_in(uint32_t);
char *arg_out(uint32_t);
char *arg_path(struct side *, const struct path *, char *);
int arg_dirfd(struct side *, const struct path *);
bool arg_isat(const struct path *);
void buffers_init(void);
extern char *outpool;
extern const char *const oflag_names[];

/* fsfuzz_look.c */
void look_fd(struct side *, int);
void look_path(struct side *, const char *);
void look_tree(struct side *);
void look_names(struct side *, int);
void times_age(struct side *, int);
void times_changed(struct side *);
extern bool ctime_fine; /* on both sides */
bool ctime_probe(const char *);
void ctime_wait(const struct op *);

/* fsfuzz_rules.c: what some hosts do and others do not */
struct rules {
	bool ownlocks;   /* F_OFD_GETLK with F_UNLCK tells them */
	bool dirsizes;   /* a directory's size is tmpfs's */
	bool mounted;    /* its tree is on another mount than "/" */
	bool linkbycred; /* AT_EMPTY_PATH by the opener's credentials */
};
extern struct rules rules;
void rules_probe(const char *);

/* fsfuzz_stay.c */
bool call_stays(struct side *, const struct op *);

#endif
