/* SPDX-License-Identifier: MIT */
/*
 * Version names both ways. What is not exactly a version must be unknown:
 * whatever passed for TLS 1.2 by mistake would be let in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tls-names.h"

#define PIECE(literal)               \
    {                                \
        literal, sizeof(literal) - 1 \
    }

static const struct {
    struct tlsfloor_text name;
    enum tlsfloor_tls want;
} cases[] = {
    {PIECE("cleartext"), TLSFLOOR_TLS_CLEARTEXT},
    {PIECE("SSLv2"), TLSFLOOR_TLS_SSLV2},
    {PIECE("SSLv3"), TLSFLOOR_TLS_SSLV3},
    {PIECE("TLSv1"), TLSFLOOR_TLS_1_0},
    {PIECE("TLSv1.0"), TLSFLOOR_TLS_1_0},
    {PIECE("TLSv1.1"), TLSFLOOR_TLS_1_1},
    {PIECE("TLSv1.2"), TLSFLOOR_TLS_1_2},
    {PIECE("TLSv1.3"), TLSFLOOR_TLS_1_3},
    {PIECE("TLSv1.4"), TLSFLOOR_TLS_NEWER},
    {PIECE("TLSv1.9"), TLSFLOOR_TLS_NEWER},
    {PIECE("TLSv1.10"), TLSFLOOR_TLS_NEWER},
    {PIECE("TLSv1.99"), TLSFLOOR_TLS_NEWER},
    {PIECE("TLSv2"), TLSFLOOR_TLS_NEWER},
    {PIECE("TLSv2.0"), TLSFLOOR_TLS_NEWER},
    {PIECE("TLSv2.1"), TLSFLOOR_TLS_NEWER},
    {PIECE("TLSv3.7"), TLSFLOOR_TLS_NEWER},
    {PIECE("TLSv10"), TLSFLOOR_TLS_NEWER},
    {{NULL, 0}, TLSFLOOR_TLS_UNKNOWN},
    {PIECE(""), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("T"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1."), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv2."), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv."), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv.2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv01"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv00"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1.02"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1.00"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv0"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv0.9"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1.100"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv4294967298"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1.2.1"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1..2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1,2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1.-2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv+2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1.2 "), TLSFLOOR_TLS_UNKNOWN},
    {PIECE(" TLSv1.2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1.2x"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1.2\n"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1.2\0"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1\0.2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("\0TLSv1.2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1.\xb2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSv1.\xd9\xa2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("tlsv1.2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLSV1.2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLS1.2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("TLS 1.2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("1.2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("DTLSv1.2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("DTLSv1"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("SSLv2.0"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("SSLv4"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("SSLv23"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("SSLv3,TLSv1.2"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("Cleartext"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("clear"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("none"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("unknown"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("newer"), TLSFLOOR_TLS_UNKNOWN},
    {PIECE("(NONE)"), TLSFLOOR_TLS_UNKNOWN},
};

static void
test_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t size = cases[i].name.size;
        char *data = malloc(size == 0 ? 1 : size);
        enum tlsfloor_tls got;

        assert_non_null(data);
        if (size > 0)
            memcpy(data, cases[i].name.data, size);
        got = tlsfloor_tls_parse(
            (struct tlsfloor_text){cases[i].name.data == NULL ? NULL : data, size});
        free(data);
        if (got != cases[i].want)
            fail_msg("case %zu \"%.*s\": %s, not %s", i, (int)size,
                     size == 0 ? "" : cases[i].name.data, tlsfloor_tls_name(got),
                     tlsfloor_tls_name(cases[i].want));
    }
}

/* Any single byte in the place of the minor version: only digits are one. */
static void
test_parse_every_byte(void **state)
{
    (void)state;
    for (int byte = 0; byte < 256; byte++) {
        char name[] = "TLSv1.?";
        enum tlsfloor_tls want = TLSFLOOR_TLS_UNKNOWN;

        name[6] = (char)byte;
        if (byte >= '0' && byte <= '3')
            want = (enum tlsfloor_tls)(TLSFLOOR_TLS_1_0 + (byte - '0'));
        else if (byte > '3' && byte <= '9')
            want = TLSFLOOR_TLS_NEWER;
        assert_int_equal(tlsfloor_tls_parse((struct tlsfloor_text){name, 7}), want);
    }
}

static void
test_parse_long(void **state)
{
    static const char fillers[] = {'1', '.', 'x', '\0', '9'};
    size_t size = 30 * 1024;
    char *name = malloc(size);

    (void)state;
    assert_non_null(name);
    for (size_t i = 0; i < sizeof(fillers); i++) {
        memset(name, fillers[i], size);
        memcpy(name, "TLSv1.2", 7);
        assert_int_equal(tlsfloor_tls_parse((struct tlsfloor_text){name, size}),
                         TLSFLOOR_TLS_UNKNOWN);
        memcpy(name, "TLSv2xx", 5);
        assert_int_equal(tlsfloor_tls_parse((struct tlsfloor_text){name, size}),
                         TLSFLOOR_TLS_UNKNOWN);
    }
    free(name);
}

static void
test_names(void **state)
{
    static const char *const want[] = {
        [TLSFLOOR_TLS_UNKNOWN] = "unknown", [TLSFLOOR_TLS_CLEARTEXT] = "cleartext",
        [TLSFLOOR_TLS_SSLV2] = "SSLv2",     [TLSFLOOR_TLS_SSLV3] = "SSLv3",
        [TLSFLOOR_TLS_1_0] = "TLSv1",       [TLSFLOOR_TLS_1_1] = "TLSv1.1",
        [TLSFLOOR_TLS_1_2] = "TLSv1.2",     [TLSFLOOR_TLS_1_3] = "TLSv1.3",
        [TLSFLOOR_TLS_NEWER] = "newer",
    };

    (void)state;
    for (int tls = TLSFLOOR_TLS_UNKNOWN; tls <= TLSFLOOR_TLS_NEWER; tls++) {
        const char *name = tlsfloor_tls_name((enum tlsfloor_tls)tls);

        assert_string_equal(name, want[tls]);
        if (tls >= TLSFLOOR_TLS_CLEARTEXT && tls <= TLSFLOOR_TLS_1_3)
            assert_int_equal(tlsfloor_tls_parse(tlsfloor_text_from(name)), tls);
    }
}

/* The whole policy rests on this order. */
static void
test_order(void **state)
{
    (void)state;
    assert_true(TLSFLOOR_TLS_CLEARTEXT < TLSFLOOR_TLS_SSLV2);
    assert_true(TLSFLOOR_TLS_SSLV2 < TLSFLOOR_TLS_SSLV3);
    assert_true(TLSFLOOR_TLS_SSLV3 < TLSFLOOR_TLS_1_0);
    assert_true(TLSFLOOR_TLS_1_0 < TLSFLOOR_TLS_1_1);
    assert_true(TLSFLOOR_TLS_1_1 < TLSFLOOR_TLS_1_2);
    assert_true(TLSFLOOR_TLS_1_2 < TLSFLOOR_TLS_1_3);
    assert_true(TLSFLOOR_TLS_1_3 < TLSFLOOR_TLS_NEWER);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),      cmocka_unit_test(test_parse_every_byte),
        cmocka_unit_test(test_parse_long), cmocka_unit_test(test_names),
        cmocka_unit_test(test_order),
    };

    return cmocka_run_group_tests_name("tls-names", tests, NULL, NULL);
}
