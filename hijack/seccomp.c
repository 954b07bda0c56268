/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * seccomp: a program that filters its own calls means the ones that it makes.
 *
 * The kernel in its memory makes others (futexes, locks), for which it would be
 * killed.  So what the program installs is put behind a few instructions that
 * allow what is called from this library's text; but not what is called from
 * the slots there, which are the calls of the program that stay the host's.
 */
#include <asm/unistd.h>
#include <elf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "hijack/hijack.h"
#include "hijack/stub.h"
#include "rumpkern/copy.h"

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IP         instruction_pointer
#define JUMP       (BPF_JMP | BPF_K)
#define MEM_LENGTH (BPF_MAXINSNS * sizeof(struct sock_filter))

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
/* entry.S: the slots, and what calls the host for them. */
extern const char hj_stubs_end[] __attribute__((visibility("hidden")));

static void
find_text(uint64_t *from, uint64_t *to)
{
	uintptr_t base = (uintptr_t)&__ehdr_start;
	const Elf64_Phdr *ph = (void *)(base + __ehdr_start.e_phoff);
	int i;

	for (i = 0; i < __ehdr_start.e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && (ph[i].p_flags & PF_X)) {
			*from = base + ph[i].p_vaddr;
			*to = *from + ph[i].p_memsz;
		}
}

/* Our text allowed: how many instructions, at most 10. */
static unsigned
exempt(struct sock_filter *f)
{
	uint64_t from = 0, to = 0;
	uint32_t stubs = (uint32_t)(uintptr_t)hj_stubs;
	uint32_t end = (uint32_t)(uintptr_t)hj_stubs_end;

	find_text(&from, &to);
	if (from == 0 || from >> 32 != to >> 32)
		return 0;
	const struct sock_filter code[] = {
		/* Little-endian: the upper half is the second. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, IP) + 4),
		BPF_JUMP(JUMP | BPF_JEQ, from >> 32, 0, 6),
		LOAD(IP),
		BPF_JUMP(JUMP | BPF_JGE, (uint32_t)from, 0, 4),
		BPF_JUMP(JUMP | BPF_JGE, (uint32_t)to, 3, 0),
		BPF_JUMP(JUMP | BPF_JGE, stubs, 0, 1),
		BPF_JUMP(JUMP | BPF_JGE, end, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		/* As it is where a filter begins. */
		BPF_STMT(BPF_LD | BPF_W | BPF_IMM, 0),
	};

	memcpy(f, code, sizeof(code));
	return nelem(code);
}

/* The program's filter with ours before it: the call's result. */
static long
install(struct hj_frame *hf, const struct sock_fprog *prog)
{
	const long *a = hf->hf_args;
	struct sock_fprog with = { 0, NULL };
	long mem, ret;

	mem = hj_host(__NR_mmap, NULL, MEM_LENGTH, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem < 0 && mem > -4096)
		return mem;
	with.filter = (struct sock_filter *)mem;
	with.len = exempt(with.filter);
	if (with.len + prog->len > BPF_MAXINSNS)
		ret = -EINVAL;
	else if (copyin(prog->filter, with.filter + with.len,
		     prog->len * sizeof(struct sock_filter)) != 0)
		ret = -EFAULT;
	else {
		with.len += prog->len;
		ret = hj_host(hf->hf_nr, a[0], a[1], &with, a[3], a[4], a[5]);
	}
	hj_host(__NR_munmap, mem, MEM_LENGTH);
	return ret;
}

long
hj_sys_seccomp(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	struct sock_fprog prog;

	if (hf->hf_nr == __NR_prctl ?
		(int)a[0] != PR_SET_SECCOMP || a[1] != SECCOMP_MODE_FILTER :
		(unsigned)a[0] != SECCOMP_SET_MODE_FILTER)
		return HJ_TO_HOST;
	if (copyin((const void *)a[2], &prog, sizeof(prog)) != 0 ||
	    prog.len == 0)
		return HJ_TO_HOST;
	return install(hf, &prog);
}
