/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making and ending ulwps: _lwp_makecontext, _lwp_create, _lwp_exit.
 *
 * A context of makecontext(3) whose function returns goes on at its uc_link,
 * and if there is none ends the process.  Here it is to end the lwp, so its
 * empty link is made one to a context that lands (see switch.S).
 */
#include <sys/syscall.h>

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "lwp/ulwp.h"
#include "lwproc/proc.h"
#include "rump/rump_syscalls.h"
#include "rumpuser/rumpuser.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#define STACK_MIN   8192
#define STACK_FRAME 4096         /* beside that of a signal handler */
#define STACK_HOST  (256 * 1024) /* libc's own; only what is used is there */
#define LINKS_MAX   8

#define REG(uc, r) ((uc)->uc_mcontext.gregs[r])

static pthread_once_t once = PTHREAD_ONCE_INIT;
static ucontext_t landing;
static char landing_stack[16384] __attribute__((aligned(16)));
/* Where a context of makecontext(3) returns to first: in libc. */
static uintptr_t libc_start_context;
static size_t stack_min;

/* Passed from the creator to the new thread, on the creator's stack. */
struct start {
	struct ulwp *st_ulwp;
	pid_t st_pid; /* its rump process */
	bool st_suspended;
	ucontext_t st_uc;
	_Atomic uint32_t st_done; /* futex: 1 + error number */
};

/* --- Contexts --------------------------------------------------------------- */

static void
nothing(void)
{
}

static void
prepare(void)
{
	long size = sysconf(_SC_MINSIGSTKSZ);
	ucontext_t uc;

	/* The handler that stops it, and over it libc's for setuid(). */
	stack_min = size > 0 ? 2 * size + STACK_FRAME : STACK_MIN;
	if (stack_min < STACK_MIN)
		stack_min = STACK_MIN;
	getcontext(&uc);
	uc.uc_stack.ss_sp = landing_stack;
	uc.uc_stack.ss_size = sizeof(landing_stack);
	uc.uc_link = NULL;
	makecontext(&uc, nothing, 0);
	memcpy(&libc_start_context, (void *)REG(&uc, REG_RSP),
	    sizeof(libc_start_context));

	getcontext(&landing);
	REG(&landing, REG_RIP) = (greg_t)ulwp_land;
	REG(&landing,
	    REG_RSP) = (greg_t)(landing_stack + sizeof(landing_stack));
	/* No handler may run on the stack that all threads land on. */
	memset(&landing.uc_sigmask, 0xff, sizeof(landing.uc_sigmask));
}

void
_lwp_makecontext(ucontext_t *uc, void (*start)(void *), void *arg, void *priv,
    caddr_t stack, size_t size)
{

	getcontext(uc);
	uc->uc_link = NULL;
	uc->uc_stack.ss_sp = stack;
	uc->uc_stack.ss_size = size;
	uc->uc_stack.ss_flags = 0;
	REG(uc, REG_RIP) = (greg_t)ulwp_begin;
	REG(uc, REG_RSP) = (greg_t)(((uintptr_t)stack + size) & -16UL);
	REG(uc, REG_R12) = (greg_t)start;
	REG(uc, REG_R13) = (greg_t)arg;
	REG(uc, REG_R14) = (greg_t)priv;
	REG(uc, REG_R15) = 0;
}

/*
 * If uc is at the start of a function that makecontext(3) gave it: the place
 * of its link, or NULL.
 */
static ucontext_t **
link_of(const ucontext_t *uc)
{
	uintptr_t sp = REG(uc, REG_RSP), link = REG(uc, REG_RBX);
	uintptr_t first;

	if (ulwp_copyin((void *)sp, &first, sizeof(first)) != 0 ||
	    first != libc_start_context || link <= sp || link - sp > 4096)
		return NULL;
	return (ucontext_t **)link;
}

/* However long the chain of links: at its end it lands. */
static void
land_at_end(ucontext_t *uc)
{
	ucontext_t *end = &landing, *next, copy, **link;
	int i;

	if (REG(uc, REG_RIP) == (greg_t)ulwp_begin) {
		REG(uc, REG_R15) = (greg_t)uc->uc_link;
		next = uc->uc_link;
		if (next == NULL || ulwp_copyin(next, &copy, sizeof(copy)) != 0)
			return;
		uc = &copy;
	}
	for (i = 0; i < LINKS_MAX; i++) {
		link = link_of(uc);
		if (link == NULL || ulwp_copyin(link, &next, sizeof(next)) != 0)
			return;
		if (next == NULL)
			ulwp_copyout(&end, link, sizeof(end));
		if (next == NULL || next == &landing ||
		    ulwp_copyin(next, &copy, sizeof(copy)) != 0)
			return;
		uc = &copy;
	}
}

/* Its stack is there, and it stands on it. */
static int
check_stack(const ucontext_t *uc)
{
	uintptr_t base = (uintptr_t)uc->uc_stack.ss_sp;
	uintptr_t sp = REG(uc, REG_RSP), word;
	size_t size = uc->uc_stack.ss_size;

	if (base + size < base || sp < base || sp > base + size ||
	    sp - base < stack_min)
		return EINVAL;
	if (ulwp_copyin((void *)(sp - sizeof(word)), &word, sizeof(word)) != 0)
		return EFAULT;
	return ulwp_copyout(&word, (void *)(sp - sizeof(word)), sizeof(word));
}

/* Take over a context; where its floating point state is, is its own affair. */
static int
import_context(const ucontext_t *from, ucontext_t *uc)
{
	void *fp;

	if (ulwp_copyin(from, uc, sizeof(*uc)) != 0)
		return EFAULT;
	fp = uc->uc_mcontext.fpregs;
	if (fp == NULL)
		fp = &landing.__fpregs_mem;
	if (ulwp_copyin(fp, &uc->__fpregs_mem, sizeof(uc->__fpregs_mem)) != 0)
		return EFAULT;
	uc->uc_mcontext.fpregs = &uc->__fpregs_mem;
	*(uint64_t *)(void *)&uc->uc_sigmask &= ~ULWP_LIBC_SIGNALS;
	return check_stack(uc);
}

/* --- The thread --------------------------------------------------------------- */

/* An lwp of the process; this is a new host thread. */
static int
bind_lwp(struct ulwp *u, pid_t pid)
{
	int error = lwp_attach();

	if (error != 0)
		return EAGAIN;
	error = rump_pub_lwproc_newlwp(pid);
	if (error != 0) {
		lwp_detach();
		return error == ENOMEM ? EAGAIN : error;
	}
	u->u_bound = (uintptr_t)rump_pub_lwproc_curlwp();
	return 0;
}

/*
 * A thread torn out of a rump call, by asynchronous cancellation: its cpu is
 * left to the kernel's reaper, as that of a thread that died.
 */
static bool
is_torn(const struct cpu *c)
{

	return c->c_inkernel != 0 || c->c_nlocks != 0 || c->c_nlog != 0;
}

static void
unbind_lwp(struct ulwp *u)
{

	if (is_torn(kcurcpu)) {
		kcurcpu = NULL;
		return;
	}
	/* It may have run others since. */
	if (u->u_bound != 0 &&
	    ((uintptr_t)rump_pub_lwproc_curlwp() == u->u_bound ||
		lwp_switch_named(u->u_bound)))
		rump_pub_lwproc_releaselwp();
	u->u_bound = 0;
	lwp_detach();
}

/* The mask is full; libc's signals come through again. */
static void
unblock_libc(void)
{
	static const uint64_t set = ~ULWP_LIBC_SIGNALS;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
}

/*
 * AddressSanitizer wants to know which stack a thread is on, and that the
 * frames that are left on others are no more.
 */
#if defined(__SANITIZE_ADDRESS__)
static __thread const void *host_stack, *uc_stack;
static __thread size_t host_size, uc_size;

static void
enter_stack(const stack_t *st)
{
	void *fake;

	uc_stack = st->ss_sp;
	uc_size = st->ss_size;
	__sanitizer_start_switch_fiber(&fake, uc_stack, uc_size);
	__sanitizer_finish_switch_fiber(fake, &host_stack, &host_size);
}

void
ulwp_leave_stack(void)
{
	void *fake;

	if (uc_size == 0)
		return;
	__sanitizer_start_switch_fiber(&fake, host_stack, host_size);
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
	ASAN_UNPOISON_MEMORY_REGION(uc_stack, uc_size);
	ASAN_UNPOISON_MEMORY_REGION(host_stack, host_size);
	uc_size = 0;
}
#else
static void
enter_stack(const stack_t *st)
{

	(void)st;
}

void
ulwp_leave_stack(void)
{
}
#endif

static void *
thread_main(void *arg)
{
	struct start *st = arg;
	struct ulwp *u = st->st_ulwp;
	ucontext_t uc = st->st_uc;
	bool suspended = st->st_suspended;
	int error;

	uc.uc_mcontext.fpregs = &uc.__fpregs_mem;
	ulwp_busy = 1; /* as all signals are blocked */
	error = bind_lwp(u, st->st_pid);
	if (error == 0) {
		error = ulwp_start(u) == 0 ? 0 : EAGAIN;
		if (error != 0)
			unbind_lwp(u);
	}
	/* The creator returns, and st is gone. */
	atomic_store(&st->st_done, 1 + error);
	ulwp_wake(&st->st_done, 1);
	if (error != 0)
		return NULL;
	if (REG(&uc, REG_RIP) == (greg_t)ulwp_begin)
		ulwp_private = (void *)REG(&uc, REG_R14);
	if (suspended)
		ulwp_stand(u);
	ulwp_busy = 0;
	enter_stack(&uc.uc_stack);
	ulwp_enter(&uc);
	ulwp_leave_stack();
	ulwp_back = NULL;
	unblock_libc();
	return NULL;
}

void
ulwp_end(struct ulwp *u)
{
	struct ulwp_mask m;

	ulwp_block(&m);
	if (u->u_made && u->u_bound != 0)
		unbind_lwp(u);
	ulwp_unblock(&m);
	ulwp_lock(&m);
	ulwp_ended(u);
	ulwp_self = NULL;
	ulwp_unlock(&m);
}

/* With all signals blocked, the caller's and the new thread's. */
static int
start_thread(struct start *st, bool detached)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	error = pthread_attr_init(&attr);
	if (error != 0)
		return EAGAIN;
	pthread_attr_setdetachstate(&attr,
	    detached ? PTHREAD_CREATE_DETACHED : PTHREAD_CREATE_JOINABLE);
	pthread_attr_setstacksize(&attr, STACK_HOST);
	error = pthread_create(&thread, &attr, thread_main, st);
	if (error == EINVAL) {
		/* Too little for the program's thread-local storage. */
		pthread_attr_destroy(&attr);
		pthread_attr_init(&attr);
		pthread_attr_setdetachstate(&attr,
		    detached ? PTHREAD_CREATE_DETACHED :
			       PTHREAD_CREATE_JOINABLE);
		error = pthread_create(&thread, &attr, thread_main, st);
	}
	pthread_attr_destroy(&attr);
	if (error != 0)
		return EAGAIN;
	while (atomic_load(&st->st_done) == 0)
		ulwp_sleep(&st->st_done, 0, CLOCK_MONOTONIC, NULL);
	error = atomic_load(&st->st_done) - 1;
	if (error != 0 && !detached)
		pthread_join(thread, NULL);
	return error;
}

static int
create(struct start *st, bool detached, lwpid_t *id)
{
	struct ulwp_mask m;
	struct ulwp *u;
	lwpid_t old;
	int error;

	/* It is there before the new one runs, and as it was after an error. */
	error = ulwp_copyin(id, &old, sizeof(old));
	if (error != 0)
		return error;
	u = ulwp_alloc(detached, true);
	if (u == NULL)
		return EAGAIN;
	st->st_ulwp = u;
	if (st->st_suspended)
		atomic_store(&u->u_stop, STOP_HELD);
	error = ulwp_copyout(&u->u_id, id, sizeof(u->u_id));
	if (error == 0) {
		land_at_end(&st->st_uc);
		ulwp_block(&m);
		error = start_thread(st, detached);
		ulwp_unblock(&m);
		if (error != 0)
			ulwp_copyout(&old, id, sizeof(old));
	}
	if (error != 0) {
		ulwp_lock(&m);
		ulwp_free(u);
		ulwp_unlock(&m);
	}
	return error;
}

/* --- Entry points --------------------------------------------------------------- */

int
_lwp_create(const ucontext_t *uc, unsigned long flags, lwpid_t *id)
{
	static const char early[] =
	    "_lwp_create: rump_init() has not been called\n";
	struct start st;
	int error, cancel, saved = errno;

	if (!ulwp_kernel()) {
		rumpuser_message(early, sizeof(early) - 1);
		return ulwp_result(ENXIO);
	}
	if ((flags & ~(LWP_DETACHED | LWP_SUSPENDED)) != 0)
		return ulwp_result(EINVAL);
	pthread_once(&once, prepare);
	error = import_context(uc, &st.st_uc);
	if (error != 0)
		return ulwp_result(error);
	ulwp_me();
	/* The implicit context's is 1. */
	st.st_pid = rump_sys_getpid();
	if (st.st_pid < 0)
		return ulwp_result(EAGAIN);
	st.st_suspended = (flags & LWP_SUSPENDED) != 0;
	atomic_init(&st.st_done, 0);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
	error = create(&st, (flags & LWP_DETACHED) != 0, id);
	pthread_setcancelstate(cancel, NULL);
	errno = saved;
	return ulwp_result(error);
}

/* The thread's own stack is where one made here ends; its frames stay. */
void
_lwp_exit(void)
{
	struct ulwp_mask m;

	if (ulwp_back == NULL)
		pthread_exit(NULL);
	ulwp_block(&m);
	ulwp_busy--;
	ulwp_land();
	__builtin_unreachable();
}

void
ulwp_returned(ucontext_t *link)
{

	if (link != NULL)
		setcontext(link);
	_lwp_exit();
}
