/* SPDX-License-Identifier: MIT */
/*
 * The decision, one row a case: a tlsfloor.conf, a session, what the exception
 * store says, a time, and the outcome. Names begin with the row of the
 * requirements, or the step of the order of judgement, that they show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy-text.h"
#include "policy.h"
#include "time-text.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define MONDAY "2027-01-04T09:00Z"

/* Suites by what is wrong with them. */
#define GCM "ECDHE-RSA-AES256-GCM-SHA384"
#define CBC "ECDHE-RSA-AES256-SHA"
#define RSA "AES256-SHA"
#define DHE "DHE-RSA-AES256-GCM-SHA384"
#define RC4 "RC4-SHA"
#define NUL "NULL-SHA"

static void
print_problem(void *context, enum tlsfloor_severity severity, unsigned line, const char *sentence)
{
    (void)context;
    if (severity == TLSFLOOR_ERROR)
        print_error("line %u: %s\n", line, sentence);
}

static struct tlsfloor_policy *
policy_of(const char *conf)
{
    struct tlsfloor_policy *policy =
        tlsfloor_policy_parse(tlsfloor_text_from(conf), print_problem, NULL);

    if (policy == NULL)
        fail_msg("%s", conf);
    return policy;
}

static int64_t
time_of(const char *text)
{
    int64_t seconds = 0;

    if (tlsfloor_time_parse(tlsfloor_text_from(text), &seconds) != 0)
        fail_msg("%s", text);
    return seconds;
}

/* A session in words, and the facts that point into them. */
struct session {
    char words[256];
    struct tlsfloor_facts facts;
};

static struct tlsfloor_user
user_of(const char *word)
{
    const struct tlsfloor_user not_yet = {0}, nobody = {.state = TLSFLOOR_USER_NONE};

    if (strcmp(word, "?") == 0)
        return not_yet;
    return strcmp(word, "-") == 0
               ? nobody
               : tlsfloor_user_named(tlsfloor_text_from(word), tlsfloor_text_from(NULL));
}

/*
 * "service version cipher user client [connection]"; cipher "-" none; user "?"
 * not yet, "-" nobody; version "unknown" as after a proxy.
 */
static void
read_session(struct session *session, const char *words)
{
    char *rest, *word[6];

    snprintf(session->words, sizeof(session->words), "%s", words);
    memset(&session->facts, 0, sizeof(session->facts));
    word[0] = strtok_r(session->words, " ", &rest);
    for (int i = 1; i < 6; i++)
        word[i] = strtok_r(NULL, " ", &rest);
    assert_non_null(word[4]);
    session->facts.service = tlsfloor_service_parse(tlsfloor_text_from(word[0]));
    session->facts.tls = tlsfloor_tls_parse(tlsfloor_text_from(word[1]));
    session->facts.cipher = tlsfloor_text_from(strcmp(word[2], "-") == 0 ? NULL : word[2]);
    session->facts.suite = tlsfloor_cipher_suite_find(session->facts.cipher);
    session->facts.user = user_of(word[3]);
    (void)tlsfloor_address_parse(tlsfloor_text_from(word[4]), &session->facts.client);
    (void)tlsfloor_address_parse(tlsfloor_text_from(word[5] == NULL ? word[4] : word[5]),
                                 &session->facts.connection);
}

/* What the store says: "absent", "error", each with or without " may", or an exception. */
struct store {
    struct tlsfloor_lookup lookup;
    struct tlsfloor_exception exception;
};

static void
read_store(struct store *store, const char *words)
{
    char error[256];

    memset(store, 0, sizeof(*store));
    store->lookup.may_cover = strstr(words, " may") != NULL;
    if (strncmp(words, "error", 5) == 0) {
        store->lookup.result = TLSFLOOR_LOOKUP_ERROR;
    } else if (strncmp(words, "absent", 6) == 0) {
        store->lookup.result = TLSFLOOR_LOOKUP_ABSENT;
    } else {
        store->lookup.result = TLSFLOOR_LOOKUP_FOUND;
        store->lookup.may_cover = 1;
        store->lookup.exception = &store->exception;
        if (tlsfloor_exception_parse(tlsfloor_text_from(words), tlsfloor_text_from(NULL),
                                     &store->exception, error, sizeof(error)) != 1)
            fail_msg("%s: %s", words, error);
    }
}

/* --- the order of judgement --- */

#define NOTHING "absent"
#define MAYBE "absent may"
#define BROKEN "error"
#define BROKEN_MAYBE "error may"
#define ANN "ann@example.org allow=TLSv1 until=2027-03-31 service=imap"
#define ANN_CLEAR "ann@example.org allow=cleartext until=2027-03-31 service=imap"
#define ANN_ANY "ann@example.org allow=TLSv1 until=never service=imap ciphers=any"

/* Buckets of the users here: ann@example.org 0, u65@example.org 25, u55@example.org 99. */
static const struct {
    const char *name, *conf, *session, *store, *time, *want;
} cases[] = {
    /* S1: move users to TLS 1.2 or later */
    {"S1 TLS 1.0 is refused by default", "", "imap TLSv1 " CBC " bob 192.0.2.7", NOTHING, MONDAY,
     "refuse version RFC8997"},
    {"S1 TLS 1.1 is refused by default", "", "imap TLSv1.1 " CBC " bob 192.0.2.7", NOTHING, MONDAY,
     "refuse version RFC8997"},
    {"S1 SSL 3 is refused by default", "", "imap SSLv3 " RSA " bob 192.0.2.7", NOTHING, MONDAY,
     "refuse version RFC8997"},
    {"S1 SSL 2 is refused by default", "", "imap SSLv2 - bob 192.0.2.7", NOTHING, MONDAY,
     "refuse version RFC8997"},
    {"S1 TLSv1.0 is TLS 1.0", "", "imap TLSv1.0 " CBC " bob 192.0.2.7", NOTHING, MONDAY,
     "refuse version RFC8997"},
    {"S1 TLS 1.2 is compliant", "", "imap TLSv1.2 " GCM " bob 192.0.2.7", NOTHING, MONDAY,
     "accept compliant RFC8997"},
    {"S1 TLS 1.3 is compliant", "", "imap TLSv1.3 TLS_AES_128_GCM_SHA256 bob 192.0.2.7", NOTHING,
     MONDAY, "accept compliant RFC8997"},
    {"S1 what comes after TLS 1.3 is compliant", "",
     "imap TLSv1.4 TLS_AES_128_GCM_SHA256 bob 192.0.2.7", NOTHING, MONDAY,
     "accept compliant RFC8997"},
    {"S1 observe first", "mode = observe", "imap TLSv1 " CBC " bob 192.0.2.7", NOTHING, MONDAY,
     "tag version RFC8997"},
    {"S1 then tag", "mode = tag", "imap TLSv1 " CBC " bob 192.0.2.7", NOTHING, MONDAY,
     "tag version RFC8997"},
    {"S1 a lower floor is this site's choice", "floor = TLSv1.1",
     "imap TLSv1.1 ECDHE-RSA-AES256-GCM-SHA384 bob 192.0.2.7", NOTHING, MONDAY,
     "accept compliant local"},
    {"S1 below a lower floor", "floor = TLSv1.1", "imap TLSv1 " GCM " bob 192.0.2.7", NOTHING,
     MONDAY, "refuse version RFC8997"},
    {"S1 a higher floor is this site's choice", "floor = TLSv1.3",
     "imap TLSv1.2 " GCM " bob 192.0.2.7", NOTHING, MONDAY, "refuse version local"},
    {"S1 below TLS 1.2 under a higher floor", "floor = TLSv1.3",
     "imap TLSv1.1 " GCM " bob 192.0.2.7", NOTHING, MONDAY, "refuse version RFC8997"},
    {"S1 a floor for one service only", "[pop3]\nfloor = TLSv1", "imap TLSv1 " GCM " b 192.0.2.7",
     NOTHING, MONDAY, "refuse version RFC8997"},
    {"S1 a floor for this service only", "[pop3]\nfloor = TLSv1",
     "pop3 TLSv1 " GCM " bob 192.0.2.7", NOTHING, MONDAY, "accept compliant local"},

    /* S3: refuse after the handshake, before the password, when no exception can apply */
    {"S3 nobody named, no exception can apply", "", "imap TLSv1 " CBC " ? 192.0.2.7", NOTHING,
     MONDAY, "refuse version RFC8997"},
    {"S3 nobody named, some exception might apply", "", "imap TLSv1 " CBC " ? 192.0.2.7", MAYBE,
     MONDAY, "undecided version RFC8997"},
    {"S3 ... but not from here", "legacy_networks = 198.51.100.0/24",
     "imap TLSv1 " CBC " ? 192.0.2.7", MAYBE, MONDAY, "refuse version RFC8997"},
    {"S3 ... and the client counts, not the connection", "legacy_networks = 198.51.100.0/24",
     "imap TLSv1 " CBC " ? 198.51.100.7 192.0.2.7", MAYBE, MONDAY, "undecided version RFC8997"},
    {"S3 a final nobody is never undecided", "", "submission TLSv1 " CBC " - 192.0.2.7", MAYBE,
     MONDAY, "refuse version RFC8997"},
    {"S3 a named user is never undecided", "", "imap TLSv1 " CBC " bob 192.0.2.7", MAYBE, MONDAY,
     "refuse version RFC8997"},

    /* S4: new users need TLS 1.2 from the start */
    {"S4 somebody else's exception", "", "imap TLSv1 " CBC " new@example.org 192.0.2.7", ANN,
     MONDAY, "refuse version RFC8997"},

    /* S5: exceptions */
    {"S5 a user's exception", "", "imap TLSv1 " CBC " ann@example.org 192.0.2.7", ANN, MONDAY,
     "accept exception RFC8314-4.1"},
    {"S5 in any case of the name", "", "imap TLSv1 " CBC " ANN@Example.ORG 192.0.2.7", ANN, MONDAY,
     "accept exception RFC8314-4.1"},
    {"S5 for a newer version too", "", "imap TLSv1.1 " CBC " ann@example.org 192.0.2.7", ANN,
     MONDAY, "accept exception RFC8314-4.1"},
    {"S5 not for an older one", "", "imap SSLv3 " RSA " ann@example.org 192.0.2.7", ANN, MONDAY,
     "refuse version RFC8997"},
    {"S5 not for cleartext", "", "imap cleartext - ann@example.org 192.0.2.7", ANN, MONDAY,
     "refuse cleartext RFC8314-4.1"},
    {"S5 cleartext where allowed", "", "imap cleartext - ann@example.org 192.0.2.7", ANN_CLEAR,
     MONDAY, "accept exception RFC8314-4.1"},
    {"S5 cleartext allowed implies any cipher", "", "imap TLSv1 " NUL " ann@example.org 192.0.2.7",
     ANN_CLEAR, MONDAY, "accept exception RFC8314-4.1"},
    {"S5 not for NULL encryption", "", "imap TLSv1 " NUL " ann@example.org 192.0.2.7", ANN, MONDAY,
     "refuse version RFC8997"},
    {"S5 NULL encryption where allowed", "", "imap TLSv1 " NUL " ann@example.org 192.0.2.7",
     ANN_ANY, MONDAY, "accept exception RFC8314-4.1"},
    {"S5 not for an unknown suite", "", "imap TLSv1 FOO-SHA ann@example.org 192.0.2.7", ANN, MONDAY,
     "refuse version RFC8997"},
    {"S5 covers a cipher violation", "", "imap TLSv1.2 " RC4 " ann@example.org 192.0.2.7", ANN,
     MONDAY, "accept exception RFC8314-4.1"},
    {"S5 not for another service", "", "pop3 TLSv1 " CBC " ann@example.org 192.0.2.7", ANN, MONDAY,
     "refuse version RFC8997"},
    {"S5 until the last second of its day", "", "imap TLSv1 " CBC " ann@example.org 192.0.2.7", ANN,
     "2027-03-31T23:59:59Z", "accept exception RFC8314-4.1"},
    {"S5 and not one second longer", "", "imap TLSv1 " CBC " ann@example.org 192.0.2.7", ANN,
     "2027-04-01T00:00:00Z", "refuse version RFC8997"},
    {"S5 a domain's exception", "", "imap TLSv1 " CBC " bob@example.org 192.0.2.7",
     "@example.org allow=TLSv1 until=never service=imap", MONDAY, "accept exception RFC8314-4.1"},
    {"S5 everybody from there", "", "imap TLSv1 " CBC " bob 192.0.2.7",
     "* allow=TLSv1 until=never from=192.0.2.0/24", MONDAY, "accept exception RFC8314-4.1"},
    {"S5 everybody from elsewhere", "", "imap TLSv1 " CBC " bob 192.0.3.7",
     "* allow=TLSv1 until=never from=192.0.2.0/24", MONDAY, "refuse version RFC8997"},
    {"S5 everybody, before the name is known", "", "imap TLSv1 " CBC " ? 192.0.2.7",
     "* allow=TLSv1 until=never from=192.0.2.0/24", MONDAY, "accept exception RFC8314-4.1"},
    {"S5 everybody, a session that names nobody", "", "submission TLSv1 " CBC " - 192.0.2.7",
     "* allow=TLSv1 until=never from=192.0.2.0/24", MONDAY, "accept exception RFC8314-4.1"},
    {"S5 a user's, before the name is known", "", "imap TLSv1 " CBC " ? 192.0.2.7", ANN, MONDAY,
     "undecided version RFC8997"},
    {"S5 nothing outside legacy_networks", "legacy_networks = 198.51.100.0/24",
     "imap TLSv1 " CBC " ann@example.org 192.0.2.7", ANN, MONDAY, "refuse version RFC8997"},
    {"S5 nothing without legacy_networks", "legacy_networks =",
     "imap TLSv1 " CBC " ann@example.org 192.0.2.7", ANN, MONDAY, "refuse version RFC8997"},
    {"S5 legacy_networks are of the client", "legacy_networks = 192.0.2.0/24",
     "imap TLSv1 " CBC " ann@example.org 192.0.2.7 198.51.100.1", ANN, MONDAY,
     "accept exception RFC8314-4.1"},
    {"S5 ... and not of the connection", "legacy_networks = 192.0.2.0/24",
     "imap TLSv1 " CBC " ann@example.org 198.51.100.1 192.0.2.7", ANN, MONDAY,
     "refuse version RFC8997"},
    {"S5 no address is in no network", "", "imap TLSv1 " CBC " ann@example.org unknown", ANN,
     MONDAY, "refuse version RFC8997"},
    {"S5 names the exception also in mode observe", "mode = observe",
     "imap TLSv1 " CBC " ann@example.org 192.0.2.7", ANN, MONDAY, "accept exception RFC8314-4.1"},
    {"S5 is not needed if compliant", "", "imap TLSv1.2 " GCM " ann@example.org 192.0.2.7", ANN,
     MONDAY, "accept compliant RFC8997"},

    /* S8: rollout by date, by share of the users, and in brown-out windows */
    {"S8 the second before rollout_from", "rollout_from = 2027-02-01",
     "imap TLSv1 " CBC " bob 192.0.2.7", NOTHING, "2027-01-31T23:59:59Z", "tag version RFC8997"},
    {"S8 the second of rollout_from", "rollout_from = 2027-02-01",
     "imap TLSv1 " CBC " bob 192.0.2.7", NOTHING, "2027-02-01T00:00:00Z", "refuse version RFC8997"},
    {"S8 before rollout_from, nobody named", "rollout_from = 2027-02-01",
     "imap TLSv1 " CBC " ? 192.0.2.7", MAYBE, MONDAY, "tag version RFC8997"},
    {"S8 before rollout_from, in a window", "rollout_from = 2027-02-01\nbrownout = Mon 09:00-10:00",
     "imap TLSv1 " CBC " bob 192.0.2.7", NOTHING, MONDAY, "defer version RFC8997"},
    {"S8 before rollout_from, out of the window",
     "rollout_from = 2027-02-01\nbrownout = Mon 09:00-10:00", "imap TLSv1 " CBC " bob 192.0.2.7",
     NOTHING, "2027-01-04T10:00Z", "tag version RFC8997"},
    {"S8 a window makes refusals temporary", "brownout = Mon 09:00-10:00",
     "imap TLSv1 " CBC " bob 192.0.2.7", NOTHING, MONDAY, "defer version RFC8997"},
    {"S8 outside it they are for good", "brownout = Mon 09:00-10:00",
     "imap TLSv1 " CBC " bob 192.0.2.7", NOTHING, "2027-01-04T10:00Z", "refuse version RFC8997"},
    {"S8 a window undoes no compliant session", "brownout = Mon 09:00-10:00",
     "imap TLSv1.2 " GCM " bob 192.0.2.7", NOTHING, MONDAY, "accept compliant RFC8997"},
    {"S8 a window undoes no exception", "brownout = Mon 09:00-10:00",
     "imap TLSv1 " CBC " ann@example.org 192.0.2.7", ANN, MONDAY, "accept exception RFC8314-4.1"},
    {"S8 in a window, nobody named, some exception", "brownout = Mon 09:00-10:00",
     "imap TLSv1 " CBC " ? 192.0.2.7", MAYBE, MONDAY, "undecided version RFC8997"},
    {"S8 in a window, nobody named, no exception", "brownout = Mon 09:00-10:00",
     "imap TLSv1 " CBC " ? 192.0.2.7", NOTHING, MONDAY, "defer version RFC8997"},
    {"S8 a window means nothing to mode tag", "mode = tag\nbrownout = Mon 09:00-10:00",
     "imap TLSv1 " CBC " bob 192.0.2.7", NOTHING, MONDAY, "tag version RFC8997"},
    {"S8 bucket 0 of 1 %", "rollout_percent = 1", "imap TLSv1 " CBC " ann@example.org 192.0.2.7",
     NOTHING, MONDAY, "defer version RFC8997"},
    {"S8 bucket 25 of 25 %", "rollout_percent = 25", "imap TLSv1 " CBC " u65@example.org 192.0.2.7",
     NOTHING, MONDAY, "tag version RFC8997"},
    {"S8 bucket 25 of 26 %", "rollout_percent = 26", "imap TLSv1 " CBC " u65@example.org 192.0.2.7",
     NOTHING, MONDAY, "defer version RFC8997"},
    {"S8 bucket 99 of 99 %", "rollout_percent = 99", "imap TLSv1 " CBC " u55@example.org 192.0.2.7",
     NOTHING, MONDAY, "tag version RFC8997"},
    {"S8 bucket 99 of 100 %", "rollout_percent = 100",
     "imap TLSv1 " CBC " u55@example.org 192.0.2.7", NOTHING, MONDAY, "refuse version RFC8997"},
    {"S8 0 % binds nobody", "rollout_percent = 0", "imap TLSv1 " CBC " ann@example.org 192.0.2.7",
     NOTHING, MONDAY, "tag version RFC8997"},
    {"S8 0 % binds nobody in a window", "rollout_percent = 0\nbrownout = Mon 09:00-10:00",
     "imap TLSv1 " CBC " ann@example.org 192.0.2.7", NOTHING, MONDAY, "tag version RFC8997"},
    {"S8 0 %, nobody named yet", "rollout_percent = 0", "imap TLSv1 " CBC " ? 192.0.2.7", MAYBE,
     MONDAY, "tag version RFC8997"},
    {"S8 0 %, a session that names nobody", "rollout_percent = 0",
     "submission TLSv1 " CBC " - 192.0.2.7", NOTHING, MONDAY, "tag version RFC8997"},
    {"S8 1 %, nobody named yet", "rollout_percent = 1", "imap TLSv1 " CBC " ? 192.0.2.7", NOTHING,
     MONDAY, "undecided version RFC8997"},
    {"S8 99 %, nobody named yet", "rollout_percent = 99", "imap TLSv1 " CBC " ? 192.0.2.7", NOTHING,
     MONDAY, "undecided version RFC8997"},
    {"S8 1 %, a session that names nobody", "rollout_percent = 1",
     "submission TLSv1 " CBC " - 192.0.2.7", NOTHING, MONDAY, "defer version RFC8997"},
    {"S8 a share before rollout_from", "rollout_percent = 50\nrollout_from = 2027-02-01",
     "imap TLSv1 " CBC " ann@example.org 192.0.2.7", NOTHING, MONDAY, "tag version RFC8997"},
    {"S8 a share before rollout_from, nobody named",
     "rollout_percent = 50\nrollout_from = 2027-02-01", "imap TLSv1 " CBC " ? 192.0.2.7", NOTHING,
     MONDAY, "tag version RFC8997"},
    {"S8 a share within a window",
     "rollout_percent = 50\nrollout_from = 2027-02-01\n"
     "brownout = Mon 09:00-10:00",
     "imap TLSv1 " CBC " u55@example.org 192.0.2.7", NOTHING, MONDAY, "tag version RFC8997"},
    {"S8 an exception outlives the rollout", "rollout_percent = 50",
     "imap TLSv1 " CBC " ann@example.org 192.0.2.7", ANN, MONDAY, "accept exception RFC8314-4.1"},

    /* S12, S13, S14 */
    {"S12 IMAP needs TLS", "", "imap cleartext - bob 192.0.2.7", NOTHING, MONDAY,
     "refuse cleartext RFC8314-4.1"},
    {"S12 POP3 needs TLS", "", "pop3 cleartext - bob 192.0.2.7", NOTHING, MONDAY,
     "refuse cleartext RFC8314-4.1"},
    {"S12 ManageSieve needs TLS", "", "sieve cleartext - bob 192.0.2.7", NOTHING, MONDAY,
     "refuse cleartext RFC8314-4.1"},
    {"S12 submission needs TLS", "", "submission cleartext - bob 192.0.2.7", NOTHING, MONDAY,
     "refuse cleartext RFC8314-4.1"},
    {"S13 cleartext ranks below SSL 3", "floor = SSLv3", "imap cleartext - bob 192.0.2.7", NOTHING,
     MONDAY, "refuse cleartext RFC8314-4.1"},
    {"S13 no floor at all", "floor = cleartext", "imap cleartext - bob 192.0.2.7", NOTHING, MONDAY,
     "accept compliant local"},
    {"S13 no floor, and SSL 2", "floor = cleartext\ncipher_profile = none",
     "imap SSLv2 - bob 192.0.2.7", NOTHING, MONDAY, "accept compliant local"},
    {"S14 a session without a password is judged alike", "",
     "submission TLSv1.1 " CBC " - 192.0.2.7", NOTHING, MONDAY, "refuse version RFC8997"},

    /* cipher rules and their precedence */
    {"RFC9325 4.1 RC4 is a violation", "", "imap TLSv1.2 " RC4 " bob 192.0.2.7", NOTHING, MONDAY,
     "refuse cipher RFC9325-4.1"},
    {"RFC9325 4.1 CBC is weak", "", "imap TLSv1.2 " CBC " bob 192.0.2.7", NOTHING, MONDAY,
     "tag weak-cipher RFC9325-4.1"},
    {"RFC9325 4.1 DHE is weak", "", "imap TLSv1.2 " DHE " bob 192.0.2.7", NOTHING, MONDAY,
     "tag weak-cipher RFC9325-4.1"},
    {"RFC10015 DHE is a violation", "cipher_profile = rfc10015",
     "imap TLSv1.2 " DHE " bob 192.0.2.7", NOTHING, MONDAY, "refuse cipher RFC10015"},
    {"RFC10015 static RSA is a violation", "cipher_profile = rfc10015",
     "imap TLSv1.2 " RSA " bob 192.0.2.7", NOTHING, MONDAY, "refuse cipher RFC10015"},
    {"RFC10015 CBC is weak", "cipher_profile = rfc10015", "imap TLSv1.2 " CBC " bob 192.0.2.7",
     NOTHING, MONDAY, "tag weak-cipher RFC10015"},
    {"profile none judges versions only", "cipher_profile = none",
     "imap TLSv1.2 " NUL " bob 192.0.2.7", NOTHING, MONDAY, "accept compliant RFC8997"},
    {"profile none has no unknown suites", "cipher_profile = none\nunknown_cipher = reject",
     "imap TLSv1.2 FOO-SHA bob 192.0.2.7", NOTHING, MONDAY, "accept compliant RFC8997"},
    {"weak ciphers rejected", "weak_ciphers = reject", "imap TLSv1.2 " CBC " bob 192.0.2.7",
     NOTHING, MONDAY, "refuse cipher RFC9325-4.1"},
    {"weak ciphers rejected, an exception", "weak_ciphers = reject",
     "imap TLSv1.2 " CBC " ann@example.org 192.0.2.7", ANN, MONDAY, "accept exception RFC8314-4.1"},
    {"weak ciphers rejected in mode tag", "weak_ciphers = reject\nmode = tag",
     "imap TLSv1.2 " CBC " bob 192.0.2.7", NOTHING, MONDAY, "tag cipher RFC9325-4.1"},
    {"a weak cipher needs no exception", "", "imap TLSv1.2 " CBC " ann@example.org 192.0.2.7", ANN,
     MONDAY, "tag weak-cipher RFC9325-4.1"},
    {"an unknown suite is tagged", "", "imap TLSv1.2 FOO-SHA bob 192.0.2.7", NOTHING, MONDAY,
     "tag unknown-cipher local"},
    {"an unknown suite is rejected", "unknown_cipher = reject",
     "imap TLSv1.2 FOO-SHA bob 192.0.2.7", NOTHING, MONDAY, "refuse unknown-cipher local"},
    {"no suite is an unknown suite", "", "imap TLSv1.2 - bob 192.0.2.7", NOTHING, MONDAY,
     "tag unknown-cipher local"},
    {"an unknown suite of TLS 1.3", "", "imap TLSv1.3 TLS_FOO bob 192.0.2.7", NOTHING, MONDAY,
     "tag unknown-cipher local"},
    {"weak_ciphers is not for unknown ones", "weak_ciphers = reject",
     "imap TLSv1.2 FOO-SHA bob 192.0.2.7", NOTHING, MONDAY, "tag unknown-cipher local"},
    {"unknown_cipher is not for weak ones", "unknown_cipher = reject",
     "imap TLSv1.2 " CBC " bob 192.0.2.7", NOTHING, MONDAY, "tag weak-cipher RFC9325-4.1"},
    {"the version comes before the cipher", "", "imap TLSv1 " RC4 " bob 192.0.2.7", NOTHING, MONDAY,
     "refuse version RFC8997"},
    {"a suite is no better in an older version", "floor = TLSv1", "imap TLSv1 " RC4 " b 192.0.2.7",
     NOTHING, MONDAY, "refuse cipher RFC9325-4.1"},
    {"an IANA name is as good", "", "imap TLSv1.2 TLS_RSA_WITH_RC4_128_SHA bob 192.0.2.7", NOTHING,
     MONDAY, "refuse cipher RFC9325-4.1"},
    {"cleartext has no cipher to judge", "floor = cleartext\nunknown_cipher = reject",
     "imap cleartext - bob 192.0.2.7", NOTHING, MONDAY, "accept compliant local"},
    {"cleartext with a cipher is cleartext", "floor = cleartext", "imap cleartext " RC4 " b ::2",
     NOTHING, MONDAY, "accept compliant local"},
    {"no floor still has cipher rules", "floor = cleartext", "imap TLSv1 " RC4 " bob 192.0.2.7",
     NOTHING, MONDAY, "refuse cipher RFC9325-4.1"},
    {"a cipher violation and nobody named", "", "imap TLSv1.2 " RC4 " ? 192.0.2.7", MAYBE, MONDAY,
     "undecided cipher RFC9325-4.1"},
    {"a cipher violation in a window", "brownout = Mon 09:00-10:00",
     "imap TLSv1.2 " RC4 " bob 192.0.2.7", NOTHING, MONDAY, "defer cipher RFC9325-4.1"},

    /* R: what every admin needs */
    {"R port 25 is not touched", "", "none TLSv1 " CBC " - 192.0.2.7", NOTHING, MONDAY,
     "accept not-subject local"},
    {"R port 25 in cleartext is not touched", "", "none cleartext - - 192.0.2.7", BROKEN_MAYBE,
     MONDAY, "accept not-subject local"},
    {"R port 25, TLS unknown", "unknown_tls = reject", "none unknown - - 192.0.2.7", NOTHING,
     MONDAY, "accept not-subject local"},
    {"R webmail on localhost", "", "imap cleartext - bob 127.0.0.1", NOTHING, MONDAY,
     "accept trusted-network local"},
    {"R webmail on localhost, IPv6", "", "imap TLSv1 " CBC " bob ::1", NOTHING, MONDAY,
     "accept trusted-network local"},
    {"R webmail, mapped address", "", "imap TLSv1 " CBC " bob ::ffff:127.0.0.1", NOTHING, MONDAY,
     "accept trusted-network local"},
    {"R trusted is the connection", "", "imap cleartext - bob 192.0.2.7 127.0.0.1", NOTHING, MONDAY,
     "accept trusted-network local"},
    {"R trusted is not what the client claims", "", "imap cleartext - bob 127.0.0.1 192.0.2.7",
     NOTHING, MONDAY, "refuse cleartext RFC8314-4.1"},
    {"R nothing is trusted", "trusted_networks =", "imap cleartext - bob 127.0.0.1", NOTHING,
     MONDAY, "refuse cleartext RFC8314-4.1"},
    {"R a trusted network hides a cipher violation", "", "imap TLSv1.2 " RC4 " bob 127.0.0.1",
     NOTHING, MONDAY, "accept trusted-network local"},
    {"R a trusted network is not asked about a compliant session", "",
     "imap TLSv1.2 " GCM " bob 127.0.0.1", NOTHING, MONDAY, "accept compliant RFC8997"},
    {"R a weak cipher from a trusted network", "", "imap TLSv1.2 " CBC " bob 127.0.0.1", NOTHING,
     MONDAY, "tag weak-cipher RFC9325-4.1"},
    {"R a trusted network comes before an exception", "",
     "imap TLSv1 " CBC " ann@example.org 127.0.0.1", ANN, MONDAY, "accept trusted-network local"},
    {"R a trusted network with TLS unknown", "unknown_tls = reject", "imap unknown - bob 127.0.0.1",
     NOTHING, MONDAY, "accept trusted-network local"},
    {"R TLS unknown is tagged", "", "imap unknown - bob 192.0.2.7", NOTHING, MONDAY,
     "tag unknown-tls local"},
    {"R TLS unknown is accepted", "unknown_tls = accept", "imap unknown - bob 192.0.2.7", NOTHING,
     MONDAY, "accept unknown-tls local"},
    {"R TLS unknown is rejected", "unknown_tls = reject", "imap unknown - bob 192.0.2.7", NOTHING,
     MONDAY, "refuse unknown-tls local"},
    {"R garbage for a version is unknown TLS", "unknown_tls = reject",
     "imap TLSv1.2x " GCM " bob 192.0.2.7", NOTHING, MONDAY, "refuse unknown-tls local"},
    {"R TLS unknown is not compliant without a floor", "floor = cleartext",
     "imap unknown " GCM " bob 192.0.2.7", NOTHING, MONDAY, "tag unknown-tls local"},
    {"R TLS unknown, its cipher is not judged", "", "imap unknown " RC4 " bob 192.0.2.7", NOTHING,
     MONDAY, "tag unknown-tls local"},
    {"R TLS unknown, rejected, mode tag", "unknown_tls = reject\nmode = tag",
     "imap unknown - bob 192.0.2.7", NOTHING, MONDAY, "tag unknown-tls local"},
    {"R TLS unknown, an exception for TLS 1.0", "unknown_tls = reject",
     "imap unknown " GCM " ann@example.org 192.0.2.7", ANN_ANY, MONDAY, "refuse unknown-tls local"},
    {"R TLS unknown, an exception for cleartext", "unknown_tls = reject",
     "imap unknown - ann@example.org 192.0.2.7", ANN_CLEAR, MONDAY, "accept exception RFC8314-4.1"},
    {"R TLS unknown, tagged whatever the exception", "", "imap unknown - ann@example.org 192.0.2.7",
     ANN_CLEAR, MONDAY, "tag unknown-tls local"},
    {"R TLS unknown, rejected, nobody named", "unknown_tls = reject", "imap unknown - ? 192.0.2.7",
     MAYBE, MONDAY, "undecided unknown-tls local"},
    {"R a broken store delays no compliant session", "", "imap TLSv1.2 " GCM " bob 192.0.2.7",
     BROKEN_MAYBE, MONDAY, "accept compliant RFC8997"},
    {"R a broken store delays no weak cipher", "", "imap TLSv1.2 " CBC " bob 192.0.2.7",
     BROKEN_MAYBE, MONDAY, "tag weak-cipher RFC9325-4.1"},
    {"R a broken store, an exception might apply", "", "imap TLSv1 " CBC " bob 192.0.2.7",
     BROKEN_MAYBE, MONDAY, "defer store-error local"},
    {"R a broken store, nobody named", "", "imap TLSv1 " CBC " ? 192.0.2.7", BROKEN_MAYBE, MONDAY,
     "defer store-error local"},
    {"R a broken store, no exception can apply", "", "imap TLSv1 " CBC " bob 192.0.2.7", BROKEN,
     MONDAY, "refuse version RFC8997"},
    {"R a broken store, not from legacy_networks", "legacy_networks = 198.51.100.0/24",
     "imap TLSv1 " CBC " bob 192.0.2.7", BROKEN_MAYBE, MONDAY, "refuse version RFC8997"},
    {"R a broken store in mode tag", "mode = tag", "imap TLSv1 " CBC " bob 192.0.2.7", BROKEN_MAYBE,
     MONDAY, "tag version RFC8997"},
    {"R a broken store, a user who is not bound", "rollout_percent = 50",
     "imap TLSv1 " CBC " u55@example.org 192.0.2.7", BROKEN_MAYBE, MONDAY, "tag version RFC8997"},
    {"R a broken store and a trusted network", "", "imap TLSv1 " CBC " bob 127.0.0.1", BROKEN_MAYBE,
     MONDAY, "accept trusted-network local"},
};

static void
assert_decision(const char *name, const struct tlsfloor_decision *decision, const char *want)
{
    char got[128];

    snprintf(got, sizeof(got), "%s %s %s", tlsfloor_action_name(decision->action),
             tlsfloor_reason_name(decision->reason), tlsfloor_rule_name(decision->rule));
    if (strcmp(got, want) != 0)
        fail_msg("%s: %s, not %s", name, got, want);
}

static void
test_decide(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_policy *policy = policy_of(cases[i].conf);
        struct tlsfloor_decision decision;
        struct session session;
        struct store store;

        read_session(&session, cases[i].session);
        read_store(&store, cases[i].store);
        decision =
            tlsfloor_policy_decide(policy, &session.facts, &store.lookup, time_of(cases[i].time));
        assert_decision(cases[i].name, &decision, cases[i].want);
        if ((decision.reason == TLSFLOOR_REASON_EXCEPTION) != (decision.exception != NULL))
            fail_msg("%s: names an exception where there is none, or none", cases[i].name);
        if (decision.exception != NULL)
            assert_ptr_equal(decision.exception, &store.exception);
        assert_int_equal(decision.floor, policy->services[session.facts.service].floor);
        assert_int_equal(decision.mode, policy->services[session.facts.service].mode);
        tlsfloor_policy_free(policy);
    }
}

/* A lookup that says FOUND and has nothing is the same as absent. */
static void
test_found_nothing(void **state)
{
    const struct tlsfloor_lookup lookup = {.result = TLSFLOOR_LOOKUP_FOUND};
    struct tlsfloor_policy *policy = policy_of("");
    struct tlsfloor_decision decision;
    struct session session;

    (void)state;
    read_session(&session, "imap TLSv1 " CBC " ann@example.org 192.0.2.7");
    decision = tlsfloor_policy_decide(policy, &session.facts, &lookup, 0);
    assert_decision("found nothing", &decision, "refuse version RFC8997");
    tlsfloor_policy_free(policy);
}

/* An error that hands over an exception all the same is still an error. */
static void
test_error_with_exception(void **state)
{
    struct tlsfloor_policy *policy = policy_of("");
    struct tlsfloor_decision decision;
    struct session session;
    struct store store;

    (void)state;
    read_session(&session, "imap TLSv1 " CBC " ann@example.org 192.0.2.7");
    read_store(&store, ANN);
    store.lookup.result = TLSFLOOR_LOOKUP_ERROR;
    decision = tlsfloor_policy_decide(policy, &session.facts, &store.lookup, time_of(MONDAY));
    assert_decision("error", &decision, "defer store-error local");
    store.lookup.result = TLSFLOOR_LOOKUP_ABSENT;
    decision = tlsfloor_policy_decide(policy, &session.facts, &store.lookup, time_of(MONDAY));
    assert_decision("absent", &decision, "refuse version RFC8997");
    tlsfloor_policy_free(policy);
}

static void
test_zero_refuses(void **state)
{
    const struct tlsfloor_decision zero = {0};
    const struct tlsfloor_lookup lookup = {0};

    (void)state;
    assert_int_equal(zero.action, TLSFLOOR_REFUSE);
    assert_int_equal(zero.mode, TLSFLOOR_MODE_ENFORCE);
    assert_int_equal(lookup.result, TLSFLOOR_LOOKUP_ERROR);
    assert_int_equal((enum tlsfloor_answer)0, TLSFLOOR_ANSWER_REJECT);
    assert_int_equal((enum tlsfloor_cipher_class)0, TLSFLOOR_CIPHER_VIOLATION);
}

/* --- properties --- */

static const char *const property_confs[] = {
    "",
    "mode = tag",
    "floor = TLSv1.3\nweak_ciphers = reject",
    "floor = TLSv1.1\ncipher_profile = rfc10015\nunknown_cipher = reject",
    "floor = cleartext\nunknown_tls = reject",
    "rollout_percent = 50",
    "rollout_from = 2027-02-01\nbrownout = Mon 09:00-10:00",
    "legacy_networks = 198.51.100.0/24",
};
static const char *const property_suites[] = {
    GCM, CBC, RSA, DHE, RC4, NUL, "FOO", "-", "TLS_AES_128_GCM_SHA256", "ADH-AES128-SHA"};
static const char *const property_users[] = {"?", "-", "ann@example.org", "u55@example.org"};
static const char *const property_stores[] = {
    NOTHING, MAYBE,     BROKEN,  BROKEN_MAYBE,
    ANN,     ANN_CLEAR, ANN_ANY, "@example.org allow=TLSv1.1 until=2027-01-03 service=imap"};

static int
is_accepted(const struct tlsfloor_decision *decision)
{
    return decision->action == TLSFLOOR_ACCEPT || decision->action == TLSFLOOR_TAG;
}

/*
 * For one policy, suite, user and store: from SSL 3 up, what is accepted stays
 * accepted. Cleartext is left out, as it has no suite.
 */
static void
assert_newer_is_no_worse(const struct tlsfloor_policy *policy, const char *suite, const char *user,
                         const char *stored)
{
    int accepted = 0;

    for (int tls = TLSFLOOR_TLS_SSLV3; tls <= TLSFLOOR_TLS_NEWER; tls++) {
        struct tlsfloor_decision decision;
        struct session session;
        struct store store;
        char words[200];

        snprintf(words, sizeof(words), "imap TLSv1 %s %s 192.0.2.7", suite, user);
        read_session(&session, words);
        session.facts.tls = (enum tlsfloor_tls)tls;
        read_store(&store, stored);
        decision = tlsfloor_policy_decide(policy, &session.facts, &store.lookup, time_of(MONDAY));
        if (accepted && !is_accepted(&decision))
            fail_msg("%s %s %s: %s is worse than what is older", suite, user, stored,
                     tlsfloor_tls_name((enum tlsfloor_tls)tls));
        accepted = is_accepted(&decision);
        if (decision.reason == TLSFLOOR_REASON_EXCEPTION && !strstr(stored, "allow="))
            fail_msg("%s: an exception out of nothing", stored);
        if (strstr(stored, "until=2027-01-03") && decision.reason == TLSFLOOR_REASON_EXCEPTION)
            fail_msg("an expired exception applied");
        if (strcmp(user, "?") != 0)
            assert_int_not_equal(decision.action, TLSFLOOR_UNDECIDED);
    }
}

static void
test_properties(void **state)
{
    (void)state;
    for (size_t p = 0; p < COUNT(property_confs); p++) {
        struct tlsfloor_policy *policy = policy_of(property_confs[p]);

        for (size_t s = 0; s < COUNT(property_suites); s++)
            for (size_t u = 0; u < COUNT(property_users); u++)
                for (size_t e = 0; e < COUNT(property_stores); e++)
                    assert_newer_is_no_worse(policy, property_suites[s], property_users[u],
                                             property_stores[e]);
        tlsfloor_policy_free(policy);
    }
}

/* --- cipher rules --- */

#define V TLSFLOOR_CIPHER_VIOLATION
#define W TLSFLOOR_CIPHER_WEAK
#define F TLSFLOOR_CIPHER_FINE
#define U TLSFLOOR_CIPHER_UNKNOWN

static const struct {
    const char *rule, *suite;
    enum tlsfloor_cipher_class rfc9325, rfc10015;
} suites[] = {
    {"NULL encryption", "NULL-SHA256", V, V},
    {"NULL encryption, ephemeral", "ECDHE-RSA-NULL-SHA", V, V},
    {"NULL encryption in TLS 1.3", "TLS_SHA256_SHA256", V, V},
    {"RC4", "RC4-SHA", V, V},
    {"RC4, MD5", "RC4-MD5", V, V},
    {"RC4, ephemeral", "ECDHE-RSA-RC4-SHA", V, V},
    {"export", "EXP-RC4-MD5", V, V},
    {"export RC2", "EXP-RC2-CBC-MD5", V, V},
    {"single DES is below 112 bits", "DES-CBC-SHA", V, V},
    {"anonymous DH", "ADH-AES256-GCM-SHA384", V, V},
    {"anonymous ECDH", "AECDH-AES128-SHA", V, V},
    {"3DES", "DES-CBC3-SHA", W, V},
    {"3DES, ephemeral", "ECDHE-RSA-DES-CBC3-SHA", W, W},
    {"3DES, DHE", "DHE-RSA-DES-CBC3-SHA", W, V},
    {"static RSA", "AES256-GCM-SHA384", W, V},
    {"static RSA, CBC", "AES128-SHA", W, V},
    {"static RSA with PSK", "RSA-PSK-AES256-GCM-SHA384", W, V},
    {"DHE", "DHE-RSA-AES256-GCM-SHA384", W, V},
    {"DHE, ChaCha20", "DHE-RSA-CHACHA20-POLY1305", W, V},
    {"DHE with PSK", "DHE-PSK-AES256-GCM-SHA384", W, V},
    {"static DH", "DH-RSA-AES256-GCM-SHA384", W, V},
    {"static ECDH", "ECDH-RSA-AES256-GCM-SHA384", W, W},
    {"CBC", "ECDHE-RSA-AES256-SHA384", W, W},
    {"CBC, SHA-1", "ECDHE-ECDSA-AES128-SHA", W, W},
    {"Camellia CBC", "ECDHE-ECDSA-CAMELLIA128-SHA256", W, W},
    {"IDEA", "IDEA-CBC-SHA", W, V},
    {"SEED", "SEED-SHA", W, V},
    {"PSK without forward secrecy", "PSK-AES256-GCM-SHA384", W, W},
    {"SRP", "SRP-AES-128-CBC-SHA", W, W},
    {"ECDHE with AES-GCM", "ECDHE-RSA-AES128-GCM-SHA256", F, F},
    {"ECDHE with AES-GCM, ECDSA", "ECDHE-ECDSA-AES256-GCM-SHA384", F, F},
    {"ECDHE with ChaCha20", "ECDHE-RSA-CHACHA20-POLY1305", F, F},
    {"ECDHE with ChaCha20, PSK", "ECDHE-PSK-CHACHA20-POLY1305", F, F},
    {"TLS 1.3", "TLS_AES_128_GCM_SHA256", F, F},
    {"TLS 1.3, AES-256", "TLS_AES_256_GCM_SHA384", F, F},
    {"TLS 1.3, ChaCha20", "TLS_CHACHA20_POLY1305_SHA256", F, F},
    {"TLS 1.3, CCM", "TLS_AES_128_CCM_SHA256", F, F},
    {"TLS 1.3, short CCM", "TLS_AES_128_CCM_8_SHA256", F, F},
};

static void
assert_class(const char *name, enum tlsfloor_profile profile,
             const struct tlsfloor_cipher_suite *suite, enum tlsfloor_cipher_class want)
{
    enum tlsfloor_cipher_class got = tlsfloor_policy_judge_cipher(profile, suite);

    if (got != want)
        fail_msg("%s, profile %d: %d, not %d", name, (int)profile, (int)got, (int)want);
}

static void
test_judge_cipher(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(suites); i++) {
        const struct tlsfloor_cipher_suite *suite =
            tlsfloor_cipher_suite_find(tlsfloor_text_from(suites[i].suite));

        if (suite == NULL)
            fail_msg("%s is not known", suites[i].suite);
        assert_class(suites[i].rule, TLSFLOOR_PROFILE_RFC9325, suite, suites[i].rfc9325);
        assert_class(suites[i].rule, TLSFLOOR_PROFILE_RFC10015, suite, suites[i].rfc10015);
        assert_class(suites[i].rule, TLSFLOOR_PROFILE_NONE, suite, F);
    }
    assert_class("unknown", TLSFLOOR_PROFILE_RFC9325, NULL, U);
    assert_class("unknown", TLSFLOOR_PROFILE_RFC10015, NULL, U);
    assert_class("unknown", TLSFLOOR_PROFILE_NONE, NULL, F);
}

/* A good suite of which one thing at a time is changed. */
static void
test_judge_cipher_edges(void **state)
{
    const struct tlsfloor_cipher_suite good = {
        .strength = 128,
        .first_version = TLSFLOOR_TLS_1_2,
        .key_exchange = TLSFLOOR_KX_ECDHE,
        .authentication = TLSFLOOR_AUTH_RSA,
        .encryption = TLSFLOOR_ENC_AES_GCM,
        .mac = TLSFLOOR_MAC_AEAD,
        .aead = 1,
        .forward_secrecy = 1,
    };
    struct tlsfloor_cipher_suite changed;

    (void)state;
    assert_class("good", TLSFLOOR_PROFILE_RFC9325, &good, F);
    changed = good, changed.strength = 127;
    assert_class("127 bits", TLSFLOOR_PROFILE_RFC9325, &changed, W);
    changed.strength = 112;
    assert_class("112 bits", TLSFLOOR_PROFILE_RFC9325, &changed, W);
    changed.strength = 111;
    assert_class("111 bits", TLSFLOOR_PROFILE_RFC9325, &changed, V);
    changed = good, changed.export_grade = 1;
    assert_class("export by name", TLSFLOOR_PROFILE_RFC9325, &changed, V);
    changed = good, changed.authentication = TLSFLOOR_AUTH_NONE;
    assert_class("anonymous", TLSFLOOR_PROFILE_RFC9325, &changed, V);
    changed = good, changed.encryption = TLSFLOOR_ENC_NULL;
    assert_class("NULL", TLSFLOOR_PROFILE_RFC9325, &changed, V);
    changed = good, changed.encryption = TLSFLOOR_ENC_RC4;
    assert_class("RC4", TLSFLOOR_PROFILE_RFC9325, &changed, V);
    changed = good, changed.aead = 0;
    assert_class("not AEAD", TLSFLOOR_PROFILE_RFC9325, &changed, W);
    changed = good, changed.forward_secrecy = 0;
    assert_class("no forward secrecy", TLSFLOOR_PROFILE_RFC9325, &changed, W);
    changed = (struct tlsfloor_cipher_suite){0};
    assert_class("all zeros", TLSFLOOR_PROFILE_RFC9325, &changed, V);
}

/* --- the rollout --- */

/*
 * From Python, independently of the C:
 *   h = 0xcbf29ce484222325
 *   for b in name.lower(): h = (h ^ b) * 0x100000001b3 % 2**64
 *   h ^= h >> 33; h = h * 0xff51afd7ed558ccd % 2**64; h ^= h >> 33; h % 100
 */
static const struct {
    const char *name;
    unsigned want;
} buckets[] = {
    {"ann@example.org", 0},
    {"bob@example.org", 14},
    {"user1@example.org", 61},
    {"user2@example.org", 19},
    {"ann", 46},
    {"ann@", 38},
    {"@example.org", 39},
    {"", 58},
    {"x", 39},
    {"a@b@example.org", 23},
    {"\xe4nn@example.org", 58},
    {"\xc4nn@example.org", 78},
    {"ANN@Example.ORG", 0},
    {"aNN", 46},
    {"u65@example.org", 25},
    {"u55@example.org", 99},
};

static unsigned
bucket_of(const char *name, const char *default_domain)
{
    struct tlsfloor_user user =
        tlsfloor_user_named(tlsfloor_text_from(name), tlsfloor_text_from(default_domain));

    return tlsfloor_policy_bucket(&user);
}

static void
test_bucket(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(buckets); i++) {
        if (bucket_of(buckets[i].name, NULL) != buckets[i].want)
            fail_msg("%s: %u", buckets[i].name, bucket_of(buckets[i].name, NULL));
    }
    assert_int_equal(bucket_of("ann", "example.org"), bucket_of("ann@example.org", NULL));
    assert_int_equal(bucket_of("Bob", "EXAMPLE.ORG"), bucket_of("bob@example.org", NULL));
}

/* Whoever is bound at one percentage is bound at every higher one; the share is right. */
static void
test_percent_monotone(void **state)
{
    struct tlsfloor_policy *policy = policy_of("");
    struct session session;
    struct store store;
    unsigned before = 0;

    (void)state;
    read_store(&store, NOTHING);
    read_session(&session, "imap TLSv1 " CBC " bob 192.0.2.7");
    for (unsigned percent = 0; percent <= 100; percent++) {
        unsigned bound = 0;

        policy->services[TLSFLOOR_SERVICE_IMAP].rollout_percent = percent;
        for (unsigned i = 0; i < 1000; i++) {
            struct tlsfloor_decision decision;
            char name[32];

            snprintf(name, sizeof(name), "user%u@example.org", i);
            session.facts.user = user_of(name);
            decision = tlsfloor_policy_decide(policy, &session.facts, &store.lookup, 0);
            assert_int_equal(decision.action == TLSFLOOR_TAG,
                             tlsfloor_policy_bucket(&session.facts.user) >= percent);
            bound += decision.action != TLSFLOOR_TAG;
        }
        assert_true(bound >= before);
        assert_in_range(bound, percent * 10 < 50 ? 0 : percent * 10 - 50, percent * 10 + 50);
        before = bound;
    }
    assert_int_equal(before, 1000);
    tlsfloor_policy_free(policy);
}

/* Inside: minutes from start on, and none from end on; weeks go round. */
static void
test_brownout_edges(void **state)
{
    static const struct {
        const char *name, *window;
        int64_t now;
        int inside;
    } windows[] = {
        /* 2027-01-04 is a Monday: 1799020800 */
        {"the second before", "Mon 09:00-10:00", 1799020800 + 32399, 0},
        {"the first second", "Mon 09:00-10:00", 1799020800 + 32400, 1},
        {"the last second", "Mon 09:00-10:00", 1799020800 + 35999, 1},
        {"the second after", "Mon 09:00-10:00", 1799020800 + 36000, 0},
        {"the day before", "Mon 09:00-10:00", 1799020800 + 32400 - 86400, 0},
        {"the day after", "Mon 09:00-10:00", 1799020800 + 32400 + 86400, 0},
        {"a week later", "Mon 09:00-10:00", 1799020800 + 32400 + 7 * 86400, 1},
        {"a week before", "Mon 09:00-10:00", 1799020800 + 32400 - 7 * 86400, 1},
        {"of one minute, before", "Mon 09:00-09:01", 1799020800 + 32399, 0},
        {"of one minute", "Mon 09:00-09:01", 1799020800 + 32459, 1},
        {"of one minute, after", "Mon 09:00-09:01", 1799020800 + 32460, 0},
        {"a whole day, first second", "Sun 00:00-24:00", 1799020800 - 86400, 1},
        {"a whole day, last second", "Sun 00:00-24:00", 1799020800 - 1, 1},
        {"a whole day, next day", "Sun 00:00-24:00", 1799020800, 0},
        {"a whole day, day before", "Sun 00:00-24:00", 1799020800 - 86401, 0},
        {"over the weekend, Friday", "Fri-Mon 23:00-24:00", 1799020800 - 2 * 86400 - 1, 1},
        {"over the weekend, Saturday", "Fri-Mon 23:00-24:00", 1799020800 - 86400 - 1, 1},
        {"over the weekend, Sunday", "Fri-Mon 23:00-24:00", 1799020800 - 1, 1},
        {"over the weekend, Monday", "Fri-Mon 23:00-24:00", 1799020800 + 86399, 1},
        {"over the weekend, Tuesday", "Fri-Mon 23:00-24:00", 1799020800 + 2 * 86400 - 1, 0},
        {"over the weekend, Thursday", "Fri-Mon 23:00-24:00", 1799020800 - 3 * 86400 - 1, 0},
        {"the second of two", "Mon 09:00-10:00, Tue 11:00-12:00", 1799020800 + 86400 + 39600, 1},
        {"between two", "Mon 09:00-10:00, Mon 11:00-12:00", 1799020800 + 37000, 0},
        {"1970-01-01 was a Thursday", "Thu 00:00-00:01", 0, 1},
        {"the second before 1970", "Wed 23:59-24:00", -1, 1},
        {"the second before 1970 is no Thursday", "Thu 00:00-24:00", -1, 0},
        {"a Sunday before 1970", "Sun 00:00-24:00", -4 * 86400, 1},
        {"a Saturday before 1970", "Sun 00:00-24:00", -4 * 86400 - 1, 0},
        {"long before 1970", "Mon 00:00-24:00", -INT64_C(2208988800), 1}, /* 1900-01-01 */
        {"the last second that there is", "Sun 15:30-15:31", INT64_MAX, 1},
        {"the first second that there is", "Sun 08:29-08:30", INT64_MIN, 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(windows); i++) {
        char conf[128];
        struct tlsfloor_policy *policy;
        struct tlsfloor_decision decision;
        struct session session;
        struct store store;

        snprintf(conf, sizeof(conf), "brownout = %s", windows[i].window);
        policy = policy_of(conf);
        read_session(&session, "imap TLSv1 " CBC " bob 192.0.2.7");
        read_store(&store, NOTHING);
        decision = tlsfloor_policy_decide(policy, &session.facts, &store.lookup, windows[i].now);
        assert_decision(windows[i].name, &decision,
                        windows[i].inside ? "defer version RFC8997" : "refuse version RFC8997");
        tlsfloor_policy_free(policy);
    }
}

/* 1 if the session is refused for now, which it is in a brown-out only. */
static int
is_inside(const struct tlsfloor_policy *policy, const struct session *session, int64_t now)
{
    const struct tlsfloor_lookup nothing = {.result = TLSFLOOR_LOOKUP_ABSENT};

    return tlsfloor_policy_decide(policy, &session->facts, &nothing, now).action == TLSFLOOR_DEFER;
}

/*
 * Each second of some weeks is in a window of its own minute, and in none of
 * all the other minutes. tests/proof leaves this to us.
 */
static void
test_brownout_seconds(void **state)
{
    static const int64_t weeks[] = {-1000, -1, 0, 2974, 418985};
    struct tlsfloor_policy *policy = policy_of("");
    struct tlsfloor_service_policy *service = &policy->services[TLSFLOOR_SERVICE_IMAP];
    struct session session;

    (void)state;
    read_session(&session, "imap TLSv1 " CBC " bob 192.0.2.7");
    for (size_t i = 0; i < COUNT(weeks); i++) {
        /* Weeks begin on the Sunday before 1970-01-01, a Thursday. */
        int64_t sunday = (weeks[i] * 7 - 4) * TLSFLOOR_DAY;

        for (unsigned second = 0; second < 7 * TLSFLOOR_DAY; second++) {
            unsigned day = second / 86400, minute = second / 60 % 1440;
            const struct tlsfloor_window own = {1U << day, minute, minute + 1};
            const struct tlsfloor_window others[] = {
                {0x7fU & ~(1U << day), 0, 1440}, {0x7f, 0, minute}, {0x7f, minute + 1, 1440}};

            service->brownout[0] = own;
            service->brownout_count = 1;
            if (!is_inside(policy, &session, sunday + second))
                fail_msg("second %u of week %d is not inside", second, (int)weeks[i]);
            memcpy(service->brownout, others, sizeof(others));
            service->brownout_count = COUNT(others);
            if (is_inside(policy, &session, sunday + second))
                fail_msg("second %u of week %d is inside", second, (int)weeks[i]);
        }
    }
    tlsfloor_policy_free(policy);
}

/* --- audit --- */

static void
test_audits(void **state)
{
    static const char *const confs[] = {"audit = all", "audit = violations", "audit = none"};

    (void)state;
    for (size_t level = 0; level < COUNT(confs); level++) {
        struct tlsfloor_policy *policy = policy_of(confs[level]);
        struct session session;

        read_session(&session, "imap TLSv1 " CBC " bob 192.0.2.7");
        for (int reason = 0; reason < TLSFLOOR_REASONS; reason++) {
            struct tlsfloor_decision decision = {.reason = (enum tlsfloor_reason)reason};
            int want = level < 2 && reason != TLSFLOOR_REASON_NOT_SUBJECT;

            if (level == 1 && reason == TLSFLOOR_REASON_COMPLIANT)
                want = 0;
            assert_int_equal(tlsfloor_policy_audits(policy, &session.facts, &decision), want);
        }
        tlsfloor_policy_free(policy);
    }
}

/* The level is the one of the session's service. */
static void
test_audits_of_service(void **state)
{
    struct tlsfloor_policy *policy = policy_of("audit = all\n[pop3]\naudit = none");
    const struct tlsfloor_decision refused = {.reason = TLSFLOOR_REASON_VERSION};
    struct session session;

    (void)state;
    read_session(&session, "imap TLSv1 " CBC " bob 192.0.2.7");
    assert_int_equal(tlsfloor_policy_audits(policy, &session.facts, &refused), 1);
    read_session(&session, "pop3 TLSv1 " CBC " bob 192.0.2.7");
    assert_int_equal(tlsfloor_policy_audits(policy, &session.facts, &refused), 0);
    tlsfloor_policy_free(policy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decide),
        cmocka_unit_test(test_found_nothing),
        cmocka_unit_test(test_error_with_exception),
        cmocka_unit_test(test_zero_refuses),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_judge_cipher),
        cmocka_unit_test(test_judge_cipher_edges),
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_percent_monotone),
        cmocka_unit_test(test_brownout_edges),
        cmocka_unit_test(test_brownout_seconds),
        cmocka_unit_test(test_audits),
        cmocka_unit_test(test_audits_of_service),
    };

    return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
