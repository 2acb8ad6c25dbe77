/* SPDX-License-Identifier: MIT */
/*
 * Bytes as they come from a policy socket, through the parser and the adapter.
 * Cut in pieces or whole they give the same requests; every answer is one that
 * Postfix understands and none is a permit; what is logged is one line.
 */
#include <string.h>

#include "adapter.h"
#include "fuzz.h"
#include "policy-text.h"

/* Monday, 2026-09-21 09:30 UTC. */
#define NOW INT64_C(1789983000)

static void
require_line(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        REQUIRE(text[i] >= ' ' && text[i] <= '~');
}

/* Postfix takes OK, an empty action and a bare number for a permit. */
static void
require_answer(const struct tlsfloor_response *response)
{
    static const char begin[] = "action=";
    const char *action = response->answer + sizeof(begin) - 1;
    size_t size, digits = 0;

    REQUIRE(response->answer_size > sizeof(begin) - 1 + 2 && response->answer_size < 400);
    REQUIRE(memcmp(response->answer, begin, sizeof(begin) - 1) == 0);
    size = response->answer_size - (sizeof(begin) - 1) - 2;
    REQUIRE(memcmp(action + size, "\n\n", 2) == 0);
    require_line(action, size);
    while (digits < size && action[digits] >= '0' && action[digits] <= '9')
        digits++;
    REQUIRE(digits < size);
    REQUIRE(size < 2 || (action[0] | 0x20) != 'o' || (action[1] | 0x20) != 'k');
}

static void
require_response(const struct tlsfloor_response *response)
{
    require_answer(response);
    REQUIRE(memchr(response->audit, '\0', sizeof(response->audit)) != NULL);
    require_line(response->audit, strlen(response->audit));
    REQUIRE(memchr(response->warning, '\0', sizeof(response->warning)) != NULL);
    require_line(response->warning, strlen(response->warning));
}

/* Parses the first size bytes in memory of their own, where a step beyond is seen. */
static int
parse_copy(struct tlsfloor_request *request, const char *bytes, size_t size, const char **error_r)
{
    char *copy = malloc(size + 1);
    char *end = copy + 1;
    int result;

    REQUIRE(copy != NULL);
    memcpy(end, bytes, size);
    *error_r = NULL;
    result = tlsfloor_request_parse(request, end, size, error_r);
    free(copy);
    return result;
}

/* Some way to cut that depends on nothing but the bytes. */
static size_t
next_piece(uint32_t *seed, size_t size)
{
    *seed = *seed * 1664525U + 1013904223U;
    return 1 + (*seed >> 8) % (size / 8 + 2);
}

static int
parse_in_pieces(struct tlsfloor_request *request, const char *bytes, size_t size)
{
    uint32_t seed = (uint32_t)size;
    const char *error = NULL;
    size_t seen = 0;
    int result = 0;

    tlsfloor_request_reset(request);
    while (result == 0 && seen < size) {
        size_t piece = next_piece(&seed, size);

        seen += piece < size - seen ? piece : size - seen;
        result = parse_copy(request, bytes, seen, &error);
    }
    REQUIRE((result < 0) == (error != NULL));
    return result;
}

/* Something else for each session, whatever it may be. */
static struct tlsfloor_lookup
look_up(void *context, const struct tlsfloor_facts *facts, int64_t now)
{
    static const struct tlsfloor_exception everything = {
        .kind = TLSFLOOR_WHO_ANYBODY,
        .who = {"*", 1},
        .allow = TLSFLOOR_TLS_CLEARTEXT,
        .until = TLSFLOOR_NEVER,
        .services = 1U << TLSFLOOR_SERVICE_SUBMISSION,
    };
    const struct tlsfloor_lookup lookup = {
        .result = (enum tlsfloor_lookup_result)(facts->port % 3),
        .exception = facts->port % 3 == TLSFLOOR_LOOKUP_FOUND ? &everything : NULL,
        .may_cover = facts->port / 3 % 2 == 1,
    };

    REQUIRE(context == NULL && now == NOW);
    return lookup;
}

/* One request at the beginning of the bytes: what the parser says of it. */
static int
answer_one(const struct tlsfloor_policy *policy, struct tlsfloor_memory *memory, const char *bytes,
           size_t size)
{
    struct tlsfloor_request request, whole;
    const struct tlsfloor_judge judge = {policy, look_up, NULL};
    struct tlsfloor_response response;
    const char *error;
    int result;

    tlsfloor_request_reset(&whole);
    result = parse_copy(&whole, bytes, size, &error);
    REQUIRE(parse_in_pieces(&request, bytes, size) == result);
    if (result <= 0)
        return result;
    REQUIRE((size_t)result <= size && result <= TLSFLOOR_REQUEST_SIZE);
    REQUIRE(memcmp(request.values, whole.values, sizeof(whole.values)) == 0);
    memset(&response, 0x7f, sizeof(response));
    tlsfloor_adapter_answer(&judge, &request, bytes, memory, NOW, &response);
    require_response(&response);
    return result;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tlsfloor_policy *policy;
    struct tlsfloor_memory memory = {0};
    const char *bytes = (const char *)data;
    int result = 1;

    if (policy == NULL)
        policy = tlsfloor_policy_new();
    REQUIRE(policy != NULL);
    /* One request after the other, as on one connection. */
    while (result > 0 && size > 0) {
        result = answer_one(policy, &memory, bytes, size);
        if (result > 0) {
            bytes += result;
            size -= (size_t)result;
        }
    }
    return 0;
}
