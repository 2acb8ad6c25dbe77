/* SPDX-License-Identifier: MIT */
/*
 * Dates both ways: leap years, the ends of the range, every day of 1970 to
 * 2400 counted one by one, and everything that only looks like a date.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "time-text.h"

#define PIECE(literal)               \
    {                                \
        literal, sizeof(literal) - 1 \
    }
#define COUNT(table) (sizeof(table) / sizeof(table[0]))

/* In memory of exactly its size. */
static int
parse(int (*parser)(struct tlsfloor_text, int64_t *), struct tlsfloor_text text, int64_t *seconds_r)
{
    char *data = malloc(text.size == 0 ? 1 : text.size);
    int result;

    assert_non_null(data);
    if (text.size > 0)
        memcpy(data, text.data, text.size);
    result = parser((struct tlsfloor_text){text.data == NULL ? NULL : data, text.size}, seconds_r);
    free(data);
    return result;
}

static void
test_dates(void **state)
{
    static const struct {
        const char *text;
        int64_t want; /* date -u -d TEXT +%s */
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-02", 86400},
        {"1972-02-29", 68169600},
        {"1999-12-31", 946598400},
        {"2000-02-29", 951782400},
        {"2000-03-01", 951868800},
        {"2026-07-01", 1782864000},
        {"2027-03-31", 1806451200},
        {"2038-01-20", 2147558400},
        {"2100-02-28", 4107456000},
        {"2100-03-01", 4107542400},
        {"2400-02-29", 13574563200},
        {"9999-12-31", 253402214400},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t seconds = -1;
        char text[11];

        if (parse(tlsfloor_date_parse, tlsfloor_text_from(cases[i].text), &seconds) != 0 ||
            seconds != cases[i].want)
            fail_msg("%s: %jd", cases[i].text, (intmax_t)seconds);
        tlsfloor_date_format(seconds, text);
        assert_string_equal(text, cases[i].text);
        tlsfloor_date_format(seconds + TLSFLOOR_DAY - 1, text);
        assert_string_equal(text, cases[i].text);
        tlsfloor_date_format(seconds + TLSFLOOR_DAY, text);
        assert_string_not_equal(text, cases[i].text);
    }
}

static int
days_in_month(int year, int month)
{
    switch (month) {
    case 2:
        return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
    case 4:
    case 6:
    case 9:
    case 11:
        return 30;
    default:
        return 31;
    }
}

/* Counts the days from 1970 on; the day behind the last of each month is none. */
static void
test_every_day(void **state)
{
    int64_t want = 0, seconds;
    char text[48], back[11];

    (void)state;
    for (int year = 1970; year <= 2400; year++) {
        for (int month = 1; month <= 12; month++) {
            int last = days_in_month(year, month);

            for (int day = 1; day <= last; day++, want += TLSFLOOR_DAY) {
                snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, day);
                assert_int_equal(tlsfloor_date_parse(tlsfloor_text_from(text), &seconds), 0);
                assert_true(seconds == want);
                tlsfloor_date_format(seconds, back);
                assert_string_equal(back, text);
            }
            snprintf(text, sizeof(text), "%04d-%02d-%02d", year, month, last + 1);
            assert_int_equal(tlsfloor_date_parse(tlsfloor_text_from(text), &seconds), -1);
        }
    }
}

static void
test_before_1970(void **state)
{
    static const struct {
        int64_t seconds;
        const char *want;
    } cases[] = {
        {-1, "1969-12-31"},          {-86400, "1969-12-31"},      {-86401, "1969-12-30"},
        {-2203891200, "1900-03-01"}, {-2203891201, "1900-02-28"},
    };
    char text[11];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        tlsfloor_date_format(cases[i].seconds, text);
        assert_string_equal(text, cases[i].want);
    }
}

/* However far out, the text stays in its eleven bytes. */
static void
test_format_extremes(void **state)
{
    static const int64_t extremes[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX - 1, INT64_MAX,
                                       INT64_C(253402300800)};
    char text[12];

    (void)state;
    for (size_t i = 0; i < COUNT(extremes); i++) {
        memset(text, '!', sizeof(text));
        tlsfloor_date_format(extremes[i], text);
        assert_int_equal(strnlen(text, 11), 10);
        assert_int_equal(text[11], '!');
    }
}

static void
test_no_dates(void **state)
{
    static const struct tlsfloor_text cases[] = {
        {NULL, 0},
        PIECE(""),
        PIECE("2"),
        PIECE("2027"),
        PIECE("2027-03"),
        PIECE("2027-03-3"),
        PIECE("2027-03-311"),
        PIECE("2027-3-31"),
        PIECE("027-03-31"),
        PIECE("02027-03-1"),
        PIECE("2027/03/31"),
        PIECE("2027-03/31"),
        PIECE("2027.03-31"),
        PIECE("31.03.2027"),
        PIECE("31-03-2027"),
        PIECE("20270331"),
        PIECE("2027-00-10"),
        PIECE("2027-13-10"),
        PIECE("2027-01-00"),
        PIECE("2027-01-32"),
        PIECE("2027-02-29"),
        PIECE("2028-02-30"),
        PIECE("2100-02-29"),
        PIECE("2027-04-31"),
        PIECE("2027-06-31"),
        PIECE("2027-09-31"),
        PIECE("2027-11-31"),
        PIECE("1969-12-31"),
        PIECE("0000-01-01"),
        PIECE("-001-01-01"),
        PIECE("2027--3-31"),
        PIECE("2027-+3-31"),
        PIECE("2027- 3-31"),
        PIECE(" 2027-03-3"),
        PIECE("2027-03-31 "),
        PIECE("2027-03-31\n"),
        PIECE("2027-03-31\0"),
        PIECE("2027-03-3\0"),
        PIECE("2027-03-3a"),
        PIECE("2027-03-3\xb1"),
        PIECE("never"),
        PIECE("2027-03-31T00:00Z"),
    };
    int64_t seconds;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (parse(tlsfloor_date_parse, cases[i], &seconds) != -1)
            fail_msg("case %zu: %.*s", i, (int)cases[i].size, cases[i].data);
    }
}

static void
test_times(void **state)
{
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00Z", 0},
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:01Z", 1},
        {"2027-03-31", 1806451200},
        {"2027-03-31T00:01Z", 1806451260},
        {"2027-03-31T09:30Z", 1806485400},
        {"2027-03-31T09:30:00Z", 1806485400},
        {"2027-03-31T23:59Z", 1806537540},
        {"2027-03-31T23:59:59Z", 1806537599},
        {"9999-12-31T23:59:59Z", 253402300799},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int64_t seconds = -1;

        if (parse(tlsfloor_time_parse, tlsfloor_text_from(cases[i].text), &seconds) != 0 ||
            seconds != cases[i].want)
            fail_msg("%s: %jd", cases[i].text, (intmax_t)seconds);
    }
}

static void
test_no_times(void **state)
{
    static const struct tlsfloor_text cases[] = {
        {NULL, 0},
        PIECE(""),
        PIECE("09:30"),
        PIECE("2027-03-31T"),
        PIECE("2027-03-31Z"),
        PIECE("2027-03-31T09Z"),
        PIECE("2027-03-31T09:30"),
        PIECE("2027-03-31T09:3Z"),
        PIECE("2027-03-31T9:30Z"),
        PIECE("2027-03-31T09:30z"),
        PIECE("2027-03-31t09:30Z"),
        PIECE("2027-03-31 09:30Z"),
        PIECE("2027-03-31T09.30Z"),
        PIECE("2027-03-31T0930Z."),
        PIECE("2027-03-31T24:00Z"),
        PIECE("2027-03-31T23:60Z"),
        PIECE("2027-03-31T23:59:60Z"),
        PIECE("2027-03-31T23:59:5Z"),
        PIECE("2027-03-31T23:59.59Z"),
        PIECE("2027-03-31T23:59:59"),
        PIECE("2027-03-31T23:59:59+"),
        PIECE("2027-03-31T23:59:59Z "),
        PIECE("2027-03-31T23:59:59.0Z"),
        PIECE("2027-03-31T09:30+01:00"),
        PIECE("2027-03-31T-9:30Z"),
        PIECE("2027-03-31T09:-1Z"),
        PIECE("2027-03-31T09:30\0"),
        PIECE("2027-02-29T09:30Z"),
        PIECE("1969-12-31T23:59Z"),
    };
    int64_t seconds;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (parse(tlsfloor_time_parse, cases[i], &seconds) != -1)
            fail_msg("case %zu: %.*s", i, (int)cases[i].size, cases[i].data);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),       cmocka_unit_test(test_every_day),
        cmocka_unit_test(test_before_1970), cmocka_unit_test(test_format_extremes),
        cmocka_unit_test(test_no_dates),    cmocka_unit_test(test_times),
        cmocka_unit_test(test_no_times),
    };

    return cmocka_run_group_tests_name("time-text", tests, NULL, NULL);
}
