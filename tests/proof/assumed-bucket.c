/* SPDX-License-Identifier: MIT */
/*
 * In place of tlsfloor_policy_bucket(): any answer, but only to the question
 * of this session's user. bucket.c proves the real one.
 */
#include "inputs.h"

unsigned
tlsfloor_policy_bucket(const struct tlsfloor_user *user)
{
    ALWAYS(user == &in.facts.user && user->state == TLSFLOOR_USER_NAMED);
    return answers.bucket;
}
