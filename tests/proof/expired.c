/* SPDX-License-Identifier: MIT */
/*
 * An expired exception never applies; nor does one that is for another
 * service, or goes to another version or suite than the session has. An
 * exception applies until its last second.
 */
#include <stddef.h>

#include "inputs.h"

/* What protects nothing needs ciphers=any, and so does what nobody knows. */
static int
protects(const struct tlsfloor_cipher_suite *suite)
{
    return suite != NULL && suite->encryption != TLSFLOOR_ENC_NULL &&
           suite->authentication != TLSFLOOR_AUTH_NONE && !suite->export_grade;
}

void
prove(void)
{
    struct tlsfloor_decision decision = decide();
    const struct tlsfloor_exception *exception = &in.exception;
    int cleartext = exception->allow == TLSFLOOR_TLS_CLEARTEXT;

    if (decision.reason == TLSFLOOR_REASON_EXCEPTION) {
        ALWAYS(decision.exception == exception);
        ALWAYS(in.now < exception->until || exception->until == TLSFLOOR_NEVER);
        ALWAYS(exception->services >> in.facts.service & 1);
        ALWAYS(cleartext || in.facts.tls >= exception->allow);
        ALWAYS(cleartext || exception->ciphers_any || protects(in.facts.suite));
        ALWAYS(exception->kind == TLSFLOOR_WHO_ANYBODY ||
               in.facts.user.state == TLSFLOOR_USER_NAMED);
        ALWAYS(answers.legacy);
        REACHES(in.now == exception->until - 1);
        REACHES(exception->until == TLSFLOOR_NEVER && in.now == TLSFLOOR_NEVER);
    }
}
