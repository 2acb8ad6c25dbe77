/* SPDX-License-Identifier: MIT */
/*
 * Names of services, and the split of a login name at its last '@': who is
 * judged, and by which exceptions, hangs on it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "facts.h"

#define PIECE(literal)               \
    {                                \
        literal, sizeof(literal) - 1 \
    }
#define COUNT(table) (sizeof(table) / sizeof(table[0]))

static const struct tlsfloor_text missing = {NULL, 0};

static void
test_service_names(void **state)
{
    static const char *const want[TLSFLOOR_SERVICES] = {"none", "imap", "pop3", "sieve",
                                                        "submission"};

    (void)state;
    for (int service = 0; service < TLSFLOOR_SERVICES; service++) {
        const char *name = tlsfloor_service_name((enum tlsfloor_service)service);

        assert_string_equal(name, want[service]);
        assert_int_equal(tlsfloor_service_parse(tlsfloor_text_from(name)), service);
    }
}

static void
test_no_services(void **state)
{
    static const struct tlsfloor_text cases[] = {
        {NULL, 0},       PIECE(""),       PIECE("IMAP"),      PIECE("imap "), PIECE("imaps"),
        PIECE("ima"),    PIECE("imap\0"), PIECE("pop"),       PIECE("smtp"),  PIECE("submissions"),
        PIECE("sieve4"), PIECE("*"),      PIECE("imap,pop3"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(tlsfloor_service_parse(cases[i]), TLSFLOOR_SERVICE_NONE);
}

static void
assert_piece(const char *name, struct tlsfloor_text got, struct tlsfloor_text want)
{
    if (!tlsfloor_text_equal(got, want))
        fail_msg("%s: \"%.*s\", not \"%.*s\"", name, (int)got.size, got.data, (int)want.size,
                 want.data);
}

static void
test_user_named(void **state)
{
    static const struct {
        const char *name;
        struct tlsfloor_text login, default_domain;
        struct tlsfloor_text local, domain;
        int has_domain;
    } cases[] = {
        {"user@domain", PIECE("ann@example.org"), {NULL, 0}, PIECE("ann"), PIECE("example.org"), 1},
        {"a default is not for a name with domain", PIECE("ann@example.org"), PIECE("example.net"),
         PIECE("ann"), PIECE("example.org"), 1},
        {"without domain", PIECE("ann"), {NULL, 0}, PIECE("ann"), {NULL, 0}, 0},
        {"default domain", PIECE("ann"), PIECE("example.net"), PIECE("ann"), PIECE("example.net"),
         1},
        {"empty default domain", PIECE("ann"), PIECE(""), PIECE("ann"), {NULL, 0}, 0},
        {"the last @ counts", PIECE("ann@a@b"), {NULL, 0}, PIECE("ann@a"), PIECE("b"), 1},
        {"quoted local part", PIECE("\"a@b\"@c"), {NULL, 0}, PIECE("\"a@b\""), PIECE("c"), 1},
        {"nothing behind the @", PIECE("ann@"), PIECE("example.net"), PIECE("ann"), PIECE(""), 1},
        {"nothing before the @",
         PIECE("@example.org"),
         {NULL, 0},
         PIECE(""),
         PIECE("example.org"),
         1},
        {"an @ alone", PIECE("@"), PIECE("example.net"), PIECE(""), PIECE(""), 1},
        {"two of them", PIECE("@@"), {NULL, 0}, PIECE("@"), PIECE(""), 1},
        {"empty name", PIECE(""), PIECE("example.net"), PIECE(""), PIECE("example.net"), 1},
        {"missing name", {NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}, 0},
        {"NUL bytes", PIECE("a\0b@c\0d"), {NULL, 0}, PIECE("a\0b"), PIECE("c\0d"), 1},
        {"any bytes", PIECE("\xff\x80@\xc3"), {NULL, 0}, PIECE("\xff\x80"), PIECE("\xc3"), 1},
        {"case stays", PIECE("Ann@Example.ORG"), {NULL, 0}, PIECE("Ann"), PIECE("Example.ORG"), 1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_user user = tlsfloor_user_named(cases[i].login, cases[i].default_domain);

        assert_int_equal(user.state, TLSFLOOR_USER_NAMED);
        assert_piece(cases[i].name, user.local, cases[i].local);
        assert_piece(cases[i].name, user.domain, cases[i].domain);
        if ((user.domain.data != NULL) != cases[i].has_domain)
            fail_msg("%s", cases[i].name);
    }
}

/* Nothing is copied: local part and domain are pieces of what was given. */
static void
test_user_points_into_name(void **state)
{
    static const char login[] = "ann@example.org";
    static const char domain[] = "example.net";
    struct tlsfloor_user user = tlsfloor_user_named(tlsfloor_text_from(login), missing);

    (void)state;
    assert_ptr_equal(user.local.data, login);
    assert_ptr_equal(user.domain.data, login + 4);
    user = tlsfloor_user_named((struct tlsfloor_text){login, 3}, tlsfloor_text_from(domain));
    assert_ptr_equal(user.domain.data, domain);
}

static void
test_long_name(void **state)
{
    size_t size = 30 * 1024;
    char *login = malloc(size);
    struct tlsfloor_user user;

    (void)state;
    assert_non_null(login);
    memset(login, '@', size);
    user = tlsfloor_user_named((struct tlsfloor_text){login, size}, missing);
    assert_int_equal(user.local.size, size - 1);
    assert_int_equal(user.domain.size, 0);
    memset(login, 'a', size);
    login[0] = '@';
    user = tlsfloor_user_named((struct tlsfloor_text){login, size}, missing);
    assert_int_equal(user.local.size, 0);
    assert_int_equal(user.domain.size, size - 1);
    free(login);
}

/* Facts that nobody filled in name nobody and are no session of ours. */
static void
test_zero(void **state)
{
    const struct tlsfloor_facts facts = {0};

    (void)state;
    assert_int_equal(facts.service, TLSFLOOR_SERVICE_NONE);
    assert_int_equal(facts.tls, TLSFLOOR_TLS_UNKNOWN);
    assert_int_equal(facts.user.state, TLSFLOOR_USER_NOT_YET);
    assert_int_equal(facts.client.family, TLSFLOOR_FAMILY_NONE);
    assert_int_equal(facts.connection.family, TLSFLOOR_FAMILY_NONE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_service_names), cmocka_unit_test(test_no_services),
        cmocka_unit_test(test_user_named),    cmocka_unit_test(test_user_points_into_name),
        cmocka_unit_test(test_long_name),     cmocka_unit_test(test_zero),
    };

    return cmocka_run_group_tests_name("facts", tests, NULL, NULL);
}
