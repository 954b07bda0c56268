/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The calls on extended attributes.
 */
#include <fcntl.h>
#include <sys/xattr.h>

#include "rumpkern/copy.h"
#include "rumpkern/kmem.h"
#include "rumpvfs/inotify.h"
#include "rumpvfs/vtarget.h"
#include "rumpvfs/xattr.h"
#include "syscalls/sysargs.h"

/* An attribute's name; the name of a path that is looked up is elsewhere. */
static int
copyin_name(const char *uname, char name[XATTR_NAMEMAX + 1])
{
	size_t len = 0;
	int error;

	error = copyinstr(uname, name, XATTR_NAMEMAX + 1, &len);
	if (error == ENAMETOOLONG || (error == 0 && len <= 1))
		return ERANGE;
	return error;
}

/* How a call names its object. */
struct where {
	const char *w_path; /* NULL: by descriptor */
	int w_fd;
	int w_atflags;
};

#define BY_PATH(a)               \
	(struct where)           \
	{                        \
		(a)->path, -1, 0 \
	}
#define BY_LPATH(a)                                \
	(struct where)                             \
	{                                          \
		(a)->path, -1, AT_SYMLINK_NOFOLLOW \
	}
#define BY_FD(a)                  \
	(struct where)            \
	{                         \
		NULL, (a)->fd, -1 \
	}

static int
target(struct vtarget *t, struct lwp *l, const struct where *w)
{
	int error;

	if (w->w_atflags != -1)
		return vtarget_path(t, l, AT_FDCWD, w->w_path, w->w_atflags, 0);
	error = vtarget_fd(t, l, w->w_fd, false);
	if (error == 0 && t->t_vp == NULL) {
		vtarget_done(t);
		error = EOPNOTSUPP;
	}
	return error;
}

static int
set(struct lwp *l, struct where w, const char *uname, const void *value,
    size_t size, int flags)
{
	char name[XATTR_NAMEMAX + 1];
	struct vtarget t;
	struct xattr *xa;
	int error;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return EINVAL;
	error = copyin_name(uname, name);
	if (error == 0 && size > XATTR_VALUEMAX)
		error = E2BIG;
	if (error == 0)
		error = xattr_make(name, value, size, &xa);
	if (error != 0)
		return error;
	error = target(&t, l, &w);
	if (error != 0) {
		kmem_free(xa);
		return error;
	}
	error = xattr_set(t.t_vp, t.t_cred, xa, flags);
	if (error == 0)
		inotify_event(t.t_vp, IN_ATTRIB);
	vtarget_done(&t);
	return error;
}

static int
get(struct lwp *l, struct where w, const char *uname, void *value, size_t size,
    long *retval)
{
	char name[XATTR_NAMEMAX + 1];
	struct vtarget t;
	int error;

	error = copyin_name(uname, name);
	if (error == 0)
		error = target(&t, l, &w);
	if (error != 0)
		return error;
	error = xattr_get(t.t_vp, t.t_cred, name, value, size, retval);
	vtarget_done(&t);
	return error;
}

static int
list(struct lwp *l, struct where w, char *buf, size_t size, long *retval)
{
	struct vtarget t;
	int error;

	error = target(&t, l, &w);
	if (error != 0)
		return error;
	error = xattr_list(t.t_vp, t.t_cred, buf, size, retval);
	vtarget_done(&t);
	return error;
}

static int
rem(struct lwp *l, struct where w, const char *uname)
{
	char name[XATTR_NAMEMAX + 1];
	struct vtarget t;
	int error;

	error = copyin_name(uname, name);
	if (error == 0)
		error = target(&t, l, &w);
	if (error != 0)
		return error;
	error = xattr_remove(t.t_vp, t.t_cred, name);
	if (error == 0)
		inotify_event(t.t_vp, IN_ATTRIB);
	vtarget_done(&t);
	return error;
}

#define SYSCALL(name)                                                    \
	int sys_##name(struct lwp *l, const struct sys_##name##_args *a, \
	    long *retval)

SYSCALL(setxattr)
{

	(void)retval;
	return set(l, BY_PATH(a), a->name, a->value, a->size, a->flags);
}

SYSCALL(lsetxattr)
{

	(void)retval;
	return set(l, BY_LPATH(a), a->name, a->value, a->size, a->flags);
}

SYSCALL(fsetxattr)
{

	(void)retval;
	return set(l, BY_FD(a), a->name, a->value, a->size, a->flags);
}

SYSCALL(getxattr)
{

	return get(l, BY_PATH(a), a->name, a->value, a->size, retval);
}

SYSCALL(lgetxattr)
{

	return get(l, BY_LPATH(a), a->name, a->value, a->size, retval);
}

SYSCALL(fgetxattr)
{

	return get(l, BY_FD(a), a->name, a->value, a->size, retval);
}

SYSCALL(listxattr)
{

	return list(l, BY_PATH(a), a->list, a->size, retval);
}

SYSCALL(llistxattr)
{

	return list(l, BY_LPATH(a), a->list, a->size, retval);
}

SYSCALL(flistxattr)
{

	return list(l, BY_FD(a), a->list, a->size, retval);
}

SYSCALL(removexattr)
{

	(void)retval;
	return rem(l, BY_PATH(a), a->name);
}

SYSCALL(lremovexattr)
{

	(void)retval;
	return rem(l, BY_LPATH(a), a->name);
}

SYSCALL(fremovexattr)
{

	(void)retval;
	return rem(l, BY_FD(a), a->name);
}
