/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ids, umask and limits: the host decides, the rump proc follows, so that
 * permissions under a rump path come out as the host's would.
 */
#include <asm/unistd.h>
#include <sys/resource.h>

#include "hijack/hijack.h"
#include "hijack/kick.h"
#include "rumpkern/arena.h"
#include "rumpkern/copy.h"
#include "rumpkern/klog.h"

#define OUR_TEXT (16UL << 20) /* the library, roughly */

/* setfsuid(-1) changes nothing and tells the current one. */
static uint32_t
fs_id(long nr)
{

	return hj_host(nr, -1);
}

static void
read_ids(struct cred *cr)
{
	long n;

	memset(cr, 0, sizeof(*cr));
	hj_host(__NR_getresuid, &cr->cr_ruid, &cr->cr_euid, &cr->cr_suid);
	hj_host(__NR_getresgid, &cr->cr_rgid, &cr->cr_egid, &cr->cr_sgid);
	cr->cr_fsuid = fs_id(__NR_setfsuid);
	cr->cr_fsgid = fs_id(__NR_setfsgid);
	n = hj_host(__NR_getgroups, KNGROUPS, cr->cr_groups);
	cr->cr_ngroups = n > 0 ? n : 0;
}

/* same: if nothing else changes, the host has changed nothing. */
static void
follow_ids(struct proc *p, bool same)
{
	struct cred cr;
	uint32_t *to = (uint32_t *)&p->p_cred, *from = (uint32_t *)&cr;
	size_t i;

	read_ids(&cr);
	kmutex_enter(&p->p_lock);
	cr.cr_id = p->p_cred.cr_id;
	if (!same || memcmp(&cr, &p->p_cred, sizeof(cr)) != 0)
		cr.cr_id = cred_newid();
	for (i = 0; i < sizeof(cr) / sizeof(uint32_t); i++)
		if (to[i] != from[i])
			KSET(to[i], from[i]);
	klog_commit();
	kmutex_exit(&p->p_lock);
}

static void
follow_fsize(struct proc *p)
{
	struct rlimit64 rl;

	if (hj_host(__NR_prlimit64, 0, RLIMIT_FSIZE, NULL, &rl) < 0)
		return;
	kmutex_enter(&p->p_lock);
	KSET(p->p_fsize, rl.rlim_cur);
	/* The host numbers descriptors, and so limits them. */
	KSET(p->p_nofile, UINT32_MAX);
	klog_commit();
	kmutex_exit(&p->p_lock);
}

/* At start: the proc is whoever the host process is. */
void
hj_ids_load(struct proc *p)
{
	long mask;

	follow_ids(p, false);
	follow_fsize(p);
	mask = hj_host(__NR_umask, 0);
	hj_host(__NR_umask, mask);
	kmutex_enter(&p->p_lock);
	KSET(p->p_umask, mask & 0777);
	klog_commit();
	kmutex_exit(&p->p_lock);
}

/* Does the call make the process, if it can, one of another user? */
static bool
another_user(long nr, const long *a)
{
	uint32_t now[3];
	int i, n;

	n = nr == __NR_setuid    ? 1 :
	    nr == __NR_setreuid  ? 2 :
	    nr == __NR_setresuid ? 3 :
				   0;
	hj_host(__NR_getresuid, &now[0], &now[1], &now[2]);
	for (i = 0; i < n; i++)
		if ((int)a[i] != -1 && (uint32_t)a[i] != now[0])
			return true;
	return false;
}

/* Calls that change ids: all of them, and what else has no case. */
long
hj_sys_ids(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	long ret;

	if (another_user(hf->hf_nr, a))
		hj_kick_users();
	ret = hj_host_(hf->hf_nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	switch (hf->hf_nr) {
	case __NR_setuid:
	case __NR_setgid:
	case __NR_setreuid:
	case __NR_setregid:
	case __NR_setgroups:
		follow_ids(hj_proc(), ret != 0);
		break;
	case __NR_setresuid:
	case __NR_setresgid:
	case __NR_setfsuid:
	case __NR_setfsgid:
		follow_ids(hj_proc(), true);
		break;
	}
	return ret;
}

long
hj_sys_umask(struct hj_frame *hf)
{
	struct proc *p = hj_proc();
	long ret = hj_host(__NR_umask, hf->hf_args[0]);

	kmutex_enter(&p->p_lock);
	KSET(p->p_umask, hf->hf_args[0] & 0777);
	klog_commit();
	kmutex_exit(&p->p_lock);
	return ret;
}

/* What the address space has besides the program: the arena, and ourselves. */
static uint64_t
our_memory(void)
{

	return ARENA->a_map.am_size + OUR_TEXT;
}

/* RLIMIT_AS of this process is about what the program maps. */
static long
limit_memory(const void *unew, void *uold)
{
	struct rlimit64 rl[2], *new = NULL;
	uint64_t ours = our_memory();
	long ret;

	if (unew != NULL) {
		if (copyin(unew, &rl[0], sizeof(rl[0])) != 0)
			return -EFAULT;
		new = &rl[0];
		if (new->rlim_cur < RLIM64_INFINITY - ours)
			new->rlim_cur += ours;
		if (new->rlim_max < RLIM64_INFINITY - ours)
			new->rlim_max += ours;
	}
	ret = hj_host(__NR_prlimit64, 0, RLIMIT_AS, new, &rl[1]);
	if (ret != 0 || uold == NULL)
		return ret;
	/* One from before there was an arena may be less. */
	if (rl[1].rlim_cur != RLIM64_INFINITY)
		rl[1].rlim_cur -= kmin(rl[1].rlim_cur, ours);
	if (rl[1].rlim_max != RLIM64_INFINITY)
		rl[1].rlim_max -= kmin(rl[1].rlim_max, ours);
	return copyout(&rl[1], uold, sizeof(rl[1])) != 0 ? -EFAULT : 0;
}

long
hj_sys_rlimit(struct hj_frame *hf)
{
	const long *a = hf->hf_args;
	bool set = hf->hf_nr == __NR_setrlimit;
	long ret;

	if (set && (int)a[0] == RLIMIT_AS)
		return limit_memory((const void *)a[1], NULL);
	if (!set && (int)a[1] == RLIMIT_AS &&
	    ((int)a[0] == 0 || (int)a[0] == rumpuser_process.ru_pid))
		return limit_memory((const void *)a[2], (void *)a[3]);
	ret = hj_host_(hf->hf_nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (ret == 0)
		follow_fsize(hj_proc());
	return ret;
}
