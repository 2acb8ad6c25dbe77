/* SPDX-License-Identifier: MIT */
/*
 * A line is counted once: in its day, its source, its kind and, unless the
 * login is good enough, in its user's row.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "tally-store.h"
#include "time-text.h"

#define WEEK (7 * TLSFLOOR_DAY)

static const char *const class_names[TALLY_CLASSES] = {
    [TALLY_READY] = "ready",
    [TALLY_BELOW] = "below",
    [TALLY_EXCEPTED] = "excepted",
    [TALLY_NOT_JUDGED] = "not-judged",
    [TALLY_TURNED_AWAY] = "turned-away",
};

/* The policy as it would be if it were enforced, for everybody and now. */
static struct tlsfloor_policy
enforce(const struct tlsfloor_policy *policy)
{
    struct tlsfloor_policy enforced = *policy;

    for (int i = 0; i < TLSFLOOR_SERVICES; i++) {
        enforced.services[i].mode = TLSFLOOR_MODE_ENFORCE;
        enforced.services[i].rollout_from = INT64_MIN;
        enforced.services[i].rollout_percent = 100;
        enforced.services[i].brownout_count = 0;
    }
    return enforced;
}

int
tally_init(struct tally *tally_r, struct judge *judge, int64_t now, int64_t since,
           struct report *report)
{
    memset(tally_r, 0, sizeof(*tally_r));
    tally_r->judge = judge;
    tally_r->enforced = enforce(judge->site.policy);
    tally_r->report = report;
    tally_r->now = now;
    tally_r->since = since;
    tally_r->days = calloc(TALLY_DAYS, sizeof(tally_r->days[0]));
    return tally_store_init(tally_r) != 0 || tally_r->days == NULL ? -1 : 0;
}

/* --- one login --- */

static struct tlsfloor_facts
facts_of(const struct tally *tally, const struct tlsfloor_audit_record *record)
{
    struct tlsfloor_facts facts = {
        .service = record->service,
        .tls = record->tls,
        .tls_name = record->tls_name,
        .cipher = record->cipher,
        .suite = tlsfloor_cipher_suite_find(record->cipher),
        .user = {.state = TLSFLOOR_USER_NONE},
        .connection = record->client,
        .client = record->client,
    };

    if (record->user.data != NULL)
        facts.user = tlsfloor_user_named(
            record->user, tlsfloor_text_from(tally->judge->site.policy->default_domain));
    return facts;
}

static enum tally_class
class_of(const struct tlsfloor_decision *decision)
{
    if (decision->action <= TLSFLOOR_UNDECIDED)
        return TALLY_BELOW;
    switch (decision->reason) {
    case TLSFLOOR_REASON_EXCEPTION:
        return TALLY_EXCEPTED;
    case TLSFLOOR_REASON_TRUSTED_NETWORK:
    case TLSFLOOR_REASON_UNKNOWN_TLS:
        return TALLY_NOT_JUDGED;
    case TLSFLOOR_REASON_STORE_ERROR:
    case TLSFLOOR_REASON_NOT_SUBJECT:
    case TLSFLOOR_REASON_COMPLIANT:
    case TLSFLOOR_REASON_WEAK_CIPHER:
    case TLSFLOOR_REASON_CLEARTEXT:
    case TLSFLOOR_REASON_VERSION:
    case TLSFLOOR_REASON_CIPHER:
    case TLSFLOOR_REASON_UNKNOWN_CIPHER:
        break;
    }
    return TALLY_READY;
}

/* Judges a login by the policy of today. The exception lives until the next one. */
static void
judge(struct tally *tally, const struct tlsfloor_facts *facts, struct tally_login *login)
{
    struct tlsfloor_lookup lookup = {.result = TLSFLOOR_LOOKUP_ABSENT};
    struct tlsfloor_decision decision;

    login->class = TALLY_TURNED_AWAY;
    if (login->record->action <= TLSFLOOR_UNDECIDED)
        return;
    /* The line does not have the address that trusted_networks was asked about. */
    login->class = TALLY_NOT_JUDGED;
    if (login->record->reason == TLSFLOOR_REASON_TRUSTED_NETWORK) {
        tally->trusted++;
        return;
    }
    if (tlsfloor_policy_asks_store(&tally->enforced, facts))
        lookup = judge_look_up(tally->judge, facts, tally->now, tally->report);
    if (lookup.result == TLSFLOOR_LOOKUP_ERROR && tally->report->errors == 0)
        report_error(tally->report, "so who is excepted is not known, and nothing is told");
    decision = tlsfloor_policy_decide(&tally->enforced, facts, &lookup, tally->now);
    login->class = class_of(&decision);
    login->exception = decision.exception;
    tally->trusted += decision.reason == TLSFLOOR_REASON_TRUSTED_NETWORK;
}

/* Weeks since Monday, 1969-12-29. */
static int64_t
week_of(int64_t time)
{
    return (time + 3 * TLSFLOOR_DAY) / WEEK;
}

int64_t
tally_week_begin(const struct tally *tally, int week)
{
    return (week_of(tally->now) - (TALLY_WEEKS - 1 - week)) * WEEK - 3 * TLSFLOOR_DAY;
}

static void
note_week(const struct tally *tally, struct tally_person *person, const struct tally_login *login)
{
    int64_t week = TALLY_WEEKS - 1 - (week_of(tally->now) - week_of(login->time));

    if (week >= 0 && week < TALLY_WEEKS && login->class != TALLY_TURNED_AWAY)
        person->weeks[login->class == TALLY_BELOW ? 0 : 1][week / 32] |= 1U << week % 32;
}

/* What the login says of one who was seen below the floor. */
static void
note_person(const struct tally *tally, struct tally_person *person, const struct tally_login *login)
{
    if (login->class == TALLY_BELOW || login->class == TALLY_EXCEPTED) {
        note_week(tally, person, login);
        if (login->record->tls == TLSFLOOR_TLS_CLEARTEXT)
            person->secure = 0;
    }
    if (login->class == TALLY_READY && person->secure == 0)
        person->secure = login->time;
}

static int
take_login(struct tally *tally, const struct tlsfloor_audit_record *record, int64_t time)
{
    struct tlsfloor_facts facts = facts_of(tally, record);
    struct tally_login login = {.record = record, .time = time};
    struct tally_person *person = &tally->persons[0];

    judge(tally, &facts, &login);
    login.kind = tally_store_kind(tally, record);
    tally->logins[login.class]++;
    tally->kinds[login.kind].logins[login.class]++;
    tally->days[time / TLSFLOOR_DAY][login.class]++;
    if (record->user.data != NULL) {
        uint64_t hash = tlsfloor_user_hash(TLSFLOOR_HASH_START, &facts.user);

        if (tally_store_user(tally, hash, login.class) != 0)
            return -1;
        person = tally_store_person(tally, hash, record, login.class);
    }
    if (person != NULL)
        note_person(tally, person, &login);
    return login.class == TALLY_READY ? 0 : tally_store_row(tally, person, &login);
}

/* --- which days are covered --- */

static struct tally_source *
find_source(struct tally *tally, const struct tlsfloor_log_line *line)
{
    const char *server = line->program == TLSFLOOR_LOG_DOVECOT ? "Dovecot" : "Postfix";
    uint64_t hash = tlsfloor_hash_add(TLSFLOOR_HASH_START, server, strlen(server));
    struct tally_source *source = tally->sources;
    char host[64];

    hash = tlsfloor_hash_add(hash, line->host.data, line->host.size);
    for (; source < tally->sources + tally->source_count; source++) {
        if (source->hash == hash)
            return source;
    }
    if (tally->source_count == TALLY_SOURCES)
        return source - 1;
    source->days = calloc(TALLY_DAYS / 8 + 1, 1);
    if (source->days == NULL)
        return NULL;
    source->hash = hash;
    tally_copy_text(host, sizeof(host), line->host);
    snprintf(source->name, sizeof(source->name), "%s%s%s", server, host[0] == '\0' ? "" : " on ",
             host);
    tally->source_count++;
    return source;
}

static int
note_day(struct tally *tally, const struct tlsfloor_log_line *line, int64_t time)
{
    struct tally_source *source = find_source(tally, line);
    int64_t day = time / TLSFLOOR_DAY;

    if (source == NULL)
        return -1;
    source->days[day / 8] |= (unsigned char)(1U << day % 8);
    if (source->last == 0 || time < source->first)
        source->first = time;
    if (time > source->last)
        source->last = time;
    if (tally->last == 0 || time < tally->first)
        tally->first = time;
    if (time > tally->last)
        tally->last = time;
    return 0;
}

static int
source_has_day(const struct tally_source *source, int64_t day)
{
    return source->days[day / 8] >> day % 8 & 1;
}

int
tally_has_day(const struct tally *tally, int64_t day)
{
    for (size_t i = 0; i < tally->source_count; i++) {
        if (source_has_day(&tally->sources[i], day))
            return 1;
    }
    return 0;
}

unsigned
tally_count_days(const struct tally *tally)
{
    unsigned count = 0;

    for (int64_t day = tally->first / TLSFLOOR_DAY; day <= tally->last / TLSFLOOR_DAY; day++)
        count += (unsigned)tally_has_day(tally, day);
    return count;
}

size_t
tally_each_gap(const struct tally *tally, size_t most, tally_gap_fn *gap, void *context)
{
    size_t count = 0;

    for (size_t i = 0; i < tally->source_count; i++) {
        const struct tally_source *source = &tally->sources[i];
        int64_t last = source->first / TLSFLOOR_DAY, end = tally->last / TLSFLOOR_DAY;

        for (int64_t day = last + 1; day <= end + 1; day++) {
            if (day <= end && !source_has_day(source, day))
                continue;
            /* On its last day a source may have had no line yet. */
            if (day > last + 1 + (day > end) && count++ < most)
                gap(context, source, (last + 1) * TLSFLOOR_DAY, (day - 1) * TLSFLOOR_DAY);
            last = day;
        }
    }
    return count;
}

int
tally_take(struct tally *tally, const struct tlsfloor_log_line *line, int64_t time)
{
    if (time < tally->since)
        return 0;
    if (line->kind == TLSFLOOR_LOG_LOST) {
        tally->losses++;
        return 0;
    }
    /* A time that no server of ours can have had says that the line is mangled. */
    if (line->kind == TLSFLOOR_LOG_DAMAGED || time < 0 ||
        time >= (int64_t)TALLY_DAYS * TLSFLOOR_DAY) {
        tally->damaged++;
        return 0;
    }
    tally->lines++;
    if (note_day(tally, line, time) != 0)
        return -1;
    return take_login(tally, &line->record, time);
}

/* --- what it adds up to --- */

uint64_t
tally_count_since(const struct tally *tally, enum tally_class class, int64_t then)
{
    uint64_t count = 0;

    for (uint32_t i = 1; i < tally->person_count; i++) {
        uint32_t row = tally->persons[i].row;

        while (row != 0 && (tally->rows[row].class != class || tally->rows[row].last < then))
            row = tally->rows[row].next;
        count += row != 0;
    }
    return count;
}

const struct tally_person *
tally_person(const struct tally *tally, const struct tally_row *row)
{
    return &tally->persons[row->person];
}

const struct tally_kind *
tally_kind(const struct tally *tally, const struct tally_row *row)
{
    return &tally->kinds[row->kind];
}

struct tlsfloor_facts
tally_row_facts(const struct tally *tally, const struct tally_row *row)
{
    const struct tally_kind *kind = tally_kind(tally, row);
    const struct tally_person *person = tally_person(tally, row);
    struct tlsfloor_facts facts = {
        .service = kind->service,
        .tls = kind->tls,
        .tls_name = tlsfloor_text_from(kind->tls_name),
        .cipher = tlsfloor_text_from(kind->cipher),
        .suite = tlsfloor_cipher_suite_find(tlsfloor_text_from(kind->cipher)),
        .user = tlsfloor_user_named(person->name,
                                    tlsfloor_text_from(tally->judge->site.policy->default_domain)),
    };

    if (row->network_count > 0)
        facts.client = facts.connection = row->networks[0].network.address;
    return facts;
}

const char *tally_class_name(enum tally_class class)
{
    return class_names[class];
}

void
tally_free(struct tally *tally)
{
    tally_store_free(tally);
    for (size_t i = 0; i < tally->source_count; i++)
        free(tally->sources[i].days);
    free(tally->days);
}
