/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * page: the page allocator, a buddy system over the arena's pool.
 */
#ifndef RUMPKERN_PAGE_H
#define RUMPKERN_PAGE_H

#include "rumpkern/kern.h"

#define PAGE_MAXORDER 9 /* runs of up to 512 pages, 2 MiB */

enum page_use {
	PAGE_INNER = 0, /* inside a block whose head is elsewhere */
	PAGE_FREE,      /* in a free list (head of its block) */
	PAGE_RUN,       /* head of an allocated run */
	PAGE_SLAB,      /* head of a slab's run */
	PAGE_DATA,      /* one page of file data */
	PAGE_USE_MAX
};

struct page {
	uint32_t pg_next; /* list links, by page number; 0: none */
	uint32_t pg_prev;
	uint8_t pg_use; /* enum page_use */
	uint8_t pg_order;
	uint8_t pg_cache; /* slab: enum kcache */
	uint8_t pg_flags;
	uint16_t pg_inuse; /* slab: objects in use */
	uint16_t pg_bump;  /* slab: objects never used start here */
	uint64_t pg_free;  /* slab: first free object, 0: none */
	uint64_t pg_spare;
};

#define PAGE_COLD 1 /* never touched: the host has no memory yet */

/*
 * A run of 2^order pages, in hand (KHAND_PAGES).  Not zeroed.  NULL: full.
 * The whole run is freed at once, by page_free().
 */
void *page_alloc(unsigned order);
/*
 * The same of the last pages too, which are for processes: they bring a full
 * kernel back to life.
 */
void *page_alloc_last(unsigned order);

/*
 * Up to n (1 to 512) contiguous pages of file data, each of which can be freed
 * alone.  Returns how many, 0: full; *first is the first page's address.  It is
 * at goal if a page is free there; goal is NULL, or the end of a page that the
 * caller has.
 * They are in hand as one object, PAGE_HAND(*first, number).  *cold tells
 * whether they were never touched: then they read as zeroes, and are best
 * filled with rumpuser_arena_write(); others hold stale bytes.
 */
size_t page_data_alloc(size_t n, const void *goal, void **first, bool *cold);

/* How pages are named in the hand: file data, up to 512 of them, or a run. */
#define PAGE_HAND(addr, n) ((void *)((uintptr_t)(addr) | ((n)-1)))

/* Free what is in hand, by its name there. */
void page_free(void *hand);

/* The offset in the arena of an address, for rumpuser_arena_write(). */
#define page_offset(addr) ((uint64_t)(uintptr_t)(addr)-ARENA_BASE)

struct page *page_of(const void *);
void *page_addr(const struct page *);

uint64_t page_total(void);
uint64_t page_nfree(void);
uint32_t page_brk(void); /* page numbers in use end here */

void page_boot(void);
int page_check(void);

#endif
