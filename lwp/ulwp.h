/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ulwp: a host thread of this process as <rump/lwp.h> knows it.
 *
 * Overview
 *	This is a library of the program's, not of the kernel: it uses libc,
 *	and its state is in this process.  A ulwp is a host thread.  One that
 *	_lwp_create() made is bound to an lwp of its creator's rump process
 *	for as long as it lives; any other gets a record when it first calls
 *	one of these functions.
 *
 *	The host thread has a small stack of libc's own, where it starts and
 *	ends and where its thread-local storage is.  In between it runs the
 *	context it was given, on the caller's stack, and is never on that
 *	again once it counts as ended.
 *
 * States
 *	FREE -> NEW		table_alloc: _lwp_create, or a thread unknown so far
 *	NEW -> LIVE		table_live
 *	LIVE -> ZOMBIE		it has ended and may be waited for
 *	LIVE -> FREE		it has ended and was detached
 *	ZOMBIE -> FREE		_lwp_wait, _lwp_detach
 *
 * Locking
 *	(t)	the table's lock, held with all signals blocked: a thread that
 *		has it is never suspended
 *	(a)	atomic
 *	(s)	its own thread's
 *	(c)	constant while it is not FREE
 */
#ifndef LWP_ULWP_H
#define LWP_ULWP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "rump/lwp.h"

/* An id is a slot of the table, from 1, and a generation above it. */
#define ULWP_SLOTBITS 14
#define ULWP_MAX      ((1 << ULWP_SLOTBITS) - 1)
#define ULWP_GENS     (1U << (31 - ULWP_SLOTBITS))

enum ulwp_state {
	ULWP_FREE = 0,
	ULWP_NEW,
	ULWP_LIVE,
	ULWP_ZOMBIE
};

/* What libc has for itself, 32 and 33; the latter is ours, too: see stop.c. */
#define ULWP_LIBC_SIGNALS (3UL << 31)

/* u_stop; see stop.c */
enum ulwp_stop {
	STOP_RUN = 0, /* not suspended */
	STOP_WANT,    /* it is to stop, and has been sent the signal */
	STOP_AGAIN,   /* it could not at that point: send it again */
	STOP_LATE,    /* it is in a rump call, and stops when that returns */
	STOP_HELD     /* it stands */
};

/* u_park: flags, and the generation above them. */
#define PARK_UNPARKED 1U /* the next park returns at once */
#define PARK_CANCEL   2U /* the next sleep ends with EINTR */
#define PARK_ASLEEP   4U
#define PARK_LIVE     8U
#define PARK_GENSHIFT 4

struct ulwp {
	lwpid_t u_id;            /* (t) */
	enum ulwp_state u_state; /* (t) */
	uint32_t u_gen;          /* (t) */
	uint32_t u_nextfree;     /* (t) index + 1 */
	bool u_detached;         /* (t) */
	bool u_made;             /* (c) by _lwp_create() */
	pid_t u_tid;             /* (t) of the host thread, while LIVE */
	pthread_t u_thread;      /* (t) of one made */
	bool u_waiting;          /* (t) in _lwp_wait() */
	uint32_t u_looked;       /* (t) t_event when it found nothing to take */
	lwpid_t u_waitfor;       /* (t) for this one; 0: for any */
	lwpid_t u_waiter;        /* (t) who waits for it and came first */
	struct ulwp *u_znext;    /* (t) list of zombies */
	uintptr_t u_bound;       /* (s) its lwp's name in the kernel, or 0 */
	volatile bool u_stands;  /* (s) in ulwp_stand() */
	uint32_t u_rounds;       /* (s) of destructors, when it ends */
	_Atomic uint32_t u_stop; /* (a) futex: enum ulwp_stop */
	_Atomic uint32_t u_sent; /* (a) the signal is under way to it */
	_Atomic uint32_t u_park; /* (a) futex */
	_Atomic uint32_t u_stops; /* (a) how often it was stopped */
	char u_name[LWP_NAMELEN]; /* (t) */
};

struct ulwp_table {
	_Atomic uint32_t t_lock;  /* futex: 0, 1 or, with waiters, 2 */
	_Atomic uint32_t t_event; /* futex: counts ends and detachments */
	uint32_t t_used;          /* slots ever used */
	uint32_t t_freehead;      /* index + 1 */
	uint32_t t_freetail;
	uint32_t t_live;        /* LIVE ones */
	uint32_t t_stopped;     /* LIVE, and not STOP_RUN */
	uint32_t t_waiting;     /* in _lwp_wait() */
	uint32_t t_blocked;     /* of them: have looked since t_event changed */
	uint32_t t_joinable;    /* LIVE or ZOMBIE, and not detached */
	struct ulwp *t_zombies; /* oldest first */
	struct ulwp t_slot[ULWP_MAX];
};

extern struct ulwp_table ulwp_table;

/* All signals, the ones libc keeps to itself too. */
struct ulwp_mask {
	uint64_t m_bits;
};

/* Not while this is set: suspension of the thread. */
extern __thread volatile uint32_t ulwp_busy;
/* The thread's record; NULL: it has none yet, or any more. */
extern __thread struct ulwp *volatile ulwp_self;
extern __thread void *ulwp_private;

/* The signal mask becomes full. */
void ulwp_block(struct ulwp_mask *old);
void ulwp_unblock(const struct ulwp_mask *old);
void ulwp_lock(struct ulwp_mask *old);
void ulwp_unlock(const struct ulwp_mask *old);
/* Says it in errno, too. */
int ulwp_result(int error);
/* Is there a rump kernel for this process? */
bool ulwp_kernel(void);
/* Memory of the program's: 0 or EFAULT. */
int ulwp_copyin(const void *from, void *to, size_t len);
int ulwp_copyout(const void *from, void *to, size_t len);
/* Until *w != val; absolute on the clock, NULL: for ever. 0 or errno. */
int ulwp_sleep(_Atomic uint32_t *w, uint32_t val, clockid_t clock,
    const struct timespec *until);
void ulwp_wake(_Atomic uint32_t *w, int n);

/* The calling thread's record, made if need be; NULL: the thread is over. */
struct ulwp *ulwp_me(void);
/* Whose slot an id names; NULL: nobody's, ever. */
struct ulwp *ulwp_slot(lwpid_t);
struct ulwp *ulwp_find(lwpid_t);     /* locked; LIVE ones only */
struct ulwp *ulwp_find_any(lwpid_t); /* locked; LIVE or ZOMBIE */
/* NEW and not findable; NULL: the table is full.  Not locked. */
struct ulwp *ulwp_alloc(bool detached, bool made);
void ulwp_free(struct ulwp *); /* locked */
/* The calling thread is this one now. */
int ulwp_start(struct ulwp *);
/* Locked: it has ended; wakes whoever waits for that. */
void ulwp_ended(struct ulwp *);
void ulwp_event(void); /* locked */
/* Locked: off the list of zombies. */
void ulwp_unzombie(struct ulwp *);

/* The thread's own end: its lwp goes, and it is a zombie or nothing. */
void ulwp_end(struct ulwp *);

/* The context's stack is left for good, if it was not yet. */
void ulwp_leave_stack(void);
/* Stand until continued, if so asked; signals are blocked. */
void ulwp_stand(struct ulwp *);

/* switch.S: to the context on this thread's own stack, and back. */
void ulwp_enter(const ucontext_t *);
void ulwp_land(void);  /* end of a context: back; signals are blocked */
void ulwp_begin(void); /* where a context of _lwp_makecontext() begins */
_Noreturn void ulwp_returned(ucontext_t *link);
extern __thread void *ulwp_back;

#endif
