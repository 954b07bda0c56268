/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Signals: a handler of the program never runs while its thread is in the
 * kernel.
 *
 * The shim's own handler stands in for every handler the program sets.  If
 * the thread is outside the kernel it calls the program's at once.  Otherwise it
 * blocks the signal until the thread is out, queues it to the thread again, and
 * makes the kernel's sleep end; hj_leave() then unblocks it, so that the
 * handler gets a genuine context.  Thread-local storage would be the place for
 * the siginfo otherwise, and an audit library (libs.h) may have little of that.
 */
#include <asm/unistd.h>
#include <signal.h>
#include <ucontext.h>

#include "hijack/hijack.h"
#include "hijack/kick.h"
#include "rumpkern/copy.h"
#include "rumpkern/waitq.h"

/* The host's struct sigaction. */
struct host_sigaction {
	void *sa_fn;
	unsigned long sa_fl;
	void *sa_rest;
	uint64_t sa_blk;
};

#define SA_RESTORER_ 0x04000000UL
#define BIT(sig)     (1UL << ((sig)-1))
#define NOTE_CUT     BIT(SIGKILL) /* which is never noted */
#define STACK_NEED   5120         /* of a call; measured: 4 KiB */

__thread struct hj_thread hj_thread;

/* What the program asked for; its handlers only. */
static struct host_sigaction wanted[HJ_NSIG];
/* The kernel may send us KWAKE_SIGNAL: its handler is there, or about to be. */
static _Atomic enum {
	WAKES_NONE,
	WAKES_SOON,
	WAKES_CAUGHT
} wakes;

void hj_restorer(void) __attribute__((visibility("hidden")));
/*
 * Unwinders know the frame of a signal by these very instructions, provided
 * that what is in front of them is of no function.
 */
__asm__("	.text\n"
	"	.p2align 4\n"
	"	nop\n"
	"	.p2align 4\n"
	"	.type hj_restorer, @function\n"
	"hj_restorer:\n"
	"	mov $15, %rax\n"
	"	syscall\n"
	"	.size hj_restorer, .-hj_restorer\n");

static bool
is_handler(const void *fn)
{

	return fn != (void *)SIG_DFL && fn != (void *)SIG_IGN;
}

/* Die of, or ignore, a signal the program has no handler for. */
static void
by_default(int sig, siginfo_t *si)
{
	struct host_sigaction sa = wanted[sig];

	sa.sa_fl |= SA_RESTORER_;
	sa.sa_rest = (void *)hj_restorer;
	if (sa.sa_fn == (void *)SIG_IGN && si->si_code > 0)
		sa.sa_fn = (void *)SIG_DFL; /* a fault is not ignored */
	hj_host(__NR_rt_sigaction, sig, &sa, NULL, 8);
	/* A fault comes again by itself. */
	if (si->si_code <= 0)
		hj_host(__NR_rt_tgsigqueueinfo, rumpuser_getpid(),
		    rumpuser_gettid(), sig, si);
}

static void
run_handler(int sig, siginfo_t *si, void *uc)
{
	struct host_sigaction sa = wanted[sig];

	hj_thread.ht_handled++;
	if (!(sa.sa_fl & SA_RESTART))
		hj_thread.ht_norestart++;
	if (!is_handler(sa.sa_fn)) {
		by_default(sig, si);
		return;
	}
	if (sa.sa_fl & SA_RESETHAND) {
		wanted[sig].sa_fn = (void *)SIG_DFL;
		if (sig != SIGSEGV && sig != SIGBUS) {
			struct host_sigaction dfl = sa;

			dfl.sa_fn = (void *)SIG_DFL;
			dfl.sa_fl |= SA_RESTORER_;
			dfl.sa_rest = (void *)hj_restorer;
			hj_host(__NR_rt_sigaction, sig, &dfl, NULL, 8);
		}
	}
	((void (*)(int, siginfo_t *, void *))sa.sa_fn)(sig, si, uc);
}

static void
note(int sig, const siginfo_t *si, ucontext_t *uc)
{
	struct hj_thread *ht = &hj_thread;
	uint64_t bit = BIT(sig);

	/* SA_NODEFER may have left it unblocked. */
	hj_host(__NR_rt_sigprocmask, SIG_BLOCK, &bit, NULL, 8);
	hj_host(__NR_rt_tgsigqueueinfo, rumpuser_getpid(), rumpuser_gettid(),
	    sig, si);
	ht->ht_noted |= bit;
	*(uint64_t *)&uc->uc_sigmask |= bit;
	if (curcpu() != NULL)
		cpu_interrupt(curcpu());
}

static void
handler(int sig, siginfo_t *si, void *ucontext)
{
	bool fault = (sig == SIGSEGV || sig == SIGBUS) && si->si_code > 0;

	if (sig == KWAKE_SIGNAL &&
	    (si->si_code == SI_TKILL || si->si_code > 0)) {
		hj_thread.ht_woken++;
		if (si->si_code > 0)
			hj_kick_taken();
		return; /* it has ended a host call: that was all */
	}
	if (fault && rumpuser_fixup(ucontext)) {
		hj_thread.ht_fault = si->si_addr;
		return;
	}
	if (sig == SIGBUS && fault && hj_mmap_fault(si->si_addr))
		return;
	if (hj_thread.ht_busy != 0 && !fault)
		note(sig, si, ucontext);
	else
		run_handler(sig, si, ucontext);
}

void
hj_enter(void)
{

	hj_thread.ht_busy++;
	kbarrier();
}

/* On a stack of its own for signals, which may be small, and unguarded. */
static bool
on_altstack(void)
{
	stack_t ss;

	return hj_host(__NR_sigaltstack, NULL, &ss) == 0 &&
	    (ss.ss_flags & SS_ONSTACK);
}

void
hj_stack_probe(uintptr_t sp)
{
	uintptr_t at;
	char byte;

	for (at = sp; at > sp - STACK_NEED;) {
		at -= STACK_NEED / 2;
		if (unlikely(copyin((void *)at, &byte, 1) != 0) &&
		    !on_altstack())
			(void)*(volatile char *)at;
	}
	hj_thread.ht_stack = sp;
}

void
hj_signal_cut(void)
{

	hj_thread.ht_noted |= NOTE_CUT;
}

static bool
raise_noted(void)
{
	struct hj_thread *ht = &hj_thread;
	uint64_t mask = ht->ht_noted, bits;
	bool restart = true;
	int sig;

	if (unlikely(mask & NOTE_CUT)) {
		ht->ht_noted &= ~NOTE_CUT;
		hj_enter();
		hj_mmap_cut();
		return hj_leave();
	}
	atomic_store(&curcpu()->c_intr, 0);
	ht->ht_noted = 0;
	for (bits = mask; bits != 0; bits &= bits - 1) {
		sig = __builtin_ctzl(bits) + 1;
		if (!(wanted[sig].sa_fl & SA_RESTART))
			restart = false;
	}
	hj_host(__NR_rt_sigprocmask, SIG_UNBLOCK, &mask, NULL, 8);
	return restart;
}

bool
hj_leave(void)
{

	kbarrier();
	if (--hj_thread.ht_busy != 0)
		return true;
	kbarrier();
	return likely(hj_thread.ht_noted == 0) ? true : raise_noted();
}

static bool
is_ours(const void *fn)
{

	return fn == (void *)handler;
}

/* Signals that are the shim's own whatever the program says of them. */
static bool
always_ours(int sig)
{

	return sig == SIGSEGV || sig == SIGBUS ||
	    (sig == KWAKE_SIGNAL && atomic_load(&wakes) != WAKES_NONE);
}

/* The same with our handler. */
static struct host_sigaction
caught(const struct host_sigaction *want)
{
	struct host_sigaction sa = *want;

	if (!is_handler(sa.sa_fn))
		sa.sa_fl = SA_NODEFER | SA_ONSTACK;
	sa.sa_fn = (void *)handler;
	sa.sa_fl = (sa.sa_fl & ~(unsigned long)SA_RESETHAND) | SA_SIGINFO |
	    SA_RESTORER_;
	sa.sa_rest = (void *)hj_restorer;
	return sa;
}

/* Tell the host: our handler for the program's, its own word otherwise. */
static long
set_host(int sig, const struct host_sigaction *want, struct host_sigaction *old)
{
	struct host_sigaction sa = *want;

	if (is_handler(sa.sa_fn) ||
	    (always_ours(sig) && kcurcpu != NULL &&
		kcurcpu->c_vforkparent == NULL))
		sa = caught(&sa);
	return hj_host(__NR_rt_sigaction, sig, &sa, old, 8);
}

static void
catch_wakes(void)
{
	struct host_sigaction sa = caught(&wanted[KWAKE_SIGNAL]);

	hj_host(__NR_rt_sigaction, KWAKE_SIGNAL, &sa, NULL, 8);
}

void
hj_signal_wakes(void)
{

	if (likely(atomic_load(&wakes) == WAKES_CAUGHT))
		return;
	/* A child of vfork has actions of its own, but our memory. */
	if (curcpu()->c_vforkparent != NULL) {
		catch_wakes();
		return;
	}
	atomic_store(&wakes, WAKES_SOON);
	catch_wakes();
	atomic_store(&wakes, WAKES_CAUGHT);
}

long
hj_sys_rt_sigaction(struct hj_frame *hf)
{
	int sig = hf->hf_args[0];
	void *uact = (void *)hf->hf_args[1], *uold = (void *)hf->hf_args[2];
	struct host_sigaction act, old, before;
	bool child = curcpu() != NULL && curcpu()->c_vforkparent != NULL;
	long error;

	if (hf->hf_args[3] != 8 || sig < 1 || sig >= HJ_NSIG ||
	    (uact != NULL && (sig == SIGKILL || sig == SIGSTOP)))
		return -EINVAL;
	if (uact != NULL && copyin(uact, &act, sizeof(act)) != 0)
		return -EFAULT;
	before = wanted[sig];
	if (uact != NULL) {
		/* A child of vfork has actions of its own, but our memory. */
		if (!child) {
			wanted[sig] = act;
			kbarrier();
		}
		error = child && !is_handler(act.sa_fn) ?
		    hj_host(__NR_rt_sigaction, sig, &act, &old, 8) :
		    set_host(sig, &act, &old);
		if (error < 0) {
			if (!child)
				wanted[sig] = before;
			return error;
		}
	} else {
		error = hj_host(__NR_rt_sigaction, sig, NULL, &old, 8);
		if (error < 0)
			return error;
	}
	if (is_ours(old.sa_fn))
		old = before;
	if (uold != NULL && copyout(&old, uold, sizeof(old)) != 0)
		return -EFAULT;
	return 0;
}

/* At start: faults are ours; what the program inherited it keeps. */
void
hj_signal_init(void)
{
	static const int faults[2] = { SIGSEGV, SIGBUS };
	struct host *h = host_byindex(curcpu()->c_host);
	int i;

	for (i = 0; i < 2; i++) {
		hj_host(__NR_rt_sigaction, faults[i], NULL, &wanted[faults[i]],
		    8);
		set_host(faults[i], &wanted[faults[i]], NULL);
	}
	hj_host(__NR_rt_sigaction, KWAKE_SIGNAL, NULL, &wanted[KWAKE_SIGNAL],
	    8);
	if (h->h_flags & HOST_DEAF) {
		h->h_flags &= ~(uint64_t)HOST_DEAF;
		wanted[KWAKE_SIGNAL].sa_fn = (void *)SIG_DFL;
		hj_signal_wakes();
	}
}

/*
 * A wake on its way to a wait that has ended must not end the new image, which
 * cannot catch it before its shim is there.
 */
static void
deafen(bool before)
{
	struct host *h = host_byindex(curcpu()->c_host);
	struct host_sigaction sa = { .sa_fn = (void *)SIG_IGN };

	if (atomic_load(&wakes) == WAKES_NONE)
		return;
	if (before) {
		if (wanted[KWAKE_SIGNAL].sa_fn != (void *)SIG_IGN)
			h->h_flags |= HOST_DEAF;
		hj_host(__NR_rt_sigaction, KWAKE_SIGNAL, &sa, NULL, 8);
		return;
	}
	h->h_flags &= ~(uint64_t)HOST_DEAF;
	catch_wakes();
	/* Those of other threads meanwhile. */
	kwakeup_signal();
}

void
hj_signal_ignored(bool before)
{
	static const int faults[2] = { SIGSEGV, SIGBUS };
	int i;

	deafen(before);

	for (i = 0; i < 2; i++) {
		if (wanted[faults[i]].sa_fn != (void *)SIG_IGN)
			continue;
		if (before)
			hj_host(__NR_rt_sigaction, faults[i],
			    &wanted[faults[i]], NULL, 8);
		else
			set_host(faults[i], &wanted[faults[i]], NULL);
	}
}
