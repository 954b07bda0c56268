/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page: the page allocator, a buddy system over the arena's pool.
 */
#ifndef RUMPKERN_PAGE_H
#define RUMPKERN_PAGE_H

#include "rumpkern/kern.h"

#define PAGE_MAXORDER	9	/* runs of up to 512 pages, 2 MiB */

enum page_use {
	PAGE_FREE = 0,		/* in a free list (head of its block) */
	PAGE_INNER,		/* inside a block whose head is elsewhere */
	PAGE_RUN,		/* head of an allocated run */
	PAGE_SLAB,		/* head of a slab's run */
	PAGE_DATA,		/* one page of file data */
	PAGE_USE_MAX
};

struct page {
	uint32_t pg_next;	/* list links, by page number; 0: none */
	uint32_t pg_prev;
	uint8_t	pg_use;		/* enum page_use */
	uint8_t	pg_order;
	uint8_t	pg_cache;	/* slab: enum kcache */
	uint8_t	pg_flags;
	uint16_t pg_inuse;	/* slab: objects in use */
	uint16_t pg_bump;	/* slab: objects never used start here */
	uint64_t pg_free;	/* slab: first free object, 0: none */
	uint64_t pg_spare;
};

#define PAGE_COLD	1	/* never touched: the host has no memory yet */

/*
 * A run of 2^order pages, in hand (KHAND_PAGES).  Not zeroed.  NULL: full.
 * *cold (may be NULL) tells whether the run was never touched: it reads as
 * zeroes, and is best filled with rumpuser_arena_write().
 */
void	*page_alloc(unsigned order, bool *cold);
/*
 * Up to n (<= 512) single pages, contiguous if it can be, each in use as
 * PAGE_DATA; as one object in hand: the first page (release with
 * page_data_free_hand()).  Returns how many, 0: full.
 */
/* The caller has the page lock's work done in one go: see tmpfs data. */
size_t	page_data_alloc(size_t n, void *hint, void **first, bool *cold);
void	page_data_free(void *first, size_t n);
void	page_free(void *);

struct page *page_of(const void *);
void	*page_addr(const struct page *);

uint64_t page_total(void);
uint64_t page_nfree(void);

void	page_boot(uint64_t npages);
int	page_check(void);

#endif
