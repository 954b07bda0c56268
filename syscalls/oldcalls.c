/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * oldcalls: calls whose newer form takes other structures.
 *
 * What is converted is on our stack, where copyin() reads it as it would a
 * program's.
 */
#include "syscalls/sysargs.h"

#include "rumpkern/copy.h"

#include <fcntl.h>
#include <sys/time.h>
#include <utime.h>

int
sys_utime(struct lwp *l, const struct sys_utime_args *a, long *retval)
{
	struct timespec ts[2] = { { 0, 0 }, { 0, 0 } };
	const struct sys_utimensat_args b = {
		.dirfd = AT_FDCWD,
		.path = a->path,
		.times = a->times != NULL ? ts : NULL,
	};
	struct utimbuf ut;

	if (a->times != NULL) {
		if (copyin(a->times, &ut, sizeof(ut)) != 0)
			return EFAULT;
		ts[0].tv_sec = ut.actime;
		ts[1].tv_sec = ut.modtime;
	}
	return sys_utimensat(l, &b, retval);
}

int
sys_futimesat(struct lwp *l, const struct sys_futimesat_args *a, long *retval)
{
	struct timespec ts[2];
	const struct sys_utimensat_args b = {
		.dirfd = a->dirfd,
		.path = a->path,
		.times = a->times != NULL ? ts : NULL,
	};
	struct timeval tv[2];
	int i;

	if (a->times != NULL) {
		if (copyin(a->times, tv, sizeof(tv)) != 0)
			return EFAULT;
		for (i = 0; i < 2; i++) {
			if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
				return EINVAL;
			ts[i].tv_sec = tv[i].tv_sec;
			ts[i].tv_nsec = tv[i].tv_usec * 1000;
		}
	}
	return sys_utimensat(l, &b, retval);
}
