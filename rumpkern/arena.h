/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena: the shared memory that is the kernel; its header and its map.
 */
#ifndef RUMPKERN_ARENA_H
#define RUMPKERN_ARENA_H

#include "rumpkern/kern.h"
#include "rumpkern/kmutex.h"
#include "rumpkern/cpu.h"
#include "rumpkern/page.h"

#define ARENA_BASE   0x550000000000UL
#define ARENA_MAGIC  0x616e657261706d72UL /* "rmparena" */
#define ARENA_LAYOUT 1

struct kmem_state;   /* kmem.c */
struct page_state;   /* page.c */
struct lwproc_state; /* lwproc/lwproc.h */
struct vfs_state;    /* rumpvfs/vfs.h */
struct net_state;    /* rumpnet/net.h */
struct epoll_state;  /* rumpvfs/epoll.h */

/* Offsets from ARENA_BASE; all multiples of 2 MiB. */
struct arena_map {
	uint64_t am_size;    /* bytes in all */
	uint64_t am_bootmem; /* memory for boot */
	uint64_t am_cpus;    /* struct cpu[CPU_MAX] */
	uint64_t am_pages;   /* struct page[am_npages] */
	uint64_t am_pool;    /* the pages */
	uint64_t am_npages;
};

/* What an attaching process looks at before it maps the rest. */
struct arena_header {
	uint64_t ah_magic;
	uint32_t ah_layout;
	uint32_t ah_ready;   /* set last: booted */
	uint64_t ah_buildid; /* hash of the kernel it was made by */
	struct arena_map ah_map;
};

struct arena {
	struct arena_header a_header;
	uint64_t a_bootmem;       /* offset of what boot may still take */
	uint64_t a_boottime;      /* realtime, ns */
	_Atomic uint32_t a_ndead; /* hosts that wait for reap_all() */
	/* See deathwatch.h. */
	uint32_t a_bell;           /* always 0 */
	_Atomic uint64_t a_looked; /* when it was last looked for the dead */
	_Atomic uint64_t a_expiry; /* when something ends by itself; 0: never */
	struct rumpuser_robust a_robust; /* of threads without a list */

	struct kmutex a_reaplock;
	_Atomic uint32_t a_ncpus; /* cpus ever used: the table ends there */
	_Atomic uint32_t a_nhosts;
	_Atomic uint32_t a_users; /* there are processes of several users */

	struct page_state *a_page;
	struct kmem_state *a_kmem;
	struct lwproc_state *a_lwproc;
	struct vfs_state *a_vfs;
	struct net_state *a_net;
	struct epoll_state *a_epoll;

	struct host a_host[HOST_MAX];
	/* A cache of the shim's: libc's system calls, and texts; sparse. */
	uint8_t a_sitecache[33 << 20] __attribute__((aligned(4096)));
};

#define a_magic   a_header.ah_magic
#define a_layout  a_header.ah_layout
#define a_ready   a_header.ah_ready
#define a_buildid a_header.ah_buildid
#define a_map     a_header.ah_map

#define ARENA ((struct arena *)ARENA_BASE)

/* Is this an address in the arena? */
static inline bool
arena_contains(const void *p)
{
	return (uintptr_t)p - ARENA_BASE < ARENA->a_map.am_size;
}

/* Make a new arena and map it; or map an existing one.  0 or errno. */
int arena_create(const char *name, uint64_t memlimit);
int arena_attach(int fd);
/* Zeroed memory for ever, at boot only; costs nothing until it is used. */
void *arena_bootmem(size_t size);
/* RUMP_MEMLIMIT's value in bytes; EINVAL if malformed. */
int arena_parse_size(const char *s, uint64_t *size);

/* Walk everything; the number of faults found, each said on stderr. */
int rump_kern_check(void);

#endif
