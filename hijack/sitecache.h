/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a build of libc or ld.so has its system calls, kept across execs. */

#ifndef HIJACK_SITECACHE_H
#define HIJACK_SITECACHE_H

#include <stdint.h>

#include "hijack/elfmod.h"
#include "hijack/stub.h"

#define HJ_CACHE_ENTS 8

/* A site: offset from the module's base, kind in the top four bits. */
#define HJ_SITE(off, kind) ((uint32_t)(off) | (uint32_t)(kind) << 28)
#define HJ_SITE_OFF(s)     ((s)&0x0fffffffu)
#define HJ_SITE_KIND(s)    ((enum hj_sitekind)((s) >> 28))

/* Room for the text of a module, rewritten. */
#define HJ_TEXT_MAX (4ul << 20)

/*
 * Lives in memory shared by processes; zero bytes are an empty cache.
 * An entry is claimed by whoever moves ce_claim from 0 to 1, filled by that
 * one alone, and published by storing ce_count (not 0); from then on it is
 * constant.  If the writer dies before that the entry is lost, no more.
 * Readers check each site's bytes, so an entry is a hint, not a promise.
 * What belongs to the text (text.h) is claimed and published the same way.
 */
struct hj_sitecache {
	struct hj_cacheent {
		uint32_t ce_claim;
		uint32_t ce_count;
		uint32_t ce_idlen;
		unsigned char ce_id[HJ_BUILDID_MAX];
		uint32_t ce_site[HJ_STUB_MAX];

		uint32_t ce_asked; /* how often for the text in vain */
		uint32_t ce_textclaim;
		uint32_t ce_nkept;   /* not 0: the text is there */
		uint64_t ce_textlen; /* of the module's text */
		uint64_t ce_textoff; /* where in the module it is */
		uint64_t ce_route[HJ_NROUTE / 64]; /* calls not the host's */
		uint32_t ce_kept[HJ_STUB_MAX];     /* the sites written */
		int32_t ce_value[HJ_STUB_MAX];     /* see hj_stub_take() */
	} sc_ent[HJ_CACHE_ENTS];
	unsigned char sc_text[HJ_CACHE_ENTS][HJ_TEXT_MAX]
	    __attribute__((aligned(4096)));
};

/* The published entry for this build, or NULL. */
struct hj_cacheent *hj_sitecache_get(struct hj_sitecache *sc,
    const struct hj_elfmod *m);

/* Publish; does nothing if there is no room or no build id. */
void hj_sitecache_put(struct hj_sitecache *sc, const struct hj_elfmod *m,
    const uint32_t *site, uint32_t count);

#endif /* HIJACK_SITECACHE_H */
