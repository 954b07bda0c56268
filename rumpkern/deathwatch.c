/* SPDX-License-Identifier: BSD-2-Clause */
/* deathwatch: see deathwatch.h. */
#include <errno.h>

#include "rumpkern/arena.h"
#include "rumpkern/cpu.h"
#include "rumpkern/deathwatch.h"

/* In lwproc/reap.c, and in rumpnet/tcphold.c. */
int reap_all(void);
void tcp_expire(void);

/* Another process of this kernel that lives, or did. */
static bool
is_other(uint32_t i)
{

	return i != rumpuser_process.ru_host &&
	    atomic_load(&host_byindex(i)->h_state) != HOST_FREE;
}

static bool
any_dead(void)
{
	uint32_t i, n = atomic_load(&ARENA->a_nhosts);

	for (i = 1; i < n; i++)
		if (is_other(i) && host_dead(host_byindex(i)))
			return true;
	return false;
}

void
deathwatch_expire_at(uint64_t when)
{
	uint64_t old = atomic_load(&ARENA->a_expiry);

	while ((old == 0 || when < old) &&
	    !atomic_compare_exchange_weak(&ARENA->a_expiry, &old, when))
		continue;
}

/* ~0: never. */
static uint64_t
expiry(void)
{
	uint64_t when = atomic_load(&ARENA->a_expiry);

	return when == 0 ? UINT64_MAX : when;
}

void
deathwatch_look(uint64_t every)
{
	uint64_t now = rumpuser_monotonic();
	uint64_t last = atomic_load(&ARENA->a_looked);

	if (unlikely(now >= expiry())) {
		atomic_store(&ARENA->a_expiry, 0);
		tcp_expire();
	}
	if (now - last < every / 2 ||
	    !atomic_compare_exchange_strong(&ARENA->a_looked, &last, now))
		return;
	if (any_dead())
		reap_all();
	if (rumpuser_process.ru_sweep != NULL)
		rumpuser_process.ru_sweep();
}

uint64_t
deathwatch_next(void)
{
	uint32_t i, n = atomic_load(&ARENA->a_nhosts);

	for (i = 1; i < n; i++)
		if (is_other(i))
			return kmin(rumpuser_monotonic() + WATCH_HOST,
			    expiry());
	return expiry();
}

/* Under the shim handlers set *w: it need not matter how a sleep ends. */
static bool
is_shim(void)
{

	return rumpuser_process.ru_fd_reserve != NULL;
}

/*
 * One that waits for ever is begun again by the host after a handler with
 * SA_RESTART, one with a time limit ends; futex_waitv() is always begun again.
 */
static int
sleep_once(uint32_t *w, uint64_t ns, bool brief, bool forever)
{
	int error = -ENOSYS;

	if (is_shim() ? !brief : forever)
		error = rumpuser_futex_wait2(w, &ARENA->a_bell, ns);
	if (error == -ENOSYS)
		error = rumpuser_futex_wait(w, 0,
		    forever && !is_shim() ? UINT64_MAX : ns);
	return error;
}

int
deathwatch_sleep(struct deathwatch *dw, uint32_t *w, uint64_t ns)
{
	uint64_t now = rumpuser_monotonic();
	int error;

	if (dw->dw_every == 0) {
		dw->dw_every = WATCH_FIRST;
		dw->dw_next = now + WATCH_FIRST;
	} else if (now >= dw->dw_next) {
		rumpuser_bell_arm(&ARENA->a_bell, &ARENA->a_robust);
		deathwatch_look(dw->dw_every);
		if (KREAD(*w) != 0)
			return 0;
		dw->dw_every = kmin(dw->dw_every * 4, WATCH_MAX);
		dw->dw_next = now + dw->dw_every;
	}
	if (unlikely(expiry() < dw->dw_next))
		dw->dw_next = kmax(expiry(), now);
	error = sleep_once(w, kmin(dw->dw_next - now, ns),
	    dw->dw_every == WATCH_FIRST, ns == UINT64_MAX);
	if (error == 1) {
		dw->dw_every = WATCH_RUNG;
		dw->dw_next = rumpuser_monotonic() + WATCH_RUNG;
	}
	return error < 0 ? error : 0;
}
