/* SPDX-License-Identifier: MIT */
/*
 * The passdb field that lets a session go on: what reads as a verdict, and
 * that nothing else does, cut or doubled or with other words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "verdict.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define FIELD "tlsfloor_verdict="

static void
expect_text(struct tlsfloor_text text, const char *want)
{
    assert_true(tlsfloor_text_equal(text, tlsfloor_text_from(want)));
}

static void
test_verdicts(void **state)
{
    static const struct {
        const char *field;
        enum tlsfloor_action action;
        enum tlsfloor_reason reason;
        const char *who, *user;
    } cases[] = {
        {FIELD "accept exception @example.org ann@example.org", TLSFLOOR_ACCEPT,
         TLSFLOOR_REASON_EXCEPTION, "@example.org", "ann@example.org"},
        {FIELD "tag version - ann", TLSFLOOR_TAG, TLSFLOOR_REASON_VERSION, "", "ann"},
        {FIELD "refuse cleartext - x", TLSFLOOR_REFUSE, TLSFLOOR_REASON_CLEARTEXT, "", "x"},
        {FIELD "defer store-error - x", TLSFLOOR_DEFER, TLSFLOOR_REASON_STORE_ERROR, "", "x"},
        {FIELD "tag version - a name with blanks ", TLSFLOOR_TAG, TLSFLOOR_REASON_VERSION, "",
         "a name with blanks "},
        {FIELD "tag version - -", TLSFLOOR_TAG, TLSFLOOR_REASON_VERSION, "", "-"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *fields[] = {"user=x", cases[i].field, "proxy", NULL};
        struct tlsfloor_verdict verdict;

        assert_int_equal(tlsfloor_verdict_find(fields, &verdict), 1);
        assert_int_equal(verdict.action, cases[i].action);
        assert_int_equal(verdict.reason, cases[i].reason);
        expect_text(verdict.who, cases[i].who);
        expect_text(verdict.user, cases[i].user);
    }
}

static void
test_not_a_verdict(void **state)
{
    static const char *const cases[] = {
        "tlsfloor_verdict",
        FIELD,
        FIELD " ",
        FIELD "accept",
        FIELD "accept ",
        FIELD "accept exception",
        FIELD "accept exception -",
        FIELD "accept exception - ",
        FIELD "accept exception  ann",
        FIELD " accept exception - ann",
        FIELD "accept  exception - ann",
        FIELD "Accept exception - ann",
        FIELD "undecided version - ann",
        FIELD "yes exception - ann",
        FIELD "accept because - ann",
        FIELD "accept\texception\t-\tann",
        "xtlsfloor_verdict=accept exception - ann",
        "tlsfloor_verdict2=accept exception - ann",
        "TLSFLOOR_VERDICT=accept exception - ann",
        "forward_tlsfloor_verdict=accept exception - ann",
        "reason=tlsfloor_verdict=accept exception - ann",
    };
    struct tlsfloor_verdict verdict;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *fields[] = {cases[i], NULL};

        if (tlsfloor_verdict_find(fields, &verdict) != 0)
            fail_msg("passes for a verdict: %s", cases[i]);
    }
}

static void
test_lists(void **state)
{
    static const char good[] = FIELD "accept exception - ann";
    const char *none[] = {NULL}, *twice[] = {good, good, NULL}, *both[] = {good, FIELD "x", NULL};
    struct tlsfloor_verdict verdict;

    (void)state;
    assert_int_equal(tlsfloor_verdict_find(NULL, &verdict), 0);
    assert_int_equal(tlsfloor_verdict_find(none, &verdict), 0);
    assert_int_equal(tlsfloor_verdict_find(twice, &verdict), 0);
    assert_int_equal(tlsfloor_verdict_find(both, &verdict), 0);
}

int
main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_not_a_verdict),
        cmocka_unit_test(test_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
