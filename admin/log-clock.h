/* SPDX-License-Identifier: MIT */
/*
 * Stamps of a log to seconds. What has no zone is the local time of this
 * machine ($TZ). What has no year (RFC 3164) is of the latest year that the
 * first line of a file can have by the file's last change, and from there on
 * never more than half a year from the line before: so the new year is found,
 * and lines around it may change places.
 */
#ifndef TLSFLOOR_LOG_CLOCK_H
#define TLSFLOOR_LOG_CLOCK_H

#include <stdint.h>

#include "log-line.h"

struct log_clock {
    int64_t changed; /* the input's last change; no line can be of two days later */
    int year, month; /* of the line before; year 0: there is none */
    int hour[4];     /* year, month, day and hour that were asked last, and what they begin with */
    int64_t seconds;
};

/* Begins another input. changed: its last change, seconds since 1970; year: of its first line. */
void log_clock_begin(struct log_clock *clock, int64_t changed, int year);

/*
 * 0; -1: no such time, or it has no year and would be later than the input's
 * last change, because the input spans more than a year or was touched.
 */
int log_clock_seconds(struct log_clock *clock, const struct tlsfloor_stamp *stamp,
                      int64_t *seconds_r);

#endif
