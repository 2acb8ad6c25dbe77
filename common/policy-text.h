/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor.conf: text to policy and policy to text. Every problem is reported
 * with its line; nothing is ignored. Reads no file and no clock.
 */
#ifndef TLSFLOOR_POLICY_TEXT_H
#define TLSFLOOR_POLICY_TEXT_H

#include "policy.h"

/* The longest line that is read, bytes. A value may go on over any number of lines. */
#define TLSFLOOR_CONF_LINE 4096

enum tlsfloor_severity {
    TLSFLOOR_ERROR = 0,
    TLSFLOOR_UNFIT, /* what it says has a meaning, but is not to be applied (any more) */
    TLSFLOOR_WARNING
};

/* Is told each problem, one sentence without line end; line 0: not of one line. */
typedef void tlsfloor_problem_fn(void *context, enum tlsfloor_severity severity, unsigned line,
                                 const char *sentence);

/* The policy of an empty tlsfloor.conf. NULL: no memory. Free it with tlsfloor_policy_free(). */
struct tlsfloor_policy *tlsfloor_policy_new(void);

/* The policy of a text, or NULL after at least one problem of severity ERROR. */
struct tlsfloor_policy *tlsfloor_policy_parse(struct tlsfloor_text text,
                                              tlsfloor_problem_fn *problem, void *context);

void tlsfloor_policy_free(struct tlsfloor_policy *policy);

/* Which parameters tlsfloor_policy_format() writes. */
enum tlsfloor_format {
    TLSFLOOR_FORMAT_CHANGED = 0, /* those that differ from the default */
    TLSFLOOR_FORMAT_ALL          /* every one, with the sections' own after them */
};

/*
 * The policy in the syntax of tlsfloor.conf, a C string to free(), or NULL:
 * no memory. Parsing it gives an equal policy; equal policies give equal texts.
 */
char *tlsfloor_policy_format(const struct tlsfloor_policy *policy, enum tlsfloor_format format);

/* The names of all parameters in the order of the manual, NULL at the end. */
const char *const *tlsfloor_policy_parameters(void);

#endif
