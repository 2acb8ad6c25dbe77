/* SPDX-License-Identifier: MIT */
/*
 * No violation is accepted without a reason that names who allowed it, and
 * that one did: a trusted network, an exception, unknown_tls, or the site that
 * does not enforce yet.
 */
#include <stddef.h>

#include "inputs.h"

static int
is_cipher_violation(void)
{
    switch (tlsfloor_policy_judge_cipher(in.service->cipher_profile, in.facts.suite)) {
    case TLSFLOOR_CIPHER_VIOLATION:
        return 1;
    case TLSFLOOR_CIPHER_WEAK:
        return in.service->weak_ciphers == TLSFLOOR_ANSWER_REJECT;
    case TLSFLOOR_CIPHER_UNKNOWN:
        return in.service->unknown_cipher == TLSFLOOR_ANSWER_REJECT;
    case TLSFLOOR_CIPHER_FINE:
        break;
    }
    return 0;
}

static int
is_violation(void)
{
    return in.facts.service != TLSFLOOR_SERVICE_NONE &&
           (in.facts.tls == TLSFLOOR_TLS_UNKNOWN || in.facts.tls < in.service->floor ||
            (in.facts.tls != TLSFLOOR_TLS_CLEARTEXT && is_cipher_violation()));
}

static int
is_enforced(void)
{
    int on = in.now >= in.service->rollout_from || answers.brownout;
    int bound = in.facts.user.state == TLSFLOOR_USER_NAMED
                    ? answers.bucket < in.service->rollout_percent
                    : in.service->rollout_percent > 0;

    return in.service->mode == TLSFLOOR_MODE_ENFORCE && on && bound;
}

/* 1 if whom the reason names allowed the session. */
static int
is_allowed(struct tlsfloor_decision decision)
{
    if (decision.action == TLSFLOOR_ACCEPT && decision.reason == TLSFLOOR_REASON_TRUSTED_NETWORK)
        return answers.trusted;
    if (decision.action == TLSFLOOR_ACCEPT && decision.reason == TLSFLOOR_REASON_EXCEPTION)
        return answers.legacy && in.lookup.result == TLSFLOOR_LOOKUP_FOUND &&
               decision.exception != NULL && decision.exception == in.lookup.exception &&
               answers.match == TLSFLOOR_MATCH_YES;
    if (in.facts.tls == TLSFLOOR_TLS_UNKNOWN && decision.reason == TLSFLOOR_REASON_UNKNOWN_TLS &&
        in.service->unknown_tls != TLSFLOOR_ANSWER_REJECT)
        return 1;
    return decision.action == TLSFLOOR_TAG && !is_enforced();
}

void
prove(void)
{
    struct tlsfloor_decision decision = decide();

    if (is_violation())
        ALWAYS(!lets_in(decision) || is_allowed(decision));
    else
        ALWAYS(lets_in(decision) && decision.reason != TLSFLOOR_REASON_EXCEPTION);
    ALWAYS((decision.exception != NULL) == (decision.reason == TLSFLOOR_REASON_EXCEPTION));

    REACHES(is_violation() && decision.reason == TLSFLOOR_REASON_TRUSTED_NETWORK);
    REACHES(is_violation() && decision.reason == TLSFLOOR_REASON_EXCEPTION);
    REACHES(is_violation() && decision.reason == TLSFLOOR_REASON_UNKNOWN_TLS);
    REACHES(is_violation() && decision.reason == TLSFLOOR_REASON_CIPHER && lets_in(decision));
    REACHES(is_violation() && !lets_in(decision));
    REACHES(!is_violation());
}
