/* SPDX-License-Identifier: MIT */
/*
 * What the auth process says of a named user, as the passdb field
 * tlsfloor_verdict. Only this field lets a session go on that is below the
 * floor and undecided; whatever does not read as one is none.
 */
#ifndef TLSFLOOR_VERDICT_H
#define TLSFLOOR_VERDICT_H

#include "decision.h"
#include "text.h"

#define TLSFLOOR_VERDICT_FIELD "tlsfloor_verdict"

struct tlsfloor_verdict {
    enum tlsfloor_action action; /* never UNDECIDED */
    enum tlsfloor_reason reason;
    struct tlsfloor_text who;  /* of the exception that matched, empty if none */
    struct tlsfloor_text user; /* the name that was judged */
};

/*
 * Finds the verdict in a NULL-terminated list of fields "name=value" (NULL: no
 * list). 1, with texts that point into the list, or 0: none, or not exactly one.
 * Its value is "ACTION REASON WHO USER", as in the audit line; "-" for no WHO.
 */
int tlsfloor_verdict_find(const char *const *fields, struct tlsfloor_verdict *verdict_r);

#endif
