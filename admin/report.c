/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor report: who is below the floor, and what would break if it were
 * enforced today, from audit lines. Reads logs, changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "report-input.h"
#include "report.h"
#include "time-text.h"

enum { EXIT_NOBODY = 0, EXIT_SOMEBODY = 1 };

/* What is printed. */
struct wanted {
    int64_t since, until; /* --since; --exceptions, as in an exception */
};

/* "until=2027-03-31" or "until=never". 0, or -1. */
static int
read_until(const char *text, int64_t *until_r)
{
    if (strncmp(text, "until=", 6) != 0)
        return -1;
    if (strcmp(text + 6, "never") == 0) {
        *until_r = TLSFLOOR_NEVER;
        return 0;
    }
    if (tlsfloor_date_parse(tlsfloor_text_from(text + 6), until_r) != 0)
        return -1;
    *until_r += TLSFLOOR_DAY;
    return 0;
}

static int
read_wanted(const struct invocation *invocation, struct report *report, struct wanted *wanted_r)
{
    int views = (invocation->json != 0) + (invocation->csv != 0) + (invocation->html != 0) +
                (invocation->users != 0) + (invocation->exceptions != NULL) +
                (invocation->password_changes != 0);

    *wanted_r = (struct wanted){0, 0};
    if (views > 1)
        return report_bad_option(report,
                                 "report: --json, --csv, --html, --users, --exceptions, "
                                 "--password-changes",
                                 "", "give one of them");
    if (invocation->since != NULL &&
        tlsfloor_time_parse(tlsfloor_text_from(invocation->since), &wanted_r->since) != 0)
        return report_bad_option(report, "report: --since", invocation->since,
                                 "give 2027-03-31 or 2027-03-31T09:30Z");
    if (invocation->by != NULL && !group_is_key(invocation->by))
        return report_bad_option(report, "report: --by", invocation->by,
                                 "give service, version, cipher, network or day");
    if (invocation->by != NULL && views > (invocation->json || invocation->csv))
        return report_bad_option(report, "report: --by", invocation->by,
                                 "goes with --json and --csv alone");
    if (invocation->exceptions != NULL && read_until(invocation->exceptions, &wanted_r->until) != 0)
        return report_bad_option(report, "report: --exceptions", invocation->exceptions,
                                 "give until=2027-03-31, the last day of the exceptions");
    if (invocation->exceptions != NULL && invocation->mask)
        return report_bad_option(report, "report: --exceptions", "",
                                 "has to name users, so not with --mask");
    return 0;
}

/* --- rows in their order --- */

static int
compare_rows(const void *a, const void *b)
{
    const struct tally_row *first = *(const struct tally_row *const *)a;
    const struct tally_row *second = *(const struct tally_row *const *)b;

    if (first->class != second->class)
        return first->class < second->class ? -1 : 1;
    if (first->logins != second->logins)
        return first->logins > second->logins ? -1 : 1;
    return first < second ? -1 : 1;
}

static int
make_view(const struct invocation *invocation, const struct tally *tally, struct view *view_r)
{
    *view_r = (struct view){.tally = tally, .mask = invocation->mask, .out = stdout};
    view_r->users = tally_count_users(tally);
    view_r->row_count = tally->row_count;
    view_r->rows = calloc(view_r->row_count + 1, sizeof(view_r->rows[0]));
    if (view_r->rows == NULL)
        return -1;
    for (size_t i = 0; i < view_r->row_count; i++)
        view_r->rows[i] = &tally->rows[i + 1];
    qsort(view_r->rows, view_r->row_count, sizeof(view_r->rows[0]), compare_rows);
    return 0;
}

static int
print_view(const struct invocation *invocation, const struct wanted *wanted,
           const struct view *view)
{
    if (invocation->json)
        return view_json(view, invocation->by);
    if (invocation->by != NULL)
        return view_by(view, invocation->by, invocation->csv);
    if (invocation->html)
        return view_html(view);
    if (invocation->csv)
        view_csv(view);
    else if (invocation->users)
        view_users(view);
    else if (invocation->password_changes)
        view_passwords(view);
    else if (invocation->exceptions != NULL)
        view_exceptions(view, wanted->until);
    else
        return view_text(view);
    return 0;
}

static void
warn_of_limits(const struct tally *tally, struct report *report)
{
    char sentence[TLSFLOOR_ERROR_TEXT], count[VIEW_COUNT];

    if (tally->left_out == 0)
        return;
    snprintf(sentence, sizeof(sentence),
             "report: %s more than there is room for, so tables and lists are not whole: give "
             "--since, or fewer logs at a time",
             view_count(tally->left_out, "login is", "logins are", count));
    report_warning(report, sentence);
}

int
command_report(const struct invocation *invocation)
{
    struct report report = {.errors = 0};
    struct counted *counted = calloc(1, sizeof(*counted));
    struct wanted wanted;
    struct view view = {0};
    int somebody = 0;

    if (counted == NULL) {
        report_error(&report, "report: no memory");
        return EXIT_ERROR;
    }
    if (read_wanted(invocation, &report, &wanted) == 0 &&
        count_logs(invocation, wanted.since, &report, counted) == 0) {
        const struct tally *tally = &counted->tally;

        warn_of_limits(tally, &report);
        somebody = tally->logins[TALLY_BELOW] + tally->logins[TALLY_EXCEPTED] > 0;
        if (make_view(invocation, tally, &view) != 0 || print_view(invocation, &wanted, &view) != 0)
            report_error(&report, "report: no memory to print it");
    }
    free(view.rows);
    counted_free(counted);
    free(counted);
    if (report.errors > 0)
        return EXIT_ERROR;
    return somebody ? EXIT_SOMEBODY : EXIT_NOBODY;
}
