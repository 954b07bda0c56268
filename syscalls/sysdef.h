/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables made from syscalls.master: what a row of each holds. */
#ifndef SYSCALLS_SYSDEF_H
#define SYSCALLS_SYSDEF_H

#include "rumpkern/kern.h"

struct lwp;

#define SYS_HOSTMAX 512 /* the host's numbers are below */
#define SYS_MAXARGS 6

/* Args: a sys_NAME_args, which is the call's registers. */
typedef int (*sysent_fn)(struct lwp *, const void *args, long *retval);

/* The dispatch table, by RSYS_ number. */
struct sysent {
	sysent_fn se_fn;   /* NULL: this kernel has no such call */
	uint16_t se_error; /* what it answers then; 0: success */
	uint8_t se_nargs;
};

extern const struct sysent sysent[];
/* From the host's number to ours; RSYS_NONE: not in the table. */
extern const uint16_t sys_ofhost[SYS_HOSTMAX];

/* Kinds of results. */
enum sysret {
	SYSRET_INT = 0,
	SYSRET_FD,
	SYSRET_SSIZE, /* bytes, of the call's out or in buffer */
	SYSRET_LONG,
	SYSRET_OFF,
	SYSRET_PTR,
	SYSRET_PID,
	SYSRET_UID,
	SYSRET_GID,
	SYSRET_MODE,
	SYSRET_VOID
};

/* Kinds of arguments; syscalls.master says what they mean. */
enum sysarg_kind {
	SYSARG_NONE = 0,
	SYSARG_FD,
	SYSARG_FDIN,
	SYSARG_FDOUT,
	SYSARG_DIRFD,
	SYSARG_PATH,
	SYSARG_LPATH,
	SYSARG_NPATH,
	SYSARG_STR,
	SYSARG_IN,
	SYSARG_OUT,
	SYSARG_IOVIN,
	SYSARG_IOVOUT,
	SYSARG_ADDRIN,
	SYSARG_ADDROUT,
	SYSARG_SIN,
	SYSARG_SOUT,
	SYSARG_SINOUT,
	SYSARG_STAT,
	SYSARG_STATX,
	SYSARG_TIMESPECS,
	SYSARG_FDPAIR,
	SYSARG_POLLFDS,
	SYSARG_FDSET,
	SYSARG_ARGV,
	SYSARG_PTR,
	SYSARG_INT,
	SYSARG_UINT,
	SYSARG_LONG,
	SYSARG_ULONG,
	SYSARG_HEX,
	SYSARG_SIZE,
	SYSARG_OFF,
	SYSARG_MODE,
	SYSARG_DEV,
	SYSARG_PID,
	SYSARG_UID,
	SYSARG_GID,
	SYSARG_SIG,
	SYSARG_OFLAGS,
	SYSARG_ATFLAGS,
	SYSARG_ACCMODE,
	SYSARG_WHENCE,
	SYSARG_FCNTL,
	SYSARG_IOCTL,
	SYSARG_FLOCK,
	SYSARG_FARG,
	SYSARG_CONST,
	SYSARG_MAX
};

struct sysarg {
	uint8_t sa_kind; /* enum sysarg_kind */
	uint8_t sa_len;  /* which argument is the length; 0: none */
};

/* What a call looks like, by RSYS_ number. */
struct sysdesc {
	char sd_name[24];
	uint8_t sd_ret; /* enum sysret */
	uint8_t sd_nargs;
	struct sysarg sd_args[SYS_MAXARGS];
};

extern const struct sysdesc sysdesc[];

#endif
