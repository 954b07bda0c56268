/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * epoll: sets of descriptors of both kernels.
 *
 * Theory of operation
 *
 *	A set is two: the placeholder of the rump set is an epoll descriptor of
 *	the host's.  So dup, fork, exec and close keep both, and each
 *	descriptor goes into the set of its own kernel; a set, and an instance
 *	of inotify, goes into both (ep_dual), in the host's with a token.
 *	Memory of the rump set counts what is in the host's (ep_nhost), so a
 *	waiter in any process knows where it has to look.  The host drops
 *	items of closed descriptors without a word: ep_nhost may be too
 *	large, which costs a call.
 *
 *	host items only		the host's call, with nothing around it but a
 *				count (ep_nraw)
 *	rump items only		sleep in the kernel
 *	both			look at both without waiting; then wait in the
 *				host's, where a rump wake comes as a signal
 *
 *	A set changes from one to another under those who wait.  When the first
 *	rump item comes (ep_mixed), those in the host's are woken by a ready
 *	descriptor that is put into the host's set for as long as there are
 *	any; its event is taken out of what they return.  When a host item
 *	comes, those in the kernel are woken and look again.
 */
#include <asm/unistd.h>
#include <poll.h>
#include <sys/epoll.h>

#include "hijack/epoll.h"
#include "hijack/hijack.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/deathwatch.h"
#include "rumpkern/waitq.h"
#include "rumpvfs/polltab.h"
#include "rumpvfs/polltime.h"

#define MAX_EVENTS (INT32_MAX / (int)sizeof(struct epoll_event))
#define USER_END   0x7ffffffff000UL

/* A wait. */
struct epcall {
	int ec_fd;
	int ec_max;
	struct epoll_event *ec_uev;
	uint64_t ec_until; /* monotonic; 0: not at all */
	uint64_t ec_timer; /* when a rump item may get ready by itself */
	uint64_t ec_mask;
	bool ec_hasmask;
	int ec_n; /* events there are */
};

bool
hj_epoll_hosts(const struct file *f)
{
	struct epoll *ep = hj_epoll_set(f);

	return ep != NULL && atomic_load(&ep->ep_nhost) != 0;
}

bool
hj_epoll_plain(long fd)
{
	struct file *f;
	struct epoll *ep;
	bool plain;

	if (!hj_fd_isrump(fd))
		return false;
	f = fd_getfile(curlwp(), fd, 0);
	ep = hj_epoll_set(f);
	plain = ep != NULL && atomic_load(&ep->ep_mixed) == 0;
	if (f != NULL)
		fd_done(curlwp(), f, 0);
	return plain;
}

/* --- Waiting in the host's only ------------------------------------------- */

/* Take the kick's event out; how many are left. */
static long
without_kick(const struct epoll *ep, struct epoll_event *uev, long n)
{
	struct epoll_event ev;
	long i, kept = 0;

	for (i = 0; i < n; i++) {
		if (copyin(&uev[i], &ev, sizeof(ev)) != 0)
			return -EFAULT;
		if (ev.data.u64 == hj_epoll_kickdata(ep))
			continue;
		if (kept != i)
			copyout(&ev, &uev[kept], sizeof(ev));
		kept++;
	}
	return kept;
}

/* Count one more or less who waits so; NULL: the set is not such a one. */
static struct epoll *
raw_count(int fd, int by, const struct epoll *same)
{
	struct file *f;
	struct epoll *ep;

	hj_enter();
	f = fd_getfile(curlwp(), fd, 0);
	ep = hj_epoll_set(f);
	if (ep != NULL && (same == NULL || ep == same))
		atomic_fetch_add(&ep->ep_nraw, by);
	if (ep != NULL && same == NULL && atomic_load(&ep->ep_mixed) != 0) {
		atomic_fetch_sub(&ep->ep_nraw, by);
		ep = NULL;
	}
	if (f != NULL)
		fd_done(curlwp(), f, 0);
	hj_leave();
	return ep;
}

long
hj_epoll_raw(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	struct epoll *ep;
	long n;

	if (hj_fd_ours(a[0]) || unlikely(hj_lazymaps()))
		return HJ_AGAIN;
	ep = raw_count(a[0], 1, NULL);
	if (ep == NULL)
		return HJ_AGAIN;
	if (unlikely(hj.hp_traceall))
		hj_trace_host(hf);
	n = hj_host(hf->hf_nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (likely(n <= 0 || atomic_load(&ep->ep_mixed) == 0)) {
		raw_count(a[0], -1, ep);
		return n;
	}
	n = without_kick(ep, (struct epoll_event *)a[1], n);
	raw_count(a[0], -1, ep);
	return n != 0 ? n : HJ_AGAIN;
}

/* --- Waiting for both ----------------------------------------------------- */

/* Is this an event of an item that is in both sets? */
static bool
is_token(const struct epoll_event *ev)
{

	return (ev->data.u64 & 1) != 0 &&
	    arena_contains((void *)(uintptr_t)ev->data.u64);
}

/* Add events to one with this data, other than at i, if there is any. */
static bool
add_to_other(struct epcall *ec, int i, const struct epoll_event *ev)
{
	struct epoll_event other;
	int k;

	for (k = 0; k < ec->ec_n; k++) {
		if (k == i ||
		    copyin(&ec->ec_uev[k], &other, sizeof(other)) != 0 ||
		    other.data.u64 != ev->data.u64)
			continue;
		other.events |= ev->events;
		copyout(&other, &ec->ec_uev[k], sizeof(other));
		return true;
	}
	return false;
}

/* Events of such items get their data, and the two halves' become one. */
static void
untoken(struct epcall *ec, struct epoll *ep)
{
	struct epoll_event ev;
	int i;

	for (i = 0; i < ec->ec_n; i++) {
		if (copyin(&ec->ec_uev[i], &ev, sizeof(ev)) != 0)
			return;
		if (!is_token(&ev))
			continue;
		if (epoll_untoken(ep, &ev) && !add_to_other(ec, i, &ev)) {
			copyout(&ev, &ec->ec_uev[i], sizeof(ev));
			continue;
		}
		/* The last one takes its place. */
		--ec->ec_n;
		if (copyin(&ec->ec_uev[ec->ec_n], &ev, sizeof(ev)) == 0)
			copyout(&ev, &ec->ec_uev[i], sizeof(ev));
		i--;
	}
}

/* All that there is has been found. */
static inline long
finish(struct epcall *ec, struct epoll *ep, long error)
{

	if (unlikely(atomic_load(&ep->ep_dual) != 0))
		untoken(ec, ep);
	return error;
}

static long
harvest_rump(struct epcall *ec, struct epoll *ep)
{
	int error, n = 0;

	if (ec->ec_n == ec->ec_max)
		return 0;
	error = epoll_harvest(ep, ec->ec_uev + ec->ec_n, ec->ec_max - ec->ec_n,
	    &n);
	ec->ec_n += n;
	return ec->ec_n != 0 ? 0 : -error;
}

static long
harvest_host(struct epcall *ec, struct epoll *ep)
{
	struct epoll_event *uev = ec->ec_uev + ec->ec_n;
	long n;

	if (ec->ec_n == ec->ec_max || atomic_load(&ep->ep_nhost) == 0)
		return 0;
	n = hj_host(__NR_epoll_pwait, ec->ec_fd, uev, ec->ec_max - ec->ec_n, 0,
	    NULL, 8);
	if (n > 0)
		n = without_kick(ep, uev, n);
	if (n > 0)
		ec->ec_n += n;
	return n < 0 && ec->ec_n == 0 ? n : 0;
}

/* What there is now; who comes first takes turns, as there may be more. */
static long
harvest(struct epcall *ec, struct epoll *ep)
{
	bool hostfirst = (hj_thread.ht_turn++ & 1) != 0;
	long error;

	error = hostfirst ? harvest_host(ec, ep) : harvest_rump(ec, ep);
	if (error == 0)
		error = hostfirst ? harvest_rump(ec, ep) : harvest_host(ec, ep);
	return finish(ec, ep, error);
}

static long
host_wait(void *arg, const uint64_t *mask)
{
	struct epcall *ec = arg;
	uint64_t until = kmin(ec->ec_until, ec->ec_timer), now, ns = 0;
	struct rumpuser_timespec ts;
	long n;

	until = kmin(until, deathwatch_next());
	if (until != KSLEEP_FOREVER) {
		now = rumpuser_monotonic();
		ns = until > now ? until - now : 0;
		ts.tv_sec = ns / 1000000000;
		ts.tv_nsec = ns % 1000000000;
	}
	n = hj_host(__NR_epoll_pwait2, ec->ec_fd, ec->ec_uev, ec->ec_max,
	    until == KSLEEP_FOREVER ? NULL : &ts, mask, 8);
	if (n != -ENOSYS)
		return n;
	ns = kmin((ns + 999999) / 1000000, (uint64_t)INT32_MAX);
	return hj_host(__NR_epoll_pwait, ec->ec_fd, ec->ec_uev, ec->ec_max,
	    until == KSLEEP_FOREVER ? -1L : (long)ns, mask, 8);
}

/*
 * Where handlers may run: the set is watched as poll does, so what is in use
 * belongs to this call and not to the cpu.
 */
static long
wait_both(struct epcall *ec, struct file *f, struct polltab *pt, bool watched)
{
	struct epoll *ep = f->f_data;
	long error, n;

	ksleep_prepare();
	if (!watched) {
		polltab_watch(pt, 0, f, POLLIN);
		fd_done(curlwp(), f, 0);
	}
	ec->ec_timer = epoll_deadline(ep);
	/* The host's are looked at by its wait. */
	error = harvest_rump(ec, ep);
	if (error == 0 && ec->ec_n != 0)
		error = harvest_host(ec, ep);
	if (error != 0 || ec->ec_n != 0)
		return finish(ec, ep, error);
	n = hj_wait_in_host(host_wait, ec,
	    ec->ec_hasmask ? &ec->ec_mask : NULL);
	if (n > 0) {
		n = without_kick(ep, ec->ec_uev, n);
		if (n > 0)
			ec->ec_n = n;
		if (n >= 0)
			n = harvest_rump(ec, ep);
	}
	return finish(ec, ep, n);
}

/* Sleep for rump items; a first one of the host's ends it. */
static long
wait_rump(struct epcall *ec, struct epoll *ep)
{
	int error = 0;

	if (epoll_enter(ep)) {
		if (atomic_load(&ep->ep_nhost) == 0)
			error = ksleep_any(kmin(ec->ec_until, ec->ec_timer),
			    KSLEEP_INTR);
		epoll_leave(ep);
	}
	if (error == ETIMEDOUT)
		return 0;
	if (error == 0)
		return 0;
	/* News that came with the signal go first; it is never begun again. */
	harvest(ec, ep);
	return ec->ec_n != 0 ? 0 : -EINTR;
}

/* The file is this call's by a hazard, and once it may wait by *pt. */
static long
wait_events(struct epcall *ec, struct file *f, struct polltab **pt)
{
	struct epoll *ep = f->f_data;
	bool watched;
	long error;

	for (;;) {
		ec->ec_timer = epoll_deadline(ep);
		error = harvest(ec, ep);
		if (error != 0 || ec->ec_n != 0 || polltime_late(ec->ec_until))
			return error;
		if (!ec->ec_hasmask && *pt == NULL &&
		    atomic_load(&ep->ep_nhost) == 0) {
			error = wait_rump(ec, ep);
		} else {
			watched = *pt != NULL;
			if (!watched)
				*pt = polltab_alloc(1);
			if (*pt == NULL) /* f is still held */
				return -ENOMEM;
			error = wait_both(ec, f, *pt, watched);
		}
		if (error != 0 || ec->ec_n != 0)
			return error;
	}
}

static long
get_call(struct epcall *ec, const struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	int error = 0;

	ec->ec_fd = a[0];
	ec->ec_uev = (struct epoll_event *)a[1];
	ec->ec_max = a[2];
	if (hf->hf_nr == __NR_epoll_pwait2)
		error = polltime_in((void *)a[3], &ec->ec_until);
	else
		ec->ec_until = polltime_ms(a[3]);
	if (error == 0 && hf->hf_nr != __NR_epoll_wait) {
		ec->ec_hasmask = a[4] != 0;
		error = polltime_mask((void *)a[4], a[5], &ec->ec_mask);
	}
	if (error == 0 && (ec->ec_max <= 0 || ec->ec_max > MAX_EVENTS))
		error = EINVAL;
	else if (error == 0 && (uintptr_t)a[1] >= USER_END)
		error = EFAULT;
	return -error;
}

long
hj_sys_epoll_wait(struct hj_frame *hf)
{
	struct epcall ec = { 0 };
	struct polltab *pt = NULL;
	struct epoll *ep;
	struct file *f;
	long error;

	f = fd_getfile(curlwp(), hf->hf_args[0], 0);
	if (f == NULL)
		return -EBADF;
	ep = hj_epoll_set(f);
	error = get_call(&ec, hf);
	if (error == 0 && ep == NULL)
		error = -EINVAL;
	if (error == 0)
		error = wait_events(&ec, f, &pt);
	if (error == 0 || error == -EINTR)
		epoll_pass(ep);
	if (pt != NULL)
		polltab_free(pt);
	else
		fd_done(curlwp(), f, 0);
	return error != 0 ? error : ec.ec_n;
}
