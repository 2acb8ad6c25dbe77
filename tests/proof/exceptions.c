/* SPDX-License-Identifier: MIT */
/*
 * Whether an exception covers a session, and if not, what is the first thing
 * that does not fit (exception.h).
 */
#include <stddef.h>

#include "inputs.h"

/* Which networks of the exception the client is in. */
static int is_in[TLSFLOOR_EXCEPTION_NETWORKS];

/* In place of network.c. */
int
tlsfloor_network_match(const struct tlsfloor_network *network,
                       const struct tlsfloor_address *address)
{
    ALWAYS(address == &in.facts.client);
    return is_in[network - in.exception.from];
}

static int
comes_from_there(void)
{
    int found = in.exception.from_count == 0;

    for (size_t i = 0; i < TLSFLOOR_EXCEPTION_NETWORKS; i++)
        found |= i < in.exception.from_count && is_in[i];
    return found;
}

static int
is_named(void)
{
    const struct tlsfloor_user *user = &in.facts.user;
    int domains = (in.exception.domain.data != NULL) + (user->domain.data != NULL);

    switch (in.exception.kind) {
    case TLSFLOOR_WHO_ANYBODY:
        return 1;
    case TLSFLOOR_WHO_DOMAIN:
        return user->state == TLSFLOOR_USER_NAMED && domains != 1 && answers.same_domain;
    case TLSFLOOR_WHO_USER:
        break;
    }
    return user->state == TLSFLOOR_USER_NAMED && domains != 1 && answers.same_domain &&
           answers.same_local;
}

static enum tlsfloor_match
expected(void)
{
    const struct tlsfloor_cipher_suite *suite = in.facts.suite;
    int cleartext = in.exception.allow == TLSFLOOR_TLS_CLEARTEXT;
    int any_cipher = cleartext || in.exception.ciphers_any;

    if (in.exception.until != TLSFLOOR_NEVER && in.now > in.exception.until - 1)
        return TLSFLOOR_MATCH_EXPIRED;
    if ((in.exception.services >> in.facts.service & 1) == 0)
        return TLSFLOOR_MATCH_SERVICE;
    if (!comes_from_there())
        return TLSFLOOR_MATCH_NETWORK;
    if (!cleartext && in.facts.tls < in.exception.allow)
        return TLSFLOOR_MATCH_VERSION;
    if (!any_cipher && (suite == NULL || suite->encryption == TLSFLOOR_ENC_NULL ||
                        suite->authentication == TLSFLOOR_AUTH_NONE || suite->export_grade != 0))
        return TLSFLOOR_MATCH_CIPHER;
    return is_named() ? TLSFLOOR_MATCH_YES : TLSFLOOR_MATCH_WHO;
}

void
prove(void)
{
    enum tlsfloor_match match;

    for (size_t i = 0; i < TLSFLOOR_EXCEPTION_NETWORKS; i++)
        is_in[i] = any_answer();
    ASSUME(in.exception.until > INT64_MIN); /* or the line above that subtracts would overflow */
    match = tlsfloor_exception_match(&in.exception, &in.facts, in.now);
    ALWAYS(match == expected());

    REACHES(match == TLSFLOOR_MATCH_EXPIRED);
    REACHES(match == TLSFLOOR_MATCH_SERVICE);
    REACHES(match == TLSFLOOR_MATCH_NETWORK);
    REACHES(match == TLSFLOOR_MATCH_VERSION);
    REACHES(match == TLSFLOOR_MATCH_CIPHER);
    REACHES(match == TLSFLOOR_MATCH_WHO);
    REACHES(match == TLSFLOOR_MATCH_YES && in.exception.kind == TLSFLOOR_WHO_USER);
    REACHES(match == TLSFLOOR_MATCH_YES && in.exception.kind == TLSFLOOR_WHO_DOMAIN);
    REACHES(match == TLSFLOOR_MATCH_YES && in.exception.kind == TLSFLOOR_WHO_ANYBODY);
}
