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
#include "requests.h"
#include "state.h"
#include "timing.h"

#define ROUNDS 300
#define NOW INT64_C(1806000000)

static size_t requests_count;
static struct tlsfloor_memory memories[BENCH_REQUESTS];

static void
die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(2);
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
        if (tlsfloor_request_parse(&request, bench_requests[i].data, bench_requests[i].size,
                                   &error) <= 0)
            die("not a request");
        if (judge != NULL)
            tlsfloor_adapter_answer(judge, &request, bench_requests[i].data, &memories[i], NOW,
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
    requests_count = bench_requests_load(argv[2]);
    if (requests_count == 0)
        die(argv[2]);
    printf("%.0f %.0f\n", least(NULL), least(&judge));
    tlsfloor_policy_free(policy);
    return 0;
}
