/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of a process's ulwps, its lock, and what fork does to them.
 *
 * The first slot, and so id 1, is the main thread's.  Free slots are given
 * again in the order they came back; a new use has another generation, so
 * that an id is not soon another thread's.
 */
#include <sys/syscall.h>

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lwp/ulwp.h"
#include "rumpkern/copy.h"
#include "rumpuser/rumpuser.h"

struct ulwp_table ulwp_table;

__thread volatile uint32_t ulwp_busy;
__thread struct ulwp *volatile ulwp_self;
__thread void *ulwp_private;
__thread void *ulwp_back;

static __thread bool over; /* the thread has ended as far as we care */
static pthread_key_t key;
static struct ulwp_mask fork_mask;

/* --- Signals, futexes, memory ---------------------------------------------- */

void
ulwp_block(struct ulwp_mask *old)
{
	static const uint64_t all = ~0UL;

	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, &old->m_bits, 8);
	ulwp_busy++;
}

void
ulwp_unblock(const struct ulwp_mask *old)
{

	ulwp_busy--;
	syscall(SYS_rt_sigprocmask, SIG_SETMASK, &old->m_bits, NULL, 8);
}

int
ulwp_sleep(_Atomic uint32_t *w, uint32_t val, clockid_t clock,
    const struct timespec *until)
{
	int op = FUTEX_WAIT_BITSET_PRIVATE;
	int saved = errno, error;

	if (clock == CLOCK_REALTIME)
		op |= FUTEX_CLOCK_REALTIME;
	error = 0;
	if (syscall(SYS_futex, w, op, val, until, NULL,
		FUTEX_BITSET_MATCH_ANY) != 0)
		error = errno;
	errno = saved;
	return error;
}

void
ulwp_wake(_Atomic uint32_t *w, int n)
{
	int saved = errno;

	syscall(SYS_futex, w, FUTEX_WAKE_PRIVATE, n, NULL, NULL, 0);
	errno = saved;
}

void
ulwp_lock(struct ulwp_mask *old)
{
	_Atomic uint32_t *lock = &ulwp_table.t_lock;
	uint32_t w = 0;

	ulwp_block(old);
	if (atomic_compare_exchange_strong(lock, &w, 1))
		return;
	while (atomic_exchange(lock, 2) != 0)
		ulwp_sleep(lock, 2, CLOCK_MONOTONIC, NULL);
}

void
ulwp_unlock(const struct ulwp_mask *old)
{

	if (atomic_exchange(&ulwp_table.t_lock, 0) == 2)
		ulwp_wake(&ulwp_table.t_lock, 1);
	ulwp_unblock(old);
}

int
ulwp_result(int error)
{

	if (error != 0)
		errno = error;
	return error;
}

bool
ulwp_kernel(void)
{

	return rumpuser_process.ru_arenafd >= 0 &&
	    rumpuser_process.ru_mine != NULL;
}

/* Only a booted kernel catches the fault. */
int
ulwp_copyin(const void *from, void *to, size_t len)
{

	if (from == NULL)
		return EFAULT;
	if (ulwp_kernel())
		return copyin(from, to, len);
	memcpy(to, from, len);
	return 0;
}

int
ulwp_copyout(const void *from, void *to, size_t len)
{

	if (to == NULL)
		return EFAULT;
	if (ulwp_kernel())
		return copyout(from, to, len);
	memcpy(to, from, len);
	return 0;
}

/* --- Slots ------------------------------------------------------------------ */

static struct ulwp *
slot_take(void)
{
	struct ulwp_table *t = &ulwp_table;
	struct ulwp *u;

	if (t->t_freehead == 0) {
		if (t->t_used == ULWP_MAX)
			return NULL;
		return &t->t_slot[t->t_used++];
	}
	u = &t->t_slot[t->t_freehead - 1];
	t->t_freehead = u->u_nextfree;
	if (t->t_freehead == 0)
		t->t_freetail = 0;
	return u;
}

static void
slot_init(struct ulwp *u, bool detached, bool made)
{
	uint32_t gen = u->u_gen;

	u->u_id = gen << ULWP_SLOTBITS | (u - ulwp_table.t_slot + 1);
	u->u_state = ULWP_NEW;
	u->u_detached = detached;
	u->u_made = made;
	u->u_waiting = false;
	u->u_waitfor = u->u_waiter = 0;
	u->u_znext = NULL;
	u->u_bound = 0;
	u->u_rounds = 0;
	u->u_name[0] = '\0';
	u->u_stands = false;
	atomic_store(&u->u_sent, 0);
	atomic_store(&u->u_stop, STOP_RUN);
	atomic_store(&u->u_park, gen << PARK_GENSHIFT);
}

struct ulwp *
ulwp_alloc(bool detached, bool made)
{
	struct ulwp_mask m;
	struct ulwp *u;

	ulwp_lock(&m);
	u = slot_take();
	if (u != NULL)
		slot_init(u, detached, made);
	ulwp_unlock(&m);
	return u;
}

void
ulwp_free(struct ulwp *u)
{
	struct ulwp_table *t = &ulwp_table;
	uint32_t index = u - t->t_slot + 1;

	if (u->u_state != ULWP_NEW && !u->u_detached)
		t->t_joinable--;
	u->u_state = ULWP_FREE;
	u->u_gen = (u->u_gen + 1) % ULWP_GENS;
	atomic_store(&u->u_park, u->u_gen << PARK_GENSHIFT);
	u->u_nextfree = 0;
	if (t->t_freetail != 0)
		t->t_slot[t->t_freetail - 1].u_nextfree = index;
	else
		t->t_freehead = index;
	t->t_freetail = index;
}

struct ulwp *
ulwp_slot(lwpid_t id)
{
	int i = id & ULWP_MAX;

	return id <= 0 || i == 0 ? NULL : &ulwp_table.t_slot[i - 1];
}

struct ulwp *
ulwp_find_any(lwpid_t id)
{
	struct ulwp *u = ulwp_slot(id);

	if (u == NULL || u->u_id != id ||
	    (u->u_state != ULWP_LIVE && u->u_state != ULWP_ZOMBIE))
		return NULL;
	return u;
}

struct ulwp *
ulwp_find(lwpid_t id)
{
	struct ulwp *u = ulwp_find_any(id);

	return u == NULL || u->u_state != ULWP_LIVE ? NULL : u;
}

/* --- Beginning and end ------------------------------------------------------ */

void
ulwp_event(void)
{

	atomic_fetch_add(&ulwp_table.t_event, 1);
	ulwp_table.t_blocked = 0;
	if (ulwp_table.t_waiting > 0)
		ulwp_wake(&ulwp_table.t_event, INT_MAX);
}

int
ulwp_start(struct ulwp *u)
{
	struct ulwp_mask m;
	int error = pthread_setspecific(key, u);

	if (error != 0)
		return error;
	ulwp_lock(&m);
	u->u_state = ULWP_LIVE;
	u->u_tid = syscall(SYS_gettid);
	u->u_thread = pthread_self();
	atomic_fetch_or(&u->u_park, PARK_LIVE);
	ulwp_table.t_live++;
	if (!u->u_detached)
		ulwp_table.t_joinable++;
	if (atomic_load(&u->u_stop) != STOP_RUN)
		ulwp_table.t_stopped++;
	ulwp_self = u;
	ulwp_unlock(&m);
	return 0;
}

void
ulwp_ended(struct ulwp *u)
{
	struct ulwp_table *t = &ulwp_table;
	struct ulwp **up;

	t->t_live--;
	if (atomic_exchange(&u->u_stop, STOP_RUN) != STOP_RUN)
		t->t_stopped--;
	/* Whoever waits for it to stop sees that it has ended. */
	atomic_fetch_and(&u->u_park, ~PARK_LIVE);
	ulwp_wake(&u->u_stop, INT_MAX);
	u->u_tid = 0;
	if (u->u_detached) {
		ulwp_free(u);
	} else {
		u->u_state = ULWP_ZOMBIE;
		for (up = &t->t_zombies; *up != NULL; up = &(*up)->u_znext)
			continue;
		*up = u;
	}
	ulwp_event();
}

void
ulwp_unzombie(struct ulwp *u)
{
	struct ulwp **up;

	for (up = &ulwp_table.t_zombies; *up != u; up = &(*up)->u_znext)
		continue;
	*up = u->u_znext;
}

/*
 * The thread's destructors run.  The program's other ones first: they may make
 * rump calls and use its id.
 */
static void
key_destroy(void *arg)
{
	struct ulwp *u = arg;

	ulwp_leave_stack();
	if (u->u_rounds++ < PTHREAD_DESTRUCTOR_ITERATIONS - 2) {
		pthread_setspecific(key, u);
		return;
	}
	over = true;
	ulwp_end(u);
}

static bool
is_main(void)
{

	return syscall(SYS_gettid) == getpid();
}

struct ulwp *
ulwp_me(void)
{
	struct ulwp *u = ulwp_self;
	struct ulwp_mask m;

	if (u != NULL || over)
		return u;
	/* Its creator waits for it in another way. */
	u = ulwp_alloc(!is_main(), false);
	if (u != NULL && ulwp_start(u) != 0) {
		ulwp_lock(&m);
		ulwp_free(u);
		ulwp_unlock(&m);
		u = NULL;
	}
	return u;
}

/* --- fork ------------------------------------------------------------------- */

static void
fork_prepare(void)
{

	ulwp_lock(&fork_mask);
}

static void
fork_parent(void)
{

	ulwp_unlock(&fork_mask);
}

/*
 * The child has one thread, and that is its main one.  It is in no rump
 * process yet: the kernel sees a new host process.
 */
static void
fork_child(void)
{
	struct ulwp_table *t = &ulwp_table;
	struct ulwp_mask m = fork_mask;
	struct ulwp self = { 0 }, *u = &t->t_slot[0];
	uint32_t i, n = t->t_used;

	if (ulwp_self != NULL)
		memcpy(self.u_name, ulwp_self->u_name, sizeof(self.u_name));
	self.u_made = ulwp_self != NULL && ulwp_self->u_made;
	for (i = 0; i < n; i++)
		if (t->t_slot[i].u_state != ULWP_FREE)
			t->t_slot[i].u_gen = (t->t_slot[i].u_gen + 1) %
			    ULWP_GENS;
	u->u_gen = 0;
	t->t_freehead = t->t_freetail = 0;
	t->t_live = t->t_stopped = t->t_waiting = t->t_joinable = 0;
	t->t_blocked = 0;
	t->t_zombies = NULL;
	t->t_used = 1;
	for (i = 1; i < n; i++) {
		t->t_slot[i].u_state = ULWP_NEW;
		ulwp_free(&t->t_slot[i]);
	}
	t->t_used = n > 1 ? n : 1;
	atomic_store(&t->t_lock, 0);
	ulwp_unblock(&m);
	slot_init(u, false, self.u_made);
	memcpy(u->u_name, self.u_name, sizeof(u->u_name));
	ulwp_self = NULL;
	if (!over)
		ulwp_start(u);
}

__attribute__((constructor)) static void
start(void)
{

	if (pthread_key_create(&key, key_destroy) != 0 ||
	    pthread_atfork(fork_prepare, fork_parent, fork_child) != 0)
		return;
	/* Its slot, even if another thread loads us. */
	ulwp_table.t_used = 1;
	if (!is_main())
		return;
	slot_init(&ulwp_table.t_slot[0], false, false);
	ulwp_start(&ulwp_table.t_slot[0]);
}
