/* SPDX-License-Identifier: BSD-2-Clause */
/* What the last user of a cpu was about is nothing to the next. */
#include <poll.h>
#include <sched.h>

#include "rumpkern/arena.h"
#include "tests/unit/unit.h"

int reap_all(void);

SUITE(cpu);

/* How many wait in a call of the host's? */
static int
in_host(void)
{
	uint32_t i, n = atomic_load(&ARENA->a_ncpus);
	int found = 0;

	for (i = 1; i < n; i++)
		found += atomic_load(&cpu_byindex(i)->c_asleep) == CPU_IN_HOST;
	return found;
}

Test(cpu, of_one_killed_in_a_wait_is_awake)
{
	int p[2];
	struct pollfd pf = { .events = POLLIN };
	sigset_t none;
	pid_t pid;

	OK(rump_sys_pipe(p));
	pf.fd = p[0];
	sigemptyset(&none);
	pid = fork();
	if (pid == 0) {
		rump_sys_ppoll(&pf, 1, NULL, &none);
		_exit(0);
	}
	while (in_host() == 0)
		sched_yield();
	EQ(kill(pid, SIGKILL), 0);
	EQ(waitpid(pid, NULL, 0), pid);
	EQ(rump_kern_check(), 0);
	reap_all();
	EQ(in_host(), 0);
}
