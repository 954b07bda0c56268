/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwp.h: threads of this program, each bound to an lwp of a rump process.
 * See _lwp_create(2) and _lwp(2).
 *
 * Where nothing else is said a function returns 0 or an error number, which
 * is in errno as well.
 */
#ifndef RUMP_LWP_H
#define RUMP_LWP_H

#include <sys/types.h>

#include <stddef.h>
#include <time.h>
#include <ucontext.h>

#include <rump/rump.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef int lwpid_t; /* always above 0 */

/* _lwp_create() flags */
#define LWP_DETACHED  0x00000040UL /* nobody waits for it */
#define LWP_SUSPENDED 0x00000080UL /* it runs after _lwp_continue() */

#define LWP_NAMELEN    16   /* of a name, with its NUL; longer ones are cut */
#define LWP_UNPARK_MAX 1024 /* lwps in one _lwp_unpark_all() */

/* A context that runs start(arg) on the stack, with this private pointer. */
RUMP_API void _lwp_makecontext(ucontext_t *uc, void (*start)(void *), void *arg,
    void *priv, caddr_t stack, size_t size);
/* EAGAIN, EFAULT, EINVAL; ENXIO before rump_init(). */
RUMP_API int _lwp_create(const ucontext_t *uc, unsigned long flags,
    lwpid_t *id);
RUMP_API void _lwp_exit(void) __attribute__((noreturn));
/* Until the lwp, or any if 0, has ended: EDEADLK, EFAULT, EINTR, ESRCH. */
RUMP_API int _lwp_wait(lwpid_t id, lwpid_t *departed);
/* EINVAL (it is detached), ESRCH. */
RUMP_API int _lwp_detach(lwpid_t id);
RUMP_API lwpid_t _lwp_self(void);

/* EDEADLK (no lwp would run), ESRCH. */
RUMP_API int _lwp_suspend(lwpid_t id);
RUMP_API int _lwp_continue(lwpid_t id); /* ESRCH */
/* Send it a signal of the host: EINVAL, ESRCH. */
RUMP_API int _lwp_kill(lwpid_t id, int sig);

/*
 * Sleep until unparked, first unparking another (0: none).  EALREADY,
 * EFAULT, EINTR, EINVAL, ESRCH (unpark), ETIMEDOUT.
 */
RUMP_API int _lwp_park(clockid_t clock, int flags, struct timespec *ts,
    lwpid_t unpark, const void *hint, const void *unparkhint);
RUMP_API int _lwp_unpark(lwpid_t id, const void *hint); /* ESRCH */
/*
 * How many were unparked, or -1: EFAULT, EINVAL (too many).  The greatest
 * count there may be if ids is NULL.
 */
RUMP_API ssize_t _lwp_unpark_all(const lwpid_t *ids, size_t count,
    const void *hint);
/* End its sleep with EINTR: ENODEV (it does not sleep), ESRCH. */
RUMP_API int _lwp_wakeup(lwpid_t id);

RUMP_API int _lwp_setname(lwpid_t id, const char *name); /* EFAULT, ESRCH */
/* EFAULT, ENAMETOOLONG (the buffer is too small), ESRCH. */
RUMP_API int _lwp_getname(lwpid_t id, char *buf, size_t size);
RUMP_API void *_lwp_getprivate(void);
RUMP_API void _lwp_setprivate(void *);

#ifdef __cplusplus
}
#endif

#endif
