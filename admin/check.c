/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor check: would the files be accepted, and are they what is applied?
 * Changes nothing.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "site.h"

/* 1 if the snapshot that belongs to the applied policy can be read. */
static int
check_snapshot(const char *state, const struct tlsfloor_policy *applied, struct report *report)
{
    const char *fault = NULL;
    char path[TLSFLOOR_PATH], error[TLSFLOOR_ERROR_TEXT], sentence[TLSFLOOR_ERROR_TEXT];
    struct tlsfloor_snapshot *snapshot = NULL;
    int found = -1;

    if (applied->snapshot == 0)
        return 1;
    if (tlsfloor_state_path(state, TLSFLOOR_STATE_SNAPSHOT, path, error) == 0)
        found = tlsfloor_snapshot_open(path, &snapshot, NULL, error);
    if (found == 0)
        fault = "is missing: run tlsfloor apply";
    if (found == 1 && tlsfloor_snapshot_about(snapshot)->id != applied->snapshot)
        fault = "is not the one that was applied with the policy: run tlsfloor apply";
    if (fault != NULL)
        snprintf(sentence, sizeof(sentence), "%.400s: %s", path, fault);
    if (found != 1 || fault != NULL)
        report_error(report, fault == NULL ? error : sentence);
    tlsfloor_snapshot_close(snapshot);
    return found == 1 && fault == NULL;
}

/* Are the exceptions of the text those that are applied? */
static void
check_exceptions(const struct site *site, const struct tlsfloor_policy *applied, int64_t now,
                 struct report *report)
{
    struct exceptions_cursor cursor = {&site->exceptions, 0};
    struct tlsfloor_snapshot_about about;

    if (tlsfloor_snapshot_measure(exceptions_next, &cursor, now, &about) != 0)
        return;
    if (about.count == 0)
        about.id = 0;
    if (about.id != applied->snapshot)
        report_problem(report, TLSFLOOR_WARNING, site->policy->exceptions, 0,
                       "is not what is applied: run tlsfloor apply");
}

static void
check_applied(const struct invocation *invocation, const struct site *site, int64_t now,
              struct report *report)
{
    char error[TLSFLOOR_ERROR_TEXT];
    struct tlsfloor_policy *applied = tlsfloor_state_load(invocation->state, NULL, error);
    struct stat none;

    if (applied == NULL) {
        memset(&none, 0, sizeof(none));
        if (tlsfloor_state_changed(invocation->state, &none))
            report_error(report, error);
        else
            report_warning(report, error);
        return;
    }
    if (site_applied(site, invocation->state, error) != APPLIED_THIS)
        report_problem(report, TLSFLOOR_WARNING, invocation->conf, 0,
                       "is not what is applied: run tlsfloor apply");
    else if (check_snapshot(invocation->state, applied, report))
        check_exceptions(site, applied, now, report);
    tlsfloor_policy_free(applied);
}

void
check_site(const struct invocation *invocation, struct report *report)
{
    int64_t now = time(NULL);
    struct site site;

    site_load(invocation, report, &site);
    if (report->errors == 0) {
        site_warn_of_exceptions(&site, now, report);
        check_applied(invocation, &site, now, report);
    }
    site_free(&site);
}

int
command_check(const struct invocation *invocation)
{
    struct report report = {.errors = 0};

    check_site(invocation, &report);
    if (report.errors > 0)
        return EXIT_ERROR;
    if (report.warnings == 0)
        puts("ok");
    else
        printf("ok, with %u warning%s\n", report.warnings, report.warnings == 1 ? "" : "s");
    return report.warnings > 0 ? EXIT_WARNINGS : EXIT_OK;
}
