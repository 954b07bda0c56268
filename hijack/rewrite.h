/* SPDX-License-Identifier: BSD-2-Clause */
/* Rewriting the system call instructions of libc and ld.so. */

#ifndef HIJACK_REWRITE_H
#define HIJACK_REWRITE_H

#include <stdbool.h>

#include "hijack/elfmod.h"
#include "hijack/sitecache.h"
#include "hijack/stub.h"

/* One system call of the program, on its way through a stub. */
struct hj_frame {
	long hf_nr;
	long hf_args[6];
	long hf_ret;         /* out: the result, for HJ_DONE */
	unsigned long hf_ip; /* where the program goes on */
	unsigned long hf_sp; /* its stack pointer at the call */
};

enum hj_verdict {
	HJ_HOST = 0,      /* let the host do it */
	HJ_DONE = 1,      /* done: the result is hf_ret */
	HJ_HOST_POST = 2, /* the host, then hj_post() where it returns */
};

/*
 * hj_route[nr] == 0: the call goes to the host without a look.  To be filled
 * before hj_rewrite(), which leaves sites alone that can only make such calls;
 * an entry that is 0 then and set later is heeded at some sites only.
 */
extern unsigned char hj_route[HJ_NROUTE] __attribute__((visibility("hidden")));

/*
 * Decide on a call; supplied by the dispatcher, compiled general-regs-only,
 * runs on the program's stack below its red zone.
 *
 * The program's registers come back as they were whatever this writes to
 * hf_nr and hf_args; those say what the host is asked to do.  Exception:
 * after HJ_HOST_POST (and after clone, vfork or clone3 with HJ_HOST) the
 * system call runs on the program's own stack with nothing of ours on any
 * stack, so argument registers that were changed stay changed.
 */
int hj_dispatch(struct hj_frame *hf) __attribute__((visibility("hidden")));

/*
 * After a HJ_HOST_POST call, in each process and on each stack it returns
 * on; what it returns is what the program sees.  Compiled general-regs-only.
 * nr is the number of the call if it was clone, fork, vfork or clone3, or
 * the site has a fixed number; otherwise -1.
 */
long hj_post(long result, long nr) __attribute__((visibility("hidden")));

/* fn(arg) with the program's SSE registers saved around it. */
long hj_call_kernel(long (*fn)(void *), void *arg)
    __attribute__((visibility("hidden")));

/*
 * Find libc.so.6 or ld.so (HJ_BIT(HJ_MOD_LIBC) ..., or both) and rewrite their
 * system calls.  Once a process for each, before it has a second thread.  The
 * cache may be NULL; with share, a text that is there for all processes is used
 * or made.  Returns the number of sites, or -errno with one line of reason in
 * *err; after an error the process must not go on, as part of the text may have
 * been written.
 */
int hj_rewrite(const struct hj_auxinfo *ai, unsigned int which,
    struct hj_sitecache *cache, bool share, const char **err);

#endif /* HIJACK_REWRITE_H */
