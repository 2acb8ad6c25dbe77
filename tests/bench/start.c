/* SPDX-License-Identifier: MIT */
/*
 * What CPU loading the applied policy costs a new process, beside one that loads
 * nothing: milliseconds, the median of many; and what two that load nothing
 * differ by.
 *
 *   start DIR     of the applied state
 */
#include <stdio.h>
#include <string.h>

#include "state.h"
#include "timing.h"

/* 0, or 2: it cannot be loaded. */
static int
load(const char *directory)
{
    char error[TLSFLOOR_ERROR_TEXT];
    struct stat identity;
    struct tlsfloor_policy *policy = tlsfloor_state_load(directory, &identity, error);

    if (policy == NULL) {
        fprintf(stderr, "%s\n", error);
        return 2;
    }
    tlsfloor_policy_free(policy);
    return 0;
}

int
main(int argc, char **argv)
{
    double more, control;

    if (argc > 1 && strcmp(argv[1], "-") == 0)
        return argc > 2 ? load(argv[2]) : 0;
    if (argc != 2)
        return 2;
    more = bench_start(argv[0], argv[1], &control);
    printf("%.4f %.4f\n", more, control);
    return 0;
}
