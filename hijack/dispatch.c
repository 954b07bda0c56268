/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dispatch: what becomes of a call of the program.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/inotify.h>
#include <sys/mman.h>

#include "hijack/aio.h"
#include "hijack/hijack.h"
#include "hijack/transit.h"
#include "hijack/uring.h"
#include "rumpkern/arena.h"
#include "syscalls/dispatch.h"
#include "syscalls/init.h"

#define HOPS 40 /* as many as Linux follows symlinks */

static inline long
arg(const struct hj_frame *hf, int place)
{

	return hf->hf_args[place - 1];
}

/* One of the calls's descriptors is rump's, or the shim's own. */
static bool
fd_matters(long fd)
{

	return hj_fd_isrump(fd) || unlikely(hj_fd_ours(fd));
}

/* A call on one descriptor. */
static long
fd_call(struct hj_frame *hf, const struct hj_callinfo *ci)
{
	long ret;

	if (hj_fd_ours(arg(hf, ci->hc_fd)))
		return -EBADF;
	switch (hf->hf_nr) {
	case __NR_getdents64:
		if (!hj_fd_isrump(hf->hf_args[0]))
			return hj_sys_getdents(hf);
		break;
	case HJ_EPOLL_WAITS:
		return hj_sys_epoll_wait(hf);
	case __NR_getsockopt:
	case HJ_UNIX_CALLS:
		return hj_local_call(hf);
	case __NR_inotify_rm_watch:
		return hj_sys_inotify_rm(hf);
	}
	ret = sys_call(ci->hc_rsys, hf->hf_args);
	if (unlikely(ret == -KEHOST) &&
	    (hf->hf_nr == __NR_read || hf->hf_nr == __NR_readv))
		ret = hj_inotify_read(hf);
	return ret;
}

/* Is a symlink at the end of the path followed? */
static bool
follows(const struct hj_frame *hf, const struct hj_callinfo *ci)
{

	switch (hf->hf_nr) {
	case __NR_open:
	case __NR_openat:
		return !(hf->hf_args[ci->hc_path] & O_NOFOLLOW);
	case __NR_inotify_add_watch:
		return !(hf->hf_args[ci->hc_path] & IN_DONT_FOLLOW);
	}
	return !(ci->hc_bits & HC_NOFOLLOW) &&
	    !(ci->hc_atflags &&
		(arg(hf, ci->hc_atflags) & AT_SYMLINK_NOFOLLOW));
}

/* The host's answer.  It may block: signals are let in. */
static long
host_path_call(const struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	long ret;

	if (unlikely(hj.hp_traceall))
		hj_trace_host(hf);
	hj_thread.ht_onhost = true;
	if (unlikely(hj_lazymaps()))
		hj_mmap_ready(hf);
	hj_leave();
	ret = hj_host(hf->hf_nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	hj_enter();
	return ret;
}

/*
 * The same where paths may lie in the cpu's buffers: the program's handlers
 * use these as well, so meanwhile they are on the stack.
 */
long
hj_host_paths(const struct hj_frame *hf)
{
	char(*bufs)[KPATH_MAX + 256] = curcpu()->c_hjpath;
	struct hj_frame moved = *hf;
	size_t len[6] = { 0 };
	long *a = moved.hf_args, ret;
	int i;

	for (i = 0; i < 6; i++) {
		if ((uint64_t)a[i] - (uint64_t)bufs >=
		    sizeof(curcpu()->c_hjpath))
			continue;
		len[i] = strlen((char *)a[i]) + 1;
		a[i] = (long)memcpy(__builtin_alloca(len[i]), (char *)a[i],
		    len[i]);
	}
	ret = host_path_call(&moved);
	for (i = 0; i < 6; i++)
		memcpy((char *)hf->hf_args[i], (char *)a[i], len[i]);
	return ret;
}

/* A symlink to nothing: it was refused before its own path was looked at. */
static bool
no_target(const struct hj_frame *hf)
{
	char c;

	return (hf->hf_nr == __NR_symlink || hf->hf_nr == __NR_symlinkat) &&
	    copyin((const void *)hf->hf_args[0], &c, 1) == 0 && c == '\0';
}

/* openat2 with RESOLVE_IN_ROOT: an absolute path starts at dirfd as well. */
static bool
in_root(const struct hj_frame *hf)
{
	struct open_how how;

	return hf->hf_nr == __NR_openat2 &&
	    copyin((const void *)hf->hf_args[2], &how, sizeof(how)) == 0 &&
	    (how.resolve & RESOLVE_IN_ROOT);
}

static long
in_root_call(const struct hj_frame *hf, const struct hj_callinfo *ci)
{
	int dirfd = (int)hf->hf_args[0];

	if (dirfd == AT_FDCWD ? !(hj_proc()->p_flags & PROC_HOSTCWD) :
				hj_fd_isrump(dirfd))
		return sys_call(ci->hc_rsys, hf->hf_args);
	if (dirfd != AT_FDCWD && hj_fd_ours(dirfd))
		return -EBADF;
	return host_path_call(hf);
}

/* A call on one path. */
static long
path_call(struct hj_frame *hf, const struct hj_callinfo *ci)
{
	char *buf = curcpu()->c_hjpath[0], *again = curcpu()->c_hjpath[1];
	const char *path = (const char *)arg(hf, ci->hc_path);
	int dirfd = ci->hc_dirfd ? (int)arg(hf, ci->hc_dirfd) : AT_FDCWD;
	long args[6], ret;
	int error, hops;
	bool changed;

	if (unlikely(in_root(hf)))
		return in_root_call(hf, ci);
	memcpy(args, hf->hf_args, sizeof(args));
	for (hops = 0; hops < HOPS; hops++) {
		switch (hj_path_where(&dirfd, path, buf, &changed, &error)) {
		case HJ_AT_ERROR:
			return -error;
		case HJ_AT_HOST:
			if (error == 0 && buf[0] == '/') {
				ret = hj_proc_call(hf, ci, buf, again);
				if (ret == HJ_AGAIN) {
					path = again;
					dirfd = AT_FDCWD;
					continue;
				}
				if (ret != HJ_TO_HOST)
					return ret;
			}
			if (error == 0 && buf[0] != '/' && ci->hc_dirfd &&
			    unlikely(hj_fd_ours(dirfd)))
				return -EBADF;
			if (hops > 0) {
				hf->hf_args[ci->hc_path - 1] = (long)path;
				if (ci->hc_dirfd)
					hf->hf_args[ci->hc_dirfd - 1] =
					    AT_FDCWD;
			}
			ret = hops > 0 ? hj_host_paths(hf) : host_path_call(hf);
			if (ret != -ENOENT || error != 0 || no_target(hf) ||
			    hj_path_where(&dirfd, path, buf, &changed,
				&error) != HJ_AT_HOST ||
			    error != 0 ||
			    !hj_symlink(buf[0] == '/' ? AT_FDCWD : dirfd, buf,
				follows(hf, ci), again))
				return ret;
			hj_thread.ht_onhost = false;
			path = again;
			dirfd = AT_FDCWD;
			continue;
		case HJ_AT_RUMP:
			break;
		}
		args[ci->hc_path - 1] = (long)(changed ? buf : path);
		if (ci->hc_dirfd)
			args[ci->hc_dirfd - 1] = dirfd;
		ret = sys_call(ci->hc_rsys, args);
		if (ret != -KEHOST)
			return ret;
		error = hj_path_again(buf, again);
		if (error != 0)
			return -error;
		path = again;
		dirfd = AT_FDCWD;
	}
	return -ELOOP;
}

static long
make_call(struct hj_frame *hf, const struct hj_callinfo *ci)
{

	if (hf->hf_nr == __NR_epoll_create || hf->hf_nr == __NR_epoll_create1)
		return hj_sys_epoll_create(hf);
	if (hf->hf_nr == __NR_inotify_init || hf->hf_nr == __NR_inotify_init1)
		return hj_sys_inotify_init(hf);
	/* To change one: then it must be the host's. */
	if ((hf->hf_nr == __NR_signalfd || hf->hf_nr == __NR_signalfd4) &&
	    fd_matters(hf->hf_args[0]))
		return hj_fd_ours(hf->hf_args[0]) ? -EBADF : -EINVAL;
	if ((hf->hf_nr != __NR_pipe && hf->hf_nr != __NR_pipe2) ||
	    !hj.hp_spec.sp_pipe)
		return HJ_TO_HOST;
	return sys_call(ci->hc_rsys, hf->hf_args);
}

/*
 * A descriptor of no relation to the path.  An instance of inotify watches for
 * both kernels; one that was made where there was no shim, or fanotify's, cannot
 * watch what is not the host's, and must not look for it at the host's cwd.
 */
static long
fdpath_call(struct hj_frame *hf, const struct hj_callinfo *ci)
{
	char *buf = curcpu()->c_hjpath[0];
	int dirfd = ci->hc_dirfd ? (int)arg(hf, ci->hc_dirfd) : AT_FDCWD;
	bool changed;
	int error;

	if (hf->hf_nr == __NR_inotify_add_watch && hj_fd_isrump(hf->hf_args[0]))
		return hj_inotify_added(hf->hf_args[0], path_call(hf, ci));
	if (hj_path_where(&dirfd, (const char *)arg(hf, ci->hc_path), buf,
		&changed, &error) != HJ_AT_RUMP)
		return HJ_TO_HOST;
	hj_trace_note("%s is the rump kernel's: the host cannot watch it", buf);
	return -ENOENT;
}

static long
special_call(struct hj_frame *hf)
{

	switch (hf->hf_nr) {
	case __NR_close:
		return hj_sys_close(hf);
	case __NR_close_range:
		return hj_sys_close_range(hf);
	case __NR_dup:
		return hj_sys_dup(hf);
	case __NR_dup2:
		return hj_sys_dup2(hf);
	case __NR_dup3:
		return hj_sys_dup3(hf);
	case __NR_fcntl:
		return hj_sys_fcntl(hf);
	case __NR_ioctl:
		return hj_sys_ioctl(hf);
	case __NR_chdir:
		return hj_sys_chdir(hf);
	case __NR_fchdir:
		return hj_sys_fchdir(hf);
	case __NR_getcwd:
		return hj_sys_getcwd(hf);
	case __NR_chroot:
		return hj_sys_chroot(hf);
	case __NR_mmap:
		return hj_uring_mmap(hf, hj_sys_mmap(hf));
	case __NR_munmap:
		return hj_sys_munmap(hf);
	case __NR_mprotect:
		return hj_sys_mprotect(hf);
	case __NR_mremap:
		return hj_sys_mremap(hf);
	case __NR_umask:
		return hj_sys_umask(hf);
	case __NR_setrlimit:
	case __NR_prlimit64:
		return hj_sys_rlimit(hf);
	case __NR_prctl:
	case __NR_seccomp:
		return hj_sys_seccomp(hf);
	case __NR_io_uring_setup:
		if (!hj_uring_refused())
			return HJ_TO_HOST;
		/* Programs know what to do without, as on many a host. */
		hj_trace_note("a ring of the host's would not know the rump "
			      "kernel's descriptors: ENOSYS");
		return -ENOSYS;
	case __NR_io_setup:
		return hj_sys_io_setup(hf);
	case __NR_io_destroy:
		return hj_sys_io_destroy(hf);
	case __NR_io_cancel:
		return hj_sys_io_cancel(hf);
	case __NR_io_submit:
		return hj_sys_io_submit(hf);
	case __NR_rt_sigaction:
		return hj_sys_rt_sigaction(hf);
	case __NR_execve:
		return hj_sys_execve(hf);
	case __NR_execveat:
		return hj_sys_execveat(hf);
	case __NR_poll:
	case __NR_ppoll:
	case __NR_select:
	case __NR_pselect6:
		return hj_sys_poll(hf);
	case __NR_epoll_ctl:
		return hj_sys_epoll_ctl(hf);
	case __NR_sendfile:
	case __NR_copy_file_range:
	case __NR_splice:
	case __NR_tee:
		return hj_sys_xfer(hf);
	default:
		return hj_sys_ids(hf);
	}
}

/* No rump file is mapped here. */
static bool
no_mappings(void)
{
	uint32_t host = likely(curcpu() != NULL) ? curcpu()->c_host :
						   rumpuser_process.ru_host;

	return host_byindex(host)->h_maps == NULL;
}

/* Without entering anything: is this call the host's? */
static bool
plainly_host(const struct hj_frame *hf, const struct hj_callinfo *ci)
{
	const long *a = hf->hf_args;

	switch (hf->hf_nr) {
	case __NR_close:
		return !fd_matters(a[0]) && likely(!transit_any());
	case __NR_ioctl:
		return !fd_matters(a[0]) && !hj_ioctl_isif(a[1]);
	case __NR_fcntl:
	case __NR_dup:
		return !fd_matters(a[0]);
	case __NR_dup2:
	case __NR_dup3:
		return !fd_matters(a[0]) && !fd_matters(a[1]) &&
		    likely(!transit_any());
	case __NR_epoll_ctl:
		return !fd_matters(a[0]) && !fd_matters(a[2]);
	case __NR_socket:
	case __NR_socketpair:
		return !hj_family_isrump(a[0]);
	case __NR_getdents64:
		return false; /* the shim's own are hidden */
	case __NR_getcwd:
		return hj_proc()->p_flags & PROC_HOSTCWD;
	case __NR_mmap:
		return ((a[3] & MAP_ANONYMOUS) != 0 ||
			   (!(a[2] & PROT_EXEC) && !fd_matters(a[4]))) &&
		    (!(a[3] & MAP_FIXED) || no_mappings());
	case __NR_munmap:
	case __NR_mprotect:
	case __NR_mremap:
		return no_mappings();
	case __NR_poll:
	case __NR_ppoll:
	case __NR_select:
	case __NR_pselect6:
		return hj_proc()->p_fd->fd_last == 0;
	case HJ_AIO_WAITS:
		return hj.hp_aio == NULL;
	case __NR_sendfile:
	case __NR_tee:
		return !fd_matters(a[0]) && !fd_matters(a[1]);
	case HJ_UNIX_CALLS:
		return !fd_matters(a[0]) && !hj_unix_look(hf);
	case __NR_copy_file_range:
	case __NR_splice:
		return !fd_matters(a[0]) && !fd_matters(a[2]);
	}
	return ci->hc_route == HR_FD && !fd_matters(arg(hf, ci->hc_fd));
}

static long
body(struct hj_frame *hf, const struct hj_callinfo *ci)
{

	switch (ci->hc_route) {
	case HR_FD:
		return fd_call(hf, ci);
	case HR_PATH:
	case HR_PATHAT:
		return path_call(hf, ci);
	case HR_PATH2:
		return hj_path2_call(hf, ci);
	case HR_MAKE:
		return make_call(hf, ci);
	case HR_FAMILY:
		return hj_sys_socket(hf);
	case HR_FDPATH:
		return fdpath_call(hf, ci);
	}
	return special_call(hf);
}

/* Calls that are the host's in the end, with work of ours on either side. */
static int
around(struct hj_frame *hf)
{
	long ret;

	switch (hf->hf_nr) {
	case __NR_fork:
	case __NR_vfork:
	case __NR_clone:
	case __NR_clone3:
		return hj_pre_fork(hf);
	case __NR_wait4:
	case __NR_waitid:
		return HJ_HOST_POST;
	case __NR_exit:
		hj_thread_exit();
		return HJ_HOST;
	case __NR_exit_group:
		hj_exit();
		return HJ_HOST;
	case HJ_UNIX_CALLS:
		if (!fd_matters(hf->hf_args[0]))
			return hj_unix_call(hf);
		break;
	case HJ_AIO_WAITS:
		hf->hf_ret = hj_aio_wait(hf);
		return HJ_DONE;
	case HJ_EPOLL_WAITS:
		ret = hj_epoll_raw(hf);
		if (ret == HJ_AGAIN)
			break;
		hf->hf_ret = ret;
		return HJ_DONE;
	}
	return -1;
}

/* A buffer in a page of a mapping that is made when it is touched? */
static bool
mended(void)
{

	return hj_thread.ht_fault != NULL && !no_mappings() &&
	    hj_mmap_fault(hj_thread.ht_fault);
}

int
hj_dispatch(struct hj_frame *hf)
{
	const struct hj_callinfo *ci = &hj_callinfo[hf->hf_nr];
	struct hj_frame orig;
	bool restart;
	long ret;
	int verdict;

	if (likely(*rumpuser_process.ru_mine == 1) && plainly_host(hf, ci))
		return HJ_HOST;
	if (hf->hf_nr == __NR_exit && curcpu() == NULL)
		return HJ_HOST;
	hj_stack_check();
	if (unlikely(curcpu() == NULL || *rumpuser_process.ru_mine == 0)) {
		if (hj_thread_attach() != 0)
			return HJ_HOST;
		/* In a process of its own now, it may be. */
		if (plainly_host(hf, ci))
			return HJ_HOST;
	}
	if (unlikely(hj_lazymaps()) &&
	    (plainly_host(hf, ci) || hj_lazy_touches(hf->hf_nr)))
		return hj_lazy_call(hf);
	verdict = around(hf);
	if (verdict >= 0)
		return verdict;
	do {
		orig = *hf;
		hj_thread.ht_onhost = false;
		hj_thread.ht_fault = NULL;
		hj_enter();
		ret = body(hf, ci);
		if (unlikely(hj.hp_tracefd >= 0) && ret != HJ_TO_HOST &&
		    !hj_thread.ht_onhost)
			hj_trace(ci->hc_rsys, orig.hf_args, ret);
		restart = hj_leave();
	} while ((unlikely(ret == -KERESTART) && restart) ||
	    (unlikely(ret == -EFAULT) && mended()));
	if (ret == HJ_TO_HOST) {
		if (unlikely(hj.hp_traceall))
			hj_trace_host(&orig);
		if (unlikely(hj_lazymaps()))
			return hj_lazy_call(hf);
		return HJ_HOST;
	}
	hf->hf_ret = ret == -KERESTART ? -EINTR : ret;
	return HJ_DONE;
}

long
hj_post(long result, long nr)
{

	switch (nr) {
	case __NR_fork:
	case __NR_vfork:
	case __NR_clone:
	case __NR_clone3:
		return hj_post_fork(result);
	}
	if (result >= 0)
		hj_post_wait(result);
	return result;
}

/*
 * Before the rewrite: calls without a function here are the host's, and those
 * with one are looked at whatever the table says.
 */
void
hj_dispatch_init(void)
{
	static const uint16_t ours[] = {
		__NR_rt_sigaction,
		__NR_execve,
		__NR_execveat,
		__NR_exit,
		__NR_exit_group,
		__NR_fork,
		__NR_vfork,
		__NR_clone,
		__NR_clone3,
		__NR_wait4,
		__NR_waitid,
		__NR_poll,
		__NR_ppoll,
		__NR_select,
		__NR_pselect6,
		__NR_munmap,
		__NR_mprotect,
		__NR_mremap,
		__NR_prctl,
		__NR_seccomp,
		__NR_io_uring_setup,
	};
	size_t i;

	for (i = 0; i < HJ_NCALLS; i++) {
		switch (hj_route[i]) {
		case HR_FAMILY:
			if (hj.hp_spec.sp_socket != 0)
				break;
			/* FALLTHROUGH */
		case HR_PROCESS:
		case HR_RUMP:
			hj_route[i] = 0;
			break;
		}
	}
	for (i = 0; i < nelem(ours); i++)
		hj_route[ours[i]] = HR_SPECIAL;
}
