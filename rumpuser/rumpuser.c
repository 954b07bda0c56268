/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypercalls on threads, sleep, clocks and messages.
 */
#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <signal.h>

#include "rumpuser/rumpuser.h"

#define NSEC 1000000000UL

struct rumpuser_process rumpuser_process = { .ru_arenafd = -1 };

static char *const *rumpuser_environ;

void
rumpuser_init(char *const *envp)
{
	unsigned long mask[16] = { 0 };
	long n, i;

	rumpuser_environ = envp;
	rumpuser_process.ru_pid = rumpuser_getpid();
	n = rumpuser_syscall(__NR_sched_getaffinity, 0, sizeof(mask),
	    (long)mask, 0, 0, 0);
	rumpuser_process.ru_ncores = 0;
	for (i = 0; i < n / (long)sizeof(long); i++)
		rumpuser_process.ru_ncores += __builtin_popcountl(mask[i]);
	rumpuser_clock_init();
}

const char *
rumpuser_getenv(const char *name)
{
	char *const *e;
	size_t i;

	if (rumpuser_environ == NULL)
		return NULL;
	for (e = rumpuser_environ; *e != NULL; e++) {
		for (i = 0; name[i] != '\0' && (*e)[i] == name[i]; i++)
			continue;
		if (name[i] == '\0' && (*e)[i] == '=')
			return *e + i + 1;
	}
	return NULL;
}

int
rumpuser_getpid(void)
{

	return rumpuser_syscall(__NR_getpid, 0, 0, 0, 0, 0, 0);
}

int
rumpuser_gettid(void)
{

	return rumpuser_syscall(__NR_gettid, 0, 0, 0, 0, 0, 0);
}

bool
rumpuser_thread_alive(int pid, int tid)
{

	return rumpuser_tgkill(pid, tid, 0) == 0;
}

int
rumpuser_tgkill(int pid, int tid, int sig)
{

	return rumpuser_syscall(__NR_tgkill, pid, tid, sig, 0, 0, 0);
}

int
rumpuser_kill(int pid, int sig)
{

	return rumpuser_syscall(__NR_kill, pid, sig, 0, 0, 0, 0);
}

void
rumpuser_yield(void)
{

	rumpuser_syscall(__NR_sched_yield, 0, 0, 0, 0, 0, 0);
}

void
rumpuser_membarrier(bool all)
{

	if (!all &&
	    rumpuser_syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED,
		0, 0, 0, 0, 0) == 0)
		return;
	/* Not registered yet, or a host without it: the slow one, for all. */
	rumpuser_syscall(__NR_membarrier,
	    MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0, 0, 0, 0);
	if (all ||
	    rumpuser_syscall(__NR_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED,
		0, 0, 0, 0, 0) != 0)
		rumpuser_syscall(__NR_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0,
		    0, 0, 0);
}

_Noreturn void
rumpuser_abort(void)
{
	int pid = rumpuser_getpid();

	rumpuser_tgkill(pid, rumpuser_gettid(), SIGABRT);
	rumpuser_die();
}

_Noreturn void
rumpuser_die(void)
{

	for (;;)
		rumpuser_kill(rumpuser_getpid(), SIGKILL);
}

int
rumpuser_futex_wait(uint32_t *w, uint32_t val, uint64_t ns)
{
	struct rumpuser_timespec ts = { ns / NSEC, ns % NSEC };

	return rumpuser_syscall(__NR_futex, (long)w, FUTEX_WAIT, val,
	    ns == UINT64_MAX ? 0 : (long)&ts, 0, 0);
}

void
rumpuser_futex_wake(uint32_t *w, int n)
{

	rumpuser_syscall(__NR_futex, (long)w, FUTEX_WAKE, n, 0, 0, 0);
}

void
rumpuser_random(void *buf, size_t len)
{
	char *p = buf;
	long n;

	while (len > 0) {
		n = rumpuser_syscall(__NR_getrandom, (long)p, len, 0, 0, 0, 0);
		if (n > 0) {
			p += n;
			len -= n;
		}
	}
}

void
rumpuser_message(const char *buf, size_t len)
{

	rumpuser_syscall(__NR_write, 2, (long)buf, len, 0, 0, 0);
}
