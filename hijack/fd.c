/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Descriptors: a rump file has the number of a placeholder of the host's.
 *
 * A placeholder is a duplicate of one O_PATH descriptor, so the host itself
 * keeps the rules of numbers: the lowest free one, limits, dup2 onto
 * anything, close-on-exec.  A number is taken at the host first and put into
 * the kernel's table then; it leaves the kernel's table first.
 */
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include "hijack/hijack.h"
#include "hijack/kick.h"
#include "hijack/transit.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "syscalls/dispatch.h"

#define OURS_FROM 1000 /* the shim's own are from here, if it can be */

struct proc *
hj_proc(void)
{
	struct cpu *c = curcpu();

	return likely(c != NULL) ? c->c_lwp->l_proc : hj.hp_proc;
}

bool
hj_fd_isrump(long fd)
{
	struct filedesc *fdp = hj_proc()->p_fd;

	return (uint32_t)fd < *(volatile uint32_t *)&fdp->fd_size &&
	    fdp->fd_ents[(uint32_t)fd] != 0;
}

bool
hj_fd_ours(long fd)
{

	return (int)fd >= 0 &&
	    ((int)fd == rumpuser_process.ru_arenafd ||
		(int)fd == hj.hp_holder || (int)fd == hj.hp_tracefd ||
		(int)fd == hj.hp_store || (int)fd == hj.hp_kick);
}

static int
holder_dup(int from, bool cloexec)
{

	long fd = hj_host(__NR_fcntl, hj.hp_holder,
	    cloexec ? F_DUPFD_CLOEXEC : F_DUPFD, from);

	/* RLIMIT_NOFILE is from, or less: no number can be had. */
	return fd == -EINVAL && from == 0 ? -EMFILE : fd;
}

static void
holder_close(int fd)
{

	hj_host(__NR_close, fd);
}

/* F_DUPFD where the soft limit forbids it but the hard one does not. */
static long
dup_beyond(int fd, long from)
{
	struct rlimit64 old, high;
	long n;

	if (hj_host(__NR_prlimit64, 0, RLIMIT_NOFILE, NULL, &old) < 0 ||
	    old.rlim_max < (uint64_t)from + 8)
		return -EINVAL;
	high = old;
	high.rlim_cur = from + 8;
	if (old.rlim_cur > high.rlim_cur ||
	    hj_host(__NR_prlimit64, 0, RLIMIT_NOFILE, &high, NULL) < 0)
		return -EINVAL;
	n = hj_host(__NR_fcntl, fd, F_DUPFD, from);
	hj_host(__NR_prlimit64, 0, RLIMIT_NOFILE, &old, NULL);
	return n;
}

/* Move a descriptor of ours up, out of the program's way. */
static int
move_up(int fd, int except)
{
	long n, from = except >= OURS_FROM ? except + 1 : OURS_FROM;
	struct rlimit64 rl = { 0, 0 };

	n = hj_host(__NR_fcntl, fd, F_DUPFD, from);
	if (n < 0)
		n = dup_beyond(fd, from);
	if (n < 0) {
		hj_host(__NR_prlimit64, 0, RLIMIT_NOFILE, NULL, &rl);
		if (rl.rlim_cur > 8)
			n = hj_host(__NR_fcntl, fd, F_DUPFD, rl.rlim_cur - 4);
	}
	if (n < 0)
		n = hj_host(__NR_fcntl, fd, F_DUPFD, 3);
	return n;
}

int
hj_fd_move_up(int fd)
{

	return move_up(fd, -1);
}

/*
 * Closing any descriptor of the arena's file would drop the process's claim,
 * which is a lock on it: take it again.
 */
static void
reclaim(void)
{

	if (curcpu() != NULL)
		rumpuser_claim(curcpu()->c_host);
}

/* The program wants a number that one of ours has. */
static void
evict(int fd)
{
	int n;

	n = move_up(fd, fd);
	if (n < 0)
		return;
	if (fd == rumpuser_process.ru_arenafd) {
		rumpuser_process.ru_arenafd = n;
		hj_host(__NR_close, fd);
		reclaim();
	} else {
		if (fd == hj.hp_holder)
			hj.hp_holder = n;
		else if (fd == hj.hp_store)
			hj.hp_store = n;
		else if (fd == hj.hp_kick)
			hj.hp_kick = n;
		else
			hj.hp_tracefd = n;
		hj_host(__NR_close, fd);
	}
}

void
hj_fd_save(int fds[HJ_NOURS])
{

	fds[0] = rumpuser_process.ru_arenafd;
	fds[1] = hj.hp_holder;
	fds[2] = hj.hp_tracefd;
	fds[3] = hj.hp_store;
	fds[4] = hj.hp_kick;
}

void
hj_fd_restore(const int fds[HJ_NOURS])
{

	rumpuser_process.ru_arenafd = fds[0];
	hj.hp_holder = fds[1];
	hj.hp_tracefd = fds[2];
	hj.hp_store = fds[3];
	hj.hp_kick = fds[4];
}

int
hj_fd_init(int arenafd, int holder)
{
	long fd;

	rumpuser_process.ru_fd_reserve = holder_dup;
	rumpuser_process.ru_fd_unreserve = holder_close;
	hj_kick_init();
	if (arenafd < OURS_FROM) {
		fd = move_up(arenafd, -1);
		if (fd < 0)
			return fd;
		hj_host(__NR_close, arenafd);
		rumpuser_process.ru_arenafd = fd;
		reclaim();
	}
	hj.hp_holder = holder;
	if (holder >= 0)
		return 0;
	fd = hj_host(__NR_openat, AT_FDCWD, "/dev/null", O_PATH);
	if (fd < 0)
		return fd;
	hj.hp_holder = move_up(fd, -1);
	hj_host(__NR_close, fd);
	return kmin(hj.hp_holder, 0);
}

long
hj_sys_close(struct hj_frame *hf)
{
	int fd = hf->hf_args[0];
	long ret;

	if (hj_fd_ours(fd))
		return -EBADF;
	fd_close(curlwp(), fd);
	ret = hj_host(__NR_close, fd);
	hj_transit_sweep();
	return ret;
}

/* The host closes a range around our own descriptors. */
static long
close_host_range(unsigned first, unsigned last, unsigned flags)
{
	int ours[HJ_NOURS];
	unsigned next, fd;
	long error;
	int i;

	hj_fd_save(ours);
	for (;;) {
		/* Up to the first of ours that is in the way. */
		next = last;
		for (i = 0; i < HJ_NOURS; i++) {
			fd = ours[i];
			if (ours[i] >= 0 && fd >= first && fd <= next)
				next = fd;
		}
		if (!hj_fd_ours((int)next))
			return hj_host(__NR_close_range, first, next, flags);
		if (next > first) {
			error = hj_host(__NR_close_range, first, next - 1,
			    flags);
			if (error < 0)
				return error;
		}
		if (next == last)
			return 0;
		first = next + 1;
	}
}

long
hj_sys_close_range(struct hj_frame *hf)
{
	unsigned first = hf->hf_args[0], last = hf->hf_args[1], fd;
	unsigned flags = hf->hf_args[2];
	struct lwp *l = curlwp();
	struct filedesc *fdp = l->l_proc->p_fd;
	long ret;

	if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) ||
	    first > last)
		return -EINVAL;
	for (fd = first; fd <= last && fd < fdp->fd_last; fd++) {
		if (!hj_fd_isrump(fd))
			continue;
		if (flags & CLOSE_RANGE_CLOEXEC)
			fd_set_cloexec(l, fd, true);
		else
			fd_close(l, fd);
	}
	ret = close_host_range(first, last, flags);
	hj_transit_sweep();
	return ret;
}

/* A rump file gets one more number, which the host has given. */
static long
dup_onto(int oldfd, long newfd, bool cloexec)
{
	struct lwp *l = curlwp();
	struct file *f;
	int error;

	f = fd_getfile(l, oldfd, 0);
	if (f == NULL)
		return -EBADF;
	error = file_hold(f);
	fd_done(l, f, 0);
	if (error != 0) {
		hj_host(__NR_close, newfd);
		return -error;
	}
	error = fd_install_at(l, f, newfd, cloexec);
	if (error != 0) {
		file_rele(f);
		return -error;
	}
	return newfd;
}

long
hj_sys_dup(struct hj_frame *hf)
{
	long fd;

	if (hj_fd_ours(hf->hf_args[0]))
		return -EBADF;
	fd = hj_host(__NR_dup, hf->hf_args[0]);
	if (fd < 0 || !hj_fd_isrump(hf->hf_args[0]))
		return fd;
	return dup_onto(hf->hf_args[0], fd, false);
}

static long
do_dup3(long nr, int oldfd, int newfd, int flags)
{
	long fd;

	if (hj_fd_ours(oldfd))
		return -EBADF;
	if (hj_fd_ours(newfd))
		evict(newfd);
	fd = hj_host(nr, oldfd, newfd, flags);
	if (fd < 0 || oldfd == newfd)
		return fd;
	if (hj_fd_isrump(oldfd))
		return dup_onto(oldfd, fd, flags & O_CLOEXEC);
	fd_close(curlwp(), fd);
	hj_transit_sweep();
	return fd;
}

long
hj_sys_dup2(struct hj_frame *hf)
{

	return do_dup3(__NR_dup2, hf->hf_args[0], hf->hf_args[1], 0);
}

long
hj_sys_dup3(struct hj_frame *hf)
{

	return do_dup3(__NR_dup3, hf->hf_args[0], hf->hf_args[1],
	    hf->hf_args[2]);
}

long
hj_sys_fcntl(struct hj_frame *hf)
{
	int fd = hf->hf_args[0], cmd = hf->hf_args[1];
	long n;

	if (hj_fd_ours(fd))
		return -EBADF;
	if (!hj_fd_isrump(fd))
		return hj_host(__NR_fcntl, fd, cmd, hf->hf_args[2]);
	switch (cmd) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		n = hj_host(__NR_fcntl, fd, cmd, hf->hf_args[2]);
		return n < 0 ? n : dup_onto(fd, n, cmd == F_DUPFD_CLOEXEC);
	case F_SETFD:
		n = hj_host(__NR_fcntl, fd, cmd, hf->hf_args[2]);
		if (n == 0)
			fd_set_cloexec(curlwp(), fd,
			    hf->hf_args[2] & FD_CLOEXEC);
		return n;
	}
	return sys_call(RSYS_fcntl, hf->hf_args);
}

long
hj_sys_ioctl(struct hj_frame *hf)
{
	int fd = hf->hf_args[0];

	if (hj_fd_ours(fd))
		return -EBADF;
	if (!hj_fd_isrump(fd))
		return hj_ioctl_isif(hf->hf_args[1]) ?
		    hj_sys_ifioctl(hf) :
		    hj_host(__NR_ioctl, fd, hf->hf_args[1], hf->hf_args[2]);
	switch ((unsigned)hf->hf_args[1]) {
	case FIOCLEX:
	case FIONCLEX:
		hj_host(__NR_fcntl, fd, F_SETFD,
		    (unsigned)hf->hf_args[1] == FIOCLEX ? FD_CLOEXEC : 0);
		break;
	case FIONREAD:
		return hj_inotify_pending(hf);
	}
	return sys_call(RSYS_ioctl, hf->hf_args);
}
