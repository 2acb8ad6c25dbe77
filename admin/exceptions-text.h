/* SPDX-License-Identifier: MIT */
/*
 * The exceptions file as a list of records with their lines.
 */
#ifndef TLSFLOOR_EXCEPTIONS_TEXT_H
#define TLSFLOOR_EXCEPTIONS_TEXT_H

#include "exception.h"
#include "policy-text.h"
#include "state.h"

struct exceptions {
    char *data; /* the file; the records point into it */
    struct exceptions_item {
        struct tlsfloor_exception exception;
        unsigned line;
    } * items;
    size_t count;
};

/*
 * Reads the file at path; default_domain has to outlive the list. Bad lines
 * go to problem and are left out. 1: read; 0: there is no such file; -1: a
 * sentence that names the file in error. *exceptions_r starts all zero.
 */
int exceptions_load(const char *path, struct tlsfloor_text default_domain,
                    tlsfloor_problem_fn *problem, void *context, struct exceptions *exceptions_r,
                    char error[TLSFLOOR_ERROR_TEXT]);

void exceptions_free(struct exceptions *exceptions);

#endif
