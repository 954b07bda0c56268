/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rewriting the system call instructions of libc and ld.so.
 *
 * Overview
 *	A site is one of three byte patterns with room for a five-byte jmp:
 *		b8 nr32 0f 05			mov $nr,%eax; syscall
 *		0f 05 48 3d {00,01} f0 ff ff	syscall; cmp $-409x,%rax
 *		0f 05 3d 00 f0 ff ff		syscall; cmp $-4096,%eax
 *	It becomes a jmp to a slot of hj_stubs (entry.S) and a no-op; the slot
 *	does what was there.  A jmp and not a call, as the program may be using
 *	the red zone below its stack pointer.
 *
 * Order
 *	Both modules are found before any byte of theirs changes; libc is
 *	written first, ld.so last.  A module's text is one that an earlier
 *	process left for all (text.c), or it is written in place.  While that
 *	is done it is not executable: nothing here may call libc, and the
 *	caller has one thread and no signal handler.
 *
 * Left alone
 *	A site with a fixed number whose route is 0; rt_sigreturn; and sites of
 *	other forms (thread start and exit, abort), which do no harm.  A `b8'
 *	that a REX prefix turns into the mov of an upper register cannot be
 *	told from one that follows some other instruction's last byte, so such
 *	a site is taken by its cmp or not at all.
 */

#include "hijack/rewrite.h"
#include "hijack/text.h"

#include <errno.h>

#if defined(__x86_64__) && defined(__LP64__)

#include <asm/unistd.h>
#include <emmintrin.h>

#include "rumpuser/rumpuser.h"

_Static_assert(offsetof(struct hj_frame, hf_args) == HF_ARGS, "entry.S");
_Static_assert(offsetof(struct hj_frame, hf_ret) == HF_RET, "entry.S");
_Static_assert(offsetof(struct hj_frame, hf_ip) == HF_IP, "entry.S");
_Static_assert(offsetof(struct hj_frame, hf_sp) == HF_SP, "entry.S");
_Static_assert(sizeof(struct hj_frame) == HF_SIZE, "entry.S");

#define SITE_BEFORE 6 /* bytes looked at before a syscall */
#define SITE_AFTER  8 /* and from it on */

static uint32_t
load32(const unsigned char *p)
{
	uint32_t v;

	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

/* Is `0f 05' at p a site?  Its kind and first byte, or 0. */
static int
classify(const unsigned char *p, const unsigned char **site)
{

	/* 0x41 to 0x4f, odd: REX.B */
	if (p[-5] == 0xb8 && load32(p - 4) < HJ_NROUTE &&
	    (p[-6] & 0xf1) != 0x41) {
		if (load32(p - 4) == __NR_rt_sigreturn)
			return 0;
		*site = p - 5;
		return HJ_SITE_MOV;
	}
	*site = p;
	if (p[2] == 0x48 && p[3] == 0x3d &&
	    (load32(p + 4) & ~1u) == 0xfffff000u)
		return HJ_SITE_CMP64;
	if (p[2] == 0x3d && load32(p + 3) == 0xfffff000u)
		return HJ_SITE_CMP32;
	return 0;
}

/* Find the sites of a module.  Their number, or -errno. */
static int
scan(const struct hj_elfmod *m, uint32_t *out, uint32_t room)
{
	const __m128i b0 = _mm_set1_epi8(0x0f), b1 = _mm_set1_epi8(0x05);
	const unsigned char *p = m->m_text + SITE_BEFORE;
	const unsigned char *end = m->m_text + m->m_textlen - SITE_AFTER;
	const unsigned char *site, *q;
	uint32_t n = 0;
	unsigned int hit;
	int kind;

	for (; p < end; p += 16) {
		/* At the end of the segment stay inside it. */
		if (p + 17 > m->m_text + m->m_textlen)
			p = m->m_text + m->m_textlen - 17;
		hit = (unsigned int)_mm_movemask_epi8(_mm_and_si128(
		    _mm_cmpeq_epi8(_mm_loadu_si128((const void *)p), b0),
		    _mm_cmpeq_epi8(_mm_loadu_si128((const void *)(p + 1)),
			b1)));
		for (; hit != 0; hit &= hit - 1) {
			q = p + __builtin_ctz(hit);
			kind = q < end ? classify(q, &site) : 0;
			if (kind == 0)
				continue;
			if (n > 0 &&
			    HJ_SITE_OFF(out[n - 1]) >=
				(uint32_t)(site - m->m_base))
				continue; /* seen: the last chunk */
			if (n == room)
				return -ENOSPC;
			out[n++] = HJ_SITE(site - m->m_base, kind);
		}
	}
	return (int)n;
}

/* Take the sites from the cache if each of them is what it says. */
static int
recall(struct hj_sitecache *cache, const struct hj_elfmod *m, uint32_t *out,
    uint32_t room)
{
	const struct hj_cacheent *ce = hj_sitecache_get(cache, m);
	const unsigned char *p, *site;
	uint32_t i, last = 0;

	if (ce == NULL || ce->ce_count > room)
		return 0;
	for (i = 0; i < ce->ce_count; i++) {
		uint32_t s = ce->ce_site[i];

		p = m->m_base + HJ_SITE_OFF(s);
		if (HJ_SITE_OFF(s) <= last || p < m->m_text + SITE_BEFORE ||
		    p >= m->m_text + m->m_textlen - 5 - SITE_AFTER)
			return 0;
		last = HJ_SITE_OFF(s) + 6;
		if (HJ_SITE_KIND(s) == HJ_SITE_MOV)
			p += 5;
		if (p[0] != 0x0f || p[1] != 0x05 ||
		    classify(p, &site) != (int)HJ_SITE_KIND(s))
			return 0;
		out[i] = s;
	}
	return (int)ce->ce_count;
}

/* Drop the sites that can only ever make calls that are the host's. */
static int
drop_host(const struct hj_elfmod *m, uint32_t *site, int n)
{
	int i, kept = 0;

	for (i = 0; i < n; i++) {
		if (HJ_SITE_KIND(site[i]) == HJ_SITE_MOV &&
		    hj_route[load32(m->m_base + HJ_SITE_OFF(site[i]) + 1)] == 0)
			continue;
		site[kept++] = site[i];
	}
	return kept;
}

static int
find_sites(const struct hj_elfmod *m, struct hj_sitecache *cache, uint32_t *out,
    uint32_t room)
{
	int n;

	if (m->m_textlen < 64 ||
	    (size_t)(m->m_text - m->m_base) + m->m_textlen >= HJ_SITE_OFF(~0u))
		return -ENOEXEC;
	n = recall(cache, m, out, room);
	if (n == 0) {
		n = scan(m, out, room);
		if (n > 0)
			hj_sitecache_put(cache, m, out, (uint32_t)n);
	}
	return n > 0 ? drop_host(m, out, n) : n;
}

/* What the slot of a site has to know. */
static int32_t
site_value(const struct hj_elfmod *m, uint32_t site)
{
	static const int at[] = { [HJ_SITE_MOV] = 1,
		[HJ_SITE_CMP64] = 4,
		[HJ_SITE_CMP32] = 3 };

	return (int32_t)load32(m->m_base + HJ_SITE_OFF(site) +
	    at[HJ_SITE_KIND(site)]);
}

/* Give each site a slot. */
static int
take_slots(const struct hj_elfmod *m, const uint32_t *site,
    const int32_t *value, unsigned int n, uint16_t *slot)
{
	enum hj_sitekind kind;
	unsigned int i;
	int s;

	for (i = 0; i < n; i++) {
		kind = HJ_SITE_KIND(site[i]);
		s = hj_stub_take(kind,
		    m->m_base + HJ_SITE_OFF(site[i]) + hj_site_len(kind),
		    value[i]);
		if (s < 0)
			return s;
		slot[i] = (uint16_t)s;
	}
	return 0;
}

/* Write a module's sites: site[i] jumps to its slot, or to hops[i]. */
static int
write_sites(const struct hj_elfmod *m, const uint32_t *site, unsigned int n,
    const uint16_t *slot, const unsigned char *hops, size_t pagesz)
{
	unsigned char insn[8] = { 0xe9, 0, 0, 0, 0, 0, 0, 0 };
	const unsigned char *target;
	struct hj_poke pk;
	unsigned char *p;
	int error, end;
	int32_t rel;
	unsigned int i;

	error = hj_poke_begin(&pk, m->m_text, m->m_textlen, pagesz);
	if (error != 0)
		return error;
	for (i = 0; i < n && error == 0; i++) {
		p = m->m_base + HJ_SITE_OFF(site[i]);
		target = hops != NULL ? hops + (size_t)i * HJ_HOP_SIZE :
					hj_stubs[slot[i]];
		rel = (int32_t)(target - (p + 5));
		__builtin_memcpy(insn + 1, &rel, sizeof(rel));
		if (HJ_SITE_KIND(site[i]) == HJ_SITE_CMP64) {
			insn[5] = 0x0f; /* nopl (%rax) */
			insn[6] = 0x1f;
			insn[7] = 0x00;
		} else {
			insn[5] = 0x66; /* xchg %ax,%ax */
			insn[6] = 0x90;
		}
		error = hj_poke_write(&pk, p, insn,
		    (size_t)hj_site_len(HJ_SITE_KIND(site[i])));
	}
	end = hj_poke_end(&pk);
	return error != 0 ? error : end;
}

/* One module: the text that is there for all, or its own.  How many sites. */
static int
rewrite_module(const struct hj_elfmod *m, struct hj_sitecache *cache,
    long pagemap, size_t pagesz, const char **err)
{
	uint32_t site[HJ_STUB_MAX];
	int32_t value[HJ_STUB_MAX];
	uint16_t slot[HJ_STUB_MAX];
	unsigned char *hops;
	int error, i, n;

	*err = "more system call sites than there are stubs";
	if (pagemap >= 0 && (n = hj_text_map(cache, m, pagemap)) != 0)
		return n;
	n = find_sites(m, cache, site, HJ_STUB_MAX);
	if (n <= 0) {
		*err = "no usable system call sites";
		return n < 0 ? n : -ENOEXEC;
	}
	for (i = 0; i < n; i++)
		value[i] = site_value(m, site[i]);
	if (pagemap >= 0 &&
	    hj_text_make(cache, m, pagemap, site, value, (unsigned int)n) &&
	    (error = hj_text_map(cache, m, pagemap)) != 0)
		return error;
	error = take_slots(m, site, value, (unsigned int)n, slot);
	if (error != 0)
		return error;
	*err = "no memory within 2 GiB of libc for the stubs";
	error = hj_stub_hops(m->m_text, m->m_textlen, slot, (unsigned int)n,
	    &hops);
	if (error != 0)
		return error;
	*err = "the text of libc is locked";
	error = write_sites(m, site, (unsigned int)n, slot, hops, pagesz);
	return error != 0 ? error : n;
}

int
hj_rewrite(const struct hj_auxinfo *ai, unsigned int which,
    struct hj_sitecache *cache, bool share, const char **err)
{
	struct hj_elfmod mod[HJ_NMOD];
	long pagemap = -1;
	int error, n = 0, sum = 0;
	unsigned int k;

	error = hj_elfmod_find(ai, which, mod, err);
	if (error != 0)
		return error;
	if (share)
		pagemap = hj_text_pagemap();
	for (k = 0; k < HJ_NMOD && n >= 0; k++) {
		if ((which & HJ_BIT(k)) == 0)
			continue;
		n = rewrite_module(&mod[k], cache, pagemap, ai->ai_pagesz, err);
		sum += n;
	}
	if (pagemap >= 0)
		rumpuser_syscall(__NR_close, pagemap, 0, 0, 0, 0, 0);
	if (n < 0)
		return n;
	*err = NULL;
	return sum;
}

#else

int
hj_rewrite(const struct hj_auxinfo *ai, unsigned int which,
    struct hj_sitecache *cache, bool share, const char **err)
{

	(void)ai;
	(void)which;
	(void)cache;
	(void)share;
	*err = "system calls can be intercepted on x86-64 only";
	return -ENOSYS;
}

long
hj_call_kernel(long (*fn)(void *), void *arg)
{

	return fn(arg);
}

#endif /* __x86_64__ */
