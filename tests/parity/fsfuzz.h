/* SPDX-License-Identifier: BSD-2-Clause */
/* Shared types of fsfuzz, the differential fuzzer of file system calls. */

#ifndef FSFUZZ_H
#define FSFUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define NSLOT  8 /* descriptors a side can hold */
#define NARG   8
#define PAGE   4096
#define POOL   (256 * 1024) /* bytes of an I/O buffer */
#define MAXIO  (96 * 1024)  /* longest transfer asked for */
#define OUTMAX (256 * 1024)

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

struct path {
	unsigned char how;
	unsigned char odd;
	unsigned char dir; /* descriptor code for HOW_AT */
	char rel[40];
};

/* One call, independent of the state it will meet. */
struct op {
	unsigned char nr;    /* index into ops[] */
	unsigned char as;    /* 0: root, else an index of ids[] */
	unsigned char timed; /* watch the times: 1 old, 2 future */
	unsigned char npath;
	struct path path[2];
	uint32_t arg[NARG];
};

/* Text that is compared between the sides. */
struct text {
	size_t len;
	char buf[OUTMAX];
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

struct opdef {
	const char *name;
	int weight;
	const char *spec; /* an argument's kind per letter */
	long (*call)(struct side *, const struct op *);
};

struct options {
	uint64_t seed;
	long calls;
	long round; /* calls in a fresh tree */
	const char *host;
	const char *rump;
	const char *replay;
	const char *skip;
	const char *only;
	const char *inject;
	bool verbose;
	bool notimes;
};

struct tally {
	long calls;
	long good;
};

extern struct options opt;
extern const struct opdef ops[];
extern const int nops;
extern struct tally *tally; /* shared with the children */

/* fsfuzz_gen.c */
void gen_start(void);
void gen_round(uint64_t, struct op *, long);
void op_print(FILE *, const struct op *);
void op_save(FILE *, const struct op *);
bool op_load(const char *, struct op *);

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
void put(struct side *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
const char *errname(int);
uint64_t hash(const void *, size_t);
void look_fd(struct side *, int);
void look_path(struct side *, const char *);
void look_tree(struct side *);
void look_names(struct side *, int);
void times_age(struct side *, int);
void times_changed(struct side *);
void tree_remove(const char *);
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

/* fsfuzz_shrink.c */
long shrink(struct op *, long, int (*)(const struct op *, long, bool));

/* fsfuzz_stay.c */
bool call_stays(struct side *, const struct op *);

/* fsfuzz_run.c: what a round came to; 2: it could not be set up */
#define DIFFER        1
#define DIED          3
#define DIFFER_BLOCKS 4 /* only in how many blocks a file has */
int run_ops(const struct op *, long, bool);
int run_forked(const struct op *, long, bool);

#endif
