/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kmem: object caches over pages.  An allocated object is in hand
 * (KHAND_MEM) until it is linked; a freed one must be in hand.
 *
 * Objects of a named cache keep their type for ever: a stale pointer into one
 * sees another object of that type, never anything else.
 */
#ifndef RUMPKERN_KMEM_H
#define RUMPKERN_KMEM_H

#include "rumpkern/kern.h"

enum kcache {
	/* general sizes */
	KC_32,
	KC_64,
	KC_96,
	KC_128,
	KC_192,
	KC_256,
	KC_384,
	KC_512,
	KC_1024,
	KC_2048,
	/* named types */
	KC_PROC,
	KC_LWP,
	KC_FDESC,
	KC_FILE,
	KC_VNODE,
	KC_RADIX,
	KC_PIPE,
	KC_FLOCK,
	KC_WAITENT,
	KC_SOCK,
	KC_CONN,
	KC_EPOLL,
	KC_EPITEM,
	KC_MAX
};

/* Zeroed memory, in hand.  NULL: the arena is full. */
void *kmem_cache_alloc(enum kcache);
/* Any size; above 2048 bytes it is pages.  Zeroed, in hand. */
void *kmem_alloc(size_t);
/* Free an object of either kind.  It must be in hand; leaves the hand. */
void kmem_free(void *);
/* The usable size of an object. */
size_t kmem_size(const void *);
/* Is this the address of a live object of the cache?  For wild pointers. */
bool kmem_valid(enum kcache, const void *);
/*
 * The object size of a named cache is set once, at boot.  The first `keep'
 * bytes of an object are not zeroed by an allocation: generations live there
 * (after the first word, which links free objects).
 */
void kmem_cache_setsize(enum kcache, size_t size, size_t keep);
/* Would an allocation do without more pages?  A moment's truth. */
bool kmem_cache_hasfree(enum kcache);
/* Live objects in a cache. */
uint64_t kmem_cache_count(enum kcache);

/* For checks: visit every object of a cache; some may be free.  The sum. */
int kmem_visit(enum kcache, int (*fn)(void *obj));
int kmem_each(enum kcache, int (*fn)(void *obj, void *arg), void *arg);

void kmem_boot(void);
int kmem_check(void);

#endif
