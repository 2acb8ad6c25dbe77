/* SPDX-License-Identifier: MIT */
/*
 * Everything else equal, a newer TLS version never turns an acceptance into
 * anything worse; and what an exception accepts at one version with a suite it
 * accepts at every newer version with that suite.
 */
#include "inputs.h"

/* Refused, not yet decided, accepted. */
static int
rank(struct tlsfloor_decision decision)
{
    if (decision.action == TLSFLOOR_REFUSE || decision.action == TLSFLOOR_DEFER)
        return 0;
    return decision.action == TLSFLOOR_UNDECIDED ? 1 : 2;
}

static int
is_by_exception_or_by_right(struct tlsfloor_decision decision)
{
    return lets_in(decision) && (decision.reason == TLSFLOOR_REASON_EXCEPTION ||
                                 decision.reason == TLSFLOOR_REASON_COMPLIANT ||
                                 decision.reason == TLSFLOOR_REASON_WEAK_CIPHER ||
                                 decision.reason == TLSFLOOR_REASON_UNKNOWN_CIPHER);
}

void
prove(void)
{
    enum tlsfloor_tls older = any_version(), newer = any_version();
    struct tlsfloor_decision before, after;
    int fine = tlsfloor_policy_judge_cipher(in.service->cipher_profile, in.facts.suite) ==
               TLSFLOOR_CIPHER_FINE;

    /* UNKNOWN is on no scale; no TLS has no suite, so it compares with a suite that is fine. */
    ASSUME(older != TLSFLOOR_TLS_UNKNOWN && older < newer);
    in.facts.tls = older;
    before = decide();
    in.facts.tls = newer;
    after = decide();

    ALWAYS(rank(before) <= rank(after) || (older == TLSFLOOR_TLS_CLEARTEXT && !fine));
    ALWAYS(before.reason != TLSFLOOR_REASON_EXCEPTION || is_by_exception_or_by_right(after));

    REACHES(rank(before) == 0 && rank(after) == 2);
    REACHES(older == TLSFLOOR_TLS_CLEARTEXT && fine && lets_in(before) && lets_in(after));
    REACHES(before.reason == TLSFLOOR_REASON_EXCEPTION &&
            after.reason == TLSFLOOR_REASON_EXCEPTION && newer == TLSFLOOR_TLS_1_3);
    REACHES(before.reason == TLSFLOOR_REASON_EXCEPTION &&
            after.reason == TLSFLOOR_REASON_COMPLIANT);
}
