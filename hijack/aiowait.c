/* SPDX-License-Identifier: BSD-2-Clause */
/* aiowait: io_getevents(), and the polls that wait for their event; see aio.c. */
#include <asm/unistd.h>

#include "hijack/aiorec.h"
#include "rumpkern/copy.h"
#include "rumpkern/deathwatch.h"
#include "rumpkern/waitq.h"
#include "rumpvfs/polltab.h"
#include "rumpvfs/polltime.h"

/* A wait. */
struct wait {
	uint64_t wa_ctx;
	struct io_event *wa_uev; /* where the next go */
	long wa_min;             /* at least so many more */
	long wa_max;
	long wa_got;
	uint64_t wa_until; /* monotonic; KSLEEP_FOREVER */
	uint64_t wa_timer; /* a rump file may get ready then by itself */
	uint64_t wa_mask;
	bool wa_hasmask;
};

/* The poll is over, with this result. */
static bool
end_poll(struct hj_aio *ai, struct record *r, long res)
{
	uint32_t poll = atomic_exchange(&r->r_poll, 0);

	if (poll == 0)
		return true;
	r->r_res = res;
	if (record_submit(r) != 1) {
		/* The context is full: its events come first. */
		atomic_store(&r->r_poll, poll);
		return false;
	}
	atomic_fetch_sub(&ai->ai_npoll, 1);
	return true;
}

/* Look at all polls, and watch their files.  NULL: there is no memory. */
static struct polltab *
look_at_polls(struct hj_aio *ai, struct wait *wa)
{
	uint32_t i, used = ai->ai_used, n = 0, most, poll;
	struct polltab *pt;
	struct record *r;
	int revents;

	most = atomic_load(&ai->ai_npoll) + 1;
	pt = polltab_alloc(most);
	if (pt == NULL)
		return NULL;
	wa->wa_timer = KSLEEP_FOREVER;
	for (i = 0; i < used && n < most; i++) {
		r = &ai->ai_rec[i];
		poll = atomic_load(&r->r_poll);
		if (poll == 0)
			continue;
		revents = polltab_events(curlwp(), pt, n++, poll - 1,
		    r->r_events, &wa->wa_timer);
		if (revents != 0)
			end_poll(ai, r, revents);
	}
	return pt;
}

static long
host_wait(void *arg, const uint64_t *mask)
{
	struct wait *wa = arg;
	struct {
		const uint64_t *mask;
		size_t size;
	} sig = { mask, sizeof(*mask) };
	uint64_t now = rumpuser_monotonic(), until;
	struct rumpuser_timespec ts = { 0, 0 };

	until = kmin(wa->wa_until, wa->wa_timer);
	until = kmin(until, deathwatch_next());
	if (until > now && until != KSLEEP_FOREVER) {
		ts.tv_sec = (until - now) / 1000000000;
		ts.tv_nsec = (until - now) % 1000000000;
	}
	return hj_host(__NR_io_pgetevents, wa->wa_ctx, kmin(wa->wa_min, 1L),
	    wa->wa_max, wa->wa_uev, until == KSLEEP_FOREVER ? NULL : &ts, &sig);
}

/* So many events there are more: the program's remain.  Was there a kick? */
static bool
take(struct hj_aio *ai, struct wait *wa, long n)
{
	struct io_event ev;
	bool kicked = false;
	long i, kept = 0;

	aio_lock(ai);
	for (i = 0; i < n; i++) {
		record_mend(ai, &wa->wa_uev[i]);
		if (copyin(&wa->wa_uev[i], &ev, sizeof(ev)) == 0 &&
		    ev.obj == KICK) {
			kicked = true;
			continue;
		}
		if (kept != i)
			copyout(&ev, &wa->wa_uev[kept], sizeof(ev));
		kept++;
	}
	aio_unlock(ai);
	wa->wa_uev += kept;
	wa->wa_max -= kept;
	wa->wa_min -= kmin(wa->wa_min, kept);
	wa->wa_got += kept;
	return kicked;
}

/* Wait for polls and the host's events. */
static long
wait_polls(struct hj_aio *ai, struct wait *wa)
{
	struct polltab *pt;
	uint64_t least;
	long n;

	while (wa->wa_max > 0) {
		ksleep_prepare();
		pt = look_at_polls(ai, wa);
		if (pt == NULL)
			return -ENOMEM;
		/* What there is now. */
		least = wa->wa_until;
		wa->wa_until = 0;
		n = host_wait(wa, NULL);
		wa->wa_until = least;
		if (n == 0 && wa->wa_min > 0 && !polltime_late(wa->wa_until))
			n = hj_wait_in_host(host_wait, wa,
			    wa->wa_hasmask ? &wa->wa_mask : NULL);
		polltab_free(pt);
		if (n < 0)
			return n;
		take(ai, wa, n);
		if (wa->wa_min == 0 || polltime_late(wa->wa_until))
			break;
	}
	return 0;
}

/* The call's arguments; false: the host is to say what is wrong with them. */
static bool
get_wait(struct wait *wa, const struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	struct {
		void *mask;
		size_t size;
	} sig = { NULL, 0 };

	*wa = (struct wait){ .wa_ctx = a[0],
		.wa_min = a[1],
		.wa_max = a[2],
		.wa_uev = (struct io_event *)a[3] };
	if (a[1] < 0 || a[2] < a[1] || a[2] <= 0 ||
	    polltime_in((void *)a[4], &wa->wa_until) != 0)
		return false;
	if (hf->hf_nr == __NR_io_pgetevents && a[5] != 0 &&
	    copyin((void *)a[5], &sig, sizeof(sig)) != 0)
		return false;
	wa->wa_hasmask = sig.mask != NULL;
	return polltime_mask(sig.mask, sig.size, &wa->wa_mask) == 0;
}

static void
count_waiter(struct hj_aio *ai, int by)
{

	aio_lock(ai);
	ai->ai_waiters += by;
	aio_unlock(ai);
}

long
hj_aio_wait(struct hj_frame *hf)
{
	struct hj_aio *ai = hj.hp_aio;
	const long *a = hf->hf_args;
	struct wait wa;
	bool polls;
	long n = 0;

	if (unlikely(hj.hp_traceall))
		hj_trace_host(hf);
	hj_enter();
	if (unlikely(hj_lazymaps()))
		hj_mmap_ready(hf);
	polls = get_wait(&wa, hf) && atomic_load(&ai->ai_npoll) != 0;
	count_waiter(ai, 1);
	if (!polls) {
		hj_leave();
		n = hj_host(hf->hf_nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		hj_enter();
		if (n > 0) {
			polls = take(ai, &wa, n) && wa.wa_min > 0 &&
			    !polltime_late(wa.wa_until);
			n = 0;
		}
	}
	if (polls)
		n = wait_polls(ai, &wa);
	count_waiter(ai, -1);
	hj_leave();
	return wa.wa_got != 0 ? wa.wa_got : n;
}

long
hj_sys_io_cancel(struct hj_frame *hf)
{
	struct hj_aio *ai = hj.hp_aio;
	struct record *r;
	uint32_t i;

	if (ai == NULL || atomic_load(&ai->ai_npoll) == 0)
		return HJ_TO_HOST;
	for (i = 0; i < ai->ai_used; i++) {
		r = &ai->ai_rec[i];
		if (atomic_load(&r->r_poll) != 0 &&
		    r->r_ctx == (uint64_t)hf->hf_args[0] &&
		    r->r_obj == (uint64_t)hf->hf_args[1])
			return end_poll(ai, r, 0) ? -EINPROGRESS : -EAGAIN;
	}
	return HJ_TO_HOST;
}
