/* SPDX-License-Identifier: BSD-2-Clause */
/* poll, select and their kin. */
#include <poll.h>
#include <sys/select.h>

#include "rumpvfs/pollset.h"
#include "rumpvfs/polltab.h"
#include "rumpvfs/polltime.h"

#include "lwproc/proc.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"
#include "rumpkern/kmem.h"
#include "syscalls/sysargs.h"

/* A call, as poll sees it. */
struct pollcall {
	struct pollfd *pc_fds; /* with results */
	size_t pc_n;
	uint64_t pc_until;
	uint64_t pc_mask;
	bool pc_hasmask;
	struct polltab *pc_tab; /* once it has to wait */
};

/* How many have events now; watch: queue for those that come. */
static long
look(struct lwp *l, struct pollcall *pc, bool watch, uint64_t *timer)
{
	struct pollfd *pf = pc->pc_fds;
	long ready = 0;
	size_t i;

	*timer = KSLEEP_FOREVER;
	for (i = 0; i < pc->pc_n; i++, pf++) {
		pf->revents = 0;
		if (pf->fd >= 0)
			pf->revents = polltab_events(l,
			    watch ? pc->pc_tab : NULL, i, pf->fd, pf->events,
			    timer);
		ready += pf->revents != 0;
	}
	return ready;
}

/* Look, and sleep, until something is there or it is late. */
static int
wait_ready(struct lwp *l, struct pollcall *pc, long *n)
{
	bool watched = false;
	uint64_t timer;
	int error;

	for (;;) {
		ksleep_prepare();
		*n = look(l, pc, !watched, &timer);
		watched = true;
		if (*n != 0 || polltime_late(pc->pc_until))
			return 0;
		error = ksleep_masked(kmin(pc->pc_until, timer),
		    pc->pc_hasmask ? &pc->pc_mask : NULL);
		/* Poll is never begun again. */
		if (error == KERESTART)
			return EINTR;
	}
}

static int
run(struct lwp *l, struct pollcall *pc, long *n)
{
	uint64_t timer;
	int error;

	*n = look(l, pc, false, &timer);
	if (*n != 0 || polltime_late(pc->pc_until))
		return 0;
	pc->pc_tab = polltab_alloc(pc->pc_n);
	if (pc->pc_tab == NULL)
		return ENOMEM;
	error = wait_ready(l, pc, n);
	polltab_free(pc->pc_tab);
	return error;
}

/* Only the results are written back. */
static int
results_out(const struct pollcall *pc, struct pollfd *ufds)
{
	size_t i;

	for (i = 0; i < pc->pc_n; i++)
		if (copyout(&pc->pc_fds[i].revents, &ufds[i].revents,
			sizeof(short)) != 0)
			return EFAULT;
	return 0;
}

static int
do_poll(struct lwp *l, struct pollcall *pc, struct pollfd *ufds, size_t n,
    long *retval)
{
	long ready;
	int error;

	n = (uint32_t)n;
	if (n > l->l_proc->p_nofile)
		return EINVAL;
	pc->pc_n = n;
	pc->pc_fds = kmem_alloc(kmax(n, 1UL) * sizeof(struct pollfd));
	if (pc->pc_fds == NULL)
		return ENOMEM;
	error = copyin(ufds, pc->pc_fds, n * sizeof(struct pollfd));
	if (error == 0)
		error = run(l, pc, &ready);
	if (error == 0)
		error = results_out(pc, ufds);
	kmem_free(pc->pc_fds);
	if (error == 0)
		*retval = ready;
	return error;
}

int
sys_poll(struct lwp *l, const struct sys_poll_args *a, long *retval)
{
	struct pollcall pc = { .pc_until = polltime_ms(a->timeout) };

	return do_poll(l, &pc, a->fds, a->nfds, retval);
}

/* The time left goes into the program's time-out, if it can be written. */
static void
left_out(uint64_t until, void *uts, bool micro)
{
	struct rumpuser_timespec ts;

	if (uts == NULL || until == KSLEEP_FOREVER)
		return;
	polltime_left(until, &ts);
	if (micro)
		ts.tv_nsec /= 1000;
	(void)copyout(&ts, uts, sizeof(ts));
}

static int
get_mask(struct pollcall *pc, const void *umask, size_t size)
{
	pc->pc_hasmask = umask != NULL;
	return polltime_mask(umask, size, &pc->pc_mask);
}

int
sys_ppoll(struct lwp *l, const struct sys_ppoll_args *a, long *retval)
{
	struct pollcall pc = { 0 };
	int error;

	error = polltime_in(a->tmo_p, &pc.pc_until);
	if (error == 0)
		error = get_mask(&pc, a->sigmask, a->sigsetsize);
	if (error != 0)
		return error;
	error = do_poll(l, &pc, a->fds, a->nfds, retval);
	left_out(pc.pc_until, a->tmo_p, false);
	return error;
}

/* With memory for the sets and a list of all that can be in them. */
static int
select_in(struct lwp *l, struct pollcall *pc, uint64_t (*set)[POLLSET_WORDS],
    void *const usets[3], int nfds, long *retval)
{
	int error;

	error = pollset_in(set, usets, nfds);
	if (error != 0)
		return error;
	pc->pc_n = pollset_list(set, nfds, pc->pc_fds);
	error = run(l, pc, retval);
	if (error != 0)
		return error;
	*retval = pollset_results(set, pc->pc_fds, pc->pc_n);
	if (*retval < 0)
		return (int)-*retval;
	return pollset_out(set, usets, nfds);
}

static int
do_select(struct lwp *l, struct pollcall *pc, int nfds, void *const usets[3],
    long *retval)
{
	struct {
		pollset_t set;
		struct pollfd fds[POLLSET_FDS];
	} * mem;
	uint32_t size;
	int error;

	if (nfds < 0)
		return EINVAL;
	/* As Linux: no more than the table could have. */
	size = kmin(KREAD(l->l_proc->p_fd->fd_size), (uint32_t)POLLSET_FDS);
	nfds = kmin(nfds, (int)size);
	mem = kmem_alloc(sizeof(*mem));
	if (mem == NULL)
		return ENOMEM;
	pc->pc_fds = mem->fds;
	error = select_in(l, pc, mem->set, usets, nfds, retval);
	kmem_free(mem);
	return error;
}

int
sys_select(struct lwp *l, const struct sys_select_args *a, long *retval)
{
	void *const usets[3] = { a->readfds, a->writefds, a->exceptfds };
	struct pollcall pc = { .pc_until = KSLEEP_FOREVER };
	struct rumpuser_timespec ts;
	int error = 0;

	if (a->timeout != NULL) {
		if (copyin(a->timeout, &ts, sizeof(ts)) != 0)
			return EFAULT;
		if (ts.tv_sec < 0 || ts.tv_nsec < 0)
			return EINVAL;
		ts.tv_sec += ts.tv_nsec / 1000000;
		ts.tv_nsec = ts.tv_nsec % 1000000 * 1000;
		error = polltime_from(&ts, &pc.pc_until);
	}
	if (error == 0)
		error = do_select(l, &pc, a->nfds, usets, retval);
	left_out(pc.pc_until, a->timeout, true);
	return error;
}

int
sys_pselect6(struct lwp *l, const struct sys_pselect6_args *a, long *retval)
{
	void *const usets[3] = { a->readfds, a->writefds, a->exceptfds };
	const void *sigs[2] = { NULL, NULL };
	struct pollcall pc = { 0 };
	int error;

	if (a->sigmask != NULL && copyin(a->sigmask, sigs, sizeof(sigs)) != 0)
		return EFAULT;
	error = polltime_in(a->timeout, &pc.pc_until);
	if (error == 0)
		error = get_mask(&pc, sigs[0], (size_t)sigs[1]);
	if (error != 0)
		return error;
	error = do_select(l, &pc, a->nfds, usets, retval);
	left_out(pc.pc_until, a->timeout, false);
	return error;
}
