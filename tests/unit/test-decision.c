/* SPDX-License-Identifier: MIT */
/*
 * The tokens that the audit line and every reader of it rely on, and that
 * zeros are the safe side.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "decision.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))

static void
test_actions(void **state)
{
    static const char *const want[] = {
        [TLSFLOOR_REFUSE] = "refuse",       [TLSFLOOR_DEFER] = "defer",
        [TLSFLOOR_UNDECIDED] = "undecided", [TLSFLOOR_TAG] = "tag",
        [TLSFLOOR_ACCEPT] = "accept",
    };

    (void)state;
    assert_int_equal(COUNT(want), 5);
    for (size_t i = 0; i < COUNT(want); i++)
        assert_string_equal(tlsfloor_action_name((enum tlsfloor_action)i), want[i]);
}

static void
test_reasons(void **state)
{
    static const char *const want[] = {
        [TLSFLOOR_REASON_STORE_ERROR] = "store-error",
        [TLSFLOOR_REASON_NOT_SUBJECT] = "not-subject",
        [TLSFLOOR_REASON_COMPLIANT] = "compliant",
        [TLSFLOOR_REASON_WEAK_CIPHER] = "weak-cipher",
        [TLSFLOOR_REASON_TRUSTED_NETWORK] = "trusted-network",
        [TLSFLOOR_REASON_UNKNOWN_TLS] = "unknown-tls",
        [TLSFLOOR_REASON_CLEARTEXT] = "cleartext",
        [TLSFLOOR_REASON_VERSION] = "version",
        [TLSFLOOR_REASON_CIPHER] = "cipher",
        [TLSFLOOR_REASON_UNKNOWN_CIPHER] = "unknown-cipher",
        [TLSFLOOR_REASON_EXCEPTION] = "exception",
    };

    (void)state;
    assert_int_equal(COUNT(want), TLSFLOOR_REASONS);
    for (size_t i = 0; i < COUNT(want); i++)
        assert_string_equal(tlsfloor_reason_name((enum tlsfloor_reason)i), want[i]);
}

static void
test_rules(void **state)
{
    static const char *const want[] = {
        [TLSFLOOR_RULE_LOCAL] = "local",
        [TLSFLOOR_RULE_RFC8997] = "RFC8997",
        [TLSFLOOR_RULE_RFC8314_4_1] = "RFC8314-4.1",
        [TLSFLOOR_RULE_RFC9325_4_1] = "RFC9325-4.1",
        [TLSFLOOR_RULE_RFC10015] = "RFC10015",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(want); i++)
        assert_string_equal(tlsfloor_rule_name((enum tlsfloor_rule)i), want[i]);
}

static void
test_modes(void **state)
{
    (void)state;
    assert_string_equal(tlsfloor_mode_name(TLSFLOOR_MODE_ENFORCE), "enforce");
    assert_string_equal(tlsfloor_mode_name(TLSFLOOR_MODE_TAG), "tag");
    assert_string_equal(tlsfloor_mode_name(TLSFLOOR_MODE_OBSERVE), "observe");
}

/* Printable ASCII, without a full stop, and no two alike. */
static void
test_sentences(void **state)
{
    (void)state;
    for (int i = 0; i < TLSFLOOR_REASONS; i++) {
        const char *sentence = tlsfloor_reason_sentence((enum tlsfloor_reason)i);
        size_t size = strlen(sentence);

        assert_true(size > 10 && size < 100);
        assert_int_not_equal(sentence[size - 1], '.');
        for (size_t k = 0; k < size; k++)
            assert_true(sentence[k] >= ' ' && sentence[k] <= '~');
        for (int k = 0; k < i; k++)
            assert_string_not_equal(sentence, tlsfloor_reason_sentence((enum tlsfloor_reason)k));
    }
}

static void
test_parses_what_it_names(void **state)
{
    static const char *const none[] = {"", "refus", "refused", "Refuse", "-"};
    enum tlsfloor_action action;
    enum tlsfloor_reason reason;
    enum tlsfloor_mode mode;

    (void)state;
    for (int i = TLSFLOOR_REFUSE; i <= TLSFLOOR_ACCEPT; i++) {
        const char *name = tlsfloor_action_name((enum tlsfloor_action)i);

        assert_int_equal(tlsfloor_action_parse(tlsfloor_text_from(name), &action), 0);
        assert_int_equal(action, i);
    }
    for (int i = 0; i < TLSFLOOR_REASONS; i++) {
        const char *name = tlsfloor_reason_name((enum tlsfloor_reason)i);

        assert_int_equal(tlsfloor_reason_parse(tlsfloor_text_from(name), &reason), 0);
        assert_int_equal(reason, i);
    }
    for (int i = TLSFLOOR_MODE_ENFORCE; i <= TLSFLOOR_MODE_OBSERVE; i++) {
        const char *name = tlsfloor_mode_name((enum tlsfloor_mode)i);

        assert_int_equal(tlsfloor_mode_parse(tlsfloor_text_from(name), &mode), 0);
        assert_int_equal(mode, i);
    }
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(tlsfloor_action_parse(tlsfloor_text_from(none[i]), &action), -1);
        assert_int_equal(tlsfloor_reason_parse(tlsfloor_text_from(none[i]), &reason), -1);
        assert_int_equal(tlsfloor_mode_parse(tlsfloor_text_from(none[i]), &mode), -1);
    }
}

static void
test_shows_tag(void **state)
{
    (void)state;
    for (int action = TLSFLOOR_REFUSE; action <= TLSFLOOR_ACCEPT; action++) {
        for (int mode = TLSFLOOR_MODE_ENFORCE; mode <= TLSFLOOR_MODE_OBSERVE; mode++) {
            struct tlsfloor_decision decision = {.action = (enum tlsfloor_action)action,
                                                 .mode = (enum tlsfloor_mode)mode};
            int want = action == TLSFLOOR_TAG && mode != TLSFLOOR_MODE_OBSERVE;

            assert_int_equal(tlsfloor_decision_shows_tag(&decision), want);
        }
    }
}

static void
test_zero_refuses(void **state)
{
    const struct tlsfloor_decision decision = {0};

    (void)state;
    assert_string_equal(tlsfloor_action_name(decision.action), "refuse");
    assert_string_equal(tlsfloor_mode_name(decision.mode), "enforce");
    assert_int_equal(tlsfloor_decision_shows_tag(&decision), 0);
    assert_null(decision.exception);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_actions),      cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_rules),        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_sentences),    cmocka_unit_test(test_shows_tag),
        cmocka_unit_test(test_zero_refuses), cmocka_unit_test(test_parses_what_it_names),
    };

    return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
