/* SPDX-License-Identifier: MIT */
/*
 * The policy of a site, and the one decision. A loaded policy is immutable.
 * tlsfloor_policy_decide() cannot fail, allocates nothing, reads no clock and
 * no file and writes nothing but its result.
 */
#ifndef TLSFLOOR_POLICY_H
#define TLSFLOOR_POLICY_H

#include <stdint.h>

#include "decision.h"
#include "exception.h"
#include "facts.h"

enum tlsfloor_profile {
    TLSFLOOR_PROFILE_RFC9325 = 0,
    TLSFLOOR_PROFILE_RFC10015,
    TLSFLOOR_PROFILE_NONE
};

/* What a parameter such as weak_ciphers says of a session. */
enum tlsfloor_answer { TLSFLOOR_ANSWER_REJECT = 0, TLSFLOOR_ANSWER_TAG, TLSFLOOR_ANSWER_ACCEPT };

/* What a cipher profile says of a suite. */
enum tlsfloor_cipher_class {
    TLSFLOOR_CIPHER_VIOLATION = 0,
    TLSFLOOR_CIPHER_WEAK,
    TLSFLOOR_CIPHER_FINE,
    TLSFLOOR_CIPHER_UNKNOWN
};

enum tlsfloor_audit_level {
    TLSFLOOR_AUDIT_ALL = 0,
    TLSFLOOR_AUDIT_VIOLATIONS,
    TLSFLOOR_AUDIT_NONE
};

/* A brown-out window, UTC: on each day of the mask from start to end. */
struct tlsfloor_window {
    unsigned days;  /* bit (1U << weekday), Sunday is 0 */
    unsigned start; /* minute of the day, 0..1439 */
    unsigned end;   /* first minute that is out again, 1..1440, > start */
};

#define TLSFLOOR_WINDOWS 16
#define TLSFLOOR_REJECT_TEXT 200
#define TLSFLOOR_HELP_URL 120
#define TLSFLOOR_DOMAIN 256
#define TLSFLOOR_HEADER_NAME 64
#define TLSFLOOR_PORTS 16
#define TLSFLOOR_CONTEXTS 16
#define TLSFLOOR_CONTEXT_NAME 64
#define TLSFLOOR_PATH 1024

struct tlsfloor_service_policy {
    enum tlsfloor_mode mode;
    enum tlsfloor_tls floor;
    enum tlsfloor_profile cipher_profile;
    enum tlsfloor_answer weak_ciphers;   /* tag or reject */
    enum tlsfloor_answer unknown_cipher; /* tag or reject */
    enum tlsfloor_answer unknown_tls;    /* accept, tag or reject */
    enum tlsfloor_tls proxied_tls;       /* CLEARTEXT or UNKNOWN */
    const struct tlsfloor_networks *trusted_networks;
    const struct tlsfloor_networks *legacy_networks;
    int64_t rollout_from;     /* seconds since 1970, UTC; INT64_MIN: not set */
    unsigned rollout_percent; /* 0..100 */
    struct tlsfloor_window brownout[TLSFLOOR_WINDOWS];
    size_t brownout_count;
    enum tlsfloor_audit_level audit;
    char reject_text[TLSFLOOR_REJECT_TEXT]; /* as written, see reply.h */
    char help_url[TLSFLOOR_HELP_URL];
};

/* What a Postfix policy_context stands for. */
enum tlsfloor_context_kind {
    TLSFLOOR_CONTEXT_SUBMISSION = 0,
    TLSFLOOR_CONTEXT_NONE,       /* not subject */
    TLSFLOOR_CONTEXT_UNKNOWN_TLS /* submission whose TLS ended upstream */
};

struct tlsfloor_context {
    char name[TLSFLOOR_CONTEXT_NAME];
    enum tlsfloor_context_kind kind;
};

struct tlsfloor_policy {
    /* [0] holds what stands before the first section, the others are complete. */
    struct tlsfloor_service_policy services[TLSFLOOR_SERVICES];
    char exceptions[TLSFLOOR_PATH]; /* empty: none */
    uint64_t snapshot;              /* applied: identity of its exceptions (snapshot.h); 0: none */
    int dovecot_passdb;             /* 1 or 0 */
    char default_domain[TLSFLOOR_DOMAIN];
    int imap_alert;                        /* 1 or 0 */
    char tag_header[TLSFLOOR_HEADER_NAME]; /* empty: none */
    int syslog_facility;                   /* LOG_MAIL ... as syslog(3) */
    unsigned submission_ports[TLSFLOOR_PORTS];
    size_t submission_ports_count;
    struct tlsfloor_context policy_contexts[TLSFLOOR_CONTEXTS];
    size_t policy_contexts_count;
    struct tlsfloor_networks lists[2 * TLSFLOOR_SERVICES]; /* what the pointers point to */
};

/* 1 if sessions at this port are judged as submission. */
static inline int
tlsfloor_policy_has_port(const struct tlsfloor_policy *policy, unsigned port)
{
    for (size_t i = 0; i < policy->submission_ports_count; i++) {
        if (policy->submission_ports[i] == port)
            return 1;
    }
    return 0;
}

enum tlsfloor_lookup_result {
    TLSFLOOR_LOOKUP_ERROR = 0, /* the store cannot be read */
    TLSFLOOR_LOOKUP_ABSENT,
    TLSFLOOR_LOOKUP_FOUND
};

/* What the exception store says of a session. */
struct tlsfloor_lookup {
    enum tlsfloor_lookup_result result;
    const struct tlsfloor_exception *exception; /* FOUND: the one that covers the session */
    int may_cover; /* the envelope: 1, some exception could cover this session for some user */
};

/*
 * The decision (RFC 8314 section 4.1, RFC 8997 section 3). now: seconds since
 * 1970, UTC. UNDECIDED only for a user who is TLSFLOOR_USER_NOT_YET. An
 * exception is believed only after tlsfloor_exception_match() said yes again.
 */
struct tlsfloor_decision tlsfloor_policy_decide(const struct tlsfloor_policy *policy,
                                                const struct tlsfloor_facts *facts,
                                                const struct tlsfloor_lookup *lookup, int64_t now);

/*
 * 1 if an exception could make a difference to the decision: for a violation
 * from where exceptions may be used; 0: whatever the look-up says counts for
 * nothing, so that nobody need look.
 */
int tlsfloor_policy_asks_store(const struct tlsfloor_policy *policy,
                               const struct tlsfloor_facts *facts);

/*
 * How a profile judges a suite (RFC 9325 section 4.1, RFC 10015). NULL is a
 * suite that nobody knows; profile none judges none, so all are FINE to it.
 */
enum tlsfloor_cipher_class tlsfloor_policy_judge_cipher(enum tlsfloor_profile profile,
                                                        const struct tlsfloor_cipher_suite *suite);

/*
 * The rollout bucket of a named user, 0..99: the same for ever, whatever the
 * case of the name and the service. Bound are those below rollout_percent.
 */
unsigned tlsfloor_policy_bucket(const struct tlsfloor_user *user);

/*
 * 1 if this decision is to be audited (parameter audit), else 0: never for a
 * session that is not subject, nor, until the user is named, for anything but
 * a refusal, nor for a compliant session that names nobody.
 */
int tlsfloor_policy_audits(const struct tlsfloor_policy *policy, const struct tlsfloor_facts *facts,
                           const struct tlsfloor_decision *decision);

#endif
