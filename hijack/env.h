/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env: the variables by which a shim tells the one in the next image.
 */
#ifndef HIJACK_ENV_H
#define HIJACK_ENV_H

#include "rumpkern/kern.h"

struct image;

#define HJ_ENV_SIZE	(20 * 1024UL)	/* the strings hj_env_build() makes */

/*
 * Fill im_envp with the program's (n strings at uenv), ours in place of what
 * it says of the same names.
 */
int	hj_env_build(struct image *, const char *const *uenv, long n);

/* RUMP_ATTACH, taken apart. */
struct hj_attach {
	int	at_fd;		/* the arena */
	uint32_t at_host;
	uint32_t at_cpu;
	int	at_tracefd;
	unsigned at_hide;	/* variables the program did not ask for */
	const char *at_name;	/* the file that was executed, or "" */
	const char *at_exe;	/* rump's executable, or "" */
};

#define HJ_HIDE_PRELOAD	1	/* all of LD_PRELOAD */
#define HJ_HIDE_SELF	2	/* this library at the head of LD_PRELOAD */
#define HJ_HIDE_SPEC	4	/* RUMPHIJACK */

/* true: the variable is there and well formed; it is taken out of envp. */
bool	hj_env_attach(char **envp, struct hj_attach *);
/* Take out what the program should not see. */
void	hj_env_hide(char **envp, unsigned hide);

#endif
