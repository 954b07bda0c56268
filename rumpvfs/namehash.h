/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * namehash: the hash of a name in a directory, a word at a time.
 */
#ifndef RUMPVFS_NAMEHASH_H
#define RUMPVFS_NAMEHASH_H

#include "rumpkern/kern.h"

struct vnode;

#define NAMEHASH_MUL 0x9e3779b97f4a7c15UL

static inline uint64_t
namehash_word(uint64_t h, uint64_t w)
{

	h = (h ^ w) * NAMEHASH_MUL;
	return h ^ h >> 29;
}

static inline uint64_t
namehash_end(uint64_t h, const struct vnode *dvp)
{

	h = (h ^ (uint64_t)(uintptr_t)dvp >> 5) * NAMEHASH_MUL;
	return h ^ h >> 31;
}

#endif
