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

#define ARENA_BASE	0x550000000000UL
#define ARENA_MAGIC	0x616e657261706d72UL	/* "rmparena" */
#define ARENA_LAYOUT	1

struct kmem_state;	/* kmem.c */
struct page_state;	/* page.c */
struct lwproc_state;	/* lwproc/lwproc.h */
struct vfs_state;	/* rumpvfs/vfs.h */
struct net_state;	/* rumpnet */

struct arena {
	uint64_t a_magic;
	uint32_t a_layout;
	uint32_t a_ready;	/* set last: booted */
	uint8_t	a_buildid[32];
	uint64_t a_size;	/* bytes mapped */
	uint64_t a_pool;	/* offset of the page pool */
	uint64_t a_npages;	/* pages in the pool */
	uint64_t a_boottime;	/* realtime, ns */
	uint32_t a_panicked;

	struct kmutex a_reaplock;
	struct kmutex a_hostlock;	/* guards the two tables below */
	uint32_t a_ncpus;	/* cpus ever used: the table ends there */
	uint32_t a_nhosts;

	struct page_state *a_page;
	struct kmem_state *a_kmem;
	struct lwproc_state *a_lwproc;
	struct vfs_state *a_vfs;
	struct net_state *a_net;

	struct host a_host[HOST_MAX];
	/* A cache of the shim's: where libc's system calls are. */
	uint8_t	a_sitecache[128 << 10] __attribute__((aligned(4096)));
};

#define ARENA	((struct arena *)ARENA_BASE)

/* Is this an address in the arena? */
static inline bool
arena_contains(const void *p)
{
	return (uintptr_t)p - ARENA_BASE < ARENA->a_size;
}

/* Make a new arena and map it; or map an existing one.  0 or errno. */
int	arena_create(const char *name, uint64_t memlimit);
int	arena_attach(int fd, const char **why);
/* RUMP_MEMLIMIT's value in bytes; EINVAL if malformed. */
int	arena_parse_size(const char *s, uint64_t *size);

/* Boot every subsystem, in order; see rumpkern/boot.c. */
int	kern_boot(void);

/* Walk everything; the number of faults found, each said on stderr. */
int	rump_kern_check(void);

#endif
