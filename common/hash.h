/* SPDX-License-Identifier: MIT */
/*
 * FNV-1a, 64 bits: for buckets and for noticing damage, never for secrets.
 */
#ifndef TLSFLOOR_HASH_H
#define TLSFLOOR_HASH_H

#include <stddef.h>
#include <stdint.h>

#define TLSFLOOR_HASH_START UINT64_C(0xcbf29ce484222325)

/* Takes size more bytes into hash, which begins as TLSFLOOR_HASH_START. */
uint64_t tlsfloor_hash_add(uint64_t hash, const void *data, size_t size);

#endif
