/* SPDX-License-Identifier: MIT */
/*
 * Of a process the CPU time is taken, as a whole: the dynamic linker and the
 * pages that are touched belong to it, and waiting for a processor does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "timing.h"

#define STARTS 101

static double
read_clock(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

double
bench_seconds(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

double
bench_cpu_seconds(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static int
compare(const void *a, const void *b)
{
    const double *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

double
bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof(values[0]), compare);
    return values[count / 2];
}

static double
milliseconds(struct timeval time)
{
    return (double)time.tv_sec * 1e3 + (double)time.tv_usec / 1e3;
}

static double
run(const char *program, const char *path)
{
    pid_t pid = fork();
    struct rusage usage;
    int status;

    if (pid == 0) {
        execl(program, program, "-", path, (char *)NULL);
        _exit(2);
    }
    if (pid < 0 || wait4(pid, &status, 0, &usage) != pid || status != 0) {
        perror(program);
        exit(2);
    }
    return milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
}

double
bench_start(const char *program, const char *path, double *control_r)
{
    double more[STARTS], control[STARTS];

    for (size_t i = 0; i < STARTS; i++) {
        double with = run(program, path), without = run(program, NULL);

        more[i] = with - without;
        control[i] = run(program, NULL) - without;
    }
    if (control_r != NULL)
        *control_r = bench_median(control, STARTS);
    return bench_median(more, STARTS);
}
