/* SPDX-License-Identifier: BSD-2-Clause */
/* systrace: a call and its result as a line of text. */
#ifndef SYSCALLS_SYSTRACE_H
#define SYSCALLS_SYSTRACE_H

#include "rumpkern/kern.h"

/*
 * Write call rsys with its arguments and result (a negative errno: it failed)
 * into buf as text that ends in a NUL, and return its length: never more than
 * size - 1; a long line is cut.  tid 0: no thread is named.  The program's
 * memory is read as the call left it; bad pointers are shown as numbers.
 */
size_t systrace_format(char *buf, size_t size, int rsys, const long *args,
    long ret, int tid);

#endif
