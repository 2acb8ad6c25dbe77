/* SPDX-License-Identifier: MIT */
/*
 * What a check finds: how bad, what, where, and the line that mends it.
 */
#ifndef TLSFLOOR_DOCTOR_FINDINGS_H
#define TLSFLOOR_DOCTOR_FINDINGS_H

#include <stddef.h>

/* From bad to harmless. */
enum finding_severity {
    FINDING_ERROR = 0, /* somebody gets in who should not, or does not who should */
    FINDING_WARNING,   /* the floor is weaker than it looks, or soon will be */
    FINDING_NOTE       /* worth knowing; nothing is wrong */
};

struct finding {
    const char *check; /* its name in the table */
    enum finding_severity severity;
    char who[160]; /* "Dovecot imap, pop3"; empty: it is about no service */
    char what[400];
    char where[200]; /* file, service or setting */
    char mend[300];  /* empty: there is no such line */
};

#define FINDINGS 100

struct findings {
    struct finding items[FINDINGS];
    size_t count;
    size_t lost;       /* that there was no room for */
    const char *check; /* that is running */
};

/*
 * Adds one and returns it, for the functions below. Never NULL: what
 * there is no room for is counted as lost.
 */
struct finding *find(struct findings *findings, enum finding_severity severity, const char *format,
                     ...) __attribute__((format(printf, 3, 4)));
/* The program and its service, "Dovecot" and "imap"; findings that differ in it alone are one. */
void find_who(struct finding *finding, const char *program, const char *service);
void find_where(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void find_mend(struct finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Makes one of those that differ only in the service, and sorts: errors, then
 * warnings, then notes, else in the order in which they were found.
 */
void findings_sort(struct findings *findings);

/* How many of that severity there are. */
size_t findings_count(const struct findings *findings, enum finding_severity severity);

/* "error", "warning", "note" */
const char *finding_severity_name(enum finding_severity severity);

#endif
