/* SPDX-License-Identifier: MIT */
/*
 * A piece of text that somebody else owns: not NUL-terminated, may hold any
 * byte. What a client sends stays in such pieces until it is escaped.
 */
#ifndef TLSFLOOR_TEXT_H
#define TLSFLOOR_TEXT_H

#include <stddef.h>

struct tlsfloor_text {
    const char *data; /* may be NULL when size is 0 */
    size_t size;      /* bytes */
};

/* The piece that is the whole of a C string; NULL gives the empty piece. */
struct tlsfloor_text tlsfloor_text_from(const char *string);

/* 1 if both hold the same bytes, else 0. */
int tlsfloor_text_equal(struct tlsfloor_text a, struct tlsfloor_text b);

/* 1 if both hold the same bytes but for the case of ASCII letters, else 0. */
int tlsfloor_text_equal_fold(struct tlsfloor_text a, struct tlsfloor_text b);

/* An ASCII letter in lower case, any other byte as it is; knows no locale. */
static inline unsigned char
tlsfloor_text_fold(unsigned char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (unsigned char)(byte - 'A' + 'a') : byte;
}

/* One digit or more, most at the most (up to 9), and nothing else. 0, or -1. */
static inline int
tlsfloor_text_number(struct tlsfloor_text text, size_t most, unsigned *number_r)
{
    unsigned number = 0;

    if (text.size == 0 || text.size > most)
        return -1;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return -1;
        number = number * 10 + (unsigned)(text.data[i] - '0');
    }
    *number_r = number;
    return 0;
}

#endif
