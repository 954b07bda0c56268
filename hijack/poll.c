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
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "rumpkern/waitq.h"
#include "rumpvfs/polltab.h"

#define FOREVER UINT64_MAX
#define MAXFDS  4096

/* A call, as poll sees it. */
struct pollcall {
	struct pollfd *pc_fds;  /* as asked, with results */
	struct pollfd *pc_host; /* the same, rump ones as -1 */
	size_t pc_n;
	uint64_t pc_until; /* monotonic; FOREVER */
	uint64_t pc_timer; /* a rump file may get ready then by itself */
	uint64_t pc_mask;  /* signal mask to wait with */
	bool pc_hasmask;
	struct polltab *pc_tab; /* once it has to wait */
};

/* Is this an epoll set with items in the host's as well? */
static bool
is_hosts_too(int fd)
{
	struct file *f = fd_getfile(curlwp(), fd, 0);
	bool hosts = f != NULL && hj_epoll_hosts(f);

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
	pc->pc_timer = FOREVER;
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
	    ns == FOREVER ? NULL : &ts, mask, 8);
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
	with = (mask != NULL ? *mask : old) & ~wake;
	/* Signals are let in; one that came meanwhile has ended the wait. */
	hj_leave();
	if (hj_thread.ht_handled == handled && ksleep_host_enter())
		n = wait(arg, &with);
	ksleep_host_leave();
	hj_enter();
	hj_host(__NR_rt_sigprocmask, SIG_SETMASK, &old, NULL, 8);
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

	if (until == FOREVER)
		return host_poll(pc, FOREVER, mask);
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

/* What is ready without waiting, host's included. */
static long
ready_now(struct pollcall *pc, bool watch, bool *hosts)
{
	long ready = look(pc, watch, hosts), n;

	if (*hosts) {
		n = host_poll(pc, 0, NULL);
		if (n < 0)
			return n;
		ready = merge(pc);
	}
	return ready;
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

static bool
late(const struct pollcall *pc)
{

	return pc->pc_until != FOREVER &&
	    (pc->pc_until == 0 || rumpuser_monotonic() >= pc->pc_until);
}

static long
run(struct pollcall *pc)
{
	bool hosts, watched = false;
	long n;

	n = ready_now(pc, false, &hosts);
	if (n != 0 || late(pc))
		return n;
	pc->pc_tab = polltab_alloc(pc->pc_n);
	if (pc->pc_tab == NULL)
		return -ENOMEM;
	for (;;) {
		ksleep_prepare();
		n = ready_now(pc, !watched, &hosts);
		watched = true;
		if (n != 0 || late(pc))
			break;
		n = sleep_once(pc, hosts);
		if (n < 0 && n != -ETIMEDOUT) {
			/* Poll is never restarted. */
			n = n == -KERESTART ? -EINTR : n;
			break;
		}
	}
	polltab_free(pc->pc_tab);
	return n;
}

static uint64_t
deadline(const struct rumpuser_timespec *ts)
{
	uint64_t now = rumpuser_monotonic();

	if (ts->tv_sec == 0 && ts->tv_nsec == 0)
		return 0;
	if ((uint64_t)ts->tv_sec > 1UL << 32)
		return FOREVER;
	return now + ts->tv_sec * 1000000000 + ts->tv_nsec;
}

static bool
valid(const struct rumpuser_timespec *ts)
{

	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < 1000000000;
}

/* The mask of ppoll: pointer and size. */
static long
get_mask(struct pollcall *pc, const void *umask, size_t size)
{

	pc->pc_hasmask = umask != NULL;
	if (umask == NULL)
		return 0;
	if (size != 8)
		return -EINVAL;
	return copyin(umask, &pc->pc_mask, 8) != 0 ? -EFAULT : 0;
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

static long
do_poll(struct hj_frame *hf, struct pollcall *pc)
{
	const long *a = hf->hf_args;
	struct rumpuser_timespec ts;
	long ret;

	pc->pc_n = a[1];
	if (copyin((void *)a[0], pc->pc_fds,
		pc->pc_n * sizeof(struct pollfd)) != 0)
		return HJ_TO_HOST;
	if (!any_rump_poll(pc->pc_fds, pc->pc_n))
		return HJ_TO_HOST;
	pc->pc_until = FOREVER;
	if (hf->hf_nr == __NR_poll) {
		if ((int)a[2] >= 0) {
			ts.tv_sec = (int)a[2] / 1000;
			ts.tv_nsec = (int)a[2] % 1000 * 1000000L;
			pc->pc_until = deadline(&ts);
		}
	} else {
		if (a[2] != 0) {
			if (copyin((void *)a[2], &ts, sizeof(ts)) != 0)
				return -EFAULT;
			if (!valid(&ts))
				return -EINVAL;
			pc->pc_until = deadline(&ts);
		}
		ret = get_mask(pc, (void *)a[3], a[4]);
		if (ret != 0)
			return ret;
	}
	ret = run(pc);
	if (ret >= 0 &&
	    copyout(pc->pc_fds, (void *)a[0],
		pc->pc_n * sizeof(struct pollfd)) != 0)
		return -EFAULT;
	return ret;
}

#define WORDS (MAXFDS / 64)

static bool
isset(const uint64_t *set, int fd)
{

	return set[fd / 64] >> (fd % 64) & 1;
}

/* select's sets as a list for poll. */
static void
from_sets(struct pollcall *pc, uint64_t set[3][WORDS], int nfds)
{
	struct pollfd *pf;
	int fd, ev;

	pc->pc_n = 0;
	for (fd = 0; fd < nfds; fd++) {
		ev = (isset(set[0], fd) ? POLLIN | POLLRDNORM : 0) |
		    (isset(set[1], fd) ? POLLOUT | POLLWRNORM : 0) |
		    (isset(set[2], fd) ? POLLPRI : 0);
		if (ev == 0)
			continue;
		pf = &pc->pc_fds[pc->pc_n++];
		pf->fd = fd;
		pf->events = ev;
	}
}

static long
to_sets(const struct pollcall *pc, uint64_t set[3][WORDS])
{
	static const int got[3] = {
		POLLIN | POLLRDNORM | POLLHUP | POLLERR,
		POLLOUT | POLLWRNORM | POLLERR,
		POLLPRI,
	};
	static const int want[3] = { POLLIN, POLLOUT, POLLPRI };
	const struct pollfd *pf;
	long count = 0;
	int i;

	memset(set, 0, 3 * WORDS * sizeof(uint64_t));
	for (pf = pc->pc_fds; pf < pc->pc_fds + pc->pc_n; pf++) {
		if (pf->revents & POLLNVAL)
			return -EBADF;
		for (i = 0; i < 3; i++) {
			if ((pf->revents & got[i]) && (pf->events & want[i])) {
				set[i][pf->fd / 64] |= 1UL << (pf->fd % 64);
				count++;
			}
		}
	}
	return count;
}

static long
select_timeout(struct hj_frame *hf, struct pollcall *pc)
{
	struct rumpuser_timespec ts;

	pc->pc_until = FOREVER;
	if (hf->hf_args[4] == 0)
		return 0;
	if (copyin((void *)hf->hf_args[4], &ts, sizeof(ts)) != 0)
		return -EFAULT;
	if (hf->hf_nr == __NR_select) {
		if (ts.tv_sec < 0 || ts.tv_nsec < 0)
			return -EINVAL;
		ts.tv_sec += ts.tv_nsec / 1000000;
		ts.tv_nsec = ts.tv_nsec % 1000000 * 1000;
	}
	if (!valid(&ts))
		return -EINVAL;
	pc->pc_until = deadline(&ts);
	return 0;
}

/* Linux's select (and pselect6) leave the time not slept. */
static void
left_over(struct hj_frame *hf, const struct pollcall *pc)
{
	uint64_t now = rumpuser_monotonic(), ns;
	struct rumpuser_timespec ts;

	if (hf->hf_args[4] == 0 || pc->pc_until == FOREVER)
		return;
	ns = now >= pc->pc_until ? 0 : pc->pc_until - now;
	ts.tv_sec = ns / 1000000000;
	ts.tv_nsec = ns % 1000000000;
	if (hf->hf_nr == __NR_select)
		ts.tv_nsec /= 1000;
	copyout(&ts, (void *)hf->hf_args[4], sizeof(ts));
}

static long
do_select(struct hj_frame *hf, struct pollcall *pc)
{
	const long *a = hf->hf_args;
	uint64_t(*set)[WORDS] = (void *)(pc->pc_host + MAXFDS);
	int nfds = kmin((int)a[0], MAXFDS), i;
	size_t bytes = (nfds + 63) / 64 * 8;
	const void *sigs[2];
	long ret;

	if ((int)a[0] < 0)
		return -EINVAL;
	memset(set, 0, 3 * sizeof(*set));
	for (i = 0; i < 3; i++)
		if (a[1 + i] != 0 &&
		    copyin((void *)a[1 + i], set[i], bytes) != 0)
			return -EFAULT;
	from_sets(pc, set, nfds);
	if (!any_rump_poll(pc->pc_fds, pc->pc_n))
		return HJ_TO_HOST;
	ret = select_timeout(hf, pc);
	if (ret == 0 && hf->hf_nr == __NR_pselect6 && a[5] != 0) {
		if (copyin((void *)a[5], sigs, sizeof(sigs)) != 0)
			return -EFAULT;
		ret = get_mask(pc, sigs[0], (size_t)sigs[1]);
	}
	if (ret == 0)
		ret = run(pc);
	if (ret >= 0)
		ret = to_sets(pc, set);
	left_over(hf, pc);
	for (i = 0; ret >= 0 && i < 3; i++)
		if (a[1 + i] != 0 &&
		    copyout(set[i], (void *)a[1 + i], bytes) != 0)
			return -EFAULT;
	return ret;
}

long
hj_sys_poll(struct hj_frame *hf)
{
	bool sel = hf->hf_nr == __NR_select || hf->hf_nr == __NR_pselect6;
	size_t n = sel ? MAXFDS : (size_t)hf->hf_args[1], size;
	struct pollcall pc = { 0 };
	long ret;

	if (hj_proc()->p_fd->fd_last == 0 || n == 0 ||
	    n > hj_proc()->p_fd->fd_size + MAXFDS)
		return HJ_TO_HOST;
	size = 2 * n * sizeof(struct pollfd) + (sel ? 3 * WORDS * 8 : 0);
	pc.pc_fds = kmem_alloc(size);
	if (pc.pc_fds == NULL)
		return -ENOMEM;
	pc.pc_host = pc.pc_fds + n;
	ret = sel ? do_select(hf, &pc) : do_poll(hf, &pc);
	kmem_free(pc.pc_fds);
	return ret;
}
