/* SPDX-License-Identifier: MIT */
/*
 * The reading of requests: what is complete, what is not the protocol, and
 * that neither cuts nor foreign bytes change the outcome. Each piece is handed
 * over in memory of exactly its size, so that a sanitizer sees a step beyond.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "request.h"

#define WHOLE "request=smtpd_access_policy\n"

static const char typical[] = "request=smtpd_access_policy\n"
                              "protocol_state=RCPT\n"
                              "protocol_name=ESMTP\n"
                              "client_address=192.0.2.7\n"
                              "client_name=unknown\n"
                              "client_port=50312\n"
                              "reverse_client_name=unknown\n"
                              "server_address=192.0.2.1\n"
                              "server_port=587\n"
                              "helo_name=a=b\n"
                              "sender=\"ann b\"@example.org\n"
                              "recipient=bob@example.net\n"
                              "recipient_count=0\n"
                              "queue_id=\n"
                              "instance=4d2.68b0.1e.0\n"
                              "size=0\n"
                              "etrn_domain=\n"
                              "stress=\n"
                              "sasl_method=PLAIN\n"
                              "sasl_username=ann@example.org\n"
                              "sasl_sender=\n"
                              "ccert_subject=\n"
                              "ccert_issuer=\n"
                              "ccert_fingerprint=\n"
                              "ccert_pubkey_fingerprint=\n"
                              "encryption_protocol=TLSv1.2\n"
                              "encryption_cipher=ECDHE-RSA-AES256-GCM-SHA384\n"
                              "encryption_keysize=256\n"
                              "policy_context=mua\n"
                              "compatibility_level=3.6\n"
                              "mail_version=3.10.13\n"
                              "\n";

static const struct {
    const char *name;
    const char *want;
} attributes[TLSFLOOR_ATTRIBUTES] = {
    [TLSFLOOR_ATTR_REQUEST] = {"request", "smtpd_access_policy"},
    [TLSFLOOR_ATTR_PROTOCOL_STATE] = {"protocol_state", "RCPT"},
    [TLSFLOOR_ATTR_CLIENT_ADDRESS] = {"client_address", "192.0.2.7"},
    [TLSFLOOR_ATTR_CLIENT_PORT] = {"client_port", "50312"},
    [TLSFLOOR_ATTR_SERVER_PORT] = {"server_port", "587"},
    [TLSFLOOR_ATTR_INSTANCE] = {"instance", "4d2.68b0.1e.0"},
    [TLSFLOOR_ATTR_SASL_USERNAME] = {"sasl_username", "ann@example.org"},
    [TLSFLOOR_ATTR_ENCRYPTION_PROTOCOL] = {"encryption_protocol", "TLSv1.2"},
    [TLSFLOOR_ATTR_ENCRYPTION_CIPHER] = {"encryption_cipher", "ECDHE-RSA-AES256-GCM-SHA384"},
    [TLSFLOOR_ATTR_ENCRYPTION_KEYSIZE] = {"encryption_keysize", "256"},
    [TLSFLOOR_ATTR_POLICY_CONTEXT] = {"policy_context", "mua"},
};

/* What came out of a request, whether in one piece or in several. */
struct outcome {
    int result;
    const char *error;
    struct tlsfloor_request request;
};

/* Hands over the first size bytes in memory of their own. */
static int
parse_some(struct outcome *outcome, const char *bytes, size_t size)
{
    char *copy = malloc(size == 0 ? 1 : size);

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    outcome->error = NULL;
    outcome->result = tlsfloor_request_parse(&outcome->request, copy, size, &outcome->error);
    free(copy);
    return outcome->result;
}

static struct outcome
parse_at_once(const char *bytes, size_t size)
{
    struct outcome outcome;

    tlsfloor_request_reset(&outcome.request);
    parse_some(&outcome, bytes, size);
    return outcome;
}

static void
assert_value(const struct tlsfloor_request *request, const char *bytes,
             enum tlsfloor_attribute attribute, const char *want)
{
    struct tlsfloor_text value = tlsfloor_request_get(request, bytes, attribute);

    assert_int_equal(value.size, strlen(want));
    assert_memory_equal(value.data, want, value.size);
}

static void
assert_same(const struct outcome *got, const struct outcome *want)
{
    assert_int_equal(got->result, want->result);
    assert_ptr_equal(got->error, want->error);
    if (want->result > 0)
        assert_memory_equal(&got->request, &want->request, sizeof(want->request));
}

#define CR_LF "not the policy protocol: lines end in CR LF instead of LF"
#define NO_EQUALS "not the policy protocol: a line without \"=\""
#define OTHER "not the policy protocol: a request other than smtpd_access_policy"
#define TOO_LONG "not the policy protocol: a request of more than 32768 bytes"

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *name;
    const char *bytes;
    size_t size;
    int want;          /* as tlsfloor_request_parse() */
    const char *error; /* if want is -1 */
} cases[] = {
    {"nothing yet", BYTES(""), 0, NULL},
    {"an empty request", BYTES("\n"), 1, NULL},
    {"a whole request", BYTES(WHOLE "\n"), 29, NULL},
    {"no blank line yet", BYTES(WHOLE), 0, NULL},
    {"half a line", BYTES("request=smtpd_acc"), 0, NULL},
    {"half a name", BYTES("requ"), 0, NULL},
    {"no request attribute", BYTES("a=b\n\n"), 5, NULL},
    {"the next request after it", BYTES("a=b\n\nc=d\n\n"), 5, NULL},
    {"rubbish after it", BYTES("a=b\n\nrubbish\n"), 5, NULL},
    {"an empty name", BYTES("=b\n\n"), 4, NULL},
    {"an equals sign alone", BYTES("=\n\n"), 3, NULL},
    {"a NUL in name and value", BYTES("a\0b=c\0d\n\n"), 9, NULL},
    {"bytes from 0x80 on", BYTES("helo_name=\xff\x80\n\n"), 14, NULL},
    {"a carriage return within a value", BYTES("helo_name=a\r\n\n"), 14, NULL},
    {"a request of another kind", BYTES("request=dict\n\n"), -1, OTHER},
    {"a request of no kind", BYTES("request=\n\n"), -1, OTHER},
    {"a request with more behind", BYTES("request=smtpd_access_policy2\n\n"), -1, OTHER},
    {"a request that is cut short", BYTES("request=smtpd_access_polic\n\n"), -1, OTHER},
    {"the kind in another case", BYTES("request=SMTPD_access_policy\n\n"), -1, OTHER},
    {"CR LF", BYTES("a=b\r\n\r\n"), -1, CR_LF},
    {"CR LF alone", BYTES("\r\n"), -1, CR_LF},
    {"a line without equals sign", BYTES("a=b\nrubbish\n\n"), -1, NO_EQUALS},
    {"a line that begins with CR", BYTES("\rubbish\n"), -1, NO_EQUALS},
    {"a blank", BYTES(" \n"), -1, NO_EQUALS},
    {"a NUL for a line", BYTES("\0\n"), -1, NO_EQUALS},
    {"another protocol", BYTES("GET /policy HTTP/1.1\r\nHost: a\r\n\r\n"), -1, NO_EQUALS},
    {"a TLS handshake", BYTES("\x16\x03\x01\x02\n"), -1, NO_EQUALS},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void
test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        struct outcome outcome = parse_at_once(cases[i].bytes, cases[i].size);

        if (outcome.result != cases[i].want)
            print_error("%s: %d\n", cases[i].name, outcome.result);
        assert_int_equal(outcome.result, cases[i].want);
        if (cases[i].error == NULL)
            assert_null(outcome.error);
        else
            assert_string_equal(outcome.error, cases[i].error);
    }
}

static void
test_typical_values(void **state)
{
    struct outcome outcome = parse_at_once(BYTES(typical));

    (void)state;
    assert_int_equal(outcome.result, sizeof(typical) - 1);
    for (int i = 0; i < TLSFLOOR_ATTRIBUTES; i++)
        assert_value(&outcome.request, typical, (enum tlsfloor_attribute)i, attributes[i].want);
}

/* Values that a line, or its neighbours, could spoil. */
static void
test_values(void **state)
{
    static const struct {
        const char *bytes;
        enum tlsfloor_attribute attribute;
        const char *want;
    } values[] = {
        {"\n", TLSFLOOR_ATTR_INSTANCE, ""},
        {"instance=\n\n", TLSFLOOR_ATTR_INSTANCE, ""},
        {"instance==\n\n", TLSFLOOR_ATTR_INSTANCE, "="},
        {"instance=a=b=c\n\n", TLSFLOOR_ATTR_INSTANCE, "a=b=c"},
        {"instance= a \n\n", TLSFLOOR_ATTR_INSTANCE, " a "},
        {"instance=a\r\n\n", TLSFLOOR_ATTR_INSTANCE, "a\r"},
        {"instance=first\ninstance=second\n\n", TLSFLOOR_ATTR_INSTANCE, "first"},
        {"instance=\ninstance=second\n\n", TLSFLOOR_ATTR_INSTANCE, ""},
        {"sasl_username=ann\nhelo_name=\nsasl_username=eve\n\n", TLSFLOOR_ATTR_SASL_USERNAME,
         "ann"},
        {WHOLE "request=dict\n\n", TLSFLOOR_ATTR_REQUEST, "smtpd_access_policy"},
        {"helo_name=x sasl_username=eve\n\n", TLSFLOOR_ATTR_SASL_USERNAME, ""},
        {"policy_context=a\n\npolicy_context=b\n\n", TLSFLOOR_ATTR_POLICY_CONTEXT, "a"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct outcome outcome = parse_at_once(values[i].bytes, strlen(values[i].bytes));

        assert_true(outcome.result > 0);
        assert_value(&outcome.request, values[i].bytes, values[i].attribute, values[i].want);
    }
}

static void
assert_skipped(const char *name)
{
    char bytes[64];
    struct outcome outcome;

    snprintf(bytes, sizeof(bytes), "%s=eve\n\n", name);
    outcome = parse_at_once(bytes, strlen(bytes));
    assert_int_equal(outcome.result, strlen(bytes));
    for (int i = 0; i < TLSFLOOR_ATTRIBUTES; i++)
        assert_int_equal(outcome.request.values[i].present, 0);
}

/* A name that differs in one byte, or is longer or shorter by one, is another name. */
static void
test_similar_names(void **state)
{
    (void)state;
    for (int i = 0; i < TLSFLOOR_ATTRIBUTES; i++) {
        size_t size = strlen(attributes[i].name);
        char name[32];

        for (size_t at = 0; at < size; at++) {
            snprintf(name, sizeof(name), "%s", attributes[i].name);
            name[at] ^= 0x20;
            assert_skipped(name);
        }
        snprintf(name, sizeof(name), "%sx", attributes[i].name);
        assert_skipped(name);
        name[size - 1] = '\0';
        assert_skipped(name);
        assert_skipped(attributes[i].name + 1);
    }
}

static void
assert_any_cut(const char *bytes, size_t size)
{
    struct outcome want = parse_at_once(bytes, size), got;

    /* byte by byte, until there is a result */
    tlsfloor_request_reset(&got.request);
    got.result = 0;
    for (size_t seen = 0; seen <= size && got.result == 0; seen++)
        parse_some(&got, bytes, seen);
    assert_same(&got, &want);
    for (size_t cut = 0; cut <= size; cut++) {
        tlsfloor_request_reset(&got.request);
        if (parse_some(&got, bytes, cut) == 0)
            parse_some(&got, bytes, size);
        assert_same(&got, &want);
    }
}

static void
test_cuts(void **state)
{
    (void)state;
    assert_any_cut(BYTES(typical));
    for (size_t i = 0; i < CASES; i++)
        assert_any_cut(cases[i].bytes, cases[i].size);
}

static void
test_incomplete_is_never_an_error(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(typical) - 1; size++) {
        struct outcome outcome = parse_at_once(typical, size);

        assert_int_equal(outcome.result, 0);
        assert_null(outcome.error);
    }
}

/* What has been looked at is not looked at again: it may as well have changed. */
static void
test_no_second_look(void **state)
{
    char bytes[sizeof(typical)];
    struct outcome outcome;
    size_t half = sizeof(typical) / 2;

    (void)state;
    memcpy(bytes, typical, sizeof(typical));
    tlsfloor_request_reset(&outcome.request);
    assert_int_equal(parse_some(&outcome, bytes, half), 0);
    memset(bytes, '\n', outcome.request.line);
    bytes[half - 1] = '\n';
    assert_int_equal(parse_some(&outcome, bytes, sizeof(typical) - 1), sizeof(typical) - 1);
    assert_value(&outcome.request, typical, TLSFLOOR_ATTR_PROTOCOL_STATE, "RCPT");
    assert_value(&outcome.request, typical, TLSFLOOR_ATTR_POLICY_CONTEXT, "mua");
}

/* A request of size bytes that is one long HELO but for the user at its end. */
static char *
build_long(size_t size)
{
    static const char end[] = "\nsasl_username=ann\n\n";
    char *bytes = malloc(size);

    assert_non_null(bytes);
    memset(bytes, '=', size);
    memcpy(bytes, "helo_name", sizeof("helo_name") - 1);
    memcpy(bytes + size - (sizeof(end) - 1), end, sizeof(end) - 1);
    return bytes;
}

static void
test_size(void **state)
{
    static const struct {
        size_t size, shown;
        int want;
    } sizes[] = {
        {30000, 30000, 30000},
        {TLSFLOOR_REQUEST_SIZE, TLSFLOOR_REQUEST_SIZE, TLSFLOOR_REQUEST_SIZE},
        {TLSFLOOR_REQUEST_SIZE, TLSFLOOR_REQUEST_SIZE - 1, 0},
        {TLSFLOOR_REQUEST_SIZE + 1, TLSFLOOR_REQUEST_SIZE - 1, 0},
        {TLSFLOOR_REQUEST_SIZE + 1, TLSFLOOR_REQUEST_SIZE, -1},
        {TLSFLOOR_REQUEST_SIZE + 1, TLSFLOOR_REQUEST_SIZE + 1, -1},
        {100000, 100000, -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        char *bytes = build_long(sizes[i].size);
        struct outcome outcome = parse_at_once(bytes, sizes[i].shown);

        assert_int_equal(outcome.result, sizes[i].want);
        if (sizes[i].want > 0)
            assert_value(&outcome.request, bytes, TLSFLOOR_ATTR_SASL_USERNAME, "ann");
        if (sizes[i].want < 0)
            assert_string_equal(outcome.error, TOO_LONG);
        free(bytes);
    }
}

/* Requests behind each other, as if the other side did not wait. */
static void
test_one_after_the_other(void **state)
{
    static const char two[] = "instance=1\nsasl_username=ann\n\ninstance=2\n\n";
    struct outcome outcome = parse_at_once(BYTES(two));
    size_t first = sizeof("instance=1\nsasl_username=ann\n\n") - 1;

    (void)state;
    assert_int_equal(outcome.result, first);
    assert_value(&outcome.request, two, TLSFLOOR_ATTR_INSTANCE, "1");
    tlsfloor_request_reset(&outcome.request);
    assert_int_equal(parse_some(&outcome, two + first, sizeof(two) - 1 - first),
                     sizeof(two) - 1 - first);
    assert_value(&outcome.request, two + first, TLSFLOOR_ATTR_INSTANCE, "2");
    assert_value(&outcome.request, two + first, TLSFLOOR_ATTR_SASL_USERNAME, "");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_typical_values),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_similar_names),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_incomplete_is_never_an_error),
        cmocka_unit_test(test_no_second_look),
        cmocka_unit_test(test_size),
        cmocka_unit_test(test_one_after_the_other),
    };

    return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
