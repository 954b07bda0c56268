/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpu, host: taking and giving back the slots of host threads and processes.
 * No locks here: a thread without a cpu cannot take one.
 */
#include "rumpkern/arena.h"
#include "rumpkern/cpu.h"
#include "rumpkern/klog.h"

#define CLAIM_NS     500000000UL /* the longest that a claim outlives a slot */
#define TAKEOVER_MIN 8           /* cpus in use before we look for dead ones */

__thread struct cpu *kcurcpu;

struct cpu *
cpu_byindex(uint32_t i)
{

	return (struct cpu *)(ARENA_BASE + ARENA->a_map.am_cpus) + i;
}

struct host *
host_byindex(uint32_t i)
{

	return &ARENA->a_host[i];
}

static void
raise_count(_Atomic uint32_t *count, uint32_t n)
{
	uint32_t old = atomic_load(count);

	while (old < n && !atomic_compare_exchange_weak(count, &old, n))
		continue;
}

/* Its owner says so, and nobody else does: it lives. */
static void
set_live(struct cpu *c, uint32_t host)
{

	atomic_store(&c->c_state,
	    CPU_RESTATE(atomic_load(&c->c_state), CPU_LIVE, host));
}

/* Is it of a thread of this process that has the same id as ours? */
static bool
has_our_tid(const struct cpu *c, uint32_t w, int tid)
{

	return CPU_STATE_OF(w) == CPU_LIVE &&
	    CPU_VALUE_OF(w) == rumpuser_process.ru_host &&
	    __atomic_load_n(&c->c_tid, __ATOMIC_RELAXED) == tid;
}

/*
 * Another cpu that names our thread is that of one that has ended: the host
 * gives their ids again.  From now on it can be told that it is dead.
 */
static void
disown_tid(const struct cpu *self)
{
	uint32_t i, n = atomic_load(&ARENA->a_ncpus);
	struct cpu *c;

	for (i = 1; i < n; i++) {
		c = cpu_byindex(i);
		if (c != self &&
		    has_our_tid(c, atomic_load(&c->c_state), self->c_tid))
			__atomic_store_n(&c->c_tid, 0, __ATOMIC_RELAXED);
	}
}

/* A free cpu becomes an embryo of the host; NULL: there is none. */
static struct cpu *
take_slot(uint32_t host)
{
	struct cpu *c;
	uint32_t i, w;

	for (i = 1; i < CPU_MAX; i++) {
		c = cpu_byindex(i);
		w = atomic_load(&c->c_state);
		if (CPU_STATE_OF(w) != CPU_FREE)
			continue;
		/* If we die right after it, it must be found. */
		raise_count(&ARENA->a_ncpus, i + 1);
		if (atomic_compare_exchange_strong(&c->c_state, &w,
			CPU_RESTATE(w, CPU_EMBRYO, host))) {
			c->c_index = i;
			c->c_host = host;
			return c;
		}
	}
	return NULL;
}

static void
set_up(struct cpu *c)
{

	__atomic_store_n(&c->c_tid, rumpuser_gettid(), __ATOMIC_RELAXED);
	c->c_spinlimit = rumpuser_process.ru_spin_ns;
	atomic_store(&c->c_intr, 0);
	atomic_store(&c->c_asleep, CPU_AWAKE);
	c->c_inkernel = 0;
	c->c_userret = 0;
	c->c_sigs = 0;
	c->c_vforkparent = NULL;
	c->c_crashat = 0;
	rumpuser_bell_arm(&ARENA->a_bell, &ARENA->a_robust);
}

/* Only its new owner knows of it yet. */
static void
host_clear(struct host *h, uint32_t parent)
{

	h->h_parent = parent;
	h->h_proc = NULL;
	atomic_store(&h->h_kick, 0);
	h->h_flags = 0;
	h->h_maps = NULL;
	kmutex_init(&h->h_maplock, KRANK_MAPS);
	h->h_since = rumpuser_monotonic();
}

/*
 * The slot is clean.  Its next user may die before it has said whose it is:
 * then it is nobody's, and new.
 */
void
host_free(struct host *h)
{

	uint64_t fork = atomic_load(&h->h_fork) + HOST_TURN;

	h->h_parent = 0;
	h->h_since = rumpuser_monotonic();
	atomic_store(&h->h_fork, fork & (HOST_ADOPTED - HOST_TURN));
	atomic_store(&h->h_state, HOST_FREE);
}

bool
host_exiting(void)
{
	uint32_t one = 1;

	return atomic_compare_exchange_strong(&rumpuser_process.ru_ncpus, &one,
	    PROCESS_EXITING);
}

/* One more cpu of this process; if it is ending, that is all that comes. */
static void
count_cpu(void)
{
	_Atomic uint32_t *count = &rumpuser_process.ru_ncpus;
	uint32_t n = atomic_load(count);

	do {
		while (n & PROCESS_EXITING)
			rumpuser_futex_wait((uint32_t *)count, n, 1000000000);
	} while (!atomic_compare_exchange_weak(count, &n, n + 1));
}

int
host_attach(void)
{
	uint32_t i, state = HOST_FREE;
	struct host *h;
	int error;

	atomic_store(&rumpuser_process.ru_ncpus, 0);
	rumpuser_process.ru_pid = rumpuser_getpid();
	for (i = 1; i < HOST_MAX; i++, state = HOST_FREE) {
		h = host_byindex(i);
		if (atomic_load(&h->h_state) != HOST_FREE)
			continue;
		error = rumpuser_claim(i);
		if (error == -EAGAIN || error == -EACCES)
			continue;
		if (error < 0)
			return -error;
		/* Others may take it without a claim: cpu_embryo(). */
		h->h_index = i;
		if (atomic_compare_exchange_strong(&h->h_state, &state,
			HOST_LIVE))
			break;
		rumpuser_unclaim(i);
	}
	if (i == HOST_MAX)
		return EAGAIN;
	h->h_pid = rumpuser_process.ru_pid;
	host_clear(h, 0);
	rumpuser_process.ru_host = i;
	raise_count(&ARENA->a_nhosts, i + 1);
	rumpuser_membarrier_register();
	return -rumpuser_mark_mine();
}

int
cpu_attach(void)
{
	uint32_t host = rumpuser_process.ru_host;
	struct cpu *c;

	count_cpu();
	c = take_slot(host);
	if (c == NULL) {
		atomic_fetch_sub(&rumpuser_process.ru_ncpus, 1);
		return EAGAIN;
	}
	/* Not live before c_tid is ours: the old one's thread is dead. */
	set_up(c);
	disown_tid(c);
	set_live(c, host);
	kcurcpu = c;
	return 0;
}

bool
cpu_room(void)
{
	uint32_t i, n = atomic_load(&ARENA->a_ncpus);

	for (i = 1; n == CPU_MAX && i < n; i++)
		if (CPU_STATE_OF(atomic_load(&cpu_byindex(i)->c_state)) ==
		    CPU_FREE)
			return true;
	return n < CPU_MAX;
}

/* Its thread was in no call of the kernel when it ended. */
static bool
is_clean(const struct cpu *c)
{
	int i;

	for (i = 0; i < CPU_NHAZARD; i++)
		if (c->c_hazard[i] != NULL)
			return false;
	return c->c_nlog == 0 && c->c_nlocks == 0 && c->c_nhand == 0 &&
	    c->c_nwakes == 0 && c->c_went.w_queue == NULL;
}

/* Has the cpu a dead thread of this process, and is it ours now? */
static bool
take_over(struct cpu *c, uint32_t host, int pid)
{
	uint32_t w = atomic_load(&c->c_state);

	if (CPU_STATE_OF(w) != CPU_LIVE || CPU_VALUE_OF(w) != host ||
	    rumpuser_thread_alive(pid,
		__atomic_load_n(&c->c_tid, __ATOMIC_RELAXED)) ||
	    !is_clean(c))
		return false;
	return atomic_compare_exchange_strong(&c->c_state, &w,
	    CPU_RESTATE(w + CPU_TURN, CPU_EMBRYO, host));
}

bool
cpu_takeover(void)
{
	uint32_t host = rumpuser_process.ru_host, i;
	uint32_t n = atomic_load(&ARENA->a_ncpus);
	struct cpu *c;

	for (i = 1; i < n; i++)
		if (CPU_STATE_OF(atomic_load(&cpu_byindex(i)->c_state)) ==
		    CPU_FREE)
			return false;
	/* Each look asks the host of every cpu: not often. */
	if (n < TAKEOVER_MIN || ((n & (n - 1)) != 0 && n != CPU_MAX))
		return false;
	for (i = 1; i < n; i++) {
		c = cpu_byindex(i);
		if (!take_over(c, host, host_byindex(host)->h_pid))
			continue;
		set_up(c);
		disown_tid(c);
		set_live(c, host);
		kcurcpu = c;
		return true;
	}
	return false;
}

/* Forget what the slot's last user left; the rest is clean by itself. */
void
cpu_reset(struct cpu *c)
{
	int i;

	c->c_lwp = NULL;
	c->c_implicit = NULL;
	/* Others look at them any time. */
	for (i = 0; i < CPU_NHAZARD; i++)
		__atomic_store_n(&c->c_hazard[i], NULL, __ATOMIC_RELEASE);
	c->c_nlog = c->c_nlocks = c->c_nhand = c->c_nwakes = 0;
	c->c_draining = 0;
	c->c_went.w_queue = NULL;
	/* Else a wake would send the next one a signal it does not catch. */
	atomic_store(&c->c_asleep, CPU_AWAKE);
	atomic_store(&c->c_state,
	    CPU_RESTATE(atomic_load(&c->c_state) + CPU_TURN, CPU_FREE, 0));
}

void
cpu_detach(void)
{
	struct cpu *c = curcpu();

	KASSERT(c->c_nlog == 0 && c->c_nlocks == 0 && c->c_nhand == 0);
	rumpuser_bell_disarm(&ARENA->a_bell, &ARENA->a_robust);
	kcurcpu = NULL;
	cpu_reset(c);
	atomic_fetch_sub(&rumpuser_process.ru_ncpus, 1);
}

int
cpu_embryo(struct cpu **cp, struct host **hp)
{
	uint32_t i, state = HOST_FREE;
	struct host *h;

	for (i = 1; i < HOST_MAX; i++, state = HOST_FREE) {
		h = host_byindex(i);
		if (atomic_load(&h->h_state) != HOST_FREE)
			continue;
		raise_count(&ARENA->a_nhosts, i + 1);
		if (atomic_compare_exchange_strong(&h->h_state, &state,
			HOST_EMBRYO))
			break;
	}
	if (i == HOST_MAX)
		return EAGAIN;
	h->h_index = i;
	h->h_pid = 0;
	host_clear(h, curcpu()->c_host);
	*cp = take_slot(i);
	if (*cp == NULL) {
		host_free(h);
		return EAGAIN;
	}
	*hp = h;
	return 0;
}

/* Is this still the slot of that fork? */
static bool
same_fork(uint64_t now, uint64_t fork)
{

	return (now & ~(uint64_t)UINT32_MAX) == (fork & ~(uint64_t)UINT32_MAX);
}

void
host_share(struct host *child)
{

	host_byindex(curcpu()->c_host)->h_flags |= HOST_BYPID;
	child->h_flags |= HOST_BYPID;
}

/*
 * The slot's last user may be about to drop its claim; or somebody who shared
 * its descriptors has it, and keeps it.
 */
static int
claim_slot(struct host *h, uint64_t fork)
{
	uint64_t since = rumpuser_monotonic();
	int error;

	while (!(h->h_flags & HOST_BYPID) &&
	    (error = rumpuser_claim(h->h_index)) < 0) {
		if (error != -EAGAIN)
			return -error;
		if (!same_fork(atomic_load(&h->h_fork), fork))
			return ESRCH;
		if (rumpuser_monotonic() - since > CLAIM_NS)
			h->h_flags |= HOST_BYPID;
		rumpuser_yield();
	}
	return 0;
}

int
cpu_adopt(struct cpu *c, struct host *h, uint64_t fork)
{
	uint64_t now;
	int error = claim_slot(h, fork);

	if (error != 0)
		return error;
	now = atomic_load(&h->h_fork);
	do {
		if (!same_fork(now, fork)) {
			if (!(h->h_flags & HOST_BYPID))
				rumpuser_unclaim(h->h_index);
			return ESRCH;
		}
	} while (!atomic_compare_exchange_weak(&h->h_fork, &now,
	    now | HOST_ADOPTED));
	h->h_pid = rumpuser_getpid();
	rumpuser_membarrier_register();
	set_up(c);
	set_live(c, h->h_index);
	atomic_store(&h->h_state, HOST_LIVE);
	kcurcpu = c;
	return 0;
}

int
cpu_resume(struct cpu *c)
{
	struct host *h = host_byindex(c->c_host);
	int error = rumpuser_claim(c->c_host);

	/* An exec ends the sharing; only the others may have the claim yet. */
	if (error == 0)
		h->h_flags &= ~(uint64_t)HOST_BYPID;
	else if (h->h_flags & HOST_BYPID)
		error = 0;
	atomic_store(&rumpuser_process.ru_ncpus, 1);
	rumpuser_membarrier_register();
	set_up(c);
	disown_tid(c);
	return -error;
}

void
cpu_embryo_free(struct cpu *c, struct host *h)
{

	cpu_reset(c);
	host_free(h);
}
