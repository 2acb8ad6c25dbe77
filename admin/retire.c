/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor retire: can the mail servers themselves refuse old TLS by now? Yes
 * only if the logs are whole, and say that nobody needs it; what is not known
 * is a no. Changes nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report-input.h"
#include "report.h"
#include "retire-settings.h"
#include "time-text.h"

enum { EXIT_YES = 0, EXIT_NO = 1 };

#define DEFAULT_DAYS 90
#define NAMES_SHOWN 5

/* What speaks against it. */
struct verdict {
    const struct invocation *invocation;
    const struct counted *counted;
    struct view view;
    int64_t since;
    int days;
    unsigned reasons;
};

/* Begins a reason; what stands behind "no: ". */
static void
say_no(struct verdict *verdict)
{
    fputs("no: ", stdout);
    verdict->reasons++;
}

/* --- users --- */

/* Names of persons with a row of that class. */
static void
print_names(const struct verdict *verdict, enum tally_class class)
{
    const struct tally *tally = &verdict->counted->tally;
    char name[VIEW_NAME];
    int shown = 0;

    for (uint32_t i = 1; i < tally->person_count; i++) {
        uint32_t row = tally->persons[i].row;

        while (row != 0 && tally->rows[row].class != class)
            row = tally->rows[row].next;
        if (row == 0)
            continue;
        if (shown++ == NAMES_SHOWN) {
            fputs(" ...", stdout);
            break;
        }
        view_name(&verdict->view, &tally->persons[i], name);
        printf("%s%s", shown == 1 ? ": " : ", ", name);
    }
    puts("");
}

static void
judge_users(struct verdict *verdict)
{
    const struct tally *tally = &verdict->counted->tally;
    uint64_t below = tally_count_since(tally, TALLY_BELOW, 0);
    uint64_t excepted = tally_count_since(tally, TALLY_EXCEPTED, 0);
    char count[VIEW_COUNT];

    if (tally->logins[TALLY_BELOW] > 0) {
        say_no(verdict);
        printf("%s below the floor, of ",
               view_count(tally->logins[TALLY_BELOW], "login", "logins", count));
        fputs(view_count(below, "user", "users", count), stdout);
        print_names(verdict, TALLY_BELOW);
    }
    if (tally->logins[TALLY_EXCEPTED] > 0) {
        say_no(verdict);
        printf("%s that an exception lets in, of ",
               view_count(tally->logins[TALLY_EXCEPTED], "login", "logins", count));
        fputs(view_count(excepted, "user", "users", count), stdout);
        print_names(verdict, TALLY_EXCEPTED);
    }
}

static void
judge_not_judged(struct verdict *verdict)
{
    const struct tally *tally = &verdict->counted->tally;
    uint64_t unknown = tally->logins[TALLY_NOT_JUDGED] - tally->trusted;
    char count[VIEW_COUNT];

    if (tally->trusted > 0 && !verdict->invocation->ignore_trusted) {
        say_no(verdict);
        printf("%s below the floor from trusted_networks, which are not judged; if all are a "
               "webmail's,\n    give --ignore-trusted\n",
               view_count(tally->trusted, "login", "logins", count));
    }
    if (unknown > 0) {
        say_no(verdict);
        printf("%s of unknown TLS version: ask at the proxy where TLS ended\n",
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
        say_no(verdict);
        printf("%s in force: %s%s; remove %s end\n",
               view_count(in_force, "exception is", "exceptions are", count), first,
               in_force > 1 ? " ..." : "",
               in_force > 1 ? "them, or wait for their" : "it, or wait for its");
    }
    exceptions_free(&own);
}

/* --- what the logs cover --- */

static void
print_gap(void *context, const struct tally_source *source, int64_t first, int64_t last)
{
    struct verdict *verdict = context;
    char from[11], to[11];

    view_date(first, from);
    view_date(last, to);
    say_no(verdict);
    if (first == last)
        printf("no audit line of %s on %s\n", source->name, from);
    else
        printf("no audit line of %s from %s to %s\n", source->name, from, to);
}

static void
judge_coverage(struct verdict *verdict)
{
    const struct tally *tally = &verdict->counted->tally;
    char date[11], wanted[11], count[VIEW_COUNT];

    view_date(verdict->since, wanted);
    if (tally->first / TLSFLOOR_DAY > verdict->since / TLSFLOOR_DAY + 1) {
        view_date(tally->first, date);
        say_no(verdict);
        printf("the audit lines begin on %s, and %d days ago it was %s: read older logs, too\n",
               date, verdict->days, wanted);
    }
    if (tally->last / TLSFLOOR_DAY < verdict->counted->now / TLSFLOOR_DAY - 1) {
        view_date(tally->last, date);
        say_no(verdict);
        printf("the audit lines end on %s: read newer logs, too\n", date);
    }
    tally_each_gap(tally, SIZE_MAX, print_gap, verdict);
    if (tally->losses > 0) {
        say_no(verdict);
        printf("loggers told %s that they lost lines\n",
               view_count(tally->losses, "time", "times", count));
    }
    if (tally->damaged > 0) {
        say_no(verdict);
        printf("%s cut or mangled\n",
               view_count(tally->damaged, "audit line is", "audit lines are", count));
    }
}

static void
judge_policy(struct verdict *verdict)
{
    const struct tlsfloor_policy *policy = verdict->counted->judge.site.policy;

    for (int i = TLSFLOOR_SERVICE_IMAP; i < TLSFLOOR_SERVICES; i++) {
        const char *name = tlsfloor_service_name((enum tlsfloor_service)i);

        if (policy->services[i].audit == TLSFLOOR_AUDIT_NONE) {
            say_no(verdict);
            printf("nothing is known of %s: audit = none\n", name);
        }
        if (policy->services[i].floor <= TLSFLOOR_TLS_SSLV3) {
            say_no(verdict);
            printf("the floor of %s is %s, which no handshake can have\n", name,
                   tlsfloor_tls_name(policy->services[i].floor));
        }
    }
}

/* --- all --- */

static void
print_yes(const struct verdict *verdict)
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
    retire_print_settings(verdict->counted->judge.site.policy);
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
    if (report->errors == 0 && verdict->reasons == 0)
        print_yes(verdict);
    else if (report->errors == 0)
        puts("Until then the mail servers have to accept old TLS, so that tlsfloor can judge it.");
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
    if (report.errors > 0)
        return EXIT_ERROR;
    return verdict.reasons == 0 ? EXIT_YES : EXIT_NO;
}
