/* SPDX-License-Identifier: MIT */
/*
 * Numbers as little-endian bytes in files, the same on every machine.
 */
#ifndef TLSFLOOR_BYTES_H
#define TLSFLOOR_BYTES_H

#include <stdint.h>

/* Writes the low size (1..8) bytes of a number. */
void tlsfloor_bytes_put(unsigned char *bytes_r, uint64_t number, unsigned size);

/* The number that size (1..8) bytes are. */
uint64_t tlsfloor_bytes_get(const unsigned char *bytes, unsigned size);

#endif
