/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket: whose a new socket is.  From there on its descriptor tells.
 */
#include <asm/unistd.h>

#include "hijack/hijack.h"
#include "syscalls/dispatch.h"

long
hj_sys_socket(struct hj_frame *hf)
{
	long ret;

	if (!hj_family_isrump(hf->hf_args[0]))
		return HJ_TO_HOST;
	ret = sys_call(hj_callinfo[hf->hf_nr].hc_rsys, hf->hf_args);
	if (ret != -EAFNOSUPPORT)
		return ret;
	hj_trace_note("protocol family %d is not of this kernel: the host's",
	    (int)hf->hf_args[0]);
	return HJ_TO_HOST;
}
