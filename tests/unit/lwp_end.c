/* SPDX-License-Identifier: BSD-2-Clause */
/* How an lwp ends, and who waits for it: _lwp_exit, _lwp_wait, _lwp_detach. */
#include "tests/unit/lwp.h"

#include <dirent.h>

SUITE(lwp_end);

static atomic_int go, after;

static void
nothing(void *arg)
{

	(void)arg;
}

static void
hold(void *arg)
{

	(void)arg;
	UNTIL(go != 0);
}

static int
host_threads(void)
{
	DIR *d = opendir("/proc/self/task");
	int n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

/* --- Ways to end ---------------------------------------------------------------- */

/* With frames of others below. */
static int
deeper(const void *a, const void *b)
{

	if (*(const int *)a != *(const int *)b)
		_lwp_exit();
	return 0;
}

static void
exits(void *arg)
{

	int some[] = { 3, 1, 2 };

	(void)arg;
	qsort(some, 3, sizeof(some[0]), deeper);
	after = 1;
}

Test(lwp_end, exit_ends_it_at_once)
{
	int n = host_threads();

	waits_for(spawn(exits, NULL, 0));
	EQ(after, 0);
	/* The host's thread has gone, too. */
	EQ(host_threads(), n);
}

static void
cleaned(void *arg)
{

	*(atomic_int *)arg = rump_sys_getpid();
}

static void
pthread_exits(void *arg)
{

	pthread_cleanup_push(cleaned, arg);
	pthread_exit(NULL);
	pthread_cleanup_pop(0);
	after = 1;
}

Test(lwp_end, pthread_exit_runs_cleanups_and_ends_it)
{
	static atomic_int done;

	waits_for(spawn(pthread_exits, &done, 0));
	EQ(done, 1);
	EQ(after, 0);
	EQ(rump_kern_check(), 0);
}

static _Atomic pthread_t thread;

static void
is_cancelled(void *arg)
{

	pthread_cleanup_push(cleaned, arg);
	thread = pthread_self();
	for (;;) {
		pthread_testcancel();
		sched_yield();
	}
	pthread_cleanup_pop(0);
}

Test(lwp_end, a_cancelled_one_ends)
{
	static atomic_int done;
	lwpid_t id = spawn(is_cancelled, &done, 0);

	UNTIL(thread != 0);
	EQ(pthread_cancel(thread), 0);
	waits_for(id);
	EQ(done, 1);
	EQ(rump_kern_check(), 0);
}

static void
exits_context(void)
{

	pthread_exits(&after);
	after = 77;
}

Test(lwp_end, so_it_does_on_a_stack_of_makecontext)
{
	ucontext_t uc;
	lwpid_t id;

	getcontext(&uc);
	uc.uc_stack.ss_sp = new_stack();
	uc.uc_stack.ss_size = STACK;
	uc.uc_link = NULL;
	makecontext(&uc, exits_context, 0);
	EQ(_lwp_create(&uc, 0, &id), 0);
	waits_for(id);
	EQ(after, 1);
}

static int pipe_end;
static atomic_int reader;

static void
is_torn_out(void *arg)
{
	char c;

	(void)arg;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	thread = pthread_self();
	reader = gettid();
	rump_sys_read(pipe_end, &c, 1);
	after = 1;
}

Test(lwp_end, torn_out_of_a_rump_call_it_leaves_the_kernel_whole)
{
	lwpid_t id;
	int p[2];

	OK(rump_sys_pipe(p));
	pipe_end = p[0];
	id = spawn(is_torn_out, NULL, 0);
	UNTIL(reader != 0 && host_state(reader) == 'S');
	EQ(pthread_cancel(thread), 0);
	waits_for(id);
	EQ(after, 0);
	EQ(rump_kern_check(), 0);
	EQ(rump_sys_write(p[1], "x", 1), 1);
	EQ(rump_sys_close(p[0]), 0);
}

static pthread_key_t key;
static lwpid_t destroyed_in;
static int destroyed_pid;

static void
destroy(void *arg)
{

	(void)arg;
	destroyed_in = _lwp_self();
	destroyed_pid = rump_sys_getpid();
}

static void
sets_key(void *arg)
{

	pthread_setspecific(key, arg);
}

Test(lwp_end, destructors_of_the_thread_run_in_the_lwp)
{
	lwpid_t id;

	EQ(rump_pub_lwproc_rfork(RUMP_RFCFDG), 0);
	pthread_key_create(&key, destroy);
	id = spawn(sets_key, &key, 0);
	waits_for(id);
	EQ(destroyed_in, id);
	EQ(destroyed_pid, rump_sys_getpid());
	rump_pub_lwproc_releaselwp();
}

/* It may run other lwps; its own goes with it all the same. */
static void
runs_others(void *arg)
{
	struct lwp *own = rump_pub_lwproc_curlwp();

	switch (*(int *)arg) {
	case 0:
		rump_pub_lwproc_switch(NULL);
		break;
	case 1:
		rump_pub_lwproc_releaselwp();
		break;
	case 2:
		rump_pub_lwproc_rfork(0);
		rump_pub_lwproc_releaselwp();
		rump_pub_lwproc_switch(own);
		break;
	case 3:
		rump_pub_lwproc_rfork(0);
		rump_pub_lwproc_releaselwp();
		break;
	}
}

Test(lwp_end, its_rump_lwp_goes_whatever_the_thread_runs)
{
	int i;
	pid_t pid;
	lwpid_t id;

	for (i = 0; i < 4; i++) {
		EQ(rump_pub_lwproc_rfork(0), 0);
		pid = rump_sys_getpid();
		id = spawn(runs_others, &i, 0);
		waits_for(id);
		rump_pub_lwproc_releaselwp();
		EQ(rump_pub_lwproc_newlwp(pid), ESRCH);
	}
	EQ(rump_kern_check(), 0);
}

/* --- Waiting ------------------------------------------------------------------------ */

Test(lwp_end, wait_is_for_one_or_any)
{
	lwpid_t a = spawn(hold, NULL, 0), b = spawn(nothing, NULL, 0), got = 0;

	EQ(_lwp_wait(0, &got), 0);
	EQ(got, b);
	go = 1;
	EQ(_lwp_wait(0, &got), 0);
	EQ(got, a);
	ERR(_lwp_wait(0, &got), ESRCH);
	EQ(_lwp_wait(spawn(nothing, NULL, 0), NULL), 0);
}

Test(lwp_end, wait_for_nobody_is_esrch)
{
	lwpid_t id = spawn(nothing, NULL, 0), got = 5;

	ERR(_lwp_wait(id + 1, &got), ESRCH);
	ERR(_lwp_wait(-1, &got), ESRCH);
	ERR(_lwp_wait(0x7fffffff, &got), ESRCH);
	ERR(_lwp_wait(1 << 14, &got), ESRCH);
	waits_for(id);
	ERR(_lwp_wait(id, &got), ESRCH);
	EQ(got, 5);
}

Test(lwp_end, wait_for_oneself_is_edeadlk)
{

	ERR(_lwp_wait(_lwp_self(), NULL), EDEADLK);
}

Test(lwp_end, wait_into_nowhere_is_efault_and_takes_none)
{
	lwpid_t id = spawn(nothing, NULL, 0);

	ERR(_lwp_wait(id, (void *)8), EFAULT);
	waits_for(id);
}

struct waiter {
	lwpid_t id;
	atomic_int tid, error;
	lwpid_t got;
};

static void
waits(void *arg)
{
	struct waiter *w = arg;

	w->tid = gettid();
	w->error = _lwp_wait(w->id, &w->got);
}

Test(lwp_end, of_two_who_wait_for_one_the_loser_gets_esrch)
{
	struct waiter w[2] = { 0 };
	lwpid_t id = spawn(hold, NULL, 0), waiter[2];
	int i;

	for (i = 0; i < 2; i++) {
		w[i].id = id;
		waiter[i] = spawn(waits, &w[i], 0);
		UNTIL(w[i].tid != 0 && host_state(w[i].tid) == 'S');
	}
	go = 1;
	waits_for(waiter[0]);
	waits_for(waiter[1]);
	EQ(w[0].error + w[1].error, ESRCH);
	EQ(w[0].got + w[1].got, id);
}

Test(lwp_end, who_waits_for_any_leaves_one_that_another_waits_for)
{
	struct waiter w[2] = { 0 };
	lwpid_t id = spawn(hold, NULL, 0), waiter[2];
	int i;

	w[0].id = id;
	for (i = 0; i < 2; i++) {
		waiter[i] = spawn(waits, &w[i], i == 1 ? LWP_DETACHED : 0);
		UNTIL(w[i].tid != 0 && host_state(w[i].tid) == 'S');
	}
	go = 1;
	/* w[1] gets w[0], not id. */
	UNTIL(_lwp_kill(waiter[1], 0) == ESRCH);
	EQ(w[0].error, 0);
	EQ(w[0].got, id);
	EQ(w[1].error, 0);
	EQ(w[1].got, waiter[0]);
}

Test(lwp_end, waiting_in_a_circle_is_edeadlk)
{
	struct waiter w = { .id = _lwp_self() }, v = { 0 };
	lwpid_t id = spawn(waits, &w, 0), other;

	EQ(w.id, 1);
	UNTIL(w.tid != 0 && host_state(w.tid) == 'S');
	ERR(_lwp_wait(id, NULL), EDEADLK);
	/* A longer one, and others that could run. */
	go = 0;
	other = spawn(hold, NULL, 0);
	v.id = id;
	id = spawn(waits, &v, 0);
	UNTIL(v.tid != 0 && host_state(v.tid) == 'S');
	ERR(_lwp_wait(id, NULL), EDEADLK);
	EQ(_lwp_kill(id, 0), 0);
	go = 1;
	waits_for(other);
}

Test(lwp_end, if_all_wait_for_any_it_is_edeadlk)
{
	struct waiter w = { 0 };

	spawn(waits, &w, 0);
	UNTIL(w.tid != 0 && host_state(w.tid) == 'S');
	ERR(_lwp_wait(0, NULL), EDEADLK);
}

static void
on_signal(int sig)
{

	(void)sig;
}

static void
set_handler(int sig, int flags)
{
	struct sigaction sa = { .sa_handler = on_signal, .sa_flags = flags };

	sigaction(sig, &sa, NULL);
}

Test(lwp_end, a_signal_ends_a_wait)
{
	struct waiter w = { 0 };
	lwpid_t id = spawn(hold, NULL, 0), waiter;

	set_handler(SIGUSR1, 0);
	set_handler(SIGUSR2, SA_RESTART);
	w.id = id;
	waiter = spawn(waits, &w, 0);
	UNTIL(w.tid != 0 && host_state(w.tid) == 'S');
	EQ(_lwp_kill(waiter, SIGUSR2), 0);
	EQ(_lwp_kill(waiter, 0), 0);
	/* It may have slept for another reason on its way there. */
	while (w.error == 0 && _lwp_kill(waiter, SIGUSR1) == 0)
		usleep(1000);
	waits_for(waiter);
	EQ(w.error, EINTR);
	go = 1;
	waits_for(id);
}

/* --- Detaching ------------------------------------------------------------------------ */

Test(lwp_end, detach_gives_the_waiting_up)
{
	lwpid_t id = spawn(hold, NULL, 0);

	EQ(_lwp_detach(id), 0);
	ERR(_lwp_detach(id), EINVAL);
	ERR(_lwp_wait(id, NULL), ESRCH);
	go = 1;
	UNTIL(_lwp_kill(id, 0) == ESRCH);
	ERR(_lwp_detach(id), ESRCH);
	ERR(_lwp_detach(0), ESRCH);
}

Test(lwp_end, detach_of_one_that_has_ended_takes_it_away)
{
	lwpid_t id = spawn(nothing, NULL, 0);

	UNTIL(_lwp_kill(id, 0) == ESRCH);
	EQ(_lwp_detach(id), 0);
	ERR(_lwp_detach(id), ESRCH);
	ERR(_lwp_wait(0, NULL), ESRCH);
}

Test(lwp_end, who_waits_for_one_that_is_detached_gets_esrch)
{
	lwpid_t id = spawn(hold, NULL, 0), waiter;
	struct waiter w = { .id = id };

	waiter = spawn(waits, &w, 0);
	UNTIL(w.tid != 0 && host_state(w.tid) == 'S');
	EQ(_lwp_detach(id), 0);
	waits_for(waiter);
	EQ(w.error, ESRCH);
	go = 1;
}

static void
detaches_itself(void *arg)
{

	*(int *)arg = _lwp_detach(_lwp_self());
}

Test(lwp_end, an_lwp_can_detach_itself)
{
	static int error = 7;
	lwpid_t id = spawn(detaches_itself, &error, 0);

	UNTIL(_lwp_kill(id, 0) == ESRCH);
	UNTIL(_lwp_wait(id, NULL) == ESRCH);
	EQ(error, 0);
}

/* --- Threads of the program's own ------------------------------------------------------ */

static void *
foreign(void *arg)
{

	*(lwpid_t *)arg = _lwp_self();
	EQ(_lwp_self(), *(lwpid_t *)arg);
	return NULL;
}

Test(lwp_end, a_thread_of_pthread_create_has_an_id_and_is_detached)
{
	lwpid_t id = 0;
	pthread_t td;

	EQ(pthread_create(&td, NULL, foreign, &id), 0);
	EQ(pthread_join(td, NULL), 0);
	cr_assert_gt(id, 1);
	ERR(_lwp_kill(id, 0), ESRCH);
	ERR(_lwp_wait(id, NULL), ESRCH);
	ERR(_lwp_wait(0, NULL), ESRCH);
}

static void
waits_for_main(void *arg)
{
	lwpid_t got = 0;

	(void)arg;
	_exit(_lwp_wait(1, &got) == 0 && got == 1 ? 33 : 1);
}

static void
main_exits(void)
{

	spawn(waits_for_main, NULL, 0);
	_lwp_exit();
}

Test(lwp_end, the_main_thread_can_be_waited_for)
{
	char said[100];
	int status = in_child(main_exits, said, sizeof(said));

	EQ(WEXITSTATUS(status), 33);
}

#ifndef __SANITIZE_ADDRESS__
static void
last_one_exits(void)
{

	waits_for(spawn(nothing, NULL, 0));
	_lwp_exit();
}

Test(lwp_end, the_process_ends_with_its_last_lwp)
{
	char said[100];

	EQ(in_child(last_one_exits, said, sizeof(said)), 0);
}
#endif

/* --- fork ------------------------------------------------------------------------------- */

static atomic_int child_status;

static void
forks(void *arg)
{
	char name[LWP_NAMELEN];
	lwpid_t id;
	pid_t pid;
	int status;

	(void)arg;
	_lwp_setname(_lwp_self(), "forker");
	_lwp_setprivate(&go);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		/* The one thread there is. */
		if (_lwp_self() != 1 || _lwp_getprivate() != &go ||
		    _lwp_getname(1, name, sizeof(name)) != 0 ||
		    strcmp(name, "forker") != 0)
			_exit(1);
		if (_lwp_wait(0, NULL) != ESRCH || _lwp_suspend(1) != EDEADLK)
			_exit(2);
		/* New ones are as in any process. */
		id = spawn(hold, NULL, 0);
		if (_lwp_suspend(id) != 0 || _lwp_continue(id) != 0)
			_exit(3);
		go = 1;
		if (_lwp_wait(id, NULL) != 0 || rump_sys_getpid() != 1)
			_exit(4);
#ifdef __SANITIZE_ADDRESS__ /* the other threads' memory is no leak */
		_exit(0);
#endif
		/* The context ends, and with it the process. */
		_lwp_exit();
	}
	waitpid(pid, &status, 0);
	child_status = status;
}

Test(lwp_end, a_child_of_fork_has_the_thread_that_forked)
{
	lwpid_t other = spawn(hold, NULL, 0), id;

	EQ(_lwp_suspend(other), 0);
	child_status = -1;
	id = spawn(forks, NULL, 0);
	waits_for(id);
	EQ(child_status, 0);
	EQ(_lwp_continue(other), 0);
	go = 1;
	waits_for(other);
}
