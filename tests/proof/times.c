/* SPDX-License-Identifier: MIT */
/*
 * To ask whether a time is in a brown-out has no undefined behaviour, whatever
 * the time and the windows, all of them; and the answer is no but where a
 * window has some day and minute.
 */
#include <stddef.h>

#include "inputs.h"

int __CPROVER_file_local_policy_c_in_brownout(const struct tlsfloor_service_policy *policy,
                                              int64_t now);
struct tlsfloor_service_policy nondet_policy(void);
int64_t nondet_time(void);

int
main(void)
{
    struct tlsfloor_service_policy policy = nondet_policy();
    int64_t now = nondet_time();
    unsigned days = 0;
    int got;

    ASSUME(policy.brownout_count <= TLSFLOOR_WINDOWS);
    for (size_t i = 0; i < policy.brownout_count; i++)
        days |= policy.brownout[i].days;
    got = __CPROVER_file_local_policy_c_in_brownout(&policy, now);

    ALWAYS(got == 0 || got == 1);
    ALWAYS(!got || (days & 0x7f) != 0);
    REACHES(got && now < 0);
    REACHES(got && now > 0 && policy.brownout_count == TLSFLOOR_WINDOWS);
    REACHES(!got && policy.brownout_count == TLSFLOOR_WINDOWS);
}
