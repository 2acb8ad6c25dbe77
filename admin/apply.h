/* SPDX-License-Identifier: MIT */
/*
 * Putting in force, for the commands that do.
 */
#ifndef TLSFLOOR_APPLY_H
#define TLSFLOOR_APPLY_H

#include "site.h"
#include "state-apply.h"

/*
 * Puts a policy and exceptions in force; lock is of tlsfloor_state_lock(). 0,
 * or -1: an error, which has been reported.
 */
int apply_locked(const struct invocation *invocation, int lock,
                 const struct tlsfloor_policy *policy, const struct exceptions *exceptions,
                 struct tlsfloor_state_result *result_r, struct report *report);

#endif
