/* SPDX-License-Identifier: MIT */
/*
 * Pieces of text, compared without locale. Never reads beyond a piece.
 */
#include <string.h>

#include "text.h"

struct tlsfloor_text
tlsfloor_text_from(const char *string)
{
    struct tlsfloor_text text = {string, string == NULL ? 0 : strlen(string)};

    return text;
}

int
tlsfloor_text_equal(struct tlsfloor_text a, struct tlsfloor_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

int
tlsfloor_text_equal_fold(struct tlsfloor_text a, struct tlsfloor_text b)
{
    if (a.size != b.size)
        return 0;
    for (size_t i = 0; i < a.size; i++) {
        if (tlsfloor_text_fold((unsigned char)a.data[i]) !=
            tlsfloor_text_fold((unsigned char)b.data[i]))
            return 0;
    }
    return 1;
}
