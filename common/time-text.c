/* SPDX-License-Identifier: MIT */
/*
 * Dates by arithmetic: days are counted from 1970-01-01, years begin in March
 * so that the leap day is the last of its year.
 */
#include <stdio.h>

#include "time-text.h"

static int64_t
days_from_date(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * 146097 + day_of_era - 719468;
}

static int
days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* Reads exactly count digits at position, or gives -1. */
static int
digits(struct tlsfloor_text text, size_t position, size_t count)
{
    int number = 0;

    if (position + count > text.size)
        return -1;
    for (size_t i = position; i < position + count; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        number = number * 10 + (text.data[i] - '0');
    }
    return number;
}

int
tlsfloor_date_parse(struct tlsfloor_text text, int64_t *seconds_r)
{
    int year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);

    if (text.size != 10 || text.data[4] != '-' || text.data[7] != '-')
        return -1;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return -1;
    *seconds_r = days_from_date(year, month, day) * TLSFLOOR_DAY;
    return 0;
}

void
tlsfloor_date_format(int64_t seconds, char text_r[11])
{
    int64_t days = seconds / TLSFLOOR_DAY - (seconds % TLSFLOOR_DAY < 0) + 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    unsigned day = (unsigned)(day_of_year - (153 * march_month + 2) / 5 + 1);
    unsigned month = (unsigned)(march_month < 10 ? march_month + 3 : march_month - 9);
    unsigned year = (unsigned)(year_of_era + era * 400 + (month <= 2));

    snprintf(text_r, 11, "%04u-%02u-%02u", year % 10000, month % 100, day % 100);
}

int
tlsfloor_time_parse(struct tlsfloor_text text, int64_t *seconds_r)
{
    struct tlsfloor_text date = {text.data, text.size < 10 ? text.size : 10};
    int hour, minute, second = 0;

    if (tlsfloor_date_parse(date, seconds_r) != 0)
        return -1;
    if (text.size == 10)
        return 0;
    hour = digits(text, 11, 2);
    minute = digits(text, 14, 2);
    if ((text.size != 17 && text.size != 20) || text.data[10] != 'T' || text.data[13] != ':' ||
        text.data[text.size - 1] != 'Z')
        return -1;
    if (text.size == 20)
        second = text.data[16] == ':' ? digits(text, 17, 2) : -1;
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return -1;
    *seconds_r += hour * 3600 + minute * 60 + second;
    return 0;
}
