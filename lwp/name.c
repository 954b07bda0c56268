/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a ulwp is called, and what is its own: _lwp_self, _lwp_kill,
 * _lwp_setname, _lwp_getname, _lwp_getprivate, _lwp_setprivate.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lwp/ulwp.h"
#include "rumpkern/copy.h"

lwpid_t
_lwp_self(void)
{
	const struct ulwp *u = ulwp_self;

	if (u == NULL)
		u = ulwp_me();
	return u == NULL ? 0 : u->u_id;
}

int
_lwp_kill(lwpid_t id, int sig)
{
	int error = 0, saved = errno;
	struct ulwp_mask m;
	struct ulwp *u;

	/* 32 and 33 are libc's. */
	if (sig < 0 || sig > SIGRTMAX || (sig > 31 && sig < SIGRTMIN))
		return ulwp_result(EINVAL);
	ulwp_lock(&m);
	u = ulwp_find(id);
	if (u == NULL)
		error = ESRCH;
	else if (syscall(SYS_tgkill, getpid(), u->u_tid, sig) != 0)
		error = errno;
	ulwp_unlock(&m);
	errno = saved;
	return ulwp_result(error);
}

/* Under the lock: nothing that can be cancelled.  The host may have no /proc. */
static void
tell_host(const struct ulwp *u)
{
	int saved = errno, fd;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", (int)u->u_tid);
	fd = syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0);
	if (fd >= 0) {
		syscall(SYS_write, fd, u->u_name, strlen(u->u_name));
		syscall(SYS_close, fd);
	}
	errno = saved;
}

/* As much of it as has room. */
static int
copy_name(const char *from, char *to)
{
	size_t i;
	int error;

	for (i = 0; i < LWP_NAMELEN - 1; i++) {
		error = ulwp_copyin(from + i, to + i, 1);
		if (error != 0 || to[i] == '\0')
			return error;
	}
	to[i] = '\0';
	return 0;
}

int
_lwp_setname(lwpid_t id, const char *name)
{
	char copy[LWP_NAMELEN];
	struct ulwp_mask m;
	struct ulwp *u;
	int error;

	if (name == NULL || (error = copy_name(name, copy)) != 0)
		return ulwp_result(EFAULT);
	ulwp_me();
	ulwp_lock(&m);
	u = ulwp_find_any(id);
	if (u == NULL) {
		error = ESRCH;
	} else {
		memcpy(u->u_name, copy, sizeof(copy));
		if (u->u_state == ULWP_LIVE)
			tell_host(u);
	}
	ulwp_unlock(&m);
	return ulwp_result(error);
}

int
_lwp_getname(lwpid_t id, char *buf, size_t size)
{
	char copy[LWP_NAMELEN];
	struct ulwp_mask m;
	struct ulwp *u;
	int error = 0;

	ulwp_me();
	ulwp_lock(&m);
	u = ulwp_find_any(id);
	if (u == NULL)
		error = ESRCH;
	else
		memcpy(copy, u->u_name, sizeof(copy));
	ulwp_unlock(&m);
	if (error == 0 && strlen(copy) >= size)
		error = ENAMETOOLONG;
	if (error == 0)
		error = ulwp_copyout(copy, buf, strlen(copy) + 1);
	return ulwp_result(error);
}

void *
_lwp_getprivate(void)
{

	return ulwp_private;
}

void
_lwp_setprivate(void *priv)
{

	ulwp_private = priv;
}
