/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * uring: see uring.h.
 *
 * What loads the number of io_uring_setup() in liburing's text gets another,
 * that no call has.  Nothing else there has this number.
 */
#include "hijack/uring.h"

#include <asm/unistd.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>

#define NOCALL 0x3fffffffu
#define PAGE   4096UL

bool
hj_uring_refused(void)
{

	return hj.hp_spec.sp_nprefix != 0 || hj.hp_spec.sp_socket != 0 ||
	    hj.hp_spec.sp_pipe;
}

static bool
is_liburing(const char *path)
{
	const char *base = path;

	for (; *path != '\0'; path++)
		if (*path == '/')
			base = path + 1;
	return strncmp(base, "liburing", 8) == 0;
}

/* mov $number,%eax, and not to a register with a prefix. */
static bool
is_load(const unsigned char *p, uint32_t number)
{
	uint32_t n;

	memcpy(&n, p + 1, sizeof(n));
	return p[0] == 0xb8 && n == number && (p[-1] & 0xf1) != 0x41;
}

static void
refuse(unsigned char *text, size_t len)
{
	static const uint32_t nocall = NOCALL;
	unsigned char *p, *page;
	size_t n;

	for (p = text + 1; p + 5 <= text + len; p++) {
		if (!is_load(p, __NR_io_uring_setup))
			continue;
		page = (unsigned char *)((uintptr_t)p & ~(PAGE - 1));
		n = p + 5 - page;
		if (hj_host(__NR_mprotect, page, n, PROT_READ | PROT_WRITE) !=
		    0)
			return;
		memcpy(p + 1, &nocall, sizeof(nocall));
		hj_host(__NR_mprotect, page, n, PROT_READ | PROT_EXEC);
	}
}

void
hj_uring_init(const struct hj_auxinfo *ai)
{
	const struct link_map *lm = hj_elfmod_list(ai);
	const ElfW(Ehdr) * eh;
	const ElfW(Phdr) * ph;
	int i;

	if (!hj_uring_refused())
		return;
	for (; lm != NULL; lm = lm->l_next) {
		if (lm->l_name == NULL || !is_liburing(lm->l_name))
			continue;
		eh = (const void *)lm->l_addr;
		ph = (const void *)(lm->l_addr + eh->e_phoff);
		for (i = 0; i < eh->e_phnum; i++, ph++)
			if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X))
				refuse((void *)(lm->l_addr + ph->p_vaddr),
				    ph->p_filesz);
	}
}

/* Is what the descriptor is called liburing? */
static bool
names_liburing(int fd)
{
	char link[40], *path = curcpu()->c_hjpath[0];
	struct file *f = fd_getfile(curlwp(), fd, 0);
	size_t len;
	bool named;
	long n;

	if (f != NULL) {
		named = f->f_vnode != NULL &&
		    hj_path_name(f->f_vnode, path, &len) == 0;
		fd_done(curlwp(), f, 0);
		return named && is_liburing(path);
	}
	kfmt(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = hj_host(__NR_readlink, link, path, KPATH_MAX - 1);
	if (n <= 0)
		return false;
	path[n] = '\0';
	return is_liburing(path);
}

long
hj_uring_mmap(const struct hj_frame *hf, long ret)
{
	const long *a = hf->hf_args;

	if ((ret < 0 && ret > -4096) || !(a[2] & PROT_EXEC) ||
	    (a[3] & MAP_ANONYMOUS) || !hj_uring_refused())
		return ret;
	if (names_liburing(a[4]))
		refuse((unsigned char *)ret, a[1]);
	return ret;
}
