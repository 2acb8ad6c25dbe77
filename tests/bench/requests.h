/* SPDX-License-Identifier: MIT */
/*
 * The requests that programs here ask with, from a file with a blank line behind each.
 */
#ifndef TLSFLOOR_BENCH_REQUESTS_H
#define TLSFLOOR_BENCH_REQUESTS_H

#include <stddef.h>

#define BENCH_REQUESTS 4096

struct bench_request {
    const char *data;
    size_t size;
};

extern struct bench_request bench_requests[BENCH_REQUESTS];

/* Reads a file once; how many it has, 0 also if it cannot be read. */
size_t bench_requests_load(const char *path);

#endif
