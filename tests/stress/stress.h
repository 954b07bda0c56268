/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stress: the load of the stress tests, and their TAP.
 */
#ifndef TESTS_STRESS_H
#define TESTS_STRESS_H

#include <stdbool.h>
#include <stdint.h>

#define STRESS_NAMES 12 /* names that all fight for */

/* Boot, and make the directory all work in. */
void stress_boot(void);
/*
 * n random calls in the proc of the calling thread.  false: some call failed
 * with an errno that nothing here can cause.
 */
bool stress_work(uint64_t seed, int n);
/* Remove what is left, check; true: nothing is out that was not at boot. */
bool stress_clean(void);

bool tap_ok(bool ok, const char *what);

#endif
