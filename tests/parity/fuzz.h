/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the differential fuzzers share: the driver, random choices, lists of
 * calls that are saved and loaded, rounds in children, the shrinker.
 *
 * A fuzzer defines what is under "Of each fuzzer"; the rest is in fuzz*.c.
 */

#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define NARG   8
#define OUTMAX (256 * 1024)

/* A path of fsfuzz. */
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

struct side;

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

/* What a round came to; 2: it could not be set up. */
#define DIFFER 1
#define DIED   3

/* --- Of each fuzzer --------------------------------------------------------- */

extern const char *const fuzz_name;
extern const char *const fuzz_inject; /* the fault that can be asked for */
extern const char *const fuzz_host;   /* where its directories are */
extern const int fuzz_patience;       /* seconds until a round is stuck */
extern struct options opt;            /* with its defaults */
extern const struct opdef ops[];
extern const int nops;
void fuzz_start(void);
long gen_first(struct op *, long); /* calls every round begins with */
void gen_rest(struct op *);        /* what is not in arg[] */
uint32_t gen_arg(char);
void print_arg(FILE *, const struct op *, char, int);
void print_rest(FILE *, const struct op *);
int run_ops(const struct op *, long, bool); /* 0, or as above */
bool op_simpler(struct op *, int);          /* false: there is no such way */

/* --- fuzz_gen.c ------------------------------------------------------------- */

uint32_t rnd(uint32_t);
bool listed(const char *, const char *);
void gen_start(void);
void gen_round(uint64_t, struct op *, long);
int op_number(const char *);
void op_print(FILE *, const struct op *);
void op_save(FILE *, const struct op *);
bool op_load(const char *, struct op *);

/* --- fuzz_run.c ------------------------------------------------------------- */

extern struct text texts[2];
extern struct tally *tally; /* shared with the children */
#define put(s, ...) text_put((s)->out, __VA_ARGS__)
void text_put(struct text *, const char *, ...)
    __attribute__((format(printf, 2, 3)));
bool texts_same(void);
const char *errname(int);
uint64_t hash(const void *, size_t);
void progress(long);
void count(const struct op *, long);
void report(const struct op *, long, const char *);
int run_forked(const struct op *, long, bool);

/* --- fuzz_shrink.c ---------------------------------------------------------- */

long shrink(struct op *, long, int (*)(const struct op *, long, bool));

/* --- fuzz_tree.c: directories, and memory for buffers ----------------------- */

#define PAGE 4096
char **names_of(int, int *); /* sorted; closes the descriptor */
void names_sort(char **, int);
void names_free(char **, int);
void tree_remove(const char *);
char *guarded(size_t); /* a page that cannot be touched comes after it */
void randomize(char *, size_t);

#endif
