/* SPDX-License-Identifier: MIT */
/*
 * Keeps the file in memory as it is.
 */
#include <stdio.h>
#include <string.h>

#include "requests.h"

struct bench_request bench_requests[BENCH_REQUESTS];

size_t
bench_requests_load(const char *path)
{
    static char data[8U << 20];
    FILE *file = fopen(path, "r");
    char *at = data, *end;
    size_t count = 0;

    if (file == NULL)
        return 0;
    (void)!fread(data, 1, sizeof(data) - 1, file);
    fclose(file);
    for (; (end = strstr(at, "\n\n")) != NULL && count < BENCH_REQUESTS; at = end + 2)
        bench_requests[count++] = (struct bench_request){at, (size_t)(end + 2 - at)};
    return count;
}
