/* SPDX-License-Identifier: MIT */
/*
 * A time is in a brown-out exactly if one of the windows has its weekday and
 * its minute, in UTC. For up to WINDOWS windows, and for the first and the last
 * second of each day of a week and of each hour of its Sunday, which CBMC gets
 * as constants: chains of 64-bit divisions are too much for its solver. All
 * seconds of a week are in tests/unit/test-policy.c, and any time in times.c.
 */
#include <stddef.h>

#include "inputs.h"

#define DAY INT64_C(86400)
#define HOUR INT64_C(3600)
#define WINDOWS 2

int __CPROVER_file_local_policy_c_in_brownout(const struct tlsfloor_service_policy *policy,
                                              int64_t now);
struct tlsfloor_window nondet_window(void);
size_t nondet_size(void);

static struct tlsfloor_service_policy policy;

static void
any_windows(void)
{
    policy.brownout_count = nondet_size();
    ASSUME(policy.brownout_count <= WINDOWS);
    for (size_t i = 0; i < WINDOWS; i++) {
        policy.brownout[i] = nondet_window();
        ASSUME(policy.brownout[i].start < policy.brownout[i].end && policy.brownout[i].end <= 1440);
    }
}

static int
is_in_a_window(unsigned day, unsigned minute)
{
    int found = 0;

    for (size_t i = 0; i < WINDOWS; i++)
        found |= i < policy.brownout_count && (policy.brownout[i].days >> day & 1) &&
                 policy.brownout[i].start <= minute && policy.brownout[i].end > minute;
    return found;
}

static void
prove_time(int64_t now, unsigned day, unsigned minute)
{
    int got = __CPROVER_file_local_policy_c_in_brownout(&policy, now);

    ALWAYS(got == is_in_a_window(day, minute));
    REACHES(got && policy.brownout_count == WINDOWS);
    REACHES(!got && policy.brownout_count == WINDOWS);
}

int
main(void)
{
    /* 1970-01-01 was a Thursday. */
    const int64_t sunday = -4 * DAY;

    any_windows();
    for (unsigned day = 0; day < 7; day++) {
        prove_time(sunday + day * DAY, day, 0);
        prove_time(sunday + day * DAY + DAY - 1, day, 1439);
    }
    for (unsigned hour = 0; hour < 24; hour++) {
        prove_time(sunday + hour * HOUR, 0, hour * 60);
        prove_time(sunday + hour * HOUR + HOUR - 1, 0, hour * 60 + 59);
    }
}
