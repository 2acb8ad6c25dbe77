/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor retire: can the mail servers themselves refuse old TLS by now? Yes
 * only if the logs are whole, and say that nobody needs it; what is not known
 * is a no. Changes nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report-input.h"
#include "report-json.h"
#include "retire-settings.h"
#include "time-text.h"

enum { EXIT_YES = 0, EXIT_NO = 1 };

#define DEFAULT_DAYS 90
#define NAMES_SHOWN 5
#define NAMES_TEXT (NAMES_SHOWN * (VIEW_NAME + 2) + 5)

/* What speaks against it. */
struct reason {
    const char *name; /* for programs */
    char *text;       /* a sentence */
};

struct verdict {
    const struct invocation *invocation;
    const struct counted *counted;
    struct view view;
    int64_t since;
    int days;
    struct reason *reasons;
    size_t reason_count;
    int failed; /* 1: there was no memory for one */
};

static void __attribute__((format(printf, 3, 4)))
say_no(struct verdict *verdict, const char *name, const char *format, ...)
{
    struct reason *reasons =
        realloc(verdict->reasons, (verdict->reason_count + 1) * sizeof(*reasons));
    va_list arguments;
    char *text;

    if (reasons != NULL)
        verdict->reasons = reasons;
    va_start(arguments, format);
    if (reasons != NULL && vasprintf(&text, format, arguments) >= 0)
        reasons[verdict->reason_count++] = (struct reason){name, text};
    else
        verdict->failed = 1;
    va_end(arguments);
}

/* --- users --- */

/* ": ann, ben", of persons with a row of that class; empty: nobody has a name. */
static void
list_names(const struct verdict *verdict, enum tally_class class, char text_r[NAMES_TEXT])
{
    const struct tally *tally = &verdict->counted->tally;
    char name[VIEW_NAME];
    int shown = 0, size = 0;

    text_r[0] = '\0';
    for (uint32_t i = 1; i < tally->person_count; i++) {
        uint32_t row = tally->persons[i].row;

        while (row != 0 && tally->rows[row].class != class)
            row = tally->rows[row].next;
        if (row == 0)
            continue;
        if (shown++ == NAMES_SHOWN) {
            snprintf(text_r + size, (size_t)(NAMES_TEXT - size), " ...");
            break;
        }
        view_name(&verdict->view, &tally->persons[i], name);
        size += snprintf(text_r + size, (size_t)(NAMES_TEXT - size), "%s%s",
                         shown == 1 ? ": " : ", ", name);
    }
}

static void
judge_class(struct verdict *verdict, enum tally_class class, const char *name, const char *how)
{
    const struct tally *tally = &verdict->counted->tally;
    char logins[VIEW_COUNT], users[VIEW_COUNT], names[NAMES_TEXT];

    if (tally->logins[class] == 0)
        return;
    list_names(verdict, class, names);
    say_no(verdict, name, "%s %s, of %s%s",
           view_count(tally->logins[class], "login", "logins", logins), how,
           view_count(tally_count_since(tally, class, 0), "user", "users", users), names);
}

static void
judge_users(struct verdict *verdict)
{
    judge_class(verdict, TALLY_BELOW, "below", "below the floor");
    judge_class(verdict, TALLY_EXCEPTED, "excepted", "that an exception lets in");
}

static void
judge_not_judged(struct verdict *verdict)
{
    const struct tally *tally = &verdict->counted->tally;
    uint64_t unknown = tally->logins[TALLY_NOT_JUDGED] - tally->trusted;
    char count[VIEW_COUNT];

    if (tally->trusted > 0 && !verdict->invocation->ignore_trusted) {
        say_no(verdict, "trusted",
               "%s below the floor from trusted_networks, which are not judged; if all are a "
               "webmail's, give --ignore-trusted",
               view_count(tally->trusted, "login", "logins", count));
    }
    if (unknown > 0) {
        say_no(verdict, "unknown-tls",
               "%s of unknown TLS version: ask at the proxy where TLS ended",
               view_count(unknown, "login", "logins", count));
    }
}

/* --- exceptions --- */

static void
ignore_problem(void *context, enum tlsfloor_severity severity, unsigned line, const char *sentence)
{
    (void)context, (void)severity, (void)line, (void)sentence;
}

/* Those of the file that the policy names; with -c they are read already. 0, or -1. */
static int
load_exceptions(const struct verdict *verdict, struct report *report, struct exceptions *own,
                const struct exceptions **exceptions_r)
{
    const struct judge *judge = &verdict->counted->judge;
    const struct tlsfloor_policy *policy = judge->site.policy;
    char error[TLSFLOOR_ERROR_TEXT];

    *exceptions_r = judge->state == NULL ? &judge->site.exceptions : own;
    if (judge->state == NULL || policy->exceptions[0] == '\0')
        return 0;
    if (exceptions_load(policy->exceptions, tlsfloor_text_from(policy->default_domain),
                        ignore_problem, NULL, own, error) >= 0)
        return 0;
    report_error(report, error);
    return -1;
}

static void
judge_exceptions(struct verdict *verdict, struct report *report)
{
    struct exceptions own = {0};
    const struct exceptions *exceptions;
    struct tlsfloor_exception exception;
    size_t in_force = 0;
    char until[11], count[VIEW_COUNT], first[TLSFLOOR_EXCEPTION_LINE] = "";

    if (load_exceptions(verdict, report, &own, &exceptions) != 0)
        return;
    for (size_t i = 0; i < exceptions->count; i++) {
        exceptions_get(exceptions, i, &exception);
        if (exception.until <= verdict->counted->now)
            continue;
        view_until(exception.until, until);
        if (in_force++ == 0)
            snprintf(first, sizeof(first), "%.*s until %s", (int)exception.who.size,
                     exception.who.data, until);
    }
    if (in_force > 0) {
        say_no(verdict, "exceptions", "%s in force: %s%s; remove %s end",
               view_count(in_force, "exception is", "exceptions are", count), first,
               in_force > 1 ? " ..." : "",
               in_force > 1 ? "them, or wait for their" : "it, or wait for its");
    }
    exceptions_free(&own);
}

/* --- what the logs cover --- */

static void
say_gap(void *context, const struct tally_source *source, int64_t first, int64_t last)
{
    struct verdict *verdict = context;
    char from[11], to[11];

    view_date(first, from);
    view_date(last, to);
    if (first == last)
        say_no(verdict, "missing", "no audit line of %s on %s", source->name, from);
    else
        say_no(verdict, "missing", "no audit line of %s from %s to %s", source->name, from, to);
}

static void
judge_coverage(struct verdict *verdict)
{
    const struct tally *tally = &verdict->counted->tally;
    char date[11], wanted[11], count[VIEW_COUNT];

    view_date(verdict->since, wanted);
    if (tally->first / TLSFLOOR_DAY > verdict->since / TLSFLOOR_DAY + 1) {
        view_date(tally->first, date);
        say_no(verdict, "begins-late",
               "the audit lines begin on %s, and %d days ago it was %s: read older logs, too", date,
               verdict->days, wanted);
    }
    if (tally->last / TLSFLOOR_DAY < verdict->counted->now / TLSFLOOR_DAY - 1) {
        view_date(tally->last, date);
        say_no(verdict, "ends-early", "the audit lines end on %s: read newer logs, too", date);
    }
    tally_each_gap(tally, SIZE_MAX, say_gap, verdict);
    if (tally->losses > 0) {
        say_no(verdict, "losses", "loggers told %s that they lost lines",
               view_count(tally->losses, "time", "times", count));
    }
    if (tally->damaged > 0) {
        say_no(verdict, "damaged", "%s cut or mangled",
               view_count(tally->damaged, "audit line is", "audit lines are", count));
    }
}

static void
judge_policy(struct verdict *verdict)
{
    const struct tlsfloor_policy *policy = verdict->counted->judge.site.policy;

    for (int i = TLSFLOOR_SERVICE_IMAP; i < TLSFLOOR_SERVICES; i++) {
        const char *name = tlsfloor_service_name((enum tlsfloor_service)i);

        if (policy->services[i].audit == TLSFLOOR_AUDIT_NONE)
            say_no(verdict, "audit", "nothing is known of %s: audit = none", name);
        if (policy->services[i].floor <= TLSFLOOR_TLS_SSLV3)
            say_no(verdict, "floor", "the floor of %s is %s, which no handshake can have", name,
                   tlsfloor_tls_name(policy->services[i].floor));
    }
}

/* --- all --- */

static void
print_no(const struct verdict *verdict)
{
    for (size_t i = 0; i < verdict->reason_count; i++)
        printf("no: %s\n", verdict->reasons[i].text);
    puts("Until then the mail servers have to accept old TLS, so that tlsfloor can judge it.");
}

static void
print_yes(const struct verdict *verdict, const struct retire_settings *settings)
{
    const struct tally *tally = &verdict->counted->tally;
    char first[11], last[11], count[VIEW_COUNT];

    view_date(tally->first, first);
    view_date(tally->last, last);
    printf("yes: nobody was let in below the floor from %s to %s; %s of ", first, last,
           view_count(tally->logins[TALLY_READY], "good login", "good logins", count));
    puts(view_count(verdict->view.users.ready, "user", "users", count));
    if (tally->logins[TALLY_TURNED_AWAY] > 0)
        printf("%s turned away; to them only the words change\n",
               view_count(tally->logins[TALLY_TURNED_AWAY], "session was", "sessions were", count));
    retire_settings_print(settings);
}

static json_t *
json_reasons(const struct verdict *verdict)
{
    json_t *list = json_array();

    for (size_t i = 0; i < verdict->reason_count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:o}", "reason", verdict->reasons[i].name, "text",
                                        json_from(tlsfloor_text_from(verdict->reasons[i].text))));
    return list;
}

static int
print_json(const struct verdict *verdict, const struct retire_settings *settings)
{
    const struct tally *tally = &verdict->counted->tally;
    int yes = verdict->reason_count == 0;

    return json_print(json_pack("{s:b, s:i, s:o, s:o, s:o, s:o, s:o}", "retire", yes, "days",
                                verdict->days, "reasons", json_reasons(verdict), "period",
                                view_json_period(tally), "users", view_json_users(&verdict->view),
                                "logins", view_json_logins(tally->logins), "settings",
                                yes ? retire_settings_json(settings) : json_null()));
}

/* 0, or -1: no memory. */
static int
print_verdict(const struct verdict *verdict)
{
    struct retire_settings settings = {0};
    int result = 0;

    if (verdict->reason_count == 0)
        retire_settings_find(verdict->counted->judge.site.policy, &settings);
    if (verdict->invocation->json)
        result = print_json(verdict, &settings);
    else if (verdict->reason_count == 0)
        print_yes(verdict, &settings);
    else
        print_no(verdict);
    retire_settings_free(&settings);
    return result;
}

/* The number of --days, or 0: it is none. */
static int
read_days(const struct invocation *invocation)
{
    char *end;
    long days;

    if (invocation->days == NULL)
        return DEFAULT_DAYS;
    errno = 0;
    days = strtol(invocation->days, &end, 10);
    return errno == 0 && *end == '\0' && days >= 1 && days <= 3650 ? (int)days : 0;
}

static void
judge_all(struct verdict *verdict, struct report *report)
{
    const struct tally *tally = &verdict->counted->tally;

    verdict->since = verdict->counted->now - verdict->days * TLSFLOOR_DAY;
    verdict->view = (struct view){.tally = tally, .out = stdout};
    verdict->view.users = tally_count_users(tally);
    judge_users(verdict);
    judge_exceptions(verdict, report);
    judge_not_judged(verdict);
    judge_coverage(verdict);
    judge_policy(verdict);
    if (report->errors == 0 && (verdict->failed || print_verdict(verdict) != 0))
        report_error(report, "retire: no memory");
}

int
command_retire(const struct invocation *invocation)
{
    struct report report = {.errors = 0};
    struct counted *counted = calloc(1, sizeof(*counted));
    struct verdict verdict = {.invocation = invocation, .counted = counted};

    verdict.days = read_days(invocation);
    if (counted == NULL)
        report_error(&report, "retire: no memory");
    else if (verdict.days == 0)
        report_error(&report, "retire: --days needs a number of days");
    else if (count_logs(invocation, -verdict.days * TLSFLOOR_DAY, &report, counted) == 0)
        judge_all(&verdict, &report);
    if (counted != NULL)
        counted_free(counted);
    free(counted);
    for (size_t i = 0; i < verdict.reason_count; i++)
        free(verdict.reasons[i].text);
    free(verdict.reasons);
    if (report.errors > 0)
        return EXIT_ERROR;
    return verdict.reason_count == 0 ? EXIT_YES : EXIT_NO;
}
