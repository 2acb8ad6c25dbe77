/* SPDX-License-Identifier: MIT */
/*
 * A list of fixed size; what does not fit is written over the last one.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor-findings.h"

struct finding *
find(struct findings *findings, enum finding_severity severity, const char *format, ...)
{
    struct finding *finding;
    va_list arguments;

    if (findings->count == FINDINGS)
        findings->lost++;
    else
        findings->count++;
    finding = &findings->items[findings->count - 1];
    memset(finding, 0, sizeof(*finding));
    finding->check = findings->check;
    finding->severity = severity;
    va_start(arguments, format);
    vsnprintf(finding->what, sizeof(finding->what), format, arguments);
    va_end(arguments);
    return finding;
}

void
find_who(struct finding *finding, const char *program, const char *service)
{
    snprintf(finding->who, sizeof(finding->who), "%s %.100s", program, service);
}

void
find_where(struct finding *finding, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(finding->where, sizeof(finding->where), format, arguments);
    va_end(arguments);
}

void
find_mend(struct finding *finding, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(finding->mend, sizeof(finding->mend), format, arguments);
    va_end(arguments);
}

/* The service of "Dovecot imap". */
static const char *
service_of(const struct finding *finding)
{
    return finding->who + strcspn(finding->who, " ");
}

static int
are_alike(const struct finding *a, const struct finding *b)
{
    return a->check == b->check && a->severity == b->severity && a->who[0] != '\0' &&
           a->who[0] == b->who[0] && strcmp(a->what, b->what) == 0 &&
           strcmp(a->where, b->where) == 0 && strcmp(a->mend, b->mend) == 0;
}

/* Takes a finding into an earlier one that says the same of another service. 1, or 0: none does. */
static int
merge(struct findings *findings, size_t earlier, const struct finding *finding)
{
    for (size_t i = 0; i < earlier; i++) {
        struct finding *other = &findings->items[i];
        size_t size = strlen(other->who);

        if (!are_alike(other, finding) ||
            size + strlen(service_of(finding)) + 2 > sizeof(other->who))
            continue;
        snprintf(other->who + size, sizeof(other->who) - size, ",%s", service_of(finding));
        return 1;
    }
    return 0;
}

static void
merge_all(struct findings *findings)
{
    size_t kept = 0;

    for (size_t i = 0; i < findings->count; i++) {
        if (!merge(findings, kept, &findings->items[i]))
            findings->items[kept++] = findings->items[i];
    }
    findings->count = kept;
}

/* By insertion: it keeps the order of equals, and there are few. */
void
findings_sort(struct findings *findings)
{
    merge_all(findings);
    for (size_t i = 1; i < findings->count; i++) {
        struct finding finding = findings->items[i];
        size_t at = i;

        for (; at > 0 && findings->items[at - 1].severity > finding.severity; at--)
            findings->items[at] = findings->items[at - 1];
        findings->items[at] = finding;
    }
}

size_t
findings_count(const struct findings *findings, enum finding_severity severity)
{
    size_t count = 0;

    for (size_t i = 0; i < findings->count; i++)
        count += findings->items[i].severity == severity;
    return count;
}

const char *
finding_severity_name(enum finding_severity severity)
{
    static const char *const names[] = {
        [FINDING_ERROR] = "error",
        [FINDING_WARNING] = "warning",
        [FINDING_NOTE] = "note",
    };

    return names[severity];
}
