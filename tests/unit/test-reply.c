/* SPDX-License-Identifier: MIT */
/*
 * Reply texts: what may stand in one, what becomes of its %{...}, and that it
 * is one line of printable ASCII that fits, whatever the site configured.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy-text.h"
#include "reply.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))

#define EMPTY "must not be empty"
#define BRACKET "must not begin with [, which IMAP and POP3 clients take for a response code"
#define HELP "must not begin with %{help_url}, which may be empty"
#define ASCII "must be one line of printable ASCII without \" and \\"
#define OTHER "may hold %{version}, %{floor} and %{help_url}, and no other %{...}"
#define TOO_LONG "is too long once its %{...} are filled in"
#define HELP_URL "%{help_url}"

static void
test_check(void **state)
{
    static const struct {
        const char *text, *want; /* NULL: good */
    } cases[] = {
        {"x", NULL},
        {"Use TLS.", NULL},
        {"You use %{version}, we need %{floor}: see %{help_url}", NULL},
        {"%{version}%{version}%{floor}", NULL},
        {"100 % of you", NULL},
        {"%", NULL},
        {"%%{version}", NULL},
        {"a { brace }", NULL},
        {"!#$&'()*+,-./:;<=>?@[]^_`{|}~", NULL},
        {"5.7.10 not at the beginning, so [ALERT] is fine", NULL},
        {"", EMPTY},
        {"[ALERT] Use TLS", BRACKET},
        {"[", BRACKET},
        {HELP_URL, HELP},
        {HELP_URL "[ALERT] Use TLS", HELP},
        {"tab\there", ASCII},
        {"two\nlines", ASCII},
        {"two\r\n250 OK", ASCII},
        {"caf\xc3\xa9", ASCII},
        {"\x7f", ASCII},
        {"\x1b[31m", ASCII},
        {"say \"please\"", ASCII},
        {"back\\slash", ASCII},
        {"%{user}", OTHER},
        {"%{Version}", OTHER},
        {"%{version", OTHER},
        {"%{}", OTHER},
        {"%{", OTHER},
        {"%{version }", OTHER},
        {"%{help_url", OTHER},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *error = "not touched";
        int result = tlsfloor_reply_check(cases[i].text, &error);

        if (result != (cases[i].want == NULL ? 0 : -1))
            fail_msg("%s: %d", cases[i].text, result);
        if (cases[i].want != NULL)
            assert_string_equal(error, cases[i].want);
    }
}

/* The longest that can come of a text must be shorter than TLSFLOOR_REPLY_TEXT. */
static void
test_check_length(void **state)
{
    char text[2 * TLSFLOOR_REPLY_TEXT];
    const char *error;

    (void)state;
    for (size_t size = TLSFLOOR_REPLY_TEXT - 2; size <= TLSFLOOR_REPLY_TEXT + 1; size++) {
        memset(text, 'x', size);
        text[size] = '\0';
        assert_int_equal(tlsfloor_reply_check(text, &error), size < TLSFLOOR_REPLY_TEXT ? 0 : -1);
    }
    assert_string_equal(error, TOO_LONG);
    /* three URLs of 119 bytes and 22 bytes around them are 379 */
    assert_int_equal(
        tlsfloor_reply_check("x" HELP_URL HELP_URL HELP_URL "123456789012345678901", &error), 0);
    assert_int_equal(
        tlsfloor_reply_check("x" HELP_URL HELP_URL HELP_URL "1234567890123456789012", &error), -1);
    assert_string_equal(error, TOO_LONG);
}

/* --- format --- */

struct reply {
    struct tlsfloor_policy *policy;
    struct tlsfloor_facts facts;
    struct tlsfloor_decision decision;
    char text[TLSFLOOR_REPLY_TEXT + 1]; /* one byte to see a step beyond */
};

static void
format(struct reply *reply, const char *reject_text, const char *help_url)
{
    struct tlsfloor_service_policy *service = &reply->policy->services[reply->facts.service];

    snprintf(service->reject_text, sizeof(service->reject_text), "%s", reject_text);
    snprintf(service->help_url, sizeof(service->help_url), "%s", help_url);
    memset(reply->text, '!', sizeof(reply->text));
    tlsfloor_reply_format(reply->policy, &reply->facts, &reply->decision, reply->text);
    assert_int_equal(reply->text[TLSFLOOR_REPLY_TEXT], '!');
}

static void
begin(struct reply *reply, enum tlsfloor_tls tls, enum tlsfloor_tls floor)
{
    memset(reply, 0, sizeof(*reply));
    reply->policy = tlsfloor_policy_new();
    assert_non_null(reply->policy);
    reply->facts.service = TLSFLOOR_SERVICE_IMAP;
    reply->facts.tls = tls;
    reply->decision.reason = TLSFLOOR_REASON_VERSION;
    reply->decision.floor = floor;
}

static void
test_format(void **state)
{
    static const struct {
        const char *text, *url, *want;
    } cases[] = {
        {"Use TLS.", "", "Use TLS."},
        {"%{version} < %{floor}", "", "TLSv1 < TLSv1.2"},
        {"%{version}%{floor}%{version}", "", "TLSv1TLSv1.2TLSv1"},
        {"See %{help_url}.", "https://mail.example/tls", "See https://mail.example/tls."},
        {"Update it. %{help_url}", "https://mail.example/tls",
         "Update it. https://mail.example/tls"},
        {"Update it. %{help_url}", "", "Update it."},
        {"Update it.   ", "", "Update it."},
        {"%%{version}", "", "%TLSv1"},
        {"100 %", "", "100 %"},
        /* what comes out is not read again */
        {"x%{help_url}", "https://a/%{version}", "xhttps://a/%{version}"},
    };
    struct reply reply;

    (void)state;
    begin(&reply, TLSFLOOR_TLS_1_0, TLSFLOOR_TLS_1_2);
    for (size_t i = 0; i < COUNT(cases); i++) {
        format(&reply, cases[i].text, cases[i].url);
        assert_string_equal(reply.text, cases[i].want);
    }
    tlsfloor_policy_free(reply.policy);
}

/* Every version has a word that fits, the floor is the decision's. */
static void
test_format_versions(void **state)
{
    struct reply reply;

    (void)state;
    begin(&reply, TLSFLOOR_TLS_1_0, TLSFLOOR_TLS_1_2);
    for (int tls = TLSFLOOR_TLS_UNKNOWN; tls <= TLSFLOOR_TLS_NEWER; tls++) {
        char want[64];

        reply.facts.tls = (enum tlsfloor_tls)tls;
        reply.decision.floor = TLSFLOOR_TLS_1_3;
        format(&reply, "%{version}/%{floor}", "");
        snprintf(want, sizeof(want), "%s/TLSv1.3", tlsfloor_tls_name((enum tlsfloor_tls)tls));
        assert_string_equal(reply.text, want);
    }
    tlsfloor_policy_free(reply.policy);
}

/* What the client calls its version is never repeated. */
static void
test_format_repeats_nothing(void **state)
{
    static const char evil[] = "TLSv1\r\n250 OK";
    struct reply reply;

    (void)state;
    begin(&reply, TLSFLOOR_TLS_UNKNOWN, TLSFLOOR_TLS_1_2);
    reply.facts.tls_name = tlsfloor_text_from(evil);
    reply.facts.cipher = tlsfloor_text_from(evil);
    reply.facts.user = tlsfloor_user_named(tlsfloor_text_from(evil), tlsfloor_text_from(NULL));
    format(&reply, "You use %{version}.", "");
    assert_string_equal(reply.text, "You use unknown.");
    tlsfloor_policy_free(reply.policy);
}

static void
test_format_of_service(void **state)
{
    struct reply reply;

    (void)state;
    begin(&reply, TLSFLOOR_TLS_1_0, TLSFLOOR_TLS_1_2);
    format(&reply, "For IMAP", "");
    reply.facts.service = TLSFLOOR_SERVICE_POP3;
    format(&reply, "For POP3", "");
    assert_string_equal(reply.text, "For POP3");
    reply.facts.service = TLSFLOOR_SERVICE_IMAP;
    tlsfloor_reply_format(reply.policy, &reply.facts, &reply.decision, reply.text);
    assert_string_equal(reply.text, "For IMAP");
    tlsfloor_policy_free(reply.policy);
}

/* A broken store is not the client's fault, and its program need not be changed. */
static void
test_format_store_error(void **state)
{
    struct reply reply;

    (void)state;
    begin(&reply, TLSFLOOR_TLS_1_0, TLSFLOOR_TLS_1_2);
    reply.decision.reason = TLSFLOOR_REASON_STORE_ERROR;
    format(&reply, "Get a new mail program", "");
    assert_string_equal(reply.text,
                        "The server cannot check your connection right now. Try again later.");
    tlsfloor_policy_free(reply.policy);
}

/* The default text, with and without a URL. */
static void
test_format_default(void **state)
{
    struct reply reply;
    const char *error;
    char url[TLSFLOOR_HELP_URL], text[TLSFLOOR_REJECT_TEXT];

    (void)state;
    begin(&reply, TLSFLOOR_TLS_CLEARTEXT, TLSFLOOR_TLS_1_3);
    snprintf(text, sizeof(text), "%s", reply.policy->services[TLSFLOOR_SERVICE_IMAP].reject_text);
    assert_int_equal(tlsfloor_reply_check(text, &error), 0);
    format(&reply, text, "");
    assert_true(strlen(reply.text) > 20);
    assert_int_not_equal(reply.text[strlen(reply.text) - 1], ' ');
    assert_null(strstr(reply.text, "%{"));
    memset(url, 'u', sizeof(url));
    url[sizeof(url) - 1] = '\0';
    format(&reply, text, url);
    assert_non_null(strstr(reply.text, url));
    tlsfloor_policy_free(reply.policy);
}

/* The longest that passes the check is sent whole, and below 400 bytes with any code before it. */
static void
test_format_longest(void **state)
{
    char url[TLSFLOOR_HELP_URL];
    struct reply reply;

    (void)state;
    begin(&reply, TLSFLOOR_TLS_CLEARTEXT, TLSFLOOR_TLS_CLEARTEXT);
    memset(url, 'u', sizeof(url));
    url[sizeof(url) - 1] = '\0';
    format(&reply, "x" HELP_URL HELP_URL HELP_URL "123456789012345678901", url);
    assert_int_equal(strlen(reply.text), TLSFLOOR_REPLY_TEXT - 1);
    assert_string_equal(reply.text + TLSFLOOR_REPLY_TEXT - 1 - 21, "123456789012345678901");
    assert_true(strlen("530 5.7.10 ") + strlen(reply.text) < 400);
    /* one that does not pass the check is cut, not written beyond the end */
    format(&reply, "x" HELP_URL HELP_URL HELP_URL "1234567890123456789012", url);
    assert_int_equal(strlen(reply.text), TLSFLOOR_REPLY_TEXT - 1);
    format(&reply, HELP_URL HELP_URL HELP_URL HELP_URL, url);
    assert_int_equal(strlen(reply.text), 3 * strlen(url));
    tlsfloor_policy_free(reply.policy);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_check_length),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_format_versions),
        cmocka_unit_test(test_format_repeats_nothing),
        cmocka_unit_test(test_format_of_service),
        cmocka_unit_test(test_format_store_error),
        cmocka_unit_test(test_format_default),
        cmocka_unit_test(test_format_longest),
    };

    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
