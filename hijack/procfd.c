/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * procfd: paths like /proc/self/fd/N that name a rump descriptor, and
 * /proc/self/cwd and /proc/self/exe.
 *
 * The host has only a placeholder there.  Any call on such a path becomes one
 * on the descriptor's vnode, or on a path that starts there.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "hijack/hijack.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpvfs/procfs.h"
#include "rumpvfs/vnode.h"
#include "syscalls/dispatch.h"

#define LENT_FROM 900 /* numbers for files of other processes */

/* A pipe has no vnode to open: the same end again. */
static long
same_end(struct lwp *l, int fd, int flags)
{
	struct file *f = fd_getfile(l, fd, 0);
	int error, newfd;

	if (f == NULL)
		return -EBADF;
	if (((flags & O_ACCMODE) != O_WRONLY && !(f->f_mode & FMODE_READ)) ||
	    ((flags & O_ACCMODE) != O_RDONLY && !(f->f_mode & FMODE_WRITE))) {
		fd_done(l, f, 0);
		return -EACCES;
	}
	error = file_hold(f);
	fd_done(l, f, 0);
	if (error != 0)
		return -error;
	error = fd_install(l, f, 0, flags & O_CLOEXEC, &newfd);
	if (error != 0) {
		file_rele(f);
		return -error;
	}
	return newfd;
}

long
hj_reopen(int fd, int flags)
{
	struct lwp *l = curlwp();
	struct file *f = fd_getfile(l, fd, 0);
	long args[6] = { AT_FDCWD, (long)"", flags & ~O_NOFOLLOW, 0 };
	bool vnode, pipe;
	long newfd;

	if (f == NULL)
		return -EBADF;
	vnode = f->f_vnode != NULL;
	pipe = f->f_type == FTYPE_PIPE;
	fd_done(l, f, 0);
	if (!vnode)
		return pipe ? same_end(l, fd, flags) : -ENXIO;
	curcpu()->c_startfd = fd + 1;
	newfd = sys_call(RSYS_openat, args);
	curcpu()->c_startfd = 0;
	return newfd;
}

static long
give(const char *s, size_t len, char *ubuf, long size)
{

	if (size <= 0)
		return -EINVAL;
	len = kmin(len, (size_t)size);
	return copyout(s, ubuf, len) != 0 ? -EFAULT : (long)len;
}

/* As the host shows what has no name. */
static size_t
novnode_name(struct file *f, char *buf)
{
	const struct fileops *ops = fileops[f->f_type];
	struct stat st = { 0 };

	switch (f->f_type) {
	case FTYPE_PIPE:
	case FTYPE_SOCK:
		if (ops->fo_stat(f, &st) != 0)
			st.st_ino = 0;
		return kfmt(buf, KPATH_MAX, "%s:[%lu]",
		    f->f_type == FTYPE_PIPE ? "pipe" : "socket",
		    (unsigned long)st.st_ino);
	case FTYPE_EPOLL:
		return kfmt(buf, KPATH_MAX, "anon_inode:[eventpoll]");
	case FTYPE_EVENTFD:
		return kfmt(buf, KPATH_MAX, "anon_inode:[eventfd]");
	case FTYPE_TIMERFD:
		return kfmt(buf, KPATH_MAX, "anon_inode:[timerfd]");
	case FTYPE_SIGNALFD:
		return kfmt(buf, KPATH_MAX, "anon_inode:[signalfd]");
	case FTYPE_INOTIFY:
		return kfmt(buf, KPATH_MAX, "anon_inode:inotify");
	}
	return kfmt(buf, KPATH_MAX, "anon_inode:[rump]");
}

static long
fd_readlink(int fd, char *ubuf, long size)
{
	struct lwp *l = curlwp();
	struct file *f = fd_getfile(l, fd, 0);
	char *buf = curcpu()->c_hjpath[1];
	size_t len;
	int error = 0;

	if (f == NULL)
		return -EBADF;
	if (size <= 0) {
		error = EINVAL;
	} else if (f->f_vnode == NULL) {
		len = novnode_name(f, buf);
	} else {
		error = hj_path_name(f->f_vnode, buf, &len);
		if (error == ENOENT) {
			len = proc_isnode(f->f_vnode) ?
			    proc_name(f->f_vnode, buf, KPATH_MAX) :
			    kfmt(buf, KPATH_MAX, "/ (deleted)");
			error = 0;
		}
	}
	fd_done(l, f, 0);
	return error != 0 ? -error : give(buf, len, ubuf, size);
}

static bool
reads_link(const struct hj_frame *hf)
{

	return hf->hf_nr == __NR_readlink || hf->hf_nr == __NR_readlinkat;
}

bool
hj_callnofollow(const struct hj_frame *hf, const struct hj_callinfo *ci)
{
	return (ci->hc_bits & HC_NOFOLLOW) || reads_link(hf) ||
	    (ci->hc_atflags &&
		(hf->hf_args[ci->hc_atflags - 1] & AT_SYMLINK_NOFOLLOW));
}

/* A descriptor without a vnode: what can be said of it. */
static long
novnode_call(struct hj_frame *hf, const struct hj_callinfo *ci, int fd)
{
	const long *a = hf->hf_args;
	long args[6] = { fd };

	switch (hf->hf_nr) {
	case __NR_open:
	case __NR_openat:
		return hj_reopen(fd, a[ci->hc_path]);
	case __NR_stat:
	case __NR_newfstatat:
		args[1] = a[ci->hc_path];
		return sys_call(RSYS_fstat, args);
	case __NR_statx:
		args[1] = (long)"";
		args[2] = (a[2] & ~AT_SYMLINK_NOFOLLOW) | AT_EMPTY_PATH;
		args[3] = a[3];
		args[4] = a[4];
		return sys_call(RSYS_statx, args);
	}
	return HJ_TO_HOST;
}

static long
fd_call(struct hj_frame *hf, const struct hj_callinfo *ci, int fd,
    const char *rest)
{
	long args[6], ret;
	struct file *f;
	bool vnode;

	if (*rest == '\0' && reads_link(hf))
		return fd_readlink(fd, (char *)hf->hf_args[ci->hc_path],
		    hf->hf_args[ci->hc_path + 1]);
	if (*rest == '\0' && hj_callnofollow(hf, ci))
		return HJ_TO_HOST;
	if (*rest == '\0' &&
	    (hf->hf_nr == __NR_open || hf->hf_nr == __NR_openat) &&
	    (hf->hf_args[ci->hc_path] & O_NOFOLLOW))
		return hf->hf_args[ci->hc_path] & O_PATH ? HJ_TO_HOST : -ELOOP;
	f = fd_getfile(curlwp(), fd, 0);
	if (f == NULL)
		return HJ_TO_HOST;
	vnode = f->f_vnode != NULL;
	fd_done(curlwp(), f, 0);
	if (!vnode)
		return novnode_call(hf, ci, fd);
	memcpy(args, hf->hf_args, sizeof(args));
	args[ci->hc_path - 1] = (long)rest;
	if (ci->hc_dirfd)
		args[ci->hc_dirfd - 1] = AT_FDCWD;
	curcpu()->c_startfd = fd + 1;
	ret = sys_call(ci->hc_rsys, args);
	curcpu()->c_startfd = 0;
	return ret;
}

static long
exe_call(struct hj_frame *hf, const struct hj_callinfo *ci, char *again)
{
	size_t n = strlen(hj.hp_exe);

	if (reads_link(hf))
		return give(hj.hp_exe, n, (char *)hf->hf_args[ci->hc_path],
		    hf->hf_args[ci->hc_path + 1]);
	if (hj_callnofollow(hf, ci))
		return HJ_TO_HOST;
	memcpy(again, hj.hp_exe, n + 1);
	return HJ_AGAIN;
}

static long
cwd_call(struct hj_frame *hf, const struct hj_callinfo *ci, const char *rest,
    char *again)
{
	size_t len;
	int error;

	if (*rest == '\0' && reads_link(hf)) {
		error = hj_path_name(hj_proc()->p_cdir, again, &len);
		return error != 0 ?
		    -error :
		    give(again, len, (char *)hf->hf_args[ci->hc_path],
			hf->hf_args[ci->hc_path + 1]);
	}
	if (*rest == '\0' && hj_callnofollow(hf, ci))
		return HJ_TO_HOST;
	again[0] = '.';
	memcpy(again + 1, rest, strlen(rest) + 1);
	return HJ_AGAIN;
}

/* A file of another process's table, in hand; NULL: there is none. */
static struct file *
others_file(int pid, int n)
{
	struct lwproc_state *ls = ARENA->a_lwproc;
	struct filedesc *fdp;
	struct file *f = NULL;
	struct host *h = NULL;
	uint32_t i;

	kmutex_enter(&ls->ls_lock);
	for (i = 1; i < atomic_load(&ARENA->a_nhosts); i++) {
		h = host_byindex(i);
		if (atomic_load(&h->h_state) == HOST_LIVE && h->h_pid == pid &&
		    h->h_proc != NULL)
			break;
	}
	if (i < atomic_load(&ARENA->a_nhosts)) {
		fdp = h->h_proc->p_fd;
		kmutex_enter(&fdp->fd_lock);
		if ((uint32_t)n < fdp->fd_last)
			f = FDENT_FILE(fdp->fd_ents[n]);
		if (f != NULL && file_hold(f) != 0)
			f = NULL;
		kmutex_exit(&fdp->fd_lock);
	}
	kmutex_exit(&ls->ls_lock);
	return f;
}

/*
 * /proc/PID/fd/N of another process of this kernel: its file gets a number of
 * ours for the length of the call, a high one, out of the program's way.
 */
static long
others_call(struct hj_frame *hf, const struct hj_callinfo *ci, const char *path)
{
	const char *rest;
	struct file *f;
	int pid, n, fd;
	long ret;

	if (!hj_path_otherfd(path, &pid, &n, &rest))
		return HJ_TO_HOST;
	f = others_file(pid, n);
	if (f == NULL)
		return HJ_TO_HOST;
	if (fd_install(curlwp(), f, LENT_FROM, true, &fd) != 0 &&
	    fd_install(curlwp(), f, 0, true, &fd) != 0) {
		file_rele(f);
		return -EMFILE;
	}
	ret = fd_call(hf, ci, fd, rest);
	fd_close(curlwp(), fd);
	hj_host(__NR_close, fd);
	return ret;
}

long
hj_proc_call(struct hj_frame *hf, const struct hj_callinfo *ci,
    const char *path, char *again)
{
	const char *rest;
	long ret;
	int fd;

	ret = hj_procnet_call(hf, ci, path);
	if (ret == HJ_TO_HOST)
		ret = hj_procmounts_call(hf, ci, path);
	if (ret != HJ_TO_HOST)
		return ret;
	fd = hj_path_procfd(path, &rest);
	if (fd >= 0)
		return fd_call(hf, ci, fd, rest);
	if (hj.hp_exe[0] != '\0' && hj_path_procexe(path))
		return exe_call(hf, ci, again);
	rest = hj_path_proccwd(path);
	if (rest != NULL)
		return cwd_call(hf, ci, rest, again);
	return others_call(hf, ci, path);
}

/* /proc/PID/fd of a process of this kernel, or fdinfo? */
static bool
lists_fds(int dirfd)
{
	uint32_t i, n = atomic_load(&ARENA->a_nhosts);
	char link[40], path[64];
	int pid = 0;
	const char *s = path;
	long len;

	kfmt(link, sizeof(link), "/proc/self/fd/%d", dirfd);
	len = hj_host(__NR_readlink, link, path, sizeof(path) - 1);
	if (len < 9 || strncmp(path, "/proc/", 6) != 0)
		return false;
	path[len] = '\0';
	for (s += 6; *s >= '0' && *s <= '9'; s++)
		pid = pid * 10 + (*s - '0');
	if (strncmp(s, "/task/", 6) == 0)
		for (s += 6; *s >= '0' && *s <= '9'; s++)
			continue;
	if (strcmp(s, "/fd") != 0 && strcmp(s, "/fdinfo") != 0)
		return false;
	for (i = 1; i < n; i++)
		if (atomic_load(&host_byindex(i)->h_state) == HOST_LIVE &&
		    host_byindex(i)->h_pid == pid)
			return true;
	return false;
}

/* Is the name the number of a descriptor of the shim's own? */
static bool
is_ours(const char *name)
{
	int n = 0;

	if (*name == '\0')
		return false;
	for (; *name >= '0' && *name <= '9'; name++) {
		n = n * 10 + (*name - '0');
		if (n > 1 << 24)
			return false;
	}
	return *name == '\0' && hj_fd_ours(n);
}

/* A directory of the host's, without the shim's own descriptors. */
long
hj_sys_getdents(struct hj_frame *hf)
{
	char *buf = (char *)hf->hf_args[1], *d, *to;
	bool asked = false;
	uint16_t reclen;
	long n;

	do {
		n = hj_host(hf->hf_nr, hf->hf_args[0], buf, hf->hf_args[2]);
		if (n <= 0)
			return n;
		for (d = to = buf; d < buf + n; d += reclen) {
			memcpy(&reclen, d + 16, sizeof(reclen));
			if (unlikely(is_ours(d + 19))) {
				if (!asked && !lists_fds(hf->hf_args[0]))
					return n;
				asked = true;
				continue;
			}
			if (to != d)
				memmove(to, d, reclen);
			to += reclen;
		}
	} while (to == buf);
	return to - buf;
}
