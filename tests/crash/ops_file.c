/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations on descriptors, pipes, FIFOs and file locks. */
#include "tests/crash/crash.h"

#include <sys/file.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <string.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "rumpkern/cpu.h"

static int fd, fd2, p[2];
static char buf[70000];

static void
pre_f(void)
{

	fd = rump_sys_open(TREE "/f", O_RDWR);
	MUST(fd);
	fd2 = rump_sys_open(TREE "/g", O_RDWR);
	MUST(fd2);
}

static void
op_open(void)
{

	MUST(rump_sys_open(TREE "/f", O_RDONLY));
}

static void
op_open_close(void)
{
	int n = rump_sys_open(TREE "/f", O_RDONLY);

	MUST(n);
	MUST(rump_sys_close(n));
}

static void
op_creat(void)
{

	MUST(rump_sys_open(TREE "/new", O_RDWR | O_CREAT | O_EXCL, 0600));
}

static void
op_open_dev(void)
{
	int n = rump_sys_open("/dev/null", O_RDWR);

	MUST(n);
	MUST(rump_sys_write(n, buf, 100));
	MUST(rump_sys_close(n));
}

static void
op_tmpfile(void)
{
	int n = rump_sys_open(TREE, O_TMPFILE | O_RDWR, 0600);

	MUST(n);
	MUST(rump_sys_write(n, buf, 100));
	MUST(rump_sys_linkat(n, "", AT_FDCWD, TREE "/linked", AT_EMPTY_PATH));
}

static void
op_close_unlinked(void)
{

	MUST(rump_sys_close(fd));
}

static void
pre_unlinked(void)
{

	pre_f();
	MUST(rump_sys_unlink(TREE "/f"));
}

static void
op_dup(void)
{

	MUST(rump_sys_dup(fd));
	MUST(rump_sys_dup2(fd, 7));
	MUST(rump_sys_fcntl(fd, F_DUPFD_CLOEXEC, 10));
	MUST(rump_sys_fcntl(fd, F_SETFD, FD_CLOEXEC));
	MUST(rump_sys_fcntl(fd, F_SETFL, O_APPEND));
}

static void
op_dup2_over(void)
{

	MUST(rump_sys_dup2(fd, fd2));
}

/* The table has 31 entries at first. */
static void
op_dup2_far(void)
{

	MUST(rump_sys_dup2(fd, 500));
	MUST(rump_sys_dup2(fd, 5000));
}

static void
op_close_range(void)
{

	MUST(rump_sys_close_range(0, 100, 0));
}

/* --- Pipes ------------------------------------------------------------------ */

static void
pre_pipe(void)
{

	memset(buf, 'p', sizeof(buf));
	MUST(rump_sys_pipe2(p, O_NONBLOCK));
}

static void
pre_pipe_full(void)
{

	pre_pipe();
	MUST(rump_sys_write(p[1], buf, 60000));
}

static void
pre_packets(void)
{

	MUST(rump_sys_pipe2(p, O_NONBLOCK | O_DIRECT));
	MUST(rump_sys_write(p[1], buf, 10));
	MUST(rump_sys_write(p[1], buf, 20));
}

static void
op_pipe(void)
{

	MUST(rump_sys_pipe2(p, O_CLOEXEC));
}

static void
op_pipe_write(void)
{

	MUST(rump_sys_write(p[1], buf, 10));
	MUST(rump_sys_write(p[1], buf, 10000));
}

static void
op_pipe_write_full(void)
{

	MUST(rump_sys_write(p[1], buf, sizeof(buf)));
}

static void
op_pipe_read(void)
{

	MUST(rump_sys_read(p[0], buf, 100));
	MUST(rump_sys_read(p[0], buf, sizeof(buf)));
}

static void
op_pipe_close(void)
{

	MUST(rump_sys_close(p[1]));
	MUST(rump_sys_read(p[0], buf, sizeof(buf)));
	MUST(rump_sys_close(p[0]));
}

static void
op_pipe_size(void)
{

	MUST(rump_sys_fcntl(p[0], F_SETPIPE_SZ, 200000));
	MUST(rump_sys_fcntl(p[1], F_SETPIPE_SZ, 70000));
}

static void
op_packets(void)
{

	MUST(rump_sys_read(p[0], buf, 100));
	MUST(rump_sys_write(p[1], buf, 5000));
	MUST(rump_sys_read(p[0], buf, 100));
}

/* --- A file closed by one thread while another reads ------------------------ */

static sem_t asleep;
static struct cpu *reader;

static void *
read_pipe(void *arg)
{

	MUST(-rump_pub_lwproc_newlwp(*(int *)arg));
	reader = curcpu();
	sem_post(&asleep);
	/* Either it sleeps when the file is closed, or finds no descriptor. */
	if (rump_sys_read(p[0], buf, 1) < 0 && errno != EBADF && errno != EINTR)
		crash_fail("read of a closed pipe", 0, __LINE__);
	rump_pub_lwproc_releaselwp();
	return NULL;
}

static void
op_close_in_use(void)
{
	int pid = rump_sys_getpid();
	struct cpu *self = curcpu();
	pthread_t td;

	p[0] = p[1] = -1;
	MUST(rump_sys_pipe(p));
	MUST(sem_init(&asleep, 0, 0));
	MUST(-pthread_create(&td, NULL, read_pipe, &pid));
	MUST(sem_wait(&asleep));
	while (reader->c_went.w_queue == NULL)
		sched_yield();
	/* From here on it is the reader that dies. */
	reader->c_crashcount = 0;
	reader->c_crashat = self->c_crashat > self->c_crashcount ?
	    self->c_crashat - self->c_crashcount :
	    self->c_crashat != 0;
	self->c_crashat = 0;
	MUST(rump_sys_close(p[0]));
	MUST(rump_sys_dup2(p[1], p[0]));
	MUST(rump_sys_close(p[0]));
	MUST(-pthread_join(td, NULL));
	reader->c_crashat = 0;
}

static void
op_pipe_broken(void)
{

	signal(SIGPIPE, SIG_IGN);
	MUST(rump_sys_close(p[0]));
	if (rump_sys_write(p[1], buf, 10) != -1 || errno != EPIPE)
		crash_fail("write without readers", 0, __LINE__);
}

static void
op_fifo(void)
{
	int n = rump_sys_open(TREE "/fifo", O_RDWR | O_NONBLOCK);

	MUST(n);
	MUST(rump_sys_write(n, buf, 100));
	MUST(rump_sys_close(n));
}

static void
op_fifo_ends(void)
{
	int r, w;

	r = rump_sys_open(TREE "/fifo", O_RDONLY | O_NONBLOCK);
	MUST(r);
	w = rump_sys_open(TREE "/fifo", O_WRONLY | O_NONBLOCK);
	MUST(w);
	MUST(rump_sys_write(w, buf, 100));
	MUST(rump_sys_close(r));
	MUST(rump_sys_unlink(TREE "/fifo"));
	MUST(rump_sys_close(w));
}

static void
op_fifo_enxio(void)
{

	if (rump_sys_open(TREE "/fifo", O_WRONLY | O_NONBLOCK) != -1 ||
	    errno != ENXIO)
		crash_fail("open without readers", 0, __LINE__);
}

/* --- Locks ------------------------------------------------------------------ */

static int
lock(int type, long start, long len)
{
	struct flock fl = { .l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = len };

	return rump_sys_fcntl(fd, F_SETLK, &fl);
}

static void
op_setlk(void)
{

	MUST(lock(F_WRLCK, 0, 100));
}

static void
pre_locked(void)
{

	pre_f();
	MUST(lock(F_WRLCK, 0, 100));
	MUST(lock(F_RDLCK, 200, 100));
}

static void
op_setlk_split(void)
{

	MUST(lock(F_UNLCK, 40, 20));
	MUST(lock(F_RDLCK, 10, 10));
	MUST(lock(F_WRLCK, 0, 0));
	MUST(lock(F_UNLCK, 0, 0));
}

static void
op_close_locked(void)
{

	MUST(rump_sys_close(fd));
}

static void
op_flock(void)
{

	MUST(rump_sys_flock(fd, LOCK_SH));
	MUST(rump_sys_flock(fd, LOCK_EX | LOCK_NB));
	MUST(rump_sys_flock(fd, LOCK_UN));
	MUST(rump_sys_flock(fd, LOCK_SH));
	MUST(rump_sys_close(fd));
}

static void
op_ofd_lock(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_len = 10 };

	MUST(rump_sys_fcntl(fd, F_OFD_SETLK, &fl));
	MUST(rump_sys_close(fd));
}

const struct crashop file_ops[] = { { "open", OUT_SAME, NULL, op_open },
	{ "open and close", OUT_SAME, NULL, op_open_close },
	{ "creat", OUT_ATOMIC, NULL, op_creat },
	{ "a device", OUT_SAME, NULL, op_open_dev },
	{ "O_TMPFILE, then link", OUT_ATOMIC, NULL, op_tmpfile },
	{ "close of an unlinked file", OUT_ATOMIC, pre_unlinked,
	    op_close_unlinked },
	{ "dup and fcntl", OUT_SAME, pre_f, op_dup },
	{ "dup2 over an open file", OUT_SAME, pre_f, op_dup2_over },
	{ "dup2 beyond the table", OUT_SAME, pre_f, op_dup2_far },
	{ "close_range", OUT_SAME, pre_f, op_close_range },
	{ "pipe", OUT_SAME, NULL, op_pipe },
	{ "write to a pipe", OUT_SAME, pre_pipe, op_pipe_write },
	{ "filling a pipe", OUT_SAME, pre_pipe, op_pipe_write_full },
	{ "emptying a pipe", OUT_SAME, pre_pipe_full, op_pipe_read },
	{ "closing a pipe", OUT_SAME, pre_pipe_full, op_pipe_close },
	{ "resizing a pipe", OUT_SAME, pre_pipe_full, op_pipe_size },
	{ "packets", OUT_SAME, pre_packets, op_packets },
	{ "close under a reader", OUT_SAME, NULL, op_close_in_use },
	{ "a broken pipe", OUT_SAME, pre_pipe, op_pipe_broken },
	{ "fifo, both ways", OUT_SAME, NULL, op_fifo },
	{ "fifo, two ends", OUT_ATOMIC, NULL, op_fifo_ends },
	{ "fifo without readers", OUT_SAME, NULL, op_fifo_enxio },
	{ "fcntl lock", OUT_SAME, pre_f, op_setlk },
	{ "fcntl locks that split", OUT_SAME, pre_locked, op_setlk_split },
	{ "close of a locked file", OUT_SAME, pre_locked, op_close_locked },
	{ "flock", OUT_SAME, pre_f, op_flock },
	{ "lock of an open file", OUT_SAME, pre_f, op_ofd_lock },
	{ NULL, OUT_ANY, NULL, NULL } };
