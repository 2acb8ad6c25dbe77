/* SPDX-License-Identifier: MIT */
/*
 * What people edit, as a whole: tlsfloor.conf and the exceptions, read and
 * checked, with every problem reported on standard error.
 */
#ifndef TLSFLOOR_SITE_H
#define TLSFLOOR_SITE_H

#include "exceptions-text.h"
#include "snapshot.h"
#include "state.h"
#include "tlsfloor.h"

/* Is told a problem; file NULL: the sentence names it. */
typedef void report_fn(void *context, enum tlsfloor_severity severity, const char *file,
                       unsigned line, const char *sentence);

/* How many problems have been reported. */
struct report {
    unsigned errors;
    unsigned warnings;
    report_fn *tell; /* NULL: they are printed on standard error */
    void *context;
};

struct site {
    struct tlsfloor_policy *policy;
    struct exceptions exceptions;
};

/* Prints "error: FILE:LINE: sentence" (line 0: no line) and counts it. */
void report_problem(struct report *report, enum tlsfloor_severity severity, const char *file,
                    unsigned line, const char *sentence);

/* The same for a sentence that names its file itself. */
void report_error(struct report *report, const char *sentence);
void report_warning(struct report *report, const char *sentence);
/*
 * The same of an option, such as "decide: --tls", its value (NULL: it is missing; "": not shown),
 * and what to do about it. Returns -1.
 */
int report_bad_option(struct report *report, const char *option, const char *value,
                      const char *advice);

/* All that tlsfloor check looks at. */
void check_site(const struct invocation *invocation, struct report *report);

/* Reads what invocation names; report->errors tells whether it is fit to be applied. */
void site_load(const struct invocation *invocation, struct report *report, struct site *site_r);

/*
 * Warns of exceptions that deserve a look: expired or soon to expire, without
 * an end, from anywhere, or never of use under the site's policy. now: seconds
 * since 1970, UTC.
 */
void site_warn_of_exceptions(const struct site *site, int64_t now, struct report *report);

/* The same for the one exception of that line (0: not of a file). */
void site_warn_of_exception(const struct tlsfloor_policy *policy,
                            const struct tlsfloor_exception *exception, unsigned line, int64_t now,
                            struct report *report);

/* What the applied state has for exceptions; count 0 if none, or none that can be read. */
struct tlsfloor_snapshot_about site_applied_exceptions(const struct tlsfloor_policy *applied,
                                                       const char *state);

void site_free(struct site *site);

/* Whether the applied policy of the directory state is the site's. */
enum applied {
    APPLIED_NOTHING = 0, /* none, or one that cannot be read: a sentence in error */
    APPLIED_OTHER,
    APPLIED_THIS
};
enum applied site_applied(const struct site *site, const char *state,
                          char error[TLSFLOOR_ERROR_TEXT]);

#endif
