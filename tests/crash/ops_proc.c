/* SPDX-License-Identifier: BSD-2-Clause */
/* Operations on procs and lwps. */
#include "tests/crash/crash.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

#include "lwproc/proc.h"
#include "rump/rump.h"
#include "rump/rump_syscalls.h"
#include "rumpkern/arena.h"
#include "rumpkern/klog.h"

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
op_rfork_share_release(void)
{

	MUST(-rump_pub_lwproc_rfork(0));
	rump_pub_lwproc_releaselwp();
}

/* As a thread without a bound lwp has it. */
static void
pre_implicit(void)
{

	pre_fds();
	rump_pub_lwproc_switch(NULL);
}

static void
pre_implicit_child(void)
{

	pre_implicit();
	MUST(-rump_pub_lwproc_rfork(0));
}

static void
op_join_init(void)
{

	MUST(-rump_pub_lwproc_newlwp(1));
	rump_pub_lwproc_releaselwp();
	MUST(-rump_pub_lwproc_newlwp(0));
	rump_pub_lwproc_releaselwp();
}

/* Nothing may change, and nothing be left. */
static void
op_refused(void)
{

	if (rump_pub_lwproc_rfork(RUMP_RFFDG | RUMP_RFCFDG) != EINVAL ||
	    rump_pub_lwproc_rfork(4) != EINVAL ||
	    rump_pub_lwproc_newlwp(77777) != ESRCH ||
	    rump_sys_setpgid(77777, 0) != -1 || rump_sys_getsid(77777) != -1)
		crash_fail("refused", 0, __LINE__);
}

static void
pre_no_implicit(void)
{

	pre_fds();
	lwp_release_implicit(curcpu());
}

/* What a thread's first call does. */
static void
op_implicit(void)
{

	MUST(-lwp_create_implicit(curcpu()));
	rump_pub_lwproc_switch(NULL);
}

static void
op_numbers_again(void)
{
	struct lwproc_state *ls = ARENA->a_lwproc;

	/* Nobody else is there; the range is looked for anew. */
	kmutex_enter(&ls->ls_lock);
	KSET(ls->ls_pids.ir_end, ls->ls_pids.ir_next);
	KSET(curlwp()->l_proc->p_lids.ir_end, curlwp()->l_proc->p_lids.ir_next);
	klog_commit();
	kmutex_exit(&ls->ls_lock);
	MUST(-rump_pub_lwproc_newlwp(rump_sys_getpid()));
	MUST(-rump_pub_lwproc_rfork(RUMP_RFCFDG));
}

static void
op_groups(void)
{
	static const gid_t groups[] = { 1, 2, 3 };

	MUST(rump_sys_setgroups(3, groups));
	MUST(rump_sys_setregid(3, 4));
	MUST(rump_sys_setresgid(5, 6, 7));
	MUST(rump_sys_setfsgid(8));
	MUST(rump_sys_setreuid(3, 0));
	MUST(rump_sys_setfsuid(8));
	MUST(rump_sys_setresuid(5, 6, 7));
	MUST(rump_sys_setpgid(0, 0));
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
		MUST(-cpu_adopt(c, h, h->h_fork));
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
	{ "rfork and releaselwp, descriptors shared", OUT_SAME, pre_fds,
	    op_rfork_share_release },
	{ "rfork without lwp", OUT_SAME, pre_implicit, op_rfork_copy },
	{ "releaselwp of one who shares pid 1's", OUT_SAME, pre_implicit_child,
	    op_release },
	{ "newlwp of pid 1 and 0, and releaselwp", OUT_SAME, pre_fds,
	    op_join_init },
	{ "what is refused", OUT_SAME, pre_fds, op_refused },
	{ "the first call of a thread", OUT_SAME, pre_no_implicit,
	    op_implicit },
	{ "pids and lids begin again", OUT_SAME, pre_fds, op_numbers_again },
	{ "groups and ids", OUT_SAME, NULL, op_groups },
	{ "switch", OUT_SAME, pre_two_lwps, op_switch },
	{ "credentials and ids", OUT_SAME, NULL, op_ids },
	{ "the end of a thread", OUT_SAME, pre_fds, op_detach },
	{ "fork", OUT_SAME, pre_fds, op_fork_embryo },
	{ "fork that fails", OUT_SAME, pre_fds, op_fork_failed },
	{ NULL, OUT_ANY, NULL, NULL } };
