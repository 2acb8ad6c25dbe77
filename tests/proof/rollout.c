/* SPDX-License-Identifier: MIT */
/*
 * Who is refused at some percentage of the rollout is so at every higher one;
 * at 0 percent nobody is, at 100 percent the bucket of a user counts for nothing.
 */
#include "inputs.h"

unsigned nondet_unsigned(void);

void
prove(void)
{
    unsigned higher = nondet_unsigned(), other_bucket = nondet_unsigned();
    struct tlsfloor_decision before = decide(), after, other;

    ALWAYS(in.service->rollout_percent > 0 || lets_in(before));
    ASSUME(higher >= in.service->rollout_percent && higher <= 100 && other_bucket < 100);
    in.service->rollout_percent = higher;
    after = decide();
    ALWAYS(lets_in(before) || !lets_in(after));
    answers.bucket = other_bucket;
    other = decide();
    ALWAYS(higher < 100 || (after.action == other.action && after.reason == other.reason));

    REACHES(lets_in(before) && !lets_in(after));
    REACHES(higher < 100 && lets_in(after) != lets_in(other));
    REACHES(higher == 100 && after.action == TLSFLOOR_REFUSE);
}
