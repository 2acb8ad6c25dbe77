/* SPDX-License-Identifier: MIT */
/*
 * What the subcommands of "tlsfloor exception" share: the list as it is, and
 * its one way to change. Comments, blank lines and order survive.
 */
#ifndef TLSFLOOR_EXCEPTION_COMMAND_H
#define TLSFLOOR_EXCEPTION_COMMAND_H

#include <stdio.h>

#include "apply.h"

/* A change of the exceptions file, from the lock to its being in force. */
struct edit {
    const struct invocation *invocation;
    struct report report;
    int lock; /* -1: none */
    struct site site;
    struct tlsfloor_policy *in_force; /* NULL: nothing has been applied */
    FILE *out;                        /* takes the new text */
    FILE *said;                       /* takes what is said once it is in force */
    char *text, *words;
    size_t size, words_size;
};

/* Takes the lock and reads what there is. 0, or -1: an error, which has been reported. */
int edit_begin(struct edit *edit, const struct invocation *invocation);

/* 1: the line of this exception is kept, 0: it is left out. */
typedef int edit_keep_fn(void *context, const struct tlsfloor_exception *exception);

/* Copies the file, line by line, but for exceptions that are not to be kept (NULL: all are). */
void edit_copy(struct edit *edit, edit_keep_fn *keep, void *context);

/* Adds an exception at the end. */
void edit_append(struct edit *edit, const struct tlsfloor_exception *exception);

/*
 * Checks the new text as a whole, puts it in the place of the file, and puts it
 * in force. 0, or -1: an error, which has been reported.
 */
int edit_commit(struct edit *edit);

/* Lets the lock go; the exit code. */
int edit_end(struct edit *edit);

/* WHO as a word of the command line. 0, or -1: an error, which has been reported. */
int exception_parse_who(const char *who, const struct tlsfloor_policy *policy,
                        struct tlsfloor_exception *exception_r, struct report *report);

/* 1 if both are for the same user, domain or everybody; whatever the case. */
int exception_same_who(const struct tlsfloor_exception *a, const struct tlsfloor_exception *b);

int exception_add(const struct invocation *invocation);
int exception_remove(const struct invocation *invocation);
int exception_list(const struct invocation *invocation);
int exception_show(const struct invocation *invocation);
int exception_import(const struct invocation *invocation);
int exception_export(const struct invocation *invocation);

#endif
