/* SPDX-License-Identifier: BSD-2-Clause */
/* Pids, the tree of procs, process groups and sessions. */
#include "tests/unit/lwproc.h"

SUITE(lwproc_pids);

Test(lwproc_pids, pids_rise)
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

Test(lwproc_pids, orphans_go_to_pid_1)
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

Test(lwproc_pids, setsid_makes_a_session)
{

	EQ(rfork(0), 0);
	EQ(rump_sys_getpgrp(), 0);
	EQ(rump_sys_getsid(0), 0);
	EQ(rump_sys_setsid(), 2);
	EQ(rump_sys_getpgrp(), 2);
	EQ(rump_sys_getsid(0), 2);
	FAILS(rump_sys_getsid(77777), ESRCH);
}

Test(lwproc_pids, grandchildren_keep_their_parent)
{
	struct lwp *a, *b, *c;

	EQ(rfork(0), 0);
	a = curlwp();
	EQ(rfork(0), 0);
	b = curlwp();
	EQ(rfork(0), 0);
	c = curlwp();
	switchto(a);
	release();
	switchto(c);
	is(true, 4, 3);
	switchto(b);
	is(true, 3, 1);
	release();
	switchto(c);
	is(true, 4, 1);
}

Test(lwproc_pids, many_orphans_go_to_pid_1)
{
	struct lwp *parent, *child[3000];
	int i;

	EQ(rfork(0), 0);
	parent = curlwp();
	for (i = 0; i < 3000; i++) {
		EQ(rfork(RUMP_RFCFDG), 0);
		child[i] = curlwp();
		switchto(parent);
	}
	release();
	for (i = 0; i < 3000; i++) {
		switchto(child[i]);
		is(true, 3 + i, 1);
		release();
	}
}

Test(lwproc_pids, a_group_leader_makes_no_session)
{

	EQ(rfork(0), 0);
	EQ(rump_sys_setsid(), 2);
	FAILS(rump_sys_setsid(), EPERM);
	EQ(rfork(0), 0);
	EQ(rump_sys_getsid(0), 2);
	EQ(rump_sys_setpgid(0, 0), 0);
	FAILS(rump_sys_setsid(), EPERM);
}

Test(lwproc_pids, children_are_in_their_parents_group_and_session)
{
	struct lwp *parent;

	EQ(rfork(0), 0);
	parent = curlwp();
	EQ(rump_sys_setsid(), 2);
	EQ(rfork(RUMP_RFFDG), 0);
	EQ(rump_sys_getpgrp(), 2);
	EQ(rump_sys_getpgid(0), 2);
	EQ(rump_sys_getsid(0), 2);
	EQ(rump_sys_setpgid(0, 0), 0);
	EQ(rump_sys_getpgrp(), 3);
	switchto(parent);
	EQ(rump_sys_getpgrp(), 2);
	EQ(rump_sys_getpgid(3), 3);
	EQ(rump_sys_getsid(3), 2);
	FAILS(rump_sys_getpgid(77777), ESRCH);
	FAILS(rump_sys_getpgid(-1), ESRCH);
}

Test(lwproc_pids, setpgid_moves_self_and_children_only)
{
	struct lwp *a, *b, *c;

	EQ(rfork(0), 0);
	EQ(rump_sys_setsid(), 2);
	a = curlwp();
	EQ(rfork(0), 0);
	b = curlwp();
	EQ(rfork(0), 0);
	c = curlwp();
	switchto(a);
	FAILS(rump_sys_setpgid(0, -1), EINVAL);
	FAILS(rump_sys_setpgid(4, 4), ESRCH); /* a grandchild */
	FAILS(rump_sys_setpgid(1, 1), ESRCH);
	FAILS(rump_sys_setpgid(9999, 0), ESRCH);
	FAILS(rump_sys_setpgid(0, 0), EPERM); /* leads a session */
	FAILS(rump_sys_setpgid(3, 77), EPERM);
	EQ(rump_sys_setpgid(3, 3), 0);
	switchto(b);
	EQ(rump_sys_setpgid(4, 3), 0);
	EQ(rump_sys_setpgid(0, 2), 0);
	switchto(c);
	EQ(rump_sys_getpgrp(), 3);
	EQ(rump_sys_setpgid(0, 3), 0);
	/* Another session's. */
	EQ(rump_sys_setsid(), 4);
	switchto(b);
	FAILS(rump_sys_setpgid(4, 2), EPERM);
	FAILS(rump_sys_setpgid(0, 4), EPERM);
}

/* After the highest number they begin again. */
static void
begin_again_at(struct idrange *ir, int next)
{

	ir->ir_next = next;
	ir->ir_end = ID_MAX;
}

Test(lwproc_pids, a_pid_in_use_is_not_given_again)
{
	struct idrange *ir = &ARENA->a_lwproc->ls_pids;
	struct lwp *held[5000];
	int i;

	for (i = 0; i < 5000; i++) {
		EQ(rfork(RUMP_RFCFDG), 0);
		held[i] = curlwp();
	}
	is(true, 5001, 5000);
	switchto(held[100]);
	release();
	switchto(NULL);
	begin_again_at(ir, ID_MAX - 1);
	EQ(rfork(0), 0);
	is(true, ID_MAX - 1, 1);
	release();
	EQ(rfork(0), 0);
	is(true, 102, 1);
	EQ(rfork(0), 0);
	is(true, 5002, 102);
	EQ(rfork(0), 0);
	is(true, 5003, 5002);
}

Test(lwproc_pids, the_number_of_a_group_or_session_is_not_a_new_pid)
{
	struct idrange *ir = &ARENA->a_lwproc->ls_pids;
	struct lwp *leader, *grouped;

	EQ(rfork(0), 0);
	leader = curlwp();
	EQ(rump_sys_setsid(), 2);
	EQ(rfork(0), 0);
	EQ(rump_sys_setpgid(0, 0), 0);
	EQ(rfork(0), 0);
	grouped = curlwp();
	EQ(rump_sys_getpgrp(), 3);
	EQ(newlwp(3), 0);
	release();
	switchto(leader);
	release();
	switchto(grouped);
	is(true, 4, 3);
	switchto(NULL);
	/* Only 4 of the session 2 and the group 3 is left. */
	EQ(newlwp(3), 0);
	release();
	begin_again_at(ir, ID_MAX);
	EQ(rfork(0), 0);
	is(true, 5, 1);
}

Test(lwproc_pids, a_thread_id_in_use_is_not_given_again)
{
	struct lwp *first;
	struct proc *p;
	int i, pid;

	EQ(rfork(0), 0);
	first = curlwp();
	pid = getpid();
	for (i = 2; i < 6000; i++) {
		EQ(newlwp(pid), 0);
		EQ(rump_sys_gettid(), i);
		/* 50 is free. */
		if (i == 50)
			release();
	}
	p = kcurcpu->c_lwp->l_proc;
	begin_again_at(&p->p_lids, ID_MAX - 1);
	EQ(newlwp(pid), 0);
	EQ(rump_sys_gettid(), ID_MAX - 1);
	EQ(newlwp(pid), 0);
	EQ(rump_sys_gettid(), 50);
	EQ(newlwp(pid), 0);
	EQ(rump_sys_gettid(), 6000);
	switchto(first);
	EQ(rump_sys_gettid(), 1);
}

static void *
ask_parent(void *arg)
{
	int i, ppid;

	switchto(arg);
	for (i = 0; i < 2000000 && (ppid = getppid()) != 1; i++)
		if (ppid != 2)
			return (void *)(intptr_t)(ppid == 0 ? -1 : ppid);
	release();
	return NULL;
}

/* It never sees the pid of a proc that took the parent's memory. */
Test(lwproc_pids, getppid_is_the_parent_or_pid_1)
{
	struct lwp *parent, *child;
	pthread_t td;
	void *wrong;
	int i;

	EQ(rfork(0), 0);
	parent = curlwp();
	EQ(rfork(0), 0);
	child = curlwp();
	switchto(parent);
	EQ(pthread_create(&td, NULL, ask_parent, child), 0);
	for (i = 0; i < 1000; i++)
		rump_sys_getpid();
	release();
	for (i = 0; i < 1000; i++)
		EQ(rfork(0), 0);
	EQ(pthread_join(td, &wrong), 0);
	EQ(wrong, 0);
}
