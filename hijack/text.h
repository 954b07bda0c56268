/* SPDX-License-Identifier: BSD-2-Clause */
/* A module's text, rewritten once in shared memory for all processes. */

#ifndef HIJACK_TEXT_H
#define HIJACK_TEXT_H

#include "hijack/elfmod.h"
#include "hijack/sitecache.h"

/*
 * What the host says of our pages: a descriptor for the calls below, to be
 * closed, or -errno.
 */
long hj_text_pagemap(void);

/*
 * Where n sites of m are taken out, once: m's text as it is now, with jumps
 * through a table at the sites; value[] as for hj_stub_take().  false: not now.
 */
bool hj_text_make(struct hj_sitecache *sc, const struct hj_elfmod *m,
    long pagemap, const uint32_t *site, const int32_t *value, unsigned int n);

/*
 * Map that in place of m's own text and give its sites slots.  How many sites,
 * 0: there is none that would do, and nothing has changed; or -errno.
 */
int hj_text_map(struct hj_sitecache *sc, const struct hj_elfmod *m,
    long pagemap);

#endif /* HIJACK_TEXT_H */
