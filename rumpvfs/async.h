/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * async: files with O_ASYNC tell their owner of news by a signal, as fcntl(2)
 * has it (F_SETOWN, F_SETSIG).
 *
 * Such a file has an entry in its own wait queue, whose hook sends the signal.
 * f_async leads to it and is guarded by the lock of the file's epoll items.  It
 * is there before it is queued: who dies between leaves one that never fires.
 */
#ifndef RUMPVFS_ASYNC_H
#define RUMPVFS_ASYNC_H

#include "lwproc/file.h"
#include "rumpkern/waitq.h"

/* O_ASYNC comes or goes, by this descriptor. */
int async_set(struct file *, int fd, bool on);
/* The file goes. */
void async_forget(struct file *);
/* Such a signal now, by this descriptor; band as in siginfo_t. */
void async_tell(const struct file *, int fd, uint32_t band);
/* A signal to whoever owns the file. */
void async_kill(const struct file *, int sig);
/* WAITHOOK_ASYNC. */
bool async_hook(struct waitent *, uint32_t events, bool taken);

#endif
