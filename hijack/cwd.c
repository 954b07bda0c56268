/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cwd: a process has two, the host's and the rump kernel's; PROC_HOSTCWD says
 * which one relative paths start at.
 */
#include <asm/unistd.h>
#include <fcntl.h>

#include "hijack/hijack.h"
#include "rumpkern/copy.h"
#include "rumpkern/kmem.h"
#include "syscalls/dispatch.h"

#define CWD_MAX   (1UL << 20) /* the longest name told of it */
#define CWD_SPARE 32          /* namei_path() wants more than the name */

const char *
hj_cwd_host(void)
{
	char *own = curcpu()->c_bounce;
	long n;

	if (curcpu()->c_vforkparent != NULL) {
		/* A child of vfork has a cwd of its own, but our memory. */
		n = hj_host(__NR_getcwd, own, sizeof(hj.hp_cwd));
		return n > 0 && own[0] == '/' ? own : NULL;
	}
	if (atomic_load(&hj.hp_cwdstate) == 1)
		return hj.hp_cwd;
	n = hj_host(__NR_getcwd, hj.hp_cwd, sizeof(hj.hp_cwd));
	if (n <= 0 || hj.hp_cwd[0] != '/')
		return NULL;
	atomic_store(&hj.hp_cwdstate, 1);
	return hj.hp_cwd;
}

void
hj_cwd_changed(void)
{

	atomic_store(&hj.hp_cwdstate, 0);
}

/* The proc's cwd is the host's from now on: the rump one is let go. */
static void
cwd_to_host(void)
{
	struct proc *p = hj_proc();

	hj_cwd_changed();
	if (p->p_flags & PROC_HOSTCWD)
		return;
	proc_setflag(p, PROC_HOSTCWD, true);
}

static long
chdir_host(const char *path)
{
	long error = hj_host(__NR_chdir, path);

	if (error == 0)
		cwd_to_host();
	return error;
}

/* To a path of /proc that may lead to rump. */
static long
chdir_proc(const char *path, char *again)
{
	const char *rest;
	long args[6], ret;
	int fd;

	fd = path[0] == '/' ? hj_path_procfd(path, &rest) : -1;
	if (fd < 0) {
		rest = path[0] == '/' ? hj_path_proccwd(path) : NULL;
		if (rest == NULL) {
			ret = hj_procnet_chdir(path);
			if (ret == 0)
				proc_setflag(hj_proc(), PROC_HOSTCWD, false);
			return ret;
		}
		again[0] = '.';
		memcpy(again + 1, rest, strlen(rest) + 1);
		return HJ_AGAIN;
	}
	args[0] = (long)rest;
	curcpu()->c_startfd = fd + 1;
	ret = sys_call(RSYS_chdir, args);
	curcpu()->c_startfd = 0;
	if (ret == 0)
		proc_setflag(hj_proc(), PROC_HOSTCWD, false);
	return ret;
}

long
hj_sys_chdir(struct hj_frame *hf)
{
	char *buf = curcpu()->c_hjpath[0], *again = curcpu()->c_hjpath[1];
	int dirfd = AT_FDCWD, error, hops;
	const char *path = (const char *)hf->hf_args[0];
	long args[6] = { 0 }, ret;
	bool changed;

	for (hops = 0; hops < 40; hops++) {
		switch (hj_path_where(&dirfd, path, buf, &changed, &error)) {
		case HJ_AT_ERROR:
			return -error;
		case HJ_AT_HOST:
			ret = error == 0 ? chdir_proc(buf, again) : HJ_TO_HOST;
			if (ret == HJ_TO_HOST)
				ret = chdir_host(path);
			if (ret == -ENOENT && error == 0 &&
			    hj_symlink(AT_FDCWD, buf, true, again))
				ret = HJ_AGAIN;
			if (ret != HJ_AGAIN)
				return ret;
			path = again;
			continue;
		case HJ_AT_RUMP:
			break;
		}
		args[0] = (long)(changed ? buf : path);
		ret = sys_call(RSYS_chdir, args);
		if (ret == 0)
			proc_setflag(hj_proc(), PROC_HOSTCWD, false);
		if (ret != -KEHOST)
			return ret;
		error = hj_path_again(buf, again);
		if (error != 0)
			return -error;
		path = again;
	}
	return -ELOOP;
}

long
hj_sys_fchdir(struct hj_frame *hf)
{
	long ret;

	if (hj_fd_ours(hf->hf_args[0]))
		return -EBADF;
	if (hj_fd_isrump(hf->hf_args[0])) {
		ret = sys_call(RSYS_fchdir, hf->hf_args);
		if (ret == 0)
			proc_setflag(hj_proc(), PROC_HOSTCWD, false);
	} else {
		ret = hj_host(__NR_fchdir, hf->hf_args[0]);
		if (ret == 0)
			cwd_to_host();
	}
	return ret;
}

/*
 * A name longer than any path.  The host tells no such one, and libc goes
 * from .. to .. then; a name below / that only we know it would not find.
 */
static long
getcwd_long(char *ubuf, size_t size)
{
	size_t len = 0;
	char *buf;
	int error;

	if (size <= KPATH_MAX)
		return -ENAMETOOLONG;
	size = kmin(size, CWD_MAX);
	buf = kmem_alloc(size + CWD_SPARE);
	if (buf == NULL)
		return -ENOMEM;
	error = hj_path_long(hj_proc()->p_cdir, buf, size + CWD_SPARE, &len);
	if (error == 0 && len + 1 > size)
		error = ERANGE;
	if (error == 0 && copyout(buf, ubuf, len + 1) != 0)
		error = EFAULT;
	if (error == ERANGE && size == CWD_MAX)
		error = ENAMETOOLONG;
	kmem_free(buf);
	return error != 0 ? -error : (long)len + 1;
}

long
hj_sys_getcwd(struct hj_frame *hf)
{
	char *buf = curcpu()->c_hjpath[0];
	size_t len;
	int error;

	error = hj_path_name(hj_proc()->p_cdir, buf, &len);
	if (error == ERANGE)
		return getcwd_long((char *)hf->hf_args[0], hf->hf_args[1]);
	if (error != 0)
		return -error;
	len++;
	if (len > (size_t)hf->hf_args[1])
		return -ERANGE;
	if (copyout(buf, (void *)hf->hf_args[0], len) != 0)
		return -EFAULT;
	return len;
}

long
hj_sys_chroot(struct hj_frame *hf)
{
	char *buf = curcpu()->c_hjpath[0], *again = curcpu()->c_hjpath[1];
	const char *path = (const char *)hf->hf_args[0];
	int dirfd = AT_FDCWD, error, hops;
	long args[6] = { 0 }, ret;
	bool changed;

	for (hops = 0; hops < 40; hops++) {
		switch (hj_path_where(&dirfd, path, buf, &changed, &error)) {
		case HJ_AT_ERROR:
			return -error;
		case HJ_AT_HOST:
			return hj_host(__NR_chroot, path);
		case HJ_AT_RUMP:
			break;
		}
		args[0] = (long)(changed ? buf : path);
		ret = sys_call(RSYS_chroot, args);
		if (ret != -KEHOST)
			return ret;
		error = hj_path_again(buf, again);
		if (error != 0)
			return -error;
		path = again;
	}
	return -ELOOP;
}
