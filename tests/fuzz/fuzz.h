/* SPDX-License-Identifier: MIT */
/*
 * What every harness has: the function that libFuzzer, AFL++ and replay.c call,
 * and a way to say what must hold, whatever the input.
 */
#ifndef TLSFLOOR_FUZZ_H
#define TLSFLOOR_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, which is how a fuzzer learns of it. */
#define REQUIRE(condition) require((condition) ? 1 : 0, #condition, __FILE__, __LINE__)

static inline void
require(int condition, const char *text, const char *file, int line)
{
    if (condition)
        return;
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, text);
    abort();
}

#endif
