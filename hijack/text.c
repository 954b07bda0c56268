/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A module's text, rewritten once in shared memory for all processes.
 *
 * A process that rewrites libc's text in place copies every page it writes,
 * and a fork copies what maps them.  So one of a kernel's first processes
 * leaves a rewritten copy of the whole text in the arena, and from then on
 * that is mapped where libc's own was: one call, and pages that are shared.
 *
 * A site there is jmp *table(%rip): the table has the addresses of the slots,
 * which differ from one process to the next, and is the process's own.  It is
 * always as far from the text as here, so that the text can be the same.
 *
 * A text that somebody has written into (a debugger: breakpoints) is neither
 * copied nor replaced.  The host tells: such pages are no longer the file's.
 */
#include "hijack/hijack.h"

#if defined(__x86_64__) && defined(__LP64__)

#include <asm/unistd.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "hijack/text.h"
#include "rumpkern/arena.h"

/* The process that asks for a text for the n-th time makes it. */
#define ASKED 4

/* How far below a module its table is. */
#define TABLE_BELOW 0x10000000ul
#define TABLE_SIZE  (HJ_STUB_MAX * sizeof(void *))

/* /proc/PID/pagemap */
#define PM_PRESENT (1ul << 63)
#define PM_SWAPPED (1ul << 62)
#define PM_FILE    (1ul << 61)

static size_t
pages_of(const struct hj_elfmod *m)
{

	return roundup2(m->m_textlen, KPAGE_SIZE);
}

long
hj_text_pagemap(void)
{

	return hj_host(__NR_openat, AT_FDCWD, "/proc/self/pagemap",
	    O_RDONLY | O_CLOEXEC);
}

/* Is the text as the file has it? */
static bool
is_pristine(long pagemap, const struct hj_elfmod *m)
{
	uint64_t pm[256], at = (uintptr_t)m->m_text >> KPAGE_SHIFT;
	size_t n = pages_of(m) >> KPAGE_SHIFT, part, i;
	bool ok = true;

	for (; ok && n > 0; n -= part, at += part) {
		part = kmin(n, nelem(pm));
		ok = hj_host(__NR_pread64, pagemap, pm, part * 8, at * 8) ==
		    (long)part * 8;
		for (i = 0; ok && i < part; i++)
			ok = !(pm[i] & PM_SWAPPED) &&
			    (!(pm[i] & PM_PRESENT) || (pm[i] & PM_FILE));
	}
	return ok;
}

/* May this module's text be elsewhere than in its file? */
static bool
is_movable(long pagemap, const struct hj_elfmod *m)
{

	return ((uintptr_t)m->m_text & KPAGE_MASK) == 0 &&
	    ((uintptr_t)m->m_base & KPAGE_MASK) == 0 &&
	    pages_of(m) <= HJ_TEXT_MAX && is_pristine(pagemap, m);
}

/* The calls that are not the host's, as bits. */
static void
routes(uint64_t bits[HJ_NROUTE / 64])
{
	int i;

	memset(bits, 0, HJ_NROUTE / 8);
	for (i = 0; i < HJ_NROUTE; i++)
		if (hj_route[i] != 0)
			bits[i / 64] |= 1ul << (i % 64);
}

/* jmp *table(%rip), and a no-op. */
static void
write_site(unsigned char *p, long table, enum hj_sitekind kind)
{
	int32_t rel = (int32_t)(table - 6);

	p[0] = 0xff;
	p[1] = 0x25;
	memcpy(p + 2, &rel, sizeof(rel));
	p[6] = 0x90;
	if (hj_site_len(kind) == 8) {
		p[6] = 0x66;
		p[7] = 0x90;
	}
}

bool
hj_text_make(struct hj_sitecache *sc, const struct hj_elfmod *m, long pagemap,
    const uint32_t *site, const int32_t *value, unsigned int n)
{
	struct hj_cacheent *ce = hj_sitecache_get(sc, m);
	uint64_t textoff = (uint64_t)(m->m_text - m->m_base);
	unsigned char *text;
	uint32_t zero = 0;
	unsigned int i;
	long off, len;

	/* Making one costs as much as seven processes save by it. */
	if (ce == NULL ||
	    __atomic_add_fetch(&ce->ce_asked, 1, __ATOMIC_RELAXED) < ASKED ||
	    !is_movable(pagemap, m) ||
	    !__atomic_compare_exchange_n(&ce->ce_textclaim, &zero, 1, 0,
		__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return false;
	text = sc->sc_text[ce - sc->sc_ent];
	len = (long)pages_of(m);
	if (rumpuser_arena_write(page_offset(text), m->m_text, (uint64_t)len,
		0) != len)
		return false;
	for (i = 0; i < n; i++) {
		off = (long)HJ_SITE_OFF(site[i]);
		write_site(text + (off - (long)textoff),
		    (long)(i * sizeof(void *)) - (long)TABLE_BELOW - off,
		    HJ_SITE_KIND(site[i]));
		ce->ce_kept[i] = site[i];
		ce->ce_value[i] = value[i];
	}
	ce->ce_textlen = m->m_textlen;
	ce->ce_textoff = textoff;
	routes(ce->ce_route);
	__atomic_store_n(&ce->ce_nkept, n, __ATOMIC_RELEASE);
	return true;
}

/* Does the text that is there have all sites that matter to us? */
static bool
is_fit(const struct hj_cacheent *ce, const struct hj_elfmod *m, long pagemap)
{
	uint64_t mine[HJ_NROUTE / 64];
	int i;

	if (ce->ce_textlen != m->m_textlen ||
	    ce->ce_textoff != (uint64_t)(m->m_text - m->m_base))
		return false;
	routes(mine);
	for (i = 0; i < HJ_NROUTE / 64; i++)
		if (mine[i] & ~ce->ce_route[i])
			return false;
	return is_movable(pagemap, m);
}

int
hj_text_map(struct hj_sitecache *sc, const struct hj_elfmod *m, long pagemap)
{
	const struct hj_cacheent *ce = hj_sitecache_get(sc, m);
	unsigned char *table = m->m_base - TABLE_BELOW;
	uint32_t i, n;
	long p;
	int slot;

	n = ce != NULL ? __atomic_load_n(&ce->ce_nkept, __ATOMIC_ACQUIRE) : 0;
	if (n == 0 || n > HJ_STUB_MAX || !is_fit(ce, m, pagemap))
		return 0;
	p = hj_host(__NR_mmap, table, TABLE_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p != (long)table)
		goto fail;
	p = hj_host(__NR_mmap, m->m_text, pages_of(m), PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_FIXED, rumpuser_process.ru_arenafd,
	    page_offset(sc->sc_text[ce - sc->sc_ent]));
	if (p != (long)m->m_text) {
		hj_host(__NR_munmap, table, TABLE_SIZE);
		return 0;
	}
	for (i = 0; i < n; i++) {
		slot = hj_stub_take(HJ_SITE_KIND(ce->ce_kept[i]),
		    m->m_base + HJ_SITE_OFF(ce->ce_kept[i]) +
			hj_site_len(HJ_SITE_KIND(ce->ce_kept[i])),
		    ce->ce_value[i]);
		if (slot < 0)
			return slot;
		((unsigned char **)table)[i] = hj_stubs[slot];
	}
	return (int)n;
fail:
	if (p > 0 || p < -4095) /* an old host took another address */
		hj_host(__NR_munmap, p, TABLE_SIZE);
	return 0;
}

#endif /* __x86_64__ */
