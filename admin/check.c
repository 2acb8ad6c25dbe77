/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor check: would the files be accepted, and are they what is applied?
 * Changes nothing.
 */
#include <stdio.h>
#include <string.h>

#include "site.h"

static void
check_applied(const struct invocation *invocation, const struct site *site, struct report *report)
{
    char error[TLSFLOOR_ERROR_TEXT];
    struct stat none;

    switch (site_applied(site, invocation->state, error)) {
    case APPLIED_THIS:
        return;
    case APPLIED_OTHER:
        report_problem(report, TLSFLOOR_WARNING, invocation->conf, 0,
                       "is not what is applied: run tlsfloor apply");
        return;
    case APPLIED_NOTHING:
        memset(&none, 0, sizeof(none));
        if (tlsfloor_state_changed(invocation->state, &none))
            report_error(report, error);
        else
            report_warning(report, error);
        return;
    }
}

int
command_check(const struct invocation *invocation)
{
    struct report report = {0, 0};
    struct site site;

    site_load(invocation, &report, &site);
    if (report.errors == 0) {
        site_warn_of_exceptions(&site, &report);
        check_applied(invocation, &site, &report);
    }
    site_free(&site);
    if (report.errors > 0)
        return EXIT_ERROR;
    if (report.warnings == 0)
        puts("ok");
    else
        printf("ok, with %u warning%s\n", report.warnings, report.warnings == 1 ? "" : "s");
    return report.warnings > 0 ? EXIT_WARNINGS : EXIT_OK;
}
