/* SPDX-License-Identifier: MIT */
/*
 * An exceptions file, line by line: whatever a line holds, it is a record, no
 * record, or told in one printable sentence; a record's text reads back to the
 * same record; and no record covers a session after its last day.
 */
#include <string.h>

#include "exception.h"
#include "fuzz.h"

#define ERROR_SIZE 256

/* Parses a line of its own memory, where a step beyond is seen; the caller frees *copy_r. */
static int
parse_copy(struct tlsfloor_text line, struct tlsfloor_text domain,
           struct tlsfloor_exception *exception_r, char **copy_r)
{
    char error[ERROR_SIZE + 1];
    int result;

    *copy_r = malloc(line.size == 0 ? 1 : line.size);
    REQUIRE(*copy_r != NULL);
    if (line.size > 0)
        memcpy(*copy_r, line.data, line.size);
    memset(error, '\n', sizeof(error));
    result = tlsfloor_exception_parse((struct tlsfloor_text){*copy_r, line.size}, domain,
                                      exception_r, error, ERROR_SIZE);
    REQUIRE(result >= -1 && result <= 1);
    REQUIRE(error[ERROR_SIZE] == '\n');
    if (result != -1)
        return result;
    REQUIRE(memchr(error, '\0', ERROR_SIZE) != NULL && error[0] != '\0');
    for (const char *byte = error; *byte != '\0'; byte++)
        REQUIRE(*byte >= ' ' && *byte <= '~');
    return result;
}

static void
require_record(const struct tlsfloor_exception *exception)
{
    REQUIRE(exception->allow == TLSFLOOR_TLS_CLEARTEXT ||
            (exception->allow >= TLSFLOOR_TLS_SSLV3 && exception->allow <= TLSFLOOR_TLS_1_3));
    REQUIRE(exception->until > 0);
    REQUIRE(exception->services != 0 && (exception->services & ~0x1eU) == 0);
    REQUIRE(exception->from_count <= TLSFLOOR_EXCEPTION_NETWORKS);
    REQUIRE(!exception->from_any || exception->from_count == 0);
    REQUIRE(exception->who.size > 0 && exception->who.size <= 512);
    REQUIRE(exception->kind == TLSFLOOR_WHO_ANYBODY || exception->local.size > 0 ||
            exception->domain.size > 0);
    REQUIRE(exception->kind != TLSFLOOR_WHO_ANYBODY || exception->from_any ||
            exception->from_count > 0);
}

/* A session that the exception covers, as far as it lets one be made. */
static struct tlsfloor_facts
session_for(const struct tlsfloor_exception *exception)
{
    struct tlsfloor_facts facts = {.service = TLSFLOOR_SERVICE_IMAP, .tls = exception->allow};

    while (!(exception->services & 1U << facts.service))
        facts.service = (enum tlsfloor_service)(facts.service + 1);
    if (exception->from_count > 0)
        facts.client = exception->from[0].address;
    facts.user.state = TLSFLOOR_USER_NAMED;
    facts.user.local = exception->local;
    facts.user.domain = exception->domain;
    return facts;
}

static void
require_match(const struct tlsfloor_exception *exception)
{
    struct tlsfloor_facts facts = session_for(exception);
    struct tlsfloor_facts wrong = facts;
    int any = exception->ciphers_any || exception->allow == TLSFLOOR_TLS_CLEARTEXT;

    REQUIRE(tlsfloor_exception_match(exception, &facts, exception->until - 1) ==
            (any ? TLSFLOOR_MATCH_YES : TLSFLOOR_MATCH_CIPHER));
    if (exception->until != TLSFLOOR_NEVER)
        REQUIRE(tlsfloor_exception_match(exception, &facts, exception->until) ==
                TLSFLOOR_MATCH_EXPIRED);
    wrong.tls = (enum tlsfloor_tls)(wrong.tls - 1);
    if (exception->allow != TLSFLOOR_TLS_CLEARTEXT)
        REQUIRE(tlsfloor_exception_match(exception, &wrong, 0) == TLSFLOOR_MATCH_VERSION);
    wrong.client = (struct tlsfloor_address){TLSFLOOR_FAMILY_NONE, {0}};
    if (exception->from_count > 0)
        REQUIRE(tlsfloor_exception_match(exception, &wrong, 0) == TLSFLOOR_MATCH_NETWORK);
    wrong.service = TLSFLOOR_SERVICE_NONE;
    REQUIRE(tlsfloor_exception_match(exception, &wrong, 0) == TLSFLOOR_MATCH_SERVICE);
    wrong = facts;
    wrong.user.state = TLSFLOOR_USER_NONE;
    if (exception->kind != TLSFLOOR_WHO_ANYBODY)
        REQUIRE(tlsfloor_exception_match(exception, &wrong, 0) != TLSFLOOR_MATCH_YES);
}

static void
require_same(const struct tlsfloor_exception *a, const struct tlsfloor_exception *b)
{
    REQUIRE(a->kind == b->kind && a->allow == b->allow && a->until == b->until);
    REQUIRE(a->services == b->services && a->ciphers_any == b->ciphers_any);
    REQUIRE(a->from_any == b->from_any && a->from_count == b->from_count);
    REQUIRE(memcmp(a->from, b->from, sizeof(a->from)) == 0);
    REQUIRE(tlsfloor_text_equal(a->who, b->who) && tlsfloor_text_equal(a->local, b->local));
    REQUIRE(tlsfloor_text_equal(a->domain, b->domain) && tlsfloor_text_equal(a->note, b->note));
}

static void
try_line(struct tlsfloor_text line, struct tlsfloor_text domain)
{
    struct tlsfloor_exception exception, again;
    char text[TLSFLOOR_EXCEPTION_LINE], *copy, *second;

    if (parse_copy(line, domain, &exception, &copy) == 1) {
        require_record(&exception);
        require_match(&exception);
        tlsfloor_exception_format(&exception, text);
        REQUIRE(parse_copy(tlsfloor_text_from(text), domain, &again, &second) == 1);
        require_same(&exception, &again);
        free(second);
    }
    free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tlsfloor_text rest = {(const char *)data, size};

    while (rest.size > 0) {
        const char *end = memchr(rest.data, '\n', rest.size);
        struct tlsfloor_text line = {rest.data,
                                     end == NULL ? rest.size : (size_t)(end - rest.data)};

        try_line(line, tlsfloor_text_from(NULL));
        try_line(line, tlsfloor_text_from("example.org"));
        rest.data += line.size + (end != NULL);
        rest.size -= line.size + (end != NULL);
    }
    return 0;
}
