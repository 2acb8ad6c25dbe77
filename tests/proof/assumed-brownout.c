/* SPDX-License-Identifier: MIT */
/*
 * In place of in_brownout() of policy.c: any answer. brownout.c proves the
 * real one.
 */
#include "inputs.h"

/* How goto-cc calls a static function of policy.c. */
int __CPROVER_file_local_policy_c_in_brownout(const struct tlsfloor_service_policy *policy,
                                              int64_t now);

int
__CPROVER_file_local_policy_c_in_brownout(const struct tlsfloor_service_policy *policy, int64_t now)
{
    ALWAYS(policy == in.service && now == in.now);
    return answers.brownout;
}
