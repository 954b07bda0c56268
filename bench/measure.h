/* SPDX-License-Identifier: BSD-2-Clause */
/* measure: the clock and the arithmetic of the benchmark. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdint.h>

#define ROUNDS_MAX 101

uint64_t now_ns(void);
/* Sorts v. */
double median(double *v, int n);
/* Say what failed, with errno, and end the program. */
_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
