/* SPDX-License-Identifier: BSD-2-Clause */
/* Ids, names, private pointers and signals of lwps. */
#include "tests/unit/lwp.h"

SUITE(lwp_misc);

static atomic_int go;

static void
hold(void *arg)
{

	(void)arg;
	UNTIL(go != 0);
}

Test(lwp_misc, the_main_thread_is_1)
{

	EQ(_lwp_self(), 1);
}

/* --- Signals -------------------------------------------------------------------- */

static atomic_int caught, caught_in;

static void
on_signal(int sig)
{

	caught = sig;
	caught_in = _lwp_self();
}

Test(lwp_misc, kill_sends_a_signal_to_that_thread)
{
	lwpid_t id = spawn(hold, NULL, 0);

	signal(SIGUSR1, on_signal);
	EQ(_lwp_kill(id, 0), 0);
	EQ(caught, 0);
	EQ(_lwp_kill(id, SIGUSR1), 0);
	UNTIL(caught_in != 0);
	EQ(caught, SIGUSR1);
	EQ(caught_in, id);
	EQ(_lwp_kill(_lwp_self(), SIGUSR1), 0);
	EQ(caught_in, 1);
	go = 1;
	waits_for(id);
}

Test(lwp_misc, kill_has_einval_and_esrch)
{
	lwpid_t id = spawn(hold, NULL, 0);

	ERR(_lwp_kill(id, -1), EINVAL);
	ERR(_lwp_kill(id, 32), EINVAL);
	ERR(_lwp_kill(id, 33), EINVAL);
	ERR(_lwp_kill(id, 65), EINVAL);
	ERR(_lwp_kill(id + 1, SIGTERM), ESRCH);
	ERR(_lwp_kill(0, SIGTERM), ESRCH);
	ERR(_lwp_kill(-1, SIGTERM), ESRCH);
	go = 1;
	waits_for(id);
	ERR(_lwp_kill(id, SIGTERM), ESRCH);
}

/* --- Names ------------------------------------------------------------------------ */

static atomic_int tid;

static void
tells_tid(void *arg)
{

	tid = gettid();
	hold(arg);
}

static void
has_comm(const char *want)
{
	char path[64], comm[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/comm", (int)tid);
	f = fopen(path, "r");
	cr_assert_not_null(f);
	cr_assert_not_null(fgets(comm, sizeof(comm), f));
	fclose(f);
	comm[strcspn(comm, "\n")] = '\0';
	cr_assert_str_eq(comm, want);
}

Test(lwp_misc, a_name_is_kept_and_told_to_the_host)
{
	lwpid_t id = spawn(tells_tid, NULL, 0);
	char buf[64];

	UNTIL(tid != 0);
	EQ(_lwp_getname(id, buf, sizeof(buf)), 0);
	cr_assert_str_eq(buf, "");
	EQ(_lwp_setname(id, "worker"), 0);
	EQ(_lwp_getname(id, buf, sizeof(buf)), 0);
	cr_assert_str_eq(buf, "worker");
	has_comm("worker");
	/* Cut after LWP_NAMELEN - 1. */
	EQ(_lwp_setname(id, "0123456789abcdefghij"), 0);
	EQ(_lwp_getname(id, buf, LWP_NAMELEN), 0);
	cr_assert_str_eq(buf, "0123456789abcde");
	has_comm("0123456789abcde");
	EQ(_lwp_setname(_lwp_self(), "main"), 0);
	EQ(_lwp_getname(_lwp_self(), buf, sizeof(buf)), 0);
	cr_assert_str_eq(buf, "main");
	go = 1;
	waits_for(id);
}

Test(lwp_misc, names_have_errors)
{
	char buf[LWP_NAMELEN];

	ERR(_lwp_setname(99, "x"), ESRCH);
	ERR(_lwp_setname(1, NULL), EFAULT);
	ERR(_lwp_setname(1, (char *)8), EFAULT);
	EQ(_lwp_setname(1, "four"), 0);
	ERR(_lwp_getname(99, buf, sizeof(buf)), ESRCH);
	ERR(_lwp_getname(1, NULL, sizeof(buf)), EFAULT);
	ERR(_lwp_getname(1, (char *)8, sizeof(buf)), EFAULT);
	ERR(_lwp_getname(1, buf, 4), ENAMETOOLONG);
	ERR(_lwp_getname(1, buf, 0), ENAMETOOLONG);
	EQ(_lwp_getname(1, buf, 5), 0);
}

/* --- Private ---------------------------------------------------------------------- */

static void private(void *arg)
{

	cr_assert_null(_lwp_getprivate());
	_lwp_setprivate(arg);
	UNTIL(go != 0);
	*(void **)arg = _lwp_getprivate();
}

Test(lwp_misc, each_has_a_private_pointer)
{
	void *a = NULL, *b = NULL;
	lwpid_t id[2];

	_lwp_setprivate(&go);
	id[0] = spawn(private, &a, 0);
	id[1] = spawn(private, &b, 0);
	go = 1;
	waits_for(id[0]);
	waits_for(id[1]);
	cr_assert_eq(a, &a);
	cr_assert_eq(b, &b);
	cr_assert_eq(_lwp_getprivate(), &go);
}
