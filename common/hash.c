/* SPDX-License-Identifier: MIT */
/*
 * FNV-1a with its published 64-bit parameters.
 */
#include "hash.h"

uint64_t
tlsfloor_hash_add(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++) {
        hash ^= bytes[i];
        hash *= UINT64_C(0x100000001b3);
    }
    return hash;
}
