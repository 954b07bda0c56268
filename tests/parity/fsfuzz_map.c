/* SPDX-License-Identifier: BSD-2-Clause */
/* The calls of fsfuzz that map files, and how the host's pages are kept. */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fsfuzz.h"
#include "fsfuzz_ops.h"

#define A(i)   (o->arg[i])
#define FD(i)  arg_fd(s, A(i))
#define OFF(i) ((off_t)arg_offset(A(i)))

/*
 * Whoever touches a hole through a mapping gives the file a page; but as long as
 * nobody writes there the host takes it back when it wants its memory, and the
 * file has a block less, at any time.  Not from a mapping that is locked: the
 * host's side has another like this, which lasts as long as the process.  It is
 * of an open file of its own, as locks last as long as theirs; and a child with
 * a table of its own closes it, as with a close go all locks of the process.
 */
static char *
keep_map(struct side *s, int fd, off_t off, size_t len)
{
	static char *volatile p;
	char name[64];
	int status = 0;
	pid_t pid;

	if (s->index != 0)
		return NULL;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	p = MAP_FAILED;
	pid = vfork();
	if (pid == 0) {
		int own;

		if (geteuid() != 0)
			seteuid(0);
		own = open(name, O_RDONLY | O_NOATIME | O_CLOEXEC);
		p = mmap(NULL, len, PROT_READ, MAP_SHARED, own != -1 ? own : fd,
		    off);
		_exit(p == MAP_FAILED || mlock2(p, len, MLOCK_ONFAULT) == -1 ?
			errno :
			0);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0) {
		fprintf(stderr, "fsfuzz: no locked mapping: %x\n",
		    (unsigned)status);
		_exit(2);
	}
	return p;
}

/* Is what a mapping has there a copy of its own, not the file's page? */
static bool
is_copy(const char *p)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (pread(fd, &entry, sizeof(entry),
		(off_t)((uintptr_t)p / PAGE * sizeof(entry))) !=
	    sizeof(entry)) {
		perror("fsfuzz: pagemap");
		_exit(2);
	}
	close(fd);
	/* Swapped out, or there and nothing that can be shared. */
	return entry >> 62 & 1 || (entry >> 63 && !(entry >> 61 & 1));
}

/*
 * A page of p is about to be touched: if that makes it the file's, it stays so
 * from the first moment on.
 */
static void
keep_page(const char *kept, const char *p, off_t at)
{
	uid_t as = geteuid();

	if (kept == NULL)
		return;
	if (as != 0)
		seteuid(0);
	if (!is_copy(p + at))
		(void)*(const volatile char *)(kept + at);
	if (as != 0)
		seteuid(as);
}

/*
 * Map with a page of nothing on either side: what the host joins to a mapping
 * beside it does not set the file's time of access.
 */
static char *
map_apart(size_t len, int prot, int flags, int fd, off_t off)
{
	char *room = mmap(NULL, len + 2 * PAGE, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int error;

	if (room == MAP_FAILED)
		return NULL;
	if (mmap(room + PAGE, len, prot, flags | MAP_FIXED, fd, off) !=
	    MAP_FAILED)
		return room + PAGE;
	error = errno;
	munmap(room, len + 2 * PAGE);
	errno = error;
	return NULL;
}

static int
unmap_apart(char *p, size_t len)
{

	munmap(p - PAGE, PAGE);
	munmap(p + len, PAGE);
	return munmap(p, len);
}

/* Map a page, read it, change it when it may be, and look again by read. */
long
op_mmap(struct side *s, const struct op *o)
{
	off_t off = OFF(1) & ~(off_t)(PAGE - 1);
	int prot = A(2) & 1 ? PROT_READ | PROT_WRITE : PROT_READ, fd = FD(0);
	int flags = A(2) & 2 ? MAP_PRIVATE : MAP_SHARED;
	struct stat st;
	char *p, *kept, byte = 0;

	p = map_apart(PAGE, prot, flags, fd, off);
	if (p == NULL)
		return -1;
	kept = keep_map(s, fd, off, PAGE);
	if (fstat(fd, &st) == 0 && st.st_size > off) {
		keep_page(kept, p, 0);
		put(s, " mapped=%016llx", (unsigned long long)hash(p, PAGE));
		if (prot & PROT_WRITE) {
			p[0] = 'M';
			msync(p, PAGE, MS_SYNC);
			if (pread(fd, &byte, 1, off) == 1)
				put(s, " byte=%02x", (unsigned char)byte);
		}
	}
	return unmap_apart(p, PAGE);
}

/* A mapping that each side keeps, while calls change its file. */
#define STAY_PAGES 8
static struct {
	char *p, *kept;
	off_t off;
	int fd, prot;
} stay[2];

static long
stay_map(struct side *s, const struct op *o)
{
	off_t off = OFF(1) & ~(off_t)(PAGE - 1);
	int prot = A(2) & 1 ? PROT_READ | PROT_WRITE : PROT_READ;
	int fd = fcntl(FD(0), F_DUPFD_CLOEXEC, 200);
	char *p;

	if (fd == -1)
		return -1;
	p = map_apart(STAY_PAGES * PAGE, prot,
	    A(2) & 2 ? MAP_PRIVATE : MAP_SHARED, fd, off);
	if (p == NULL) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	if (stay[s->index].p != NULL) {
		unmap_apart(stay[s->index].p, STAY_PAGES * PAGE);
		close(stay[s->index].fd);
	}
	stay[s->index].p = p;
	stay[s->index].kept = keep_map(s, fd, off, STAY_PAGES * PAGE);
	stay[s->index].off = off;
	stay[s->index].fd = fd;
	stay[s->index].prot = prot;
	return 0;
}

/*
 * Map, or touch a page.  It is read before it is written: the host sets the
 * file's times when the first touch of a page is a write, rump never.
 */
long
op_mapstay(struct side *s, const struct op *o)
{
	off_t page = (off_t)(A(2) % STAY_PAGES) * PAGE;
	char *p = stay[s->index].p;
	struct stat st;
	size_t len;

	if (p == NULL || A(3) % 8 == 0)
		return stay_map(s, o);
	if (fstat(stay[s->index].fd, &st) == -1)
		return -1;
	if (st.st_size <= stay[s->index].off + page)
		return 0;
	len = (size_t)(st.st_size - stay[s->index].off - page);
	if (len > PAGE)
		len = PAGE;
	keep_page(stay[s->index].kept, p, page);
	put(s, " page=%016llx", (unsigned long long)hash(p + page, len));
	if (A(3) % 2 == 0 && (stay[s->index].prot & PROT_WRITE))
		p[page + (off_t)A(3) % (off_t)len] = (char)A(3);
	/* A look makes the page data for good in the other kernel. */
	if (fstat(stay[s->index].fd, &st) == 0 && rules.dirsizes)
		put(s, " blocks=%lld", (long long)st.st_blocks);
	return 1;
}
