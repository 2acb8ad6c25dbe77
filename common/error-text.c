/* SPDX-License-Identifier: MIT */
/*
 * Never allocates, and leaves a C string whatever happens.
 */
#include <stdarg.h>
#include <stdio.h>

#include "error-text.h"

int
tlsfloor_error_format(char error[TLSFLOOR_ERROR_TEXT], const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(error, TLSFLOOR_ERROR_TEXT, format, arguments);
    va_end(arguments);
    return -1;
}
