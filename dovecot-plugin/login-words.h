/* SPDX-License-Identifier: MIT */
/*
 * In which of its protocol's words a client is refused (RFC 8314 section 4.1
 * asks for a clear indication). Never the words for a wrong password: those
 * make a mail program ask for another one.
 */
#ifndef TLSFLOOR_LOGIN_WORDS_H
#define TLSFLOOR_LOGIN_WORDS_H

#include "dovecot-compat.h"

#include "decision.h"
#include "facts.h"

struct tlsfloor_login_words {
    enum client_disconnect_reason disconnect; /* for client_notify_disconnect() */
    const char *disconnect_code;              /* before its text, with a blank; may be empty */
    enum client_auth_result result;           /* for client_vfuncs.auth_result() */
    const char *result_code;                  /* before its text, with a blank; may be empty */
};

/* The words for a REFUSE or DEFER of a service that is subject. */
const struct tlsfloor_login_words *tlsfloor_login_words(enum tlsfloor_service service,
                                                        enum tlsfloor_action action);

#endif
