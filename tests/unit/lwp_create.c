/* SPDX-License-Identifier: BSD-2-Clause */
/* _lwp_create and _lwp_makecontext: contexts, errors, what an lwp has. */
#include "tests/unit/lwp.h"

#include <sys/mman.h>
#include <sys/resource.h>

#include "lwproc/proc.h"
#include "rumpkern/kmem.h"

SUITE(lwp_create);

static void
nothing(void *arg)
{

	(void)arg;
}

static void
increment(void *arg)
{

	++*(int *)arg;
}

Test(lwp_create, the_function_gets_its_argument)
{
	int n = 41;

	waits_for(spawn(increment, &n, 0));
	EQ(n, 42);
}

struct seen {
	char here; /* not used: its address is */
	void *sp, *priv;
	lwpid_t self;
	pid_t pid, ppid;
	sigset_t mask, pending;
	char buf[8];
	int fd, got;
	struct lwp *lwp;
};

static void
look_round(void *arg)
{
	struct seen *s = arg;
	char here;

	s->sp = &here;
	s->priv = _lwp_getprivate();
	s->self = _lwp_self();
	s->pid = rump_sys_getpid();
	s->ppid = rump_sys_getppid();
	s->lwp = rump_pub_lwproc_curlwp();
	s->got = rump_sys_read(s->fd, s->buf, sizeof(s->buf));
	pthread_sigmask(SIG_SETMASK, NULL, &s->mask);
	sigpending(&s->pending);
}

Test(lwp_create, it_runs_on_the_callers_stack)
{
	struct seen s = { .fd = -1 };
	char *stack = new_stack();
	ucontext_t uc;
	lwpid_t id;

	_lwp_makecontext(&uc, look_round, &s, &uc, stack, STACK);
	EQ(_lwp_create(&uc, 0, &id), 0);
	waits_for(id);
	cr_assert((char *)s.sp > stack && (char *)s.sp < stack + STACK);
	cr_assert_eq(s.priv, &uc);
	EQ(s.self, id);
	/* It is not on it any more. */
	memset(stack, 0xff, STACK);
	free(stack);
}

Test(lwp_create, it_is_in_the_callers_process)
{
	struct seen s = { 0 };
	int p[2];

	EQ(rump_pub_lwproc_rfork(RUMP_RFCFDG), 0);
	OK(rump_sys_pipe(p));
	EQ(rump_sys_write(p[1], "shared", 7), 7);
	s.fd = p[0];
	waits_for(spawn(look_round, &s, 0));
	EQ(s.pid, rump_sys_getpid());
	EQ(s.ppid, 1);
	EQ(s.got, 7);
	cr_assert_str_eq(s.buf, "shared");
	cr_assert_not_null(s.lwp);
	cr_assert_neq(s.lwp, rump_pub_lwproc_curlwp());
	rump_pub_lwproc_releaselwp();
	EQ(rump_pub_lwproc_newlwp(s.pid), ESRCH);
}

Test(lwp_create, the_implicit_context_makes_lwps_of_pid_1)
{
	struct seen s = { .fd = -1 };

	waits_for(spawn(look_round, &s, 0));
	EQ(s.pid, 1);
	cr_assert_not_null(s.lwp);
}

static void
hold(void *arg)
{

	UNTIL(*(atomic_int *)arg != 0);
}

Test(lwp_create, a_process_lives_while_one_of_its_lwps_does)
{
	static atomic_int go;
	lwpid_t id;
	pid_t pid;

	EQ(rump_pub_lwproc_rfork(0), 0);
	pid = rump_sys_getpid();
	id = spawn(hold, &go, 0);
	rump_pub_lwproc_releaselwp();
	EQ(rump_pub_lwproc_newlwp(pid), 0);
	rump_pub_lwproc_releaselwp();
	go = 1;
	waits_for(id);
	EQ(rump_pub_lwproc_newlwp(pid), ESRCH);
}

Test(lwp_create, it_has_the_contexts_signal_mask_and_nothing_pending)
{
	struct seen s = { .fd = -1 };
	ucontext_t uc;
	sigset_t set;
	lwpid_t id;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_kill(pthread_self(), SIGUSR1);
	_lwp_makecontext(&uc, look_round, &s, NULL, new_stack(), STACK);
	sigemptyset(&uc.uc_sigmask);
	sigaddset(&uc.uc_sigmask, SIGUSR2);
	sigaddset(&uc.uc_sigmask, SIGRTMAX);
	EQ(_lwp_create(&uc, 0, &id), 0);
	waits_for(id);
	for (sig = 1; sig <= SIGRTMAX; sig++) {
		if (sig > 31 && sig < SIGRTMIN)
			continue;
		EQ(sigismember(&s.mask, sig),
		    sig == SIGUSR2 || sig == SIGRTMAX);
		EQ(sigismember(&s.pending, sig), 0);
	}
	/* The caller's own is as it was. */
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	EQ(sigismember(&set, SIGUSR1), 1);
	EQ(sigismember(&set, SIGUSR2), 0);
}

Test(lwp_create, the_id_is_there_when_it_runs)
{
	lwpid_t id = 0, other;
	struct seen s = { .fd = -1 };
	ucontext_t uc;
	int i;

	for (i = 0; i < 200; i++) {
		_lwp_makecontext(&uc, look_round, &s, NULL, new_stack(), STACK);
		EQ(_lwp_create(&uc, 0, &id), 0);
		other = id;
		waits_for(id);
		EQ(s.self, other);
		free(uc.uc_stack.ss_sp);
	}
}

/* --- Errors ------------------------------------------------------------------- */

Test(lwp_create, unknown_flags_are_einval)
{
	static const unsigned long bad[] = { 1, 2, 0x20, 0x100, 1UL << 63,
		LWP_DETACHED | 1, ~0UL };
	lwpid_t id = 77;
	ucontext_t uc;
	size_t i;

	EQ(LWP_DETACHED, 0x40);
	EQ(LWP_SUSPENDED, 0x80);
	_lwp_makecontext(&uc, nothing, NULL, NULL, new_stack(), STACK);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ERR(_lwp_create(&uc, bad[i], &id), EINVAL);
	EQ(id, 77);
}

Test(lwp_create, what_cannot_be_reached_is_efault)
{
	char *stack = new_stack(), *none;
	lwpid_t id = 77;
	ucontext_t uc;

	none = mmap(NULL, STACK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	_lwp_makecontext(&uc, nothing, NULL, NULL, stack, STACK);
	ERR(_lwp_create(NULL, 0, &id), EFAULT);
	ERR(_lwp_create((void *)8, 0, &id), EFAULT);
	ERR(_lwp_create((void *)none, 0, &id), EFAULT);
	ERR(_lwp_create(&uc, 0, NULL), EFAULT);
	ERR(_lwp_create(&uc, 0, (void *)8), EFAULT);
	ERR(_lwp_create(&uc, 0, (void *)none), EFAULT);
	mprotect(none, STACK, PROT_READ);
	ERR(_lwp_create(&uc, 0, (void *)none), EFAULT);
	/* The stack as well. */
	_lwp_makecontext(&uc, nothing, NULL, NULL, none, STACK);
	ERR(_lwp_create(&uc, 0, &id), EFAULT);
	EQ(id, 77);
	ERR(_lwp_wait(0, NULL), ESRCH);
}

Test(lwp_create, a_stack_that_is_too_small_is_einval)
{
	char *stack = new_stack();
	lwpid_t id = 77;
	ucontext_t uc;
	size_t size;
	int n = 0;

	for (size = 0; size <= 4096; size += 64) {
		_lwp_makecontext(&uc, increment, &n, NULL, stack, size);
		ERR(_lwp_create(&uc, 0, &id), EINVAL);
	}
	_lwp_makecontext(&uc, increment, &n, NULL, NULL, 0);
	ERR(_lwp_create(&uc, 0, &id), EINVAL);
	_lwp_makecontext(&uc, increment, &n, NULL, stack, -1UL);
	ERR(_lwp_create(&uc, 0, &id), EINVAL);
	EQ(n, 0);
	/* What is enough is enough. */
	while (id == 77 && size <= STACK) {
		_lwp_makecontext(&uc, increment, &n, NULL, stack, size);
		if (_lwp_create(&uc, 0, &id) == 0)
			waits_for(id);
		size += 1024;
	}
	EQ(n, 1);
	cr_assert_leq(size, 32768);
}

Test(lwp_create, a_context_that_does_not_stand_on_its_stack_is_einval)
{
	lwpid_t id = 77;
	ucontext_t uc;

	/* Our own. */
	getcontext(&uc);
	uc.uc_stack.ss_sp = new_stack();
	uc.uc_stack.ss_size = STACK;
	ERR(_lwp_create(&uc, 0, &id), EINVAL);
	EQ(id, 77);
}

#ifndef __SANITIZE_ADDRESS__ /* it wants room, too */
Test(lwp_create, no_room_for_another_is_eagain)
{
	struct rlimit old, rl;
	lwpid_t ids[64], id = 77;
	ucontext_t uc;
	int i, error = 0;

	_lwp_makecontext(&uc, nothing, NULL, NULL, new_stack(), STACK);
	getrlimit(RLIMIT_AS, &old);
	rl = old;
	rl.rlim_cur = 1 << 20;
	setrlimit(RLIMIT_AS, &rl);
	for (i = 0; i < 64 && error == 0; i++) {
		error = _lwp_create(&uc, 0, &id);
		ids[i] = id;
	}
	setrlimit(RLIMIT_AS, &old);
	EQ(error, EAGAIN);
	for (i--; i-- > 0;)
		waits_for(ids[i]);
	ERR(_lwp_wait(0, NULL), ESRCH);
	waits_for(spawn(nothing, NULL, 0));
}
#endif

static void
before_init(void)
{
	static char stack[STACK];
	lwpid_t id = 77;
	ucontext_t uc;

	_lwp_makecontext(&uc, nothing, NULL, NULL, stack, STACK);
	if (_lwp_create(&uc, 0, &id) != ENXIO || errno != ENXIO || id != 77)
		_exit(1);
	/* The rest does without. */
	if (_lwp_self() != 1 || _lwp_suspend(7) != ESRCH)
		_exit(2);
}

TestSuite(lwp_early, .timeout = 60);
Test(lwp_early, before_rump_init_it_says_so)
{
	char said[200];

	EQ(in_child(before_init, said, sizeof(said)), 0);
	cr_assert_str_eq(said,
	    "_lwp_create: rump_init() has not been called\n");
}

/* --- Contexts of makecontext(3) ------------------------------------------------ */

static int count;
static ucontext_t second;

static void
count_up(void)
{

	count++;
}

static void
add(int a, int b, int c, int d, int e, int f, int g, int h)
{

	count += a + b + c + d + e + f + g + h;
}

static void
make(ucontext_t *uc, void (*fn)(void), ucontext_t *link)
{

	getcontext(uc);
	uc->uc_stack.ss_sp = new_stack();
	uc->uc_stack.ss_size = STACK;
	uc->uc_link = link;
	makecontext(uc, fn, 0);
}

static void
run(const ucontext_t *uc)
{
	lwpid_t id;

	EQ(_lwp_create(uc, 0, &id), 0);
	waits_for(id);
}

Test(lwp_create, a_context_of_makecontext_ends_the_lwp_when_it_returns)
{
	ucontext_t uc;

	make(&uc, count_up, NULL);
	run(&uc);
	EQ(count, 1);
	getcontext(&uc);
	uc.uc_stack.ss_sp = new_stack();
	uc.uc_stack.ss_size = STACK;
	uc.uc_link = NULL;
	makecontext(&uc, (void (*)(void))add, 8, 1, 2, 3, 4, 5, 6, 7, 8);
	run(&uc);
	EQ(count, 37);
}

Test(lwp_create, uc_link_goes_on_in_the_same_lwp)
{
	ucontext_t uc;

	make(&second, count_up, NULL);
	make(&uc, count_up, &second);
	run(&uc);
	EQ(count, 2);
	/* A context of ours has one, too. */
	make(&second, count_up, NULL);
	_lwp_makecontext(&uc, increment, &count, NULL, new_stack(), STACK);
	uc.uc_link = &second;
	run(&uc);
	EQ(count, 4);
}

Test(lwp_create, the_context_may_be_reused_at_once)
{
	ucontext_t *uc = malloc(sizeof(*uc)), *copy = malloc(sizeof(*copy));
	static atomic_int go;
	lwpid_t id;

	_lwp_makecontext(uc, hold, &go, NULL, new_stack(), STACK);
	*copy = *uc;
	EQ(_lwp_create(copy, LWP_SUSPENDED, &id), 0);
	memset(uc, 0xff, sizeof(*uc));
	memset(copy, 0xff, sizeof(*copy));
	free(uc);
	free(copy);
	EQ(_lwp_continue(id), 0);
	go = 1;
	waits_for(id);
}

#ifndef __SANITIZE_ADDRESS__ /* it warns of each swapcontext() */
static void
swap_twice(void *arg)
{
	ucontext_t here, there;

	getcontext(&there);
	there.uc_stack.ss_sp = arg;
	there.uc_stack.ss_size = STACK;
	there.uc_link = &here;
	makecontext(&there, count_up, 0);
	swapcontext(&here, &there);
	count++;
}

Test(lwp_create, an_lwp_can_change_contexts)
{

	waits_for(spawn(swap_twice, new_stack(), 0));
	EQ(count, 2);
}
#endif

/* --- Suspended and detached ----------------------------------------------------- */

Test(lwp_create, a_suspended_one_runs_when_continued)
{
	static atomic_int ran;
	lwpid_t id = spawn(increment, &ran, LWP_SUSPENDED);
	int i;

	for (i = 0; i < 1000; i++)
		sched_yield();
	EQ(ran, 0);
	EQ(_lwp_suspend(id), 0);
	EQ(ran, 0);
	EQ(_lwp_continue(id), 0);
	waits_for(id);
	EQ(ran, 1);
}

Test(lwp_create, a_detached_one_leaves_nothing)
{
	static atomic_int ran, go;
	lwpid_t id = spawn(increment, &ran, LWP_DETACHED | LWP_SUSPENDED);

	ERR(_lwp_wait(id, NULL), ESRCH);
	ERR(_lwp_detach(id), EINVAL);
	ERR(_lwp_wait(0, NULL), ESRCH);
	EQ(_lwp_continue(id), 0);
	UNTIL(_lwp_continue(id) == ESRCH);
	EQ(ran, 1);
	id = spawn(hold, &go, LWP_DETACHED);
	EQ(_lwp_kill(id, 0), 0);
	go = 1;
	UNTIL(_lwp_kill(id, 0) == ESRCH);
}

/* --- Many ---------------------------------------------------------------------------- */

Test(lwp_create, thousands_leave_nothing_and_ids_differ_while_in_use,
    .timeout = 100)
{
	static lwpid_t id[200];
	static char *stack[200];
	static atomic_int ran;
	ucontext_t uc;
	int i, j, round;

	for (i = 0; i < 200; i++)
		stack[i] = new_stack();
	for (round = 0; round < 20; round++) {
		for (i = 0; i < 200; i++) {
			_lwp_makecontext(&uc, increment, &ran, NULL, stack[i],
			    STACK);
			EQ(_lwp_create(&uc, LWP_SUSPENDED, &id[i]), 0);
			for (j = 0; j < i; j++)
				cr_assert_neq(id[i], id[j]);
			cr_assert_neq(id[i], _lwp_self());
		}
		/* A counter of plain ints: one after the other. */
		for (i = 0; i < 200; i++) {
			EQ(_lwp_continue(id[i]), 0);
			waits_for(id[i]);
		}
	}
	EQ(ran, 4000);
	EQ(rump_kern_check(), 0);
}

static long
resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long pages = 0;

	if (f == NULL || fscanf(f, "%*d %ld", &pages) != 1)
		pages = -1;
	if (f != NULL)
		fclose(f);
	return pages;
}

/* AddressSanitizer keeps what was freed for a while. */
#ifdef __SANITIZE_ADDRESS__
#define MORE_PAGES 100000
#else
#define MORE_PAGES 500
#endif

Test(lwp_create, thousands_one_after_the_other_cost_no_memory, .timeout = 100)
{
	char *stack = new_stack();
	uint64_t lwps = 0;
	long before = 0;
	ucontext_t uc;
	lwpid_t id;
	int i;

	for (i = 0; i < 6000; i++) {
		if (i == 1000) {
			before = resident();
			lwps = kmem_cache_count(KC_LWP);
		}
		_lwp_makecontext(&uc, nothing, NULL, NULL, stack, STACK);
		EQ(_lwp_create(&uc, i % 2 ? LWP_DETACHED : 0, &id), 0);
		if (i % 2)
			UNTIL(_lwp_kill(id, 0) == ESRCH);
		else
			waits_for(id);
	}
	EQ(kmem_cache_count(KC_LWP), lwps);
	cr_assert_lt(resident() - before, MORE_PAGES, "%ld pages more",
	    resident() - before);
	free(stack);
}

Test(lwp_create, as_many_as_the_kernel_has_cpus_then_eagain, .timeout = 100)
{
	static lwpid_t id[CPU_MAX + 1];
	char *stack = mmap(NULL, (CPU_MAX + 1) * 32768UL,
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
	    -1, 0);
	ucontext_t uc;
	int i, n, error = 0;

	for (n = 0; n <= CPU_MAX && error == 0; n++) {
		_lwp_makecontext(&uc, nothing, NULL, NULL, stack + n * 32768UL,
		    32768);
		error = _lwp_create(&uc, LWP_SUSPENDED, &id[n]);
	}
	n--;
	EQ(error, EAGAIN);
	cr_assert_geq(n, 1000, "%d lwps", n);
	for (i = 0; i < n; i++)
		EQ(_lwp_continue(id[i]), 0);
	for (i = 0; i < n; i++)
		waits_for(id[i]);
	ERR(_lwp_wait(0, NULL), ESRCH);
	waits_for(spawn(nothing, NULL, 0));
}
