/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env: the variables by which a shim tells the one in the next image.
 */
#ifndef HIJACK_ENV_H
#define HIJACK_ENV_H

#include "rumpkern/kern.h"

struct image;

#define HJ_ENV_SIZE (20 * 1024UL) /* the strings hj_env_build() makes */

/*
 * Fill im_envp with the program's (n strings at uenv) and ours behind them:
 * where a name is there twice ld.so heeds the later (of LD_AUDIT, both).
 */
int hj_env_build(struct image *, const char *const *uenv, long n);

/* RUMP_ATTACH, taken apart. */
struct hj_attach {
	int at_fd; /* the arena */
	uint32_t at_host;
	uint32_t at_cpu;
	int at_tracefd;
	int at_holder;
	int at_store;
	int at_close;        /* not the program's, or -1 */
	unsigned at_hide;    /* variables the program did not ask for */
	const char *at_name; /* the file that was executed, or "" */
	const char *at_exe;  /* rump's executable, or "" */
};

#define HJ_HIDE_PRELOAD 1 /* the last LD_PRELOAD */
#define HJ_HIDE_SPEC    2 /* RUMPHIJACK */
#define HJ_HIDE_AUDIT   4 /* the last LD_AUDIT: see libs.h */

/*
 * true: the variable is there and well formed; it is taken out of envp, and
 * hj.hp_self is set.
 */
bool hj_env_attach(char **envp, struct hj_attach *);
/* In the first process: LD_PRELOAD names this library by its path. */
void hj_env_absolute(char **envp);
/* Take out what the program should not see. */
void hj_env_hide(char **envp, unsigned hide);

#endif
