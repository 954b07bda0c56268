/* SPDX-License-Identifier: BSD-2-Clause */
/* swarm: see swarm.h. */
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "tests/stress/stress.h"
#include "tests/stress/swarm.h"

#define FIRST   10
#define THREADS 16
#define PROCS   8
#define STUCK   60 /* s beyond what it should take */
#ifdef __SANITIZE_THREAD__
#define ONE_PROCESS 1
#else
#define ONE_PROCESS 0
#endif

static double until;

uint32_t
rnd(struct worker *wk, uint32_t n)
{

	wk->wk_seed = wk->wk_seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(wk->wk_seed >> 33) % n;
}

int
any(struct worker *wk)
{

	return FIRST + (int)rnd(wk, wk->wk_swarm->sw_nfds);
}

void
place(struct worker *wk, int fd)
{

	if (fd < 0)
		return;
	rump_sys_dup2(fd, any(wk));
	rump_sys_close(fd);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static double
seconds(const struct swarm *sw)
{
	const char *s = getenv("RUMP_STRESS_SECONDS");

	return s != NULL ? atof(s) : sw->sw_seconds;
}

/* False: it failed with an errno that nothing here can cause. */
static bool
fine(struct worker *wk)
{
	const int *e;

	errno = 0;
	if (wk->wk_swarm->sw_call(wk) >= 0)
		return true;
	for (e = wk->wk_swarm->sw_errnos; *e != 0; e++)
		if (errno == *e)
			return true;
	printf("# %s\n", strerror(errno));
	fflush(stdout);
	return false;
}

static void *
work(void *arg)
{
	struct worker *wk = arg;
	int i;

	wk->wk_ok = rump_pub_lwproc_newlwp(wk->wk_pid) == 0;
	while (wk->wk_ok && now() < until)
		for (i = 0; i < 100 && wk->wk_ok; i++)
			wk->wk_ok = fine(wk);
	rump_pub_lwproc_releaselwp();
	lwp_detach();
	return NULL;
}

/* One process of several, with threads that all work in one proc. */
static pid_t
start_threads(const struct swarm *sw, int proc, int rump_pid)
{
	struct worker wk[THREADS];
	bool ok = true;
	pid_t pid;
	int i;

	fflush(stdout);
	pid = fork();
	if (pid != 0)
		return pid;
	alarm((unsigned)(until - now()) + STUCK);
	if (lwproc_attach() != 0)
		_exit(2);
	for (i = 0; i < sw->sw_threads; i++) {
		wk[i] = (struct worker){ .wk_swarm = sw,
			.wk_seed = (uint64_t)proc * THREADS + i + 1,
			.wk_pid = rump_pid };
		if (pthread_create(&wk[i].wk_td, NULL, work, &wk[i]) != 0)
			_exit(3);
	}
	for (i = 0; i < sw->sw_threads; i++) {
		pthread_join(wk[i].wk_td, NULL);
		ok = ok && wk[i].wk_ok;
	}
	/* Not _exit(): a race is told by the status. */
	exit(ok ? 0 : 1);
}

bool
swarm_run(const struct swarm *sw)
{
	pid_t child[PROCS];
	int i, status, pid;
	int procs = ONE_PROCESS ? 1 : sw->sw_procs;
	bool ok = true;

	until = now() + seconds(sw);
	rump_pub_lwproc_rfork(RUMP_RFCFDG);
	pid = rump_sys_getpid();
	for (i = 0; i < procs; i++)
		child[i] = start_threads(sw, i, pid);
	for (i = 0; i < procs; i++) {
		ok = waitpid(child[i], &status, 0) == child[i] && ok;
		if (status != 0)
			printf("# process %d ended with %x\n", i, status);
		ok = ok && status == 0;
	}
	reap_all();
	rump_pub_lwproc_releaselwp();
	return ok;
}

/* With the descriptors of pid 1, as all of them. */
static pid_t
start(const struct swarm *sw, uint64_t seed)
{
	struct worker wk = { .wk_swarm = sw, .wk_seed = seed };
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid != 0)
		return pid;
	alarm(STUCK);
	if (lwproc_attach() != 0)
		_exit(1);
	while (fine(&wk))
		continue;
	_exit(1);
}

static bool
kill_one(pid_t *child)
{
	int status;

	if (*child == 0)
		return true;
	kill(*child, SIGKILL);
	if (waitpid(*child, &status, 0) != *child)
		return false;
	*child = 0;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return true;
	printf("# a process ended with %x\n", status);
	return false;
}

bool
swarm_kill(const struct swarm *sw)
{
	struct worker wk = { .wk_swarm = sw, .wk_seed = 7 };
	pid_t child[PROCS] = { 0 };
	struct timespec ts = { 0 };
	bool ok = true;
	int i, n;

	for (n = 0; n < sw->sw_kills && ok; n++) {
		for (i = 0; i < sw->sw_procs; i++)
			if (child[i] == 0)
				child[i] = start(sw, n * PROCS + i + 1);
		ts.tv_nsec = rnd(&wk, 10000000);
		nanosleep(&ts, NULL);
		ok = kill_one(&child[rnd(&wk, sw->sw_procs)]);
		if (n % 2)
			reap_all();
		if (n % 20 == 0)
			ok = ok && fine(&wk);
	}
	for (i = 0; i < sw->sw_procs; i++)
		ok = kill_one(&child[i]) && ok;
	reap_all();
	rump_sys_close_range(3, ~0U, 0);
	return ok;
}

void
swarm_boot(void)
{

	signal(SIGPIPE, SIG_IGN);
	setenv("RUMP_MEMLIMIT", "256M", 0);
	if (rump_init() == 0)
		rump_sys_close(rump_sys_dup2(0, 4000));
	stress_boot();
}
