/* SPDX-License-Identifier: MIT */
/*
 * Sentences for people, which a caller gets in place of what it asked for.
 */
#ifndef TLSFLOOR_ERROR_TEXT_H
#define TLSFLOOR_ERROR_TEXT_H

#define TLSFLOOR_ERROR_TEXT 512

/* Writes a sentence into error, cut to fit. Returns -1, for the caller to return. */
int tlsfloor_error_format(char error[TLSFLOOR_ERROR_TEXT], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
