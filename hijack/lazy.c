/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lazy: calls of the host's in a process that has pages mapped when they are
 * touched (mmap.c).  The host knows nothing of such pages: to it they are EFAULT.
 */
#include <asm/unistd.h>

#include "hijack/hijack.h"

/* A call of the host's where pages are mapped when they are touched. */
int
hj_lazy_call(struct hj_frame *hf)
{
	const long *a = hf->hf_args;

	hj_enter();
	hj_mmap_ready(hf);
	hj_leave();
	hf->hf_ret = hj_host(hf->hf_nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	return HJ_DONE;
}

/* Calls that only these processes look at: the host's, but they touch memory. */
static const uint16_t touching[] = {
	__NR_clock_gettime,
	__NR_clock_nanosleep,
	__NR_getrandom,
	__NR_getrusage,
	__NR_nanosleep,
	__NR_process_vm_readv,
	__NR_process_vm_writev,
	__NR_sysinfo,
	__NR_uname,
};

bool
hj_lazy_touches(long nr)
{
	size_t i;

	for (i = 0; i < nelem(touching); i++)
		if (nr == touching[i])
			return true;
	return false;
}

void
hj_lazy_start(void)
{
	size_t i;

	for (i = 0; i < nelem(touching); i++)
		if (hj_route[touching[i]] == 0)
			hj_route[touching[i]] = HR_SPECIAL;
}
