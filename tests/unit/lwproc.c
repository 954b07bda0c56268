/* SPDX-License-Identifier: BSD-2-Clause */
/* Procs and lwps, as NetBSD's rump kernel has them. */
#include <pthread.h>

#include "tests/unit/unit.h"

#define curlwp   rump_pub_lwproc_curlwp
#define rfork    rump_pub_lwproc_rfork
#define newlwp   rump_pub_lwproc_newlwp
#define release  rump_pub_lwproc_releaselwp
#define switchto rump_pub_lwproc_switch
#define getpid   rump_sys_getpid
#define getppid  rump_sys_getppid

SUITE(lwproc);

static void
on_thread(void *(*fn)(void *), void *arg)
{
	pthread_t td;

	EQ(pthread_create(&td, NULL, fn, arg), 0);
	EQ(pthread_join(td, NULL), 0);
}

static void
is(bool bound, int pid, int ppid)
{

	EQ(curlwp() != NULL, bound);
	EQ(getpid(), pid);
	EQ(getppid(), ppid);
}

Test(lwproc, init_twice_and_version)
{

	EQ(rump_init(), 0);
	EQ(rump_getversion(), 799003400);
	EQ(rump_nativeabi_p(), 1);
	EQ(RUMP_RFFDG, 1);
	EQ(RUMP_RFCFDG, 2);
}

static void *
implicit_thread(void *arg)
{

	is(false, 1, 0);
	EQ(rump_sys_fcntl(*(int *)arg, F_GETFD), 0);
	return NULL;
}

Test(lwproc, a_thread_without_lwp_is_pid_1)
{
	int fd;

	is(false, 1, 0);
	is(false, 1, 0);
	fd = OK(rump_sys_open("/", O_RDONLY));
	EQ(rump_sys_fcntl(fd, F_GETFD), 0);
	on_thread(implicit_thread, &fd);
}

Test(lwproc, rfork_gives_a_child_and_switches_to_it)
{
	struct lwp *l;

	EQ(rfork(0), 0);
	is(true, 2, 1);
	l = curlwp();
	EQ(rfork(RUMP_RFFDG), 0);
	is(true, 3, 2);
	cr_assert_neq(curlwp(), l);
	EQ(rfork(RUMP_RFCFDG), 0);
	is(true, 4, 3);
}

Test(lwproc, rfork_of_bad_flags_is_einval_and_changes_nothing)
{
	static const int bad[] = { 3, 4, 0x80, -1, 0x11 };
	struct lwp *l;
	size_t i;

	EQ(rfork(0), 0);
	l = curlwp();
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EQ(rfork(bad[i]), EINVAL);
		cr_assert_eq(curlwp(), l);
		is(true, 2, 1);
	}
}

Test(lwproc, newlwp_finds_the_proc_or_esrch)
{
	struct lwp *first;

	EQ(rfork(0), 0);
	first = curlwp();
	EQ(newlwp(9999), ESRCH);
	EQ(newlwp(-1), ESRCH);
	cr_assert_eq(curlwp(), first);
	EQ(newlwp(0), 0);
	is(true, 0, 0);
	EQ(newlwp(1), 0);
	is(true, 1, 0);
	EQ(newlwp(2), 0);
	is(true, 2, 1);
	EQ(newlwp(2), 0);
	is(true, 2, 1);
	switchto(first);
	is(true, 2, 1);
}

Test(lwproc, the_last_release_ends_the_proc)
{

	EQ(rfork(0), 0);
	is(true, 2, 1);
	release();
	cr_assert_null(curlwp());
	is(false, 1, 0);
	EQ(newlwp(2), ESRCH);
	is(false, 1, 0);
}

Test(lwproc, a_proc_lives_while_an_lwp_is_left)
{
	struct lwp *first, *second;

	EQ(rfork(0), 0);
	first = curlwp();
	EQ(newlwp(2), 0);
	second = curlwp();
	cr_assert_neq(first, second);
	release();
	cr_assert_null(curlwp());
	EQ(newlwp(2), 0);
	release();
	switchto(first);
	is(true, 2, 1);
	release();
	EQ(newlwp(2), ESRCH);
}

static void
release_twice(void)
{

	rfork(0);
	release();
	release();
}

static void
release_none(void)
{

	release();
}

static void
switch_self(void)
{

	rfork(0);
	switchto(curlwp());
}

static void *
switch_to_arg(void *l)
{

	switchto(l);
	return NULL;
}

static void
switch_running(void)
{
	pthread_t td;

	rfork(0);
	pthread_create(&td, NULL, switch_to_arg, curlwp());
	pthread_join(td, NULL);
}

static void *
exit_without_release(void *lp)
{

	rfork(0);
	*(struct lwp **)lp = curlwp();
	return NULL;
}

static void
switch_to_exited(void)
{
	struct lwp *l = NULL;
	pthread_t td;

	pthread_create(&td, NULL, exit_without_release, &l);
	pthread_join(td, NULL);
	switchto(l);
}

static void
switch_to_released(void)
{
	struct lwp *l;

	rfork(0);
	l = curlwp();
	release();
	switchto(l);
}

static void
switch_to_nonsense(void)
{

	switchto((struct lwp *)0x1234);
}

static void
usenative(void)
{

	rump_pub_lwproc_sysent_usenative();
}

Test(lwproc, release_twice_panics)
{

	panics(release_twice, "releasing non-pertinent lwp");
}

Test(lwproc, release_without_lwp_panics)
{

	panics(release_none, "releasing non-pertinent lwp");
}

Test(lwproc, switch_to_the_current_lwp_panics)
{

	panics(switch_self, "already running");
}

Test(lwproc, switch_to_another_threads_lwp_panics)
{

	panics(switch_running, "already running");
}

Test(lwproc, switch_to_the_lwp_of_an_exited_thread_panics)
{

	panics(switch_to_exited, "already running");
}

Test(lwproc, switch_to_a_released_lwp_panics)
{

	panics(switch_to_released, "was released");
}

Test(lwproc, switch_to_no_lwp_at_all_panics)
{

	panics(switch_to_nonsense, "is no lwp");
}

Test(lwproc, usenative_panics)
{

	panics(usenative, "don't use rump_lwproc_sysent_usenative()");
}

Test(lwproc, switch_goes_to_and_fro)
{
	struct lwp *a, *b;

	EQ(rfork(0), 0);
	a = curlwp();
	switchto(NULL);
	is(false, 1, 0);
	switchto(a);
	is(true, 2, 1);
	EQ(rfork(0), 0);
	b = curlwp();
	is(true, 3, 2);
	switchto(a);
	is(true, 2, 1);
	switchto(b);
	is(true, 3, 2);
	switchto(NULL);
	switchto(NULL);
	is(false, 1, 0);
	switchto(a);
	release();
	switchto(b);
	is(true, 3, 1);
	EQ(newlwp(2), ESRCH);
}

static void *
leave_lwp(void *lp)
{

	rfork(0);
	*(struct lwp **)lp = curlwp();
	switchto(NULL);
	return NULL;
}

Test(lwproc, a_thread_hands_its_lwp_to_another)
{
	struct lwp *l;

	on_thread(leave_lwp, &l);
	switchto(l);
	is(true, 2, 1);
	release();
}

Test(lwproc, rffdg_copies_the_descriptors)
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

Test(lwproc, rfcfdg_gives_an_empty_table)
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

Test(lwproc, rfork_0_shares_the_table)
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

Test(lwproc, a_copy_outlives_the_parent)
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

Test(lwproc, a_released_writer_is_end_of_file)
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

static void
cwd_is(const char *path)
{
	char buf[100];

	OK(rump_sys_getcwd(buf, sizeof(buf)));
	cr_assert_str_eq(buf, path);
}

Test(lwproc, every_child_has_a_cwd_of_its_own)
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

Test(lwproc, credentials_and_umask_are_a_procs_own)
{
	struct lwp *parent;

	EQ(rfork(0), 0);
	parent = curlwp();
	EQ(rump_sys_umask(027), 022);
	EQ(rfork(0), 0);
	EQ(rump_sys_getuid(), 0);
	EQ(rump_sys_setuid(5), 0);
	EQ(rump_sys_getuid(), 5);
	EQ(rump_sys_geteuid(), 5);
	EQ(rfork(0), 0);
	EQ(rump_sys_getuid(), 5);
	FAILS(rump_sys_setuid(0), EPERM);
	switchto(parent);
	EQ(rump_sys_getuid(), 0);
	EQ(rump_sys_umask(0), 027);
}

Test(lwproc, pids_rise)
{
	int i;

	for (i = 2; i < 10; i++) {
		EQ(rfork(0), 0);
		is(true, i, 1);
		release();
	}
	for (i = 10; i < 16; i++) {
		EQ(rfork(0), 0);
		is(true, i, i == 10 ? 1 : i - 1);
	}
}

Test(lwproc, orphans_go_to_pid_1)
{
	struct lwp *parent, *child;

	EQ(rfork(0), 0);
	parent = curlwp();
	EQ(rfork(0), 0);
	child = curlwp();
	is(true, 3, 2);
	switchto(parent);
	release();
	switchto(child);
	is(true, 3, 1);
}

Test(lwproc, rfork_of_an_implicit_thread)
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

Test(lwproc, setsid_makes_a_session)
{

	EQ(rfork(0), 0);
	EQ(rump_sys_getpgrp(), 0);
	EQ(rump_sys_getsid(0), 0);
	EQ(rump_sys_setsid(), 2);
	EQ(rump_sys_getpgrp(), 2);
	EQ(rump_sys_getsid(0), 2);
	FAILS(rump_sys_getsid(77777), ESRCH);
}

Test(lwproc, descriptors_are_the_lowest_free)
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

Test(lwproc, more_descriptors_than_the_limit_is_emfile)
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

Test(lwproc, errors_have_linux_numbers)
{
	int p[2];
	char c;

	EQ(EAGAIN, 11);
	EQ(rfork(RUMP_RFCFDG), 0);
	EQ(rump_sys_pipe2(p, O_NONBLOCK), 0);
	FAILS(rump_sys_read(p[0], &c, 1), 11);
	FAILS(rump_sys_read(99, &c, 1), 9);
	FAILS(rump_sys_open("/nope", O_RDONLY), 2);
	FAILS(rump_sys_open("/x/y", O_RDONLY), 2);
	FAILS(rump_sys_mkdir("/", 0700), 17);
	FAILS(rump_sys_rmdir("/nope"), 2);
	FAILS(rump_sys_ioctl(p[1], 0x12345678, 0), 25);
	FAILS(rump_sys_fcntl(p[1], 77, 0), 22);
	FAILS(rump_sys_open(NULL, 0), 14);
	FAILS(rump_sys_open((const char *)8, 0), 14);
	FAILS(rump_sys_chdir("/nope"), 2);
	FAILS(rump_sys_lseek(p[1], 0, SEEK_SET), 29);
	signal(SIGPIPE, SIG_IGN);
	EQ(rump_sys_close(p[0]), 0);
	FAILS(rump_sys_write(p[1], "x", 1), 32);
	FAILS(rump_sys_write(p[1], NULL, 1), 32);
}

static void
break_pipe(void)
{
	int p[2];

	rump_sys_pipe(p);
	rump_sys_close(p[0]);
	rump_sys_write(p[1], "x", 1);
}

Test(lwproc, a_broken_pipe_is_sigpipe)
{
	char said[100];
	int status = in_child(break_pipe, said, sizeof(said));

	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

static void
break_pipe_ignoring(void)
{

	signal(SIGPIPE, SIG_IGN);
	errno = 0;
	break_pipe();
	_exit(errno);
}

Test(lwproc, an_ignored_sigpipe_is_epipe)
{
	char said[100];
	int status = in_child(break_pipe_ignoring, said, sizeof(said));

	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == EPIPE);
}

Test(lwproc, a_proc_outlives_its_process_where_another_runs_it)
{
	pid_t host = fork();

	if (host == 0) {
		rfork(0);
		pause();
		_exit(0);
	}
	while (newlwp(2) != 0)
		continue;
	EQ(kill(host, SIGKILL), 0);
	EQ(waitpid(host, NULL, 0), host);
	EQ(rump_kern_check(), 0);
	is(true, 2, 1);
	release();
}

Test(lwproc, thousands_of_procs)
{
	int i;

	for (i = 0; i < 20000; i++)
		EQ(rfork(0), 0);
	is(true, 20001, 20000);
}

/* --- Without a kernel ------------------------------------------------------- */

TestSuite(noinit, .timeout = 20);

static void
noinit_getpid(void)
{

	_exit(getpid() == -1 && errno == ENXIO ? 0 : 1);
}

Test(noinit, a_call_is_refused_and_says_why)
{
	char said[200];
	int status = in_child(noinit_getpid, said, sizeof(said));

	EQ(status, 0);
	cr_assert_not_null(strstr(said, "rump_init() has not been called"));
}

static void
noinit_rfork(void)
{

	rfork(0);
}

static void
noinit_curlwp(void)
{

	curlwp();
}

Test(noinit, rfork_panics)
{

	panics(noinit_rfork, "rump_init() has not been called");
}

Test(noinit, curlwp_panics)
{

	panics(noinit_curlwp, "rump_init() has not been called");
}
