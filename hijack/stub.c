/* SPDX-License-Identifier: BSD-2-Clause */
/* Giving stubs to sites, and writing into text at all. */

#include "hijack/stub.h"

#if defined(__x86_64__) && defined(__LP64__)

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

#include "rumpuser/rumpuser.h"

#define REACH    0x7ff00000ul /* of a jmp, with some slack */
#define HOP_STEP 0x1000000ul  /* between tries for hop memory */

static long
prot(const struct hj_poke *pk, int how)
{

	return rumpuser_syscall(__NR_mprotect, (long)pk->pk_start,
	    (long)pk->pk_len, how, 0, 0, 0);
}

int
hj_poke_begin(struct hj_poke *pk, unsigned char *p, size_t len, size_t pagesz)
{
	unsigned long lo = (unsigned long)p & ~(pagesz - 1);
	unsigned long hi = ((unsigned long)p + len + pagesz - 1) &
	    ~(pagesz - 1);

	pk->pk_start = (unsigned char *)lo;
	pk->pk_len = hi - lo;
	pk->pk_fd = -1;
	if (prot(pk, PROT_READ | PROT_WRITE) == 0)
		return 0;
	/* Some hosts let no text become writable, but this they allow. */
	pk->pk_fd = rumpuser_syscall(__NR_openat, AT_FDCWD,
	    (long)"/proc/self/mem", O_RDWR | O_CLOEXEC, 0, 0, 0);
	return pk->pk_fd < 0 ? (int)pk->pk_fd : 0;
}

int
hj_poke_write(const struct hj_poke *pk, unsigned char *dst, const void *src,
    size_t len)
{
	const unsigned char *s = src;
	long n;
	size_t i;

	if (pk->pk_fd < 0) {
		for (i = 0; i < len; i++)
			((volatile unsigned char *)dst)[i] = s[i];
		return 0;
	}
	n = rumpuser_syscall(__NR_pwrite64, pk->pk_fd, (long)src, (long)len,
	    (long)dst, 0, 0);
	return n < 0 ? (int)n : n == (long)len ? 0 : -EIO;
}

int
hj_poke_end(struct hj_poke *pk)
{

	if (pk->pk_fd < 0)
		return (int)prot(pk, PROT_READ | PROT_EXEC);
	rumpuser_syscall(__NR_close, pk->pk_fd, 0, 0, 0, 0, 0);
	return 0;
}

int
hj_site_len(enum hj_sitekind kind)
{

	return kind == HJ_SITE_CMP64 ? 8 : 7;
}

struct hj_stubsite hj_site[HJ_STUB_MAX];

int
hj_stub_take(enum hj_sitekind kind, unsigned char *resume, int32_t value)
{
	static const uint16_t end[] = { [HJ_SITE_CMP32] = HJ_STUB_CMP640,
		[HJ_SITE_CMP64] = HJ_STUB_MOV0,
		[HJ_SITE_MOV] = HJ_STUB_MAX };
	static uint16_t next[] = { [HJ_SITE_CMP32] = HJ_STUB_CMP320,
		[HJ_SITE_CMP64] = HJ_STUB_CMP640,
		[HJ_SITE_MOV] = HJ_STUB_MOV0 };
	int slot = next[kind];

	if (slot == end[kind])
		return -ENOSPC;
	next[kind]++;
	hj_site[slot] = (struct hj_stubsite){ resume, value };
	return slot;
}

/* Is every byte of [p, p+plen) within a jump of every one of [q, q+qlen)? */
static int
in_reach(const unsigned char *p, size_t plen, const unsigned char *q,
    size_t qlen)
{
	long a = (long)(q + qlen) - (long)p;
	long b = (long)(p + plen) - (long)q;

	return a < (long)REACH && b < (long)REACH;
}

/* Memory within reach of the text. */
static unsigned char *
hop_memory(const unsigned char *text, size_t len, size_t size)
{
	unsigned long d;
	long p;
	int side;

	for (d = HOP_STEP; d < REACH; d += HOP_STEP) {
		for (side = 0; side < 2; side++) {
			unsigned long at = (unsigned long)text & ~0xffful;

			at = side == 0 ? at - d : at + len + d;
			p = rumpuser_syscall(__NR_mmap, (long)(at & ~0xffful),
			    (long)size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			    -1, 0);
			if (p < 0 && p > -4096)
				continue;
			if (in_reach(text, len, (unsigned char *)p, size))
				return (unsigned char *)p;
			rumpuser_syscall(__NR_munmap, p, (long)size, 0, 0, 0,
			    0);
		}
	}
	return NULL;
}

int
hj_stub_hops(const unsigned char *text, size_t len, const uint16_t *slot,
    unsigned int n, unsigned char **hops)
{
	static const unsigned char jmp[6] = { 0xff, 0x25, 0, 0, 0, 0 };
	size_t size = (n * HJ_HOP_SIZE + 4095ul) & ~4095ul;
	unsigned char *h;
	uint64_t to;
	unsigned int i;

	*hops = NULL;
	if (in_reach(text, len, hj_stubs[0], sizeof(hj_stubs)))
		return 0;
	*hops = hop_memory(text, len, size);
	if (*hops == NULL)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		h = *hops + (size_t)i * HJ_HOP_SIZE;
		to = (uint64_t)hj_stubs[slot[i]];
		__builtin_memcpy(h, jmp, sizeof(jmp));
		__builtin_memcpy(h + sizeof(jmp), &to, sizeof(to));
	}
	return (int)rumpuser_syscall(__NR_mprotect, (long)*hops, (long)size,
	    PROT_READ | PROT_EXEC, 0, 0, 0);
}

#endif /* __x86_64__ */
