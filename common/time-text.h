/* SPDX-License-Identifier: MIT */
/*
 * Dates and times as text, always UTC (proleptic Gregorian), without the C
 * library's time zone.
 */
#ifndef TLSFLOOR_TIME_TEXT_H
#define TLSFLOOR_TIME_TEXT_H

#include <stdint.h>

#include "text.h"

#define TLSFLOOR_DAY INT64_C(86400)

/* "2027-03-31" (years 1970..9999) to its first second. 0, or -1: not a date. */
int tlsfloor_date_parse(struct tlsfloor_text text, int64_t *seconds_r);

/* The date of that second; 11 bytes with the final NUL. */
void tlsfloor_date_format(int64_t seconds, char text_r[11]);

/*
 * "2027-03-31", "2027-03-31T09:30Z" or "2027-03-31T09:30:00Z" to seconds.
 * 0, or -1: not a time.
 */
int tlsfloor_time_parse(struct tlsfloor_text text, int64_t *seconds_r);

#endif
