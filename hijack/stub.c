/* SPDX-License-Identifier: BSD-2-Clause */
/* Making stubs, and writing into text at all. */

#include "hijack/stub.h"

#if defined(__x86_64__) && defined(__LP64__)

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>

#include "rumpuser/rumpuser.h"

#define HOP_SIZE 16           /* jmp *0(%rip), address */
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

int
hj_stub_make(const struct hj_poke *pk, unsigned int i,
    const unsigned char *site, enum hj_sitekind kind)
{
	unsigned char head[5] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	unsigned char tail[6] = { 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 };
	unsigned char *slot = hj_stubs[i];
	uint64_t resume = (uint64_t)site + (uint64_t)hj_site_len(kind);
	int error, k;

	switch (kind) {
	case HJ_SITE_MOV: /* the mov moves here */
		__builtin_memcpy(head, site, 5);
		error = hj_poke_write(pk, slot + HJ_STUB_POSTNR, site + 1, 4);
		if (error != 0)
			return error;
		break;
	case HJ_SITE_CMP64:
		__builtin_memcpy(tail, site + 2, 6);
		break;
	case HJ_SITE_CMP32: /* 5 bytes and a one-byte no-op */
		for (k = 0; k < 5; k++)
			tail[k] = site[2 + k];
		tail[5] = 0x90;
		break;
	}
	error = hj_poke_write(pk, slot + HJ_STUB_NR, head, sizeof(head));
	if (error == 0)
		error = hj_poke_write(pk, slot + HJ_STUB_TAIL, tail,
		    sizeof(tail));
	if (error == 0)
		error = hj_poke_write(pk, slot + HJ_STUB_RESUME, &resume,
		    sizeof(resume));
	return error;
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

unsigned char *
hj_stub_targets(const unsigned char *text, size_t len, unsigned int first,
    unsigned int n, size_t *stride)
{
	static const unsigned char jmp[6] = { 0xff, 0x25, 0, 0, 0, 0 };
	unsigned char *hops, *h;
	uint64_t to;
	unsigned int i;
	size_t size = (n * HOP_SIZE + 4095ul) & ~4095ul;

	*stride = HJ_STUB_SIZE;
	if (in_reach(text, len, hj_stubs[0], sizeof(hj_stubs)))
		return hj_stubs[first];
	*stride = HOP_SIZE;
	hops = hop_memory(text, len, size);
	if (hops == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		h = hops + (size_t)i * HOP_SIZE;
		to = (uint64_t)hj_stubs[first + i];
		__builtin_memcpy(h, jmp, sizeof(jmp));
		__builtin_memcpy(h + sizeof(jmp), &to, sizeof(to));
	}
	if (rumpuser_syscall(__NR_mprotect, (long)hops, (long)size,
		PROT_READ | PROT_EXEC, 0, 0, 0) != 0)
		return NULL;
	return hops;
}

#endif /* __x86_64__ */
