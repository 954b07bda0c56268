/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rumpuser: the hypercalls, the only way the kernel reaches the host.
 *
 * Everything here is a raw host system call or a fact of this one host
 * process.  Calls return 0 or a positive result on success and a negative
 * errno on failure; they never touch the program's errno.
 */
#ifndef RUMPUSER_RUMPUSER_H
#define RUMPUSER_RUMPUSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct file;
struct procbuf;

/*
 * What is private to this host process.  It is the one writable static
 * object of the kernel library: nothing in it is kernel state.
 */
struct rumpuser_process {
	int ru_arenafd;      /* the arena's memfd, -1 before attach */
	int ru_pid;          /* host pid, as of the last attach */
	uint32_t ru_host;    /* index of our struct host, 0: detached */
	uint32_t ru_ncores;  /* cores this process may run on */
	uint32_t ru_spin_ns; /* longest spin before a sleep */
	/* Cpus its threads took and did not give back; PROCESS_EXITING. */
	_Atomic uint32_t ru_ncpus;
	/*
	 * A word in a page the host zeroes in a forked child: zero means
	 * that this process has not attached itself yet.
	 */
	uint32_t *ru_mine;
	int (*ru_clock)(int, void *); /* the vDSO's clock_gettime */
	int (*ru_getcpu)(unsigned *, unsigned *, void *); /* NULL: none */
	/*
	 * Gives the descriptor number of a new file (set by the shim, whose
	 * numbers are the host's); NULL: the kernel numbers by itself.
	 * Returns a number or a negative errno.
	 */
	int (*ru_fd_reserve)(int from, bool cloexec);
	void (*ru_fd_unreserve)(int fd);
	/*
	 * Descriptors that are the host's alone, or a file's half there, in
	 * messages (set by the shim, or NULL; see lwproc/hostfile.h): a file in
	 * hand for one, or an errno; a descriptor, or a negative errno; one of
	 * these files has gone.
	 */
	int (*ru_host_put)(int fd, struct file *half, struct file **);
	long (*ru_host_get)(struct file *, bool cloexec);
	void (*ru_host_gone)(void);
	/*
	 * A thread is about to wait in the host; one does that may not be sent
	 * signals: its host's h_kick.  Set by the shim, or NULL.
	 */
	void (*ru_kickable)(void);
	void (*ru_kick)(uint64_t name);
	/* Messages of the host's may have gone, with files (the shim's). */
	void (*ru_sweep)(void);
	/* The text of /proc/mounts and its kin (set by the shim, or NULL). */
	void (*ru_mounts)(struct procbuf *, int how);
	/* A file that is mapped was cut off (set by the shim, or NULL). */
	void (*ru_cut)(void);
	/* A thread that asked for it goes back to the program (_lwp_suspend). */
	void (*ru_userret)(void);
	/*
	 * The host's name for the kernel's root (set by the shim; not empty,
	 * no slash at the end): an absolute symlink under it stays here.
	 */
	const char *ru_prefix;
	size_t ru_prefixlen;
	/* 1 << AF_*: whose sockets are the host's (set by the shim). */
	uint64_t ru_hostfamilies;
	_Atomic int32_t ru_init; /* how far rump_init() is */
	bool ru_warned;          /* told of a call before rump_init() */
	bool ru_wakes;           /* the wake signal has a handler */
	/* A byte a page of the arena, set by rumpuser_arena_seen(). */
	uint8_t *ru_seen;
	uint64_t ru_nseen;
};

extern struct rumpuser_process rumpuser_process;

/* ru_ncpus: its slots are given back, no thread may attach any more */
#define PROCESS_EXITING (1U << 31)

struct rumpuser_timespec {
	int64_t tv_sec;
	int64_t tv_nsec;
};

#if defined(__x86_64__)
static inline long
rumpuser_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			 "r"(r9)
			 : "rcx", "r11", "memory", "cc");
	return ret;
}
#elif defined(__aarch64__)
static inline long
rumpuser_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
}
#else
#error "rumpuser: no system call sequence for this architecture"
#endif

/* Start-up, with the program's environment. */
void rumpuser_init(char *const *envp);
void rumpuser_clock_init(void);
/* This process has attached itself: sets *ru_mine. */
int rumpuser_mark_mine(void);
/* The environment's value of a name, or NULL; valid after rumpuser_init(). */
const char *rumpuser_getenv(const char *name);

/* The arena. */
int rumpuser_arena_create(const char *name, uint64_t size);
int rumpuser_arena_map(int fd, void *base, uint64_t size);
int rumpuser_arena_discard(uint64_t off, uint64_t len);
/*
 * Which of n pages of the arena has the host memory for?  touched: a byte a
 * page, not 0 if so.
 */
void rumpuser_arena_touched(const void *addr, uint64_t off, uint64_t n,
    uint8_t *touched);
/*
 * Write len bytes and up to a page of zeroes into the arena at off, through
 * its descriptor.  Returns how many bytes, zeroes too.
 */
long rumpuser_arena_write(uint64_t off, const void *buf, uint64_t len,
    uint64_t zeroes);
bool rumpuser_arena_see(void);
long rumpuser_pread(int fd, void *buf, size_t len, uint64_t off);
uint64_t rumpuser_filesize(int fd);
void rumpuser_close(int fd);
uint64_t rumpuser_physmem(void);

/*
 * Has this process come by the pages at off before?  From now on it has.  A
 * hint: the first touch of a page by each process is a fault, which costs more
 * than a write through the descriptor.
 */
static inline bool
rumpuser_arena_seen(uint64_t off, uint64_t len)
{
	uint64_t i = off >> 12, end = (off + len + 4095) >> 12;
	uint8_t *seen;
	bool before;

	if (rumpuser_process.ru_seen == NULL && !rumpuser_arena_see())
		return true;
	if (end > rumpuser_process.ru_nseen)
		return true;
	seen = rumpuser_process.ru_seen;
	before = __atomic_load_n(&seen[i], __ATOMIC_RELAXED) != 0;
	for (; i < end; i++)
		__atomic_store_n(&seen[i], 1, __ATOMIC_RELAXED);
	return before;
}

/* Is this host slot's process alive?  See rumpuser_claim(). */
int rumpuser_claim(uint32_t slot);
void rumpuser_unclaim(uint32_t slot);
/* A process never sees its own claim: self is its slot. */
bool rumpuser_claimed(uint32_t slot, uint32_t self);
/* The pid, as we see it, of another slot's process; 0: none that we see. */
int rumpuser_claimant(uint32_t slot);

/* Threads and processes. */
int rumpuser_getpid(void);
int rumpuser_gettid(void);
bool rumpuser_thread_alive(int pid, int tid);
/*
 * Has a signal stopped it?  And let such a thread, of another process, run
 * until *nlocks is 0; in vain if the host does not let us trace it.
 */
bool rumpuser_thread_stopped(int pid, int tid);
void rumpuser_unstop(int tid, const uint32_t *nlocks);
int rumpuser_tgkill(int pid, int tid, int sig);
int rumpuser_kill(int pid, int sig);
/*
 * A signal that tells of a file: to a thread, a process, or a -group.  fd: it
 * says which and with what events (of our own process only), or -1.
 */
void rumpuser_sigio(bool thread, int id, int sig, int fd, long band);
void rumpuser_yield(void);
/* The processor this thread is on, or -1 if that is not cheap to know. */
int rumpuser_processor(void);
/* A full barrier on every running thread of the processes registered. */
void rumpuser_membarrier(void);
void rumpuser_membarrier_register(void);
_Noreturn void rumpuser_abort(void);
_Noreturn void rumpuser_die(void); /* SIGKILL ourselves, at once */

/* Sleeping: until *w != val, a wake, a signal, or ns from now (~0: ever). */
int rumpuser_futex_wait(uint32_t *w, uint32_t val, uint64_t ns);
void rumpuser_futex_wake(uint32_t *w, int n);
/* Until a wake of either word, both 0.  0: of the first, 1: of the second. */
int rumpuser_futex_wait2(uint32_t *w, uint32_t *second, uint64_t ns);

/* The host's struct robust_list_head, and an empty list. */
struct rumpuser_robust {
	void *rb_list;
	long rb_offset;
	void *rb_pending;
};

/*
 * When this thread dies the host wakes one that waits for the bell, a word
 * that is 0.  A thread without a list of robust futexes gets rb, which is one
 * for all.  And the end of that.
 */
void rumpuser_bell_arm(uint32_t *bell, struct rumpuser_robust *rb);
void rumpuser_bell_disarm(uint32_t *bell, struct rumpuser_robust *rb);
/*
 * Sleeping with another signal mask, until any signal or for ns (~0: ever):
 * -EINTR or 0.  Signal `wake' ends the sleep and does nothing else; it must
 * be blocked before, so that it is not lost.
 */
void rumpuser_sigwake_block(int wake, uint64_t *oldmask);
int rumpuser_sigwait(int wake, const uint64_t *mask, uint64_t ns);
void rumpuser_sigwake_restore(const uint64_t *oldmask);

/* Clocks, in nanoseconds; coarse ones cost about 4 ns. */
uint64_t rumpuser_realtime_coarse(void);
uint64_t rumpuser_realtime(void);
uint64_t rumpuser_monotonic(void);
uint64_t rumpuser_boottime(void);

void rumpuser_random(void *buf, size_t len);
void rumpuser_message(const char *buf, size_t len); /* to stderr */

/*
 * Faults in copies of the program's memory.  An entry says: a fault with the
 * instruction pointer in [begin, end) goes on at fixup; addresses are
 * relative to the entry's own.
 */
struct rumpuser_fixup {
	int32_t rf_begin;
	int32_t rf_end;
	int32_t rf_fixup;
};

extern const struct rumpuser_fixup kcopy_fixups[];
extern const struct rumpuser_fixup kcopy_fixups_end[];

/* Given a handler's ucontext: was it such a fault?  Then it is mended. */
bool rumpuser_fixup(void *ucontext);
/* Install handlers of SIGSEGV and SIGBUS that do, before the old ones. */
int rumpuser_catch_faults(void);

#endif
