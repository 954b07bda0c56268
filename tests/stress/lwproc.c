/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that make, hand over, share and release procs and lwps at random,
 * use descriptors meanwhile, and come and go themselves.
 *
 * usage: lwproc [SECONDS]
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/stress/stress.h"

#define THREADS 8
#define SECONDS 10
#define STEPS   3000 /* of a thread; then all end and others begin */
#define SHELVES 64
#define FDS     12

#define rfork    rump_pub_lwproc_rfork
#define newlwp   rump_pub_lwproc_newlwp
#define release  rump_pub_lwproc_releaselwp
#define switchto rump_pub_lwproc_switch
#define curlwp   rump_pub_lwproc_curlwp

/* Idle lwps that any thread may take. */
struct shelf {
	_Atomic int sh_state;
	struct lwp *sh_lwp;
	int sh_pid;
};

enum {
	EMPTY,
	BUSY,
	FULL
};

static struct shelf shelves[SHELVES];

struct worker {
	pthread_t wk_td;
	uint64_t wk_seed;
	struct lwp *wk_lwp; /* what this thread should run; NULL: none */
	int wk_pid;
	const char *wk_wrong;
};

static struct worker workers[THREADS];
static pthread_barrier_t together;

static uint64_t
rnd(struct worker *wk)
{

	wk->wk_seed ^= wk->wk_seed << 13;
	wk->wk_seed ^= wk->wk_seed >> 7;
	wk->wk_seed ^= wk->wk_seed << 17;
	return wk->wk_seed * 0x2545f4914f6cdd1du >> 32;
}

/* A shelf of the wanted state, for us alone; NULL: did not find one. */
static struct shelf *
find_shelf(struct worker *wk, int want)
{
	unsigned i, at = rnd(wk) % SHELVES;
	struct shelf *sh;
	int state;

	for (i = 0; i < SHELVES; i++) {
		sh = &shelves[(at + i) % SHELVES];
		state = want;
		if (atomic_compare_exchange_strong(&sh->sh_state, &state, BUSY))
			return sh;
	}
	return NULL;
}

/* The thread runs a new lwp; what it ran goes on a shelf that is ours. */
static void
runs_now(struct worker *wk, struct shelf *sh)
{

	if (wk->wk_lwp != NULL) {
		sh->sh_lwp = wk->wk_lwp;
		sh->sh_pid = wk->wk_pid;
	}
	atomic_store(&sh->sh_state, wk->wk_lwp != NULL ? FULL : EMPTY);
	wk->wk_lwp = curlwp();
	wk->wk_pid = rump_sys_getpid();
}

static void
let_go(struct worker *wk)
{

	release();
	wk->wk_lwp = NULL;
	wk->wk_pid = 1;
	if (curlwp() != NULL)
		wk->wk_wrong = "released, and still there";
}

static void
make(struct worker *wk, uint64_t r)
{
	struct shelf *sh = find_shelf(wk, EMPTY);
	int error, pid;

	if (sh == NULL) {
		if (wk->wk_lwp != NULL)
			let_go(wk);
		return;
	}
	if (r % 2 == 0) {
		error = rfork(r / 2 % 4);
		if (error != 0 && !(error == EINVAL && r / 2 % 4 == 3))
			wk->wk_wrong = "rfork";
	} else {
		/* One's own, some other, one of the two that stay. */
		pid = r / 2 % 3 == 0 ? wk->wk_pid : (int)(r / 8 % 200);
		error = newlwp(pid);
		if (error != 0 && error != ESRCH)
			wk->wk_wrong = "newlwp";
	}
	if (error != 0)
		atomic_store(&sh->sh_state, EMPTY);
	else
		runs_now(wk, sh);
}

/* To a shelved one, which another thread may have left there. */
static void
change(struct worker *wk)
{
	struct shelf *sh = find_shelf(wk, FULL);
	struct lwp *l;
	int pid;

	if (sh == NULL)
		return;
	l = sh->sh_lwp;
	pid = sh->sh_pid;
	switchto(l);
	if (curlwp() != l || rump_sys_getpid() != pid)
		wk->wk_wrong = "another lwp than that switched to";
	runs_now(wk, sh);
}

static void
to_none(struct worker *wk)
{
	struct shelf *sh = find_shelf(wk, EMPTY);

	if (sh == NULL)
		return;
	switchto(NULL);
	runs_now(wk, sh);
	if (wk->wk_lwp != NULL || wk->wk_pid != 1)
		wk->wk_wrong = "an lwp after switch(NULL)";
}

static void
not_too_many(int fd)
{

	if (fd >= 3 + FDS)
		rump_sys_close(fd);
}

/* Others may use the same table at once: any of these may fail. */
static void
use_fds(uint64_t r)
{
	int fd = 3 + r / 16 % FDS, to = 3 + r / 256 % FDS, p[2];
	char buf[64] = "x";

	switch (r % 10) {
	case 0:
		fd = rump_sys_open("/stress/f", O_RDWR | O_CREAT, 0644);
		not_too_many(fd);
		break;
	case 1:
	case 2:
		rump_sys_close(fd);
		break;
	case 3:
		rump_sys_dup2(fd, to);
		break;
	case 4:
		if (rump_sys_pipe2(p, O_NONBLOCK) == 0) {
			not_too_many(p[0]);
			not_too_many(p[1]);
		}
		break;
	case 5:
		rump_sys_write(fd, buf, sizeof(buf));
		break;
	case 6:
		rump_sys_read(fd, buf, sizeof(buf));
		break;
	case 7:
		rump_sys_pread(fd, buf, sizeof(buf), 0);
		break;
	case 8:
		rump_sys_fcntl(fd, F_SETFD, FD_CLOEXEC);
		break;
	case 9:
		rump_sys_fcntl(fd, F_SETLK,
		    &(struct flock){ .l_type = r / 4096 % 3 });
		break;
	}
}

static void
use_ids(uint64_t r)
{

	switch (r % 8) {
	case 0:
		rump_sys_setsid();
		break;
	case 1:
		rump_sys_setpgid(r / 8 % 20, r / 256 % 20);
		break;
	case 2:
		rump_sys_getpgid(r / 8 % 100);
		break;
	case 3:
		rump_sys_getppid();
		break;
	case 4:
		rump_sys_umask(r & 077);
		break;
	case 5:
		rump_sys_chdir(r & 8 ? "/" : "/stress");
		break;
	case 6:
		rump_sys_setresuid(r / 8 % 3, 0, r / 64 % 3);
		break;
	case 7:
		rump_sys_getsid(0);
		break;
	}
}

static void *
work(void *arg)
{
	struct worker *wk = arg;
	uint64_t r;
	int n;

	wk->wk_pid = rump_sys_getpid();
	wk->wk_lwp = NULL;
	/*
	 * They begin and end together: whoever takes over, or reaps, what one
	 * that has ended left, knows that from the host, and ThreadSanitizer
	 * must know it as well, by a join.
	 */
	pthread_barrier_wait(&together);
	for (n = 0; n < STEPS && wk->wk_wrong == NULL; n++) {
		r = rnd(wk);
		switch (r % 16) {
		case 0:
		case 1:
			make(wk, r / 16);
			break;
		case 2:
			if (wk->wk_lwp != NULL)
				let_go(wk);
			break;
		case 3:
		case 4:
		case 5:
			change(wk);
			break;
		case 6:
			to_none(wk);
			break;
		case 7:
			use_ids(r / 16);
			break;
		default:
			use_fds(r / 16);
		}
		if (curlwp() != wk->wk_lwp || rump_sys_getpid() != wk->wk_pid)
			wk->wk_wrong = "not the lwp it should be";
	}
	/* Its cpu is left to whoever comes next. */
	if (wk->wk_lwp != NULL)
		let_go(wk);
	pthread_barrier_wait(&together);
	return NULL;
}

static const char *
run(time_t end)
{
	const char *wrong = NULL;
	int i;

	pthread_barrier_init(&together, NULL, THREADS);
	for (i = 0; i < THREADS; i++)
		workers[i].wk_seed = i + 1;
	while (wrong == NULL && time(NULL) < end) {
		for (i = 0; i < THREADS; i++)
			if (pthread_create(&workers[i].wk_td, NULL, work,
				&workers[i]) != 0)
				abort();
		for (i = 0; i < THREADS; i++) {
			pthread_join(workers[i].wk_td, NULL);
			if (workers[i].wk_wrong != NULL)
				wrong = workers[i].wk_wrong;
		}
	}
	return wrong;
}

/* What is left on the shelves, and in pid 1's table. */
static void
tidy(void)
{
	struct shelf *sh;
	int i;

	for (sh = shelves; sh < shelves + SHELVES; sh++) {
		if (atomic_load(&sh->sh_state) != FULL)
			continue;
		switchto(sh->sh_lwp);
		release();
		atomic_store(&sh->sh_state, EMPTY);
	}
	for (i = 3; i < 1000; i++)
		rump_sys_close(i);
	rump_sys_chdir("/");
	rump_sys_setresuid(0, 0, 0);
	/* Joined pid 0 has descriptors of ours, too. */
	newlwp(0);
	for (i = 0; i < 1000; i++)
		rump_sys_close(i);
	rump_sys_chdir("/");
	release();
}

int
main(int argc, char **argv)
{
	const char *wrong;
	bool ok;

	printf("1..2\n");
	signal(SIGPIPE, SIG_IGN);
	stress_boot();
	wrong = run(time(NULL) + (argc > 1 ? atoi(argv[1]) : SECONDS));
	if (wrong != NULL)
		printf("# %s\n", wrong);
	ok = tap_ok(wrong == NULL, "every thread runs what it should");
	tidy();
	return !(tap_ok(stress_clean(), "nothing is left of them") && ok);
}
