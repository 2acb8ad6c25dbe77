/* SPDX-License-Identifier: MIT */
/*
 * What the commands that print JSON share.
 */
#ifndef TLSFLOOR_JSON_VALUES_H
#define TLSFLOOR_JSON_VALUES_H

#include <jansson.h>

#include "text.h"

/* A string, or null for what there is none of (data NULL), or what is not UTF-8. */
json_t *json_from(struct tlsfloor_text text);

/* A string, or null for an empty one. */
json_t *json_text(const char *text);

/* Prints a value on standard output, and frees it. 0, or -1: NULL, or it cannot be printed. */
int json_print(json_t *root);

#endif
