/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shared: deaths in calls on files that other processes have open as well:
 * these must find them whole, and with them closed nothing may be left.
 */
#ifndef TESTS_CRASH_SHARED_H
#define TESTS_CRASH_SHARED_H

#include <stdbool.h>

struct sharedcall {
	const char *sc_name;
	void (*sc_fn)(void);
};

struct shared {
	/* The files, in the table of pid 1; close all of them. */
	void (*sh_setup)(void);
	void (*sh_teardown)(void);
	bool (*sh_whole)(void); /* says what is wrong */
	/* What dies; the end of it has no name. */
	const struct sharedcall *sh_calls;
	void (*sh_first)(void); /* one that makes what is made once */
	bool sh_names;          /* it makes names: the root's index grows */
};

/* usage: PROGRAM [NAME]	only the call of this name */
int shared_main(const struct shared *, int argc, char **argv);

#endif
