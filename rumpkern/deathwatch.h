/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * deathwatch: whoever sleeps learns of the death of other processes, so that
 * a peer's end is an end at once, whoever its parent is.
 *
 * Theory of operation
 *
 *	Each thread that has a cpu has told its host (rumpuser_bell_arm()) of
 *	the bell, a word of the arena that is always 0.  When the thread dies
 *	without having taken that back, the host wakes one that sleeps on the
 *	bell; long sleeps are on it as well as on the sleeper's own word.  Who
 *	was rung looks for the dead, and reaps them; it looks again and again
 *	for a while, as the bell comes before the claim is gone.  One that dies
 *	before it has looked rings for the next.
 *
 *	The bell may be missed: nobody was on it at that moment, the thread's
 *	libc took its robust list for a mutex of the program, the host does not
 *	know futex_waitv().  So a long sleeper looks on its own, too, at
 *	intervals that grow to WATCH_MAX.  Who sleeps in a call of the host's
 *	cannot be rung, and looks every WATCH_HOST.  Looks are shared: none is
 *	needed when another's has just been.
 *
 *	Who looks also ends what is to end by itself at a time (a_expiry), as
 *	nothing in the kernel runs then.
 */
#ifndef RUMPKERN_DEATHWATCH_H
#define RUMPKERN_DEATHWATCH_H

#include "rumpkern/kern.h"

/* One long sleep. */
struct deathwatch {
	uint64_t dw_next;  /* when to look; monotonic */
	uint64_t dw_every; /* ns; 0: it has just begun */
};

/*
 * Sleep while *w is 0, at most ns (~0: ever), with an eye on the dying.  No
 * locks, no log.  As rumpuser_futex_wait(); 0 may be for nothing.
 */
int deathwatch_sleep(struct deathwatch *, uint32_t *w, uint64_t ns);
/* When to look for the dead who sleeps in the host; ~0: never. */
uint64_t deathwatch_next(void);
/* Reap those that died, if nobody has looked for half of `every'. */
void deathwatch_look(uint64_t every);
/* Something ends by itself then: tcp_expire() is called by who sleeps. */
void deathwatch_expire_at(uint64_t when);

#define WATCH_FIRST 20000000UL   /* sleeps shorter than that pay nothing */
#define WATCH_RUNG  1000000UL    /* the first look after the bell */
#define WATCH_MAX   4000000000UL /* the longest between two looks */
#define WATCH_HOST  250000000UL

#endif
