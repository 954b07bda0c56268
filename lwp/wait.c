/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Waiting for ulwps to end, and giving that up: _lwp_wait, _lwp_detach.
 */
#include <errno.h>

#include "lwp/ulwp.h"

/* Would waiting for u never end, as u, or whom u waits for, waits for me? */
static bool
is_circle(const struct ulwp *me, const struct ulwp *u)
{
	uint32_t n = ulwp_table.t_waiting;

	for (; u != NULL; u = ulwp_find(u->u_waitfor)) {
		if (u == me)
			return true;
		if (!u->u_waiting || u->u_waitfor == 0 || n-- == 0)
			return false;
	}
	return false;
}

/* A zombie for whoever waits for any: one nobody else waits for. */
static struct ulwp *
any_zombie(void)
{
	struct ulwp *u;

	for (u = ulwp_table.t_zombies; u != NULL; u = u->u_znext)
		if (u->u_waiter == 0)
			return u;
	return NULL;
}

/* All have looked, and found nothing, since anything last changed. */
static bool
all_wait(struct ulwp *me)
{
	uint32_t event = atomic_load(&ulwp_table.t_event);

	if (me->u_looked != event) {
		me->u_looked = event;
		ulwp_table.t_blocked++;
	}
	return ulwp_table.t_blocked == ulwp_table.t_live;
}

/* Locked.  EAGAIN: not yet. */
static int
look(struct ulwp *me, lwpid_t id, struct ulwp **up)
{
	struct ulwp *u;

	if (id != 0) {
		u = ulwp_find_any(id);
		if (u == NULL || u->u_detached)
			return u == me && u != NULL ? EDEADLK : ESRCH;
		if (u->u_waiter == 0)
			u->u_waiter = me->u_id;
		if (u->u_state != ULWP_ZOMBIE && is_circle(me, u))
			return EDEADLK;
		if (u->u_state != ULWP_ZOMBIE)
			u = NULL;
	} else {
		if (ulwp_table.t_joinable == (me->u_detached ? 0U : 1U))
			return ESRCH;
		u = any_zombie();
	}
	if (u == NULL)
		return all_wait(me) ? EDEADLK : EAGAIN;
	*up = u;
	return 0;
}

/* By _lwp_wakeup(). */
static bool
is_cancelled(struct ulwp *me)
{

	return (atomic_fetch_and(&me->u_park, ~PARK_CANCEL) & PARK_CANCEL) != 0;
}

/* Locked; unlocks while it sleeps. */
static int
wait_for(struct ulwp *me, lwpid_t id, struct ulwp **up, struct ulwp_mask *m)
{
	uint32_t event, stops;
	bool intr = false;
	struct ulwp *u;
	int error;

	me->u_waiting = true;
	me->u_looked = atomic_load(&ulwp_table.t_event) - 1;
	me->u_waitfor = id;
	ulwp_table.t_waiting++;
	for (;;) {
		error = look(me, id, up);
		if (error != EAGAIN)
			break;
		if (intr || is_cancelled(me)) {
			error = EINTR;
			break;
		}
		event = atomic_load(&ulwp_table.t_event);
		stops = atomic_load(&me->u_stops);
		ulwp_unlock(m);
		intr = ulwp_sleep(&ulwp_table.t_event, event, CLOCK_MONOTONIC,
			   NULL) == EINTR;
		ulwp_lock(m);
		/* That it was suspended meanwhile is not for it to know. */
		intr = intr && atomic_load(&me->u_stops) == stops;
	}
	ulwp_table.t_waiting--;
	me->u_waiting = false;
	u = ulwp_find_any(id);
	if (u != NULL && u->u_waiter == me->u_id)
		u->u_waiter = 0;
	/* Others may find the circle open, or a zombie theirs. */
	if (error != 0)
		ulwp_event();
	return error;
}

int
_lwp_wait(lwpid_t id, lwpid_t *departed)
{
	struct ulwp *me = ulwp_me(), *u = NULL;
	struct ulwp_mask m;
	pthread_t thread;
	bool made;
	int error, cancel;

	if (me == NULL)
		return ulwp_result(EAGAIN);
	if (departed != NULL) {
		lwpid_t old;

		error = ulwp_copyin(departed, &old, sizeof(old));
		if (error == 0)
			error = ulwp_copyout(&old, departed, sizeof(old));
		if (error != 0)
			return ulwp_result(error);
	}
	ulwp_lock(&m);
	error = wait_for(me, id, &u, &m);
	if (error == 0) {
		id = u->u_id;
		thread = u->u_thread;
		made = u->u_made;
		ulwp_unzombie(u);
		ulwp_free(u);
		ulwp_event();
	}
	ulwp_unlock(&m);
	if (error != 0)
		return ulwp_result(error);
	/* All but its last steps are done. */
	if (made) {
		pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);
		pthread_join(thread, NULL);
		pthread_setcancelstate(cancel, NULL);
	}
	if (departed != NULL)
		error = ulwp_copyout(&id, departed, sizeof(id));
	return ulwp_result(error);
}

int
_lwp_detach(lwpid_t id)
{
	struct ulwp_mask m;
	struct ulwp *u;
	int error = 0;

	ulwp_me();
	ulwp_lock(&m);
	u = ulwp_find_any(id);
	if (u == NULL)
		error = ESRCH;
	else if (u->u_detached)
		error = EINVAL;
	if (error == 0) {
		if (u->u_made)
			pthread_detach(u->u_thread);
		if (u->u_state == ULWP_ZOMBIE) {
			ulwp_unzombie(u);
			ulwp_free(u);
		} else {
			u->u_detached = true;
			ulwp_table.t_joinable--;
		}
		ulwp_event();
	}
	ulwp_unlock(&m);
	return ulwp_result(error);
}
