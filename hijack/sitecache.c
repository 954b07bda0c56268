/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a build of libc or ld.so has its system calls, kept across execs. */

#include "hijack/sitecache.h"

static int
same_id(const struct hj_cacheent *ce, const struct hj_elfmod *m)
{
	uint32_t i;

	if (ce->ce_idlen != m->m_idlen)
		return 0;
	for (i = 0; i < m->m_idlen; i++)
		if (ce->ce_id[i] != m->m_id[i])
			return 0;
	return 1;
}

struct hj_cacheent *
hj_sitecache_get(struct hj_sitecache *sc, const struct hj_elfmod *m)
{
	struct hj_cacheent *ce;
	uint32_t count;
	int i;

	if (sc == NULL || m->m_idlen == 0)
		return NULL;
	for (i = 0; i < HJ_CACHE_ENTS; i++) {
		ce = &sc->sc_ent[i];
		count = __atomic_load_n(&ce->ce_count, __ATOMIC_ACQUIRE);
		if (count != 0 && count <= HJ_STUB_MAX && same_id(ce, m))
			return ce;
	}
	return NULL;
}

void
hj_sitecache_put(struct hj_sitecache *sc, const struct hj_elfmod *m,
    const uint32_t *site, uint32_t count)
{
	struct hj_cacheent *ce;
	uint32_t i, zero;
	int e;

	if (sc == NULL || m->m_idlen == 0 || count == 0)
		return;
	for (e = 0; e < HJ_CACHE_ENTS; e++) {
		ce = &sc->sc_ent[e];
		zero = 0;
		if (!__atomic_compare_exchange_n(&ce->ce_claim, &zero, 1, 0,
			__ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		ce->ce_idlen = m->m_idlen;
		for (i = 0; i < m->m_idlen; i++)
			ce->ce_id[i] = m->m_id[i];
		for (i = 0; i < count; i++)
			ce->ce_site[i] = site[i];
		__atomic_store_n(&ce->ce_count, count, __ATOMIC_RELEASE);
		return;
	}
}
