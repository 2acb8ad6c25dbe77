/* SPDX-License-Identifier: MIT */
/*
 * The decision. Follows the order of judgement of doc/ARCHITECTURE.md from top
 * to bottom; whatever falls through is refused.
 */
#include <stddef.h>

#include "hash.h"
#include "policy.h"
#include "time-text.h"

#define MINUTE 60
#define WEEK (7 * TLSFLOOR_DAY)

/* Everything that the steps of one judgement look at. */
struct judgement {
    const struct tlsfloor_service_policy *policy;
    const struct tlsfloor_facts *facts;
    const struct tlsfloor_lookup *lookup;
    int64_t now;
};

/* --- cipher suites --- */

static int
is_forbidden(const struct tlsfloor_cipher_suite *suite)
{
    return suite->encryption == TLSFLOOR_ENC_NULL || suite->encryption == TLSFLOOR_ENC_RC4 ||
           suite->export_grade || suite->strength < 112 ||
           suite->authentication == TLSFLOOR_AUTH_NONE;
}

/* Static RSA and finite-field Diffie-Hellman in any form. */
static int
is_old_key_exchange(const struct tlsfloor_cipher_suite *suite)
{
    switch ((enum tlsfloor_key_exchange)suite->key_exchange) {
    case TLSFLOOR_KX_RSA:
    case TLSFLOOR_KX_RSA_PSK:
    case TLSFLOOR_KX_DH:
    case TLSFLOOR_KX_DHE:
    case TLSFLOOR_KX_DHE_PSK:
        return 1;
    case TLSFLOOR_KX_ANY:
    case TLSFLOOR_KX_NONE:
    case TLSFLOOR_KX_ECDH:
    case TLSFLOOR_KX_ECDHE:
    case TLSFLOOR_KX_PSK:
    case TLSFLOOR_KX_ECDHE_PSK:
    case TLSFLOOR_KX_SRP:
    case TLSFLOOR_KX_KRB5:
    case TLSFLOOR_KX_GOST:
    case TLSFLOOR_KX_CECPQ1:
    case TLSFLOOR_KX_ECCPWD:
        break;
    }
    return 0;
}

enum tlsfloor_cipher_class
tlsfloor_policy_judge_cipher(enum tlsfloor_profile profile,
                             const struct tlsfloor_cipher_suite *suite)
{
    if (profile == TLSFLOOR_PROFILE_NONE)
        return TLSFLOOR_CIPHER_FINE;
    if (suite == NULL)
        return TLSFLOOR_CIPHER_UNKNOWN;
    if (is_forbidden(suite))
        return TLSFLOOR_CIPHER_VIOLATION;
    if (suite->first_version == TLSFLOOR_TLS_1_3)
        return TLSFLOOR_CIPHER_FINE;
    if (is_old_key_exchange(suite))
        return profile == TLSFLOOR_PROFILE_RFC10015 ? TLSFLOOR_CIPHER_VIOLATION
                                                    : TLSFLOOR_CIPHER_WEAK;
    if (suite->strength < 128 || !suite->aead || !suite->forward_secrecy)
        return TLSFLOOR_CIPHER_WEAK;
    return TLSFLOOR_CIPHER_FINE;
}

static enum tlsfloor_rule
cipher_rule(const struct tlsfloor_service_policy *policy)
{
    return policy->cipher_profile == TLSFLOOR_PROFILE_RFC10015 ? TLSFLOOR_RULE_RFC10015
                                                               : TLSFLOOR_RULE_RFC9325_4_1;
}

/* --- the rollout --- */

unsigned
tlsfloor_policy_bucket(const struct tlsfloor_user *user)
{
    uint64_t hash = tlsfloor_user_hash(TLSFLOOR_HASH_START, user);

    /* FNV-1a mixes its last bytes badly into the low bits. */
    hash ^= hash >> 33;
    hash *= UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 33;
    return (unsigned)(hash % 100);
}

static int
is_partial(const struct tlsfloor_service_policy *policy)
{
    return policy->rollout_percent > 0 && policy->rollout_percent < 100;
}

static int
in_brownout(const struct tlsfloor_service_policy *policy, int64_t now)
{
    /* 1970-01-01 was a Thursday; weeks are counted from the Sunday before it. */
    int64_t second = (now % WEEK + WEEK + 4 * TLSFLOOR_DAY) % WEEK;
    unsigned day = (unsigned)(second / TLSFLOOR_DAY);
    unsigned minute = (unsigned)(second % TLSFLOOR_DAY / MINUTE);

    for (size_t i = 0; i < policy->brownout_count; i++) {
        const struct tlsfloor_window *window = &policy->brownout[i];

        if (window->days & 1U << day && minute >= window->start && minute < window->end)
            return 1;
    }
    return 0;
}

/* 1 if enforcement reaches this session now; for a user who is not named yet: reaches anybody. */
static int
is_bound(const struct judgement *judgement)
{
    const struct tlsfloor_service_policy *policy = judgement->policy;
    const struct tlsfloor_user *user = &judgement->facts->user;

    if (judgement->now < policy->rollout_from && !in_brownout(policy, judgement->now))
        return 0;
    if (user->state == TLSFLOOR_USER_NAMED)
        return tlsfloor_policy_bucket(user) < policy->rollout_percent;
    return policy->rollout_percent > 0;
}

/* --- steps of the judgement --- */

static struct tlsfloor_decision
decide(const struct judgement *judgement, enum tlsfloor_action action, enum tlsfloor_reason reason,
       enum tlsfloor_rule rule)
{
    return (struct tlsfloor_decision){
        .action = action,
        .reason = reason,
        .rule = rule,
        .floor = judgement->policy->floor,
        .mode = judgement->policy->mode,
    };
}

/* Puts what keeps the session from being compliant into *reason_r and *rule_r: 1; or gives 0. */
static int
is_violation(const struct judgement *judgement, enum tlsfloor_cipher_class cipher,
             enum tlsfloor_reason *reason_r, enum tlsfloor_rule *rule_r)
{
    const struct tlsfloor_service_policy *policy = judgement->policy;
    enum tlsfloor_tls tls = judgement->facts->tls;

    if (tls == TLSFLOOR_TLS_UNKNOWN) {
        *reason_r = TLSFLOOR_REASON_UNKNOWN_TLS;
        *rule_r = TLSFLOOR_RULE_LOCAL;
        return 1;
    }
    if (tls < policy->floor) {
        *reason_r =
            tls == TLSFLOOR_TLS_CLEARTEXT ? TLSFLOOR_REASON_CLEARTEXT : TLSFLOOR_REASON_VERSION;
        *rule_r = tls == TLSFLOOR_TLS_CLEARTEXT ? TLSFLOOR_RULE_RFC8314_4_1
                  : tls < TLSFLOOR_TLS_1_2      ? TLSFLOOR_RULE_RFC8997
                                                : TLSFLOOR_RULE_LOCAL;
        return 1;
    }
    if (cipher == TLSFLOOR_CIPHER_VIOLATION ||
        (cipher == TLSFLOOR_CIPHER_WEAK && policy->weak_ciphers == TLSFLOOR_ANSWER_REJECT)) {
        *reason_r = TLSFLOOR_REASON_CIPHER;
        *rule_r = cipher_rule(policy);
        return 1;
    }
    if (cipher == TLSFLOOR_CIPHER_UNKNOWN && policy->unknown_cipher == TLSFLOOR_ANSWER_REJECT) {
        *reason_r = TLSFLOOR_REASON_UNKNOWN_CIPHER;
        *rule_r = TLSFLOOR_RULE_LOCAL;
        return 1;
    }
    return 0;
}

/* Step 2: the session keeps the floor. */
static struct tlsfloor_decision
judge_compliant(const struct judgement *judgement, enum tlsfloor_cipher_class cipher)
{
    if (cipher == TLSFLOOR_CIPHER_WEAK)
        return decide(judgement, TLSFLOOR_TAG, TLSFLOOR_REASON_WEAK_CIPHER,
                      cipher_rule(judgement->policy));
    if (cipher == TLSFLOOR_CIPHER_UNKNOWN)
        return decide(judgement, TLSFLOOR_TAG, TLSFLOOR_REASON_UNKNOWN_CIPHER, TLSFLOOR_RULE_LOCAL);
    return decide(judgement, TLSFLOOR_ACCEPT, TLSFLOOR_REASON_COMPLIANT,
                  judgement->facts->tls >= TLSFLOOR_TLS_1_2 ? TLSFLOOR_RULE_RFC8997
                                                            : TLSFLOOR_RULE_LOCAL);
}

/* 1 if the store found an exception that covers this very session. */
static int
is_excepted(const struct judgement *judgement)
{
    const struct tlsfloor_lookup *lookup = judgement->lookup;

    return lookup->result == TLSFLOOR_LOOKUP_FOUND && lookup->exception != NULL &&
           tlsfloor_exception_match(lookup->exception, judgement->facts, judgement->now) ==
               TLSFLOOR_MATCH_YES;
}

/* Step 5: a violation. */
static struct tlsfloor_decision
judge_violation(const struct judgement *judgement, enum tlsfloor_reason reason,
                enum tlsfloor_rule rule)
{
    const struct tlsfloor_service_policy *policy = judgement->policy;
    const struct tlsfloor_facts *facts = judgement->facts;
    int legacy = tlsfloor_networks_match(policy->legacy_networks, &facts->client);
    int may_be_excepted = legacy && judgement->lookup->may_cover;

    if (legacy && is_excepted(judgement)) {
        struct tlsfloor_decision decision = decide(
            judgement, TLSFLOOR_ACCEPT, TLSFLOOR_REASON_EXCEPTION, TLSFLOOR_RULE_RFC8314_4_1);

        decision.exception = judgement->lookup->exception;
        return decision;
    }
    if (policy->mode != TLSFLOOR_MODE_ENFORCE || !is_bound(judgement))
        return decide(judgement, TLSFLOOR_TAG, reason, rule);
    if (judgement->lookup->result == TLSFLOOR_LOOKUP_ERROR && may_be_excepted)
        return decide(judgement, TLSFLOOR_DEFER, TLSFLOOR_REASON_STORE_ERROR, TLSFLOOR_RULE_LOCAL);
    if (facts->user.state == TLSFLOOR_USER_NOT_YET && (is_partial(policy) || may_be_excepted))
        return decide(judgement, TLSFLOOR_UNDECIDED, reason, rule);
    if (is_partial(policy) || in_brownout(policy, judgement->now))
        return decide(judgement, TLSFLOOR_DEFER, reason, rule);
    return decide(judgement, TLSFLOOR_REFUSE, reason, rule);
}

/* Steps 1 to 4: 1 with the decision; 0: a violation, with its reason and rule. */
static int
is_settled(const struct judgement *judgement, struct tlsfloor_decision *decision_r)
{
    const struct tlsfloor_service_policy *service = judgement->policy;
    const struct tlsfloor_facts *facts = judgement->facts;
    enum tlsfloor_cipher_class cipher = TLSFLOOR_CIPHER_FINE;
    enum tlsfloor_reason reason;
    enum tlsfloor_rule rule;

    *decision_r =
        decide(judgement, TLSFLOOR_ACCEPT, TLSFLOOR_REASON_NOT_SUBJECT, TLSFLOOR_RULE_LOCAL);
    if (facts->service == TLSFLOOR_SERVICE_NONE)
        return 1;
    if (facts->tls > TLSFLOOR_TLS_CLEARTEXT)
        cipher = tlsfloor_policy_judge_cipher(service->cipher_profile, facts->suite);
    if (!is_violation(judgement, cipher, &reason, &rule)) {
        *decision_r = judge_compliant(judgement, cipher);
        return 1;
    }
    *decision_r =
        decide(judgement, TLSFLOOR_ACCEPT, TLSFLOOR_REASON_TRUSTED_NETWORK, TLSFLOOR_RULE_LOCAL);
    if (tlsfloor_networks_match(service->trusted_networks, &facts->connection))
        return 1;
    *decision_r = decide(judgement, TLSFLOOR_ACCEPT, reason, rule);
    if (reason != TLSFLOOR_REASON_UNKNOWN_TLS || service->unknown_tls == TLSFLOOR_ANSWER_REJECT)
        return 0;
    if (service->unknown_tls == TLSFLOOR_ANSWER_TAG)
        decision_r->action = TLSFLOOR_TAG;
    return 1;
}

struct tlsfloor_decision
tlsfloor_policy_decide(const struct tlsfloor_policy *policy, const struct tlsfloor_facts *facts,
                       const struct tlsfloor_lookup *lookup, int64_t now)
{
    const struct judgement judgement = {&policy->services[facts->service], facts, lookup, now};
    struct tlsfloor_decision decision;

    if (is_settled(&judgement, &decision))
        return decision;
    return judge_violation(&judgement, decision.reason, decision.rule);
}

int
tlsfloor_policy_asks_store(const struct tlsfloor_policy *policy, const struct tlsfloor_facts *facts)
{
    const struct judgement judgement = {.policy = &policy->services[facts->service],
                                        .facts = facts};
    struct tlsfloor_decision decision;

    return !is_settled(&judgement, &decision) &&
           tlsfloor_networks_match(judgement.policy->legacy_networks, &facts->client);
}

int
tlsfloor_policy_audits(const struct tlsfloor_policy *policy, const struct tlsfloor_facts *facts,
                       const struct tlsfloor_decision *decision)
{
    enum tlsfloor_user_state user = facts->user.state;

    if (decision->reason == TLSFLOOR_REASON_NOT_SUBJECT)
        return 0;
    /* Before the user is named only a refusal is news: what else there is to say comes with the
     * name. */
    if (user == TLSFLOOR_USER_NOT_YET && decision->action > TLSFLOOR_DEFER)
        return 0;
    if (user == TLSFLOOR_USER_NONE && decision->reason == TLSFLOOR_REASON_COMPLIANT)
        return 0;
    switch (policy->services[facts->service].audit) {
    case TLSFLOOR_AUDIT_ALL:
        return 1;
    case TLSFLOOR_AUDIT_VIOLATIONS:
        return decision->reason != TLSFLOOR_REASON_COMPLIANT;
    case TLSFLOOR_AUDIT_NONE:
        break;
    }
    return 0;
}
