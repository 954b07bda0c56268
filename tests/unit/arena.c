/* SPDX-License-Identifier: BSD-2-Clause */
/* What is no arena of ours is refused, and nothing is mapped. */
#include <sys/mman.h>

#include "rumpkern/arena.h"
#include "syscalls/init.h"
#include "tests/unit/unit.h"

extern char **environ;

TestSuite(arena, .timeout = 20);

static int fd;
static struct arena_header good;

/* A kernel is made by another process; we have its arena's descriptor. */
static void
start(void)
{
	struct arena_header *hd;

	EQ(kern_start(environ), 0);
	fd = memfd_create("arena", 0);
	OK(fd);
	hd = &good;
	hd->ah_magic = ARENA_MAGIC;
	hd->ah_layout = ARENA_LAYOUT;
	hd->ah_ready = 1;
	hd->ah_map.am_size = 64 << 20;
	EQ(ftruncate(fd, 64 << 20), 0);
}

static void
put(const struct arena_header *hd)
{

	EQ(pwrite(fd, hd, sizeof(*hd), 0), sizeof(*hd));
}

static void
refused(int why)
{

	EQ(arena_attach(fd), why);
	EQ(rumpuser_process.ru_arenafd, -1);
	EQ(msync((void *)ARENA_BASE, 4096, MS_ASYNC), -1);
	EQ(errno, ENOMEM);
}

Test(arena, a_foreign_file_is_refused, .init = start)
{

	refused(ENOEXEC);
	EQ(ftruncate(fd, 10), 0);
	refused(ENOEXEC);
	fd = open("/etc/passwd", O_RDONLY);
	refused(ENOEXEC);
	fd = -1;
	refused(EBADF);
}

Test(arena, another_build_is_refused, .init = start)
{

	good.ah_buildid = 1;
	put(&good);
	refused(ENOEXEC);
}

static uint64_t
own_buildid(void)
{
	int p[2];
	uint64_t id = 0;

	EQ(pipe(p), 0);
	if (fork() == 0) {
		setenv("RUMP_MEMLIMIT", "4M", 1);
		if (rump_init() == 0)
			id = ARENA->a_buildid;
		_exit(write(p[1], &id, sizeof(id)) != sizeof(id));
	}
	EQ(read(p[0], &id, sizeof(id)), sizeof(id));
	cr_assert_neq(id, 0);
	return id;
}

Test(arena, one_of_another_layout_is_refused, .init = start)
{

	good.ah_buildid = own_buildid();
	good.ah_layout++;
	put(&good);
	refused(ENOEXEC);
}

Test(arena, one_cut_short_is_refused, .init = start)
{

	good.ah_buildid = own_buildid();
	put(&good);
	EQ(ftruncate(fd, 32 << 20), 0);
	refused(EINVAL);
}

Test(arena, one_not_booted_is_refused, .init = start)
{

	good.ah_buildid = own_buildid();
	good.ah_ready = 0;
	put(&good);
	refused(EINVAL);
}

Test(arena, taken_addresses_are_eexist)
{
	void *p = mmap((void *)(ARENA_BASE + (1 << 20)), 4096, PROT_READ,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	cr_assert_eq(p, (void *)(ARENA_BASE + (1 << 20)));
	EQ(rump_init(), EEXIST);
	EQ(munmap(p, 4096), 0);
	EQ(rump_init(), 0);
}

Test(arena, a_malformed_limit_is_einval)
{

	setenv("RUMP_MEMLIMIT", "lots", 1);
	EQ(rump_init(), EINVAL);
	unsetenv("RUMP_MEMLIMIT");
	setenv("RUMP_SPIN_US", "often", 1);
	EQ(rump_init(), EINVAL);
}
