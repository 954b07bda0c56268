/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * unstop: a thread that was stopped amid a call of this kernel goes on to
 * where it has no lock.
 *
 * On the host a process stops only where it leaves the kernel.  Here a signal
 * may stop it anywhere, with locks that others wait for.  A helper process,
 * which nobody but us can wait for, becomes its tracer: a traced thread may
 * be let run although its process is stopped, and stops again when its tracer
 * lets go of it or dies.  Its parent learns nothing of that, and a SIGCONT
 * that comes meanwhile counts as ever.
 */
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "rumpuser/rumpuser.h"

#define STEP_NS 50000 /* between two looks */
#define STEPS   6000

static char *
append(char *p, const char *s)
{

	while (*s != '\0')
		*p++ = *s++;
	*p = '\0';
	return p;
}

static char *
append_number(char *p, unsigned n)
{

	if (n >= 10)
		p = append_number(p, n / 10);
	*p++ = '0' + n % 10;
	*p = '\0';
	return p;
}

bool
rumpuser_thread_stopped(int pid, int tid)
{
	char path[64], buf[128], *p = path;
	long fd, n;

	p = append_number(append(p, "/proc/"), pid);
	append(append_number(append(p, "/task/"), tid), "/stat");
	fd = rumpuser_syscall(__NR_openat, AT_FDCWD, (long)path,
	    O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (fd < 0)
		return false;
	n = rumpuser_pread(fd, buf, sizeof(buf), 0);
	rumpuser_close(fd);
	/* "PID (NAME) STATE": a name has 15 bytes, and may have a ')'. */
	while (n-- > 2)
		if (buf[n - 2] == ')' && buf[n - 1] == ' ' && buf[n] == 'T')
			return true;
	return false;
}

static long
trace(int request, int tid, long data)
{

	return rumpuser_syscall(__NR_ptrace, request, tid, 0, data, 0, 0);
}

static void
nap(void)
{
	struct rumpuser_timespec ts = { 0, STEP_NS };

	rumpuser_syscall(__NR_nanosleep, (long)&ts, 0, 0, 0, 0, 0);
}

/* In the helper.  Its end is that of the tracing as well. */
static void
run_until(int tid, const uint32_t *nlocks)
{
	bool asked = true;
	int i, status;
	long got;

	if (trace(PTRACE_SEIZE, tid, 0) < 0 ||
	    trace(PTRACE_INTERRUPT, tid, 0) < 0)
		return;
	for (i = 0; i < STEPS; i++) {
		got = rumpuser_syscall(__NR_wait4, tid, (long)&status,
		    __WALL | WNOHANG, 0, 0, 0);
		if (got < 0 || (got > 0 && !WIFSTOPPED(status)))
			return;
		if (got > 0) {
			/* A signal on its way is handed on. */
			asked = false;
			status = status >> 16 ? 0 : WSTOPSIG(status);
			if (__atomic_load_n(nlocks, __ATOMIC_ACQUIRE) == 0) {
				trace(PTRACE_DETACH, tid, status);
				return;
			}
			trace(PTRACE_CONT, tid, status);
		}
		nap();
		if (!asked && __atomic_load_n(nlocks, __ATOMIC_ACQUIRE) == 0)
			asked = trace(PTRACE_INTERRUPT, tid, 0) == 0;
	}
}

void
rumpuser_unstop(int tid, const uint32_t *nlocks)
{
	uint64_t all = ~0UL, old;
	long pid;

	rumpuser_syscall(__NR_rt_sigprocmask, SIG_SETMASK, (long)&all,
	    (long)&old, sizeof(all), 0, 0);
	/* No signal tells of its end, so that a program's wait() does not. */
	pid = rumpuser_syscall(__NR_clone, 0, 0, 0, 0, 0, 0);
	if (pid == 0) {
		run_until(tid, nlocks);
		for (;;)
			rumpuser_syscall(__NR_exit_group, 0, 0, 0, 0, 0, 0);
	}
	while (pid > 0 &&
	    rumpuser_syscall(__NR_wait4, pid, 0, __WCLONE, 0, 0, 0) == -EINTR)
		continue;
	rumpuser_syscall(__NR_rt_sigprocmask, SIG_SETMASK, (long)&old, 0,
	    sizeof(old), 0, 0);
}
