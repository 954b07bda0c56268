/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * poll and select with rump descriptors among them.
 *
 * Rump files that are ready end the call at once, with what the host has to
 * say without waiting.  Otherwise the thread queues itself on the rump files
 * and sleeps: in the kernel, or, when descriptors of the host's or a signal
 * mask are in it, in the host's ppoll, which a rump wake ends by a signal that
 * is unblocked only there.
 */
#include <asm/unistd.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>

#include "hijack/hijack.h"
#include "rumpkern/copy.h"
#include "rumpkern/deathwatch.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/waitq.h"
#include "rumpvfs/pollset.h"
#include "rumpvfs/polltab.h"
#include "rumpvfs/polltime.h"

/* A call, as poll sees it. */
struct pollcall {
	struct pollfd *pc_fds;  /* as asked, with results */
	struct pollfd *pc_host; /* the same, rump ones as -1 */
	size_t pc_n;
	uint64_t pc_until; /* monotonic; KSLEEP_FOREVER */
	uint64_t pc_timer; /* a rump file may get ready then by itself */
	uint64_t pc_mask;  /* signal mask to wait with */
	bool pc_hasmask;
	struct polltab *pc_tab; /* once it has to wait */
};

/* Is this one with a half in the host that may have events? */
static bool
is_hosts_too(int fd)
{
	struct file *f = fd_getfile(curlwp(), fd, 0);
	bool hosts = f != NULL && (hj_epoll_hosts(f) || hj_inotify_hosts(f));

	if (f != NULL)
		fd_done(curlwp(), f, 0);
	return hosts;
}

/* Look at all rump descriptors; the others go into pc_host. */
static long
look(struct pollcall *pc, bool watch, bool *hosts)
{
	struct pollfd *pf = pc->pc_fds;
	long ready = 0;
	size_t i;

	*hosts = false;
	pc->pc_timer = KSLEEP_FOREVER;
	for (i = 0; i < pc->pc_n; i++, pf++) {
		pf->revents = 0;
		pc->pc_host[i] = *pf;
		if (pf->fd < 0)
			continue;
		if (hj_fd_isrump(pf->fd)) {
			pf->revents = polltab_events(curlwp(),
			    watch ? pc->pc_tab : NULL, i, pf->fd, pf->events,
			    &pc->pc_timer);
			ready += pf->revents != 0;
			if (!is_hosts_too(pf->fd)) {
				pc->pc_host[i].fd = -1;
				continue;
			}
		}
		*hosts = true;
	}
	return ready;
}

static long
host_poll(struct pollcall *pc, uint64_t ns, const uint64_t *mask)
{
	struct rumpuser_timespec ts = { ns / 1000000000, ns % 1000000000 };

	return hj_host(__NR_ppoll, pc->pc_host, pc->pc_n,
	    ns == KSLEEP_FOREVER ? NULL : &ts, mask, 8);
}

long
hj_wait_in_host(long (*wait)(void *, const uint64_t *), void *arg,
    const uint64_t *mask)
{
	uint64_t wake = 1UL << (KWAKE_SIGNAL - 1), old, with;
	uint32_t handled = hj_thread.ht_handled, woken = hj_thread.ht_woken;
	long n = 0;

	hj_signal_wakes();
	hj_host(__NR_rt_sigprocmask, SIG_BLOCK, &wake, &old, 8);
	/* What is deferred is blocked until hj_leave() only. */
	old &= ~hj_thread.ht_noted;
	with = (mask != NULL ? *mask : old) & ~wake;
	/* Signals are let in; one that came meanwhile has ended the wait. */
	hj_leave();
	if (hj_thread.ht_handled == handled && ksleep_host_enter())
		n = wait(arg, &with);
	ksleep_host_leave();
	hj_enter();
	hj_host(__NR_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
	if (n == 0)
		deathwatch_look(WATCH_HOST);
	if (n > 0 || (n < 0 && n != -EINTR))
		return n;
	if (hj_thread.ht_handled != handled)
		return -EINTR;
	return hj_thread.ht_woken != woken ? 0 : n;
}

static long
poll_until(void *arg, const uint64_t *mask)
{
	struct pollcall *pc = arg;
	uint64_t now, until = kmin(pc->pc_until, pc->pc_timer);

	until = kmin(until, deathwatch_next());
	if (until == KSLEEP_FOREVER)
		return host_poll(pc, KSLEEP_FOREVER, mask);
	now = rumpuser_monotonic();
	return host_poll(pc, until > now ? until - now : 0, mask);
}

static long
merge(struct pollcall *pc)
{
	long ready = 0;
	size_t i;

	for (i = 0; i < pc->pc_n; i++) {
		if (pc->pc_host[i].fd >= 0)
			pc->pc_fds[i].revents |= pc->pc_host[i].revents;
		ready += pc->pc_fds[i].revents != 0;
	}
	return ready;
}

/* After look(), without waiting: what is ready, host's included. */
static long
with_host(struct pollcall *pc)
{
	long n = host_poll(pc, 0, NULL);

	return n < 0 ? n : merge(pc);
}

static long
sleep_once(struct pollcall *pc, bool hosts)
{

	if (!hosts && !pc->pc_hasmask)
		return -ksleep_any(kmin(pc->pc_until, pc->pc_timer),
		    KSLEEP_INTR);
	return hj_wait_in_host(poll_until, pc,
	    pc->pc_hasmask ? &pc->pc_mask : NULL);
}

/*
 * Between the look at the rump files and the sleep the host's need none: its
 * wait begins with one.
 */
static long
wait_ready(struct pollcall *pc)
{
	bool hosts, watched = false, seen = false;
	long n;

	for (;;) {
		ksleep_prepare();
		n = look(pc, !watched, &hosts);
		watched = true;
		if (hosts && (n != 0 || seen || polltime_late(pc->pc_until)))
			n = with_host(pc);
		if (n != 0 || polltime_late(pc->pc_until))
			return n;
		n = sleep_once(pc, hosts);
		seen = n > 0;
		/* Poll is never restarted. */
		if (n == -KERESTART)
			return -EINTR;
		if (n < 0 && n != -ETIMEDOUT)
			return n;
	}
}

static long
run(struct pollcall *pc)
{
	bool hosts;
	long n;

	n = look(pc, false, &hosts);
	if (hosts)
		n = with_host(pc);
	if (n != 0 || polltime_late(pc->pc_until))
		return n;
	pc->pc_tab = polltab_alloc(pc->pc_n);
	if (pc->pc_tab == NULL)
		return -ENOMEM;
	n = wait_ready(pc);
	polltab_free(pc->pc_tab);
	return n;
}

long
hj_poll_one(int fd, int events)
{
	struct pollfd pf[2] = { { .fd = fd, .events = events } };
	struct pollcall pc = { .pc_fds = pf,
		.pc_host = pf + 1,
		.pc_n = 1,
		.pc_until = KSLEEP_FOREVER };

	return run(&pc);
}

/* The mask of ppoll: pointer and size. */
static int
get_mask(struct pollcall *pc, const void *umask, size_t size)
{

	pc->pc_hasmask = umask != NULL;
	return polltime_mask(umask, size, &pc->pc_mask);
}

static bool
any_rump_poll(const struct pollfd *fds, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (fds[i].fd >= 0 && hj_fd_isrump(fds[i].fd))
			return true;
	return false;
}

/* The time left goes into the program's time-out, if it can be written. */
static void
left_out(const struct hj_frame *hf, const struct pollcall *pc)
{
	bool micro = hf->hf_nr == __NR_select;
	int place = hf->hf_nr == __NR_ppoll ? 2 : 4;
	struct rumpuser_timespec ts;

	if (hf->hf_args[place] == 0 || pc->pc_until == KSLEEP_FOREVER)
		return;
	polltime_left(pc->pc_until, &ts);
	if (micro)
		ts.tv_nsec /= 1000;
	(void)copyout(&ts, (void *)hf->hf_args[place], sizeof(ts));
}

/* Only the results are written back. */
static long
results_out(const struct pollcall *pc, struct pollfd *ufds)
{
	size_t i;

	for (i = 0; i < pc->pc_n; i++)
		if (copyout(&pc->pc_fds[i].revents, &ufds[i].revents,
			sizeof(short)) != 0)
			return -EFAULT;
	return 0;
}

static int
poll_times(const struct hj_frame *hf, struct pollcall *pc)
{
	const long *a = hf->hf_args;
	int error;

	if (hf->hf_nr == __NR_poll) {
		pc->pc_until = polltime_ms(a[2]);
		return 0;
	}
	error = polltime_in((void *)a[2], &pc->pc_until);
	return error != 0 ? error : get_mask(pc, (void *)a[3], a[4]);
}

static long
do_poll(struct hj_frame *hf, struct pollcall *pc)
{
	const long *a = hf->hf_args;
	long ret;

	pc->pc_n = (uint32_t)a[1];
	if (copyin((void *)a[0], pc->pc_fds,
		pc->pc_n * sizeof(struct pollfd)) != 0)
		return HJ_TO_HOST;
	if (!any_rump_poll(pc->pc_fds, pc->pc_n))
		return HJ_TO_HOST;
	ret = -poll_times(hf, pc);
	if (ret != 0)
		return ret;
	ret = run(pc);
	if (hf->hf_nr == __NR_ppoll)
		left_out(hf, pc);
	if (ret >= 0 && results_out(pc, (struct pollfd *)a[0]) != 0)
		return -EFAULT;
	return ret;
}

/* The time-out and the mask of a select. */
static int
select_times(const struct hj_frame *hf, struct pollcall *pc)
{
	void *utime = (void *)hf->hf_args[4], *usigs = (void *)hf->hf_args[5];
	const void *sigs[2] = { NULL, NULL };
	struct rumpuser_timespec ts;
	int error;

	if (hf->hf_nr == __NR_select) {
		pc->pc_until = KSLEEP_FOREVER;
		if (utime == NULL)
			return 0;
		if (copyin(utime, &ts, sizeof(ts)) != 0)
			return EFAULT;
		if (ts.tv_sec < 0 || ts.tv_nsec < 0)
			return EINVAL;
		ts.tv_sec += ts.tv_nsec / 1000000;
		ts.tv_nsec = ts.tv_nsec % 1000000 * 1000;
		return polltime_from(&ts, &pc->pc_until);
	}
	if (usigs != NULL && copyin(usigs, sigs, sizeof(sigs)) != 0)
		return EFAULT;
	error = polltime_in(utime, &pc->pc_until);
	return error != 0 ? error : get_mask(pc, sigs[0], (size_t)sigs[1]);
}

static long
do_select(struct hj_frame *hf, struct pollcall *pc)
{
	const long *a = hf->hf_args;
	void *const usets[3] = { (void *)a[1], (void *)a[2], (void *)a[3] };
	uint64_t(*set)[POLLSET_WORDS] = (void *)(pc->pc_host + POLLSET_FDS);
	int nfds = kmin((int)a[0], POLLSET_FDS);
	long ret;

	if (nfds < 0)
		return -EINVAL;
	if (pollset_in(set, usets, nfds) != 0)
		return -EFAULT;
	pc->pc_n = pollset_list(set, nfds, pc->pc_fds);
	if (!any_rump_poll(pc->pc_fds, pc->pc_n))
		return HJ_TO_HOST;
	ret = -select_times(hf, pc);
	if (ret != 0)
		return ret;
	ret = run(pc);
	left_out(hf, pc);
	if (ret >= 0)
		ret = pollset_results(set, pc->pc_fds, pc->pc_n);
	if (ret >= 0 && pollset_out(set, usets, nfds) != 0)
		ret = -EFAULT;
	return ret;
}

long
hj_sys_poll(struct hj_frame *hf)
{
	bool sel = hf->hf_nr == __NR_select || hf->hf_nr == __NR_pselect6;
	size_t n = sel ? POLLSET_FDS : (uint32_t)hf->hf_args[1], size;
	struct pollcall pc = { 0 };
	long ret;

	if (hj_proc()->p_fd->fd_last == 0 || n == 0 ||
	    n > hj_proc()->p_fd->fd_size + POLLSET_FDS)
		return HJ_TO_HOST;
	size = 2 * n * sizeof(struct pollfd) + (sel ? sizeof(pollset_t) : 0);
	pc.pc_fds = kmem_alloc(size);
	if (pc.pc_fds == NULL)
		return -ENOMEM;
	pc.pc_host = pc.pc_fds + n;
	ret = sel ? do_select(hf, &pc) : do_poll(hf, &pc);
	kmem_free(pc.pc_fds);
	return ret;
}
