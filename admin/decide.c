/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor decide: asks the decision that the daemons ask, and explains it. It
 * judges nothing itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "json-values.h"
#include "judge.h"
#include "reply.h"
#include "time-text.h"

enum { EXIT_ACCEPTED = 0, EXIT_REFUSED = 1, EXIT_UNDECIDED = 3 };

/* A question and its answer. */
struct question {
    struct judge judge;
    struct tlsfloor_facts facts;
    struct tlsfloor_lookup lookup;
    int64_t now;
    const char *ignored; /* why exceptions do not count at all, or NULL */
    struct tlsfloor_decision decision;
    char reply[TLSFLOOR_REPLY_TEXT]; /* empty unless refused or deferred */
};

static int
read_address(struct report *report, const char *option, const char *value,
             struct tlsfloor_address *address_r)
{
    if (value == NULL || tlsfloor_address_parse(tlsfloor_text_from(value), address_r) != 0)
        return report_bad_option(report, option, value, "give an IPv4 or IPv6 address");
    return 0;
}

static int
read_tls(const struct invocation *invocation, struct report *report, struct tlsfloor_facts *facts)
{
    if (invocation->tls == NULL)
        return report_bad_option(report, "decide: --tls", NULL,
                                 "give cleartext, SSLv3, TLSv1 ... as a log has it");
    facts->tls_name = tlsfloor_text_from(invocation->tls);
    facts->tls = tlsfloor_tls_parse(facts->tls_name);
    if (facts->tls == TLSFLOOR_TLS_UNKNOWN && strcmp(invocation->tls, "unknown") != 0)
        report_warning(report, "decide: --tls is no version that tlsfloor knows, so the session is "
                               "judged as one of unknown version");
    if (facts->tls == TLSFLOOR_TLS_CLEARTEXT && invocation->cipher != NULL)
        return report_bad_option(report, "decide: --cipher", invocation->cipher,
                                 "a cleartext session has none, leave it out");
    if (facts->tls > TLSFLOOR_TLS_CLEARTEXT && invocation->cipher == NULL)
        return report_bad_option(report, "decide: --cipher", NULL,
                                 "give the cipher suite's OpenSSL or IANA name");
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
        return report_bad_option(report, "decide: --service", invocation->service,
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
        return report_bad_option(report, "decide: --at", invocation->at,
                                 "give 2027-03-31 or 2027-03-31T09:30Z");
    if (invocation->user != NULL && invocation->no_user)
        return report_bad_option(report, "decide: --user", invocation->user,
                                 "cannot go together with --no-user");
    if (read_service(invocation, report, facts) != 0 ||
        read_address(report, "decide: --client", invocation->client, &facts->client) != 0 ||
        read_address(report, "decide: --connection", connection, &facts->connection) != 0)
        return -1;
    return read_tls(invocation, report, facts);
}

static void
name_user(const struct invocation *invocation, struct question *question)
{
    struct tlsfloor_user *user = &question->facts.user;
    struct tlsfloor_text domain = tlsfloor_text_from(question->judge.site.policy->default_domain);

    if (invocation->user != NULL)
        *user = tlsfloor_user_named(tlsfloor_text_from(invocation->user), domain);
    else if (invocation->no_user)
        user->state = TLSFLOOR_USER_NONE;
}

static void
decide(struct question *question, struct report *report)
{
    const struct tlsfloor_policy *policy = question->judge.site.policy;

    question->ignored = judge_ignores(&question->judge, question->facts.service);
    question->lookup = judge_look_up(&question->judge, &question->facts, question->now, report);
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
        question->judge.site.policy->services[question->facts.service].legacy_networks;
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

/* Is told an exception that names the user, and its line in the file, or 0. */
typedef void each_fn(void *context, const struct tlsfloor_exception *exception, unsigned line);

struct each {
    each_fn *function;
    void *context;
};

static int
each_of_store(void *context, const struct tlsfloor_exception *exception)
{
    const struct each *each = context;

    each->function(each->context, exception, 0);
    return 0;
}

static void
for_each_exception(const struct question *question, each_fn *function, void *context)
{
    const struct exceptions *exceptions = &question->judge.site.exceptions;
    struct each each = {function, context};
    struct tlsfloor_exception exception;

    if (question->ignored != NULL)
        return;
    for (size_t i = 0; i < exceptions->count; i++) {
        exceptions_get(exceptions, i, &exception);
        if (tlsfloor_exception_names(&exception, &question->facts.user))
            function(context, &exception, exceptions->items[i].number);
    }
    if (question->judge.state != NULL)
        (void)tlsfloor_store_each(question->judge.store, question->judge.site.policy->snapshot,
                                  &question->facts.user, question->now, each_of_store, &each);
}

struct printed {
    const struct question *question;
    unsigned count;
};

static void
print_exception(void *context, const struct tlsfloor_exception *exception, unsigned line)
{
    struct printed *printed = context;
    const struct question *question = printed->question;

    printed->count++;
    if (line > 0)
        printf("exceptions: %s:%u: ", question->judge.site.policy->exceptions, line);
    else
        printf("exceptions: %s/" TLSFLOOR_STATE_SNAPSHOT ": ", question->judge.state);
    printf("%.*s %s\n", (int)exception->who.size, exception->who.data,
           relation(question, exception));
}

static void
print_exceptions(const struct question *question)
{
    struct printed printed = {question, 0};

    if (is_before_exceptions(question->decision.reason))
        return;
    if (question->ignored != NULL) {
        printf("exceptions: %s\n", question->ignored);
        return;
    }
    for_each_exception(question, print_exception, &printed);
    if (question->facts.user.state == TLSFLOOR_USER_NAMED && printed.count == 0)
        puts(question->lookup.result == TLSFLOOR_LOOKUP_ERROR ? "exceptions: cannot be read"
                                                              : "exceptions: none names this user");
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

struct listed {
    const struct question *question;
    json_t *list;
    int applied; /* 1: the one that applies is in the list */
};

/* 1 for the one that let the session in. */
static int
is_applied(const struct listed *listed, const struct tlsfloor_exception *exception)
{
    const struct tlsfloor_exception *applied = listed->question->decision.exception;

    return applied != NULL && !listed->applied && applied->kind == exception->kind &&
           tlsfloor_exception_match(exception, &listed->question->facts, listed->question->now) ==
               TLSFLOOR_MATCH_YES;
}

static void
list_exception(void *context, const struct tlsfloor_exception *exception, unsigned line)
{
    struct listed *listed = context;
    int applies = is_applied(listed, exception);

    listed->applied |= applies;
    json_array_append_new(listed->list,
                          json_pack("{s:o, s:o, s:s, s:b}", "line",
                                    line == 0 ? json_null() : json_integer(line), "who",
                                    json_from(exception->who), "relation",
                                    relation(listed->question, exception), "applies", applies));
}

static json_t *
json_exceptions(const struct question *question)
{
    struct listed listed = {question, json_array(), 0};

    for_each_exception(question, list_exception, &listed);
    return listed.list;
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

    return json_print(root);
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
    struct report report = {.errors = 0};
    struct question question;

    memset(&question, 0, sizeof(question));
    if (read_question(invocation, &report, &question) == 0)
        judge_load(&question.judge, invocation, question.now, &report);
    if (report.errors == 0) {
        name_user(invocation, &question);
        decide(&question, &report);
        if (!invocation->json)
            print_text(&question);
        else if (print_json(&question) != 0)
            report_error(&report, "no memory to print the decision");
    }
    judge_free(&question.judge);
    return report.errors > 0 ? EXIT_ERROR : exit_code(question.decision.action);
}
