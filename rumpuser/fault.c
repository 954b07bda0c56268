/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Faults in user copies become errors: the handler of SIGSEGV and SIGBUS
 * for programs that link the kernel (the shim has one of its own).
 */
#include <asm/unistd.h>
#include <signal.h>
#include <ucontext.h>

#include "rumpuser/rumpuser.h"

/* The kernel's struct sigaction. */
struct host_sigaction {
	void *ksa_handler;
	unsigned long ksa_flags;
	void (*ksa_restorer)(void);
	unsigned long ksa_mask;
};

#define HOST_SA_RESTORER 0x04000000

static struct host_sigaction fault_old[2]; /* SIGSEGV, SIGBUS */

#if defined(__x86_64__)
#define UC_PC(uc) ((uc)->uc_mcontext.gregs[REG_RIP])
__asm__("	.text\n"
	"	.type fault_restorer, @function\n"
	"fault_restorer:\n"
	"	mov $15, %eax\n"
	"	syscall\n"
	"	.size fault_restorer, .-fault_restorer\n");
void fault_restorer(void) __attribute__((visibility("hidden")));
#else
#define UC_PC(uc)      ((uc)->uc_mcontext.pc)
#define fault_restorer NULL
#endif

bool
rumpuser_fixup(void *ucontext)
{
	ucontext_t *uc = ucontext;
	uintptr_t pc = UC_PC(uc);
	const struct rumpuser_fixup *f;

	for (f = kcopy_fixups; f < kcopy_fixups_end; f++) {
		if (pc >= (uintptr_t)f + f->rf_begin &&
		    pc < (uintptr_t)f + f->rf_end) {
			UC_PC(uc) = (uintptr_t)f + f->rf_fixup;
			return true;
		}
	}
	return false;
}

static void
fault_handler(int sig, siginfo_t *si, void *uc)
{
	struct host_sigaction *old = &fault_old[sig == SIGBUS];

	if (si->si_code > 0 && rumpuser_fixup(uc))
		return;
	if (old->ksa_handler == SIG_DFL || old->ksa_handler == SIG_IGN) {
		/* Back to the default; a real fault comes again. */
		rumpuser_syscall(__NR_rt_sigaction, sig, (long)old, 0, 8, 0, 0);
		if (si->si_code <= 0)
			rumpuser_tgkill(rumpuser_getpid(), rumpuser_gettid(),
			    sig);
	} else if (old->ksa_flags & SA_SIGINFO) {
		((void (*)(int, siginfo_t *, void *))old->ksa_handler)(sig, si,
		    uc);
	} else {
		((void (*)(int))old->ksa_handler)(sig);
	}
}

int
rumpuser_catch_faults(void)
{
	static const int sigs[2] = { SIGSEGV, SIGBUS };
	struct host_sigaction sa;
	long error;
	int i;

	for (i = 0; i < 2; i++) {
		error = rumpuser_syscall(__NR_rt_sigaction, sigs[i], 0,
		    (long)&fault_old[i], 8, 0, 0);
		if (error < 0)
			return error;
		sa.ksa_handler = (void *)fault_handler;
		sa.ksa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK |
		    HOST_SA_RESTORER;
		sa.ksa_restorer = fault_restorer;
		sa.ksa_mask = fault_old[i].ksa_mask;
		error = rumpuser_syscall(__NR_rt_sigaction, sigs[i], (long)&sa,
		    0, 8, 0, 0);
		if (error < 0)
			return error;
	}
	return 0;
}
