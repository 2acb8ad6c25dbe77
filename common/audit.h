/* SPDX-License-Identifier: MIT */
/*
 * A decision as one line of key=value (RFC 8314 section 4: log version and
 * cipher suite). Whatever the client sent, the line is one line of printable
 * ASCII, shorter than TLSFLOOR_AUDIT_LINE, and reads back to the same values;
 * a value that had to be cut is named by a last key, cut=.
 */
#ifndef TLSFLOOR_AUDIT_H
#define TLSFLOOR_AUDIT_H

#include "decision.h"
#include "facts.h"

/* The longest line with its final NUL: under 1,000 bytes of text. */
#define TLSFLOOR_AUDIT_LINE 1000

enum tlsfloor_stage {
    TLSFLOOR_STAGE_CONNECT = 0,
    TLSFLOOR_STAGE_HELO,
    TLSFLOOR_STAGE_AUTH,
    TLSFLOOR_STAGE_MAIL,
    TLSFLOOR_STAGE_RCPT,
    TLSFLOOR_STAGE_DATA
};

/* What the line says besides facts and decision. */
struct tlsfloor_audit {
    enum tlsfloor_stage stage;
    struct tlsfloor_text session; /* the host's session id, empty if none */
    struct tlsfloor_text login;   /* final login name if it differs, else empty */
};

/* One byte as it stands between the quotes of a value; returns its size. */
size_t tlsfloor_audit_escape(unsigned char byte, char text_r[5]);

/* Writes "tlsfloor: action=..." without newline; returns its length. */
size_t tlsfloor_audit_format(const struct tlsfloor_audit *audit, const struct tlsfloor_facts *facts,
                             const struct tlsfloor_decision *decision,
                             char line_r[TLSFLOOR_AUDIT_LINE]);

#endif
