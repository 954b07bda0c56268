/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec: the new image must find its way back to this kernel and proc.
 *
 * Whatever environment the program passes, the new image gets LD_PRELOAD with
 * this library, RUMPHIJACK, and RUMP_ATTACH, which says where the kernel and
 * the proc are and which of these variables the program did not ask for; the
 * shim takes those away again before the program starts (start.c).
 *
 * A file of the rump kernel is copied into a memfd that the host can run;
 * "#!" lines are followed here, as the host cannot.
 */
#include <asm/unistd.h>
#include <elf.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "hijack/env.h"
#include "hijack/hijack.h"
#include "rumpkern/copy.h"
#include "syscalls/dispatch.h"

#define SCRIPT_DEPTH	5
#define LINE_MAX_	256	/* of a #! line, as on Linux */
#define COPY_SIZE	(2 * KPAGE_SIZE)	/* c_bounce */

/* What is to be executed, and how. */
struct image {
	int	im_dirfd;
	const char *im_path;	/* "" with AT_EMPTY_PATH */
	int	im_flags;
	int	im_memfd;	/* a rump file's copy, or -1 */
	const char **im_argv;
	const char **im_envp;
	/* Memory for the arrays and strings. */
	char	*im_mem;
	size_t	im_memlen;
	char	*im_next;
};

void
hj_exec_forget(void)
{
	struct hj_thread *ht = &hj_thread;

	if (ht->ht_exectmp == NULL)
		return;
	hj_host(__NR_munmap, ht->ht_exectmp, ht->ht_exectmplen);
	ht->ht_exectmp = NULL;
}

/* How many strings an array holds; -1: it cannot be read. */
static long
count(const char *const *v)
{
	const char *s;
	long n;

	for (n = 0; v != NULL; n++) {
		if (copyin(&v[n], &s, sizeof(s)) != 0)
			return -1;
		if (s == NULL)
			break;
	}
	return n;
}

/* Memory for argv (with room for an interpreter's) and envp. */
static long
prepare(struct image *im, const char *const *uargv, const char *const *uenvp)
{
	long argc = count(uargv), envc = count(uenvp), p;

	if (argc < 0 || envc < 0)
		return -EFAULT;
	im->im_memlen = roundup2((argc + envc + 4 * SCRIPT_DEPTH + 16) *
	    sizeof(char *) + HJ_ENV_SIZE + SCRIPT_DEPTH * LINE_MAX_ +
	    3 * KPATH_MAX, KPAGE_SIZE);
	p = hj_host(__NR_mmap, 0, im->im_memlen, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p < 0 && p > -4096)
		return p;
	/* A child of vfork leaves it to its parent to unmap. */
	hj_thread.ht_exectmp = (void *)p;
	hj_thread.ht_exectmplen = im->im_memlen;
	im->im_mem = (char *)p;
	im->im_argv = (const char **)p + 2 * SCRIPT_DEPTH;
	im->im_envp = im->im_argv + argc + 1;
	im->im_next = (char *)(im->im_envp + envc + 8);
	if (uargv != NULL && copyin(uargv, im->im_argv, argc *
	    sizeof(char *)) != 0)
		return -EFAULT;
	im->im_argv[argc] = NULL;
	if (hj_env_build(im->im_envp, uenvp, envc, &im->im_next) != 0)
		return -EFAULT;
	return 0;
}

static char *
keep(struct image *im, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = im->im_next;

	memcpy(p, s, n);
	im->im_next += n;
	return p;
}

/* Copy a rump file that may be executed into a memfd. */
static long
load(int fd, int *memfd)
{
	char *buf = curcpu()->c_bounce;
	long args[6] = { fd, (long)buf, COPY_SIZE }, n, w;

	*memfd = hj_host(__NR_memfd_create, "rump", MFD_CLOEXEC);
	if (*memfd < 0)
		return *memfd;
	while ((n = sys_call(RSYS_read, args)) > 0) {
		w = hj_host(__NR_write, *memfd, buf, n);
		if (w != n)
			n = w < 0 ? w : -EIO;
		if (n < 0)
			break;
	}
	if (n < 0)
		hj_host(__NR_close, *memfd);
	return n;
}

/* Open for execution: EACCES unless it is a regular file with x. */
static long
open_exec(int dirfd, const char *path, int flags)
{
	struct stat st;
	long sargs[6] = { dirfd, (long)path, (long)&st,
	    flags & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) };
	long aargs[6] = { dirfd, (long)path, 1,
	    AT_EACCESS | (flags & AT_EMPTY_PATH) };
	long oargs[6] = { dirfd, (long)path, O_RDONLY | O_CLOEXEC }, ret;

	ret = sys_call(RSYS_newfstatat, sargs);
	if (ret < 0)
		return ret;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	ret = sys_call(RSYS_faccessat2, aargs);
	if (ret < 0)
		return ret;
	if (path[0] == '\0')
		return hj_reopen(dirfd, O_RDONLY | O_CLOEXEC);
	return sys_call(RSYS_openat, oargs);
}

static void
close_rump(int fd)
{

	fd_close(curlwp(), fd);
	hj_host(__NR_close, fd);
}

static char *
word(char **line)
{
	char *s = *line, *start;

	while (*s == ' ' || *s == '\t')
		s++;
	start = s;
	while (*s != '\0' && *s != ' ' && *s != '\t')
		s++;
	if (*s != '\0')
		*s++ = '\0';
	*line = s;
	return start;
}

/* "#!interp arg": put them before the arguments; the script's name is next. */
static long
script(struct image *im, char *line, const char *name)
{
	char *s, *interp, *arg, *e;

	for (s = line; *s != '\0' && *s != '\n'; s++)
		continue;
	*s = '\0';
	line += 2;
	interp = word(&line);
	if (*interp == '\0')
		return -ENOEXEC;
	while (*line == ' ' || *line == '\t')
		line++;
	for (e = line + strlen(line); e > line && (e[-1] == ' ' ||
	    e[-1] == '\t'); e--)
		e[-1] = '\0';
	arg = line;
	if (im->im_argv[0] == NULL)
		im->im_argv[1] = NULL;
	im->im_argv[0] = keep(im, name);
	if (*arg != '\0')
		*--im->im_argv = keep(im, arg);
	interp = keep(im, interp);
	*--im->im_argv = interp;
	im->im_dirfd = AT_FDCWD;
	im->im_path = interp;
	im->im_flags = 0;
	return 0;
}

/* The script's name as its interpreter is given it. */
static const char *
script_name(const struct image *im, char *buf, size_t size)
{

	if (im->im_path[0] == '\0')
		kfmt(buf, size, "/dev/fd/%d", im->im_dirfd);
	else if (im->im_path[0] != '/' && im->im_dirfd != AT_FDCWD)
		kfmt(buf, size, "/dev/fd/%d/%s", im->im_dirfd, im->im_path);
	else
		return im->im_path;
	return buf;
}

/*
 * One step for a file of the rump kernel: 1: a script, look at its
 * interpreter; 0: loaded; or an error.
 */
static long
rump_image(struct image *im, int dirfd, const char *path, const char *name)
{
	char line[LINE_MAX_ + 1];
	long args[6], ret;
	int fd;

	fd = open_exec(dirfd, path, im->im_flags);
	if (fd < 0)
		return fd;
	memcpy(args, (long[6]){ fd, (long)line, LINE_MAX_ }, sizeof(args));
	ret = sys_call(RSYS_pread64, args);
	if (ret >= 2 && line[0] == '#' && line[1] == '!') {
		line[ret] = '\0';
		ret = script(im, line, name);
		ret = ret == 0 ? 1 : ret;
	} else if (ret >= 0) {
		ret = load(fd, &im->im_memfd);
	}
	close_rump(fd);
	return ret;
}

/* Find what is to run; the rump kernel's files become the host's. */
static long
resolve(struct image *im)
{
	char *buf = curcpu()->c_hjpath[0], name[64];
	enum hj_where where;
	int hops, dirfd, error;
	const char *path, *rest;
	bool changed;
	long ret = 0;

	path = im->im_path;
	for (hops = 0; hops < 40; hops++) {
		dirfd = im->im_dirfd;
		where = hj_path_where(&dirfd, path, buf, &changed, &error);
		if (where == HJ_AT_ERROR)
			return -error;
		if (where == HJ_AT_HOST && error == 0 && buf[0] == '/' &&
		    (dirfd = hj_path_procfd(buf, &rest)) >= 0 &&
		    *rest == '\0') {
			im->im_flags |= AT_EMPTY_PATH;
			ret = rump_image(im, dirfd, "", path);
		} else if (where == HJ_AT_HOST) {
			if (hops > 0 && path != im->im_path)
				im->im_path = keep(im, path);
			return 0;
		} else {
			ret = rump_image(im, dirfd, changed ? buf : path,
			    path == im->im_path ?
			    script_name(im, name, sizeof(name)) : path);
		}
		if (ret == -KEHOST) {
			error = hj_path_escape(buf);
			if (error != 0)
				return -error;
			path = keep(im, buf);
			im->im_dirfd = AT_FDCWD;
		} else if (ret == 1) {
			path = im->im_path;
		} else {
			return ret;
		}
	}
	return -ELOOP;
}

/* Programs the shim cannot follow: say so when tracing. */
static void
warn_unfollowed(const struct image *im)
{
	long fd, n;
	Elf64_Ehdr eh;
	Elf64_Phdr ph;
	struct stat st;
	int i;

	fd = hj_host(__NR_openat, im->im_dirfd, im->im_path,
	    O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	n = hj_host(__NR_pread64, fd, &eh, sizeof(eh), 0);
	if (n == sizeof(eh) && memcmp(eh.e_ident, ELFMAG, SELFMAG) == 0) {
		for (i = 0; i < eh.e_phnum; i++)
			if (hj_host(__NR_pread64, fd, &ph, sizeof(ph),
			    eh.e_phoff + i * sizeof(ph)) == sizeof(ph) &&
			    ph.p_type == PT_INTERP)
				break;
		if (i == eh.e_phnum)
			hj_trace_note("%s is static: it sees the host only",
			    im->im_path);
	}
	if (hj_host(__NR_fstat, fd, &st) == 0 &&
	    (st.st_mode & (S_ISUID | S_ISGID)))
		hj_trace_note("%s is setuid: it sees the host only",
		    im->im_path);
	hj_host(__NR_close, fd);
}

static long
do_exec(struct image *im, const char *const *uargv, const char *const *uenvp)
{
	long ret;

	im->im_memfd = -1;
	ret = prepare(im, uargv, uenvp);
	if (ret == 0)
		ret = resolve(im);
	if (ret == 0) {
		if (hj.hp_tracefd >= 0 && im->im_memfd < 0)
			warn_unfollowed(im);
		/* Signals noted so far must not stay blocked in the image. */
		hj_leave();
		if (im->im_memfd >= 0)
			ret = hj_host(__NR_execveat, im->im_memfd, "",
			    im->im_argv, im->im_envp, AT_EMPTY_PATH);
		else
			ret = hj_host(__NR_execveat, im->im_dirfd,
			    im->im_path, im->im_argv, im->im_envp,
			    im->im_flags);
		hj_enter();
	}
	if (im->im_memfd >= 0)
		hj_host(__NR_close, im->im_memfd);
	hj_exec_forget();
	return ret;
}

long
hj_sys_execve(struct hj_frame *hf)
{
	struct image im = { .im_dirfd = AT_FDCWD,
	    .im_path = (const char *)hf->hf_args[0] };

	return do_exec(&im, (const char *const *)hf->hf_args[1],
	    (const char *const *)hf->hf_args[2]);
}

long
hj_sys_execveat(struct hj_frame *hf)
{
	struct image im = { .im_dirfd = hf->hf_args[0],
	    .im_path = (const char *)hf->hf_args[1],
	    .im_flags = hf->hf_args[4] };

	if (hj_fd_ours(im.im_dirfd))
		return -EBADF;
	return do_exec(&im, (const char *const *)hf->hf_args[2],
	    (const char *const *)hf->hf_args[3]);
}
