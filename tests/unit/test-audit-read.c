/* SPDX-License-Identifier: MIT */
/*
 * The audit line read back: what audit.c wrote means the same again, and what
 * it would not write is damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "audit-read.h"
#include "exception.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define BEFORE \
    "tlsfloor: action=accept reason=exception rule=RFC8314-4.1 service=pop3 stage=auth user="
#define AFTER_USER                                                                         \
    " client=2001:db8::7 port=50312 tls=TLSv1.1 cipher=AES128-SHA bits=128 floor=TLSv1.3 " \
    "mode=enforce exception=@example.org session=-"

static struct tlsfloor_audit_record record;

static int
read_text(const char *text, size_t *size_r)
{
    return tlsfloor_audit_read(tlsfloor_text_from(text), &record, size_r);
}

static void
test_values(void **state)
{
    static const char text[] = BEFORE "\"a b\\\"\\\\\\x0a\"" AFTER_USER;
    size_t size;

    (void)state;
    assert_int_equal(read_text(text, &size), 0);
    assert_int_equal(size, strlen(text));
    assert_int_equal(record.action, TLSFLOOR_ACCEPT);
    assert_int_equal(record.reason, TLSFLOOR_REASON_EXCEPTION);
    assert_int_equal(record.service, TLSFLOOR_SERVICE_POP3);
    assert_true(tlsfloor_text_equal(record.user, tlsfloor_text_from("a b\"\\\n")));
    assert_int_equal(record.client.family, TLSFLOOR_FAMILY_IPV6);
    assert_int_equal(record.client.bytes[15], 7);
    assert_int_equal(record.port, 50312);
    assert_int_equal(record.tls, TLSFLOOR_TLS_1_1);
    assert_true(tlsfloor_text_equal(record.cipher, tlsfloor_text_from("AES128-SHA")));
    assert_int_equal(record.floor, TLSFLOOR_TLS_1_3);
    assert_int_equal(record.mode, TLSFLOOR_MODE_ENFORCE);
    assert_int_equal(record.user_cut, 0);
}

static void
test_ends(void **state)
{
    static const struct {
        const char *behind;
        size_t left;
        int user_cut;
    } cases[] = {
        {"", 0, 0},
        {":", 1, 0},
        {": user=<a: b>", 13, 0},
        {" login=x", 0, 0},
        {" login=x cut=user", 0, 1},
        {" cut=\"user,cipher\"", 0, 1},
        {" cut=cipher", 0, 0},
        {" cut=users", 0, 0},
        {" later=\"a: b\": user=<>", 9, 0},
    };
    char text[TLSFLOOR_AUDIT_LINE];
    size_t size;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(text, sizeof(text), "%s%s%s", BEFORE "ann" AFTER_USER, "", cases[i].behind);
        assert_int_equal(read_text(text, &size), 0);
        assert_int_equal(strlen(text) - size, cases[i].left);
        assert_int_equal(record.user_cut, cases[i].user_cut);
    }
}

static void
test_nobody_and_dash(void **state)
{
    size_t size;

    (void)state;
    assert_int_equal(read_text(BEFORE "-" AFTER_USER, &size), 0);
    assert_null(record.user.data);
    assert_int_equal(read_text(BEFORE "\"-\"" AFTER_USER, &size), 0);
    assert_true(tlsfloor_text_equal(record.user, tlsfloor_text_from("-")));
}

static void
test_damaged(void **state)
{
    static const char *const cases[] = {
        "",
        "tlsfloor: ",
        "tlsfloor: action=",
        BEFORE,
        BEFORE "ann",
        BEFORE "" AFTER_USER,
        BEFORE "\"\"" AFTER_USER,
        BEFORE "a b" AFTER_USER,
        BEFORE "a\"b" AFTER_USER,
        BEFORE "a'b" AFTER_USER,
        BEFORE "\"a\\x0A\"" AFTER_USER,
        BEFORE "\"a\\n\"" AFTER_USER,
        BEFORE "\"a\"b" AFTER_USER,
        BEFORE "\"a\tb\"" AFTER_USER,
        BEFORE "\"\xc3\xa4\"" AFTER_USER,
        BEFORE "ann user=bob" AFTER_USER,
        BEFORE "ann " AFTER_USER,
        BEFORE "ann" AFTER_USER " ",
        BEFORE "ann" AFTER_USER " login",
        BEFORE "ann" AFTER_USER " login=",
        BEFORE "ann" AFTER_USER " Login=x",
        BEFORE "ann" AFTER_USER " login=x login=y",
        BEFORE "ann" AFTER_USER " user=bob",
        BEFORE "ann" AFTER_USER " abcdefghijklmnop=x",
        BEFORE "ann" AFTER_USER " a=1 b=1 c=1 d=1 e=1 f=1",
        BEFORE "ann" AFTER_USER ";",
        BEFORE "ann: x",
        "tlsfloor: action=allow" AFTER_USER,
    };
    size_t size;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(read_text(cases[i], &size), -1);
}

/* A whole line with one value that is not as it should be. */
static void
test_bad_values(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"action=accept", "action=allow"}, {"reason=exception", "reason=other"},
        {"service=pop3", "service=smtp"},  {"client=2001:db8::7", "client=mail"},
        {"floor=TLSv1.3", "floor=some"},   {"mode=enforce", "mode=later"},
        {"tls=TLSv1.1", "tls=-"},          {"reason=exception", "because=exception"},
        {" rule=RFC8314-4.1", ""},         {"stage=auth ", "stage=auth x=y "},
        {"port=50312", "port=5031x"},      {"port=50312", "port=1234567890"},
    };
    static const char good[] = BEFORE "ann" AFTER_USER;
    char text[TLSFLOOR_AUDIT_LINE];
    size_t size;

    (void)state;
    assert_int_equal(read_text(good, &size), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const char *at = strstr(good, cases[i].from);

        assert_non_null(at);
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - good), good, cases[i].to,
                 at + strlen(cases[i].from));
        assert_int_equal(read_text(text, &size), -1);
    }
}

/* Longer than any line, whatever it says. */
static void
test_too_long(void **state)
{
    static char text[3 * TLSFLOOR_AUDIT_LINE];
    size_t size;

    (void)state;
    snprintf(text, sizeof(text), "%s%01500d%s", BEFORE, 0, AFTER_USER);
    assert_int_equal(read_text(text, &size), -1);
}

/* Every byte in a name, and every combination of tokens, comes back. */
static void
test_round_trip(void **state)
{
    char line[TLSFLOOR_AUDIT_LINE], name[3] = "a";
    size_t size;

    (void)state;
    for (unsigned i = 0; i < 256 * TLSFLOOR_REASONS; i++) {
        struct tlsfloor_audit audit = {.session = tlsfloor_text_from("x:")};
        struct tlsfloor_facts facts = {.service = TLSFLOOR_SERVICE_IMAP,
                                       .tls = (enum tlsfloor_tls)(i % (TLSFLOOR_TLS_NEWER + 1))};
        struct tlsfloor_decision decision = {.action =
                                                 (enum tlsfloor_action)(i % (TLSFLOOR_ACCEPT + 1)),
                                             .reason = (enum tlsfloor_reason)(i / 256),
                                             .floor = TLSFLOOR_TLS_1_2,
                                             .mode = (enum tlsfloor_mode)(i % 3)};

        name[1] = (char)(i % 256);
        facts.user =
            tlsfloor_user_named((struct tlsfloor_text){name, 2}, (struct tlsfloor_text){NULL, 0});
        tlsfloor_audit_format(&audit, &facts, &decision, line);
        assert_int_equal(read_text(line, &size), 0);
        assert_int_equal(size, strlen(line));
        assert_true(tlsfloor_text_equal(record.user, (struct tlsfloor_text){name, 2}));
        assert_int_equal(record.action, decision.action);
        assert_int_equal(record.reason, decision.reason);
        assert_int_equal(record.mode, decision.mode);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),          cmocka_unit_test(test_ends),
        cmocka_unit_test(test_nobody_and_dash), cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_bad_values),      cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_round_trip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
