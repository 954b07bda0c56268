/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena: making the shared memory, mapping it, and refusing a foreign one.
 *
 * The map, from ARENA_BASE: the header; memory for boot; the cpus; the
 * page descriptors; the pool of pages.  All but the touched pages is sparse.
 */
#include "rumpkern/arena.h"
#include "rumpkern/buildid.h"

#define BOOTMEM      (512UL << 20)
#define MEMLIMIT_MIN (4UL << 20)
#define POOL_ALIGN   (KPAGE_SIZE << PAGE_MAXORDER)

int
arena_parse_size(const char *s, uint64_t *size)
{
	uint64_t v = 0;
	unsigned shift = 0;

	if (*s < '0' || *s > '9')
		return EINVAL;
	for (; *s >= '0' && *s <= '9'; s++) {
		if (v > (UINT64_MAX - 9) / 10)
			return EINVAL;
		v = v * 10 + (*s - '0');
	}
	switch (*s) {
	case 'g':
	case 'G':
		shift += 10; /* FALLTHROUGH */
	case 'm':
	case 'M':
		shift += 10; /* FALLTHROUGH */
	case 'k':
	case 'K':
		shift += 10;
		s++;
		break;
	}
	if (*s != '\0' || v == 0 || v > (1UL << 45) >> shift)
		return EINVAL;
	*size = v << shift;
	return 0;
}

static void
lay_out(struct arena_map *am, uint64_t memlimit)
{
	uint64_t off = roundup2(sizeof(struct arena), POOL_ALIGN);

	/* One largest block is lost to page number 0. */
	memlimit = roundup2(kmax(memlimit, MEMLIMIT_MIN), POOL_ALIGN) +
	    POOL_ALIGN;
	am->am_npages = memlimit >> KPAGE_SHIFT;
	am->am_bootmem = off;
	off += BOOTMEM;
	am->am_cpus = off;
	off += roundup2(sizeof(struct cpu) * CPU_MAX, POOL_ALIGN);
	am->am_pages = off;
	off += roundup2(sizeof(struct page) * am->am_npages, POOL_ALIGN);
	am->am_pool = off;
	am->am_size = off + memlimit;
}

static int
map(int fd, uint64_t size)
{
	int error = rumpuser_arena_map(fd, ARENA, size);

	if (error == 0)
		rumpuser_process.ru_arenafd = fd;
	return -error;
}

int
arena_create(const char *name, uint64_t memlimit)
{
	struct arena_map am;
	int fd, error;

	lay_out(&am, memlimit);
	fd = rumpuser_arena_create(name, am.am_size);
	if (fd < 0)
		return -fd;
	error = map(fd, am.am_size);
	if (error != 0) {
		rumpuser_close(fd);
		return error;
	}
	ARENA->a_magic = ARENA_MAGIC;
	ARENA->a_layout = ARENA_LAYOUT;
	ARENA->a_buildid = RUMP_BUILD_ID;
	ARENA->a_map = am;
	ARENA->a_bootmem = am.am_bootmem;
	ARENA->a_boottime = rumpuser_realtime();
	return 0;
}

/*
 * ENOEXEC: not an arena, or one of another build; EINVAL: not fully booted,
 * or cut short.  Nothing is mapped then.
 */
int
arena_attach(int fd)
{
	struct arena_header hd;
	long n;

	n = rumpuser_pread(fd, &hd, sizeof(hd), 0);
	if (n < 0)
		return -n;
	if (n != sizeof(hd) || hd.ah_magic != ARENA_MAGIC ||
	    hd.ah_layout != ARENA_LAYOUT || hd.ah_buildid != RUMP_BUILD_ID)
		return ENOEXEC;
	if (!hd.ah_ready || rumpuser_filesize(fd) != hd.ah_map.am_size)
		return EINVAL;
	return map(fd, hd.ah_map.am_size);
}

void *
arena_bootmem(size_t size)
{
	uint64_t off = ARENA->a_bootmem;

	ARENA->a_bootmem = off + roundup2(size, 64UL);
	if (ARENA->a_bootmem > ARENA->a_map.am_cpus)
		kpanic("boot: no room for %lu bytes", size);
	return (void *)(ARENA_BASE + off);
}
