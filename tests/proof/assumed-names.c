/* SPDX-License-Identifier: MIT */
/*
 * In place of tlsfloor_text_equal_fold(), which exception.c asks whether it
 * means a user: any answer, always the same of the same name.
 */
#include "inputs.h"

int
tlsfloor_text_equal_fold(struct tlsfloor_text a, struct tlsfloor_text b)
{
    if (a.data == in.exception.local.data) {
        ALWAYS(b.data == in.facts.user.local.data);
        return answers.same_local;
    }
    ALWAYS(a.data == in.exception.domain.data && b.data == in.facts.user.domain.data);
    return answers.same_domain;
}
