/* SPDX-License-Identifier: MIT */
/*
 * The audit line read back: what audit.h wrote, and nothing else. Whatever the
 * text holds, it is a record of all that a line always says, or it is damaged;
 * half a line is never half a record.
 */
#ifndef TLSFLOOR_AUDIT_READ_H
#define TLSFLOOR_AUDIT_READ_H

#include "audit.h"

/* What an audit line begins with. */
#define TLSFLOOR_AUDIT_BEGIN "tlsfloor: action="

/* The texts point into bytes: not to be copied by assignment. */
struct tlsfloor_audit_record {
    enum tlsfloor_action action;
    enum tlsfloor_reason reason;
    enum tlsfloor_service service;
    struct tlsfloor_text user; /* data is NULL: nobody was named */
    int user_cut;              /* 1: the name was longer */
    struct tlsfloor_address client;
    unsigned port; /* of the client, 0: not known */
    enum tlsfloor_tls tls;
    struct tlsfloor_text tls_name;
    struct tlsfloor_text cipher; /* empty if none */
    enum tlsfloor_tls floor;     /* of that moment, as mode */
    enum tlsfloor_mode mode;
    char bytes[TLSFLOOR_AUDIT_LINE];
};

/*
 * Reads the audit line that text begins with, up to its end, or up to a ':'
 * behind which a blank or nothing follows (there Dovecot goes on).
 * 0: *size_r is how much the line takes; -1: damaged.
 */
int tlsfloor_audit_read(struct tlsfloor_text text, struct tlsfloor_audit_record *record_r,
                        size_t *size_r);

#endif
