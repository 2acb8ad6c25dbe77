/* SPDX-License-Identifier: MIT */
/*
 * Reads a site's files through the same parsers that programs use.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "site.h"

/* Where a parser's problems belong. */
struct source {
    struct report *report;
    const char *file;
};

void
report_problem(struct report *report, enum tlsfloor_severity severity, const char *file,
               unsigned line, const char *sentence)
{
    const char *word = severity == TLSFLOOR_WARNING ? "warning" : "error";

    if (severity == TLSFLOOR_WARNING)
        report->warnings++;
    else
        report->errors++;
    if (report->tell != NULL)
        report->tell(report->context, severity, file, line, sentence);
    else if (file == NULL)
        fprintf(stderr, "%s: %s\n", word, sentence);
    else if (line == 0)
        fprintf(stderr, "%s: %s: %s\n", word, file, sentence);
    else
        fprintf(stderr, "%s: %s:%u: %s\n", word, file, line, sentence);
}

void
report_error(struct report *report, const char *sentence)
{
    report_problem(report, TLSFLOOR_ERROR, NULL, 0, sentence);
}

void
report_warning(struct report *report, const char *sentence)
{
    report_problem(report, TLSFLOOR_WARNING, NULL, 0, sentence);
}

int
report_bad_option(struct report *report, const char *option, const char *value, const char *advice)
{
    const char *shown = value == NULL ? "is missing" : value;
    char sentence[TLSFLOOR_ERROR_TEXT];

    snprintf(sentence, sizeof(sentence), "%s%s%.60s: %s", option, shown[0] == '\0' ? "" : " ",
             shown, advice);
    report_error(report, sentence);
    return -1;
}

static void
pass_problem(void *context, enum tlsfloor_severity severity, unsigned line, const char *sentence)
{
    struct source *source = context;

    report_problem(source->report, severity, source->file, line, sentence);
}

static struct tlsfloor_policy *
load_policy(const char *path, struct report *report)
{
    struct source source = {report, path};
    char *data, error[TLSFLOOR_ERROR_TEXT];
    struct tlsfloor_policy *policy;
    size_t size;
    int found = tlsfloor_file_read(path, &data, &size, NULL, error);

    if (found == 0)
        report_problem(report, TLSFLOOR_ERROR, path, 0,
                       "there is no such file: make it (an empty one means the defaults)");
    if (found < 0)
        report_error(report, error);
    if (found != 1)
        return NULL;
    policy = tlsfloor_policy_parse((struct tlsfloor_text){data, size}, pass_problem, &source);
    free(data);
    return policy;
}

static void
load_exceptions(const struct tlsfloor_policy *policy, struct report *report,
                struct exceptions *exceptions_r)
{
    const char *path = policy->exceptions;
    struct source source = {report, path};
    char error[TLSFLOOR_ERROR_TEXT];
    int found;

    if (path[0] == '\0')
        return;
    found = exceptions_load(path, tlsfloor_text_from(policy->default_domain), pass_problem, &source,
                            exceptions_r, error);
    if (found < 0)
        report_error(report, error);
    else if (found == 0 && strcmp(path, TLSFLOOR_SYSCONFDIR "/exceptions") != 0)
        report_problem(report, TLSFLOOR_WARNING, path, 0,
                       "there is no such file, so there are no exceptions");
}

void
site_load(const struct invocation *invocation, struct report *report, struct site *site_r)
{
    memset(site_r, 0, sizeof(*site_r));
    site_r->policy = load_policy(invocation->conf, report);
    if (site_r->policy != NULL)
        load_exceptions(site_r->policy, report, &site_r->exceptions);
}

struct tlsfloor_snapshot_about
site_applied_exceptions(const struct tlsfloor_policy *applied, const char *state)
{
    struct tlsfloor_snapshot_about about = {0};
    char path[TLSFLOOR_PATH], error[TLSFLOOR_ERROR_TEXT];
    struct tlsfloor_snapshot *snapshot;

    if (applied == NULL || applied->snapshot == 0 ||
        tlsfloor_state_path(state, TLSFLOOR_STATE_SNAPSHOT, path, error) != 0 ||
        tlsfloor_snapshot_open(path, &snapshot, NULL, error) != 1)
        return about;
    if (tlsfloor_snapshot_about(snapshot)->id == applied->snapshot)
        about = *tlsfloor_snapshot_about(snapshot);
    tlsfloor_snapshot_close(snapshot);
    return about;
}

void
site_free(struct site *site)
{
    exceptions_free(&site->exceptions);
    tlsfloor_policy_free(site->policy);
}

/* 1 if both policies say the same. */
static int
same_policy(const struct tlsfloor_policy *a, const struct tlsfloor_policy *b)
{
    char *text_a = tlsfloor_policy_format(a, TLSFLOOR_FORMAT_ALL);
    char *text_b = tlsfloor_policy_format(b, TLSFLOOR_FORMAT_ALL);
    int same = text_a != NULL && text_b != NULL && strcmp(text_a, text_b) == 0;

    free(text_a);
    free(text_b);
    return same;
}

enum applied
site_applied(const struct site *site, const char *state, char error[TLSFLOOR_ERROR_TEXT])
{
    struct tlsfloor_policy *applied = tlsfloor_state_load(state, NULL, error);
    enum applied result = APPLIED_NOTHING;

    if (applied != NULL)
        result = same_policy(applied, site->policy) ? APPLIED_THIS : APPLIED_OTHER;
    tlsfloor_policy_free(applied);
    return result;
}
