/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor decide: asks the decision that the daemons ask, and explains it. It
 * judges nothing itself.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reply.h"
#include "site.h"
#include "time-text.h"

enum { EXIT_ACCEPTED = 0, EXIT_REFUSED = 1, EXIT_UNDECIDED = 3 };

/* A question and its answer. */
struct question {
    struct site site;
    struct tlsfloor_facts facts;
    struct tlsfloor_lookup lookup;
    int64_t now;
    const char *ignored; /* why exceptions do not count at all, or NULL */
    struct tlsfloor_decision decision;
    char reply[TLSFLOOR_REPLY_TEXT]; /* empty unless refused or deferred */
};

/* value NULL: the option is missing; advice says what to do. */
static int
bad_option(struct report *report, const char *option, const char *value, const char *advice)
{
    char sentence[TLSFLOOR_ERROR_TEXT];

    snprintf(sentence, sizeof(sentence), "decide: %s %.60s: %s", option,
             value == NULL ? "is missing" : value, advice);
    report_error(report, sentence);
    return -1;
}

static int
read_address(struct report *report, const char *option, const char *value,
             struct tlsfloor_address *address_r)
{
    if (value == NULL || tlsfloor_address_parse(tlsfloor_text_from(value), address_r) != 0)
        return bad_option(report, option, value, "give an IPv4 or IPv6 address");
    return 0;
}

static int
read_tls(const struct invocation *invocation, struct report *report, struct tlsfloor_facts *facts)
{
    if (invocation->tls == NULL)
        return bad_option(report, "--tls", NULL,
                          "give cleartext, SSLv3, TLSv1 ... as a log has it");
    facts->tls_name = tlsfloor_text_from(invocation->tls);
    facts->tls = tlsfloor_tls_parse(facts->tls_name);
    if (facts->tls == TLSFLOOR_TLS_UNKNOWN && strcmp(invocation->tls, "unknown") != 0)
        report_warning(report, "decide: --tls is no version that tlsfloor knows, so the session is "
                               "judged as one of unknown version");
    if (facts->tls == TLSFLOOR_TLS_CLEARTEXT && invocation->cipher != NULL)
        return bad_option(report, "--cipher", invocation->cipher,
                          "a cleartext session has none, leave it out");
    if (facts->tls > TLSFLOOR_TLS_CLEARTEXT && invocation->cipher == NULL)
        return bad_option(report, "--cipher", NULL, "give the cipher suite's OpenSSL or IANA name");
    facts->cipher = tlsfloor_text_from(invocation->cipher);
    facts->suite = tlsfloor_cipher_suite_find(facts->cipher);
    if (facts->suite != NULL)
        facts->bits = facts->suite->strength;
    return 0;
}

static int
read_service(const struct invocation *invocation, struct report *report,
             struct tlsfloor_facts *facts)
{
    struct tlsfloor_text name = tlsfloor_text_from(invocation->service);

    facts->service = tlsfloor_service_parse(name);
    if (facts->service == TLSFLOOR_SERVICE_NONE &&
        !tlsfloor_text_equal(name, tlsfloor_text_from("none")))
        return bad_option(report, "--service", invocation->service,
                          "give imap, pop3, sieve, submission, or none (mail transfer)");
    return 0;
}

static int
read_question(const struct invocation *invocation, struct report *report, struct question *question)
{
    struct tlsfloor_facts *facts = &question->facts;
    const char *connection =
        invocation->connection == NULL ? invocation->client : invocation->connection;

    question->now = time(NULL);
    if (invocation->at != NULL &&
        tlsfloor_time_parse(tlsfloor_text_from(invocation->at), &question->now) != 0)
        return bad_option(report, "--at", invocation->at, "give 2027-03-31 or 2027-03-31T09:30Z");
    if (invocation->user != NULL && invocation->no_user)
        return bad_option(report, "--user", invocation->user, "cannot go together with --no-user");
    if (read_service(invocation, report, facts) != 0 ||
        read_address(report, "--client", invocation->client, &facts->client) != 0 ||
        read_address(report, "--connection", connection, &facts->connection) != 0)
        return -1;
    return read_tls(invocation, report, facts);
}

static void
name_user(const struct invocation *invocation, struct question *question)
{
    struct tlsfloor_user *user = &question->facts.user;
    struct tlsfloor_text domain = tlsfloor_text_from(question->site.policy->default_domain);

    if (invocation->user != NULL)
        *user = tlsfloor_user_named(tlsfloor_text_from(invocation->user), domain);
    else if (invocation->no_user)
        user->state = TLSFLOOR_USER_NONE;
}

static void
load_judged(const struct invocation *invocation, struct report *report, struct site *site)
{
    char error[TLSFLOOR_ERROR_TEXT];

    if (invocation->conf_given) {
        site_load(invocation, report, site);
        return;
    }
    site->policy = tlsfloor_state_load(invocation->state, NULL, error);
    if (site->policy == NULL)
        report_error(report, error);
}

/* What the exception store would say. */
static void
look_up(const struct invocation *invocation, struct question *question)
{
    const struct exceptions *exceptions = &question->site.exceptions;
    enum tlsfloor_service service = question->facts.service;

    question->lookup.result = TLSFLOOR_LOOKUP_ABSENT;
    if (question->site.policy->exceptions[0] == '\0')
        question->ignored = "none, by exceptions = none";
    else if (!invocation->conf_given)
        question->ignored = "the applied state holds none: this release's daemons do not read them";
    else if (service != TLSFLOOR_SERVICE_SUBMISSION && !question->site.policy->dovecot_passdb)
        question->ignored = "not counted for this service, because dovecot_passdb = no";
    if (question->ignored != NULL)
        return;
    for (size_t i = 0; i < exceptions->count; i++) {
        const struct tlsfloor_exception *exception = &exceptions->items[i].exception;
        enum tlsfloor_match match =
            tlsfloor_exception_match(exception, &question->facts, question->now);

        if (match == TLSFLOOR_MATCH_YES && question->lookup.exception == NULL) {
            question->lookup.result = TLSFLOOR_LOOKUP_FOUND;
            question->lookup.exception = exception;
        }
        if (match == TLSFLOOR_MATCH_YES || match == TLSFLOOR_MATCH_WHO)
            question->lookup.may_cover = 1;
    }
}

static void
decide(struct question *question)
{
    const struct tlsfloor_policy *policy = question->site.policy;

    question->decision =
        tlsfloor_policy_decide(policy, &question->facts, &question->lookup, question->now);
    if (question->decision.action <= TLSFLOOR_DEFER)
        tlsfloor_reply_format(policy, &question->facts, &question->decision, question->reply);
}

/* How an exception that names the user relates to the session. */
static const char *
relation(const struct question *question, const struct tlsfloor_exception *exception)
{
    const struct tlsfloor_networks *legacy =
        question->site.policy->services[question->facts.service].legacy_networks;
    enum tlsfloor_match match =
        tlsfloor_exception_match(exception, &question->facts, question->now);

    if (match == TLSFLOOR_MATCH_YES && !tlsfloor_networks_match(legacy, &question->facts.client))
        return "cannot be used from outside legacy_networks";
    return tlsfloor_match_sentence(match);
}

/* 1 if the decision came before any exception could count. */
static int
is_before_exceptions(enum tlsfloor_reason reason)
{
    return reason == TLSFLOOR_REASON_NOT_SUBJECT || reason == TLSFLOOR_REASON_COMPLIANT ||
           reason == TLSFLOOR_REASON_WEAK_CIPHER || reason == TLSFLOOR_REASON_TRUSTED_NETWORK;
}

static void
print_exceptions(const struct question *question)
{
    const struct exceptions *exceptions = &question->site.exceptions;
    unsigned named = 0;

    if (is_before_exceptions(question->decision.reason))
        return;
    if (question->ignored != NULL) {
        printf("exceptions: %s\n", question->ignored);
        return;
    }
    for (size_t i = 0; i < exceptions->count; i++) {
        const struct exceptions_item *item = &exceptions->items[i];

        if (!tlsfloor_exception_names(&item->exception, &question->facts.user))
            continue;
        printf("exceptions: %s:%u: %.*s %s\n", question->site.policy->exceptions, item->line,
               (int)item->exception.who.size, item->exception.who.data,
               relation(question, &item->exception));
        named++;
    }
    if (question->facts.user.state == TLSFLOOR_USER_NAMED && named == 0)
        puts("exceptions: none names this user");
    if (question->facts.user.state != TLSFLOOR_USER_NAMED)
        printf("exceptions: %s\n", question->lookup.may_cover
                                       ? "some user could have one for this session"
                                       : "no user could have one for this session");
}

static void
print_text(const struct question *question)
{
    const struct tlsfloor_decision *decision = &question->decision;

    printf("action:     %s\n", tlsfloor_action_name(decision->action));
    printf("reason:     %s (%s)\n", tlsfloor_reason_name(decision->reason),
           tlsfloor_reason_sentence(decision->reason));
    printf("rule:       %s\n", tlsfloor_rule_name(decision->rule));
    printf("floor:      %s\n", tlsfloor_tls_name(decision->floor));
    printf("mode:       %s\n", tlsfloor_mode_name(decision->mode));
    print_exceptions(question);
    if (question->reply[0] != '\0')
        printf("reply:      %s\n", question->reply);
}

/* A JSON string, or null for what is not UTF-8. */
static json_t *
json_from(struct tlsfloor_text text)
{
    json_t *string = text.data == NULL ? NULL : json_stringn(text.data, text.size);

    return string == NULL ? json_null() : string;
}

static json_t *
json_exceptions(const struct question *question)
{
    const struct exceptions *exceptions = &question->site.exceptions;
    json_t *list = json_array();

    for (size_t i = 0; question->ignored == NULL && i < exceptions->count; i++) {
        const struct exceptions_item *item = &exceptions->items[i];

        if (tlsfloor_exception_names(&item->exception, &question->facts.user))
            json_array_append_new(list,
                                  json_pack("{s:i, s:o, s:s, s:b}", "line", (int)item->line, "who",
                                            json_from(item->exception.who), "relation",
                                            relation(question, &item->exception), "applies",
                                            question->decision.exception == &item->exception));
    }
    return list;
}

static int
print_json(const struct question *question)
{
    const struct tlsfloor_decision *decision = &question->decision;
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:s?, s:s?}", "action",
        tlsfloor_action_name(decision->action), "reason", tlsfloor_reason_name(decision->reason),
        "sentence", tlsfloor_reason_sentence(decision->reason), "rule",
        tlsfloor_rule_name(decision->rule), "service",
        tlsfloor_service_name(question->facts.service), "floor", tlsfloor_tls_name(decision->floor),
        "mode", tlsfloor_mode_name(decision->mode), "exception",
        decision->exception == NULL ? json_null() : json_from(decision->exception->who),
        "exceptions", json_exceptions(question), "exceptions_ignored", question->ignored, "reply",
        question->reply[0] == '\0' ? NULL : question->reply);
    int failed = root == NULL || json_dumpf(root, stdout, JSON_INDENT(2)) != 0;

    putchar('\n');
    json_decref(root);
    return failed ? -1 : 0;
}

static int
exit_code(enum tlsfloor_action action)
{
    switch (action) {
    case TLSFLOOR_ACCEPT:
    case TLSFLOOR_TAG:
        return EXIT_ACCEPTED;
    case TLSFLOOR_REFUSE:
    case TLSFLOOR_DEFER:
        return EXIT_REFUSED;
    case TLSFLOOR_UNDECIDED:
        break;
    }
    return EXIT_UNDECIDED;
}

int
command_decide(const struct invocation *invocation)
{
    struct report report = {0, 0};
    struct question question;

    memset(&question, 0, sizeof(question));
    if (read_question(invocation, &report, &question) == 0)
        load_judged(invocation, &report, &question.site);
    if (report.errors == 0) {
        name_user(invocation, &question);
        look_up(invocation, &question);
        decide(&question);
        if (!invocation->json)
            print_text(&question);
        else if (print_json(&question) != 0)
            report_error(&report, "no memory to print the decision");
    }
    site_free(&question.site);
    return report.errors > 0 ? EXIT_ERROR : exit_code(question.decision.action);
}
