/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start-up of the kernel library in a process.
 */
#ifndef SYSCALLS_INIT_H
#define SYSCALLS_INIT_H

/* Before anything else: the environment, clocks, RUMP_SPIN_US. 0 or errno. */
int kern_start(char *const *envp);
/* A new kernel, private (NULL) or of a name. 0 or errno. */
int kern_boot(const char *name);

#endif
