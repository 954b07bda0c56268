/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations on procs and lwps. */
#include "tests/crash/crash.h"

#include <sys/wait.h>

#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "rumpkern/cpu.h"

static struct lwp *other;

static void
pre_fds(void)
{
	int fd, p[2];

	fd = rump_sys_open(TREE "/f", O_RDWR);
	MUST(fd);
	MUST(rump_sys_dup2(fd, 40));
	MUST(rump_sys_pipe2(p, 0));
	MUST(rump_sys_chdir(TREE "/d"));
}

static void
op_rfork(void)
{

	MUST(-rump_pub_lwproc_rfork(0));
}

static void
op_rfork_copy(void)
{

	MUST(-rump_pub_lwproc_rfork(RUMP_RFFDG));
}

static void
op_rfork_empty(void)
{

	MUST(-rump_pub_lwproc_rfork(RUMP_RFCFDG));
}

static void
op_release(void)
{

	rump_pub_lwproc_releaselwp();
}

static void
op_rfork_release(void)
{

	MUST(-rump_pub_lwproc_rfork(RUMP_RFFDG));
	rump_pub_lwproc_releaselwp();
}

/* A proc with children that go to pid 1. */
static void
pre_family(void)
{
	int i;

	pre_fds();
	other = rump_pub_lwproc_curlwp();
	for (i = 0; i < 3; i++) {
		MUST(-rump_pub_lwproc_rfork(0));
		rump_pub_lwproc_switch(other);
	}
}

static void
op_newlwp(void)
{

	MUST(-rump_pub_lwproc_newlwp(rump_sys_getpid()));
}

static void
pre_two_lwps(void)
{

	pre_fds();
	other = rump_pub_lwproc_curlwp();
	MUST(-rump_pub_lwproc_newlwp(rump_sys_getpid()));
}

static void
op_switch(void)
{

	rump_pub_lwproc_switch(other);
	rump_pub_lwproc_switch(NULL);
	rump_pub_lwproc_switch(other);
}

static void
op_ids(void)
{

	MUST(rump_sys_setsid());
	MUST(rump_sys_umask(077));
	MUST(rump_sys_setgid(3));
	MUST(rump_sys_setuid(5));
}

static void
op_detach(void)
{

	rump_pub_lwproc_releaselwp();
	lwp_detach();
	_exit(0);
}

/* As the shim forks: cpu and host first, then the proc, then the process. */
static void
op_fork_embryo(void)
{
	struct cpu *c, *self = curcpu();
	struct host *h;
	struct lwp *l;
	int status;
	pid_t pid;

	MUST(-cpu_embryo(&c, &h));
	MUST(-proc_fork(self->c_lwp->l_proc, RUMP_RFFDG, h, &l));
	pid = fork();
	MUST(pid);
	if (pid == 0) {
		MUST(-cpu_adopt(c, h));
		_exit(0);
	}
	MUST(waitpid(pid, &status, 0));
	MUST(-WEXITSTATUS(status));
	reap_all();
}

static void
op_fork_failed(void)
{
	struct cpu *c, *self = curcpu();
	struct host *h;
	struct lwp *l;

	MUST(-cpu_embryo(&c, &h));
	MUST(-proc_fork(self->c_lwp->l_proc, RUMP_RFFDG, h, &l));
	proc_exit(l->l_proc);
	cpu_embryo_free(c, h);
}

const struct crashop proc_ops[] = { { "rfork", OUT_SAME, pre_fds, op_rfork },
	{ "rfork, descriptors copied", OUT_SAME, pre_fds, op_rfork_copy },
	{ "rfork, no descriptors", OUT_SAME, pre_fds, op_rfork_empty },
	{ "releaselwp", OUT_SAME, pre_fds, op_release },
	{ "rfork and releaselwp", OUT_SAME, pre_fds, op_rfork_release },
	{ "releaselwp of a parent", OUT_SAME, pre_family, op_release },
	{ "newlwp", OUT_SAME, pre_fds, op_newlwp },
	{ "releaselwp, another left", OUT_SAME, pre_two_lwps, op_release },
	{ "switch", OUT_SAME, pre_two_lwps, op_switch },
	{ "credentials and ids", OUT_SAME, NULL, op_ids },
	{ "the end of a thread", OUT_SAME, pre_fds, op_detach },
	{ "fork", OUT_SAME, pre_fds, op_fork_embryo },
	{ "fork that fails", OUT_SAME, pre_fds, op_fork_failed },
	{ NULL, OUT_ANY, NULL, NULL } };
