/* SPDX-License-Identifier: BSD-2-Clause */
/* lwproc: what the tests of rump_lwproc(3) share. */
#ifndef TESTS_UNIT_LWPROC_H
#define TESTS_UNIT_LWPROC_H

#include <pthread.h>

#include "lwproc/proc.h"
#include "rumpkern/arena.h"
#include "tests/unit/unit.h"

/* The program's calls, not the kernel's own of these names. */

#define curlwp   rump_pub_lwproc_curlwp
#define rfork    rump_pub_lwproc_rfork
#define newlwp   rump_pub_lwproc_newlwp
#define release  rump_pub_lwproc_releaselwp
#define switchto rump_pub_lwproc_switch
#define getpid   rump_sys_getpid
#define getppid  rump_sys_getppid

/* Run it on a thread, to its end. */
static inline void
on_thread(void *(*fn)(void *), void *arg)
{
	pthread_t td;

	EQ(pthread_create(&td, NULL, fn, arg), 0);
	EQ(pthread_join(td, NULL), 0);
}

/* What the caller's context is. */
static inline void
is(bool bound, int pid, int ppid)
{

	EQ(curlwp() != NULL, bound);
	EQ(getpid(), pid);
	EQ(getppid(), ppid);
}

#endif
