/* SPDX-License-Identifier: MIT */
/*
 * The exceptions file as a list of its lines. A million of them are kept in
 * 24 bytes each: a line becomes a record only while it is looked at.
 */
#ifndef TLSFLOOR_EXCEPTIONS_TEXT_H
#define TLSFLOOR_EXCEPTIONS_TEXT_H

#include "exception.h"
#include "policy-text.h"
#include "state.h"

struct exceptions {
    char *data; /* the file; the lines point into it */
    size_t size;
    struct stat identity; /* of the file; all zero: none */
    struct tlsfloor_text default_domain;
    struct exceptions_item {
        struct tlsfloor_text line;
        unsigned number;
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

/* The same for a text that is there already; the list frees it, also on error. 1, or -1. */
int exceptions_take(const char *path, char *data, size_t size, struct tlsfloor_text default_domain,
                    tlsfloor_problem_fn *problem, void *context, struct exceptions *exceptions_r,
                    char error[TLSFLOOR_ERROR_TEXT]);

/* The record of one line, whose texts point into the list. */
void exceptions_get(const struct exceptions *exceptions, size_t item,
                    struct tlsfloor_exception *exception_r);

/* Gives one record after the other, as tlsfloor_snapshot_next_fn; begin with next 0. */
struct exceptions_cursor {
    const struct exceptions *exceptions;
    size_t next;
};
int exceptions_next(void *cursor, struct tlsfloor_exception *exception_r);

void exceptions_free(struct exceptions *exceptions);

#endif
