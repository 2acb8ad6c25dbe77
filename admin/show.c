/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor show: the policy in effect, in the syntax of tlsfloor.conf.
 */
#include <stdio.h>
#include <stdlib.h>

#include "site.h"

static void
print_applied(const struct invocation *invocation, const struct site *site)
{
    char error[TLSFLOOR_ERROR_TEXT];

    switch (site_applied(site, invocation->state, error)) {
    case APPLIED_THIS:
        printf("# %s, applied\n", invocation->conf);
        return;
    case APPLIED_OTHER:
        printf("# %s, not applied: another policy is in force (run tlsfloor apply)\n",
               invocation->conf);
        return;
    case APPLIED_NOTHING:
        printf("# %s, not applied\n# %s\n", invocation->conf, error);
        return;
    }
}

int
command_show(const struct invocation *invocation)
{
    struct report report = {.errors = 0};
    struct site site;
    char *text = NULL;

    site_load(invocation, &report, &site);
    if (report.errors == 0) {
        text = tlsfloor_policy_format(site.policy, invocation->defaults ? TLSFLOOR_FORMAT_ALL
                                                                        : TLSFLOOR_FORMAT_CHANGED);
        if (text == NULL)
            report_error(&report, "no memory to print the policy");
    }
    if (text != NULL) {
        print_applied(invocation, &site);
        fputs(text, stdout);
    }
    free(text);
    site_free(&site);
    return report.errors > 0 ? EXIT_ERROR : EXIT_OK;
}
