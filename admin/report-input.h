/* SPDX-License-Identifier: MIT */
/*
 * From the logs that a command line names to a tally, for report and retire.
 */
#ifndef TLSFLOOR_REPORT_INPUT_H
#define TLSFLOOR_REPORT_INPUT_H

#include "tally.h"

/* What is judged by, and what the logs add up to. */
struct counted {
    struct judge judge;
    struct tally tally;
    int64_t now;
};

/*
 * Reads --at, -c or -S, and all logs that invocation names, the one that was
 * changed longest ago first. since: lines before then do not count; a negative
 * one is from now. Problems are reported; 0, or -1.
 */
int count_logs(const struct invocation *invocation, int64_t since, struct report *report,
               struct counted *counted_r);

void counted_free(struct counted *counted);

#endif
