/* SPDX-License-Identifier: MIT */
/*
 * No undefined behaviour in a decision, nor in asking whether it needs the
 * store: no access outside an object, no overflow, no shift or conversion that
 * loses something. What is asked of a time, of lists of networks and of the
 * hash of a name is for times.c, networks.c and bucket.c. For names of up to
 * NAME_SIZE bytes in each part.
 */
#include <stddef.h>

#include "inputs.h"

#define NAME_SIZE 3

static char names[4][NAME_SIZE];

size_t nondet_size(void);
char nondet_char(void);

/* A text ends where its array does, so that a step beyond it is seen. */
static struct tlsfloor_text
any_text(int i)
{
    size_t size = nondet_size();

    ASSUME(size <= NAME_SIZE);
    for (size_t j = 0; j < NAME_SIZE; j++)
        names[i][j] = nondet_char();
    if (size == 0 && any_answer())
        return (struct tlsfloor_text){NULL, 0};
    return (struct tlsfloor_text){names[i] + NAME_SIZE - size, size};
}

void
prove(void)
{
    struct tlsfloor_decision decision;

    in.exception.local = any_text(0);
    in.exception.domain = any_text(1);
    in.facts.user.local = any_text(2);
    in.facts.user.domain = any_text(3);
    (void)tlsfloor_policy_asks_store(&in.policy, &in.facts);
    decision = decide();

    ALWAYS(decision.action >= TLSFLOOR_REFUSE && decision.action <= TLSFLOOR_ACCEPT);
    REACHES(decision.reason == TLSFLOOR_REASON_EXCEPTION && in.exception.from_count == 16);
    REACHES(decision.reason == TLSFLOOR_REASON_TRUSTED_NETWORK);
    REACHES(decision.action == TLSFLOOR_DEFER && in.now < in.service->rollout_from);
}
