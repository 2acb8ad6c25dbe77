/* SPDX-License-Identifier: MIT */
/*
 * What is worth a word about exceptions that are right as such. Of each kind
 * only the first lines are told, and how many more there are.
 */
#include <stdio.h>
#include <string.h>

#include "site.h"
#include "time-text.h"

#define SOON_DAYS 30
#define SHOWN 10

#define DOVECOT \
    (1U << TLSFLOOR_SERVICE_IMAP | 1U << TLSFLOOR_SERVICE_POP3 | 1U << TLSFLOOR_SERVICE_SIEVE)

enum kind { KIND_EXPIRED = 0, KIND_SOON, KIND_NEVER, KIND_ANYWHERE, KIND_OUTSIDE, KIND_NOT_BELOW };
#define KINDS 6

/* What is said, behind "until=DATE" for the first two. */
static const char *const sentences[KINDS] = {
    [KIND_EXPIRED] = "has expired: remove it when nobody misses it",
    [KIND_SOON] = "ends soon: ask whether it is still needed",
    [KIND_NEVER] = "until=never: nobody will be asked again whether this is still needed",
    [KIND_ANYWHERE] = "from=any opens AUTH on old TLS to all the world: name networks if you can",
    [KIND_OUTSIDE] = "never applies: it is for no network of legacy_networks",
    [KIND_NOT_BELOW] = "allows no version below the floor: it helps with forbidden suites only",
};

/* 1 if some address is in both. */
static int
overlaps(const struct tlsfloor_networks *list, const struct tlsfloor_network *network)
{
    for (size_t i = 0; i < list->count; i++) {
        if (tlsfloor_network_contains(&list->items[i], network) ||
            tlsfloor_network_contains(network, &list->items[i]))
            return 1;
    }
    return 0;
}

static int
can_come_from(const struct tlsfloor_networks *legacy, const struct tlsfloor_exception *exception)
{
    if (exception->from_count == 0)
        return legacy->count > 0;
    for (size_t i = 0; i < exception->from_count; i++) {
        if (overlaps(legacy, &exception->from[i]))
            return 1;
    }
    return 0;
}

/* 1 if for no service of the exception there is a client that it could be for. */
static int
is_outside(const struct tlsfloor_policy *policy, const struct tlsfloor_exception *exception)
{
    for (unsigned service = TLSFLOOR_SERVICE_IMAP; service < TLSFLOOR_SERVICES; service++) {
        if (exception->services & 1U << service &&
            can_come_from(policy->services[service].legacy_networks, exception))
            return 0;
    }
    return 1;
}

/* 1 if it lets in no version that would not be let in without it. */
static int
is_not_below(const struct tlsfloor_policy *policy, const struct tlsfloor_exception *exception)
{
    if (exception->ciphers_any)
        return 0;
    for (unsigned service = TLSFLOOR_SERVICE_IMAP; service < TLSFLOOR_SERVICES; service++) {
        if (exception->services & 1U << service &&
            exception->allow < policy->services[service].floor)
            return 0;
    }
    return 1;
}

static int
is_of(enum kind kind, const struct tlsfloor_policy *policy,
      const struct tlsfloor_exception *exception, int64_t now)
{
    int ends = exception->until != TLSFLOOR_NEVER;

    switch (kind) {
    case KIND_EXPIRED:
        return ends && exception->until <= now;
    case KIND_SOON:
        return ends && exception->until > now && exception->until <= now + SOON_DAYS * TLSFLOOR_DAY;
    case KIND_NEVER:
        return !ends;
    case KIND_ANYWHERE:
        return exception->from_any;
    case KIND_OUTSIDE:
        return is_outside(policy, exception);
    case KIND_NOT_BELOW:
        return is_not_below(policy, exception);
    }
    return 0;
}

static void
tell(enum kind kind, const struct tlsfloor_policy *policy,
     const struct tlsfloor_exception *exception, unsigned line, struct report *report)
{
    char sentence[TLSFLOOR_ERROR_TEXT], date[11];

    snprintf(sentence, sizeof(sentence), "%s", sentences[kind]);
    if (kind == KIND_EXPIRED || kind == KIND_SOON) {
        tlsfloor_date_format(exception->until - 1, date);
        snprintf(sentence, sizeof(sentence), "until=%s: %s", date, sentences[kind]);
    }
    report_problem(report, TLSFLOOR_WARNING, policy->exceptions, line, sentence);
}

void
site_warn_of_exception(const struct tlsfloor_policy *policy,
                       const struct tlsfloor_exception *exception, unsigned line, int64_t now,
                       struct report *report)
{
    for (int kind = 0; kind < KINDS; kind++) {
        if (is_of((enum kind)kind, policy, exception, now))
            tell((enum kind)kind, policy, exception, line, report);
    }
    if (!policy->dovecot_passdb && !(exception->services & ~DOVECOT))
        report_problem(report, TLSFLOOR_WARNING, policy->exceptions, line,
                       "is not in force for imap, pop3 and sieve: dovecot_passdb = no");
}

void
site_warn_of_exceptions(const struct site *site, int64_t now, struct report *report)
{
    const struct tlsfloor_policy *policy = site->policy;
    struct tlsfloor_exception exception;
    size_t counts[KINDS] = {0}, of_dovecot = 0;
    char sentence[160];

    for (size_t i = 0; i < site->exceptions.count; i++) {
        exceptions_get(&site->exceptions, i, &exception);
        of_dovecot += (exception.services & DOVECOT) != 0;
        for (int kind = 0; kind < KINDS; kind++) {
            if (is_of((enum kind)kind, policy, &exception, now) && counts[kind]++ < SHOWN)
                tell((enum kind)kind, policy, &exception, site->exceptions.items[i].number, report);
        }
    }
    for (int kind = 0; kind < KINDS; kind++) {
        if (counts[kind] <= SHOWN)
            continue;
        snprintf(sentence, sizeof(sentence), "%zu more of the kind: %.100s", counts[kind] - SHOWN,
                 sentences[kind]);
        report_problem(report, TLSFLOOR_WARNING, policy->exceptions, 0, sentence);
    }
    if (of_dovecot == 0 || policy->dovecot_passdb)
        return;
    snprintf(sentence, sizeof(sentence),
             "%zu exception%s not in force for imap, pop3 and sieve: dovecot_passdb = no",
             of_dovecot, of_dovecot == 1 ? " is" : "s are");
    report_problem(report, TLSFLOOR_WARNING, policy->exceptions, 0, sentence);
}
