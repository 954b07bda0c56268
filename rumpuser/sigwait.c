/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sleeping with another signal mask, for programs that link the kernel (the
 * shim sleeps in a host call of its own).
 */
#include <asm/unistd.h>
#include <signal.h>

#include "rumpuser/rumpuser.h"

#define NSEC 1000000000UL

/* The kernel's struct sigaction. */
struct host_sigaction {
	void *ksa_handler;
	unsigned long ksa_flags;
	void (*ksa_restorer)(void);
	unsigned long ksa_mask;
};

#if defined(__x86_64__)
#define HOST_SA_RESTORER 0x04000000
__asm__("	.text\n"
	"	.type sigwait_restorer, @function\n"
	"sigwait_restorer:\n"
	"	mov $15, %eax\n"
	"	syscall\n"
	"	.size sigwait_restorer, .-sigwait_restorer\n");
void sigwait_restorer(void) __attribute__((visibility("hidden")));
#else
#define HOST_SA_RESTORER 0
#define sigwait_restorer NULL
#endif

/* It has ended the sleep: that was all. */
static void
wake_handler(int sig)
{

	(void)sig;
}

static void
catch_wakes(int wake)
{
	struct host_sigaction sa = { 0 };

	sa.ksa_handler = (void *)wake_handler;
	sa.ksa_flags = SA_ONSTACK | HOST_SA_RESTORER;
	sa.ksa_restorer = sigwait_restorer;
	rumpuser_syscall(__NR_rt_sigaction, wake, (long)&sa, 0, 8, 0, 0);
	rumpuser_process.ru_wakes = true;
}

void
rumpuser_sigwake_block(int wake, uint64_t *oldmask)
{
	uint64_t bit = 1UL << (wake - 1);

	if (!rumpuser_process.ru_wakes)
		catch_wakes(wake);
	rumpuser_syscall(__NR_rt_sigprocmask, SIG_BLOCK, (long)&bit,
	    (long)oldmask, 8, 0, 0);
}

int
rumpuser_sigwait(int wake, const uint64_t *mask, uint64_t ns)
{
	struct rumpuser_timespec ts = { ns / NSEC, ns % NSEC };
	uint64_t with = *mask & ~(1UL << (wake - 1));

	return rumpuser_syscall(__NR_ppoll, 0, 0,
	    ns == UINT64_MAX ? 0 : (long)&ts, (long)&with, 8, 0);
}

void
rumpuser_sigwake_restore(const uint64_t *oldmask)
{

	rumpuser_syscall(__NR_rt_sigprocmask, SIG_SETMASK, (long)oldmask, 0, 8,
	    0, 0);
}
