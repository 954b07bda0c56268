/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fileconf: sendfile, splice, tee and vmsplice with FIFOs, and copies of a file
 * onto itself.
 */
#include "fileconf.h"

#include <signal.h>
#include <sys/sendfile.h>

#define PAGE 4096
#define OLD  1000000 /* a time far from now */

static char buf[20 * PAGE];

static void
age(const char *path)
{
	struct timespec ts[2] = { { OLD, 0 }, { OLD, 0 } };

	utimensat(AT_FDCWD, path, ts, 0);
}

/* Which times a call has set, which come to be old again. */
static void
times_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0)
		printf("%s:%s%s\n", path, st.st_atime == OLD ? "" : " atime",
		    st.st_mtime == OLD ? "" : " mtime");
	age(path);
}

#define T(call)                \
	do {                   \
		C(call);       \
		times_of("p"); \
		times_of("f"); \
	} while (0)

/* A splice is no read or write: it leaves the times of a FIFO alone. */
static void
fifo_times(int p, int f)
{
	struct iovec iov = { buf, 10 };
	off_t off = 0;
	int q[2];

	C(pipe2(q, O_NONBLOCK));
	age("p");
	age("f");
	T(sendfile(p, f, &off, 100));
	T(splice(p, NULL, q[1], NULL, 50, 0));
	T(splice(q[0], NULL, p, NULL, 50, 0));
	T(splice(p, NULL, f, &off, 10, 0));
	T(splice(f, &off, p, NULL, 10, 0));
	T(splice(f, &off, p, NULL, 0, 0));
	T(vmsplice(p, &iov, 1, 0));
	T(read(p, buf, 10));
	T(write(p, buf, 10));
	close(q[0]);
	close(q[1]);
}

/* What is asked of a pipe's end comes before what is asked of the file. */
static void
ends(int f)
{
	off_t off = 1 << 20;
	int p = open("p", O_RDONLY | O_NONBLOCK), d = open(".", O_RDONLY);
	int w = open("p", O_WRONLY | O_NONBLOCK);

	off = INT64_MAX;
	C(splice(p, NULL, f, &off, 10, SPLICE_F_NONBLOCK));
	off = INT64_MAX - 10;
	C(splice(p, NULL, f, &off, 10, SPLICE_F_NONBLOCK));
	close(p);
	C(sendfile(w, f, &off, 10));
	C(sendfile(w, f, &off, 0));
	C(sendfile(w, d, NULL, 10));
	C(splice(f, &off, w, NULL, 10, 0));
	C(splice(d, NULL, w, NULL, 10, 0));
	C(splice(-1, NULL, w, NULL, 10, 0x10));
	C(splice(-1, NULL, w, NULL, 10, 0));
	C(tee(-1, w, 0, 0));
	C(tee(-1, w, 1, 0x10));
}

/* What a full FIFO has no room for is left. */
static void
fills(int p, int f)
{
	off_t off = 0;
	ssize_t n;

	while (read(p, buf, sizeof(buf)) > 0)
		continue;
	C(sendfile(p, f, &off, 1 << 20));
	C(sendfile(p, f, &off, 1 << 20));
	C(sendfile(p, f, &off, 0));
	for (off = 0; (n = read(p, buf, sizeof(buf))) > 0; off += n)
		continue;
	printf("held %ld\n", (long)off);
}

/* What is spliced into a FIFO of packets is none. */
static void
packets(int f)
{
	int p = open("p", O_RDWR | O_NONBLOCK | O_DIRECT);
	off_t off = 0;

	C(sendfile(p, f, &off, 10));
	C(sendfile(p, f, &off, 10));
	C(read(p, buf, 100));
	C(read(p, buf, 100));
}

void
conf_splice(void)
{
	int p, f;

	signal(SIGPIPE, SIG_IGN);
	mkfifo("p", 0666);
	memset(buf, 'x', sizeof(buf));
	C(f = open("f", O_RDWR | O_CREAT, 0644));
	C(write(f, buf, sizeof(buf)));
	C(p = open("p", O_RDWR | O_NONBLOCK));
	fifo_times(p, f);
	fills(p, f);
	close(p);
	ends(f);
	packets(f);
}

/* Send count bytes from one place in a file of `pages' to another. */
static void
onto_itself(int flags, int pages, off_t from, off_t to, size_t count)
{
	int in, out;

	memset(buf, 0, sizeof(buf));
	for (int i = 0; i < pages * PAGE; i++)
		buf[i] = (char)('a' + i / 1024 % 26);
	unlink("o");
	C(out = open("o", O_RDWR | O_CREAT, 0644));
	C(in = open("o", O_RDONLY | flags));
	C(write(out, buf, (size_t)pages * PAGE));
	C(ftruncate(out, (pages + 3) * PAGE));
	C(lseek(out, to, SEEK_SET));
	C(sendfile(out, in, &from, count));
	printf("from %ld to %ld\n", (long)from, lseek(out, 0, SEEK_CUR));
	show_file("o");
	close(in);
	close(out);
}

/*
 * Pages are copied one by one, so that what came is copied again; but holes
 * were found to be holes before.
 */
void
conf_overlap(void)
{

	onto_itself(0, 1, 0, PAGE, 4 * PAGE);
	onto_itself(0, 1, 0, PAGE + 100, 3 * PAGE);
	onto_itself(0, 4, 0, 2 * PAGE, 4 * PAGE);
	onto_itself(0, 4, 100, PAGE + 200, 5 * PAGE);
	onto_itself(0, 4, PAGE, 0, 3 * PAGE);
	onto_itself(0, 4, 1000, 0, 7 * PAGE);
	onto_itself(0, 3, 0, 2 * PAGE, 30 * PAGE);
	onto_itself(0, 2, 10, 10, 2 * PAGE);
	onto_itself(O_DIRECT, 3, 100, 2 * PAGE, 30 * PAGE);
}
