/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypercalls on the arena's memory, and who of its users is alive.
 *
 * A process that uses the arena holds a POSIX record lock on one byte of the
 * memfd, at the number of its host slot.  The host drops it when the process
 * dies, however it dies, and keeps it across exec, so that "is slot N alive"
 * has an exact answer that no reuse of pids can spoil.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "rumpuser/rumpuser.h"

/* Locks lie above any size the arena can have. */
#define CLAIM_BASE (1L << 60)

#ifndef SEEK_DATA
#define SEEK_DATA 3
#endif

/* The kernel's struct flock on 64-bit machines. */
struct host_flock {
	short l_type;
	short l_whence;
	long l_start;
	long l_len;
	int l_pid;
};

static char *
append(char *p, char *end, const char *s)
{

	while (*s != '\0' && p < end)
		*p++ = *s++;
	*p = '\0';
	return p;
}

/* name NULL: private to a tree of processes; else POSIX shared memory. */
int
rumpuser_arena_create(const char *name, uint64_t size)
{
	char path[128];
	long fd, error;

	if (name == NULL) {
		fd = rumpuser_syscall(__NR_memfd_create, (long)"rump",
		    MFD_ALLOW_SEALING, 0, 0, 0, 0);
	} else {
		append(append(path, path + sizeof(path) - 1, "/dev/shm/"),
		    path + sizeof(path) - 1, name);
		fd = rumpuser_syscall(__NR_openat, AT_FDCWD, (long)path,
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600, 0, 0);
	}
	if (fd < 0)
		return fd;
	error = rumpuser_syscall(__NR_ftruncate, fd, size, 0, 0, 0, 0);
	if (error < 0) {
		rumpuser_syscall(__NR_close, fd, 0, 0, 0, 0, 0);
		return error;
	}
	return fd;
}

int
rumpuser_arena_map(int fd, void *base, uint64_t size)
{
	long p;

	p = rumpuser_syscall(__NR_mmap, (long)base, size,
	    PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);
	if (p < 0 && p > -4096)
		return p;
	if (p != (long)base) {
		/* A host older than MAP_FIXED_NOREPLACE took it as a hint. */
		rumpuser_syscall(__NR_munmap, p, size, 0, 0, 0, 0);
		return -EEXIST;
	}
	rumpuser_syscall(__NR_madvise, p, size, MADV_DONTDUMP, 0, 0, 0);
	rumpuser_process.ru_nseen = size / 4096;
	return 0;
}

int
rumpuser_arena_discard(uint64_t off, uint64_t len)
{

	return rumpuser_syscall(__NR_fallocate, rumpuser_process.ru_arenafd,
	    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, off, len, 0, 0);
}

/*
 * mincore() says yes of pages in memory only: what it denies may be swapped
 * out, and counts as data of the memfd all the same.
 */
void
rumpuser_arena_touched(const void *addr, uint64_t off, uint64_t n,
    uint8_t *touched)
{
	int fd = rumpuser_process.ru_arenafd;
	uint64_t i;
	long next;

	if (rumpuser_syscall(__NR_mincore, (long)addr, n * 4096, (long)touched,
		0, 0, 0) < 0)
		for (i = 0; i < n; i++)
			touched[i] = 0;
	for (i = 0; i < n; i++) {
		touched[i] &= 1;
		if (touched[i])
			continue;
		next = rumpuser_syscall(__NR_lseek, fd, off + i * 4096,
		    SEEK_DATA, 0, 0, 0);
		if (next < 0)
			next = off + n * 4096;
		for (; i < n && off + i * 4096 < (uint64_t)next; i++)
			touched[i] = 0;
		if (i < n)
			touched[i] = 1;
	}
}

long
rumpuser_arena_write(uint64_t off, const void *buf, uint64_t len,
    uint64_t zeroes)
{
	static const char zero[4096];
	struct iovec iov[2] = {
		{ (void *)(uintptr_t)buf, len },
		{ (void *)(uintptr_t)zero, zeroes },
	};

	if (zeroes > 0)
		return rumpuser_syscall(__NR_pwritev,
		    rumpuser_process.ru_arenafd, (long)iov, 2, off, 0, 0);
	return rumpuser_syscall(__NR_pwrite64, rumpuser_process.ru_arenafd,
	    (long)buf, len, off, 0, 0);
}

/* Make ru_seen, which a forked child finds empty, as its page tables are. */
bool
rumpuser_arena_see(void)
{
	uint64_t len = (rumpuser_process.ru_nseen + 4095) & ~4095UL;
	long p;

	p = rumpuser_syscall(__NR_mmap, 0, len, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p < 0 && p > -4096)
		return false;
	rumpuser_syscall(__NR_madvise, p, len, MADV_WIPEONFORK, 0, 0, 0);
	rumpuser_process.ru_seen = (uint8_t *)p;
	return true;
}

long
rumpuser_pread(int fd, void *buf, size_t len, uint64_t off)
{

	return rumpuser_syscall(__NR_pread64, fd, (long)buf, len, off, 0, 0);
}

uint64_t
rumpuser_filesize(int fd)
{
	long n = rumpuser_syscall(__NR_lseek, fd, 0, SEEK_END, 0, 0, 0);

	return n < 0 ? 0 : n;
}

void
rumpuser_close(int fd)
{

	rumpuser_syscall(__NR_close, fd, 0, 0, 0, 0, 0);
}

uint64_t
rumpuser_physmem(void)
{
	struct {
		long uptime;
		unsigned long loads[3], totalram, freeram, sharedram;
		unsigned long bufferram, totalswap, freeswap;
		unsigned short procs, pad;
		unsigned long totalhigh, freehigh;
		unsigned int mem_unit;
		char fill[64];
	} si;

	if (rumpuser_syscall(__NR_sysinfo, (long)&si, 0, 0, 0, 0, 0) < 0)
		return 1UL << 30;
	return si.totalram * si.mem_unit;
}

static int
set_claim(uint32_t slot, short type)
{
	struct host_flock fl = { type, SEEK_SET, CLAIM_BASE + slot, 1, 0 };

	return rumpuser_syscall(__NR_fcntl, rumpuser_process.ru_arenafd,
	    F_SETLK, (long)&fl, 0, 0, 0);
}

/* -EAGAIN: another process has it. */
int
rumpuser_claim(uint32_t slot)
{

	return set_claim(slot, F_WRLCK);
}

void
rumpuser_unclaim(uint32_t slot)
{

	set_claim(slot, F_UNLCK);
}

bool
rumpuser_claimed(uint32_t slot, uint32_t self)
{
	struct host_flock fl = { F_WRLCK, SEEK_SET, CLAIM_BASE + slot, 1, 0 };

	if (slot == self)
		return true;
	if (rumpuser_syscall(__NR_fcntl, rumpuser_process.ru_arenafd, F_GETLK,
		(long)&fl, 0, 0, 0) < 0)
		return true;
	return fl.l_type != F_UNLCK;
}

int
rumpuser_claimant(uint32_t slot)
{
	struct host_flock fl = { F_WRLCK, SEEK_SET, CLAIM_BASE + slot, 1, 0 };

	if (rumpuser_syscall(__NR_fcntl, rumpuser_process.ru_arenafd, F_GETLK,
		(long)&fl, 0, 0, 0) < 0 ||
	    fl.l_type == F_UNLCK || fl.l_pid < 0)
		return 0;
	return fl.l_pid;
}

int
rumpuser_mark_mine(void)
{
	long p = (long)rumpuser_process.ru_mine;

	if (p == 0) {
		p = rumpuser_syscall(__NR_mmap, 0, 4096, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (p < 0 && p > -4096)
			return p;
		rumpuser_syscall(__NR_madvise, p, 4096, MADV_WIPEONFORK, 0, 0,
		    0);
		rumpuser_process.ru_mine = (uint32_t *)p;
	}
	*(volatile uint32_t *)p = 1;
	return 0;
}
