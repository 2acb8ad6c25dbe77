/* SPDX-License-Identifier: MIT */
/*
 * One exception: who may come below the floor, how far, from where and until
 * when (RFC 8314 section 4.1, as amended by RFC 8997). Text to record, record
 * to text, and whether it covers a session. Reads no clock and no file.
 */
#ifndef TLSFLOOR_EXCEPTION_H
#define TLSFLOOR_EXCEPTION_H

#include <stdint.h>

#include "facts.h"

enum tlsfloor_who {
    TLSFLOOR_WHO_USER = 0, /* user@domain, or user */
    TLSFLOOR_WHO_DOMAIN,   /* @domain */
    TLSFLOOR_WHO_ANYBODY   /* * */
};

#define TLSFLOOR_EXCEPTION_NETWORKS 16
#define TLSFLOOR_NEVER INT64_MAX

/* The longest line of the exceptions file and the longest text of one record, bytes. */
#define TLSFLOOR_EXCEPTION_LINE 2048

struct tlsfloor_exception {
    enum tlsfloor_who kind;
    struct tlsfloor_text who;    /* as written; the audit line names it */
    struct tlsfloor_text local;  /* WHO_USER */
    struct tlsfloor_text domain; /* data is NULL: no domain */
    enum tlsfloor_tls allow;     /* this version and newer ones */
    int64_t until;               /* first second that is not covered (UTC), or TLSFLOOR_NEVER */
    unsigned services;           /* bit (1U << enum tlsfloor_service) */
    int ciphers_any;             /* 1: NULL, anonymous, export and unknown suites too */
    int from_any;                /* 1: from=any was written */
    struct tlsfloor_network from[TLSFLOOR_EXCEPTION_NETWORKS];
    size_t from_count;         /* 0: from anywhere */
    struct tlsfloor_text note; /* between the quotes, escapes kept */
};

/*
 * One line to a record, whose texts point into line and default_domain.
 * 1: a record; 0: blank line or comment; -1: a sentence in error, cut at size.
 */
int tlsfloor_exception_parse(struct tlsfloor_text line, struct tlsfloor_text default_domain,
                             struct tlsfloor_exception *exception_r, char *error, size_t size);

/* The record as a line without newline; at least TLSFLOOR_EXCEPTION_LINE bytes. */
void tlsfloor_exception_format(const struct tlsfloor_exception *exception, char *text_r);

/* How far an exception covers a session: the first thing that does not fit, WHO last. */
enum tlsfloor_match {
    TLSFLOOR_MATCH_EXPIRED = 0,
    TLSFLOOR_MATCH_SERVICE,
    TLSFLOOR_MATCH_NETWORK,
    TLSFLOOR_MATCH_VERSION,
    TLSFLOOR_MATCH_CIPHER,
    TLSFLOOR_MATCH_WHO, /* all but the user fits */
    TLSFLOOR_MATCH_YES
};

/* now: seconds since 1970, UTC. A user who is not named matches "*" only. */
enum tlsfloor_match tlsfloor_exception_match(const struct tlsfloor_exception *exception,
                                             const struct tlsfloor_facts *facts, int64_t now);

/* 1 if WHO means this user (who has to be named, but for "*"), else 0. */
int tlsfloor_exception_names(const struct tlsfloor_exception *exception,
                             const struct tlsfloor_user *user);

/* "has expired", "is for other services" ...: how an exception relates to the session. */
const char *tlsfloor_match_sentence(enum tlsfloor_match match);

#endif
