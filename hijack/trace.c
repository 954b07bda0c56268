/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace: a line for each call a rump kernel answered, in one raw write.
 */
#include <asm/unistd.h>

#include "hijack/hijack.h"
#include "syscalls/sysdef.h"
#include "syscalls/systrace.h"

#define LINE 1024

static void
put(char *buf, size_t n)
{

	buf[n++] = '\n';
	hj_host(__NR_write, hj.hp_tracefd, buf, n);
}

void
hj_trace(int rsys, const long *args, long ret)
{
	char buf[LINE];
	size_t n;

	n = systrace_format(buf, sizeof(buf) - 1, rsys, args, ret,
	    rumpuser_gettid());
	put(buf, n);
}

void
hj_trace_host(const struct hj_frame *hf)
{
	char buf[LINE];
	size_t n;

	n = kfmt(buf, sizeof(buf), "[pid %d] host: ", rumpuser_gettid());
	n += kfmt(buf + n, sizeof(buf) - n - 1, "%s(%lx, %lx, %lx)",
	    sysdesc[hj_callinfo[hf->hf_nr].hc_rsys].sd_name,
	    (unsigned long)hf->hf_args[0], (unsigned long)hf->hf_args[1],
	    (unsigned long)hf->hf_args[2]);
	put(buf, n);
}
