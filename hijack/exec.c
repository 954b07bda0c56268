/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exec: the new image must find its way back to this kernel and proc.
 *
 * Whatever environment the program passes, the new image gets LD_PRELOAD with
 * this library, RUMPHIJACK, and RUMP_ATTACH, which says where the kernel and
 * the proc are and which of these variables the program did not ask for; the
 * shim takes those away again before the program starts (start.c).
 */
#include <asm/unistd.h>
#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "hijack/hijack.h"
#include "hijack/kick.h"
#include "hijack/image.h"
#include "hijack/libs.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"

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

/* Memory for argv (with room for an interpreter's), envp and strings. */
static long
prepare(struct image *im, const char *upath, const char *const *uargv,
    long argc, long envc)
{
	size_t len, n;
	long p;
	int error;

	len = roundup2((argc + envc + IMAGE_ARGS + 16) * sizeof(char *) +
		IMAGE_NAMES + HJ_ENV_SIZE,
	    KPAGE_SIZE);
	p = hj_host(__NR_mmap, 0, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p < 0 && p > -4096)
		return p;
	/* A child of vfork leaves it to its parent to unmap. */
	hj_thread.ht_exectmp = (void *)p;
	hj_thread.ht_exectmplen = len;
	im->im_argv = (const char **)p + IMAGE_ARGS;
	im->im_envp = im->im_argv + argc + 2;
	im->im_path = (char *)(im->im_envp + envc + 8);
	im->im_hop = (char *)im->im_path + KPATH_MAX;
	im->im_next = im->im_hop + KPATH_MAX;
	error = copyinstr(upath, (char *)im->im_path, KPATH_MAX, &n);
	if (error != 0)
		return -error;
	if (argc > 0 && copyin(uargv, im->im_argv, argc * sizeof(char *)) != 0)
		return -EFAULT;
	im->im_argv[argc] = NULL;
	return 0;
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
host_exec(const struct image *im)
{

	if (im->im_memfd >= 0)
		return hj_host(__NR_execveat, im->im_memfd, "", im->im_argv,
		    im->im_envp, AT_EMPTY_PATH);
	if (hj.hp_tracefd >= 0)
		warn_unfollowed(im);
	return hj_host(__NR_execveat, im->im_dirfd, im->im_path, im->im_argv,
	    im->im_envp, im->im_flags);
}

static long
do_exec(struct image *im, const char *upath, const char *const *uargv,
    const char *const *uenvp)
{
	long argc = count(uargv), envc = count(uenvp), ret;

	if (argc < 0 || envc < 0)
		return -EFAULT;
	im->im_memfd = im->im_loadfd = -1;
	ret = prepare(im, upath, uargv, argc, envc);
	if (ret == 0)
		ret = image_resolve(im);
	if (ret == 0) {
		hj_loader(im);
		ret = -hj_env_build(im, uenvp, envc);
	}
	if (ret == 0) {
		/* Signals noted so far must not stay blocked in the image. */
		hj_leave();
		hj_kick_exec();
		hj_signal_ignored(true);
		rumpuser_bell_disarm(&ARENA->a_bell, &ARENA->a_robust);
		ret = host_exec(im);
		rumpuser_bell_arm(&ARENA->a_bell, &ARENA->a_robust);
		hj_signal_ignored(false);
		hj_enter();
	}
	image_close(im);
	hj_exec_forget();
	return ret;
}

long
hj_sys_execve(struct hj_frame *hf)
{
	struct image im = { .im_dirfd = AT_FDCWD };

	return do_exec(&im, (const char *)hf->hf_args[0],
	    (const char *const *)hf->hf_args[1],
	    (const char *const *)hf->hf_args[2]);
}

long
hj_sys_execveat(struct hj_frame *hf)
{
	struct image im = { .im_dirfd = hf->hf_args[0],
		.im_flags = hf->hf_args[4] };

	if (hj_fd_ours(im.im_dirfd))
		return -EBADF;
	if (im.im_flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
		return -EINVAL;
	return do_exec(&im, (const char *)hf->hf_args[1],
	    (const char *const *)hf->hf_args[2],
	    (const char *const *)hf->hf_args[3]);
}
