/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rump.h: a rump kernel in this process.  See rump(3) and rump_lwproc(3).
 */
#ifndef RUMP_RUMP_H
#define RUMP_RUMP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RUMP_API __attribute__((visibility("default")))

/* rump_pub_lwproc_rfork() flags */
#define RUMP_RFFDG  1 /* the child gets a copy of the descriptors */
#define RUMP_RFCFDG 2 /* the child gets an empty descriptor table */

struct lwp;

/*
 * Boot a kernel in this process.  0, or an errno value: EINVAL (a malformed
 * RUMP_MEMLIMIT or RUMP_SPIN_US), EPROTONOSUPPORT (RUMP_SERVER is set), ENOMEM,
 * EEXIST (the arena's addresses are taken).  A second call does nothing.
 */
RUMP_API int rump_init(void);
/* The version of this kernel, as NetBSD's rump kernel numbers versions. */
RUMP_API int rump_getversion(void);
/* 1: the calls take the host's own structures and numbers. */
RUMP_API int rump_nativeabi_p(void);
/*
 * Walk every structure of the kernel and report what does not add up, one
 * line each on stderr.  Returns the number of faults.
 */
RUMP_API int rump_kern_check(void);

/* See rump_lwproc(3). */
RUMP_API int rump_pub_lwproc_rfork(int flags);
RUMP_API int rump_pub_lwproc_newlwp(pid_t pid);
RUMP_API void rump_pub_lwproc_switch(struct lwp *);
RUMP_API void rump_pub_lwproc_releaselwp(void);
RUMP_API struct lwp *rump_pub_lwproc_curlwp(void);
RUMP_API void rump_pub_lwproc_sysent_usenative(void);

#ifdef __cplusplus
}
#endif

#endif
