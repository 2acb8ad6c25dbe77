/* SPDX-License-Identifier: MIT */
/*
 * Every decision is the one of the first step of the order of judgement
 * (doc/ARCHITECTURE.md) that applies: action, reason, rule, and the exception
 * that allowed it. The steps are written here once more, from that text.
 */
#include <stddef.h>

#include "inputs.h"

struct verdict {
    enum tlsfloor_action action;
    enum tlsfloor_reason reason;
    enum tlsfloor_rule rule;
};

static enum tlsfloor_rule
rule_of_ciphers(void)
{
    return in.service->cipher_profile == TLSFLOOR_PROFILE_RFC10015 ? TLSFLOOR_RULE_RFC10015
                                                                   : TLSFLOOR_RULE_RFC9325_4_1;
}

/* No TLS has no cipher suite; ciphers.c proves what each profile says of a suite. */
static enum tlsfloor_cipher_class
class_of_cipher(void)
{
    if (in.facts.tls == TLSFLOOR_TLS_CLEARTEXT || in.facts.tls == TLSFLOOR_TLS_UNKNOWN)
        return TLSFLOOR_CIPHER_FINE;
    return tlsfloor_policy_judge_cipher(in.service->cipher_profile, in.facts.suite);
}

/* Step 2, or what is wrong with the session, as a refusal. */
static struct verdict
finding(void)
{
    enum tlsfloor_cipher_class class = class_of_cipher();
    enum tlsfloor_tls tls = in.facts.tls;
    int weak = class == TLSFLOOR_CIPHER_WEAK, unknown = class == TLSFLOOR_CIPHER_UNKNOWN;

    if (tls == TLSFLOOR_TLS_UNKNOWN)
        return (struct verdict){TLSFLOOR_REFUSE, TLSFLOOR_REASON_UNKNOWN_TLS, TLSFLOOR_RULE_LOCAL};
    if (tls < in.service->floor && tls == TLSFLOOR_TLS_CLEARTEXT)
        return (struct verdict){TLSFLOOR_REFUSE, TLSFLOOR_REASON_CLEARTEXT,
                                TLSFLOOR_RULE_RFC8314_4_1};
    if (tls < in.service->floor)
        return (struct verdict){TLSFLOOR_REFUSE, TLSFLOOR_REASON_VERSION,
                                tls >= TLSFLOOR_TLS_1_2 ? TLSFLOOR_RULE_LOCAL
                                                        : TLSFLOOR_RULE_RFC8997};
    if (class == TLSFLOOR_CIPHER_VIOLATION ||
        (weak && in.service->weak_ciphers == TLSFLOOR_ANSWER_REJECT))
        return (struct verdict){TLSFLOOR_REFUSE, TLSFLOOR_REASON_CIPHER, rule_of_ciphers()};
    if (unknown)
        return (struct verdict){
            in.service->unknown_cipher == TLSFLOOR_ANSWER_REJECT ? TLSFLOOR_REFUSE : TLSFLOOR_TAG,
            TLSFLOOR_REASON_UNKNOWN_CIPHER, TLSFLOOR_RULE_LOCAL};
    if (weak)
        return (struct verdict){TLSFLOOR_TAG, TLSFLOOR_REASON_WEAK_CIPHER, rule_of_ciphers()};
    return (struct verdict){TLSFLOOR_ACCEPT, TLSFLOOR_REASON_COMPLIANT,
                            tls >= TLSFLOOR_TLS_1_2 ? TLSFLOOR_RULE_RFC8997 : TLSFLOOR_RULE_LOCAL};
}

static int
exception_applies(void)
{
    return answers.legacy && in.lookup.result == TLSFLOOR_LOOKUP_FOUND &&
           in.lookup.exception != NULL && answers.match == TLSFLOOR_MATCH_YES;
}

/* Until the user is named, the rollout binds somebody unless it is at 0 percent. */
static int
rollout_binds(void)
{
    int time = in.now >= in.service->rollout_from || answers.brownout;
    unsigned bucket = in.facts.user.state == TLSFLOOR_USER_NAMED ? answers.bucket : 0;

    return time && bucket < in.service->rollout_percent;
}

/* Step 5, from a on; the action is what becomes of the refusal. */
static struct verdict
violation(struct verdict found)
{
    int partial = in.service->rollout_percent != 0 && in.service->rollout_percent != 100;
    int could_apply = answers.legacy && in.lookup.may_cover;

    if (exception_applies())
        return (struct verdict){TLSFLOOR_ACCEPT, TLSFLOOR_REASON_EXCEPTION,
                                TLSFLOOR_RULE_RFC8314_4_1};
    if (in.service->mode != TLSFLOOR_MODE_ENFORCE || !rollout_binds())
        found.action = TLSFLOOR_TAG;
    else if (in.lookup.result == TLSFLOOR_LOOKUP_ERROR && could_apply)
        return (struct verdict){TLSFLOOR_DEFER, TLSFLOOR_REASON_STORE_ERROR, TLSFLOOR_RULE_LOCAL};
    else if (in.facts.user.state == TLSFLOOR_USER_NOT_YET && (partial || could_apply))
        found.action = TLSFLOOR_UNDECIDED;
    else if (partial || answers.brownout)
        found.action = TLSFLOOR_DEFER;
    return found;
}

static struct verdict
expected(void)
{
    struct verdict found = finding();

    if (in.facts.service == TLSFLOOR_SERVICE_NONE)
        return (struct verdict){TLSFLOOR_ACCEPT, TLSFLOOR_REASON_NOT_SUBJECT, TLSFLOOR_RULE_LOCAL};
    if (found.action != TLSFLOOR_REFUSE)
        return found;
    if (answers.trusted)
        return (struct verdict){TLSFLOOR_ACCEPT, TLSFLOOR_REASON_TRUSTED_NETWORK,
                                TLSFLOOR_RULE_LOCAL};
    if (in.facts.tls == TLSFLOOR_TLS_UNKNOWN && in.service->unknown_tls != TLSFLOOR_ANSWER_REJECT) {
        found.action =
            in.service->unknown_tls == TLSFLOOR_ANSWER_TAG ? TLSFLOOR_TAG : TLSFLOOR_ACCEPT;
        return found;
    }
    return violation(found);
}

void
prove(void)
{
    struct tlsfloor_decision decision = decide();
    struct verdict want = expected();

    ALWAYS(decision.action == want.action);
    ALWAYS(decision.reason == want.reason);
    ALWAYS(decision.rule == want.rule);
    ALWAYS(decision.floor == in.service->floor);
    ALWAYS(decision.mode == in.service->mode);
    ALWAYS(decision.exception ==
           (want.reason == TLSFLOOR_REASON_EXCEPTION ? in.lookup.exception : NULL));

    REACHES(decision.action == TLSFLOOR_REFUSE);
    REACHES(decision.action == TLSFLOOR_DEFER && decision.reason != TLSFLOOR_REASON_STORE_ERROR);
    REACHES(decision.action == TLSFLOOR_UNDECIDED);
    REACHES(decision.action == TLSFLOOR_TAG);
    REACHES(decision.action == TLSFLOOR_ACCEPT);
    REACHES(decision.reason == TLSFLOOR_REASON_STORE_ERROR);
    REACHES(decision.reason == TLSFLOOR_REASON_NOT_SUBJECT);
    REACHES(decision.reason == TLSFLOOR_REASON_COMPLIANT);
    REACHES(decision.reason == TLSFLOOR_REASON_WEAK_CIPHER);
    REACHES(decision.reason == TLSFLOOR_REASON_TRUSTED_NETWORK);
    REACHES(decision.reason == TLSFLOOR_REASON_UNKNOWN_TLS);
    REACHES(decision.reason == TLSFLOOR_REASON_CLEARTEXT);
    REACHES(decision.reason == TLSFLOOR_REASON_VERSION);
    REACHES(decision.reason == TLSFLOOR_REASON_CIPHER);
    REACHES(decision.reason == TLSFLOOR_REASON_UNKNOWN_CIPHER);
    REACHES(decision.reason == TLSFLOOR_REASON_EXCEPTION);
}
