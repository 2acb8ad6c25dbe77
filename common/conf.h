/* SPDX-License-Identifier: MIT */
/*
 * The syntax of tlsfloor.conf below its parameters: lines, values and their
 * items, how a problem is told, and text that grows. Knows no parameter.
 */
#ifndef TLSFLOOR_CONF_H
#define TLSFLOOR_CONF_H

#include "policy-text.h"

/* After so many errors one more says that others follow, and reading ends. */
#define TLSFLOOR_CONF_ERRORS 20

struct tlsfloor_conf_report {
    tlsfloor_problem_fn *problem; /* NULL: the errors are only counted */
    void *context;
    unsigned errors;
};

/* Tells one error; line 0: not of one line. */
void tlsfloor_conf_error(struct tlsfloor_conf_report *report, unsigned line, const char *format,
                         ...) __attribute__((format(printf, 3, 4)));

/* 1 if no further error would be told, else 0. */
int tlsfloor_conf_full(const struct tlsfloor_conf_report *report);

/* A piece of somebody's text, short and printable, to stand in a sentence. */
struct tlsfloor_conf_quoted {
    char text[64];
};
struct tlsfloor_conf_quoted tlsfloor_conf_quote(struct tlsfloor_text text);

/* The name nearest to a text with a slip in it; begin with {.text = ...}. */
struct tlsfloor_conf_nearest {
    struct tlsfloor_text text;
    const char *name; /* NULL: none is near, or several are equally near */
    unsigned distance;
};
void tlsfloor_conf_nearest_try(struct tlsfloor_conf_nearest *nearest, const char *name);

/* 1 for a blank or a tab, which are all the white space inside a line, else 0. */
int tlsfloor_conf_blank(char byte);

/* The text without the white space around it. */
struct tlsfloor_text tlsfloor_conf_trim(struct tlsfloor_text text);

/* Tells of a line that is too long or holds what no line may hold. 0, or -1: told. */
int tlsfloor_conf_check_line(struct tlsfloor_conf_report *report, unsigned line,
                             struct tlsfloor_text text);

/*
 * A value as it stands in the file: from behind the '=' to the end of its last
 * line, with the comments and blank lines between.
 */
struct tlsfloor_conf_value {
    struct tlsfloor_text text;
    unsigned line; /* of the first byte of text */
};

struct tlsfloor_conf_item {
    struct tlsfloor_text text;
    unsigned line;
    int after_comma; /* 1: a comma stands between the item before and this one */
};

/* Takes the next item off a list. 1, or 0: there is none. */
int tlsfloor_conf_next_item(struct tlsfloor_conf_value *value, struct tlsfloor_conf_item *item_r);

/* Leaves out what is left of the line that the last item stands on. */
void tlsfloor_conf_skip_line(struct tlsfloor_conf_value *value);

/* A value that is no list: its lines with one blank between them. */
struct tlsfloor_conf_joined {
    char text[TLSFLOOR_PATH];
    size_t size;
    int cut; /* 1: the value is longer than text has room */
};
void tlsfloor_conf_join(struct tlsfloor_conf_value value, struct tlsfloor_conf_joined *joined_r);

/* 1 if the text holds what looks like a comment behind a value, else 0. */
int tlsfloor_conf_has_comment(struct tlsfloor_text text);

/* A C string that grows; begin with all zeros, free() data at the end. */
struct tlsfloor_conf_output {
    char *data; /* NULL: nothing yet, or no memory */
    size_t size;
    size_t room;
    int failed; /* 1: no memory */
};
void tlsfloor_conf_put(struct tlsfloor_conf_output *output, const char *string);

#endif
