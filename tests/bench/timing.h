/* SPDX-License-Identifier: MIT */
/*
 * Time, medians, and what a new process costs.
 */
#ifndef TLSFLOOR_BENCH_TIMING_H
#define TLSFLOOR_BENCH_TIMING_H

#include <stddef.h>

/* Of a clock that only goes on; and what this process has had of a processor. */
double bench_seconds(void);
double bench_cpu_seconds(void);

/* Sorts the values; of an even number the larger of the middle ones. */
double bench_median(double *values, size_t count);

/*
 * CPU milliseconds that "PROGRAM - PATH" takes more than "PROGRAM -", each in a
 * new process, in turn: the median of the differences. In control_r, if it is
 * not NULL, what a second "PROGRAM -" differs by. Ends this process if one of
 * them fails.
 */
double bench_start(const char *program, const char *path, double *control_r);

#endif
