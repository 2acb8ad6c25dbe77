/* SPDX-License-Identifier: MIT */
/*
 * Byte by byte, so that alignment and order of the machine do not matter.
 */
#include "bytes.h"

void
tlsfloor_bytes_put(unsigned char *bytes_r, uint64_t number, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        bytes_r[i] = (unsigned char)(number >> 8 * i);
}

uint64_t
tlsfloor_bytes_get(const unsigned char *bytes, unsigned size)
{
    uint64_t number = 0;

    for (unsigned i = size; i > 0; i--)
        number = number << 8 | bytes[i - 1];
    return number;
}
