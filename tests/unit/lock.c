/* SPDX-License-Identifier: BSD-2-Clause */
/* Locks on files: flock(2), and fcntl(2)'s by process and by open file. */
#include <sys/file.h>

#include <pthread.h>

#include "tests/unit/unit.h"

static int fd;
static struct lwp *first, *second;

/* Two procs with the same file open each: 0 in both. */
static void
start(void)
{

	boot();
	EQ(rump_pub_lwproc_rfork(RUMP_RFCFDG), 0);
	first = rump_pub_lwproc_curlwp();
	fd = make_file("/f", "", 0);
	rump_pub_lwproc_switch(NULL);
	EQ(rump_pub_lwproc_rfork(RUMP_RFCFDG), 0);
	second = rump_pub_lwproc_curlwp();
	EQ(rump_sys_open("/f", O_RDWR), fd);
	rump_pub_lwproc_switch(first);
}

TestSuite(lock, .init = start, .fini = finish, .timeout = 60);

static int
set(int cmd, int type, off_t begin, off_t len)
{
	struct flock fl = { .l_type = type,
		.l_whence = SEEK_SET,
		.l_start = begin,
		.l_len = len };

	return rump_sys_fcntl(fd, cmd, &fl);
}

Test(lock, writers_exclude_and_readers_share)
{

	EQ(set(F_SETLK, F_WRLCK, 0, 10), 0);
	EQ(set(F_SETLK, F_RDLCK, 20, 10), 0);
	rump_pub_lwproc_switch(second);
	FAILS(set(F_SETLK, F_RDLCK, 9, 1), EAGAIN);
	EQ(set(F_SETLK, F_WRLCK, 10, 10), 0);
	EQ(set(F_SETLK, F_RDLCK, 20, 10), 0);
	FAILS(set(F_SETLK, F_WRLCK, 29, 10), EAGAIN);
}

Test(lock, getlk_tells_who_is_in_the_way)
{
	struct flock fl = { .l_type = F_WRLCK };

	EQ(set(F_SETLK, F_RDLCK, 5, 10), 0);
	rump_pub_lwproc_switch(second);
	EQ(rump_sys_fcntl(fd, F_GETLK, &fl), 0);
	EQ(fl.l_type, F_RDLCK);
	EQ(fl.l_start, 5);
	EQ(fl.l_len, 10);
	EQ(fl.l_pid, 2);
}

/* Where the lock that is told of starts; -1: none, or an error. */
static off_t
told(int cmd, int type)
{
	struct flock fl = { .l_type = type };

	if (rump_sys_fcntl(fd, cmd, &fl) == -1)
		return -1;
	return fl.l_type == F_UNLCK ? -1 : fl.l_start;
}

Test(lock, getlk_tells_the_lowest_of_whoever_came_first)
{

	EQ(set(F_SETLK, F_WRLCK, 100, 10), 0);
	rump_pub_lwproc_switch(second);
	EQ(set(F_SETLK, F_WRLCK, 0, 10), 0);
	rump_pub_lwproc_switch(first);
	EQ(set(F_SETLK, F_WRLCK, 50, 10), 0);
	EQ(told(F_OFD_GETLK, F_WRLCK), 50);
	EQ(set(F_SETLK, F_UNLCK, 50, 10), 0);
	EQ(told(F_OFD_GETLK, F_WRLCK), 100);
	/* In the place of the one that it covers. */
	EQ(set(F_SETLK, F_RDLCK, 90, 30), 0);
	EQ(told(F_OFD_GETLK, F_WRLCK), 90);
	EQ(set(F_SETLK, F_UNLCK, 0, 0), 0);
	EQ(set(F_SETLK, F_WRLCK, 50, 10), 0);
	EQ(told(F_OFD_GETLK, F_WRLCK), 0);
}

Test(lock, ofd_getlk_of_unlck_tells_ones_own)
{

	EQ(set(F_SETLK, F_WRLCK, 0, 10), 0);
	EQ(told(F_OFD_GETLK, F_UNLCK), -1);
	EQ(set(F_OFD_SETLK, F_RDLCK, 40, 10), 0);
	EQ(set(F_OFD_SETLK, F_RDLCK, 20, 10), 0);
	EQ(told(F_OFD_GETLK, F_UNLCK), 20);
	FAILS(told(F_GETLK, F_UNLCK), EINVAL);
}

Test(lock, a_directory_ends_at_its_size)
{
	int dir = OK(rump_sys_open("/", O_RDONLY));
	struct flock fl = { .l_type = F_RDLCK,
		.l_whence = SEEK_END,
		.l_len = 1 };
	struct stat st;

	EQ(rump_sys_fstat(dir, &st), 0);
	EQ(st.st_size != 0, true);
	EQ(rump_sys_fcntl(dir, F_OFD_SETLK, &fl), 0);
	fl = (struct flock){ .l_type = F_UNLCK };
	EQ(rump_sys_fcntl(dir, F_OFD_GETLK, &fl), 0);
	EQ(fl.l_start, st.st_size);
}

Test(lock, unlocking_the_middle_splits)
{

	EQ(set(F_SETLK, F_WRLCK, 0, 100), 0);
	EQ(set(F_SETLK, F_UNLCK, 40, 20), 0);
	rump_pub_lwproc_switch(second);
	FAILS(set(F_SETLK, F_WRLCK, 39, 1), EAGAIN);
	EQ(set(F_SETLK, F_WRLCK, 40, 20), 0);
	FAILS(set(F_SETLK, F_WRLCK, 60, 1), EAGAIN);
}

Test(lock, any_close_drops_a_procs_locks)
{
	int other = OK(rump_sys_open("/f", O_RDONLY));

	EQ(set(F_SETLK, F_WRLCK, 0, 0), 0);
	EQ(rump_sys_close(other), 0);
	rump_pub_lwproc_switch(second);
	EQ(set(F_SETLK, F_WRLCK, 0, 0), 0);
}

Test(lock, the_end_of_a_proc_drops_its_locks)
{

	EQ(set(F_SETLK, F_WRLCK, 0, 0), 0);
	rump_pub_lwproc_releaselwp();
	rump_pub_lwproc_switch(second);
	EQ(set(F_SETLK, F_WRLCK, 0, 0), 0);
}

Test(lock, an_open_files_lock_outlives_other_closes)
{
	int other = OK(rump_sys_open("/f", O_RDONLY));

	EQ(set(F_OFD_SETLK, F_WRLCK, 0, 0), 0);
	EQ(rump_sys_close(other), 0);
	rump_pub_lwproc_switch(second);
	FAILS(set(F_SETLK, F_WRLCK, 0, 0), EAGAIN);
	rump_pub_lwproc_switch(first);
	EQ(rump_sys_close(fd), 0);
	rump_pub_lwproc_switch(second);
	EQ(set(F_SETLK, F_WRLCK, 0, 0), 0);
}

Test(lock, flock_is_the_files)
{
	int copy = OK(rump_sys_dup(fd));

	EQ(rump_sys_flock(fd, LOCK_EX), 0);
	EQ(rump_sys_close(fd), 0);
	rump_pub_lwproc_switch(second);
	FAILS(rump_sys_flock(fd, LOCK_SH | LOCK_NB), EWOULDBLOCK);
	rump_pub_lwproc_switch(first);
	EQ(rump_sys_flock(copy, LOCK_SH), 0);
	rump_pub_lwproc_switch(second);
	EQ(rump_sys_flock(fd, LOCK_SH | LOCK_NB), 0);
	FAILS(rump_sys_flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	FAILS(rump_sys_flock(fd, 77), EINVAL);
}

static void *
wait_for_lock(void *arg)
{
	(void)arg;
	rump_pub_lwproc_switch(second);
	EQ(set(F_SETLKW, F_WRLCK, 0, 0), 0);
	rump_pub_lwproc_switch(NULL);
	return NULL;
}

Test(lock, a_waiter_gets_it_when_it_is_free)
{
	pthread_t td;

	EQ(set(F_SETLK, F_WRLCK, 0, 10), 0);
	EQ(pthread_create(&td, NULL, wait_for_lock, NULL), 0);
	EQ(set(F_SETLK, F_UNLCK, 0, 10), 0);
	pthread_join(td, NULL);
	FAILS(set(F_SETLK, F_RDLCK, 0, 10), EAGAIN);
}

static void *
wait_on_other(void *arg)
{
	bool *is = arg;
	int r;

	rump_pub_lwproc_switch(second);
	EQ(set(F_SETLK, F_WRLCK, 1, 1), 0);
	r = rump_sys_fcntl(fd, F_SETLKW,
	    &(struct flock){ .l_type = F_WRLCK, .l_start = 0, .l_len = 1 });
	*is = r == -1 && errno == EDEADLK;
	EQ(r, *is ? -1 : 0);
	EQ(set(F_SETLK, F_UNLCK, 0, 0), 0);
	rump_pub_lwproc_switch(NULL);
	return NULL;
}

Test(lock, a_circle_is_edeadlk)
{
	bool circle = false;
	struct flock fl;
	pthread_t td;
	int r;

	EQ(set(F_SETLK, F_WRLCK, 0, 1), 0);
	EQ(pthread_create(&td, NULL, wait_on_other, &circle), 0);
	do {
		fl = (struct flock){ .l_type = F_WRLCK,
			.l_start = 1,
			.l_len = 1 };
		r = OK(rump_sys_fcntl(fd, F_GETLK, &fl));
	} while (fl.l_type == F_UNLCK);
	r = set(F_SETLKW, F_WRLCK, 1, 1);
	if (r != 0)
		EQ(errno, EDEADLK);
	EQ(set(F_SETLK, F_UNLCK, 0, 0), 0);
	pthread_join(td, NULL);
	/* Whichever came second is told; the other one gets its lock. */
	EQ(circle, r == 0);
}
