/* SPDX-License-Identifier: MIT */
/*
 * What an adapter saw of a session. The texts belong to the adapter and live
 * as long as it uses the facts.
 */
#ifndef TLSFLOOR_FACTS_H
#define TLSFLOOR_FACTS_H

#include <stdint.h>

#include "cipher-suites.h"
#include "network.h"
#include "text.h"
#include "tls-names.h"

enum tlsfloor_service {
    TLSFLOOR_SERVICE_NONE = 0, /* not subject: mail transfer between servers */
    TLSFLOOR_SERVICE_IMAP,
    TLSFLOOR_SERVICE_POP3,
    TLSFLOOR_SERVICE_SIEVE,
    TLSFLOOR_SERVICE_SUBMISSION
};
#define TLSFLOOR_SERVICES 5

/* "none", "imap", "pop3", "sieve", "submission" */
const char *tlsfloor_service_name(enum tlsfloor_service service);

/* The subject service of that name, or TLSFLOOR_SERVICE_NONE. */
enum tlsfloor_service tlsfloor_service_parse(struct tlsfloor_text name);

enum tlsfloor_user_state {
    TLSFLOOR_USER_NOT_YET = 0, /* a later moment of this session will name one */
    TLSFLOOR_USER_NONE,        /* final: this session names nobody */
    TLSFLOOR_USER_NAMED
};

/* A login name, split at its last '@'. */
struct tlsfloor_user {
    enum tlsfloor_user_state state;
    struct tlsfloor_text local;
    struct tlsfloor_text domain; /* data is NULL: the name has no '@' */
};

struct tlsfloor_facts {
    enum tlsfloor_service service;
    enum tlsfloor_tls tls;
    struct tlsfloor_text tls_name;             /* as reported; empty: tlsfloor_tls_name(tls) */
    struct tlsfloor_text cipher;               /* as reported, empty if none */
    const struct tlsfloor_cipher_suite *suite; /* of that name, NULL if unknown */
    unsigned bits;                             /* as reported */
    struct tlsfloor_user user;
    struct tlsfloor_address connection; /* judged by trusted_networks */
    struct tlsfloor_address client;     /* judged by legacy_networks and from= */
    unsigned port;                      /* the client's, 0 if unknown */
};

/*
 * Names the user: splits name, and adds default_domain (may be empty) to a
 * name without '@'.
 */
struct tlsfloor_user tlsfloor_user_named(struct tlsfloor_text name,
                                         struct tlsfloor_text default_domain);

/*
 * Takes a user into hash (hash.h): the bytes of "local@domain", or of "local"
 * without a domain, in lower case.
 */
uint64_t tlsfloor_user_hash(uint64_t hash, const struct tlsfloor_user *user);

#endif
