/* SPDX-License-Identifier: MIT */
/*
 * What doveconf and postconf print, as a list of settings in their order. A
 * block is a setting without a value; what is in it names it as its parent.
 * Reads no file; keeps pointers into the text.
 */
#ifndef TLSFLOOR_DOCTOR_SETTINGS_H
#define TLSFLOOR_DOCTOR_SETTINGS_H

#include <stddef.h>

#define SETTINGS_TOP (-1) /* the parent of what is in no block */

struct setting {
    int parent;        /* index of the block, or SETTINGS_TOP */
    const char *name;  /* of a block all its words: "protocol imap" */
    const char *value; /* NULL: a block */
};

/* All zero: none. */
struct settings {
    struct setting *items;
    size_t count, room;
};

/*
 * Adds the settings of a text to the list; the text is changed, and has to
 * outlive it. 0, or -1: no memory.
 */
int settings_parse(struct settings *settings, char *text);

/* The value of that name in a block, NULL: none, or it is a block. The last one counts. */
const char *settings_get(const struct settings *settings, int parent, const char *name);

/* The next block in a parent whose words begin with this one, from index at on; or -1. */
int settings_block(const struct settings *settings, int parent, const char *word, size_t at);

/* What stands behind the first word of a block's name; empty if nothing does. */
const char *settings_block_name(const struct settings *settings, int block);

/* 1 if a list of words, with blanks or commas between, has that one; NULL has none. */
int settings_has_word(const char *list, const char *word);

/* 1 for "yes"; NULL is no. */
int settings_is_yes(const char *value);

void settings_free(struct settings *settings);

#endif
