/* SPDX-License-Identifier: MIT */
/*
 * A reader of audit lines, written from tlsfloor-audit(5) alone. It takes
 * nothing that the manual does not give.
 */
#ifndef TLSFLOOR_AUDIT_LINE_H
#define TLSFLOOR_AUDIT_LINE_H

#include <stddef.h>

#include "audit.h"

#define AUDIT_LINE_KEYS 20

struct audit_line {
    struct audit_line_value {
        char key[16];
        char bytes[TLSFLOOR_AUDIT_LINE];
        size_t size;
        int is_empty; /* written as - */
    } values[AUDIT_LINE_KEYS];
    size_t count;
};

/* 0, or -1: this is no audit line, or has a key twice. */
int audit_line_read(const char *text, struct audit_line *line_r);

/* The value of that key, or NULL. */
const struct audit_line_value *audit_line_find(const struct audit_line *line, const char *key);

/* How much of a text that begins with an audit line is the line, others' words behind it. */
size_t audit_line_size(const char *text);

#endif
