/* SPDX-License-Identifier: MIT */
/*
 * Any input of a decision, and main() of the harnesses about decisions.
 * Whatever is not assumed here may have any value, also one that no parser
 * would give.
 */
#include <stddef.h>

#include "inputs.h"

struct inputs in;
struct answers answers;

/* Without a body: CBMC takes any value. */
struct inputs nondet_inputs(void);
struct answers nondet_answers(void);
int nondet_int(void);

static struct tlsfloor_networks trusted, legacy;

int
any_answer(void)
{
    int answer = nondet_int();

    ASSUME(answer == 0 || answer == 1);
    return answer;
}

enum tlsfloor_tls
any_version(void)
{
    int version = nondet_int();

    ASSUME_ENUM(version, TLSFLOOR_TLS_NEWER);
    return (enum tlsfloor_tls)version;
}

/* policy.h; windows are bound in brownout.c, the policies of other services to nothing at all. */
static void
assume_policy(void)
{
    struct tlsfloor_service_policy *service = &in.policy.services[in.facts.service];

    ASSUME_ENUM(service->mode, TLSFLOOR_MODE_OBSERVE);
    ASSUME_ENUM(service->floor, TLSFLOOR_TLS_1_3);
    ASSUME(service->floor != TLSFLOOR_TLS_UNKNOWN);
    ASSUME_ENUM(service->cipher_profile, TLSFLOOR_PROFILE_NONE);
    ASSUME_ENUM(service->weak_ciphers, TLSFLOOR_ANSWER_TAG);
    ASSUME_ENUM(service->unknown_cipher, TLSFLOOR_ANSWER_TAG);
    ASSUME_ENUM(service->unknown_tls, TLSFLOOR_ANSWER_ACCEPT);
    ASSUME(service->rollout_percent <= 100);
    ASSUME(service->brownout_count <= TLSFLOOR_WINDOWS);
    service->trusted_networks = &trusted;
    service->legacy_networks = &legacy;
    in.service = service;
}

/* facts.h, network.h, cipher-suites.h */
static void
assume_facts(void)
{
    ASSUME_ENUM(in.facts.tls, TLSFLOOR_TLS_NEWER);
    ASSUME_ENUM(in.facts.user.state, TLSFLOOR_USER_NAMED);
    ASSUME_ENUM(in.facts.connection.family, TLSFLOOR_FAMILY_IPV6);
    ASSUME_ENUM(in.facts.client.family, TLSFLOOR_FAMILY_IPV6);
    ASSUME(in.suite.key_exchange <= TLSFLOOR_KX_ECCPWD);
    in.facts.suite = any_answer() ? &in.suite : NULL;
}

/* exception.h, policy.h; a look-up may also be FOUND without an exception. */
static void
assume_lookup(void)
{
    ASSUME_ENUM(in.lookup.result, TLSFLOOR_LOOKUP_FOUND);
    ASSUME(in.lookup.may_cover == 0 || in.lookup.may_cover == 1);
    ASSUME_ENUM(in.exception.kind, TLSFLOOR_WHO_ANYBODY);
    ASSUME_ENUM(in.exception.allow, TLSFLOOR_TLS_1_3);
    ASSUME(in.exception.allow != TLSFLOOR_TLS_UNKNOWN);
    ASSUME(in.exception.from_count <= TLSFLOOR_EXCEPTION_NETWORKS);
    in.lookup.exception = any_answer() ? &in.exception : NULL;
}

/* Names: only where they begin, so that assumed-names.c knows one from the other. */
static void
assume_names(void)
{
    static const char local[2], domain[2];

    in.exception.local.data = &local[0];
    in.facts.user.local.data = &local[1];
    in.exception.domain.data = any_answer() ? &domain[0] : NULL;
    in.facts.user.domain.data = any_answer() ? &domain[1] : NULL;
}

/* What the headers say of the functions; a bucket is from 0 to 99. */
static void
assume_answers(void)
{
    answers.trusted = any_answer();
    answers.legacy = any_answer();
    answers.brownout = any_answer();
    answers.same_local = any_answer();
    answers.same_domain = any_answer();
    answers.from = any_answer();
    ASSUME(answers.bucket < 100);
    ASSUME_ENUM(answers.match, TLSFLOOR_MATCH_YES);
}

struct tlsfloor_decision
decide(void)
{
    return tlsfloor_policy_decide(&in.policy, &in.facts, &in.lookup, in.now);
}

int
lets_in(struct tlsfloor_decision decision)
{
    return decision.action == TLSFLOOR_ACCEPT || decision.action == TLSFLOOR_TAG;
}

/* One service after the other, for with a constant index CBMC takes a fraction of the time. */
int
main(void)
{
    in = nondet_inputs();
    answers = nondet_answers();
    assume_facts();
    assume_lookup();
    assume_names();
    assume_answers();
    for (int service = 0; service < TLSFLOOR_SERVICES; service++) {
        in.facts.service = (enum tlsfloor_service)service;
        assume_policy();
        prove();
    }
}
