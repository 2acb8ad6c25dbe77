/* SPDX-License-Identifier: MIT */
/*
 * One table. Dovecot turns the reason of a disconnection and the result of an
 * authentication into a reply; the comments show what the client reads.
 */
#include "login-words.h"

#define PERMANENT "[SYS/PERM] "

static const struct tlsfloor_login_words words[TLSFLOOR_SERVICES][2] = {
    [TLSFLOOR_SERVICE_IMAP] =
        {
            /* * BYE text; NO [PRIVACYREQUIRED] text */
            {CLIENT_DISCONNECT_TIMEOUT, "", CLIENT_AUTH_RESULT_SSL_REQUIRED, ""},
            /* * BYE [UNAVAILABLE] text; NO [UNAVAILABLE] text */
            {CLIENT_DISCONNECT_INTERNAL_ERROR, "", CLIENT_AUTH_RESULT_TEMPFAIL, ""},
        },
    [TLSFLOOR_SERVICE_POP3] =
        {
            /* -ERR [SYS/PERM] text, both */
            {CLIENT_DISCONNECT_TIMEOUT, PERMANENT, CLIENT_AUTH_RESULT_AUTHFAILED_REASON, PERMANENT},
            /* -ERR [SYS/TEMP] text, both */
            {CLIENT_DISCONNECT_INTERNAL_ERROR, "", CLIENT_AUTH_RESULT_TEMPFAIL, ""},
        },
    [TLSFLOOR_SERVICE_SIEVE] =
        {
            /* BYE "text"; NO (ENCRYPT-NEEDED) "text" */
            {CLIENT_DISCONNECT_TIMEOUT, "", CLIENT_AUTH_RESULT_SSL_REQUIRED, ""},
            /* BYE (TRYLATER) "text"; NO (TRYLATER) "text" */
            {CLIENT_DISCONNECT_SYSTEM_SHUTDOWN, "", CLIENT_AUTH_RESULT_TEMPFAIL, ""},
        },
    [TLSFLOOR_SERVICE_SUBMISSION] =
        {
            /* 421 4.0.0 host text; 530 5.7.0 text */
            {CLIENT_DISCONNECT_INTERNAL_ERROR, "", CLIENT_AUTH_RESULT_SSL_REQUIRED, ""},
            /* 421 4.3.2 host text; 454 4.7.0 text */
            {CLIENT_DISCONNECT_SYSTEM_SHUTDOWN, "", CLIENT_AUTH_RESULT_TEMPFAIL, ""},
        },
};

const struct tlsfloor_login_words *
tlsfloor_login_words(enum tlsfloor_service service, enum tlsfloor_action action)
{
    return &words[service][action == TLSFLOOR_DEFER];
}
