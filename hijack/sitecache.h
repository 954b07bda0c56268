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

/*
 * Lives in memory shared by processes; zero bytes are an empty cache.
 * An entry is claimed by whoever moves ce_claim from 0 to 1, filled by that
 * one alone, and published by storing ce_count (not 0); from then on it is
 * constant.  If the writer dies before that the entry is lost, no more.
 * Readers check each site's bytes, so an entry is a hint, not a promise.
 */
struct hj_sitecache {
	struct hj_cacheent {
		uint32_t ce_claim;
		uint32_t ce_count;
		uint32_t ce_idlen;
		unsigned char ce_id[HJ_BUILDID_MAX];
		uint32_t ce_site[HJ_STUB_MAX];
	} sc_ent[HJ_CACHE_ENTS];
};

/* The published entry for this build, or NULL. */
const struct hj_cacheent *hj_sitecache_get(const struct hj_sitecache *sc,
    const struct hj_elfmod *m);

/* Publish; does nothing if there is no room or no build id. */
void hj_sitecache_put(struct hj_sitecache *sc, const struct hj_elfmod *m,
    const uint32_t *site, uint32_t count);

#endif /* HIJACK_SITECACHE_H */
