/* SPDX-License-Identifier: MIT */
/*
 * Bytes as they come from a policy socket, through the parser and the adapter,
 * under several policies. Cut in pieces or whole they give the same requests;
 * every answer is one that Postfix understands and none is a permit; what is
 * logged is one line; and no session below the floor goes on unless the
 * policy, or who is asked for exceptions, says so.
 */
#include <string.h>

#include "adapter.h"
#include "fuzz.h"
#include "policy-text.h"

/* Monday, 2026-09-21 09:30 UTC. */
#define NOW INT64_C(1789983000)

/* The first has only defaults. */
static const char *const policy_texts[] = {
    "",
    ("cipher_profile = rfc10015\nweak_ciphers = reject\nunknown_cipher = reject\n"
     "unknown_tls = reject\nrollout_percent = 50\nbrownout = Mon 09:00-10:00\n"
     "audit = violations\ndefault_domain = example.org\n"
     "policy_contexts = a=submission b=none c=unknown-tls\n"),
    ("mode = tag\nunknown_tls = accept\nlegacy_networks = 192.0.2.0/24\naudit = none\n"
     "rollout_from = 2027-01-01\npolicy_contexts = a=submission b=none c=unknown-tls\n"),
};
#define POLICIES (sizeof(policy_texts) / sizeof(policy_texts[0]))

static struct tlsfloor_policy *policies[POLICIES];

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

/* Something else for each session, whatever it may be; *context says if it was an exception. */
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
    int *excepted = context;
    const struct tlsfloor_lookup lookup = {
        .result = (enum tlsfloor_lookup_result)(facts->port % 3),
        .exception = facts->port % 3 == TLSFLOOR_LOOKUP_FOUND ? &everything : NULL,
        .may_cover = facts->port / 3 % 2 == 1,
    };

    REQUIRE(now == NOW);
    *excepted = lookup.exception != NULL;
    return lookup;
}

/* --- another reader of requests --- */

/* The first value of that name in a complete request; empty if there is none. */
static struct tlsfloor_text
find_value(const char *bytes, const char *end, const char *name)
{
    size_t size = strlen(name);

    while (*bytes != '\n') {
        const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));

        if ((size_t)(newline - bytes) > size && memcmp(bytes, name, size) == 0 &&
            bytes[size] == '=')
            return (struct tlsfloor_text){bytes + size + 1, (size_t)(newline - bytes) - size - 1};
        bytes = newline + 1;
    }
    return tlsfloor_text_from(NULL);
}

static int
is_one_of(struct tlsfloor_text text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (tlsfloor_text_equal(text, tlsfloor_text_from(*words)))
            return 1;
    }
    return 0;
}

/* 1 if it is about a message of a client from elsewhere that has no TLS, or an old one. */
static int
is_below_floor(const char *bytes, const char *end)
{
    static const char *const states[] = {"MAIL", "RCPT", "DATA", "VRFY", NULL};
    static const char *const versions[] = {"",        "SSLv2",   "SSLv3", "TLSv1",
                                           "TLSv1.0", "TLSv1.1", NULL};
    static const char *const ports[] = {"465", "587", NULL};
    struct tlsfloor_text client = find_value(bytes, end, "client_address");
    struct tlsfloor_address address;

    return is_one_of(find_value(bytes, end, "protocol_state"), states) &&
           is_one_of(find_value(bytes, end, "encryption_protocol"), versions) &&
           is_one_of(find_value(bytes, end, "server_port"), ports) &&
           !(tlsfloor_address_parse(client, &address) == 0 &&
             tlsfloor_networks_match(policies[0]->services[0].trusted_networks, &address));
}

/* --- one request, and what each policy says of it --- */

static void
answer_by(size_t index, const struct tlsfloor_request *request, const char *bytes, size_t size,
          struct tlsfloor_memory *memory)
{
    int excepted = 0;
    const struct tlsfloor_judge judge = {policies[index], look_up, &excepted};
    struct tlsfloor_response response;

    memset(&response, 0x7f, sizeof(response));
    tlsfloor_adapter_answer(&judge, request, bytes, memory, NOW, &response);
    require_response(&response);
    if (index == 0 && !excepted && is_below_floor(bytes, bytes + size))
        REQUIRE(memcmp(response.answer, "action=530 ", 11) == 0 ||
                memcmp(response.answer, "action=45", 9) == 0);
}

/* One request at the beginning of the bytes: what the parser says of it. */
static int
answer_one(struct tlsfloor_memory memories[POLICIES], const char *bytes, size_t size)
{
    struct tlsfloor_request request, whole;
    const char *error;
    int result;

    tlsfloor_request_reset(&whole);
    result = parse_copy(&whole, bytes, size, &error);
    REQUIRE(parse_in_pieces(&request, bytes, size) == result);
    if (result <= 0)
        return result;
    REQUIRE((size_t)result <= size && result <= TLSFLOOR_REQUEST_SIZE);
    REQUIRE(memcmp(request.values, whole.values, sizeof(whole.values)) == 0);
    for (size_t i = 0; i < POLICIES; i++)
        answer_by(i, &request, bytes, (size_t)result, &memories[i]);
    return result;
}

static void
read_policies(void)
{
    for (size_t i = 0; i < POLICIES; i++) {
        policies[i] = tlsfloor_policy_parse(tlsfloor_text_from(policy_texts[i]), NULL, NULL);
        REQUIRE(policies[i] != NULL);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tlsfloor_memory memories[POLICIES] = {{0}};
    const char *bytes = (const char *)data;
    int result = 1;

    if (policies[0] == NULL)
        read_policies();
    /* One request after the other, as on one connection. */
    while (result > 0 && size > 0) {
        result = answer_one(memories, bytes, size);
        if (result > 0) {
            bytes += result;
            size -= (size_t)result;
        }
    }
    return 0;
}
