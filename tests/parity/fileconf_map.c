/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: mappings of files.
 */
#include "fileconf.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#define PG 4096

static void *
m(size_t len, int prot, int flags, int fd, off_t off)
{
	return mmap(NULL, len, prot, flags, fd, off);
}

#define M(...)                                                              \
	({                                                                  \
		void *p_ = m(__VA_ARGS__);                                  \
		errno = p_ == MAP_FAILED ? errno : 0;                       \
		result("mmap " #__VA_ARGS__, 0, p_ == MAP_FAILED ? -1 : 0); \
		(char *)p_;                                                 \
	})
#define RW (PROT_READ | PROT_WRITE)

static int
file(const char *name, size_t n, int flags)
{
	static char buf[64 * 1024];
	int fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0644);
	size_t i;

	for (i = 0; i < n; i++)
		buf[i] = 'a' + i / PG % 26;
	if (write(fd, buf, n) != (ssize_t)n)
		return -1;
	close(fd);
	return open(name, flags);
}

static sigjmp_buf jb;
static volatile int sig, code;

static void
on_fault(int s, siginfo_t *si, void *u)
{

	(void)u;
	sig = s;
	code = si->si_code;
	siglongjmp(jb, 1);
}

static void
catch_faults(void)
{
	struct sigaction sa = { .sa_sigaction = on_fault,
		.sa_flags = SA_SIGINFO | SA_NODEFER };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

#define TRY(what, code_)                                         \
	do {                                                     \
		sig = 0;                                         \
		if (sigsetjmp(jb, 1) == 0) {                     \
			code_;                                   \
		}                                                \
		printf("try %s: signal %d code %d\n", what, sig, \
		    sig ? code : 0);                             \
	} while (0)

static void
peek(const char *what, const char *p)
{
	volatile char c = 0;

	TRY(what, c = *(volatile const char *)p);
	printf("%s: %d\n", what, c);
}

void
conf_mmap(void)
{
	int fd, ro, wo, i;
	char *p, *q, *r;
	unsigned char vec[8];

	catch_faults();
	fd = file("f", 3 * PG + 100, O_RDWR);
	C(ro = open("f", O_RDONLY));
	C(wo = open("f", O_WRONLY));
	M(0, PROT_READ, MAP_SHARED, fd, 0);
	M(PG, PROT_READ, MAP_SHARED, fd, 1);
	M(PG, PROT_READ, MAP_SHARED, fd, -PG);
	M(PG, PROT_READ, 0, fd, 0);
	M(PG, PROT_READ, MAP_SHARED | MAP_PRIVATE, fd, 0);
	M(PG, PROT_READ, MAP_SHARED_VALIDATE, fd, 0);
	M(PG, PROT_READ, MAP_SHARED_VALIDATE | 0x4000000, fd, 0);
	M(PG, PROT_READ, MAP_SHARED, -1, 0);
	M(PG, PROT_READ, MAP_SHARED, wo, 0);
	M(PG, PROT_WRITE, MAP_SHARED, wo, 0);
	M(PG, PROT_WRITE, MAP_SHARED, ro, 0);
	M(PG, PROT_WRITE, MAP_PRIVATE, ro, 0);
	M(PG, PROT_NONE, MAP_SHARED, ro, 0);
	M(-1UL, PROT_READ, MAP_SHARED, fd, 0);
	M(1UL << 47, PROT_READ, MAP_SHARED, fd, 0);
	/* Coherence. */
	p = M(4 * PG, RW, MAP_SHARED, fd, 0);
	q = M(4 * PG, RW, MAP_PRIVATE, fd, 0);
	r = M(2 * PG, PROT_READ, MAP_SHARED, ro, PG);
	C(p[0] == 'a' && p[PG] == 'b' && q[2 * PG] == 'c' && r[0] == 'b');
	p[PG] = 'X';
	C(r[0] == 'X' && q[PG] == 'X');
	q[0] = 'Q';
	C(p[0] == 'a');
	C(pwrite(fd, "W", 1, 0));
	C(p[0] == 'W' && q[0] == 'Q');
	C(pwrite(fd, "V", 1, 2 * PG));
	C(p[2 * PG] == 'V' && q[2 * PG] == 'V');
	p[3 * PG + 99] = 'E';
	p[3 * PG + 100] = 'Z';
	C(pread(fd, vec, 2, 3 * PG + 99));
	show_bytes("end", vec, 1);
	C(ftruncate(fd, 4 * PG));
	C(pread(fd, vec, 2, 3 * PG + 99));
	C(p[3 * PG + 99] == 'E');
	C(msync(p, 4 * PG, MS_SYNC));
	C(msync(p, 4 * PG, MS_ASYNC));
	C(msync(p, 4 * PG, MS_SYNC | MS_ASYNC));
	C(msync(p + 1, 4 * PG, MS_SYNC));
	C(msync(p, PG, MS_INVALIDATE));
	C(madvise(p, PG, MADV_WILLNEED));
	C(madvise(q, PG, MADV_DONTNEED));
	C(q[0] == 'W');
	C(mincore(p, PG, vec));
	C(mlock(p, PG));
	C(munlock(p, PG));
	C(mprotect(r, PG, RW));
	C(mprotect(p, PG, PROT_READ));
	TRY("write to read-only", p[0] = 'x');
	C(mprotect(p, PG, RW));
	TRY("write again", p[0] = 'y');
	C(pread(fd, vec, 1, 0));
	show_bytes("y", vec, 1);
	C(mprotect(q, PG, PROT_NONE));
	TRY("read of none", *(volatile char *)q);
	/* What is closed, removed, unmapped in part. */
	C(close(fd));
	C(close(ro));
	C(unlink("f"));
	C(p[PG] == 'X');
	p[0] = 'u';
	C(munmap(p + PG, PG));
	peek("hole", p + PG);
	peek("left", p);
	peek("right", p + 2 * PG);
	C(munmap(p, 4 * PG));
	C(munmap(p, 4 * PG));
	C(munmap(p + 1, PG));
	C(munmap(p, 0));
	peek("unmapped", p);
	C(r[0] == 'X');
	/* Many mappings of one file come and go. */
	fd = file("g", 16 * PG, O_RDWR);
	for (i = 0; i < 1000; i++) {
		p = mmap(NULL, 16 * PG, RW, i & 1 ? MAP_SHARED : MAP_PRIVATE,
		    fd, 0);
		p[i % 16 * PG] = i;
		munmap(p, i & 2 ? 16 * PG : 8 * PG);
		if (!(i & 2))
			munmap(p + 8 * PG, 8 * PG);
	}
	C(pread(fd, vec, 1, 9 * PG));
	show_bytes("g", vec, 1);
	/* A hole, written by a shared mapping. */
	C(ftruncate(fd, 0));
	C(ftruncate(fd, 8 * PG));
	p = M(8 * PG, RW, MAP_SHARED, fd, 0);
	C(p[5 * PG]);
	p[6 * PG] = 'h';
	C(pread(fd, vec, 1, 6 * PG));
	show_bytes("h", vec, 1);
	C(pwrite(fd, "k", 1, 2 * PG));
	C(p[2 * PG]);
	/* MAP_FIXED, over another mapping and over itself. */
	q = mmap(NULL, 8 * PG, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	C(mmap(q + PG, 2 * PG, RW, MAP_SHARED | MAP_FIXED, fd, 6 * PG) ==
	    q + PG);
	C(q[PG] == 'h');
	C(mmap(q + 1, 2 * PG, RW, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED ?
		-1 :
		0);
	C(mmap(q, 2 * PG, RW, MAP_SHARED | MAP_FIXED_NOREPLACE, fd, 0) ==
		    MAP_FAILED ?
		-1 :
		0);
	C(mmap(q + PG, PG, RW, MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, -1,
	      0) == q + PG);
	C(q[PG]);
	C(mmap(p, 8 * PG, RW, MAP_SHARED | MAP_FIXED, fd, 0) == p);
	C(p[6 * PG] == 'h');
	/* A pipe, a directory, a device. */
	int pp[2];
	C(pipe(pp));
	M(PG, PROT_READ, MAP_SHARED, pp[0], 0);
	C(mkdir("d", 0755));
	M(PG, PROT_READ, MAP_SHARED, open("d", O_RDONLY), 0);
	C(mkfifo("p", 0644));
	M(PG, PROT_READ, MAP_SHARED, open("p", O_RDWR), 0);
	/* Read into and write from a mapping of the same file. */
	C(pwrite(fd, "source", 6, 0));
	C(pwrite(fd, p, 6, 100));
	C(pread(fd, p + 200, 6, 0));
	show_bytes("self", p + 95, 115);
}

void
conf_mapfault(void)
{
	char *p, *q;
	int fd;

	catch_faults();
	fd = file("f", 2 * PG + 10, O_RDWR);
	p = M(5 * PG, RW, MAP_SHARED, fd, 0);
	q = M(5 * PG, RW, MAP_PRIVATE, fd, 0);
	peek("in", p + PG);
	peek("last page", p + 2 * PG + 100);
	peek("beyond", p + 3 * PG);
	peek("beyond private", q + 3 * PG);
	C(pwrite(fd, p + 3 * PG, 10, 0));
	C(pread(fd, p + 3 * PG, 10, 0));
	C(ftruncate(fd, 5 * PG));
	peek("grown", p + 3 * PG);
	peek("grown private", q + 3 * PG);
	TRY("write grown", p[4 * PG] = 'g');
	C(pread(fd, q, 1, 4 * PG));
	show_bytes("g", q, 1);
	C(ftruncate(fd, PG + 5));
	peek("kept", p + PG);
	peek("zeroed", p + PG + 5);
	peek("cut", p + 2 * PG);
	peek("cut private", q + 2 * PG);
	C(ftruncate(fd, 5 * PG));
	peek("again", p + 2 * PG);
	C(pwrite(fd, "N", 1, 2 * PG));
	peek("new", p + 2 * PG);
	C(fallocate(fd, 3, 0, PG));
	peek("punched", p);
	C(pwrite(fd, "P", 1, 0));
	peek("refilled", p);
	C(open("f", O_RDWR | O_TRUNC) >= 0);
	peek("emptied", p);
	C(pwrite(fd, "Q", 1, 0));
	peek("written", p);
	/* Mapped beyond the end, then it grows by a write. */
	fd = file("g", 10, O_RDWR);
	p = M(3 * PG, PROT_READ, MAP_SHARED, fd, 0);
	C(pwrite(fd, "far", 3, 2 * PG));
	peek("far", p + 2 * PG);
	peek("hole between", p + PG);
}

void
conf_mremap(void)
{
	char *p, *q, vec[4];
	int fd;

	catch_faults();
	fd = file("f", 8 * PG, O_RDWR);
	p = M(2 * PG, RW, MAP_SHARED, fd, 0);
	p[0] = 'R';
	q = mremap(p, 2 * PG, 6 * PG, MREMAP_MAYMOVE);
	C(q == MAP_FAILED ? -1 : 0);
	if (q == MAP_FAILED)
		return;
	C(q[0]);
	peek("grown", q + 5 * PG);
	TRY("write", q[5 * PG] = 'S');
	C(pread(fd, vec, 1, 5 * PG));
	show_bytes("S", vec, 1);
	q = mremap(q, 6 * PG, PG, 0);
	C(q[0]);
	peek("shrunk", q + PG);
	C(munmap(q, PG));
	/* One move of several runs, and a hole in the file. */
	C(ftruncate(fd, 0));
	C(pwrite(fd, "1", 1, 0));
	C(pwrite(fd, "2", 1, 3 * PG));
	p = M(4 * PG, RW, MAP_SHARED, fd, 0);
	q = mremap(p, 4 * PG, 4 * PG, MREMAP_MAYMOVE | MREMAP_FIXED,
	    mmap(NULL, 4 * PG, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	C(q == MAP_FAILED ? -1 : 0);
	if (q != MAP_FAILED) {
		C(q[3 * PG]);
		q[PG] = 'm';
		C(pread(fd, vec, 1, PG));
		show_bytes("moved", vec, 1);
		C(munmap(q, 4 * PG));
	}
	p = M(PG, RW, MAP_PRIVATE, fd, 0);
	p[1] = 'p';
	q = mremap(p, PG, 3 * PG, MREMAP_MAYMOVE);
	C(q == MAP_FAILED ? -1 : q[1]);
	if (q != MAP_FAILED)
		peek("private grown", q + 2 * PG);
	C(mremap(q, PG, 2 * PG, MREMAP_FIXED, q) == MAP_FAILED ? -1 : 0);
}

static void *
touch_grown(void *p)
{

	((char *)p)[2 * PG] = 'T';
	return NULL;
}

static void *
unmap(void *p)
{

	munmap(p, 4 * PG);
	return NULL;
}

/* Threads whose first act is in a mapping; holes that nobody touched yet. */
void
conf_mapthread(void)
{
	size_t big = 300UL << 20;
	char *p, vec[4];
	pthread_t t;
	int fd, zero;

	fd = file("f", 0, O_RDWR);
	p = M(4 * PG, RW, MAP_SHARED, fd, 0);
	C(ftruncate(fd, 4 * PG));
	C(pthread_create(&t, NULL, touch_grown, p));
	C(pthread_join(t, NULL));
	C(pread(fd, vec, 1, 2 * PG));
	show_bytes("thread", vec, 1);
	C(pthread_create(&t, NULL, unmap, p));
	C(pthread_join(t, NULL));
	C(mmap(p, 4 * PG, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
	    p);
	C(p[2 * PG]);
	C(zero = open("/dev/zero", O_RDONLY));
	C(ftruncate(fd, big));
	p = M(big, RW, MAP_SHARED, fd, 0);
	C(pwrite(fd, p + big / 3, 10, 0));
	C(pread(fd, p + big / 2, 10, 0));
	C(read(zero, p + big / 4, 10));
	p[big - 1] = 'e';
	C(pread(fd, vec, 1, big - 1));
	show_bytes("end", vec, 1);
	C(munmap(p, big));
}

static void
holes(int fd)
{

	C(lseek(fd, 0, SEEK_DATA));
	C(lseek(fd, PG, SEEK_DATA));
	C(lseek(fd, 0, SEEK_HOLE));
	C(lseek(fd, PG, SEEK_HOLE));
	SF(fd);
}

/* Pages that are allocated, mapped or touched: which are data? */
void
conf_mapalloc(void)
{
	char *p, *q;
	int fd;

	catch_faults();
	fd = file("f", 0, O_RDWR);
	C(fallocate(fd, 0, 0, 6 * PG));
	p = M(6 * PG, RW, MAP_SHARED, fd, 0);
	q = M(6 * PG, RW, MAP_PRIVATE, fd, 0);
	holes(fd);
	peek("shared", p + PG);
	holes(fd);
	q[3 * PG] = 'q';
	C(lseek(fd, 2 * PG, SEEK_DATA));
	C(pwrite(fd, "w", 1, 5 * PG));
	peek("written", q + 5 * PG);
	C(munmap(p, 6 * PG));
	holes(fd);
	C(munmap(q, 6 * PG));
	holes(fd);
	C(lseek(fd, 4 * PG, SEEK_DATA));
	/* Allocated where holes are mapped, and beyond the end. */
	fd = file("g", 0, O_RDWR);
	C(ftruncate(fd, 4 * PG));
	p = M(4 * PG, RW, MAP_SHARED, fd, 0);
	peek("hole", p + 3 * PG);
	C(fallocate(fd, 0, PG, 3 * PG));
	holes(fd);
	C(fallocate(fd, 0, PG, PG));
	holes(fd);
	C(fallocate(fd, FALLOC_FL_KEEP_SIZE, 4 * PG, 4 * PG));
	SF(fd);
	C(munmap(p, 4 * PG));
	SF(fd);
	C(ftruncate(fd, 6 * PG));
	holes(fd);
	p = M(6 * PG, RW, MAP_SHARED, fd, 0);
	C(ftruncate(fd, 6 * PG));
	SF(fd);
	C(ftruncate(fd, 2 * PG));
	C(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 6 * PG));
	SF(fd);
	C(ftruncate(fd, 6 * PG));
	holes(fd);
	C(lseek(fd, 2 * PG, SEEK_DATA));
	peek("again", p + 4 * PG);
	C(lseek(fd, 2 * PG, SEEK_DATA));
	C(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 5 * PG));
	holes(fd);
	C(munmap(p, 6 * PG));
	holes(fd);
}

static char *shared, *private;

static void
map_child(void)
{

	C(shared[0]);
	C(private[0]);
	shared[1] = 'c';
	private[1] = 'c';
	C(munmap(shared, PG));
}

void
conf_mapfork(void)
{
	char out[16];
	int fd;

	fd = file("f", 2 * PG, O_RDWR);
	shared = M(2 * PG, RW, MAP_SHARED, fd, 0);
	private = M(2 * PG, RW, MAP_PRIVATE, fd, 0);
	private[0] = 'p';
	shared[0] = 's';
	C(unlink("f"));
	C(close(fd));
	in_child("map", map_child);
	C(shared[1]);
	C(private[1]);
	C(shared[0]);
	fd = open("prog", O_CREAT | O_WRONLY, 0755);
	/* A script, run twice. */
	C(write(fd, "#!/bin/sh\necho ran $1\n", 22));
	C(close(fd));
	fflush(stdout);
	C(system("./prog one; ./prog two >out; cat out; cp /bin/true t && ./t "
		 "&& echo ran; chmod a-x t; ./t 2>/dev/null; echo $?"));
	C(fd = open("out", O_RDONLY));
	C(read(fd, out, sizeof(out)));
}
