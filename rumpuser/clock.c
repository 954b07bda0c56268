/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clocks, and the processor we are on, without system calls: finds the vDSO's
 * functions.
 */
#include <asm/unistd.h>
#include <elf.h>
#include <fcntl.h>
#include <time.h>

#include "rumpuser/rumpuser.h"

#define NSEC         1000000000UL
#define PR_GET_AUXV_ 0x41555856

#if defined(__aarch64__)
#define VDSO_CLOCK "__kernel_clock_gettime"
#else
#define VDSO_CLOCK "__vdso_clock_gettime"
#endif
#define VDSO_GETCPU "__vdso_getcpu" /* x86-64 only */

static int
host_clock(int id, void *ts)
{

	return rumpuser_syscall(__NR_clock_gettime, id, (long)ts, 0, 0, 0, 0);
}

/* The auxiliary vector's value of a type. */
static uint64_t
auxv_value(uint64_t type)
{
	uint64_t av[64][2];
	long fd, n, i;

	n = rumpuser_syscall(__NR_prctl, PR_GET_AUXV_, (long)av, sizeof(av), 0,
	    0, 0);
	if (n < 0) { /* a host older than 6.4 */
		fd = rumpuser_syscall(__NR_openat, AT_FDCWD,
		    (long)"/proc/self/auxv", O_RDONLY | O_CLOEXEC, 0, 0, 0);
		if (fd < 0)
			return 0;
		n = rumpuser_syscall(__NR_read, fd, (long)av, sizeof(av), 0, 0,
		    0);
		rumpuser_syscall(__NR_close, fd, 0, 0, 0, 0, 0);
	}
	n = n < (long)sizeof(av) ? n : (long)sizeof(av);
	for (i = 0; i < n / (long)sizeof(av[0]); i++)
		if (av[i][0] == type)
			return av[i][1];
	return 0;
}

/* How many symbols a GNU hash table covers. */
static uint32_t
gnu_hash_count(const uint32_t *h)
{
	const uint32_t *bucket = h + 4 + h[2] * 2;
	const uint32_t *chain = bucket + h[0];
	uint32_t i, last = 0;

	for (i = 0; i < h[0]; i++)
		if (bucket[i] > last)
			last = bucket[i];
	if (last == 0)
		return 0;
	while ((chain[last - h[1]] & 1) == 0)
		last++;
	return last + 1;
}

static bool
same_name(const char *a, const char *b)
{

	while (*a != '\0' && *a == *b)
		a++, b++;
	return *a == *b;
}

static void *
vdso_symbol(uint64_t base, const char *name)
{
	const Elf64_Ehdr *eh = (const void *)base;
	const Elf64_Phdr *ph = (const void *)(base + eh->e_phoff);
	const Elf64_Dyn *dyn = NULL;
	const Elf64_Sym *sym = NULL;
	const char *str = NULL;
	uint64_t load = base;
	uint32_t i, n = 0;

	for (i = 0; i < eh->e_phnum; i++) {
		if (ph[i].p_type == PT_LOAD)
			load = base + ph[i].p_offset - ph[i].p_vaddr;
		else if (ph[i].p_type == PT_DYNAMIC)
			dyn = (const void *)(base + ph[i].p_offset);
	}
	for (; dyn != NULL && dyn->d_tag != DT_NULL; dyn++) {
		const void *p = (const void *)(load + dyn->d_un.d_ptr);

		if (dyn->d_tag == DT_SYMTAB)
			sym = p;
		else if (dyn->d_tag == DT_STRTAB)
			str = p;
		else if (dyn->d_tag == DT_HASH && n == 0)
			n = ((const uint32_t *)p)[1];
		else if (dyn->d_tag == DT_GNU_HASH && n == 0)
			n = gnu_hash_count(p);
	}
	for (i = 0; sym != NULL && str != NULL && i < n; i++)
		if (same_name(str + sym[i].st_name, name) &&
		    sym[i].st_shndx != SHN_UNDEF)
			return (void *)(load + sym[i].st_value);
	return NULL;
}

void
rumpuser_clock_init(void)
{
	uint64_t base = auxv_value(AT_SYSINFO_EHDR);
	void *fn = base != 0 ? vdso_symbol(base, VDSO_CLOCK) : NULL;

	rumpuser_process.ru_clock = fn != NULL ? (int (*)(int, void *))fn :
						 host_clock;
	fn = base != 0 ? vdso_symbol(base, VDSO_GETCPU) : NULL;
	rumpuser_process.ru_getcpu = (int (*)(unsigned *, unsigned *,
	    void *))fn;
}

static uint64_t
read_clock(int id)
{
	struct rumpuser_timespec ts;

	rumpuser_process.ru_clock(id, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

uint64_t
rumpuser_realtime_coarse(void)
{

	return read_clock(CLOCK_REALTIME_COARSE);
}

uint64_t
rumpuser_realtime(void)
{

	return read_clock(CLOCK_REALTIME);
}

uint64_t
rumpuser_monotonic(void)
{

	return read_clock(CLOCK_MONOTONIC);
}

uint64_t
rumpuser_boottime(void)
{

	return read_clock(CLOCK_BOOTTIME);
}

int
rumpuser_processor(void)
{
	unsigned cpu;

	if (rumpuser_process.ru_getcpu == NULL ||
	    rumpuser_process.ru_getcpu(&cpu, NULL, NULL) != 0)
		return -1;
	return cpu;
}
