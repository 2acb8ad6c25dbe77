/* SPDX-License-Identifier: MIT */
/*
 * Postfix's words and tlsfloor's: request to facts, decision to answer. Knows
 * when Postfix asks what; reads no clock and no file. Never answers OK, an
 * empty action or a bare number: Postfix would take each for a permit.
 */
#ifndef TLSFLOOR_ADAPTER_H
#define TLSFLOOR_ADAPTER_H

#include <stdint.h>

#include "audit.h"
#include "policy.h"
#include "request.h"

/* The longest answer ("action=...\n\n"), bytes. */
#define TLSFLOOR_ANSWER 512

/* What is remembered of the SMTP session on one policy connection; starts all zero. */
struct tlsfloor_memory {
    uint64_t session; /* which session and user has been audited, and with what result */
    uint64_t
        message; /* which message has its header: 0 none, 1 that since MAIL, else an instance */
};

/* What to send, and what to log. */
struct tlsfloor_response {
    char answer[TLSFLOOR_ANSWER];
    size_t answer_size;
    char audit[TLSFLOOR_AUDIT_LINE]; /* empty string: nothing to log */
    char warning[256];               /* empty string: none; to be rate-limited by the caller */
};

/*
 * Asks the exception store about a violation (seconds since 1970, UTC). The
 * exception that it finds lives until it is asked again.
 */
typedef struct tlsfloor_lookup tlsfloor_look_up_fn(void *context,
                                                   const struct tlsfloor_facts *facts, int64_t now);

/* What requests are judged by. */
struct tlsfloor_judge {
    const struct tlsfloor_policy *policy;
    tlsfloor_look_up_fn *look_up; /* asked where it makes a difference only */
    void *context;
};

/* Judges one complete request at a time (seconds since 1970, UTC). */
void tlsfloor_adapter_answer(const struct tlsfloor_judge *judge,
                             const struct tlsfloor_request *request, const char *data,
                             struct tlsfloor_memory *memory, int64_t now,
                             struct tlsfloor_response *response_r);

#endif
