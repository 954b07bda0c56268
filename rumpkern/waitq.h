/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * waitq: sleeping until somebody changes what a lock guards.
 *
 * A queue is guarded by its owner's lock (the interlock).  A sleeper enters
 * the queue, lets go of the interlock, spins for a while if that has paid
 * lately, sleeps in the host, takes the interlock again and leaves the queue.
 */
#ifndef RUMPKERN_WAITQ_H
#define RUMPKERN_WAITQ_H

#include "rumpkern/cpu.h"

struct waitq {
	struct waitent *wq_head;
	struct waitent *wq_tail;
};

#define KSLEEP_FOREVER UINT64_MAX
#define KSLEEP_INTR    1 /* a signal ends it: KERESTART */

/*
 * Sleep on wq.  The interlock is held (and nothing else), the log empty; it
 * is held again on return.  until is on the monotonic clock, in ns.
 * 0 (woken, perhaps for nothing: check again), ETIMEDOUT or KERESTART.
 */
int ksleep(struct waitq *wq, struct kmutex *interlock, uint64_t until,
    int flags);

/*
 * An entry may stand for something other than a sleeper: then w_hook says what
 * a wake does, as an index of this table (syscalls/handops.c).  A hook is
 * called with the queue's lock held and the log empty, and leaves it so.  It
 * is told what happened (POLL*; ~0: anything), and whether a hook before it
 * has answered that this was news for one only, and that it is taken.
 */
enum waithook {
	WAITHOOK_NONE = 0, /* a sleeping cpu */
	WAITHOOK_EPOLL,    /* an item of an epoll set */
	WAITHOOK_ASYNC,    /* a signal to a file's owner */
	WAITHOOK_MAX
};

extern bool (*const waithooks[WAITHOOK_MAX])(struct waitent *, uint32_t events,
    bool taken);

/* Wake all or the first; the interlock is held. Cheap when nobody waits. */
void kwakeup(struct waitq *);
/* All, as kwakeup(); hooks learn which events came. */
void kwakeup_events(struct waitq *, uint32_t events);
void kwakeup_one(struct waitq *);
/* Wake those noted in c_wakes: our own, without locks, or a dead cpu's. */
void kwakeup_flush(struct cpu *);

/*
 * For waits on many queues (poll): put an entry of our own on a queue, under
 * that queue's lock; then ksleep_any() until any of them wakes us; then take
 * all entries off.  Entries live in the arena and belong to curcpu().
 */
void waitq_add(struct waitq *, struct waitent *, struct kmutex *lock);
void waitq_remove(struct waitent *);
/* Call before looking at the first condition. */
void ksleep_prepare(void);
int ksleep_any(uint64_t until, int flags);
/*
 * The same with another signal mask meanwhile, for programs that link the
 * kernel.  NULL: the thread's own.
 */
int ksleep_masked(uint64_t until, const uint64_t *mask);

/*
 * All entries go to another queue, with another lock; both locks are held, the
 * log is empty.  So an entry's lock may change while it is not held: enter
 * that which guards the queue it is on.
 */
void waitq_move(struct waitq *from, struct waitq *to, struct kmutex *lock);
struct kmutex *waitent_lock(const struct waitent *);

/* Take an entry off whatever queue it is on, under that queue's lock. */
void waitent_cancel(struct waitent *);

/*
 * To sleep in a host call instead (poll with descriptors of the host's): from
 * enter to leave a wake sends the thread KWAKE_SIGNAL, which must be blocked
 * but in that call.  False: woken already, do not sleep.
 */
#define KWAKE_SIGNAL 16 /* SIGSTKFLT: nothing else uses it */
bool ksleep_host_enter(void);
void ksleep_host_leave(void);
/* Has a wake come since ksleep_prepare()? */
bool ksleep_woken(void);

/*
 * Whoever sleeps looks again: somebody died who may have changed what it waits
 * for and not have come to the wake.
 */
void kwakeup_sleepers(void);

/* Signal those of this process that wait in the host and have been woken. */
void kwakeup_signal(void);

/* Wake one cpu whatever it sleeps on; for signals. */
void cpu_interrupt(struct cpu *);

#endif
