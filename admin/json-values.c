/* SPDX-License-Identifier: MIT */
/*
 * A value that there is no memory for is NULL, which json_pack() passes on.
 */
#include <stdio.h>

#include "json-values.h"

json_t *
json_from(struct tlsfloor_text text)
{
    json_t *string = text.data == NULL ? NULL : json_stringn(text.data, text.size);

    return string == NULL ? json_null() : string;
}

json_t *
json_text(const char *text)
{
    return text[0] == '\0' ? json_null() : json_string(text);
}

int
json_print(json_t *root)
{
    int failed = root == NULL || json_dumpf(root, stdout, JSON_INDENT(2)) != 0;

    putchar('\n');
    json_decref(root);
    return failed ? -1 : 0;
}
