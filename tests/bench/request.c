/* SPDX-License-Identifier: MIT */
/*
 * What is tlsfloor's own of a request: parsing it and judging it, without the
 * kernel, libevent and the log. Nanoseconds of CPU, the least of many rounds:
 *
 *   request DIR FILE     the applied state, and requests
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapter.h"
#include "state.h"
#include "timing.h"

#define ROUNDS 300
#define REQUESTS 4096
#define NOW INT64_C(1806000000)

static struct {
    const char *data;
    size_t size;
} requests[REQUESTS];
static size_t requests_count;
static struct tlsfloor_memory memories[REQUESTS];

static void
die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(2);
}

static void
load_requests(const char *path)
{
    static char data[8U << 20];
    FILE *file = fopen(path, "r");
    size_t size = file == NULL ? 0 : fread(data, 1, sizeof(data) - 1, file);
    char *at = data, *end;

    if (size == 0)
        die(path);
    fclose(file);
    for (; (end = strstr(at, "\n\n")) != NULL && requests_count < REQUESTS; at = end + 2) {
        requests[requests_count].data = at;
        requests[requests_count++].size = (size_t)(end + 2 - at);
    }
}

/* As if there were no exceptions. */
static struct tlsfloor_lookup
look_up(void *context, const struct tlsfloor_facts *facts, int64_t now)
{
    (void)context, (void)facts, (void)now;
    return (struct tlsfloor_lookup){.result = TLSFLOOR_LOOKUP_ABSENT};
}

/* Nanoseconds a request; judge: NULL to parse only. */
static double
run(const struct tlsfloor_judge *judge)
{
    static struct tlsfloor_response response;
    double start = bench_cpu_seconds();
    const char *error;

    for (size_t i = 0; i < requests_count; i++) {
        struct tlsfloor_request request;

        tlsfloor_request_reset(&request);
        if (tlsfloor_request_parse(&request, requests[i].data, requests[i].size, &error) <= 0)
            die("not a request");
        if (judge != NULL)
            tlsfloor_adapter_answer(judge, &request, requests[i].data, &memories[i], NOW,
                                    &response);
    }
    return (bench_cpu_seconds() - start) / (double)requests_count * 1e9;
}

static double
least(const struct tlsfloor_judge *judge)
{
    double best = run(judge);

    for (size_t i = 1; i < ROUNDS; i++) {
        double time = run(judge);

        best = time < best ? time : best;
    }
    return best;
}

int
main(int argc, char **argv)
{
    struct tlsfloor_judge judge = {.look_up = look_up};
    struct tlsfloor_policy *policy;
    char error[TLSFLOOR_ERROR_TEXT];
    struct stat identity;

    if (argc != 3)
        return 2;
    policy = tlsfloor_state_load(argv[1], &identity, error);
    if (policy == NULL)
        die(error);
    judge.policy = policy;
    load_requests(argv[2]);
    printf("%.0f %.0f\n", least(NULL), least(&judge));
    tlsfloor_policy_free(policy);
    return 0;
}
