/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * env: the variables by which a shim tells the one in the next image.
 */
#ifndef HIJACK_ENV_H
#define HIJACK_ENV_H

#include "rumpkern/kern.h"

#define HJ_ENV_SIZE	(8 * 1024UL)	/* the strings hj_env_build() makes */

/*
 * Fill env with the program's (n strings at uenv), ours in place of what it
 * says of the same names.  Strings are made at *next, which moves on.
 */
int	hj_env_build(const char **env, const char *const *uenv, long n,
	    char **next);

/* RUMP_ATTACH, taken apart. */
struct hj_attach {
	int	at_fd;		/* the arena */
	uint32_t at_host;
	uint32_t at_cpu;
	int	at_tracefd;
	unsigned at_hide;	/* variables the program did not ask for */
};

#define HJ_HIDE_PRELOAD	1	/* all of LD_PRELOAD */
#define HJ_HIDE_SELF	2	/* this library at the head of LD_PRELOAD */
#define HJ_HIDE_SPEC	4	/* RUMPHIJACK */

/* true: the variable is there and well formed; it is taken out of envp. */
bool	hj_env_attach(char **envp, struct hj_attach *);
/* Take out what the program should not see. */
void	hj_env_hide(char **envp, unsigned hide);

#endif
