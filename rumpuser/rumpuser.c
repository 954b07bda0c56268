/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hypercalls on threads, sleep, clocks and messages.
 */
#include <asm/unistd.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <time.h>

#include "rumpuser/rumpuser.h"

#define NSEC            1000000000UL
#define NR_FUTEX_WAITV  449 /* not in all headers; one number everywhere */
#define FUTEX2_SIZE_U32 2

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
rumpuser_sigio(bool thread, int id, int sig, int fd, long band)
{
	siginfo_t si = { .si_signo = sig };
	int pid = rumpuser_getpid();
	long error = -1;

	/* As the host: nothing is told by a signal nobody chose (F_SETSIG). */
	si.si_code = SI_KERNEL;
	if (fd >= 0) {
		si.si_fd = fd;
		si.si_band = band;
		/* POLL_MSG (by POLLMSG), _IN, _OUT, _PRI or _HUP. */
		si.si_code = band & 0x400 ? 3 :
		    band & 1              ? 1 :
		    band & 4              ? 2 :
		    band & 2              ? 5 :
					    6;
	}
	if (thread)
		error = rumpuser_syscall(__NR_rt_tgsigqueueinfo, pid, id, sig,
		    (long)&si, 0, 0);
	else if (id == pid)
		error = rumpuser_syscall(__NR_rt_sigqueueinfo, pid, sig,
		    (long)&si, 0, 0, 0);
	if (error != 0)
		rumpuser_syscall(thread ? __NR_tkill : __NR_kill, id, sig, 0, 0,
		    0, 0);
}

void
rumpuser_yield(void)
{

	rumpuser_syscall(__NR_sched_yield, 0, 0, 0, 0, 0, 0);
}

static bool
membarrier(int cmd)
{

	return rumpuser_syscall(__NR_membarrier, cmd, 0, 0, 0, 0, 0) == 0;
}

void
rumpuser_membarrier_register(void)
{

	membarrier(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED);
}

/*
 * MEMBARRIER_CMD_GLOBAL takes 10 to 20 ms, and so does registering for
 * PRIVATE_EXPEDITED once there are threads.
 */
void
rumpuser_membarrier(void)
{

	if (!membarrier(MEMBARRIER_CMD_GLOBAL_EXPEDITED))
		membarrier(MEMBARRIER_CMD_GLOBAL);
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

int
rumpuser_futex_wait2(uint32_t *w, uint32_t *second, uint64_t ns)
{
	struct {
		uint64_t fw_val;
		uint64_t fw_addr;
		uint32_t fw_flags;
		uint32_t fw_reserved;
	} both[2] = { { 0, (uintptr_t)w, FUTEX2_SIZE_U32, 0 },
		{ 0, (uintptr_t)second, FUTEX2_SIZE_U32, 0 } };
	struct rumpuser_timespec ts;
	uint64_t until;

	if (ns != UINT64_MAX) {
		until = rumpuser_monotonic() + ns;
		ts = (struct rumpuser_timespec){ until / NSEC, until % NSEC };
	}
	return rumpuser_syscall(NR_FUTEX_WAITV, (long)both, 2, 0,
	    ns == UINT64_MAX ? 0 : (long)&ts, CLOCK_MONOTONIC, 0);
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
