/* SPDX-License-Identifier: MIT */
/*
 * The C library knows the time zone; it is asked once for each hour of a log.
 */
#include <string.h>
#include <time.h>

#include "log-clock.h"
#include "time-text.h"

#define HALF_A_YEAR 6 /* months */
#define GRACE (2 * TLSFLOOR_DAY)

void
log_clock_begin(struct log_clock *clock, int64_t changed, int year)
{
    memset(clock, 0, sizeof(*clock));
    clock->changed = changed;
    clock->year = year;
}

/* When that hour of that year began. 0, or -1: there is no such day. */
static int
begin_of_hour(const struct tlsfloor_stamp *stamp, int year, int64_t *seconds_r)
{
    struct tm tm = {.tm_year = year - 1900,
                    .tm_mon = stamp->month - 1,
                    .tm_mday = stamp->day,
                    .tm_hour = stamp->hour,
                    .tm_isdst = -1};

    *seconds_r = stamp->zone == TLSFLOOR_STAMP_OFFSET ? timegm(&tm) : mktime(&tm);
    return tm.tm_mon == stamp->month - 1 && *seconds_r >= 0 ? 0 : -1;
}

static int
seconds_in(struct log_clock *clock, const struct tlsfloor_stamp *stamp, int year,
           int64_t *seconds_r)
{
    const int hour[4] = {year, stamp->month, stamp->day, stamp->hour};

    if (stamp->zone == TLSFLOOR_STAMP_OFFSET || memcmp(hour, clock->hour, sizeof(hour)) != 0) {
        clock->hour[0] = 0;
        if (begin_of_hour(stamp, year, &clock->seconds) != 0)
            return -1;
        if (stamp->zone == TLSFLOOR_STAMP_LOCAL)
            memcpy(clock->hour, hour, sizeof(hour));
    }
    *seconds_r = clock->seconds + stamp->minute * 60 + stamp->second - stamp->offset;
    return 0;
}

/* The latest year in which that time is not after the last change. */
static int
first_year(struct log_clock *clock, const struct tlsfloor_stamp *stamp)
{
    char date[11];
    int64_t seconds;
    int year;

    tlsfloor_date_format(clock->changed + TLSFLOOR_DAY, date);
    year = (date[0] - '0') * 1000 + (date[1] - '0') * 100 + (date[2] - '0') * 10 + date[3] - '0';
    /* The next leap year can be eight years away. */
    for (int i = 0; i < 8; i++, year--) {
        if (seconds_in(clock, stamp, year, &seconds) == 0 &&
            seconds <= clock->changed + TLSFLOOR_DAY)
            break;
    }
    return year;
}

int
log_clock_seconds(struct log_clock *clock, const struct tlsfloor_stamp *stamp, int64_t *seconds_r)
{
    int year = clock->year;

    if (stamp->year != 0)
        return seconds_in(clock, stamp, stamp->year, seconds_r);
    if (year == 0)
        year = first_year(clock, stamp);
    else if (clock->month != 0 && stamp->month - clock->month > HALF_A_YEAR)
        year--;
    else if (clock->month != 0 && clock->month - stamp->month > HALF_A_YEAR)
        year++;
    if (seconds_in(clock, stamp, year, seconds_r) != 0 || *seconds_r > clock->changed + GRACE)
        return -1;
    clock->year = year;
    clock->month = stamp->month;
    return 0;
}
