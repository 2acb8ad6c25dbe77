/* SPDX-License-Identifier: MIT */
/*
 * What a judgement says: action, reason and rule, with their tokens and
 * sentences. A decision of all zeros means refuse.
 */
#ifndef TLSFLOOR_DECISION_H
#define TLSFLOOR_DECISION_H

#include "text.h"
#include "tls-names.h"

enum tlsfloor_action {
    TLSFLOOR_REFUSE = 0,
    TLSFLOOR_DEFER,     /* refuse for now */
    TLSFLOOR_UNDECIDED, /* depends on the user, who is not named yet */
    TLSFLOOR_TAG,       /* accept and tag */
    TLSFLOOR_ACCEPT
};

enum tlsfloor_reason {
    TLSFLOOR_REASON_STORE_ERROR = 0,
    TLSFLOOR_REASON_NOT_SUBJECT,
    TLSFLOOR_REASON_COMPLIANT,
    TLSFLOOR_REASON_WEAK_CIPHER,
    TLSFLOOR_REASON_TRUSTED_NETWORK,
    TLSFLOOR_REASON_UNKNOWN_TLS,
    TLSFLOOR_REASON_CLEARTEXT,
    TLSFLOOR_REASON_VERSION,
    TLSFLOOR_REASON_CIPHER,
    TLSFLOOR_REASON_UNKNOWN_CIPHER,
    TLSFLOOR_REASON_EXCEPTION
};
#define TLSFLOOR_REASONS 11

enum tlsfloor_rule {
    TLSFLOOR_RULE_LOCAL = 0,   /* this site's own choice */
    TLSFLOOR_RULE_RFC8997,     /* TLS 1.2 or newer (section 3) */
    TLSFLOOR_RULE_RFC8314_4_1, /* cleartext ends; exceptions for legacy systems */
    TLSFLOOR_RULE_RFC9325_4_1, /* cipher suites */
    TLSFLOOR_RULE_RFC10015     /* cipher suites, static RSA and DHE */
};

enum tlsfloor_mode { TLSFLOOR_MODE_ENFORCE = 0, TLSFLOOR_MODE_TAG, TLSFLOOR_MODE_OBSERVE };

struct tlsfloor_exception;

struct tlsfloor_decision {
    enum tlsfloor_action action;
    enum tlsfloor_reason reason;
    enum tlsfloor_rule rule;
    enum tlsfloor_tls floor;                    /* in force for the session's service */
    enum tlsfloor_mode mode;                    /* likewise; OBSERVE: a tag is audited, not shown */
    const struct tlsfloor_exception *exception; /* that applied, else NULL */
};

/* Tokens as the audit line has them: "refuse", "version", "RFC8997", "enforce". */
const char *tlsfloor_action_name(enum tlsfloor_action action);
const char *tlsfloor_reason_name(enum tlsfloor_reason reason);
const char *tlsfloor_rule_name(enum tlsfloor_rule rule);
const char *tlsfloor_mode_name(enum tlsfloor_mode mode);

/* What such a token means. 0, or -1: it is none. */
int tlsfloor_action_parse(struct tlsfloor_text name, enum tlsfloor_action *action_r);
int tlsfloor_reason_parse(struct tlsfloor_text name, enum tlsfloor_reason *reason_r);
int tlsfloor_mode_parse(struct tlsfloor_text name, enum tlsfloor_mode *mode_r);

/* 1 if the session is to see its tag (header, alert, field): tagged, and not only observed. */
int tlsfloor_decision_shows_tag(const struct tlsfloor_decision *decision);

/* One sentence for people, without a full stop. */
const char *tlsfloor_reason_sentence(enum tlsfloor_reason reason);

#endif
