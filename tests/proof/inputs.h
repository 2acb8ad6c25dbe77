/* SPDX-License-Identifier: MIT */
/*
 * Any input of a decision, and what harnesses say of the answer. The input is
 * whatever the public headers allow: each assumption about it stands in
 * inputs.c, with the header that promises it. For CBMC only, never compiled.
 */
#ifndef TLSFLOOR_PROOF_INPUTS_H
#define TLSFLOOR_PROOF_INPUTS_H

#include "policy.h"

/* What is proved. */
#define ALWAYS(condition) __CPROVER_assert(condition, #condition)

/*
 * What has to be found false, or the harness proves nothing: that it never
 * comes to this line with the condition true.
 */
#define REACHES(condition) __CPROVER_assert(!(condition), "reaches: " #condition)

#define ASSUME(condition) __CPROVER_assume(condition)

/* A value of an enum that begins at 0, up to its last; CBMC may take any int for an enum. */
#define ASSUME_ENUM(value, last) __CPROVER_assume((int)(value) >= 0 && (int)(value) <= (int)(last))

/* All that tlsfloor_policy_decide() can look at; the pointers lead to within. */
struct inputs {
    struct tlsfloor_policy policy;
    struct tlsfloor_service_policy *service; /* the one that counts for these facts */
    struct tlsfloor_facts facts;
    struct tlsfloor_cipher_suite suite;
    struct tlsfloor_lookup lookup;
    struct tlsfloor_exception exception;
    int64_t now;
};

extern struct inputs in;

/*
 * What functions say that the decision asks, where they are not part of a
 * proof: always the same of the same question. The files assumed-*.c stand for
 * these functions.
 */
struct answers {
    int trusted;               /* tlsfloor_networks_match() */
    int legacy;                /* likewise */
    int brownout;              /* in_brownout() */
    unsigned bucket;           /* tlsfloor_policy_bucket() */
    enum tlsfloor_match match; /* tlsfloor_exception_match() */
    int from;                  /* tlsfloor_network_match() */
    int same_local;            /* tlsfloor_text_equal_fold() */
    int same_domain;           /* likewise */
};

extern struct answers answers;

/* Any yes (1) or no (0); any version. */
int any_answer(void);
enum tlsfloor_tls any_version(void);

/* What such a harness proves of any input, once for each service. */
void prove(void);

/* The decision for in. */
struct tlsfloor_decision decide(void);

/* 1 if the decision is to accept, with or without a tag. */
int lets_in(struct tlsfloor_decision decision);

#endif
