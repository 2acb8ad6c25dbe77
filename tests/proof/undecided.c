/* SPDX-License-Identifier: MIT */
/*
 * UNDECIDED exists only while a later moment will name the user; for now is
 * refused only during a rollout, or when the store cannot be read; and where
 * tlsfloor_policy_asks_store() says no, whatever the store says counts for
 * nothing.
 */
#include <stddef.h>

#include "inputs.h"

struct tlsfloor_lookup nondet_lookup(void);

static int
is_same(struct tlsfloor_decision a, struct tlsfloor_decision b)
{
    return a.action == b.action && a.reason == b.reason && a.rule == b.rule && a.floor == b.floor &&
           a.mode == b.mode && a.exception == b.exception;
}

void
prove(void)
{
    int asks = tlsfloor_policy_asks_store(&in.policy, &in.facts);
    struct tlsfloor_decision decision = decide(), other;
    int rollout = in.service->rollout_percent < 100 || answers.brownout;

    ALWAYS(decision.action != TLSFLOOR_UNDECIDED || in.facts.user.state == TLSFLOOR_USER_NOT_YET);
    ALWAYS(decision.action != TLSFLOOR_DEFER || rollout ||
           (decision.reason == TLSFLOOR_REASON_STORE_ERROR &&
            in.lookup.result == TLSFLOOR_LOOKUP_ERROR));
    REACHES(decision.action == TLSFLOOR_UNDECIDED);
    REACHES(decision.action == TLSFLOOR_DEFER && !rollout);

    in.lookup = nondet_lookup();
    ASSUME_ENUM(in.lookup.result, TLSFLOOR_LOOKUP_FOUND);
    ASSUME(in.lookup.may_cover == 0 || in.lookup.may_cover == 1);
    in.lookup.exception = any_answer() ? &in.exception : NULL;
    other = decide();
    ALWAYS(asks || is_same(decision, other));
    REACHES(!asks && decision.action == TLSFLOOR_REFUSE);
    REACHES(asks && !is_same(decision, other));
}
