/* SPDX-License-Identifier: BSD-2-Clause */
/* dispatch: from a number and registers to the function of a call. */
#ifndef SYSCALLS_DISPATCH_H
#define SYSCALLS_DISPATCH_H

#include "rumpkern/kern.h"

/*
 * Do call rsys (RSYS_*) for the calling thread.  args are the program's, one
 * a register.  Returns the result or a negative errno; -KERESTART and -KEHOST
 * are for the shim.
 */
long sys_call(int rsys, const long *args);
/* The same for rump_sys_*: -1 and the program's errno. */
long sys_api(int rsys, const long *args);

#endif
