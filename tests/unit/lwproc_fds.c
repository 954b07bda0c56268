/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors and the cwd across rfork, and what goes with a proc. */
#include "tests/unit/lwproc.h"

#include <sys/file.h>

SUITE(lwproc_fds);

Test(lwproc_fds, rffdg_copies_the_descriptors)
{
	struct lwp *parent;
	int a, b;
	char c;

	EQ(rfork(RUMP_RFCFDG), 0);
	FAILS(rump_sys_fcntl(0, F_GETFD), EBADF);
	FAILS(rump_sys_fcntl(1, F_GETFD), EBADF);
	FAILS(rump_sys_fcntl(2, F_GETFD), EBADF);
	parent = curlwp();
	a = make_file("/a", "0123456789", 10);
	b = OK(rump_sys_open("/a", O_RDONLY));
	EQ(a, 0);
	EQ(b, 1);
	EQ(rump_sys_lseek(a, 2, SEEK_SET), 2);
	EQ(rfork(RUMP_RFFDG), 0);
	EQ(rump_sys_fcntl(b, F_GETFD), 0);
	EQ(rump_sys_lseek(a, 0, SEEK_CUR), 2);
	EQ(rump_sys_lseek(a, 5, SEEK_SET), 5);
	EQ(rump_sys_close(b), 0);
	EQ(rump_sys_open("/a", O_RDONLY), 1);
	EQ(rump_sys_open("/a", O_RDONLY), 2);
	switchto(parent);
	EQ(rump_sys_lseek(a, 0, SEEK_CUR), 5);
	EQ(rump_sys_read(b, &c, 1), 1);
	EQ(c, '0');
	FAILS(rump_sys_fcntl(2, F_GETFD), EBADF);
}

Test(lwproc_fds, rfcfdg_gives_an_empty_table)
{
	struct lwp *parent;

	EQ(rfork(RUMP_RFCFDG), 0);
	parent = curlwp();
	EQ(make_file("/a", "", 0), 0);
	EQ(rfork(RUMP_RFCFDG), 0);
	FAILS(rump_sys_fcntl(0, F_GETFD), EBADF);
	EQ(rump_sys_open("/a", O_RDONLY), 0);
	switchto(parent);
	EQ(rump_sys_fcntl(0, F_GETFD), 0);
}

Test(lwproc_fds, rfork_0_shares_the_table)
{
	struct lwp *parent, *child;

	EQ(rfork(RUMP_RFCFDG), 0);
	parent = curlwp();
	EQ(make_file("/a", "", 0), 0);
	EQ(rump_sys_dup(0), 1);
	EQ(rfork(0), 0);
	child = curlwp();
	EQ(rump_sys_open("/a", O_RDONLY), 2);
	EQ(rump_sys_close(1), 0);
	switchto(parent);
	FAILS(rump_sys_fcntl(1, F_GETFD), EBADF);
	EQ(rump_sys_fcntl(2, F_GETFD), 0);
	switchto(child);
	release();
	switchto(parent);
	EQ(rump_sys_fcntl(0, F_GETFD), 0);
	EQ(rump_sys_fcntl(2, F_GETFD), 0);
}

Test(lwproc_fds, a_copy_outlives_the_parent)
{
	struct lwp *parent, *child;

	EQ(rfork(RUMP_RFCFDG), 0);
	parent = curlwp();
	EQ(make_file("/a", "", 0), 0);
	EQ(rfork(RUMP_RFFDG), 0);
	child = curlwp();
	switchto(parent);
	release();
	switchto(child);
	EQ(rump_sys_fcntl(0, F_GETFD), 0);
}

Test(lwproc_fds, a_released_writer_is_end_of_file)
{
	struct lwp *reader;
	int p[2];
	char c;

	EQ(rfork(RUMP_RFCFDG), 0);
	reader = curlwp();
	EQ(rump_sys_pipe(p), 0);
	EQ(rfork(RUMP_RFFDG), 0);
	EQ(rump_sys_write(p[1], "x", 1), 1);
	release();
	switchto(reader);
	EQ(rump_sys_close(p[1]), 0);
	EQ(rump_sys_read(p[0], &c, 1), 1);
	EQ(rump_sys_read(p[0], &c, 1), 0);
}

Test(lwproc_fds, rfork_of_an_implicit_thread)
{
	int i, fd;

	EQ(rump_sys_open("/", O_RDONLY), 3);
	fd = 3;
	for (i = 0; i < 3; i++)
		EQ(rump_sys_fcntl(i, F_GETFD), 0);
	EQ(rfork(0), 0);
	is(true, 2, 1);
	EQ(rump_sys_fcntl(fd, F_GETFD), 0);
	switchto(NULL);
	EQ(rfork(RUMP_RFFDG), 0);
	is(true, 3, 1);
	for (i = 0; i < 4; i++)
		EQ(rump_sys_fcntl(i, F_GETFD), 0);
	switchto(NULL);
	EQ(rfork(RUMP_RFCFDG), 0);
	is(true, 4, 1);
	for (i = 0; i < 4; i++)
		FAILS(rump_sys_fcntl(i, F_GETFD), EBADF);
}

static void
cwd_is(const char *path)
{
	char buf[100];

	OK(rump_sys_getcwd(buf, sizeof(buf)));
	cr_assert_str_eq(buf, path);
}

Test(lwproc_fds, every_child_has_a_cwd_of_its_own)
{
	struct lwp *parent;
	int flags;

	EQ(rump_sys_mkdir("/d1", 0755), 0);
	EQ(rump_sys_mkdir("/d2", 0755), 0);
	EQ(rfork(0), 0);
	parent = curlwp();
	EQ(rump_sys_chdir("/d1"), 0);
	for (flags = 0; flags < 3; flags++) {
		EQ(rfork(flags), 0);
		cwd_is("/d1");
		EQ(rump_sys_chdir("/d2"), 0);
		switchto(parent);
		cwd_is("/d1");
	}
	EQ(newlwp(getpid()), 0);
	EQ(rump_sys_chdir("/d2"), 0);
	switchto(parent);
	cwd_is("/d2");
}

Test(lwproc_fds, descriptors_are_the_lowest_free)
{
	int e;

	EQ(rfork(RUMP_RFCFDG), 0);
	EQ(rump_sys_open("/", O_RDONLY), 0);
	EQ(rump_sys_open("/", O_RDONLY), 1);
	e = OK(rump_sys_dup(1));
	EQ(e, 2);
	EQ(rump_sys_close(0), 0);
	EQ(rump_sys_open("/", O_RDONLY), 0);
	EQ(rump_sys_dup2(e, 10), 10);
	EQ(rump_sys_fcntl(e, F_DUPFD, 20), 20);
	EQ(rump_sys_fcntl(e, F_DUPFD, 20), 21);
	EQ(rump_sys_open("/", O_RDONLY), 3);
}

Test(lwproc_fds, more_descriptors_than_the_limit_is_emfile)
{
	struct rlimit rl = { 128, 128 };
	int i;

	EQ(rfork(RUMP_RFCFDG), 0);
	EQ(rump_sys_prlimit(0, RLIMIT_NOFILE, &rl, NULL), 0);
	for (i = 0; i < 128; i++)
		EQ(rump_sys_open("/", O_RDONLY), i);
	FAILS(rump_sys_open("/", O_RDONLY), EMFILE);
	FAILS(rump_sys_dup(0), EMFILE);
	FAILS(rump_sys_dup2(0, 128), EBADF);
	FAILS(rump_sys_fcntl(0, F_DUPFD, 128), EINVAL);
	EQ(rump_sys_close(77), 0);
	EQ(rump_sys_dup(0), 77);
}

Test(lwproc_fds, a_sharing_child_ends_before_the_parent_and_after)
{
	struct lwp *parent, *child;

	EQ(rfork(RUMP_RFCFDG), 0);
	parent = curlwp();
	EQ(make_file("/a", "x", 1), 0);
	EQ(rfork(0), 0);
	child = curlwp();
	switchto(parent);
	release();
	switchto(child);
	EQ(rump_sys_fcntl(0, F_GETFD), 0);
	EQ(rump_sys_dup(0), 1);
	release();
	EQ(rump_kern_check(), 0);
}

static long
lock_all(int fd, int cmd)
{
	struct flock fl = { .l_type = F_WRLCK };

	return rump_sys_fcntl(fd, cmd, &fl);
}

Test(lwproc_fds, the_locks_of_a_proc_go_with_its_last_lwp)
{
	struct lwp *other, *owner, *second;
	int fd;

	EQ(rfork(RUMP_RFCFDG), 0);
	other = curlwp();
	fd = make_file("/a", "x", 1);
	switchto(NULL);
	EQ(rfork(RUMP_RFCFDG), 0);
	owner = curlwp();
	EQ(rump_sys_open("/a", O_RDWR), 0);
	EQ(lock_all(0, F_SETLK), 0);
	EQ(rump_sys_open("/a", O_RDWR), 1);
	EQ(rump_sys_flock(1, LOCK_EX), 0);
	EQ(newlwp(getpid()), 0);
	second = curlwp();
	switchto(owner);
	release();
	switchto(other);
	FAILS(lock_all(fd, F_SETLK), EAGAIN);
	FAILS(rump_sys_flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	switchto(second);
	release();
	switchto(other);
	EQ(lock_all(fd, F_SETLK), 0);
	EQ(rump_sys_flock(fd, LOCK_EX | LOCK_NB), 0);
}

Test(lwproc_fds, the_cwd_of_a_proc_goes_with_it)
{

	EQ(rump_sys_mkdir("/d1", 0755), 0);
	EQ(rfork(0), 0);
	EQ(rump_sys_chdir("/d1"), 0);
	EQ(rump_sys_rmdir("/d1"), 0);
	FAILS(rump_sys_open("x", O_CREAT | O_WRONLY, 0644), ENOENT);
	release();
	EQ(rump_kern_check(), 0);
	EQ(rump_sys_mkdir("/d1", 0755), 0);
}

struct reader {
	int pid;
	int error;
	struct cpu *_Atomic cpu;
};

static void *
read_one(void *arg)
{
	struct reader *rd = arg;
	char c;

	EQ(newlwp(rd->pid), 0);
	atomic_store(&rd->cpu, kcurcpu);
	rd->error = rump_sys_read(0, &c, 1) == -1 ? errno : 0;
	/* Only that call was told. */
	EQ(rump_sys_open("/", O_RDONLY), 0);
	EQ(atomic_load(&kcurcpu->c_intr), 0);
	release();
	return NULL;
}

Test(lwproc_fds, closing_a_descriptor_wakes_who_blocks_on_it)
{
	struct reader rd = { 0 };
	struct cpu *c;
	pthread_t td;
	int p[2];

	EQ(rfork(RUMP_RFCFDG), 0);
	rd.pid = getpid();
	EQ(rump_sys_pipe(p), 0);
	EQ(p[0], 0);
	EQ(pthread_create(&td, NULL, read_one, &rd), 0);
	while ((c = atomic_load(&rd.cpu)) == NULL ||
	    KREAD(c->c_went.w_queue) == NULL)
		sched_yield();
	EQ(rump_sys_close(p[0]), 0);
	EQ(pthread_join(td, NULL), 0);
	EQ(rd.error, EINTR);
	signal(SIGPIPE, SIG_IGN);
	FAILS(rump_sys_write(p[1], "x", 1), EPIPE);
}

static void *
closes(void *l)
{

	switchto(l);
	EQ(rump_sys_close(0), 0);
	release();
	return NULL;
}

/* A private table that another thread comes to use at any moment. */
Test(lwproc_fds, a_table_becomes_shared_while_it_is_used)
{
	struct lwp *mine, *other;
	char c;
	int i;

	EQ(rfork(RUMP_RFCFDG), 0);
	mine = curlwp();
	for (i = 0; i < 200; i++) {
		EQ(make_file("/a", "x", 1), 0);
		EQ(newlwp(getpid()), 0);
		other = curlwp();
		switchto(mine);
		EQ(rump_sys_pread(0, &c, 1, 0), 1);
		on_thread(closes, other);
		FAILS(rump_sys_pread(0, &c, 1, 0), EBADF);
	}
}
