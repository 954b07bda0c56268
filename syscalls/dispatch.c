/* SPDX-License-Identifier: BSD-2-Clause */
/* How a thread of a program enters the kernel for a call, and leaves it. */
#include "syscalls/dispatch.h"
#include "syscalls/sysdef.h"
#include "syscalls/sysnum.h"

#include "lwproc/proc.h"
#include "rumpkern/cpu.h"
#include "rumpuser/rumpuser.h"

#define MAXERRNO 4095

/* The highest result that is an error of the host's own kind. */
static inline bool
iserror(long ret)
{
	return (unsigned long)ret >= (unsigned long)-MAXERRNO;
}

/* The name without the kernel being there. */
static void
complain(int rsys)
{
	const char tail[] = ": rump_init() has not been called\n";
	char buf[128];
	size_t len;

	if (rumpuser_process.ru_warned)
		return;
	rumpuser_process.ru_warned = true;
	len = kfmt(buf, sizeof(buf), "rump_sys_%s%s", sysdesc[rsys].sd_name,
	    tail);
	rumpuser_message(buf, kmin(len, sizeof(buf) - 1));
}

/*
 * The first call of a thread, or the first in a process that a program made
 * by fork: what kcurcpu says then is the parent's.
 */
static __attribute__((noinline, cold)) int
attach(int rsys)
{
	if (rumpuser_process.ru_arenafd < 0 ||
	    rumpuser_process.ru_mine == NULL) {
		complain(rsys);
		return ENXIO;
	}
	kcurcpu = NULL;
	return *rumpuser_process.ru_mine ? lwp_attach() : lwproc_attach();
}

static __attribute__((noinline, cold)) void
userret(struct cpu *c)
{
	uint64_t sigs;
	int sig;

	c->c_userret = 0;
	sigs = __atomic_exchange_n(&c->c_sigs, 0, __ATOMIC_RELAXED);
	for (; sigs != 0; sigs &= sigs - 1) {
		sig = __builtin_ctzl(sigs) + 1;
		rumpuser_kill(rumpuser_getpid(), sig);
	}
	if (rumpuser_process.ru_userret != NULL)
		rumpuser_process.ru_userret();
}

/*
 * mine: what kcurcpu says is not this thread's if another thread of a forked
 * child has attached the process; the shim looks after that by itself.
 */
static inline long
call(int rsys, const long *args, bool mine)
{
	const struct sysent *se = &sysent[rsys];
	struct cpu *c = curcpu();
	uint32_t nhand;
	long retval = 0;
	int error;

	if (unlikely(c == NULL || *rumpuser_process.ru_mine == 0 ||
		(mine && c->c_host != rumpuser_process.ru_host))) {
		error = attach(rsys);
		if (error != 0)
			return -error;
		c = curcpu();
	}
	if (unlikely(se->se_fn == NULL))
		return -(long)se->se_error;
	nhand = c->c_nhand;
	c->c_inkernel++;
	kbarrier();
	error = se->se_fn(c->c_lwp, args, &retval);
	KASSERT(c->c_nlog == 0);
	KASSERT(c->c_nlocks == 0);
	KASSERT(c->c_nhand == nhand);
	(void)nhand;
	kbarrier();
	c->c_inkernel--;
	kbarrier();
	if (mine && unlikely(c->c_userret != 0))
		userret(c);
	return unlikely(error != 0) ? -(long)error : retval;
}

long
sys_call(int rsys, const long *args)
{
	KASSERT(rsys >= 0 && rsys < RSYS_MAX);
	return call(rsys, args, false);
}

static __attribute__((noinline, cold)) long
fail(long ret)
{
	switch (-ret) {
	case KERESTART:
		atomic_store(&curcpu()->c_intr, 0);
		errno = EINTR;
		break;
	case KEHOST: /* there is no host to go on with */
		errno = ENOENT;
		break;
	default:
		errno = (int)-ret;
	}
	return -1;
}

long
sys_api(int rsys, const long *args)
{
	long ret;

	ret = call(rsys, args, true);
	if (unlikely(iserror(ret)))
		return fail(ret);
	return ret;
}
