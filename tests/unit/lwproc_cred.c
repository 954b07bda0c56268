/* SPDX-License-Identifier: BSD-2-Clause */
/* Who a proc is: ids, groups, umask. */
#include "tests/unit/lwproc.h"

#include <sys/stat.h>

SUITE(lwproc_cred);

Test(lwproc_cred, credentials_and_umask_are_a_procs_own)
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

static void
uids_are(uid_t r, uid_t e, uid_t s)
{
	uid_t ids[3];

	EQ(rump_sys_getresuid(&ids[0], &ids[1], &ids[2]), 0);
	EQ(ids[0], r);
	EQ(ids[1], e);
	EQ(ids[2], s);
	EQ(rump_sys_getuid(), r);
	EQ(rump_sys_geteuid(), e);
}

static void
gids_are(gid_t r, gid_t e, gid_t s)
{
	gid_t ids[3];

	EQ(rump_sys_getresgid(&ids[0], &ids[1], &ids[2]), 0);
	EQ(ids[0], r);
	EQ(ids[1], e);
	EQ(ids[2], s);
	EQ(rump_sys_getgid(), r);
	EQ(rump_sys_getegid(), e);
}

Test(lwproc_cred, setuid_of_a_user_takes_real_or_saved_only)
{

	EQ(rfork(0), 0);
	FAILS(rump_sys_setuid(-1), EINVAL);
	EQ(rump_sys_setresuid(1, 2, 3), 0);
	uids_are(1, 2, 3);
	FAILS(rump_sys_setuid(2), EPERM);
	EQ(rump_sys_setuid(1), 0);
	uids_are(1, 1, 3);
	EQ(rump_sys_setuid(3), 0);
	uids_are(1, 3, 3);
	FAILS(rump_sys_setuid(0), EPERM);
}

Test(lwproc_cred, setgid_is_the_super_users_or_real_or_saved)
{

	EQ(rfork(0), 0);
	FAILS(rump_sys_setgid(-1), EINVAL);
	EQ(rump_sys_setgid(7), 0);
	gids_are(7, 7, 7);
	EQ(rump_sys_setresgid(1, 2, 3), 0);
	EQ(rump_sys_setuid(5), 0);
	FAILS(rump_sys_setgid(2), EPERM);
	EQ(rump_sys_setgid(3), 0);
	gids_are(1, 3, 3);
	FAILS(rump_sys_setgid(0), EPERM);
}

Test(lwproc_cred, setreuid_saves_the_new_effective_id)
{

	EQ(rfork(0), 0);
	EQ(rump_sys_setreuid(4, 5), 0);
	uids_are(4, 5, 5);
	EQ(rump_sys_setreuid(-1, 4), 0);
	uids_are(4, 4, 5);
	EQ(rump_sys_setreuid(-1, 5), 0);
	uids_are(4, 5, 5);
	EQ(rump_sys_setreuid(5, 4), 0);
	uids_are(5, 4, 4);
	FAILS(rump_sys_setreuid(6, -1), EPERM);
	FAILS(rump_sys_setreuid(-1, 6), EPERM);
	EQ(rump_sys_setreuid(-1, -1), 0);
	uids_are(5, 4, 4);
}

Test(lwproc_cred, setregid_saves_the_new_effective_id)
{

	EQ(rfork(0), 0);
	EQ(rump_sys_setregid(4, 5), 0);
	gids_are(4, 5, 5);
	EQ(rump_sys_setuid(9), 0);
	FAILS(rump_sys_setregid(6, -1), EPERM);
	EQ(rump_sys_setregid(5, 4), 0);
	gids_are(5, 4, 4);
}

Test(lwproc_cred, setresuid_takes_any_of_the_three)
{

	EQ(rfork(0), 0);
	EQ(rump_sys_setresuid(1, 2, 3), 0);
	EQ(rump_sys_setresuid(3, 1, 2), 0);
	uids_are(3, 1, 2);
	EQ(rump_sys_setresuid(-1, -1, -1), 0);
	uids_are(3, 1, 2);
	FAILS(rump_sys_setresuid(4, -1, -1), EPERM);
	FAILS(rump_sys_setresuid(-1, 4, -1), EPERM);
	FAILS(rump_sys_setresuid(-1, -1, 0), EPERM);
	uids_are(3, 1, 2);
	FAILS(rump_sys_getresuid(NULL, NULL, NULL), EFAULT);
}

Test(lwproc_cred, setfsuid_gives_the_old_one_and_never_fails)
{

	EQ(rfork(0), 0);
	EQ(rump_sys_setfsuid(5), 0);
	EQ(rump_sys_setfsuid(-1), 5);
	EQ(rump_sys_setfsuid(6), 5);
	EQ(rump_sys_setfsgid(7), 0);
	EQ(rump_sys_setfsgid(-1), 7);
	/* Any change of the effective id takes it along. */
	EQ(rump_sys_setresuid(1, 2, 3), 0);
	EQ(rump_sys_setfsuid(9), 2);
	EQ(rump_sys_setfsuid(3), 2);
	EQ(rump_sys_setfsuid(-1), 3);
}

Test(lwproc_cred, groups_are_a_procs_own)
{
	gid_t two[2] = { 100, 50 }, got[2] = { 0, 0 }, many[65] = { 0 };
	struct lwp *parent;

	EQ(rfork(0), 0);
	parent = curlwp();
	EQ(rump_sys_getgroups(0, NULL), 0);
	EQ(rump_sys_setgroups(2, two), 0);
	EQ(rfork(0), 0);
	EQ(rump_sys_getgroups(0, NULL), 2);
	EQ(rump_sys_getgroups(2, got), 2);
	EQ(got[0], 100);
	EQ(got[1], 50);
	FAILS(rump_sys_getgroups(1, got), EINVAL);
	FAILS(rump_sys_getgroups(-1, got), EINVAL);
	FAILS(rump_sys_getgroups(2, (gid_t *)8), EFAULT);
	FAILS(rump_sys_setgroups(65, many), EINVAL);
	FAILS(rump_sys_setgroups(2, (gid_t *)8), EFAULT);
	EQ(rump_sys_setgroups(0, NULL), 0);
	EQ(rump_sys_setuid(5), 0);
	FAILS(rump_sys_setgroups(2, two), EPERM);
	switchto(parent);
	EQ(rump_sys_getgroups(0, NULL), 2);
}

Test(lwproc_cred, all_lwps_of_a_proc_are_the_same_user)
{
	struct lwp *first;

	EQ(rfork(0), 0);
	first = curlwp();
	EQ(newlwp(getpid()), 0);
	EQ(rump_sys_setuid(5), 0);
	EQ(rump_sys_umask(077), 022);
	switchto(first);
	EQ(rump_sys_getuid(), 5);
	EQ(rump_sys_umask(0), 077);
	switchto(NULL);
	EQ(rump_sys_getuid(), 0);
	EQ(rump_sys_umask(022), 022);
}

Test(lwproc_cred, what_a_proc_may_do_is_its_own)
{
	struct lwp *user, *other;
	struct stat st;
	int fd;

	EQ(rump_sys_mkdir("/open", 0777), 0);
	EQ(rump_sys_chmod("/open", 0777), 0);
	EQ(rfork(RUMP_RFCFDG), 0);
	user = curlwp();
	EQ(rump_sys_setgid(7), 0);
	EQ(rump_sys_setuid(5), 0);
	rump_sys_umask(0177);
	fd = OK(rump_sys_open("/open/f", O_CREAT | O_RDWR, 0666));
	EQ(rump_sys_fstat(fd, &st), 0);
	EQ(st.st_uid, 5);
	EQ(st.st_gid, 7);
	EQ(st.st_mode & 07777, 0600);
	switchto(NULL);
	EQ(rfork(RUMP_RFCFDG), 0);
	other = curlwp();
	EQ(rump_sys_setuid(6), 0);
	FAILS(rump_sys_open("/open/f", O_RDONLY), EACCES);
	switchto(user);
	EQ(rump_sys_open("/open/f", O_RDONLY), 1);
	switchto(other);
	FAILS(rump_sys_chmod("/open/f", 0666), EPERM);
}
